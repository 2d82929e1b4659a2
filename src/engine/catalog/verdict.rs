//! The verdicts on an id, in words.

use super::{Catalog, Confidence, Judgement, Model, Provider, State, judge::Case, region, slip};
use crate::engine::{
    Code, Date, Severity,
    diagnostic::quote,
    suggest::{Spelling, Wanted, marks, nearest},
};

/// What is suggested for an id that is surely wrong.
const WRONG: Wanted = Wanted {
    most: 3,
    least: 0.62,
    same_digits: false,
};
/// What is suggested for one that may be right, or meant for another provider.
const DOUBTFUL: Wanted = Wanted {
    most: 3,
    least: 0.86,
    same_digits: true,
};

impl Judgement {
    /// Nothing is wrong.
    pub(super) fn good(model: Option<Model>) -> Self {
        Self {
            code: None,
            severity: Severity::Note,
            message: String::new(),
            help: String::new(),
            suggestions: Vec::new(),
            repair: None,
            model,
        }
    }

    /// Something is wrong.
    pub(in crate::engine) fn bad(code: Code, message: String, help: impl Into<String>) -> Self {
        Self {
            code: Some(code),
            severity: code.severity(),
            message,
            help: help.into(),
            ..Self::good(None)
        }
    }
}

impl Case<'_> {
    /// A listed model: its life, and whether it can be called from here.
    pub(super) fn known(&self, catalog: &Catalog, model: &Model) -> Judgement {
        let (id, provider) = (|| quote(self.id), self.provider());
        let soon = |date: &Date| (*date - self.today).get_days() <= self.notice;
        let (code, message) = if model.is_retired(self.today) {
            let when = match model.retires {
                Some(date) => format!("on {date}"),
                None => format!("before {}", catalog.as_of),
            };
            (
                Code::AliasTargetRetired,
                format!("{} was retired by {provider} {when}", id()),
            )
        } else if let Some(date) = model.retires.filter(soon) {
            (
                Code::AliasTargetDeprecated,
                format!("{} will be retired by {provider} on {date}", id()),
            )
        } else if model.state == State::Deprecated {
            let when = model
                .retires
                .map(|date| format!(" and ends on {date}"))
                .unwrap_or_default();
            (
                Code::AliasTargetDeprecated,
                format!("{} is deprecated by {provider}{when}", id()),
            )
        } else if model.state == State::Historical {
            let message = format!(
                "{} has vanished from the lists of {provider} (catalog of {})",
                id(),
                catalog.as_of
            );
            (Code::AliasTargetDeprecated, message)
        } else {
            return self
                .in_region(catalog, model)
                .unwrap_or_else(|| Judgement::good(Some(model.clone())));
        };
        let help = match &model.successor {
            Some(successor) => format!("move to {}", quote(successor)),
            None => "move to a model that stays".to_owned(),
        };
        Judgement {
            model: Some(model.clone()),
            ..Judgement::bad(code, message, help)
        }
    }

    /// What is wrong with a profile of another part of the world.
    fn in_region(&self, catalog: &Catalog, model: &Model) -> Option<Judgement> {
        let region = self
            .ground
            .region
            .as_deref()
            .filter(|_| self.provider() == Provider::Bedrock)?;
        let geo = region::mismatch(&model.id, region)?;
        let message = format!(
            "{}: profiles of {geo} cannot be called from {region}",
            quote(self.id)
        );
        let help = "use a profile of the backend's own region, or change the region";
        let mut judgement = Judgement::bad(Code::AliasTargetUnknown, message, help);
        judgement.model = Some(model.clone());
        let plain = model.id.split_once('.').and_then(|(_, rest)| catalog.get(rest));
        judgement
            .suggestions
            .extend(plain.map(|model| model.id.to_string()));
        Some(judgement)
    }

    /// Nothing at all.
    pub(super) fn empty(&self) -> Judgement {
        let message = "\"\" is no model".to_owned();
        Judgement::bad(Code::AliasTargetEmpty, message, "name one model")
    }

    /// A `*` is no wildcard in a target.
    pub(super) fn wildcard(&self) -> Judgement {
        let message = format!(
            "{} has a *, which is sent to {} as it is",
            quote(self.id),
            self.provider()
        );
        Judgement::bad(Code::AliasTargetWildcard, message, "name one model")
    }

    /// No catalog can say anything.
    pub(super) fn unchecked(&self, why: &str) -> Judgement {
        let help = "to have it checked, list it in a ModelCatalog";
        Judgement::bad(
            Code::AliasTargetUnchecked,
            format!("{} {why}", quote(self.id)),
            help,
        )
    }

    /// An id of `other`.
    pub(super) fn wrong_provider(&self, other: Provider, id: &str) -> Judgement {
        let (provider, dated) = (self.provider(), self.catalog.map(dated).unwrap_or_default());
        let message = format!("{} is an id of {other}, not of {provider}{dated}", quote(self.id));
        let help = format!("name a model of {provider}, or use a backend of {other}");
        let suggestions = self
            .catalog
            .map(|catalog| self.suggest(catalog, &Spelling::new(id), &[], DOUBTFUL));
        Judgement {
            suggestions: suggestions.unwrap_or_default(),
            ..Judgement::bad(Code::AliasTargetWrongProvider, message, help)
        }
    }

    /// A form that no id of the provider has; `about` is the part that may name a model.
    pub(super) fn malformed(&self, what: &str, about: &str) -> Judgement {
        let message = format!("{} {what}", quote(self.id));
        let help = format!("write the id as {} lists it", self.provider());
        let suggestions = match self.catalog {
            Some(catalog) if catalog.get(about).is_some() => vec![about.to_owned()],
            Some(catalog) => {
                let spelling = Spelling::new(about);
                let evidence = slip::find(&self.query(catalog, about, &spelling));
                self.suggest(catalog, &spelling, &evidence.unwrap_or_default(), WRONG)
            }
            None => Vec::new(),
        };
        Judgement {
            suggestions,
            ..Judgement::bad(Code::AliasTargetMalformed, message, help)
        }
    }

    /// A slip, shown by the rows in `evidence`; `None` where nothing listed is near enough to have been meant.
    pub(super) fn misspelt(
        &self,
        catalog: &Catalog,
        spelling: &Spelling,
        evidence: &[usize],
    ) -> Option<Judgement> {
        let message = format!(
            "{}: {} has no such model{}",
            quote(self.id),
            self.provider(),
            dated(catalog)
        );
        let help = "write the id as the provider lists it; if it is right as it is, add it to a ModelCatalog";
        let suggestions = self.suggest(catalog, spelling, evidence, WRONG);
        let judgement = Judgement::bad(Code::AliasTargetMisspelt, message, help);
        (!suggestions.is_empty()).then_some(Judgement {
            suggestions,
            ..judgement
        })
    }

    /// A name that users give; where it is a slip away from a model, that may be meant.
    pub(super) fn named(
        &self,
        catalog: &Catalog,
        spelling: &Spelling,
        evidence: Option<&[usize]>,
    ) -> Judgement {
        let what = format!(
            "is a name that only the place itself can look up at {}",
            self.provider()
        );
        let suggestions = evidence.map(|evidence| self.suggest(catalog, spelling, evidence, WRONG));
        Judgement {
            suggestions: suggestions.unwrap_or_default(),
            ..self.unchecked(&what)
        }
    }

    /// Neither listed nor told to be wrong.
    pub(super) fn unknown(&self, catalog: &Catalog, spelling: &Spelling) -> Judgement {
        let message = format!(
            "{}: not in the {} catalog of {}",
            quote(self.id),
            self.provider(),
            catalog.as_of
        );
        let mut judgement = if catalog.complete {
            let help = "the catalog is complete: name a model that it lists";
            Judgement {
                severity: Severity::Error,
                ..Judgement::bad(Code::AliasTargetUnknown, message, help)
            }
        } else if self.provider().is_closed() {
            let help = "if it is new, ignore this or add it to a ModelCatalog";
            Judgement::bad(Code::AliasTargetUnknown, message, help)
        } else {
            let help = "models come and go there: if it is right, ignore this or add it to a ModelCatalog";
            Judgement::bad(Code::AliasTargetUnchecked, message, help)
        };
        // Where it cannot be new, it was meant to be another.
        let near = if catalog.complete { WRONG } else { DOUBTFUL };
        judgement.suggestions = self.suggest(catalog, spelling, &[], near);
        judgement
    }

    /// What is looked at to find a slip.
    pub(super) fn query<'b>(
        &'b self,
        catalog: &'b Catalog,
        id: &'b str,
        spelling: &'b Spelling,
    ) -> slip::Query<'b> {
        slip::Query {
            catalogs: self.catalogs,
            catalog,
            index: catalog.index(),
            id,
            spelling,
            today: self.today,
        }
    }

    /// Up to three ids, those in `evidence` first; one of low confidence never comes first.
    fn suggest(
        &self,
        catalog: &Catalog,
        spelling: &Spelling,
        evidence: &[usize],
        wanted: Wanted,
    ) -> Vec<String> {
        let handicap = |row: usize| {
            let model = catalog.row(row);
            let shown = if evidence.contains(&row) { -1.0 } else { 0.0 };
            // Of equals the later name, which is the newer version.
            let pointer = if model.id.ends_with("-latest") { 0.006 } else { 0.0 };
            let later = row as f32 * 1e-6;
            shown + 0.015 * f32::from(model.age(self.today)) + 0.0005 * model.id.len() as f32
                - later
                - pointer
        };
        let hits = nearest(catalog.index(), spelling, wanted, handicap);
        let mut models: Vec<&Model> = hits.iter().map(|hit| catalog.row(hit.row)).collect();
        // Two ids may differ by separators only: then those that were written decide.
        if let [first, second, ..] = hits[..]
            && catalog.index().squash(first.row) == catalog.index().squash(second.row)
            && marks(&models[1].id) == spelling.marks
        {
            models.swap(0, 1);
        }
        if let Some(at) = models
            .iter()
            .position(|model| model.confidence != Confidence::Low)
        {
            models[..=at].rotate_right(1);
        }
        models.iter().map(|model| model.id.to_string()).collect()
    }
}

fn dated(catalog: &Catalog) -> String {
    format!(" (catalog of {})", catalog.as_of)
}
