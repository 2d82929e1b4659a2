//! All that is stored, judged as it is stored.

use std::{collections::BTreeMap, sync::Arc};

use super::{digest::Digest, report::Report, status};
use crate::engine::{Code, Diagnostic, Kind, Resource, Severity, Snapshot, check};

/// The kinds that lie in namespaces and can be at fault. A route carries no aliases, so nothing of it is judged.
const NAMESPACED: [Kind; 2] = [Kind::Backend, Kind::Policy];

/// The name of what lies in no namespace, among the namespaces.
pub const CLUSTER: &str = "";

/// What one look at everything found, in numbers: what is written about it is made when it is written.
#[derive(Debug, Default)]
pub struct Audit {
    /// How often each code was found in a namespace, and how much it weighs there.
    pub findings: BTreeMap<(String, Code, Severity), u64>,
    /// The namespaces with findings, and the digest of the report of each.
    pub reports: BTreeMap<String, u64>,
    /// The objects with warnings and errors; those with errors first.
    pub faulty: Vec<Faulty>,
    /// What the status of each ModelCatalog should say, by its name. One without a uid is no object of the cluster.
    pub catalogs: BTreeMap<String, status::Wanted>,
}

/// An object with warnings or errors.
#[derive(Debug)]
pub struct Faulty {
    /// The object.
    pub resource: Arc<Resource>,
    /// The same for as long as the object has the same warnings and errors at the same places.
    pub digest: u64,
    /// Whether one of them is an error.
    pub error: bool,
}

/// Judges all backends, policies and ModelCatalogs of `snapshot`, as the validating webhook judges what is stored.
#[must_use]
pub fn audit(snapshot: &Snapshot) -> Audit {
    let mut audit = Audit::default();
    for (namespace, resources) in by_namespace(snapshot) {
        let mut report = Report::default();
        for resource in resources {
            let faults = check(snapshot, resource);
            if resource.kind == Kind::ModelCatalog && resource.text("/metadata/uid").is_some() {
                let wanted = status::Wanted::new(resource, &faults);
                audit.catalogs.insert(resource.key.name.clone(), wanted);
            }
            audit.count(namespace, resource, &faults);
            report.add(resource, &faults);
        }
        if !report.is_empty() {
            audit.reports.insert(namespace.to_owned(), report.digest());
        }
    }
    audit.faulty.sort_by_key(|faulty| !faulty.error); // stable: within both halves the order of the keys stays
    audit
}

/// The report of one namespace, or of what lies in none.
#[must_use]
pub fn report(snapshot: &Snapshot, namespace: &str) -> Report {
    let mut report = Report::default();
    for resource in resources(snapshot).filter(|resource| resource.key.namespace == namespace) {
        report.add(resource, &check(snapshot, resource));
    }
    report
}

fn resources(snapshot: &Snapshot) -> impl Iterator<Item = &Arc<Resource>> {
    let kinds = NAMESPACED.into_iter().chain([Kind::ModelCatalog]);
    kinds.flat_map(|kind| snapshot.all(kind))
}

/// What is judged, by namespace; within one in the order of [`resources`].
fn by_namespace(snapshot: &Snapshot) -> BTreeMap<&str, Vec<&Arc<Resource>>> {
    let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for resource in resources(snapshot) {
        all.entry(resource.key.namespace.as_str())
            .or_default()
            .push(resource);
    }
    all
}

impl Audit {
    fn count(&mut self, namespace: &str, resource: &Arc<Resource>, faults: &[Diagnostic]) {
        let mut digest = Digest::new();
        let mut worst = Severity::Note;
        for fault in faults {
            let key = (namespace.to_owned(), fault.code, fault.severity);
            *self.findings.entry(key).or_default() += 1;
            if fault.severity > Severity::Note {
                worst = worst.max(fault.severity);
                digest = identity(digest, fault);
            }
        }
        if worst > Severity::Note {
            self.faulty.push(Faulty {
                resource: Arc::clone(resource),
                digest: digest.value(),
                error: worst == Severity::Error,
            });
        }
    }
}

/// What makes a fault the same one tomorrow: not its words, which may name the day of a catalog.
fn identity(digest: Digest, fault: &Diagnostic) -> Digest {
    digest
        .with(fault.code.as_str())
        .with(&fault.severity.to_string())
        .with(&fault.pointer)
        .with(fault.value.as_deref().unwrap_or_default())
}
