//! Numbers of the webhooks.

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

use super::{Decision, Webhook};
use crate::engine::Kind;

/// A name and its value, where there is one only.
type Label = [(&'static str, &'static str); 1];

/// Counts decisions, diagnostics, refused requests, and their time.
#[derive(Debug, Clone)]
pub struct Metrics {
    decisions: Family<Labels, Counter>,
    diagnostics: Family<Label, Counter>,
    malformed: Family<Refused, Counter>,
    duration: Family<Label, Histogram, fn() -> Histogram>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    webhook: &'static str,
    kind: &'static str,
    operation: &'static str,
    decision: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    webhook: &'static str,
    status: u16,
}

/// From 10 µs to 0.3 s, each bound four times the one before.
fn histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.000_01, 4.0, 8))
}

impl Metrics {
    /// Numbers that `registry` shows from now on.
    #[must_use]
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            decisions: Family::default(),
            diagnostics: Family::default(),
            malformed: Family::default(),
            duration: Family::new_with_constructor(histogram),
        };
        registry.register(
            "admission_decisions",
            "Reviews that were decided",
            metrics.decisions.clone(),
        );
        registry.register(
            "admission_diagnostics",
            "Faults found in reviews",
            metrics.diagnostics.clone(),
        );
        registry.register(
            "admission_malformed",
            "Requests that were no review, by the status they were answered with",
            metrics.malformed.clone(),
        );
        registry.register(
            "admission_duration_seconds",
            "From the end of a review's body to its answer",
            metrics.duration.clone(),
        );
        metrics
    }

    pub(super) fn decided(&self, webhook: Webhook, decision: &Decision, took: Duration) {
        let labels = Labels {
            webhook: webhook.as_str(),
            kind: decision.kind.map_or("other", Kind::as_str),
            operation: decision.operation,
            decision: decision.outcome.as_str(),
        };
        self.decisions.get_or_create(&labels).inc();
        for (code, count) in &decision.codes {
            self.diagnostics.get_or_create(&[("code", *code)]).inc_by(*count);
        }
        self.duration
            .get_or_create(&[("webhook", webhook.as_str())])
            .observe(took.as_secs_f64());
    }

    pub(super) fn malformed(&self, webhook: Webhook, status: u16) {
        self.malformed
            .get_or_create(&Refused {
                webhook: webhook.as_str(),
                status,
            })
            .inc();
    }
}
