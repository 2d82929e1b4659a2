//! How heavy faults may be at most: what a namespace, or the admin for all namespaces, lets them be.

use std::str::FromStr;

use super::Severity;

/// What becomes of errors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Enforcement {
    /// They refuse.
    #[default]
    Deny,
    /// They are warnings.
    Warn,
    /// They and all warnings are notes.
    Audit,
}

impl Enforcement {
    /// The heaviest severity that is left.
    #[must_use]
    pub const fn heaviest(self) -> Severity {
        match self {
            Self::Deny => Severity::Error,
            Self::Warn => Severity::Warning,
            Self::Audit => Severity::Note,
        }
    }

    /// As labels and flags write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Warn => "warn",
            Self::Audit => "audit",
        }
    }
}

impl FromStr for Enforcement {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "deny" => Ok(Self::Deny),
            "warn" => Ok(Self::Warn),
            "audit" => Ok(Self::Audit),
            other => Err(format!(
                "unknown enforcement \"{other}\"; use deny, warn or audit"
            )),
        }
    }
}
