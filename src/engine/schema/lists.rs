//! Lists that are sets or maps: nothing stands in them twice.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    refusal::{Path, Reason, Refusal, Shown},
    structural::{ListType, NodeId, Schema},
};

/// Most of a value that a refusal shows.
const MAX_SHOWN: usize = 1024; // bytes

/// What stands twice in the lists at and below the node.
pub(super) fn check(schema: &Schema, id: NodeId, value: &Value, path: &Path<'_>, out: &mut Vec<Refusal>) {
    let node = schema.node(id);
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                if let Some(child) = node.child(key) {
                    check(schema, child, value, &Path::Key(path, key), out);
                }
            }
        }
        Value::Array(items) => {
            match &node.list {
                ListType::Atomic => {}
                ListType::Set => {
                    for at in twice(items.iter().map(text)) {
                        out.push(duplicate(&Path::Index(path, at), &items[at]));
                    }
                }
                ListType::Map(keys) => map(keys, items, path, out),
            }
            if let Some(child) = node.items {
                for (at, item) in items.iter().enumerate() {
                    check(schema, child, item, &Path::Index(path, at), out);
                }
            }
        }
        _ => {}
    }
}

fn map(keys: &[String], items: &[Value], path: &Path<'_>, out: &mut Vec<Refusal>) {
    if let Some(at) = items.iter().position(|item| !item.is_null() && !item.is_object()) {
        let detail = "must be an object for an array of list-type map";
        let shown = if items[at].is_string() {
            Shown::Nothing
        } else {
            Shown::of(&items[at])
        };
        out.push(
            Refusal::new(&Path::Index(path, at), Reason::Invalid, shown, detail).help("write an object"),
        );
        return;
    }
    if items.len() < 2 {
        return;
    }
    let key_of = |item: &Value| -> Value {
        let key: Map<_, _> = keys
            .iter()
            .filter_map(|key| Some((key.clone(), item.get(key)?.clone())))
            .collect();
        key.into()
    };
    let values: Vec<_> = items.iter().map(key_of).collect();
    for at in twice(values.iter().map(text)) {
        out.push(duplicate(&Path::Index(path, at), &values[at]));
    }
}

fn text(value: &Value) -> String {
    // Keys of objects are sorted, so equal values have equal texts.
    value.to_string()
}

fn duplicate(path: &Path<'_>, value: &Value) -> Refusal {
    let shown = match Shown::of(value) {
        Shown::Other(text) if text.len() > MAX_SHOWN => Shown::Other("…".to_owned()),
        shown => shown,
    };
    Refusal::new(path, Reason::Duplicate, shown, "").help("remove one of the two")
}

/// The index of the second of each text that is there more than once.
fn twice(texts: impl Iterator<Item = String>) -> Vec<usize> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for (at, text) in texts.enumerate() {
        let count = seen.entry(text).or_default();
        *count += 1;
        if *count == 2 {
            found.push(at);
        }
    }
    found
}
