//! Names of fields as names of CEL.

use std::borrow::Cow;

/// Words that cannot name a variable.
pub(super) const RESERVED: &[&str] = &[
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// Words with a meaning of their own, besides those that are only reserved.
const MEANT: &[&str] = &["true", "false", "null", "in"];

/// Whether no field can be called `word` in a rule; `__` is put around such words.
pub(super) fn is_keyword(word: &str) -> bool {
    MEANT.contains(&word) || RESERVED.contains(&word)
}

const SEQUENCES: &[(&str, &str)] = &[("__", "underscores"), (".", "dot"), ("-", "dash"), ("/", "slash")];

/// The name by which a rule calls the field; `None` where no rule can.
pub(super) fn escape(name: &str) -> Option<String> {
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if is_keyword(name) {
        return Some(format!("__{name}__"));
    }
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(c) = rest.chars().next() {
        if let Some((plain, word)) = SEQUENCES.iter().find(|(plain, _)| rest.starts_with(plain)) {
            out.push_str("__");
            out.push_str(word);
            out.push_str("__");
            rest = &rest[plain.len()..];
        } else if c == '_' || c.is_ascii_alphanumeric() {
            out.push(c);
            rest = &rest[1..];
        } else {
            return None;
        }
    }
    Some(out)
}

/// The field that a rule calls by this name.
pub(super) fn unescape(name: &str) -> Option<Cow<'_, str>> {
    if !name.contains("__") {
        return Some(Cow::Borrowed(name));
    }
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(start) = rest.find("__") {
        let inside = &rest[start + 2..];
        let Some(end) = inside
            .find("__")
            .filter(|end| *end > 0 && !inside[..*end].contains('_'))
        else {
            out.push_str(&rest[..=start]);
            rest = &rest[start + 1..];
            continue;
        };
        out.push_str(&rest[..start]);
        let word = &inside[..end];
        match SEQUENCES.iter().find(|(_, name)| *name == word) {
            Some((plain, _)) => out.push_str(plain),
            None if is_keyword(word) && end + 4 == name.len() => out.push_str(word),
            None => return None,
        }
        rest = &inside[end + 2..];
    }
    out.push_str(rest);
    Some(Cow::Owned(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for (name, escaped) in [
            ("plain", "plain"),
            ("a_b", "a_b"),
            ("a__b", "a__underscores__b"),
            ("x-y", "x__dash__y"),
            ("a.b/c", "a__dot__b__slash__c"),
            ("namespace", "__namespace__"),
        ] {
            assert_eq!(escape(name).as_deref(), Some(escaped));
            assert_eq!(unescape(escaped).as_deref(), Some(name));
        }
        assert_eq!(escape("9a"), None);
        assert_eq!(escape("é"), None);
        assert_eq!(unescape("a__b__c"), None);
        assert_eq!(unescape("namespace").as_deref(), Some("namespace"));
    }
}
