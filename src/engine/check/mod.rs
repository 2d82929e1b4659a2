//! All faults of one resource.

mod backend;
mod catalog;
mod key;
mod layers;
mod levels;
mod reach;
mod single;
mod table;
mod target;

use std::collections::BTreeSet;

use serde_json::Value;

use levels::Levels;

use super::{
    Code, Diagnostic, Resource, Severity, Snapshot,
    normalize::{self, Change},
    pointer,
    resource::{Scope, Site},
    snapshot::View,
};

pub use levels::{ALLOW, ENFORCEMENT};
pub(super) use reach::{Reach, reaches};
pub use single::stored_target;

/// Most entries of one alias map: the CRD's `maxProperties`.
pub(super) const MAX_ENTRIES: usize = 64;

/// Longest alias or target, in characters.
const MAX_CHARS: usize = 256;

/// All faults of `resource` as it stands, in the order of their places; the admin's levels are applied.
///
/// `resource` counts instead of what `snapshot` has under its kind and key.
///
/// ```
/// use std::sync::Arc;
/// use aliasgate::engine::{self, Code, Resource, Snapshot};
/// let backend = Resource::new(serde_json::json!({
///     "apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayBackend", "metadata": {"name": "openai"},
///     "spec": {"ai": {"provider": {"openai": {}}}, "policies": {"ai": {"modelAliases": {"fast": "gpt-*"}}}},
/// })).expect("a backend");
/// let snapshot = Snapshot::build(Arc::default(), [], engine::Date::constant(2026, 11, 23));
/// let faults = engine::check(&snapshot, &backend);
/// assert_eq!(faults[0].code, Code::AliasTargetWildcard);
/// assert_eq!(faults[0].pointer, "/spec/policies/ai/modelAliases/fast");
/// ```
#[must_use]
pub fn check(snapshot: &Snapshot, resource: &Resource) -> Vec<Diagnostic> {
    let view = snapshot.with(resource);
    let mut faults = Vec::new();
    for site in resource.sites() {
        of_site(view, resource, site, &mut faults);
    }
    backend::check(view, resource, &mut faults);
    catalog::check(view, resource, &mut faults);
    let mut levels = Levels::of(view, resource);
    let mut weighed = levels.own_faults();
    weighed.extend(faults.into_iter().filter_map(|fault| levels.apply(fault)));
    sort(&mut weighed);
    weighed
}

/// All faults of what is stored after normalization, at the places of what was written, and a warning for every
/// entry that is stored as something else.
#[must_use]
pub fn check_normalized(snapshot: &Snapshot, resource: &Resource) -> Vec<Diagnostic> {
    let changes = normalize::changes(snapshot, resource, None);
    if changes.is_empty() {
        return check(snapshot, resource);
    }
    let edits: Vec<_> = changes.iter().flat_map(Change::edits).collect();
    let mut value = resource.value().clone();
    normalize::apply(&edits, &mut value);
    let Some(stored) = Resource::new(value) else {
        return check(snapshot, resource);
    };
    let mut faults = check(snapshot, &stored);
    for fault in &mut faults {
        if let Some(change) = changes
            .iter()
            .find(|change| change.new_pointer() == fault.pointer)
        {
            fault.pointer = change.pointer();
        }
    }
    let levels = Levels::of(snapshot.with(resource), resource);
    faults.extend(
        changes
            .iter()
            .flat_map(Change::diagnostics)
            .filter_map(|fault| levels.apply(fault)),
    );
    sort(&mut faults);
    faults
}

/// Makes the errors among `faults` of `new` that `old` had already warnings: the request does not bring them.
pub fn forgive(faults: &mut [Diagnostic], snapshot: &Snapshot, new: &Resource, old: &Resource) {
    let before: BTreeSet<_> = check(snapshot, old)
        .into_iter()
        .map(|fault| identity(old, fault))
        .collect();
    for fault in faults
        .iter_mut()
        .filter(|fault| fault.severity == Severity::Error)
    {
        if before.contains(&identity(new, fault.clone())) {
            fault.severity = Severity::Warning;
        }
    }
}

/// What makes a fault the same one before and after an update: lists shift, so providers go by their names.
fn identity(resource: &Resource, fault: Diagnostic) -> (Code, String, Option<String>) {
    let provider = resource
        .targets()
        .iter()
        .find(|target| !target.single && is_below(&fault.pointer, &target.pointer));
    let place = match provider {
        Some(target) => format!("{}{}", target.name, &fault.pointer[target.pointer.len()..]),
        None => fault.pointer,
    };
    (fault.code, place, fault.value)
}

/// Whether `pointer` leads to `parent` or into it.
fn is_below(pointer: &str, parent: &str) -> bool {
    pointer
        .strip_prefix(parent)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The place of an entry: its pointer is only made for a fault.
#[derive(Clone, Copy)]
struct At<'a> {
    /// Pointer to the map.
    map: &'a str,
    key: &'a str,
}

impl From<At<'_>> for String {
    fn from(at: At<'_>) -> Self {
        pointer::join(at.map, at.key)
    }
}

fn of_site(view: View<'_>, resource: &Resource, site: &Site, faults: &mut Vec<Diagnostic>) {
    let at = site.aliases();
    let Some(aliases) = resource.at(&at) else {
        return;
    };
    let Some(entries) = aliases.as_object() else {
        if !aliases.is_null() {
            let fault = Diagnostic::new(Code::SchemaInvalid, at, None, "the aliases are no map of strings");
            faults.push(fault.help("write one line for each alias, as in `fast: gpt-4o`"));
        }
        return;
    };
    if entries.len() > MAX_ENTRIES {
        let message = format!(
            "{} aliases, at most {MAX_ENTRIES} are allowed in one map",
            entries.len()
        );
        let fault = Diagnostic::new(Code::SchemaInvalid, at, None, message);
        faults.push(fault.help("move some to the policies of single providers, or use wildcards"));
        return; // the API server refuses the object; judging thousands of entries would only take time
    }
    let reaches = reaches(view, resource, site);
    let voices = target::voices(&reaches);
    for (key, target) in entries {
        let place = At { map: &at, key };
        key::check(key, entries, place, faults);
        target::check(view, &reaches, &voices, target, place, faults);
    }
    table::check(resource, site, faults);
    table::check_twins(resource, site, faults);
    table::check_hops(resource, site, faults);
    layers::check(view, resource, site, &reaches, faults);
    target::stale(view, &reaches, &at, faults);
    if site.scope == Scope::Targets && reaches.is_empty() && !entries.is_empty() {
        unattached(entries, &at, faults);
    }
}

/// A policy whose targets are not known: its targets cannot be judged, and that is said.
fn unattached(entries: &serde_json::Map<String, Value>, at: &str, faults: &mut Vec<Diagnostic>) {
    for (key, target) in entries
        .iter()
        .filter_map(|(key, target)| Some((key, target.as_str()?)))
    {
        let quoted = super::diagnostic::quote(target);
        let message = format!("{quoted} is not checked: no backend that this policy leads to is known here");
        let fault = Diagnostic::new(
            Code::AliasTargetUnchecked,
            pointer::join(at, key),
            Some(target),
            message,
        );
        faults.push(fault.help("check the policy together with its backends and routes"));
    }
}

/// By place, indices of lists as numbers, then by code.
fn sort(faults: &mut Vec<Diagnostic>) {
    let place = |pointer: &str| -> Vec<(usize, String)> {
        pointer::segments(pointer)
            .map(|part| (part.parse().unwrap_or(usize::MAX), part))
            .collect()
    };
    faults.sort_by_cached_key(|fault| (place(&fault.pointer), fault.code, fault.message.clone()));
    faults.dedup();
}
