//! Which alias map is in force at a place, and where a requested name leads.

use super::{Key, Snapshot};

/// Where a request goes: a provider of a backend, and the route that led there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The backend.
    pub backend: Key,
    /// The name of the provider; `backend` for the single form `spec.ai.provider`.
    pub provider: String,
    /// The HTTPRoute that led there and, where it is named, its rule.
    pub route: Option<(Key, Option<String>)>,
}

/// The target and the steps that led to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// The name the client sent.
    pub requested: String,
    /// The name that is sent to the provider.
    pub target: String,
    /// What happened, in order, one sentence each.
    pub steps: Vec<String>,
}

/// Resolves `requested` at `place`. A name that nothing matches leads to itself.
#[must_use]
pub fn resolve(_snapshot: &Snapshot, _place: &Place, requested: &str) -> Resolution {
    Resolution { requested: requested.to_owned(), target: requested.to_owned(), steps: Vec::new() }
}
