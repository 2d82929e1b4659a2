//! The types of rules, and how they fit each other. Source: cel-go v0.26, checker/types.go.

use std::{fmt, sync::Arc};

use crate::engine::schema::structural::NodeId;

/// A type.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Type {
    Dyn,
    /// Of what is wrong already.
    Error,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    Text,
    Bytes,
    Duration,
    Moment,
    List(Arc<Self>),
    Map(Arc<Self>, Arc<Self>),
    /// An object by the node of its schema.
    Object(NodeId),
    /// The type of a type.
    Meta(Option<Arc<Self>>),
    Optional(Arc<Self>),
    Opaque(&'static str),
    /// A type that is not known yet.
    Param(usize),
}

impl Type {
    pub(super) fn list(item: Self) -> Self {
        Self::List(Arc::new(item))
    }

    pub(super) fn map(key: Self, value: Self) -> Self {
        Self::Map(Arc::new(key), Arc::new(value))
    }

    pub(super) fn optional(value: Self) -> Self {
        Self::Optional(Arc::new(value))
    }

    /// The name without parameters, by which types are equal at run time.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Dyn | Self::Param(_) => "dyn",
            Self::Error => "!error!",
            Self::Null => "null_type",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Uint => "uint",
            Self::Double => "double",
            Self::Text => "string",
            Self::Bytes => "bytes",
            Self::Duration => "google.protobuf.Duration",
            Self::Moment => "google.protobuf.Timestamp",
            Self::List(_) => "list",
            Self::Map(..) | Self::Object(_) => "map",
            Self::Meta(_) => "type",
            Self::Optional(_) => "optional_type",
            Self::Opaque(name) => name,
        }
    }

    /// The type that an identifier names.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "bool" => Self::Bool,
            "int" => Self::Int,
            "uint" => Self::Uint,
            "double" => Self::Double,
            "string" => Self::Text,
            "bytes" => Self::Bytes,
            "null_type" => Self::Null,
            "list" => Self::list(Self::Dyn),
            "map" => Self::map(Self::Dyn, Self::Dyn),
            "type" => Self::Meta(None),
            "dyn" => Self::Dyn,
            "google.protobuf.Duration" => Self::Duration,
            "google.protobuf.Timestamp" => Self::Moment,
            "optional_type" => Self::optional(Self::Dyn),
            "net.IP" => Self::Opaque("net.IP"),
            "net.CIDR" => Self::Opaque("net.CIDR"),
            _ => return None,
        })
    }

    const fn is_open(&self) -> bool {
        matches!(self, Self::Dyn | Self::Error)
    }

    /// Whether null can stand for a value of this type.
    const fn takes_null(&self) -> bool {
        matches!(
            self,
            Self::Null
                | Self::Opaque(_)
                | Self::Optional(_)
                | Self::Object(_)
                | Self::Duration
                | Self::Moment
        )
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::List(item) => write!(f, "list({item})"),
            Self::Map(key, value) => write!(f, "map({key}, {value})"),
            Self::Object(_) => f.write_str("object"),
            Self::Meta(Some(of)) => write!(f, "type({of})"),
            Self::Optional(of) => write!(f, "optional_type({of})"),
            other => f.write_str(other.name()),
        }
    }
}

/// What is known of the types that were not.
#[derive(Debug, Clone, Default)]
pub(super) struct Solver {
    known: Vec<Option<Type>>,
}

impl Solver {
    /// A type that is not known yet.
    pub(super) fn fresh(&mut self) -> Type {
        self.known.push(None);
        Type::Param(self.known.len() - 1)
    }

    fn get(&self, param: usize) -> Option<&Type> {
        self.known.get(param).and_then(Option::as_ref)
    }

    /// `of` with what is known by now; what is still unknown becomes dynamic when `close` is set.
    pub(super) fn resolve(&self, of: &Type, close: bool) -> Type {
        let inner = |of: &Arc<Type>| Arc::new(self.resolve(of, close));
        match of {
            Type::Param(param) => match self.get(*param) {
                Some(known) => self.resolve(known, close),
                None if close => Type::Dyn,
                None => of.clone(),
            },
            Type::List(item) => Type::List(inner(item)),
            Type::Map(key, value) => Type::Map(inner(key), inner(value)),
            Type::Optional(of) => Type::Optional(inner(of)),
            Type::Meta(Some(of)) => Type::Meta(Some(inner(of))),
            of => of.clone(),
        }
    }

    /// Whether values of `from` are values of `to`; what that says of unknown types is kept.
    pub(super) fn fits(&mut self, from: &Type, to: &Type) -> bool {
        self.all_fit(std::iter::once((from, to)))
    }

    /// The same for several at once; nothing is kept unless all fit.
    pub(super) fn all_fit<'t>(&mut self, pairs: impl IntoIterator<Item = (&'t Type, &'t Type)>) -> bool {
        let before = self.known.clone();
        let all = pairs.into_iter().all(|(from, to)| self.unify(from, to));
        if !all {
            self.known = before;
        }
        all
    }

    fn unify(&mut self, from: &Type, to: &Type) -> bool {
        if let Type::Param(param) = to {
            match self.substitute(from, *param) {
                (true, _) => return true,
                (false, true) => return false,
                (false, false) => {}
            }
        }
        if let Type::Param(param) = from {
            return self.substitute(to, *param).0;
        }
        if from.is_open() || to.is_open() {
            return true;
        }
        match (from, to) {
            (Type::Null, other) | (other, Type::Null) => other.takes_null(),
            (Type::Meta(_), Type::Meta(_)) => true,
            (Type::List(a), Type::List(b)) | (Type::Optional(a), Type::Optional(b)) => self.unify(a, b),
            (Type::Map(a, b), Type::Map(c, d)) => self.unify(a, c) && self.unify(b, d),
            (a, b) => a == b,
        }
    }

    /// Whether `value` can be what `param` is, and whether that was known.
    fn substitute(&mut self, value: &Type, param: usize) -> (bool, bool) {
        if *value == Type::Param(param) {
            return (true, true);
        }
        if let Some(known) = self.get(param).cloned() {
            if *value == known {
                return (true, true);
            }
            if !self.unify(value, &known) {
                return (false, true);
            }
            let general = if is_less_specific(value, &known) {
                value.clone()
            } else {
                known
            };
            if !self.mentions(&general, param) {
                self.known[param] = Some(general);
            }
            return (true, true);
        }
        if self.mentions(value, param) {
            return (false, false);
        }
        self.known[param] = Some(value.clone());
        (true, false)
    }

    fn mentions(&self, within: &Type, param: usize) -> bool {
        match within {
            Type::Param(other) => {
                *other == param || self.get(*other).is_some_and(|known| self.mentions(known, param))
            }
            Type::List(of) | Type::Optional(of) | Type::Meta(Some(of)) => self.mentions(of, param),
            Type::Map(key, value) => self.mentions(key, param) || self.mentions(value, param),
            _ => false,
        }
    }
}

/// Whether `a` is as `b`, or says less.
pub(super) fn is_less_specific(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::Dyn | Type::Param(_), _) => true,
        (_, Type::Dyn | Type::Param(_)) => false,
        (Type::List(a), Type::List(b)) | (Type::Optional(a), Type::Optional(b)) => is_less_specific(a, b),
        (Type::Map(a, b), Type::Map(c, d)) => is_less_specific(a, c) && is_less_specific(b, d),
        (Type::Meta(_), Type::Meta(_)) => true,
        (a, b) => a == b,
    }
}
