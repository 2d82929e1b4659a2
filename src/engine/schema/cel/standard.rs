//! Operators and conversions of the language itself.

use std::cmp::Ordering;

use super::{
    Fail,
    table::{Function, Meter, Overload, P, global, member},
    time::in_range,
    types::Type,
    value::{Answer, List, Map, Text, Val},
};
use crate::engine::schema::go_time::Moment;

const LIST_A: P = P::List(&P::A);
const MAP_AB: P = P::Map(&P::A, &P::B);
const ORDER: &[Overload] = &[
    global(&[P::Bool, P::Bool], P::Bool),
    global(&[P::Int, P::Int], P::Bool),
    global(&[P::Int, P::Double], P::Bool),
    global(&[P::Int, P::Uint], P::Bool),
    global(&[P::Uint, P::Uint], P::Bool),
    global(&[P::Uint, P::Double], P::Bool),
    global(&[P::Uint, P::Int], P::Bool),
    global(&[P::Double, P::Double], P::Bool),
    global(&[P::Double, P::Int], P::Bool),
    global(&[P::Double, P::Uint], P::Bool),
    global(&[P::Text, P::Text], P::Bool),
    global(&[P::Bytes, P::Bytes], P::Bool),
    global(&[P::Moment, P::Moment], P::Bool),
    global(&[P::Duration, P::Duration], P::Bool),
];
const NUMBERS: &[Overload] = &[
    global(&[P::Double, P::Double], P::Double),
    global(&[P::Int, P::Int], P::Int),
    global(&[P::Uint, P::Uint], P::Uint),
];
const EQUAL: &[Overload] = &[global(&[P::A, P::A], P::Bool)];

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "_==_",
        run: |args, meter| equal(args, meter, true),
        overloads: EQUAL,
    },
    Function {
        name: "_!=_",
        run: |args, meter| equal(args, meter, false),
        overloads: EQUAL,
    },
    Function {
        name: "_<_",
        run: |args, _| order(args, Ordering::is_lt),
        overloads: ORDER,
    },
    Function {
        name: "_<=_",
        run: |args, _| order(args, Ordering::is_le),
        overloads: ORDER,
    },
    Function {
        name: "_>_",
        run: |args, _| order(args, Ordering::is_gt),
        overloads: ORDER,
    },
    Function {
        name: "_>=_",
        run: |args, _| order(args, Ordering::is_ge),
        overloads: ORDER,
    },
    // Evaluated apart; these are here for their types.
    Function {
        name: "_?_:_",
        run: overload,
        overloads: &[global(&[P::Bool, P::A, P::A], P::A)],
    },
    Function {
        name: "_[_]",
        run: overload,
        overloads: &[
            global(&[LIST_A, P::Int], P::A),
            global(&[MAP_AB, P::A], P::B),
            global(&[P::Optional(&LIST_A), P::Int], P::Optional(&P::A)),
            global(&[P::Optional(&MAP_AB), P::A], P::Optional(&P::B)),
        ],
    },
    Function {
        name: "_[?_]",
        run: overload,
        overloads: &[
            global(&[LIST_A, P::Int], P::Optional(&P::A)),
            global(&[P::Optional(&LIST_A), P::Int], P::Optional(&P::A)),
            global(&[MAP_AB, P::A], P::Optional(&P::B)),
            global(&[P::Optional(&MAP_AB), P::A], P::Optional(&P::B)),
        ],
    },
    Function {
        name: "!_",
        run: not,
        overloads: &[global(&[P::Bool], P::Bool)],
    },
    Function {
        name: "-_",
        run: negate,
        overloads: &[global(&[P::Double], P::Double), global(&[P::Int], P::Int)],
    },
    Function {
        name: "_+_",
        run: add,
        overloads: &[
            global(&[P::Bytes, P::Bytes], P::Bytes),
            global(&[P::Double, P::Double], P::Double),
            global(&[P::Duration, P::Duration], P::Duration),
            global(&[P::Duration, P::Moment], P::Moment),
            global(&[P::Moment, P::Duration], P::Moment),
            global(&[P::Int, P::Int], P::Int),
            global(&[LIST_A, LIST_A], LIST_A),
            global(&[P::Text, P::Text], P::Text),
            global(&[P::Uint, P::Uint], P::Uint),
        ],
    },
    Function {
        name: "_-_",
        run: subtract,
        overloads: &[
            global(&[P::Double, P::Double], P::Double),
            global(&[P::Duration, P::Duration], P::Duration),
            global(&[P::Int, P::Int], P::Int),
            global(&[P::Moment, P::Duration], P::Moment),
            global(&[P::Moment, P::Moment], P::Duration),
            global(&[P::Uint, P::Uint], P::Uint),
        ],
    },
    Function {
        name: "_*_",
        run: multiply,
        overloads: NUMBERS,
    },
    Function {
        name: "_/_",
        run: divide,
        overloads: NUMBERS,
    },
    Function {
        name: "_%_",
        run: modulo,
        overloads: &[
            global(&[P::Int, P::Int], P::Int),
            global(&[P::Uint, P::Uint], P::Uint),
        ],
    },
    Function {
        name: "@in",
        run: contains,
        overloads: &[global(&[P::A, LIST_A], P::Bool), global(&[P::A, MAP_AB], P::Bool)],
    },
    Function {
        name: "size",
        run: size,
        overloads: &[
            global(&[P::Bytes], P::Int),
            member(&[P::Bytes], P::Int),
            global(&[LIST_A], P::Int),
            member(&[LIST_A], P::Int),
            global(&[MAP_AB], P::Int),
            member(&[MAP_AB], P::Int),
            global(&[P::Text], P::Int),
            member(&[P::Text], P::Int),
        ],
    },
    Function {
        name: "type",
        run: type_of,
        overloads: &[global(&[P::A], P::TypeOf(&P::A))],
    },
    Function {
        name: "dyn",
        run: same,
        overloads: &[global(&[P::A], P::Dyn)],
    },
];

/// A tenth of a size, which is what the API server counts for going through it once.
pub(super) fn tenth(size: usize) -> usize {
    size.div_ceil(10)
}

fn overload<'a>(_: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    Err(Fail::overload())
}

fn equal<'a>(args: &[Val<'a>], meter: &mut Meter<'_>, wanted: bool) -> Answer<'a> {
    let [a, b] = args else {
        return Err(Fail::overload());
    };
    meter.spend(tenth(weight(a).min(weight(b))))?;
    Ok(Val::Bool(a.equals(b)? == wanted))
}

fn weight(value: &Val<'_>) -> usize {
    match value {
        Val::Text(text) => text.len(),
        Val::Bytes(bytes) => bytes.len(),
        Val::List(list) => list.len(),
        Val::Map(map) => map.len(),
        _ => 1,
    }
}

fn order<'a>(args: &[Val<'a>], holds: fn(Ordering) -> bool) -> Answer<'a> {
    let [a, b] = args else {
        return Err(Fail::overload());
    };
    match a.compare(b)? {
        Some(order) => Ok(Val::Bool(holds(order))),
        None => Err(Fail::new("NaN values cannot be ordered")),
    }
}

fn not<'a>(args: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    match args {
        [Val::Bool(value)] => Ok(Val::Bool(!value)),
        _ => Err(Fail::overload()),
    }
}

/// A number that is too large for its type.
pub(super) fn overflow(kind: &str) -> Fail {
    Fail::new(format!("{kind} overflow"))
}

fn negate<'a>(args: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    match args {
        [Val::Int(value)] => value
            .checked_neg()
            .map(Val::Int)
            .ok_or_else(|| overflow("integer")),
        [Val::Double(value)] => Ok(Val::Double(-value)),
        _ => Err(Fail::overload()),
    }
}

fn shift(instant: &Moment, nanos: i64) -> Option<Moment> {
    let at = instant
        .at
        .checked_add(jiff::SignedDuration::from_nanos(nanos))
        .ok()?;
    in_range(Moment {
        at,
        offset: instant.offset,
    })
}

fn add<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    match args {
        [Val::Int(a), Val::Int(b)] => a.checked_add(*b).map(Val::Int).ok_or_else(|| overflow("integer")),
        [Val::Uint(a), Val::Uint(b)] => a
            .checked_add(*b)
            .map(Val::Uint)
            .ok_or_else(|| overflow("unsigned integer")),
        [Val::Double(a), Val::Double(b)] => Ok(Val::Double(a + b)),
        [Val::Text(a), Val::Text(b)] => {
            meter.spend(tenth(a.len() + b.len()))?;
            Ok(Val::text([&**a, &**b].concat()))
        }
        [Val::Bytes(a), Val::Bytes(b)] => {
            meter.spend(tenth(a.len() + b.len()))?;
            Ok(Val::Bytes([&**a, &**b].concat().into()))
        }
        [Val::List(a), Val::List(b)] => {
            meter.spend(a.len() + b.len())?;
            Ok(Val::List(a.plus(b)?))
        }
        [Val::Duration(a), Val::Duration(b)] => a
            .checked_add(*b)
            .map(Val::Duration)
            .ok_or_else(|| overflow("duration")),
        [Val::Moment(instant), Val::Duration(nanos)] | [Val::Duration(nanos), Val::Moment(instant)] => {
            shift(instant, *nanos)
                .map(Val::Moment)
                .ok_or_else(|| overflow("timestamp"))
        }
        _ => Err(Fail::overload()),
    }
}

fn subtract<'a>(args: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    match args {
        [Val::Int(a), Val::Int(b)] => a.checked_sub(*b).map(Val::Int).ok_or_else(|| overflow("integer")),
        [Val::Uint(a), Val::Uint(b)] => a
            .checked_sub(*b)
            .map(Val::Uint)
            .ok_or_else(|| overflow("unsigned integer")),
        [Val::Double(a), Val::Double(b)] => Ok(Val::Double(a - b)),
        [Val::Duration(a), Val::Duration(b)] => a
            .checked_sub(*b)
            .map(Val::Duration)
            .ok_or_else(|| overflow("duration")),
        [Val::Moment(instant), Val::Duration(nanos)] => nanos
            .checked_neg()
            .and_then(|nanos| shift(instant, nanos))
            .map(Val::Moment)
            .ok_or_else(|| overflow("timestamp")),
        [Val::Moment(a), Val::Moment(b)] => i64::try_from(a.at.as_nanosecond() - b.at.as_nanosecond())
            .map(Val::Duration)
            .map_err(|_| overflow("duration")),
        _ => Err(Fail::overload()),
    }
}

fn multiply<'a>(args: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    match args {
        [Val::Int(a), Val::Int(b)] => a.checked_mul(*b).map(Val::Int).ok_or_else(|| overflow("integer")),
        [Val::Uint(a), Val::Uint(b)] => a
            .checked_mul(*b)
            .map(Val::Uint)
            .ok_or_else(|| overflow("unsigned integer")),
        [Val::Double(a), Val::Double(b)] => Ok(Val::Double(a * b)),
        _ => Err(Fail::overload()),
    }
}

fn divide<'a>(args: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    match args {
        [Val::Int(_), Val::Int(0)] | [Val::Uint(_), Val::Uint(0)] => Err(Fail::new("division by zero")),
        [Val::Int(a), Val::Int(b)] => a.checked_div(*b).map(Val::Int).ok_or_else(|| overflow("integer")),
        [Val::Uint(a), Val::Uint(b)] => Ok(Val::Uint(a / b)),
        [Val::Double(a), Val::Double(b)] => Ok(Val::Double(a / b)),
        _ => Err(Fail::overload()),
    }
}

fn modulo<'a>(args: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    match args {
        [Val::Int(_), Val::Int(0)] | [Val::Uint(_), Val::Uint(0)] => Err(Fail::new("modulus by zero")),
        [Val::Int(a), Val::Int(b)] => a.checked_rem(*b).map(Val::Int).ok_or_else(|| overflow("integer")),
        [Val::Uint(a), Val::Uint(b)] => Ok(Val::Uint(a % b)),
        _ => Err(Fail::overload()),
    }
}

fn contains<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    match args {
        [value, Val::List(list)] => {
            meter.spend(list.len())?;
            Ok(Val::Bool(list.contains(value)?))
        }
        [key, Val::Map(map)] => Ok(Val::Bool(map.find(key).transpose()?.is_some())),
        _ => Err(Fail::overload()),
    }
}

fn size<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    Ok(Val::count(match args {
        [Val::Text(text)] => {
            meter.spend(tenth(text.len()))?;
            text.chars().count()
        }
        [Val::Bytes(bytes)] => bytes.len(),
        [Val::List(list)] => list.len(),
        [Val::Map(map)] => map.len(),
        _ => return Err(Fail::overload()),
    }))
}

fn type_of<'a>(args: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    let [value] = args else {
        return Err(Fail::overload());
    };
    Ok(Val::Type(value.kind()))
}

fn same<'a>(args: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    args.first().cloned().ok_or_else(Fail::overload)
}

/// A list of texts.
pub(super) fn texts<'a>(texts: impl Iterator<Item = String>) -> Val<'a> {
    Val::list(texts.map(Val::text).collect())
}

/// The map of these entries.
pub(super) fn made_map<'a>(entries: Vec<(Val<'a>, Val<'a>)>) -> Val<'a> {
    Val::Map(Map::Made(entries.into()))
}

/// The texts of a list.
pub(super) fn texts_of<'a>(list: &List<'a>) -> Result<Vec<Text<'a>>, Fail> {
    list.iter()
        .map(|item| match item? {
            Val::Text(text) => Ok(text),
            _ => Err(Fail::overload()),
        })
        .collect()
}

/// The name of the type of a value.
pub(super) fn kind_name(value: &Val<'_>) -> &'static str {
    let of: Type = value.kind();
    of.name()
}
