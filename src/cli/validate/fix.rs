//! What `--fix` changes in a text: entries that are not in the normal form, and slips with one thing that can be meant.
//!
//! Only the words that change are replaced, so comments, order and quotes stay. After every change the text is read
//! again; where anything but the wanted entries became different (an anchor that others use, a text over many lines) the
//! change is not made.

use std::{fs, io, io::Write as _, ops::Range, path::Path};

use serde_json::Value;
use tempfile::NamedTempFile;

use super::{
    checker::Checker,
    sheet::{Object, Sheet},
};
use crate::{
    cli::print::next_line,
    engine::{Code, Resource, Snapshot, check::check, normalize::changes, pointer::segments},
    sources::documents::{self, Document, Place, Places},
};

/// A changed entry may be wrong in another way.
const MAX_ROUNDS: usize = 4;
/// Most changes that are tried one by one where they cannot be made all at once.
const MAX_SINGLE: usize = 200;
/// The slips that a suggestion mends.
const SLIPS: &[Code] = &[Code::AliasTargetMisspelt, Code::AliasTargetMalformed];

/// A file that can be better.
pub(super) struct Fix {
    pub(super) old: String,
    pub(super) new: String,
    /// The number of keys and values that differ.
    pub(super) changes: usize,
}

/// One word that is to be another.
#[derive(Debug, Clone)]
struct Change {
    /// The number of the document in the text.
    document: usize,
    /// Pointer to the entry.
    pointer: String,
    /// Whether its key changes, else its value.
    key: bool,
    new: String,
}

impl Fix {
    /// The changes that the objects of a file need; `None` for none.
    pub(super) fn of(sheet: &Sheet, checker: &Checker<'_>) -> Option<Self> {
        // What cannot be read in parts is left alone.
        if !sheet.faults.is_empty() {
            return None;
        }
        let (mut text, mut made) = (sheet.text.clone(), 0);
        for _ in 0..MAX_ROUNDS {
            let documents = documents::read(&text).documents;
            let wanted = wanted(&documents, checker);
            let (new, count) = apply(&text, &documents, wanted);
            if count == 0 {
                break;
            }
            (text, made) = (new, made + count);
        }
        (made > 0).then(|| Self {
            old: sheet.text.clone(),
            new: text,
            changes: made,
        })
    }

    /// Puts the new text in the place of the file at `path`, whole or not at all.
    ///
    /// # Errors
    /// The file or its folder cannot be written, or the file is not what it was.
    pub(super) fn store(&self, path: &Path) -> io::Result<()> {
        let path = fs::canonicalize(path)?; // a link stays a link
        if fs::read(&path)? != self.old.as_bytes() {
            return Err(io::Error::other("it was changed meanwhile"));
        }
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut file = NamedTempFile::new_in(folder)?;
        file.write_all(self.new.as_bytes())?;
        file.as_file()
            .set_permissions(fs::metadata(&path)?.permissions())?;
        file.as_file().sync_all()?;
        file.persist(&path)?;
        Ok(())
    }
}

/// What is to be changed in `documents`.
fn wanted(documents: &[Document], checker: &Checker<'_>) -> Vec<Change> {
    let mut wanted = Vec::new();
    for (number, document) in documents.iter().enumerate() {
        let Some(Object::Resource(resource)) = Object::new(document.value.clone()) else {
            continue;
        };
        if !(checker.wanted)(&Object::Resource(resource.clone())) {
            continue;
        }
        wanted.extend(of_resource(number, checker.snapshot, &resource));
    }
    wanted
}

fn of_resource(document: usize, snapshot: &Snapshot, resource: &Resource) -> Vec<Change> {
    let change = |pointer: String, key, new: &str| Change {
        document,
        pointer,
        key,
        new: new.to_owned(),
    };
    let mut wanted = Vec::new();
    let normal = changes(snapshot, resource, None);
    for one in &normal {
        let renamed = one.key != one.new_key;
        let taken = normal
            .iter()
            .any(|other| other.key != one.key && other.new_pointer() == one.new_pointer());
        if renamed && (taken || resource.at(&one.new_pointer()).is_some()) {
            continue; // which of the two is meant is for people to say
        }
        if renamed {
            wanted.push(change(one.pointer(), true, &one.new_key));
        }
        if one.target != one.new_target {
            wanted.push(change(one.pointer(), false, &one.new_target));
        }
    }
    for fault in check(snapshot, resource) {
        let known = wanted.iter().any(|change| change.pointer == fault.pointer);
        if known || !SLIPS.contains(&fault.code) {
            continue;
        }
        if let Some(model) = only_model(&fault.suggestions) {
            wanted.push(change(fault.pointer, false, model));
        }
    }
    wanted
}

/// The model that can be meant where all suggestions are one model and its dated versions.
fn only_model(suggestions: &[String]) -> Option<&str> {
    let (first, others) = suggestions.split_first()?;
    let is_version = |other: &String| {
        let version = other
            .strip_prefix(first.as_str())
            .and_then(|rest| rest.strip_prefix('-'));
        version.is_some_and(|version| version.chars().all(|c| c.is_ascii_digit() || c == '-'))
    };
    others.iter().all(is_version).then_some(first)
}

/// The text with the changes, and how many were made: all at once if that is right, else those that are right alone.
fn apply(text: &str, documents: &[Document], changes: Vec<Change>) -> (String, usize) {
    if changes.is_empty() {
        return (text.to_owned(), 0);
    }
    for quoted in [false, true] {
        if let Some(new) = changed(text, documents, &changes, quoted) {
            return (new, changes.len());
        }
    }
    if changes.len() == 1 {
        return (text.to_owned(), 0);
    }
    let (mut text, mut documents, mut made) = (text.to_owned(), documents.to_vec(), 0);
    let mut changes = changes;
    // An entry's value goes before its key, whose change would lead the pointer astray.
    changes.sort_by_key(|change| change.key);
    for change in changes.into_iter().take(MAX_SINGLE) {
        let (new, count) = apply(&text, &documents, vec![change]);
        if count > 0 {
            documents = documents::read(&new).documents;
            (text, made) = (new, made + count);
        }
    }
    (text, made)
}

/// The text with all changes; `None` where it does not say what it should then.
fn changed(text: &str, documents: &[Document], changes: &[Change], quoted: bool) -> Option<String> {
    let lines = line_starts(text);
    let mut edits = Vec::new();
    let mut expected: Vec<_> = documents.iter().map(|document| document.value.clone()).collect();
    for change in changes {
        let Document { value, places } = documents.get(change.document)?;
        let span = span(text, &lines, place(places, value, change))?;
        let word = word(&text[span.clone()], &change.new, quoted);
        edits.push((span, word));
    }
    for change in changes.iter().filter(|change| !change.key) {
        *expected[change.document].pointer_mut(&change.pointer)? = change.new.as_str().into();
    }
    for change in changes.iter().filter(|change| change.key) {
        rename(&mut expected[change.document], change)?;
    }
    edits.sort_by_key(|(span, _)| span.start);
    let mut new = String::with_capacity(text.len());
    let mut done = 0;
    for (span, word) in edits {
        new.push_str(text.get(done..span.start)?);
        new.push_str(&word);
        done = span.end;
    }
    new.push_str(&text[done..]);
    let reading = documents::read(&new);
    let values = reading.documents.iter().map(|document| &document.value);
    (reading.faults.is_empty() && values.eq(&expected)).then_some(new)
}

fn place(places: &Places, value: &Value, change: &Change) -> Place {
    if change.key {
        places.key(value, &change.pointer)
    } else {
        places.value(value, &change.pointer)
    }
}

fn rename(document: &mut Value, change: &Change) -> Option<()> {
    let (parent, _) = change.pointer.rsplit_once('/')?;
    let key = segments(&change.pointer).last()?;
    let map = document.pointer_mut(parent)?.as_object_mut()?;
    let value = map.remove(&key)?;
    map.insert(change.new.clone(), value);
    Some(())
}

/// Where each line begins, in bytes. A byte order mark is before the first.
fn line_starts(text: &str) -> Vec<usize> {
    let first = text.len() - text.trim_start_matches('\u{feff}').len();
    std::iter::successors(Some(first), |start| Some(start + next_line(&text[*start..])?)).collect()
}

/// The bytes at a place.
fn span(text: &str, lines: &[usize], place: Place) -> Option<Range<usize>> {
    let line = *lines.get((place.line as usize).checked_sub(1)?)?;
    let mut ends = text[line..].char_indices().map(|(at, _)| line + at);
    let start = ends.nth((place.column as usize).checked_sub(1)?)?;
    let end = ends
        .nth((place.width as usize).checked_sub(1)?)
        .unwrap_or(text.len());
    Some(start..end)
}

/// `new` in the quotes of `old`; in double ones if `quoted`.
fn word(old: &str, new: &str, quoted: bool) -> String {
    let double = || Value::from(new).to_string();
    match old.chars().next() {
        _ if quoted => double(),
        Some('"') => double(),
        Some('\'') => format!("'{}'", new.replace('\'', "''")),
        _ => new.to_owned(),
    }
}
