//! The two paths, and what becomes of requests that are no reviews.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{MethodRouter, post},
};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::{
    sync::{Semaphore, watch},
    time,
};
use tracing::{debug, info, warn};

use super::{Decision, Metrics, Outcome, Webhook, decide};
use crate::engine::{Kind, Snapshot};

/// Longest body that is read, in bytes: two objects of the 3 MiB that the API server takes, and their envelope.
pub const MAX_REVIEW: usize = 8 * 1024 * 1024;
/// Reviews that are read and decided at once, so that bodies fill a quarter of a gigabyte at the very most.
const MAX_AT_ONCE: usize = 32;
/// For a place among those; the API server gives up after 5 s or less.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(2);
/// For the body to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

struct Shared {
    snapshot: watch::Receiver<Arc<Snapshot>>,
    metrics: Metrics,
    places: Semaphore,
}

/// `POST /validate` and `POST /mutate`, judged by the newest snapshot.
pub fn router(snapshot: watch::Receiver<Arc<Snapshot>>, metrics: Metrics) -> Router {
    let shared = Arc::new(Shared {
        snapshot,
        metrics,
        places: Semaphore::new(MAX_AT_ONCE),
    });
    Router::new()
        .route("/validate", route(Webhook::Validate))
        .route("/mutate", route(Webhook::Mutate))
        .with_state(shared)
}

fn route(webhook: Webhook) -> MethodRouter<Arc<Shared>> {
    let answer = move |State(shared): State<Arc<Shared>>, request| async move {
        answer(&shared, webhook, request).await
    };
    let wrong = move |State(shared): State<Arc<Shared>>| async move {
        let refusal = Refusal(
            StatusCode::METHOD_NOT_ALLOWED,
            "an AdmissionReview is sent by POST".to_owned(),
        );
        ([(header::ALLOW, "POST")], refuse(&shared, webhook, refusal))
    };
    post(answer).fallback(wrong)
}

/// The status and text that a request gets which is no review.
struct Refusal(StatusCode, String);

async fn answer(shared: &Shared, webhook: Webhook, request: Request) -> Response {
    match review(shared, webhook, request).await {
        Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(refusal) => refuse(shared, webhook, refusal),
    }
}

fn refuse(shared: &Shared, webhook: Webhook, Refusal(status, text): Refusal) -> Response {
    warn!(
        webhook = webhook.as_str(),
        status = status.as_u16(),
        cause = text,
        "no review"
    );
    shared.metrics.malformed(webhook, status.as_u16());
    (status, text + "\n").into_response()
}

async fn review(shared: &Shared, webhook: Webhook, request: Request) -> Result<Vec<u8>, Refusal> {
    let (head, body) = request.into_parts();
    expect_json(&head.headers)?;
    let place = time::timeout(QUEUE_TIMEOUT, shared.places.acquire()).await;
    let _place = place.map_err(|_| {
        Refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many reviews at once".to_owned(),
        )
    })?;
    let body = read(body).await?;

    let start = Instant::now();
    let snapshot = Arc::clone(&shared.snapshot.borrow());
    let decision = decide(&snapshot, webhook, &body)
        .map_err(|malformed| Refusal(StatusCode::BAD_REQUEST, malformed.to_string()))?;
    let took = start.elapsed();
    shared.metrics.decided(webhook, &decision, took);
    log(webhook, &decision, took);
    Ok(decision.into_body())
}

fn expect_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let refused = |text: &str| Err(Refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, text.to_owned()));
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let media = text(header::CONTENT_TYPE)
        .and_then(|value| value.split(';').next())
        .unwrap_or_default();
    if !media.trim().eq_ignore_ascii_case("application/json") {
        return refused("the content type of an AdmissionReview is application/json");
    }
    match headers.get(header::CONTENT_ENCODING) {
        Some(encoding) if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") => {
            refused("an AdmissionReview is sent without a content encoding")
        }
        _ => Ok(()),
    }
}

async fn read(body: Body) -> Result<Bytes, Refusal> {
    match time::timeout(BODY_TIMEOUT, Limited::new(body, MAX_REVIEW).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(cause)) if cause.is::<LengthLimitError>() => Err(Refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body is longer than {MAX_REVIEW} bytes"),
        )),
        Ok(Err(_)) => Err(Refusal(
            StatusCode::BAD_REQUEST,
            "the body ended early".to_owned(),
        )),
        Err(_) => Err(Refusal(
            StatusCode::REQUEST_TIMEOUT,
            "the body did not arrive in time".to_owned(),
        )),
    }
}

/// One line a decision, with names but without values. One that nobody hears anything of is for who looks for it only.
fn log(webhook: Webhook, decision: &Decision, took: Duration) {
    macro_rules! log {
        ($level:ident) => {
            $level!(
                webhook = webhook.as_str(),
                namespace = decision.namespace,
                name = decision.name,
                kind = decision.kind.map_or("other", Kind::as_str),
                operation = decision.operation,
                decision = decision.outcome.as_str(),
                codes = decision.codes.keys().copied().collect::<Vec<_>>().join(","),
                dry_run = decision.dry_run,
                micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
                "decided"
            )
        };
    }
    if matches!(decision.outcome, Outcome::Allowed | Outcome::Skipped) && decision.codes.is_empty() {
        log!(debug);
    } else {
        log!(info);
    }
}
