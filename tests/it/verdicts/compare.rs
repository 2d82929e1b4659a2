//! Two verdicts on one object, ours and that of the API server.

use std::collections::BTreeSet;

use aliasgate::engine::{Code, Diagnostic, Severity};

use super::Refusal;

/// How alike two verdicts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// Both take the object, or both refuse the same fields.
    Equal,
    /// Ours names parts of the fields that the API server names.
    Finer,
    OtherFields,
    OtherVerdict,
}

/// How alike two verdicts on an object are. A rule that we do not check is another verdict, too.
pub(crate) fn compare(theirs: &[Refusal], ours: &[Diagnostic]) -> Likeness {
    compare_fields(theirs, ours, |_| true)
}

/// The same of a CRD, whose parts the API server names as they are within itself.
pub(crate) fn compare_crd(theirs: &[Refusal], ours: &[Diagnostic]) -> Likeness {
    let written = |refusal: &Refusal| {
        let field = INTERNAL
            .iter()
            .fold(refusal.field.clone(), |field, (internal, written)| {
                field.replace(internal, written)
            });
        Refusal {
            field,
            message: refusal.message.clone(),
        }
    };
    let theirs: Vec<_> = theirs.iter().map(written).collect();
    compare_fields(&theirs, ours, |field| {
        !FILLED_IN.contains(&field.join(".").as_str())
    })
}

/// `matters` says of a field that only the API server names whether it does.
fn compare_fields(theirs: &[Refusal], ours: &[Diagnostic], matters: impl Fn(&[String]) -> bool) -> Likeness {
    let errors = || ours.iter().filter(|one| one.severity == Severity::Error);
    let unchecked = ours.iter().any(|one| one.message.contains("is not checked"));
    if (errors().count() == 0) != theirs.is_empty() || unchecked {
        return Likeness::OtherVerdict;
    }
    // Unknown fields are refused by the API server without a look at the rest.
    if let Some(theirs) = theirs.first().and_then(unknown_fields) {
        let ours = errors().filter(|one| one.code == Code::SchemaUnknownField);
        let ours: BTreeSet<_> = ours.filter_map(|one| segments_of_pointer(&one.pointer)).collect();
        return if theirs == ours {
            Likeness::Equal
        } else {
            Likeness::OtherFields
        };
    }
    let theirs_at: BTreeSet<_> = theirs.iter().filter_map(|one| segments(place(one))).collect();
    let ours_at: BTreeSet<_> = errors()
        .filter_map(|one| segments_of_pointer(&one.pointer))
        .collect();
    let theirs_at: BTreeSet<_> = theirs_at
        .into_iter()
        .filter(|field| ours_at.contains(field) || matters(field))
        .collect();
    // What does not decode is refused by the API server without a field, and without a look at the rest.
    let decoded = theirs.iter().all(|one| !one.field.is_empty());
    let finer = |field: &Vec<String>| ours_at.iter().any(|ours| ours.starts_with(field));
    if theirs_at == ours_at || (!decoded && theirs_at.is_subset(&ours_at)) {
        Likeness::Equal
    } else if theirs_at.len() == ours_at.len() && theirs_at.iter().all(finer) {
        Likeness::Finer
    } else {
        Likeness::OtherFields
    }
}

/// Both verdicts, to be read.
pub(crate) fn both(theirs: &[Refusal], ours: &[Diagnostic]) -> String {
    let theirs = theirs.iter().map(|one| format!("{}: {}", one.field, one.message));
    let ours = ours.iter().map(Diagnostic::line);
    let lines = |lines: Vec<String>| lines.join("\n          ");
    format!(
        "  theirs  {}\n  ours    {}",
        lines(theirs.collect()),
        lines(ours.collect())
    )
}

/// The fields that strict decoding does not know.
fn unknown_fields(refusal: &Refusal) -> Option<BTreeSet<Vec<String>>> {
    let (_, list) = refusal.message.split_once("strict decoding error: ")?;
    let fields = list.split("unknown field \"").skip(1);
    Some(
        fields
            .filter_map(|rest| segments(rest.split_once('"')?.0))
            .collect(),
    )
}

/// How the API server names parts of a CRD within itself, and how users write them.
const INTERNAL: &[(&str, &str)] = &[
    ("spec.validation.", "spec.versions[0].schema."),
    (
        "spec.additionalPrinterColumns",
        "spec.versions[0].additionalPrinterColumns",
    ),
    ("spec.subresources", "spec.versions[0].subresources"),
    ("spec.selectableFields", "spec.versions[0].selectableFields"),
    ("spec.conversion.webhookClientConfig", "spec.conversion.webhook"),
    (
        "spec.conversion.conversionReviewVersions",
        "spec.conversion.webhook.conversionReviewVersions",
    ),
    (".JSONPath", ".jsonPath"),
];

/// Fields of a CRD that the API server fills in and then refuses; the user wrote others.
const FILLED_IN: &[&str] = &[
    "spec.version",
    "status.storedVersions",
    "spec.names.singular",
    "spec.names.listKind",
];

/// The field of a refusal, which of `anyOf` and its like stands in the message only.
fn place(refusal: &Refusal) -> &str {
    let quoted = refusal
        .message
        .strip_prefix("Invalid value: \"\": \"")
        .and_then(|rest| rest.split_once("\" must"));
    match quoted {
        Some((place, _)) if refusal.field == "<nil>" => place,
        _ => &refusal.field,
    }
}

/// A field as segments, however its keys are written; none for the whole object.
fn segments(field: &str) -> Option<Vec<String>> {
    let field = if field == "<nil>" { "" } else { field };
    let parts = field.split(['.', '[', ']', '/']).filter(|part| !part.is_empty());
    Some(parts.map(str::to_owned).collect()).filter(|segments: &Vec<_>| !segments.is_empty())
}

fn segments_of_pointer(pointer: &str) -> Option<Vec<String>> {
    segments(&pointer.replace("~1", "/").replace("~0", "~"))
}
