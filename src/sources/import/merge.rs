//! Many claims about a model to one row.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Claim, Facts, Origin, Source,
    claim::{FIELDS, Field, RETIRES, STATE},
};
use crate::engine::{
    Date, Provider,
    catalog::{Confidence, State, is_profile},
};

/// What is known about one model, each fact with its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// All facts; state and confidence are always there. The state is [`State::Historical`] when the sources that
    /// listed the model have dropped it.
    pub facts: Facts,
    /// The strongest source that lists it.
    pub listed: Origin,
    /// Where each fact is from, by its name in catalogs.
    pub origins: BTreeMap<&'static str, Origin>,
    /// Whether only the earlier catalog has it, and no date says that it is retired.
    pub vanished: bool,
}

/// Two sources that do not agree on a fact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// Whose model it is.
    pub provider: Provider,
    /// The model.
    pub id: String,
    /// The name of the fact.
    pub field: &'static str,
    /// What is believed, with its origin.
    pub kept: String,
    /// What is not, with its origin.
    pub other: String,
}

/// All that is known, and where sources disagree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Merged {
    /// By provider and id.
    pub models: BTreeMap<Provider, BTreeMap<String, Known>>,
    /// In the order of provider, id and fact.
    pub conflicts: Vec<Conflict>,
}

/// Puts `claims` together: of each fact the strongest source counts, of equal ones the newest.
///
/// `earlier` are the claims of an earlier catalog. A model that only they have is kept: as it was where `claims` do
/// not speak of such models at all, and as vanished where they do.
#[must_use]
pub fn merge(claims: Vec<Claim>, earlier: Vec<Claim>) -> Merged {
    let spoken: BTreeSet<_> = claims
        .iter()
        .map(|claim| class(claim.provider, &claim.id).to_owned())
        .collect();
    let mut rows: BTreeMap<(Provider, String), Row> = BTreeMap::new();
    let now = claims.into_iter().map(|claim| (claim, true));
    for (claim, now) in now.chain(earlier.into_iter().map(|claim| (claim, false))) {
        let row = rows.entry((claim.provider, claim.id.clone())).or_default();
        row.now |= now;
        row.claims.push((claim, now));
    }
    let mut merged = Merged::default();
    for ((provider, id), row) in rows {
        let spoken = spoken.contains(&class(provider, &id));
        let known = row.settle(spoken, &mut |field, kept, other| {
            let id = id.clone();
            merged.conflicts.push(Conflict {
                provider,
                id,
                field,
                kept,
                other,
            });
        });
        merged.models.entry(provider).or_default().insert(id, known);
    }
    merged.conflicts.sort();
    merged
}

/// The part of a provider's models that a list has whole or not at all.
fn class(provider: Provider, id: &str) -> (Provider, String) {
    let part = match provider {
        // Models and profiles are two lists.
        Provider::Bedrock if is_profile(id) => "profile",
        // Each publisher is a list.
        Provider::VertexAi => match id.split_once('/') {
            Some((publisher, _)) => publisher,
            None if id.starts_with("claude") => "anthropic",
            None => "google",
        },
        _ => "",
    };
    (provider, part.to_owned())
}

/// Everything that is said about one model.
#[derive(Debug, Default)]
struct Row {
    /// Each with whether it is of today and not of the earlier catalog.
    claims: Vec<(Claim, bool)>,
    now: bool,
}

impl Row {
    fn settle(mut self, spoken: bool, tell: &mut impl FnMut(&'static str, String, String)) -> Known {
        self.claims.sort_by(|(a, a_now), (b, b_now)| {
            let age = (b.origin, *b_now).cmp(&(a.origin, *a_now));
            age.then_with(|| (a.key.len(), &a.key).cmp(&(b.key.len(), &b.key)))
        });
        let listed = self.claims[0].0.origin;
        let (mut facts, mut origins) = (Facts::default(), BTreeMap::new());
        for field in FIELDS {
            let Some((claim, value)) = self.first(field) else {
                continue;
            };
            (field.copy)(&claim.facts, &mut facts);
            origins.insert(field.name, claim.origin);
            if field.told {
                let kept = format!("{value} ({})", claim.origin);
                self.differ(field, claim.origin.source, &value, |other| {
                    tell(field.name, kept.clone(), other)
                });
            }
        }
        self.believe_live(&mut facts, &mut origins, tell);
        let state = facts.state.get_or_insert(State::Active);
        origins.entry(STATE).or_insert(listed);
        // Only what an earlier catalog calls dropped is back, not what a source of today says itself.
        let said = self
            .claims
            .iter()
            .any(|(claim, now)| *now && claim.facts.state == Some(State::Historical));
        if self.now && !said && *state == State::Historical {
            *state = State::Active;
            origins.insert(STATE, listed);
        }
        let newest = self.claims.iter().map(|(claim, _)| claim.origin.as_of).max();
        let over = facts
            .retires
            .is_some_and(|date| date <= newest.unwrap_or(Date::MIN));
        let ended = over || matches!(state, State::Retired | State::Historical);
        let vanished = !self.now && spoken && !ended;
        if vanished {
            *state = State::Historical;
        }
        facts.confidence = Some(self.confidence());
        Known {
            facts,
            listed,
            origins,
            vanished,
        }
    }

    /// The strongest claim that says something of `field`, and what it says.
    fn first(&self, field: &Field) -> Option<(&Claim, String)> {
        self.claims
            .iter()
            .find_map(|(claim, _)| Some((claim, (field.show)(&claim.facts)?)))
    }

    /// Tells of every other source that has another value than `kept`, once a source.
    fn differ(&self, field: &Field, source: Source, kept: &str, mut tell: impl FnMut(String)) {
        let mut told = BTreeSet::from([source]);
        for (claim, _) in self.claims.iter().filter(|(_, now)| *now) {
            if let Some(value) = (field.show)(&claim.facts).filter(|value| value != kept)
                && told.insert(claim.origin.source)
            {
                tell(format!("{value} ({})", claim.origin));
            }
        }
    }

    /// What a provider lists today is there, whatever others have said about its end.
    fn believe_live(
        &self,
        facts: &mut Facts,
        origins: &mut BTreeMap<&'static str, Origin>,
        tell: &mut impl FnMut(&'static str, String, String),
    ) {
        let live = self
            .claims
            .iter()
            .find(|(claim, now)| *now && claim.origin.source == Source::Live);
        let Some((live, _)) = live else {
            return;
        };
        let weak = |origin: Option<&Origin>| origin.is_some_and(|origin| origin.source < Source::Live);
        if weak(origins.get(STATE)) && matches!(facts.state, Some(State::Retired | State::Historical)) {
            facts.state = Some(State::Active);
            origins.insert(STATE, live.origin);
        }
        let past = facts.retires.filter(|date| *date <= live.origin.as_of);
        if let Some(date) = past
            && weak(origins.get(RETIRES))
            && let Some(origin) = origins.remove(RETIRES)
        {
            facts.retires = None;
            tell(
                RETIRES,
                format!("listed ({})", live.origin),
                format!("{date} ({origin})"),
            );
        }
    }

    /// The provider itself or three sources are high, an aggregator or two sources medium, anything less is low; what
    /// an earlier catalog says counts as well, and alone where nothing else is known.
    fn confidence(&self) -> Confidence {
        let stated = self.claims.iter().filter_map(|(claim, _)| claim.facts.confidence);
        let stated = stated.max();
        let fresh = self
            .claims
            .iter()
            .any(|(claim, _)| claim.facts.confidence.is_none());
        if let Some(stated) = stated.filter(|_| !fresh) {
            return stated;
        }
        let sources: BTreeSet<_> = self.claims.iter().map(|(claim, _)| claim.origin.source).collect();
        let strongest = sources.last().copied().unwrap_or(Source::Earlier);
        let own = if strongest >= Source::Live || sources.len() >= 3 {
            Confidence::High
        } else if strongest >= Source::ModelsDev || sources.len() == 2 {
            Confidence::Medium
        } else {
            Confidence::Low
        };
        stated.map_or(own, |stated| stated.max(own))
    }
}
