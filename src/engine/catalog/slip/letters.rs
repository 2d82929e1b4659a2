//! Slips of letters, words and separators.

use super::{Evidence, Query, same_numbers, some};
use crate::engine::catalog::{
    Provider,
    words::{self, Near},
};

/// Separators dropped, added or changed; `0` for `o`.
pub(super) fn same_letters(query: &Query<'_>) -> Option<Evidence> {
    some(query.index.same_letters(query.spelling).collect())
}

/// Words in another order, numbers with or without leading zeros.
pub(super) fn same_tokens(query: &Query<'_>) -> Option<Evidence> {
    some(query.same_tokens(&query.tokens()))
}

/// One word for another that is near to it, all else as listed.
pub(super) fn replaced_word(query: &Query<'_>) -> Option<Evidence> {
    let closed = query.catalog.provider.is_closed();
    let tokens = query.tokens();
    let mut rows = Vec::new();
    for (at, word) in tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| words::is_word(token))
    {
        let near = words::near(query.index, word);
        let known = !near.is_empty() && words::is_known(query.catalogs, word);
        for (other, near) in near {
            // A word that makers use is no slip for another, but an ending may be missing.
            let slip = match near {
                Near::Slip => !known,
                Near::Ending => closed || !known,
                Near::Affix => closed,
            };
            if slip {
                let mut changed = tokens.clone();
                changed[at] = other;
                rows.extend(query.same_tokens(&changed));
            }
        }
    }
    some(rows)
}

/// A size without its letter: `8x7` for `8x7b`.
pub(super) fn missing_letter(query: &Query<'_>) -> Option<Evidence> {
    let tokens = query.tokens();
    let sizes = tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| token.ends_with(|c: char| c.is_ascii_digit()));
    let with = sizes.flat_map(|(at, size)| ["b", "k"].map(|letter| (at, [size, letter].concat())));
    some(
        with.flat_map(|(at, size)| query.same_tokens(&[&tokens[..at], &[&size], &tokens[at + 1..]].concat()))
            .collect(),
    )
}

/// Fireworks: `v3-1` or `v3.1` for `v3p1`.
pub(super) fn point_for_p(query: &Query<'_>) -> Option<Evidence> {
    if query.catalog.provider != Provider::Fireworks {
        return None;
    }
    let plain = |byte: u8| if matches!(byte, b'.' | b'-') { b'p' } else { byte };
    some(query.ids(|id| id.bytes().map(plain).eq(query.id.bytes().map(plain))))
}

/// A word that no catalog has and that is one slip away from one of this provider's words.
pub(super) fn strange_word(query: &Query<'_>) -> Option<Evidence> {
    let strange = |word: &&str| {
        let slip = |(other, near): &(&str, Near)| *near != Near::Affix && words::is_slip(word, other);
        words::is_word(word)
            && query.index.word(word).is_none()
            && words::near(query.index, word).iter().any(slip)
            && !words::is_known(query.catalogs, word)
    };
    query.tokens().iter().any(strange).then(Vec::new)
}

/// The head of listed ids with other separators: `claude-3.5-sonnet`.
pub(super) fn other_separators(query: &Query<'_>) -> Option<Evidence> {
    let words = query.words().filter(|words| words.len() >= 3)?;
    let rows = query.rows(|tokens| tokens.len() > words.len() && tokens.starts_with(&words));
    let literal = rows
        .iter()
        .any(|&row| query.catalog.row(row).id.starts_with(query.id));
    if literal { None } else { some(rows) }
}

/// The head of listed ids in another order: `claude-4-sonnet`.
pub(super) fn other_order(query: &Query<'_>) -> Option<Evidence> {
    let mut words = query.words().filter(|words| words.len() >= 3)?;
    if !query.rows(|tokens| tokens.starts_with(&words)).is_empty() {
        return None;
    }
    let len = words.len();
    words.sort_unstable();
    let mut head: Vec<u16> = Vec::with_capacity(len);
    let mut rows = query.rows(|tokens| {
        head.clear();
        head.extend(tokens.iter().take(len));
        head.sort_unstable();
        head == words
    });
    let written = query.tokens();
    rows.retain(|&row| same_numbers(written.iter().copied(), query.listed(row).take(len)));
    some(rows)
}
