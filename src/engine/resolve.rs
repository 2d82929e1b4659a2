//! Which alias map is in force at a place, and where a requested name leads.
//!
//! Merging follows agentgateway @75b4e6ce6, crates/agentgateway/src/store/binds.rs, `internal_backend_policies`: every
//! field of the AI settings is taken whole from the strongest layer that sets it, never merged key by key, and an
//! empty map counts as not set.

use serde::Serialize;
use serde_json::Value;

use super::{
    AliasTable, Key, Kind, Resource, Snapshot,
    diagnostic::quote,
    pointer,
    resource::{Scope, Site, Target},
    snapshot::View,
};

/// Where a request goes: a provider of a backend, and the route that led there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The backend.
    pub backend: Key,
    /// The name of the provider; `backend` for the single form `spec.ai.provider`.
    pub provider: String,
    /// The HTTPRoute that led there and, where it is named, its rule.
    pub route: Option<(Key, Option<String>)>,
}

/// The target and the steps that led to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Resolution {
    /// The name the client sent.
    pub requested: String,
    /// The name that is sent to the provider.
    pub target: String,
    /// The alias that matched; `None` when none did.
    pub alias: Option<String>,
    /// What happened, in order, one sentence each.
    pub steps: Vec<String>,
}

/// One resource's AI settings that reach a place.
#[derive(Clone, Copy)]
pub(super) struct Layer<'a> {
    /// The resource.
    pub(super) owner: &'a Resource,
    /// Its site.
    pub(super) site: &'a Site,
}

impl<'a> Layer<'a> {
    /// The setting `field`, unless it is empty, which counts as not set.
    fn setting(self, field: &str) -> Option<&'a Value> {
        let value = self.owner.at(&self.site.ai)?.get(field)?;
        let empty = value.as_object().is_some_and(serde_json::Map::is_empty)
            || value.as_array().is_some_and(Vec::is_empty);
        (!empty && !value.is_null()).then_some(value)
    }
}

/// The layers that reach a provider of `backend`, strongest first. Of equally strong policies the first in the order
/// of namespace and name counts here.
pub(super) fn layers<'a>(
    view: View<'a>,
    backend: &'a Resource,
    provider: &Target,
    route: Option<&(Key, Option<String>)>,
) -> Vec<Layer<'a>> {
    let mut found = Gathered {
        view,
        layers: Vec::new(),
    };
    found.add(backend, &Scope::Provider(provider.pointer.clone()));
    found.add_policies("AgentgatewayBackend", &backend.key, Some(&provider.name));
    found.add(backend, &Scope::Backend);
    if let Some((route, rule)) = route {
        if let Some(rule) = rule {
            found.add_policies("HTTPRoute", route, Some(rule));
        }
        found.add_policies("HTTPRoute", route, None);
    }
    found.add_policies("AgentgatewayBackend", &backend.key, None);
    if let Some((route, _)) = route {
        for (gateway, listener) in parents(view, route) {
            if listener.is_some() {
                found.add_policies("Gateway", &gateway, listener.as_deref());
            }
            found.add_policies("Gateway", &gateway, None);
        }
    }
    found.layers
}

struct Gathered<'a> {
    view: View<'a>,
    layers: Vec<Layer<'a>>,
}

impl<'a> Gathered<'a> {
    fn add(&mut self, owner: &'a Resource, scope: &Scope) {
        let sites = owner.sites().iter().filter(|site| site.scope == *scope);
        self.layers.extend(sites.map(|site| Layer { owner, site }));
    }

    fn add_policies(&mut self, kind: &str, key: &Key, section: Option<&str>) {
        for policy in self.view.policies_on(kind, key, section) {
            self.add(policy, &Scope::Targets);
        }
    }
}

/// The gateways that `route` is attached to, with the listener where it names one.
fn parents(view: View<'_>, route: &Key) -> Vec<(Key, Option<String>)> {
    let Some(route) = view.get(Kind::HttpRoute, route) else {
        return Vec::new();
    };
    let parents = route
        .at("/spec/parentRefs")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let text = |value: &Value, field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
    parents
        .filter(|parent| text(parent, "kind").is_none_or(|kind| kind == "Gateway"))
        .filter_map(|parent| {
            let namespace = text(parent, "namespace").unwrap_or_else(|| route.key.namespace.clone());
            Some((
                Key::new(namespace, text(parent, "name")?),
                text(parent, "sectionName"),
            ))
        })
        .collect()
}

/// The strongest of `layers` that sets `field`, with the value.
pub(super) fn in_force<'a>(layers: &[Layer<'a>], field: &str) -> Option<(Layer<'a>, &'a Value)> {
    layers
        .iter()
        .find_map(|layer| layer.setting(field).map(|value| (*layer, value)))
}

/// The name that reaches the alias look-up instead of the client's, and why. `Err` says that it depends on the request.
///
/// agentgateway @75b4e6ce6, crates/agentgateway/src/llm/mod.rs, `read_body_resolving_model`: the provider's own model
/// replaces the client's; then transformations beat overrides.
pub(super) fn pinned(layers: &[Layer<'_>], provider: &Target) -> Result<Option<(String, String)>, String> {
    let of_model = |field: &str, part: &str| {
        let (layer, value) = in_force(layers, field)?;
        let list = value.as_array().into_iter().flatten();
        let row = list
            .into_iter()
            .find(|row| row.get("field").and_then(Value::as_str) == Some("model"));
        let found = row.and_then(|row| row.get(part)).or_else(|| value.get("model"))?;
        Some((
            found,
            format!(
                "{} of {}",
                pointer::field_path(&pointer::join(&layer.site.ai, field)),
                layer.owner.title()
            ),
        ))
    };
    if let Some((_, place)) = of_model("transformations", "expression") {
        return Err(format!("{place} computes the model"));
    }
    if let Some((value, place)) = of_model("overrides", "value") {
        return Ok(value
            .as_str()
            .map(|name| (name.to_owned(), format!("{place} sets the model"))));
    }
    Ok(provider.pin.as_ref().map(|(at, name)| {
        (
            name.clone(),
            format!("{} pins the model", pointer::field_path(at)),
        )
    }))
}

/// Every place of `backend`: each of its providers, by each rule of an HTTPRoute that leads there, or by no route where
/// none does.
#[must_use]
pub fn places(snapshot: &Snapshot, backend: &Resource) -> Vec<Place> {
    let mut routes: Vec<_> = snapshot
        .all(Kind::HttpRoute)
        .flat_map(|route| rules_to(route, backend))
        .map(Some)
        .collect();
    routes.dedup();
    if routes.is_empty() {
        routes.push(None);
    }
    let place = |route: &Option<(Key, Option<String>)>, target: &Target| Place {
        backend: backend.key.clone(),
        provider: target.name.clone(),
        route: route.clone(),
    };
    routes
        .iter()
        .flat_map(|route| backend.targets().iter().map(move |target| place(route, target)))
        .collect()
}

/// The rules of `route` that lead to `backend`, by their names.
fn rules_to(route: &Resource, backend: &Resource) -> Vec<(Key, Option<String>)> {
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |value: &Value, field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
    let leads = |reference: &Value| {
        text(reference, "kind").as_deref() == Some(Kind::Backend.as_str())
            && text(reference, "name").as_ref() == Some(&backend.key.name)
            && text(reference, "namespace")
                .as_ref()
                .unwrap_or(&route.key.namespace)
                == &backend.key.namespace
    };
    let rules = list(route.at("/spec/rules")).into_iter();
    let leading = rules.filter(|rule| list(rule.get("backendRefs")).iter().any(leads));
    leading
        .map(|rule| (route.key.clone(), text(&rule, "name")))
        .collect()
}

/// Resolves `requested` at `place`. A name that nothing matches leads to itself.
///
/// ```
/// use std::sync::Arc;
/// use aliasgate::engine::{self, Key, Resource, Snapshot, resolve::Place};
/// let backend = Resource::new(serde_json::json!({
///     "apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayBackend", "metadata": {"name": "openai"},
///     "spec": {"ai": {"provider": {"openai": {}}}, "policies": {"ai": {"modelAliases": {"fast": "gpt-4o"}}}},
/// })).expect("a backend");
/// let snapshot = Snapshot::build(Arc::default(), [Arc::new(backend)], engine::Date::constant(2026, 11, 23));
/// let place = Place { backend: Key::new("default", "openai"), provider: "backend".into(), route: None };
/// assert_eq!(engine::resolve(&snapshot, &place, "fast").target, "gpt-4o");
/// ```
#[must_use]
pub fn resolve(snapshot: &Snapshot, place: &Place, requested: &str) -> Resolution {
    let mut resolution = Resolution {
        requested: requested.to_owned(),
        target: requested.to_owned(),
        alias: None,
        steps: vec![format!("the client asks for {}", quote(requested))],
    };
    let view = snapshot.view();
    let Some(backend) = view.get(Kind::Backend, &place.backend) else {
        resolution
            .steps
            .push(format!("there is no AgentgatewayBackend {}", place.backend));
        return resolution;
    };
    let Some(provider) = backend
        .targets()
        .iter()
        .find(|target| target.name == place.provider)
    else {
        resolution.steps.push(format!(
            "{} has no provider {}",
            backend.title(),
            quote(&place.provider)
        ));
        return resolution;
    };
    let layers = layers(view, backend, provider, place.route.as_ref());
    match pinned(&layers, provider) {
        Ok(None) => {}
        Ok(Some((name, why))) => {
            resolution
                .steps
                .push(format!("{why}: {} replaces the client's", quote(&name)));
            resolution.target = name;
        }
        Err(why) => resolution
            .steps
            .push(format!("{why} in the gateway, which is not done here")),
    }
    let Some((layer, _)) = in_force(&layers, "modelAliases") else {
        resolution
            .steps
            .push("no aliases are in force: the name is sent as it is".to_owned());
        return resolution;
    };
    let map = format!(
        "{} of {}",
        pointer::field_path(&layer.site.aliases()),
        layer.owner.title()
    );
    match layer.site.table.find(&resolution.target) {
        Some(hit) => {
            resolution.steps.push(format!(
                "{map}: {} leads to {}",
                quote(hit.key),
                quote(hit.target)
            ));
            resolution.alias = Some(hit.key.to_owned());
            resolution.target = hit.target.to_owned();
        }
        None => resolution
            .steps
            .push(format!("{map} has no match: the name is sent as it is")),
    }
    resolution
}

/// The provider at `place` and the layers that reach it, strongest first.
fn reach<'a>(snapshot: &'a Snapshot, place: &Place) -> Option<(&'a Target, Vec<Layer<'a>>)> {
    let view = snapshot.view();
    let backend = view.get(Kind::Backend, &place.backend)?;
    let mut targets = backend.targets().iter();
    let provider = targets.find(|target| target.name == place.provider)?;
    let layers = layers(view, backend, provider, place.route.as_ref());
    Some((provider, layers))
}

/// The AI setting `field`, such as `routes`, that is in force at `place`: whole, from the strongest resource that sets
/// it.
///
/// ```
/// use std::sync::Arc;
/// use aliasgate::engine::{Date, Key, Resource, Snapshot, resolve::{Place, setting}};
/// let backend = Resource::new(serde_json::json!({
///     "apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayBackend", "metadata": {"name": "openai"},
///     "spec": {"ai": {"provider": {"openai": {}}}, "policies": {"ai": {"routes": {"*": "Passthrough"}}}},
/// })).expect("a backend");
/// let snapshot = Snapshot::build(Arc::default(), [Arc::new(backend)], Date::constant(2026, 11, 23));
/// let place = Place { backend: Key::new("default", "openai"), provider: "backend".into(), route: None };
/// assert_eq!(setting(&snapshot, &place, "routes").and_then(|routes| routes["*"].as_str()), Some("Passthrough"));
/// ```
#[must_use]
pub fn setting<'a>(snapshot: &'a Snapshot, place: &Place, field: &str) -> Option<&'a Value> {
    let (_, layers) = reach(snapshot, place)?;
    in_force(&layers, field).map(|(_, value)| value)
}

/// What [`resolve`] finds at one place, made ready once for many names and without the steps.
///
/// ```
/// use std::sync::Arc;
/// use aliasgate::engine::{Date, Key, Resource, Snapshot, resolve::{Lookup, Place}};
/// let backend = Resource::new(serde_json::json!({
///     "apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayBackend", "metadata": {"name": "openai"},
///     "spec": {"ai": {"provider": {"openai": {}}}, "policies": {"ai": {"modelAliases": {"fast": "gpt-4o"}}}},
/// })).expect("a backend");
/// let snapshot = Snapshot::build(Arc::default(), [Arc::new(backend)], Date::constant(2026, 11, 23));
/// let place = Place { backend: Key::new("default", "openai"), provider: "backend".into(), route: None };
/// let lookup = Lookup::new(&snapshot, &place);
/// assert_eq!((lookup.target("fast"), lookup.target("other")), ("gpt-4o", "other"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lookup {
    /// The name that counts instead of the client's.
    pinned: Option<String>,
    table: AliasTable,
}

impl Lookup {
    /// The look-up at `place`.
    #[must_use]
    pub fn new(snapshot: &Snapshot, place: &Place) -> Self {
        let Some((provider, layers)) = reach(snapshot, place) else {
            return Self::default();
        };
        let pinned = pinned(&layers, provider).ok().flatten().map(|(name, _)| name);
        let layer = in_force(&layers, "modelAliases").map(|(layer, _)| layer);
        let table = layer.map(|layer| layer.site.table.clone()).unwrap_or_default();
        Self { pinned, table }
    }

    /// The name that is sent where a client asks for `requested`: what [`resolve`] calls the target.
    #[must_use]
    pub fn target<'a>(&'a self, requested: &'a str) -> &'a str {
        let name = self.pinned.as_deref().unwrap_or(requested);
        self.table.find(name).map_or(name, |hit| hit.target)
    }
}
