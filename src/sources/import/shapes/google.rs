//! The lists of the Gemini API and of Vertex AI.

use serde_json::Value;

use crate::{
    engine::{Provider, catalog::State},
    sources::import::{Facts, Gathered, Item},
};

/// The Gemini API's models, `models/ID`.
pub(in crate::sources::import) fn gemini(document: &Value, provider: Provider, out: &mut Gathered) {
    /// What can be called, in the order in which it decides the mode.
    const METHODS: &[(&str, &str)] = &[
        ("generateContent", "chat"),
        ("bidiGenerateContent", "realtime"),
        ("embedContent", "embedding"),
        ("predictLongRunning", "video"),
        ("predict", "image"),
        ("generateAnswer", "chat"),
    ];
    let Some(root) = Item::new(document, String::new(), out) else {
        return;
    };
    for row in root.items("models", out) {
        let Some(name) = row.required("name", out) else {
            continue;
        };
        if name.starts_with("tunedModels/") {
            out.drop(provider, name, "a fine-tuned model of the account");
            continue;
        }
        let methods = row.texts("supportedGenerationMethods", out);
        let mode = METHODS.iter().find(|(method, _)| methods.contains(method));
        let mut facts = Facts {
            modes: mode.map(|(_, mode)| (*mode).to_owned()).into_iter().collect(),
            input: row.tokens("inputTokenLimit", out),
            output: row.tokens("outputTokenLimit", out),
            ..Facts::default()
        };
        if row.flag("thinking", out) {
            facts.capabilities.insert("reasoning".to_owned());
        }
        out.add(
            provider,
            name.strip_prefix("models/").unwrap_or(name),
            name,
            facts,
        );
    }
}

/// Vertex AI's models of publishers, `publishers/P/models/ID`.
pub(in crate::sources::import) fn vertex(document: &Value, provider: Provider, out: &mut Gathered) {
    let Some(root) = Item::new(document, String::new(), out) else {
        return;
    };
    for row in root.items("publisherModels", out) {
        let Some(name) = row.required("name", out) else {
            continue;
        };
        let parts: Vec<_> = name.split('/').collect();
        let ["publishers", publisher, "models", model] = parts[..] else {
            out.fault(
                row.at.clone(),
                "\"name\" is not publishers/PUBLISHER/models/MODEL",
            );
            continue;
        };
        // The gateway takes off the publishers of Google and Anthropic by itself.
        let id = match publisher {
            "google" | "anthropic" => model.to_owned(),
            _ => format!("{publisher}/{model}"),
        };
        let state = match row.text("launchStage", out) {
            Some("DEPRECATED") => State::Deprecated,
            _ => State::Active,
        };
        let facts = Facts {
            state: Some(state),
            ..Facts::default()
        };
        let version = row.text("versionId", out).filter(|_| publisher == "anthropic");
        if let Some(version) = version.filter(|version| version.bytes().all(|byte| byte.is_ascii_digit())) {
            let id = format!("{id}@{version}");
            out.add(provider, &id, &id, facts.clone());
        }
        out.add(provider, &id, name, facts);
    }
}
