//! What a YAML scalar means, as kubectl reads it: YAML 1.1 with the exceptions of go-yaml v2 (which `n`, `on` and `y`
//! are booleans in, and `017` is fifteen), then the conversion to JSON of sigs.k8s.io/yaml.

use std::borrow::Cow;

use serde_json::{Number, Value};

/// The prefix of YAML's own tags, which `!!` stands for.
const CORE: &str = "tag:yaml.org,2002:";

/// A scalar with its type.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar<'a> {
    Null,
    Bool(bool),
    Int(i64),
    /// Above what an `i64` can hold.
    Big(u64),
    Float(f64),
    Text(Cow<'a, str>),
}

impl<'a> Scalar<'a> {
    /// The type of `text`, written `plain` (without quotes, not as a block) and with this whole tag.
    ///
    /// # Errors
    /// Says why the tag and the text do not go together; without the text, which may be secret.
    pub(super) fn new(text: Cow<'a, str>, plain: bool, tag: Option<&str>) -> Result<Self, String> {
        let Some(tag) = tag else {
            return Ok(if plain {
                Self::guess(text)
            } else {
                Self::Text(text)
            });
        };
        let Some(core) = tag.strip_prefix(CORE) else {
            return Ok(Self::Text(text));
        };
        match (core, Self::guess(text.clone())) {
            ("int", guess @ (Self::Int(_) | Self::Big(_)))
            | ("float", guess @ (Self::Int(_) | Self::Big(_) | Self::Float(_)))
            | ("bool", guess @ Self::Bool(_))
            | ("null", guess @ Self::Null) => Ok(guess),
            ("int" | "float" | "bool" | "null", _) => {
                Err(format!("the tag !!{core} does not fit this value"))
            }
            ("binary", _) => Err("the tag !!binary is not read here; write the text itself".to_owned()),
            _ => Ok(Self::Text(text)),
        }
    }

    fn guess(text: Cow<'a, str>) -> Self {
        let number = match text.as_bytes().first() {
            Some(b'.') => decimal(&text).map(Self::Float),
            Some(b'0'..=b'9' | b'+' | b'-') => number(&text),
            _ => None,
        };
        number.or_else(|| word(&text)).unwrap_or(Self::Text(text))
    }

    /// The scalar as JSON.
    ///
    /// # Errors
    /// Infinities and NaN have no JSON.
    pub(super) fn into_value(self) -> Result<Value, String> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => value.into(),
            #[expect(
                clippy::cast_precision_loss,
                reason = "kubectl reads integers beyond i64 as floats too"
            )]
            Self::Big(value) => float(value as f64)?,
            Self::Float(value) => float(value)?,
            Self::Text(text) => Value::String(text.into_owned()),
        })
    }

    /// The scalar as the key of a mapping.
    ///
    /// # Errors
    /// Null and integers beyond `i64` are no keys.
    pub(super) fn into_key(self) -> Result<String, String> {
        Ok(match self {
            Self::Null => return Err("an empty key or null is no key here; quote it".to_owned()),
            Self::Big(_) => return Err("so large a number is no key here; quote it".to_owned()),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => float_key(value),
            Self::Text(text) => text.into_owned(),
        })
    }
}

/// `value` as JSON: without a fraction it is an integer, as it is for kubectl after its way through JSON text.
///
/// # Errors
/// Infinities and NaN have no JSON.
pub(super) fn float(value: f64) -> Result<Value, String> {
    const WHOLE: f64 = 9_223_372_036_854_775_808.0; // 2^63: below this a whole number is an i64
    if value.fract() == 0.0 && value.abs() < WHOLE {
        #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
        return Ok((value as i64).into());
    }
    Number::from_f64(value)
        .map(Value::Number)
        .ok_or_else(|| "JSON has no infinity and no NaN".to_owned())
}

/// As Go writes a float of 32 bits in its shortest form.
fn float_key(value: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the precision that kubectl writes keys with"
    )]
    let value = value as f32;
    if !value.is_finite() {
        return (if value.is_nan() {
            ".nan"
        } else {
            [".inf", "-.inf"][usize::from(value < 0.0)]
        })
        .to_owned();
    }
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

fn word<'a>(text: &str) -> Option<Scalar<'a>> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Scalar::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Scalar::Bool(false)
        }
        ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Scalar::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

/// A number with a digit or a sign at its head; underscores between digits mean nothing.
fn number<'a>(text: &str) -> Option<Scalar<'a>> {
    let bare = if text.contains('_') {
        Cow::Owned(text.replace('_', ""))
    } else {
        Cow::Borrowed(text)
    };
    let (negative, unsigned) = match bare.strip_prefix(['+', '-']) {
        Some(rest) => (bare.starts_with('-'), rest),
        None => (false, bare.as_ref()),
    };
    if let Some(size) = integer(unsigned) {
        let value = i128::from(size) * if negative { -1 } else { 1 };
        if let Ok(value) = i64::try_from(value) {
            return Some(Scalar::Int(value));
        }
        if unsigned.len() == bare.len() {
            return Some(Scalar::Big(size));
        }
    }
    if let Some(value) = decimal(&bare) {
        return Some(Scalar::Float(value));
    }
    // A quirk of go-yaml: a sign after the prefix.
    bare.strip_prefix("0b")
        .and_then(|digits| i64::from_str_radix(digits, 2).ok())
        .map(Scalar::Int)
}

/// Digits with the prefix of their base, a bare `0` for octal among them; no sign.
fn integer(text: &str) -> Option<u64> {
    let (base, digits) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &text[2..]),
        [b'0', b'o' | b'O', ..] => (8, &text[2..]),
        [b'0', b'b' | b'B', ..] => (2, &text[2..]),
        [b'0', _, ..] => (8, &text[1..]),
        _ => (10, text),
    };
    digits
        .bytes()
        .all(|b| b.is_ascii_alphanumeric())
        .then(|| u64::from_str_radix(digits, base).ok())
        .flatten()
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?` within the range of a double.
fn decimal(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let shape = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    shape
        .then(|| text.parse::<f64>().ok())
        .flatten()
        .filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plain text, and the JSON that kubectl 1.32 makes of it (`kubectl annotate --local -o json`).
    const TABLE: &[(&str, &str)] = &[
        ("y", "true"),
        ("Yes", "true"),
        ("on", "true"),
        ("n", "false"),
        ("oN", "\"oN\""),
        ("TRUE", "true"),
        ("tRUE", "\"tRUE\""),
        ("~", "null"),
        ("", "null"),
        ("Null", "null"),
        ("nULL", "\"nULL\""),
        ("1_000", "1000"),
        ("-1_000", "-1000"),
        ("1__0", "10"),
        ("1_", "1"),
        ("_1", "\"_1\""),
        ("0o17", "15"),
        ("0O17", "15"),
        ("017", "15"),
        ("0_1", "1"),
        ("089", "89"),
        ("0_8", "8"),
        ("08.5", "8.5"),
        ("0x1F", "31"),
        ("0X1f", "31"),
        ("-0x10", "-16"),
        ("+0x10", "16"),
        ("0x-1", "\"0x-1\""),
        ("0x_1", "1"),
        ("0x", "\"0x\""),
        ("0b11", "3"),
        ("-0b11", "-3"),
        ("0b-11", "-3"),
        ("0b12", "\"0b12\""),
        ("0B1", "1"),
        ("0b", "\"0b\""),
        ("0", "0"),
        ("00", "0"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("1.0", "1"),
        ("1.", "1"),
        (".5", "0.5"),
        ("+.5", "0.5"),
        ("+1", "1"),
        ("1_0.5", "10.5"),
        ("1e3", "1000"),
        ("1E+3", "1000"),
        ("1e-3", "0.001"),
        ("1e5_0", "1e50"),
        ("1e1000", "\"1e1000\""),
        ("1e", "\"1e\""),
        ("0x1p-2", "\"0x1p-2\""),
        ("12345678901234567890", "1.2345678901234567e19"),
        ("123456789012345678901", "1.2345678901234568e20"),
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("-9223372036854775809", "-9.223372036854776e18"),
        ("0xFFFFFFFFFFFFFFFFF", "\"0xFFFFFFFFFFFFFFFFF\""),
        ("2024-01-01", "\"2024-01-01\""),
        ("2024-01-01T00:00:00Z", "\"2024-01-01T00:00:00Z\""),
        ("1:30", "\"1:30\""),
        ("+", "\"+\""),
        (".", "\".\""),
        ("=", "\"=\""),
        ("<<", "\"<<\""),
        ("inf", "\"inf\""),
        ("NaN", "\"NaN\""),
        ("-inf", "\"-inf\""),
    ];

    #[test]
    fn plain_scalars_are_typed_as_kubectl_types_them() {
        for (text, json) in TABLE {
            let value = Scalar::guess((*text).into()).into_value().unwrap();
            assert_eq!(value, serde_json::from_str::<Value>(json).unwrap(), "{text}");
        }
    }

    #[test]
    fn keys_are_written_as_kubectl_writes_them() {
        let table = [
            ("yes", "true"),
            ("0x10", "16"),
            ("1_000", "1000"),
            ("1.50", "1.5"),
            ("1.0", "1"),
            ("1e3", "1000"),
            ("1e7", "1e+07"),
            ("1e-7", "1e-07"),
            ("123456.789", "123456.79"),
            ("12345678901234567890123", "1.2345679e+22"),
            ("-.inf", "-.inf"),
            ("2024-01-01", "2024-01-01"),
        ];
        for (text, key) in table {
            assert_eq!(Scalar::guess(text.into()).into_key().unwrap(), key, "{text}");
        }
        assert!(Scalar::guess("~".into()).into_key().is_err());
        assert!(Scalar::guess("9223372036854775808".into()).into_key().is_err());
    }

    #[test]
    fn tags_choose_the_type() {
        let typed = |text, tag: &str| Scalar::new(Cow::Borrowed(text), false, Some(tag));
        assert_eq!(typed("3", "tag:yaml.org,2002:int"), Ok(Scalar::Int(3)));
        assert_eq!(typed("3", "tag:yaml.org,2002:str"), Ok(Scalar::Text("3".into())));
        assert_eq!(typed("3", "!own"), Ok(Scalar::Text("3".into())));
        assert!(typed("x", "tag:yaml.org,2002:int").is_err());
        assert!(Scalar::Float(f64::INFINITY).into_value().is_err());
    }
}
