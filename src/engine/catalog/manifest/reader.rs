//! Reads fields of plain data, and notes every fault with its place.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Text;
use crate::engine::{Code, Date, Diagnostic, Severity, diagnostic::quote, pointer::join};

/// Most faults of one manifest that are listed.
const MAX_FAULTS: usize = 100;

/// An object within the manifest.
pub(super) struct Node<'a> {
    fields: &'a Map<String, Value>,
    pub(super) pointer: String,
}

impl<'a> Node<'a> {
    /// The field, where it is there and not null, and its pointer.
    pub(super) fn get(&self, field: &str) -> Option<(&'a Value, String)> {
        let value = self.fields.get(field).filter(|value| !value.is_null())?;
        Some((value, join(&self.pointer, field)))
    }
}

/// Collects faults.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) faults: Vec<Diagnostic>,
}

impl Reader {
    /// Whether one of the faults is an error.
    pub(super) fn failed(&self) -> bool {
        self.faults.iter().any(|fault| fault.severity == Severity::Error)
    }

    /// Notes an error at `pointer`; `text` is the value, where that is a string.
    pub(super) fn fault(&mut self, pointer: String, text: Option<&str>, what: &str, help: &str) {
        if self.faults.len() < MAX_FAULTS {
            let message = text.map_or_else(|| what.to_owned(), |text| format!("{} {what}", quote(text)));
            self.faults
                .push(Diagnostic::new(Code::CatalogInvalid, pointer, text, message).help(help));
        }
    }

    /// The object in `value`.
    pub(super) fn node<'a>(&mut self, value: &'a Value, pointer: String) -> Option<Node<'a>> {
        match value {
            Value::Object(fields) => Some(Node { fields, pointer }),
            _ => {
                self.fault(
                    pointer,
                    value.as_str(),
                    "is no object",
                    "write its fields, one a line",
                );
                None
            }
        }
    }

    /// The object in the field.
    pub(super) fn object<'a>(&mut self, node: &Node<'a>, field: &str) -> Option<Node<'a>> {
        let (value, pointer) = node.get(field)?;
        self.node(value, pointer)
    }

    /// Warns of every field that is not in `known`.
    pub(super) fn only(&mut self, node: &Node<'_>, known: &[&str]) {
        for field in node
            .fields
            .keys()
            .filter(|field| !known.contains(&field.as_str()))
        {
            if self.faults.len() < MAX_FAULTS {
                let message = format!("{} is no field here, and means nothing", quote(field));
                let help = format!("the fields are {}", known.join(", "));
                let pointer = join(&node.pointer, field);
                let mut fault =
                    Diagnostic::new(Code::CatalogInvalid, pointer, Some(field), message).help(help);
                fault.severity = Severity::Warning;
                self.faults.push(fault);
            }
        }
    }

    /// The string in `value`, of 1 to `max` characters.
    pub(super) fn string<'a>(&mut self, value: &'a Value, pointer: String, max: usize) -> Option<&'a str> {
        let Some(text) = value.as_str() else {
            self.fault(
                pointer,
                None,
                &format!("{value:.40} is no string"),
                "put it in quotes",
            );
            return None;
        };
        let chars = text.chars().count();
        let what = match chars {
            0 => "is empty".to_owned(),
            chars if chars > max => format!("has {chars} characters, at most {max} are allowed"),
            _ if text.contains(char::is_control) => "has a control character".to_owned(),
            _ => return Some(text),
        };
        self.fault(
            pointer,
            Some(text),
            &what,
            "write it in one line, or leave it out",
        );
        None
    }

    /// The string in the field.
    pub(super) fn text(&mut self, node: &Node<'_>, field: &str, max: usize) -> Option<Text> {
        let (value, pointer) = node.get(field)?;
        Some(self.string(value, pointer, max)?.to_owned().into())
    }

    /// What the word in the field stands for in `words`.
    pub(super) fn word<T: Clone>(&mut self, node: &Node<'_>, field: &str, words: &[(&str, T)]) -> Option<T> {
        let (value, pointer) = node.get(field)?;
        let row = value
            .as_str()
            .and_then(|text| words.iter().find(|row| row.0 == text));
        if row.is_none() {
            let all: Vec<_> = words.iter().map(|row| row.0).collect();
            let text = value.as_str();
            let what = text.map_or_else(|| format!("{value:.40} is no word"), |_| "is no word".to_owned());
            self.fault(
                pointer,
                text,
                &format!("{what} that is known here"),
                &format!("write one of {}", all.join(", ")),
            );
        }
        row.map(|row| row.1.clone())
    }

    /// The date in the field.
    pub(super) fn date(&mut self, node: &Node<'_>, field: &str) -> Option<Date> {
        let (value, pointer) = node.get(field)?;
        let text = value.as_str();
        let date = text
            .filter(|text| text.len() == "YYYY-MM-DD".len())
            .and_then(|text| text.parse().ok());
        if date.is_none() {
            let what = text.map_or_else(|| format!("{value:.40} is no date"), |_| "is no date".to_owned());
            self.fault(pointer, text, &what, "write a day as \"YYYY-MM-DD\", in quotes");
        }
        date
    }

    /// The whole number from 1 on in the field.
    pub(super) fn count(&mut self, node: &Node<'_>, field: &str) -> Option<u64> {
        let (value, pointer) = node.get(field)?;
        let count = value
            .as_u64()
            .filter(|count| *count > 0 && i64::try_from(*count).is_ok());
        if count.is_none() {
            self.fault(
                pointer,
                None,
                &format!("{value:.40} is no number of tokens"),
                "write a whole number from 1 on",
            );
        }
        count
    }

    /// The truth value in the field.
    pub(super) fn flag(&mut self, node: &Node<'_>, field: &str) -> Option<bool> {
        let (value, pointer) = node.get(field)?;
        if !value.is_boolean() {
            self.fault(
                pointer,
                None,
                &format!("{value:.40} is neither true nor false"),
                "write true or false",
            );
        }
        value.as_bool()
    }

    /// The items of the list in the field, with their pointers.
    pub(super) fn list<'a>(&mut self, node: &Node<'a>, field: &str, max: usize) -> Vec<(&'a Value, String)> {
        let Some((value, pointer)) = node.get(field) else {
            return Vec::new();
        };
        let Some(items) = value.as_array() else {
            self.fault(
                pointer,
                value.as_str(),
                "is no list",
                "write its items, one a line, each behind a -",
            );
            return Vec::new();
        };
        if items.len() > max {
            let what = format!("{} items, at most {max} are allowed", items.len());
            self.fault(pointer, None, &what, "split it into several ModelCatalogs");
            return Vec::new();
        }
        let item = |(at, item)| (item, format!("{pointer}/{at}"));
        items.iter().enumerate().map(item).collect()
    }

    /// The strings of the list in the field.
    pub(super) fn texts(&mut self, node: &Node<'_>, field: &str, limits: (usize, usize)) -> Vec<Text> {
        let (items, chars) = limits;
        let found = self.list(node, field, items);
        let text = |(value, pointer)| Some(Text::from(self.string(value, pointer, chars)?.to_owned()));
        found.into_iter().filter_map(text).collect()
    }

    /// The words of the list in the field, each out of `known`.
    pub(super) fn words(
        &mut self,
        node: &Node<'_>,
        field: &str,
        max: usize,
        known: &[&'static str],
    ) -> Vec<Text> {
        let mut words = Vec::new();
        for (value, pointer) in self.list(node, field, max) {
            let text = value.as_str();
            match known.iter().find(|word| Some(**word) == text) {
                Some(word) => words.push(Text::Borrowed(*word)),
                None => self.fault(
                    pointer,
                    text,
                    "is no word that is known here",
                    &format!("write some of {}", known.join(", ")),
                ),
            }
        }
        words
    }

    /// The strings of the object in the field, by their names.
    pub(super) fn map(
        &mut self,
        node: &Node<'_>,
        field: &str,
        limits: (usize, usize),
    ) -> BTreeMap<String, String> {
        let (most, chars) = limits;
        let Some(inner) = self.object(node, field) else {
            return BTreeMap::new();
        };
        if inner.fields.len() > most {
            let what = format!("{} entries, at most {most} are allowed", inner.fields.len());
            self.fault(inner.pointer, None, &what, "name fewer");
            return BTreeMap::new();
        }
        let mut map = BTreeMap::new();
        for (name, value) in inner.fields {
            let pointer = join(&inner.pointer, name);
            match value.as_str() {
                Some(text) if text.chars().count() <= chars => {
                    map.insert(name.clone(), text.to_owned());
                }
                _ => self.fault(
                    pointer,
                    value.as_str(),
                    "is no value that fits here",
                    "write a short string in quotes",
                ),
            }
        }
        map
    }
}
