//! The providers of a backend: where its requests can go.

use serde_json::Value;

use super::{host, site::expand};
use crate::engine::catalog::{Ground, Provider};

/// The name that the single form `spec.ai.provider` has where a policy names a section.
pub const SINGLE: &str = "backend";

/// One provider of a backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Pointer to the provider's object.
    pub pointer: String,
    /// Its name within the backend.
    pub name: String,
    /// Whether it stands alone (`spec.ai.provider`) and not in a group.
    pub single: bool,
    /// The field that chooses the provider, as it is written: `openai`, `azureopenai` …; empty when there is none.
    pub form: String,
    /// The model that the provider's own settings pin, with its pointer.
    pub pin: Option<(String, String)>,
    /// Whose ids it takes.
    pub world: World,
    /// The provider that the form means; [`Provider::Custom`] where it means none.
    pub provider: Provider,
    /// The host that requests go to, as far as it is known.
    pub host: Option<String>,
}

/// Whether a catalog can speak for a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum World {
    /// The ids of this provider.
    Known(Ground),
    /// Nobody's that we know: the reason, as a clause.
    Unknown(String),
}

/// Field of the provider's object, the provider it means, and its field that pins the model.
type Row = (&'static str, Option<Provider>, &'static str);

/// agentgateway @75b4e6ce6, `LLMProvider`: exactly one of these.
const FORMS: &[Row] = &[
    ("openai", Some(Provider::OpenAi), "model"),
    ("azureopenai", Some(Provider::Azure), "deploymentName"),
    ("azure", Some(Provider::Azure), "model"),
    ("anthropic", Some(Provider::Anthropic), "model"),
    ("gemini", Some(Provider::Gemini), "model"),
    ("vertexai", Some(Provider::VertexAi), "model"),
    ("bedrock", Some(Provider::Bedrock), "model"),
    ("custom", None, "model"),
];

/// The providers of the backend in `value`, in the order of the document.
pub(super) fn targets(value: &Value, namespace: &str) -> Vec<Target> {
    let single = expand(value, &["spec", "ai", "provider"])
        .into_iter()
        .map(|found| (found, true));
    let grouped = expand(value, &["spec", "ai", "groups", "*", "providers", "*"])
        .into_iter()
        .map(|found| (found, false));
    single
        .chain(grouped)
        .map(|((pointer, provider), single)| target(pointer, provider, single, namespace))
        .collect()
}

fn target(pointer: String, provider: &Value, single: bool, namespace: &str) -> Target {
    let name = match provider.get("name").and_then(Value::as_str) {
        Some(name) if !single => name,
        _ => SINGLE,
    };
    let row = FORMS.iter().find(|row| provider.get(row.0).is_some());
    let settings = row.and_then(|row| provider.get(row.0));
    let pin = row.and_then(|row| {
        let pinned = settings?
            .get(row.2)?
            .as_str()
            .filter(|pinned| !pinned.is_empty())?;
        Some((format!("{pointer}/{}/{}", row.0, row.2), pinned.to_owned()))
    });
    Target {
        name: name.to_owned(),
        single,
        form: row.map(|row| row.0.to_owned()).unwrap_or_default(),
        pin,
        world: world(provider, row, settings),
        provider: row.and_then(|row| row.1).unwrap_or(Provider::Custom),
        host: host::of(provider, row.map(|row| row.0), namespace),
        pointer,
    }
}

/// Whose ids a provider takes: its own, unless a host override leads elsewhere.
fn world(provider: &Value, row: Option<&Row>, settings: Option<&Value>) -> World {
    let Some((form, own, _)) = row else {
        return World::Unknown("its provider is of a kind that is not known here".to_owned());
    };
    let region = || settings?.get("region")?.as_str().map(str::to_owned);
    let ground = |provider| {
        let region = match provider {
            Provider::Bedrock => region().or_else(|| Some("us-east-1".to_owned())), // the gateway's default
            Provider::VertexAi => region(),
            _ => None,
        };
        World::Known(Ground { provider, region })
    };
    let host = provider
        .get("host")
        .or_else(|| settings?.get("host"))
        .and_then(Value::as_str);
    match (host, own) {
        (None, Some(own)) => ground(*own),
        (Some(host), own) => match Provider::of_host(host.trim_end_matches('.')) {
            Some(found) if own.is_none_or(|own| own == found || own == Provider::OpenAi) => ground(found),
            _ => World::Unknown(format!("{form} is sent to the host {host}")),
        },
        (None, None) => World::Unknown("the custom provider leads to a backend of the cluster".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn only(value: &Value) -> Target {
        targets(value, "default").pop().expect("one provider")
    }

    #[test]
    fn host_override_leaves_the_catalog_unless_the_host_is_known() {
        let at = |host: &str| {
            only(&json!({"spec": {"ai": {"provider": {"openai": {}, "host": host, "port": 443}}}})).world
        };
        assert_eq!(
            at("API.openai.com"),
            World::Known(Ground {
                provider: Provider::OpenAi,
                region: None
            })
        );
        assert_eq!(
            at("api.mistral.ai"),
            World::Known(Ground {
                provider: Provider::Mistral,
                region: None
            })
        );
        assert!(matches!(at("vllm.models.svc"), World::Unknown(why) if why.contains("vllm.models.svc")));
    }

    #[test]
    fn bedrock_has_the_default_region_of_the_gateway() {
        let target = only(&json!({"spec": {"ai": {"provider": {"bedrock": {"model": "x"}}}}}));
        assert_eq!(
            target.world,
            World::Known(Ground {
                provider: Provider::Bedrock,
                region: Some("us-east-1".into())
            })
        );
        assert_eq!(
            target.pin,
            Some(("/spec/ai/provider/bedrock/model".into(), "x".into()))
        );
        assert_eq!(target.name, SINGLE);
    }
}
