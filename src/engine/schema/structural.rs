//! The schema of one version of a CRD, read once: what each node says, in the words of Kubernetes.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{formats::Format, re2::Pattern, rules::Rule};

/// Deepest nesting of a schema.
const MAX_DEPTH: usize = 200; // levels
/// Most nodes of a schema.
const MAX_NODES: usize = 1_000_000;

/// Where a node stands in [`Schema::nodes`].
pub(super) type NodeId = usize;

/// A schema as an arena of nodes; the first is the root.
#[derive(Debug, Default)]
pub(super) struct Schema {
    nodes: Vec<Node>,
}

/// The types of OpenAPI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Object,
    Array,
    String,
    Integer,
    Number,
    Boolean,
    /// A name that is no type.
    Other,
}

/// What an object may hold besides its properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Additional {
    #[default]
    Undefined,
    Any(bool),
    Values(NodeId),
}

/// `x-kubernetes-list-type`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum ListType {
    #[default]
    Atomic,
    Set,
    Map(Vec<String>),
}

/// One node of a schema.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) kind: Option<Type>,
    pub(super) nullable: bool,
    pub(super) preserve: bool,
    pub(super) embedded: bool,
    pub(super) int_or_string: bool,
    pub(super) default: Option<Value>,
    pub(super) properties: BTreeMap<String, NodeId>,
    pub(super) additional: Additional,
    pub(super) items: Option<NodeId>,
    pub(super) list: ListType,
    pub(super) limits: Limits,
    pub(super) all_of: Vec<NodeId>,
    pub(super) any_of: Vec<NodeId>,
    pub(super) one_of: Vec<NodeId>,
    pub(super) not: Option<NodeId>,
    pub(super) rules: Vec<Rule>,
    /// The node that CEL sees instead of this one, where this is a whole resource.
    view: Option<NodeId>,
    /// Whether a CEL rule stands here or below, as the API server looks for them.
    pub(super) has_rules: bool,
    /// The same, with rules within `allOf`.
    pub(super) any_rules: bool,
    /// Whether a default stands here or below.
    pub(super) has_defaults: bool,
}

/// What a node demands of a value.
#[derive(Debug, Default)]
pub(super) struct Limits {
    /// The format by its name, where the API server knows it.
    pub(super) format_name: String,
    pub(super) format: Option<Format>,
    pub(super) minimum: Option<f64>,
    pub(super) exclusive_minimum: bool,
    pub(super) maximum: Option<f64>,
    pub(super) exclusive_maximum: bool,
    pub(super) multiple_of: Option<f64>,
    pub(super) min_length: Option<i64>,
    pub(super) max_length: Option<i64>,
    pub(super) pattern: Option<Pattern>,
    pub(super) min_items: Option<i64>,
    pub(super) max_items: Option<i64>,
    pub(super) unique_items: bool,
    pub(super) min_properties: Option<i64>,
    pub(super) max_properties: Option<i64>,
    pub(super) required: Vec<String>,
    pub(super) values: Vec<Value>,
}

impl Schema {
    /// Reads an `openAPIV3Schema`.
    ///
    /// # Errors
    /// When it nests too deep or has too many nodes.
    pub(super) fn new(source: &Value) -> Result<Self, String> {
        let mut schema = Self::default();
        let root = schema.read(source, 0)?;
        schema.add_view(root);
        Ok(schema)
    }

    pub(super) fn root(&self) -> &Node {
        self.node(0)
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    /// The node as CEL sees it: of a whole resource, type and metadata are always there.
    pub(super) fn view(&self, id: NodeId) -> NodeId {
        self.nodes[id].view.unwrap_or(id)
    }

    fn add(&mut self, node: Node) -> Result<NodeId, String> {
        if self.nodes.len() == MAX_NODES {
            return Err(format!("the schema has more than {MAX_NODES} nodes"));
        }
        self.nodes.push(node);
        Ok(self.nodes.len() - 1)
    }

    fn read(&mut self, source: &Value, depth: usize) -> Result<NodeId, String> {
        if depth > MAX_DEPTH {
            return Err(format!("the schema is nested deeper than {MAX_DEPTH} levels"));
        }
        let id = self.add(Node::default())?;
        let empty = Map::new();
        let source = source.as_object().unwrap_or(&empty);
        let mut node = Node::scalars(source);
        let mut below = Vec::new();
        if let Some(properties) = source.get("properties").and_then(Value::as_object) {
            for (name, property) in properties {
                let child = self.read(property, depth + 1)?;
                below.push(child);
                node.properties.insert(name.clone(), child);
            }
        }
        node.additional = match source.get("additionalProperties") {
            Some(Value::Bool(any)) => Additional::Any(*any),
            Some(values @ Value::Object(_)) => Additional::Values(self.read(values, depth + 1)?),
            _ => Additional::Undefined,
        };
        if let Some(items) = source.get("items").filter(|items| items.is_object()) {
            node.items = Some(self.read(items, depth + 1)?);
        }
        for (key, list) in [
            ("allOf", &mut node.all_of),
            ("anyOf", &mut node.any_of),
            ("oneOf", &mut node.one_of),
        ] {
            for part in source.get(key).and_then(Value::as_array).into_iter().flatten() {
                list.push(self.read(part, depth + 1)?);
            }
        }
        if let Some(not) = source.get("not") {
            node.not = Some(self.read(not, depth + 1)?);
        }
        if let Additional::Values(values) = node.additional {
            below.push(values);
        }
        below.extend(node.items);
        node.has_rules = !node.rules.is_empty() || below.iter().any(|id| self.nodes[*id].has_rules);
        below.extend(&node.all_of);
        node.any_rules = node.has_rules || below.iter().any(|id| self.nodes[*id].any_rules);
        node.has_defaults = node.default.is_some() || below.iter().any(|id| self.nodes[*id].has_defaults);
        let embedded = node.embedded;
        self.nodes[id] = node;
        if embedded {
            self.add_view(id);
        }
        Ok(id)
    }

    /// Gives a whole resource its view: `apiVersion`, `kind`, `metadata.name` and `metadata.generateName` are strings.
    fn add_view(&mut self, id: NodeId) {
        let is = |this: &Self, parent: NodeId, name: &str, kind: Type| {
            let child = this.nodes[parent].properties.get(name).copied();
            child.filter(|child| this.nodes[*child].kind == Some(kind))
        };
        let complete = is(self, id, "kind", Type::String).is_some()
            && is(self, id, "apiVersion", Type::String).is_some()
            && is(self, id, "metadata", Type::Object).is_some_and(|metadata| {
                ["name", "generateName"]
                    .iter()
                    .all(|name| is(self, metadata, name, Type::String).is_some())
            });
        if complete || self.nodes.len() + 4 > MAX_NODES {
            return;
        }
        let next = self.nodes.len();
        let (text, metadata, view) = (next, next + 1, next + 2);
        self.nodes.push(Node {
            kind: Some(Type::String),
            ..Node::default()
        });
        let names = ["name", "generateName"].map(|name| (name.to_owned(), text));
        self.nodes.push(Node {
            kind: Some(Type::Object),
            properties: names.into(),
            ..Node::default()
        });
        let mut properties = self.nodes[id].properties.clone();
        for (name, child) in [("kind", text), ("apiVersion", text), ("metadata", metadata)] {
            properties.insert(name.to_owned(), child);
        }
        let source = &self.nodes[id];
        let mirror = Node {
            kind: source.kind,
            nullable: source.nullable,
            embedded: source.embedded,
            additional: source.additional,
            properties,
            ..Node::default()
        };
        self.nodes.push(mirror);
        self.nodes[id].view = Some(view);
    }
}

impl Node {
    /// What stands in the node itself.
    fn scalars(source: &Map<String, Value>) -> Self {
        let is = |key: &str| source.get(key) == Some(&Value::Bool(true));
        let text = |key: &str| {
            source
                .get(key)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        let texts = |key: &str| -> Vec<String> {
            let all = source.get(key).and_then(Value::as_array).into_iter().flatten();
            all.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Self {
            kind: text("type").map(Type::of),
            nullable: is("nullable"),
            preserve: is("x-kubernetes-preserve-unknown-fields"),
            embedded: is("x-kubernetes-embedded-resource"),
            int_or_string: is("x-kubernetes-int-or-string"),
            default: source
                .get("default")
                .filter(|default| !default.is_null())
                .cloned(),
            list: match text("x-kubernetes-list-type") {
                Some("set") => ListType::Set,
                Some("map") => ListType::Map(texts("x-kubernetes-list-map-keys")),
                _ => ListType::Atomic,
            },
            limits: Limits::new(source, texts("required")),
            rules: source
                .get("x-kubernetes-validations")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .map(Rule::new)
                .collect(),
            ..Self::default()
        }
    }

    /// The node of a field or of a map's value.
    pub(super) fn child(&self, key: &str) -> Option<NodeId> {
        match (self.properties.get(key), self.additional) {
            (Some(id), _) => Some(*id),
            (None, Additional::Values(id)) => Some(id),
            _ => None,
        }
    }
}

impl Limits {
    fn new(source: &Map<String, Value>, required: Vec<String>) -> Self {
        let is = |key: &str| source.get(key) == Some(&Value::Bool(true));
        let number = |key: &str| source.get(key).and_then(Value::as_f64);
        let whole = |key: &str| source.get(key).and_then(Value::as_i64);
        let text = |key: &str| {
            source
                .get(key)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        let format_name = text("format")
            .filter(|name| Format::is_known(name))
            .unwrap_or_default();
        Self {
            format_name: format_name.to_owned(),
            format: Format::of(format_name),
            minimum: number("minimum"),
            exclusive_minimum: is("exclusiveMinimum"),
            maximum: number("maximum"),
            exclusive_maximum: is("exclusiveMaximum"),
            multiple_of: number("multipleOf"),
            min_length: whole("minLength"),
            max_length: whole("maxLength"),
            pattern: text("pattern").map(Pattern::new),
            min_items: whole("minItems"),
            max_items: whole("maxItems"),
            unique_items: is("uniqueItems"),
            min_properties: whole("minProperties"),
            max_properties: whole("maxProperties"),
            required,
            values: source
                .get("enum")
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default(),
        }
    }
}

impl Type {
    fn of(name: &str) -> Self {
        match name {
            "object" => Self::Object,
            "array" => Self::Array,
            "string" => Self::String,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            _ => Self::Other,
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Array => "array",
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Other => "",
        }
    }
}
