//! The decision about one review: a pure function of the snapshot and the body.

use std::{collections::BTreeMap, fmt};

use kube::core::admission::{AdmissionResponse, Operation};
use serde_json::Value;

use super::{
    answer,
    review::{self, Request, Unreadable},
};
use crate::engine::{
    Diagnostic, Edit, Kind, Resource, Severity, Snapshot,
    check::{check, forgive},
    normalize::{self, Change},
};

/// Which of the two webhooks is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Webhook {
    /// `/validate`: may refuse, changes nothing.
    Validate,
    /// `/mutate`: may change, refuses nothing that can be read.
    Mutate,
}

impl Webhook {
    /// The name in logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Validate => "validate",
            Self::Mutate => "mutate",
        }
    }
}

/// How a review ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Looked at and let through.
    Allowed,
    /// Let through with a patch.
    Patched,
    /// Refused.
    Denied,
    /// Let through unread: nothing of ours.
    Skipped,
}

impl Outcome {
    /// The name in logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Patched => "patched",
            Self::Denied => "denied",
            Self::Skipped => "skipped",
        }
    }
}

/// A body that is no review at all: there is no uid to answer to. Says what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed(pub(super) String);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The answer to a review, and what logs and metrics say of it.
#[derive(Debug)]
pub struct Decision {
    /// How it ended.
    pub outcome: Outcome,
    /// The kind of the object, where it is checked.
    pub kind: Option<Kind>,
    /// CREATE, UPDATE, DELETE or CONNECT.
    pub operation: &'static str,
    /// The namespace of the object.
    pub namespace: String,
    /// The name of the object.
    pub name: String,
    /// Whether nothing will be stored anyway.
    pub dry_run: bool,
    /// How often each code was found.
    pub codes: BTreeMap<&'static str, u64>,
    pub(super) response: AdmissionResponse,
}

impl Decision {
    fn new(request: &Request<'_>) -> Self {
        Self {
            outcome: Outcome::Skipped,
            kind: request.kind(),
            operation: match request.operation {
                Operation::Create => "CREATE",
                Operation::Update => "UPDATE",
                Operation::Delete => "DELETE",
                Operation::Connect => "CONNECT",
            },
            namespace: name(request.namespace.as_deref().unwrap_or_default()),
            name: name(request.name.as_deref().unwrap_or_default()),
            dry_run: request.dry_run.unwrap_or_default(),
            codes: BTreeMap::new(),
            response: answer::allowed(request.uid()),
        }
    }

    /// The `AdmissionReview` to send back, as JSON.
    #[must_use]
    pub fn into_body(self) -> Vec<u8> {
        serde_json::to_vec(&self.response.into_review()).expect("strings, numbers and maps with string keys")
    }

    fn count(&mut self, diagnostics: &[Diagnostic]) {
        for diagnostic in diagnostics {
            *self.codes.entry(diagnostic.code.as_str()).or_default() += 1;
        }
    }
}

/// Longest name of an object in Kubernetes, in characters.
const MAX_NAME: usize = 253;

/// `name`, as far as it can be one: what logs say has a limit.
fn name(name: &str) -> String {
    name.chars().take(MAX_NAME).collect()
}

/// Decides about the `AdmissionReview` in `body`. The same snapshot and body always give the same answer, dry run or
/// not.
///
/// # Errors
/// When `body` is no `AdmissionReview` of `admission.k8s.io/v1` with a request and its uid.
pub fn decide(snapshot: &Snapshot, webhook: Webhook, body: &[u8]) -> Result<Decision, Malformed> {
    let request = review::read(body)?;
    let mut decision = Decision::new(&request);
    let Some(kind) = decision.kind else {
        return Ok(decision);
    };
    if !matches!(request.operation, Operation::Create | Operation::Update) {
        return Ok(decision);
    }
    let judged = match webhook {
        Webhook::Validate => validate(snapshot, &mut decision, &request),
        Webhook::Mutate => mutate(snapshot, &mut decision, &request),
    };
    if let Err(Unreadable(why)) = judged {
        decision.outcome = Outcome::Denied;
        answer::unreadable(&mut decision.response, kind, &why);
    }
    Ok(decision)
}

/// The object as it would be stored.
fn object(request: &Request<'_>, decision: &mut Decision) -> Result<Resource, Unreadable> {
    let object = request
        .object()?
        .ok_or_else(|| Unreadable("request.object is missing".to_owned()))?;
    decision.name = name(&object.key.name);
    Ok(object)
}

/// The object as it is stored now. It is read only where something is wrong with the new one, for it can only excuse.
fn old_object(request: &Request<'_>) -> Result<Option<Resource>, Unreadable> {
    if request.operation == Operation::Update {
        request.old_object()
    } else {
        Ok(None)
    }
}

fn validate(snapshot: &Snapshot, decision: &mut Decision, request: &Request<'_>) -> Result<(), Unreadable> {
    let new = object(request, decision)?;
    let mut diagnostics = check(snapshot, &new);
    if has_errors(&diagnostics)
        && let Some(old) = old_object(request)?
    {
        forgive(&mut diagnostics, snapshot, &new, &old);
    }
    decision.count(&diagnostics);
    let refused = has_errors(&diagnostics);
    decision.outcome = if refused {
        Outcome::Denied
    } else {
        Outcome::Allowed
    };
    if refused {
        answer::refuse(&mut decision.response, &new, &diagnostics);
    }
    answer::warn(&mut decision.response, &diagnostics);
    answer::annotate(
        &mut decision.response,
        &decision.codes,
        &diagnostics,
        snapshot,
        &new,
    );
    Ok(())
}

fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error)
}

fn mutate(snapshot: &Snapshot, decision: &mut Decision, request: &Request<'_>) -> Result<(), Unreadable> {
    let new = object(request, decision)?;
    let mut changes = normalize::changes(snapshot, &new, None);
    if !changes.is_empty()
        && let Some(old) = old_object(request)?
    {
        changes = normalize::changes(snapshot, &new, Some(&old));
    }
    decision.outcome = Outcome::Allowed;
    if changes.is_empty() {
        return Ok(());
    }
    let mut said: Vec<_> = changes.iter().flat_map(Change::diagnostics).collect();
    said.retain_mut(|said| {
        let severity = snapshot.severities().of(said.code, said.severity);
        said.severity = severity.unwrap_or(Severity::Note);
        severity.is_some()
    });
    decision.count(&said);
    decision.outcome = Outcome::Patched;
    answer::warn(&mut decision.response, &said);
    answer::annotate(&mut decision.response, &decision.codes, &said, snapshot, &new);
    answer::patch(
        &mut decision.response,
        changes.iter().flat_map(Change::edits).map(operation).collect(),
    );
    Ok(())
}

/// `edit` as RFC 6902 writes it.
fn operation(edit: Edit) -> Value {
    let (op, path, value) = match edit {
        Edit::Add(path, value) => ("add", path, Some(value)),
        Edit::Remove(path) => ("remove", path, None),
        Edit::Replace(path, value) => ("replace", path, Some(value)),
        Edit::Test(path, value) => ("test", path, Some(value)),
    };
    let mut operation = serde_json::json!({"op": op, "path": path});
    if let Some(value) = value {
        operation["value"] = value;
    }
    operation
}
