//! Small resources for tests.

use std::sync::Arc;

use aliasgate::engine::{Catalogs, Date, Resource, Snapshot};
use serde_json::{Value, json};

/// The day that counts as today in tests.
pub(crate) const TODAY: Date = Date::constant(2026, 11, 23);

/// The resource in `value`.
pub(crate) fn resource(value: Value) -> Arc<Resource> {
    Arc::new(Resource::new(value).expect("a kind that the engine reads"))
}

/// A backend named `name` with this `spec`.
pub(crate) fn backend(name: &str, spec: &Value) -> Arc<Resource> {
    object("AgentgatewayBackend", name, spec)
}

/// A policy named `name` that sets `aliases` on these targets.
pub(crate) fn policy(name: &str, targets: &Value, aliases: &Value) -> Arc<Resource> {
    object(
        "AgentgatewayPolicy",
        name,
        &json!({"targetRefs": targets, "backend": {"ai": {"modelAliases": aliases}}}),
    )
}

fn object(kind: &str, name: &str, spec: &Value) -> Arc<Resource> {
    resource(json!({
        "apiVersion": "agentgateway.dev/v1alpha1", "kind": kind,
        "metadata": {"name": name, "namespace": "default"}, "spec": spec,
    }))
}

/// A snapshot without catalogs.
pub(crate) fn snapshot(resources: &[Arc<Resource>]) -> Snapshot {
    Snapshot::build(Arc::new(Catalogs::default()), resources.iter().cloned(), TODAY)
}
