//! `selectableFields`: fields by which objects can be selected.

use serde_json::Value;

use crate::engine::schema::{
    field_path,
    refusal::{Path, Reason, Refusal, Shown},
    structural::{Schema, Type},
};

/// Most selectable fields of a version.
const MAX_SELECTABLE: usize = 8;

/// Says which selectable fields cannot be selected by.
///
/// Within the API server, what all versions have in common stands beside the versions. It takes fields and schema only
/// where both stand in the same place.
pub(super) fn check(crd: &Value, out: &mut Vec<Refusal>) {
    let versions = crd.pointer("/spec/versions").and_then(Value::as_array);
    let versions = versions.map(Vec::as_slice).unwrap_or_default();
    let same_fields = versions
        .windows(2)
        .all(|two| fields_of(&two[0]) == fields_of(&two[1]));
    let same_schema = versions
        .windows(2)
        .all(|two| two[0].get("schema") == two[1].get("schema"));
    for (at, version) in versions.iter().enumerate() {
        let fields = fields_of(version);
        if fields.is_empty() || (at > 0 && same_fields) {
            continue;
        }
        let place = format!("/spec/versions/{at}/selectableFields");
        let source = version.pointer("/schema/openAPIV3Schema");
        match source.filter(|_| same_fields == same_schema) {
            Some(source) => fields_exist(fields, source, &place, out),
            None => {
                let detail = "must differ between versions where their schemas do, and nowhere else";
                refuse(out, place, Reason::Invalid, Shown::Nothing, detail);
            }
        }
    }
}

fn fields_of(version: &Value) -> &[Value] {
    version
        .get("selectableFields")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

fn refuse(out: &mut Vec<Refusal>, pointer: String, reason: Reason, shown: Shown, detail: impl Into<String>) {
    let mut refusal = Refusal::new(&Path::Root, reason, shown, detail)
        .help("see kubectl explain crd.spec.versions.selectableFields");
    refusal.pointer = pointer;
    out.push(refusal);
}

fn fields_exist(fields: &[Value], source: &Value, place: &str, out: &mut Vec<Refusal>) {
    // A schema that cannot be read is refused elsewhere.
    let Ok(schema) = Schema::new(source) else { return };
    if fields.len() > MAX_SELECTABLE {
        let shown = Shown::Other(fields.len().to_string());
        let detail = format!("must have at most {MAX_SELECTABLE} items");
        refuse(out, place.to_owned(), Reason::TooMany, shown, detail);
    }
    for (at, field) in fields.iter().enumerate() {
        let path = field.get("jsonPath").and_then(Value::as_str).unwrap_or_default();
        let place = format!("{place}/{at}/jsonPath");
        let shown = Shown::Text(path.to_owned());
        let found = if path.contains('[') {
            Err("array notation is not allowed".to_owned())
        } else {
            field_path::steps(path, &schema, 0)
        };
        match found {
            _ if path.is_empty() => refuse(out, place, Reason::Required, Shown::Nothing, ""),
            Err(reason) => {
                let detail = format!("is an invalid path: {reason}");
                refuse(out, place, Reason::Invalid, shown, detail);
            }
            Ok(steps) if steps.first().is_some_and(|step| step == "metadata") => {
                let detail = "must not point to fields in metadata";
                refuse(out, place, Reason::Invalid, shown, detail);
            }
            Ok(steps) => {
                let kind = steps.iter().try_fold(0, |id, step| schema.node(id).child(step));
                let kind = kind.and_then(|id| schema.node(id).kind);
                if !matches!(kind, Some(Type::String | Type::Boolean | Type::Integer)) {
                    let detail = "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.";
                    refuse(out, place, Reason::Invalid, shown, detail);
                } else if fields[..at].contains(field) {
                    refuse(out, place, Reason::Duplicate, shown, "");
                }
            }
        }
    }
}
