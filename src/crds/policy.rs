//! `AgentgatewayPolicy`: policies that attach to gateways, routes and backends.

use kube::{CustomResource, KubeSchema, core::Rule};
use serde::{Deserialize, Serialize};

use super::{
    policies::{Opaque, Policies},
    rules::rule,
};

/// The kinds that a policy can attach to.
const TARGET_KINDS: &str = "['Gateway', 'ListenerSet', 'XListenerSet', 'HTTPRoute', 'GRPCRoute', 'AgentgatewayBackend', \
                            'InferencePool', 'Service']";

/// Policies that attach to gateways, routes and backends.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Debug, Clone)]
#[kube(
    group = "agentgateway.dev",
    version = "v1alpha1",
    kind = "AgentgatewayPolicy",
    plural = "agentgatewaypolicies",
    shortname = "agpol",
    category = "agentgateway",
    namespaced,
    status = "PolicyStatus",
    doc = "Policies that attach to gateways, routes and backends.",
    printcolumn = r#"{"name": "Accepted", "type": "string", "jsonPath": ".status.ancestors[*].conditions[?(@.type==\"Accepted\")].status"}"#,
    printcolumn = r#"{"name": "Attached", "type": "string", "jsonPath": ".status.ancestors[*].conditions[?(@.type==\"Attached\")].status"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = no_service_with_ai("targetRefs"),
    validation = no_service_with_ai("targetSelectors")
)]
pub(super) struct PolicySpec {
    /// The objects of the same namespace that it attaches to, all of one kind.
    #[schemars(length(max = 16))]
    #[x_kube(
        validation = rule("self.all(target, target.kind == self[0].kind)", "all targetRefs must have the same kind"),
        validation = known_kinds()
    )]
    target_refs: Option<Vec<TargetRef>>,
    /// The same by labels.
    #[schemars(length(max = 16))]
    #[x_kube(
        validation = rule("self.all(target, target.kind == self[0].kind)", "all targetSelectors must have the same kind"),
        validation = known_kinds()
    )]
    target_selectors: Option<Vec<TargetSelector>>,
    /// What happens to requests on their way to a backend.
    backend: Option<Policies>,
    /// What happens to connections of clients.
    frontend: Option<Opaque>,
    /// What happens to requests before a backend is chosen.
    traffic: Option<Opaque>,
}

fn no_service_with_ai(targets: &str) -> Rule {
    rule(
        &format!(
            "!has(self.backend) || !has(self.backend.ai) || !has(self.{targets}) || \
             !self.{targets}.exists(target, target.kind == 'Service')"
        ),
        "backend.ai cannot attach to a Service",
    )
}

fn known_kinds() -> Rule {
    rule(
        &format!("self.all(target, target.kind in {TARGET_KINDS})"),
        "a policy attaches to Gateway, ListenerSet, HTTPRoute, GRPCRoute, AgentgatewayBackend, InferencePool or Service",
    )
}

/// An object that a policy attaches to.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
#[serde(rename_all = "camelCase")]
pub(super) struct TargetRef {
    /// API group; empty for the core group.
    #[schemars(length(max = 253))]
    group: Option<String>,
    /// Kind.
    #[schemars(length(min = 1, max = 63))]
    kind: String,
    /// Name.
    #[schemars(length(min = 1, max = 253))]
    name: String,
    /// A listener, a route rule, or a provider of a backend.
    #[schemars(length(min = 1, max = 253))]
    section_name: Option<String>,
}

/// Objects that a policy attaches to, by their labels.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
#[serde(rename_all = "camelCase")]
pub(super) struct TargetSelector {
    /// API group; empty for the core group.
    #[schemars(length(max = 253))]
    group: Option<String>,
    /// Kind.
    #[schemars(length(min = 1, max = 63))]
    kind: String,
    /// A listener, a route rule, or a provider of a backend.
    #[schemars(length(min = 1, max = 253))]
    section_name: Option<String>,
}

/// What controllers found, by the object that the policy reaches.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
pub(super) struct PolicyStatus {
    /// One entry an object and controller.
    #[schemars(length(max = 16))]
    ancestors: Option<Vec<Opaque>>,
}
