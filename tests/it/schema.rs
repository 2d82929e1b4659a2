//! Objects against the schemas of our CRDs.

use aliasgate::{
    crds,
    engine::{
        Severity,
        schema::{Schemas, check_crd},
    },
};
use serde_json::{Value, json};

fn schemas() -> Schemas {
    let mut schemas = Schemas::default();
    for crd in crds::all() {
        assert!(schemas.add(&crd).is_empty());
    }
    schemas
}

fn lines(kind: &str, spec: &Value) -> Vec<String> {
    let object = json!({
        "apiVersion": "agentgateway.dev/v1alpha1", "kind": kind, "metadata": {"name": "x"}, "spec": spec,
    });
    let diagnostics = schemas().check(&object, None);
    assert!(diagnostics.iter().all(|d| !d.help.is_empty()));
    let told = diagnostics.iter().filter(|one| one.severity > Severity::Note);
    told.map(|one| one.line().replace(" [schema-invalid]", ""))
        .collect()
}

fn backend(spec: &Value) -> Vec<String> {
    lines("AgentgatewayBackend", spec)
}

#[test]
fn the_seed_fits() {
    let spec = json!({
        "ai": {"provider": {"openai": {}}},
        "policies": {
            "auth": {"secretRef": {"name": "openai-secret"}},
            "ai": {"modelAliases": {"fast": "gpt-3.5-turbo", "smart": "gpt-4-turbo"}},
        },
    });
    assert!(backend(&spec).is_empty());
}

#[test]
fn unknown_fields_and_kinds_of_backend_fit() {
    let spec = json!({
        "ai": {"provider": {"openai": {}}},
        "newer": {"thing": [1, null]},
        "policies": {"tls": {"sni": "x"}, "newer": true},
    });
    assert!(backend(&spec).is_empty());
}

#[test]
fn a_target_that_is_no_string_is_named_with_its_type() {
    let spec = json!({"policies": {"ai": {"modelAliases": {"fast": 4, "smart": true}}}});
    assert_eq!(
        backend(&spec),
        [
            "spec.policies.ai.modelAliases[fast]: Invalid value: \"integer\": must be of type string: \"integer\"",
            "spec.policies.ai.modelAliases[smart]: Invalid value: \"boolean\": must be of type string: \"boolean\"",
        ]
    );
}

#[test]
fn explicit_null_means_not_set() {
    let spec = json!({
        "ai": {"provider": {"openai": {}}, "groups": null},
        "policies": {"ai": {"modelAliases": {"fast": null}}, "auth": null},
    });
    assert!(backend(&spec).is_empty());
    assert_eq!(
        backend(&json!({"ai": {"provider": {"vertexai": {"projectId": null}}}})),
        ["spec.ai.provider.vertexai.projectId: Required value"]
    );
}

#[test]
fn a_map_of_65_aliases_is_too_many() {
    let aliases: serde_json::Map<_, _> = (0..65).map(|n| (format!("a{n}"), json!("gpt-4o"))).collect();
    assert_eq!(
        backend(&json!({"policies": {"ai": {"modelAliases": aliases}}})),
        ["spec.policies.ai.modelAliases: Too many: 65: must have at most 64 items"]
    );
}

#[test]
fn every_fault_is_said_in_the_order_of_places() {
    let spec = json!({"ai": {"provider": {
        "azure": {"resourceName": "r", "resourceType": "Foundary"},
        "bedrock": {"region": "EU West"},
        "port": 70000,
        "openai": {"model": ""},
    }}});
    assert_eq!(
        backend(&spec),
        [
            "spec.ai.provider.azure.resourceType: \"Foundary\": unsupported value: supported values: \"OpenAI\", \"Foundry\"",
            "spec.ai.provider.bedrock.region: \"EU West\": should match '^[a-z0-9-]+$'",
            "spec.ai.provider.openai.model: \"\": should be at least 1 chars long",
            "spec.ai.provider.port: Invalid value: 70000: should be less than or equal to 65535",
        ]
    );
}

#[test]
fn empty_and_missing_parts_are_said() {
    assert_eq!(
        backend(&json!({"ai": {"provider": {"openai": {}}}, "policies": {"ai": {}}})),
        ["spec.policies.ai: Invalid value: 0: should have at least 1 properties"]
    );
    assert_eq!(
        backend(&json!({"ai": {"groups": []}})),
        ["spec.ai.groups: Invalid value: 0: should have at least 1 items"]
    );
    assert_eq!(
        backend(&json!({"ai": {"groups": [{"providers": [{"openai": {}}]}]}})),
        ["spec.ai.groups[0].providers[0].name: Required value"]
    );
    let no_spec = json!({"apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayBackend"});
    let diagnostics = schemas().check(&no_spec, None);
    let lines: Vec<_> = diagnostics.iter().map(|one| one.line()).collect();
    assert!(
        lines.contains(&"spec: Required value [schema-invalid]".to_owned()),
        "{lines:?}"
    );
}

#[test]
fn a_credential_in_a_wrong_place_is_not_printed() {
    let spec = json!({"policies": {"auth": "sk-secret", "ai": "sk-secret"}});
    let found = backend(&spec);
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|line| !line.contains("sk-secret")), "{found:?}");
}

#[test]
fn a_policy_has_at_most_16_targets() {
    let target = json!({"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "r"});
    let spec = json!({"targetRefs": vec![target; 17], "backend": {"ai": {"modelAliases": {}}}});
    assert_eq!(
        lines("AgentgatewayPolicy", &spec),
        ["spec.targetRefs: Too many: 17: must have at most 16 items"]
    );
}

#[test]
fn kinds_without_a_schema_are_left_alone() {
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "data": 4});
    assert!(schemas().check(&secret, None).is_empty());
}

/// A CRD whose objects have texts of any number and length, with this rule on each.
fn crd_with(rule: &Value) -> Value {
    let texts = json!({"type": "array", "items": {"type": "string", "x-kubernetes-validations": [rule]}});
    let spec = json!({"type": "object", "properties": {"texts": texts}});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"kind": "Thing", "plural": "things"},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
            }],
        },
    })
}

#[test]
fn a_rule_that_may_cost_too_much_is_refused_but_objects_are_still_judged_by_it() {
    let crd = crd_with(&json!({"rule": "self.contains('bad') == false", "message": "no"}));
    let found = check_crd(&crd);
    assert!(
        found
            .iter()
            .all(|one| one.severity == Severity::Error && !one.help.is_empty())
    );
    let place = "spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.texts.items.x-kubernetes-validations[0].rule";
    let line = "Forbidden: estimated rule cost exceeds budget by factor of more than 100x [schema-rule]";
    assert!(
        found.iter().any(|one| one.line() == format!("{place}: {line}")),
        "{found:?}"
    );
    let mut schemas = Schemas::default();
    assert!(schemas.add(&crd).is_empty());
    let object = json!({
        "apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "x"}, "spec": {"texts": ["good", "bad"]},
    });
    assert_eq!(schemas.check(&object, None).len(), 1);
}

#[test]
fn a_rule_with_too_many_parts_to_estimate_is_said_to_be_unchecked() {
    let rule = format!("oldSelf{}.hasValue()", ".optMap(x, x)".repeat(40));
    let mut crd = crd_with(&json!({"rule": rule, "optionalOldSelf": true}));
    let spec = "/spec/versions/0/schema/openAPIV3Schema/properties/spec";
    let spec = crd.pointer_mut(spec).expect("a schema");
    *spec = spec["properties"]["texts"]["items"].clone();
    let lines: Vec<_> = check_crd(&crd).iter().map(|one| one.line()).collect();
    let place = "spec.versions[0].schema.openAPIV3Schema.properties.spec.x-kubernetes-validations[0].rule";
    let line =
        "the cost of the rule is not checked: its macros repeat too many parts [schema-rule-unchecked]";
    assert_eq!(lines, [format!("{place}: {line}")]);
}
