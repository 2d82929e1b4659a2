//! Types of the macros.

use super::{Checker, Typed};
use crate::engine::schema::cel::{
    ast::{Expr, Fold, FoldKind},
    collections::SORT_BY,
    eval::{FoldProg, Prog},
    types::Type,
};

impl Checker<'_> {
    pub(super) fn fold(&mut self, at: usize, fold: &Fold) -> Typed {
        let (range_type, range) = self.expr(&fold.range);
        let resolved = self.solver.resolve(&range_type, false);
        let two = fold.second.is_some();
        let (first, second) = match &resolved {
            Type::List(item) if two => (Type::Int, item.as_ref().clone()),
            Type::List(item) => (item.as_ref().clone(), Type::Error),
            Type::Map(key, value) => (key.as_ref().clone(), value.as_ref().clone()),
            Type::Dyn | Type::Error | Type::Param(_) => {
                self.solver.fits(&Type::Dyn, &resolved);
                (Type::Dyn, Type::Dyn)
            }
            other => {
                let message = format!(
                    "expression of type '{other}' cannot be range of a comprehension (must be list, map, or dynamic)"
                );
                self.fault(fold.range.at, message);
                (Type::Error, Type::Error)
            }
        };
        let depth = self.scopes.len();
        self.scopes.push((fold.first.clone(), first.clone()));
        if let Some(name) = &fold.second {
            self.scopes.push((name.clone(), second));
        }
        let filter = fold.filter.as_ref().map(|filter| {
            let (of, prog) = self.expr(filter);
            self.expect(filter.at, &Type::Bool, &of);
            prog
        });
        let (body_type, body) = self.expr(&fold.body);
        self.scopes.truncate(depth);
        let of = self.fold_type(at, fold, &resolved, first, body_type);
        let prog = FoldProg {
            what: fold.what,
            two,
            range,
            filter,
            body,
        };
        (of, Prog::Fold(Box::new(prog)))
    }

    fn fold_type(&mut self, at: usize, fold: &Fold, range: &Type, first: Type, body: Type) -> Type {
        match fold.what {
            FoldKind::All | FoldKind::Exists | FoldKind::ExistsOne => {
                self.expect(fold.body.at, &Type::Bool, &body);
                Type::Bool
            }
            FoldKind::Filter => {
                self.expect(fold.body.at, &Type::Bool, &body);
                Type::list(first)
            }
            FoldKind::List => Type::list(body),
            FoldKind::Map => Type::map(first, body),
            FoldKind::Entries => {
                let (key, value) = (self.solver.fresh(), self.solver.fresh());
                let map = Type::map(key, value);
                self.expect(fold.body.at, &map, &body);
                self.solver.resolve(&map, false)
            }
            FoldKind::SortBy => self.call_type(at, SORT_BY, true, &[range.clone(), Type::list(body)]),
        }
    }

    pub(super) fn opt_map(
        &mut self,
        at: usize,
        flat: bool,
        target: &Expr,
        variable: &str,
        body: &Expr,
    ) -> Typed {
        let (target_type, target) = self.expr(target);
        let value = self.solver.fresh();
        let value = if self.solver.fits(&target_type, &Type::optional(value.clone())) {
            self.solver.resolve(&value, false)
        } else {
            let of = self.solver.resolve(&target_type, true);
            self.fault(
                at,
                format!("found no matching overload for 'hasValue' applied to '{of}.()'"),
            )
        };
        self.scopes.push((variable.to_owned(), value));
        let (body_type, body) = self.expr(body);
        self.scopes.pop();
        let of = if flat {
            let none = Type::optional(self.solver.fresh());
            self.call_type(at, "_?_:_", false, &[Type::Bool, body_type, none])
        } else {
            Type::optional(body_type)
        };
        (
            of,
            Prog::OptMap {
                flat,
                target: Box::new(target),
                body: Box::new(body),
            },
        )
    }
}
