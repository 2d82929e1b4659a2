//! Sizes that the schema declares, or that the limit of a request leaves. Source: k8s.io/apiserver/pkg/cel/common and
//! k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel of Kubernetes 1.34.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    path::{ITEMS, KEYS, VALUES},
    size::Size,
};
use crate::engine::schema::{
    cel::names::{escape, unescape},
    structural::{Additional, NodeId, Schema, Type},
};

/// Largest request that the API server takes.
const MAX_REQUEST: u64 = 3 * 1024 * 1024; // bytes
/// Longest duration or point in time as JSON.
const MAX_TIME: u64 = 32; // bytes
/// A date as JSON.
const DATE: u64 = 12; // bytes

/// What the nodes of a schema declare.
#[derive(Debug)]
pub(in crate::engine::schema) struct Declared<'s> {
    schema: &'s Schema,
    /// The fewest bytes of a value of each node as JSON; `None` where rules cannot see the node.
    least: Vec<Option<u64>>,
}

/// What a step leads to.
#[derive(Debug, Clone, Copy)]
enum Part {
    Node(NodeId),
    /// The keys of a map, of which nothing is declared.
    Key,
}

impl<'s> Declared<'s> {
    /// Looks at each node once.
    pub(in crate::engine::schema) fn new(schema: &'s Schema) -> Self {
        let mut declared = Self {
            schema,
            least: vec![None; schema.len()],
        };
        declared.measure(0);
        declared
    }

    /// The schema whose nodes they are.
    pub(in crate::engine::schema) const fn schema(&self) -> &'s Schema {
        self.schema
    }

    /// How many values of the node one request can hold.
    pub(in crate::engine::schema) fn most_values(&self, id: NodeId) -> u64 {
        MAX_REQUEST / (self.least[id].unwrap_or_default() + 1)
    }

    /// Finds the fewest bytes of the node and of all below it.
    fn measure(&mut self, id: NodeId) {
        let schema = self.schema;
        let (node, seen) = (schema.node(id), schema.node(schema.view(id)));
        // Those that the view replaces are seen where a rule stands at them.
        let replaced = |(name, child): &(&String, &NodeId)| seen.properties.get(*name) != Some(child);
        let hidden = node.properties.iter().filter(replaced).map(|(_, child)| child);
        let values = match node.additional {
            Additional::Values(values) => Some(values),
            _ => None,
        };
        for child in seen
            .properties
            .values()
            .chain(hidden)
            .copied()
            .chain(node.items)
            .chain(values)
        {
            self.measure(child);
        }
        self.least[id] = if node.int_or_string {
            Some(1)
        } else {
            match node.kind {
                Some(Type::Array) => node.items.and_then(|items| self.least[items]).map(|_| 2),
                Some(Type::Object) => match values {
                    Some(values) => self.least[values].map(|_| 2),
                    None => Some(self.object(id)),
                },
                Some(Type::String) => Some(match node.limits.format_name.as_str() {
                    "duration" => 3,
                    "date" => DATE,
                    "date-time" => 21,
                    _ => 2,
                }),
                Some(Type::Boolean) => Some(4),
                Some(Type::Number | Type::Integer) => Some(1),
                Some(Type::Other) | None => None,
            }
        };
    }

    /// The fewest bytes of an object: its braces, and the required properties that nobody fills in.
    fn object(&self, id: NodeId) -> u64 {
        let required: BTreeSet<_> = self.schema.node(id).limits.required.iter().collect();
        let properties = &self.schema.node(self.schema.view(id)).properties;
        let each = required.into_iter().filter_map(|name| {
            let child = properties.get(name)?;
            let filled_in = self.schema.node(*child).default.is_some();
            let least = self.least[*child].filter(|_| !filled_in)?;
            Some(name.len() as u64 + least + 4)
        });
        2 + each.sum::<u64>()
    }

    /// The size of what the steps lead to from the node, if they lead anywhere.
    pub(super) fn size<'p>(&self, from: NodeId, steps: impl IntoIterator<Item = &'p str>) -> Option<Size> {
        let mut part = Part::Node(from);
        for step in steps {
            part = self.step(part, step)?;
        }
        Some(Size::up_to(match part {
            Part::Node(id) => self.most(id),
            Part::Key => 0,
        }))
    }

    fn step(&self, part: Part, step: &str) -> Option<Part> {
        let Part::Node(id) = part else { return None };
        if self.schema.node(id).int_or_string {
            return None;
        }
        let node = self.schema.node(id);
        let child = match (node.kind?, node.additional) {
            (Type::Array, _) if matches!(step, ITEMS | VALUES) => node.items?,
            (Type::Object, Additional::Values(_)) if step == KEYS => return Some(Part::Key),
            (Type::Object, Additional::Values(values)) if matches!(step, ITEMS | VALUES) => values,
            (Type::Object, Additional::Undefined | Additional::Any(_)) => {
                let name = unescape(step)?;
                let child = self
                    .schema
                    .node(self.schema.view(id))
                    .properties
                    .get(name.as_ref())?;
                (escape(&name).as_deref() == Some(step)).then_some(*child)?
            }
            _ => return None,
        };
        self.least[child].map(|_| Part::Node(child))
    }

    /// The most characters, bytes, items or entries of a value of the node; none of what has no size.
    fn most(&self, id: NodeId) -> u64 {
        let node = self.schema.node(id);
        let limits = &node.limits;
        let limit = |limit: i64| u64::try_from(limit).unwrap_or_default();
        // As many bytes as a character can have.
        let in_bytes = |most: i64| limit(most).wrapping_mul(4);
        if node.int_or_string {
            return limits.max_length.map_or(MAX_REQUEST - 2, in_bytes);
        }
        let least = |id: NodeId| self.least[id].unwrap_or_default();
        match (node.kind, node.additional) {
            (Some(Type::Array), _) => limits.max_items.map_or_else(
                || {
                    node.items
                        .map_or(0, |items| (MAX_REQUEST - 2) / (least(items) + 1))
                },
                limit,
            ),
            (Some(Type::Object), Additional::Values(values)) => limits
                .max_properties
                .map_or_else(|| (MAX_REQUEST - 2) / (least(values) + 6), limit),
            (Some(Type::String), _) => match limits.format_name.as_str() {
                "byte" => limits.max_length.map_or(MAX_REQUEST - 2, limit),
                "duration" | "date-time" => MAX_TIME,
                "date" => DATE,
                _ => match limits.max_length {
                    Some(most) => in_bytes(most),
                    None if limits.values.is_empty() => MAX_REQUEST - 2,
                    None => longest(&limits.values),
                },
            },
            _ => 0,
        }
    }
}

/// The length of the longest text among the values of an enum.
fn longest(values: &[Value]) -> u64 {
    let lengths = values.iter().filter_map(Value::as_str).map(str::len);
    lengths.max().unwrap_or_default() as u64
}
