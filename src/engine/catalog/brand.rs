//! Which provider makes the models whose ids begin with a word, and what kind of place each provider is.

use super::Provider;

/// What kind of place a provider is for a checker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum World {
    /// Its own models under names that it alone gives.
    Maker,
    /// A cloud with a fixed form of ids and models of many makers.
    Cloud,
    /// A host of open models: any day it may carry one that no catalog lists.
    Host,
    /// Names that its users give.
    Named,
}

impl Provider {
    /// What kind of place it is.
    pub(crate) const fn world(self) -> World {
        match self {
            Self::OpenAi
            | Self::Anthropic
            | Self::Gemini
            | Self::Mistral
            | Self::DeepSeek
            | Self::Xai
            | Self::Cohere => World::Maker,
            Self::Bedrock | Self::VertexAi => World::Cloud,
            Self::Azure | Self::Ollama => World::Named,
            _ => World::Host,
        }
    }

    /// Whether ids that are not in the catalog can be told to be wrong with some certainty.
    pub(crate) const fn is_closed(self) -> bool {
        matches!(self.world(), World::Maker | World::Cloud)
    }
}

/// First words of ids and the maker whose own API has them.
const HEADS: &[(&str, Provider)] = &[
    ("gpt", Provider::OpenAi),
    ("chatgpt", Provider::OpenAi),
    ("o1", Provider::OpenAi),
    ("o3", Provider::OpenAi),
    ("o4", Provider::OpenAi),
    ("dall", Provider::OpenAi),
    ("dalle", Provider::OpenAi),
    ("whisper", Provider::OpenAi),
    ("tts", Provider::OpenAi),
    ("sora", Provider::OpenAi),
    ("davinci", Provider::OpenAi),
    ("babbage", Provider::OpenAi),
    ("claude", Provider::Anthropic),
    ("gemini", Provider::Gemini),
    ("gemma", Provider::Gemini),
    ("imagen", Provider::Gemini),
    ("veo", Provider::Gemini),
    ("learnlm", Provider::Gemini),
    ("mistral", Provider::Mistral),
    ("ministral", Provider::Mistral),
    ("mixtral", Provider::Mistral),
    ("codestral", Provider::Mistral),
    ("devstral", Provider::Mistral),
    ("magistral", Provider::Mistral),
    ("pixtral", Provider::Mistral),
    ("voxtral", Provider::Mistral),
    ("deepseek", Provider::DeepSeek),
    ("grok", Provider::Xai),
    ("command", Provider::Cohere),
    ("c4ai", Provider::Cohere),
];

/// The maker of the models whose ids begin with `word`.
pub(crate) fn maker_of(word: &str) -> Option<Provider> {
    HEADS
        .iter()
        .find(|(head, _)| *head == word)
        .map(|(_, maker)| *maker)
}
