//! What the types of an expression's parts are, for those who look at it after it was checked.

use std::collections::BTreeMap;

use super::Checker;
use crate::engine::schema::{
    cel::{ast::Expr, table::Overload, types::Type},
    structural::Schema,
};

/// The types of all parts of an expression, and the overloads that its calls match. Every part stands at a token of its
/// own, so its place tells it from the others.
#[derive(Debug, Default)]
pub(in crate::engine::schema::cel) struct Notes {
    types: BTreeMap<usize, Type>,
    calls: BTreeMap<usize, Vec<&'static Overload>>,
}

impl Notes {
    pub(super) fn type_is(&mut self, at: usize, of: &Type) {
        self.types.insert(at, of.clone());
    }

    pub(super) fn call_is(&mut self, at: usize, overloads: Vec<&'static Overload>) {
        self.calls.insert(at, overloads);
    }

    /// The type of the part that stands there.
    pub(in crate::engine::schema::cel) fn type_at(&self, at: usize) -> &Type {
        self.types.get(&at).unwrap_or(&Type::Dyn)
    }

    /// The overloads that the call there may turn out to be.
    pub(in crate::engine::schema::cel) fn overloads_at(&self, at: usize) -> &[&'static Overload] {
        self.calls.get(&at).map(Vec::as_slice).unwrap_or_default()
    }
}

/// The notes on an expression; `None` where it is wrong.
pub(in crate::engine::schema::cel) fn notes(
    schema: &Schema,
    of_self: Type,
    optional_old: bool,
    expr: &Expr,
) -> Option<Notes> {
    let mut checker = Checker::new(schema, of_self, optional_old);
    checker.notes = Some(Notes::default());
    checker.expr(expr);
    let mut notes = checker.notes.filter(|_| checker.faults.is_empty())?;
    for of in notes.types.values_mut() {
        *of = checker.solver.resolve(of, true);
    }
    Some(notes)
}
