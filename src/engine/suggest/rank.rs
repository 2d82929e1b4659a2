//! Which listed ids are nearest to a wrong one.

use super::{
    Index, Spelling,
    distance::Pattern,
    index::{letters, letters_apart},
};

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

/// Up to `most` rows of `index` that are at least `least` near to `query`, best first; `handicap` is taken off the score
/// of a row, to decide between equals.
pub(crate) fn nearest(
    index: &Index,
    query: &Spelling,
    least: f32,
    most: usize,
    handicap: impl Fn(usize) -> f32,
) -> Vec<Hit> {
    let scorer = Scorer::new(index, query);
    let mut best: Vec<Hit> = Vec::with_capacity(most + 1);
    for row in 0..index.len() {
        let floor = if best.len() == most {
            best[most - 1].score
        } else {
            least
        };
        let off = handicap(row);
        let Some(score) = scorer.score(row, floor.max(least) + off).map(|score| score - off) else {
            continue;
        };
        if score < least {
            continue;
        }
        let at = best.partition_point(|hit| hit.score >= score);
        if at < most {
            best.insert(at, Hit { row, score });
            best.truncate(most);
        }
    }
    best
}

/// A query, compared with every row of an index.
struct Scorer<'a> {
    index: &'a Index,
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
    fn new(index: &'a Index, query: &Spelling) -> Self {
        let (from, to) = query.core;
        let words = (from..to)
            .map(|at| query.token(at))
            .filter(|token| letters(token) != 0)
            .map(|word| {
                let (pattern, set) = (Pattern::new(word), letters(word));
                let alike = |(other, letters): (&str, u32)| {
                    let longest = word.len().max(other.len());
                    if letters == 0 || word.len().min(other.len()) * 2 < longest {
                        return 0.0;
                    }
                    if letters_apart(set, letters) as usize * 2 > longest {
                        return 0.0;
                    }
                    let alike = pattern.likeness(other);
                    if alike < 0.5 { 0.0 } else { alike }
                };
                index.vocabulary().map(alike).collect()
            });
        Self {
            index,
            tail: query
                .tokens()
                .take(from)
                .chain(query.tokens().skip(to))
                .map(|token| index.word(token))
                .collect(),
            tokens: query.tokens().map(|token| index.word(token)).collect(),
            whole: Pattern::new(&query.squash),
            core: Pattern::new(query.core()),
            sorted: Pattern::new(&query.sorted_core()),
            words: words.collect(),
            digits: digits_of(query.core()),
        }
    }

    /// How near `row` is; `None` when that is surely under `floor`.
    fn score(&self, row: usize, floor: f32) -> Option<f32> {
        let words = self.words(row);
        let completed = self.completed(row);
        let digits = alike_digits(&self.digits, &digits_of(self.index.core(row)));
        let rest = SHARES.1 * words + SHARES.2 * digits + self.tail(row);
        if (rest + SHARES.0).max(completed) < floor {
            return None;
        }
        let core = self.core.likeness(self.index.core(row)) - CORE_COST;
        let sorted = self.sorted.likeness(self.index.sorted(row)) - ORDER_COST;
        let whole = self.whole.likeness(self.index.squash(row));
        let best = whole.max(core).max(sorted);
        let score = SHARES.0 * (0.8 * best + 0.2 * whole) + rest;
        Some(score.max(completed))
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

    /// How well the words fit, each at most once, from either side.
    fn words(&self, row: usize) -> f32 {
        let tokens = self.index.core_tokens(row);
        let mut theirs = 0;
        let mut sum = 0.0;
        for &token in tokens {
            theirs += usize::from(self.index.is_word(token));
        }
        for alike in &self.words {
            let best = tokens
                .iter()
                .filter_map(|&token| alike.get(usize::from(token)))
                .fold(0.0_f32, |a, &b| a.max(b));
            sum += best;
        }
        match self.words.len() + theirs {
            0 => 1.0,
            all => (2.0 * sum / all as f32).min(1.0),
        }
    }
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
