//! What macros cost: what the API server writes in their place, round by round. Source: cel-go v0.26, parser/macro.go,
//! ext/comprehensions.go, ext/lists.go and cel/library.go.

use super::{
    Estimated, Estimator, LIST, Local, MAP, Part, READ, TooManyParts,
    calls::CALL,
    path::{INDICES, ITEMS, KEYS, Path, VALUES},
    size::{Entry, Size, TEXT},
};
use crate::engine::schema::cel::{
    ast::{Expr, Fold, FoldKind},
    table::{Overload, P},
    types::Type,
};

/// The variable that `sortBy` keeps its list in.
const SORTED: &str = "@__sortBy_input__";

/// What a macro costs besides its range, its filter and its body.
struct Frame {
    /// Before the first round, and after the last.
    around: u64,
    /// In each round.
    round: u64,
}

const fn frame(what: FoldKind) -> Frame {
    // In each round the result so far is read, tested, and made anew.
    let (around, round) = match what {
        FoldKind::All => (READ, READ + CALL + READ),
        FoldKind::Exists => (READ, READ + CALL + CALL + READ),
        FoldKind::ExistsOne => (READ + CALL, READ + CALL),
        FoldKind::List | FoldKind::SortBy => (LIST + READ, READ + LIST + CALL),
        FoldKind::Filter => (LIST + READ, READ + LIST + CALL + READ),
        FoldKind::Map => (MAP + READ, READ + READ + CALL),
        FoldKind::Entries => (MAP + READ, READ + CALL),
    };
    Frame { around, round }
}

impl<'e> Estimator<'e, '_> {
    pub(super) fn fold(&mut self, at: usize, fold: &'e Fold) -> Estimated<'e> {
        let of = self.notes.type_at(at);
        let mut range = self.part(&fold.range)?;
        if fold.what == FoldKind::SortBy {
            return self.sort_by(at, of, range, fold);
        }
        self.rounds(of, &mut range, fold)
    }

    /// The macro on a range that was looked at.
    fn rounds(&mut self, of: &'e Type, range: &mut Part<'e>, fold: &'e Fold) -> Estimated<'e> {
        let frame = frame(fold.what);
        let depth = self.locals.len();
        self.variables(range, fold);
        let inside = self.inside(range, fold);
        self.locals.truncate(depth);
        let (round, item) = inside?;
        let count = self.size(range).unwrap_or(Size::UNKNOWN);
        let rounds = count.max.saturating_mul(round.saturating_add(frame.round));
        let around = range.cost.saturating_add(frame.around);
        let mut part = Part::new(of, around.saturating_add(rounds));
        part.size = Some(match fold.what {
            FoldKind::All | FoldKind::Exists | FoldKind::ExistsOne => Size::fixed(1),
            _ => count,
        });
        part.entry = item.map(|size| Entry::of_list(Size::up_to(size.max)));
        Ok(part)
    }

    /// What filter and body cost in one round, and the size of the item that they add to a list.
    fn inside(&mut self, range: &Part<'e>, fold: &'e Fold) -> Result<(u64, Option<Size>), TooManyParts> {
        let mut cost = 0_u64;
        if let Some(filter) = &fold.filter {
            cost = self.part(filter)?.cost;
        }
        let body = self.sized(&fold.body)?;
        cost = cost.saturating_add(body.cost);
        let item = match fold.what {
            FoldKind::List | FoldKind::SortBy => Some(body.known()),
            FoldKind::Filter => {
                let of = match range.of {
                    Type::List(of) | Type::Map(of, _) => of,
                    of => of,
                };
                let mut item = self.ident(&fold.first, of);
                Some(self.size(&mut item).unwrap_or(Size::UNKNOWN))
            }
            _ => None,
        };
        Ok((cost, item))
    }

    /// Makes the variables of a macro on the range.
    fn variables(&mut self, range: &Part<'e>, fold: &'e Fold) {
        let (path, entry, is_list) = self.entries(range);
        let key = entry.map(|entry| entry.key);
        match (&fold.second, is_list) {
            (None, true) => self.variable(&fold.first, path, ITEMS, entry.map(|entry| entry.value)),
            (None, false) => self.variable(&fold.first, path, KEYS, key),
            (Some(second), is_list) => {
                self.variable(&fold.first, path, if is_list { INDICES } else { KEYS }, key);
                // Once more, since the first variable may have the name of the range.
                let (path, entry, is_list) = self.entries(range);
                let step = if is_list { ITEMS } else { VALUES };
                self.variable(second, path, step, entry.map(|entry| entry.value));
            }
        }
    }

    /// Where the range comes from, what is known of its entries, and whether it is a list.
    fn entries(&self, range: &Part<'e>) -> (Path, Option<Entry>, bool) {
        let entry = self.entry(range);
        let is_list = entry.map_or(matches!(range.of, Type::List(_)), |entry| entry.is_list);
        (self.path(range), entry, is_list)
    }

    fn variable(&mut self, name: &'e str, range: Path, step: &'static str, size: Option<Size>) {
        let path = self.paths.add(range, step);
        self.locals.push(Local {
            name,
            path,
            size,
            entry: None,
        });
    }

    /// `sortBy` keeps its list in a variable, makes a list of keys of it, and sorts by these.
    fn sort_by(&mut self, at: usize, of: &'e Type, mut range: Part<'e>, fold: &'e Fold) -> Estimated<'e> {
        let local = Local {
            name: SORTED,
            path: self.path(&range),
            size: self.size(&mut range),
            entry: self.entry(&range),
        };
        self.locals.push(local);
        let mut kept = self.ident(SORTED, range.of);
        let keys = self.rounds(of, &mut kept, fold);
        self.locals.pop();
        let keys = keys?;
        let is_text =
            |overload: &&'static Overload| matches!(overload.params, [_, P::List(P::Text | P::Bytes)]);
        let by_text = self.notes.overloads_at(at).iter().any(is_text);
        let compared = keys.known().times(keys.known());
        let sorting = compared.cost(if by_text { 2.0 + TEXT } else { 2.0 });
        let costs = [range.cost, LIST, keys.cost, READ, sorting, CALL, LIST];
        let mut part = Part::new(of, costs.into_iter().fold(0, u64::saturating_add));
        part.size = Some(compared);
        Ok(part)
    }

    /// `optMap` and `optFlatMap`: a test of the value, and the body with the value as a variable.
    pub(super) fn opt_map(
        &mut self,
        of: &'e Type,
        flat: bool,
        target: &'e Expr,
        variable: &'e str,
        body: &'e Expr,
    ) -> Estimated<'e> {
        let test = self.part(target)?;
        // The target stands in the place of the macro twice.
        let value = self.part(target)?;
        let inner = match value.of {
            Type::Optional(of) => of,
            of => of,
        };
        self.locals.push(Local {
            name: variable,
            path: Path::default(),
            size: super::is_scalar(inner).then_some(Size::fixed(1)),
            entry: None,
        });
        let body = self.part(body);
        self.locals.pop();
        let mut body = body?;
        let mut made = body
            .cost
            .saturating_add(LIST)
            .saturating_add(value.cost)
            .saturating_add(CALL);
        let by_type = super::is_scalar(of).then_some(Size::fixed(1));
        let some = if flat {
            self.size(&mut body)
        } else {
            made = made.saturating_add(CALL);
            by_type
        };
        let costs = [test.cost, CALL, made.max(CALL)];
        let mut part = Part::new(of, costs.into_iter().fold(0, u64::saturating_add));
        let [some, none] = [some, by_type].map(|size| size.unwrap_or(Size::UNKNOWN));
        part.size = Some(some.union(none));
        Ok(part)
    }
}
