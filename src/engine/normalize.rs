//! What is stored instead of what was written, where the two certainly mean the same.
//!
//! Certainly the same: text without surrounding blanks and zero-width characters, in Unicode's form NFC; and, where
//! the provider's own catalog knows the result exactly and does not know what was written, an id without a redundant
//! prefix of the same provider and in the catalog's spelling.

use std::borrow::Cow;

use serde_json::{Map, Value};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::{
    Code, Diagnostic, Resource, Snapshot,
    catalog::Voice,
    check::{MAX_ENTRIES, Reach, reaches},
    diagnostic::{is_invisible, quote},
    pointer::join,
    resource::{Scope, Site},
    snapshot::View,
};

/// One change of an object, as an operation of RFC 6902.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Adds the member at the pointer.
    Add(String, Value),
    /// Removes the member at the pointer.
    Remove(String),
    /// Replaces the member at the pointer.
    Replace(String, Value),
    /// Nothing, but the whole list applies only if the member at the pointer has this value.
    Test(String, Value),
}

/// An entry that is stored as something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Pointer to the alias map.
    pub map: String,
    /// The alias as it was written.
    pub key: String,
    /// The target as it was written.
    pub target: String,
    /// The alias as it is stored.
    pub new_key: String,
    /// The target as it is stored.
    pub new_target: String,
    /// The target that `new_key` has in the same map already, in an entry that the request repeats from what is
    /// stored: applying a file again brings the written key back beside the stored one.
    stored: Option<String>,
}

impl Change {
    /// Pointer to the entry as it was written.
    #[must_use]
    pub fn pointer(&self) -> String {
        join(&self.map, &self.key)
    }

    /// Pointer to the entry as it is stored.
    #[must_use]
    pub fn new_pointer(&self) -> String {
        join(&self.map, &self.new_key)
    }

    /// The edits that make the change.
    #[must_use]
    pub fn edits(&self) -> Vec<Edit> {
        let new = || Value::from(self.new_target.as_str());
        let mut edits = vec![Edit::Test(self.pointer(), Value::from(self.target.as_str()))];
        if self.key == self.new_key {
            edits.push(Edit::Replace(self.pointer(), new()));
            return edits;
        }
        edits.push(Edit::Remove(self.pointer()));
        match &self.stored {
            None => edits.push(Edit::Add(self.new_pointer(), new())),
            Some(stored) if *stored != self.new_target => {
                edits.push(Edit::Replace(self.new_pointer(), new()))
            }
            Some(_) => {}
        }
        edits
    }

    /// What the user is told: a warning for the alias and one for the target, whichever changes.
    #[must_use]
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let parts = [(&self.key, &self.new_key), (&self.target, &self.new_target)];
        let changed = parts.into_iter().filter(|(written, stored)| written != stored);
        changed
            .map(|(written, stored)| {
                let message = format!("{} is stored as {}", quote(written), quote(stored));
                Diagnostic::new(Code::AliasNormalized, self.pointer(), Some(written), message)
                    .help(format!("write {} to say what is stored", quote(stored)))
            })
            .collect()
    }
}

/// The edits that bring `resource` into the normal form; empty when it is there already.
///
/// With `old`, an entry that equals the stored one stays as it is.
#[must_use]
pub fn normalize(snapshot: &Snapshot, resource: &Resource, old: Option<&Resource>) -> Vec<Edit> {
    changes(snapshot, resource, old)
        .iter()
        .flat_map(Change::edits)
        .collect()
}

/// The entries that [`normalize`] changes, in the order of the document.
#[must_use]
pub fn changes(snapshot: &Snapshot, resource: &Resource, old: Option<&Resource>) -> Vec<Change> {
    let view = snapshot.with(resource);
    resource
        .sites()
        .iter()
        .flat_map(|site| of_site(view, resource, site, old))
        .collect()
}

fn of_site(view: View<'_>, resource: &Resource, site: &Site, old: Option<&Resource>) -> Vec<Change> {
    let map = site.aliases();
    let Some(entries) = resource.at(&map).and_then(Value::as_object) else {
        return Vec::new();
    };
    if entries.len() > MAX_ENTRIES {
        return Vec::new(); // the CRD refuses it
    }
    let stored = old.and_then(|old| stored_entries(resource, site, old));
    let is_stored = |key: &str, target: &Value| stored.is_some_and(|stored| stored.get(key) == Some(target));
    let mut voices: Vec<Option<Voice<'_>>> = Vec::new();
    for Reach { voice, .. } in reaches(view, resource, site) {
        let same = |other: &Option<Voice<'_>>| match (other, &voice) {
            (Some(other), Some(voice)) => other.agrees(voice),
            (other, voice) => other.is_none() && voice.is_none(),
        };
        if !voices.iter().any(same) {
            voices.push(voice);
        }
    }
    let mut changes = Vec::new();
    for (key, target) in entries {
        let Some(text) = target.as_str() else { continue };
        if is_stored(key, target) {
            continue;
        }
        let (new_key, mut new_target) = (normal_text(key), normal_target(view, &voices, text));
        if new_target.is_empty() {
            new_target = Cow::Borrowed(text); // refused as it is
        }
        if new_key == *key && new_target == text {
            continue;
        }
        let (new_key, stored) = free_key(entries, key, &new_key, &is_stored);
        if new_key != key || new_target != text {
            changes.push(Change {
                map: map.clone(),
                key: key.clone(),
                target: text.to_owned(),
                new_key: new_key.to_owned(),
                new_target: new_target.into_owned(),
                stored,
            });
        }
    }
    changes
}

/// `new_key`, and the target that it has already in an entry that is stored so; or `key` itself, where another entry
/// would become `new_key` too.
fn free_key<'a>(
    entries: &Map<String, Value>,
    key: &'a str,
    new_key: &'a str,
    is_stored: &dyn Fn(&str, &Value) -> bool,
) -> (&'a str, Option<String>) {
    if new_key == key || new_key.is_empty() {
        return (key, None);
    }
    let mut stored = None;
    for (other, value) in entries
        .iter()
        .filter(|(other, _)| *other != key && normal_text(other) == new_key)
    {
        match value.as_str() {
            Some(target) if *other == new_key && is_stored(other, value) => stored = Some(target.to_owned()),
            _ => return (key, None),
        }
    }
    (new_key, stored)
}

/// The entries that `old` has at the same site; providers are found by their names, since lists shift.
pub(super) fn stored_entries<'a>(
    new: &Resource,
    site: &Site,
    old: &'a Resource,
) -> Option<&'a Map<String, Value>> {
    let map = match &site.scope {
        Scope::Backend | Scope::Targets => site.aliases(),
        Scope::Provider(at) => {
            let name = &new.targets().iter().find(|target| target.pointer == *at)?.name;
            let before = old.targets().iter().find(|target| target.name == *name)?;
            format!("{}{}", before.pointer, site.aliases().strip_prefix(at.as_str())?)
        }
    };
    old.at(&map)?.as_object()
}

/// `text` without zero-width characters and surrounding blanks, in NFC.
///
/// The joiners U+200C and U+200D stay in text that is not otherwise ASCII: emoji and some scripts need them.
///
/// ```
/// use aliasgate::engine::normalize::normal_text;
/// assert_eq!(normal_text("\u{feff} gpt-4o\t"), "gpt-4o");
/// ```
#[must_use]
pub fn normal_text(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text.trim());
    }
    let ascii = text.chars().all(|c| c.is_ascii() || is_invisible(c));
    let visible: String = text.chars().filter(|c| !drops(*c, ascii)).collect();
    let trimmed = visible.trim();
    Cow::Owned(if is_nfc(trimmed) {
        trimmed.to_owned()
    } else {
        trimmed.nfc().collect()
    })
}

const fn drops(c: char, ascii: bool) -> bool {
    matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}')
        || (ascii && matches!(c, '\u{200c}' | '\u{200d}' | '\u{ad}'))
}

/// The target as it is stored: at every place that it goes to, the provider's catalog must agree on the spelling.
fn normal_target<'t>(view: View<'_>, voices: &[Option<Voice<'_>>], text: &'t str) -> Cow<'t, str> {
    let normal = normal_text(text);
    if normal.is_empty() || normal.contains('*') {
        return normal;
    }
    let today = view.snapshot.as_of();
    let mut repairs = voices.iter().map(|voice| voice.as_ref()?.repair(&normal, today));
    match repairs.next().flatten() {
        Some(repair) if repairs.all(|other| other.as_ref() == Some(&repair)) => Cow::Owned(repair),
        _ => normal,
    }
}

/// Applies `edits` to `value`; whether every `Test` held and every place was there. Nothing is changed otherwise.
///
/// Only members of objects are edited: that is all that [`normalize`] makes.
pub fn apply(edits: &[Edit], value: &mut Value) -> bool {
    let mut copy = value.clone();
    let done = edits.iter().all(|edit| apply_one(edit, &mut copy).is_some());
    if done {
        *value = copy;
    }
    done
}

fn apply_one(edit: &Edit, value: &mut Value) -> Option<()> {
    let (Edit::Add(at, _) | Edit::Remove(at) | Edit::Replace(at, _) | Edit::Test(at, _)) = edit;
    let (parent, member) = at.rsplit_once('/')?;
    let member = member.replace("~1", "/").replace("~0", "~");
    let object = value.pointer_mut(parent)?.as_object_mut()?;
    match edit {
        Edit::Add(_, new) => {
            object.insert(member, new.clone());
        }
        Edit::Replace(_, new) => *object.get_mut(&member)? = new.clone(),
        Edit::Remove(_) => {
            object.remove(&member)?;
        }
        Edit::Test(_, expected) => return (object.get(&member)? == expected).then_some(()),
    }
    Some(())
}
