//! The LLM providers of a backend.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    policies::Opaque,
    rules::{exactly_one_of, rule},
};

/// One LLM provider and how it is reached.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = exactly_one_of(&[
        "openai", "azureopenai", "azure", "anthropic", "gemini", "vertexai", "bedrock", "custom",
    ]),
    validation = rule("has(self.host) == has(self.port)", "host and port must be set together"),
    validation = rule(
        "!(has(self.path) && has(self.pathPrefix))",
        "path and pathPrefix must not both be set",
    ),
    validation = rule(
        "!has(self.pathPrefix) || has(self.host) || has(self.custom)",
        "pathPrefix needs host",
    ),
    validation = rule(
        "!has(self.custom) || has(self.custom.backendRef) != has(self.host)",
        "custom needs exactly one of backendRef or host",
    ),
    validation = rule(
        "!has(self.custom) || !self.custom.formats.exists(format, has(format.path)) || !(has(self.path) || has(self.pathPrefix))",
        "paths of custom formats exclude path and pathPrefix",
    )
)]
pub(super) struct LlmProvider {
    /// OpenAI.
    openai: Option<OpenAi>,
    /// Azure OpenAI by its endpoint.
    azureopenai: Option<AzureOpenAi>,
    /// Azure OpenAI or Foundry by its resource.
    azure: Option<Azure>,
    /// Anthropic.
    anthropic: Option<Model>,
    /// Google Gemini.
    gemini: Option<Model>,
    /// Google Vertex AI.
    vertexai: Option<VertexAi>,
    /// Amazon Bedrock.
    bedrock: Option<Bedrock>,
    /// Any server that speaks one of the known formats.
    custom: Option<Custom>,
    /// Host that stands in for the provider's own.
    host: Option<String>,
    /// Port of that host.
    #[schemars(range(min = 1, max = 65535))]
    port: Option<i32>,
    /// Path and query that stand in for the provider's own.
    path: Option<String>,
    /// Prefix that stands in for the provider's `/v1`.
    path_prefix: Option<String>,
}

/// A provider that needs nothing but, perhaps, a model.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
pub(super) struct Model {
    /// The model that every request gets, whatever it asks for.
    #[schemars(length(min = 1, max = 256))]
    model: Option<String>,
}

/// OpenAI.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
pub(super) struct OpenAi {
    /// The model that every request gets, whatever it asks for.
    #[schemars(length(min = 1, max = 256))]
    model: Option<String>,
    /// Moderation of prompts.
    moderation: Option<Opaque>,
}

/// Azure OpenAI by its endpoint.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rule(
    "!has(self.apiVersion) || self.apiVersion == 'v1' || has(self.deploymentName)",
    "deploymentName is required for this apiVersion",
))]
pub(super) struct AzureOpenAi {
    /// The endpoint's host, such as `example.openai.azure.com`.
    endpoint: String,
    /// The deployment that every request gets.
    #[schemars(length(min = 1, max = 256))]
    deployment_name: Option<String>,
    /// The version of the API; `v1` where it is not set.
    #[schemars(length(min = 1, max = 64))]
    api_version: Option<String>,
}

/// Azure OpenAI or Foundry by its resource.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rule(
    "self.resourceType != 'Foundry' || has(self.projectName)",
    "projectName is required where resourceType is Foundry",
))]
pub(super) struct Azure {
    /// Name of the Azure resource.
    resource_name: String,
    /// Its type.
    resource_type: AzureResourceType,
    /// The version of the API; `v1` where it is not set.
    #[schemars(length(min = 1, max = 64))]
    api_version: Option<String>,
    /// The project of a Foundry resource.
    project_name: Option<String>,
    /// The model that every request gets, whatever it asks for.
    #[schemars(length(min = 1, max = 256))]
    model: Option<String>,
}

/// The type of an Azure resource.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Copy)]
#[schemars(inline)]
pub(super) enum AzureResourceType {
    OpenAI,
    Foundry,
}

/// Google Vertex AI.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
#[serde(rename_all = "camelCase")]
pub(super) struct VertexAi {
    /// The Google Cloud project.
    project_id: String,
    /// Its region; `global` where it is not set.
    region: Option<String>,
    /// The model that every request gets, whatever it asks for.
    #[schemars(length(min = 1, max = 256))]
    model: Option<String>,
}

/// Amazon Bedrock.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
pub(super) struct Bedrock {
    /// The AWS region; `us-east-1` where it is not set.
    #[schemars(length(max = 63), regex(pattern = "^[a-z0-9-]+$"))]
    region: Option<String>,
    /// A guardrail that requests pass.
    guardrail: Option<Guardrail>,
    /// The model that every request gets, whatever it asks for.
    #[schemars(length(min = 1, max = 256))]
    model: Option<String>,
}

/// A guardrail of Bedrock.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
pub(super) struct Guardrail {
    /// Its id or ARN.
    identifier: String,
    /// Its version.
    version: String,
}

/// A server that speaks one of the known formats.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
#[serde(rename_all = "camelCase")]
pub(super) struct Custom {
    /// What it speaks.
    #[schemars(length(min = 1, max = 6))]
    formats: Vec<Format>,
    /// A Service or InferencePool of the cluster.
    backend_ref: Option<Opaque>,
    /// The model that every request gets, whatever it asks for.
    #[schemars(length(min = 1, max = 256))]
    model: Option<String>,
}

/// A format that a server speaks.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
pub(super) struct Format {
    /// Which one.
    #[serde(rename = "type")]
    kind: FormatType,
    /// Where it is spoken.
    path: Option<String>,
}

/// The formats.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Copy)]
#[schemars(inline)]
pub(super) enum FormatType {
    Completions,
    Messages,
    Responses,
    Embeddings,
    AnthropicTokenCount,
    Realtime,
    Rerank,
}
