//! The committed CRDs, and what the API server makes of them.

use std::{env, path::Path};

use gateway_api::httproutes::HttpRoute;
use kube_for_gateway_api::CustomResourceExt;
use serde_json::{Value, json};

use crate::{Test, World, cluster::Cluster, process::wait_for};

#[rustfmt::skip]
pub(crate) const TESTS: &[Test] = &[
    ("unknown_fields_are_stored_untouched", unknown_fields_are_stored_untouched),
    ("rules_of_backends_are_enforced", rules_of_backends_are_enforced),
    ("rules_of_providers_are_enforced", rules_of_providers_are_enforced),
    ("rules_of_policies_are_enforced", rules_of_policies_are_enforced),
    ("working_backends_of_every_form_are_stored", working_backends_of_every_form_are_stored),
    ("short_names_work", short_names_work),
    ("routes_of_gateway_api_are_stored", routes_of_gateway_api_are_stored),
];

/// Applies `crds/` and the CRD of HTTPRoute, and waits until all can be used.
pub(crate) fn install(cluster: &Cluster) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("crds");
    for folder in [dir.clone(), dir.join("agentgateway")] {
        cluster
            .kubectl(&["apply", "-k", &folder.display().to_string()])
            .expect_ok();
    }
    cluster.apply(&http_route().to_string());
    for crd in [
        "agentgatewaybackends",
        "agentgatewaypolicies",
        "httproutes",
        "modelcatalogs",
    ] {
        wait_for(crd, || {
            let said = cluster.kubectl(&["get", crd]);
            if said.ok { Ok(()) } else { Err(said.text()) }
        });
    }
}

/// The CRD of the gateway-api crate's type, with the annotation that its group is guarded by.
fn http_route() -> Value {
    let mut crd = serde_json::to_value(HttpRoute::crd()).expect("a CRD is plain data");
    crd["metadata"]["annotations"] =
        json!({"api-approved.kubernetes.io": "https://github.com/kubernetes-sigs/gateway-api/pull/1923"});
    crd
}

fn object(kind: &str, spec: &Value) -> String {
    json!({"apiVersion": "agentgateway.dev/v1alpha1", "kind": kind, "metadata": {"name": "x"}, "spec": spec})
        .to_string()
}

fn unknown_fields_are_stored_untouched(world: &World) {
    let namespace = world.cluster.namespace("unknown");
    let spec = json!({
        "ai": {"provider": {"openai": {"newer": {"a": [1, {"b": "c"}]}}, "newer": 1}},
        "policies": {"newer": true, "ai": {"newer": {}, "defaults": [{"field": "x", "value": 1}]}, "auth": {"newer": "x"}},
        "newer": "x",
    });
    namespace
        .apply("x.json", &object("AgentgatewayBackend", &spec))
        .expect_ok();
    assert_eq!(namespace.get("agbe/x")["spec"], spec);
}

/// Each spec is refused with these words.
fn refuses(world: &World, kind: &str, cases: &[(Value, &str)]) {
    let namespace = world.cluster.namespace("rules");
    for (spec, words) in cases {
        let manifest = object(kind, spec);
        namespace
            .file("x.json", &manifest)
            .kubectl("create --dry-run=server -f x.json")
            .expect_refused()
            .expect_says(words);
    }
}

fn rules_of_backends_are_enforced(world: &World) {
    let openai = json!({"provider": {"openai": {}}});
    let aliases: serde_json::Map<_, _> = (0..65).map(|n| (format!("a{n}"), json!("gpt-4o"))).collect();
    let twins = json!([{"name": "a", "openai": {}}, {"name": "a", "gemini": {}}]);
    let cases = [
        (
            json!({}),
            "exactly one of ai, static, dynamicForwardProxy, mcp, aws, a2a must be set",
        ),
        (json!({"ai": openai, "static": {}}), "exactly one of ai, static"),
        (json!({"ai": {}}), "exactly one of provider, groups must be set"),
        (
            json!({"ai": {"groups": [{"providers": twins}]}}),
            "provider names must be unique within a group",
        ),
        (
            json!({"static": {}, "policies": {"ai": {"modelAliases": {}}}}),
            "policies.ai needs an AI backend",
        ),
        (
            json!({"ai": openai, "policies": {"ai": {}}}),
            "should have at least 1 properties",
        ),
        (
            json!({"ai": openai, "policies": {"ai": {"modelAliases": aliases}}}),
            "must have at most 64 items",
        ),
        (
            json!({"static": {}, "policies": {"auth": {"key": "k", "gcp": {}}}}),
            "at most one of key, secretRef",
        ),
        (
            json!({"static": {}, "policies": {"auth": {"gcp": {}, "location": {}}}}),
            "location needs key",
        ),
    ];
    refuses(world, "AgentgatewayBackend", &cases);
}

fn rules_of_providers_are_enforced(world: &World) {
    let both = json!({"openai": {}, "path": "/a", "pathPrefix": "/b", "host": "h", "port": 1});
    let no_place = json!({"custom": {"formats": [{"type": "Completions"}]}});
    let no_format = json!({"custom": {"formats": []}, "host": "h", "port": 1});
    let two_paths = json!({
        "custom": {"formats": [{"type": "Completions", "path": "/x"}]}, "host": "h", "port": 1, "path": "/y",
    });
    let cases = [
        (json!({}), "exactly one of openai, azureopenai"),
        (
            json!({"openai": {}, "anthropic": {}}),
            "exactly one of openai, azureopenai",
        ),
        (
            json!({"openai": {}, "host": "h"}),
            "host and port must be set together",
        ),
        (
            json!({"openai": {}, "port": 443}),
            "host and port must be set together",
        ),
        (both, "path and pathPrefix must not both be set"),
        (json!({"openai": {}, "pathPrefix": "/b"}), "pathPrefix needs host"),
        (no_place, "custom needs exactly one of backendRef or host"),
        (no_format, "should have at least 1 items"),
        (two_paths, "paths of custom formats exclude path and pathPrefix"),
        (
            json!({"azure": {"resourceName": "r"}}),
            "resourceType: Required value",
        ),
        (
            json!({"azure": {"resourceName": "r", "resourceType": "Foundry"}}),
            "projectName is required",
        ),
        (
            json!({"azureopenai": {"endpoint": "e", "apiVersion": "2024-10-21"}}),
            "deploymentName is required",
        ),
        (
            json!({"bedrock": {"region": "EU"}}),
            "should match '^[a-z0-9-]+$'",
        ),
    ];
    let cases = cases.map(|(provider, words)| (json!({"ai": {"provider": provider}}), words));
    refuses(world, "AgentgatewayBackend", &cases);
}

fn rules_of_policies_are_enforced(world: &World) {
    let target = |kind: &str| json!({"group": "g", "kind": kind, "name": "n"});
    let ai = json!({"ai": {"modelAliases": {"fast": "gpt-4o"}}});
    let cases = [
        (
            json!({"targetRefs": [target("Gateway"), target("HTTPRoute")]}),
            "all targetRefs must have the same kind",
        ),
        (
            json!({"targetRefs": [target("Deployment")]}),
            "a policy attaches to Gateway",
        ),
        (
            json!({"targetRefs": vec![target("Gateway"); 17]}),
            "must have at most 16 items",
        ),
        (
            json!({"targetRefs": [target("Service")], "backend": ai}),
            "backend.ai cannot attach to a Service",
        ),
        (
            json!({"targetSelectors": [target("Service")], "backend": ai}),
            "backend.ai cannot attach to a Service",
        ),
    ];
    refuses(world, "AgentgatewayPolicy", &cases);
    let good = json!({"targetRefs": [target("AgentgatewayBackend")], "backend": ai, "traffic": {"cors": {}}});
    world
        .cluster
        .namespace("policy")
        .apply("x.json", &object("AgentgatewayPolicy", &good))
        .expect_ok();
}

fn working_backends_of_every_form_are_stored(world: &World) {
    let namespace = world.cluster.namespace("forms");
    let providers = [
        json!({"openai": {"model": "gpt-4o", "moderation": {"policy": {}}}}),
        json!({"openai": {}, "host": "llm.example", "port": 8000, "pathPrefix": "/api"}),
        json!({"azureopenai": {"endpoint": "x.openai.azure.com", "deploymentName": "d", "apiVersion": "2024-10-21"}}),
        json!({"azureopenai": {"endpoint": "x.openai.azure.com"}}),
        json!({"azure": {"resourceName": "r", "resourceType": "Foundry", "projectName": "p", "model": "m"}}),
        json!({"anthropic": {}}),
        json!({"gemini": {"model": "gemini-2.5-pro"}, "path": "/v1beta/x?y=z"}),
        json!({"vertexai": {"projectId": "p", "region": "us-central1"}}),
        json!({"bedrock": {"region": "eu-west-1", "guardrail": {"identifier": "g", "version": "1"}}}),
        json!({"bedrock": {}}),
        json!({"custom": {"formats": [{"type": "Messages", "path": "/m"}], "model": "m"}, "host": "h", "port": 80}),
        json!({"custom": {"formats": [{"type": "Rerank"}], "backendRef": {"name": "s", "port": 80}}}),
    ];
    let mut specs: Vec<Value> = providers
        .iter()
        .map(|provider| json!({"ai": {"provider": provider}}))
        .collect();
    let named = providers.iter().enumerate().map(|(n, provider)| {
        let mut named = provider.clone();
        named["name"] = format!("p{n}").into();
        named["policies"] =
            json!({"ai": {"modelAliases": {}, "routes": {"/v1/chat": "Completions", "*": "Passthrough"}}});
        named
    });
    specs.push(json!({"ai": {"groups": [{"providers": named.collect::<Vec<_>>()}]}}));
    specs.extend(
        ["static", "dynamicForwardProxy", "mcp", "aws", "a2a"].map(|kind| json!({kind: {"host": "h"}})),
    );
    for spec in specs {
        let manifest = object("AgentgatewayBackend", &spec);
        namespace
            .file("x.json", &manifest)
            .kubectl("create --dry-run=server -f x.json")
            .expect_ok();
    }
}

fn short_names_work(world: &World) {
    let namespace = world.cluster.namespace("short");
    for name in ["agbe", "agpol", "agentgateway"] {
        namespace.kubectl(&format!("get {name}")).expect_ok();
    }
}

fn routes_of_gateway_api_are_stored(world: &World) {
    let namespace = world.cluster.namespace("routes");
    let spec = json!({
        "parentRefs": [{"name": "gateway"}],
        "rules": [{
            "matches": [{"path": {"type": "PathPrefix", "value": "/openai"}}],
            "backendRefs": [{"group": "agentgateway.dev", "kind": "AgentgatewayBackend", "name": "openai"}],
        }],
    });
    let route = json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "x"}, "spec": spec,
    });
    namespace.apply("x.json", &route.to_string()).expect_ok();
    assert_eq!(namespace.get("httproute/x")["spec"], spec);
}
