//! The status of a ModelCatalog.

use std::cmp::Reverse;

use jiff::Timestamp;
use kube::api::ApiResource;
use serde_json::{Value, json};

use super::{
    report::{Names, cut},
    server,
};
use crate::engine::{
    Code, Diagnostic, Resource,
    catalog::{
        ModelCatalog,
        manifest::{API_VERSION, KIND},
    },
};

/// Longest message of a condition.
const MAX_MESSAGE: usize = 1024; // bytes

/// What a status should say, times left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    generation: Option<i64>,
    /// `None` when the catalog cannot be read.
    models: Option<usize>,
    conflicts: usize,
    conditions: [Condition; 2],
}

/// One condition, times left out.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    kind: &'static str,
    met: bool,
    reason: &'static str,
    message: String,
}

impl Wanted {
    /// What the status of the ModelCatalog `resource` with these `faults` should say.
    #[must_use]
    pub fn new(resource: &Resource, faults: &[Diagnostic]) -> Self {
        let of = |code| faults.iter().filter(move |fault| fault.code == code);
        // An earlier version may still count, but not in a replica that was started since.
        let read = ModelCatalog::read(resource.value()).0;
        let models = read.map(|catalog| catalog.models.len());
        let mut invalid: Vec<_> = of(Code::CatalogInvalid).collect();
        invalid.sort_by_key(|fault| Reverse(fault.severity)); // stable: within one, the order of places stays
        let conflicts: Vec<_> = of(Code::CatalogConflict).collect();
        let accepted = match models {
            Some(models) => Condition::new("Accepted", true, "Read", &counted(models, "model"), &invalid),
            None => Condition::new("Accepted", false, "Invalid", "it cannot be read", &invalid),
        };
        let conflicted = if conflicts.is_empty() {
            Condition::new(
                "Conflicted",
                false,
                "Agrees",
                "no other ModelCatalog disagrees",
                &[],
            )
        } else {
            let count = format!(
                "{} with other ModelCatalogs",
                counted(conflicts.len(), "conflict")
            );
            Condition::new("Conflicted", true, "Disagrees", &count, &conflicts)
        };
        Self {
            generation: resource
                .value()
                .pointer("/metadata/generation")
                .and_then(Value::as_i64),
            models,
            conflicts: conflicts.len(),
            conditions: [accepted, conflicted],
        }
    }

    /// The object to apply to the status of `resource` at the time `now`; `None` where its status says all of it.
    #[must_use]
    pub fn change(&self, resource: &Resource, now: Timestamp) -> Option<Value> {
        let null = Value::Null;
        let stored = resource.value().get("status").unwrap_or(&null);
        let status = self.status(stored, now);
        let same = status.as_object().is_some_and(|fields| {
            fields
                .iter()
                .all(|(field, value)| stored.get(field) == Some(value))
        }) && (self.models.is_some() || stored.get("models").is_none());
        (!same).then(|| {
            json!({
                "apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": resource.key.name}, "status": status,
            })
        })
    }

    /// The status with the times of `stored` where nothing changes.
    fn status(&self, stored: &Value, now: Timestamp) -> Value {
        let conditions: Vec<_> = self
            .conditions
            .iter()
            .map(|condition| condition.with_times(stored, self.generation, now))
            .collect();
        let mut status = json!({"conflicts": self.conflicts, "conditions": conditions});
        if let Some(generation) = self.generation {
            status["observedGeneration"] = generation.into();
        }
        if let Some(models) = self.models {
            status["models"] = models.into();
        }
        status
    }
}

impl Condition {
    /// A condition whose message is `head` and the lines of `faults`.
    fn new(kind: &'static str, met: bool, reason: &'static str, head: &str, faults: &[&Diagnostic]) -> Self {
        let lines: Vec<_> = faults.iter().map(|fault| fault.line()).collect();
        let message = if lines.is_empty() {
            head.to_owned()
        } else {
            format!("{head}: {}", lines.join("; "))
        };
        Self {
            kind,
            met,
            reason,
            message: cut(&message, MAX_MESSAGE),
        }
    }

    /// The condition; since `now`, or since it became so by what is `stored`.
    fn with_times(&self, stored: &Value, generation: Option<i64>, now: Timestamp) -> Value {
        let status = if self.met { "True" } else { "False" };
        let before = stored
            .get("conditions")
            .and_then(Value::as_array)
            .and_then(|all| all.iter().find(|condition| condition["type"] == self.kind))
            .filter(|condition| condition["status"] == status)
            .and_then(|condition| condition.get("lastTransitionTime"))
            .filter(|time| time.is_string());
        let since = before.cloned().unwrap_or_else(|| time(now).into());
        let mut condition = json!({
            "type": self.kind, "status": status, "reason": self.reason, "message": self.message,
            "lastTransitionTime": since,
        });
        if let Some(generation) = generation {
            condition["observedGeneration"] = generation.into();
        }
        condition
    }
}

/// `count` and the noun in its number.
fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// `at` as Kubernetes writes times: whole seconds.
pub(super) fn time(at: Timestamp) -> String {
    format!("{at:.0}")
}

/// The kind.
pub(super) fn resource() -> ApiResource {
    let (group, version) = API_VERSION.split_once('/').unwrap_or_default();
    let names = Names {
        kind: KIND,
        plural: "modelcatalogs",
    };
    server::resource(group, version, &names)
}
