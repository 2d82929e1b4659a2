//! Logs, metrics and health: what people and probes see of a running server.
//!
//! Rooms register their own numbers in the one [`Registry`]; the numbers that no room owns are [`Gauges`].

mod health;
mod log;
mod metrics;
mod watches;

pub use health::Health;
pub use log::{Format, chain, init};
pub use metrics::{Gauges, Registry, registry};
pub use watches::Watches;

use std::sync::Arc;

use axum::{Router, extract::State, middleware, response::Response};

/// `/metrics`, `/healthz` and `/readyz`, to be merged into a server's routes.
pub fn routes(registry: Arc<Registry>, health: Health) -> Router {
    metrics::routes(registry).merge(health::routes(health))
}

/// Lets every answer of `router` be the last one on its connection once `health` drains.
pub fn parting(router: Router, health: Health) -> Router {
    router.layer(middleware::map_response_with_state(health, part))
}

async fn part(State(health): State<Health>, mut response: Response) -> Response {
    health.part(&mut response);
    response
}
