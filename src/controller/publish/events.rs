//! Tells Events: one for each object whose findings have changed, and no flood of them.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use tokio::time::Instant;
use tracing::warn;

use crate::{
    controller::{
        audit::{Audit, Faulty},
        bucket::Bucket,
        event,
        metrics::{Metrics, Told},
        report::Names,
        server::{Error, Server, resource},
        trouble::Trouble,
    },
    engine::Snapshot,
};

/// Most Events at once.
const BURST: u32 = 50;
/// In which time one more may be told after that.
const EVERY: Duration = Duration::from_secs(6);

/// The Events that were told.
pub(super) struct Events {
    /// Who tells them.
    instance: String,
    /// The findings of each faulty object for which an Event was told or withheld, by its uid.
    known: BTreeMap<String, u64>,
    bucket: Bucket,
    trouble: Trouble,
    metrics: Metrics,
}

impl Events {
    pub(super) fn new(instance: String, metrics: Metrics) -> Self {
        Self {
            instance,
            known: BTreeMap::new(),
            bucket: Bucket::new(BURST, EVERY, Instant::now()),
            trouble: Trouble::new("Events", "create events of events.k8s.io"),
            metrics,
        }
    }

    /// Tells what is new, errors first; whether all that there was room for could be told.
    pub(super) async fn publish(&mut self, server: &mut Server, snapshot: &Snapshot, audit: &Audit) -> bool {
        let with_uid = |faulty| Some((uid(faulty)?, faulty));
        let faulty: Vec<_> = audit.faulty.iter().filter_map(with_uid).collect();
        let there: BTreeMap<_, _> = faulty.iter().map(|(uid, faulty)| (*uid, faulty.digest)).collect();
        self.known.retain(|uid, _| there.contains_key(uid.as_str()));
        let mut withheld = 0_usize;
        for (uid, faulty) in faulty {
            if self.known.get(uid) == Some(&faulty.digest) {
                continue;
            }
            if !self.bucket.take(Instant::now()) {
                withheld += 1;
                self.metrics.event(Told::Withheld);
                self.known.insert(uid.to_owned(), faulty.digest);
                continue;
            }
            match self.tell(server, snapshot, faulty).await {
                Ok(told) => {
                    self.metrics.event(told);
                    self.known.insert(uid.to_owned(), faulty.digest);
                }
                Err(error) => {
                    self.metrics.event(Told::Failed);
                    self.trouble.met(&error);
                    return false;
                }
            }
        }
        self.trouble.over();
        if withheld > 0 {
            warn!(
                withheld,
                "more objects have new findings than Events are told; reports and metrics have all"
            );
        }
        true
    }

    async fn tell(&self, server: &mut Server, snapshot: &Snapshot, faulty: &Faulty) -> Result<Told, Error> {
        const EVENT: Names = Names {
            kind: "Event",
            plural: "events",
        };
        let event = event::document(snapshot, faulty, &self.instance, Timestamp::now());
        match server
            .create(&resource("events.k8s.io", "v1", &EVENT), &event)
            .await
        {
            Ok(()) => Ok(Told::Created),
            // Another replica told it, or this one before it was started anew; or there is nowhere to tell it any more.
            Err(Error::Taken(_) | Error::Missing(_)) => Ok(Told::Known),
            Err(error) => Err(error),
        }
    }
}

fn uid(faulty: &Faulty) -> Option<&str> {
    faulty.resource.text("/metadata/uid")
}
