//! `ModelCatalog`: what an admin says about the models of a provider.

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    lifecycle::Lifecycle,
    rules::{at_least_one_of, rule},
};

/// The providers that are presets of `custom`, and that need no selector since they have a host of their own.
const PRESETS: &str = "['mistral', 'deepseek', 'xai', 'cohere', 'groq', 'openrouter', 'togetherai', 'fireworks', \
                       'cerebras', 'deepinfra', 'baseten', 'huggingface', 'ollama']";

/// What an admin says about the models of a provider: additions, denials, successors, private models, and the whole
/// list of a server that no built-in catalog describes.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Debug, Clone)]
#[kube(
    group = "aliasgate.dev",
    version = "v1alpha1",
    kind = "ModelCatalog",
    plural = "modelcatalogs",
    shortname = "mcat",
    category = "aliasgate",
    status = "CatalogStatus",
    doc = "What an admin says about the models of a provider: additions, denials, successors, private models, and the whole list of a server that no built-in catalog describes.",
    printcolumn = r#"{"name": "Provider", "type": "string", "jsonPath": ".spec.provider"}"#,
    printcolumn = r#"{"name": "Preset", "type": "string", "jsonPath": ".spec.preset"}"#,
    printcolumn = r#"{"name": "Models", "type": "integer", "jsonPath": ".status.models"}"#,
    printcolumn = r#"{"name": "AsOf", "type": "string", "jsonPath": ".spec.asOf"}"#,
    printcolumn = r#"{"name": "Accepted", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Accepted\")].status"}"#,
    printcolumn = r#"{"name": "Conflicts", "type": "integer", "jsonPath": ".status.conflicts"}"#,
    printcolumn = r#"{"name": "Discovered", "type": "date", "jsonPath": ".status.lastDiscovery", "priority": 1}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = rule("self.provider == 'custom' || !has(self.preset)", "only provider custom has presets"),
    validation = rule(
        &format!(
            "self.provider != 'custom' || has(self.selector) || (has(self.preset) && self.preset in {PRESETS})"
        ),
        "a catalog of a custom provider needs a selector",
    )
)]
pub(super) struct CatalogSpec {
    /// Whose ids; `custom` for all that have no field of their own in an AgentgatewayBackend.
    provider: Provider,
    /// Which server a custom provider is: mistral, groq, ollama, vllm, or whatever it is called.
    #[schemars(length(min = 1, max = 32))]
    preset: Option<String>,
    /// The places that it speaks for; without it, all places of the provider.
    selector: Option<Selector>,
    /// The day on which the facts were gathered; without it, they do not age.
    #[schemars(extend("format" = "date"))]
    as_of: Option<String>,
    /// Overlay (the default): catalogs of less weight count where this one says nothing. Replace: they do not count.
    merge: Option<Merge>,
    /// Complete: there is no model that is not listed. Partial (the default): there may be.
    completeness: Option<Completeness>,
    /// What becomes of a target that is not listed.
    unknown_models: Option<Action>,
    /// What becomes of a target that is switched off.
    retired_models: Option<Action>,
    /// From when on before its retirement a model is warned of, in days: 90d (the default).
    #[schemars(length(max = 5), regex(pattern = "^[0-9]{1,4}d$"))]
    warn_before_retirement: Option<String>,
    /// What ids look like that are not listed; the first that fits counts.
    #[schemars(length(max = 32))]
    families: Option<Vec<Family>>,
    /// Ids, with `*` for any text; all others are denied.
    #[schemars(length(max = 256), inner(length(min = 1, max = 256)))]
    allow: Option<Vec<String>>,
    /// What is denied, whatever else is said.
    #[schemars(length(max = 256))]
    deny: Option<Vec<Denial>>,
    /// What is listed.
    #[schemars(length(max = 1024))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["id".to_owned()]))]
    models: Option<Vec<Model>>,
}

/// The providers.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Copy)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum Provider {
    OpenAi,
    Azure,
    Anthropic,
    Gemini,
    VertexAi,
    Bedrock,
    Custom,
}

/// The places that a catalog speaks for: those that fit all of what is said.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = at_least_one_of(&["hosts", "namespaces", "backendSelector"]))]
pub(super) struct Selector {
    /// Host names without a port; `*.` at the front stands for any part before it.
    #[schemars(
        length(min = 1, max = 32),
        inner(length(min = 1, max = 253), regex(pattern = r"^(\*\.)?[A-Za-z0-9._-]+$"))
    )]
    hosts: Option<Vec<String>>,
    /// Namespaces of the backends.
    #[schemars(length(min = 1, max = 64), inner(length(min = 1, max = 63)))]
    namespaces: Option<Vec<String>>,
    /// Labels of the backends.
    backend_selector: Option<BackendSelector>,
}

/// Labels that a backend must have.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
#[serde(rename_all = "camelCase")]
pub(super) struct BackendSelector {
    /// All of them.
    #[schemars(extend("minProperties" = 1, "maxProperties" = 16))]
    match_labels: BTreeMap<String, LabelValue>,
}

/// The value of a label.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone)]
#[schemars(inline)]
pub(super) struct LabelValue(#[schemars(length(max = 63))] String);

/// What becomes of catalogs of less weight.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Copy)]
#[schemars(inline)]
pub(super) enum Merge {
    Overlay,
    Replace,
}

/// Whether there may be models that are not listed.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Copy)]
#[schemars(inline)]
pub(super) enum Completeness {
    Complete,
    Partial,
}

/// Nothing, a warning, or an error.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Copy)]
#[schemars(inline)]
pub(super) enum Action {
    Allow,
    Warn,
    Deny,
}

/// What ids look like that are not listed.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
pub(super) struct Family {
    /// A regular expression that the whole id must match, without look-around and back-references.
    #[schemars(length(min = 1, max = 256))]
    pattern: String,
    /// What such models do.
    mode: Option<Mode>,
    /// What becomes of them; Allow is the default.
    action: Option<Action>,
}

/// What is denied, and why.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
pub(super) struct Denial {
    /// An id, with `*` for any text.
    #[serde(rename = "match")]
    #[schemars(length(min = 1, max = 256))]
    glob: String,
    /// Why, as users are told.
    #[schemars(length(min = 1, max = 256))]
    reason: Option<String>,
    /// What to write instead.
    #[serde(rename = "use")]
    #[schemars(length(min = 1, max = 512))]
    instead: Option<String>,
}

/// One model. What is left out is taken from catalogs of less weight.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
#[serde(rename_all = "camelCase")]
pub(super) struct Model {
    /// The id, as the provider takes it.
    #[schemars(length(min = 1, max = 512))]
    id: String,
    /// Other ids of the same model.
    #[schemars(length(max = 16), inner(length(min = 1, max = 512)))]
    aliases: Option<Vec<String>>,
    /// The snapshot that a floating id leads to.
    #[schemars(length(min = 1, max = 512))]
    resolves_to: Option<String>,
    /// Who made the model, where the provider hosts those of many.
    #[schemars(length(min = 1, max = 63))]
    publisher: Option<String>,
    /// What it does.
    #[schemars(length(max = 16))]
    modes: Option<Vec<Mode>>,
    /// Tokens of input and output together.
    #[schemars(range(min = 1))]
    context_window: Option<i64>,
    /// Tokens of input.
    #[schemars(range(min = 1))]
    max_input: Option<i64>,
    /// Tokens of output.
    #[schemars(range(min = 1))]
    max_output: Option<i64>,
    /// What it can.
    #[schemars(length(max = 16))]
    capabilities: Option<Vec<Capability>>,
    /// Where it stands in its life.
    lifecycle: Option<Lifecycle>,
    /// Regions that have it; without it, not known.
    #[schemars(length(max = 64), inner(length(min = 1, max = 32)))]
    regions: Option<Vec<String>>,
    /// Bedrock's inference profiles that have it.
    #[schemars(length(max = 16))]
    profiles: Option<Vec<Profile>>,
    /// Whether Bedrock answers to the bare id, without a profile.
    on_demand: Option<bool>,
    /// How well the entry is attested; an id of low confidence is never suggested first.
    confidence: Option<Confidence>,
    /// Where imported facts are from: a source and its day, and the names of the fields that it gave.
    #[schemars(extend("maxProperties" = 16))]
    sources: Option<BTreeMap<String, SourceFields>>,
}

/// Names of fields with blanks between them.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone)]
#[schemars(inline)]
pub(super) struct SourceFields(#[schemars(length(max = 256))] String);

/// What a model does.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Copy)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum Mode {
    Chat,
    Completion,
    Responses,
    Embedding,
    Image,
    Audio,
    Transcription,
    Speech,
    Rerank,
    Moderation,
    Realtime,
    Video,
    Ocr,
    Other,
}

/// What a model can.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub(super) enum Capability {
    Vision,
    Pdf,
    AudioIn,
    AudioOut,
    VideoIn,
    Tools,
    ParallelTools,
    Streaming,
    JsonSchema,
    Reasoning,
    PromptCache,
    WebSearch,
    ComputerUse,
}

/// A part of the world that Bedrock's inference profiles are for.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub(super) enum Profile {
    Us,
    UsGov,
    Eu,
    Apac,
    Au,
    Jp,
    In,
    Ca,
    Global,
}

/// How well an entry is attested.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Copy)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum Confidence {
    High,
    Medium,
    Low,
}

/// What the controller made of it.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
#[serde(rename_all = "camelCase")]
pub(super) struct CatalogStatus {
    /// How many models it lists.
    models: Option<i64>,
    /// How often other catalogs say something else where both speak.
    conflicts: Option<i64>,
    /// When the provider was last asked for its list, where this catalog is kept up to date from there.
    #[schemars(extend("format" = "date-time"))]
    last_discovery: Option<String>,
    /// The generation that the status is about.
    observed_generation: Option<i64>,
    /// `Accepted`: whether it could be read. `Conflicted`: whether other catalogs disagree.
    #[schemars(length(max = 8))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".to_owned()]))]
    conditions: Option<Vec<Condition>>,
}

/// One thing that the controller found.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
#[serde(rename_all = "camelCase")]
pub(super) struct Condition {
    /// What it is about.
    #[serde(rename = "type")]
    #[schemars(length(max = 316))]
    kind: String,
    /// `True`, `False` or `Unknown`.
    #[schemars(length(max = 16))]
    status: String,
    /// Why, in one word.
    #[schemars(length(max = 1024))]
    reason: Option<String>,
    /// Why, for people.
    #[schemars(length(max = 32768))]
    message: Option<String>,
    /// The generation that it is about.
    observed_generation: Option<i64>,
    /// Since when.
    #[schemars(extend("format" = "date-time"))]
    last_transition_time: Option<String>,
}
