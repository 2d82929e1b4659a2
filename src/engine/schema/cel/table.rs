//! The functions of rules: their names, types and what they do.

use std::{collections::BTreeMap, sync::LazyLock};

use regex::Regex;

use super::{
    Fail, collections, convert, kubernetes, optional, standard, text, time,
    types::{Solver, Type},
    value::{Answer, Val},
};

/// The type of a parameter or a result; `A` and `B` stand for any.
#[derive(Debug, Clone, Copy)]
pub(super) enum P {
    A,
    B,
    Dyn,
    Bool,
    Int,
    Uint,
    Double,
    Text,
    Bytes,
    Duration,
    Moment,
    Opaque(&'static str),
    List(&'static Self),
    Map(&'static Self, &'static Self),
    Optional(&'static Self),
    TypeOf(&'static Self),
}

impl P {
    /// The type, with these for `A` and `B`.
    pub(super) fn with(&self, a: &Type, b: &Type) -> Type {
        match self {
            Self::A => a.clone(),
            Self::B => b.clone(),
            Self::Dyn => Type::Dyn,
            Self::Bool => Type::Bool,
            Self::Int => Type::Int,
            Self::Uint => Type::Uint,
            Self::Double => Type::Double,
            Self::Text => Type::Text,
            Self::Bytes => Type::Bytes,
            Self::Duration => Type::Duration,
            Self::Moment => Type::Moment,
            Self::Opaque(name) => Type::Opaque(name),
            Self::List(item) => Type::list(item.with(a, b)),
            Self::Map(key, value) => Type::map(key.with(a, b), value.with(a, b)),
            Self::Optional(of) => Type::optional(of.with(a, b)),
            Self::TypeOf(of) => Type::Meta(Some(std::sync::Arc::new(of.with(a, b)))),
        }
    }
}

/// One way to call a function.
#[derive(Debug)]
pub(super) struct Overload {
    /// Whether the first parameter is what it is called on.
    pub(super) member: bool,
    pub(super) params: &'static [P],
    pub(super) result: P,
}

/// `f(…)`.
pub(super) const fn global(params: &'static [P], result: P) -> Overload {
    Overload {
        member: false,
        params,
        result,
    }
}

/// `a.f(…)`.
pub(super) const fn member(params: &'static [P], result: P) -> Overload {
    Overload {
        member: true,
        params,
        result,
    }
}

/// What a function may spend, and the regex that stood in the rule as a literal.
pub(super) struct Meter<'m> {
    pub(super) left: &'m mut u64,
    pub(super) regex: Option<&'m Regex>,
}

impl Meter<'_> {
    /// Spends on work that grows with the size of its arguments.
    pub(super) fn spend(&mut self, units: usize) -> Result<(), Fail> {
        spend(self.left, units)
    }
}

/// Takes `units` from what is `left`.
pub(super) fn spend(left: &mut u64, units: usize) -> Result<(), Fail> {
    let units = u64::try_from(units).unwrap_or(u64::MAX);
    match left.checked_sub(units) {
        Some(rest) => *left = rest,
        None => {
            *left = 0;
            return Err(Fail::cost());
        }
    }
    Ok(())
}

/// What a function does. Arguments of other types than its overloads have are [`Fail::overload`].
pub(super) type Run = for<'a> fn(&[Val<'a>], &mut Meter<'_>) -> Answer<'a>;

/// A function of one library; others may have one of the same name.
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) run: Run,
    pub(super) overloads: &'static [Overload],
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// In the order of the API server: of an unknown type, the first overload that takes it decides.
const LIBRARIES: &[&[Function]] = &[
    standard::FUNCTIONS,
    convert::FUNCTIONS,
    time::FUNCTIONS,
    collections::FUNCTIONS,
    text::FUNCTIONS,
    optional::FUNCTIONS,
    kubernetes::FUNCTIONS,
];

static BY_NAME: LazyLock<BTreeMap<&'static str, Vec<&'static Function>>> = LazyLock::new(|| {
    let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for function in LIBRARIES.iter().copied().flatten() {
        all.entry(function.name).or_default().push(function);
    }
    all
});

/// The functions of this name.
pub(super) fn functions(name: &str) -> Option<&'static [&'static Function]> {
    BY_NAME.get(name).map(Vec::as_slice)
}

/// The type of a call with arguments of these types, and each overload that takes them; `None` where none does.
pub(super) fn result(
    functions: &[&Function],
    member: bool,
    args: &[Type],
    solver: &mut Solver,
) -> Option<(Type, Vec<&'static Overload>)> {
    let mut found: Option<Type> = None;
    let mut matching = Vec::new();
    let overloads = functions.iter().flat_map(|function| function.overloads);
    for overload in overloads.filter(|one| one.member == member && one.params.len() == args.len()) {
        let (a, b) = (solver.fresh(), solver.fresh());
        let params: Vec<_> = overload.params.iter().map(|param| param.with(&a, &b)).collect();
        if !solver.all_fit(args.iter().zip(&params)) {
            continue;
        }
        matching.push(overload);
        let result = solver.resolve(&overload.result.with(&a, &b), false);
        found = Some(match found {
            None => result,
            Some(first) if first == Type::Dyn || first == result => first,
            Some(_) => Type::Dyn,
        });
    }
    found.map(|found| (found, matching))
}
