//! Where the lists of providers are, and how a request for them shows its key.

use std::fmt::Write as _;

use hyper::{
    HeaderMap, Uri,
    header::{AUTHORIZATION, HeaderName, HeaderValue},
};

use super::{Ask, Error, pages::Paging};
use crate::{engine::Provider, sources::import::Format};

/// A list of models.
#[derive(Debug)]
pub(super) struct List {
    /// Path and query.
    path: &'static str,
    pub(super) format: Format,
    pub(super) paging: Paging,
}

/// How a request shows its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Auth {
    /// `Authorization: Bearer`.
    Bearer,
    /// The same, where the server wants one at all.
    Maybe,
    /// The key as the value of a header.
    Header(&'static str),
}

/// Provider, its own place, the variable that usually holds its key, how the key is shown, its lists.
type Row = (
    Provider,
    Option<&'static str>,
    &'static str,
    Auth,
    &'static [List],
);

const fn list(path: &'static str, format: Format, paging: Paging) -> List {
    List { path, format, paging }
}

const OPENAI: &[List] = &[list("/v1/models", Format::OpenAiCompatible, Paging::Whole)];
const GOOGLE: Paging = Paging::Token("nextPageToken", "pageToken");

/// One row a provider.
#[rustfmt::skip]
const ENDPOINTS: &[Row] = {
    use {Auth::{Bearer, Header, Maybe}, Format as F, Paging::{AfterId, Offset, Token, Whole}, Provider as P};
    &[
        (P::OpenAi, Some("https://api.openai.com"), "OPENAI_API_KEY", Bearer, &[list("/v1/models", F::OpenAiList, Whole)]),
        (P::Azure, None, "AZURE_OPENAI_API_KEY", Header("api-key"),
            &[list("/openai/models?api-version=2024-10-21", F::AzureList, Whole)]),
        (P::Anthropic, Some("https://api.anthropic.com"), "ANTHROPIC_API_KEY", Header("x-api-key"),
            &[list("/v1/models?limit=1000&lifecycle=active,deprecated,retired", F::AnthropicList, AfterId)]),
        (P::Gemini, Some("https://generativelanguage.googleapis.com"), "GEMINI_API_KEY", Header("x-goog-api-key"),
            &[list("/v1beta/models?pageSize=1000", F::GeminiList, GOOGLE)]),
        (P::VertexAi, Some("https://aiplatform.googleapis.com"), "GOOGLE_OAUTH_ACCESS_TOKEN", Bearer, &[
            list("/v1beta1/publishers/google/models?pageSize=200", F::VertexList, GOOGLE),
            list("/v1beta1/publishers/anthropic/models?pageSize=200", F::VertexList, GOOGLE),
            list("/v1beta1/publishers/meta/models?pageSize=200", F::VertexList, GOOGLE),
            list("/v1beta1/publishers/mistralai/models?pageSize=200", F::VertexList, GOOGLE),
        ]),
        (P::Bedrock, Some("https://bedrock.us-east-1.amazonaws.com"), "AWS_BEARER_TOKEN_BEDROCK", Bearer, &[
            list("/foundation-models", F::BedrockModels, Whole),
            list("/inference-profiles?maxResults=1000&type=SYSTEM_DEFINED", F::BedrockProfiles, Token("nextToken", "nextToken")),
        ]),
        (P::Mistral, Some("https://api.mistral.ai"), "MISTRAL_API_KEY", Bearer, &[list("/v1/models", F::MistralList, Whole)]),
        (P::DeepSeek, Some("https://api.deepseek.com"), "DEEPSEEK_API_KEY", Bearer, OPENAI),
        (P::Xai, Some("https://api.x.ai"), "XAI_API_KEY", Bearer, &[
            list("/v1/language-models", F::XaiList, Whole),
            list("/v1/models", F::XaiList, Whole),
        ]),
        (P::Cohere, Some("https://api.cohere.com"), "COHERE_API_KEY", Bearer,
            &[list("/v1/models?page_size=1000", F::CohereList, Token("next_page_token", "page_token"))]),
        (P::Groq, Some("https://api.groq.com"), "GROQ_API_KEY", Bearer,
            &[list("/openai/v1/models", F::OpenAiCompatible, Whole)]),
        (P::OpenRouter, Some("https://openrouter.ai"), "OPENROUTER_API_KEY", Maybe,
            &[list("/api/v1/models?limit=1000", F::OpenRouterList, Offset)]),
        (P::TogetherAi, Some("https://api.together.xyz"), "TOGETHER_API_KEY", Bearer, OPENAI),
        (P::Fireworks, Some("https://api.fireworks.ai"), "FIREWORKS_API_KEY", Bearer,
            &[list("/inference/v1/models", F::OpenAiCompatible, Whole)]),
        (P::Cerebras, Some("https://api.cerebras.ai"), "CEREBRAS_API_KEY", Bearer, OPENAI),
        (P::DeepInfra, Some("https://api.deepinfra.com"), "DEEPINFRA_API_KEY", Maybe,
            &[list("/v1/openai/models", F::OpenAiCompatible, Whole)]),
        (P::Baseten, Some("https://inference.baseten.co"), "BASETEN_API_KEY", Bearer, OPENAI),
        (P::HuggingFace, Some("https://router.huggingface.co"), "HF_TOKEN", Maybe, OPENAI),
        (P::Ollama, Some("http://127.0.0.1:11434"), "OLLAMA_API_KEY", Maybe, &[list("/api/tags", F::OllamaTags, Whole)]),
    ]
};

/// The row of `provider`; what has none of its own is asked in OpenAI's way.
fn row(provider: Provider) -> Row {
    let found = ENDPOINTS.iter().find(|row| row.0 == provider).copied();
    found.unwrap_or((provider, None, "OPENAI_COMPATIBLE_API_KEY", Auth::Maybe, OPENAI))
}

/// The environment variable that usually holds the key of `provider`.
#[must_use]
pub fn default_key(provider: Provider) -> &'static str {
    row(provider).2
}

/// Whether `provider` lists nothing without a key.
#[must_use]
pub fn needs_key(provider: Provider) -> bool {
    row(provider).3 != Auth::Maybe
}

/// Where and how one provider is asked.
#[derive(Debug)]
pub(super) struct Endpoint {
    base: String,
    auth: Auth,
    pub(super) lists: &'static [List],
}

impl Endpoint {
    pub(super) fn of(ask: &Ask) -> Result<Self, Error> {
        let provider = ask.provider;
        let (_, own, _, auth, lists) = row(provider);
        if ask.key.is_none() && auth != Auth::Maybe {
            return Err(Error::NoKey { provider });
        }
        let Some(base) = ask.base.as_deref().or(own) else {
            return Err(Error::NoBase { provider });
        };
        let bad = |why| Error::Base { provider, why };
        let uri: Uri = base.parse().map_err(|_| bad("is none"))?;
        let Some(authority) = uri.authority() else {
            return Err(bad("names no host"));
        };
        if authority.as_str().contains('@') {
            return Err(bad("holds a user or a password; keys come from the environment"));
        }
        if uri.query().is_some() {
            return Err(bad("has a query"));
        }
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if ask.key.is_none() || is_loopback(authority.host()) => {}
            Some("http") => return Err(bad("begins with http, and a key is sent over https only")),
            _ => return Err(bad("begins with neither https:// nor http://")),
        }
        // Many write the base as clients of OpenAI's API want it.
        let base = base.trim_end_matches('/');
        let base = base.strip_suffix("/v1").unwrap_or(base).to_owned();
        Ok(Self { base, auth, lists })
    }

    /// The address of `list` without its query, for people.
    pub(super) fn place(&self, list: &List) -> String {
        let path = list.path.split('?').next().unwrap_or_default();
        format!("{}{path}", self.base)
    }

    pub(super) fn url(&self, list: &List, cursor: Option<&(&'static str, String)>) -> String {
        let mut url = format!("{}{}", self.base, list.path);
        if let Some((name, value)) = cursor {
            url.push(if list.path.contains('?') { '&' } else { '?' });
            url.push_str(name);
            url.push('=');
            for byte in value.bytes() {
                match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                        url.push(char::from(byte))
                    }
                    _ => write!(url, "%{byte:02X}").expect("a string takes everything"),
                }
            }
        }
        url
    }

    pub(super) fn headers(&self, ask: &Ask) -> Result<HeaderMap, Error> {
        let mut headers = HeaderMap::new();
        if ask.provider == Provider::Anthropic {
            headers.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
        }
        if let Some(key) = &ask.key {
            let (name, text) = match self.auth {
                Auth::Header(name) => (HeaderName::from_static(name), key.0.clone()),
                Auth::Bearer | Auth::Maybe => (AUTHORIZATION, format!("Bearer {}", key.0)),
            };
            let mut value = HeaderValue::try_from(text).map_err(|_| Error::Key {
                provider: ask.provider,
            })?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(headers)
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
