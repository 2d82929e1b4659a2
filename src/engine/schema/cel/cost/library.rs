//! What the functions of Kubernetes' libraries cost. Source: k8s.io/apiserver/pkg/cel/library/cost.go of Kubernetes 1.34,
//! and cel-go v0.26, ext/sets.go and ext/lists.go.

use super::{
    Estimator, LIST,
    calls::{Arguments, CALL, Call},
    path::ITEMS,
    size::{REGEX, Size, TEXT, ratio, scale},
};
use crate::engine::schema::cel::{
    table::{Overload, P},
    types::Type,
};

/// Longest regular expression of a named format.
const FORMAT_REGEX: f64 = 128.0; // characters
/// Largest named format.
const FORMAT: u64 = 64; // characters
/// The bytes of an address.
const ADDRESS: Size = Size { min: 4, max: 16 };

/// What a call of a library costs; `None` where it costs what any call does.
pub(super) fn call(
    estimator: &Estimator<'_, '_>,
    name: &str,
    overload: &Overload,
    call: &Arguments<'_, '_>,
) -> Option<Call> {
    let (target, first) = (call.target_size(), call.size(0));
    Some(match name {
        "sets.contains" | "sets.intersects" => of_sets(call, 1.0),
        "sets.equivalent" => of_sets(call, 2.0),
        "slice" | "lists.range" | "reverse" | "flatten" | "distinct" | "sort" => {
            of_lists(name, overload, call)
        }
        "isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf" => Call::of(estimator.passes(call)),
        "url" => Call::with_size(first.cost(TEXT), first),
        "lowerAscii" | "upperAscii" | "substring" | "trim" => Call::with_size(target.cost(TEXT), target),
        "replace" => Call::with_size(target.cost(2.0 * TEXT), replaced(target, first, call.size(1))),
        "split" => {
            let most = call.arg(1).and_then(|arg| arg.whole());
            let max = most.map_or(target.max, i64::cast_unsigned);
            Call::with_size(target.cost(2.0 * TEXT), Size::up_to(max))
        }
        "join" => {
            let size = estimator.joined(call);
            Call::with_size(size.cost(TEXT), size)
        }
        "find" | "findAll" => {
            let text = target.plus(Size::fixed(1)).cost(TEXT);
            Call::with_size(text.saturating_mul(first.cost(REGEX)), Size::up_to(target.max))
        }
        "ip" if overload.member => return None,
        "ip" | "isIP" | "cidr" | "isCIDR" | "quantity" | "isQuantity" | "semver" | "isSemver" => {
            Call::of(first.cost(TEXT))
        }
        "ip.isCanonical" => Call::of(first.cost(2.0 * TEXT)),
        "containsIP" | "containsCIDR" => Call::of(contained(name, overload, first)),
        "validate" => Call::of(scale(first.cost(TEXT), FORMAT_REGEX * REGEX)),
        "_==_" => Call::of(equal(call)?),
        _ => return None,
    })
}

impl Estimator<'_, '_> {
    /// Going once through the items of a list, or the characters of a text.
    fn passes(&self, call: &Arguments<'_, '_>) -> u64 {
        let size = call.target_size();
        match call.target.map(|target| target.of) {
            Some(Type::List(item)) => {
                let reading = match item.as_ref() {
                    Type::Text | Type::Bytes => self.item(call).cost(TEXT),
                    _ => 0,
                };
                size.max.saturating_mul(reading.saturating_add(1))
            }
            _ => size.cost(TEXT),
        }
    }

    /// The size of the items of the list before the dot, by what the schema declares.
    fn item(&self, call: &Arguments<'_, '_>) -> Size {
        let path = call.target.map(|target| self.path(target)).unwrap_or_default();
        self.declared_at(path, Some(ITEMS)).unwrap_or(Size::UNKNOWN)
    }

    /// The size of the text that the items of a list become.
    fn joined(&self, call: &Arguments<'_, '_>) -> Size {
        let list = call.target_size();
        let items = match call.target.map(|target| target.of) {
            Some(Type::List(_)) => list.times(self.item(call)),
            _ => Size::fixed(0),
        };
        let Some(separator) = call.arg(0) else {
            return items;
        };
        let between = Size {
            min: list.min.saturating_sub(1),
            max: list.max.saturating_sub(1),
        };
        items.plus(separator.known().times(between))
    }
}

/// Every item of one list against every item of the other.
fn of_sets(call: &Arguments<'_, '_>, factor: f64) -> Call {
    let pairs = call.size(0).times(call.size(1));
    Call::of(pairs.cost(factor).saturating_add(CALL))
}

/// Functions that make a new list.
fn of_lists(name: &str, overload: &Overload, call: &Arguments<'_, '_>) -> Call {
    let list = call.target_size();
    let whole = |at: usize| {
        let value = call.arg(at)?.whole()?;
        Some(u64::try_from(value).unwrap_or_default())
    };
    let (size, factor) = match name {
        "slice" => {
            let (start, end) = (whole(0).unwrap_or_default(), whole(1).unwrap_or(list.max));
            (Size::fixed(end.wrapping_sub(start)), 1.0)
        }
        "lists.range" => (Size::fixed(whole(0).unwrap_or(u64::MAX)), 1.0),
        "flatten" if call.args.len() == 1 => (list, depth(whole(0).unwrap_or(u64::MAX))),
        "distinct" => (list.times(list), 2.0),
        "sort" => match overload.params {
            [P::List(P::Text | P::Bytes)] => (list.times(list), 2.0 + TEXT),
            _ => (list.times(list), 2.0),
        },
        _ => (list, 1.0),
    };
    Call::with_size(size.cost(factor).saturating_add(CALL + LIST), size)
}

#[expect(clippy::cast_precision_loss, reason = "the API server rounds in the same way")]
const fn depth(levels: u64) -> f64 {
    levels as f64
}

/// The size of a text of which parts of one size were replaced by others.
fn replaced(text: Size, old: Size, new: Size) -> Size {
    // How often a part is replaced, and how much of the text stays.
    let (most, kept) = if old.min == 0 {
        // The new part is put around every character.
        (text.max.saturating_add(1), text.max)
    } else if new.max <= old.min {
        (0, text.max)
    } else {
        (ratio(text.max, old.min), 0)
    };
    let (least, left) = if old.max == 0 {
        (text.min.saturating_add(1), text.min)
    } else if old.max <= new.min {
        (0, text.min)
    } else {
        (ratio(text.min, old.max), 0)
    };
    let count = Size {
        min: least,
        max: most,
    };
    count.times(new).plus(Size { min: left, max: kept })
}

/// Whether an address or a network lies in a network: both are read, and one is made of a text where it is one.
fn contained(name: &str, overload: &Overload, other: Size) -> u64 {
    let mut cost = ADDRESS.plus(ADDRESS).cost(TEXT);
    if name == "containsCIDR" {
        cost = cost.saturating_add(ADDRESS.cost(TEXT)).saturating_add(CALL);
    }
    if matches!(overload.params, [_, P::Text]) {
        cost = cost.saturating_add(other.cost(TEXT));
    }
    cost
}

/// Whether two values of a type of Kubernetes are equal.
fn equal(call: &Arguments<'_, '_>) -> Option<u64> {
    let (left, right) = (call.arg(0)?, call.arg(1)?);
    match (left.of, right.of) {
        (Type::Opaque(a), Type::Opaque(b)) if a == b => Some(match *a {
            "kubernetes.NamedFormat" => scale(FORMAT, TEXT),
            "kubernetes.URL" => right.size.unwrap_or(Size::fixed(1)).cost(TEXT),
            _ => CALL,
        }),
        _ => None,
    }
}
