//! Numbers of a feed that watches a cluster.

use std::time::Duration;

use prometheus_client::metrics::{
    counter::Counter,
    family::Family,
    histogram::{Histogram, exponential_buckets},
};

use super::Registry;

/// Counts what could not be watched, and the time that snapshots take.
#[derive(Debug, Clone)]
pub struct Watches {
    errors: Family<[(&'static str, &'static str); 1], Counter>,
    rebuild: Histogram,
}

impl Watches {
    /// Numbers that `registry` shows from now on.
    #[must_use]
    pub fn register(registry: &mut Registry) -> Self {
        let watches = Self {
            errors: Family::default(),
            // From 0.1 ms to 0.4 s.
            rebuild: Histogram::new(exponential_buckets(0.000_1, 2.0, 13)),
        };
        registry.register(
            "watch_errors",
            "Failures to find, list, watch or get objects of a kind",
            watches.errors.clone(),
        );
        registry.register(
            "snapshot_rebuild_seconds",
            "Time to make a snapshot of the resources after some have changed",
            watches.rebuild.clone(),
        );
        watches
    }

    /// Objects of `kind` could not be read once more.
    pub fn failed(&self, kind: &'static str) {
        self.errors.get_or_create(&[("kind", kind)]).inc();
    }

    /// A snapshot was made, and took so long.
    pub fn rebuilt(&self, took: Duration) {
        self.rebuild.observe(took.as_secs_f64());
    }
}
