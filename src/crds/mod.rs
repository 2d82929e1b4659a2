//! The CRDs, generated from Rust types.
//!
//! ModelCatalog is ours. The others describe what the checks read of agentgateway's kinds, with the limits and CEL
//! rules that its own CRDs enforce (agentgateway @75b4e6ce6). They serve tests and clusters without agentgateway;
//! where agentgateway's CRDs are installed, they are not needed. Fields that they do not know are preserved untouched.

mod backend;
mod catalog;
mod lifecycle;
mod policies;
mod policy;
mod provider;
mod rules;
mod structural;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use serde_json::Value;

use backend::AgentgatewayBackend;
use catalog::ModelCatalog;
use policy::AgentgatewayPolicy;

/// The group of agentgateway's own kinds.
const GATEWAY: &str = "agentgateway.dev";

/// The CRDs of ours as [`yaml`] writes them, each with the kind that it describes: faster than making them anew.
pub const FILES: [(&str, &str); 3] = [
    (
        "AgentgatewayBackend",
        include_str!("../../crds/agentgateway/agentgatewaybackends.yaml"),
    ),
    (
        "AgentgatewayPolicy",
        include_str!("../../crds/agentgateway/agentgatewaypolicies.yaml"),
    ),
    ("ModelCatalog", include_str!("../../crds/modelcatalogs.yaml")),
];

/// Every CRD of ours, as JSON, in the order of their names.
#[must_use]
pub fn all() -> Vec<Value> {
    [
        AgentgatewayBackend::crd(),
        AgentgatewayPolicy::crd(),
        ModelCatalog::crd(),
    ]
    .iter()
    .map(finish)
    .collect()
}

/// Whether `name` is the kind, plural, singular or short name of the CRD, in any case, with or without its group.
#[must_use]
pub fn is_called(crd: &Value, name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let text = |pointer| {
        crd.pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_ascii_lowercase()
    };
    let short = crd.pointer("/spec/names/shortNames").and_then(Value::as_array);
    [
        "/metadata/name",
        "/spec/names/kind",
        "/spec/names/plural",
        "/spec/names/singular",
    ]
    .iter()
    .any(|pointer| text(pointer) == name)
        || short.is_some_and(|short| short.iter().any(|short| *short == *name))
}

/// The kind of the objects that the CRD describes.
#[must_use]
pub fn kind(crd: &Value) -> &str {
    crd.pointer("/spec/names/kind")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The OpenAPI v3 schema of the CRD's only version.
#[must_use]
pub fn schema(crd: &Value) -> &Value {
    crd.pointer("/spec/versions/0/schema/openAPIV3Schema")
        .unwrap_or(&Value::Null)
}

/// The CRD as one YAML document.
#[must_use]
pub fn yaml(crd: &Value) -> String {
    format!(
        "---\n{}",
        serde_saphyr::to_string(crd).expect("JSON is plain data")
    )
}

fn finish(crd: &CustomResourceDefinition) -> Value {
    let mut crd = serde_json::to_value(crd).expect("a CRD is plain data");
    let gateway = crd["spec"]["group"] == GATEWAY;
    if let Some(schema) = crd.pointer_mut("/spec/versions/0/schema/openAPIV3Schema") {
        structural::root(schema, gateway);
    }
    crd
}
