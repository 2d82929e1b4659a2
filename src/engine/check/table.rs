//! Faults of an alias map as a whole: what its entries do to each other.

use std::{
    borrow::Cow,
    collections::{BTreeMap, btree_map::Entry},
};

use crate::engine::{
    AliasTable, Code, Diagnostic, Resource,
    diagnostic::{Related, quote},
    normalize::normal_text,
    pointer::join,
    resource::Site,
};

/// Appends the faults of the alias map at `site`.
pub(super) fn check(resource: &Resource, site: &Site, faults: &mut Vec<Diagnostic>) {
    let table = &site.table;
    if table.wildcards().is_empty() {
        return;
    }
    let (at, title) = (site.aliases(), resource.title());
    let mut push = |code: Code, key: &str, message: String, help: &str, other: &str| {
        let mut fault = Diagnostic::new(code, join(&at, key), Some(key), message).help(help);
        fault.related.push(Related {
            object: title.clone(),
            pointer: join(&at, other),
        });
        faults.push(fault);
    };
    for (key, other) in table.ambiguous() {
        let message = format!(
            "{} and {} are equally long and match a name in common",
            quote(key),
            quote(other)
        );
        let help = "make one of them longer, give both one target, or list the names: the gateway's winner is random";
        push(Code::AliasAmbiguous, key, message, help, other);
    }
    for (key, other) in table.covered() {
        let message = format!(
            "{} never wins: the longer {} takes all its names",
            quote(key),
            quote(other)
        );
        push(
            Code::AliasUnreachable,
            key,
            message,
            "remove one of the two",
            other,
        );
    }
}

/// Appends the faults of aliases that are equal, but for what normalization or case makes of them.
pub(super) fn check_twins(resource: &Resource, site: &Site, faults: &mut Vec<Diagnostic>) {
    let table = &site.table;
    if table.iter().all(|(key, _)| is_plain(key)) {
        return; // keys of a map differ
    }
    let at = site.aliases();
    let mut push = |code: Code, key: &str, message: String, help: &str, other: &str| {
        let mut fault = Diagnostic::new(code, join(&at, key), Some(key), message).help(help);
        fault.related.push(Related {
            object: resource.title(),
            pointer: join(&at, other),
        });
        faults.push(fault);
    };
    for (key, other) in twins(table, normal_text)
        .into_iter()
        .filter(|(key, _)| !normal_text(key).is_empty())
    {
        let message = format!(
            "{} becomes {}, and so does {}",
            quote(key),
            quote(&normal_text(key)),
            quote(other)
        );
        push(Code::AliasDuplicate, key, message, "keep one of the two", other);
    }
    for (key, other) in twins(table, lower) {
        if normal_text(key) != normal_text(other) {
            let message = format!("{} differs from {} only by case", quote(key), quote(other));
            let help = "aliases are case-sensitive: keep one, or give both the same target";
            push(Code::AliasCaseCollision, key, message, help, other);
        }
    }
}

/// Appends the faults of entries whose targets lead on to other entries, or nowhere.
pub(super) fn check_hops(resource: &Resource, site: &Site, faults: &mut Vec<Diagnostic>) {
    let table = &site.table;
    for (key, target) in table.iter() {
        let hop = hop(table, key, target);
        if matches!(hop, Hop::None) {
            continue;
        }
        let (at, quoted) = (site.aliases(), quote(target));
        let (code, message, help, next) = match hop {
            Hop::None => continue,
            Hop::Itself => {
                let message = format!("{quoted} is the alias itself: the entry does nothing");
                (Code::AliasSelf, message, "remove the entry", None)
            }
            Hop::Chain(next, end) => {
                let end = quote(end);
                let message = format!(
                    "{quoted} is itself an alias for {end}, but only one hop is made: {quoted} is sent"
                );
                (
                    Code::AliasChain,
                    message,
                    "write the model that is meant",
                    Some(next),
                )
            }
            Hop::Cycle(next) => {
                let way = way(table, key)
                    .iter()
                    .map(|name| quote(name))
                    .collect::<Vec<_>>()
                    .join(" to ");
                let message = format!("{quoted} leads back to the alias: {way}");
                let help =
                    "write the model that is meant: only one hop is made, and it ends at another alias";
                (Code::AliasCycle, message, help, Some(next))
            }
        };
        let mut fault = Diagnostic::new(code, join(&at, key), Some(target), message).help(help);
        fault.related.extend(next.map(|next| Related {
            object: resource.title(),
            pointer: join(&at, next),
        }));
        faults.push(fault);
    }
}

/// Keys that are equal under `form` to an earlier key, each with that key.
fn twins<'a>(table: &'a AliasTable, form: impl Fn(&'a str) -> Cow<'a, str>) -> Vec<(&'a str, &'a str)> {
    let mut first: BTreeMap<Cow<'a, str>, &str> = BTreeMap::new();
    let mut found = Vec::new();
    for (key, _) in table.iter() {
        match first.entry(form(key)) {
            Entry::Occupied(other) => found.push((key, *other.get())),
            Entry::Vacant(free) => {
                free.insert(key);
            }
        }
    }
    found
}

/// Whether `key` is its own form in every sense: then it can have a twin only among keys that are not.
fn is_plain(key: &str) -> bool {
    key.bytes()
        .all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase())
}

/// The form in which keys that differ only by case are equal.
fn lower(key: &str) -> Cow<'_, str> {
    if is_plain(key) {
        Cow::Borrowed(key)
    } else {
        Cow::Owned(normal_text(key).to_lowercase())
    }
}

/// What a second look-up would do; the gateway never makes one.
enum Hop<'a> {
    None,
    Itself,
    /// The target is an alias: its key, and its target.
    Chain(&'a str, &'a str),
    /// Further look-ups lead back to the entry: the next key.
    Cycle(&'a str),
}

fn hop<'a>(table: &'a AliasTable, key: &str, target: &'a str) -> Hop<'a> {
    if key == target {
        // Where a wildcard would take the name, an entry that keeps it as it is means something.
        let kept = table
            .wildcards()
            .iter()
            .any(|pattern| pattern.as_str() != key && pattern.matches(key));
        return if kept { Hop::None } else { Hop::Itself };
    }
    let Some(next) = table.find(target) else {
        return Hop::None;
    };
    let catch_all = next.key.bytes().all(|b| b == b'*');
    if next.target == target || target.contains('*') || (catch_all && next.key != key) {
        return Hop::None;
    }
    let mut seen = next;
    for _ in 0..table.iter().count() {
        if seen.key == key {
            return Hop::Cycle(next.key);
        }
        match table.find(seen.target) {
            Some(further) if further.key != seen.key => seen = further,
            _ => break,
        }
    }
    Hop::Chain(next.key, next.target)
}

/// The aliases from `key` on, up to the one that was there before.
fn way<'a>(table: &'a AliasTable, key: &'a str) -> Vec<&'a str> {
    let mut seen = vec![key];
    while let Some(hit) = seen.last().and_then(|last| table.find(last)) {
        let known = seen.contains(&hit.target);
        seen.push(hit.target);
        if known {
            break;
        }
    }
    seen
}
