//! SARIF 2.1.0, which code scanning of GitHub, GitLab and editors reads.

use std::{collections::BTreeSet, io};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Value, json};

use super::{Located, Report};
use crate::{
    engine::{Code, Severity, pointer::field_path},
    sources::files,
    telemetry::chain,
};

/// What a path of a URI reference (RFC 3986) does not hold as it is; `:` could be taken for a scheme.
const NO_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b':')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Writes `report` as one SARIF log with one run. Its rules are the codes that were found.
pub(in crate::cli) fn sarif(report: &Report, out: &mut impl io::Write) -> io::Result<()> {
    let codes: BTreeSet<_> = report
        .located
        .iter()
        .map(|located| located.diagnostic.code)
        .collect();
    let rules: Vec<_> = codes.iter().copied().map(rule).collect();
    let results: Vec<_> = report.located.iter().map(result).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "aliasgate", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "invocations": [{
                "executionSuccessful": report.unread.is_empty(),
                "toolExecutionNotifications": report.unread.iter().map(unread).collect::<Vec<_>>(),
            }],
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.as_str(),
        "shortDescription": {"text": code.when()},
        "defaultConfiguration": {"level": level(code.severity())},
    })
}

/// SARIF's names of the severities are ours.
fn level(severity: Severity) -> String {
    severity.to_string()
}

fn result(located: &Located) -> Value {
    let Located {
        file,
        place,
        subject,
        diagnostic,
        ..
    } = located;
    let mut text = diagnostic.sentence();
    if !diagnostic.help.is_empty() {
        text = format!("{text}\nhelp: {}", diagnostic.help);
    }
    let path = field_path(&diagnostic.pointer);
    let name = format!("{} {}: {path}", subject.kind, subject.key);
    json!({
        "ruleId": diagnostic.code.as_str(),
        "level": level(diagnostic.severity),
        "message": {"text": text},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": utf8_percent_encode(file, NO_PATH).to_string()},
                "region": {
                    "startLine": place.line,
                    "startColumn": place.column,
                    "endColumn": place.column.saturating_add(place.width.max(1)),
                },
            },
            "logicalLocations": [{"fullyQualifiedName": name}],
        }],
    })
}

fn unread(error: &files::Error) -> Value {
    let (file, place) = error.place();
    let mut location = json!({"artifactLocation": {"uri": utf8_percent_encode(file, NO_PATH).to_string()}});
    if let Some((line, column)) = place {
        location["region"] = json!({"startLine": line, "startColumn": column});
    }
    json!({
        "level": "error",
        "message": {"text": chain(error)},
        "locations": [{"physicalLocation": location}],
    })
}
