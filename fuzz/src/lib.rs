//! What is fuzzed: the ways by which text of users comes in. None may panic, hang or take much memory.

use std::{
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use aliasgate::{
    crds,
    engine::{
        Date, Resource, Snapshot,
        check::check_normalized,
        pointer::join,
        schema::{Schemas, check_crd},
    },
    sources::{builtin, documents},
};
use serde_json::{Value, json};

/// Most places of a document that are looked up.
const MAX_PLACES: usize = 500;
/// Deepest nesting of the objects that are made out of a schema.
const MAX_DEPTH: usize = 6;
/// Longest time that one input may take, on a slow machine and without optimization.
const MAX_TIME: Duration = Duration::from_secs(10);

/// The CRDs of the product.
static BUILTIN: LazyLock<Schemas> = LazyLock::new(|| {
    let mut schemas = Schemas::default();
    for crd in crds::all() {
        schemas.add(&crd);
    }
    schemas
});

/// Any text as a manifest: what is read has places within the text, and is judged by schemas and as aliases.
pub fn documents(text: &str) {
    within_time(|| {
        let documents = documents::read(text).documents;
        let breaks = text.replace("\r\n", "\n").matches(['\n', '\r']).count();
        let lines = breaks + 1; // the end of a text is a place too
        for document in &documents {
            let mut left = MAX_PLACES;
            each_pointer(&document.value, "", &mut left, &mut |pointer| {
                for place in [
                    document.places.key(&document.value, pointer),
                    document.places.value(&document.value, pointer),
                ] {
                    assert!(place.line >= 1 && place.column >= 1 && place.width >= 1);
                    assert!(
                        place.line as usize <= lines,
                        "{pointer} is in line {}",
                        place.line
                    );
                }
            });
            drop(BUILTIN.check(&document.value, None));
            drop(check_crd(&document.value));
        }
        judge(documents.into_iter().map(|document| document.value));
    });
}

/// Checks the resources among `values` against each other.
fn judge(values: impl Iterator<Item = Value>) {
    let resources: Vec<_> = values.filter_map(Resource::new).map(Arc::new).collect();
    let day: Date = "2026-11-23".parse().expect("a date");
    let catalogs = Arc::new(builtin::catalogs());
    let snapshot = Snapshot::build(catalogs, resources.iter().cloned(), day);
    for resource in &resources {
        drop(check_normalized(&snapshot, resource));
    }
}

/// Any text as CRDs, and objects of them: those of the text and some that are made out of the schemas.
pub fn crds(text: &str) {
    within_time(|| {
        let values: Vec<_> = documents::read(text)
            .documents
            .into_iter()
            .map(|document| document.value)
            .collect();
        let mut schemas = Schemas::default();
        let mut objects: Vec<_> = values
            .iter()
            .filter(|value| !Schemas::is_crd(value))
            .cloned()
            .collect();
        for crd in &values {
            drop(check_crd(crd));
            schemas.add(crd);
            objects.extend(made(crd));
        }
        for object in &objects {
            drop(schemas.check(object, None));
            drop(schemas.check(object, objects.first()));
        }
    });
}

/// An object for each version of a CRD.
fn made(crd: &Value) -> Vec<Value> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let versions = crd.pointer("/spec/versions").and_then(Value::as_array);
    versions
        .into_iter()
        .flatten()
        .map(|version| {
            let schema = version.pointer("/schema/openAPIV3Schema").unwrap_or(&Value::Null);
            let mut object = match of_schema(schema, 0) {
                object @ Value::Object(_) => object,
                _ => json!({}),
            };
            object["apiVersion"] =
                format!("{}/{}", text(&crd["spec"]["group"]), text(&version["name"])).into();
            object["kind"] = text(&crd["spec"]["names"]["kind"]).into();
            object["metadata"] = json!({"name": "made"});
            object
        })
        .collect()
}

fn of_schema(schema: &Value, depth: usize) -> Value {
    let kind = schema.get("type").and_then(Value::as_str);
    if depth == MAX_DEPTH {
        return Value::Null;
    }
    match kind {
        Some("string") => "text".into(),
        Some("integer") => 7.into(),
        Some("number") => 7.5.into(),
        Some("boolean") => true.into(),
        Some("array") => {
            let item = of_schema(schema.get("items").unwrap_or(&Value::Null), depth + 1);
            vec![item.clone(), item].into()
        }
        Some("object") => {
            let properties = schema.get("properties").and_then(Value::as_object);
            let known = properties.into_iter().flatten();
            let mut fields: serde_json::Map<_, _> = known
                .map(|(key, schema)| (key.clone(), of_schema(schema, depth + 1)))
                .collect();
            if let Some(values) = schema.get("additionalProperties") {
                fields.insert("key".to_owned(), of_schema(values, depth + 1));
            }
            fields.into()
        }
        _ => json!({"a": ["b", 1]}),
    }
}

/// Any text as a CEL rule on values of every type, with and without an old value.
pub fn rules(text: &str) {
    let object = json!({
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 20},
            "count": {"type": "integer"},
            "tags": {"type": "array", "maxItems": 5, "x-kubernetes-list-type": "set", "items": {"type": "string"}},
            "ratio": {"type": "number"},
            "on": {"type": "boolean"},
            "port": {"x-kubernetes-int-or-string": true},
            "at": {"type": "string", "format": "date-time"},
            "for": {"type": "string", "format": "duration"},
            "map": {"type": "object", "additionalProperties": {"type": "integer"}},
        },
    });
    let full = json!({
        "name": "a", "count": 3, "tags": ["x", "y"], "ratio": 0.5, "on": true, "port": 80,
        "at": "2026-11-23T10:00:00Z", "for": "1h5m", "map": {"k": 1},
    });
    let cases = [
        (
            json!({"type": "string"}),
            vec![json!("h\u{e9}llo 1.2.3"), json!("")],
        ),
        (json!({"type": "integer"}), vec![json!(i64::MAX), json!(-1)]),
        (
            json!({"type": "array", "items": {"type": "integer"}}),
            vec![json!([3, 1, 2]), json!([])],
        ),
        (object, vec![full, json!({})]),
    ];
    within_time(|| {
        for (mut schema, values) in cases {
            schema["x-kubernetes-validations"] =
                json!([{"rule": text, "messageExpression": text, "optionalOldSelf": true}, {"rule": text}]);
            let crd = json!({
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {"name": "widgets.example.com"},
                "spec": {
                    "group": "example.com",
                    "scope": "Namespaced",
                    "names": {"kind": "Widget", "plural": "widgets", "singular": "widget", "listKind": "WidgetList"},
                    "versions": [{
                        "name": "v1", "served": true, "storage": true,
                        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"value": schema}}},
                    }],
                },
            });
            drop(check_crd(&crd));
            let mut schemas = Schemas::default();
            schemas.add(&crd);
            let object = |value: &Value| json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "value": value});
            let old = object(&values[0]);
            for value in &values {
                drop(schemas.check(&object(value), None));
                drop(schemas.check(&object(value), Some(&old)));
            }
        }
    });
}

/// Calls `go` with the pointer of every part, until `left` is used up.
fn each_pointer(value: &Value, pointer: &str, left: &mut usize, go: &mut impl FnMut(&str)) {
    if *left == 0 {
        return;
    }
    *left -= 1;
    go(pointer);
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                each_pointer(value, &join(pointer, key), left, go);
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                each_pointer(value, &join(pointer, &at.to_string()), left, go);
            }
        }
        _ => {}
    }
}

/// A hang is a fault like a panic.
fn within_time(work: impl FnOnce()) {
    let begun = Instant::now();
    work();
    assert!(begun.elapsed() < MAX_TIME, "it took {:?}", begun.elapsed());
}
