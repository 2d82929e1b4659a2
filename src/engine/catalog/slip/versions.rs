//! Versions and dates that no model has.

use super::{Evidence, Query, some};
use crate::engine::{
    catalog::{Provider, dates},
    suggest::date_len,
};

/// A maker's name and a number, where ids of that number have more and no id on offer has only that: `gemini-2.5`.
pub(super) fn bare_version(query: &Query<'_>) -> Option<Evidence> {
    let words = query.words()?;
    let number = |word: &u16| query.index.token(*word).bytes().all(|byte| byte.is_ascii_digit());
    let bare = |tokens: &[u16]| tokens.len() > 1 && tokens[0] == words[0] && tokens[1..].iter().all(number);
    if words.is_empty() || !bare(&words) || query.rows(bare).into_iter().any(|row| query.age(row) == 0) {
        return None;
    }
    some(query.rows(|tokens| tokens.len() > words.len() && tokens.starts_with(&words)))
}

/// A version with `.0` that is listed without, or the other way round: `gemini-3.0-pro`.
pub(super) fn zero_version(query: &Query<'_>) -> Option<Evidence> {
    let tokens = query.tokens();
    let without: Vec<&str> = tokens.iter().copied().filter(|token| *token != "0").collect();
    if without.len() + 1 == tokens.len() {
        let core = without.concat();
        return some(
            (0..query.index.len())
                .filter(|&row| query.index.core(row) == core)
                .collect(),
        );
    }
    let numbers = tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| token.ends_with(|c: char| c.is_ascii_digit()));
    let with = numbers.map(|(at, _)| tokens.split_at(at + 1));
    some(
        with.flat_map(|(head, tail)| query.same_tokens(&[head, &["0"], tail].concat()))
            .collect(),
    )
}

/// A version far above all listed ones: `gpt-44`.
pub(super) fn impossible_version(query: &Query<'_>) -> Option<Evidence> {
    const AHEAD: u32 = 4; // versions that may have come since
    const ENOUGH: usize = 3; // listed versions
    let tokens = query.tokens();
    let (head, written) = (query.index.word(tokens.first()?)?, *tokens.get(1)?);
    let version = written.parse::<u32>().ok()?;
    let rows = query.rows(|tokens| tokens.len() > 1 && tokens[0] == head);
    let number = |row: usize| {
        query
            .listed(row)
            .nth(1)
            .and_then(|token| token.trim_end_matches('o').parse::<u32>().ok())
    };
    let listed: Vec<u32> = rows.into_iter().filter_map(number).collect();
    if listed.len() < ENOUGH || version <= listed.iter().max()? + AHEAD {
        return None;
    }
    // A digit too many, or a dot left out.
    let without = (0..written.len()).map(|at| [&written[..at], &written[at + 1..]].concat());
    Some(
        without
            .flat_map(|version| query.same_tokens(&[&[tokens[0], &version], &tokens[2..]].concat()))
            .collect(),
    )
}

/// Bedrock: a version without the date that belongs before it.
pub(super) fn missing_date(query: &Query<'_>) -> Option<Evidence> {
    let versioned = query.catalog.provider == Provider::Bedrock && query.id.contains("-v");
    let (stem, version) = query.id.rsplit_once("-v").filter(|_| versioned)?;
    let undated = |id: &str| {
        id.rsplit_once("-v").is_some_and(|(dated, same)| {
            same == version && dated.len() - date_len(dated) == stem.len() && dated.starts_with(stem)
        })
    };
    some(query.ids(|id| id != query.id && undated(id)))
}

/// A date that ends too soon: `gpt-4o-2024-08`.
pub(super) fn cut_date(query: &Query<'_>) -> Option<Evidence> {
    let cut = |id: &str| {
        let dated = id.len() - date_len(id);
        id.strip_prefix(query.id)
            .is_some_and(|rest| rest.starts_with('-'))
            && dated < query.id.len()
    };
    some(query.ids(cut))
}

/// A snapshot of a listed model with a date that the catalog would know, or that is no date.
pub(super) fn old_date(query: &Query<'_>) -> Option<Evidence> {
    let (stem, date) = dates::of(query.catalog.provider, query.id)?;
    let (mut newest, mut rows) = (None, Vec::new());
    for (row, model) in query.catalog.models().enumerate() {
        let Some((other, date)) = dates::of(query.catalog.provider, &model.id) else {
            continue;
        };
        newest = newest.max(date);
        if other == stem {
            rows.push(row);
        }
    }
    // Claude's snapshots are listed from the first day on; others' come to catalogs late.
    if rows.is_empty() && stem.starts_with("claude-") {
        rows.extend(query.ids(|id| id == stem));
    }
    let known = date.is_none_or(|date| {
        newest.is_some_and(|newest| dates::is_well_before(date, newest)) || query.catalog.would_know(date)
    });
    if known { some(rows) } else { None }
}
