//! Faults of a backend's providers.

use std::collections::BTreeMap;

use crate::engine::{
    Code, Diagnostic, Resource,
    diagnostic::{Related, quote},
    resolve::{in_force, layers},
    resource::Target,
    snapshot::View,
};

/// Appends the faults of the providers of `resource`, where it is a backend.
pub(super) fn check(view: View<'_>, resource: &Resource, faults: &mut Vec<Diagnostic>) {
    duplicates(resource, faults);
    for target in resource.targets() {
        endpoints(resource, target, faults);
        faults.extend(pin(view, resource, target));
    }
}

fn duplicates(resource: &Resource, faults: &mut Vec<Diagnostic>) {
    let mut first: BTreeMap<&str, &Target> = BTreeMap::new();
    for target in resource.targets().iter().filter(|target| !target.single) {
        let Some(other) = first.get(target.name.as_str()) else {
            first.insert(&target.name, target);
            continue;
        };
        let name = quote(&target.name);
        let message = format!("{name} is the name of another provider of this backend already");
        let mut fault = Diagnostic::new(
            Code::ProviderNameDuplicate,
            format!("{}/name", target.pointer),
            Some(&target.name),
            message,
        )
        .help("give every provider a name of its own, in all groups: policies choose by it");
        fault.related.push(Related {
            object: resource.title(),
            pointer: format!("{}/name", other.pointer),
        });
        faults.push(fault);
    }
}

/// Fields that hold a bare host name.
fn endpoints(resource: &Resource, target: &Target, faults: &mut Vec<Diagnostic>) {
    for field in ["/host", "/custom/host", "/azureopenai/endpoint"] {
        let pointer = format!("{}{field}", target.pointer);
        let Some(host) = resource.text(&pointer) else {
            continue;
        };
        let what = if host.contains("://") {
            "has a scheme"
        } else if host.contains('/') {
            "has a path"
        } else if host.chars().any(char::is_whitespace) {
            "has blanks"
        } else {
            continue;
        };
        let bare = host
            .trim()
            .split_once("://")
            .map_or(host.trim(), |(_, rest)| rest);
        let bare = bare.split('/').next().unwrap_or_default();
        let message = format!(
            "{} {what}, but the gateway takes the whole text as a host name",
            quote(host)
        );
        let mut fault = Diagnostic::new(Code::ProviderEndpointInvalid, pointer, Some(host), message)
            .help("write the bare host name; port and path have fields of their own");
        fault
            .suggestions
            .extend((!bare.is_empty()).then(|| bare.to_owned()));
        faults.push(fault);
    }
}

/// A pinned model that its catalog does not know.
fn pin(view: View<'_>, resource: &Resource, target: &Target) -> Option<Diagnostic> {
    let (pointer, model) = target.pin.as_ref()?;
    let voice = view.snapshot.voice(resource, target)?;
    let layers = layers(view, resource, target, None);
    if in_force(&layers, "modelAliases").is_some_and(|(layer, _)| layer.site.table.find(model).is_some()) {
        return None; // the pinned name is looked up among the aliases before it is sent
    }
    let verdict = voice.judge(model, view.snapshot.as_of());
    let unknown = [
        Code::AliasTargetUnknown,
        Code::AliasTargetMisspelt,
        Code::AliasTargetMalformed,
        Code::AliasTargetWrongProvider,
    ];
    if !verdict.code.is_some_and(|code| unknown.contains(&code)) {
        return None;
    }
    let mut fault =
        Diagnostic::new(Code::ProviderModelUnknown, pointer, Some(model), verdict.message).help(verdict.help);
    fault.suggestions = verdict.suggestions;
    Some(fault)
}
