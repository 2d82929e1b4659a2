//! Which CEL rules of a schema do not compile. Source:
//! k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation of Kubernetes 1.34.

use super::each_child;
use crate::engine::{
    Code,
    schema::{
        refusal::{Path, Reason, Refusal, Shown},
        rules,
        structural::{ListType, NodeId, Schema, Type},
    },
};

/// What rules see in the place of a node: fields that every resource has are what Kubernetes says, whatever the schema
/// says of them, as soon as a rule stands at the resource or above it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    pub(super) id: NodeId,
    /// Whether a rule stands here or above.
    below_rule: bool,
}

impl Seen {
    /// The same for a child, which may be a property of this name.
    pub(super) fn child(self, schema: &Schema, parent: NodeId, name: Option<&str>, child: NodeId) -> Self {
        let below_rule = self.below_rule || !schema.node(parent).rules.is_empty();
        let known = &schema.node(schema.view(self.id)).properties;
        let id = name.filter(|_| below_rule).and_then(|name| known.get(name));
        Self {
            id: id.copied().unwrap_or(child),
            below_rule,
        }
    }
}

/// Where the rules of a node stand.
#[derive(Clone, Copy)]
struct Scope<'a> {
    seen: Seen,
    /// Whether values of the node can be found in the old object.
    past: bool,
    /// Whether CEL has no type for a part above that rules speak of.
    untyped: bool,
    /// The places of what else is wrong with the schema, sorted. Rules at and above them are not compiled.
    faults: &'a [String],
}

/// Says which rules do not compile. `faults` are the places of what else is wrong with the schema, sorted.
pub(super) fn check(schema: &Schema, faults: &[String], out: &mut Vec<Refusal>) {
    let scope = Scope {
        seen: Seen::default(),
        past: true,
        untyped: false,
        faults,
    };
    of_node(schema, 0, scope, &Path::Root, out);
}

fn of_node(schema: &Schema, id: NodeId, scope: Scope<'_>, path: &Path<'_>, out: &mut Vec<Refusal>) {
    let node = schema.node(id);
    let list = Path::Key(path, "x-kubernetes-validations");
    let ruled = scope.seen.below_rule || !node.rules.is_empty();
    let untyped =
        scope.untyped || (ruled && node.kind == Some(Type::Other) && !node.int_or_string && !node.preserve);
    let skip = node.rules.is_empty() || any_within(scope.faults, &path.pointer());
    if untyped && !skip {
        let detail = "CEL has no type for the schema around these rules";
        out.push(Refusal::new(&list, Reason::Invalid, Shown::Nothing, detail).help("correct its type"));
    }
    if !untyped && !skip {
        let mut faults = rules::compile_faults(schema, id, scope.seen.id);
        let transitions = |at: &usize| !scope.past && rules::uses_old(schema, id, scope.seen.id, *at);
        for at in (0..node.rules.len()).filter(transitions) {
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
    }
    each_child(node, path, |child, name, path| {
        let item = node.items == Some(child) && !matches!(node.list, ListType::Map(_));
        let below = Scope {
            seen: scope.seen.child(schema, id, name, child),
            past: scope.past && !item,
            untyped,
            ..scope
        };
        of_node(schema, child, below, path, out);
    });
}

/// Whether one of the sorted pointers leads to the place or below it.
fn any_within(pointers: &[String], place: &str) -> bool {
    let below = format!("{place}/");
    let at = pointers.partition_point(|pointer| *pointer < below);
    pointers
        .get(at)
        .is_some_and(|pointer| pointer.starts_with(&below))
        || pointers
            .binary_search_by(|pointer| pointer.as_str().cmp(place))
            .is_ok()
}
