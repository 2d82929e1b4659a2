//! Texts that ids are compared with: globs and regular expressions.

use std::fmt;

use regex::RegexBuilder;
use serde::{Serialize, Serializer};

use super::Action;
use crate::engine::alias::Pattern;

/// Most memory that one compiled expression may take.
const MAX_COMPILED: usize = 128 * 1024; // bytes
/// Deepest nesting of groups.
const MAX_NESTING: u32 = 16; // levels

/// A text in which `*` stands for any text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    text: String,
    pattern: Option<Pattern>,
}

impl Glob {
    /// The glob in `text`.
    ///
    /// ```
    /// use aliasgate::engine::catalog::Glob;
    /// assert!(Glob::new("gpt-4*").matches("gpt-4o"));
    /// assert!(!Glob::new("gpt-4").matches("gpt-4o"));
    /// ```
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            pattern: Pattern::new(&text),
            text,
        }
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it matches the whole of `id`.
    #[must_use]
    pub fn matches(&self, id: &str) -> bool {
        self.pattern
            .as_ref()
            .map_or(self.text == id, |pattern| pattern.matches(id))
    }
}

impl Serialize for Glob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// A regular expression that must match the whole of an id. The time to match is linear in its length.
#[derive(Clone)]
pub struct Regex {
    text: String,
    compiled: regex::Regex,
}

impl Regex {
    /// The expression in `text`.
    ///
    /// # Errors
    /// Why it is no expression, in one line.
    pub fn new(text: &str) -> Result<Self, String> {
        let compiled = RegexBuilder::new(&format!("^(?:{text})$"))
            .size_limit(MAX_COMPILED)
            .dfa_size_limit(MAX_COMPILED)
            .nest_limit(MAX_NESTING)
            .build();
        match compiled {
            // A stray parenthesis could close the group that anchors it.
            Ok(compiled) if regex_alone(text) => Ok(Self {
                text: text.to_owned(),
                compiled,
            }),
            Ok(_) => Err("unbalanced parentheses".to_owned()),
            Err(regex::Error::CompiledTooBig(_)) => {
                Err(format!("it takes more than {MAX_COMPILED} bytes when compiled"))
            }
            Err(error) => {
                let text = error.to_string();
                let reason = text.lines().last().unwrap_or_default().trim();
                Err(reason.strip_prefix("error: ").unwrap_or(reason).to_owned())
            }
        }
    }

    /// Whether it matches the whole of `id`.
    #[must_use]
    pub fn matches(&self, id: &str) -> bool {
        self.compiled.is_match(id)
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Whether `text` is an expression by itself.
fn regex_alone(text: &str) -> bool {
    RegexBuilder::new(text)
        .size_limit(MAX_COMPILED)
        .nest_limit(MAX_NESTING)
        .build()
        .is_ok()
}

impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Regex {}

impl fmt::Debug for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl Serialize for Regex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// What ids look like that are not listed, and what becomes of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Family {
    /// What the whole id must match.
    pub pattern: Regex,
    /// What such models do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// What becomes of them.
    pub action: Action,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_match_whole_ids_only() {
        let gpt = Regex::new("gpt-4|gpt-5").expect("an expression");
        assert!(gpt.matches("gpt-5") && !gpt.matches("gpt-55") && !gpt.matches("a-gpt-4"));
    }

    #[test]
    fn expressions_that_are_none_or_too_large_are_refused() {
        for text in [
            "(",
            "a)(b",
            "a{99999}",
            "(?=a)",
            "((((((((((((((((((a))))))))))))))))))",
            r"\w{400}",
        ] {
            assert!(Regex::new(text).is_err(), "{text}");
        }
    }
}
