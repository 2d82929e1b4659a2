//! The formats that are read.

use std::{fmt, str::FromStr};

use serde_json::Value;

use super::{Gathered, Source, shapes};
use crate::engine::Provider;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// LiteLLM's cost map, `model_prices_and_context_window.json`.
    LiteLlm,
    /// `api.json` of models.dev.
    ModelsDev,
    /// agentgateway's catalog of costs: `catalog.json`, or the ConfigMap that holds it.
    Agentgateway,
    /// `GET /v1/models` of OpenAI.
    OpenAiList,
    /// `GET /openai/models` of Azure OpenAI.
    AzureList,
    /// `GET /v1/models` of Anthropic.
    AnthropicList,
    /// `GET /v1beta/models` of the Gemini API.
    GeminiList,
    /// `GET /v1beta1/publishers/P/models` of Vertex AI.
    VertexList,
    /// `GET /foundation-models` of Amazon Bedrock.
    BedrockModels,
    /// `GET /inference-profiles` of Amazon Bedrock.
    BedrockProfiles,
    /// `GET /v1/models` of Mistral.
    MistralList,
    /// `GET /v1/models` of Cohere.
    CohereList,
    /// `GET /v1/language-models` or `/v1/models` of xAI.
    XaiList,
    /// `GET /api/v1/models` of OpenRouter.
    OpenRouterList,
    /// `GET /api/tags` of Ollama.
    OllamaTags,
    /// `GET /v1/models` of a server that speaks OpenAI's API, such as vLLM, Groq or Together AI.
    OpenAiCompatible,
    /// Lines of `provider<TAB>id`.
    Ids,
    /// ModelCatalogs, as [`export`](super::export) writes them.
    ModelCatalog,
}

/// How a document of a format is read.
#[derive(Clone, Copy)]
enum Reader {
    /// It says whose models it has.
    Many(fn(&Value, &mut Gathered)),
    /// It has the models of one provider: the usual one, unless another is named.
    One(Option<Provider>, fn(&Value, Provider, &mut Gathered)),
}

/// Format, its name, how strong its facts are, how it is read.
type Row = (Format, &'static str, Source, Reader);

/// One row a format, in the order of the enum.
#[rustfmt::skip]
const FORMATS: &[Row] = {
    use {Format as F, Provider as P, Reader::{Many, One}, Source as S};
    &[
        (F::LiteLlm, "litellm", S::LiteLlm, Many(shapes::litellm)),
        (F::ModelsDev, "models.dev", S::ModelsDev, Many(shapes::models_dev)),
        (F::Agentgateway, "agentgateway", S::Gateway, Many(shapes::agentgateway)),
        (F::OpenAiList, "openai-list", S::Live, One(Some(P::OpenAi), shapes::openai)),
        (F::AzureList, "azure-list", S::Live, One(Some(P::Azure), shapes::azure)),
        (F::AnthropicList, "anthropic-list", S::Live, One(Some(P::Anthropic), shapes::anthropic)),
        (F::GeminiList, "gemini-list", S::Live, One(Some(P::Gemini), shapes::gemini)),
        (F::VertexList, "vertex-list", S::Live, One(Some(P::VertexAi), shapes::vertex)),
        (F::BedrockModels, "bedrock-models", S::Live, One(Some(P::Bedrock), shapes::bedrock_models)),
        (F::BedrockProfiles, "bedrock-profiles", S::Live, One(Some(P::Bedrock), shapes::bedrock_profiles)),
        (F::MistralList, "mistral-list", S::Live, One(Some(P::Mistral), shapes::mistral)),
        (F::CohereList, "cohere-list", S::Live, One(Some(P::Cohere), shapes::cohere)),
        (F::XaiList, "xai-list", S::Live, One(Some(P::Xai), shapes::xai)),
        (F::OpenRouterList, "openrouter-list", S::Live, One(Some(P::OpenRouter), shapes::openrouter)),
        (F::OllamaTags, "ollama-tags", S::Live, One(Some(P::Ollama), shapes::ollama)),
        (F::OpenAiCompatible, "openai-compatible", S::Live, One(None, shapes::openai)),
        (F::Ids, "ids", S::Ids, Many(|_, _| ())), // no JSON: lines
        (F::ModelCatalog, "modelcatalog", S::Earlier, Many(shapes::model_catalog)),
    ]
};

impl Format {
    /// Every format.
    pub fn all() -> impl Iterator<Item = Self> {
        FORMATS.iter().map(|row| row.0)
    }

    /// Its name on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        FORMATS[self as usize].1
    }

    /// Who speaks in a file of it.
    #[must_use]
    pub const fn source(self) -> Source {
        FORMATS[self as usize].2
    }

    /// Adds what `document` says to `out`.
    pub(in crate::sources) fn gather(self, document: &Value, provider: Option<Provider>, out: &mut Gathered) {
        match FORMATS[self as usize].3 {
            Reader::Many(read) => read(document, out),
            Reader::One(usual, read) => match provider.or(usual) {
                Some(provider) => read(document, provider, out),
                None => out.fault("", "the list does not say whose models it has; name the provider"),
            },
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::all().find(|format| format.as_str() == text).ok_or_else(|| {
            let all: Vec<_> = Self::all().map(Self::as_str).collect();
            format!("unknown format \"{text}\"; the formats are {}", all.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_the_enum() {
        for (at, row) in FORMATS.iter().enumerate() {
            assert_eq!(row.0 as usize, at, "{}", row.1);
        }
    }
}
