//! What is wrong with a CRD itself: its shape, names and versions, whether its schemas are structural, and whether
//! its CEL rules compile and cost little enough. Source: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation
//! of Kubernetes 1.34.
//!
//! Not judged: what a webhook that converts is reached by.

mod compile;
mod costs;
mod decode;
mod keywords;
mod list_types;
mod selectable;
mod spec;
mod structural;

use serde_json::Value;

use super::{
    cel::MAX_PARTS,
    lists, metadata, prune,
    refusal::{Path, Reason, Refusal, Shown},
    rules,
    structural::{Node, NodeId, Schema},
    values,
};
use crate::engine::{Code, Diagnostic, Severity};

/// What the API server would say of a CRD of `apiextensions.k8s.io/v1`, in the order of places.
///
/// ```
/// use aliasgate::engine::schema::check_crd;
/// use serde_json::json;
///
/// let found = check_crd(&json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": {}}));
/// assert!(found.iter().any(|one| one.line() == "spec.group: Required value [schema-invalid]"));
/// ```
#[must_use]
pub fn check_crd(crd: &Value) -> Vec<Diagnostic> {
    let (decoded, mut refusals) = decode::decode(crd);
    let crd = &decoded;
    metadata::unknown_in(crd.get("metadata"), &Path::Root, &mut refusals);
    let mut found = Vec::new();
    if let (true, Value::Object(fields)) = (refusals.is_empty(), crd) {
        metadata::check(fields, None, &mut refusals);
        spec::check(crd, &mut refusals);
        selectable::check(crd, &mut refusals);
        let versions = crd.pointer("/spec/versions").and_then(Value::as_array);
        let mut parts_left = MAX_PARTS;
        for (at, version) in versions.into_iter().flatten().enumerate() {
            let pointer = format!("/spec/versions/{at}");
            version_faults(version, &pointer, &mut parts_left, &mut refusals, &mut found);
        }
    }
    found.extend(refusals.into_iter().map(Refusal::into_diagnostic));
    found.sort_by(|a, b| (&a.pointer, &a.message).cmp(&(&b.pointer, &b.message)));
    found.dedup();
    found
}

/// Says where the schema of one version is wrong.
fn version_faults(
    version: &Value,
    pointer: &str,
    parts_left: &mut usize,
    refusals: &mut Vec<Refusal>,
    found: &mut Vec<Diagnostic>,
) {
    let Some(source) = version
        .pointer("/schema/openAPIV3Schema")
        .filter(|schema| schema.is_object())
    else {
        return;
    };
    let place = format!("{pointer}/schema/openAPIV3Schema");
    let schema = match Schema::new(source) {
        Ok(schema) => schema,
        Err(reason) => {
            let message = format!("the schema is not checked: {reason}");
            found.push(
                Diagnostic::new(Code::SchemaRuleUnchecked, place, None, message).help("split the schema"),
            );
            return;
        }
    };
    let (mut faults, mut misused) = (Vec::new(), Vec::new());
    structural::check(source, &mut faults);
    if faults.is_empty() {
        defaults(&schema, 0, &Path::Root, &mut faults);
    }
    keywords::check(source, &schema, &mut misused);
    if faults.is_empty() {
        let mut places: Vec<_> = misused.iter().map(|fault| fault.pointer.clone()).collect();
        places.sort();
        compile::check(&schema, &places, &mut faults);
        if places.is_empty() {
            found.extend(costs::check(&schema, parts_left, &place, &mut faults));
        }
    }
    if version
        .pointer("/subresources/status")
        .is_some_and(|status| !status.is_null())
    {
        keywords::root_with_status(source, &mut misused);
    }
    faults.extend(misused);
    if schema.root().any_rules && faults.iter().any(|fault| fault.code != Code::SchemaRule) {
        let message = "some CEL rules were not checked because the schema is invalid; correct the existing errors first";
        let help = "the rules are checked when the other faults are gone";
        found.push(Diagnostic::new(Code::SchemaRuleUnchecked, place.as_str(), None, message).help(help));
    }
    refusals.extend(faults.into_iter().map(|mut refusal| {
        refusal.pointer.insert_str(0, &place);
        refusal
    }));
}

/// Goes on with every child of a node on the spine of the schema, with the name of the property that it is, and its path
/// in the schema.
fn each_child(node: &Node, path: &Path<'_>, mut go: impl FnMut(NodeId, Option<&str>, &Path<'_>)) {
    let properties = Path::Key(path, "properties");
    for (name, child) in &node.properties {
        go(*child, Some(name), &Path::Key(&properties, name));
    }
    if let super::structural::Additional::Values(child) = node.additional {
        go(child, None, &Path::Key(path, "additionalProperties"));
    }
    if let Some(child) = node.items {
        go(child, None, &Path::Key(path, "items"));
    }
}

/// Says which defaults do not fit their own schema.
fn defaults(schema: &Schema, id: NodeId, path: &Path<'_>, out: &mut Vec<Refusal>) {
    let node = schema.node(id);
    if let Some(default) = &node.default {
        let place = Path::Key(path, "default");
        let mut faults = prune::unknown_below(schema, id, default);
        if !faults.is_empty() {
            faults = vec![
                Refusal::new(
                    &Path::Root,
                    Reason::Invalid,
                    Shown::of(default),
                    "must not have unknown fields",
                )
                .help("remove what the schema does not know"),
            ];
        }
        faults.extend(values::check_at(schema, id, default));
        lists::check(schema, id, default, &Path::Root, &mut Vec::new());
        if faults.is_empty() {
            let broken = rules::check_at(schema, id, default);
            faults.extend(
                broken
                    .into_iter()
                    .filter(|(_, severity)| *severity == Severity::Error)
                    .map(|(one, _)| one),
            );
        }
        let head = place.pointer();
        out.extend(faults.into_iter().map(|mut refusal| {
            refusal.pointer.insert_str(0, &head);
            refusal
        }));
    }
    each_child(node, path, |child, _, path| defaults(schema, child, path, out));
}
