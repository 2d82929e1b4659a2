//! Values against their schema, in the order and the words of the API server.
//!
//! Source: k8s.io/kube-openapi/pkg/validation/validate and k8s.io/apiextensions-apiserver/pkg/apiserver/validation
//! of Kubernetes 1.34, quirks included: a string stops at its first fault, limits of integers are cut to integers,
//! an enum compares after conversion, of failed alternatives the one that came furthest is explained.

use serde_json::{Map, Number, Value};

use super::{
    past::Pair,
    refusal::{Path, Reason, Refusal, Shown},
    structural::{Additional, Limits, Node, NodeId, Schema, Type},
};

/// What one node found: the refusals, and how many checks ran, by which alternatives are compared.
#[derive(Default)]
struct Found {
    refusals: Vec<Refusal>,
    ran: usize,
}

impl Found {
    fn add(&mut self, refusal: Refusal) {
        let same = |other: &Refusal| other.pointer == refusal.pointer && other.detail == refusal.detail;
        if !self.refusals.iter().any(same) {
            self.refusals.push(refusal);
        }
    }

    fn merge(&mut self, other: Self) {
        self.ran += other.ran;
        other.refusals.into_iter().for_each(|refusal| self.add(refusal));
    }
}

/// Where `value` does not fit the root of the schema. What is as it was in `old` is no fault.
pub(super) fn check(schema: &Schema, value: &Value, old: Option<&Value>) -> Vec<Refusal> {
    let past = old.map(|old| Pair::root(schema, value, old));
    changed(schema, 0, (value, past), &Path::Root).refusals
}

/// Where `value` does not fit the node.
pub(super) fn check_at(schema: &Schema, id: NodeId, value: &Value) -> Vec<Refusal> {
    walk(schema, id, (value, None), &Path::Root).refusals
}

/// A value, together with what stood in its place before.
type Update<'a> = (&'a Value, Option<Pair<'a>>);

fn changed(schema: &Schema, id: NodeId, update: Update<'_>, path: &Path<'_>) -> Found {
    let mut found = walk(schema, id, update, path);
    if !found.refusals.is_empty() && update.1.is_some_and(|past| past.unchanged()) {
        found.refusals.clear();
    }
    found
}

fn walk(schema: &Schema, id: NodeId, (value, past): Update<'_>, path: &Path<'_>) -> Found {
    let node = schema.node(id);
    let mut found = Found::default();
    type_of(node, value, path, &mut found);
    if value.is_null() {
        found.ran += 1;
        one_of_values(&node.limits, value, path, &mut found);
        return found;
    }
    junctors(schema, node, value, path, &mut found);
    match value {
        Value::String(text) => {
            if let Some(refusal) = string(&node.limits, text, path) {
                found.add(refusal);
            }
            if node.limits.format.is_some_and(|format| !format.holds(text)) {
                let detail = format!("must be of type {}: {text:?}", node.limits.format_name);
                let shown = Shown::Text(text.clone());
                let help = "see the format of this field in kubectl explain";
                found.add(Refusal::new(path, Reason::TypeInvalid, shown, detail).help(help));
            }
            found.ran += 1;
        }
        Value::Number(number) => {
            range(&node.limits, number, value, path, &mut found);
            found.ran += 1;
        }
        Value::Array(items) => list(schema, node, (items, past), path, &mut found),
        Value::Object(fields) => object(schema, node, (fields, past), path, &mut found),
        Value::Bool(_) | Value::Null => {}
    }
    one_of_values(&node.limits, value, path, &mut found);
    found.ran += 3;
    found
}

/// The type of a value as the API server names it.
fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.as_i64().is_some() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn type_of(node: &Node, value: &Value, path: &Path<'_>, found: &mut Found) {
    found.ran += 1;
    let wanted: &[Type] = match (&node.kind, node.int_or_string) {
        (_, true) => &[Type::Integer, Type::String],
        (Some(kind), false) => std::slice::from_ref(kind),
        (None, false) => &[],
    };
    let named = !node.limits.format_name.is_empty();
    if wanted.is_empty() && !named {
        return;
    }
    let name = name_of(value);
    let contains = |kind: Type| wanted.contains(&kind);
    let whole = value
        .as_f64()
        .is_some_and(|number| number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_991.0);
    let fits = wanted.iter().any(|kind| kind.as_str() == name)
        || (name == "number" && whole && contains(Type::Integer))
        || (name == "integer" && contains(Type::Number));
    let text_or_list = matches!(value, Value::String(_) | Value::Array(_));
    let expected = if value.is_null() {
        if wanted.is_empty() || node.nullable {
            None
        } else {
            Some(join(wanted))
        }
    } else if named && !text_or_list && !fits {
        Some(node.limits.format_name.clone())
    } else if named && text_or_list && !contains(Type::Number) && !contains(Type::Integer) {
        None
    } else {
        (!fits).then(|| join(wanted))
    };
    if let Some(expected) = expected {
        let shown = if named && !text_or_list && !value.is_null() {
            ""
        } else {
            name
        };
        let detail = format!("must be of type {expected}: {shown:?}");
        let shown = Shown::Other(format!("{shown:?}"));
        found.add(Refusal::new(path, Reason::TypeInvalid, shown, detail).help("write it in that type"));
    }
}

fn join(kinds: &[Type]) -> String {
    kinds
        .iter()
        .map(|kind| kind.as_str())
        .collect::<Vec<_>>()
        .join(",")
}

/// `anyOf`, `oneOf`, `allOf` and `not`. What stands in them is judged as if it were new.
fn junctors(schema: &Schema, node: &Node, value: &Value, path: &Path<'_>, found: &mut Found) {
    // The API server names no field for these; the sentence has the path.
    let say = |found: &mut Found, what: &str| {
        let field = crate::engine::pointer::field_path(&path.pointer());
        let detail = format!("{field:?} {what}");
        found.add(
            Refusal::new(path, Reason::Invalid, Shown::Nothing, detail)
                .help("see the alternatives of this field in kubectl explain"),
        );
    };
    if !node.any_of.is_empty() {
        let mut best: Option<Found> = None;
        let mut good = None;
        for id in &node.any_of {
            let one = walk(schema, *id, (value, None), path);
            if one.refusals.is_empty() {
                good = Some(one);
                break;
            }
            if best.as_ref().is_none_or(|best| one.ran > best.ran) {
                best = Some(one);
            }
        }
        if good.is_none() {
            say(found, "must validate at least one schema (anyOf)");
        }
        good.or(best).into_iter().for_each(|one| found.merge(one));
    }
    if !node.one_of.is_empty() {
        let (mut best, mut first, mut good): (Option<Found>, Option<Found>, usize) = (None, None, 0);
        for id in &node.one_of {
            let one = walk(schema, *id, (value, None), path);
            if one.refusals.is_empty() {
                good += 1;
                best = None;
                first = first.or(Some(one));
            } else if good == 0 && best.as_ref().is_none_or(|best| one.ran > best.ran) {
                best = Some(one);
            }
        }
        match good {
            0 => say(
                found,
                "must validate one and only one schema (oneOf). Found none valid",
            ),
            1 => {}
            many => {
                let found_many = format!("Found {many} valid alternatives");
                say(
                    found,
                    &format!("must validate one and only one schema (oneOf). {found_many}"),
                );
            }
        }
        let kept = if good == 1 { first } else { best };
        kept.into_iter().for_each(|one| found.merge(one));
    }
    let mut good = 0;
    for id in &node.all_of {
        let one = walk(schema, *id, (value, None), path);
        good += usize::from(one.refusals.is_empty());
        found.merge(one);
    }
    if good != node.all_of.len() {
        let none = if good == 0 { ". None validated" } else { "" };
        say(found, &format!("must validate all the schemas (allOf){none}"));
    }
    if node
        .not
        .is_some_and(|id| walk(schema, id, (value, None), path).refusals.is_empty())
    {
        say(found, "must not validate the schema (not)");
    }
    found.ran += 1;
}

fn string(limits: &Limits, text: &str, path: &Path<'_>) -> Option<Refusal> {
    let length = || i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let shown = || Shown::Text(text.to_owned());
    if let Some(most) = limits.max_length.filter(|most| length() > *most) {
        let detail = format!(
            "may not be more than {most} {}",
            if most == 1 { "byte" } else { "bytes" }
        );
        return Some(Refusal::new(path, Reason::TooLong, Shown::Nothing, detail).help("shorten it"));
    }
    if let Some(least) = limits.min_length.filter(|least| length() < *least) {
        let detail = format!("should be at least {least} chars long");
        return Some(
            Refusal::new(path, Reason::Invalid, shown(), detail).help("set it, or leave the field out"),
        );
    }
    let pattern = limits.pattern.as_ref()?;
    let detail = match pattern.regex() {
        Ok(regex) if regex.is_match(text) => return None,
        Ok(_) => format!("should match '{}'", pattern.source),
        Err(error) => format!(
            "should match '{}, but pattern is invalid: {error}'",
            pattern.source
        ),
    };
    Some(Refusal::new(path, Reason::Invalid, shown(), detail).help("change it to match"))
}

/// An integer as it is, any other number as a float.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the API server cuts limits of integers"
)]
fn range(limits: &Limits, number: &Number, value: &Value, path: &Path<'_>, found: &mut Found) {
    let whole = number.as_i64();
    let float = number.as_f64().unwrap_or_default();
    let mut say = |detail: String, help| {
        found.add(Refusal::new(path, Reason::Invalid, Shown::of(value), detail).help(help));
    };
    if let Some(factor) = limits.multiple_of {
        let positive = whole.map_or(factor > 0.0, |_| factor as i64 > 0);
        let multiple = match whole {
            Some(whole) => positive && whole % (factor as i64) == 0,
            None => is_whole(if factor < 1.0 {
                1.0 / factor * float
            } else {
                float / factor
            }),
        };
        if !positive {
            let field = crate::engine::pointer::field_path(&path.pointer());
            say(
                format!(
                    "factor MultipleOf declared for {field} must be positive: {}",
                    float_text(factor)
                ),
                "mend the schema",
            );
        } else if !multiple {
            say(
                format!("should be a multiple of {}", float_text(factor)),
                "change it to a multiple",
            );
        }
    }
    if let Some(least) = limits.minimum {
        let (low, limit) = match whole {
            Some(whole) => (whole.cmp(&(least as i64)), (least as i64).to_string()),
            None => (float.total_cmp(&least), float_text(least)),
        };
        if low.is_lt() || (limits.exclusive_minimum && low.is_eq()) {
            let or = if limits.exclusive_minimum {
                ""
            } else {
                " or equal to"
            };
            say(format!("should be greater than{or} {limit}"), "raise it");
        }
    }
    if let Some(most) = limits.maximum {
        let (high, limit) = match whole {
            Some(whole) => (whole.cmp(&(most as i64)), (most as i64).to_string()),
            None => (float.total_cmp(&most), float_text(most)),
        };
        if high.is_gt() || (limits.exclusive_maximum && high.is_eq()) {
            let or = if limits.exclusive_maximum {
                ""
            } else {
                " or equal to"
            };
            say(format!("should be less than{or} {limit}"), "lower it");
        }
    }
}

/// As Go prints a float by `%v`.
pub(super) fn float_text(value: f64) -> String {
    let text = format!("{value:e}");
    match text
        .split_once('e')
        .map(|(digits, power)| (digits, power.parse::<i32>().unwrap_or_default()))
    {
        Some((digits, power)) if !(-4..6).contains(&power) => {
            format!("{digits}e{}{:02}", if power < 0 { '-' } else { '+' }, power.abs())
        }
        _ => value.to_string(),
    }
}

/// Whether a float is a whole number, as swag.IsFloat64AJSONInteger has it.
fn is_whole(value: f64) -> bool {
    const EPSILON: f64 = 1e-9;
    if !value.is_finite() || value.abs() > 9_007_199_254_740_991.0 {
        return false;
    }
    let nearest = value.trunc();
    let difference = (value - nearest).abs();
    value == nearest || difference < EPSILON * (value.abs() + nearest.abs()).min(f64::MAX)
}

fn one_of_values(limits: &Limits, value: &Value, path: &Path<'_>, found: &mut Found) {
    if limits.values.is_empty() || limits.values.iter().any(|other| converts_to(value, other)) {
        return;
    }
    let values: Vec<_> = limits
        .values
        .iter()
        .map(|value| {
            value
                .as_str()
                .map_or_else(|| format!("{:?}", value.to_string()), |text| format!("{text:?}"))
        })
        .collect();
    let detail = format!("supported values: {}", values.join(", "));
    found.add(
        Refusal::new(path, Reason::NotSupported, Shown::of(value), detail)
            .help("use one of the supported values"),
    );
}

/// Whether `value`, converted to the type of `other` as Go converts, equals it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "Go's conversions"
)]
fn converts_to(value: &Value, other: &Value) -> bool {
    match (value, other) {
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a == b,
            (None, Some(b)) => a.as_f64().is_some_and(|a| a as i64 == b),
            (Some(a), None) => b.as_f64() == Some(a as f64),
            (None, None) => a.as_f64() == b.as_f64(),
        },
        // An integer becomes the character of that code.
        (Value::Number(a), Value::String(b)) => {
            let c = a.as_i64().map(|a| {
                u32::try_from(a)
                    .ok()
                    .and_then(char::from_u32)
                    .unwrap_or('\u{fffd}')
            });
            c.is_some_and(|c| b.chars().eq([c]))
        }
        (Value::Null, _) => false,
        (a, b) => a == b,
    }
}

fn list(
    schema: &Schema,
    node: &Node,
    (items, past): (&[Value], Option<Pair<'_>>),
    path: &Path<'_>,
    found: &mut Found,
) {
    if let Some(id) = node.items {
        let before = past.map(|past| past.items());
        for (at, item) in items.iter().enumerate() {
            let past = before.as_ref().and_then(|before| before.at(at));
            found.merge(changed(schema, id, (item, past), &Path::Index(path, at)));
        }
    }
    let size = i64::try_from(items.len()).unwrap_or(i64::MAX);
    if let Some(least) = node.limits.min_items.filter(|least| size < *least) {
        let detail = format!("should have at least {least} items");
        let shown = Shown::Other(size.to_string());
        found.add(Refusal::new(path, Reason::Invalid, shown, detail).help("add some"));
    }
    if let Some(most) = node.limits.max_items.filter(|most| size > *most) {
        found.add(too_many(path, size, most));
    }
    if node.limits.unique_items && (1..items.len()).any(|at| items[..at].contains(&items[at])) {
        let detail = "shouldn't contain duplicates";
        found.add(
            Refusal::new(path, Reason::Invalid, Shown::Nothing, detail).help("remove what is there twice"),
        );
    }
    found.ran += 2;
}

fn too_many(path: &Path<'_>, size: i64, most: i64) -> Refusal {
    let detail = format!(
        "must have at most {most} {}",
        if most == 1 { "item" } else { "items" }
    );
    Refusal::new(path, Reason::TooMany, Shown::Other(size.to_string()), detail)
        .help("remove some, or spread them over several objects")
}

fn object(
    schema: &Schema,
    node: &Node,
    (fields, past): (&Map<String, Value>, Option<Pair<'_>>),
    path: &Path<'_>,
    found: &mut Found,
) {
    let size = i64::try_from(fields.len()).unwrap_or(i64::MAX);
    if let Some(least) = node.limits.min_properties.filter(|least| size < *least) {
        let detail = format!("should have at least {least} properties");
        let shown = Shown::Other(size.to_string());
        found.add(Refusal::new(path, Reason::Invalid, shown, detail).help("set one, or leave the whole out"));
    }
    if let Some(most) = node.limits.max_properties.filter(|most| size > *most) {
        found.add(too_many(path, size, most));
    }
    for (key, value) in fields {
        let place = Path::Key(path, key);
        let update = (value, past.and_then(|past| past.field(key)));
        match (node.properties.get(key), node.additional) {
            (Some(id), _) => found.merge(changed(schema, *id, update, &place)),
            (None, Additional::Values(id)) => found.merge(changed(schema, id, update, &place)),
            (None, Additional::Any(false)) => {
                let detail = format!("{key} is a forbidden property");
                found.add(
                    Refusal::new(path, Reason::Invalid, Shown::Text(key.clone()), detail).help("remove it"),
                );
            }
            _ => {}
        }
    }
    for name in node
        .limits
        .required
        .iter()
        .filter(|name| !fields.contains_key(*name))
    {
        found.add(Refusal::new(&Path::Key(path, name), Reason::Required, Shown::Nothing, "").help("set it"));
    }
    found.ran += 1;
}
