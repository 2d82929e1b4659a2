//! agentgateway's catalog of costs, bare or in the ConfigMap that the gateway mounts.
//!
//! `{"providers": {ID: {"models": {MODEL: {"rates", "tiers", "tags"}}}}}`, as agentgateway @75b4e6ce6 reads it in
//! `crates/agentgateway/src/llm/catalog`. Several are laid over each other model by model; since only the names of
//! models count here, that is the union of them.

use serde_json::Value;

use crate::{
    engine::{Provider, pointer},
    sources::{
        documents,
        import::{Facts, Gathered, Item},
    },
};

/// The gateway's names of providers where they differ from ours.
const PROVIDERS: &[(&str, Provider)] = &[
    ("aws.bedrock", Provider::Bedrock),
    ("gcp.gemini", Provider::Gemini),
    ("gcp.vertex_ai", Provider::VertexAi),
];

/// What the gateway refuses to read elsewhere, and we too.
const FIELDS: &[&str] = &["rates", "tiers", "tags"];

pub(in crate::sources::import) fn agentgateway(document: &Value, out: &mut Gathered) {
    let Some(root) = Item::new(document, String::new(), out) else {
        return;
    };
    if document.get("kind").and_then(Value::as_str) != Some("ConfigMap") {
        return catalog(&root, out);
    }
    let Some(data) = document.get("data").and_then(Value::as_object) else {
        return out.fault("", "the ConfigMap has no data");
    };
    for (key, value) in data.iter().filter(|(key, _)| key.ends_with(".json")) {
        let at = format!("/data{}", pointer::join("", key));
        let Some(text) = value.as_str() else {
            out.fault(at, "the catalog is no string");
            continue;
        };
        let reading = documents::read(text);
        for fault in reading.faults {
            out.fault(at.clone(), format!("the catalog at {fault}"));
        }
        for inner in reading.documents {
            // Faults within the string are told at the key that holds it.
            let mut part = out.part();
            if let Some(root) = Item::new(&inner.value, String::new(), &mut part) {
                catalog(&root, &mut part);
            }
            out.take(part, &at);
        }
    }
    if !data.keys().any(|key| key.ends_with(".json")) {
        out.fault("/data", "no key ends in .json, such as catalog.json");
    }
}

fn catalog(root: &Item<'_>, out: &mut Gathered) {
    if !root.has("providers") {
        return out.fault(root.at.clone(), "\"providers\" is missing");
    }
    let Some(providers) = root.inner("providers", out) else {
        return;
    };
    for (name, entry) in providers.members(out) {
        let renamed = PROVIDERS.iter().find(|row| row.0 == name).map(|row| row.1);
        let Some(provider) = renamed.or_else(|| name.parse().ok()) else {
            continue; // a provider that we do not tell apart
        };
        let Some(models) = entry.inner("models", out) else {
            continue;
        };
        for (id, model) in models.members(out) {
            for (field, _) in model.fields().filter(|(field, _)| !FIELDS.contains(field)) {
                let at = pointer::join(&model.at, field);
                out.fault(at, format!("unknown field {}", quote(field)));
            }
            out.add(provider, id, id, Facts::default());
        }
    }
}

fn quote(text: &str) -> String {
    format!("{:?}", text.chars().take(64).collect::<String>())
}
