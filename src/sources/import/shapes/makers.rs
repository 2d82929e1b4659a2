//! The lists of Anthropic, Mistral and Cohere.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    engine::{Provider, catalog::State},
    sources::import::{Facts, Gathered, Item},
};

/// Anthropic's models, with their life.
pub(in crate::sources::import) fn anthropic(document: &Value, provider: Provider, out: &mut Gathered) {
    const CAPABILITIES: &[(&str, &str)] = &[
        ("image_input", "vision"),
        ("pdf_input", "pdf"),
        ("structured_outputs", "json-schema"),
        ("thinking", "reasoning"),
    ];
    let Some(root) = Item::new(document, String::new(), out) else {
        return;
    };
    for row in root.items("data", out) {
        let Some(id) = row.required("id", out) else {
            continue;
        };
        let mut facts = Facts {
            modes: vec!["chat".to_owned()],
            state: row.text("lifecycle", out).map(|stage| match stage {
                "deprecated" => State::Deprecated,
                "retired" => State::Retired,
                _ => State::Active,
            }),
            deprecated: row.date("deprecated_at", out),
            retires: row.date("retires_at", out),
            input: row.tokens("max_input_tokens", out),
            output: row.tokens("max_tokens", out),
            ..Facts::default()
        };
        if let Some(can) = row.inner("capabilities", out) {
            for (name, capability) in CAPABILITIES {
                if can.supports(name, out) {
                    facts.capabilities.insert((*capability).to_owned());
                }
            }
        }
        out.add(provider, id, id, facts);
    }
}

/// Mistral's models: each name is a row, and names the others of the same model.
pub(in crate::sources::import) fn mistral(document: &Value, provider: Provider, out: &mut Gathered) {
    /// What a model can do, in the order in which it decides the mode.
    const MODES: &[(&str, &str)] = &[
        ("completion_chat", "chat"),
        ("ocr", "ocr"),
        ("moderation", "moderation"),
        ("audio_transcription", "transcription"),
        ("completion_fim", "completion"),
    ];
    const CAPABILITIES: &[(&str, &str)] = &[
        ("function_calling", "tools"),
        ("vision", "vision"),
        ("audio", "audio-in"),
        ("reasoning", "reasoning"),
    ];
    let Some(root) = Item::new(document, String::new(), out) else {
        return;
    };
    for row in root.items("data", out) {
        let Some(id) = row.required("id", out) else {
            continue;
        };
        if row.text("type", out) == Some("fine-tuned") {
            out.drop(provider, id, "a fine-tuned model of the account");
            continue;
        }
        let retires = row.date("deprecation", out);
        let mut facts = Facts {
            state: Some(if retires.is_some() {
                State::Deprecated
            } else {
                State::Active
            }),
            retires,
            successor: row.text("deprecation_replacement_model", out).map(str::to_owned),
            context: row.tokens("max_context_length", out),
            ..Facts::default()
        };
        if let Some(can) = row.inner("capabilities", out) {
            let mode = MODES.iter().find(|(flag, _)| can.flag(flag, out));
            facts.modes = mode.map(|(_, mode)| (*mode).to_owned()).into_iter().collect();
            for (flag, capability) in CAPABILITIES {
                if can.flag(flag, out) {
                    facts.capabilities.insert((*capability).to_owned());
                }
            }
        }
        let names: BTreeSet<_> = row.texts("aliases", out).into_iter().chain([id]).collect();
        let mut dated = names.iter().filter(|name| is_snapshot(name));
        let snapshot = dated.next().filter(|_| dated.next().is_none());
        for name in &names {
            let resolves_to = snapshot
                .filter(|snapshot| *snapshot != name)
                .map(|to| (*to).to_owned());
            out.add(
                provider,
                name,
                name,
                Facts {
                    resolves_to,
                    ..facts.clone()
                },
            );
        }
    }
}

/// Whether `name` ends in a month, `-YYMM`.
fn is_snapshot(name: &str) -> bool {
    const MONTH: usize = 4; // digits
    name.rsplit_once('-')
        .is_some_and(|(_, end)| end.len() == MONTH && end.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Cohere's models.
pub(in crate::sources::import) fn cohere(document: &Value, provider: Provider, out: &mut Gathered) {
    /// In the order in which an endpoint decides the mode.
    const MODES: &[&str] = &[
        "chat",
        "embed",
        "rerank",
        "transcriptions",
        "classify",
        "generate",
    ];
    let Some(root) = Item::new(document, String::new(), out) else {
        return;
    };
    for row in root.items("models", out) {
        let Some(id) = row.required("name", out) else {
            continue;
        };
        if row.flag("finetuned", out) {
            out.drop(provider, id, "a fine-tuned model of the account");
            continue;
        }
        let endpoints = row.texts("endpoints", out);
        let mode = MODES.iter().find(|mode| endpoints.contains(mode));
        let mut facts = Facts {
            modes: mode
                .and_then(|mode| super::mode(mode))
                .map(str::to_owned)
                .into_iter()
                .collect(),
            state: row.flag("is_deprecated", out).then_some(State::Deprecated),
            context: row.tokens("context_length", out),
            ..Facts::default()
        };
        let features = row.texts("features", out);
        for (feature, capability) in [
            ("tools", "tools"),
            ("vision", "vision"),
            ("json_schema", "json-schema"),
        ] {
            if features.contains(&feature) {
                facts.capabilities.insert(capability.to_owned());
            }
        }
        out.add(provider, id, id, facts);
    }
}
