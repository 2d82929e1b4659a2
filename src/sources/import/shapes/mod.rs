//! How each source writes its models.

mod agentgateway;
mod bedrock;
mod google;
mod ids;
mod lists;
mod litellm;
mod makers;
mod models_dev;

use serde_json::Value;

use super::{Gathered, claims};
use crate::engine::{
    Severity,
    catalog::manifest::{KIND, ModelCatalog},
};

pub(super) use agentgateway::agentgateway;
pub(super) use bedrock::{bedrock_models, bedrock_profiles};
pub(super) use google::{gemini, vertex};
pub(super) use ids::ids;
pub(super) use lists::{azure, ollama, openai, openrouter, xai};
pub(super) use litellm::litellm;
pub(super) use makers::{anthropic, cohere, mistral};
pub(super) use models_dev::models_dev;

/// A ModelCatalog of ours.
pub(super) fn model_catalog(document: &Value, out: &mut Gathered) {
    if document.get("kind").and_then(Value::as_str) != Some(KIND) {
        return out.fault("", "not a ModelCatalog");
    }
    let (catalog, faults) = ModelCatalog::read(document);
    for fault in faults
        .into_iter()
        .filter(|fault| fault.severity == Severity::Error)
    {
        out.fault(fault.pointer, fault.message);
    }
    if let Some(catalog) = catalog {
        out.extend(claims(&catalog, out.as_of()));
    }
}

/// The mode of a catalog for the word that a source uses; `None` for words that say nothing.
fn mode(word: &str) -> Option<&'static str> {
    Some(match word {
        "chat" | "language" | "generate" => "chat",
        "responses" => "responses",
        "completion" => "completion",
        "embedding" | "embed" => "embedding",
        "image" | "image_generation" | "image_edit" => "image",
        "transcription" | "audio_transcription" | "transcriptions" => "transcription",
        "speech" | "audio_speech" => "speech",
        "realtime" => "realtime",
        "video" | "video_generation" => "video",
        "rerank" => "rerank",
        "moderation" => "moderation",
        "ocr" => "ocr",
        "search" | "decisions" | "evaluation" | "extraction" | "guardrail" | "vector_store" | "classify" => {
            "other"
        }
        _ => return None,
    })
}
