//! Parts of an id that are missing or do not belong.

use super::{Evidence, Query, some};
use crate::engine::catalog::{Provider, brand::World, prefix, words};

/// The right model after another vendor or account, where each model has one.
pub(super) fn other_vendor(query: &Query<'_>) -> Option<Evidence> {
    if !matches!(query.catalog.provider, Provider::OpenRouter | Provider::Fireworks) {
        return None;
    }
    let name = query.id.rsplit('/').next();
    some(query.ids(|id| id.rsplit('/').next() == name))
}

/// A model without the organisation before it, where every id has one.
pub(super) fn missing_organisation(query: &Query<'_>) -> Option<Evidence> {
    let provider = query.catalog.provider;
    if provider.world() != World::Host || !prefix::has_organisations(provider) || query.id.contains('/') {
        return None;
    }
    let words = query
        .words()
        .filter(|words| words.len() >= 2 && query.is_numbered())?;
    let mut rows = query.rows(|tokens| tokens.len() > words.len() && tokens.ends_with(&words));
    rows.retain(|&row| query.catalog.row(row).id.contains('/'));
    some(rows)
}

/// The vendor's name before a listed id: `openai-gpt-4o`.
pub(super) fn vendor_before(query: &Query<'_>) -> Option<Evidence> {
    let tokens = query.tokens();
    let (first, rest) = tokens.split_first()?;
    prefix::name(first)?;
    some(query.same_tokens(rest))
}

/// What every listed offer of the model ends in: `-v1:0` or `:0` at Bedrock, `-maas` at Vertex AI.
pub(super) fn missing_end(query: &Query<'_>) -> Option<Evidence> {
    let provider = query.catalog.provider;
    let version = |rest: &str| {
        let rest = rest
            .strip_prefix("-v")
            .map_or(rest, |rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
        rest.strip_prefix(':')
            .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let end = |rest: &str| match provider {
        Provider::Bedrock => version(rest),
        Provider::VertexAi => rest == "-maas",
        _ => false,
    };
    let rows = query.ids(|id| id.strip_prefix(query.id).is_some_and(end));
    if !rows.is_empty() || provider != Provider::Bedrock {
        return some(rows);
    }
    // Date and version both left out, or a version put where there is none.
    let dated = |rest: &str| rest.starts_with("-20") && rest.get(9..).is_some_and(version);
    let both = query.ids(|id| id.strip_prefix(query.id).is_some_and(dated));
    let needless = query.ids(|id| query.id.strip_prefix(id).is_some_and(version));
    some(if both.is_empty() { needless } else { both })
}

/// The end of a listed id, where no id begins like that: `embedding-3-large`.
pub(super) fn missing_head(query: &Query<'_>) -> Option<Evidence> {
    let words = query.words().filter(|words| words.len() >= 2)?;
    if !query.is_numbered() || !query.rows(|tokens| tokens.first() == words.first()).is_empty() {
        return None;
    }
    some(query.rows(|tokens| tokens.len() > words.len() && tokens.ends_with(&words)))
}

/// The first word of listed ids and nothing else: `whisper`.
pub(super) fn bare_head(query: &Query<'_>) -> Option<Evidence> {
    let words = query.words()?;
    let [word] = words[..] else { return None };
    let single = |tokens: &[u16]| tokens.len() == 1 && words::is_word(query.index.token(tokens[0]));
    if !words::is_word(query.index.token(word)) || !query.rows(single).is_empty() {
        return None;
    }
    some(query.rows(|tokens| tokens.first() == Some(&word)))
}

/// The beginning of listed ids without a number, where no id does without: `claude-haiku`.
pub(super) fn missing_number(query: &Query<'_>) -> Option<Evidence> {
    let words = query
        .words()
        .filter(|words| words.len() >= 2 && !query.is_numbered())?;
    let family = query.rows(|tokens| tokens.first() == words.first());
    let numbered = |row: &&usize| {
        query
            .index
            .squash(**row)
            .bytes()
            .any(|byte| byte.is_ascii_digit())
    };
    if family.iter().filter(numbered).count() * 20 < family.len() * 19 {
        return None;
    }
    some(query.rows(|tokens| tokens.len() > words.len() && tokens.starts_with(&words)))
}
