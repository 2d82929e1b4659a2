//! Which listed ids are nearest to a wrong one.

use super::{
    Index, Spelling,
    distance::Pattern,
    index::{letters, letters_apart},
};

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// How many at most.
    pub(crate) most: usize,
    /// How near at least: 1 is the same, 0 has nothing in common.
    pub(crate) least: f32,
    /// Whether the versions must be the same.
    pub(crate) same_digits: bool,
}

/// A listed id and how near it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Hit {
    /// Its row.
    pub(crate) row: usize,
    /// 1 for the same, 0 for nothing in common, less what was taken off.
    pub(crate) score: f32,
}

/// Shares of the score: the spelling, the words, the digits.
const SHARES: (f32, f32, f32) = (0.55, 0.25, 0.20);
/// The least score of an id that begins with the query, and what each token more costs.
const COMPLETED: (f32, f32) = (0.9, 0.015);
/// What is added where all tokens outside the core are shared.
const TAIL: f32 = 0.03;
/// What it costs that only the core or only the order fits.
const CORE_COST: f32 = 0.02;
const ORDER_COST: f32 = 0.03;

/// The rows of `index` that are nearest to `query`, best first; `handicap` is taken off the score of a row, to decide
/// between equals.
pub(crate) fn nearest(
    index: &Index,
    query: &Spelling,
    wanted: Wanted,
    handicap: impl Fn(usize) -> f32,
) -> Vec<Hit> {
    let Wanted { most, least, .. } = wanted;
    let mut best: Vec<Hit> = Vec::with_capacity(most + 1);
    if query.squash.is_empty() {
        return best;
    }
    let scorer = Scorer::new(index, query, wanted.same_digits);
    for row in 0..index.len() {
        let off = handicap(row);
        let floor = best.get(most - 1).map_or(least, |worst| worst.score.max(least));
        // The handicap decides between hits, not whether there is one.
        let Some(raw) = scorer.score(row, floor + off.min(0.0)) else {
            continue;
        };
        let score = raw - off;
        let at = best.partition_point(|hit| hit.score >= score);
        if raw - off.min(0.0) >= least && at < most {
            best.insert(at, Hit { row, score });
            best.truncate(most);
        }
    }
    best
}

/// A query, compared with every row of an index.
struct Scorer<'a> {
    index: &'a Index,
    same_digits: bool,
    whole: Pattern,
    core: Pattern,
    sorted: Pattern,
    /// The query's tokens outside its core.
    tail: Vec<Option<u16>>,
    /// The query's tokens, as words of the index; `None` where it lacks one.
    tokens: Option<Vec<u16>>,
    /// For each word of the query's core, how like it each word of the index is.
    words: Vec<Vec<f32>>,
    digits: [u8; 10],
}

impl<'a> Scorer<'a> {
    fn new(index: &'a Index, query: &Spelling, same_digits: bool) -> Self {
        let (from, to) = query.core;
        let word = |token: &str| index.word(token);
        let core = (from..to)
            .map(|at| query.token(at))
            .filter(|token| letters(token) != 0);
        Self {
            index,
            same_digits,
            whole: Pattern::new(&query.squash),
            core: Pattern::new(query.core()),
            sorted: Pattern::new(&query.sorted_core()),
            tail: query
                .tokens()
                .take(from)
                .chain(query.tokens().skip(to))
                .map(word)
                .collect(),
            tokens: query.tokens().map(word).collect(),
            words: core.map(|word| alike_words(index, word)).collect(),
            digits: digits_of(query.core()),
        }
    }

    /// How near `row` is; `None` when that is surely under `floor`.
    fn score(&self, row: usize, floor: f32) -> Option<f32> {
        let completed = self.completed(row);
        let digits = alike_digits(&self.digits, &digits_of(self.index.core(row)));
        if self.same_digits && digits < 1.0 && completed == 0.0 {
            return None;
        }
        let tail = self.tail(row);
        let rest = |spelled: f32| {
            let words = self.words(row).unwrap_or(spelled);
            SHARES.0 * spelled + SHARES.1 * words + SHARES.2 * digits + tail
        };
        if rest(1.0).max(completed) < floor {
            return None;
        }
        let core = self.core.likeness(self.index.core(row)) - CORE_COST;
        let sorted = self.sorted.likeness(self.index.sorted(row)) - ORDER_COST;
        let whole = self.whole.likeness(self.index.squash(row));
        Some(rest(0.8 * whole.max(core).max(sorted) + 0.2 * whole).max(completed))
    }

    /// The score of `row` where it begins with the query; 0 where it does not.
    fn completed(&self, row: usize) -> f32 {
        let Some(tokens) = &self.tokens else { return 0.0 };
        let begins = |all: &[u16]| all.starts_with(tokens).then(|| all.len() - tokens.len());
        let more = begins(self.index.tokens(row)).or_else(|| begins(self.index.core_tokens(row)));
        more.map_or(0.0, |more| COMPLETED.0 - COMPLETED.1 * more as f32)
    }

    /// A little for every token outside the core that `row` has too, such as a date or a region.
    fn tail(&self, row: usize) -> f32 {
        let tokens = self.index.tokens(row);
        let shared = self
            .tail
            .iter()
            .flatten()
            .filter(|token| tokens.contains(token))
            .count();
        TAIL * shared as f32 / self.tail.len().max(1) as f32
    }

    /// How well the words fit, from either side; `None` where there are none.
    fn words(&self, row: usize) -> Option<f32> {
        let tokens = self.index.core_tokens(row);
        let theirs = tokens.iter().filter(|&&token| self.index.is_word(token)).count();
        let best = |alike: &Vec<f32>| {
            let alike = tokens.iter().filter_map(|&token| alike.get(usize::from(token)));
            alike.fold(0.0_f32, |a, &b| a.max(b))
        };
        let sum: f32 = self.words.iter().map(best).sum();
        let all = self.words.len() + theirs;
        (all > 0).then(|| (2.0 * sum / all as f32).min(1.0))
    }
}

/// How like `word` each token of `index` is; 0 for less than half.
fn alike_words(index: &Index, word: &str) -> Vec<f32> {
    const LEAST: f32 = 0.5;
    let (pattern, set) = (Pattern::new(word), letters(word));
    let alike = |(other, letters): (&str, u32)| {
        let longest = word.len().max(other.len());
        let surely_less = letters == 0
            || word.len().min(other.len()) * 2 < longest
            || letters_apart(set, letters) as usize * 2 > longest;
        let alike = if surely_less { 0.0 } else { pattern.likeness(other) };
        if alike < LEAST { 0.0 } else { alike }
    };
    index.vocabulary().map(alike).collect()
}

fn digits_of(text: &str) -> [u8; 10] {
    let mut counts = [0_u8; 10];
    for byte in text.bytes().filter(u8::is_ascii_digit) {
        counts[usize::from(byte - b'0')] += 1;
    }
    counts
}

fn alike_digits(a: &[u8; 10], b: &[u8; 10]) -> f32 {
    let (mut common, mut all) = (0, 0);
    for (&x, &y) in a.iter().zip(b) {
        common += u32::from(x.min(y));
        all += u32::from(x) + u32::from(y);
    }
    if all == 0 {
        1.0
    } else {
        2.0 * common as f32 / all as f32
    }
}
