//! From the OpenAPI v3 schemas of CRDs to JSON Schema.

use serde_json::{Map, Value, json};

/// Keywords that mean the same in both.
const SAME: &[&str] = &[
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "pattern",
    "required",
    "type",
    "uniqueItems",
];

/// The JSON Schema that accepts what the API server accepts by `schema`.
///
/// Keywords without a meaning for validation, extensions of Kubernetes included, are left out, so what they hold
/// cannot be mistaken for a keyword of JSON Schema.
pub(super) fn to_json_schema(schema: &Value) -> Value {
    let Some(schema) = schema.as_object() else {
        return schema.clone();
    };
    let mut out: Map<String, Value> = SAME
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), schema.get(*key)?.clone())))
        .collect();
    for key in ["items", "additionalProperties", "not"] {
        if let Some(child) = schema.get(key) {
            out.insert(key.to_owned(), to_json_schema(child));
        }
    }
    for key in ["allOf", "anyOf", "oneOf"] {
        if let Some(children) = schema.get(key).and_then(Value::as_array) {
            out.insert(key.to_owned(), children.iter().map(to_json_schema).collect());
        }
    }
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let properties: Map<_, _> = properties
            .iter()
            .map(|(k, v)| (k.clone(), to_json_schema(v)))
            .collect();
        out.insert("properties".to_owned(), properties.into());
    }
    int_or_string(schema, &mut out);
    exclusive_limits(&mut out);
    integer_range(schema, &mut out);
    nullable(schema, &mut out);
    out.into()
}

fn is_set(schema: &Map<String, Value>, key: &str) -> bool {
    schema.get(key).is_some_and(|value| *value == true)
}

fn int_or_string(schema: &Map<String, Value>, out: &mut Map<String, Value>) {
    if is_set(schema, "x-kubernetes-int-or-string") {
        out.insert("type".to_owned(), json!(["integer", "string"]));
        out.remove("anyOf");
    }
}

/// OpenAPI v3.0 says with a boolean that the limit itself is out of range.
fn exclusive_limits(out: &mut Map<String, Value>) {
    for (exclusive, limit) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        match out.get(exclusive) {
            Some(Value::Bool(true)) => {
                let limit = out.remove(limit);
                out.remove(exclusive);
                out.extend(limit.map(|limit| (exclusive.to_owned(), limit)));
            }
            Some(Value::Bool(false)) => {
                out.remove(exclusive);
            }
            _ => {}
        }
    }
}

/// The formats of integers are ranges.
fn integer_range(schema: &Map<String, Value>, out: &mut Map<String, Value>) {
    let (low, high) = match schema.get("format").and_then(Value::as_str) {
        Some("int32") => (i64::from(i32::MIN), i64::from(i32::MAX)),
        Some("int64") => (i64::MIN, i64::MAX),
        _ => return,
    };
    out.entry("minimum").or_insert_with(|| low.into());
    out.entry("maximum").or_insert_with(|| high.into());
}

fn nullable(schema: &Map<String, Value>, out: &mut Map<String, Value>) {
    if !is_set(schema, "nullable") {
        return;
    }
    if let Some(kind) = out.get_mut("type") {
        let mut kinds = kind.as_array().cloned().unwrap_or_else(|| vec![kind.clone()]);
        kinds.push("null".into());
        *kind = kinds.into();
    }
    if let Some(values) = out.get_mut("enum").and_then(Value::as_array_mut) {
        values.push(Value::Null);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_named_like_a_keyword_is_a_property() {
        let schema = json!({"properties": {"type": {"type": "string"}, "nullable": {"type": "boolean", "nullable": true}}});
        let expected =
            json!({"properties": {"type": {"type": "string"}, "nullable": {"type": ["boolean", "null"]}}});
        assert_eq!(to_json_schema(&schema), expected);
    }

    #[test]
    fn what_only_kubernetes_reads_is_left_out() {
        let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true, "default": {}, "description": "d"});
        assert_eq!(to_json_schema(&schema), json!({"type": "object"}));
    }

    #[test]
    fn boolean_limits_become_numbers() {
        let schema = json!({"minimum": 1, "exclusiveMinimum": true, "maximum": 9, "exclusiveMaximum": false});
        assert_eq!(
            to_json_schema(&schema),
            json!({"exclusiveMinimum": 1, "maximum": 9})
        );
    }

    #[test]
    fn an_enum_that_is_nullable_takes_null() {
        let schema = json!({"type": "string", "enum": ["a"], "nullable": true});
        assert_eq!(
            to_json_schema(&schema),
            json!({"type": ["string", "null"], "enum": ["a", null]})
        );
    }
}
