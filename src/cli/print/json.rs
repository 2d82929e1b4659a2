//! The format for programs. Its fields are never renamed or removed within a version.

use std::io;

use serde::Serialize;

use super::{Located, Report, Summary};
use crate::engine::{Code, Severity};

/// The version of the format.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Output<'a> {
    version: u32,
    diagnostics: Vec<Row<'a>>,
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

/// Writes `report` as one JSON document.
pub(in crate::cli) fn json(report: &Report<'_>, out: &mut impl io::Write) -> io::Result<()> {
    let diagnostics = report.located.iter().map(row).collect();
    let output = Output {
        version: VERSION,
        diagnostics,
        summary: report.summary,
    };
    serde_json::to_writer_pretty(&mut *out, &output)?;
    writeln!(out)
}

fn row<'a>(located: &'a Located<'_>) -> Row<'a> {
    let Located {
        file,
        place,
        subject,
        diagnostic,
    } = located;
    Row {
        code: diagnostic.code,
        severity: diagnostic.severity,
        file: &file.name,
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
