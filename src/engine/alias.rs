//! The alias table: which target a requested model name leads to.

use std::collections::BTreeMap;

/// A compiled alias map.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AliasTable {
    exact: BTreeMap<String, String>,
}

impl AliasTable {
    /// Compiles `entries`; the last of two equal keys wins.
    #[must_use]
    pub fn new(entries: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { exact: entries.into_iter().collect() }
    }
}
