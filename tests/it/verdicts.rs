//! Our verdicts against those of the API server, which the corpus has.

#[path = "../apiserver/corpus/mod.rs"]
mod corpus;

use std::collections::BTreeSet;

use aliasgate::engine::{
    Diagnostic, Severity,
    schema::{self, Schemas},
};
use corpus::{Case, Refusal};

fn judge(case: &Case) -> Vec<Diagnostic> {
    let Some(object) = &case.object else {
        return schema::check_crd(&case.crd);
    };
    let mut schemas = Schemas::default();
    let mut found = schemas.add(&case.crd);
    found.extend(schemas.check(object, case.old.as_ref()));
    found
}

#[test]
fn verdicts_and_fields_are_those_of_the_api_server() {
    let expected = corpus::expected();
    let cases = corpus::cases(&expected);
    let (mut verdicts, mut fields, mut finer_fields, mut refused, mut judged, mut newer, mut factors) =
        (0, 0, 0, 0, 0, 0, 0);
    let mut wrong = Vec::new();
    for case in &cases {
        let Some(theirs) = expected.get(&case.name) else {
            wrong.push(format!("{}: the API server was not asked", case.name));
            continue;
        };
        judged += 1;
        let ours = judge(case);
        let errors: Vec<_> = ours
            .iter()
            .filter(|one| one.severity == Severity::Error)
            .collect();
        let show = || {
            ours.iter()
                .map(Diagnostic::line)
                .collect::<Vec<_>>()
                .join("\n      ")
        };
        if case.newer {
            newer += 1;
            continue;
        }
        let unchecked = ours.iter().any(|one| one.message.contains("is not checked"));
        if errors.is_empty() != theirs.is_empty() || unchecked {
            wrong.push(format!(
                "{}: VERDICT\n  theirs {theirs:?}\n  ours  {}",
                case.name,
                show()
            ));
            continue;
        }
        verdicts += 1;
        refused += usize::from(!theirs.is_empty());
        let (theirs_factors, ours_factors) = (
            all_factors(theirs.iter().map(|one| one.message.as_str())),
            all_factors(errors.iter().map(|one| one.message.as_str())),
        );
        factors += theirs_factors.len();
        if theirs_factors != ours_factors {
            wrong.push(format!(
                "{}: COST\n  theirs {theirs:?}\n  ours  {}",
                case.name,
                show()
            ));
            continue;
        }
        let segments = |field: &str| Some(segments_of(field)).filter(|field| !field.is_empty());
        let theirs_at: BTreeSet<_> = theirs.iter().filter_map(|one| segments(place(one))).collect();
        let unescaped = |pointer: &str| pointer.replace("~1", "/").replace("~0", "~");
        let ours_at: BTreeSet<_> = errors
            .iter()
            .filter_map(|one| segments(&unescaped(&one.pointer)))
            .collect();
        // What does not decode is refused by the API server without a field, and without a look at the rest.
        let decoded = theirs.iter().all(|one| !one.field.is_empty());
        let finer = |field: &Vec<String>| ours_at.iter().any(|ours| ours.starts_with(field));
        let theirs_at: BTreeSet<_> = theirs_at
            .into_iter()
            .filter(|field| ours_at.contains(field) || !is_filled_in(field))
            .collect();
        if theirs_at == ours_at || (!decoded && theirs_at.is_subset(&ours_at)) {
            fields += 1;
        } else if theirs_at.len() == ours_at.len() && theirs_at.iter().all(finer) {
            finer_fields += 1;
        } else {
            wrong.push(format!(
                "{}: FIELD\n  theirs {theirs:?}\n  ours  {}",
                case.name,
                show()
            ));
        }
    }
    let summary = format!(
        "{judged} cases, {refused} refused; verdict equal {verdicts}, fields equal {fields}, finer {finer_fields}, factors of cost equal {factors}, for newer API servers {newer}"
    );
    println!("{summary}");
    assert!(wrong.is_empty(), "{summary}\n{}", wrong.join("\n"));
}

/// By how much costs are too high, as the messages say it: exact to the sixth digit where that is little.
fn all_factors<'m>(messages: impl Iterator<Item = &'m str>) -> Vec<&'m str> {
    let factor = |message: &'m str| {
        let (_, rest) = message.split_once("exceeds budget by factor of ")?;
        Some(rest.split_once('x')?.0)
    };
    let mut factors: Vec<_> = messages.filter_map(factor).collect();
    factors.sort_unstable();
    factors
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

/// Whether the API server itself fills in the field.
fn is_filled_in(field: &[String]) -> bool {
    FILLED_IN.contains(&field.join(".").as_str())
}

/// A field as segments, however its keys are written.
fn segments_of(field: &str) -> Vec<String> {
    let mut field = if field == "<nil>" {
        String::new()
    } else {
        field.to_owned()
    };
    for (internal, written) in INTERNAL {
        field = field.replace(internal, written);
    }
    field
        .split(['.', '[', ']', '/'])
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}
