//! Reading of JSON objects that tells every fault and goes on.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{Claim, Facts, MAX_FAULTS, MAX_MODELS, Origin, Source, clean};
use crate::engine::{Date, Provider, pointer};

/// What was gathered from a document.
#[derive(Debug)]
pub(in crate::sources) struct Gathered {
    origin: Origin,
    pub(in crate::sources) claims: Vec<Claim>,
    /// Rows that name no model, each with the reason.
    pub(in crate::sources) dropped: Vec<(String, &'static str)>,
    /// Pointers into the document, and what is wrong there.
    pub(in crate::sources) faults: Vec<(String, String)>,
}

impl Gathered {
    pub(in crate::sources) fn new(source: Source, as_of: Date) -> Self {
        Self {
            origin: Origin { source, as_of },
            claims: Vec::new(),
            dropped: Vec::new(),
            faults: Vec::new(),
        }
    }

    pub(super) fn fault(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push((pointer.into(), message.into()));
        }
    }

    /// Adds the model `id`, unless that is no id; `key` is what the source calls the row.
    pub(super) fn add(&mut self, provider: Provider, id: &str, key: &str, facts: Facts) {
        let id = clean::decode(id);
        if let Some(why) = clean::no_id(provider, &id) {
            self.dropped.push((format!("{provider} {}", shown(key)), why));
        } else if self.claims.len() == MAX_MODELS {
            self.fault("", format!("more than {MAX_MODELS} models"));
        } else {
            self.claims.push(Claim {
                provider,
                id,
                origin: self.origin,
                key: key.to_owned(),
                facts,
            });
        }
    }

    /// Adds claims of a catalog of ours, whose ids are taken as they are.
    pub(super) fn extend(&mut self, claims: impl IntoIterator<Item = Claim>) {
        self.claims.extend(claims);
        if self.claims.len() > MAX_MODELS {
            self.fault("", format!("more than {MAX_MODELS} models"));
        }
    }

    /// The day of the facts.
    pub(super) fn as_of(&self) -> Date {
        self.origin.as_of
    }

    /// A place to gather what is within a string.
    pub(super) fn part(&self) -> Self {
        Self::new(self.origin.source, self.origin.as_of)
    }

    /// Adds what was gathered from the string at `pointer`.
    pub(super) fn take(&mut self, part: Self, pointer: &str) {
        self.claims.extend(part.claims);
        self.dropped.extend(part.dropped);
        for (inner, message) in part.faults {
            self.fault(pointer, format!("in the catalog at {inner}: {message}"));
        }
    }

    /// Notes that the row `key` names no model.
    pub(super) fn drop(&mut self, provider: Provider, key: &str, why: &'static str) {
        self.dropped.push((format!("{provider} {}", shown(key)), why));
    }
}

/// `text` without what a terminal obeys, and no longer than an id.
fn shown(text: &str) -> String {
    let clean = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().take(clean::MAX_ID).map(clean).collect()
}

/// A JSON object and where it stands.
#[derive(Debug)]
pub(in crate::sources) struct Item<'a> {
    map: &'a Map<String, Value>,
    pub(super) at: String,
}

impl<'a> Item<'a> {
    /// The object `value`; a fault where it is none.
    pub(in crate::sources) fn new(value: &'a Value, at: String, out: &mut Gathered) -> Option<Self> {
        let Some(map) = value.as_object() else {
            out.fault(at, format!("{}, where an object is expected", kind(value)));
            return None;
        };
        Some(Self { map, at })
    }

    fn pointer(&self, key: &str) -> String {
        pointer::join(&self.at, key)
    }

    /// The value of `key`; null is nothing.
    fn get(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    fn wrong(&self, key: &str, expected: &str, out: &mut Gathered) {
        let found = self.get(key).map_or("nothing", kind);
        out.fault(
            self.pointer(key),
            format!("\"{key}\" is {found}, where {expected} is expected"),
        );
    }

    /// Whether there is something at `key`.
    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub(super) fn text(&self, key: &str, out: &mut Gathered) -> Option<&'a str> {
        let value = self.get(key)?;
        if value.as_str().is_none() {
            self.wrong(key, "a string", out);
        }
        value.as_str().filter(|text| !text.is_empty())
    }

    /// The text of `key`; a fault where there is none.
    pub(super) fn required(&self, key: &str, out: &mut Gathered) -> Option<&'a str> {
        match self.get(key) {
            Some(value) if value.as_str().is_some_and(|text| !text.is_empty()) => value.as_str(),
            Some(Value::String(_)) => {
                out.fault(self.pointer(key), format!("\"{key}\" is empty"));
                None
            }
            Some(_) => {
                self.wrong(key, "a string", out);
                None
            }
            None => {
                out.fault(self.at.clone(), format!("\"{key}\" is missing"));
                None
            }
        }
    }

    /// A number of tokens; 0 means that it is not known.
    pub(super) fn tokens(&self, key: &str, out: &mut Gathered) -> Option<u64> {
        let value = self.get(key)?;
        // Some sources write 1e6 or 8192.0.
        let whole = value
            .as_f64()
            .filter(|number| number.fract() == 0.0 && (0.0..1e15).contains(number));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole and in range"
        )]
        let number = value.as_u64().or_else(|| whole.map(|number| number as u64));
        if number.is_none() {
            self.wrong(key, "a number of tokens", out);
        }
        number.filter(|number| *number > 0)
    }

    pub(super) fn flag(&self, key: &str, out: &mut Gathered) -> bool {
        match self.get(key) {
            None => false,
            Some(Value::Bool(yes)) => *yes,
            Some(_) => {
                self.wrong(key, "true or false", out);
                false
            }
        }
    }

    /// A capability: true, or an object whose `supported` is true.
    pub(super) fn supports(&self, key: &str, out: &mut Gathered) -> bool {
        match self.get(key) {
            Some(Value::Object(_)) => self
                .inner(key, out)
                .is_some_and(|inner| inner.flag("supported", out)),
            _ => self.flag(key, out),
        }
    }

    /// All members with their keys.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.map.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// A date: `YYYY-MM-DD`, with or without a time, or seconds since 1970.
    pub(super) fn date(&self, key: &str, out: &mut Gathered) -> Option<Date> {
        let date = match self.get(key)? {
            Value::String(text) if text.is_empty() => return None,
            Value::String(text) => text.get(..10).and_then(|day| day.parse().ok()),
            Value::Number(number) => number.as_f64().and_then(day_of),
            _ => None,
        };
        if date.is_none() {
            self.wrong(key, "a date such as 2026-01-31", out);
        }
        date
    }

    /// The strings in the list at `key`.
    pub(super) fn texts(&self, key: &str, out: &mut Gathered) -> Vec<&'a str> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let Some(list) = value.as_array() else {
            self.wrong(key, "a list", out);
            return Vec::new();
        };
        let mut texts = Vec::with_capacity(list.len());
        for (at, value) in list.iter().enumerate() {
            match value.as_str() {
                Some(text) => texts.push(text),
                None => {
                    let pointer = format!("{}/{at}", self.pointer(key));
                    out.fault(pointer, format!("{}, where a string is expected", kind(value)));
                }
            }
        }
        texts
    }

    /// The object at `key`.
    pub(super) fn inner(&self, key: &str, out: &mut Gathered) -> Option<Self> {
        let value = self.get(key)?;
        Self::new(value, self.pointer(key), out)
    }

    /// The objects in the list at `key`.
    pub(super) fn items(&self, key: &str, out: &mut Gathered) -> Vec<Self> {
        match self.get(key) {
            Some(value) => list(value, &self.pointer(key), out),
            None => {
                out.fault(self.at.clone(), format!("\"{key}\" is missing"));
                Vec::new()
            }
        }
    }

    /// All members that are objects, each with its key.
    pub(super) fn members(&self, out: &mut Gathered) -> Vec<(&'a str, Self)> {
        let members = self.map.iter().filter_map(|(key, value)| {
            let item = Self::new(value, self.pointer(key), out)?;
            Some((key.as_str(), item))
        });
        members.collect()
    }
}

/// The objects in the list `value`, which stands at `at`.
pub(super) fn list<'a>(value: &'a Value, at: &str, out: &mut Gathered) -> Vec<Item<'a>> {
    let Some(list) = value.as_array() else {
        out.fault(at, format!("{}, where a list is expected", kind(value)));
        return Vec::new();
    };
    let items = list.iter().enumerate();
    items
        .filter_map(|(row, value)| Item::new(value, format!("{at}/{row}"), out))
        .collect()
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The day of a time in seconds since 1970, in UTC.
fn day_of(seconds: f64) -> Option<Date> {
    let since = Duration::try_from_secs_f64(seconds).ok()?;
    Date::constant(1970, 1, 1).checked_add(since).ok()
}
