//! Whether a schema is structural: every field has one type, and nested alternatives only limit values.

use serde_json::{Map, Value};

use crate::engine::schema::{
    re2,
    refusal::{Path, Reason, Refusal, Shown},
};

const HELP: &str = "make the schema structural; see the Kubernetes documentation on structural schemas";

type Node = Map<String, Value>;

/// Where a part of the schema stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

/// Says where the schema is not structural.
pub(super) fn check(schema: &Value, out: &mut Vec<Refusal>) {
    spine(schema, Level::Root, &Path::Root, out);
}

fn text<'a>(node: &'a Node, key: &str) -> &'a str {
    node.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn is(node: &Node, key: &str) -> bool {
    node.get(key) == Some(&Value::Bool(true))
}

fn list<'a>(node: &'a Node, key: &str) -> &'a [Value] {
    node.get(key)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

fn properties(node: &Node) -> impl Iterator<Item = (&String, &Value)> {
    node.get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

fn refuse(out: &mut Vec<Refusal>, path: &Path<'_>, key: &str, reason: Reason, detail: &str) {
    out.push(Refusal::new(&Path::Key(path, key), reason, Shown::Nothing, detail).help(HELP));
}

fn wrong_type(out: &mut Vec<Refusal>, path: &Path<'_>, node: &Node, detail: &str) {
    let shown = Shown::Text(text(node, "type").to_owned());
    out.push(Refusal::new(&Path::Key(path, "type"), Reason::Invalid, shown, detail).help(HELP));
}

/// A node that says what a value is.
fn spine(value: &Value, level: Level, path: &Path<'_>, out: &mut Vec<Refusal>) {
    let Some(node) = value.as_object() else { return };
    let kind = text(node, "type");
    let (embedded, preserve) = (
        is(node, "x-kubernetes-embedded-resource"),
        is(node, "x-kubernetes-preserve-unknown-fields"),
    );
    let int_or_string = is(node, "x-kubernetes-int-or-string");
    match node.get("items").filter(|items| items.is_object()) {
        Some(items) => spine(items, Level::Item, &Path::Key(path, "items"), out),
        None if kind == "array" && !list_items(node) => {
            refuse(out, path, "items", Reason::Required, "must be specified")
        }
        None => {}
    }
    let properties_path = Path::Key(path, "properties");
    for (name, property) in properties(node) {
        spine(property, Level::Field, &Path::Key(&properties_path, name), out);
    }
    let additional = node
        .get("additionalProperties")
        .filter(|additional| !additional.is_null());
    if let Some(additional) = additional {
        if level == Level::Root {
            refuse(
                out,
                path,
                "additionalProperties",
                Reason::Forbidden,
                "must not be used at the root",
            );
        }
        spine(
            additional,
            Level::Field,
            &Path::Key(path, "additionalProperties"),
            out,
        );
        if embedded {
            let detail = "must not be used if x-kubernetes-embedded-resource is set";
            refuse(out, path, "additionalProperties", Reason::Forbidden, detail);
        }
    }
    for (set, key) in [
        (preserve, "x-kubernetes-preserve-unknown-fields"),
        (embedded, "x-kubernetes-embedded-resource"),
    ] {
        if int_or_string && set {
            refuse(
                out,
                path,
                key,
                Reason::Invalid,
                "must be false if x-kubernetes-int-or-string is true",
            );
        }
    }
    let outer = (level == Level::Root).then_some((Some(node), path));
    limits(node, outer, path, out);
    type_of(node, level, path, out);
    if level == Level::Root || embedded {
        metadata(node, level, &properties_path, out);
    }
    if embedded && !preserve && properties(node).next().is_none() {
        let detail = "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
        refuse(out, path, "properties", Reason::Required, detail);
    }
}

/// Every node of the spine has a type.
fn type_of(node: &Node, level: Level, path: &Path<'_>, out: &mut Vec<Refusal>) {
    let kind = text(node, "type");
    let free = is(node, "x-kubernetes-int-or-string") || is(node, "x-kubernetes-preserve-unknown-fields");
    if is(node, "x-kubernetes-embedded-resource") && kind != "object" {
        let detail = "must be object if x-kubernetes-embedded-resource is true";
        if kind.is_empty() {
            refuse(out, path, "type", Reason::Required, detail);
        } else {
            wrong_type(out, path, node, detail);
        }
    } else if kind.is_empty() && !free {
        let detail = match level {
            Level::Root => "must not be empty at the root",
            Level::Item => "must not be empty for specified array items",
            Level::Field => "must not be empty for specified object fields",
        };
        refuse(out, path, "type", Reason::Required, detail);
    }
    if level == Level::Root && !kind.is_empty() && kind != "object" {
        wrong_type(out, path, node, "must be object at the root");
    }
}

/// Whether `items` is a list, which is refused elsewhere.
fn list_items(node: &Node) -> bool {
    node.get("items").is_some_and(Value::is_array)
}

/// The fields that every resource has.
fn metadata(node: &Node, level: Level, path: &Path<'_>, out: &mut Vec<Refusal>) {
    for (name, property) in properties(node) {
        let Some(property) = property.as_object() else {
            continue;
        };
        let place = Path::Key(path, name);
        match name.as_str() {
            "kind" | "apiVersion" if text(property, "type") != "string" => {
                wrong_type(out, &place, property, "must be string");
            }
            "metadata" => {
                if text(property, "type") != "object" {
                    wrong_type(out, &place, property, "must be object");
                }
                let known = |key: &str| matches!(key, "type" | "properties" | "default");
                let named =
                    properties(property).all(|(name, _)| matches!(name.as_str(), "name" | "generateName"));
                if level == Level::Root && (!named || !property.keys().all(|key| known(key))) {
                    let detail = "must not specify anything other than name and generateName, but metadata is implicitly specified";
                    out.push(Refusal::new(&place, Reason::Forbidden, Shown::Nothing, detail).help(HELP));
                }
            }
            _ => {}
        }
    }
}

/// What the schema says of a value outside of alternatives, and where; only asked for below the root's.
type Outer<'a> = Option<(Option<&'a Node>, &'a Path<'a>)>;

/// The limits of a node and what is nested in them.
fn limits(node: &Node, outer: Outer<'_>, path: &Path<'_>, out: &mut Vec<Refusal>) {
    for key in ["anyOf", "allOf", "oneOf"] {
        let place = Path::Key(path, key);
        for (at, part) in list(node, key).iter().enumerate() {
            let skip = match key {
                "anyOf" => is_int_or_string(list(node, "anyOf")),
                _ => false,
            };
            if !skip {
                let alone = key == "allOf"
                    && at == 0
                    && part
                        .get("anyOf")
                        .and_then(Value::as_array)
                        .is_some_and(|any| is_int_or_string(any));
                nested(part, outer, alone, &Path::Index(&place, at), out);
            }
        }
    }
    if let Some(not) = node.get("not") {
        nested(not, outer, false, &Path::Key(path, "not"), out);
    }
    let pattern = text(node, "pattern");
    if let Some(error) = (!pattern.is_empty())
        .then(|| re2::compile(pattern).err())
        .flatten()
    {
        let detail = format!("must be a valid regular expression, but isn't: {error}");
        let shown = Shown::Text(pattern.to_owned());
        out.push(
            Refusal::new(&Path::Key(path, "pattern"), Reason::Invalid, shown, detail)
                .help("correct the pattern; its syntax is RE2's"),
        );
    }
}

/// `[{type: integer}, {type: string}]`, the one alternative of types that is allowed.
fn is_int_or_string(parts: &[Value]) -> bool {
    let only = |part: &Value, kind: &str| {
        part.as_object()
            .is_some_and(|part| part.len() == 1 && text(part, "type") == kind)
    };
    matches!(parts, [a, b] if only(a, "integer") && only(b, "string"))
}

/// What must not stand in an alternative, and why.
const FORBIDDEN: &[(&str, &str)] = &[
    ("type", "must be empty to be structural"),
    ("default", "must be undefined to be structural"),
    ("title", "must be empty to be structural"),
    ("description", "must be empty to be structural"),
    ("nullable", "must be false to be structural"),
    (
        "x-kubernetes-preserve-unknown-fields",
        "must be false to be structural",
    ),
    ("x-kubernetes-embedded-resource", "must be false to be structural"),
    ("x-kubernetes-int-or-string", "must be false to be structural"),
    ("x-kubernetes-list-map-keys", "must be empty to be structural"),
    ("x-kubernetes-list-type", "must be undefined to be structural"),
    ("x-kubernetes-map-type", "must be undefined to be structural"),
    ("x-kubernetes-validations", "must be empty to be structural"),
];

/// A part of an alternative.
fn nested(value: &Value, outer: Outer<'_>, int_or_string: bool, path: &Path<'_>, out: &mut Vec<Refusal>) {
    let Some(node) = value.as_object() else { return };
    if int_or_string {
        let mut rest = node.clone();
        rest.remove("anyOf");
        limits(&rest, outer, path, out);
    } else {
        limits(node, outer, path, out);
    }
    for (key, detail) in FORBIDDEN {
        let empty = match node.get(*key) {
            None | Some(Value::Null | Value::Bool(false)) => true,
            Some(Value::String(text)) => text.is_empty(),
            Some(Value::Array(list)) => list.is_empty(),
            Some(_) => false,
        };
        if !empty {
            refuse(out, path, key, Reason::Forbidden, detail);
        }
    }
    let additional = node.get("additionalProperties");
    if additional.is_some_and(|additional| !additional.is_null() && *additional != Value::Bool(false)) {
        refuse(
            out,
            path,
            "additionalProperties",
            Reason::Forbidden,
            "must be undefined to be structural",
        );
    }
    // What an alternative speaks of must be there outside of it.
    let missing = |out: &mut Vec<Refusal>, inner: Option<&Node>, outside: &Path<'_>| {
        if inner.is_none() {
            let detail = format!(
                "because it is defined in {}",
                crate::engine::pointer::field_path(&path.pointer())
            );
            out.push(Refusal::new(outside, Reason::Required, Shown::Nothing, detail).help(HELP));
        }
    };
    if let Some(items) = node.get("items").filter(|items| items.is_object()) {
        let place = Path::Key(path, "items");
        match outer {
            Some((Some(node), at)) => {
                let (inner, outside) = (
                    node.get("items").and_then(Value::as_object),
                    Path::Key(at, "items"),
                );
                missing(out, inner, &outside);
                nested(items, Some((inner, &outside)), false, &place, out);
            }
            _ => nested(items, None, false, &place, out),
        }
    }
    let list = Path::Key(path, "properties");
    for (name, property) in properties(node) {
        let place = Path::Key(&list, name);
        if name == "metadata" {
            let detail = "must not be specified in a nested context";
            out.push(Refusal::new(&place, Reason::Forbidden, Shown::Nothing, detail).help(HELP));
        }
        match outer {
            Some((Some(node), at)) => {
                let inner = node.get("properties").and_then(|all| all.get(name)?.as_object());
                let all = Path::Key(at, "properties");
                let outside = Path::Key(&all, name);
                missing(out, inner, &outside);
                nested(property, Some((inner, &outside)), false, &place, out);
            }
            _ => nested(property, None, false, &place, out),
        }
    }
}
