//! One catalog out of several that speak for the same place.

use std::collections::BTreeMap;

use super::{
    Catalog, Confidence, Model, Provider, State,
    manifest::{Action, Entry, Merge, ModelCatalog},
    model::Text,
};
use crate::engine::Date;

/// What `said`, by falling weight, and below it `builtin` know of `provider`.
///
/// The first that replaces takes the place of the built-in catalog, of live ones, and of others that replace. Of what
/// is said about one model each field comes from the heaviest that has it; state and dates go together.
pub(super) fn merge(
    provider: Provider,
    builtin: Option<&Catalog>,
    said: &[&ModelCatalog],
    today: Date,
) -> Catalog {
    let said = counting(said);
    let replaced = said.iter().any(|catalog| catalog.merge == Merge::Replace);
    let builtin = builtin.filter(|_| !replaced);
    let mut rows: BTreeMap<Text, Model> = builtin
        .into_iter()
        .flat_map(Catalog::models)
        .map(|model| (model.id.clone(), model.clone()))
        .collect();
    for entry in said.iter().rev().flat_map(|catalog| &catalog.models) {
        for model in entry.models() {
            let row = match rows.get(&model.id) {
                Some(below) => over(entry, model, below),
                None => model,
            };
            rows.insert(row.id.clone(), row);
        }
    }
    let whole = |catalog: &&&ModelCatalog| builtin.is_none() || catalog.complete || catalog.is_live();
    let dates = said
        .iter()
        .filter(whole)
        .map(|catalog| catalog.as_of.unwrap_or(today));
    let as_of = dates.chain(builtin.map(|catalog| catalog.as_of)).max();
    let complete = builtin.is_some_and(|catalog| catalog.complete) || stance(&said) == Some(Action::Deny);
    Catalog::new(provider, as_of.unwrap_or(today), rows.into_values().collect()).complete(complete)
}

/// Those of `said` that are not replaced by another one.
pub(super) fn counting<'a>(said: &[&'a ModelCatalog]) -> Vec<&'a ModelCatalog> {
    let first = said.iter().position(|catalog| catalog.merge == Merge::Replace);
    let counts = |at: usize, catalog: &ModelCatalog| match first {
        None => true,
        Some(first) => at == first || catalog.merge == Merge::Overlay && !catalog.is_live(),
    };
    let numbered = said.iter().enumerate();
    numbered
        .filter(|(at, catalog)| counts(*at, catalog))
        .map(|(_, catalog)| *catalog)
        .collect()
}

/// What becomes of a model that is not listed: the first says so, by rule or by being complete.
pub(super) fn stance(said: &[&ModelCatalog]) -> Option<Action> {
    said.iter()
        .find_map(|catalog| catalog.unknown.or(catalog.complete.then_some(Action::Deny)))
}

/// `model` of `entry`, with what the entry does not say from the row `below`.
fn over(entry: &Entry, model: Model, below: &Model) -> Model {
    let said = entry
        .lifecycle
        .as_ref()
        .is_some_and(|life| life.state.is_some() || life.retires.is_some() || life.deprecated.is_some());
    let (state, retires) = match below.state {
        _ if said => (model.state, model.retires),
        // Somebody lists it, so it has not vanished.
        State::Historical => (State::Active, below.retires),
        state => (state, below.retires),
    };
    let attested = below.confidence.max(Confidence::Medium);
    Model {
        resolves_to: model.resolves_to.or_else(|| below.resolves_to.clone()),
        mode: model.mode.or_else(|| below.mode.clone()),
        state,
        retires,
        successor: model.successor.or_else(|| below.successor.clone()),
        confidence: entry.confidence.unwrap_or(attested),
        id: model.id,
    }
}
