//! Writes what was found to the API server.

mod events;
mod reports;
mod statuses;

use std::sync::Arc;

use kube::Client;

use events::Events;
use reports::Reports;
use statuses::Statuses;

use super::{audit::Audit, metrics::Metrics, server::Server};
use crate::engine::Snapshot;

/// The name under which the fields of reports and statuses are owned.
const MANAGER: &str = "aliasgate";

/// All that is written about an audit.
pub(super) struct Publisher {
    server: Server,
    statuses: Statuses,
    events: Events,
    reports: Reports,
}

impl Publisher {
    /// Writes by `client`; Events say that `instance` wrote them.
    pub(super) fn new(client: Client, instance: String, metrics: Metrics) -> Self {
        Self {
            server: Server::new(client, MANAGER),
            statuses: Statuses::new(metrics.clone()),
            events: Events::new(instance, metrics.clone()),
            reports: Reports::new(metrics),
        }
    }

    /// Looks anew at what is there; whether that was possible.
    pub(super) async fn look(&mut self) -> bool {
        self.reports.look(&mut self.server).await
    }

    /// Writes what differs from what was written before; whether all of it could be written.
    pub(super) async fn publish(&mut self, snapshot: &Arc<Snapshot>, audit: &Audit) -> bool {
        let statuses = self.statuses.publish(&mut self.server, snapshot, audit).await;
        let events = self.events.publish(&mut self.server, snapshot, audit).await;
        let reports = self.reports.publish(&mut self.server, snapshot, audit).await;
        statuses && events && reports
    }
}
