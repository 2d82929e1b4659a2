//! The flags that say how faults are judged, which several commands share.

use std::sync::Arc;

use crate::{
    engine::{Code, Date, Enforcement, Level, Severities},
    sources::{Base, builtin},
};

/// How faults are judged.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Judging {
    /// Report CODE as error, warning, note, or not at all (off)
    #[arg(long = "severity", value_name = "CODE=LEVEL", value_parser = severity)]
    severities: Vec<(Code, Level)>,
    /// What becomes of errors in namespaces without the label aliasgate.dev/enforcement: deny, warn or audit
    #[arg(long, value_name = "LEVEL", default_value = "deny")]
    enforcement: Enforcement,
    /// Judge dates as of this day (YYYY-MM-DD) [default: today, UTC]
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    /// Whether the annotation aliasgate.dev/allow of an object counts
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
    pub(super) allow_annotation: bool,
}

impl Judging {
    /// The levels that differ from the defaults, of two for one code the last; and what becomes of errors.
    pub(super) fn severities(&self) -> Severities {
        let mut severities = Severities::default();
        for (code, level) in &self.severities {
            severities.set(*code, *level);
        }
        severities.enforce(self.enforcement);
        severities
    }

    /// The day that counts as today.
    pub(super) fn today(&self) -> Date {
        self.as_of.unwrap_or_else(super::today)
    }

    /// What snapshots are made with for as long as the program runs: the built-in catalogs, judged by these flags.
    pub(super) fn base(&self) -> Base {
        let as_of = self.as_of;
        Base {
            catalogs: Arc::new(builtin::catalogs()),
            severities: self.severities(),
            allow_annotation: self.allow_annotation,
            today: Arc::new(move || as_of.unwrap_or_else(super::today)),
        }
    }
}

/// `CODE=LEVEL`.
fn severity(text: &str) -> Result<(Code, Level), String> {
    let (code, level) = text
        .split_once('=')
        .ok_or("write it as CODE=LEVEL, e.g. alias-self=off")?;
    Ok((code.parse()?, level.parse()?))
}
