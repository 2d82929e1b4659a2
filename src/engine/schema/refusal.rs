//! Why the API server would refuse an object, in its words.

use std::fmt::Write as _;

use serde_json::Value;

use crate::engine::{Code, Diagnostic, diagnostic::quote};

/// A place in an object: the steps that lead there, from the last one up.
#[derive(Debug, Clone, Copy)]
pub(super) enum Path<'a> {
    Root,
    Key(&'a Self, &'a str),
    Index(&'a Self, usize),
}

impl Path<'_> {
    /// The place as an RFC 6901 pointer.
    pub(super) fn pointer(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Root => {}
            Self::Key(parent, key) => {
                parent.write(out);
                let joined = crate::engine::pointer::join("", key);
                out.push_str(&joined);
            }
            Self::Index(parent, at) => {
                parent.write(out);
                // Writing to a string cannot fail.
                let _ = write!(out, "/{at}");
            }
        }
    }
}

/// The kinds of refusal, by the names that kubectl prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Invalid,
    TypeInvalid,
    Required,
    Duplicate,
    NotSupported,
    Forbidden,
    TooLong,
    TooMany,
}

impl Reason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Invalid | Self::TypeInvalid => "Invalid value",
            Self::Required => "Required value",
            Self::Duplicate => "Duplicate value",
            Self::NotSupported => "Unsupported value",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
        }
    }

    /// Whether the API server leaves the CEL rules alone when this stands.
    pub(super) const fn blocks_rules(self) -> bool {
        matches!(
            self,
            Self::NotSupported | Self::Required | Self::TooLong | Self::TooMany | Self::TypeInvalid
        )
    }
}

/// The value that a refusal shows.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shown {
    Nothing,
    /// A string of the user's.
    Text(String),
    /// What the API server shows instead, or a value that is no string.
    Other(String),
}

impl Shown {
    /// The value as the API server shows it.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::String(text) => Self::Text(text.clone()),
            value => Self::Other(value.to_string()),
        }
    }
}

/// One reason why an object is refused.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    pub(super) code: Code,
    pub(super) reason: Reason,
    pub(super) pointer: String,
    pub(super) shown: Shown,
    pub(super) detail: String,
    pub(super) help: &'static str,
}

impl Refusal {
    pub(super) fn new(path: &Path<'_>, reason: Reason, shown: Shown, detail: impl Into<String>) -> Self {
        let code = Code::SchemaInvalid;
        Self {
            code,
            reason,
            pointer: path.pointer(),
            shown,
            detail: detail.into(),
            help: "",
        }
    }

    pub(super) fn help(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }

    pub(super) fn into_diagnostic(self) -> Diagnostic {
        let Self {
            code,
            reason,
            pointer,
            shown,
            detail,
            help,
        } = self;
        let help = if help.is_empty() {
            "see kubectl explain for what may stand here"
        } else {
            help
        };
        let message = match &shown {
            Shown::Text(text) => {
                let reason = match reason {
                    Reason::Invalid | Reason::TypeInvalid => String::new(),
                    reason => format!(" {}", reason.as_str().to_lowercase()),
                };
                let detail = if detail.is_empty() {
                    detail
                } else {
                    format!(": {detail}")
                };
                // `"x": detail`, `"x": unsupported value: detail`, `"x": duplicate value`
                match reason.as_str() {
                    "" => format!("{}{detail}", quote(text)),
                    reason => format!("{}:{reason}{detail}", quote(text)),
                }
            }
            Shown::Other(value) => body(reason, Some(value), &detail),
            Shown::Nothing if reason == Reason::Invalid && !detail.is_empty() => detail,
            Shown::Nothing => body(reason, None, &detail),
        };
        let value = if let Shown::Text(text) = &shown {
            Some(text.as_str())
        } else {
            None
        };
        Diagnostic::new(code, pointer, value, message).help(help)
    }
}

/// `Reason: value: detail`.
fn body(reason: Reason, value: Option<&str>, detail: &str) -> String {
    let mut out = reason.as_str().to_owned();
    for part in value.into_iter().chain((!detail.is_empty()).then_some(detail)) {
        out.push_str(": ");
        out.push_str(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_pointers() {
        let root = Path::Root;
        let spec = Path::Key(&root, "a/b");
        assert_eq!(Path::Index(&spec, 3).pointer(), "/a~1b/3");
    }

    #[test]
    fn a_string_stands_at_the_head() {
        let line = |reason, shown| {
            Refusal::new(&Path::Root, reason, shown, "detail")
                .into_diagnostic()
                .message
        };
        assert_eq!(
            line(Reason::Invalid, Shown::Text("a".to_owned())),
            "\"a\": detail"
        );
        assert_eq!(
            line(Reason::NotSupported, Shown::Text("a".to_owned())),
            "\"a\": unsupported value: detail"
        );
        assert_eq!(
            line(Reason::Invalid, Shown::Other("7".to_owned())),
            "Invalid value: 7: detail"
        );
        assert_eq!(line(Reason::Required, Shown::Nothing), "Required value: detail");
    }
}
