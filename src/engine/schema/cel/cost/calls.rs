//! What operators and the functions of the language cost. Source: cel-go v0.26, checker/cost.go.

use super::{
    Estimated, Estimator, Part, library,
    path::{ITEMS, VALUES},
    size::{Entry, REGEX, Size, TEXT, scale},
};
use crate::engine::schema::cel::{
    ast::Expr,
    check,
    table::{Overload, P},
};

/// What a call costs of which nothing else is known.
pub(super) const CALL: u64 = 1;

/// What one overload costs besides its arguments, and what is known of its result.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    pub(super) cost: u64,
    pub(super) size: Option<Size>,
    pub(super) entry: Option<Entry>,
}

impl Call {
    pub(super) const fn of(cost: u64) -> Self {
        Self {
            cost,
            size: None,
            entry: None,
        }
    }

    pub(super) const fn with_size(cost: u64, size: Size) -> Self {
        Self {
            cost,
            size: Some(size),
            entry: None,
        }
    }
}

/// What a call has: the value before the dot, and the arguments.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arguments<'a, 'e> {
    pub(super) target: Option<&'a Part<'e>>,
    pub(super) args: &'a [Part<'e>],
}

impl<'a, 'e> Arguments<'a, 'e> {
    pub(super) fn arg(&self, at: usize) -> Option<&'a Part<'e>> {
        self.args.get(at)
    }

    /// The size of an argument; unknown where there is none.
    pub(super) fn size(&self, at: usize) -> Size {
        self.arg(at).map_or(Size::UNKNOWN, Part::known)
    }

    /// The size of the value before the dot.
    pub(super) fn target_size(&self) -> Size {
        self.target.map_or(Size::UNKNOWN, Part::known)
    }

    fn cost(&self) -> u64 {
        self.args
            .iter()
            .fold(0, |cost, arg| cost.saturating_add(arg.cost))
    }
}

impl<'e> Estimator<'e, '_> {
    /// A call by its name.
    pub(super) fn named_call(
        &mut self,
        at: usize,
        name: &'e str,
        target: Option<&'e Expr>,
        args: &'e [Expr],
    ) -> Estimated<'e> {
        let spaced = check::spaced(name, target);
        let (name, target) = match &spaced {
            Some(spaced) => (spaced.as_str(), None),
            None => (name, target),
        };
        let args = args
            .iter()
            .map(|arg| self.sized(arg))
            .collect::<Result<Vec<_>, _>>()?;
        if let ("dyn", [value]) = (name, args.as_slice()) {
            let mut part = Part::new(self.notes.type_at(at), value.cost.saturating_add(CALL));
            part.size = value.size;
            part.entry = self.entry(value);
            return Ok(part);
        }
        let target = target.map(|target| self.sized(target)).transpose()?;
        Ok(self.call(at, name, target.as_ref(), &args))
    }

    /// The costliest of the overloads that a call may turn out to be.
    pub(super) fn call(
        &mut self,
        at: usize,
        name: &str,
        target: Option<&Part<'e>>,
        args: &[Part<'e>],
    ) -> Part<'e> {
        let call = Arguments { target, args };
        let mut part = Part::new(self.notes.type_at(at), 0);
        let (mut cost, mut size) = (0, None);
        for overload in self.notes.overloads_at(at) {
            let found = self.overload(name, overload, &call);
            cost = cost.max(found.cost);
            part.entry = found.entry.or(part.entry);
            size = match (size, found.size) {
                (Some(before), Some(size)) => Some(size.union(before)),
                (before, size) => before.or(size),
            };
            let step = match overload.params.first() {
                Some(P::List(_)) => Some(ITEMS),
                Some(P::Map(..)) => Some(VALUES),
                _ => None,
            };
            if let (Some(step), "_[_]", Some(operand)) = (step, name, args.first()) {
                size = self.entry(operand).map(|entry| entry.value);
                part.path = self.paths.add(self.path(operand), step);
            }
            size = size.or_else(|| self.size(&mut part));
        }
        part.size = size.or(part.size);
        part.cost = cost.saturating_add(target.map_or(0, |target| target.cost));
        part
    }

    /// What one overload costs, its arguments among it.
    fn overload(&self, name: &str, overload: &Overload, call: &Arguments<'_, 'e>) -> Call {
        let own = library::call(self, name, overload, call)
            .or_else(|| self.of_values(name, overload, call))
            .or_else(|| of_text(name, overload, call))
            .unwrap_or(Call::of(CALL));
        let arguments = match (name, call.args) {
            ("_?_:_", [condition, yes, no]) => condition.cost.saturating_add(yes.cost.max(no.cost)),
            _ => call.cost(),
        };
        Call {
            cost: own.cost.saturating_add(arguments),
            ..own
        }
    }

    /// Operators on values of any type, whose sizes and entries are kept.
    fn of_values(&self, name: &str, overload: &Overload, call: &Arguments<'_, 'e>) -> Option<Call> {
        let entries = |a: usize, b: usize| {
            let [a, b] = [call.arg(a)?, call.arg(b)?].map(|arg| self.entry(arg));
            Some(a?.union(b?))
        };
        match (name, overload.params) {
            ("_?_:_", _) => Some(Call {
                cost: 0,
                size: Some(call.size(1).union(call.size(2))),
                entry: entries(1, 2),
            }),
            ("_+_", [of @ (P::Text | P::Bytes | P::List(_)), _]) => {
                let size = call.size(0).plus(call.size(1));
                let cost = if matches!(of, P::List(_)) {
                    CALL
                } else {
                    size.cost(TEXT)
                };
                Some(Call {
                    cost,
                    size: Some(size),
                    entry: entries(0, 1),
                })
            }
            _ => None,
        }
    }
}

/// Functions that go through a text or a list.
fn of_text(name: &str, overload: &Overload, call: &Arguments<'_, '_>) -> Option<Call> {
    let shorter = || scale(call.size(0).max.min(call.size(1).max), TEXT);
    Some(match (name, overload.params) {
        ("_==_" | "_!=_", _) => Call::of(shorter()),
        ("_<_" | "_<=_" | "_>_" | "_>=_", [P::Text | P::Bytes, ..]) => Call::of(shorter()),
        ("@in", [_, P::List(_)]) => Call::of(call.size(1).cost(1.0)),
        ("startsWith" | "endsWith", _) => Call::of(call.size(0).cost(TEXT)),
        ("contains", _) => {
            let parts = [call.target_size(), call.size(0)].map(|size| size.cost(TEXT));
            Call::of(parts[0].saturating_mul(parts[1]))
        }
        ("matches", _) if overload.member => {
            let text = call.target_size().plus(Size::fixed(1)).cost(TEXT);
            Call::of(text.saturating_mul(call.size(0).cost(REGEX)))
        }
        ("format", _) => Call::of(call.target_size().cost(TEXT)),
        // These sizes overflow at the API server, too.
        ("bytes", [P::Text]) => {
            let size = call.size(0);
            let max = size.max.wrapping_mul(4);
            Call::with_size(size.cost(TEXT), Size { max, ..size })
        }
        ("string", [P::Bytes]) => {
            let size = call.size(0);
            let min = size.min / 4;
            Call::with_size(size.cost(TEXT), Size { min, ..size })
        }
        ("strings.quote", _) => {
            let size = call.size(0);
            let quoted = Size {
                min: size.min.wrapping_add(2),
                max: size.max.wrapping_mul(2).wrapping_add(2),
            };
            Call::with_size(size.cost(TEXT), quoted)
        }
        _ => return None,
    })
}
