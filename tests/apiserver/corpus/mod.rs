//! The corpus: CRDs, objects, and what the API server says of them.
//!
//! `rules.yaml` has CEL rules, each on one value, `costs.yaml` rules on just as many values as they may cost, and
//! `definitions.yaml` CRDs; the files in `objects` have a CRD and objects of it each. The verdicts in `expected.json` were written by a real API server (`tests/apiserver/verdicts.rs`).

use std::{collections::BTreeMap, fs, path::PathBuf};

use aliasgate::sources::documents;
use serde_json::{Value, json};

/// One thing to judge.
pub(crate) struct Case {
    /// `file/number/what`, the key in `expected.json`.
    pub(crate) name: String,
    /// The CRD; it is what is judged where there is no object.
    pub(crate) crd: Value,
    pub(crate) object: Option<Value>,
    pub(crate) old: Option<Value>,
    /// Whether the old object was stored when the CRD was not strict yet.
    pub(crate) faulty: bool,
    /// Whether it has functions that newer API servers have, as ours does.
    pub(crate) newer: bool,
}

/// One refusal: the field and the reason, as `kubectl` gets them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Refusal {
    pub(crate) field: String,
    pub(crate) message: String,
}

/// Where it lies.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/apiserver/corpus")
}

/// The API server's refusals by the name of the case.
pub(crate) fn expected() -> BTreeMap<String, Vec<Refusal>> {
    let text = fs::read_to_string(folder().join("expected.json")).expect("readable");
    let all: BTreeMap<String, Vec<Value>> = serde_json::from_str(&text).expect("JSON");
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let refusal = |value: &Value| Refusal {
        field: text(value, "field"),
        message: text(value, "message"),
    };
    all.into_iter()
        .map(|(name, all)| (name, all.iter().map(refusal).collect()))
        .collect()
}

/// Every case that the API server has judged.
pub(crate) fn cases(expected: &BTreeMap<String, Vec<Refusal>>) -> Vec<Case> {
    let mut cases = rules(expected);
    let mut files: Vec<_> = fs::read_dir(folder().join("objects"))
        .expect("readable")
        .map(|entry| entry.expect("readable").path())
        .collect();
    files.sort();
    for file in files {
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        cases.extend(objects(&name, &fs::read_to_string(&file).expect("readable")));
    }
    cases.extend(definitions());
    cases.extend(costs());
    cases
}

/// A CRD of one version with this schema.
pub(crate) fn crd(kind: &str, schema: &Value) -> Value {
    let singular = kind.to_lowercase();
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{singular}s.corpus.example.com")},
        "spec": {
            "group": "corpus.example.com",
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": format!("{singular}s"), "singular": singular, "listKind": format!("{kind}List")},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}],
        },
    })
}

fn read(file: &str) -> Vec<Value> {
    let text = fs::read_to_string(folder().join(file)).expect("readable");
    let reading = documents::read(&text);
    assert!(reading.faults.is_empty(), "{file}: {:?}", reading.faults);
    reading
        .documents
        .into_iter()
        .map(|document| document.value)
        .collect()
}

/// The rules: each a CRD, and, where the API server takes it, an object of it.
fn rules(expected: &BTreeMap<String, Vec<Refusal>>) -> Vec<Case> {
    let mut cases = Vec::new();
    let document = read("rules.yaml").remove(0);
    for (at, probe) in document.as_array().expect("a list").iter().enumerate() {
        let mut schema = probe
            .get("schema")
            .cloned()
            .unwrap_or_else(|| json!({"type": "string", "maxLength": 100}));
        let mut rule = json!({"rule": probe["rule"]});
        for key in [
            "message",
            "messageExpression",
            "reason",
            "fieldPath",
            "optionalOldSelf",
        ] {
            if let Some(value) = probe.get(key).filter(|value| **value != "") {
                rule[key] = value.clone();
            }
        }
        schema["x-kubernetes-validations"] = json!([rule]);
        let property = format!("p{at}");
        let spec = json!({"type": "object", "properties": {&property: schema}});
        let crd = crd("Probe", &json!({"type": "object", "properties": {"spec": spec}}));
        let object = |value: &Value| json!({"apiVersion": "corpus.example.com/v1", "kind": "Probe", "metadata": {"name": "x"}, "spec": {&property: value}});
        let name = format!("rules/{at}/object");
        if expected.contains_key(&name) {
            let (value, old) = (object(&probe["value"]), probe.get("old").map(object));
            cases.push(Case {
                name,
                crd: crd.clone(),
                object: Some(value),
                old,
                faulty: false,
                newer: false,
            });
        }
        cases.push(Case {
            name: format!("rules/{at}/crd"),
            crd,
            object: None,
            old: None,
            faulty: false,
            newer: probe.get("newer").is_some(),
        });
    }
    cases
}

/// A file of objects: the CRD first, then `case`s with an `object`, or with a `spec`; `faulty` are those whose old object
/// the CRD itself would not take.
fn objects(file: &str, text: &str) -> Vec<Case> {
    let reading = documents::read(text);
    assert!(reading.faults.is_empty(), "{file}: {:?}", reading.faults);
    let mut documents = reading.documents.into_iter().map(|document| document.value);
    let crd = documents.next().expect("a CRD");
    let whole = |part: Option<&Value>, spec: Option<&Value>| {
        let text = |pointer: &str| {
            crd.pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let api_version = format!("{}/{}", text("/spec/group"), text("/spec/versions/0/name"));
        let spec = spec.map(|spec| json!({"metadata": {"name": "x"}, "spec": spec}));
        part.cloned().or(spec).map(|mut object| {
            for (key, value) in [("apiVersion", api_version), ("kind", text("/spec/names/kind"))] {
                if object.get(key).is_none() {
                    object[key] = value.into();
                }
            }
            object
        })
    };
    let mut cases = vec![Case {
        name: format!("{file}/crd"),
        crd: crd.clone(),
        object: None,
        old: None,
        faulty: false,
        newer: false,
    }];
    cases.extend(documents.map(|case| Case {
        name: format!("{file}/{}", case["case"].as_str().expect("a name")),
        crd: crd.clone(),
        object: whole(case.get("object"), case.get("spec")),
        old: whole(case.get("oldObject"), case.get("oldSpec")),
        faulty: case.get("faulty").is_some(),
        newer: false,
    }));
    cases
}

/// CRDs themselves: a `schema`, or a whole `crd`.
fn definitions() -> Vec<Case> {
    let document = read("definitions.yaml").remove(0);
    let case = |case: &Value| Case {
        name: format!("definitions/{}", case["case"].as_str().expect("a name")),
        crd: case
            .get("crd")
            .cloned()
            .unwrap_or_else(|| crd("Probe", &case["schema"])),
        object: None,
        old: None,
        faulty: false,
        newer: false,
    };
    document.as_array().expect("a list").iter().map(case).collect()
}

/// Rules on two maps, of which the second has one value too many.
fn costs() -> Vec<Case> {
    let document = read("costs.yaml").remove(0);
    let case = |(at, row): (usize, &Value)| {
        let mut schema = match (row.get("schema"), row.get("of").and_then(Value::as_str)) {
            (Some(schema), _) => schema.clone(),
            (None, Some(name)) => document["schemas"][name].clone(),
            (None, None) => json!({"type": "string", "maxLength": 100}),
        };
        let mut rule = json!({"rule": row["rule"]});
        if let Some(optional) = row.get("optionalOldSelf") {
            rule["optionalOldSelf"] = optional.clone();
        }
        schema["x-kubernetes-validations"] = json!([rule]);
        let most = row["most"].as_u64().expect("a number");
        let map =
            |most: u64| json!({"type": "object", "maxProperties": most, "additionalProperties": schema});
        let spec = json!({"type": "object", "properties": {"below": map(most), "above": map(most + 1)}});
        Case {
            name: format!("costs/{at}"),
            crd: crd("Probe", &json!({"type": "object", "properties": {"spec": spec}})),
            object: None,
            old: None,
            faulty: false,
            newer: false,
        }
    };
    let rules = document["rules"].as_array().expect("a list");
    rules.iter().enumerate().map(case).collect()
}
