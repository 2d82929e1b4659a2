//! AdmissionReview in, AdmissionReview out.
//!
//! `/validate` refuses what a snapshot knows to be wrong and warns of what it doubts; `/mutate` stores the normal form.
//! Between the body and the answer nothing is waited for: all that is needed stands in the [`Snapshot`] of the moment.
//!
//! [`Snapshot`]: crate::engine::Snapshot

mod answer;
mod decide;
mod http;
mod metrics;
mod part;
mod review;

pub use decide::{Decision, Malformed, Outcome, Webhook, decide};
pub use http::{MAX_REVIEW, router};
pub use metrics::Metrics;
