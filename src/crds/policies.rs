//! Policies that backends, their providers and `AgentgatewayPolicy` share.

use std::{borrow::Cow, collections::BTreeMap};

use kube::KubeSchema;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::rules::{at_most_one_of, rule};

/// What happens to requests on their way to a backend.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
pub(super) struct Policies {
    /// What is changed in LLM requests.
    ai: Option<AiPolicy>,
    /// The credential that requests are given.
    auth: Option<Auth>,
    /// How the connection is secured.
    tls: Option<Opaque>,
}

/// What is changed in LLM requests.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("minProperties" = 1))]
pub(super) struct AiPolicy {
    /// Names that clients use, and the models that they stand for. A `*` in a name matches any text.
    #[schemars(extend("maxProperties" = 64))]
    model_aliases: Option<BTreeMap<String, String>>,
    /// Values for fields that the request lacks.
    defaults: Option<Anything>,
    /// Values that replace those of the request.
    overrides: Option<Anything>,
    /// CEL expressions that set fields of the request.
    transformations: Option<Anything>,
    /// CEL expressions that set fields of the request in the provider's format.
    final_transformations: Option<Anything>,
    /// What is added to prompts.
    prompt: Option<Anything>,
    /// What the provider caches.
    prompt_caching: Option<Anything>,
    /// What is refused or masked in prompts and answers.
    prompt_guard: Option<Anything>,
    /// Kinds of request by the end of their path.
    routes: Option<Anything>,
}

/// The credential that requests are given.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = at_most_one_of(&[
        "key", "secretRef", "passthrough", "aws", "azure", "gcp", "oauthTokenExchange", "crossAppAccess", "jwtSign",
    ]),
    validation = rule(
        "!has(self.location) || has(self.key) || has(self.secretRef) || has(self.passthrough)",
        "location needs key, secretRef or passthrough",
    )
)]
pub(super) struct Auth {
    /// The credential itself.
    key: Option<String>,
    /// The Secret that holds it.
    secret_ref: Option<SecretRef>,
    /// The client's own credential.
    passthrough: Option<Opaque>,
    /// Of AWS.
    aws: Option<Opaque>,
    /// Of Azure.
    azure: Option<Opaque>,
    /// Of Google Cloud.
    gcp: Option<Opaque>,
    /// By OAuth token exchange.
    oauth_token_exchange: Option<Opaque>,
    /// By cross-app access.
    cross_app_access: Option<Opaque>,
    /// A signed JWT.
    jwt_sign: Option<Opaque>,
    /// Further credentials.
    #[schemars(length(min = 1, max = 8))]
    credentials: Option<Vec<Opaque>>,
    /// Where in the request it goes.
    location: Option<Opaque>,
}

/// A Secret in the same namespace.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
pub(super) struct SecretRef {
    /// Its name.
    name: String,
    /// The key of its data; `Authorization` where it is not set.
    key: Option<String>,
}

/// An object whose fields mean nothing to the checks.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub(super) struct Opaque(Map<String, Value>);

impl JsonSchema for Opaque {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Opaque".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object"})
    }
}

/// A value of any shape.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub(super) struct Anything(Value);

impl JsonSchema for Anything {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Anything".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"x-kubernetes-preserve-unknown-fields": true})
    }
}
