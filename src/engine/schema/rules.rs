//! The CEL rules of a schema on an object. Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel of
//! Kubernetes 1.34.

use std::sync::OnceLock;

use serde_json::Value;

use super::{
    cel::{self, CALL_LIMIT, Data, Declared, Fail, FailKind, Program, TooManyParts, Wanted},
    field_path,
    past::{Items, Pair, Twins},
    refusal::{Path, Reason, Refusal, Shown},
    structural::{Additional, NodeId, Schema},
};
use crate::engine::{Code, Severity};

/// What all rules of one object may spend, in the API server's units.
const BUDGET: u64 = 10_000_000;
/// Longest message that an expression may give.
const MAX_MESSAGE: usize = 5 * 1024; // bytes

/// One entry of `x-kubernetes-validations`.
#[derive(Debug, Default)]
pub(super) struct Rule {
    pub(super) rule: String,
    pub(super) message: String,
    pub(super) message_expression: String,
    reason: Option<Reason>,
    pub(super) field_path: String,
    pub(super) optional_old: bool,
    compiled: OnceLock<Result<Compiled, String>>,
}

/// A rule that can be run.
#[derive(Debug)]
struct Compiled {
    program: Program,
    message: Option<Result<Program, String>>,
    /// Where `fieldPath` leads, from the node.
    steps: Vec<String>,
}

impl Rule {
    pub(super) fn new(source: &Value) -> Self {
        let text = |key: &str| {
            source
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        Self {
            rule: text("rule"),
            message: text("message").trim().to_owned(),
            message_expression: text("messageExpression"),
            reason: match text("reason").as_str() {
                "FieldValueForbidden" => Some(Reason::Forbidden),
                "FieldValueRequired" => Some(Reason::Required),
                "FieldValueDuplicate" => Some(Reason::Duplicate),
                _ => None,
            },
            field_path: text("fieldPath"),
            optional_old: source.get("optionalOldSelf") == Some(&Value::Bool(true)),
            compiled: OnceLock::new(),
        }
    }

    /// The rule's program for the node that it sees where it stands.
    fn compiled(&self, schema: &Schema, id: NodeId) -> Result<&Compiled, &str> {
        let compile = || {
            let program = Program::new(&self.rule, schema, id, self.optional_old, Wanted::Bool)?;
            let message = (!self.message_expression.is_empty()).then(|| {
                Program::new(
                    &self.message_expression,
                    schema,
                    id,
                    self.optional_old,
                    Wanted::Text,
                )
            });
            let steps = field_path::steps(&self.field_path, schema, id).unwrap_or_default();
            Ok(Compiled {
                program,
                message,
                steps,
            })
        };
        self.compiled
            .get_or_init(compile)
            .as_ref()
            .map_err(String::as_str)
    }

    /// The rule as it is named in messages.
    fn name(&self) -> &str {
        if self.message.is_empty() {
            self.rule.trim()
        } else {
            &self.message
        }
    }
}

/// What is known of a value's past.
#[derive(Clone, Copy, Default)]
struct Past<'a> {
    /// The value that `oldSelf` is.
    old: Option<&'a Value>,
    /// The value and what stood in its place before.
    pair: Option<Pair<'a>>,
    /// The same of the part around it, or of the nearest one that has a past.
    around: Option<Pair<'a>>,
}

impl<'a> Past<'a> {
    /// Whether the value, or the nearest part around it that has a past, is as it was.
    fn is_the_same(&self) -> bool {
        self.pair.or(self.around).is_some_and(|pair| pair.unchanged())
    }

    /// The past of a part of the value.
    fn part(&self, old: Option<&'a Value>, part: impl FnOnce(Pair<'a>) -> Option<Pair<'a>>) -> Self {
        let old = old.filter(|old| !old.is_null());
        match self.pair {
            None => Self { old, ..*self },
            Some(pair) => Self {
                old,
                pair: part(pair),
                around: Some(pair),
            },
        }
    }
}

/// The rules that a node stands for: those of `rules` on values of `node`, which differ within `allOf`.
#[derive(Clone, Copy)]
struct Place {
    rules: NodeId,
    node: NodeId,
}

struct Run<'a> {
    schema: &'a Schema,
    left: u64,
    /// Set when the API server would run no further rule.
    over: bool,
    out: Vec<(Refusal, Severity)>,
}

/// What the rules say of `value`; a refusal that only stored faults cause is a warning.
pub(super) fn check(schema: &Schema, value: &Value, old: Option<&Value>) -> Vec<(Refusal, Severity)> {
    let mut run = Run {
        schema,
        left: BUDGET,
        over: false,
        out: Vec::new(),
    };
    let past = Past {
        old,
        pair: old.map(|old| Pair::root(schema, value, old)),
        around: None,
    };
    run.walk(Place { rules: 0, node: 0 }, value, past, &Path::Root);
    run.out
}

/// What the rules at and below a node say of a value of it.
pub(super) fn check_at(schema: &Schema, id: NodeId, value: &Value) -> Vec<(Refusal, Severity)> {
    let mut run = Run {
        schema,
        left: BUDGET,
        over: false,
        out: Vec::new(),
    };
    run.walk(Place { rules: id, node: id }, value, Past::default(), &Path::Root);
    run.out
}

impl<'a> Run<'a> {
    fn walk(&mut self, place: Place, value: &'a Value, past: Past<'a>, path: &Path<'_>) {
        let schema = self.schema;
        let (rules, node) = (schema.node(place.rules), schema.node(place.node));
        if value.is_null() || !rules.any_rules || self.over {
            return;
        }
        for rule in &rules.rules {
            self.rule(rule, place.node, value, past, path);
            if self.over {
                return;
            }
        }
        for nested in &rules.all_of {
            let place = Place {
                rules: *nested,
                node: place.node,
            };
            self.walk(place, value, Past { pair: None, ..past }, path);
        }
        match value {
            Value::Array(items) => {
                let (Some(rules), Some(child)) = (rules.items, node.items) else {
                    return;
                };
                let twins = Twins::new(node, past.old);
                let pairs = past.pair.map(|pair| pair.items());
                for (at, item) in items.iter().enumerate() {
                    let pair = |_| pairs.as_ref().and_then(|pairs: &Items<'a>| pairs.at(at));
                    let past = past.part(twins.of(item), pair);
                    let place = Place { rules, node: child };
                    self.walk(place, item, past, &Path::Index(path, at));
                }
            }
            Value::Object(fields) => {
                let seen = &schema.node(schema.view(place.node)).properties;
                for (key, value) in fields {
                    let child = match (rules.properties.get(key), seen.get(key)) {
                        (Some(rules), Some(node)) => Some((*rules, *node)),
                        _ => match (rules.additional, node.additional) {
                            (Additional::Values(rules), Additional::Values(node)) => Some((rules, node)),
                            _ => None,
                        },
                    };
                    let Some((rules, node)) = child else { continue };
                    let old = past.old.and_then(|old| old.get(key));
                    let past = past.part(old, |pair| pair.field(key));
                    self.walk(Place { rules, node }, value, past, &Path::Key(path, key));
                }
            }
            _ => {}
        }
    }

    fn rule(&mut self, rule: &'a Rule, id: NodeId, value: &'a Value, past: Past<'a>, path: &Path<'_>) {
        if rule.rule.trim().is_empty() {
            return;
        }
        let compiled = match rule.compiled(self.schema, id) {
            Ok(compiled) => compiled,
            Err(reason) => return self.unchecked(rule, path, reason),
        };
        if compiled.program.uses_old && past.old.is_none() && !rule.optional_old {
            return;
        }
        let data = Data {
            schema: self.schema,
            id,
            value,
            old: past.old,
            optional_old: rule.optional_old,
        };
        // What cannot be evaluated is an error even where nothing has changed.
        let (refusal, severity) = match self.spend(|left| compiled.program.holds(&data, left)) {
            Ok(true) => return,
            Ok(false) if !compiled.program.uses_old && past.is_the_same() => {
                (self.refusal(rule, compiled, &data, path), Severity::Warning)
            }
            Ok(false) => (self.refusal(rule, compiled, &data, path), Severity::Error),
            Err(fail) => (self.failure(rule, &fail, id, path), Severity::Error),
        };
        self.out.push((refusal, severity));
    }

    /// Runs something within the limits of one call and of what is left.
    fn spend<T>(&mut self, run: impl FnOnce(&mut u64) -> Result<T, Fail>) -> Result<T, Fail> {
        let limit = self.left.min(CALL_LIMIT);
        let mut left = limit;
        let result = run(&mut left);
        self.left -= limit - left;
        result
    }

    fn unchecked(&mut self, rule: &Rule, path: &Path<'_>, reason: &str) {
        let detail = format!("the rule {:?} is not checked: {reason}", rule.rule.trim());
        let mut refusal = Refusal::new(path, Reason::Invalid, Shown::Nothing, detail);
        refusal.code = Code::SchemaRuleUnchecked;
        self.out.push((
            refusal.help("let the API server check it, with kubectl apply --dry-run=server"),
            Severity::Warning,
        ));
    }

    fn failure(&mut self, rule: &Rule, fail: &Fail, id: NodeId, path: &Path<'_>) -> Refusal {
        let (message, name) = (&fail.message, rule.name());
        let detail = match fail.kind {
            FailKind::Overload => format!(
                "'{message}': call arguments did not match a supported operator, function or macro signature for rule: {name}"
            ),
            FailKind::Cost if self.left == 0 => {
                self.over = true;
                "validation failed due to running out of cost budget, no further validation rules will be run"
                    .to_owned()
            }
            FailKind::Cost => {
                self.over = true;
                format!(
                    "'{message}': no further validation rules will be run due to call cost exceeds limit for rule: {name}"
                )
            }
            FailKind::Other => format!("{message} evaluating rule: {name}"),
        };
        self.broken(path, id, Reason::Invalid, detail)
    }

    fn refusal(&mut self, rule: &Rule, compiled: &Compiled, data: &Data<'_>, path: &Path<'_>) -> Refusal {
        let own = match &compiled.message {
            Some(Ok(program)) => self.spend(|left| program.text(data, left)).ok(),
            _ => None,
        };
        let own = own.map(|text| text.trim().to_owned());
        let own = own.filter(|text| !text.is_empty() && text.len() <= MAX_MESSAGE && !text.contains('\n'));
        let detail = own.unwrap_or_else(|| {
            if rule.message.is_empty() {
                format!("failed rule: {}", rule.rule.trim())
            } else {
                rule.message.clone()
            }
        });
        let mut refusal = self.broken(path, data.id, rule.reason.unwrap_or(Reason::Invalid), detail);
        for step in &compiled.steps {
            refusal.pointer = crate::engine::pointer::join(&refusal.pointer, step);
        }
        refusal
    }

    /// A refusal as the API server words it: with the type of the node instead of the value.
    fn broken(&self, path: &Path<'_>, id: NodeId, reason: Reason, detail: String) -> Refusal {
        let kind = self
            .schema
            .node(id)
            .kind
            .map_or("", super::structural::Type::as_str);
        let (shown, detail) = match reason {
            Reason::Forbidden | Reason::Required => (Shown::Nothing, detail),
            Reason::Duplicate => (Shown::Other(format!("{kind:?}")), String::new()),
            _ => (Shown::Other(format!("{kind:?}")), detail),
        };
        let mut refusal = Refusal::new(path, reason, shown, detail)
            .help("change the object so that the rule of its CRD holds");
        refusal.code = Code::SchemaRule;
        refusal
    }
}

/// Which rules of the node, which see a value of `seen`, do not compile: the rank of the rule, its field, and why.
pub(super) fn compile_faults(
    schema: &Schema,
    id: NodeId,
    seen: NodeId,
) -> Vec<(usize, &'static str, String)> {
    let mut found = Vec::new();
    for (at, rule) in schema.node(id).rules.iter().enumerate() {
        match rule.compiled(schema, seen) {
            Err(reason) => found.push((at, "rule", reason.to_owned())),
            Ok(Compiled {
                message: Some(Err(reason)),
                ..
            }) => {
                found.push((at, "messageExpression", format!("messageExpression {reason}")));
            }
            Ok(compiled) if rule.optional_old && !compiled.program.uses_old => {
                let reason = "may not be set if oldSelf is not used in rule".to_owned();
                found.push((at, "optionalOldSelf", reason));
            }
            Ok(_) => {}
        }
    }
    found
}

/// Whether the rule of a node speaks of `oldSelf`.
pub(super) fn uses_old(schema: &Schema, id: NodeId, seen: NodeId, at: usize) -> bool {
    schema
        .node(id)
        .rules
        .get(at)
        .and_then(|rule| rule.compiled(schema, seen).ok())
        .is_some_and(|one| one.program.uses_old)
}

/// What a rule may cost at most when it is run once.
pub(super) struct Costs {
    pub(super) rule: u64,
    /// What its `messageExpression` may cost.
    pub(super) message: Option<u64>,
}

/// The estimated costs of a node's rules, which see a value of `seen`; what does not compile costs nothing.
pub(super) fn costs(
    declared: &Declared<'_>,
    id: NodeId,
    seen: NodeId,
    left: &mut usize,
) -> Vec<Result<Costs, TooManyParts>> {
    let schema = declared.schema();
    let mut estimate = |source: &str, old| cel::estimate(source, declared, seen, old, left);
    let mut cost = |rule: &Rule| {
        let Ok(compiled) = rule.compiled(schema, seen) else {
            return Ok(Costs {
                rule: 0,
                message: None,
            });
        };
        let of_rule = estimate(&rule.rule, rule.optional_old)?;
        let message = match &compiled.message {
            Some(Ok(_)) => Some(estimate(&rule.message_expression, rule.optional_old)?),
            _ => None,
        };
        Ok(Costs {
            rule: of_rule,
            message,
        })
    };
    schema.node(id).rules.iter().map(&mut cost).collect()
}
