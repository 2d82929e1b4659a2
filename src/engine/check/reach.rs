//! The places that the aliases of a site apply to, as far as the snapshot knows them.

use serde_json::Value;

use crate::engine::{
    Key, Kind, Resource,
    catalog::Voice,
    resource::{Attachment, Choice, Scope, Site, Target},
    snapshot::View,
};

/// One provider that a site reaches, and the route that leads there where the site needs one.
#[derive(Clone)]
pub(crate) struct Reach<'a> {
    pub(crate) backend: &'a Resource,
    pub(crate) target: &'a Target,
    pub(crate) route: Option<(Key, Option<String>)>,
    /// What catalogs say there.
    pub(crate) voice: Option<Voice<'a>>,
}

/// Every place that `site` of `resource` applies to, without repetition.
pub(crate) fn reaches<'a>(view: View<'a>, resource: &'a Resource, site: &Site) -> Vec<Reach<'a>> {
    let targets = resource.targets().iter();
    let own = |target| Reach {
        backend: resource,
        target,
        route: None,
        voice: view.snapshot.voice(resource, target),
    };
    match &site.scope {
        Scope::Backend => targets.map(own).collect(),
        Scope::Provider(at) => targets.filter(|target| target.pointer == *at).map(own).collect(),
        Scope::Targets => {
            let mut found: Vec<Reach<'a>> = Vec::new();
            for reach in resource
                .attachments()
                .iter()
                .flat_map(|a| of_attachment(view, resource, a))
            {
                let known = found.iter().any(|other| {
                    other.backend.key == reach.backend.key
                        && other.target.name == reach.target.name
                        && other.route == reach.route
                });
                if !known {
                    found.push(reach);
                }
            }
            found
        }
    }
}

fn of_attachment<'a>(view: View<'a>, policy: &Resource, attachment: &Attachment) -> Vec<Reach<'a>> {
    let namespace = &policy.key.namespace;
    let chosen = |kind: Kind| -> Vec<&'a Resource> {
        match &attachment.choice {
            Choice::Name(name) => view.get(kind, &Key::new(namespace, name)).into_iter().collect(),
            Choice::Labels(_) => view
                .all(kind)
                .filter(|object| object.key.namespace == *namespace)
                .filter(|object| attachment.chooses(kind.as_str(), &object.key, Some(object)))
                .collect(),
        }
    };
    let section = attachment.section.as_deref();
    match attachment.kind.as_str() {
        "AgentgatewayBackend" => chosen(Kind::Backend)
            .into_iter()
            .flat_map(|b| of_backend(view, b, section, None))
            .collect(),
        "HTTPRoute" => chosen(Kind::HttpRoute)
            .into_iter()
            .flat_map(|r| of_route(view, r, section))
            .collect(),
        "Gateway" => view
            .all(Kind::HttpRoute)
            .filter(|route| is_child(route, namespace, attachment))
            .flat_map(|route| of_route(view, route, None))
            .collect(),
        _ => Vec::new(),
    }
}

fn of_backend<'a>(
    view: View<'a>,
    backend: &'a Resource,
    section: Option<&str>,
    route: Option<&(Key, Option<String>)>,
) -> Vec<Reach<'a>> {
    let targets = backend
        .targets()
        .iter()
        .filter(|target| section.is_none_or(|name| name == target.name));
    targets
        .map(|target| Reach {
            backend,
            target,
            route: route.cloned(),
            voice: view.snapshot.voice(backend, target),
        })
        .collect()
}

/// The providers of the backends that the rules of `route` lead to; `section` chooses one rule by its name.
fn of_route<'a>(view: View<'a>, route: &Resource, section: Option<&str>) -> Vec<Reach<'a>> {
    let rules = list(route.at("/spec/rules"));
    let mut found = Vec::new();
    for rule in rules {
        let name = rule.get("name").and_then(Value::as_str);
        if section.is_some() && section != name {
            continue;
        }
        let via = (route.key.clone(), name.map(str::to_owned));
        for reference in list(rule.get("backendRefs")) {
            let text = |field: &str| reference.get(field).and_then(Value::as_str);
            if text("kind") != Some("AgentgatewayBackend") {
                continue;
            }
            let Some(name) = text("name") else { continue };
            let key = Key::new(text("namespace").unwrap_or(&route.key.namespace), name);
            if let Some(backend) = view.get(Kind::Backend, &key) {
                found.extend(of_backend(view, backend, None, Some(&via)));
            }
        }
    }
    found
}

/// Whether `route` is attached to the Gateway that a policy of `namespace` is attached to.
fn is_child(route: &Resource, namespace: &str, attachment: &Attachment) -> bool {
    let Choice::Name(gateway) = &attachment.choice else {
        return false;
    };
    list(route.at("/spec/parentRefs")).any(|parent| {
        let text = |field: &str| parent.get(field).and_then(Value::as_str);
        text("name") == Some(gateway)
            && text("kind").is_none_or(|kind| kind == "Gateway")
            && text("namespace").unwrap_or(&route.key.namespace) == namespace
            && (attachment.section.is_none() || text("sectionName") == attachment.section.as_deref())
    })
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}
