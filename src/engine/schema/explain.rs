//! What is wrong, in words that users of kubectl know.

use jsonschema::{
    ValidationError,
    error::{TypeKind, ValidationErrorKind as Kind},
};
use serde_json::Value;

use crate::engine::{Code, Diagnostic, diagnostic::quote, pointer};

/// The diagnostic of one error.
///
/// Values are quoted only where the schema limits a string: an inline credential that stands in a wrong place must
/// not be printed.
pub(super) fn diagnostic(error: &ValidationError<'_>) -> Diagnostic {
    let place = error.instance_path().as_str();
    let invalid = |message: String| Diagnostic::new(Code::SchemaInvalid, place, None, message);
    match error.kind() {
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            Diagnostic::new(
                Code::SchemaInvalid,
                pointer::join(place, name),
                None,
                "is required",
            )
            .help(format!("add {}", quote(name)))
        }
        Kind::Type { kind } => {
            let expected = expected(kind);
            invalid(format!(
                "must be of type {expected}, not {}",
                type_of(error.instance())
            ))
            .help(format!("write it as {expected}"))
        }
        Kind::Enum { options } => {
            let values = options
                .as_array()
                .map(|all| all.iter().filter_map(Value::as_str).map(quote))
                .map_or_else(String::new, |all| all.collect::<Vec<_>>().join(", "));
            about_string(error, &format!("is not supported; supported values: {values}"))
                .help("use one of the supported values")
        }
        Kind::Pattern { pattern } => {
            about_string(error, &format!("must match '{pattern}'")).help("change it to match")
        }
        Kind::MaxLength { limit } => about_string(
            error,
            &format!("must have at most {}", count(*limit, "character")),
        )
        .help("shorten it"),
        Kind::MinLength { limit } => about_string(
            error,
            &format!("must have at least {}", count(*limit, "character")),
        )
        .help("set it, or leave the field out"),
        Kind::MaxItems { limit } => invalid(format!(
            "must have at most {}, has {}",
            count(*limit, "item"),
            size(error)
        ))
        .help("remove some, or spread them over several objects"),
        Kind::MaxProperties { limit } => invalid(format!(
            "must have at most {}, has {}",
            count(*limit, "entry"),
            size(error)
        ))
        .help("remove some, or spread them over several objects"),
        Kind::MinItems { limit } => {
            invalid(format!("must have at least {}", count(*limit, "item"))).help("add some")
        }
        Kind::MinProperties { limit } => invalid(format!("must have at least {}", count(*limit, "field")))
            .help("set one, or leave the whole out"),
        Kind::Maximum { limit } => {
            invalid(format!("must be at most {limit}, not {}", error.instance())).help("lower it")
        }
        Kind::Minimum { limit } => {
            invalid(format!("must be at least {limit}, not {}", error.instance())).help("raise it")
        }
        kind => invalid(format!(
            "does not fit the schema of the CRD (keyword {})",
            kind.keyword()
        ))
        .help("see kubectl explain for what may stand here"),
    }
}

/// A diagnostic that begins with the quoted string, and names the type where the value is no string.
fn about_string(error: &ValidationError<'_>, fault: &str) -> Diagnostic {
    let place = error.instance_path().as_str();
    match error.instance().as_str() {
        Some(text) => Diagnostic::new(
            Code::SchemaInvalid,
            place,
            Some(text),
            format!("{}: {fault}", quote(text)),
        ),
        None => {
            let message = format!("this {} {fault}", type_of(error.instance()));
            Diagnostic::new(Code::SchemaInvalid, place, None, message)
        }
    }
}

fn expected(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => one.to_string(),
        TypeKind::Multiple(all) => all
            .iter()
            .map(|one| one.to_string())
            .filter(|one| one != "null")
            .collect::<Vec<_>>()
            .join(" or "),
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn count(number: u64, noun: &str) -> String {
    let plural = match noun {
        _ if number == 1 => noun.to_owned(),
        "entry" => "entries".to_owned(),
        noun => format!("{noun}s"),
    };
    format!("{number} {plural}")
}

fn size(error: &ValidationError<'_>) -> usize {
    match error.instance().as_ref() {
        Value::Array(items) => items.len(),
        Value::Object(fields) => fields.len(),
        _ => 0,
    }
}
