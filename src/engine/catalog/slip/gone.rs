//! What would belong to models that have been switched off.

use super::{Evidence, Query, some};
use crate::engine::{catalog::State, suggest::date_len};

/// What would come before models that have been switched off: nothing new comes there.
pub(super) fn dead_family(query: &Query<'_>) -> Option<Evidence> {
    let words = query.words().filter(|words| words.len() >= 2)?;
    let longer = query.rows(|tokens| tokens.len() > words.len() && tokens.starts_with(&words));
    let gone = longer.iter().filter(|&&row| query.age(row) == 2).count();
    if gone * 5 >= longer.len() * 4 {
        some(longer)
    } else {
        None
    }
}

/// A model whose listed snapshots and previews have all been switched off.
pub(super) fn dead_snapshots(query: &Query<'_>) -> Option<Evidence> {
    let rows = query.ids(|id| id.len() > query.id.len() && id.starts_with(query.id));
    let of_it = |row: &usize| query.index.core(*row) == query.spelling.squash;
    let rows: Vec<usize> = rows.into_iter().filter(of_it).collect();
    if rows.iter().all(|&row| query.age(row) == 2) {
        some(rows)
    } else {
        None
    }
}

/// A pointer to, or a snapshot of, a model that has been switched off.
pub(super) fn dead_stem(query: &Query<'_>) -> Option<Evidence> {
    let stem = query
        .id
        .strip_suffix("-latest")
        .or_else(|| query.id.strip_suffix("-preview"));
    let stem = stem.unwrap_or(&query.id[..query.id.len() - date_len(query.id)]);
    let rows = query.ids(|id| id == stem && stem != query.id);
    let dead = |row: &usize| query.age(*row) == 2 && query.catalog.row(*row).state != State::Historical;
    some(rows.into_iter().filter(dead).collect())
}

/// A pointer to what is a pointer itself, at a provider that has no other such: `claude-sonnet-4-5-latest`.
pub(super) fn needless_latest(query: &Query<'_>) -> Option<Evidence> {
    let stem = query.id.strip_suffix("-latest")?;
    let row = query.ids(|id| id == stem);
    let mut pointers = query
        .catalog
        .models()
        .filter_map(|model| model.id.strip_suffix("-latest"))
        .peekable();
    pointers.peek()?;
    if pointers.any(|stem| query.catalog.get(stem).is_some()) {
        None
    } else {
        some(row)
    }
}
