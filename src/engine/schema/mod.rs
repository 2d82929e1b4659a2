//! What the API server would say of an object by its CRD, without an API server.
//!
//! In its order: unknown fields, pruning of nulls, defaults, types and limits, metadata, lists that are sets or maps,
//! and CEL rules where nothing above stands in their way. Source: k8s.io/apiextensions-apiserver of Kubernetes 1.34.
//!
//! What cannot be judged here is a diagnostic of its own ([`SchemaRuleUnchecked`](Code::SchemaRuleUnchecked)) and never passes in silence.

mod cel;
mod crd;
mod definition;
mod field_path;
mod formats;
mod go_time;
mod go_url;
mod lists;
mod metadata;
mod names;
mod past;
mod prune;
mod re2;
mod refusal;
mod rules;
mod scale;
mod structural;
mod values;

use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde_json::Value;

use super::{Code, Diagnostic, Severity};
use crd::Version;
use refusal::{Path, Refusal};
use structural::Schema;

/// What stands for the characters that the API server appends to `generateName`.
const GENERATED: &str = "xxxxx";

pub use definition::check_crd;

/// Schemas of CRDs, by the kind that they describe. Each is read when the first object of its kind is checked.
///
/// ```
/// use aliasgate::engine::schema::Schemas;
/// use serde_json::json;
///
/// let crd = json!({
///     "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
///     "spec": {"group": "example.com", "scope": "Namespaced", "names": {"kind": "Widget"}, "versions": [{
///         "name": "v1", "served": true, "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {
///             "type": "object", "properties": {"size": {"type": "integer", "maximum": 9}}}}}},
///     }]},
/// });
/// let mut schemas = Schemas::default();
/// assert!(schemas.add(&crd).is_empty());
/// let widget = json!({
///     "apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": 10},
/// });
/// let diagnostics = schemas.check(&widget, None);
/// assert_eq!(
///     diagnostics[0].line(),
///     "spec.size: Invalid value: 10: should be less than or equal to 9 [schema-invalid]"
/// );
/// ```
#[derive(Default)]
pub struct Schemas(BTreeMap<(String, String), Version>);

impl Schemas {
    /// Adds the served versions of a CRD; one of a kind that is there already takes its place.
    ///
    /// What keeps the CRD from being used is in the result. See [`check_crd`] for what is wrong with one.
    pub fn add(&mut self, crd: &Value) -> Vec<Diagnostic> {
        match Version::all(crd) {
            Ok(versions) => {
                for version in versions {
                    self.0
                        .insert((version.api_version.clone(), version.kind.clone()), version);
                }
                Vec::new()
            }
            Err((pointer, reason)) => {
                vec![
                    Diagnostic::new(Code::SchemaRuleUnchecked, pointer, None, reason)
                        .help("objects of this kind are not checked against it; see kubectl explain crd"),
                ]
            }
        }
    }

    /// Whether `value` is a CRD.
    ///
    /// ```
    /// use aliasgate::engine::schema::Schemas;
    /// use serde_json::json;
    /// assert!(!Schemas::is_crd(&json!({"apiVersion": "v1", "kind": "Secret"})));
    /// ```
    #[must_use]
    pub fn is_crd(value: &Value) -> bool {
        crd::is_crd(value)
    }

    /// Whether there is a schema for the kind of `object`.
    ///
    /// ```
    /// use aliasgate::engine::schema::Schemas;
    /// use serde_json::json;
    /// assert!(!Schemas::default().knows(&json!({"apiVersion": "v1", "kind": "Secret"})));
    /// ```
    #[must_use]
    pub fn knows(&self, object: &Value) -> bool {
        self.of(object).is_some()
    }

    fn of(&self, object: &Value) -> Option<&Version> {
        let text = |key: &str| Some(object.get(key)?.as_str()?.to_owned());
        self.0.get(&(text("apiVersion")?, text("kind")?))
    }

    /// What the API server would say of `object` when it is created, or when it takes the place of `old`; nothing
    /// for a kind without a schema. In the order of places.
    ///
    /// On an update, faults of parts that did not change are no errors, as at the API server.
    #[must_use]
    pub fn check(&self, object: &Value, old: Option<&Value>) -> Vec<Diagnostic> {
        let Some(version) = self.of(object) else {
            return Vec::new();
        };
        let mut found = match version.schema() {
            Ok(schema) => check(version, schema, object, old),
            Err(reason) => {
                let message = format!("the object is not checked against its CRD: {reason}");
                vec![
                    Diagnostic::new(Code::SchemaRuleUnchecked, "", None, message)
                        .help("let the API server check it, with kubectl apply --dry-run=server"),
                ]
            }
        };
        found.sort_by(|a, b| (&a.pointer, &a.message).cmp(&(&b.pointer, &b.message)));
        found
    }
}

impl fmt::Debug for Schemas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn check(version: &Version, schema: &Schema, object: &Value, old: Option<&Value>) -> Vec<Diagnostic> {
    let mut unknown = prune::unknown(schema, object);
    metadata::unknown(schema, object, &mut unknown);
    let mut new = stored(schema, object, &unknown);
    let old = old.map(|old| stored(schema, old, &[]));
    if version.status {
        keep_status(&mut new, old.as_deref());
    }
    let (value, old) = (new.as_ref(), old.as_deref());

    let mut refusals = Vec::new();
    if let Value::Object(fields) = value {
        metadata::check(fields, old, &mut refusals);
    }
    refusals.extend(values::check(schema, value, old));
    if let Some(scale) = &version.scale {
        scale.check(value, &mut refusals);
    }
    metadata::embedded(schema, 0, value, &Path::Root, &mut refusals);
    let were_duplicates = old.is_some_and(|old| {
        let mut before = Vec::new();
        lists::check(schema, 0, old, &Path::Root, &mut before);
        !before.is_empty()
    });
    if !were_duplicates {
        lists::check(schema, 0, value, &Path::Root, &mut refusals);
    }

    let mut found = Vec::new();
    if schema.root().has_rules {
        if refusals.iter().any(|refusal| refusal.reason.blocks_rules()) {
            let message = "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";
            let help = "the rules are checked when the other faults are gone";
            let unchecked = Diagnostic::new(Code::SchemaRuleUnchecked, "", None, message).help(help);
            // The errors that are in the way weigh enough.
            found.push(Diagnostic {
                severity: Severity::Note,
                ..unchecked
            });
        } else {
            for (refusal, severity) in rules::check(schema, value, old) {
                found.push(Diagnostic {
                    severity,
                    ..refusal.into_diagnostic()
                });
            }
        }
    }
    found.extend(unknown.into_iter().chain(refusals).map(Refusal::into_diagnostic));
    found
}

/// The object as the API server reads it: without what it drops, with the defaults. Copied only where that makes a
/// difference.
fn stored<'a>(schema: &Schema, object: &'a Value, unknown: &[Refusal]) -> Cow<'a, Value> {
    let mut out = Cow::Borrowed(object);
    for refusal in unknown {
        remove(out.to_mut(), &refusal.pointer);
    }
    let text = |key: &str| {
        object
            .pointer(key)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    if let (None, Some(generate)) = (text("/metadata/name"), text("/metadata/generateName")) {
        let name = format!("{generate}{GENERATED}");
        if let Some(Value::Object(metadata)) = out.to_mut().get_mut("metadata") {
            metadata.insert("name".to_owned(), name.into());
        }
    }
    if prune::has_null(&out) {
        prune::nulls(schema, Some(0), out.to_mut());
    }
    if prune::lacks_default(schema, 0, &out) || (schema.root().has_defaults && prune::has_null(&out)) {
        prune::defaults(schema, 0, out.to_mut());
    }
    out
}

/// Puts the old status in place of the new one: where it is a subresource, a write of the object does not touch it.
fn keep_status(new: &mut Cow<'_, Value>, old: Option<&Value>) {
    let status = old.and_then(|old| old.get("status"));
    if new.get("status") == status {
        return;
    }
    let Value::Object(fields) = new.to_mut() else {
        return;
    };
    match status {
        Some(status) => fields.insert("status".to_owned(), status.clone()),
        None => fields.remove("status"),
    };
}

fn remove(value: &mut Value, pointer: &str) {
    let Some((parent, _)) = pointer.rsplit_once('/') else {
        return;
    };
    let Some(key) = super::pointer::segments(pointer).last() else {
        return;
    };
    if let Some(Value::Object(fields)) = value.pointer_mut(parent) {
        fields.remove(&key);
    }
}
