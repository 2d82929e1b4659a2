//! How two catalogs of one provider differ.

use super::{Catalog, Model, State};

/// One model that two catalogs describe differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The model's id.
    pub id: String,
    /// In what.
    pub change: Change,
}

/// What became of a model from one catalog to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Only the second lists it.
    Added,
    /// Only the first lists it.
    Removed,
    /// Both do, with these fields apart.
    Changed(Vec<FieldChange>),
}

/// A field with its old and its new value; `None` where it is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// The field, as manifests call it.
    pub field: &'static str,
    /// In the first catalog.
    pub from: Option<String>,
    /// In the second.
    pub to: Option<String>,
}

/// What became of the models of `from` in `to`, in the order of ids.
///
/// ```
/// use aliasgate::engine::{Catalog, Provider, catalog::{Model, diff::{Change, diff}}};
/// let catalog = |id| Catalog::new(Provider::Xai, "2026-01-01".parse().unwrap(), vec![Model::bare(id)]);
/// let found = diff(&catalog("grok-4"), &catalog("grok-5"));
/// assert_eq!((found[0].id.as_str(), &found[0].change), ("grok-4", &Change::Removed));
/// assert_eq!((found[1].id.as_str(), &found[1].change), ("grok-5", &Change::Added));
/// ```
#[must_use]
pub fn diff(from: &Catalog, to: &Catalog) -> Vec<Difference> {
    let made = |model: &Model, change| Difference {
        id: model.id.to_string(),
        change,
    };
    let old = from.models().filter_map(|model| {
        let Some(new) = to.get(&model.id) else {
            return Some(made(model, Change::Removed));
        };
        let fields = fields(model, new);
        (!fields.is_empty()).then(|| made(model, Change::Changed(fields)))
    });
    let added = to.models().filter(|model| from.get(&model.id).is_none());
    let mut found: Vec<_> = old.chain(added.map(|model| made(model, Change::Added))).collect();
    found.sort_by(|a, b| a.id.cmp(&b.id));
    found
}

fn fields(old: &Model, new: &Model) -> Vec<FieldChange> {
    let state = |model: &Model| (model.state != State::Active).then(|| model.state.as_str().to_owned());
    let values = |model: &Model| {
        [
            ("mode", model.mode.as_deref().map(str::to_owned)),
            ("state", state(model)),
            ("retires", model.retires.map(|date| date.to_string())),
            ("resolvesTo", model.resolves_to.as_deref().map(str::to_owned)),
            ("successor", model.successor.as_deref().map(str::to_owned)),
        ]
    };
    let pairs = values(old).into_iter().zip(values(new));
    pairs
        .filter(|((_, from), (_, to))| from != to)
        .map(|((field, from), (_, to))| FieldChange { field, from, to })
        .collect()
}
