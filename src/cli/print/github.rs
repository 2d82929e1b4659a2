//! Annotations of GitHub Actions: one workflow command a line, shown at the line of the pull request.

use std::io;

use super::{Located, Report};
use crate::{
    engine::{Severity, pointer::field_path},
    telemetry::chain,
};

/// Writes one annotation for each diagnostic of `report`, and for what could not be read.
///
/// GitHub's documentation, "Workflow commands": properties escape `:` and `,` besides what messages escape.
pub(in crate::cli) fn github(report: &Report, out: &mut impl io::Write) -> io::Result<()> {
    for Located {
        file,
        place,
        diagnostic,
        ..
    } in &report.located
    {
        let level = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let mut text = format!("{}: {}", field_path(&diagnostic.pointer), diagnostic.sentence());
        if !diagnostic.help.is_empty() {
            text = format!("{text}\nhelp: {}", diagnostic.help);
        }
        writeln!(
            out,
            "::{level} file={},line={},col={},endColumn={},title={}::{}",
            property(file),
            place.line,
            place.column,
            place.column.saturating_add(place.width.max(1)),
            diagnostic.code,
            message(text.trim_start_matches(": ")),
        )?;
    }
    for error in &report.unread {
        let (file, place) = error.place();
        let (line, column) = place.unwrap_or((1, 1));
        let (file, text) = (property(file), message(&chain(error)));
        writeln!(out, "::error file={file},line={line},col={column}::{text}")?;
    }
    Ok(())
}

fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}
