//! What the catalogs say at one place.

use std::{borrow::Cow, sync::Arc};

use serde_json::{Map, Value};

use super::{
    Catalog, Catalogs, Ground, Judgement, Model, ModelCatalog, Provider,
    judge::{Case, NOTICE},
    layers,
    manifest::{Action, Denial, Glob},
};
use crate::engine::{Code, Date, Severity, diagnostic::quote};

/// What selectors of catalogs can ask of a place.
#[derive(Debug, Clone, Copy)]
pub struct Spot<'a> {
    /// Whose ids are meant, where that is known without an admin.
    pub ground: Option<&'a Ground>,
    /// The provider that the backend names; [`Provider::Custom`] for all that have no field of their own.
    pub provider: Provider,
    /// The host that requests go to.
    pub host: Option<&'a str>,
    /// The backend's namespace.
    pub namespace: &'a str,
    /// The backend's labels.
    pub labels: Option<&'a Map<String, Value>>,
}

impl<'a> Spot<'a> {
    /// The provider itself, at its own host, whatever backend leads there.
    #[must_use]
    pub const fn of(ground: &'a Ground) -> Self {
        Self {
            ground: Some(ground),
            provider: ground.provider,
            host: ground.provider.host(),
            namespace: "",
            labels: None,
        }
    }
}

/// The catalogs that speak for one place. A clone is cheap.
#[derive(Debug, Clone)]
pub struct Voice<'a> {
    /// Whose ids are meant.
    pub ground: Cow<'a, Ground>,
    catalogs: &'a Catalogs,
    catalog: Option<Arc<Catalog>>,
    /// The admin's catalogs, by falling weight.
    admin: Vec<&'a ModelCatalog>,
}

impl Catalogs {
    /// What is said at `spot`; `None` where nobody knows whose ids are meant.
    #[must_use]
    pub fn voice<'a>(&'a self, spot: &Spot<'a>) -> Option<Voice<'a>> {
        let mut speaking: Vec<usize> = (0..self.admin().len())
            .filter(|at| self.admin()[*at].speaks_for(spot))
            .collect();
        let provider = |at: &usize| self.admin()[*at].provider;
        let ground = match spot.ground {
            Some(ground) => Cow::Borrowed(ground),
            None => {
                // Several providers can be said to answer at one host: the one that the backend names counts first.
                let said = |wanted| speaking.iter().map(provider).find(|said| *said == wanted);
                let provider = said(spot.provider)
                    .or_else(|| said(Provider::Custom))
                    .or_else(|| speaking.first().map(provider))?;
                Cow::Owned(Ground {
                    provider,
                    region: None,
                })
            }
        };
        speaking.retain(|at| [ground.provider, Provider::Custom].contains(&provider(at)));
        let said: Vec<_> = speaking.iter().map(|at| self.admin()[*at].as_ref()).collect();
        Some(Voice {
            catalog: self.combined(ground.provider, &speaking),
            admin: layers::counting(&said),
            catalogs: self,
            ground,
        })
    }
}

impl Voice<'_> {
    /// What is known here; `None` when nothing is.
    #[must_use]
    pub fn catalog(&self) -> Option<&Catalog> {
        self.catalog.as_deref()
    }

    /// Whether the same is said there: every id is judged alike.
    #[must_use]
    pub fn agrees(&self, other: &Self) -> bool {
        let same = |a: &Option<Arc<Catalog>>, b: &Option<Arc<Catalog>>| match (a, b) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        self.ground == other.ground
            && same(&self.catalog, &other.catalog)
            && self.admin.len() == other.admin.len()
            && self
                .admin
                .iter()
                .zip(&other.admin)
                .all(|(a, b)| std::ptr::eq(*a, *b))
    }

    /// What normalization may store for `id`; `None` where the catalog knows it as it is, or knows nothing better.
    #[must_use]
    pub fn repair(&self, id: &str, today: Date) -> Option<String> {
        let listed = self.catalog().is_some_and(|catalog| catalog.get(id).is_some());
        if listed {
            None
        } else {
            self.judge(id, today).repair
        }
    }

    /// Judges `id` as of `today`: what the catalogs know, then what the admin's rules make of it.
    ///
    /// ```
    /// use aliasgate::engine::{Catalogs, Code, Provider, catalog::{Ground, ModelCatalog, Spot}};
    /// let (mine, faults) = ModelCatalog::read(&serde_json::json!({
    ///     "metadata": {"name": "mine"},
    ///     "spec": {"provider": "openai", "deny": [{"match": "gpt-4*", "reason": "too dear", "use": "gpt-5-mini"}]},
    /// }));
    /// assert!(faults.is_empty());
    /// let today = "2026-01-01".parse().unwrap();
    /// let catalogs = Catalogs::default().with_admin(mine.map(Into::into), today);
    /// let openai = Ground { provider: Provider::OpenAi, region: None };
    /// let verdict = catalogs.voice(&Spot::of(&openai)).unwrap().judge("gpt-4o", today);
    /// assert_eq!(verdict.code, Some(Code::AliasTargetDenied));
    /// assert_eq!(verdict.message, r#""gpt-4o" is denied by the ModelCatalog mine: too dear"#);
    /// ```
    #[must_use]
    pub fn judge(&self, id: &str, today: Date) -> Judgement {
        let notice = self.admin.iter().find_map(|catalog| catalog.notice);
        let verdict = Case {
            catalogs: self.catalogs,
            ground: &self.ground,
            catalog: self.catalog(),
            id,
            today,
            notice: notice.unwrap_or(NOTICE),
        }
        .judge();
        if self.admin.is_empty() {
            return verdict;
        }
        let mut verdict = match self.forbidden(id, &verdict) {
            Some(forbidden) => forbidden,
            None => self.weighed(id, verdict),
        };
        verdict
            .suggestions
            .retain(|id| self.denial(&[id]).is_none() && self.restricted(&[id]).is_none());
        verdict
    }

    /// The first rule that denies one of `ids`, which are names of one model.
    fn denial(&self, ids: &[&str]) -> Option<(&ModelCatalog, &Denial)> {
        let of = |catalog: &&'_ ModelCatalog| -> Option<usize> {
            let denies = |denial: &Denial| ids.iter().any(|id| denial.glob.matches(id));
            catalog.deny.iter().position(denies)
        };
        self.admin
            .iter()
            .find_map(|catalog| of(catalog).map(|at| (*catalog, &catalog.deny[at])))
    }

    /// The first catalog that allows some models, and none of `ids`.
    fn restricted(&self, ids: &[&str]) -> Option<&ModelCatalog> {
        let allows = |globs: &[Glob]| globs.iter().any(|glob| ids.iter().any(|id| glob.matches(id)));
        let shuts = |catalog: &&ModelCatalog| catalog.allow.as_ref().is_some_and(|globs| !allows(globs));
        self.admin.iter().copied().find(shuts)
    }

    /// What the admin forbids, whatever is known of the model.
    fn forbidden(&self, id: &str, verdict: &Judgement) -> Option<Judgement> {
        // A model can be written in several ways, and a fine-tuned one goes by its base.
        let listed = verdict.model.as_ref().map(|model| model.id.as_ref());
        let names: Vec<&str> = [Some(id), listed].into_iter().flatten().collect();
        if let Some((catalog, denial)) = self.denial(&names) {
            let reason = denial.reason.as_ref();
            let reason = reason.map(|reason| format!(": {}", reason.trim_end_matches('.')));
            let message = format!(
                "{} is denied by the ModelCatalog {}{}",
                quote(id),
                catalog.name,
                reason.unwrap_or_default()
            );
            let help = match &denial.instead {
                Some(instead) => format!("use {}", quote(instead)),
                None => "name another model, or ask whoever keeps the catalog".to_owned(),
            };
            return Some(Judgement {
                suggestions: denial.instead.iter().cloned().collect(),
                ..Judgement::bad(Code::AliasTargetDenied, message, help)
            });
        }
        // What is stored after a repair is judged again.
        let repaired = verdict.repair.as_deref();
        let names: Vec<&str> = names.into_iter().chain(repaired).collect();
        let catalog = self.restricted(&names)?;
        let message = format!(
            "{} is not among the models that the ModelCatalog {} allows",
            quote(id),
            catalog.name
        );
        let globs: Vec<_> = catalog.allow.iter().flatten().map(Glob::as_str).collect();
        let help = match globs[..] {
            [] => "it allows none: ask whoever keeps the catalog".to_owned(),
            _ if globs.len() <= SHOWN => format!("name a model that it allows: {}", globs.join(", ")),
            _ => "name a model that it allows".to_owned(),
        };
        Some(Judgement {
            suggestions: verdict.suggestions.clone(),
            ..Judgement::bad(Code::AliasTargetDenied, message, help)
        })
    }

    /// `verdict` as the admin weighs it.
    fn weighed(&self, id: &str, verdict: Judgement) -> Judgement {
        match verdict.code {
            Some(Code::AliasTargetRetired) => self.retired(verdict),
            Some(Code::AliasTargetUnchecked) => self.unlisted(id, verdict),
            Some(
                Code::AliasTargetUnknown
                | Code::AliasTargetMisspelt
                | Code::AliasTargetMalformed
                | Code::AliasTargetWrongProvider,
            ) if verdict.model.is_none() => self.unlisted(id, verdict),
            _ => verdict,
        }
    }

    fn retired(&self, verdict: Judgement) -> Judgement {
        let severity = match self.admin.iter().find_map(|catalog| catalog.retired) {
            None => verdict.severity,
            Some(Action::Allow) => return Judgement::good(verdict.model),
            Some(Action::Warn) => Severity::Warning,
            Some(Action::Deny) => Severity::Error,
        };
        Judgement { severity, ..verdict }
    }

    /// A model that no catalog lists: of a family, or as the admin treats all that are not listed.
    fn unlisted(&self, id: &str, verdict: Judgement) -> Judgement {
        let mut families = self
            .admin
            .iter()
            .flat_map(|catalog| catalog.families.iter().map(move |family| (*catalog, family)));
        if let Some((catalog, family)) = families.find(|(_, family)| family.pattern.matches(id)) {
            let pattern = quote(family.pattern.as_str());
            let model = Model {
                mode: family.mode.clone().map(Into::into),
                ..Model::bare(id.to_owned())
            };
            return match family.action {
                Action::Allow => Judgement::good(Some(model)),
                Action::Warn => Judgement {
                    model: Some(model),
                    ..self.unknown(id, verdict, Severity::Warning)
                },
                Action::Deny => {
                    let message = format!(
                        "{} is denied by the ModelCatalog {}, as all of its family {pattern}",
                        quote(id),
                        catalog.name
                    );
                    let help = "name another model, or ask whoever keeps the catalog";
                    Judgement {
                        suggestions: verdict.suggestions,
                        ..Judgement::bad(Code::AliasTargetDenied, message, help)
                    }
                }
            };
        }
        if !matches!(
            verdict.code,
            Some(Code::AliasTargetUnknown | Code::AliasTargetUnchecked)
        ) {
            return verdict;
        }
        match layers::stance(&self.admin) {
            None => verdict,
            Some(Action::Allow) => Judgement::good(verdict.model),
            Some(Action::Warn) => self.unknown(id, verdict, Severity::Warning),
            Some(Action::Deny) => self.unknown(id, verdict, Severity::Error),
        }
    }

    /// A model that is not listed, with the weight that the admin gives to that.
    fn unknown(&self, id: &str, verdict: Judgement, severity: Severity) -> Judgement {
        let dated = self
            .catalog()
            .map(|catalog| format!(" of {}", catalog.as_of))
            .unwrap_or_default();
        let message = format!(
            "{}: not in the {} catalog{dated}",
            quote(id),
            self.ground.provider
        );
        let help = match severity {
            Severity::Error => "the catalog is complete: name a model that it lists",
            _ => "if it is right, ignore this or add it to a ModelCatalog",
        };
        Judgement {
            severity,
            suggestions: verdict.suggestions,
            ..Judgement::bad(Code::AliasTargetUnknown, message, help)
        }
    }
}

/// Most globs that a message lists.
const SHOWN: usize = 8;
