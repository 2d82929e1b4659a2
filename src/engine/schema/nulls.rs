//! Explicit nulls, which mean that a field is not there.

use std::borrow::Cow;

use serde_json::Value;

/// `value` without the nulls that the API server prunes before it validates: those of fields and map entries that
/// `schema` describes and does not call nullable.
pub(super) fn pruned<'a>(value: &'a Value, schema: &Value) -> Cow<'a, Value> {
    if !has_null(value) {
        return Cow::Borrowed(value);
    }
    let mut value = value.clone();
    prune(&mut value, schema);
    Cow::Owned(value)
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(fields) => fields.values().any(has_null),
        _ => false,
    }
}

fn prune(value: &mut Value, schema: &Value) {
    match value {
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                items.iter_mut().for_each(|item| prune(item, schema));
            }
        }
        Value::Object(fields) => fields.retain(|key, value| {
            let declared = schema
                .get("properties")
                .and_then(|properties| properties.get(key));
            let Some(schema) =
                declared.or_else(|| schema.get("additionalProperties").filter(|any| any.is_object()))
            else {
                return true;
            };
            prune(value, schema);
            !value.is_null() || schema.get("nullable").is_some_and(|nullable| *nullable == true)
        }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_described_nulls_go() {
        let schema = json!({
            "properties": {
                "gone": {"type": "string"},
                "kept": {"type": "string", "nullable": true},
                "map": {"additionalProperties": {"type": "string"}},
                "list": {"items": {"properties": {"gone": {}}}},
            }
        });
        let value = json!({
            "gone": null, "kept": null, "unknown": null, "map": {"a": null, "b": "c"}, "list": [null, {"gone": null}],
        });
        let expected = json!({"kept": null, "unknown": null, "map": {"b": "c"}, "list": [null, {}]});
        assert_eq!(*pruned(&value, &schema), expected);
    }

    #[test]
    fn nothing_is_copied_where_there_is_no_null() {
        assert!(matches!(pruned(&json!({"a": [1]}), &json!({})), Cow::Borrowed(_)));
    }
}
