//! One request: route, rewrite, send, pass the answer on.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode, Uri, Version,
    body::Incoming,
    header::{self, HeaderName},
    http::request::Parts,
};
use tokio::{
    sync::{Semaphore, watch},
    time::{Instant, timeout},
};
use tracing::{debug, warn};

use super::{
    answer::Refusal,
    body::{self, Budget, Outgoing, Reply},
    metrics::Metrics,
    paths::NativeCall,
    rewrite::{self, Model},
    route_type::{ModelIn, RouteType},
    rule::{Leg, Rule},
    serving::Serving,
    upstream::Client,
};

/// Most providers that one request is tried at.
const MAX_TRIES: usize = 3;

/// Headers that concern one connection only (RFC 9110, 7.6.1), and those that are made anew for the next.
static HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];
static MADE_ANEW: [HeaderName; 3] = [header::HOST, header::CONTENT_LENGTH, header::EXPECT];

/// All that a request needs.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) serving: watch::Receiver<Arc<Serving>>,
    pub(crate) client: Client,
    pub(crate) metrics: Metrics,
    pub(crate) budget: Budget,
    /// One permit a request in flight.
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) max_body: usize, // bytes
    /// Longest time to the head of a provider's answer.
    pub(crate) head_timeout: Duration,
}

/// A request on its way, without its body.
struct Call<'a> {
    rule: &'a Rule,
    method: Method,
    /// As the rule has rewritten it.
    path: &'a str,
    query: Option<&'a str>,
    /// Ready for any provider, but for the credential.
    headers: HeaderMap,
}

/// Where a call goes at one provider.
struct Sending<'a> {
    leg: &'a Leg,
    route_type: RouteType,
    uri: Uri,
    body: Outgoing,
}

impl Gate {
    /// Answers `request`: with what the provider says, or with an error of our own.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Response<Reply> {
        let Ok(permit) = Arc::clone(&self.slots).try_acquire_owned() else {
            return self.refuse(Refusal::overloaded("concurrent requests"));
        };
        let slot = self.metrics.slot(permit);
        let serving = Arc::clone(&self.serving.borrow());
        let answer = self.forward(&serving, request).await;
        answer
            .unwrap_or_else(|refusal| self.refuse(refusal))
            .map(|reply| reply.holding(slot))
    }

    fn refuse(&self, refusal: Refusal) -> Response<Reply> {
        debug!(
            code = refusal.code,
            status = refusal.status.as_u16(),
            why = refusal.message,
            "refused"
        );
        self.metrics.refused(refusal.code, refusal.status);
        refusal.into_response()
    }

    async fn forward(
        &self,
        serving: &Serving,
        request: Request<Incoming>,
    ) -> Result<Response<Reply>, Refusal> {
        let (mut parts, body) = request.into_parts();
        if parts.method == Method::CONNECT || parts.headers.contains_key(header::UPGRADE) {
            return Err(Refusal::unsupported(
                "this proxy does not tunnel and does not upgrade connections",
            ));
        }
        let Some((rule, matched)) = serving.routes.find(&parts) else {
            return Err(Refusal::no_route(&parts.method, parts.uri.path()));
        };
        let legs = legs(rule)?;
        let rewritten = rule.path(parts.uri.path(), matched);
        let headers = outgoing_headers(&mut parts, rule);
        let path = rewritten.as_deref().unwrap_or_else(|| parts.uri.path());
        let query = parts.uri.query();
        let mut call = Call {
            rule,
            method: parts.method.clone(),
            path,
            query,
            headers,
        };
        let first = &legs[0];
        let route_type = first.routes.of(path);
        let (model, body) = match route_type.model_in() {
            ModelIn::Body => return self.with_model(&mut call, legs, body).await,
            ModelIn::Nowhere => (String::new(), body),
            ModelIn::Path => {
                let native = NativeCall::of(path).ok_or_else(|| {
                    let message = "the path names no model; expected …/models/MODEL:METHOD";
                    Refusal::new(StatusCode::BAD_REQUEST, "missing_model", message)
                })?;
                (first.aliases.target(&native.model).to_owned(), body)
            }
        };
        let uri = first.uri(route_type, path, query, &model)?;
        self.send(
            &mut call,
            Sending {
                leg: first,
                route_type,
                uri,
                body: Outgoing::Unread(body),
            },
            true,
        )
        .await
    }

    /// Reads the body, and sends it to one provider after the other with the model that each of them is to see.
    async fn with_model(
        &self,
        call: &mut Call<'_>,
        legs: &[Leg],
        body: Incoming,
    ) -> Result<Response<Reply>, Refusal> {
        if call.method != Method::POST {
            let message = "a request for a model is a POST; for others set policies.ai.routes to Passthrough";
            let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message);
            return Err(refusal.header("allow", "POST"));
        }
        if let Some(coding) = call
            .headers
            .get(header::CONTENT_ENCODING)
            .filter(|coding| *coding != "identity")
        {
            let message = format!("content-encoding {coding:?} is not supported; send the body as it is");
            let refusal = Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_encoding",
                message,
            );
            return Err(refusal.header("accept-encoding", "identity"));
        }
        let held = body::read(body, self.max_body, &self.budget).await?;
        let model = rewrite::find(&held.bytes)?;
        let mut outcome = None;
        let legs = &legs[..legs.len().min(MAX_TRIES)];
        for (at, leg) in legs.iter().enumerate() {
            let last = at + 1 == legs.len();
            let sending = prepare(call, leg, &held.bytes, &model);
            let sent = match sending {
                Ok(sending) => self.send(call, sending, last).await,
                Err(refusal) => Err(refusal),
            };
            let fit = sent
                .as_ref()
                .is_ok_and(|response| !may_be_better_elsewhere(response.status()));
            outcome = Some(sent);
            if fit {
                break;
            }
        }
        outcome.unwrap_or_else(|| Err(no_backend("the backend has no provider")))
    }

    /// Sends to one provider; its answer is passed on as it is.
    async fn send(
        &self,
        call: &mut Call<'_>,
        to: Sending<'_>,
        last: bool,
    ) -> Result<Response<Reply>, Refusal> {
        let Sending {
            leg,
            route_type,
            uri,
            body,
        } = to;
        let mut headers = if last {
            std::mem::take(&mut call.headers)
        } else {
            call.headers.clone()
        };
        leg.endpoint.sign(&mut headers, route_type);
        let mut request = Request::new(body);
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        let limit = call
            .rule
            .timeout
            .unwrap_or(self.head_timeout)
            .min(self.head_timeout);
        let started = Instant::now();
        let (status, refusal) = match timeout(limit, self.client.request(request)).await {
            Ok(Ok(response)) => {
                self.metrics.answered(leg, response.status(), started.elapsed());
                return Ok(incoming_response(response, call.rule));
            }
            Ok(Err(error)) => unreachable(leg, &error),
            Err(_) => {
                let host = leg.endpoint.authority();
                let message = format!("{host} did not answer within {} ms", limit.as_millis());
                (
                    StatusCode::GATEWAY_TIMEOUT,
                    Refusal::new(StatusCode::GATEWAY_TIMEOUT, "upstream_timeout", message),
                )
            }
        };
        let (backend, provider, why) = (&*leg.backend, &leg.endpoint.name, &refusal.message);
        warn!(backend, provider, why, "provider failed");
        self.metrics.answered(leg, status, started.elapsed());
        Err(refusal)
    }
}

/// The providers that the rule gives this request to.
fn legs(rule: &Rule) -> Result<&[Leg], Refusal> {
    let Some(share) = rule.pick() else {
        return Err(no_backend("the rule has no backend with a weight"));
    };
    match &share.legs {
        Ok(legs) if !legs.is_empty() => Ok(legs),
        Ok(_) => Err(no_backend("the backend has no provider")),
        Err(why) => Err(no_backend(why)),
    }
}

/// Gateway API wants 500 for what leads to no backend.
fn no_backend(why: &str) -> Refusal {
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "backend_not_found", why)
}

/// The body with the model that `leg`'s provider is to see, and where it goes.
fn prepare<'a>(
    call: &Call<'_>,
    leg: &'a Leg,
    bytes: &Bytes,
    model: &Model<'_>,
) -> Result<Sending<'a>, Refusal> {
    let route_type = leg.routes.of(call.path);
    let target = leg.aliases.target(&model.name);
    let uri = leg.uri(route_type, call.path, call.query, target)?;
    debug!(
        backend = &*leg.backend,
        provider = leg.endpoint.name,
        requested = &*model.name,
        target,
        "sending"
    );
    let body = if target == model.name || route_type.model_in() != ModelIn::Body {
        Outgoing::parts([bytes.clone()])
    } else {
        Outgoing::parts(rewrite::replace(bytes, model.range.clone(), target))
    };
    Ok(Sending {
        leg,
        route_type,
        uri,
        body,
    })
}

/// Whether another provider of the backend may do better: it is overloaded or broken, and has sent no answer yet.
fn may_be_better_elsewhere(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}

/// What went wrong on the way to a provider, down to the first cause.
fn unreachable(leg: &Leg, error: &hyper_util::client::legacy::Error) -> (StatusCode, Refusal) {
    let host = leg.endpoint.authority();
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let message = if error.is_connect() {
        format!("cannot connect to {host}: {cause}")
    } else {
        format!("the connection to {host} broke before an answer came: {cause}")
    };
    (
        StatusCode::BAD_GATEWAY,
        Refusal::new(StatusCode::BAD_GATEWAY, "upstream_unreachable", message),
    )
}

/// The client's headers as they go on: without those of its connection and with the rule's edits.
fn outgoing_headers(parts: &mut Parts, rule: &Rule) -> HeaderMap {
    let mut headers = std::mem::take(&mut parts.headers);
    remove_hop_by_hop(&mut headers);
    for name in &MADE_ANEW {
        headers.remove(name);
    }
    rule.request.apply(&mut headers);
    headers
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in HOP_BY_HOP.iter().chain(&named) {
        headers.remove(name);
    }
}

/// A provider's answer for the client: its body unread, its headers without those of its connection.
fn incoming_response(response: Response<Incoming>, rule: &Rule) -> Response<Reply> {
    let mut response = response.map(Reply::provider);
    *response.version_mut() = Version::HTTP_11; // the client's, whatever the provider speaks
    remove_hop_by_hop(response.headers_mut());
    rule.response.apply(response.headers_mut());
    response
}
