//! How a merged catalog differs from an earlier one.

use std::fmt;

use super::{Merged, claim::FIELDS};
use crate::engine::Provider;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Whose model it is.
    pub provider: Provider,
    /// The model.
    pub id: String,
    /// What is different.
    pub kind: Kind,
}

/// What is different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// It was not there.
    Added,
    /// The sources list it no more, though no date says that it is switched off.
    Vanished,
    /// A fact has another value.
    Changed {
        /// The name of the fact.
        field: &'static str,
        /// What it was; `None` when it was not known.
        from: Option<String>,
        /// What it is; `None` when it is known no more.
        to: Option<String>,
    },
    /// Two sources do not agree.
    Conflict {
        /// The name of the fact.
        field: &'static str,
        /// What is believed, and who says it.
        kept: String,
        /// What is not, and who says that.
        other: String,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { provider, id, kind } = self;
        let known = |value: &Option<String>| value.clone().unwrap_or_else(|| "not known".to_owned());
        match kind {
            Kind::Added => write!(f, "+ {provider} {id}"),
            Kind::Vanished => write!(
                f,
                "- {provider} {id}: listed no more, and no date says that it is retired"
            ),
            Kind::Changed { field, from, to } => {
                write!(f, "~ {provider} {id}: {field} {} -> {}", known(from), known(to))
            }
            Kind::Conflict { field, kept, other } => {
                write!(f, "! {provider} {id}: {field} {kept}, not {other}")
            }
        }
    }
}

/// How `new` differs from `old`, in the order of provider and id; models that only `old` has are passed over, since
/// [`merge`](super::merge()) keeps them.
#[must_use]
pub fn changes(old: &Merged, new: &Merged) -> Vec<Change> {
    let mut all = Vec::new();
    for (provider, models) in &new.models {
        let before = old.models.get(provider);
        for (id, known) in models {
            let mut push = |kind| {
                all.push(Change {
                    provider: *provider,
                    id: id.clone(),
                    kind,
                });
            };
            match before.and_then(|models| models.get(id)) {
                None => push(Kind::Added),
                Some(_) if known.vanished => push(Kind::Vanished),
                Some(old) => {
                    for field in FIELDS.iter().filter(|field| field.told) {
                        let (from, to) = ((field.show)(&old.facts), (field.show)(&known.facts));
                        if from != to {
                            push(Kind::Changed {
                                field: field.name,
                                from,
                                to,
                            });
                        }
                    }
                }
            }
        }
    }
    let conflicts = new.conflicts.iter().map(|conflict| Change {
        provider: conflict.provider,
        id: conflict.id.clone(),
        kind: Kind::Conflict {
            field: conflict.field,
            kept: conflict.kept.clone(),
            other: conflict.other.clone(),
        },
    });
    all.extend(conflicts);
    all.sort_by(|a, b| (a.provider, &a.id).cmp(&(b.provider, &b.id)));
    all
}
