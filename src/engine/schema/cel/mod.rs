//! The Common Expression Language with the libraries that rules of CRDs have.
//!
//! Rules are typed when they are compiled, as the API server types them, and run on the JSON of the object without
//! a copy of it. Source: cel-go v0.26 and k8s.io/apiserver/pkg/cel of Kubernetes 1.34.

mod ast;
mod check;
mod collections;
mod containers;
mod convert;
mod cost;
mod eval;
mod kubernetes;
mod lex;
mod macros;
mod names;
mod optional;
mod parse;
mod printf;
mod quantity;
mod semver;
mod standard;
mod table;
mod text;
mod time;
mod types;
mod value;

use serde_json::Value;

use super::structural::{NodeId, Schema};
pub(super) use cost::{Declared, MAX_PARTS, TooManyParts, estimate};
use types::Type;

/// What one rule may spend, in the API server's units.
pub(super) const CALL_LIMIT: u64 = 1_000_000;

/// Why an expression cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    at: usize,
    message: String,
}

impl Fault {
    fn new(at: usize, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
        }
    }

    /// The fault with line and column, as cel-go writes it.
    fn text(&self, source: &str) -> String {
        let before = source.get(..self.at).unwrap_or(source);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("ERROR: <input>:{line}:{column}: {}", self.message)
    }
}

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fail {
    pub(super) message: String,
    pub(super) kind: FailKind,
}

/// What a failure means for the rules that follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailKind {
    Overload,
    Cost,
    Other,
}

impl Fail {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            kind: FailKind::Other,
        }
    }

    fn overload() -> Self {
        Self {
            message: "no such overload".to_owned(),
            kind: FailKind::Overload,
        }
    }

    fn cost() -> Self {
        Self {
            message: "operation cancelled: actual cost limit exceeded".to_owned(),
            kind: FailKind::Cost,
        }
    }
}

/// A compiled expression.
#[derive(Debug)]
pub(super) struct Program {
    root: eval::Prog,
    pub(super) uses_old: bool,
}

/// What an expression must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Bool,
    Text,
}

impl Program {
    /// Compiles `source`, where `self` is of the node; `optional_old` makes `oldSelf` an optional value.
    ///
    /// # Errors
    /// Why it cannot be, in the words of the API server, one line a fault.
    pub(super) fn new(
        source: &str,
        schema: &Schema,
        id: NodeId,
        optional_old: bool,
        wanted: Wanted,
    ) -> Result<Self, String> {
        let failed = |faults: &[Fault]| {
            let lines: Vec<_> = faults.iter().map(|fault| fault.text(source)).collect();
            format!("compilation failed: {}", lines.join("; "))
        };
        let expr = parse::parse(source).map_err(|fault| failed(&[fault]))?;
        let Some(of_self) = check::type_of(schema, id) else {
            return Err("failed to convert to declType for CEL validation rules".to_owned());
        };
        let (of, root, uses_old) =
            check::check(schema, of_self, optional_old, &expr).map_err(|faults| failed(&faults))?;
        match (wanted, of) {
            (Wanted::Bool, Type::Bool) | (Wanted::Text, Type::Text) => Ok(Self { root, uses_old }),
            (Wanted::Bool, _) => Err("cel expression must evaluate to a bool".to_owned()),
            (Wanted::Text, _) => Err("messageExpression must evaluate to a string".to_owned()),
        }
    }

    /// Whether the rule holds. `left` is what it may still spend.
    ///
    /// # Errors
    /// When it has no value.
    pub(super) fn holds(&self, data: &Data<'_>, left: &mut u64) -> Result<bool, Fail> {
        match self.run(data, left)? {
            value::Val::Bool(value) => Ok(value),
            _ => Err(Fail::overload()),
        }
    }

    /// The text that the expression gives.
    ///
    /// # Errors
    /// When it has no value.
    pub(super) fn text(&self, data: &Data<'_>, left: &mut u64) -> Result<String, Fail> {
        match self.run(data, left)? {
            value::Val::Text(text) => Ok(text.as_ref().to_owned()),
            _ => Err(Fail::new("messageExpression failed to convert to string")),
        }
    }

    fn run<'a>(&'a self, data: &Data<'a>, left: &mut u64) -> value::Answer<'a> {
        eval::Eval::new(data, left).eval(&self.root)
    }
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Data<'a> {
    pub(super) schema: &'a Schema,
    pub(super) id: NodeId,
    pub(super) value: &'a Value,
    pub(super) old: Option<&'a Value>,
    pub(super) optional_old: bool,
}
