//! Faults that come of several resources reaching one place: hidden maps, conflicts, pins, routes without aliases.

use serde_json::Value;

use super::reach::Reach;
use crate::engine::{
    Code, Diagnostic, Key, Kind, Resource,
    diagnostic::{Related, quote},
    pointer::{field_path, join},
    resolve::{Layer, in_force, layers, pinned},
    resource::{Choice, Scope, Site},
    snapshot::View,
};

/// Route types to which aliases never apply (agentgateway @75b4e6ce6, crates/agentgateway/src/llm).
const WITHOUT_ALIASES: &[&str] = &["Passthrough", "Realtime", "Detect", "Models"];

/// Appends the faults of `site` that other layers, or other policies, make.
pub(super) fn check<'a>(
    view: View<'a>,
    resource: &'a Resource,
    site: &Site,
    reaches: &[Reach<'a>],
    faults: &mut Vec<Diagnostic>,
) {
    if site.table.is_empty() {
        return;
    }
    let places: Vec<_> = reaches
        .iter()
        .map(|reach| {
            (
                reach,
                layers(view, reach.backend, reach.target, reach.route.as_ref()),
            )
        })
        .collect();
    faults.extend(hidden(resource, site, &places));
    if !places.is_empty() {
        unreachable(site, &places, faults);
        faults.extend(unused(site, &places));
    }
    if site.scope == Scope::Targets {
        conflicts(view, resource, site, faults);
    }
}

type Places<'r, 'a> = [(&'r Reach<'a>, Vec<Layer<'a>>)];

/// A stronger map at some of the places: it replaces this one whole.
fn hidden(resource: &Resource, site: &Site, places: &Places<'_, '_>) -> Option<Diagnostic> {
    let mut related: Vec<Related> = Vec::new();
    let mut at = Vec::new();
    for (reach, layers) in places {
        let Some((layer, _)) = in_force(layers, "modelAliases") else {
            continue;
        };
        let own = layer.owner.kind == resource.kind && layer.owner.key == resource.key;
        let equal = !own && resource.kind == Kind::Policy && same_target(layer.owner, resource);
        if (own && layer.site.ai == site.ai) || equal {
            continue; // equally strong maps are a conflict
        }
        at.push(format!("{} of {}", quote(&reach.target.name), reach.backend.key));
        let other = Related {
            object: layer.owner.title(),
            pointer: layer.site.aliases(),
        };
        if !related.contains(&other) {
            related.push(other);
        }
    }
    let stronger = related.first()?;
    let message = format!(
        "the map does not apply at the provider {}: {} of {} replaces it whole",
        at.join(", "),
        field_path(&stronger.pointer),
        stronger.object
    );
    let mut fault = Diagnostic::new(Code::AliasesHidden, site.aliases(), None, message)
        .help("repeat the entries in the stronger map: maps are never merged key by key");
    fault.related = related;
    Some(fault)
}

/// Whether two policies are attached to one target and section.
fn same_target(a: &Resource, b: &Resource) -> bool {
    a.attachments().iter().any(|x| {
        b.attachments()
            .iter()
            .any(|y| x.kind == y.kind && x.choice == y.choice && x.section == y.section)
    })
}

/// Entries that no name reaches, because the model is pinned at every place.
fn unreachable(site: &Site, places: &Places<'_, '_>, faults: &mut Vec<Diagnostic>) {
    let mut names = Vec::new();
    for (reach, layers) in places {
        match pinned(layers, reach.target) {
            Ok(Some(pin)) => names.push(pin),
            Ok(None) | Err(_) => return,
        }
    }
    let Some((pin, why)) = names.first() else { return };
    let reached: Vec<_> = names
        .iter()
        .filter_map(|(name, _)| site.table.find(name))
        .map(|hit| hit.key)
        .collect();
    for (key, _) in site.table.iter().filter(|(key, _)| !reached.contains(key)) {
        let message = format!("{} is never looked up: {why} to {}", quote(key), quote(pin));
        faults.push(
            Diagnostic::new(
                Code::AliasUnreachable,
                join(&site.aliases(), key),
                Some(key),
                message,
            )
            .help("remove the pin so that the client's model counts, or remove the alias"),
        );
    }
}

/// Only routes to which aliases never apply. A path that no entry matches is taken as chat, so `*` must be among them.
fn unused(site: &Site, places: &Places<'_, '_>) -> Option<Diagnostic> {
    let without = |layers: &[Layer<'_>]| {
        let routes = in_force(layers, "routes").and_then(|(_, routes)| routes.as_object())?;
        let all = routes
            .values()
            .all(|to| to.as_str().is_some_and(|to| WITHOUT_ALIASES.contains(&to)));
        (all && routes.contains_key("*")).then_some(())
    };
    if !places.iter().all(|(_, layers)| without(layers).is_some()) {
        return None;
    }
    let message = "the aliases never apply: all routes are Passthrough, Realtime, Detect or Models";
    Some(
        Diagnostic::new(Code::AliasesUnused, site.aliases(), None, message)
            .help("give the chat paths the type Completions, or remove the aliases"),
    )
}

/// Other policies with aliases on the same target.
fn conflicts<'a>(view: View<'a>, policy: &'a Resource, site: &Site, faults: &mut Vec<Diagnostic>) {
    for attachment in policy.attachments() {
        let chosen: Vec<Key> = match &attachment.choice {
            Choice::Name(name) => vec![Key::new(&policy.key.namespace, name)],
            Choice::Labels(_) => [Kind::Backend, Kind::HttpRoute]
                .into_iter()
                .flat_map(|kind| view.all(kind).map(move |object| (kind, object)))
                .filter(|(kind, object)| attachment.chooses(kind.as_str(), &object.key, Some(object)))
                .map(|(_, object)| object.key.clone())
                .filter(|key| key.namespace == policy.key.namespace)
                .collect(),
        };
        for key in chosen {
            let rivals = view.policies_on(&attachment.kind, &key, attachment.section.as_deref());
            let rivals = rivals.into_iter().filter(|rival| rival.key != policy.key);
            for rival in rivals {
                let Some(other) = rival.sites().iter().find(|site| has_aliases(rival, site)) else {
                    continue;
                };
                let message = format!(
                    "{} sets aliases on {} {key} too, and the gateway's winner is random",
                    rival.title(),
                    attachment.kind
                );
                let mut fault = Diagnostic::new(Code::AliasesConflict, site.aliases(), None, message)
                    .help("put all aliases of one target into one policy");
                fault.related.push(Related {
                    object: rival.title(),
                    pointer: other.aliases(),
                });
                faults.push(fault);
            }
        }
    }
}

fn has_aliases(policy: &Resource, site: &Site) -> bool {
    policy
        .at(&site.aliases())
        .and_then(Value::as_object)
        .is_some_and(|map| !map.is_empty())
}
