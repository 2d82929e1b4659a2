//! `metadata`, of the object itself and of resources within it.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::{
    names, prune,
    refusal::{Path, Reason, Refusal, Shown},
    structural::{NodeId, Schema},
};

/// Most that all annotations hold together.
const MAX_ANNOTATIONS: usize = 256 * 1024; // bytes

/// The fields of ObjectMeta and of what stands in it.
const FIELDS: &[&str] = &[
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
];
const OWNER_FIELDS: &[&str] = &[
    "apiVersion",
    "kind",
    "name",
    "uid",
    "controller",
    "blockOwnerDeletion",
];
const MANAGED_FIELDS: &[&str] = &[
    "manager",
    "operation",
    "apiVersion",
    "time",
    "fieldsType",
    "fieldsV1",
    "subresource",
];

/// The types of ObjectMeta: what the API server's decoder takes. Null means "not there" everywhere.
static SHAPE: LazyLock<Validator> = LazyLock::new(|| {
    let text = json!({"type": ["string", "null"]});
    let number = json!({"type": ["integer", "null"]});
    let flag = json!({"type": ["boolean", "null"]});
    let time = json!({"type": ["string", "null"], "pattern": "^(\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d([.,]\\d+)?(Z|[+-]\\d\\d:\\d\\d))$"});
    let texts = json!({"type": ["object", "null"], "additionalProperties": text});
    let owner = json!({"type": ["object", "null"], "properties": {
        "apiVersion": text, "kind": text, "name": text, "uid": text, "controller": flag, "blockOwnerDeletion": flag,
    }});
    let managed = json!({"type": ["object", "null"], "properties": {
        "manager": text, "operation": text, "apiVersion": text, "time": time, "fieldsType": text, "subresource": text,
    }});
    let shape = json!({"type": ["object", "null"], "properties": {
        "name": text, "generateName": text, "namespace": text, "selfLink": text, "uid": text, "resourceVersion": text,
        "generation": number, "creationTimestamp": time, "deletionTimestamp": time, "deletionGracePeriodSeconds": number,
        "labels": texts, "annotations": texts,
        "ownerReferences": {"type": ["array", "null"], "items": owner},
        "finalizers": {"type": ["array", "null"], "items": text},
        "managedFields": {"type": ["array", "null"], "items": managed},
    }});
    jsonschema::options().build(&shape).expect("a schema of ours")
});

/// How the names of resources of one kind are judged.
type Name = fn(&str, bool) -> Vec<String>;

/// Judges `metadata` of a whole resource.
pub(super) fn check(resource: &Map<String, Value>, old: Option<&Value>, out: &mut Vec<Refusal>) {
    let path = Path::Key(&Path::Root, "metadata");
    let empty = Value::Null;
    let metadata = resource.get("metadata").unwrap_or(&empty);
    if !shape(metadata, &path, out) {
        return;
    }
    let text = |key: &str| metadata.get(key).and_then(Value::as_str).unwrap_or_default();
    if text("name").is_empty() && text("generateName").is_empty() {
        let detail = "name or generateName is required";
        out.push(
            Refusal::new(
                &Path::Key(&path, "name"),
                Reason::Required,
                Shown::Nothing,
                detail,
            )
            .help("name it"),
        );
    }
    let name: Name = |name, prefix| {
        if prefix {
            names::subdomain(&names::prefix(name))
        } else {
            names::subdomain(name)
        }
    };
    names_of(metadata, name, &path, out);
    let namespace = Path::Key(&path, "namespace");
    // Of kinds of the whole cluster, the API server drops it.
    if !text("namespace").is_empty() {
        faults(
            names::label(text("namespace")),
            text("namespace"),
            &namespace,
            out,
        );
    }
    common(metadata, &path, out);
    for key in ["name", "namespace"] {
        let before = old
            .and_then(|old| old.get("metadata")?.get(key)?.as_str())
            .unwrap_or_default();
        if old.is_some() && !before.is_empty() && before != text(key) {
            let shown = Shown::Text(text(key).to_owned());
            let refusal = Refusal::new(
                &Path::Key(&path, key),
                Reason::Invalid,
                shown,
                "field is immutable",
            );
            out.push(refusal.help("delete the object and create it anew"));
        }
    }
}

/// Judges the resources within `value`.
pub(super) fn embedded(schema: &Schema, id: NodeId, value: &Value, path: &Path<'_>, out: &mut Vec<Refusal>) {
    let node = schema.node(id);
    match value {
        Value::Object(fields) => {
            if node.embedded {
                resource(fields, path, out);
            }
            for (key, value) in fields {
                if let Some(child) = node.child(key) {
                    embedded(schema, child, value, &Path::Key(path, key), out);
                }
            }
        }
        Value::Array(items) => {
            if let Some(child) = node.items {
                for (at, item) in items.iter().enumerate() {
                    embedded(schema, child, item, &Path::Index(path, at), out);
                }
            }
        }
        _ => {}
    }
}

fn resource(fields: &Map<String, Value>, path: &Path<'_>, out: &mut Vec<Refusal>) {
    for key in ["apiVersion", "kind"] {
        let place = Path::Key(path, key);
        let refuse = |shown, detail: String| {
            Refusal::new(&place, Reason::Invalid, shown, detail).help("write a kind of Kubernetes")
        };
        match fields.get(key) {
            None => out.push(Refusal::new(&place, Reason::Required, Shown::Nothing, "").help("set it")),
            Some(Value::String(text)) if text.is_empty() => {
                out.push(refuse(Shown::Text(String::new()), "must not be empty".to_owned()));
            }
            Some(Value::String(text)) if key == "apiVersion" && text.matches('/').count() > 1 => {
                out.push(refuse(
                    Shown::Text(text.clone()),
                    format!("unexpected GroupVersion string: {text}"),
                ));
            }
            Some(Value::String(text)) if key == "kind" => {
                let wrong = names::label_1035(&text.to_lowercase());
                if !wrong.is_empty() {
                    let detail = format!(
                        "may have mixed case, but should otherwise match: {}",
                        wrong.join(",")
                    );
                    out.push(refuse(Shown::Text(text.clone()), detail));
                }
            }
            Some(Value::String(_)) => {}
            Some(other) => out.push(refuse(Shown::of(other), "must be a string".to_owned())),
        }
    }
    let place = Path::Key(path, "metadata");
    if let Some(metadata) = fields.get("metadata")
        && shape(metadata, &place, out)
    {
        names_of(metadata, |name, _| segment(name), &place, out);
        if let Some(namespace) = metadata
            .get("namespace")
            .and_then(Value::as_str)
            .filter(|name| !name.is_empty())
        {
            faults(
                names::label(namespace),
                namespace,
                &Path::Key(&place, "namespace"),
                out,
            );
        }
        common(metadata, &place, out);
    }
}

/// What a name in a path of the API may not be.
fn segment(name: &str) -> Vec<String> {
    if matches!(name, "." | "..") {
        return vec![format!("may not be '{name}'")];
    }
    let bad = ['/', '%'].into_iter().filter(|c| name.contains(*c));
    bad.map(|c| format!("may not contain '{c}'")).collect()
}

/// Whether everything in `metadata` has its type; says where not.
fn shape(metadata: &Value, path: &Path<'_>, out: &mut Vec<Refusal>) -> bool {
    if SHAPE.is_valid(metadata) {
        return true;
    }
    for error in SHAPE.iter_errors(metadata) {
        let kind = match error.instance().as_ref() {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let detail = format!("cannot unmarshal {kind} into this field of ObjectMeta");
        let mut refusal = Refusal::new(path, Reason::Invalid, Shown::Nothing, detail)
            .help("write it in the type of the field");
        refusal.pointer.push_str(error.instance_path().as_str());
        out.push(refusal);
    }
    false
}

fn faults(faults: Vec<String>, text: &str, path: &Path<'_>, out: &mut Vec<Refusal>) {
    for fault in faults {
        out.push(Refusal::new(path, Reason::Invalid, Shown::Text(text.to_owned()), fault).help("correct it"));
    }
}

fn names_of(metadata: &Value, judge: Name, path: &Path<'_>, out: &mut Vec<Refusal>) {
    for (key, prefix) in [("generateName", true), ("name", false)] {
        let name = metadata.get(key).and_then(Value::as_str).unwrap_or_default();
        if !name.is_empty() {
            faults(judge(name, prefix), name, &Path::Key(path, key), out);
        }
    }
}

/// What holds for the metadata of every resource.
fn common(metadata: &Value, path: &Path<'_>, out: &mut Vec<Refusal>) {
    let list = |key: &str| {
        metadata
            .get(key)
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default()
    };
    let map = |key: &str| metadata.get(key).and_then(Value::as_object).into_iter().flatten();
    if metadata
        .get("generation")
        .and_then(Value::as_i64)
        .is_some_and(|generation| generation < 0)
    {
        let detail = "must be greater than or equal to 0";
        let place = Path::Key(path, "generation");
        out.push(
            Refusal::new(
                &place,
                Reason::Invalid,
                Shown::of(&metadata["generation"]),
                detail,
            )
            .help("leave it out"),
        );
    }
    let labels = Path::Key(path, "labels");
    for (key, value) in map("labels") {
        faults(names::qualified(key), key, &labels, out);
        let value = value.as_str().unwrap_or_default();
        faults(names::label_value(value), value, &labels, out);
    }
    let annotations = Path::Key(path, "annotations");
    let mut size = 0;
    for (key, value) in map("annotations") {
        faults(names::qualified(&key.to_lowercase()), key, &annotations, out);
        size += key.len() + value.as_str().map_or(0, str::len);
    }
    if size > MAX_ANNOTATIONS {
        let detail = format!("may not be more than {MAX_ANNOTATIONS} bytes");
        out.push(Refusal::new(&annotations, Reason::TooLong, Shown::Nothing, detail).help("shorten them"));
    }
    let finalizers = Path::Key(path, "finalizers");
    for name in list("finalizers").iter().filter_map(Value::as_str) {
        faults(names::qualified(name), name, &finalizers, out);
    }
    owners(list("ownerReferences"), &Path::Key(path, "ownerReferences"), out);
    for (at, entry) in list("managedFields").iter().enumerate() {
        let list = Path::Key(path, "managedFields");
        let place = Path::Index(&list, at);
        let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
        if !matches!(text("operation"), "Apply" | "Update") {
            let shown = Shown::Text(text("operation").to_owned());
            let detail = "must be `Apply` or `Update`";
            out.push(
                Refusal::new(&Path::Key(&place, "operation"), Reason::Invalid, shown, detail)
                    .help("leave managedFields out"),
            );
        }
        if !matches!(text("fieldsType"), "" | "FieldsV1") {
            let shown = Shown::Text(text("fieldsType").to_owned());
            let detail = "must be `FieldsV1`";
            out.push(
                Refusal::new(&Path::Key(&place, "fieldsType"), Reason::Invalid, shown, detail)
                    .help("leave managedFields out"),
            );
        }
    }
}

fn owners(owners: &[Value], path: &Path<'_>, out: &mut Vec<Refusal>) {
    let mut controllers = 0;
    for owner in owners {
        let text = |key: &str| owner.get(key).and_then(Value::as_str).unwrap_or_default();
        for key in ["apiVersion", "kind", "name", "uid"] {
            if text(key).is_empty() {
                let detail = if key == "apiVersion" {
                    "version must not be empty"
                } else {
                    "must not be empty"
                };
                let shown = Shown::Text(String::new());
                out.push(Refusal::new(&Path::Key(path, key), Reason::Invalid, shown, detail).help("set it"));
            }
        }
        controllers += usize::from(owner.get("controller") == Some(&Value::Bool(true)));
    }
    if controllers > 1 {
        let detail = "Only one reference can have Controller set to true";
        out.push(Refusal::new(path, Reason::Invalid, Shown::Nothing, detail).help("leave one controller"));
    }
}

/// The fields of `metadata`, of the object and of resources within it, that nobody knows.
pub(super) fn unknown(schema: &Schema, value: &Value, out: &mut Vec<Refusal>) {
    unknown_in(value.get("metadata"), &Path::Root, out);
    unknown_below(schema, 0, value, &Path::Root, out);
}

fn unknown_below(schema: &Schema, id: NodeId, value: &Value, path: &Path<'_>, out: &mut Vec<Refusal>) {
    let node = schema.node(id);
    match value {
        Value::Object(fields) => {
            if node.embedded && !matches!(path, Path::Root) {
                unknown_in(fields.get("metadata"), path, out);
            }
            for (key, value) in fields {
                if let Some(child) = node.child(key) {
                    unknown_below(schema, child, value, &Path::Key(path, key), out);
                }
            }
        }
        Value::Array(items) => {
            if let Some(child) = node.items {
                for (at, item) in items.iter().enumerate() {
                    unknown_below(schema, child, item, &Path::Index(path, at), out);
                }
            }
        }
        _ => {}
    }
}

/// The fields of one `metadata` that nobody knows.
pub(super) fn unknown_in(metadata: Option<&Value>, parent: &Path<'_>, out: &mut Vec<Refusal>) {
    let path = Path::Key(parent, "metadata");
    let mut judge = |value: &Value, known: &[&str], path: &Path<'_>| {
        for key in value
            .as_object()
            .into_iter()
            .flat_map(Map::keys)
            .filter(|key| !known.contains(&key.as_str()))
        {
            out.push(prune::refusal(&Path::Key(path, key)));
        }
    };
    let Some(metadata) = metadata else { return };
    judge(metadata, FIELDS, &path);
    for (key, known) in [
        ("ownerReferences", OWNER_FIELDS),
        ("managedFields", MANAGED_FIELDS),
    ] {
        let list = Path::Key(&path, key);
        for (at, item) in metadata
            .get(key)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .enumerate()
        {
            judge(item, known, &Path::Index(&list, at));
        }
    }
}
