//! `ModelCatalog`: what an admin says about the models of a provider, or of some places only.
//!
//! The limits are those of the CRD (`src/crds/catalog.rs`), so that what the API server takes can be read here.

mod read;
mod reader;
mod rules;
mod select;
mod write;

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Catalog, Confidence, Model, Provider, State, model::Text};
use crate::engine::{Date, Diagnostic};

pub use read::{CAPABILITIES, MAX_MODELS, MODES, PROFILES, SOURCES};
pub use rules::{Family, Glob, Regex};

/// The `apiVersion` of the manifests.
pub const API_VERSION: &str = "aliasgate.dev/v1alpha1";

/// The kind of the manifests.
pub const KIND: &str = "ModelCatalog";

/// The label that says where a catalog comes from; with the value `live` it counts less than what the admin wrote.
pub const SOURCE_LABEL: &str = "aliasgate.dev/source";

/// What an admin says about the models of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelCatalog {
    /// Its name, which decides between two that disagree: the first in the order of names wins.
    pub name: String,
    /// Whose ids; [`Provider::Custom`] for a server that is none of the known providers.
    pub provider: Provider,
    /// What the server is called, where that is no known provider: `vllm`.
    pub preset: Option<String>,
    /// The places it speaks for.
    pub selector: Selector,
    /// The day on which the facts were gathered; `None` means that they do not age.
    pub as_of: Option<Date>,
    /// Whether it came from the provider's list and not from the admin, by its label.
    pub live: bool,
    /// What becomes of catalogs of less weight.
    pub merge: Merge,
    /// Whether the provider has no model that is not listed.
    pub complete: bool,
    /// What becomes of a model that is not listed.
    pub unknown: Option<Action>,
    /// What becomes of a model that is switched off.
    pub retired: Option<Action>,
    /// Days before its retirement from which on a model is called deprecated.
    pub notice: Option<i32>,
    /// What ids look like that are not listed.
    pub families: Vec<Family>,
    /// All others are denied; `None` denies none.
    pub allow: Option<Vec<Glob>>,
    /// What is denied.
    pub deny: Vec<Denial>,
    /// What is listed.
    pub models: Vec<Entry>,
}

/// The places that a catalog speaks for: those that fit all of what is said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Selector {
    /// Host names in lower case, `*.` at the front for any part before it; empty for all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Namespaces of backends; empty for all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
    /// Labels that the backend must have.
    #[serde(skip)]
    pub labels: BTreeMap<String, String>,
}

/// What becomes of catalogs of less weight.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Merge {
    /// They count where this one says nothing.
    #[default]
    Overlay,
    /// They do not count.
    Replace,
}

/// What becomes of a model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Action {
    /// Nothing is said.
    #[default]
    Allow,
    /// A warning.
    Warn,
    /// An error.
    Deny,
}

/// What is denied, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Denial {
    /// The ids.
    #[serde(rename = "match")]
    pub glob: Glob,
    /// Why, as the admin says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What to write instead.
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    pub instead: Option<String>,
}

/// What is said about one model. What is left out is taken from catalogs of less weight.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The id.
    pub id: Text,
    /// Other ids of the same model.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<Text>,
    /// The snapshot that a floating id leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolves_to: Option<Text>,
    /// Who made the model, where the provider hosts those of many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<Text>,
    /// What it does, in the words of [`Model::mode`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modes: Vec<Text>,
    /// Tokens of input and output together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u64>,
    /// Tokens of input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_input: Option<u64>,
    /// Tokens of output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_output: Option<u64>,
    /// What it can, such as `tools` and `vision`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<Text>,
    /// Where it stands in its life.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<Lifecycle>,
    /// Regions that have it; empty when not known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<Text>,
    /// Bedrock's inference profiles that have it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<Text>,
    /// Whether Bedrock answers to the bare id, without a profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_demand: Option<bool>,
    /// How well the entry is attested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Confidence>,
    /// Where imported facts are from: a source and its day, and the names of the fields that it gave.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<String, String>,
}

/// Where a model stands in its life.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Lifecycle {
    /// Apart from its dates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// When its end was announced.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "write::date")]
    pub deprecated: Option<Date>,
    /// When it is switched off.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "write::date")]
    pub retires: Option<Date>,
    /// The model that takes its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub successor: Option<Text>,
    /// Who says so: `vendor`, `aggregator`, `admin` or `live`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Text>,
}

impl ModelCatalog {
    /// An empty catalog for all places of `provider`.
    #[must_use]
    pub fn new(name: impl Into<String>, provider: Provider) -> Self {
        Self {
            name: name.into(),
            provider,
            preset: None,
            selector: Selector::default(),
            as_of: None,
            live: false,
            merge: Merge::default(),
            complete: false,
            unknown: None,
            retired: None,
            notice: None,
            families: Vec::new(),
            allow: None,
            deny: Vec::new(),
            models: Vec::new(),
        }
    }

    /// `catalog` as an object that can be applied: `Catalog::from` of it is `catalog` again.
    ///
    /// ```
    /// use aliasgate::engine::{Catalog, Provider, catalog::{Model, ModelCatalog}};
    /// let today = "2026-01-01".parse().unwrap();
    /// let catalog = Catalog::new(Provider::Xai, today, vec![Model::bare("grok-4")]);
    /// let exported = ModelCatalog::export("xai", &catalog);
    /// let (read, faults) = ModelCatalog::read(&exported.to_value());
    /// assert!(faults.is_empty());
    /// assert_eq!(read.unwrap().catalog(today), catalog);
    /// ```
    #[must_use]
    pub fn export(name: impl Into<String>, catalog: &Catalog) -> Self {
        Self {
            as_of: Some(catalog.as_of),
            complete: catalog.complete,
            models: catalog.models().map(Entry::from).collect(),
            ..Self::new(name, catalog.provider)
        }
    }

    /// The catalog in `manifest`, and everything that is wrong with it; `None` when one of that is an error.
    #[must_use]
    pub fn read(manifest: &serde_json::Value) -> (Option<Self>, Vec<Diagnostic>) {
        read::read(manifest)
    }

    /// What it lists; `today` is its date where it names none. Other ids of a model are models that lead to it.
    #[must_use]
    pub fn catalog(&self, today: Date) -> Catalog {
        let models = self.models.iter().flat_map(Entry::models).collect();
        Catalog::new(self.provider, self.as_of.unwrap_or(today), models).complete(self.complete)
    }
}

impl Entry {
    /// The model, and one for each of its other ids.
    pub fn models(&self) -> impl Iterator<Item = Model> {
        let alias = |id: &Text| Model {
            id: id.clone(),
            resolves_to: Some(self.id.clone()),
            ..self.model()
        };
        std::iter::once(self.model()).chain(self.aliases.iter().map(alias))
    }

    fn model(&self) -> Model {
        let life = self.lifecycle.as_ref();
        let chat = self.modes.iter().find(|mode| *mode == "chat");
        let fallback = if life.is_some_and(|life| life.deprecated.is_some()) {
            State::Deprecated
        } else {
            State::Active
        };
        Model {
            id: self.id.clone(),
            resolves_to: self.resolves_to.clone(),
            mode: chat.or(self.modes.first()).cloned(),
            retires: life.and_then(|life| life.retires),
            state: life.and_then(|life| life.state).unwrap_or(fallback),
            successor: life.and_then(|life| life.successor.clone()),
            confidence: self.confidence.unwrap_or_default(),
        }
    }
}

impl From<&Model> for Entry {
    fn from(model: &Model) -> Self {
        Self {
            id: model.id.clone(),
            resolves_to: model.resolves_to.clone(),
            modes: model.mode.iter().cloned().collect(),
            lifecycle: Some(Lifecycle {
                state: Some(model.state),
                retires: model.retires,
                successor: model.successor.clone(),
                ..Lifecycle::default()
            }),
            confidence: Some(model.confidence),
            ..Self::default()
        }
    }
}
