//! Rules, schemas and objects that were never meant to be: none may panic, hang or overflow the stack.

use std::fs;

use aliasgate::engine::schema::{Schemas, check_crd};
use proptest::prelude::*;
use serde_json::{Value, json};

fn crd(schema: &Value) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "probes.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced", "names": {"kind": "Probe", "plural": "probes"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}],
        },
    })
}

fn judge(spec_schema: &Value, spec: &Value) {
    let crd = crd(&json!({"type": "object", "properties": {"spec": spec_schema}}));
    let _ = check_crd(&crd);
    let mut schemas = Schemas::default();
    schemas.add(&crd);
    let object =
        json!({"apiVersion": "example.com/v1", "kind": "Probe", "metadata": {"name": "x"}, "spec": spec});
    let _ = schemas.check(&object, None);
    let _ = schemas.check(&object, Some(&object));
}

/// The rules of the corpus.
fn rules() -> Vec<String> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/apiserver/corpus/rules.yaml");
    let text = fs::read_to_string(file).expect("readable");
    let document = aliasgate::sources::documents::read(&text)
        .documents
        .remove(0)
        .value;
    let rule = |probe: &Value| probe["rule"].as_str().map(str::to_owned);
    document
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(rule)
        .collect()
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(
        json!(null),
        |inner, _| json!({"a": [inner, 1e308, -0.0, u64::MAX, "\u{0}\u{10ffff}"]}),
    )
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    let name = prop_oneof![
        "[a-z]{1,2}",
        Just("type".to_owned()),
        Just("properties".to_owned()),
        Just("items".to_owned()),
        Just("anyOf".to_owned()),
        Just("not".to_owned()),
        Just("default".to_owned()),
        Just("pattern".to_owned()),
        Just("x-kubernetes-validations".to_owned()),
        Just("rule".to_owned()),
        Just("metadata".to_owned()),
        Just("x-kubernetes-list-type".to_owned()),
        Just("enum".to_owned()),
        Just("maximum".to_owned()),
    ];
    leaf.prop_recursive(5, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..6)
                .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_rule_with_letters_changed_is_judged(
        at in any::<prop::sample::Index>(), changes in prop::collection::vec((any::<prop::sample::Index>(), ".?"), 1..4),
    ) {
        let rules = rules();
        let mut rule: Vec<char> = at.get(&rules).chars().collect();
        for (place, text) in changes {
            let place = place.index(rule.len().max(1)).min(rule.len().saturating_sub(1));
            if !rule.is_empty() {
                rule.splice(place..=place, text.chars());
            }
        }
        let rule: String = rule.into_iter().collect();
        judge(&json!({"type": "string", "x-kubernetes-validations": [{"rule": rule}]}), &json!("a1é"));
    }

    #[test]
    fn any_schema_is_judged(schema in any_json(), spec in any_json()) {
        judge(&schema, &spec);
        let _ = check_crd(&schema);
        let _ = check_crd(&json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": schema}));
    }

    #[test]
    fn any_object_is_judged(spec in any_json()) {
        let schema = json!({"type": "object", "x-kubernetes-validations": [{"rule": "self.a == self.a"}], "properties": {
            "a": {"x-kubernetes-int-or-string": true}, "b": {"type": "string", "format": "date-time"},
            "c": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"], "items": {"type": "object"}},
        }});
        judge(&schema, &spec);
        let object = json!({"apiVersion": "example.com/v1", "kind": "Probe", "metadata": spec});
        let mut schemas = Schemas::default();
        schemas.add(&crd(&schema));
        let _ = schemas.check(&object, None);
    }

    #[test]
    fn any_pattern_is_judged(pattern in ".{0,24}") {
        judge(&json!({"type": "string", "pattern": pattern}), &json!("a1é"));
    }
}

#[test]
fn what_is_deep_or_large_is_judged() {
    let free = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    judge(&free, &nested(100));
    judge(
        &json!({"type": "object", "properties": {"a": {"type": "array", "items": free}}}),
        &nested(100),
    );
    let deep = (0..300).fold(
        json!({"type": "string"}),
        |inner, _| json!({"type": "array", "items": inner}),
    );
    judge(&deep, &json!([]));
}

#[test]
fn a_rule_ends_though_it_would_run_for_ever() {
    let rule = "lists.range(1000).all(a, lists.range(1000).all(b, lists.range(1000).all(c, a + b + c >= 0)))";
    let text = json!({"type": "string", "x-kubernetes-validations": [{"rule": rule}]});
    let crd = crd(&json!({"type": "object", "properties": {"spec": text}}));
    let mut schemas = Schemas::default();
    schemas.add(&crd);
    let object =
        json!({"apiVersion": "example.com/v1", "kind": "Probe", "metadata": {"name": "x"}, "spec": "a"});
    let found = schemas.check(&object, None);
    assert!(found[0].message.contains("cost limit exceeded"), "{found:?}");
}
