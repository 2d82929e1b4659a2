//! What the rows of sources name that is no id: prices by size, region and step, tools, and names of other hosts.

use crate::engine::{Provider, catalog};

/// Longest id of a catalog.
pub(super) const MAX_ID: usize = 512; // bytes

/// `id` with `%2F` and its like decoded, as file names of sources carry them.
pub(super) fn decode(id: &str) -> String {
    id.replace("%2F", "/")
        .replace("%2f", "/")
        .replace("%3A", ":")
        .replace("%3a", ":")
}

/// Rows that are no model of the provider: the provider, and the whole name, or its head with a `*` at the end.
const NO_MODELS: &[(Provider, &[&str])] = &[
    (Provider::OpenAi, &["container", "search"]),
    (
        Provider::Azure,
        &[
            "container",
            "gpt-3.5-*",
            "doc-intelligence/*",
            "model_router",
            "ada",
            "speech/*",
        ],
    ),
    (Provider::Fireworks, &["fireworks-ai-*"]),
    (Provider::TogetherAi, &["together-ai-*"]),
    (Provider::DeepSeek, &["search"]),
    (Provider::Mistral, &["search"]),
    (Provider::VertexAi, &["anthropic", "xai", "maas", "search_api"]),
    (Provider::Bedrock, &["claude_platform*"]),
];

/// Why `id` is no id of `provider`; `None` when it may be one.
pub(super) fn no_id(provider: Provider, id: &str) -> Option<&'static str> {
    let is = |name: &str| match name.strip_suffix('*') {
        Some(head) => id.starts_with(head),
        None => id == name,
    };
    if id.len() > MAX_ID {
        return Some("longer than any id");
    }
    if id.contains('*') {
        return Some("a pattern");
    }
    if NO_MODELS
        .iter()
        .any(|(of, names)| *of == provider && names.iter().any(|name| is(name)))
    {
        return Some("no model of the provider");
    }
    if id
        .split('/')
        .any(|part| is_size(part) || part.ends_with("-steps"))
    {
        return Some("the price of a size or of steps");
    }
    let slashed = match provider {
        Provider::OpenAi | Provider::Anthropic => id.contains('/'),
        Provider::Bedrock => id.contains(['/', '@']),
        Provider::Fireworks => !id.starts_with("accounts/"),
        _ => false,
    };
    if slashed {
        return Some("a name that the provider does not take");
    }
    if id.starts_with("ft:") {
        let price = id.matches(':').count() < 2;
        return Some(if price {
            "the price of fine-tuned models"
        } else {
            "a fine-tuned model of the account"
        });
    }
    catalog::impossible(provider, id)
}

/// `1024-x-1024` and its like.
fn is_size(part: &str) -> bool {
    let number =
        |text: &str| text == "max" || (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    part.split_once("-x-")
        .is_some_and(|(wide, high)| number(wide) && number(high))
}
