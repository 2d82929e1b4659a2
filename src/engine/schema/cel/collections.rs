//! Functions of lists and sets.

use std::cmp::Ordering;

use super::{
    Fail,
    eval::{made, sorted},
    table::{Function, Meter, Overload, P, global, member},
    value::{Answer, List, Val},
};

/// Most numbers of a range, and most items of a list that is made.
const MAX_ITEMS: usize = 1_000_000;

/// The function that sorts a list by the list of its keys; no rule can write its name.
pub(super) const SORT_BY: &str = "@sortByAssociatedKeys";

const LIST_A: P = P::List(&P::A);
const INTS: P = P::List(&P::Int);
const UINTS: P = P::List(&P::Uint);
const DOUBLES: P = P::List(&P::Double);
const BOOLS: P = P::List(&P::Bool);
const DURATIONS: P = P::List(&P::Duration);
const MOMENTS: P = P::List(&P::Moment);
const TEXTS: P = P::List(&P::Text);
const BYTES: P = P::List(&P::Bytes);
const EXTREME: &[Overload] = &[
    member(&[INTS], P::Int),
    member(&[UINTS], P::Uint),
    member(&[DOUBLES], P::Double),
    member(&[BOOLS], P::Bool),
    member(&[DURATIONS], P::Duration),
    member(&[MOMENTS], P::Moment),
    member(&[TEXTS], P::Text),
    member(&[BYTES], P::Bytes),
];
const FIND: &[Overload] = &[member(&[LIST_A, P::A], P::Int)];
const SETS: &[Overload] = &[global(&[LIST_A, LIST_A], P::Bool)];

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "isSorted",
        run: is_sorted,
        overloads: &[
            member(&[INTS], P::Bool),
            member(&[UINTS], P::Bool),
            member(&[DOUBLES], P::Bool),
            member(&[BOOLS], P::Bool),
            member(&[DURATIONS], P::Bool),
            member(&[MOMENTS], P::Bool),
            member(&[TEXTS], P::Bool),
            member(&[BYTES], P::Bool),
        ],
    },
    Function {
        name: "sum",
        run: sum,
        overloads: &[
            member(&[INTS], P::Int),
            member(&[UINTS], P::Uint),
            member(&[DOUBLES], P::Double),
            member(&[DURATIONS], P::Duration),
        ],
    },
    Function {
        name: "min",
        run: |args, meter| extreme(args, meter, Ordering::Greater),
        overloads: EXTREME,
    },
    Function {
        name: "max",
        run: |args, meter| extreme(args, meter, Ordering::Less),
        overloads: EXTREME,
    },
    Function {
        name: "indexOf",
        run: |args, meter| index_of(args, meter, false),
        overloads: FIND,
    },
    Function {
        name: "lastIndexOf",
        run: |args, meter| index_of(args, meter, true),
        overloads: FIND,
    },
    Function {
        name: "slice",
        run: slice,
        overloads: &[member(&[LIST_A, P::Int, P::Int], LIST_A)],
    },
    Function {
        name: "flatten",
        run: flatten,
        overloads: &[
            member(&[P::List(&P::List(&P::A))], LIST_A),
            member(&[P::List(&P::Dyn), P::Int], P::List(&P::Dyn)),
        ],
    },
    Function {
        name: "sort",
        run: sort,
        overloads: &[
            member(&[INTS], INTS),
            member(&[UINTS], UINTS),
            member(&[DOUBLES], DOUBLES),
            member(&[BOOLS], BOOLS),
            member(&[DURATIONS], DURATIONS),
            member(&[MOMENTS], MOMENTS),
            member(&[TEXTS], TEXTS),
            member(&[BYTES], BYTES),
        ],
    },
    // What `sortBy` ends in; evaluated apart.
    Function {
        name: SORT_BY,
        run: |_, _| Err(Fail::overload()),
        overloads: &[
            member(&[LIST_A, INTS], LIST_A),
            member(&[LIST_A, UINTS], LIST_A),
            member(&[LIST_A, DOUBLES], LIST_A),
            member(&[LIST_A, BOOLS], LIST_A),
            member(&[LIST_A, DURATIONS], LIST_A),
            member(&[LIST_A, MOMENTS], LIST_A),
            member(&[LIST_A, TEXTS], LIST_A),
            member(&[LIST_A, BYTES], LIST_A),
        ],
    },
    Function {
        name: "lists.range",
        run: range,
        overloads: &[global(&[P::Int], INTS)],
    },
    Function {
        name: "reverse",
        run: reverse,
        overloads: &[member(&[LIST_A], LIST_A)],
    },
    Function {
        name: "distinct",
        run: distinct,
        overloads: &[member(&[LIST_A], LIST_A)],
    },
    Function {
        name: "sets.contains",
        run: set_contains,
        overloads: SETS,
    },
    Function {
        name: "sets.equivalent",
        run: set_equivalent,
        overloads: SETS,
    },
    Function {
        name: "sets.intersects",
        run: set_intersects,
        overloads: SETS,
    },
];

/// The items of the only argument.
fn items<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Result<Vec<Val<'a>>, Fail> {
    let [Val::List(list)] = args else {
        return Err(Fail::overload());
    };
    meter.spend(list.len())?;
    list.iter().collect()
}

fn is_sorted<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    for pair in items(args, meter)?.windows(2) {
        if let [a, b] = pair
            && a.compare(b)? == Some(Ordering::Greater)
        {
            return Ok(Val::Bool(false));
        }
    }
    Ok(Val::Bool(true))
}

fn sum<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    let overflow = || Fail::new("integer overflow");
    let mut total: Option<Val<'a>> = None;
    for item in items(args, meter)? {
        total = Some(match (total, item) {
            (None, item) => item,
            (Some(Val::Int(a)), Val::Int(b)) => Val::Int(a.checked_add(b).ok_or_else(overflow)?),
            (Some(Val::Uint(a)), Val::Uint(b)) => Val::Uint(a.checked_add(b).ok_or_else(overflow)?),
            (Some(Val::Double(a)), Val::Double(b)) => Val::Double(a + b),
            (Some(Val::Duration(a)), Val::Duration(b)) => {
                Val::Duration(a.checked_add(b).ok_or_else(overflow)?)
            }
            _ => return Err(Fail::overload()),
        });
    }
    // The sum of nothing is the zero of integers whatever the list is of; it equals that of other numbers.
    Ok(total.unwrap_or(Val::Int(0)))
}

fn extreme<'a>(args: &[Val<'a>], meter: &mut Meter<'_>, worse: Ordering) -> Answer<'a> {
    let mut best: Option<Val<'a>> = None;
    for item in items(args, meter)? {
        best = Some(match best {
            Some(best) if best.compare(&item)? != Some(worse) => best,
            _ => item,
        });
    }
    let name = if worse == Ordering::Greater { "min" } else { "max" };
    best.ok_or_else(|| Fail::new(format!("{name} called on empty list")))
}

fn index_of<'a>(args: &[Val<'a>], meter: &mut Meter<'_>, last: bool) -> Answer<'a> {
    let [Val::List(list), wanted] = args else {
        return Err(Fail::overload());
    };
    meter.spend(list.len())?;
    let mut found = -1;
    for (at, item) in list.iter().enumerate() {
        if item?.equals(wanted).unwrap_or(false) {
            found = i64::try_from(at).unwrap_or(i64::MAX);
            if !last {
                break;
            }
        }
    }
    Ok(Val::Int(found))
}

fn slice<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    let [Val::List(list), Val::Int(start), Val::Int(end)] = args else {
        return Err(Fail::overload());
    };
    let refuse = |why: String| Err(Fail::new(format!("cannot slice({start}, {end}), {why}")));
    let (Ok(from), Ok(to)) = (usize::try_from(*start), usize::try_from(*end)) else {
        return refuse("negative indexes not supported".to_owned());
    };
    if from > to {
        return refuse("start index must be less than or equal to end index".to_owned());
    }
    if list.len() < to {
        return refuse(format!("list is length {}", list.len()));
    }
    meter.spend(to - from)?;
    let items: Result<Vec<_>, _> = (from..to).filter_map(|at| list.get(at)).collect();
    Ok(Val::list(items?))
}

fn flatten<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    let (list, depth) = match args {
        [Val::List(list)] => (list, 1),
        [Val::List(list), Val::Int(depth)] => (list, *depth),
        _ => return Err(Fail::overload()),
    };
    if depth < 0 {
        return Err(Fail::new("level must be non-negative"));
    }
    let mut out = Vec::new();
    flat(list, depth, meter, &mut out)?;
    Ok(Val::list(out))
}

fn flat<'a>(list: &List<'a>, depth: i64, meter: &mut Meter<'_>, out: &mut Vec<Val<'a>>) -> Result<(), Fail> {
    for item in list.iter() {
        meter.spend(1)?;
        match item? {
            Val::List(inner) if depth > 0 => flat(&inner, depth - 1, meter, out)?,
            item => out.push(item),
        }
    }
    Ok(())
}

fn sort<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    let items = items(args, meter)?;
    meter.spend(items.len().saturating_mul(16))?;
    sorted(items.into_iter().map(|item| (item.clone(), item)).collect())
}

fn range<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    let [Val::Int(count)] = args else {
        return Err(Fail::overload());
    };
    let size = usize::try_from((*count).max(0)).unwrap_or(usize::MAX);
    meter.spend(size)?;
    if size > MAX_ITEMS {
        return Err(Fail::cost());
    }
    Ok(Val::list((0..*count).map(Val::Int).collect()))
}

fn reverse<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    let mut items = items(args, meter)?;
    items.reverse();
    Ok(Val::list(items))
}

fn distinct<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    let mut kept: Vec<Val<'a>> = Vec::new();
    for item in items(args, meter)? {
        meter.spend(kept.len())?;
        if !kept.iter().any(|other| other.equals(&item).unwrap_or(false)) {
            kept.push(item);
        }
    }
    Ok(Val::list(kept))
}

fn two<'v, 'a>(args: &'v [Val<'a>], meter: &mut Meter<'_>) -> Result<(&'v List<'a>, &'v List<'a>), Fail> {
    let [Val::List(a), Val::List(b)] = args else {
        return Err(Fail::overload());
    };
    meter.spend(a.len().saturating_mul(b.len()))?;
    Ok((a, b))
}

fn holds_all<'a>(list: &List<'a>, part: &List<'a>) -> Result<bool, Fail> {
    for item in part.iter() {
        if !list.contains(&item?).unwrap_or(false) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn set_contains<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    let (list, part) = two(args, meter)?;
    Ok(Val::Bool(holds_all(list, part)?))
}

fn set_equivalent<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    let (a, b) = two(args, meter)?;
    Ok(Val::Bool(holds_all(a, b)? && holds_all(b, a)?))
}

fn set_intersects<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    let (a, b) = two(args, meter)?;
    let a = made(a.iter().collect::<Result<_, _>>()?);
    for item in b.iter() {
        if a.contains(&item?).unwrap_or(false) {
            return Ok(Val::Bool(true));
        }
    }
    Ok(Val::Bool(false))
}
