//! Events: what is wrong with an object, told beside the object itself.

use std::cmp::Reverse;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    audit::Faulty,
    digest::Digest,
    report::{LABEL, NAME, cut, reference},
};
use crate::engine::{Resource, Severity, Snapshot, check};

/// Longest note, as the API has it.
const MAX_NOTE: usize = 1024; // bytes
/// Longest name of an Event.
const MAX_NAME: usize = 253; // bytes
/// Longest name of what writes Events.
const MAX_INSTANCE: usize = 128; // bytes
/// Where Events on objects without a namespace lie.
const DEFAULT: &str = "default";

/// The namespace for Events on `resource`.
#[must_use]
pub fn namespace(resource: &Resource) -> &str {
    match resource.key.namespace.as_str() {
        "" => DEFAULT,
        namespace => namespace,
    }
}

/// The name of the Event on a faulty object: the same for the same object with the same findings, whoever writes it.
#[must_use]
pub fn name(faulty: &Faulty) -> String {
    let uid = faulty.resource.text("/metadata/uid").unwrap_or_default();
    let digest = Digest::new().with(uid).with(&format!("{:016x}", faulty.digest));
    let tail = format!(".{:016x}", digest.value());
    let name = &faulty.resource.key.name;
    let head = &name[..name.floor_char_boundary(MAX_NAME - tail.len())];
    format!("{}{tail}", head.trim_end_matches(['-', '.']))
}

/// The Event that tells what `snapshot` finds wrong with the object; `instance` is who tells it.
#[must_use]
pub fn document(snapshot: &Snapshot, faulty: &Faulty, instance: &str, now: Timestamp) -> Value {
    let resource = &faulty.resource;
    json!({
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": name(faulty), "namespace": namespace(resource), "labels": {LABEL: NAME}},
        "eventTime": format!("{now:.6}"),
        "type": "Warning",
        "reason": if faulty.error { "AliasErrors" } else { "AliasWarnings" },
        "action": "Audit",
        "reportingController": "aliasgate.dev/audit",
        "reportingInstance": cut(instance, MAX_INSTANCE),
        "regarding": reference(resource),
        "note": note(snapshot, resource),
    })
}

/// All errors, then all warnings, as far as there is room; how many there are, where there is more than one.
fn note(snapshot: &Snapshot, resource: &Resource) -> String {
    let mut faults = check(snapshot, resource);
    faults.retain(|fault| fault.severity > Severity::Note);
    faults.sort_by_key(|fault| Reverse(fault.severity)); // stable: within one, the order of places stays
    let lines: Vec<_> = faults
        .iter()
        .map(|fault| format!("{}: {}", fault.severity, fault.line()))
        .collect();
    let count = lines.len();
    let text = match lines.as_slice() {
        [one] => one.clone(),
        _ => format!("{count} findings\n{}", lines.join("\n")),
    };
    cut(&text, MAX_NOTE)
}
