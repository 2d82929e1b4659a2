//! Keeps the reports as they should be.

use std::{collections::BTreeMap, sync::Arc};

use kube::api::ApiResource;
use tokio::task;
use tracing::{info, warn};

use crate::{
    controller::{
        audit::{self, Audit, CLUSTER},
        metrics::{Metrics, Written},
        report::{DIALECTS, Dialect, Report},
        server::{Error, Server, resource},
        trouble::Trouble,
    },
    engine::Snapshot,
};

/// The reports, by an API that may come and go.
pub(super) struct Reports {
    /// Where they are written, once it was looked.
    api: Option<Option<ReportApi>>,
    /// Our reports that are there, by their namespaces.
    seen: BTreeMap<String, Seen>,
    /// Whether the last look was possible.
    looked: bool,
    trouble: Trouble,
    metrics: Metrics,
}

/// An API for reports that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ReportApi {
    dialect: &'static Dialect,
    /// Whether it has reports of the cluster too.
    cluster: bool,
}

/// A report that is there.
#[derive(Debug)]
struct Seen {
    /// What changes with its content.
    version: String,
    /// The digest of its content; `None` where it is not known, so that it is applied once more.
    digest: Option<u64>,
}

impl Reports {
    pub(super) const fn new(metrics: Metrics) -> Self {
        Self {
            api: None,
            seen: BTreeMap::new(),
            looked: false,
            trouble: Trouble::new(
                "reports",
                "list, create, patch and delete the reports of openreports.io and wgpolicyk8s.io",
            ),
            metrics,
        }
    }

    /// Looks which API there is and which reports of ours are in it; whether that was possible.
    pub(super) async fn look(&mut self, server: &mut Server) -> bool {
        let looked = self.look_again(server).await;
        self.looked = looked.is_ok();
        if let Err(error) = looked {
            self.trouble.met(&error);
        }
        self.looked
    }

    async fn look_again(&mut self, server: &mut Server) -> Result<(), Error> {
        let mut there = Vec::new();
        for dialect in &DIALECTS {
            let [namespaced, cluster] = server.serves(dialect).await?;
            if namespaced {
                there.push(ReportApi { dialect, cluster });
            }
        }
        let api = there.first().copied();
        if self.api != Some(api) {
            match api {
                Some(api) => info!(api = api.dialect.api_version(), "reports are written"),
                None => info!(
                    "no API for reports is there, neither openreports.io nor wgpolicyk8s.io; none are written until one comes"
                ),
            }
            self.seen.clear();
            self.api = Some(api);
            for former in there.iter().skip(1) {
                if let Err(error) = delete_all(server, former).await {
                    warn!(api = former.dialect.api_version(), %error, "cannot delete the reports of an API that is used no more");
                }
            }
        }
        let Some(api) = api else { return Ok(()) };
        let mut listed = BTreeMap::new();
        for kind in api.kinds() {
            for report in server.reports(&kind).await? {
                listed.insert(report.namespace, report.version);
            }
        }
        self.seen.retain(|namespace, _| listed.contains_key(namespace));
        for (namespace, version) in listed {
            let seen = self.seen.get(&namespace);
            if seen.is_none_or(|seen| seen.version != version) {
                // Somebody else wrote it, perhaps the same; applying it again changes nothing then.
                self.seen.insert(
                    namespace,
                    Seen {
                        version,
                        digest: None,
                    },
                );
            }
        }
        Ok(())
    }

    /// Writes the reports that differ, and deletes those of namespaces without findings; whether all went well.
    pub(super) async fn publish(
        &mut self,
        server: &mut Server,
        snapshot: &Arc<Snapshot>,
        audit: &Audit,
    ) -> bool {
        let Some(Some(api)) = self.api else {
            return self.api.is_some();
        };
        let gone = self
            .seen
            .keys()
            .filter(|namespace| !audit.reports.contains_key(*namespace));
        let changed = audit.reports.iter().filter(|(namespace, digest)| {
            let known = self.seen.get(*namespace).and_then(|seen| seen.digest);
            known != Some(**digest) && (api.cluster || *namespace != CLUSTER)
        });
        let work: Vec<_> = changed
            .map(|(namespace, digest)| (namespace.clone(), Some(*digest)))
            .chain(gone.map(|namespace| (namespace.clone(), None)))
            .collect();
        let mut well = true;
        for (namespace, digest) in work {
            let done = match digest {
                Some(_) => self.write(server, api, snapshot, &namespace).await,
                None => self.delete(server, api, &namespace).await,
            };
            let Err(error) = done else { continue };
            well = false;
            self.metrics.report(Written::Failed);
            self.trouble.met(&error);
            if error.is_general() {
                return false;
            }
        }
        if well && self.looked {
            self.trouble.over();
        }
        well
    }

    async fn write(
        &mut self,
        server: &mut Server,
        api: ReportApi,
        snapshot: &Arc<Snapshot>,
        namespace: &str,
    ) -> Result<(), Error> {
        let (shared, place) = (Arc::clone(snapshot), namespace.to_owned());
        let made = task::spawn_blocking(move || {
            let report: Report = audit::report(&shared, &place);
            let namespace = (place != CLUSTER).then_some(place.as_str());
            (report.digest(), report.document(api.dialect, namespace))
        });
        let Ok((digest, document)) = made.await else {
            warn!(namespace, "a report could not be made");
            return Ok(());
        };
        let kind = api.kind(namespace != CLUSTER);
        match server.apply(&kind, &document).await {
            Ok(version) => {
                let digest = Some(digest);
                self.seen.insert(namespace.to_owned(), Seen { version, digest });
                self.metrics.report(Written::Applied);
                Ok(())
            }
            Err(error) => {
                self.seen.remove(namespace);
                Err(error)
            }
        }
    }

    async fn delete(&mut self, server: &mut Server, api: ReportApi, namespace: &str) -> Result<(), Error> {
        server.delete(&api.kind(namespace != CLUSTER), namespace).await?;
        self.seen.remove(namespace);
        self.metrics.report(Written::Deleted);
        Ok(())
    }
}

impl ReportApi {
    fn kind(self, namespaced: bool) -> ApiResource {
        let dialect = self.dialect;
        resource(dialect.group, dialect.version, dialect.names(namespaced))
    }

    /// The kinds that are there.
    fn kinds(self) -> impl Iterator<Item = ApiResource> {
        let kinds = [true, false].into_iter();
        kinds
            .filter(move |namespaced| *namespaced || self.cluster)
            .map(move |namespaced| self.kind(namespaced))
    }
}

/// Deletes our reports of an API that is used no more.
async fn delete_all(server: &mut Server, api: &ReportApi) -> Result<(), Error> {
    for kind in api.kinds() {
        for report in server.reports(&kind).await? {
            server.delete(&kind, &report.namespace).await?;
        }
    }
    Ok(())
}
