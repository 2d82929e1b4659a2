//! What stood in a value's place before an update, and whether anything has changed since.
//!
//! Source: k8s.io/apiserver/pkg/cel/common (`CorrelatedObject`, `MapList`) of Kubernetes 1.34, quirks included: what the
//! schema does not describe counts as changed, and items of list-maps may change places.

use std::collections::BTreeMap;

use serde_json::Value;

use super::structural::{ListType, Node, NodeId, Schema};

/// A value and what stood in its place before.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    schema: &'a Schema,
    node: NodeId,
    new: &'a Value,
    old: &'a Value,
}

impl<'a> Pair<'a> {
    /// Two versions of one object.
    pub(super) fn root(schema: &'a Schema, new: &'a Value, old: &'a Value) -> Self {
        let node = 0;
        Self {
            schema,
            node,
            new,
            old,
        }
    }

    /// A field that both have and that the schema describes. The type of the whole object has no past.
    pub(super) fn field(&self, name: &str) -> Option<Self> {
        let kind = self.node == 0 && matches!(name, "apiVersion" | "kind");
        self.key(name).filter(|_| !kind)
    }

    fn key(&self, field: &str) -> Option<Self> {
        Some(Self {
            node: self.schema.node(self.node).child(field)?,
            new: self.new.as_object()?.get(field)?,
            old: self.old.as_object()?.get(field)?,
            ..*self
        })
    }

    /// The items; none where these are no lists.
    pub(super) fn items(&self) -> Items<'a> {
        let node = self.schema.node(self.node);
        Items {
            list: *self,
            twins: Twins::new(node, Some(self.old)),
        }
    }

    /// Whether nothing has changed.
    pub(super) fn unchanged(&self) -> bool {
        match (self.new, self.old) {
            (Value::Array(new), Value::Array(old)) => {
                let node = self.schema.node(self.node);
                if !matches!(node.list, ListType::Map(_)) {
                    return new == old;
                }
                let items = self.items();
                let same = |at| items.at(at).is_some_and(|item| item.unchanged());
                new.len() == old.len() && (0..new.len()).all(same)
            }
            (Value::Object(new), Value::Object(old)) => {
                let same = |key: &String| self.key(key).is_some_and(|field| field.unchanged());
                new.len() == old.len() && new.keys().all(same)
            }
            (new, old) => new == old,
        }
    }
}

/// The items of a list and those of the list before.
pub(super) struct Items<'a> {
    list: Pair<'a>,
    twins: Twins<'a>,
}

impl<'a> Items<'a> {
    /// The item that stands here now, where it had the same keys before.
    pub(super) fn at(&self, index: usize) -> Option<Pair<'a>> {
        let Pair {
            schema, node, new, ..
        } = self.list;
        let new = new.as_array()?.get(index)?;
        Some(Pair {
            schema,
            node: schema.node(node).items?,
            new,
            old: self.twins.of(new)?,
        })
    }
}

/// The items of an old list by their keys, where the list is a list-map.
pub(super) struct Twins<'a> {
    keys: &'a [String],
    items: BTreeMap<String, &'a Value>,
}

impl<'a> Twins<'a> {
    pub(super) fn new(node: &'a Node, old: Option<&'a Value>) -> Self {
        let keys = match &node.list {
            ListType::Map(keys) => keys.as_slice(),
            _ => &[],
        };
        let mut items = BTreeMap::new();
        for item in old.and_then(Value::as_array).into_iter().flatten() {
            if let Some(key) = key_of(keys, item) {
                items.entry(key).or_insert(item);
            }
        }
        Self { keys, items }
    }

    /// The old item with the keys of `item`.
    pub(super) fn of(&self, item: &Value) -> Option<&'a Value> {
        self.items.get(&key_of(self.keys, item)?).copied()
    }
}

/// The keys of an item as one text; none where one is not there, or is no scalar.
fn key_of(keys: &[String], item: &Value) -> Option<String> {
    let mut text = String::new();
    for key in keys {
        match item.get(key)? {
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
            scalar => text += &format!("{scalar}\0"),
        }
    }
    (!keys.is_empty()).then_some(text)
}
