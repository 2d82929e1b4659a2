//! `x-kubernetes-list-type`, its keys, and `x-kubernetes-map-type`.

use serde_json::Value;

use super::keywords::{Node, list, object, refuse, text};
use crate::engine::schema::refusal::{Path, Reason, Refusal};

fn must_be(node: &Node, wanted: &str, keyword: &str, path: &Path<'_>, out: &mut Vec<Refusal>) -> bool {
    let kind = text(node, "type");
    if kind != wanted {
        let detail = format!("must be {wanted} if {keyword} is specified");
        let reason = if kind.is_empty() {
            Reason::Required
        } else {
            Reason::Invalid
        };
        refuse(out, path, "type", reason, kind, &detail);
    }
    kind == wanted
}

pub(super) fn map_type(node: &Node, path: &Path<'_>, out: &mut Vec<Refusal>) {
    let Some(kind) = node.get("x-kubernetes-map-type").and_then(Value::as_str) else {
        return;
    };
    must_be(node, "object", "x-kubernetes-map-type", path, out);
    if !matches!(kind, "atomic" | "granular") {
        let detail = "supported values: \"atomic\", \"granular\"";
        refuse(
            out,
            path,
            "x-kubernetes-map-type",
            Reason::NotSupported,
            kind,
            detail,
        );
    }
}

pub(super) fn list_type(node: &Node, path: &Path<'_>, out: &mut Vec<Refusal>) {
    let keys = list(node, "x-kubernetes-list-map-keys");
    let kind = node.get("x-kubernetes-list-type").and_then(Value::as_str);
    let of = "x-kubernetes-list-type";
    if !keys.is_empty() && kind != Some("map") {
        let detail = "must be map if x-kubernetes-list-map-keys is non-empty";
        let reason = if kind.is_none() {
            Reason::Required
        } else {
            Reason::Invalid
        };
        refuse(out, path, of, reason, kind.unwrap_or_default(), detail);
    }
    let Some(kind) = kind else { return };
    let is_list = must_be(node, "array", of, path, out);
    if !matches!(kind, "atomic" | "set" | "map") {
        refuse(
            out,
            path,
            of,
            Reason::NotSupported,
            kind,
            "supported values: \"atomic\", \"set\", \"map\"",
        );
    }
    let items = object(node, "items");
    let place = Path::Key(path, "items");
    if kind == "set" && is_list {
        let detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
        match items.map(|items| (text(items, "type"), items)) {
            Some(("array", items)) if !matches!(text(items, of), "" | "atomic") => {
                refuse(out, &place, of, Reason::Invalid, text(items, of), detail);
            }
            Some(("object", items)) if text(items, "x-kubernetes-map-type") != "atomic" => {
                refuse(out, &place, "x-kubernetes-map-type", Reason::Invalid, "", detail);
            }
            _ => {}
        }
    }
    if matches!(kind, "set" | "map")
        && items.is_some_and(|items| items.get("nullable") == Some(&Value::Bool(true)))
    {
        let detail = format!("cannot be nullable when x-kubernetes-list-type is {kind}");
        refuse(out, &place, "nullable", Reason::Forbidden, "", &detail);
    }
    if kind == "map" {
        list_map(node, keys, items, path, out);
    }
}

fn list_map(node: &Node, keys: &[Value], items: Option<&Node>, path: &Path<'_>, out: &mut Vec<Refusal>) {
    let of = "x-kubernetes-list-map-keys";
    if keys.is_empty() {
        refuse(
            out,
            path,
            of,
            Reason::Required,
            "",
            "must not be empty if x-kubernetes-list-type is map",
        );
    }
    let Some(items) = items else {
        if !node.contains_key("items") {
            refuse(
                out,
                path,
                "items",
                Reason::Required,
                "",
                "must have a schema if x-kubernetes-list-type is map",
            );
        }
        return;
    };
    let place = Path::Key(path, "items");
    if text(items, "type") != "object" {
        let detail = "must be object if parent array's x-kubernetes-list-type is map";
        return refuse(out, &place, "type", Reason::Invalid, text(items, "type"), detail);
    }
    let properties = Path::Key(&place, "properties");
    let required = list(items, "required");
    for (at, key) in keys.iter().enumerate() {
        let name = key.as_str().unwrap_or_default();
        if keys[..at].contains(key) {
            refuse(
                out,
                path,
                of,
                Reason::Invalid,
                name,
                "must not contain duplicate entries",
            );
        }
        let Some(property) = object(items, "properties").and_then(|all| object(all, name)) else {
            refuse(
                out,
                path,
                of,
                Reason::Invalid,
                name,
                "entries must all be names of item properties",
            );
            continue;
        };
        let place = Path::Key(&properties, name);
        if matches!(text(property, "type"), "array" | "object") {
            let detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
            refuse(
                out,
                &place,
                "type",
                Reason::Invalid,
                text(property, "type"),
                detail,
            );
        }
        if !required.contains(key) && property.get("default").is_none_or(Value::is_null) {
            let detail = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
            refuse(out, &place, "default", Reason::Required, "", detail);
        }
        if property.get("nullable") == Some(&Value::Bool(true)) {
            let detail = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
            refuse(out, &place, "nullable", Reason::Forbidden, "", detail);
        }
    }
}
