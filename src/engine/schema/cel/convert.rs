//! Conversions between types.

use super::{
    CALL_LIMIT, Fail,
    eval::constant,
    lex::Literal,
    standard::{overflow, tenth},
    table::{Function, Meter, P, global},
    value::{Answer, Val},
};
use crate::engine::schema::go_time;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "bool",
        run: to_bool,
        overloads: &[global(&[P::Bool], P::Bool), global(&[P::Text], P::Bool)],
    },
    Function {
        name: "bytes",
        run: to_bytes,
        overloads: &[global(&[P::Bytes], P::Bytes), global(&[P::Text], P::Bytes)],
    },
    Function {
        name: "double",
        run: to_double,
        overloads: &[
            global(&[P::Double], P::Double),
            global(&[P::Int], P::Double),
            global(&[P::Text], P::Double),
            global(&[P::Uint], P::Double),
        ],
    },
    Function {
        name: "int",
        run: to_int,
        overloads: &[
            global(&[P::Int], P::Int),
            global(&[P::Double], P::Int),
            global(&[P::Duration], P::Int),
            global(&[P::Text], P::Int),
            global(&[P::Moment], P::Int),
            global(&[P::Uint], P::Int),
        ],
    },
    Function {
        name: "uint",
        run: to_uint,
        overloads: &[
            global(&[P::Uint], P::Uint),
            global(&[P::Double], P::Uint),
            global(&[P::Int], P::Uint),
            global(&[P::Text], P::Uint),
        ],
    },
    Function {
        name: "string",
        run: to_text,
        overloads: &[
            global(&[P::Text], P::Text),
            global(&[P::Bool], P::Text),
            global(&[P::Bytes], P::Text),
            global(&[P::Double], P::Text),
            global(&[P::Duration], P::Text),
            global(&[P::Int], P::Text),
            global(&[P::Moment], P::Text),
            global(&[P::Uint], P::Text),
        ],
    },
];

/// Converts a literal by the function of this name, as the API server does as soon as it sees it.
pub(super) fn literal(name: &str, literal: &Literal) -> Result<(), Fail> {
    let mut left = CALL_LIMIT;
    let mut meter = Meter {
        left: &mut left,
        regex: None,
    };
    match FUNCTIONS.iter().find(|function| function.name == name) {
        Some(function) => (function.run)(&[constant(literal)], &mut meter).map(drop),
        None => Ok(()),
    }
}

fn to_bool<'a>(args: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    match args {
        [Val::Bool(value)] => Ok(Val::Bool(*value)),
        [Val::Text(text)] => match &**text {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(Val::Bool(true)),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Val::Bool(false)),
            _ => Err(conversion("string", "bool")),
        },
        _ => Err(Fail::overload()),
    }
}

fn conversion(from: &str, to: &str) -> Fail {
    Fail::new(format!("type conversion error from '{from}' to '{to}'"))
}

fn to_bytes<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    match args {
        [value @ Val::Bytes(_)] => Ok(value.clone()),
        [Val::Text(text)] => {
            meter.spend(tenth(text.len()))?;
            Ok(Val::Bytes(text.as_bytes().into()))
        }
        _ => Err(Fail::overload()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "the conversion of the language")]
fn to_double<'a>(args: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    match args {
        [Val::Double(value)] => Ok(Val::Double(*value)),
        [Val::Int(value)] => Ok(Val::Double(*value as f64)),
        [Val::Uint(value)] => Ok(Val::Double(*value as f64)),
        [Val::Text(text)] => {
            let value = text.parse::<f64>().ok();
            // Go refuses what overflows, unless infinity is what was written.
            let value =
                value.filter(|value| value.is_finite() || !text.contains(|c: char| c.is_ascii_digit()));
            value
                .map(Val::Double)
                .ok_or_else(|| conversion("string", "double"))
        }
        _ => Err(Fail::overload()),
    }
}

fn to_int<'a>(args: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    match args {
        [Val::Int(value) | Val::Duration(value)] => Ok(Val::Int(*value)),
        [Val::Uint(value)] => i64::try_from(*value)
            .map(Val::Int)
            .map_err(|_| overflow("integer")),
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "in range, and cut as meant"
        )]
        [Val::Double(value)] => {
            let fits = *value > i64::MIN as f64 && *value < i64::MAX as f64;
            if fits {
                Ok(Val::Int(*value as i64))
            } else {
                Err(overflow("integer"))
            }
        }
        [Val::Text(text)] => text
            .parse()
            .map(Val::Int)
            .map_err(|_| conversion("string", "int")),
        [Val::Moment(instant)] => Ok(Val::Int(instant.at.as_second())),
        _ => Err(Fail::overload()),
    }
}

fn to_uint<'a>(args: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    match args {
        [Val::Uint(value)] => Ok(Val::Uint(*value)),
        [Val::Int(value)] => u64::try_from(*value)
            .map(Val::Uint)
            .map_err(|_| overflow("unsigned integer")),
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "in range, and cut as meant"
        )]
        [Val::Double(value)] => {
            let fits = *value >= 0.0 && *value < u64::MAX as f64;
            if fits {
                Ok(Val::Uint(*value as u64))
            } else {
                Err(overflow("unsigned integer"))
            }
        }
        [Val::Text(text)] if !text.starts_with('+') => text
            .parse()
            .map(Val::Uint)
            .map_err(|_| conversion("string", "uint")),
        [Val::Text(_)] => Err(conversion("string", "uint")),
        _ => Err(Fail::overload()),
    }
}

fn to_text<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    match args {
        [value @ Val::Text(_)] => Ok(value.clone()),
        [Val::Bytes(bytes)] => {
            meter.spend(tenth(bytes.len()))?;
            std::str::from_utf8(bytes)
                .map(Val::text)
                .map_err(|_| Fail::new("invalid UTF-8 in bytes, cannot convert to string"))
        }
        [
            value @ (Val::Bool(_)
            | Val::Double(_)
            | Val::Duration(_)
            | Val::Int(_)
            | Val::Moment(_)
            | Val::Uint(_)),
        ] => Ok(Val::text(display(value))),
        _ => Err(Fail::overload()),
    }
}

/// The value as `string()` gives it, where it does; else its type.
pub(super) fn display(value: &Val<'_>) -> String {
    match value {
        Val::Null => "null".to_owned(),
        Val::Bool(value) => value.to_string(),
        Val::Int(value) => value.to_string(),
        Val::Uint(value) => value.to_string(),
        Val::Double(value) => crate::engine::schema::values::float_text(*value),
        Val::Text(text) => (**text).to_owned(),
        Val::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Val::Duration(nanos) => seconds(*nanos),
        Val::Moment(instant) => go_time::write_instant(*instant),
        Val::Type(of) => of.name().to_owned(),
        other => other.kind().name().to_owned(),
    }
}

/// A duration in seconds, `90s` or `-0.5s`.
fn seconds(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let fraction = format!(".{:09}", nanos % 1_000_000_000);
    format!(
        "{sign}{}{}s",
        nanos / 1_000_000_000,
        fraction.trim_end_matches('0').trim_end_matches('.')
    )
}
