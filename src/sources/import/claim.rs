//! What one source says about one model.

use std::{collections::BTreeSet, fmt, str::FromStr};

use crate::engine::{
    Date, Provider,
    catalog::{Confidence, State},
};

/// Who says something, from the weakest to the strongest: of two that differ the stronger is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// An earlier catalog that does not say where it had a fact from.
    Earlier,
    /// A bare list of ids.
    Ids,
    /// agentgateway's own catalog of costs.
    Gateway,
    /// models.dev.
    ModelsDev,
    /// LiteLLM's cost map.
    LiteLlm,
    /// The catalogs that are built in, which people have looked at.
    BuiltIn,
    /// The answer of a provider's list API.
    Live,
    /// What the provider has published otherwise, or an administrator.
    Vendor,
}

/// Every source with its name.
const SOURCES: &[(Source, &str)] = &[
    (Source::Earlier, "earlier"),
    (Source::Ids, "ids"),
    (Source::Gateway, "agentgateway"),
    (Source::ModelsDev, "models.dev"),
    (Source::LiteLlm, "litellm"),
    (Source::BuiltIn, "builtin"),
    (Source::Live, "live"),
    (Source::Vendor, "vendor"),
];

impl Source {
    /// Its name in catalogs and differences.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        SOURCES[self as usize].1
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = SOURCES.iter().find(|(_, name)| *name == text);
        found
            .map(|row| row.0)
            .ok_or_else(|| format!("unknown source \"{text}\""))
    }
}

/// Who says something, and when it was so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// Who.
    pub source: Source,
    /// As of which day.
    pub as_of: Date,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.source, self.as_of)
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("\"{text}\" is no source and day");
        let (source, day) = text.split_once(' ').ok_or_else(wrong)?;
        let as_of = day.parse().map_err(|_| wrong())?;
        Ok(Self {
            source: source.parse()?,
            as_of,
        })
    }
}

/// What one source says about one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Whose model it is.
    pub provider: Provider,
    /// The id as the provider takes it.
    pub id: String,
    /// Who says so.
    pub origin: Origin,
    /// What the source calls the row; of rows with the same id the one with the shortest name counts first.
    pub key: String,
    /// What it says.
    pub facts: Facts,
}

/// What can be known about a model; `None` and empty where a source does not say it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// What it does, in the words of catalogs.
    pub modes: Vec<String>,
    /// Where it stands.
    pub state: Option<State>,
    /// When its end was announced.
    pub deprecated: Option<Date>,
    /// When it is switched off.
    pub retires: Option<Date>,
    /// The snapshot that it leads to.
    pub resolves_to: Option<String>,
    /// What takes its place.
    pub successor: Option<String>,
    /// Who made it.
    pub publisher: Option<String>,
    /// Largest context: input and output together.
    pub context: Option<u64>, // tokens
    /// Largest input.
    pub input: Option<u64>, // tokens
    /// Largest output.
    pub output: Option<u64>, // tokens
    /// What it can do beyond its mode, in the words of catalogs.
    pub capabilities: BTreeSet<String>,
    /// Regions that have it.
    pub regions: BTreeSet<String>,
    /// Bedrock's profiles that have it.
    pub profiles: BTreeSet<String>,
    /// Whether Bedrock answers to the bare id.
    pub on_demand: Option<bool>,
    /// How well an earlier catalog calls it attested.
    pub confidence: Option<Confidence>,
}

/// A fact of [`Facts`].
pub(super) struct Field {
    /// Its name in catalogs and differences.
    pub(super) name: &'static str,
    /// The fact for people; `None` when it is not known.
    pub(super) show: fn(&Facts) -> Option<String>,
    /// Takes the fact of the first over into the second.
    pub(super) copy: fn(&Facts, &mut Facts),
    /// Whether a difference is told.
    pub(super) told: bool,
}

const fn field(
    name: &'static str,
    told: bool,
    show: fn(&Facts) -> Option<String>,
    copy: fn(&Facts, &mut Facts),
) -> Field {
    Field {
        name,
        show,
        copy,
        told,
    }
}

/// The name of the fact where a model stands.
pub(super) const STATE: &str = "state";
/// The name of the fact when it is switched off.
pub(super) const RETIRES: &str = "retires";

/// Every fact that has a source of its own.
#[rustfmt::skip]
pub(super) const FIELDS: &[Field] = &[
    field("modes", true, |f| many(&f.modes), |f, to| to.modes.clone_from(&f.modes)),
    field(STATE, true, |f| f.state.map(|state| word(state).to_owned()), |f, to| to.state = f.state),
    field("deprecated", true, |f| one(f.deprecated), |f, to| to.deprecated = f.deprecated),
    field(RETIRES, true, |f| one(f.retires), |f, to| to.retires = f.retires),
    field("resolvesTo", true, |f| f.resolves_to.clone(), |f, to| to.resolves_to.clone_from(&f.resolves_to)),
    field("successor", true, |f| f.successor.clone(), |f, to| to.successor.clone_from(&f.successor)),
    field("publisher", false, |f| f.publisher.clone(), |f, to| to.publisher.clone_from(&f.publisher)),
    field("contextWindow", false, |f| one(f.context), |f, to| to.context = f.context),
    field("maxInput", false, |f| one(f.input), |f, to| to.input = f.input),
    field("maxOutput", false, |f| one(f.output), |f, to| to.output = f.output),
    field("capabilities", false, |f| many(&f.capabilities), |f, to| to.capabilities.clone_from(&f.capabilities)),
    field("regions", false, |f| many(&f.regions), |f, to| to.regions.clone_from(&f.regions)),
    field("profiles", false, |f| many(&f.profiles), |f, to| to.profiles.clone_from(&f.profiles)),
    field("onDemand", false, |f| one(f.on_demand), |f, to| to.on_demand = f.on_demand),
];

fn one(value: Option<impl ToString>) -> Option<String> {
    value.map(|value| value.to_string())
}

fn many<'a>(values: impl IntoIterator<Item = &'a String>) -> Option<String> {
    let all: Vec<_> = values.into_iter().map(String::as_str).collect();
    (!all.is_empty()).then(|| all.join(" "))
}

fn word(state: State) -> &'static str {
    match state {
        State::Active => "active",
        State::Preview => "preview",
        State::Deprecated => "deprecated",
        State::Historical => "historical",
        State::Retired => "retired",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_the_enum() {
        for (at, (source, name)) in SOURCES.iter().enumerate() {
            assert_eq!(*source as usize, at);
            assert_eq!(name.parse(), Ok(*source));
        }
    }
}
