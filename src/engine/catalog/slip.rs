//! The slips by which an id that is not listed is told to be wrong, not new.
//!
//! Each slip is evidence that what was written cannot be a model that is newer than the catalog. That an id is near to
//! a listed one is no evidence: new models are named after old ones.

use super::{
    Catalog, Catalogs, Provider, State,
    brand::World,
    dates, prefix,
    words::{self, Near},
};
use crate::engine::{
    Date,
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

/// A slip, as the rows of the listed ids that may be meant; none where only the form shows it.
pub(crate) type Evidence = Vec<usize>;

/// One kind of slip.
type Rule = fn(&Query<'_>) -> Option<Evidence>;

/// What cannot be a new model anywhere.
const ANYWHERE: &[Rule] = &[
    same_letters,
    same_tokens,
    replaced_word,
    missing_organisation,
    vendor_before,
];

/// What cannot be a new model where the provider alone gives the names.
const CLOSED: &[Rule] = &[
    missing_end,
    missing_date,
    cut_date,
    zero_version,
    strange_word,
    other_separators,
    other_order,
    missing_head,
    bare_head,
    bare_version,
    impossible_version,
    old_date,
    dead_family,
    dead_snapshots,
    dead_stem,
    needless_latest,
];

/// The first slip that explains `query`.
pub(crate) fn find(query: &Query<'_>) -> Option<Evidence> {
    let closed = query.catalog.provider.is_closed();
    let mut rules = ANYWHERE.iter().chain(CLOSED.iter().filter(|_| closed));
    rules.find_map(|rule| rule(query))
}

/// Separators dropped, added or changed; `0` for `o`.
fn same_letters(query: &Query<'_>) -> Option<Evidence> {
    some(query.index.same_letters(query.spelling).collect())
}

/// Words in another order, numbers with or without leading zeros.
fn same_tokens(query: &Query<'_>) -> Option<Evidence> {
    some(query.same_tokens(&query.tokens()))
}

/// One word for another that is near to it, all else as listed.
fn replaced_word(query: &Query<'_>) -> Option<Evidence> {
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

/// A model without the organisation before it, where every id has one.
fn missing_organisation(query: &Query<'_>) -> Option<Evidence> {
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

/// What every listed offer of the model ends in: `-v1:0` or `:0` at Bedrock, `-maas` at Vertex AI.
fn missing_end(query: &Query<'_>) -> Option<Evidence> {
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

/// Bedrock: a version without the date that belongs before it.
fn missing_date(query: &Query<'_>) -> Option<Evidence> {
    let versioned = query.catalog.provider == Provider::Bedrock && query.id.contains("-v");
    let (stem, version) = query.id.rsplit_once("-v").filter(|_| versioned)?;
    let undated = |id: &str| {
        id.rsplit_once("-v").is_some_and(|(dated, same)| {
            same == version && dated.len() - date_len(dated) == stem.len() && dated.starts_with(stem)
        })
    };
    some(query.ids(|id| id != query.id && undated(id)))
}

/// A version with `.0` that is listed without, or the other way round: `gemini-3.0-pro`.
fn zero_version(query: &Query<'_>) -> Option<Evidence> {
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
    let number = tokens
        .iter()
        .position(|token| token.len() == 1 && token.bytes().all(|byte| byte.is_ascii_digit()))?;
    let (head, tail) = tokens.split_at(number + 1);
    some(query.same_tokens(&[head, &["0"], tail].concat()))
}

/// A date that ends too soon: `gpt-4o-2024-08`.
fn cut_date(query: &Query<'_>) -> Option<Evidence> {
    let cut = |id: &str| {
        let dated = id.len() - date_len(id);
        id.strip_prefix(query.id)
            .is_some_and(|rest| rest.starts_with('-'))
            && dated < query.id.len()
    };
    some(query.ids(cut))
}

/// A word that no catalog has and that is one slip away from one of this provider's words.
fn strange_word(query: &Query<'_>) -> Option<Evidence> {
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
fn other_separators(query: &Query<'_>) -> Option<Evidence> {
    let words = query.words().filter(|words| words.len() >= 3)?;
    let rows = query.rows(|tokens| tokens.len() > words.len() && tokens.starts_with(&words));
    let literal = rows
        .iter()
        .any(|&row| query.catalog.row(row).id.starts_with(query.id));
    if literal { None } else { some(rows) }
}

/// The head of listed ids in another order: `claude-4-sonnet`.
fn other_order(query: &Query<'_>) -> Option<Evidence> {
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

/// The end of a listed id, where no id begins like that: `embedding-3-large`.
fn missing_head(query: &Query<'_>) -> Option<Evidence> {
    let words = query.words().filter(|words| words.len() >= 2)?;
    if !query.is_numbered() || !query.rows(|tokens| tokens.first() == words.first()).is_empty() {
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

/// A maker's name and a number, where ids of that number have more and no id on offer has only that: `gemini-2.5`.
fn bare_version(query: &Query<'_>) -> Option<Evidence> {
    let words = query.words()?;
    let number = |word: &u16| query.index.token(*word).bytes().all(|byte| byte.is_ascii_digit());
    let bare = |tokens: &[u16]| tokens.len() > 1 && tokens[0] == words[0] && tokens[1..].iter().all(number);
    if words.is_empty() || !bare(&words) || query.rows(bare).into_iter().any(|row| query.age(row) == 0) {
        return None;
    }
    some(query.rows(|tokens| tokens.len() > words.len() && tokens.starts_with(&words)))
}

/// A version far above all listed ones: `gpt-44`.
fn impossible_version(query: &Query<'_>) -> Option<Evidence> {
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

/// A snapshot of a listed model with a date that the catalog would know, or that is no date.
fn old_date(query: &Query<'_>) -> Option<Evidence> {
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

/// What would come before models that have been switched off: nothing new comes there.
fn dead_family(query: &Query<'_>) -> Option<Evidence> {
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
fn dead_snapshots(query: &Query<'_>) -> Option<Evidence> {
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
fn dead_stem(query: &Query<'_>) -> Option<Evidence> {
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
fn needless_latest(query: &Query<'_>) -> Option<Evidence> {
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

/// The vendor's name before a listed id: `openai-gpt-4o`.
fn vendor_before(query: &Query<'_>) -> Option<Evidence> {
    let tokens = query.tokens();
    let (first, rest) = tokens.split_first()?;
    prefix::name(first)?;
    some(query.same_tokens(rest))
}

impl<'a> Query<'a> {
    /// The tokens as they were written.
    fn tokens(&self) -> Vec<&'a str> {
        self.spelling.tokens().collect()
    }

    /// Whether there is a digit in it: words alone may stand for anything.
    fn is_numbered(&self) -> bool {
        self.spelling.squash.bytes().any(|byte| byte.is_ascii_digit())
    }

    /// The tokens as words of the catalog; `None` where it lacks one.
    fn words(&self) -> Option<Vec<u16>> {
        self.spelling
            .tokens()
            .map(|token| self.index.word(token))
            .collect()
    }

    /// The tokens of `row`.
    fn listed(&self, row: usize) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        let index = self.index;
        index.tokens(row).iter().map(|&token| index.token(token))
    }

    /// See [`super::Model::age`].
    fn age(&self, row: usize) -> u8 {
        self.catalog.row(row).age(self.today)
    }

    /// The rows with `tokens` in any order, but for numbers: `5.4` is not `4.5`.
    fn same_tokens(&self, tokens: &[&str]) -> Vec<usize> {
        let rows = self.index.same_tokens(tokens);
        rows.filter(|&row| same_numbers(tokens.iter().copied(), self.listed(row)))
            .collect()
    }

    /// The rows whose tokens fit.
    fn rows(&self, mut fits: impl FnMut(&[u16]) -> bool) -> Vec<usize> {
        (0..self.index.len())
            .filter(|&row| fits(self.index.tokens(row)))
            .collect()
    }

    /// The rows whose ids fit.
    fn ids(&self, fits: impl Fn(&str) -> bool) -> Vec<usize> {
        self.catalog
            .models()
            .enumerate()
            .filter(|(_, model)| fits(&model.id))
            .map(|(row, _)| row)
            .collect()
    }
}

/// Whether the numbers stand in the same order, or are parts of a date, which is written in more than one.
fn same_numbers<'a>(
    one: impl Iterator<Item = &'a str> + Clone,
    other: impl Iterator<Item = &'a str>,
) -> bool {
    let number = |token: &&str| token.bytes().all(|byte| byte.is_ascii_digit());
    let year = |token: &str| matches!(token.len(), 4 | 8) && token.starts_with("20");
    let value = |token: &'a str| token.trim_start_matches('0');
    one.clone().any(year) || one.filter(number).map(value).eq(other.filter(number).map(value))
}

fn some(rows: Vec<usize>) -> Option<Evidence> {
    (!rows.is_empty()).then_some(rows)
}
