//! What an expression may cost at most, by what the schema says of the sizes of values. Source: cel-go v0.26,
//! checker/cost.go, as Kubernetes 1.34 sets it up: `has` costs nothing.

mod calls;
mod declared;
mod folds;
mod library;
mod path;
mod size;

use super::{
    ast::{Expr, Kind},
    check::{self, Notes},
    lex::Literal,
    parse,
    types::Type,
};
use crate::engine::schema::structural::NodeId;
pub(in crate::engine::schema) use declared::Declared;
use path::{Path, Paths};
use size::{Entry, Size};

/// What making a list or a map costs.
const LIST: u64 = 10;
const MAP: u64 = 30;
/// What reading a variable or a field costs.
const READ: u64 = 1;

/// How many parts the rules of one CRD may have in the end. Some macros repeat a part, which repeats what is in it.
pub(in crate::engine::schema) const MAX_PARTS: usize = 500_000;

/// The most that `source` may cost, where `self` is of the node; none where it does not compile.
///
/// # Errors
/// When it has more than `left` parts. `left` is made less by those it has.
pub(in crate::engine::schema) fn estimate(
    source: &str,
    declared: &Declared<'_>,
    id: NodeId,
    optional_old: bool,
    left: &mut usize,
) -> Result<u64, TooManyParts> {
    if *left == 0 {
        return Err(TooManyParts);
    }
    let schema = declared.schema();
    let (Ok(expr), Some(of_self)) = (parse::parse(source), check::type_of(schema, id)) else {
        return Ok(0);
    };
    let Some(notes) = check::notes(schema, of_self, optional_old, &expr) else {
        return Ok(0);
    };
    let mut estimator = Estimator {
        notes: &notes,
        declared,
        id,
        paths: Paths::default(),
        locals: Vec::new(),
        left,
    };
    estimator.part(&expr).map(|part| part.cost)
}

/// An expression has too many parts to say what it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine::schema) struct TooManyParts;

/// A part of an expression, with what is known of its value.
#[derive(Debug, Clone, Copy)]
struct Part<'e> {
    cost: u64,
    of: &'e Type,
    /// What a literal is.
    literal: Option<&'e Literal>,
    /// The variable that it is.
    name: Option<&'e str>,
    path: Path,
    /// What was found out of its size by now.
    size: Option<Size>,
    entry: Option<Entry>,
}

impl<'e> Part<'e> {
    fn new(of: &'e Type, cost: u64) -> Self {
        Self {
            cost,
            of,
            literal: None,
            name: None,
            path: Path::default(),
            size: None,
            entry: None,
        }
    }

    /// The size, after it was looked for.
    fn known(&self) -> Size {
        self.size.unwrap_or(Size::UNKNOWN)
    }

    /// The whole number that it is as a literal.
    fn whole(&self) -> Option<i64> {
        match self.literal {
            Some(Literal::Int(value)) => Some(*value),
            _ => None,
        }
    }
}

/// A variable of a macro.
#[derive(Debug)]
struct Local<'e> {
    name: &'e str,
    path: Path,
    size: Option<Size>,
    entry: Option<Entry>,
}

/// One estimate.
struct Estimator<'e, 'd> {
    notes: &'e Notes,
    declared: &'d Declared<'d>,
    /// The node of `self`.
    id: NodeId,
    paths: Paths<'e>,
    locals: Vec<Local<'e>>,
    /// How many parts may still be looked at.
    left: &'d mut usize,
}

type Estimated<'e> = Result<Part<'e>, TooManyParts>;

impl<'e> Estimator<'e, '_> {
    fn part(&mut self, expr: &'e Expr) -> Estimated<'e> {
        *self.left = self.left.checked_sub(1).ok_or(TooManyParts)?;
        let of = self.notes.type_at(expr.at);
        match &expr.kind {
            Kind::Literal(literal) => {
                let mut part = Part::new(of, 0);
                part.literal = Some(literal);
                part.size = Some(Size::fixed(length(literal)));
                Ok(part)
            }
            Kind::Ident(name) => Ok(self.ident(name, of)),
            Kind::Select {
                operand,
                field,
                test,
                optional,
            } => self.select(expr, operand, field, *test, *optional),
            Kind::Index {
                operand,
                index,
                optional,
            } => {
                let name = if *optional { "_[?_]" } else { "_[_]" };
                let args = vec![self.sized(operand)?, self.sized(index)?];
                Ok(self.call(expr.at, name, None, &args))
            }
            Kind::Call { name, target, args } => self.named_call(expr.at, name, target.as_deref(), args),
            Kind::List(items) => self.list(of, items),
            Kind::Map(entries) => self.map(of, entries),
            Kind::Struct(_) => Ok(Part::new(of, 0)),
            Kind::And(parts) | Kind::Or(parts) => {
                let mut cost = 0_u64;
                for part in parts {
                    cost = cost.saturating_add(self.part(part)?.cost);
                }
                Ok(Part::new(of, cost))
            }
            Kind::Ternary(parts) => {
                let [condition, yes, no] = &**parts;
                let args = vec![self.sized(condition)?, self.sized(yes)?, self.sized(no)?];
                Ok(self.call(expr.at, "_?_:_", None, &args))
            }
            Kind::Fold(fold) => self.fold(expr.at, fold),
            Kind::OptMap {
                flat,
                target,
                variable,
                body,
            } => self.opt_map(of, *flat, target, variable, body),
        }
    }

    /// A part whose size was looked for at once.
    fn sized(&mut self, expr: &'e Expr) -> Estimated<'e> {
        let mut part = self.part(expr)?;
        part.size = self.size(&mut part);
        Ok(part)
    }

    /// A variable, or a type by its name.
    fn ident(&mut self, name: &'e str, of: &'e Type) -> Part<'e> {
        let mut part = Part::new(of, READ);
        part.name = Some(name);
        part.path = match self.local(name) {
            Some(local) => local.path,
            None => self.paths.add(Path::default(), name),
        };
        part
    }

    fn select(
        &mut self,
        expr: &'e Expr,
        operand: &'e Expr,
        field: &'e str,
        test: bool,
        optional: bool,
    ) -> Estimated<'e> {
        let of = self.notes.type_at(expr.at);
        if !test && !optional && Type::named(&parse::name_of(expr)).is_some() {
            let mut part = Part::new(of, READ);
            part.path = self.paths.add(Path::default(), field);
            return Ok(part);
        }
        if optional {
            let operand = self.sized(operand)?;
            return Ok(Part::new(of, operand.cost.saturating_add(1)));
        }
        let operand = self.part(operand)?;
        if test {
            return Ok(Part::new(of, operand.cost));
        }
        let read = match operand.of {
            Type::Map(..) | Type::Object(_) => READ,
            _ => 0,
        };
        let mut part = Part::new(of, operand.cost.saturating_add(read));
        part.path = self.paths.add(self.path(&operand), field);
        Ok(part)
    }

    fn list(&mut self, of: &'e Type, items: &'e [(Expr, bool)]) -> Estimated<'e> {
        let mut part = Part::new(of, LIST);
        let mut size = Size::NOTHING;
        for (item, _) in items {
            let item = self.sized(item)?;
            part.cost = part.cost.saturating_add(item.cost);
            size = size.union(item.known());
        }
        part.size = Some(Size::fixed(items.len() as u64));
        part.entry = Some(Entry::of_list(of_all(size, items.len())));
        Ok(part)
    }

    fn map(&mut self, of: &'e Type, entries: &'e [(Expr, Expr, bool)]) -> Estimated<'e> {
        let mut part = Part::new(of, MAP);
        let (mut keys, mut values) = (Size::NOTHING, Size::NOTHING);
        for (key, value, _) in entries {
            let mut key = self.part(key)?;
            let mut value = self.part(value)?;
            part.cost = part.cost.saturating_add(key.cost).saturating_add(value.cost);
            key.size = self.size(&mut key);
            keys = keys.union(key.known());
            value.size = self.size(&mut value);
            values = values.union(value.known());
        }
        part.size = Some(Size::fixed(entries.len() as u64));
        part.entry = Some(Entry {
            is_list: false,
            key: of_all(keys, entries.len()),
            value: of_all(values, entries.len()),
        });
        Ok(part)
    }

    fn local(&self, name: &str) -> Option<&Local<'e>> {
        self.locals.iter().rev().find(|local| local.name == name)
    }

    /// Where the part comes from, as far as it can be told now.
    fn path(&self, part: &Part<'_>) -> Path {
        match part.name.and_then(|name| self.local(name)) {
            Some(local) => local.path,
            None => part.path,
        }
    }

    /// The size of the part: what was computed, then what the schema says, then what its type says.
    fn size(&self, part: &mut Part<'e>) -> Option<Size> {
        if part.size.is_none() {
            part.size = self.declared_at(self.path(part), None);
        }
        let of_type = || is_scalar(part.of).then_some(Size::fixed(1));
        let of_local = || self.local(part.name?)?.size;
        part.size.or_else(of_type).or_else(of_local)
    }

    /// The size of what the path leads to, or of what the step after it leads to.
    fn declared_at(&self, path: Path, last: Option<&'static str>) -> Option<Size> {
        let (_, steps) = self.paths.steps(path).split_first()?;
        self.declared.size(self.id, steps.iter().copied().chain(last))
    }

    /// The size of the entries of the part.
    fn entry(&self, part: &Part<'_>) -> Option<Entry> {
        part.entry.or_else(|| self.local(part.name?)?.entry)
    }
}

/// The size of any of `count` values; those of none have none.
fn of_all(size: Size, count: usize) -> Size {
    if count == 0 { Size::fixed(0) } else { size }
}

/// Whether values of the type are all of one size.
fn is_scalar(of: &Type) -> bool {
    match of {
        Type::Bool | Type::Double | Type::Duration | Type::Int | Type::Moment | Type::Uint => true,
        Type::Optional(of) => is_scalar(of),
        _ => false,
    }
}

fn length(literal: &Literal) -> u64 {
    match literal {
        Literal::Text(text) => text.chars().count() as u64,
        Literal::Bytes(bytes) => bytes.len() as u64,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::schema::structural::Schema;

    fn costs(source: &str) -> u64 {
        let schema = Schema::new(&json!({"type": "object", "properties": {
            "text": {"type": "string", "maxLength": 100},
            "free": {"type": "string"},
            "list": {"type": "array", "maxItems": 10, "items": {"type": "string", "maxLength": 5}},
            "map": {"type": "object", "maxProperties": 10, "additionalProperties": {"type": "integer"}},
        }}))
        .unwrap();
        let mut left = MAX_PARTS;
        estimate(source, &Declared::new(&schema), 0, true, &mut left).unwrap()
    }

    #[test]
    fn what_is_read_and_made_is_counted() {
        assert_eq!(costs("true"), 0);
        assert_eq!(costs("self.map.a == 1"), 4);
        assert_eq!(costs("has(self.text)"), 1);
        assert_eq!(costs("[1, 2].size() == 2"), 12);
        assert_eq!(costs("self.text == self.free"), 2 + 2 + 40);
        assert_eq!(
            costs("self.list.all(x, x == 'abcdefghijklmnop')"),
            2 + 1 + 10 * (2 + 1 + 1 + 2)
        );
    }

    #[test]
    fn sizes_that_nobody_limits_are_those_of_a_request() {
        assert_eq!(costs("self.free.contains('a')"), 2 + 314_573);
        assert_eq!(costs("[self.text].join() == ''"), 1_844_674_407_370_955_276);
    }

    #[test]
    fn lists_that_only_newer_api_servers_make_cost_what_these_say() {
        for (source, cost) in [
            ("self.list.distinct().size() == 1", 215),
            ("self.list.sort()[0] == 'abcdefghijklmnop'", 224),
            ("self.list.sortBy(x, x.size())[0] == 'a'", 377),
            ("self.list.sortBy(x, x)[0] == 'a'", 377),
            ("self.list.slice(1, 4).all(x, x == 'a')", 29),
            ("[self.list, self.list].flatten().all(x, x == 'a')", 36),
            ("self.list.reverse().all(x, x == 'a')", 64),
            ("lists.range(100).all(x, x > 1)", 612),
        ] {
            assert_eq!(costs(source), cost, "{source}");
        }
    }

    #[test]
    fn every_part_stands_at_a_place_of_its_own() {
        let source = "!!(-self.map[?'a'].orValue(--1) in [1, ?optional.of(2), {'k': 3}.k]) ? has(self.text) \
            : self.list.filter(x, x != '')[0].optMap(y, (y)).value() == .self.?text.or(optional.none()).value()";
        let expr = parse::parse(source).unwrap();
        let shown = format!("{expr:?}");
        let mut places: Vec<_> = shown
            .split("Expr { at: ")
            .skip(1)
            .filter_map(|rest| rest.split_once(','))
            .collect();
        places.sort_unstable();
        let all = places.len();
        places.dedup_by_key(|(at, _)| *at);
        assert!(all > 30);
        assert_eq!(places.len(), all);
    }

    #[test]
    fn deep_expressions_have_an_end() {
        let schema =
            Schema::new(&json!({"type": "object", "properties": {"a": {"type": "string"}}})).unwrap();
        for source in [
            format!("{}true{}", "[1].all(x, ".repeat(70), ")".repeat(70)),
            format!("{}true{}", "(has(self.a) ? ".repeat(70), " : false)".repeat(70)),
            format!("{}1{} == 1", "[".repeat(70), "][0]".repeat(70)),
            format!("dyn(self){} == 1", ".a".repeat(150)),
            format!("dyn(self){}.size() == 1", ".map(x, x)".repeat(150)),
            format!("{} == 'a'", vec!["'a'"; 150].join(" + ")),
        ] {
            let mut left = MAX_PARTS;
            let cost = estimate(&source, &Declared::new(&schema), 0, false, &mut left).unwrap();
            assert!(cost > 0, "{source}");
        }
    }

    #[test]
    fn macros_that_repeat_a_part_have_an_end() {
        let source = format!("oldSelf{}.hasValue()", ".optMap(x, x)".repeat(40));
        let schema = Schema::new(&json!({"type": "object"})).unwrap();
        let mut left = MAX_PARTS;
        let found = estimate(&source, &Declared::new(&schema), 0, true, &mut left);
        assert_eq!(found, Err(TooManyParts));
        assert_eq!(left, 0);
    }
}
