//! The format for people: a line that editors can jump by, the source, what to do, and a summary.

use std::io;

use super::{Located, Report, Summary};
use crate::{
    engine::{diagnostic::is_invisible, pointer::field_path},
    sources::documents::Place,
};

/// Most of a source line that is shown.
const MAX_EXCERPT: usize = 100; // characters
/// How much of a long line is shown before the place.
const BEFORE: usize = 30; // characters

/// Writes `report` line by line.
pub(in crate::cli) fn text(report: &Report<'_>, out: &mut impl io::Write) -> io::Result<()> {
    for located in &report.located {
        one(located, out)?;
    }
    let Summary {
        files,
        resources,
        skipped,
        errors,
        warnings,
        notes,
    } = report.summary;
    write!(out, "{}, {}", count(files, "file"), count(resources, "resource"))?;
    if skipped > 0 {
        write!(out, " ({} passed over)", count(skipped, "other kind"))?;
    }
    if resources == 0 {
        return writeln!(out, ": nothing to check");
    }
    writeln!(
        out,
        ": {}, {}, {}",
        count(errors, "error"),
        count(warnings, "warning"),
        count(notes, "note")
    )
}

fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn one(located: &Located<'_>, out: &mut impl io::Write) -> io::Result<()> {
    let Located {
        file,
        place,
        diagnostic,
        ..
    } = located;
    let path = field_path(&diagnostic.pointer);
    writeln!(
        out,
        "{}:{}:{}: {}[{}]: {path}{}{}",
        file.name,
        place.line,
        place.column,
        diagnostic.severity,
        diagnostic.code,
        if path.is_empty() { "" } else { ": " },
        diagnostic.sentence(),
    )?;
    if let Some((shown, marks)) = excerpt(&file.text, *place) {
        let number = place.line.to_string();
        writeln!(out, "  {number} | {shown}")?;
        writeln!(out, "  {} | {marks}", " ".repeat(number.len()))?;
    }
    if let Some(why) = &diagnostic.lowered {
        writeln!(out, "  note: {why}")?;
    }
    if !diagnostic.help.is_empty() {
        writeln!(out, "  help: {}", diagnostic.help)?;
    }
    Ok(())
}

/// The line of `place`, cut where it is long, and marks below what is meant.
fn excerpt(text: &str, place: Place) -> Option<(String, String)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let line = text.lines().nth(place.line as usize - 1)?;
    let column = place.column as usize - 1;
    let from = if line.chars().count() > MAX_EXCERPT {
        column.saturating_sub(BEFORE)
    } else {
        0
    };
    let shown: String = line.chars().skip(from).take(MAX_EXCERPT).map(visible).collect();
    let indent = column - from;
    let width = (place.width as usize).clamp(1, shown.chars().count().saturating_sub(indent).max(1));
    Some((shown, format!("{}{}", " ".repeat(indent), "^".repeat(width))))
}

/// What a terminal shows in one cell, instead of characters that it obeys or hides.
fn visible(c: char) -> char {
    match c {
        '\t' => ' ',
        c if c.is_control() || is_invisible(c) => '\u{fffd}',
        c => c,
    }
}
