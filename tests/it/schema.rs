//! Objects against the schemas of our CRDs.

use aliasgate::{
    crds,
    engine::{Diagnostic, schema::Schemas},
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
    diagnostics.iter().map(Diagnostic::line).collect()
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
    let spec = json!({"newer": {"thing": [1, null]}, "policies": {"tls": {"sni": "x"}, "newer": true}});
    assert!(backend(&spec).is_empty());
}

#[test]
fn a_target_that_is_no_string_is_named_with_its_type() {
    let spec = json!({"policies": {"ai": {"modelAliases": {"fast": 4, "smart": true}}}});
    assert_eq!(
        backend(&spec),
        [
            "spec.policies.ai.modelAliases[fast]: must be of type string, not integer",
            "spec.policies.ai.modelAliases[smart]: must be of type string, not boolean",
        ]
    );
}

#[test]
fn explicit_null_means_not_set() {
    let spec = json!({"ai": null, "policies": {"ai": {"modelAliases": {"fast": null}}, "auth": null}});
    assert!(backend(&spec).is_empty());
    assert_eq!(
        backend(&json!({"ai": {"provider": {"vertexai": {"projectId": null}}}})),
        ["spec.ai.provider.vertexai.projectId: is required"]
    );
}

#[test]
fn a_map_of_65_aliases_is_too_many() {
    let aliases: serde_json::Map<_, _> = (0..65).map(|n| (format!("a{n}"), json!("gpt-4o"))).collect();
    assert_eq!(
        backend(&json!({"policies": {"ai": {"modelAliases": aliases}}})),
        ["spec.policies.ai.modelAliases: must have at most 64 entries, has 65"]
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
            "spec.ai.provider.azure.resourceType: \"Foundary\": is not supported; supported values: \"OpenAI\", \"Foundry\"",
            "spec.ai.provider.bedrock.region: \"EU West\": must match '^[a-z0-9-]+$'",
            "spec.ai.provider.openai.model: \"\": must have at least 1 character",
            "spec.ai.provider.port: must be at most 65535, not 70000",
        ]
    );
}

#[test]
fn empty_and_missing_parts_are_said() {
    assert_eq!(
        backend(&json!({"policies": {"ai": {}}})),
        ["spec.policies.ai: must have at least 1 field"]
    );
    assert_eq!(
        backend(&json!({"ai": {"groups": []}})),
        ["spec.ai.groups: must have at least 1 item"]
    );
    assert_eq!(
        backend(&json!({"ai": {"groups": [{"providers": [{"openai": {}}]}]}})),
        ["spec.ai.groups[0].providers[0].name: is required"]
    );
    let no_spec = json!({"apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayBackend"});
    let diagnostics = schemas().check(&no_spec, None);
    assert!(diagnostics.iter().any(|one| one.line() == "spec: Required value [schema-invalid]"), "{diagnostics:?}");
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
        ["spec.targetRefs: must have at most 16 items, has 17"]
    );
}

#[test]
fn kinds_without_a_schema_are_left_alone() {
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "data": 4});
    assert!(schemas().check(&secret, None).is_empty());
}

