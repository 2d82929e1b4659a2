//! `AgentgatewayBackend`: where requests go.

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::{
    policies::{Opaque, Policies},
    provider::LlmProvider,
    rules::{exactly_one_of, rule},
};

/// A destination of requests: an LLM provider, an MCP server, a static host and others.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Debug, Clone)]
#[kube(
    group = "agentgateway.dev",
    version = "v1alpha1",
    kind = "AgentgatewayBackend",
    plural = "agentgatewaybackends",
    shortname = "agbe",
    category = "agentgateway",
    namespaced,
    status = "BackendStatus",
    doc = "A destination of requests: an LLM provider, an MCP server, a static host and others.",
    printcolumn = r#"{"name": "Accepted", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Accepted\")].status"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = exactly_one_of(&["ai", "static", "dynamicForwardProxy", "mcp", "aws", "a2a"]),
    validation = rule(
        "!has(self.policies) || !has(self.policies.ai) || has(self.ai)",
        "policies.ai needs an AI backend: set spec.ai",
    )
)]
pub(super) struct BackendSpec {
    /// One LLM provider, or groups of them that fail over.
    ai: Option<Ai>,
    /// A fixed host and port.
    #[serde(rename = "static")]
    fixed: Option<Opaque>,
    /// The host that the request names.
    dynamic_forward_proxy: Option<Opaque>,
    /// MCP servers.
    mcp: Option<Opaque>,
    /// An AWS service.
    aws: Option<Opaque>,
    /// An A2A agent.
    a2a: Option<Opaque>,
    /// What happens to requests on their way to this backend.
    policies: Option<Policies>,
}

/// The LLM providers of a backend.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
#[x_kube(validation = exactly_one_of(&["provider", "groups"]))]
pub(super) struct Ai {
    /// The only provider.
    provider: Option<LlmProvider>,
    /// Groups by priority: the first is used while it is healthy.
    #[schemars(length(min = 1, max = 8))]
    groups: Option<Vec<Group>>,
}

/// Providers of equal priority.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
pub(super) struct Group {
    /// Requests are balanced over these.
    #[schemars(length(min = 1, max = 16))]
    #[x_kube(validation = rule(
        "self.all(one, self.exists_one(other, one.name == other.name))",
        "provider names must be unique within a group",
    ))]
    providers: Vec<NamedProvider>,
}

/// A provider within a group.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
pub(super) struct NamedProvider {
    /// What policies call it by (`sectionName`).
    #[schemars(length(min = 1, max = 253))]
    name: String,
    /// What happens to requests on their way to this provider.
    policies: Option<Policies>,
    /// The provider itself.
    #[serde(flatten)]
    provider: LlmProvider,
}

/// What the controller found.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
pub(super) struct BackendStatus {
    /// `Accepted`, and whatever else a controller says.
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".to_owned()]))]
    conditions: Option<Vec<Condition>>,
}

/// One thing that the controller found.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
pub(super) struct Condition {
    /// What it is about.
    #[serde(rename = "type")]
    kind: String,
    /// `True`, `False` or `Unknown`.
    status: String,
}
