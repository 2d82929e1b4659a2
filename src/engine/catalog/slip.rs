//! The slips by which an id that is not listed is told to be wrong, not new.
//!
//! Each slip is evidence that what was written cannot be a model that is newer than the catalog. That an id is near to
//! a listed one is no evidence: new models are named after old ones.

use super::{Catalog, Catalogs, Provider, prefix, words};
use crate::engine::{
    Date,
    catalog::{State, brand::World},
    suggest::{Index, Spelling, date_len},
};

/// An id that is not listed, beside the catalog that does not list it.
pub(crate) struct Query<'a> {
    pub(crate) catalogs: &'a Catalogs,
    pub(crate) catalog: &'a Catalog,
    pub(crate) index: &'a Index,
    pub(crate) id: &'a str,
    pub(crate) spelling: &'a Spelling,
    pub(crate) today: Date,
}

/// A slip, as the listed ids that show it; none where the form alone does.
pub(crate) type Evidence = Vec<usize>;

/// One kind of slip.
type Rule = fn(&Query<'_>) -> Option<Evidence>;

/// What cannot be a new model anywhere.
const ANYWHERE: &[Rule] = &[same_letters, same_tokens, replaced_word, missing_organisation];

/// What cannot be a new model where the provider alone gives the names.
const CLOSED: &[Rule] = &[
    missing_version,
    strange_word,
    other_separators,
    other_order,
    missing_head,
    bare_head,
    bare_version,
    impossible_version,
    old_date,
    dead_family,
    vendor_before,
];

/// The first slip that explains `query`.
pub(crate) fn find(query: &Query<'_>) -> Option<Evidence> {
    let closed = query.catalog.provider.is_closed();
    let rules = ANYWHERE.iter().chain(CLOSED.iter().filter(|_| closed));
    rules.into_iter().find_map(|rule| rule(query))
}

/// Separators dropped, added or changed; `0` for `o`.
fn same_letters(query: &Query<'_>) -> Option<Evidence> {
    some(query.index.same_letters(query.spelling).collect())
}

/// Words in another order, numbers with or without leading zeros.
fn same_tokens(query: &Query<'_>) -> Option<Evidence> {
    some(query.index.same_tokens(query.spelling).collect())
}

/// One word for another that is near to it, all else as listed.
fn replaced_word(query: &Query<'_>) -> Option<Evidence> {
    let tokens: Vec<&str> = query.spelling.tokens().collect();
    let mut rows = Vec::new();
    for (at, word) in tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| words::is_word(token))
    {
        for (other, _) in words::near(query.catalog, word) {
            let mut changed = tokens.clone();
            changed[at] = other;
            let spelling = Spelling::new(&changed.join("-"));
            rows.extend(query.index.same_tokens(&spelling));
        }
    }
    some(rows)
}

/// A model without the organisation before it, where every id has one.
fn missing_organisation(query: &Query<'_>) -> Option<Evidence> {
    let provider = query.catalog.provider;
    if provider.world() != World::Host || !prefix::has_organisations(provider) || query.id.contains('/') {
        return None;
    }
    let ids = query
        .catalog
        .models()
        .enumerate()
        .filter_map(|(row, model)| Some((row, model.id.rsplit_once('/')?.1)));
    some(
        ids.filter(|(_, name)| name.eq_ignore_ascii_case(query.id))
            .map(|(row, _)| row)
            .collect(),
    )
}

/// Bedrock: an id without `-v1:0` or `:0`.
fn missing_version(query: &Query<'_>) -> Option<Evidence> {
    if query.catalog.provider != Provider::Bedrock {
        return None;
    }
    let version = |rest: &str| {
        let rest = rest
            .strip_prefix("-v")
            .map_or(rest, |rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
        rest.strip_prefix(':')
            .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let rows = query.catalog.models().enumerate();
    some(
        rows.filter(|(_, model)| model.id.strip_prefix(query.id).is_some_and(version))
            .map(|(row, _)| row)
            .collect(),
    )
}

/// A word that no catalog has and that is one slip away from one of this provider's words.
fn strange_word(query: &Query<'_>) -> Option<Evidence> {
    let strange = |word: &str| {
        words::is_word(word)
            && !words::is_known(query.catalogs, word)
            && words::near(query.catalog, word)
                .iter()
                .any(|(other, slip)| *slip && words::is_slip(word, other))
    };
    query.spelling.tokens().any(strange).then(Vec::new)
}

/// The head of listed ids with other separators: `claude-3.5-sonnet`.
fn other_separators(query: &Query<'_>) -> Option<Evidence> {
    let words = query.words()?;
    if words.len() < 3 {
        return None;
    }
    let rows = query.rows(|tokens| tokens.len() > words.len() && tokens[..words.len()] == words);
    let literal = rows
        .iter()
        .any(|&row| query.catalog.row(row).id.starts_with(query.id));
    if literal { None } else { some(rows) }
}

/// The head of listed ids in another order: `claude-4-sonnet`.
fn other_order(query: &Query<'_>) -> Option<Evidence> {
    let mut words = query.words()?;
    if words.len() < 3 {
        return None;
    }
    let as_is = query.rows(|tokens| tokens.starts_with(&words));
    if !as_is.is_empty() {
        return None;
    }
    let len = words.len();
    words.sort_unstable();
    let mut head: Vec<u16> = Vec::with_capacity(len);
    some(query.rows(|tokens| {
        head.clear();
        head.extend(tokens.iter().take(len));
        head.sort_unstable();
        head == words
    }))
}

/// The end of a listed id, where no id begins like that: `embedding-3-large`.
fn missing_head(query: &Query<'_>) -> Option<Evidence> {
    let words = query.words()?;
    let first = *words.first()?;
    if words.len() < 2 || !query.rows(|tokens| tokens.first() == Some(&first)).is_empty() {
        return None;
    }
    some(query.rows(|tokens| tokens.len() > words.len() && tokens.ends_with(&words)))
}

/// The first word of listed ids and nothing else: `whisper`.
fn bare_head(query: &Query<'_>) -> Option<Evidence> {
    let words = query.words()?;
    let [word] = words[..] else { return None };
    let single = |tokens: &[u16]| tokens.len() == 1 && words::is_word(query.index.token(tokens[0]));
    if !words::is_word(query.index.token(word)) || !query.rows(single).is_empty() {
        return None;
    }
    some(query.rows(|tokens| tokens.first() == Some(&word)))
}

/// A maker's name and a number, where ids of that number have more and no id has only that: `gemini-2.5`.
fn bare_version(query: &Query<'_>) -> Option<Evidence> {
    let words = query.words()?;
    let number = |word: &u16| query.index.token(*word).bytes().all(|byte| byte.is_ascii_digit());
    let bare = |tokens: &[u16]| tokens.len() > 1 && tokens[0] == words[0] && tokens[1..].iter().all(number);
    if words.len() < 2 || !bare(&words) {
        return None;
    }
    let alive = |row: &usize| query.catalog.row(*row).age(query.today) == 0;
    if query.rows(bare).iter().any(alive) {
        return None;
    }
    some(query.rows(|tokens| tokens.len() > words.len() && tokens.starts_with(&words)))
}

/// A version far above all listed ones: `gpt-44`.
fn impossible_version(query: &Query<'_>) -> Option<Evidence> {
    const AHEAD: u32 = 4; // versions that may have come since
    const ENOUGH: usize = 3; // listed versions
    let tokens: Vec<&str> = query.spelling.tokens().collect();
    let (head, written) = (query.index.word(tokens.first()?)?, *tokens.get(1)?);
    let version = written.parse::<u32>().ok()?;
    let rows = query.rows(|tokens| tokens.len() > 1 && tokens[0] == head);
    let second = |row: &usize| {
        query
            .index
            .token(query.index.tokens(*row)[1])
            .trim_end_matches('o')
            .parse::<u32>()
            .ok()
    };
    let listed: Vec<u32> = rows.iter().filter_map(second).collect();
    let most = *listed.iter().max()?;
    if listed.len() < ENOUGH || version <= most + AHEAD {
        return None;
    }
    // A digit too many, or a dot left out.
    let without = (0..written.len()).map(|at| [&written[..at], &written[at + 1..]].concat());
    let shorter =
        without.map(|version| Spelling::new(&[&[tokens[0], &version], &tokens[2..]].concat().join("-")));
    Some(
        shorter
            .flat_map(|spelling| query.index.same_tokens(&spelling).collect::<Vec<_>>())
            .collect(),
    )
}

/// A snapshot of a listed model with a date that the catalog would know.
fn old_date(query: &Query<'_>) -> Option<Evidence> {
    let (stem, date) = dated(query.catalog.provider, query.id)?;
    let mut newest = None;
    let mut rows = Vec::new();
    for (row, model) in query.catalog.models().enumerate() {
        let Some((other, date)) = dated(query.catalog.provider, &model.id) else {
            continue;
        };
        newest = newest.max(Some(date));
        if other == stem {
            rows.push(row);
        }
    }
    if newest.is_some_and(|newest| date <= newest) {
        some(rows)
    } else {
        None
    }
}

/// Something before or after models that have all been switched off: nothing new comes there.
fn dead_family(query: &Query<'_>) -> Option<Evidence> {
    let words = query.words()?;
    let dead = |row: &usize| query.catalog.row(*row).age(query.today) == 2;
    let longer = query.rows(|tokens| tokens.len() > words.len() && tokens.starts_with(&words));
    let gone = longer.iter().filter(|row| dead(row)).count();
    if words.len() > 1 && !longer.is_empty() && gone * 5 >= longer.len() * 4 {
        return Some(longer);
    }
    // A pointer or a snapshot of a model that has been switched off.
    let stem = query
        .id
        .strip_suffix("-latest")
        .or_else(|| query.id.strip_suffix("-preview"));
    let stem = stem.unwrap_or(&query.id[..query.id.len() - date_len(query.id)]);
    let model = query.catalog.get(stem).filter(|_| stem.len() < query.id.len())?;
    if model.age(query.today) < 2 || model.state == State::Historical {
        return None;
    }
    let row = query.catalog.models().position(|other| other.id == model.id)?;
    Some(vec![row])
}

/// The vendor's name before a listed id: `openai-gpt-4o`.
fn vendor_before(query: &Query<'_>) -> Option<Evidence> {
    let mut tokens = query.spelling.tokens();
    prefix::name(tokens.next()?)?;
    let rest = Spelling::new(&tokens.collect::<Vec<_>>().join("-"));
    some(query.index.same_tokens(&rest).collect())
}

impl Query<'_> {
    /// The tokens as words of the catalog; `None` where it lacks one.
    fn words(&self) -> Option<Vec<u16>> {
        self.spelling
            .tokens()
            .map(|token| self.index.word(token))
            .collect()
    }

    /// The rows whose tokens fit.
    fn rows(&self, mut fits: impl FnMut(&[u16]) -> bool) -> Vec<usize> {
        (0..self.index.len())
            .filter(|&row| fits(self.index.tokens(row)))
            .collect()
    }
}

fn some(rows: Vec<usize>) -> Option<Evidence> {
    (!rows.is_empty()).then_some(rows)
}

/// The model and the date of a snapshot's id, as year, month and day; `None` without a date that has a year.
fn dated(provider: Provider, id: &str) -> Option<(&str, u32)> {
    let id = match provider {
        Provider::Bedrock => id
            .split(':')
            .next()
            .and_then(|id| id.rsplit_once("-v"))
            .map_or(id, |(id, _)| id),
        _ => id,
    };
    let (stem, tail) = match id.rsplit_once('@') {
        Some(pair) => pair,
        None => (
            &id[..id.len() - date_len(id)],
            id[id.len() - date_len(id)..].trim_start_matches('-'),
        ),
    };
    let digits: String = tail.chars().filter(char::is_ascii_digit).collect();
    let number = digits.parse::<u32>().ok()?;
    let date = match (digits.len(), tail.as_bytes().get(2)) {
        (8, _) => number,
        (6, Some(b'-')) => number % 10_000 * 10_000 + number / 10_000 * 100, // month, year
        (4, Some(byte)) if *byte != b'-' && provider == Provider::Mistral => 20_000_000 + number * 100,
        _ => return None,
    };
    let plausible = (2_019..2_100).contains(&(date / 10_000)) && date / 100 % 100 <= 12 && date % 100 <= 31;
    plausible.then_some((stem, date))
}
