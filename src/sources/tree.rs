//! A document as a JSON value, and the place of every part of it.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value};

use super::documents::{Place, SyntaxError};
use crate::engine::{diagnostic::quote, pointer};

/// Deepest nesting of a document.
const MAX_DEPTH: usize = 128; // levels
/// Most that anchors and the aliases of them may hold in one document, so that a small text cannot grow without end.
const MAX_ALIASED: usize = 8 * 1024 * 1024; // bytes, estimated
/// What a value weighs in that estimate, besides its text.
const NODE: usize = 64; // bytes

/// Where the parts of one document stand.
///
/// A node knows its children by their rank among the sorted keys of the object, so no key is stored twice.
#[derive(Debug, Clone)]
pub struct Places {
    nodes: Arc<[Node]>,
    root: Node,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    key: Place,
    value: Place,
    /// The range of the children in `nodes`.
    children: (u32, u32),
}

impl Places {
    /// The place of the key that `pointer` (RFC 6901) leads to in `document`, for an item of a list its value.
    ///
    /// The document must be the one that these places were read with. Where the pointer leads nowhere, the nearest
    /// part above it is meant.
    #[must_use]
    pub fn key(&self, document: &Value, pointer: &str) -> Place {
        self.find(document, pointer).1.key
    }

    /// The place of the value that `pointer` leads to in `document`, else of the nearest part above it.
    #[must_use]
    pub fn value(&self, document: &Value, pointer: &str) -> Place {
        self.find(document, pointer).1.value
    }

    /// The places within the part that `pointer` leads to, as a document of its own.
    pub(super) fn part(&self, document: &Value, pointer: &str) -> Self {
        Self {
            nodes: Arc::clone(&self.nodes),
            root: self.find(document, pointer).1,
        }
    }

    fn find<'a>(&self, document: &'a Value, pointer: &str) -> (&'a Value, Node) {
        let mut here = (document, self.root);
        for segment in pointer::segments(pointer) {
            let (value, node) = here;
            let found = match value {
                Value::Object(map) => map.iter().enumerate().find(|(_, (key, _))| **key == segment),
                Value::Array(items) => segment
                    .parse()
                    .ok()
                    .and_then(|at| Some((at, items.get(at)?)))
                    .map(|(at, item)| (at, (&segment, item))),
                _ => None,
            };
            let child = found.and_then(|(rank, (_, part))| {
                Some((part, *self.nodes.get(node.children.0 as usize + rank)?))
            });
            let Some(child) = child else { break };
            here = child;
        }
        here
    }
}

/// Makes documents of the parts that a parser reports one by one.
#[derive(Default)]
pub(super) struct Builder {
    frames: Vec<Frame>,
    nodes: Vec<Node>,
    root: Option<Part>,
    /// What each anchor of the document stands for; `None` while it is still open.
    anchors: BTreeMap<usize, Option<Part>>,
    aliased: usize,
}

/// A finished value.
#[derive(Clone)]
struct Part {
    value: Value,
    node: Node,
    weight: usize,
}

/// A mapping or list that is still open.
struct Frame {
    place: Place,
    anchor: usize,
    weight: usize,
    body: Body,
}

enum Body {
    List(Vec<Value>, Vec<Node>),
    Map(Vec<Entry>, Option<Key>),
}

struct Key {
    text: String,
    place: Place,
    merge: bool,
}

struct Entry {
    key: String,
    value: Value,
    node: Node,
    merged: bool,
}

impl Builder {
    /// Whether the next part is the key of a mapping.
    pub(super) fn wants_key(&self) -> bool {
        matches!(
            self.frames.last(),
            Some(Frame {
                body: Body::Map(_, None),
                ..
            })
        )
    }

    /// The key of the next value; `merge` for YAML's `<<`, which takes over the entries of other mappings.
    pub(super) fn key(&mut self, text: String, place: Place, merge: bool) {
        if let Some(Frame {
            body: Body::Map(_, key),
            weight,
            ..
        }) = self.frames.last_mut()
        {
            *weight += text.len();
            *key = Some(Key { text, place, merge });
        }
    }

    /// The place of the key that waits for its value.
    pub(super) fn pending(&self) -> Option<Place> {
        match self.frames.last() {
            Some(Frame {
                body: Body::Map(_, Some(key)),
                ..
            }) => Some(key.place),
            _ => None,
        }
    }

    /// A value without parts; `anchor` is 0 for none.
    pub(super) fn scalar(&mut self, value: Value, place: Place, anchor: usize) -> Result<(), SyntaxError> {
        let weight = NODE + value.as_str().map_or(0, str::len);
        let part = Part {
            value,
            node: Node {
                key: place,
                value: place,
                children: (0, 0),
            },
            weight,
        };
        self.remember(anchor, &part)?;
        self.add(part)
    }

    /// The start of a list or mapping.
    pub(super) fn open(&mut self, list: bool, place: Place, anchor: usize) -> Result<(), SyntaxError> {
        if self.wants_key() {
            return Err(place.fault("a list or mapping is no key"));
        }
        if self.frames.len() == MAX_DEPTH {
            return Err(place.fault(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, None);
        }
        let body = if list {
            Body::List(Vec::new(), Vec::new())
        } else {
            Body::Map(Vec::new(), None)
        };
        self.frames.push(Frame {
            place,
            anchor,
            weight: NODE,
            body,
        });
        Ok(())
    }

    /// The end of the list or mapping that was opened last.
    pub(super) fn close(&mut self) -> Result<(), SyntaxError> {
        let Some(Frame {
            place,
            anchor,
            weight,
            body,
        }) = self.frames.pop()
        else {
            return Ok(());
        };
        let start = self.nodes.len();
        let value = match body {
            Body::List(items, nodes) => {
                self.nodes.extend(nodes);
                Value::Array(items)
            }
            Body::Map(entries, _) => Value::Object(self.close_map(entries)?),
        };
        let index = |at: usize| u32::try_from(at).map_err(|_| place.fault("too many values in one document"));
        let node = Node {
            key: place,
            value: place,
            children: (index(start)?, index(self.nodes.len())?),
        };
        let part = Part { value, node, weight };
        self.remember(anchor, &part)?;
        self.add(part)
    }

    /// Of equal keys the last counts, as for kubectl; but two that were both written are a fault.
    fn close_map(&mut self, mut entries: Vec<Entry>) -> Result<Map<String, Value>, SyntaxError> {
        entries.sort_by(|a, b| a.key.cmp(&b.key));
        let mut kept: Vec<Entry> = Vec::with_capacity(entries.len());
        // The entry of this key that was written and not merged.
        let mut written: Option<Place> = None;
        for entry in entries {
            let twin = kept.pop_if(|last| last.key == entry.key).is_some();
            written = written.filter(|_| twin);
            if let Some(first) = written.filter(|_| !entry.merged) {
                let (line, column) = (first.line, first.column);
                let message = format!(
                    "the key {} is there already, at {line}:{column}",
                    quote(&entry.key)
                );
                return Err(entry.node.key.fault(message));
            }
            if !entry.merged {
                written = Some(entry.node.key);
            }
            kept.push(entry);
        }
        self.nodes.extend(kept.iter().map(|entry| entry.node));
        Ok(kept.into_iter().map(|entry| (entry.key, entry.value)).collect())
    }

    /// What the anchor stands for, once more.
    pub(super) fn alias(&mut self, anchor: usize, place: Place) -> Result<(), SyntaxError> {
        let mut part = match self.anchors.get(&anchor) {
            Some(Some(part)) => {
                self.aliased += part.weight;
                if self.aliased > MAX_ALIASED {
                    return Err(place.fault(format!("anchors and aliases grow beyond {MAX_ALIASED} bytes")));
                }
                part.clone()
            }
            Some(None) => return Err(place.fault("the anchor contains this alias of itself")),
            None => return Err(place.fault("no such anchor in this document")),
        };
        if self.wants_key() {
            let Value::String(text) = part.value else {
                return Err(place.fault("this alias is no text and no key"));
            };
            self.key(text, place, false);
            return Ok(());
        }
        part.node.value = place;
        self.add(part)
    }

    /// Gives `anchor` the scalar `value`, which is a key.
    pub(super) fn anchor_key(&mut self, anchor: usize, text: &str, place: Place) -> Result<(), SyntaxError> {
        let node = Node {
            key: place,
            value: place,
            children: (0, 0),
        };
        self.remember(
            anchor,
            &Part {
                value: text.into(),
                node,
                weight: NODE + text.len(),
            },
        )
    }

    fn remember(&mut self, anchor: usize, part: &Part) -> Result<(), SyntaxError> {
        if anchor == 0 {
            return Ok(());
        }
        self.aliased += part.weight;
        if self.aliased > MAX_ALIASED {
            return Err(part
                .node
                .value
                .fault(format!("anchors and aliases grow beyond {MAX_ALIASED} bytes")));
        }
        self.anchors.insert(anchor, Some(part.clone()));
        Ok(())
    }

    fn add(&mut self, part: Part) -> Result<(), SyntaxError> {
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(part);
            return Ok(());
        };
        frame.weight += part.weight;
        match &mut frame.body {
            Body::List(items, nodes) => {
                items.push(part.value);
                nodes.push(part.node);
            }
            Body::Map(entries, key) => {
                // The parsers give a key before each value.
                let Some(Key { text, place, merge }) = key.take() else {
                    return Ok(());
                };
                if merge {
                    return merge_into(entries, &self.nodes, part);
                }
                let node = Node {
                    key: place,
                    ..part.node
                };
                entries.push(Entry {
                    key: text,
                    value: part.value,
                    node,
                    merged: false,
                });
            }
        }
        Ok(())
    }

    /// The document that ends here, and an empty builder for the next; `None` for nothing or a bare null.
    pub(super) fn finish(&mut self) -> Option<(Value, Places)> {
        let Self { nodes, root, .. } = std::mem::take(self);
        let Part { value, node, .. } = root.filter(|part| !part.value.is_null())?;
        Some((
            value,
            Places {
                nodes: nodes.into(),
                root: node,
            },
        ))
    }
}

/// Takes over the entries of the mapping, or of the list of mappings, in `part`; of a list the first is the strongest.
fn merge_into(entries: &mut Vec<Entry>, nodes: &[Node], part: Part) -> Result<(), SyntaxError> {
    let children = |node: Node| {
        nodes[node.children.0 as usize..node.children.1 as usize]
            .iter()
            .copied()
    };
    let place = part.node.value;
    let mappings = match part.value {
        Value::Array(items) => items.into_iter().zip(children(part.node)).rev().collect(),
        value => vec![(value, part.node)],
    };
    for (value, node) in mappings {
        let Value::Object(map) = value else {
            return Err(place.fault("<< takes a mapping or a list of mappings"));
        };
        let merged = map.into_iter().zip(children(node));
        entries.extend(merged.map(|((key, value), node)| Entry {
            key,
            value,
            node,
            merged: true,
        }));
    }
    Ok(())
}
