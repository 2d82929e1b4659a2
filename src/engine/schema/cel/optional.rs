//! Optional values, and the first and last item of a list.

use std::rc::Rc;

use super::{
    Fail,
    table::{Function, Meter, P, global, member},
    value::{Answer, Val},
};

const OPT_A: P = P::Optional(&P::A);
const LIST_A: P = P::List(&P::A);
const LIST_OPT_A: P = P::List(&P::Optional(&P::A));

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "optional.of",
        run: of,
        overloads: &[global(&[P::A], OPT_A)],
    },
    Function {
        name: "optional.ofNonZeroValue",
        run: of_non_zero,
        overloads: &[global(&[P::A], OPT_A)],
    },
    Function {
        name: "optional.none",
        run: none,
        overloads: &[global(&[], OPT_A)],
    },
    Function {
        name: "value",
        run: value,
        overloads: &[member(&[OPT_A], P::A)],
    },
    Function {
        name: "hasValue",
        run: has_value,
        overloads: &[member(&[OPT_A], P::Bool)],
    },
    // These two are evaluated apart, since they may leave their argument alone.
    Function {
        name: "or",
        run: unreachable,
        overloads: &[member(&[OPT_A, OPT_A], OPT_A)],
    },
    Function {
        name: "orValue",
        run: unreachable,
        overloads: &[member(&[OPT_A, P::A], P::A)],
    },
    Function {
        name: "optional.unwrap",
        run: unwrap,
        overloads: &[global(&[LIST_OPT_A], LIST_A)],
    },
    Function {
        name: "unwrapOpt",
        run: unwrap,
        overloads: &[member(&[LIST_OPT_A], LIST_A)],
    },
    Function {
        name: "first",
        run: first,
        overloads: &[member(&[LIST_A], OPT_A)],
    },
    Function {
        name: "last",
        run: last,
        overloads: &[member(&[LIST_A], OPT_A)],
    },
];

fn unreachable<'a>(_: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    Err(Fail::overload())
}

fn of<'a>(args: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    let [value] = args else {
        return Err(Fail::overload());
    };
    Ok(value.clone().some())
}

fn none<'a>(_: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    Ok(Val::Optional(None))
}

fn of_non_zero<'a>(args: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    let [value] = args else {
        return Err(Fail::overload());
    };
    let zero = match value {
        Val::Null
        | Val::Bool(false)
        | Val::Int(0)
        | Val::Uint(0)
        | Val::Duration(0)
        | Val::Optional(None) => true,
        Val::Double(number) => *number == 0.0,
        Val::Text(text) => text.is_empty(),
        Val::Bytes(bytes) => bytes.is_empty(),
        // What comes from the object is not asked whether it is empty.
        Val::List(super::value::List::Made(items, _)) => items.is_empty(),
        Val::Map(super::value::Map::Made(entries)) => entries.is_empty(),
        _ => false,
    };
    Ok(Val::Optional((!zero).then(|| Rc::new(value.clone()))))
}

fn value<'a>(args: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    match args {
        [Val::Optional(Some(value))] => Ok(value.as_ref().clone()),
        [Val::Optional(None)] => Err(Fail::new("optional.none() dereference")),
        _ => Err(Fail::overload()),
    }
}

fn has_value<'a>(args: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    match args {
        [Val::Optional(value)] => Ok(Val::Bool(value.is_some())),
        _ => Err(Fail::overload()),
    }
}

fn unwrap<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    let [Val::List(list)] = args else {
        return Err(Fail::overload());
    };
    meter.spend(list.len())?;
    let mut out = Vec::new();
    for item in list.iter() {
        match item? {
            Val::Optional(value) => out.extend(value.map(|value| value.as_ref().clone())),
            _ => return Err(Fail::overload()),
        }
    }
    Ok(Val::list(out))
}

fn first<'a>(args: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    let [Val::List(list)] = args else {
        return Err(Fail::overload());
    };
    list.get(0)
        .map_or(Ok(Val::Optional(None)), |item| Ok(item?.some()))
}

fn last<'a>(args: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    let [Val::List(list)] = args else {
        return Err(Fail::overload());
    };
    let item = list.len().checked_sub(1).and_then(|at| list.get(at));
    item.map_or(Ok(Val::Optional(None)), |item| Ok(item?.some()))
}
