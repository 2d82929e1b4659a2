//! Types of expressions, and the programs that they become. Source: cel-go v0.26, checker/checker.go.

mod folds;
mod notes;

pub(super) use notes::{Notes, notes};

use std::sync::Arc;

use super::{
    Fault,
    ast::{Expr, Kind},
    convert,
    eval::Prog,
    lex::Literal,
    names::{self, escape, unescape},
    parse, printf, table,
    text::literal_regex,
    time,
    types::{Solver, Type, is_less_specific},
};
use crate::engine::schema::structural::{Additional, Node, NodeId, Schema, Type as JsonType};

/// The type of values of the node; `None` where rules cannot see them.
pub(super) fn type_of(schema: &Schema, id: NodeId) -> Option<Type> {
    let id = schema.view(id);
    let node: &Node = schema.node(id);
    if node.int_or_string {
        return Some(Type::Dyn);
    }
    Some(match node.kind? {
        JsonType::Array => Type::list(type_of(schema, node.items?)?),
        JsonType::Object => match node.additional {
            Additional::Values(values) => Type::map(Type::Text, type_of(schema, values)?),
            _ => Type::Object(id),
        },
        JsonType::String => match node.limits.format_name.as_str() {
            "byte" => Type::Bytes,
            "duration" => Type::Duration,
            "date" | "date-time" => Type::Moment,
            _ => Type::Text,
        },
        JsonType::Boolean => Type::Bool,
        JsonType::Number => Type::Double,
        JsonType::Integer => Type::Int,
        JsonType::Other => return None,
    })
}

/// The type of `expr`, what it becomes, and whether it speaks of `oldSelf`.
pub(super) fn check(
    schema: &Schema,
    of_self: Type,
    optional_old: bool,
    expr: &Expr,
) -> Result<(Type, Prog, bool), Vec<Fault>> {
    let mut checker = Checker::new(schema, of_self, optional_old);
    let (of, prog) = checker.expr(expr);
    let of = checker.solver.resolve(&of, true);
    if checker.faults.is_empty() {
        checker.same_kinds();
    }
    if checker.faults.is_empty() {
        Ok((of, prog, checker.uses_old))
    } else {
        Err(checker.faults)
    }
}

struct Checker<'s> {
    schema: &'s Schema,
    of_self: Type,
    old: Type,
    /// The variables of the macros around; a variable's rank is its place at run time.
    scopes: Vec<(String, Type)>,
    solver: Solver,
    faults: Vec<Fault>,
    uses_old: bool,
    /// How many calls of `format` are around; lists in them may hold values of several types.
    formats: usize,
    /// The types of the items of each list and of the keys and values of each map, with their places.
    literals: Vec<Vec<(usize, Type)>>,
    /// What is found out on the way, where it is asked for.
    notes: Option<Notes>,
}

type Typed = (Type, Prog);

impl<'s> Checker<'s> {
    fn new(schema: &'s Schema, of_self: Type, optional_old: bool) -> Self {
        let old = if optional_old {
            Type::optional(of_self.clone())
        } else {
            of_self.clone()
        };
        Self {
            schema,
            of_self,
            old,
            scopes: Vec::new(),
            solver: Solver::default(),
            faults: Vec::new(),
            uses_old: false,
            formats: 0,
            literals: Vec::new(),
            notes: None,
        }
    }

    fn fault(&mut self, at: usize, message: impl Into<String>) -> Type {
        self.faults.push(Fault::new(at, message));
        Type::Error
    }

    fn mismatch(&mut self, at: usize, expected: &Type, found: &Type) -> Type {
        let found = self.solver.resolve(found, false);
        let expected = self.solver.resolve(expected, false);
        self.fault(at, format!("expected type '{expected}' but found '{found}'"))
    }

    /// Says where `found` is not `expected`.
    fn expect(&mut self, at: usize, expected: &Type, found: &Type) {
        if !self.solver.fits(expected, found) {
            self.mismatch(at, expected, found);
        }
    }

    fn expr(&mut self, expr: &Expr) -> Typed {
        let typed = self.form(expr);
        if let Some(notes) = &mut self.notes {
            notes.type_is(expr.at, &typed.0);
        }
        typed
    }

    fn form(&mut self, expr: &Expr) -> Typed {
        let at = expr.at;
        match &expr.kind {
            Kind::Literal(literal) => (literal_type(literal), Prog::Literal(literal.clone())),
            Kind::Ident(name) => self.ident(at, name),
            Kind::Select {
                operand,
                field,
                test,
                optional,
            } => {
                if let Some(typed) = self.qualified(expr).filter(|_| !test && !optional) {
                    return typed;
                }
                self.select(at, operand, field, *test, *optional)
            }
            Kind::Index {
                operand,
                index,
                optional,
            } => {
                let (operand_type, operand) = self.expr(operand);
                let (index_type, index) = self.expr(index);
                let name = if *optional { "_[?_]" } else { "_[_]" };
                let of = self.call_type(at, name, false, &[operand_type, index_type]);
                (
                    of,
                    Prog::Index {
                        operand: Box::new(operand),
                        index: Box::new(index),
                        optional: *optional,
                    },
                )
            }
            Kind::Call { name, target, args } => self.call(at, name, target.as_deref(), args),
            Kind::List(items) => self.list(items),
            Kind::Map(entries) => self.map(entries),
            Kind::Struct(name) => {
                let of = self.fault(at, format!("undeclared reference to '{name}' (in container '')"));
                (of, Prog::Literal(Literal::Null))
            }
            Kind::And(parts) => (Type::Bool, Prog::And(self.logic(parts))),
            Kind::Or(parts) => (Type::Bool, Prog::Or(self.logic(parts))),
            Kind::Ternary(parts) => {
                let [condition, yes, no] = &**parts;
                let (condition_type, condition) = self.expr(condition);
                let (yes_type, yes) = self.expr(yes);
                let (no_type, no) = self.expr(no);
                let of = self.call_type(at, "_?_:_", false, &[condition_type, yes_type, no_type]);
                (of, Prog::Ternary(Box::new([condition, yes, no])))
            }
            Kind::Fold(fold) => self.fold(at, fold),
            Kind::OptMap {
                flat,
                target,
                variable,
                body,
            } => self.opt_map(at, *flat, target, variable, body),
        }
    }

    fn logic(&mut self, parts: &[Expr]) -> Vec<Prog> {
        let mut progs = Vec::with_capacity(parts.len());
        for part in parts {
            let (of, prog) = self.expr(part);
            if !self.solver.fits(&of, &Type::Bool) {
                self.mismatch(part.at, &Type::Bool, &of);
            }
            progs.push(prog);
        }
        progs
    }

    fn ident(&mut self, at: usize, name: &str) -> Typed {
        if let Some(slot) = self.scopes.iter().rposition(|(other, _)| other == name) {
            return (self.scopes[slot].1.clone(), Prog::Local(slot));
        }
        match name {
            "self" => (self.of_self.clone(), Prog::This),
            "oldSelf" => {
                self.uses_old = true;
                (self.old.clone(), Prog::Old)
            }
            name => match Type::named(name) {
                Some(of) => (Type::Meta(Some(Arc::new(of.clone()))), Prog::Type(of)),
                None => {
                    let of = self.fault(at, format!("undeclared reference to '{name}' (in container '')"));
                    (of, Prog::Literal(Literal::Null))
                }
            },
        }
    }

    /// A dotted name that is a type.
    fn qualified(&mut self, expr: &Expr) -> Option<Typed> {
        let of = Type::named(&parse::name_of(expr))?;
        Some((Type::Meta(Some(Arc::new(of.clone()))), Prog::Type(of)))
    }

    fn select(&mut self, at: usize, operand: &Expr, field: &str, test: bool, optional: bool) -> Typed {
        let (operand_type, operand) = self.expr(operand);
        let operand_type = self.solver.resolve(&operand_type, false);
        let (target, is_optional) = match &operand_type {
            Type::Optional(of) => (of.as_ref(), true),
            of => (of, false),
        };
        let of = match target {
            Type::Map(_, value) => value.as_ref().clone(),
            Type::Object(id) => self.field(at, *id, field),
            Type::Param(_) => {
                self.solver.fits(&Type::Dyn, target);
                Type::Dyn
            }
            Type::Dyn | Type::Error => Type::Dyn,
            Type::Opaque(name) if name.starts_with("kubernetes.") => {
                self.fault(at, format!("undefined field '{field}'"))
            }
            other => {
                let message = format!("type '{other}' does not support field selection");
                self.fault(at, message);
                Type::Dyn
            }
        };
        let of = if is_optional || optional {
            Type::optional(of)
        } else {
            of
        };
        let field = field.to_owned();
        let prog = Prog::Select {
            operand: Box::new(operand),
            field,
            test,
            optional,
        };
        (if test { Type::Bool } else { of }, prog)
    }

    fn field(&mut self, at: usize, id: NodeId, field: &str) -> Type {
        let schema = self.schema;
        let properties = &schema.node(id).properties;
        // Keywords may stand for the escaped name too.
        let name = if names::is_keyword(field) {
            Some(field.into())
        } else {
            unescape(field)
        };
        let child = name.and_then(|name| {
            let same = names::is_keyword(field) || escape(&name).as_deref() == Some(field);
            properties.get(name.as_ref()).filter(|_| same)
        });
        match child.and_then(|child| type_of(schema, *child)) {
            Some(of) => of,
            None => self.fault(at, format!("undefined field '{field}'")),
        }
    }

    fn call_type(&mut self, at: usize, name: &str, member: bool, args: &[Type]) -> Type {
        let functions = table::functions(name).unwrap_or_default();
        if let Some((of, overloads)) = table::result(functions, member, args, &mut self.solver) {
            if let Some(notes) = &mut self.notes {
                notes.call_is(at, overloads);
            }
            return of;
        }
        let types: Vec<_> = args
            .iter()
            .map(|of| self.solver.resolve(of, true).to_string())
            .collect();
        let signature = match types.split_first() {
            Some((target, rest)) if member => format!("{target}.({})", rest.join(", ")),
            _ => format!("({})", types.join(", ")),
        };
        self.fault(
            at,
            format!("found no matching overload for '{name}' applied to '{signature}'"),
        )
    }

    fn call(&mut self, at: usize, name: &str, target: Option<&Expr>, args: &[Expr]) -> Typed {
        let spaced = spaced(name, target);
        let (name, target) = match &spaced {
            Some(spaced) => (spaced.as_str(), None),
            None => (name, target),
        };
        let mut types = Vec::with_capacity(args.len() + 1);
        let mut progs = Vec::with_capacity(args.len() + 1);
        self.formats += usize::from(name == "format");
        for part in args {
            let (of, prog) = self.expr(part);
            types.push(of);
            progs.push(prog);
        }
        if let Some(target) = target {
            let (of, prog) = self.expr(target);
            types.insert(0, of);
            progs.insert(0, prog);
        }
        self.formats -= usize::from(name == "format");
        let Some(functions) = table::functions(name) else {
            let of = self.fault(at, format!("undeclared reference to '{name}' (in container '')"));
            return (of, Prog::Literal(Literal::Null));
        };
        let of = self.call_type(at, name, target.is_some(), &types);
        let mut progs = progs.into_iter();
        if let ("or" | "orValue", Some(left), Some(right)) =
            (name, progs.as_slice().first(), progs.as_slice().get(1))
        {
            let (left, right) = (Box::new(left.clone()), Box::new(right.clone()));
            return (
                of,
                Prog::OrElse {
                    left,
                    right,
                    bare: name == "orValue",
                },
            );
        }
        let progs: Vec<_> = progs.by_ref().collect();
        let regex = self.literals(at, name, target.is_some(), &progs);
        (
            of,
            Prog::Call {
                functions,
                args: progs,
                regex,
            },
        )
    }

    /// Judges arguments that stand as literals; the regex among them.
    fn literals(&mut self, at: usize, name: &str, member: bool, args: &[Prog]) -> Option<regex::Regex> {
        let text = |at: usize| match args.get(at) {
            Some(Prog::Literal(Literal::Text(text))) => Some(text.as_str()),
            _ => None,
        };
        match name {
            "matches" | "find" | "findAll" => match literal_regex(text(1)?) {
                Ok(regex) => return Some(regex),
                Err(error) => {
                    self.fault(at, format!("invalid {name} argument: {error}"));
                }
            },
            "format" => {
                if let (Some(text), Some(Prog::List(items))) = (text(0), args.get(1))
                    && let Err(error) = printf::judge(text, items.len())
                {
                    self.fault(at, error);
                }
            }
            "duration" | "timestamp"
                if !member && !text(0).is_none_or(|text| time::is_literal(name, text)) =>
            {
                self.fault(at, format!("invalid {name} argument"));
            }
            "bool" | "bytes" | "double" | "int" | "string" | "uint" => {
                if let [Prog::Literal(literal)] = args
                    && let Err(fail) = convert::literal(name, literal)
                {
                    self.fault(at, fail.message);
                }
            }
            _ => {}
        }
        None
    }

    /// Says where a list or a map holds values of several types.
    fn same_kinds(&mut self) {
        for items in std::mem::take(&mut self.literals) {
            let mut items = items
                .into_iter()
                .map(|(at, of)| (at, self.solver.resolve(&of, true)));
            let Some((_, first)) = items.next() else { continue };
            if let Some((at, other)) = items.find(|(_, of)| !same_kind(&first, of)) {
                self.mismatch(at, &first, &other);
            }
        }
    }

    /// The type of both.
    fn join(&mut self, before: Option<Type>, next: Type) -> Type {
        let Some(before) = before else { return next };
        match self.solver.fits(&before, &next) {
            true if is_less_specific(&before, &next) => before,
            true => next,
            false => Type::Dyn,
        }
    }

    /// The type of a value that stands behind a `?`, without that.
    fn bare(&mut self, at: usize, of: Type, optional: bool) -> Type {
        match (optional, self.solver.resolve(&of, false)) {
            (false, _) => of,
            (true, Type::Optional(of)) => of.as_ref().clone(),
            (true, Type::Dyn) => Type::Dyn,
            (true, of) => self.mismatch(at, &Type::optional(of.clone()), &of),
        }
    }

    fn remember(&mut self, types: Vec<(usize, Type)>) {
        if self.formats == 0 {
            self.literals.push(types);
        }
    }

    fn list(&mut self, items: &[(Expr, bool)]) -> Typed {
        let mut of = None;
        let mut types = Vec::with_capacity(items.len());
        let mut progs = Vec::with_capacity(items.len());
        for (item, optional) in items {
            let (item_type, prog) = self.expr(item);
            let item_type = self.bare(item.at, item_type, *optional);
            types.push((item.at, item_type.clone()));
            of = Some(self.join(of, item_type));
            progs.push((prog, *optional));
        }
        self.remember(types);
        let of = of.unwrap_or_else(|| self.solver.fresh());
        (Type::list(of), Prog::List(progs))
    }

    fn map(&mut self, entries: &[(Expr, Expr, bool)]) -> Typed {
        let (mut of_key, mut of_value) = (None, None);
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        let mut progs = Vec::with_capacity(entries.len());
        for (key, value, optional) in entries {
            let (key_type, key_prog) = self.expr(key);
            keys.push((key.at, key_type.clone()));
            of_key = Some(self.join(of_key, key_type));
            let (value_type, value_prog) = self.expr(value);
            let value_type = self.bare(value.at, value_type, *optional);
            values.push((value.at, value_type.clone()));
            of_value = Some(self.join(of_value, value_type));
            progs.push((key_prog, value_prog, *optional));
        }
        self.remember(keys);
        self.remember(values);
        let of_key = of_key.unwrap_or_else(|| self.solver.fresh());
        let of_value = of_value.unwrap_or_else(|| self.solver.fresh());
        (Type::map(of_key, of_value), Prog::Map(progs))
    }
}

/// The function of a library that `target.name(…)` calls, where `target` is no value but the name of the library.
pub(super) fn spaced(name: &str, target: Option<&Expr>) -> Option<String> {
    let prefix = target.map(parse::name_of).filter(|prefix| !prefix.is_empty())?;
    let spaced = format!("{prefix}.{name}");
    table::functions(&spaced).is_some().then_some(spaced)
}

/// Whether values of both types may stand in one list.
fn same_kind(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::Error, _) | (_, Type::Error) => true,
        (Type::List(a), Type::List(b)) | (Type::Optional(a), Type::Optional(b)) => same_kind(a, b),
        (Type::Map(a, b), Type::Map(c, d)) => same_kind(a, c) && same_kind(b, d),
        (Type::Meta(_), Type::Meta(_)) => true,
        (a, b) => a == b,
    }
}

const fn literal_type(literal: &Literal) -> Type {
    match literal {
        Literal::Null => Type::Null,
        Literal::Bool(_) => Type::Bool,
        Literal::Int(_) => Type::Int,
        Literal::Uint(_) => Type::Uint,
        Literal::Double(_) => Type::Double,
        Literal::Text(_) => Type::Text,
        Literal::Bytes(_) => Type::Bytes,
    }
}
