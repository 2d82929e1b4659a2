//! What a derived schema lacks to be a good schema of a CRD.

use serde_json::{Map, Value};

const PRESERVE: &str = "x-kubernetes-preserve-unknown-fields";

/// Finishes the schema of a whole object, in place.
///
/// - With `open`, objects below the root keep fields that they do not declare, so that a newer gateway's manifest is
///   stored as it was written.
/// - `nullable` goes: an explicit null means that the field is not there, and the API server prunes it.
/// - Titles go: they name Rust types.
/// - Limits are whole numbers, which the type of CRDs holds as floating-point ones.
pub(super) fn root(schema: &mut Value, open: bool) {
    walk(schema, open);
    if let Some(root) = schema.as_object_mut() {
        root.remove(PRESERVE);
    }
}

fn walk(schema: &mut Value, open: bool) {
    let Some(schema) = schema.as_object_mut() else {
        return;
    };
    schema.remove("nullable");
    schema.remove("title");
    if let Some(Value::Array(words)) = schema.get_mut("enum") {
        words.retain(|word| !word.is_null());
    }
    if open
        && schema.get("type").is_some_and(|kind| kind == "object")
        && !schema.contains_key("additionalProperties")
    {
        schema.insert(PRESERVE.to_owned(), true.into());
    }
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(|child| walk(child, open));
    }
    for child in ["items", "additionalProperties"] {
        if let Some(child) = schema.get_mut(child) {
            walk(child, open);
        }
    }
    fold_whitespace(schema);
    whole_limits(schema);
}

/// Doc comments are wrapped for the source file; descriptions are one paragraph.
fn fold_whitespace(schema: &mut Map<String, Value>) {
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
}

fn whole_limits(schema: &mut Map<String, Value>) {
    for limit in ["minimum", "maximum"] {
        let whole = schema
            .get(limit)
            .and_then(Value::as_f64)
            .filter(|limit| limit.fract() == 0.0);
        if let Some(whole) = whole {
            schema.insert(limit.to_owned(), (whole as i64).into());
        }
    }
}
