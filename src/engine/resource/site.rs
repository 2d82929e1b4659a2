//! Sites: the places of a resource that may carry `modelAliases`, and for which providers.
//!
//! SEMANTICS: agentgateway @75b4e6ce6 has exactly three in its CRDs. A new one is one more row in [`SITES`].

use serde_json::Value;

use super::Kind;
use crate::engine::{AliasTable, pointer};

/// Whom the aliases of a site apply to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Every provider of the backend that carries the site.
    Backend,
    /// The provider of the backend whose `policies` carry the site, by the pointer to that provider.
    Provider(String),
    /// Every provider that the targets of the policy lead to.
    Targets,
}

/// A place that carries AI settings, `modelAliases` among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Pointer to the `ai` object that may hold `modelAliases`, `overrides`, `routes` ….
    pub ai: String,
    /// Whom it applies to.
    pub scope: Scope,
    /// The entries whose target is a string, compiled.
    pub table: AliasTable,
}

impl Site {
    /// Pointer to the alias map.
    #[must_use]
    pub fn aliases(&self) -> String {
        pointer::join(&self.ai, "modelAliases")
    }
}

/// Kind, the objects below which the site lies (`*` for each element of a list), the way from there to `ai`.
type Row = (Kind, &'static [&'static str], &'static str);

const SITES: &[Row] = &[
    (Kind::Backend, &[], "/spec/policies/ai"),
    (
        Kind::Backend,
        &["spec", "ai", "groups", "*", "providers", "*"],
        "/policies/ai",
    ),
    (Kind::Policy, &[], "/spec/backend/ai"),
];

/// The sites that `value` has, in the order of the document; sites without an `ai` object are left out.
pub(super) fn sites(kind: Kind, value: &Value) -> Vec<Site> {
    let mut found = Vec::new();
    for (_, path, rest) in SITES.iter().filter(|row| row.0 == kind) {
        for (at, owner) in expand(value, path) {
            let Some(ai) = pointer::find(owner, rest) else {
                continue;
            };
            let scope = match (kind, path.is_empty()) {
                (Kind::Policy, _) => Scope::Targets,
                (_, true) => Scope::Backend,
                (_, false) => Scope::Provider(at.clone()),
            };
            found.push(Site {
                ai: format!("{at}{rest}"),
                scope,
                table: table(ai.get("modelAliases")),
            });
        }
    }
    found
}

/// Every value below `value` that `path` leads to, with its pointer.
pub(super) fn expand<'a>(value: &'a Value, path: &[&str]) -> Vec<(String, &'a Value)> {
    let mut found = vec![(String::new(), value)];
    for segment in path {
        found = found
            .into_iter()
            .flat_map(|(at, value)| match *segment {
                "*" => value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .enumerate()
                    .map(|(index, item)| (format!("{at}/{index}"), item))
                    .collect(),
                name => value
                    .get(name)
                    .map(|item| (pointer::join(&at, name), item))
                    .into_iter()
                    .collect::<Vec<_>>(),
            })
            .collect();
    }
    found
}

fn table(aliases: Option<&Value>) -> AliasTable {
    let entries = aliases.and_then(Value::as_object).into_iter().flatten();
    AliasTable::new(entries.filter_map(|(key, target)| Some((key.clone(), target.as_str()?.to_owned()))))
}
