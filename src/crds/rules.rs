//! CEL rules that several types have.

use kube::core::Rule;

/// Exactly one of the fields is set.
pub(super) fn exactly_one_of(fields: &[&str]) -> Rule {
    count(fields, "== 1", "exactly one")
}

/// No more than one of the fields is set.
pub(super) fn at_most_one_of(fields: &[&str]) -> Rule {
    count(fields, "<= 1", "at most one")
}

/// One of the fields is set, or more.
pub(super) fn at_least_one_of(fields: &[&str]) -> Rule {
    count(fields, ">= 1", "at least one")
}

fn count(fields: &[&str], test: &str, words: &str) -> Rule {
    let set: Vec<String> = fields.iter().map(|field| format!("has(self.{field})")).collect();
    Rule::new(format!("[{}].filter(set, set).size() {test}", set.join(", ")))
        .message(format!("{words} of {} must be set", fields.join(", ")).as_str())
}

/// A rule with the words that a user sees when it is broken.
pub(super) fn rule(cel: &str, message: &str) -> Rule {
    Rule::new(cel).message(message)
}
