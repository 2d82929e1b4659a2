//! Keeps the status of every ModelCatalog as it should be.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use tokio::time::Instant;

use crate::{
    controller::{
        audit::{Audit, CLUSTER},
        metrics::{Metrics, Written},
        server::{Error, Server},
        status::{self, Wanted},
        trouble::Trouble,
    },
    engine::{Key, Kind, Snapshot},
};

/// How long a status that was written may take to be seen in a snapshot.
const ECHO: Duration = Duration::from_secs(30);

/// The statuses that were written.
pub(super) struct Statuses {
    /// What was written and when, by the name of the ModelCatalog.
    written: BTreeMap<String, (Instant, Wanted)>,
    trouble: Trouble,
    metrics: Metrics,
}

impl Statuses {
    pub(super) const fn new(metrics: Metrics) -> Self {
        Self {
            written: BTreeMap::new(),
            trouble: Trouble::new("the status of ModelCatalogs", "patch modelcatalogs/status"),
            metrics,
        }
    }

    /// Writes what differs from what `snapshot` has; whether all could be written.
    pub(super) async fn publish(&mut self, server: &mut Server, snapshot: &Snapshot, audit: &Audit) -> bool {
        self.written
            .retain(|name, (at, _)| at.elapsed() < ECHO && audit.catalogs.contains_key(name));
        let mut well = true;
        for (name, wanted) in &audit.catalogs {
            if self
                .written
                .get(name)
                .is_some_and(|(_, written)| written == wanted)
            {
                continue;
            }
            let Some(resource) = snapshot.get(Kind::ModelCatalog, &Key::new(CLUSTER, name)) else {
                continue;
            };
            let Some(change) = wanted.change(resource, Timestamp::now()) else {
                continue;
            };
            match server.apply_status(&status::resource(), &change).await {
                Ok(()) => {
                    self.metrics.status(Written::Applied);
                    self.written
                        .insert(name.clone(), (Instant::now(), wanted.clone()));
                }
                Err(Error::Missing(_)) => {} // deleted since
                Err(error) => {
                    well = false;
                    self.metrics.status(Written::Failed);
                    self.trouble.met(&error);
                    if error.is_general() {
                        return false;
                    }
                }
            }
        }
        if well {
            self.trouble.over();
        }
        well
    }
}
