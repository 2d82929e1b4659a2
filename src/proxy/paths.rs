//! The paths of the providers' APIs.
//!
//! No request is translated: a request goes to the provider's endpoint of the same format, or is refused. Read from
//! agentgateway @75b4e6ce6, except where it would translate: then the provider's own OpenAI-compatible endpoint is
//! taken where there is one (Anthropic, Gemini, Vertex AI, Bedrock).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{
    endpoint::{Azure, Vendor},
    route_type::{ModelIn, RouteType},
};

/// What is escaped in a path segment: all but RFC 3986's unreserved characters, and `@` and `:`, which model ids use.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@')
    .remove(b':');

/// A call of Gemini's own API: `…/models/gemini-2.5-pro:generateContent`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NativeCall<'a> {
    /// What stands before the id, with the slash after it.
    head: &'a str,
    /// The id of the model, unescaped.
    pub(crate) model: String,
    /// The method, with its colon.
    verb: &'a str,
}

impl<'a> NativeCall<'a> {
    /// The call in `path`; `None` where it has no model.
    pub(crate) fn of(path: &'a str) -> Option<Self> {
        let (head, last) = path.split_at(path.rfind('/')? + 1);
        let (id, verb) = last.split_at(last.rfind(':')?);
        let model = percent_decode_str(id).decode_utf8().ok()?.into_owned();
        (!model.is_empty()).then_some(Self { head, model, verb })
    }

    /// The same call for another model.
    fn with_model(&self, model: &str) -> String {
        format!("{}{}{}", self.head, segment(model), self.verb)
    }

    /// `models` or `tunedModels`.
    fn collection(&self) -> &'static str {
        if self.head.ends_with("/tunedModels/") {
            "tunedModels"
        } else {
            "models"
        }
    }
}

/// `model` as one segment of a path.
fn segment(model: &str) -> String {
    utf8_percent_encode(model, SEGMENT).to_string()
}

/// The client's path, with `model` in place of its own where the path names one.
pub(crate) fn kept(path: &str, route_type: RouteType, model: &str) -> Option<String> {
    match route_type.model_in() {
        ModelIn::Path => Some(NativeCall::of(path)?.with_model(model)),
        ModelIn::Body | ModelIn::Nowhere => Some(path.to_owned()),
    }
}

/// The path and, where the API wants one, the query at `vendor`; `None` where it has no such endpoint.
pub(crate) fn at(
    vendor: &Vendor,
    prefix: Option<&str>,
    route_type: RouteType,
    path: &str,
    model: &str,
) -> Option<String> {
    use RouteType::{
        AnthropicTokenCount, Completions, Embeddings, GeminiCountTokens, GenerateContent, Messages, Rerank,
        Responses,
    };
    if route_type.model_in() == ModelIn::Nowhere {
        return unread(vendor, prefix, route_type, path);
    }
    let under = |base: &str| Some(format!("{base}{}", route_type.path()));
    let front = prefix.unwrap_or_default();
    match (vendor, route_type) {
        (Vendor::OpenAi, Completions | Responses | Embeddings | Rerank)
        | (Vendor::Anthropic, Messages | AnthropicTokenCount | Completions) => under(prefix.unwrap_or("/v1")),
        (Vendor::Custom(formats), _) => match formats.iter().find(|(format, _)| *format == route_type)? {
            (_, Some(path)) => Some(path.clone()),
            (_, None) => under(prefix.unwrap_or("/v1")),
        },
        (Vendor::Azure(azure), _) => {
            azure_path(azure, route_type, model).map(|path| format!("{front}{path}"))
        }
        (Vendor::Gemini, Completions | Embeddings) => under(&format!("{front}/v1beta/openai")),
        (Vendor::Gemini, GenerateContent | GeminiCountTokens) => {
            let call = NativeCall::of(path)?;
            Some(format!(
                "{front}/v1beta/{}/{}{}",
                call.collection(),
                segment(model),
                call.verb
            ))
        }
        (Vendor::VertexAi { project, region }, Completions) => under(&format!(
            "{front}/v1/projects/{project}/locations/{region}/endpoints/openapi"
        )),
        (Vendor::VertexAi { project, region }, GenerateContent | GeminiCountTokens) => {
            let call = NativeCall::of(path)?;
            let (model, verb) = (segment(model), call.verb);
            let place = format!("/v1/projects/{project}/locations/{region}/publishers/google/models");
            Some(format!("{front}{place}/{model}{verb}"))
        }
        (Vendor::Bedrock { .. }, Completions) => under(&format!("{front}/openai/v1")),
        _ => None,
    }
}

/// The path of a request whose body is not read: the client's own.
fn unread(vendor: &Vendor, prefix: Option<&str>, route_type: RouteType, path: &str) -> Option<String> {
    if route_type == RouteType::Realtime {
        return None;
    }
    Some(match (vendor, prefix) {
        (_, None) => path.to_owned(),
        (Vendor::OpenAi | Vendor::Anthropic, Some(prefix)) => match path.strip_prefix("/v1") {
            Some(rest) => format!("{prefix}{rest}"),
            None => path.to_owned(),
        },
        (_, Some(prefix)) => format!("{prefix}{path}"),
    })
}

fn azure_path(azure: &Azure, route_type: RouteType, model: &str) -> Option<String> {
    use RouteType::{AnthropicTokenCount, Completions, Embeddings, Messages, Responses};
    let operation = route_type.path();
    match (&azure.project, route_type) {
        (Some(_), Messages | AnthropicTokenCount) => return Some(format!("/anthropic/v1{operation}")),
        (Some(project), Completions | Embeddings | Responses) => {
            return Some(format!("/api/projects/{}/openai/v1{operation}", segment(project)));
        }
        (None, Completions | Embeddings | Responses) => {}
        _ => return None,
    }
    Some(match (azure.version.as_str(), route_type) {
        ("v1", _) => format!("/openai/v1{operation}"),
        ("preview", _) => format!("/openai/v1{operation}?api-version=preview"),
        (dated, Responses) => format!("/openai{operation}?api-version={dated}"),
        (dated, _) => format!(
            "/openai/deployments/{}{operation}?api-version={dated}",
            segment(model)
        ),
    })
}
