//! What the proxy counts.

use std::{
    sync::{Arc, atomic::AtomicI64},
    time::Duration,
};

use hyper::StatusCode;
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

use tokio::sync::OwnedSemaphorePermit;

use super::rule::Leg;

/// Counters of one proxy.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    answers: Family<Answer, Counter>,
    waits: Family<Provider, Histogram>,
    refusals: Family<Refused, Counter>,
    in_flight: Gauge<i64, AtomicI64>,
    pub(crate) reloads: Counter,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    backend: Arc<str>,
    provider: String,
    code: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Provider {
    backend: Arc<str>,
    provider: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    reason: &'static str,
    code: u16,
}

/// A request in flight: counted, and one of those that are allowed at a time, until this is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    in_flight: Gauge<i64, AtomicI64>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.in_flight.dec();
    }
}

impl Metrics {
    pub(crate) fn new(registry: &mut Registry) -> Self {
        // From 1 ms to 9 minutes, doubling.
        let buckets = || Histogram::new(exponential_buckets(0.001, 2.0, 20));
        let metrics = Self {
            answers: Family::default(),
            waits: Family::new_with_constructor(buckets),
            refusals: Family::default(),
            in_flight: Gauge::default(),
            reloads: Counter::default(),
        };
        let registry = registry.sub_registry_with_prefix("proxy");
        let Self {
            answers,
            waits,
            refusals,
            in_flight,
            reloads,
        } = metrics.clone();
        registry.register("upstream_responses", "Answers of providers", answers);
        registry.register(
            "upstream_response_head_seconds",
            "Time to the head of a provider's answer",
            waits,
        );
        registry.register(
            "refused_requests",
            "Requests that the proxy answered with an error of its own",
            refusals,
        );
        registry.register(
            "requests_in_flight",
            "Requests whose answer is not yet out",
            in_flight,
        );
        registry.register("reloads", "Routing tables built since the start", reloads);
        metrics
    }

    /// Counts an answer of the provider at `leg`, whose head took `wait`.
    pub(crate) fn answered(&self, leg: &Leg, status: StatusCode, wait: Duration) {
        let (backend, provider) = (Arc::clone(&leg.backend), leg.endpoint.name.clone());
        self.waits
            .get_or_create(&Provider {
                backend: Arc::clone(&backend),
                provider: provider.clone(),
            })
            .observe(wait.as_secs_f64());
        self.answers
            .get_or_create(&Answer {
                backend,
                provider,
                code: status.as_u16(),
            })
            .inc();
    }

    /// A request that begins.
    pub(crate) fn slot(&self, permit: OwnedSemaphorePermit) -> Slot {
        self.in_flight.inc();
        Slot {
            in_flight: self.in_flight.clone(),
            _permit: permit,
        }
    }

    /// Counts an error of our own.
    pub(crate) fn refused(&self, reason: &'static str, status: StatusCode) {
        self.refusals
            .get_or_create(&Refused {
                reason,
                code: status.as_u16(),
            })
            .inc();
    }
}
