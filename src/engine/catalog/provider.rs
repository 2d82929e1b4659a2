//! The providers whose ids are told apart.

use std::{fmt, str::FromStr};

/// A provider, or a preset of the `custom` provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provider {
    /// OpenAI's own API.
    OpenAi,
    /// Azure OpenAI and Foundry: deployments with names that users choose.
    Azure,
    /// Anthropic's own API.
    Anthropic,
    /// The Gemini API.
    Gemini,
    /// Vertex AI.
    VertexAi,
    /// Amazon Bedrock.
    Bedrock,
    /// Mistral's own API.
    Mistral,
    /// DeepSeek's own API.
    DeepSeek,
    /// xAI's own API.
    Xai,
    /// Cohere's own API.
    Cohere,
    /// Groq, which hosts open models.
    Groq,
    /// OpenRouter, which routes to others.
    OpenRouter,
    /// Together AI.
    TogetherAi,
    /// Fireworks AI.
    Fireworks,
    /// Cerebras.
    Cerebras,
    /// DeepInfra.
    DeepInfra,
    /// Baseten.
    Baseten,
    /// Hugging Face's inference providers.
    HuggingFace,
    /// A local Ollama.
    Ollama,
    /// A server that is none of these: only an admin can say what it has.
    Custom,
}

/// Provider, its name in catalogs and messages, and the API host that is its own.
type Row = (Provider, &'static str, Option<&'static str>);

/// One row a provider, in the order of the enum.
#[rustfmt::skip]
const PROVIDERS: &[Row] = &[
    (Provider::OpenAi, "openai", Some("api.openai.com")),
    (Provider::Azure, "azure", None),
    (Provider::Anthropic, "anthropic", Some("api.anthropic.com")),
    (Provider::Gemini, "gemini", Some("generativelanguage.googleapis.com")),
    (Provider::VertexAi, "vertexai", None),
    (Provider::Bedrock, "bedrock", None),
    (Provider::Mistral, "mistral", Some("api.mistral.ai")),
    (Provider::DeepSeek, "deepseek", Some("api.deepseek.com")),
    (Provider::Xai, "xai", Some("api.x.ai")),
    (Provider::Cohere, "cohere", Some("api.cohere.ai")),
    (Provider::Groq, "groq", Some("api.groq.com")),
    (Provider::OpenRouter, "openrouter", Some("openrouter.ai")),
    (Provider::TogetherAi, "togetherai", Some("api.together.xyz")),
    (Provider::Fireworks, "fireworks", Some("api.fireworks.ai")),
    (Provider::Cerebras, "cerebras", Some("api.cerebras.ai")),
    (Provider::DeepInfra, "deepinfra", Some("api.deepinfra.com")),
    (Provider::Baseten, "baseten", Some("inference.baseten.co")),
    (Provider::HuggingFace, "huggingface", Some("router.huggingface.co")),
    (Provider::Ollama, "ollama", None),
    (Provider::Custom, "custom", None),
];

impl Provider {
    /// Every provider.
    pub fn all() -> impl Iterator<Item = Self> {
        PROVIDERS.iter().map(|row| row.0)
    }

    /// The name in catalogs and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        PROVIDERS[self as usize].1
    }

    /// The host of its own public API, where it has just one.
    #[must_use]
    pub const fn host(self) -> Option<&'static str> {
        PROVIDERS[self as usize].2
    }

    /// The provider whose own public API answers at `host` (without a port), in any case of letters.
    #[must_use]
    pub fn of_host(host: &str) -> Option<Self> {
        PROVIDERS
            .iter()
            .find(|row| row.2.is_some_and(|own| own.eq_ignore_ascii_case(host)))
            .map(|row| row.0)
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Provider {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // What other tools call Vertex AI.
        let text = if text == "vertex" { "vertexai" } else { text };
        Self::all()
            .find(|provider| provider.as_str() == text)
            .ok_or_else(|| {
                let all: Vec<_> = Self::all().map(Self::as_str).collect();
                format!(
                    "unknown provider \"{text}\"; the providers are {}",
                    all.join(", ")
                )
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_the_enum() {
        for (at, row) in PROVIDERS.iter().enumerate() {
            assert_eq!(row.0 as usize, at, "{}", row.1);
        }
    }
}
