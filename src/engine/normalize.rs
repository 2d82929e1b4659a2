//! What is stored instead of what was written, where the two certainly mean the same.

use serde_json::Value;

use super::{Resource, Snapshot};

/// One change of an object, as an operation of RFC 6902.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Adds the member at the pointer.
    Add(String, Value),
    /// Removes the member at the pointer.
    Remove(String),
    /// Replaces the member at the pointer.
    Replace(String, Value),
    /// Nothing, but the whole list applies only if the member at the pointer has this value.
    Test(String, Value),
}

/// The edits that bring `resource` into the normal form; empty when it is there already.
///
/// With `old`, an entry that equals the stored one stays as it is.
#[must_use]
pub fn normalize(_snapshot: &Snapshot, _resource: &Resource, _old: Option<&Resource>) -> Vec<Edit> {
    Vec::new()
}

/// Applies `edits` to `value`. Edits of [`normalize`] always fit the object that they were made for.
pub fn apply(_edits: &[Edit], _value: &mut Value) {}
