//! Macros: calls that are forms of their own.

use super::{
    Fault,
    ast::{Expr, Fold, FoldKind, Kind},
    parse::call,
};

/// A call by name, which may be the macro `has`.
pub(super) fn global(at: usize, name: &str, mut args: Vec<Expr>) -> Result<Expr, Fault> {
    if name != "has" || args.len() != 1 {
        return Ok(call(at, name, args));
    }
    match args.pop().map(|arg| arg.kind) {
        Some(Kind::Select {
            operand,
            field,
            test: false,
            optional: false,
        }) => Ok(Expr {
            at,
            kind: Kind::Select {
                operand,
                field,
                test: true,
                optional: false,
            },
        }),
        _ => Err(Fault::new(at, "invalid argument to has() macro")),
    }
}

/// A call on a value, which may be a macro.
pub(super) fn receiver(at: usize, target: Expr, name: &str, args: Vec<Expr>) -> Result<Expr, Fault> {
    use FoldKind as F;
    // Variables, whether there may be a filter, what becomes of it.
    let (variables, what) = match (name, args.len()) {
        ("all", 2) => (1, F::All),
        ("exists", 2) => (1, F::Exists),
        ("exists_one", 2) => (1, F::ExistsOne),
        ("map", 2 | 3) => (1, F::List),
        ("filter", 2) => (1, F::Filter),
        ("sortBy", 2) => (1, F::SortBy),
        ("all", 3) => (2, F::All),
        ("exists", 3) => (2, F::Exists),
        ("exists_one" | "existsOne", 3) => (2, F::ExistsOne),
        ("transformList", 3 | 4) => (2, F::List),
        ("transformMap", 3 | 4) => (2, F::Map),
        ("transformMapEntry", 3 | 4) => (2, F::Entries),
        ("optMap" | "optFlatMap", 2) => return optional_map(at, target, name, args),
        _ => {
            let kind = Kind::Call {
                name: name.to_owned(),
                target: Some(Box::new(target)),
                args,
            };
            return Ok(Expr { at, kind });
        }
    };
    let filtered = args.len() == variables + 2;
    let mut args = args.into_iter();
    let mut names = Vec::new();
    for variable in args.by_ref().take(variables) {
        let Kind::Ident(name) = variable.kind else {
            return Err(Fault::new(variable.at, "argument must be a simple name"));
        };
        if names.contains(&name) {
            return Err(Fault::new(
                variable.at,
                format!("duplicate variable name: {name}"),
            ));
        }
        names.push(name);
    }
    let filter = if filtered { args.next() } else { None };
    let mut names = names.into_iter();
    let (Some(first), second, Some(body)) = (names.next(), names.next(), args.next()) else {
        return Err(Fault::new(at, "argument must be a simple name"));
    };
    Ok(Expr {
        at,
        kind: Kind::Fold(Box::new(Fold {
            what,
            range: target,
            first,
            second,
            filter,
            body,
        })),
    })
}

fn optional_map(at: usize, target: Expr, name: &str, args: Vec<Expr>) -> Result<Expr, Fault> {
    let mut args = args.into_iter();
    match (args.next(), args.next()) {
        (
            Some(Expr {
                kind: Kind::Ident(variable),
                ..
            }),
            Some(body),
        ) => {
            let flat = name == "optFlatMap";
            Ok(Expr {
                at,
                kind: Kind::OptMap {
                    flat,
                    target: Box::new(target),
                    variable,
                    body: Box::new(body),
                },
            })
        }
        _ => Err(Fault::new(
            at,
            format!("{name}() variable name must be a simple identifier"),
        )),
    }
}
