//! Runs compiled expressions.

use std::{cmp::Ordering, rc::Rc};

use regex::Regex;

use super::{
    Data, Fail,
    ast::FoldKind,
    lex::Literal,
    table::{Function, Meter, spend},
    types::Type,
    value::{Answer, Join, List, Map, Place, Text, Val},
};

/// What making a list or a map costs.
const LIST_COST: usize = 10;
const MAP_COST: usize = 30;

/// An expression that was checked. Variables are known by their place among those of the macros around.
#[derive(Debug, Clone)]
pub(super) enum Prog {
    Literal(Literal),
    This,
    Old,
    Local(usize),
    Type(Type),
    Select {
        operand: Box<Self>,
        field: String,
        test: bool,
        optional: bool,
    },
    Index {
        operand: Box<Self>,
        index: Box<Self>,
        optional: bool,
    },
    Call {
        functions: &'static [&'static Function],
        args: Vec<Self>,
        regex: Option<Regex>,
    },
    And(Vec<Self>),
    Or(Vec<Self>),
    Ternary(Box<[Self; 3]>),
    List(Vec<(Self, bool)>),
    Map(Vec<(Self, Self, bool)>),
    Fold(Box<FoldProg>),
    OptMap {
        flat: bool,
        target: Box<Self>,
        body: Box<Self>,
    },
    /// `or` and `orValue`, which leave the right side alone where the left has a value.
    OrElse {
        left: Box<Self>,
        right: Box<Self>,
        bare: bool,
    },
}

/// A macro that goes through a list or a map.
#[derive(Debug, Clone)]
pub(super) struct FoldProg {
    pub(super) what: FoldKind,
    pub(super) two: bool,
    pub(super) range: Prog,
    pub(super) filter: Option<Prog>,
    pub(super) body: Prog,
}

/// One run.
pub(super) struct Eval<'a, 'l> {
    data: Data<'a>,
    locals: Vec<Val<'a>>,
    left: &'l mut u64,
}

impl<'a, 'l> Eval<'a, 'l> {
    pub(super) fn new(data: &Data<'a>, left: &'l mut u64) -> Self {
        Self {
            data: *data,
            locals: Vec::new(),
            left,
        }
    }

    pub(super) fn eval(&mut self, prog: &'a Prog) -> Answer<'a> {
        match prog {
            Prog::Literal(literal) => return Ok(constant(literal)),
            Prog::Type(of) => return Ok(Val::Type(of.clone())),
            _ => spend(self.left, 1)?,
        }
        match prog {
            Prog::This => self.data_value(self.data.value),
            Prog::Old => self.old(),
            Prog::Local(slot) => self.locals.get(*slot).cloned().ok_or_else(Fail::overload),
            Prog::Select {
                operand,
                field,
                test,
                optional,
            } => {
                let operand = self.eval(operand)?;
                select(operand, field, *test, *optional)
            }
            Prog::Index {
                operand,
                index,
                optional,
            } => {
                let operand = self.eval(operand)?;
                let index = self.eval(index)?;
                at(operand, &index, *optional)
            }
            Prog::Call {
                functions,
                args,
                regex,
            } => self.call(functions, args, regex.as_ref()),
            Prog::And(parts) => self.logic(parts, false),
            Prog::Or(parts) => self.logic(parts, true),
            Prog::Ternary(parts) => {
                let [condition, yes, no] = &**parts;
                match self.eval(condition)? {
                    Val::Bool(true) => self.eval(yes),
                    Val::Bool(false) => self.eval(no),
                    _ => Err(Fail::overload()),
                }
            }
            Prog::List(items) => self.list(items),
            Prog::Map(entries) => self.map(entries),
            Prog::Fold(fold) => self.fold(fold),
            Prog::OptMap { flat, target, body } => match self.eval(target)? {
                Val::Optional(None) => Ok(Val::Optional(None)),
                Val::Optional(Some(value)) => {
                    let body = self.with(&[value.as_ref().clone()], body)?;
                    if *flat { Ok(body) } else { Ok(body.some()) }
                }
                _ => Err(Fail::overload()),
            },
            Prog::OrElse { left, right, bare } => match self.eval(left)? {
                Val::Optional(None) => self.eval(right),
                Val::Optional(Some(value)) if *bare => Ok(value.as_ref().clone()),
                value @ Val::Optional(_) => Ok(value),
                _ => Err(Fail::overload()),
            },
            Prog::Literal(_) | Prog::Type(_) => Err(Fail::overload()),
        }
    }

    fn data_value(&self, value: &'a serde_json::Value) -> Answer<'a> {
        Val::of(
            value,
            Place {
                schema: self.data.schema,
                id: self.data.id,
            },
        )
    }

    fn old(&self) -> Answer<'a> {
        let old = self.data.old.map(|old| self.data_value(old));
        match (old, self.data.optional_old) {
            (Some(old), true) => Ok(old?.some()),
            (None, true) => Ok(Val::Optional(None)),
            (Some(old), false) => old,
            (None, false) => Err(Fail::new("no such attribute(s): oldSelf")),
        }
    }

    fn call(
        &mut self,
        functions: &'static [&'static Function],
        args: &'a [Prog],
        regex: Option<&'a Regex>,
    ) -> Answer<'a> {
        let mut values = Vec::with_capacity(args.len());
        for arg in args {
            values.push(self.eval(arg)?);
        }
        let mut meter = Meter {
            left: self.left,
            regex,
        };
        let mut answer = Err(Fail::overload());
        for function in functions {
            answer = (function.run)(&values, &mut meter);
            if answer.as_ref().is_ok_and(|_| true)
                || answer.as_ref().is_err_and(|fail| *fail != Fail::overload())
            {
                break;
            }
        }
        answer
    }

    /// `||` where `decisive` is true, else `&&`: a part that decides hides the failure of another.
    fn logic(&mut self, parts: &'a [Prog], decisive: bool) -> Answer<'a> {
        let mut fail = None;
        for part in parts {
            match self.eval(part) {
                Ok(Val::Bool(value)) if value == decisive => return Ok(Val::Bool(decisive)),
                Ok(Val::Bool(_)) => {}
                Ok(_) => fail = fail.or_else(|| Some(Fail::overload())),
                Err(error) if error == Fail::cost() => return Err(error),
                Err(error) => fail = fail.or(Some(error)),
            }
        }
        fail.map_or(Ok(Val::Bool(!decisive)), Err)
    }

    fn list(&mut self, items: &'a [(Prog, bool)]) -> Answer<'a> {
        spend(self.left, LIST_COST)?;
        let mut out = Vec::with_capacity(items.len());
        for (item, optional) in items {
            match (self.eval(item)?, optional) {
                (value, false) => out.push(value),
                (Val::Optional(None), true) => {}
                (Val::Optional(Some(value)), true) => out.push(value.as_ref().clone()),
                _ => return Err(Fail::overload()),
            }
        }
        Ok(Val::list(out))
    }

    fn map(&mut self, entries: &'a [(Prog, Prog, bool)]) -> Answer<'a> {
        spend(self.left, MAP_COST)?;
        let mut out: Vec<(Val<'a>, Val<'a>)> = Vec::with_capacity(entries.len());
        for (key, value, optional) in entries {
            let key = self.eval(key)?;
            let value = match (self.eval(value)?, optional) {
                (value, false) => value,
                (Val::Optional(None), true) => continue,
                (Val::Optional(Some(value)), true) => value.as_ref().clone(),
                _ => return Err(Fail::overload()),
            };
            insert(&mut out, key, value, false)?;
        }
        Ok(Val::Map(Map::Made(out.into())))
    }

    /// `prog` with more variables.
    fn with(&mut self, values: &[Val<'a>], prog: &'a Prog) -> Answer<'a> {
        let depth = self.locals.len();
        self.locals.extend_from_slice(values);
        let answer = self.eval(prog);
        self.locals.truncate(depth);
        answer
    }

    /// What the variables of a macro are in each round.
    fn rounds(&mut self, fold: &'a FoldProg) -> Result<Vec<Vec<Val<'a>>>, Fail> {
        Ok(match (self.eval(&fold.range)?, fold.two) {
            (Val::List(list), false) => list
                .iter()
                .map(|item| Ok(vec![item?]))
                .collect::<Result<_, Fail>>()?,
            (Val::List(list), true) => list
                .iter()
                .enumerate()
                .map(|(at, item)| Ok(vec![Val::count(at), item?]))
                .collect::<Result<_, Fail>>()?,
            (Val::Map(map), false) => map.keys().into_iter().map(|key| vec![key]).collect(),
            (Val::Map(map), true) => {
                let mut rounds = Vec::new();
                for key in map.keys() {
                    let Some(value) = map.find(&key) else { continue };
                    rounds.push(vec![key, value?]);
                }
                rounds
            }
            _ => return Err(Fail::overload()),
        })
    }

    fn fold(&mut self, fold: &'a FoldProg) -> Answer<'a> {
        let rounds = self.rounds(fold)?;
        match fold.what {
            FoldKind::All => self.any(&rounds, &fold.body, false),
            FoldKind::Exists => self.any(&rounds, &fold.body, true),
            FoldKind::ExistsOne => {
                let mut count = 0;
                for round in &rounds {
                    count += usize::from(self.is_true(round, &fold.body)?);
                }
                Ok(Val::Bool(count == 1))
            }
            FoldKind::SortBy => self.sort(rounds, &fold.body),
            FoldKind::Map | FoldKind::Entries => self.entries(&rounds, fold),
            FoldKind::List | FoldKind::Filter => {
                let mut out = Vec::new();
                for round in &rounds {
                    if let Some(filter) = &fold.filter
                        && !self.is_true(round, filter)?
                    {
                        continue;
                    }
                    if fold.what == FoldKind::List {
                        out.push(self.with(round, &fold.body)?);
                    } else if self.is_true(round, &fold.body)? {
                        out.extend(round.first().cloned());
                    }
                }
                spend(self.left, out.len())?;
                Ok(Val::list(out))
            }
        }
    }

    fn is_true(&mut self, round: &[Val<'a>], prog: &'a Prog) -> Result<bool, Fail> {
        match self.with(round, prog)? {
            Val::Bool(value) => Ok(value),
            _ => Err(Fail::overload()),
        }
    }

    /// `exists` where `decisive` is true, else `all`.
    fn any(&mut self, rounds: &[Vec<Val<'a>>], body: &'a Prog, decisive: bool) -> Answer<'a> {
        let mut fail = None;
        for round in rounds {
            match self.is_true(round, body) {
                Ok(value) if value == decisive => return Ok(Val::Bool(decisive)),
                Ok(_) => {}
                Err(error) if error == Fail::cost() => return Err(error),
                Err(error) => fail = fail.or(Some(error)),
            }
        }
        fail.map_or(Ok(Val::Bool(!decisive)), Err)
    }

    fn entries(&mut self, rounds: &[Vec<Val<'a>>], fold: &'a FoldProg) -> Answer<'a> {
        let mut out = Vec::new();
        for round in rounds {
            if let Some(filter) = &fold.filter
                && !self.is_true(round, filter)?
            {
                continue;
            }
            spend(self.left, out.len())?;
            match (fold.what, self.with(round, &fold.body)?) {
                (FoldKind::Entries, Val::Map(map)) => {
                    for key in map.keys() {
                        if let Some(value) = map.find(&key) {
                            insert(&mut out, key, value?, true)?;
                        }
                    }
                }
                (FoldKind::Entries, _) => return Err(Fail::overload()),
                (_, value) => {
                    let key = round.first().cloned().ok_or_else(Fail::overload)?;
                    insert(&mut out, key, value, true)?;
                }
            }
        }
        Ok(Val::Map(Map::Made(out.into())))
    }

    fn sort(&mut self, rounds: Vec<Vec<Val<'a>>>, body: &'a Prog) -> Answer<'a> {
        let mut keyed = Vec::with_capacity(rounds.len());
        for round in rounds {
            let key = self.with(&round, body)?;
            keyed.extend(round.into_iter().next().map(|item| (key, item)));
        }
        let log = keyed.len().checked_ilog2().map_or(0, |log| log as usize);
        spend(self.left, keyed.len().saturating_mul(log))?;
        sorted(keyed)
    }
}

/// Items in the order of their keys, equal ones as they stood.
pub(super) fn sorted<'a>(mut keyed: Vec<(Val<'a>, Val<'a>)>) -> Answer<'a> {
    let mut fail = None;
    if let Some((first, _)) = keyed.first() {
        let kind = first.kind();
        if keyed.iter().any(|(key, _)| key.kind() != kind) {
            return Err(Fail::new("list elements must have the same type"));
        }
    }
    keyed.sort_by(|(a, _), (b, _)| match a.compare(b) {
        Ok(order) => order.unwrap_or(Ordering::Equal),
        Err(error) => {
            fail = Some(error);
            Ordering::Equal
        }
    });
    match fail {
        Some(error) => Err(error),
        None => Ok(Val::list(keyed.into_iter().map(|(_, item)| item).collect())),
    }
}

fn insert<'a>(
    entries: &mut Vec<(Val<'a>, Val<'a>)>,
    key: Val<'a>,
    value: Val<'a>,
    comprehension: bool,
) -> Result<(), Fail> {
    if !matches!(
        key,
        Val::Bool(_) | Val::Int(_) | Val::Uint(_) | Val::Text(_) | Val::Double(_) | Val::Null
    ) {
        return Err(Fail::new("unsupported key type"));
    }
    for (other, _) in entries.iter() {
        if other.equals(&key)? {
            let verb = if comprehension {
                "insert failed: key already exists"
            } else {
                "Failed with repeated key"
            };
            return Err(Fail::new(verb));
        }
    }
    entries.push((key, value));
    Ok(())
}

pub(super) fn constant(literal: &Literal) -> Val<'_> {
    match literal {
        Literal::Null => Val::Null,
        Literal::Bool(value) => Val::Bool(*value),
        Literal::Int(value) => Val::Int(*value),
        Literal::Uint(value) => Val::Uint(*value),
        Literal::Double(value) => Val::Double(*value),
        Literal::Text(text) => Val::Text(Text::Borrowed(text)),
        Literal::Bytes(bytes) => Val::Bytes(Rc::from(bytes.as_slice())),
    }
}

/// `operand.field`, `operand.?field` or `has(operand.field)`.
fn select<'a>(operand: Val<'a>, field: &'a str, test: bool, optional: bool) -> Answer<'a> {
    let (operand, was_optional) = match operand {
        Val::Optional(None) if test => return Ok(Val::Bool(false)),
        Val::Optional(None) => return Ok(Val::Optional(None)),
        Val::Optional(Some(value)) => (value.as_ref().clone(), true),
        value => (value, false),
    };
    let Val::Map(map) = operand else {
        return Err(Fail::overload());
    };
    match map.find(&Val::Text(Text::Borrowed(field))) {
        found if test => Ok(Val::Bool(found.transpose()?.is_some())),
        Some(value) if optional || was_optional => Ok(value?.some()),
        None if optional || was_optional => Ok(Val::Optional(None)),
        Some(value) => value,
        None => Err(Fail::new(format!("no such key: {field}"))),
    }
}

/// `operand[index]` or `operand[?index]`.
fn at<'a>(operand: Val<'a>, index: &Val<'a>, optional: bool) -> Answer<'a> {
    let (operand, was_optional) = match operand {
        Val::Optional(None) => return Ok(Val::Optional(None)),
        Val::Optional(Some(value)) => (value.as_ref().clone(), true),
        value => (value, false),
    };
    let optional = optional || was_optional;
    let found = match &operand {
        Val::Map(map) => map.find(index),
        Val::List(list) => whole(index)?.and_then(|at| list.get(at)),
        _ => return Err(Fail::overload()),
    };
    match found {
        Some(value) if optional => Ok(value?.some()),
        None if optional => Ok(Val::Optional(None)),
        Some(value) => value,
        None if matches!(operand, Val::List(_)) => Err(Fail::new(format!(
            "index out of bounds: {}",
            super::convert::display(index)
        ))),
        None => Err(Fail::new(format!(
            "no such key: {}",
            super::convert::display(index)
        ))),
    }
}

/// The index of an item; `None` where it is out of any list.
fn whole(index: &Val<'_>) -> Result<Option<usize>, Fail> {
    Ok(match index {
        Val::Int(at) => usize::try_from(*at).ok(),
        Val::Uint(at) => usize::try_from(*at).ok(),
        #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
        Val::Double(at) if at.fract() == 0.0 && at.abs() < 9e15 => usize::try_from(*at as i64).ok(),
        Val::Double(_) => return Err(Fail::new("unsupported index value: not a whole number")),
        _ => return Err(Fail::overload()),
    })
}

/// A list of `items` that is joined in order.
pub(super) fn made<'a>(items: Vec<Val<'a>>) -> List<'a> {
    List::Made(items.into(), Join::Order)
}
