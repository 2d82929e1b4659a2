//! The slips by which an id that is not listed is told to be wrong, not new.
//!
//! Each slip is evidence that what was written cannot be a model that is newer than the catalog. That an id is near to
//! a listed one is no evidence: new models are named after old ones.

mod gone;
mod letters;
mod parts;
mod versions;

use super::{Catalog, Catalogs};
use crate::engine::{
    Date,
    suggest::{Index, Spelling, plain_number},
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
    letters::same_letters,
    letters::same_tokens,
    letters::replaced_word,
    letters::missing_letter,
    parts::missing_organisation,
    parts::other_vendor,
    letters::point_for_p,
    parts::vendor_before,
];

/// What cannot be a new model where the provider alone gives the names.
const CLOSED: &[Rule] = &[
    parts::missing_end,
    versions::missing_date,
    versions::cut_date,
    versions::zero_version,
    letters::strange_word,
    letters::other_separators,
    letters::other_order,
    parts::missing_head,
    parts::bare_head,
    versions::bare_version,
    parts::missing_number,
    versions::impossible_version,
    versions::old_date,
    gone::dead_family,
    gone::dead_snapshots,
    gone::dead_stem,
    gone::needless_latest,
];

/// The first slip that explains `query`.
pub(crate) fn find(query: &Query<'_>) -> Option<Evidence> {
    let closed = query.catalog.provider.is_closed();
    let mut rules = ANYWHERE.iter().chain(CLOSED.iter().filter(|_| closed));
    rules.find_map(|rule| rule(query))
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
    other: impl Iterator<Item = &'a str> + Clone,
) -> bool {
    let number = |token: &&str| token.bytes().all(|byte| byte.is_ascii_digit());
    let year = |token: &str| matches!(token.len(), 4 | 8) && token.starts_with("20");
    let written = |token: &'a str| token.trim_start_matches('0');
    one.clone().any(year)
        || one
            .clone()
            .filter(number)
            .map(written)
            .eq(other.clone().filter(number).map(written))
        || one
            .map(plain_number)
            .filter(number)
            .eq(other.map(plain_number).filter(number))
}

fn some(rows: Vec<usize>) -> Option<Evidence> {
    (!rows.is_empty()).then_some(rows)
}
