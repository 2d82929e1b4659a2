//! Keywords that CRDs do not support, and the rules of lists, maps and CEL entries.

use serde_json::{Map, Value};

use super::list_types;
use crate::engine::schema::{
    field_path,
    refusal::{Path, Reason, Refusal, Shown},
    structural::{NodeId, Schema},
};

/// A node of a schema as JSON.
pub(super) type Node = Map<String, Value>;

const TYPES: &[&str] = &["array", "boolean", "integer", "number", "object", "string"];
const REASONS: &[&str] = &[
    "FieldValueDuplicate",
    "FieldValueForbidden",
    "FieldValueInvalid",
    "FieldValueRequired",
];
const META: &[&str] = &["apiVersion", "kind", "metadata"];

/// Where a node stands.
#[derive(Clone, Copy, Default)]
struct Place<'a> {
    root: bool,
    /// Within `apiVersion`, `kind` or `metadata` of a resource.
    in_meta: bool,
    /// Why there may be no default.
    no_default: Option<&'a str>,
}

/// Says which keywords are wrong.
pub(super) fn check(source: &Value, schema: &Schema, out: &mut Vec<Refusal>) {
    if source.get("nullable") == Some(&Value::Bool(true)) {
        let place = Path::Key(&Path::Root, "nullable");
        out.push(Refusal::new(
            &place,
            Reason::Forbidden,
            Shown::Nothing,
            "nullable cannot be true at the root",
        ));
    }
    walk(
        source,
        Some((schema, 0)),
        Place {
            root: true,
            ..Place::default()
        },
        &Path::Root,
        out,
    );
}

/// Keywords that may stand at the root of a schema whose status is a subresource.
const ROOT: &[&str] = &[
    "description",
    "type",
    "format",
    "title",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "multipleOf",
    "required",
    "items",
    "properties",
    "externalDocs",
    "example",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-validations",
];

/// Says which keywords may not stand at the root of a schema whose status is a subresource.
pub(super) fn root_with_status(source: &Value, out: &mut Vec<Refusal>) {
    let empty = |value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    };
    let odd = source
        .as_object()
        .into_iter()
        .flatten()
        .find(|(key, value)| !ROOT.contains(&key.as_str()) && !empty(value));
    if let Some((key, _)) = odd {
        let detail =
            format!("{key} is not allowed at the root of the schema if the status subresource is enabled");
        let refusal = Refusal::new(&Path::Root, Reason::Invalid, Shown::Nothing, detail);
        out.push(refusal.help("move it below the root"));
    }
}

pub(super) fn text<'a>(node: &'a Node, key: &str) -> &'a str {
    node.get(key).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn list<'a>(node: &'a Node, key: &str) -> &'a [Value] {
    node.get(key)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

pub(super) fn object<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    node.get(key).and_then(Value::as_object)
}

pub(super) fn refuse(
    out: &mut Vec<Refusal>,
    path: &Path<'_>,
    key: &str,
    reason: Reason,
    shown: &str,
    detail: &str,
) {
    let shown = match (reason, shown) {
        (Reason::Forbidden | Reason::Required, _) | (_, "") => Shown::Nothing,
        (_, shown) => Shown::Text(shown.to_owned()),
    };
    out.push(
        Refusal::new(&Path::Key(path, key), reason, shown, detail)
            .help("see kubectl explain crd.spec.versions.schema"),
    );
}

fn walk(
    value: &Value,
    at: Option<(&Schema, NodeId)>,
    place: Place<'_>,
    path: &Path<'_>,
    out: &mut Vec<Refusal>,
) {
    let Some(node) = value.as_object() else { return };
    unsupported(node, place, path, out);
    list_types::list_type(node, path, out);
    list_types::map_type(node, path, out);
    rules(node, at, path, out);
    let child = |id: Option<NodeId>| at.and_then(|(schema, _)| Some((schema, id?)));
    let here = at.map(|(schema, id)| schema.node(id));
    if let Some(additional) = node.get("additionalProperties") {
        let mixed = object(node, "properties").is_some_and(|properties| !properties.is_empty());
        if mixed && *additional != Value::Bool(true) && !additional.is_null() {
            let detail = "additionalProperties and properties are mutual exclusive";
            refuse(out, path, "additionalProperties", Reason::Forbidden, "", detail);
        }
        let no_default = place
            .in_meta
            .then_some("inside additionalProperties applying to object metadata");
        let below = Place {
            root: false,
            no_default: no_default.or(place.no_default),
            ..place
        };
        let id = here.and_then(|node| match node.additional {
            crate::engine::schema::structural::Additional::Values(id) => Some(id),
            _ => None,
        });
        walk(
            additional,
            child(id),
            below,
            &Path::Key(path, "additionalProperties"),
            out,
        );
    }
    let properties = Path::Key(path, "properties");
    let whole = place.root || node.get("x-kubernetes-embedded-resource") == Some(&Value::Bool(true));
    for (name, property) in object(node, "properties").into_iter().flatten() {
        let meta = whole && META.contains(&name.as_str());
        let top = (place.root && meta).then_some("in top-level apiVersion, kind or metadata");
        let below = Place {
            root: false,
            in_meta: place.in_meta || meta,
            no_default: top.or(place.no_default),
        };
        let id = here.and_then(|node| node.properties.get(name).copied());
        walk(property, child(id), below, &Path::Key(&properties, name), out);
    }
    let below = Place { root: false, ..place };
    if let Some(not) = node.get("not") {
        walk(not, None, below, &Path::Key(path, "not"), out);
    }
    for key in ["allOf", "anyOf", "oneOf"] {
        let place = Path::Key(path, key);
        for (at, part) in list(node, key).iter().enumerate() {
            walk(part, None, below, &Path::Index(&place, at), out);
        }
    }
    if let Some(items) = node.get("items").filter(|items| items.is_object()) {
        walk(
            items,
            child(here.and_then(|node| node.items)),
            below,
            &Path::Key(path, "items"),
            out,
        );
    }
}

fn unsupported(node: &Node, place: Place<'_>, path: &Path<'_>, out: &mut Vec<Refusal>) {
    let kind = text(node, "type");
    if !kind.is_empty() && !TYPES.contains(&kind) {
        let all: Vec<_> = TYPES.iter().map(|kind| format!("{kind:?}")).collect();
        refuse(
            out,
            path,
            "type",
            Reason::NotSupported,
            kind,
            &format!("supported values: {}", all.join(", ")),
        );
    }
    if let Some(why) = place
        .no_default
        .filter(|_| node.get("default").is_some_and(|default| !default.is_null()))
    {
        refuse(
            out,
            path,
            "default",
            Reason::Forbidden,
            "",
            &format!("must not be set {why}"),
        );
    }
    for key in [
        "id",
        "$schema",
        "$ref",
        "additionalItems",
        "patternProperties",
        "definitions",
        "dependencies",
    ] {
        let set = node.get(key).is_some_and(|value| match value {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            Value::Object(fields) => key == "dependencies" || key == "additionalItems" || !fields.is_empty(),
            _ => true,
        });
        if set {
            refuse(
                out,
                path,
                key,
                Reason::Forbidden,
                "",
                &format!("{key} is not supported"),
            );
        }
    }
    misused(node, place, path, out);
}

/// Keywords that are supported, but not so.
fn misused(node: &Node, place: Place<'_>, path: &Path<'_>, out: &mut Vec<Refusal>) {
    if node
        .get("items")
        .is_some_and(|items| items.as_array().is_some_and(|items| !items.is_empty()))
    {
        refuse(
            out,
            path,
            "items",
            Reason::Forbidden,
            "",
            "items must be a schema object and not an array",
        );
    }
    if node.get("uniqueItems") == Some(&Value::Bool(true)) {
        let detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        refuse(out, path, "uniqueItems", Reason::Forbidden, "", detail);
    }
    if place.in_meta && node.get("x-kubernetes-embedded-resource") == Some(&Value::Bool(true)) {
        let detail = "must not be used inside of resource meta";
        refuse(
            out,
            path,
            "x-kubernetes-embedded-resource",
            Reason::Forbidden,
            "",
            detail,
        );
    }
    if node.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(false)) {
        let place = Path::Key(path, "x-kubernetes-preserve-unknown-fields");
        let shown = Shown::Other("false".to_owned());
        out.push(Refusal::new(&place, Reason::Invalid, shown, "must be true or undefined").help("remove it"));
    }
}

/// What is wrong with the entries of `x-kubernetes-validations`, the expressions aside.
fn rules(node: &Node, at: Option<(&Schema, NodeId)>, path: &Path<'_>, out: &mut Vec<Refusal>) {
    let all = Path::Key(path, "x-kubernetes-validations");
    for (number, entry) in list(node, "x-kubernetes-validations").iter().enumerate() {
        let Some(rule) = entry.as_object() else { continue };
        let place = Path::Index(&all, number);
        let breaks = |text: &str| text.contains(['\n', '\r']);
        let (expression, message) = (text(rule, "rule").trim(), text(rule, "message"));
        if expression.is_empty() {
            refuse(out, &place, "rule", Reason::Required, "", "rule is not specified");
        } else if !message.is_empty() && message.trim().is_empty() {
            refuse(
                out,
                &place,
                "message",
                Reason::Invalid,
                message,
                "must be non-empty if specified",
            );
        } else if breaks(message.trim()) {
            refuse(
                out,
                &place,
                "message",
                Reason::Invalid,
                message,
                "must not contain line breaks",
            );
        } else if breaks(expression) && message.trim().is_empty() {
            let detail = "message must be specified if rule contains line breaks";
            refuse(out, &place, "message", Reason::Required, "", detail);
        }
        let own = text(rule, "messageExpression");
        if !own.is_empty() && own.trim().is_empty() {
            let detail = "messageExpression must be non-empty if specified";
            refuse(out, &place, "messageExpression", Reason::Required, "", detail);
        }
        if let Some(reason) = rule
            .get("reason")
            .and_then(Value::as_str)
            .filter(|reason| !REASONS.contains(reason))
        {
            let all: Vec<_> = REASONS.iter().map(|reason| format!("{reason:?}")).collect();
            let detail = format!("supported values: {}", all.join(", "));
            refuse(out, &place, "reason", Reason::NotSupported, reason, &detail);
        }
        let field = text(rule, "fieldPath");
        let bad = at.is_some_and(|(schema, id)| field_path::steps(field, schema, id).is_err());
        if !field.is_empty() && (field.trim().is_empty() || breaks(field) || bad) {
            refuse(
                out,
                &place,
                "fieldPath",
                Reason::Invalid,
                field,
                "must be a valid path",
            );
        }
    }
}
