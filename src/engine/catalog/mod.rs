//! What providers offer: catalogs of model ids, and the judgement of one id against them.

mod provider;

use std::{collections::BTreeMap, sync::Arc};

pub use provider::Provider;

use super::{Code, Date, Severity};

/// The model ids of one provider, as of a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalog {
    /// Whose ids.
    pub provider: Provider,
    /// The day on which the facts were gathered.
    pub as_of: Date,
}

impl Catalog {
    /// What is known about `id`, exactly as it is written.
    #[must_use]
    pub fn get(&self, _id: &str) -> Option<Model> {
        None
    }
}

/// All catalogs in force, at most one a provider.
#[derive(Debug, Clone, Default)]
pub struct Catalogs(BTreeMap<Provider, Arc<Catalog>>);

impl Catalogs {
    /// The catalogs in `catalogs`; the last of a provider wins.
    #[must_use]
    pub fn new(catalogs: impl IntoIterator<Item = Catalog>) -> Self {
        Self(
            catalogs
                .into_iter()
                .map(|catalog| (catalog.provider, Arc::new(catalog)))
                .collect(),
        )
    }

    /// The catalog of `provider`.
    #[must_use]
    pub fn of(&self, provider: Provider) -> Option<&Catalog> {
        self.0.get(&provider).map(Arc::as_ref)
    }
}

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
    /// How much that weighs, before the admin's levels.
    pub severity: Severity,
    /// A sentence that begins with the quoted id (see [`super::Diagnostic`]); empty when all is well.
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

/// What a catalog knows about one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// The id.
    pub id: String,
    /// The snapshot that a floating id leads to.
    pub resolves_to: Option<String>,
    /// What the model does, in the words of the catalog (`chat`, `embedding`, `image` …); `None` when not known.
    pub mode: Option<String>,
    /// When it is switched off.
    pub retires: Option<Date>,
}

/// Judges `id` at `ground` as of `today`.
#[must_use]
pub fn judge(_catalogs: &Catalogs, _ground: &Ground, _id: &str, _today: Date) -> Judgement {
    Judgement {
        code: None,
        severity: Severity::Note,
        message: String::new(),
        help: String::new(),
        suggestions: Vec::new(),
        repair: None,
        model: None,
    }
}
