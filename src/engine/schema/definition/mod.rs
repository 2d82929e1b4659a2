//! What is wrong with a CRD itself: its shape, names and versions, whether its schemas are structural, and whether
//! its CEL rules compile and cost little enough. Source: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation
//! of Kubernetes 1.34.
//!
//! Not judged: what a webhook that converts is reached by.

mod costs;
mod keywords;
mod list_types;
mod shape;
mod spec;
mod structural;

use serde_json::Value;

use super::{
    cel::MAX_PARTS,
    field_path, lists, prune,
    refusal::{Path, Reason, Refusal, Shown},
    rules,
    structural::{ListType, Node, NodeId, Schema, Type},
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
    let mut refusals = shape::check(crd);
    let mut found = Vec::new();
    if refusals.is_empty() {
        spec::check(crd, &mut refusals);
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
    let mut faults = Vec::new();
    structural::check(source, &mut faults);
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
    keywords::check(source, &schema, &mut faults);
    if version
        .pointer("/subresources/status")
        .is_some_and(|status| !status.is_null())
    {
        keywords::root_with_status(source, &mut faults);
    }
    selectable(version, &schema, pointer, refusals);
    if faults.is_empty() {
        defaults(&schema, 0, &Path::Root, &mut faults);
    }
    if faults.is_empty() {
        compile(&schema, Seen::default(), 0, true, &Path::Root, &mut faults);
        found.extend(costs::check(&schema, parts_left, &place, &mut faults));
    } else if schema.root().any_rules {
        let message =
            "the CEL rules were not checked because the schema is invalid; correct the existing errors first";
        let help = "the rules are checked when the other faults are gone";
        found.push(Diagnostic::new(Code::SchemaRuleUnchecked, place.as_str(), None, message).help(help));
    }
    refusals.extend(faults.into_iter().map(|mut refusal| {
        refusal.pointer.insert_str(0, &place);
        refusal
    }));
}

/// Most selectable fields of a version.
const MAX_SELECTABLE: usize = 8;

/// Says which selectable fields cannot be selected by.
fn selectable(version: &Value, schema: &Schema, pointer: &str, out: &mut Vec<Refusal>) {
    let fields = version
        .get("selectableFields")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut refuse = |place: String, reason, shown, detail: String| {
        let mut refusal = Refusal::new(&Path::Root, reason, shown, detail)
            .help("see kubectl explain crd.spec.versions.selectableFields");
        refusal.pointer = place;
        out.push(refusal);
    };
    if fields.len() > MAX_SELECTABLE {
        let shown = Shown::Other(fields.len().to_string());
        let detail = format!("must have at most {MAX_SELECTABLE} items");
        refuse(
            format!("{pointer}/selectableFields"),
            Reason::TooMany,
            shown,
            detail,
        );
    }
    for (at, field) in fields.iter().enumerate() {
        let path = field.get("jsonPath").and_then(Value::as_str).unwrap_or_default();
        let place = format!("{pointer}/selectableFields/{at}/jsonPath");
        let shown = || Shown::Text(path.to_owned());
        let found = if path.contains('[') {
            Err("array notation is not allowed".to_owned())
        } else {
            field_path::steps(path, schema, 0)
        };
        match found {
            _ if path.is_empty() => refuse(place, Reason::Required, Shown::Nothing, String::new()),
            Err(reason) => refuse(
                place,
                Reason::Invalid,
                shown(),
                format!("is an invalid path: {reason}"),
            ),
            Ok(steps) if steps.first().is_some_and(|step| step == "metadata") => {
                refuse(
                    place,
                    Reason::Invalid,
                    shown(),
                    "must not point to fields in metadata".to_owned(),
                );
            }
            Ok(steps) => {
                let kind = steps.iter().try_fold(0, |id, step| schema.node(id).child(step));
                let kind = kind.and_then(|id| schema.node(id).kind);
                if !matches!(kind, Some(Type::String | Type::Boolean | Type::Integer)) {
                    let detail = "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.";
                    refuse(place, Reason::Invalid, shown(), detail.to_owned());
                } else if fields[..at].contains(field) {
                    refuse(place, Reason::Duplicate, shown(), String::new());
                }
            }
        }
    }
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

/// What rules see in the place of a node: fields that every resource has are what Kubernetes says, whatever the schema
/// says of them, as soon as a rule stands at the resource or above it.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    id: NodeId,
    /// Whether a rule stands here or above.
    below_rule: bool,
}

impl Seen {
    /// The same for a child, which may be a property of this name.
    fn child(self, schema: &Schema, parent: NodeId, name: Option<&str>, child: NodeId) -> Self {
        let below_rule = self.below_rule || !schema.node(parent).rules.is_empty();
        let known = &schema.node(schema.view(self.id)).properties;
        let id = name.filter(|_| below_rule).and_then(|name| known.get(name));
        Self {
            id: id.copied().unwrap_or(child),
            below_rule,
        }
    }
}

/// Says which CEL rules do not compile. `past` tells whether values of the node can be found in the old object.
fn compile(schema: &Schema, seen: Seen, id: NodeId, past: bool, path: &Path<'_>, out: &mut Vec<Refusal>) {
    let node = schema.node(id);
    let list = Path::Key(path, "x-kubernetes-validations");
    let mut faults = rules::compile_faults(schema, id, seen.id);
    for at in (0..node.rules.len()).filter(|at| !past && rules::uses_old(schema, id, seen.id, *at)) {
        let reason = "oldSelf cannot be used on the uncorrelatable portion of the schema";
        faults.push((at, "rule", reason.to_owned()));
    }
    for (at, field, reason) in faults {
        let rule = Path::Index(&list, at);
        let shown = Shown::Text(node.rules[at].rule.clone());
        let mut refusal = Refusal::new(&Path::Key(&rule, field), Reason::Invalid, shown, reason);
        refusal.code = Code::SchemaRule;
        out.push(refusal.help("correct the expression; its fields are those of the schema around it"));
    }
    each_child(node, path, |child, name, path| {
        let item = node.items == Some(child) && !matches!(node.list, ListType::Map(_));
        let seen = seen.child(schema, id, name, child);
        compile(schema, seen, child, past && !item, path, out);
    });
}
