//! The host that a provider's requests go to.

use serde_json::Value;

use crate::engine::catalog::Provider;

/// The host that `provider`, of this form and in a backend of `namespace`, sends to; `None` when it is not known.
///
/// agentgateway @75b4e6ce6: an override counts first; otherwise each form has its own way to say where it goes.
pub(super) fn of(provider: &Value, form: Option<&str>, namespace: &str) -> Option<String> {
    let form = form?;
    let text = |field: &str| provider.get(form)?.get(field)?.as_str();
    if let Some(host) = provider
        .get("host")
        .and_then(Value::as_str)
        .or_else(|| text("host"))
    {
        return Some(host.to_owned());
    }
    match form {
        "azureopenai" => {
            let endpoint = text("endpoint")?;
            let bare = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
            bare.split('/').next().map(str::to_owned)
        }
        "azure" => {
            let zone = if text("resourceType") == Some("Foundry") {
                "services.ai"
            } else {
                "openai"
            };
            Some(format!("{}.{zone}.azure.com", text("resourceName")?))
        }
        "bedrock" => {
            let region = text("region").unwrap_or("us-east-1");
            Some(format!("bedrock-runtime.{region}.amazonaws.com"))
        }
        "vertexai" => Some(match text("region").unwrap_or("global") {
            "global" => "aiplatform.googleapis.com".to_owned(),
            region @ ("us" | "eu") => format!("aiplatform.{region}.rep.googleapis.com"),
            region => format!("{region}-aiplatform.googleapis.com"),
        }),
        "custom" => {
            let service = provider.pointer("/custom/backendRef")?;
            let part = |field: &str| service.get(field).and_then(Value::as_str);
            let is_service = part("kind").is_none_or(|kind| kind == "Service");
            let namespace = part("namespace").unwrap_or(namespace);
            is_service
                .then(|| part("name").map(|name| format!("{name}.{namespace}.svc.cluster.local")))
                .flatten()
        }
        "openai" => Provider::OpenAi.host().map(str::to_owned),
        "anthropic" => Provider::Anthropic.host().map(str::to_owned),
        "gemini" => Provider::Gemini.host().map(str::to_owned),
        _ => None,
    }
}
