//! The format for people: a line that editors can jump by, the source, what to do, and a summary.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    io,
};

use anstyle::AnsiColor;

use super::{Located, Report, Summary};
use crate::engine::{Severity, pointer::field_path};

/// The colours of the parts; all plain for what is no terminal.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::cli) struct Style {
    error: anstyle::Style,
    warning: anstyle::Style,
    note: anstyle::Style,
    /// What frames the source.
    pub(super) frame: anstyle::Style,
    /// The place, and what to do.
    pub(super) strong: anstyle::Style,
    pub(super) added: anstyle::Style,
    pub(super) removed: anstyle::Style,
}

impl Style {
    /// Those for a terminal.
    pub(in crate::cli) const fn coloured() -> Self {
        Self {
            error: AnsiColor::Red.on_default().bold(),
            warning: AnsiColor::Yellow.on_default().bold(),
            note: AnsiColor::Cyan.on_default().bold(),
            frame: AnsiColor::Blue.on_default(),
            strong: anstyle::Style::new().bold(),
            added: AnsiColor::Green.on_default(),
            removed: AnsiColor::Red.on_default(),
        }
    }

    const fn of(&self, severity: Severity) -> anstyle::Style {
        match severity {
            Severity::Error => self.error,
            Severity::Warning => self.warning,
            Severity::Note => self.note,
        }
    }
}

/// Writes the findings of `report` line by line.
pub(in crate::cli) fn text(report: &Report, style: &Style, out: &mut impl io::Write) -> io::Result<()> {
    report
        .located
        .iter()
        .try_for_each(|located| one(located, style, out))
}

/// Writes how often each code was found, if `codes` are wanted, and how much there is of what in all.
pub(in crate::cli) fn summary(
    report: &Report,
    codes: bool,
    style: &Style,
    out: &mut impl io::Write,
) -> io::Result<()> {
    if codes {
        by_code(&report.located, style, out)?;
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
    let paint = |number, style: anstyle::Style, noun| {
        let style = if number == 0 { anstyle::Style::new() } else { style };
        format!("{style}{}{style:#}", count(number, noun))
    };
    writeln!(
        out,
        ": {}, {}, {}",
        paint(errors, style.error, "error"),
        paint(warnings, style.warning, "warning"),
        paint(notes, style.note, "note")
    )
}

fn by_code(located: &[Located], style: &Style, out: &mut impl io::Write) -> io::Result<()> {
    let mut codes: BTreeMap<_, (usize, BTreeSet<&str>)> = BTreeMap::new();
    for located in located {
        let key = (located.diagnostic.severity, located.diagnostic.code.as_str());
        let (number, files) = codes.entry(key).or_default();
        *number += 1;
        files.insert(&located.file);
    }
    let mut rows: Vec<_> = codes.into_iter().collect();
    rows.sort_by_key(|((severity, code), (number, _))| (Reverse(*severity), Reverse(*number), *code));
    let width = rows.iter().map(|((_, code), _)| code.len()).max().unwrap_or(0);
    for ((severity, code), (number, files)) in rows {
        let (paint, severity) = (style.of(severity), severity.to_string());
        let files = count(files.len(), "file");
        writeln!(
            out,
            "{paint}{severity:<7}{paint:#}  {code:<width$}  {number} in {files}"
        )?;
    }
    Ok(())
}

/// A number and what it counts.
pub(in crate::cli) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Writes one finding.
pub(super) fn one(located: &Located, style: &Style, out: &mut impl io::Write) -> io::Result<()> {
    let Located {
        file,
        place,
        excerpt,
        diagnostic,
        ..
    } = located;
    let path = field_path(&diagnostic.pointer);
    let (strong, frame, paint) = (style.strong, style.frame, style.of(diagnostic.severity));
    writeln!(
        out,
        "{strong}{file}:{}:{}:{strong:#} {paint}{}[{}]{paint:#}: {path}{}{}",
        place.line,
        place.column,
        diagnostic.severity,
        diagnostic.code,
        if path.is_empty() { "" } else { ": " },
        diagnostic.sentence(),
    )?;
    if let Some(excerpt) = excerpt {
        let number = place.line.to_string();
        let indent = " ".repeat(number.len());
        writeln!(out, "  {frame}{number} |{frame:#} {}", excerpt.shown)?;
        writeln!(
            out,
            "  {frame}{indent} |{frame:#} {paint}{}{paint:#}",
            excerpt.marks
        )?;
    }
    if let Some(why) = &diagnostic.lowered {
        writeln!(out, "  {strong}note{strong:#}: {why}")?;
    }
    if !diagnostic.help.is_empty() {
        writeln!(out, "  {strong}help{strong:#}: {}", diagnostic.help)?;
    }
    Ok(())
}
