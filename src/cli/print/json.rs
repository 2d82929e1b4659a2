//! The format for programs. Its fields are never renamed or removed within a version.

use std::io;

use serde::Serialize;

use super::{Located, Report, Summary};
use crate::{
    engine::{Code, Severity},
    sources::files,
    telemetry::chain,
};

/// The version of the format.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Output<'a> {
    version: u32,
    diagnostics: Vec<Row<'a>>,
    unread: Vec<Unread<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
struct Row<'a> {
    code: Code,
    severity: Severity,
    file: &'a str,
    line: u32,
    column: u32,
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
    pointer: &'a str,
    value: Option<&'a str>,
    message: &'a str,
    help: &'a str,
    suggestions: &'a [String],
}

/// What could not be read; no line where it is all of a file.
#[derive(Serialize)]
struct Unread<'a> {
    file: &'a str,
    line: Option<u32>,
    column: Option<u32>,
    message: String,
}

/// Writes `report` as one JSON document.
pub(in crate::cli) fn json(report: &Report, out: &mut impl io::Write) -> io::Result<()> {
    let diagnostics = report.located.iter().map(row).collect();
    let output = Output {
        version: VERSION,
        diagnostics,
        unread: report.unread.iter().map(unread).collect(),
        summary: report.summary,
    };
    serde_json::to_writer_pretty(&mut *out, &output)?;
    writeln!(out)
}

fn row(located: &Located) -> Row<'_> {
    let Located {
        file,
        place,
        subject,
        diagnostic,
        ..
    } = located;
    Row {
        code: diagnostic.code,
        severity: diagnostic.severity,
        file,
        line: place.line,
        column: place.column,
        kind: &subject.kind,
        namespace: &subject.key.namespace,
        name: &subject.key.name,
        pointer: &diagnostic.pointer,
        value: diagnostic.value.as_deref(),
        message: &diagnostic.message,
        help: &diagnostic.help,
        suggestions: &diagnostic.suggestions,
    }
}

fn unread(error: &files::Error) -> Unread<'_> {
    let (file, place) = error.place();
    Unread {
        file,
        line: place.map(|(line, _)| line),
        column: place.map(|(_, column)| column),
        message: chain(error),
    }
}
