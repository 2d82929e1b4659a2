//! What is served at one moment: the resources that were accepted, as an index of rules.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::Arc,
};

use gateway_api::httproutes::{HttpRoute, HttpRouteRulesBackendRefs as BackendRef};
use serde::Deserialize;
use serde_json::Value;
use tracing::{info, warn};

use super::{
    endpoint::{self, Endpoint},
    routes::Routes,
    rule::{self, Leg, Rule, Share},
};
use crate::engine::{Diagnostic, Key, Kind, Resource, Severity, Snapshot, check, normalize};

/// The kinds that are judged, in this order; Secrets are only looked up.
const KINDS: [Kind; 3] = [Kind::Policy, Kind::Backend, Kind::HttpRoute];

/// How resources are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Reading {
    /// Take resources as the mutating webhook would store them.
    pub(crate) normalize: bool,
    /// Where requests go that have no credential for their provider.
    pub(crate) stand_in: Option<SocketAddr>,
}

/// An immutable routing table. A change of any resource makes a new one; requests in flight keep theirs.
#[derive(Debug)]
pub(crate) struct Serving {
    pub(crate) routes: Routes,
    /// What is served, refused resources in their last good version.
    accepted: Accepted,
    refused: Vec<Refused>,
    /// The Secrets that the backends name which are served.
    pub(crate) secrets: BTreeSet<Key>,
    /// Backends and routes that are served, with what is notable about them.
    served: BTreeMap<(Kind, Key), Vec<String>>,
}

type Accepted = BTreeMap<(Kind, Key), Arc<Resource>>;
type Backends = BTreeMap<Key, Vec<Arc<Endpoint>>>;

/// A resource that is not served as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refused {
    kind: Kind,
    key: Key,
    /// The codes of its errors.
    codes: Vec<String>,
    /// Each fault as a line for people.
    why: Vec<String>,
    /// Whether an older version is served in its place.
    kept: bool,
}

impl Serving {
    /// Builds the table of `snapshot`. What `check` refuses is served as it last was in `previous`, if at all.
    pub(crate) fn build(snapshot: &Arc<Snapshot>, previous: Option<&Self>, reading: Reading) -> Self {
        let (mut accepted, mut refused) = (Accepted::new(), Vec::new());
        for resource in KINDS.iter().flat_map(|kind| snapshot.all(*kind)) {
            let id = (resource.kind, resource.key.clone());
            let (codes, why) = match judge(snapshot, resource, reading) {
                Ok(stored) => {
                    accepted.insert(id, stored);
                    continue;
                }
                Err(faults) => faults,
            };
            let last_good = previous.and_then(|serving| serving.accepted.get(&id));
            if let Some(last_good) = last_good {
                accepted.insert(id, Arc::clone(last_good));
            }
            let (kind, key) = (resource.kind, resource.key.clone());
            refused.push(Refused {
                kind,
                key,
                codes,
                why,
                kept: last_good.is_some(),
            });
        }
        // Namespaces say how faults weigh, Secrets hold the credentials; neither is judged.
        let rest = snapshot.all(Kind::Namespace).chain(snapshot.all(Kind::Secret));
        let catalogs = Arc::new(snapshot.catalogs().clone());
        let effective = Snapshot::build(catalogs, accepted.values().chain(rest).cloned(), snapshot.as_of())
            .with_severities(snapshot.severities().clone())
            .with_allow_annotation(snapshot.allows_annotation());
        let mut serving = Self {
            routes: Routes::default(),
            accepted,
            refused,
            secrets: BTreeSet::new(),
            served: BTreeMap::new(),
        };
        let routed = snapshot.all(Kind::HttpRoute).next().is_some();
        serving.connect(&effective, reading, routed);
        serving.log(previous);
        serving
    }

    /// Fills the index from the accepted resources.
    fn connect(&mut self, snapshot: &Snapshot, reading: Reading, routed: bool) {
        let mut backends = Backends::new();
        for backend in snapshot.all(Kind::Backend) {
            let Ok(endpoints) = endpoint::all(snapshot, backend, reading.stand_in) else {
                continue;
            };
            let id = (Kind::Backend, backend.key.clone());
            self.secrets
                .extend(endpoints.iter().filter_map(|endpoint| endpoint.secret.clone()));
            self.served
                .insert(id, endpoints.iter().map(|endpoint| endpoint.note()).collect());
            backends.insert(backend.key.clone(), endpoints);
        }
        for policy in snapshot.all(Kind::Policy) {
            let id = (Kind::Policy, policy.key.clone());
            self.served.insert(id, policy_notes(policy));
        }
        for resource in snapshot.all(Kind::HttpRoute) {
            let Ok(route) = HttpRoute::deserialize(resource.value()) else {
                continue;
            };
            let mut notes = BTreeSet::new();
            let make = |at| {
                Arc::new(rule_of(
                    snapshot,
                    &resource.key,
                    &route,
                    at,
                    &backends,
                    &mut notes,
                ))
            };
            if self.routes.add(&resource.key, &route, make).is_ok() {
                let id = (Kind::HttpRoute, resource.key.clone());
                self.served.insert(id, notes.into_iter().collect());
            }
        }
        let mut all = backends.iter();
        if let (false, Some((key, endpoints)), None) = (routed, all.next(), all.next()) {
            let share = Share {
                weight: 1,
                legs: Ok(rule::legs(snapshot, key, endpoints, None)),
            };
            self.routes.add_catch_all(Arc::new(Rule::plain(vec![share])));
        }
    }

    /// Whether there is a backend to send anything to.
    pub(crate) fn is_ready(&self) -> bool {
        self.served.keys().any(|(kind, _)| *kind == Kind::Backend)
    }

    /// What is refused and what is served, a line each.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for refused in &self.refused {
            let state = if refused.kept {
                "refused, its last good version is served"
            } else {
                "refused"
            };
            let why = refused.why.join("; ");
            lines.push(format!(
                "{} {} {state}: {why}",
                refused.kind.as_str(),
                refused.key
            ));
        }
        for ((kind, key), notes) in &self.served {
            let about = if notes.is_empty() {
                String::new()
            } else {
                format!(": {}", notes.join("; "))
            };
            lines.push(format!("{} {key} served{about}", kind.as_str()));
        }
        lines
    }

    /// Says once what has changed since `previous`.
    fn log(&self, previous: Option<&Self>) {
        for refused in &self.refused {
            if previous.is_some_and(|old| old.refused.contains(refused)) {
                continue;
            }
            let Refused {
                kind,
                key,
                codes,
                why,
                kept,
            } = refused;
            let (kind, codes, why) = (kind.as_str(), codes.join(", "), why.join("; "));
            warn!(kind, namespace = %key.namespace, name = %key.name, codes, why, last_good_served = kept, "refused");
        }
        for ((kind, key), notes) in &self.served {
            if previous.is_some_and(|old| old.served.get(&(*kind, key.clone())) == Some(notes)) {
                continue;
            }
            let kind = kind.as_str();
            info!(kind, namespace = %key.namespace, name = %key.name, notes = notes.join("; "), "serving");
        }
        let gone = previous.into_iter().flat_map(|old| old.served.keys());
        for (kind, key) in gone.filter(|id| !self.served.contains_key(*id)) {
            info!(kind = kind.as_str(), namespace = %key.namespace, name = %key.name, "no longer serving");
        }
    }
}

/// `resource` as it is stored, or the codes and lines of what keeps it from being served.
fn judge(
    snapshot: &Snapshot,
    resource: &Arc<Resource>,
    reading: Reading,
) -> Result<Arc<Resource>, (Vec<String>, Vec<String>)> {
    let faults = if reading.normalize {
        check::check_normalized(snapshot, resource)
    } else {
        check::check(snapshot, resource)
    };
    let errors: Vec<&Diagnostic> = faults
        .iter()
        .filter(|fault| fault.severity == Severity::Error)
        .collect();
    if !errors.is_empty() {
        let codes: BTreeSet<_> = errors
            .iter()
            .map(|fault| fault.code.as_str().to_owned())
            .collect();
        return Err((
            codes.into_iter().collect(),
            errors.iter().map(|fault| fault.line()).collect(),
        ));
    }
    let stored = if reading.normalize {
        normalized(snapshot, resource)
    } else {
        Arc::clone(resource)
    };
    let unusable = match resource.kind {
        Kind::Backend => endpoint::all(snapshot, &stored, reading.stand_in).err(),
        Kind::HttpRoute => match HttpRoute::deserialize(stored.value()) {
            Ok(route) => {
                let nowhere = |_| Arc::new(Rule::plain(Vec::new()));
                Routes::default().add(&stored.key, &route, nowhere).err()
            }
            Err(error) => Some(error.to_string()),
        },
        Kind::Policy | Kind::Secret | Kind::Namespace | Kind::ModelCatalog => None,
    };
    unusable.map_or(Ok(stored), |why| Err((vec!["not-served".into()], vec![why])))
}

fn normalized(snapshot: &Snapshot, resource: &Arc<Resource>) -> Arc<Resource> {
    let edits = normalize::normalize(snapshot, resource, None);
    if edits.is_empty() {
        return Arc::clone(resource);
    }
    let mut stored = resource.value().clone();
    normalize::apply(&edits, &mut stored);
    Resource::new(stored).map_or_else(|| Arc::clone(resource), Arc::new)
}

/// The rule at `at` of `route` with the backends it leads to; `notes` takes what is wrong with any of them.
fn rule_of(
    snapshot: &Snapshot,
    key: &Key,
    route: &HttpRoute,
    at: usize,
    backends: &Backends,
    notes: &mut BTreeSet<String>,
) -> Rule {
    let Some(rule) = route.spec.rules.as_ref().and_then(|rules| rules.get(at)) else {
        return Rule::plain(Vec::new());
    };
    let shares = rule.backend_refs.iter().flatten().map(|reference| {
        let legs = target(key, reference, backends).map(|(backend, endpoints)| {
            let route = (key.clone(), rule.name.clone());
            rule::legs(snapshot, &backend, endpoints, Some(&route))
        });
        match &legs {
            Ok(legs) => notes.extend(legs.iter().flat_map(leg_notes)),
            Err(why) => drop(notes.insert(why.clone())),
        }
        // A reference that leads nowhere keeps its weight: Gateway API wants errors for its share.
        Share {
            weight: reference
                .weight
                .map_or(1, |weight| weight.max(0).unsigned_abs().into()),
            legs,
        }
    });
    let shares: Vec<_> = shares.collect();
    Rule::new(rule, shares, notes)
}

/// What the gateway does with requests to `leg` and this proxy does not.
fn leg_notes(leg: &Leg) -> Vec<String> {
    let of = |what: &str| {
        format!(
            "{}: policies.ai.{what} is not applied but for the model",
            leg.backend
        )
    };
    let unapplied = leg.unapplied.iter().map(|what| of(what));
    unapplied.chain(leg.closed.clone()).collect()
}

/// What of `policy` the gateway applies and this proxy does not.
fn policy_notes(policy: &Resource) -> Vec<String> {
    let fields = |pointer: &str, known: &'static [&str]| {
        let fields = policy.value().pointer(pointer).and_then(Value::as_object);
        let unknown = fields
            .into_iter()
            .flatten()
            .filter(move |(field, _)| !known.contains(&field.as_str()));
        unknown.map(|(field, _)| field.clone()).collect::<Vec<_>>()
    };
    let of_backend = fields("/spec/backend", &["ai"]);
    let others = fields("/spec", &["backend", "targetRefs", "targetSelectors"]);
    let all = of_backend
        .iter()
        .map(|field| format!("spec.backend.{field}"))
        .chain(others.iter().map(|field| format!("spec.{field}")));
    all.map(|field| format!("{field} is not applied")).collect()
}

/// What `reference` in the route `key` leads to.
fn target<'a>(
    key: &Key,
    reference: &BackendRef,
    backends: &'a Backends,
) -> Result<(Key, &'a [Arc<Endpoint>]), String> {
    let group = reference.group.as_deref().unwrap_or_default();
    let kind = reference.kind.as_deref().unwrap_or("Service");
    let namespace = reference.namespace.as_deref().unwrap_or(&key.namespace);
    let backend = Key::new(namespace, &reference.name);
    if Kind::of(&format!("{group}/"), kind) != Some(Kind::Backend) {
        return Err(format!(
            "backendRef {kind} {backend} is not supported; use an AgentgatewayBackend"
        ));
    }
    if namespace != key.namespace {
        return Err(format!(
            "backendRef {backend} is in another namespace, and ReferenceGrants are not read"
        ));
    }
    if reference
        .filters
        .as_ref()
        .is_some_and(|filters| !filters.is_empty())
    {
        return Err(format!(
            "filters of backendRef {backend} are not supported; put them in the rule"
        ));
    }
    match backends.get(&backend) {
        Some(endpoints) => Ok((backend, endpoints)),
        None => Err(format!(
            "backendRef {backend} leads to no AgentgatewayBackend that is served"
        )),
    }
}
