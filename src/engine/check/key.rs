//! Faults of one alias.

use serde_json::{Map, Value};

use super::{At, MAX_CHARS};
use crate::engine::{
    Code, Diagnostic,
    alias::Pattern,
    diagnostic::{is_invisible, quote},
    normalize::normal_text,
};

/// Appends the faults of `key`, one of `entries`, that stands at `at`.
pub(super) fn check(key: &str, entries: &Map<String, Value>, at: At<'_>, faults: &mut Vec<Diagnostic>) {
    let normal = normal_text(key);
    let twin = normal != key && entries.contains_key(normal.as_ref()); // a fault of its own
    if let Some((code, what, help)) = of_text(key).filter(|_| !twin || normal.is_empty()) {
        let mut fault = Diagnostic::new(code, at, Some(key), format!("{} {what}", quote(key))).help(help);
        if code == Code::AliasKeyInvalid && !normal.is_empty() && of_text(&normal).is_none() {
            fault.suggestions.push(normal.into_owned());
        }
        faults.push(fault);
    }
    if Pattern::new(key).is_some_and(|pattern| pattern.is_catch_all()) {
        let message = format!(
            "{} matches every model name that no other alias names",
            quote(key)
        );
        faults.push(
            Diagnostic::new(Code::AliasCatchAll, at, Some(key), message)
                .help("remove it, or keep it if clients may really send any name"),
        );
    }
}

/// What is wrong with the text of an alias: code, what it is, what to do.
fn of_text(key: &str) -> Option<(Code, String, &'static str)> {
    let normal = normal_text(key);
    if normal.is_empty() {
        return Some((
            Code::AliasKeyEmpty,
            "is empty".to_owned(),
            "name the alias, or remove the entry",
        ));
    }
    let help = "write the alias exactly as clients send it";
    let chars = key.chars().count();
    if chars > MAX_CHARS {
        let what = format!("has {chars} characters, at most {MAX_CHARS} are allowed");
        return Some((Code::AliasKeyInvalid, what, "choose a shorter alias"));
    }
    if let Some(c) = normal.chars().find(|c| c.is_control() || is_hidden(*c, &normal)) {
        let what = format!("has the invisible character {}", c.escape_unicode());
        return Some((Code::AliasKeyInvalid, what, help));
    }
    if normal != key {
        let what =
            "has surrounding blanks, invisible characters or a spelling that no client sends".to_owned();
        return Some((Code::AliasKeyInvalid, what, help));
    }
    None
}

/// Joiners belong to emoji and to some scripts.
fn is_hidden(c: char, text: &str) -> bool {
    is_invisible(c) && (text.is_ascii() || !matches!(c, '\u{200c}' | '\u{200d}'))
}
