//! YAML and JSON text to documents that know where their parts stand.

use std::fmt;

use serde_json::Value;

use super::{json, yaml};

pub use super::tree::Places;

/// Most documents in one text, items of lists among them.
const MAX_DOCUMENTS: usize = 100_000;
/// After this many faults the rest of a text is not read.
const MAX_FAULTS: usize = 20;

/// One document.
#[derive(Debug, Clone)]
pub struct Document {
    /// The whole document, typed as kubectl would type it. Never null.
    pub value: Value,
    /// Where its parts stand.
    pub places: Places,
}

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// How many characters on that line are meant, at least 1.
    pub width: u32,
}

impl Place {
    pub(super) fn new(line: usize, column: usize, width: usize) -> Self {
        let clip = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            line: clip(line),
            column: clip(column),
            width: clip(width),
        }
    }

    pub(super) fn fault(self, message: impl Into<String>) -> SyntaxError {
        SyntaxError {
            line: self.line,
            column: self.column,
            message: message.into(),
        }
    }
}

/// Text that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// Why; never a value of the text, which may be secret.
    pub message: String,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for SyntaxError {}

/// What is in a text.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// The documents that could be read, in their order; items of a `List` instead of the list.
    pub documents: Vec<Document>,
    /// Why others could not, in their order. Reading goes on at the next `---`.
    pub faults: Vec<SyntaxError>,
}

/// The documents of `text`, which is YAML or JSON.
///
/// ```
/// use aliasgate::sources::documents::read;
/// let reading = read("kind: A\n---\nkind: B\nspec: {size: 1_0}\n");
/// let second = &reading.documents[1];
/// assert_eq!(second.value["spec"]["size"], 10);
/// assert_eq!(second.places.value(&second.value, "/spec/size").column, 14);
/// ```
#[must_use]
pub fn read(text: &str) -> Reading {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut no_json = None;
    if text.trim_start().starts_with(['{', '[']) {
        let mut reading = Reading::default();
        match json::read(text, &mut reading.documents) {
            Ok(()) => return reading,
            Err(fault) => no_json = Some((reading, fault)),
        }
    }
    let reading = read_yaml(text);
    match no_json {
        // What begins with a bracket was meant to be JSON, unless it is good YAML.
        Some((mut as_json, fault)) if !reading.faults.is_empty() => {
            as_json.faults.push(explain(text, fault));
            as_json
        }
        _ => reading,
    }
}

fn read_yaml(text: &str) -> Reading {
    let mut reading = Reading::default();
    let (mut rest, mut skipped) = (text, 0);
    while let Err(fault) = yaml::read(rest, skipped, &mut reading.documents) {
        let line = fault.line as usize;
        let full = reading.documents.len() >= MAX_DOCUMENTS;
        let fault = explain(text, fault);
        if reading.faults.last() != Some(&fault) {
            reading.faults.push(fault);
        }
        if full || reading.faults.len() == MAX_FAULTS {
            break;
        }
        let Some((start, lines)) = next_document(rest, line.saturating_sub(skipped)) else {
            break;
        };
        rest = &rest[start..];
        skipped += lines;
    }
    reading
}

/// Where the first `---` in line `line` (from 1) of `text` or after it begins, but for the head of the text: in bytes,
/// and in lines before it.
fn next_document(text: &str, line: usize) -> Option<(usize, usize)> {
    let mut start = 0;
    for (at, content) in text.split_inclusive('\n').enumerate() {
        if at > 0 && at + 1 >= line && content.starts_with("---") {
            return Some((start, at));
        }
        start += content.len();
    }
    None
}

/// The same fault; where a template was not rendered, that is the reason.
fn explain(text: &str, fault: SyntaxError) -> SyntaxError {
    const NEAR: usize = 3; // lines, since a parser stumbles late
    let last = fault.line as usize;
    let from = last.saturating_sub(NEAR);
    let lines: Vec<&str> = text.lines().skip(from).take(last - from).collect();
    for (at, line) in lines.iter().enumerate().rev() {
        if let Some((before, _)) = line.split_once("{{") {
            let place = Place::new(from + at + 1, before.chars().count() + 1, 2);
            return place
                .fault("\"{{\" is left over from a template; render it first, e.g. with `helm template`");
        }
    }
    fault
}

impl Document {
    /// Adds the document to `out`; of a list, as `kubectl get -o yaml` writes it, the items instead.
    pub(super) fn add(value: Value, places: Places, out: &mut Vec<Self>) -> Result<(), SyntaxError> {
        let mut waiting = vec![Self { value, places }];
        while let Some(mut document) = waiting.pop() {
            let Some(count) = document.items() else {
                if out.len() == MAX_DOCUMENTS {
                    let place = document.places.value(&document.value, "");
                    return Err(place.fault(format!("more than {MAX_DOCUMENTS} documents in one text")));
                }
                out.push(document);
                continue;
            };
            let places: Vec<_> = (0..count)
                .map(|at| document.places.part(&document.value, &format!("/items/{at}")))
                .collect();
            let items = document.value.get_mut("items").map(Value::take);
            let Some(Value::Array(items)) = items else {
                continue;
            };
            let items = items
                .into_iter()
                .zip(places)
                .filter(|(value, _)| !value.is_null());
            waiting.extend(items.map(|(value, places)| Self { value, places }).rev());
        }
        Ok(())
    }

    /// The number of items of a list; `None` when this is none.
    fn items(&self) -> Option<usize> {
        let list = self.value.get("kind")?.as_str()?.ends_with("List");
        self.value.get("items")?.as_array().filter(|_| list).map(Vec::len)
    }
}
