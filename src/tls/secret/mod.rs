//! Certificates that replicas make and share in a Secret, and whose CA they put into webhook configurations.
//!
//! There is no leader. Every replica looks at the Secret and at the configurations, and takes the next step of a plan
//! that depends on nothing but them and the time ([`plan`]). A step that another replica was faster with fails by its
//! `resourceVersion`, and the replica looks again.

mod api;
mod bundle;
mod events;
mod keeper;
mod owner;
pub mod plan;
mod replica;
mod stored;

pub use bundle::{Authority, Bundle, MAX_OLD};
pub use keeper::{Keeper, Report};
pub use replica::{Configuration, Deed, Found, Kind, Move, Patch, Refusal, Replica, Seen, Settings};
pub use stored::{CA_CERT, CA_KEY, CERT, KEY, ROTATE};
