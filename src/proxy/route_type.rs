//! What a path means to an AI backend: `policies.ai.routes`.

use serde_json::Value;

/// The kind of request that a path carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum RouteType {
    Completions,
    Messages,
    Responses,
    Embeddings,
    Rerank,
    AnthropicTokenCount,
    GenerateContent,
    GeminiCountTokens,
    Realtime,
    Models,
    Detect,
    Passthrough,
}

/// Where a request of some type carries its model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ModelIn {
    /// The top level of a JSON body.
    Body,
    /// The path, as Gemini's own API has it.
    Path,
    /// Nowhere that aliases apply to; the body is not read.
    Nowhere,
}

/// Type, its name in `policies.ai.routes`, the path under the base of an API that is like OpenAI's or Anthropic's,
/// and where the model stands.
type Row = (RouteType, &'static str, &'static str, ModelIn);

#[rustfmt::skip]
const TYPES: &[Row] = &[
    (RouteType::Completions, "Completions", "/chat/completions", ModelIn::Body),
    (RouteType::Messages, "Messages", "/messages", ModelIn::Body),
    (RouteType::Responses, "Responses", "/responses", ModelIn::Body),
    (RouteType::Embeddings, "Embeddings", "/embeddings", ModelIn::Body),
    (RouteType::Rerank, "Rerank", "/rerank", ModelIn::Body),
    (RouteType::AnthropicTokenCount, "AnthropicTokenCount", "/messages/count_tokens", ModelIn::Body),
    (RouteType::GenerateContent, "GenerateContent", "", ModelIn::Path),
    (RouteType::GeminiCountTokens, "GeminiCountTokens", "", ModelIn::Path),
    (RouteType::Realtime, "Realtime", "/realtime", ModelIn::Nowhere),
    (RouteType::Models, "Models", "/models", ModelIn::Nowhere),
    (RouteType::Detect, "Detect", "", ModelIn::Nowhere),
    (RouteType::Passthrough, "Passthrough", "", ModelIn::Nowhere),
];

impl RouteType {
    pub(crate) fn named(name: &str) -> Option<Self> {
        TYPES.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    pub(crate) const fn as_str(self) -> &'static str {
        TYPES[self as usize].1
    }

    /// The path under the base of an API; empty where there is no fixed one.
    pub(crate) const fn path(self) -> &'static str {
        TYPES[self as usize].2
    }

    pub(crate) const fn model_in(self) -> ModelIn {
        TYPES[self as usize].3
    }
}

/// Path suffixes and their types, the longest suffix first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct RouteTypes(Vec<(String, RouteType)>);

impl RouteTypes {
    /// The table in `routes`; names of no type are passed over.
    pub(crate) fn new(routes: Option<&Value>) -> Self {
        let rows = routes.and_then(Value::as_object).into_iter().flatten();
        let mut rows: Vec<_> = rows
            .filter_map(|(suffix, name)| Some((suffix.clone(), RouteType::named(name.as_str()?)?)))
            .collect();
        rows.sort_by_key(|(suffix, _)| (suffix == "*", usize::MAX - suffix.len()));
        Self(rows)
    }

    /// The type of `path`: that of the longest suffix, then that of `*`, then chat completions.
    ///
    /// agentgateway @75b4e6ce6 does the same; without a table every path is a chat completion.
    pub(crate) fn of(&self, path: &str) -> RouteType {
        let hit = self
            .0
            .iter()
            .find(|(suffix, _)| suffix == "*" || path.ends_with(suffix.as_str()));
        hit.map_or(RouteType::Completions, |(_, route_type)| *route_type)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_the_enum() {
        for (at, row) in TYPES.iter().enumerate() {
            assert_eq!(row.0 as usize, at, "{}", row.1);
        }
    }

    #[test]
    fn longest_suffix_wins_and_star_is_last() {
        let types = RouteTypes::new(Some(&json!({
            "*": "Passthrough", "/v1/messages": "Messages", "/completions": "Detect", "/chat/completions": "Completions",
        })));
        assert_eq!(types.of("/openai/v1/chat/completions"), RouteType::Completions);
        assert_eq!(types.of("/v1/completions"), RouteType::Detect);
        assert_eq!(types.of("/v1/messages/"), RouteType::Passthrough);
        assert_eq!(RouteTypes::new(None).of("/anything"), RouteType::Completions);
    }
}
