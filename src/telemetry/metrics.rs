//! The one registry of numbers, and those that belong to no single room.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
pub use prometheus_client::registry::Registry;
use prometheus_client::{
    encoding::text,
    metrics::{family::Family, gauge::Gauge, info::Info},
};

/// The media type of the OpenMetrics text format.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// An empty registry whose names all begin with `aliasgate_`, and the version of the program.
#[must_use]
pub fn registry() -> Registry {
    let mut registry = Registry::with_prefix("aliasgate");
    let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
    registry.register("build", "Version of the program", version);
    registry
}

/// Times and sizes that a server keeps up to date. Times are Unix seconds, so that an age is `time() - gauge`.
#[derive(Debug, Clone, Default)]
pub struct Gauges {
    certificate: Gauge<i64, AtomicI64>,
    /// A family, so that it is not shown where nobody makes CAs.
    authority: Family<[(&'static str, &'static str); 0], Gauge<i64, AtomicI64>>,
    snapshot_at: Gauge<f64, AtomicU64>,
    resources: Gauge<i64, AtomicI64>,
    catalogs: Family<[(&'static str, &'static str); 1], Gauge<i64, AtomicI64>>,
}

impl Gauges {
    /// Gauges that `registry` shows from now on.
    #[must_use]
    pub fn register(registry: &mut Registry) -> Self {
        let gauges = Self::default();
        registry.register(
            "certificate_expiry_timestamp_seconds",
            "When the certificate in use expires",
            gauges.certificate.clone(),
        );
        registry.register(
            "ca_expiry_timestamp_seconds",
            "When the newest CA of shared certificates expires",
            gauges.authority.clone(),
        );
        registry.register(
            "snapshot_timestamp_seconds",
            "When the snapshot in use was made",
            gauges.snapshot_at.clone(),
        );
        registry.register(
            "snapshot_resources",
            "Resources in the snapshot",
            gauges.resources.clone(),
        );
        registry.register(
            "catalog_timestamp_seconds",
            "The day on which the facts of a provider's catalog were gathered",
            gauges.catalogs.clone(),
        );
        gauges
    }

    /// A certificate that expires at `not_after` (Unix seconds) is in use.
    pub fn certificate(&self, not_after: i64) {
        self.certificate.set(not_after);
    }

    /// Certificates are made by a CA that expires at `not_after` (Unix seconds).
    pub fn authority(&self, not_after: i64) {
        self.authority.get_or_create(&[]).set(not_after);
    }

    /// A new snapshot with so many resources is in use.
    pub fn snapshot(&self, resources: usize) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.snapshot_at.set(now.as_secs_f64());
        self.resources.set(i64::try_from(resources).unwrap_or(i64::MAX));
    }

    /// The catalog of `provider` holds facts of that time (Unix seconds).
    pub fn catalog(&self, provider: &'static str, as_of: i64) {
        self.catalogs.get_or_create(&[("provider", provider)]).set(as_of);
    }
}

pub(super) fn routes(registry: Arc<Registry>) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(registry)
}

async fn metrics(State(registry): State<Arc<Registry>>) -> Response {
    let mut out = String::new();
    match text::encode(&mut out, &registry) {
        Ok(()) => ([(header::CONTENT_TYPE, OPENMETRICS)], out).into_response(),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "cannot encode the metrics").into_response(),
    }
}
