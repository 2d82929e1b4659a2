//! What providers offer: catalogs of model ids, and the judgement of one id against them.

mod brand;
mod catalogs;
mod dates;
pub mod diff;
mod form;
mod judge;
mod layers;
pub mod manifest;
mod model;
mod places;
mod prefix;
mod provider;
mod region;
mod rows;
mod slip;
mod verdict;
mod voice;
mod words;

use std::sync::OnceLock;

pub use catalogs::Catalogs;
pub use form::impossible;
pub use judge::judge;
pub use manifest::{Glob, ModelCatalog};
pub use model::{Confidence, Model, State, Text};
pub use provider::Provider;
pub use region::is_profile;
pub use voice::{Spot, Voice};

use places::Places;

use crate::engine::{Code, Date, Severity, diagnostic::ask, suggest::Index};

/// The model ids of one provider, as of a date.
#[derive(Debug, Clone)]
pub struct Catalog {
    /// Whose ids.
    pub provider: Provider,
    /// The day on which the facts were gathered.
    pub as_of: Date,
    /// Whether the provider has no model that is not listed here.
    pub complete: bool,
    /// Sorted by id, each id once.
    models: Vec<Model>,
    places: Places,
    /// Made when the first id is not listed.
    index: OnceLock<Box<Index>>,
}

impl Catalog {
    /// The catalog of `models`; of equal ids the last wins.
    #[must_use]
    pub fn new(provider: Provider, as_of: Date, mut models: Vec<Model>) -> Self {
        models.reverse();
        models.sort_by(|a, b| a.id.cmp(&b.id));
        models.dedup_by(|a, b| a.id == b.id);
        models.shrink_to_fit();
        let places = Places::new(&models);
        Self {
            provider,
            as_of,
            complete: false,
            models,
            places,
            index: OnceLock::new(),
        }
    }

    /// The same, with or without the claim that nothing else exists.
    #[must_use]
    pub fn complete(mut self, complete: bool) -> Self {
        self.complete = complete;
        self
    }

    /// The model with exactly this id. O(1), no allocation.
    ///
    /// ```
    /// use aliasgate::engine::{Catalog, Provider, catalog::Model};
    /// let catalog = Catalog::new(Provider::Xai, "2026-01-01".parse().unwrap(), vec![Model::bare("grok-4")]);
    /// assert!(catalog.get("grok-4").is_some() && catalog.get("Grok-4").is_none());
    /// ```
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Model> {
        self.places.find(&self.models, id)
    }

    /// All models, sorted by id.
    pub fn models(&self) -> impl ExactSizeIterator<Item = &Model> {
        self.models.iter()
    }

    /// Whether a snapshot of `day` (as `YYYYMMDD`) would be listed: catalogs that follow the lives of models lag behind
    /// by weeks, bare lists of ids by nobody knows how much.
    pub(crate) fn would_know(&self, day: u32) -> bool {
        const LAG: i64 = 180; // days
        let follows = self.models.iter().any(|model| model.retires.is_some());
        let (year, month, of_month) = (day / 10_000, day / 100 % 100, (day % 100).max(1));
        let date = Date::new(year as i16, month as i8, of_month as i8);
        follows && date.is_ok_and(|date| date.saturating_add(jiff::Span::new().days(LAG)) <= self.as_of)
    }

    /// The model in row `at` of the index.
    pub(crate) fn row(&self, at: usize) -> &Model {
        &self.models[at]
    }

    /// The ids, prepared for comparison.
    pub(crate) fn index(&self) -> &Index {
        self.index
            .get_or_init(|| Box::new(Index::new(self.models.iter().map(|model| model.id.as_ref()))))
    }
}

impl PartialEq for Catalog {
    fn eq(&self, other: &Self) -> bool {
        let facts = |catalog: &Self| (catalog.provider, catalog.as_of, catalog.complete);
        facts(self) == facts(other) && self.models == other.models
    }
}

impl Eq for Catalog {}

/// Where an id would be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ground {
    /// Whose ids are meant.
    pub provider: Provider,
    /// The cloud region of the place, where it has one (Bedrock, Vertex AI).
    pub region: Option<String>,
}

/// What can be said of one id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// What is wrong; `None` when all is well.
    pub code: Option<Code>,
    /// How much that weighs, before the admin's levels; a note when all is well.
    pub severity: Severity,
    /// A sentence that begins with the quoted id (see [`crate::engine::Diagnostic`]); empty when all is well.
    pub message: String,
    /// What to do; empty when all is well.
    pub help: String,
    /// Up to three ids that may be meant, best first.
    pub suggestions: Vec<String>,
    /// The same id as the provider spells it, where normalization may store that instead.
    pub repair: Option<String>,
    /// What the catalog knows about the model, where it knows it.
    pub model: Option<Model>,
}

impl Judgement {
    /// The message and, where there are suggestions, the question "did you mean".
    #[must_use]
    pub fn sentence(&self) -> String {
        ask(&self.message, &self.suggestions)
    }
}
