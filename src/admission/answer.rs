//! The answer in the words of Kubernetes: status with causes, warnings, audit annotations, patch.

use std::collections::{BTreeMap, BTreeSet};

use kube::core::{
    Status,
    admission::AdmissionResponse,
    response::{StatusCause, StatusDetails},
};
use serde_json::Value;

use crate::engine::{Code, Diagnostic, Kind, Resource, Severity, Snapshot, diagnostic::quote, pointer};

/// Causes of one refusal; a last one counts the rest.
const MAX_CAUSES: usize = 100;
/// Characters of one warning: the API server cuts longer ones when there are many.
const MAX_WARNING: usize = 256;
/// Characters of all warnings of one answer: half of the 4096 that the API server passes on, as two webhooks speak.
const MAX_WARNINGS: usize = 2048;

/// The group of every kind that is checked.
const GROUP: &str = "agentgateway.dev";

/// Lets the request `uid` through as it is.
pub(super) fn allowed(uid: &str) -> AdmissionResponse {
    // The only constructor that asks for no whole request; what it says of refusal is taken back.
    let mut response = AdmissionResponse::invalid("");
    uid.clone_into(&mut response.uid);
    response.allowed = true;
    response.result = Status::default();
    response
}

/// Refuses because of the errors in `diagnostics`, in the form that kubectl prints like the API server's own faults.
pub(super) fn refuse(response: &mut AdmissionResponse, resource: &Resource, diagnostics: &[Diagnostic]) {
    let errors = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error);
    let mut causes: Vec<_> = errors.map(cause).collect();
    if causes.len() > MAX_CAUSES {
        let left_out = causes.len() - (MAX_CAUSES - 1);
        causes.truncate(MAX_CAUSES - 1);
        causes.push(StatusCause {
            reason: "FieldValueInvalid".to_owned(),
            message: format!("{left_out} more faults are not listed"),
            field: "spec".to_owned(),
        });
    }
    let all: Vec<_> = causes
        .iter()
        .map(|cause| format!("{}: {}", cause.field, cause.message))
        .collect();
    let all = if let [one] = all.as_slice() {
        one.clone()
    } else {
        format!("[{}]", all.join(", "))
    };
    let (kind, name) = (resource.kind.as_str(), &resource.key.name);
    let message = format!("{kind} \"{name}\" is invalid: {all}");
    response.allowed = false;
    response.result = Status::failure(&message, "Invalid")
        .with_code(422)
        .with_details(StatusDetails {
            name: name.clone(),
            group: GROUP.to_owned(),
            kind: kind.to_owned(),
            uid: String::new(),
            causes,
            retry_after_seconds: 0,
        });
}

/// Refuses an object that cannot be read, so that nothing is stored unchecked.
pub(super) fn unreadable(response: &mut AdmissionResponse, kind: Kind, why: &str) {
    response.allowed = false;
    response.result = Status::failure(
        &format!("cannot check the {}: {why}", kind.as_str()),
        "BadRequest",
    )
    .with_code(400);
}

fn cause(fault: &Diagnostic) -> StatusCause {
    let (reason, words) = match fault.code {
        Code::AliasKeyEmpty | Code::AliasTargetEmpty => ("FieldValueRequired", "Required value"),
        Code::AliasDuplicate | Code::ProviderNameDuplicate => ("FieldValueDuplicate", "Duplicate value"),
        _ => ("FieldValueInvalid", "Invalid value"),
    };
    // A required value is one that is not there, so there is none to show.
    let shown = fault
        .value
        .as_deref()
        .filter(|_| reason != "FieldValueRequired")
        .map(quote);
    let mut message = match shown {
        Some(value) => format!("{words}: {value}: {}", fault.detail()),
        None => format!("{words}: {}", fault.detail()),
    };
    // A right value says what to do; where none is known, the help does.
    if fault.suggestions.is_empty() && !fault.help.is_empty() {
        message = format!("{message}; {}", fault.help);
    }
    StatusCause {
        reason: reason.to_owned(),
        message,
        field: pointer::field_path(&fault.pointer),
    }
}

/// One warning for each of `diagnostics` that is one; how many were left out, where the API server would drop some.
pub(super) fn warn(response: &mut AdmissionResponse, diagnostics: &[Diagnostic]) {
    let mut warnings = Vec::new();
    let (mut length, mut left_out) = (0, 0_usize);
    for warning in diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Warning)
    {
        if left_out > 0 {
            left_out += 1;
            continue;
        }
        let line = short(warning);
        length += line.chars().count();
        if length > MAX_WARNINGS {
            left_out = 1;
        } else {
            warnings.push(line);
        }
    }
    if left_out > 0 {
        warnings.push(format!(
            "{left_out} more warnings are not shown here; `aliasgate validate` shows all"
        ));
    }
    if !warnings.is_empty() {
        response.warnings = Some(warnings);
    }
}

/// The line of `warning`, cut before the brackets at its end where it is too long.
fn short(warning: &Diagnostic) -> String {
    let line = warning.line();
    if line.chars().count() <= MAX_WARNING {
        return line;
    }
    let end = line.rsplit_once(" [").map(|(_, code)| format!("… [{code}"));
    let end = end
        .filter(|end| end.chars().count() < MAX_WARNING / 2)
        .unwrap_or_else(|| "…".to_owned());
    let room = MAX_WARNING - end.chars().count();
    line.chars().take(room).chain(end.chars()).collect()
}

/// Tells the audit log which codes were found, which of them an exemption lowered, which catalogs spoke, and for which
/// day.
pub(super) fn annotate(
    response: &mut AdmissionResponse,
    codes: &BTreeMap<&'static str, u64>,
    diagnostics: &[Diagnostic],
    snapshot: &Snapshot,
    resource: &Resource,
) {
    let codes: Vec<_> = codes
        .iter()
        .map(|(code, count)| format!("{code}={count}"))
        .collect();
    let catalogs: BTreeSet<_> = resource
        .targets()
        .iter()
        .filter_map(|target| snapshot.voice(resource, target))
        .filter_map(|voice| {
            let catalog = voice.catalog()?;
            Some(format!("{}={}", catalog.provider, catalog.as_of))
        })
        .collect();
    let exempt: BTreeSet<_> = diagnostics
        .iter()
        .filter_map(|diagnostic| Some(format!("{} {}", diagnostic.code, diagnostic.lowered.as_ref()?)))
        .collect();
    let joined = |words: BTreeSet<String>| words.into_iter().collect::<Vec<_>>().join(", ");
    let rows = [
        ("codes", codes.join(", ")),
        ("catalog", joined(catalogs)),
        ("exempt", joined(exempt)),
    ];
    for (key, value) in rows {
        if !value.is_empty() {
            response.audit_annotations.insert(key.to_owned(), value);
        }
    }
    response
        .audit_annotations
        .insert("as-of".to_owned(), snapshot.as_of().to_string());
}

/// Adds a JSON Patch of `operations`.
pub(super) fn patch(response: &mut AdmissionResponse, operations: Vec<Value>) {
    let uid = response.uid.clone();
    let whole = std::mem::replace(response, allowed(&uid));
    *response = whole
        .with_patch(
            serde_json::from_value(Value::Array(operations)).expect("op, path and value as RFC 6902 says"),
        )
        .expect("a patch of JSON values is JSON");
}
