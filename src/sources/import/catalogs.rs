//! Claims from our own catalogs, and catalogs from what was merged.

use std::collections::BTreeMap;

use super::{Claim, Facts, Known, Merged, Origin, Source, claim::FIELDS};
use crate::engine::{
    Date, Provider,
    catalog::manifest::{Entry, Lifecycle, MAX_MODELS, ModelCatalog},
};

/// What is said of a model that is listed, beside its facts.
const LISTED: &str = "listed";

/// What `catalog` says, each fact with the source that it names, or as the fact of an earlier catalog; `today` is its
/// day where it has none.
#[must_use]
pub fn claims(catalog: &ModelCatalog, today: Date) -> Vec<Claim> {
    let as_of = catalog.as_of.unwrap_or(today);
    let source = if catalog.live {
        Source::Live
    } else {
        Source::Earlier
    };
    let usual = Origin { source, as_of };
    let mut all = Vec::new();
    for entry in &catalog.models {
        let id = entry.id.as_ref();
        all.extend(entry_claims(catalog.provider, id, entry, &facts(entry), usual));
        for alias in &entry.aliases {
            let facts = Facts {
                resolves_to: Some(id.to_owned()),
                ..facts(entry)
            };
            all.extend(entry_claims(catalog.provider, alias, entry, &facts, usual));
        }
    }
    all
}

/// One claim for each source that `entry` names.
fn entry_claims(
    provider: Provider,
    id: &str,
    entry: &Entry,
    facts: &Facts,
    usual: Origin,
) -> impl Iterator<Item = Claim> {
    let mut origins: BTreeMap<&str, Origin> = BTreeMap::new();
    for (origin, fields) in &entry.sources {
        if let Ok(origin) = origin.parse() {
            origins.extend(fields.split(' ').map(|field| (field, origin)));
        }
    }
    let of = |name: &str| origins.get(name).copied().unwrap_or(usual);
    let start = || Facts {
        confidence: facts.confidence,
        ..Facts::default()
    };
    let mut groups = BTreeMap::from([(of(LISTED), start())]);
    for field in FIELDS.iter().filter(|field| (field.show)(facts).is_some()) {
        (field.copy)(facts, groups.entry(of(field.name)).or_insert_with(start));
    }
    let id = id.to_owned();
    groups.into_iter().map(move |(origin, facts)| Claim {
        provider,
        id: id.clone(),
        origin,
        key: id.clone(),
        facts,
    })
}

fn facts(entry: &Entry) -> Facts {
    let owned = |text: &Option<std::borrow::Cow<'static, str>>| text.as_deref().map(str::to_owned);
    let life = entry.lifecycle.clone().unwrap_or_default();
    Facts {
        modes: entry.modes.iter().map(|mode| mode.clone().into_owned()).collect(),
        state: life.state,
        deprecated: life.deprecated,
        retires: life.retires,
        resolves_to: owned(&entry.resolves_to),
        successor: owned(&life.successor),
        publisher: owned(&entry.publisher),
        context: entry.context_window,
        input: entry.max_input,
        output: entry.max_output,
        capabilities: entry
            .capabilities
            .iter()
            .map(|word| word.clone().into_owned())
            .collect(),
        regions: entry
            .regions
            .iter()
            .map(|word| word.clone().into_owned())
            .collect(),
        profiles: entry
            .profiles
            .iter()
            .map(|word| word.clone().into_owned())
            .collect(),
        on_demand: entry.on_demand,
        confidence: entry.confidence,
    }
}

/// What was merged as catalogs of the day `as_of`: one a provider, or more where it has more models than fit in one.
///
/// `live` says that the providers themselves were asked. Reading the [`claims`] of the result and merging them gives
/// the same again.
#[must_use]
pub fn export(merged: &Merged, as_of: Date, live: bool) -> Vec<ModelCatalog> {
    let mut all = Vec::new();
    for (provider, models) in &merged.models {
        let entries: Vec<_> = models.iter().map(|(id, known)| entry(id, known)).collect();
        for (at, part) in entries.chunks(MAX_MODELS).enumerate() {
            let head = if live { "live-" } else { "" };
            let tail = if at == 0 {
                String::new()
            } else {
                format!("-{}", at + 1)
            };
            let mut catalog = ModelCatalog::new(format!("{head}{provider}{tail}"), *provider);
            catalog.as_of = Some(as_of);
            catalog.live = live;
            catalog.models = part.to_vec();
            all.push(catalog);
        }
    }
    all
}

fn entry(id: &str, known: &Known) -> Entry {
    let facts = known.facts.clone();
    let mut sources: BTreeMap<String, String> = BTreeMap::new();
    let listed = [(LISTED, known.listed)];
    let origins = FIELDS
        .iter()
        .filter_map(|field| Some((field.name, *known.origins.get(field.name)?)));
    for (field, origin) in listed.into_iter().chain(origins) {
        let fields = sources.entry(origin.to_string()).or_default();
        if !fields.is_empty() {
            fields.push(' ');
        }
        fields.push_str(field);
    }
    let life = known
        .origins
        .get("retires")
        .or(known.origins.get("state"))
        .unwrap_or(&known.listed);
    let source = match life.source {
        Source::Vendor => Some("vendor"),
        Source::Live => Some("live"),
        Source::LiteLlm | Source::ModelsDev | Source::Gateway => Some("aggregator"),
        Source::Ids | Source::Earlier | Source::BuiltIn => None,
    };
    Entry {
        id: id.to_owned().into(),
        resolves_to: facts.resolves_to.map(Into::into),
        publisher: facts.publisher.map(Into::into),
        modes: facts.modes.into_iter().map(Into::into).collect(),
        context_window: facts.context,
        max_input: facts.input,
        max_output: facts.output,
        capabilities: facts.capabilities.into_iter().map(Into::into).collect(),
        lifecycle: Some(Lifecycle {
            state: facts.state,
            deprecated: facts.deprecated,
            retires: facts.retires,
            successor: facts.successor.map(Into::into),
            source: source.map(Into::into),
        }),
        regions: facts.regions.into_iter().map(Into::into).collect(),
        profiles: facts.profiles.into_iter().map(Into::into).collect(),
        on_demand: facts.on_demand,
        confidence: facts.confidence,
        sources,
        ..Entry::default()
    }
}
