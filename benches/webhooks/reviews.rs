//! Reviews as the API server sends them.

use bytes::Bytes;
use serde_json::{Map, Value, json};

/// Models that each server knows.
const TARGETS: [&str; 4] = ["gpt-5.4", "gpt-5.4-mini", "gpt-5.2", "gpt-5.5"];
/// Aliases of the backend.
const ALIASES: usize = 10;

/// An UPDATE of a backend of about `size` bytes, which changes a label.
pub(crate) fn update(size: usize) -> Bytes {
    let resource =
        json!({"group": "agentgateway.dev", "version": "v1alpha1", "resource": "agentgatewaybackends"});
    let kind = json!({"group": "agentgateway.dev", "version": "v1alpha1", "kind": "AgentgatewayBackend"});
    let review = json!({
        "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": kind, "resource": resource, "requestKind": kind, "requestResource": resource,
            "name": "openai", "namespace": "team", "operation": "UPDATE",
            "userInfo": {"username": "kubernetes-admin", "groups": ["system:masters", "system:authenticated"]},
            "object": backend(size, "new"), "oldObject": backend(size, "old"), "dryRun": false,
            "options": {"kind": "UpdateOptions", "apiVersion": "meta.k8s.io/v1", "fieldManager": "kubectl"},
        },
    });
    review.to_string().into()
}

/// A backend; what is missing to `size` bytes is half managedFields, half header policies of its spec.
fn backend(size: usize, label: &str) -> Value {
    let aliases: Map<_, _> = (0..ALIASES)
        .map(|at| (format!("alias-{at}"), json!(TARGETS[at % TARGETS.len()])))
        .collect();
    let mut backend = json!({
        "apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayBackend",
        "metadata": {
            "name": "openai", "namespace": "team", "labels": {"step": label}, "generation": 1,
            "uid": "5a6f3c1e-8a0c-4d5e-9d2b-0f5f4c6f7a11", "resourceVersion": "1234",
            "creationTimestamp": "2026-11-23T10:00:00Z", "managedFields": [],
        },
        "spec": {"ai": {"provider": {"openai": {}}}, "policies": {"ai": {"modelAliases": aliases}}},
    });
    let missing = size.saturating_sub(backend.to_string().len());
    let fields: Map<_, _> = numbered(missing / 2, "f:header-number-000000\":{},\"")
        .map(|at| (format!("f:header-number-{at:06}"), json!({})))
        .collect();
    let headers: Vec<_> = numbered(
        missing / 2,
        "{\"name\":\"header-number-000000\",\"value\":\"some value\"},",
    )
    .map(|at| json!({"name": format!("header-number-{at:06}"), "value": "some value"}))
    .collect();
    backend["metadata"]["managedFields"] =
        json!([{"manager": "kubectl", "operation": "Update", "fieldsV1": fields}]);
    backend["spec"]["policies"]["transformation"] = json!({"request": {"set": headers}});
    backend
}

fn numbered(bytes: usize, sample: &str) -> std::ops::Range<usize> {
    0..bytes / sample.len()
}
