//! The alias table: which target a requested model name leads to.

mod pattern;

use std::{cmp::Reverse, collections::BTreeMap};

pub use pattern::Pattern;

/// A compiled alias map.
///
/// Order of the look-up (agentgateway @75b4e6ce6, crates/agentgateway/src/llm/policy/mod.rs, `resolve_model_alias`):
/// the whole name among all keys, also those with a `*`; then the wildcards, longest key first, counted in bytes with
/// the stars. Keys are case-sensitive and never trimmed. Of wildcards of one length the gateway's winner is random;
/// here it is the first in the order of bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AliasTable {
    entries: BTreeMap<String, String>,
    /// Longest first, then by bytes.
    wildcards: Vec<Pattern>,
}

/// The entry that a name leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit<'a> {
    /// The key that matched.
    pub key: &'a str,
    /// Its target, to be sent as it is: a `*` in it means nothing.
    pub target: &'a str,
}

impl AliasTable {
    /// Compiles `entries`; the last of two equal keys wins.
    #[must_use]
    pub fn new(entries: impl IntoIterator<Item = (String, String)>) -> Self {
        let entries: BTreeMap<_, _> = entries.into_iter().collect();
        let mut wildcards: Vec<_> = entries.keys().filter_map(|key| Pattern::new(key)).collect();
        wildcards.sort_by_key(|pattern| Reverse(pattern.as_str().len())); // stable: keeps the order of bytes
        Self { entries, wildcards }
    }

    /// The entry that `name` leads to; `None` when nothing matches and the name is sent as it is. One hop only: the
    /// target is never looked up again.
    ///
    /// ```
    /// use aliasgate::engine::AliasTable;
    /// let table = AliasTable::new([("fast".to_owned(), "gpt-3.5-turbo".to_owned()), ("gpt-*".to_owned(), "gpt-4o".to_owned())]);
    /// assert_eq!(table.find("fast").map(|hit| hit.target), Some("gpt-3.5-turbo"));
    /// assert_eq!(table.find("gpt-9").map(|hit| hit.target), Some("gpt-4o"));
    /// assert_eq!(table.find("Fast"), None);
    /// ```
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Hit<'_>> {
        if let Some((key, target)) = self.entries.get_key_value(name) {
            return Some(Hit { key, target });
        }
        let pattern = self.wildcards.iter().find(|pattern| pattern.matches(name))?;
        self.entries
            .get_key_value(pattern.as_str())
            .map(|(key, target)| Hit { key, target })
    }

    /// Whether there is no entry. The gateway treats an empty map as one that is not set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries
            .iter()
            .map(|(key, target)| (key.as_str(), target.as_str()))
    }

    /// The target of exactly this key.
    #[must_use]
    pub fn target(&self, key: &str) -> Option<&str> {
        self.entries.get(key).map(String::as_str)
    }

    /// The keys with a `*`, in the order in which they are tried.
    #[must_use]
    pub fn wildcards(&self) -> &[Pattern] {
        &self.wildcards
    }

    /// Pairs of wildcards of one length that match a name in common and lead to different targets.
    pub fn ambiguous(&self) -> impl Iterator<Item = (&str, &str)> {
        let wildcards = self.wildcards.as_slice();
        wildcards.iter().enumerate().flat_map(move |(at, a)| {
            let same_length = wildcards[at + 1..]
                .iter()
                .take_while(|b| b.as_str().len() == a.as_str().len());
            same_length
                .filter(|b| self.target(a.as_str()) != self.target(b.as_str()) && a.meets(b))
                .map(|b| (a.as_str(), b.as_str()))
        })
    }

    /// Wildcards that can never win, each with the one that is tried before it and takes all its names.
    pub fn covered(&self) -> impl Iterator<Item = (&str, &str)> {
        self.wildcards.iter().enumerate().filter_map(|(at, weaker)| {
            let longer = self.wildcards[..at]
                .iter()
                .filter(|p| p.as_str().len() > weaker.as_str().len());
            longer
                .into_iter()
                .find(|stronger| stronger.covers(weaker))
                .map(|stronger| (weaker.as_str(), stronger.as_str()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(entries: &[(&str, &str)]) -> AliasTable {
        AliasTable::new(entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
    }

    #[test]
    fn exact_beats_wildcards_and_longer_beats_shorter() {
        let table = table(&[
            ("gpt-*", "a"),
            ("gpt-4*", "b"),
            ("gpt-4", "c"),
            ("*", "d"),
            ("**", "e"),
        ]);
        let cases = [
            ("gpt-4", "c"),
            ("gpt-4o", "b"),
            ("gpt-3", "a"),
            ("x", "e"),
            ("gpt-*", "a"),
            ("*", "d"),
            ("", "e"),
        ];
        for (name, target) in cases {
            assert_eq!(table.find(name).map(|hit| hit.target), Some(target), "{name}");
        }
    }

    #[test]
    fn wildcard_of_equal_length_is_reported_and_resolved_by_bytes() {
        let table = table(&[("a*c", "x"), ("ab*", "y"), ("zz*", "z")]);
        assert_eq!(table.ambiguous().collect::<Vec<_>>(), [("a*c", "ab*")]);
        assert_eq!(table.find("abc").map(|hit| hit.key), Some("a*c"));
    }

    #[test]
    fn wildcard_taken_whole_by_a_longer_one_is_covered() {
        let table = table(&[("*", "x"), ("**", "y"), ("a*", "z")]);
        assert_eq!(table.covered().collect::<Vec<_>>(), [("*", "**")]);
    }
}
