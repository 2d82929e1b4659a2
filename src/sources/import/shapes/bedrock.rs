//! The lists of Amazon Bedrock.

use serde_json::Value;

use crate::{
    engine::{Provider, catalog::State},
    sources::import::{Facts, Gathered, Item},
};

/// Foundation models, with their life.
pub(in crate::sources::import) fn bedrock_models(document: &Value, provider: Provider, out: &mut Gathered) {
    /// What comes out, in the order in which it decides the mode.
    const MODES: &[(&str, &str)] = &[
        ("TEXT", "chat"),
        ("EMBEDDING", "embedding"),
        ("IMAGE", "image"),
        ("VIDEO", "video"),
        ("SPEECH", "speech"),
    ];
    let Some(root) = Item::new(document, String::new(), out) else {
        return;
    };
    for row in root.items("modelSummaries", out) {
        let Some(id) = row.required("modelId", out) else {
            continue;
        };
        let outputs = row.texts("outputModalities", out);
        let mode = MODES.iter().find(|(output, _)| outputs.contains(output));
        let mut facts = Facts {
            modes: mode.map(|(_, mode)| (*mode).to_owned()).into_iter().collect(),
            ..Facts::default()
        };
        facts.publisher = row.text("providerName", out).map(str::to_owned);
        let kinds = row.texts("inferenceTypesSupported", out);
        facts.on_demand = (!kinds.is_empty()).then(|| kinds.contains(&"ON_DEMAND"));
        if let Some(life) = row.inner("modelLifecycle", out) {
            facts.state = life.text("status", out).map(|status| match status {
                "LEGACY" => State::Deprecated,
                _ => State::Active,
            });
            facts.deprecated = life.date("legacyTime", out);
            facts.retires = life.date("endOfLifeTime", out);
        }
        if row.texts("inputModalities", out).contains(&"IMAGE") {
            facts.capabilities.insert("vision".to_owned());
        }
        if row.flag("responseStreamingSupported", out) {
            facts.capabilities.insert("streaming".to_owned());
        }
        out.add(provider, id, id, facts);
    }
}

/// The profiles that the system defines: a geography before the id of a model.
pub(in crate::sources::import) fn bedrock_profiles(document: &Value, provider: Provider, out: &mut Gathered) {
    let Some(root) = Item::new(document, String::new(), out) else {
        return;
    };
    for row in root.items("inferenceProfileSummaries", out) {
        let Some(id) = row.required("inferenceProfileId", out) else {
            continue;
        };
        if row.text("type", out) == Some("APPLICATION") {
            out.drop(provider, id, "a profile of the account");
            continue;
        }
        out.add(provider, id, id, Facts::default());
    }
}
