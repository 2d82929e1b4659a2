//! Numbers of the controller.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicI64, AtomicU64},
    time::Duration,
};

use jiff::Timestamp;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

use crate::engine::{Code, Provider, Severity};

/// Most series of findings with a namespace of their own.
const MAX_SERIES: usize = 2_000;
/// What stands for the namespaces beyond that.
const OTHER: &str = "(other)";

/// A name and its value.
type Label = [(&'static str, &'static str); 1];

/// Counts audits, what they found and what was written about it.
#[derive(Debug, Clone)]
pub struct Metrics {
    findings: Family<Finding, Gauge<i64, AtomicI64>>,
    audits: Counter,
    duration: Histogram,
    reports: Family<Label, Counter>,
    events: Family<Label, Counter>,
    statuses: Family<Label, Counter>,
    discovered: Family<Label, Gauge<f64, AtomicU64>>,
    undiscovered: Family<Label, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, EncodeLabelSet)]
struct Finding {
    code: &'static str,
    severity: &'static str,
    namespace: String,
}

/// What became of a report or a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// It is as it should be.
    Applied,
    /// There is nothing to say any more.
    Deleted,
    /// It could not be written.
    Failed,
}

/// What became of an Event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// It is new.
    Created,
    /// Another replica told it, or there is nobody left to tell.
    Known,
    /// There were too many.
    Withheld,
    /// It could not be written.
    Failed,
}

impl Metrics {
    /// Numbers that `registry` shows from now on.
    #[must_use]
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            findings: Family::default(),
            audits: Counter::default(),
            duration: Histogram::new(exponential_buckets(0.001, 4.0, 8)), // 1 ms to 16 s
            reports: Family::default(),
            events: Family::default(),
            statuses: Family::default(),
            discovered: Family::default(),
            undiscovered: Family::default(),
        };
        registry.register(
            "findings",
            "Faults of what is stored, as the last audit found them",
            metrics.findings.clone(),
        );
        registry.register("audits", "Times that all was checked", metrics.audits.clone());
        registry.register(
            "audit_duration_seconds",
            "How long a check of all took",
            metrics.duration.clone(),
        );
        registry.register(
            "reports_written",
            "Reports that were applied or deleted, or failed to be",
            metrics.reports.clone(),
        );
        registry.register(
            "events",
            "Events that were created, known already, withheld to stop a flood, or failed",
            metrics.events.clone(),
        );
        registry.register(
            "statuses_written",
            "Statuses of ModelCatalogs that were applied, or failed to be",
            metrics.statuses.clone(),
        );
        registry.register(
            "discovery_timestamp_seconds",
            "When a provider's list of models was last asked for and stored",
            metrics.discovered.clone(),
        );
        registry.register(
            "discovery_failures",
            "Times that a provider's list could not be asked for or stored",
            metrics.undiscovered.clone(),
        );
        metrics
    }

    /// All was checked.
    pub(super) fn audited(&self, took: Duration) {
        self.audits.inc();
        self.duration.observe(took.as_secs_f64());
    }

    pub(super) fn report(&self, written: Written) {
        self.reports.get_or_create(&[("result", written.as_str())]).inc();
    }

    pub(super) fn status(&self, written: Written) {
        self.statuses.get_or_create(&[("result", written.as_str())]).inc();
    }

    pub(super) fn event(&self, told: Told) {
        self.events.get_or_create(&[("result", told.as_str())]).inc();
    }

    /// The list of `provider` was stored `at` this time, by this replica or another.
    pub(super) fn discovered(&self, provider: Provider, at: Timestamp) {
        self.discovered
            .get_or_create(&[("provider", provider.as_str())])
            .set(at.as_second() as f64);
    }

    pub(super) fn undiscovered(&self, provider: Provider) {
        self.undiscovered
            .get_or_create(&[("provider", provider.as_str())])
            .inc();
    }
}

/// The findings that are shown.
#[derive(Debug)]
pub(super) struct Findings {
    metrics: Metrics,
    shown: BTreeMap<Finding, u64>,
}

impl Findings {
    pub(super) const fn new(metrics: Metrics) -> Self {
        Self {
            metrics,
            shown: BTreeMap::new(),
        }
    }

    /// Shows `found` and nothing else.
    pub(super) fn show(&mut self, found: &BTreeMap<(String, Code, Severity), u64>) {
        let new = series(found);
        let family = &self.metrics.findings;
        for gone in self.shown.keys().filter(|old| !new.contains_key(*old)) {
            family.remove(gone);
        }
        for (finding, count) in &new {
            let count = i64::try_from(*count).unwrap_or(i64::MAX);
            family.get_or_create(finding).set(count);
        }
        self.shown = new;
    }
}

/// The series for `found`: when there are too many, those of the last namespaces are added up.
fn series(found: &BTreeMap<(String, Code, Severity), u64>) -> BTreeMap<Finding, u64> {
    let mut series = BTreeMap::new();
    let last_own = found.keys().nth(MAX_SERIES).map(|key| key.0.as_str());
    for ((namespace, code, severity), count) in found {
        let own = last_own.is_none_or(|last| namespace.as_str() < last);
        let finding = Finding {
            code: code.as_str(),
            severity: match severity {
                Severity::Note => "note",
                Severity::Warning => "warning",
                Severity::Error => "error",
            },
            namespace: if own { namespace.clone() } else { OTHER.to_owned() },
        };
        *series.entry(finding).or_default() += count;
    }
    series
}

impl Written {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Deleted => "deleted",
            Self::Failed => "failed",
        }
    }
}

impl Told {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Known => "known",
            Self::Withheld => "withheld",
            Self::Failed => "failed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_beyond_the_limit_are_added_up() {
        let one = |at| ((format!("ns-{at:05}"), Code::AliasSelf, Severity::Warning), 2);
        let few: BTreeMap<_, _> = (0..MAX_SERIES).map(one).collect();
        assert_eq!(series(&few).len(), MAX_SERIES);
        assert!(series(&few).keys().all(|finding| finding.namespace != OTHER));
        let many: BTreeMap<_, _> = (0..MAX_SERIES + 30).map(one).collect();
        let series = series(&many);
        assert_eq!(series.len(), MAX_SERIES + 1);
        let other = series.iter().find(|(finding, _)| finding.namespace == OTHER);
        assert_eq!(other.expect("the rest").1, &60);
        assert_eq!(series.values().sum::<u64>(), many.values().sum::<u64>());
    }
}
