//! `format`, which fills a text with values.

use super::{
    Fail,
    convert::display,
    standard::{kind_name, tenth},
    table::Meter,
    value::{Answer, List, Map, Val},
};

/// Digits behind the point where none are asked for.
const DIGITS: usize = 6;
/// Most digits behind the point.
const MAX_DIGITS: usize = 1000;

pub(super) fn format<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    let [Val::Text(text), Val::List(values)] = args else {
        return Err(Fail::overload());
    };
    let mut out = String::with_capacity(text.len());
    let mut next = 0;
    let mut rest = &**text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let Some(value) = values.get(next) else {
            return Err(Fail::new(format!("index {next} out of range")));
        };
        next += 1;
        let (digits, after) = precision(rest)?;
        let clause = after
            .chars()
            .next()
            .ok_or_else(|| Fail::new("unexpected end of string"))?;
        rest = &after[clause.len_utf8()..];
        let before = out.len();
        fill(&mut out, clause, digits, &value?)
            .map_err(|reason| Fail::new(format!("error during formatting: {reason}")))?;
        meter.spend(tenth(out.len() - before))?;
    }
    out.push_str(rest);
    meter.spend(tenth(out.len()))?;
    Ok(Val::text(out))
}

/// Whether a literal format goes with so many values.
///
/// # Errors
/// Why it does not.
pub(super) fn judge(text: &str, values: usize) -> Result<(), String> {
    let mut used = 0;
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            rest = after;
            continue;
        }
        if used == values {
            return Err(format!("index {used} out of range"));
        }
        used += 1;
        let (_, after) = precision(rest).map_err(|fail| fail.message)?;
        match after.chars().next() {
            Some('s' | 'd' | 'f' | 'e' | 'b' | 'x' | 'X' | 'o') => rest = &after[1..],
            Some(other) => return Err(format!("unrecognized formatting clause \"{other}\"")),
            None => return Err("unexpected end of string".to_owned()),
        }
    }
    if used < values {
        return Err(format!(
            "too many arguments supplied to string.format (expected {used}, got {values})"
        ));
    }
    Ok(())
}

/// `.3` at the head of `text`.
fn precision(text: &str) -> Result<(Option<usize>, &str), Fail> {
    let Some(after) = text.strip_prefix('.') else {
        return Ok((None, text));
    };
    let length = after.bytes().take_while(u8::is_ascii_digit).count();
    let digits = after[..length]
        .parse()
        .ok()
        .filter(|digits| *digits <= MAX_DIGITS);
    match digits {
        Some(digits) => Ok((Some(digits), &after[length..])),
        None => Err(Fail::new(
            "could not parse formatting clause: error while parsing precision",
        )),
    }
}

fn fill(out: &mut String, clause: char, digits: Option<usize>, value: &Val<'_>) -> Result<(), String> {
    let places = digits.unwrap_or(DIGITS);
    let wrong = |what: &str| {
        Err(format!(
            "{what} clause can only be used on other values, was given {}",
            kind_name(value)
        ))
    };
    let special = |value: &Val<'_>| match value {
        Val::Double(number) => Some(*number),
        Val::Text(text) => match &**text {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    };
    let text = match (clause, value) {
        ('s', value) => shown(value)?,
        ('d', Val::Int(_) | Val::Uint(_)) => display(value),
        ('d', _) => return wrong("decimal"),
        ('f' | 'e', value) => match special(value) {
            Some(number) if !number.is_finite() => odd(number),
            Some(number) if clause == 'f' => format!("{number:.places$}"),
            Some(number) => scientific(number, places),
            None => {
                return wrong(if clause == 'f' {
                    "fixed-point"
                } else {
                    "scientific"
                });
            }
        },
        ('b', Val::Int(number)) => signed(*number, |number| format!("{number:b}")),
        ('b', Val::Uint(number)) => format!("{number:b}"),
        ('b', Val::Bool(flag)) => u8::from(*flag).to_string(),
        ('b', _) => return wrong("binary"),
        ('o', Val::Int(number)) => signed(*number, |number| format!("{number:o}")),
        ('o', Val::Uint(number)) => format!("{number:o}"),
        ('o', _) => return wrong("octal"),
        ('x' | 'X', value) => {
            let hex = match value {
                Val::Int(number) => signed(*number, |number| format!("{number:x}")),
                Val::Uint(number) => format!("{number:x}"),
                Val::Text(text) => text.bytes().map(|b| format!("{b:02x}")).collect(),
                Val::Bytes(bytes) => bytes.iter().map(|b| format!("{b:02x}")).collect(),
                _ => return wrong("hex"),
            };
            if clause == 'X' { hex.to_uppercase() } else { hex }
        }
        (other, _) => return Err(format!("unrecognized formatting clause \"{other}\"")),
    };
    out.push_str(&text);
    Ok(())
}

fn signed(number: i64, write: fn(u64) -> String) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", write(number.unsigned_abs()))
}

fn odd(number: f64) -> String {
    let text = match number {
        number if number.is_nan() => "NaN",
        number if number > 0.0 => "∞",
        _ => "-∞",
    };
    text.to_owned()
}

fn scientific(number: f64, places: usize) -> String {
    let text = format!("{number:.places$e}");
    match text
        .split_once('e')
        .map(|(digits, power)| (digits, power.parse::<i32>().unwrap_or_default()))
    {
        Some((digits, power)) => {
            let sign = if power < 0 { '-' } else { '+' };
            format!(
                "{digits}\u{202f}\u{d7}\u{202f}10{}",
                superscript(sign, power.abs())
            )
        }
        None => text,
    }
}

/// The API server's printer for English writes powers of ten so.
fn superscript(sign: char, power: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let sign = if sign == '-' { "⁻" } else { "" };
    let digits = format!("{power:02}")
        .chars()
        .filter_map(|c| c.to_digit(10))
        .map(|at| DIGITS[at as usize])
        .collect::<String>();
    format!("{sign}{digits}")
}

fn shown(value: &Val<'_>) -> Result<String, String> {
    match value {
        Val::List(list) => items(list),
        Val::Map(map) => entries(map),
        Val::Optional(_)
        | Val::Url(_)
        | Val::Quantity(_)
        | Val::Ip(_)
        | Val::Cidr(..)
        | Val::Semver(_)
        | Val::Format(_)
        | Val::Raw(_) => Err(format!(
            "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given {}",
            kind_name(value)
        )),
        value => Ok(display(value)),
    }
}

/// A value within a list or a map.
fn nested(value: &Val<'_>) -> Result<String, String> {
    Ok(match value {
        Val::Text(text) => format!("{:?}", &**text),
        Val::Bytes(bytes) => format!("b{:?}", String::from_utf8_lossy(bytes)),
        Val::Double(number) if !number.is_finite() => format!("{:?}", display(value)),
        Val::Double(number) => format!("{number:.DIGITS$}"),
        Val::Moment(_) => format!("timestamp({:?})", display(value)),
        Val::Duration(_) => format!("duration({:?})", display(value)),
        value => shown(value)?,
    })
}

fn items(list: &List<'_>) -> Result<String, String> {
    let all: Result<Vec<_>, String> = list
        .iter()
        .map(|item| item.map_err(|fail| fail.message).and_then(|item| nested(&item)))
        .collect();
    Ok(format!("[{}]", all?.join(", ")))
}

fn entries(map: &Map<'_>) -> Result<String, String> {
    let mut all = Vec::new();
    for key in map.keys() {
        let Some(value) = map.find(&key) else { continue };
        let value = value.map_err(|fail| fail.message)?;
        all.push((nested(&key)?, nested(&value)?));
    }
    all.sort();
    let all: Vec<_> = all
        .into_iter()
        .map(|(key, value)| format!("{key}:{value}"))
        .collect();
    Ok(format!("{{{}}}", all.join(", ")))
}
