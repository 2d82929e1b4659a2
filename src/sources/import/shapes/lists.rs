//! Lists in the shape of OpenAI's, and those near to it.

use serde_json::Value;

use crate::{
    engine::{Provider, catalog::State},
    sources::import::{Facts, Gathered, Item, item::list},
};

/// `{"data": [{"id", ...}]}`, or the bare array that Together AI sends.
///
/// Read beyond the id: OpenAI's `shutdown_date`, Groq's `active` and `context_window`, vLLM's `max_model_len` and
/// `parent`, Together's `type` and `context_length`.
pub(in crate::sources::import) fn openai(document: &Value, provider: Provider, out: &mut Gathered) {
    for row in rows(document, "data", out) {
        let Some(id) = row.required("id", out) else {
            continue;
        };
        let facts = Facts {
            modes: row
                .text("type", out)
                .and_then(super::mode)
                .map(str::to_owned)
                .into_iter()
                .collect(),
            state: (row.has("active") && !row.flag("active", out)).then_some(State::Retired),
            retires: row.date("shutdown_date", out),
            context: row
                .tokens("max_model_len", out)
                .or_else(|| row.tokens("context_window", out))
                .or_else(|| row.tokens("context_length", out)),
            ..Facts::default()
        };
        out.add(provider, id, id, facts);
    }
}

/// The rows of a list: the array at `key`, or the document itself.
fn rows<'a>(document: &'a Value, key: &str, out: &mut Gathered) -> Vec<Item<'a>> {
    if document.is_array() {
        return list(document, "", out);
    }
    Item::new(document, String::new(), out).map_or_else(Vec::new, |root| root.items(key, out))
}

/// Azure's base models, with the date after which calls are refused.
pub(in crate::sources::import) fn azure(document: &Value, provider: Provider, out: &mut Gathered) {
    /// What a model can do, in the order in which it decides the mode.
    const MODES: &[(&str, &str)] = &[
        ("chat_completion", "chat"),
        ("embeddings", "embedding"),
        ("completion", "completion"),
    ];
    for row in rows(document, "data", out) {
        let Some(id) = row.required("id", out) else {
            continue;
        };
        let mut facts = Facts {
            state: row.text("lifecycle_status", out).map(|status| match status {
                "deprecating" | "deprecated" => State::Deprecated,
                "retired" => State::Retired,
                _ => State::Active,
            }),
            ..Facts::default()
        };
        if let Some(dates) = row.inner("deprecation", out) {
            facts.retires = dates.date("inference", out);
        }
        if let Some(can) = row.inner("capabilities", out) {
            let mode = MODES.iter().find(|(flag, _)| can.flag(flag, out));
            facts.modes = mode.map(|(_, mode)| (*mode).to_owned()).into_iter().collect();
        }
        out.add(provider, id, id, facts);
    }
}

/// xAI's models, each with the other names that it answers to.
pub(in crate::sources::import) fn xai(document: &Value, provider: Provider, out: &mut Gathered) {
    let key = if document.get("models").is_some() {
        "models"
    } else {
        "data"
    };
    for row in rows(document, key, out) {
        let Some(id) = row.required("id", out) else {
            continue;
        };
        let outputs = row.texts("output_modalities", out);
        let mode = if outputs.contains(&"text") {
            Some("chat")
        } else if outputs.contains(&"image") {
            Some("image")
        } else {
            None
        };
        let mut facts = Facts {
            modes: mode.map(str::to_owned).into_iter().collect(),
            ..Facts::default()
        };
        if row.texts("input_modalities", out).contains(&"image") {
            facts.capabilities.insert("vision".to_owned());
        }
        for alias in row.texts("aliases", out) {
            let resolves_to = Some(id.to_owned());
            out.add(
                provider,
                alias,
                alias,
                Facts {
                    resolves_to,
                    ..facts.clone()
                },
            );
        }
        out.add(provider, id, id, facts);
    }
}

/// OpenRouter's models; those that begin with `~` lead to others.
pub(in crate::sources::import) fn openrouter(document: &Value, provider: Provider, out: &mut Gathered) {
    for row in rows(document, "data", out) {
        let Some(id) = row.required("id", out) else {
            continue;
        };
        let mut facts = Facts {
            retires: row.date("expiration_date", out),
            context: row.tokens("context_length", out),
            ..Facts::default()
        };
        if let Some(top) = row.inner("top_provider", out) {
            facts.output = top.tokens("max_completion_tokens", out);
        }
        if let Some(shape) = row.inner("architecture", out) {
            let outputs = shape.texts("output_modalities", out);
            let mode = if outputs.contains(&"text") {
                "chat"
            } else {
                "image"
            };
            facts.modes = (!outputs.is_empty())
                .then(|| mode.to_owned())
                .into_iter()
                .collect();
            if shape.texts("input_modalities", out).contains(&"image") {
                facts.capabilities.insert("vision".to_owned());
            }
        }
        if row.texts("supported_parameters", out).contains(&"tools") {
            facts.capabilities.insert("tools".to_owned());
        }
        out.add(provider, id, id, facts);
    }
}

/// The models in the store of an Ollama; `:latest` is what no tag means.
pub(in crate::sources::import) fn ollama(document: &Value, provider: Provider, out: &mut Gathered) {
    for row in rows(document, "models", out) {
        let id = if row.has("model") {
            row.required("model", out)
        } else {
            row.required("name", out)
        };
        let Some(id) = id else {
            continue;
        };
        out.add(
            provider,
            id.strip_suffix(":latest").unwrap_or(id),
            id,
            Facts::default(),
        );
    }
}
