//! Diagnostics for people and for programs.

mod diff;
mod excerpt;
mod github;
mod json;
mod junit;
mod sarif;
mod text;

use std::sync::Arc;

use clap::ValueEnum;
use serde::Serialize;

use crate::{
    engine::{Code, Diagnostic, Key, Severity},
    sources::{documents::Place, files},
};

pub(super) use diff::diff;
pub(super) use excerpt::{Excerpt, Excerpts, next_line};
pub(super) use github::github;
pub(super) use json::json;
pub(super) use junit::junit;
pub(super) use sarif::sarif;
pub(super) use text::{Style, count, summary, text};

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// What was checked and what is wrong with it.
#[derive(Default)]
pub(super) struct Report {
    /// In the order in which they are printed.
    pub(super) located: Vec<Located>,
    /// The objects that were checked, in the order of their files.
    pub(super) checked: Vec<(Arc<str>, Arc<Subject>)>,
    /// What could not be read.
    pub(super) unread: Vec<files::Error>,
    pub(super) summary: Summary,
}

/// A diagnostic and where it belongs.
pub(super) struct Located {
    /// The name of the file.
    pub(super) file: Arc<str>,
    pub(super) place: Place,
    pub(super) excerpt: Option<Excerpt>,
    pub(super) subject: Arc<Subject>,
    pub(super) diagnostic: Diagnostic,
}

/// The object that a diagnostic is about.
pub(super) struct Subject {
    pub(super) kind: String,
    pub(super) key: Key,
}

impl Located {
    /// What diagnostics are sorted by: the place, then whatever tells two of the same place apart.
    pub(super) fn order(&self) -> (&str, Place, Code, &str, &str) {
        let Diagnostic {
            code,
            pointer,
            message,
            ..
        } = &self.diagnostic;
        (&self.file, self.place, *code, pointer, message)
    }
}

/// How much of what.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Summary {
    pub(super) files: usize,
    pub(super) resources: usize,
    /// Documents of other kinds.
    pub(super) skipped: usize,
    pub(super) errors: usize,
    pub(super) warnings: usize,
    pub(super) notes: usize,
}

impl Summary {
    /// Counts one finding more.
    pub(super) const fn add(&mut self, severity: Severity) {
        *match severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
            Severity::Note => &mut self.notes,
        } += 1;
    }
}
