//! LiteLLM's cost map: one object whose keys are models, behind prefixes of providers and prices.

use serde_json::Value;

use super::mode;
use crate::{
    engine::Provider,
    sources::import::{Facts, Gathered, Item},
};

/// What the map calls a provider, ours, and the prefixes that keys may have: the first that fits is taken off.
#[rustfmt::skip]
const PROVIDERS: &[(&str, Provider, &[&str])] = &[
    ("openai", Provider::OpenAi, &["openai/"]),
    ("text-completion-openai", Provider::OpenAi, &["text-completion-openai/"]),
    ("azure", Provider::Azure, &["azure/"]),
    ("azure_text", Provider::Azure, &["azure/"]),
    ("azure_ai", Provider::Azure, &["azure_ai/"]),
    ("anthropic", Provider::Anthropic, &["anthropic/"]),
    ("gemini", Provider::Gemini, &["gemini/"]),
    ("bedrock", Provider::Bedrock, &["bedrock/"]),
    ("bedrock_converse", Provider::Bedrock, &["bedrock/converse/", "bedrock/"]),
    ("bedrock_mantle", Provider::Bedrock, &["bedrock_mantle/"]),
    ("mistral", Provider::Mistral, &["mistral/"]),
    ("codestral", Provider::Mistral, &["codestral/"]),
    ("text-completion-codestral", Provider::Mistral, &["text-completion-codestral/"]),
    ("deepseek", Provider::DeepSeek, &["deepseek/"]),
    ("xai", Provider::Xai, &["xai/"]),
    ("cohere", Provider::Cohere, &["cohere/"]),
    ("cohere_chat", Provider::Cohere, &["cohere_chat/", "cohere/"]),
    ("groq", Provider::Groq, &["groq/"]),
    ("openrouter", Provider::OpenRouter, &["openrouter/"]),
    ("together_ai", Provider::TogetherAi, &["together_ai/"]),
    ("fireworks_ai", Provider::Fireworks, &["fireworks_ai/"]),
    ("fireworks_ai-embedding-models", Provider::Fireworks, &["fireworks_ai/"]),
    ("cerebras", Provider::Cerebras, &["cerebras/"]),
    ("deepinfra", Provider::DeepInfra, &["deepinfra/"]),
    ("baseten", Provider::Baseten, &["baseten/"]),
    ("huggingface", Provider::HuggingFace, &["huggingface/"]),
    ("ollama", Provider::Ollama, &["ollama/"]),
];

/// Prices of a place, which stand before the id.
const PLACES: &[&str] = &[
    "us/",
    "us-gov/",
    "eu/",
    "au/",
    "apac/",
    "global/",
    "global-standard/",
];

/// Flags of a row, and what catalogs call the capability.
const FLAGS: &[(&str, &str)] = &[
    ("supports_function_calling", "tools"),
    ("supports_parallel_function_calling", "parallel-tools"),
    ("supports_vision", "vision"),
    ("supports_pdf_input", "pdf"),
    ("supports_audio_input", "audio-in"),
    ("supports_audio_output", "audio-out"),
    ("supports_response_schema", "json-schema"),
    ("supports_reasoning", "reasoning"),
    ("supports_prompt_caching", "prompt-cache"),
    ("supports_native_streaming", "streaming"),
];

/// The row that explains the others.
const SAMPLE: &str = "sample_spec";

pub(in crate::sources::import) fn litellm(document: &Value, out: &mut Gathered) {
    let Some(map) = Item::new(document, String::new(), out) else {
        return;
    };
    for (key, row) in map.members(out) {
        if key == SAMPLE {
            continue;
        }
        let Some(name) = row.text("litellm_provider", out) else {
            continue; // a row for a group of models
        };
        let Some((provider, id)) = id(name, key) else {
            continue; // a provider that we do not tell apart
        };
        let facts = facts(&row, out);
        out.add(provider, id, key, facts);
    }
}

/// Whose model the row is and its id, without what the map puts before it.
fn id<'a>(name: &str, key: &'a str) -> Option<(Provider, &'a str)> {
    const VERTEX: (Provider, &[&str]) = (Provider::VertexAi, &["vertex_ai/"]);
    let row = PROVIDERS.iter().find(|row| row.0 == name);
    let (provider, prefixes) = row
        .map(|row| (row.1, row.2))
        .or_else(|| name.starts_with("vertex_ai").then_some(VERTEX))?;
    let id = prefixes
        .iter()
        .find_map(|prefix| key.strip_prefix(prefix))
        .unwrap_or(key);
    let id = match provider {
        Provider::Azure => PLACES
            .iter()
            .find_map(|place| id.strip_prefix(place))
            .unwrap_or(id),
        Provider::Bedrock => without_region(id),
        _ => id,
    };
    Some((provider, id))
}

/// `id` without `us-east-1/` or `us-east-1/6-month-commitment/` before it.
fn without_region(id: &str) -> &str {
    match id.split_once('/') {
        Some((region, rest))
            if region.ends_with(|c: char| c.is_ascii_digit()) && region.matches('-').count() >= 2 =>
        {
            rest.split_once("-month-commitment/")
                .map_or(rest, |(_, rest)| rest)
        }
        _ => id,
    }
}

fn facts(row: &Item<'_>, out: &mut Gathered) -> Facts {
    let mut facts = Facts {
        modes: row
            .text("mode", out)
            .and_then(mode)
            .map(str::to_owned)
            .into_iter()
            .collect(),
        retires: row.date("deprecation_date", out),
        // What they call the input is the context without the output.
        input: row.tokens("max_input_tokens", out),
        output: row.tokens("max_output_tokens", out),
        ..Facts::default()
    };
    for (flag, capability) in FLAGS {
        if row.flag(flag, out) {
            facts.capabilities.insert((*capability).to_owned());
        }
    }
    facts
}
