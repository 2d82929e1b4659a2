//! The values of rules. What comes from the object is borrowed and typed by its schema when it is looked at.

use core::net::IpAddr;
use std::{cmp::Ordering, ops::Deref, rc::Rc};

use serde_json::{Map as Fields, Value};

use super::{Fail, quantity::Quantity, semver::Semver, types::Type};
use crate::engine::schema::{
    go_time::{self, Moment},
    go_url::Url,
    structural::{Node, NodeId, Schema, Type as Kind},
};

/// The outcome of an expression.
pub(super) type Answer<'a> = Result<Val<'a>, Fail>;

/// A value.
#[derive(Debug, Clone)]
pub(super) enum Val<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Text<'a>),
    Bytes(Rc<[u8]>),
    Duration(i64),
    Moment(Moment),
    List(List<'a>),
    Map(Map<'a>),
    Type(Type),
    Optional(Option<Rc<Self>>),
    Url(Rc<Url>),
    Quantity(Quantity),
    Ip(IpAddr),
    Cidr(IpAddr, u8),
    Semver(Rc<Semver>),
    /// The name of a format in `format`.
    Format(&'static str),
    /// A value that the schema says nothing of.
    Raw(&'a Value),
}

/// A string of the object or of the rule, or one that was made.
#[derive(Debug, Clone)]
pub(super) enum Text<'a> {
    Borrowed(&'a str),
    Made(Rc<str>),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Made(text) => text,
        }
    }
}

impl AsRef<str> for Text<'_> {
    fn as_ref(&self) -> &str {
        self
    }
}

/// A node of the schema.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) schema: &'a Schema,
    pub(super) id: NodeId,
}

impl<'a> Place<'a> {
    pub(super) fn node(self) -> &'a Node {
        self.schema.node(self.id)
    }

    pub(super) fn at(self, id: NodeId) -> Self {
        Self { id, ..self }
    }
}

/// How two lists are compared and joined.
#[derive(Debug, Clone, Copy)]
pub(super) enum Join<'a> {
    Order,
    Set,
    Keys(&'a [String]),
}

#[derive(Debug, Clone)]
pub(super) enum List<'a> {
    Json(&'a [Value], Place<'a>),
    Made(Rc<[Val<'a>]>, Join<'a>),
}

#[derive(Debug, Clone)]
pub(super) enum Map<'a> {
    /// The node is that of the object or map itself.
    Json(&'a Fields<String, Value>, Place<'a>),
    Made(Rc<[(Val<'a>, Val<'a>)]>),
}

impl<'a> Val<'a> {
    pub(super) fn text(text: impl Into<Rc<str>>) -> Self {
        Self::Text(Text::Made(text.into()))
    }

    pub(super) fn list(items: Vec<Self>) -> Self {
        Self::List(List::Made(items.into(), Join::Order))
    }

    pub(super) fn some(self) -> Self {
        Self::Optional(Some(Rc::new(self)))
    }

    /// A count as an integer.
    pub(super) fn count(count: usize) -> Self {
        Self::Int(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// A value of the object as its schema types it.
    pub(super) fn of(value: &'a Value, place: Place<'a>) -> Answer<'a> {
        let place = place.at(place.schema.view(place.id));
        let node = place.node();
        let bad = |expected: &str| {
            Err(Fail::new(format!(
                "invalid data, expected {expected}, got {}",
                go_type(value)
            )))
        };
        if value.is_null() {
            return if node.nullable {
                Ok(Self::Null)
            } else {
                Err(Fail::new("invalid data, got null for schema with nullable=false"))
            };
        }
        if node.int_or_string {
            return match value {
                Value::String(text) => Ok(Self::Text(Text::Borrowed(text))),
                Value::Number(number) if number.as_i64().is_some() => {
                    Ok(Self::Int(number.as_i64().unwrap_or_default()))
                }
                _ => Err(Fail::new(
                    "invalid data, expected XIntOrString value to be either a string or integer",
                )),
            };
        }
        match (node.kind, value) {
            (Some(Kind::Object), Value::Object(fields)) => Ok(Self::Map(Map::Json(fields, place))),
            (Some(Kind::Object), _) => Err(Fail::new(
                "invalid data, expected a map for the provided schema with type=object",
            )),
            (Some(Kind::Array), Value::Array(items)) => Ok(Self::List(List::Json(items, place))),
            (Some(Kind::Array), _) => Err(Fail::new(
                "invalid data, expected an array for the provided schema with type=array",
            )),
            (Some(Kind::String), Value::String(text)) => string(text, node),
            (Some(Kind::String), _) => bad("string"),
            (Some(Kind::Number), Value::Number(number)) => {
                Ok(Self::Double(number.as_f64().unwrap_or_default()))
            }
            (Some(Kind::Number), _) => bad("float"),
            (Some(Kind::Integer), Value::Number(number)) => {
                number.as_i64().map_or_else(|| bad("int"), |n| Ok(Self::Int(n)))
            }
            (Some(Kind::Integer), _) => bad("int"),
            (Some(Kind::Boolean), Value::Bool(value)) => Ok(Self::Bool(*value)),
            (Some(Kind::Boolean), _) => bad("bool"),
            _ if node.preserve => Ok(Self::Raw(value)),
            _ => Err(Fail::new("invalid type")),
        }
    }

    /// The type at run time, by which `type()` and conversions go.
    pub(super) fn kind(&self) -> Type {
        match self {
            Self::Null => Type::Null,
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Uint(_) => Type::Uint,
            Self::Double(_) => Type::Double,
            Self::Text(_) => Type::Text,
            Self::Bytes(_) => Type::Bytes,
            Self::Duration(_) => Type::Duration,
            Self::Moment(_) => Type::Moment,
            Self::List(_) => Type::list(Type::Dyn),
            Self::Map(_) => Type::map(Type::Dyn, Type::Dyn),
            Self::Type(_) => Type::Meta(None),
            Self::Optional(_) => Type::optional(Type::Dyn),
            Self::Url(_) => Type::Opaque("kubernetes.URL"),
            Self::Quantity(_) => Type::Opaque("kubernetes.Quantity"),
            Self::Ip(_) => Type::Opaque("net.IP"),
            Self::Cidr(..) => Type::Opaque("net.CIDR"),
            Self::Semver(_) => Type::Opaque("kubernetes.Semver"),
            Self::Format(_) => Type::Opaque("kubernetes.NamedFormat"),
            Self::Raw(_) => Type::Opaque("unknown"),
        }
    }

    /// The order of two values; `None` where they have none.
    #[expect(
        clippy::cast_precision_loss,
        reason = "CEL compares integers and doubles as doubles"
    )]
    pub(super) fn compare(&self, other: &Self) -> Result<Option<Ordering>, Fail> {
        Ok(Some(match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Uint(a), Self::Uint(b)) => a.cmp(b),
            (Self::Int(a), Self::Uint(b)) => u64::try_from(*a).map_or(Ordering::Less, |a| a.cmp(b)),
            (Self::Uint(a), Self::Int(b)) => u64::try_from(*b).map_or(Ordering::Greater, |b| a.cmp(&b)),
            (Self::Double(a), Self::Double(b)) => return Ok(a.partial_cmp(b)),
            (Self::Int(a), Self::Double(b)) => return Ok((*a as f64).partial_cmp(b)),
            (Self::Double(a), Self::Int(b)) => return Ok(a.partial_cmp(&(*b as f64))),
            (Self::Uint(a), Self::Double(b)) => return Ok((*a as f64).partial_cmp(b)),
            (Self::Double(a), Self::Uint(b)) => return Ok(a.partial_cmp(&(*b as f64))),
            (Self::Text(a), Self::Text(b)) => (**a).cmp(b),
            (Self::Bytes(a), Self::Bytes(b)) => a.cmp(b),
            (Self::Duration(a), Self::Duration(b)) => a.cmp(b),
            (Self::Moment(a), Self::Moment(b)) => a.at.cmp(&b.at),
            _ => return Err(Fail::overload()),
        }))
    }

    /// Whether two values are equal; different types are not, unless both are numbers.
    pub(super) fn equals(&self, other: &Self) -> Result<bool, Fail> {
        Ok(match (self, other) {
            (Self::List(a), b) => match b {
                Self::List(b) => a.equals(b)?,
                _ if a.is_json() => return Err(Fail::overload()),
                _ => false,
            },
            (Self::Map(a), b) => match b {
                Self::Map(b) => a.equals(b)?,
                _ if a.is_json() => return Err(Fail::overload()),
                _ => false,
            },
            (Self::Null, Self::Null) => true,
            (Self::Type(a), Self::Type(b)) => a.name() == b.name(),
            (Self::Optional(a), Self::Optional(b)) => match (a, b) {
                (Some(a), Some(b)) => a.equals(b)?,
                (a, b) => a.is_none() && b.is_none(),
            },
            (Self::Url(a), Self::Url(b)) => a == b,
            (Self::Quantity(a), Self::Quantity(b)) => a.compare(b).is_eq(),
            (Self::Ip(a), Self::Ip(b)) => a == b,
            (Self::Cidr(a, n), Self::Cidr(b, m)) => a == b && n == m,
            (Self::Semver(a), Self::Semver(b)) => a.compare(b).is_eq(),
            (Self::Format(a), Self::Format(b)) => a == b,
            (Self::Raw(a), b) => b.raw() == Some(*a),
            (Self::Quantity(_), _) | (Self::Url(_), _) | (Self::Semver(_), _) | (Self::Format(_), _) => {
                return Err(Fail::overload());
            }
            (a, b) => a.compare(b).ok().flatten() == Some(Ordering::Equal),
        })
    }

    /// The JSON that the value was, where it is still that.
    fn raw(&self) -> Option<&'a Value> {
        if let Self::Raw(value) = self {
            Some(value)
        } else {
            None
        }
    }
}

fn string<'a>(text: &'a str, node: &Node) -> Answer<'a> {
    let bad = |what: &str| Fail::new(format!("Invalid {what} {text}"));
    Ok(match node.limits.format_name.as_str() {
        "duration" => Val::Duration(go_time::parse_loose_duration(text).ok_or_else(|| bad("duration"))?),
        "date" => Val::Moment(
            go_time::parse_date(text)
                .and_then(go_time::day)
                .ok_or_else(|| bad("date formatted string"))?,
        ),
        "date-time" => {
            let instant = go_time::parse_instant(text, true);
            Val::Moment(instant.ok_or_else(|| bad("date-time formatted string"))?)
        }
        "byte" => Val::Bytes(base64(text).ok_or_else(|| bad("byte formatted string"))?.into()),
        _ => Val::Text(Text::Borrowed(text)),
    })
}

/// The bytes that `text` stands for in the alphabet for URLs, which is the one that the API server decodes by.
fn base64(text: &str) -> Option<Vec<u8>> {
    let bare = text.trim_end_matches('=');
    let mut out = Vec::with_capacity(bare.len() * 3 / 4);
    let (mut bits, mut count) = (0u32, 0);
    for b in bare.bytes() {
        let value = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0x00ff_ffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    (text.len().is_multiple_of(4) && text.len() - bare.len() <= 2).then_some(out)
}

/// The type that Go's decoder gives a value.
fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.as_i64().is_some() => "int64",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}
