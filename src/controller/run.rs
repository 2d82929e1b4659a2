//! When to look, and when to write.

use std::{sync::Arc, time::Duration};

use kube::Client;
use tokio::{
    sync::watch,
    task,
    time::{Instant, sleep_until},
};
use tracing::{debug, error};

use super::{
    audit::{Audit, audit},
    metrics::{Findings, Metrics},
    publish::Publisher,
};
use crate::engine::Snapshot;

/// Shortest time between the beginnings of two audits: changes that come faster are looked at together.
const GAP: Duration = Duration::from_secs(1);
/// How often it is looked whether an API for reports came or went, and whether reports were deleted or changed.
const LOOK: Duration = Duration::from_secs(30);
/// The pause after something could not be written; each later one is twice as long.
const PAUSE: Duration = Duration::from_secs(1);
/// Longest pause.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// Judges all that is stored whenever something changes, and writes what was found.
pub struct Controller {
    /// By which it is written.
    pub client: Client,
    /// What is stored; it must be complete.
    pub snapshot: watch::Receiver<Arc<Snapshot>>,
    /// What is counted.
    pub metrics: Metrics,
    /// Who tells Events: the name of the pod.
    pub instance: String,
}

impl Controller {
    /// Runs until there are no more snapshots.
    pub async fn run(self) {
        let mut snapshots = self.snapshot;
        let mut findings = Findings::new(self.metrics.clone());
        let mut publisher = Publisher::new(self.client, self.instance, self.metrics.clone());
        let (mut look, mut pause) = (Instant::now(), PAUSE);
        let mut audited: Option<(Arc<Snapshot>, Audit)> = None;
        loop {
            let start = Instant::now();
            let snapshot = Arc::clone(&snapshots.borrow_and_update());
            let fresh = audited
                .as_ref()
                .is_some_and(|(seen, _)| Arc::ptr_eq(seen, &snapshot));
            if !fresh {
                let shared = Arc::clone(&snapshot);
                let Ok(audit) = task::spawn_blocking(move || audit(&shared)).await else {
                    error!("an audit failed; waits for the next change");
                    if snapshots.changed().await.is_err() {
                        return;
                    }
                    continue;
                };
                let took = start.elapsed();
                self.metrics.audited(took);
                findings.show(&audit.findings);
                debug!(faulty = audit.faulty.len(), ?took, "checked all that is stored");
                audited = Some((snapshot, audit));
            }
            let mut well = true;
            if Instant::now() >= look {
                well = publisher.look().await;
                look = Instant::now() + LOOK;
            }
            if let Some((snapshot, audit)) = &audited {
                well &= publisher.publish(snapshot, audit).await;
            }
            let mut wake = look;
            if well {
                pause = PAUSE;
            } else {
                wake = wake.min(Instant::now() + pause);
                pause = (pause * 2).min(MAX_PAUSE);
                look = wake; // the API may have gone
            }
            sleep_until(start + GAP).await;
            tokio::select! {
                changed = snapshots.changed() => if changed.is_err() { return },
                () = sleep_until(wake) => {}
            }
        }
    }
}
