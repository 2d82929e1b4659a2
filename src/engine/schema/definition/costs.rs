//! Which CEL rules may cost too much, each by itself and all together. Source:
//! k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation of Kubernetes 1.34.

use super::compile::Seen;
use crate::engine::{
    Code, Diagnostic,
    schema::{
        cel::Declared,
        refusal::{Path, Reason, Refusal, Shown},
        rules::{self, Costs},
        structural::{Additional, NodeId, Schema, Type},
    },
};

/// What one expression may be estimated to cost on all values of one object.
const LIMIT: u64 = 10_000_000;
/// The same for all expressions of a schema.
const TOTAL_LIMIT: u64 = 100_000_000;
/// What an expression costs that is named when all together are too many.
const NAMED: u64 = TOTAL_LIMIT / 100;
/// Most expressions that are named.
const MOST_NAMED: usize = 4;

const HELP: &str = "simplify the rule, or give the arrays, maps and strings that it looks at, or stands below, a maxItems, maxProperties or maxLength";

/// A node, and what is known of its values in one object.
#[derive(Clone, Copy)]
struct Spot {
    id: NodeId,
    seen: Seen,
    /// How many there can be; `None` where nothing but the size of a request limits them.
    values: Option<u64>,
}

/// One walk through a schema.
struct Walk<'a> {
    declared: Declared<'a>,
    parts_left: &'a mut usize,
    total: u64,
    /// The costliest expressions with their places, the costliest first.
    costliest: Vec<(u64, String)>,
    /// Those that could not be estimated.
    unchecked: Vec<String>,
    out: &'a mut Vec<Refusal>,
}

/// Says which rules may cost too much; gives those that have too many parts to tell. `place` is that of the schema.
pub(super) fn check(
    schema: &Schema,
    parts_left: &mut usize,
    place: &str,
    out: &mut Vec<Refusal>,
) -> Vec<Diagnostic> {
    if !schema.root().has_rules {
        return Vec::new();
    }
    let mut walk = Walk {
        declared: Declared::new(schema),
        parts_left,
        total: 0,
        costliest: Vec::new(),
        unchecked: Vec::new(),
        out,
    };
    let root = Spot {
        id: 0,
        seen: Seen::default(),
        values: Some(1),
    };
    walk.node(schema, root, &Path::Root);
    walk.sum_up();
    let unchecked = walk.unchecked.into_iter().map(|pointer| {
        let message = "the cost of the rule is not checked: its macros repeat too many parts";
        let pointer = format!("{place}{pointer}");
        Diagnostic::new(Code::SchemaRuleUnchecked, pointer, None, message)
            .help("keep what optMap is called on short, for instance in a rule of its own")
    });
    unchecked.collect()
}

impl Walk<'_> {
    fn node(&mut self, schema: &Schema, spot: Spot, path: &Path<'_>) {
        let node = schema.node(spot.id);
        if !node.has_rules {
            return;
        }
        let values = children(schema, spot);
        super::each_child(node, path, |id, name, path| {
            let seen = spot.seen.child(schema, spot.id, name, id);
            self.node(schema, Spot { id, seen, values }, path);
        });
        self.rules(spot, &Path::Key(path, "x-kubernetes-validations"));
    }

    fn rules(&mut self, spot: Spot, list: &Path<'_>) {
        let values = spot
            .values
            .unwrap_or_else(|| self.declared.most_values(spot.seen.id));
        let all = rules::costs(&self.declared, spot.id, spot.seen.id, self.parts_left);
        for (at, costs) in all.into_iter().enumerate() {
            let place = Path::Index(list, at);
            let Ok(Costs { rule, message }) = costs else {
                self.unchecked.push(Path::Key(&place, "rule").pointer());
                continue;
            };
            let cost = rule.saturating_mul(values);
            self.expression(cost, "rule", &Path::Key(&place, "rule"));
            if let Some(message) = message {
                self.expression(
                    message,
                    "messageExpression",
                    &Path::Key(&place, "messageExpression"),
                );
            }
        }
    }

    /// Adds the cost of one expression to what is spent.
    fn expression(&mut self, cost: u64, what: &str, place: &Path<'_>) {
        if cost > LIMIT {
            let detail = format!("estimated {what} cost {}", exceeds(cost, LIMIT));
            self.refuse(place.pointer(), detail);
        }
        self.total = self.total.saturating_add(cost);
        if cost >= NAMED {
            let rank = self.costliest.partition_point(|(other, _)| *other >= cost);
            self.costliest.insert(rank, (cost, place.pointer()));
            self.costliest.truncate(MOST_NAMED);
        }
    }

    /// Refuses the schema where all its expressions together cost too much.
    fn sum_up(&mut self) {
        if self.total <= TOTAL_LIMIT {
            return;
        }
        for (_, place) in std::mem::take(&mut self.costliest) {
            let detail =
                "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
            self.refuse(place, detail.to_owned());
        }
        let what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
        self.refuse(
            String::new(),
            format!("{what} {}", exceeds(self.total, TOTAL_LIMIT)),
        );
    }

    fn refuse(&mut self, pointer: String, detail: String) {
        let mut refusal = Refusal::new(&Path::Root, Reason::Forbidden, Shown::Nothing, detail).help(HELP);
        refusal.code = Code::SchemaRule;
        refusal.pointer = pointer;
        self.out.push(refusal);
    }
}

/// How many values a node below can have in one object.
fn children(schema: &Schema, spot: Spot) -> Option<u64> {
    let node = schema.node(spot.id);
    let each = match node.kind {
        Some(Type::Object) if node.additional != Additional::Undefined => node.limits.max_properties,
        Some(Type::Array) => node.limits.max_items,
        _ => Some(1),
    };
    let each = u64::try_from(each?).unwrap_or_default();
    Some(spot.values?.saturating_mul(each))
}

/// By how much a cost is too high; exact where that is little.
fn exceeds(cost: u64, limit: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "the API server rounds in the same way")]
    let factor = cost as f64 / limit as f64;
    let factor = if factor > 100.0 {
        "more than 100x".to_owned()
    } else if factor < 1.5 {
        format!("{factor:.6}x")
    } else {
        format!("{factor:.1}x")
    };
    format!("exceeds budget by factor of {factor}")
}
