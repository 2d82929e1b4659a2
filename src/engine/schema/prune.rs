//! Fields that the schema does not know, and nulls that mean "not there".

use serde_json::{Map, Value};

use super::{
    refusal::{Path, Reason, Refusal, Shown},
    structural::{Additional, Node, NodeId, Schema},
};
use crate::engine::Code;

/// The fields that every resource has.
const META: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// The unknown fields of a resource, each as a refusal.
pub(super) fn unknown(schema: &Schema, value: &Value) -> Vec<Refusal> {
    let mut out = Vec::new();
    walk(schema, Some(0), false, value, &Path::Root, &mut out);
    out
}

/// The unknown fields of a value of the node.
pub(super) fn unknown_below(schema: &Schema, id: NodeId, value: &Value) -> Vec<Refusal> {
    let mut out = Vec::new();
    let parent = Path::Root;
    walk(schema, Some(id), false, value, &Path::Key(&parent, ""), &mut out);
    out
}

/// `keep` says that an array around keeps what it does not know.
fn walk(
    schema: &Schema,
    id: Option<NodeId>,
    keep: bool,
    value: &Value,
    path: &Path<'_>,
    out: &mut Vec<Refusal>,
) {
    let node = id.map(|id| schema.node(id));
    let keep = keep || node.is_some_and(|node| node.preserve);
    match value {
        Value::Object(fields) => {
            let whole = node.is_some_and(|node| node.embedded) || matches!(path, Path::Root);
            for (key, value) in fields {
                if whole && META.contains(&key.as_str()) {
                    continue;
                }
                let place = Path::Key(path, key);
                match below(node, key) {
                    Below::Known(child) => walk(schema, child, false, value, &place, out),
                    Below::Unknown if keep => {}
                    Below::Unknown => out.push(refusal(&place)),
                }
            }
        }
        Value::Array(items) => {
            let child = node.and_then(|node| node.items);
            if child.is_none() && keep {
                return;
            }
            for (at, item) in items.iter().enumerate() {
                walk(schema, child, keep, item, &Path::Index(path, at), out);
            }
        }
        _ => {}
    }
}

/// What becomes of a field.
enum Below {
    Known(Option<NodeId>),
    Unknown,
}

fn below(node: Option<&Node>, key: &str) -> Below {
    let Some(node) = node else { return Below::Unknown };
    match (node.properties.get(key), node.additional) {
        (Some(id), _) => Below::Known(Some(*id)),
        (None, Additional::Values(id)) => Below::Known(Some(id)),
        (None, Additional::Any(_)) => Below::Known(None),
        (None, Additional::Undefined) => Below::Unknown,
    }
}

/// The refusal of a field that nobody knows.
pub(super) fn refusal(path: &Path<'_>) -> Refusal {
    let field = crate::engine::pointer::field_path(&path.pointer());
    let mut refusal = Refusal::new(
        path,
        Reason::Invalid,
        Shown::Nothing,
        format!("unknown field {field:?}"),
    );
    refusal.code = Code::SchemaUnknownField;
    refusal.help("remove it, or correct its name or place")
}

/// Whether a null stands anywhere in `value`.
pub(super) fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(fields) => fields.values().any(has_null),
        _ => false,
    }
}

/// Removes the nulls of fields that are neither nullable nor have a default.
pub(super) fn nulls(schema: &Schema, id: Option<NodeId>, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let child = |key: &str| id.and_then(|id| schema.node(id).child(key));
            let gone = |child: Option<NodeId>, value: &Value| {
                let node = child.map(|child| schema.node(child));
                value.is_null() && node.is_some_and(|node| !node.nullable && node.default.is_none())
            };
            fields.retain(|key, value| !gone(child(key), value));
            for (key, value) in fields {
                nulls(schema, child(key), value);
            }
        }
        Value::Array(items) => {
            let child = id.and_then(|id| schema.node(id).items);
            items.iter_mut().for_each(|item| nulls(schema, child, item));
        }
        _ => {}
    }
}

/// Sets the defaults of what is not there, or is a null that may not be.
pub(super) fn defaults(schema: &Schema, id: NodeId, value: &mut Value) {
    let node = schema.node(id);
    let bad_null = |value: &Value, child: &Node| value.is_null() && !child.nullable;
    match value {
        Value::Object(fields) => {
            for (name, child) in &node.properties {
                let child = schema.node(*child);
                let Some(default) = &child.default else { continue };
                if fields.get(name).is_none_or(|value| bad_null(value, child)) {
                    fields.insert(name.clone(), default.clone());
                }
            }
            for (key, value) in fields.iter_mut() {
                let Some(child) = node.child(key) else { continue };
                if !node.properties.contains_key(key) && bad_null(value, schema.node(child)) {
                    *value = schema.node(child).default.clone().unwrap_or_default();
                }
                defaults(schema, child, value);
            }
        }
        Value::Array(items) => {
            let Some(child) = node.items else { return };
            for item in items {
                if bad_null(item, schema.node(child)) {
                    *item = schema.node(child).default.clone().unwrap_or_default();
                }
                defaults(schema, child, item);
            }
        }
        _ => {}
    }
}

/// Whether [`defaults`] would change `value`.
pub(super) fn lacks_default(schema: &Schema, id: NodeId, value: &Value) -> bool {
    let node = schema.node(id);
    if !node.has_defaults {
        return false;
    }
    match value {
        Value::Object(fields) => {
            let missing = |(name, child): (&String, &NodeId)| {
                schema.node(*child).default.is_some() && !fields.contains_key(name)
            };
            node.properties.iter().any(missing) || below_lacks(schema, node, fields)
        }
        Value::Array(items) => node
            .items
            .is_some_and(|child| items.iter().any(|item| lacks_default(schema, child, item))),
        _ => false,
    }
}

fn below_lacks(schema: &Schema, node: &Node, fields: &Map<String, Value>) -> bool {
    fields.iter().any(|(key, value)| {
        node.child(key)
            .is_some_and(|child| lacks_default(schema, child, value))
    })
}
