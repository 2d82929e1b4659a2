//! Diagnostics for people and for programs.

mod github;
mod json;
mod sarif;
mod text;

use std::sync::Arc;

use clap::ValueEnum;
use serde::Serialize;

use crate::{
    engine::{Code, Diagnostic, Key},
    sources::{documents::Place, files::File},
};

pub(super) use github::github;
pub(super) use json::json;
pub(super) use sarif::sarif;
pub(super) use text::text;

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// What was checked and what is wrong with it.
pub(super) struct Report<'a> {
    /// In the order in which they are printed.
    pub(super) located: Vec<Located<'a>>,
    pub(super) summary: Summary,
}

/// A diagnostic and where it belongs.
pub(super) struct Located<'a> {
    pub(super) file: &'a File,
    pub(super) place: Place,
    pub(super) subject: Arc<Subject>,
    pub(super) diagnostic: Diagnostic,
}

/// The object that a diagnostic is about.
pub(super) struct Subject {
    pub(super) kind: String,
    pub(super) key: Key,
}

impl Located<'_> {
    /// What diagnostics are sorted by: the place, then whatever tells two of the same place apart.
    pub(super) fn order(&self) -> (&str, Place, Code, &str, &str) {
        let Diagnostic {
            code,
            pointer,
            message,
            ..
        } = &self.diagnostic;
        (&self.file.name, self.place, *code, pointer, message)
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
