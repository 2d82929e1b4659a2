//! models.dev: providers with their models.

use serde_json::Value;

use crate::{
    engine::{Provider, catalog::State},
    sources::import::{Facts, Gathered, Item},
};

/// What models.dev calls a provider, and ours.
const PROVIDERS: &[(&str, Provider)] = &[
    ("openai", Provider::OpenAi),
    ("azure", Provider::Azure),
    ("azure-cognitive-services", Provider::Azure),
    ("anthropic", Provider::Anthropic),
    ("google", Provider::Gemini),
    ("google-vertex", Provider::VertexAi),
    ("google-vertex-anthropic", Provider::VertexAi),
    ("amazon-bedrock", Provider::Bedrock),
    ("mistral", Provider::Mistral),
    ("deepseek", Provider::DeepSeek),
    ("xai", Provider::Xai),
    ("cohere", Provider::Cohere),
    ("groq", Provider::Groq),
    ("openrouter", Provider::OpenRouter),
    ("togetherai", Provider::TogetherAi),
    ("fireworks-ai", Provider::Fireworks),
    ("cerebras", Provider::Cerebras),
    ("deepinfra", Provider::DeepInfra),
    ("baseten", Provider::Baseten),
    ("huggingface", Provider::HuggingFace),
    ("ollama", Provider::Ollama),
];

const FLAGS: &[(&str, &str)] = &[
    ("tool_call", "tools"),
    ("reasoning", "reasoning"),
    ("structured_output", "json-schema"),
];

const INPUTS: &[(&str, &str)] = &[("image", "vision"), ("pdf", "pdf"), ("audio", "audio-in")];

pub(in crate::sources::import) fn models_dev(document: &Value, out: &mut Gathered) {
    let Some(providers) = Item::new(document, String::new(), out) else {
        return;
    };
    for (name, entry) in providers.members(out) {
        let Some((_, provider)) = PROVIDERS.iter().find(|row| row.0 == name) else {
            continue;
        };
        let Some(models) = entry.inner("models", out) else {
            continue;
        };
        for (key, row) in models.members(out) {
            let id = row.text("id", out).unwrap_or(key);
            let facts = facts(&row, out);
            out.add(*provider, id, key, facts);
        }
    }
}

fn facts(row: &Item<'_>, out: &mut Gathered) -> Facts {
    let mut facts = Facts {
        state: (row.text("status", out) == Some("deprecated")).then_some(State::Deprecated),
        ..Facts::default()
    };
    if let Some(limit) = row.inner("limit", out) {
        facts.context = limit.tokens("context", out);
        facts.input = limit.tokens("input", out);
        facts.output = limit.tokens("output", out);
    }
    for (flag, capability) in FLAGS {
        if row.flag(flag, out) {
            facts.capabilities.insert((*capability).to_owned());
        }
    }
    if let Some(modalities) = row.inner("modalities", out) {
        let inputs = modalities.texts("input", out);
        let known = INPUTS.iter().filter(|(input, _)| inputs.contains(input));
        facts
            .capabilities
            .extend(known.map(|(_, capability)| (*capability).to_owned()));
        if modalities.texts("output", out).contains(&"audio") {
            facts.capabilities.insert("audio-out".to_owned());
        }
    }
    facts
}
