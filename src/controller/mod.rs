//! Checks all that is stored again whenever something changes, and says what it found where people look: in reports,
//! Events, the status of ModelCatalogs, and metrics.
//!
//! Every replica does so, and none leads. What is written has no times of its own and is the same whoever writes it, so
//! writing it twice changes nothing: reports and statuses by server-side apply, Events by a name made of the object and
//! its findings.

pub mod audit;
mod bucket;
mod digest;
mod discovery;
pub mod event;
mod metrics;
mod publish;
pub mod report;
mod run;
mod server;
pub mod status;
mod trouble;

pub use discovery::{Answer, Ask, Discovery};
pub use metrics::Metrics;
pub use run::Controller;
