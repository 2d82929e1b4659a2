//! The proxy between real sockets: a client, the proxy, a provider.

mod command;
mod failures;
mod flow;
mod lookup;
mod providers;
mod reload;
mod rewrite;
mod standin;
mod streams;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use aliasgate::{
    engine::{Catalogs, Resource, Snapshot},
    proxy::{GATE, Proxy, Settings},
    telemetry::{self, Health},
};
use axum::{body::Body, extract::Request, response::Response};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Method, StatusCode, Uri, body::Incoming};
use hyper_util::{client::legacy, rt::TokioExecutor};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};

use crate::fixtures::{TODAY, backend, resource};

/// Longest wait for anything that must happen.
const SOON: Duration = Duration::from_secs(20);

/// Waits for `future`, but not for ever.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, future)
        .await
        .expect("it happens within the deadline")
}

/// A request as a provider saw it.
#[derive(Debug)]
struct Seen {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

impl Seen {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }
}

/// A provider that shows what it got.
struct Upstream {
    address: SocketAddr,
    seen: mpsc::UnboundedReceiver<Seen>,
}

impl Upstream {
    /// Answers every request with `answer`.
    async fn start(answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> Self {
        Self::start_slow(move || std::future::ready(answer())).await
    }

    /// The same for an answer that takes its time.
    async fn start_slow<F>(answer: impl Fn() -> F + Clone + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Response> + Send + 'static,
    {
        let (sender, seen) = mpsc::unbounded_channel();
        let listener = listener().await;
        let address = listener.local_addr().expect("bound");
        let app = axum::Router::new().fallback(move |request: Request| {
            let (sender, answer) = (sender.clone(), answer.clone());
            async move {
                let (parts, body) = request.into_parts();
                let body = body.collect().await.expect("a whole body").to_bytes();
                let (method, uri, headers) = (parts.method, parts.uri, parts.headers);
                drop(sender.send(Seen {
                    method,
                    uri,
                    headers,
                    body,
                }));
                answer().await
            }
        });
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, seen }
    }

    /// Says yes to everything.
    async fn ok() -> Self {
        Self::start(|| Response::new(Body::from("{}"))).await
    }

    async fn next(&mut self) -> Seen {
        soon(self.seen.recv()).await.expect("the provider runs")
    }

    /// A provider's object with this host.
    fn provider(&self, form: &str) -> Value {
        json!({form: {}, "host": self.address.ip().to_string(), "port": self.address.port()})
    }
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a free port")
}

/// A running proxy.
struct Gateway {
    address: SocketAddr,
    snapshots: watch::Sender<Arc<Snapshot>>,
    health: Health,
    registry: Arc<telemetry::Registry>,
    stop: Option<oneshot::Sender<()>>,
    ended: JoinHandle<()>,
    client: legacy::Client<legacy::connect::HttpConnector, Full<Bytes>>,
}

impl Gateway {
    async fn start(resources: Vec<Arc<Resource>>) -> Self {
        Self::with(resources, &Settings::default()).await
    }

    async fn with(resources: Vec<Arc<Resource>>, settings: &Settings) -> Self {
        let (snapshots, receiver) = watch::channel(snapshot(resources));
        let health = Health::new(&[GATE]);
        let mut registry = telemetry::registry();
        let proxy = Proxy::start(receiver, settings, &mut registry, health.clone()).expect("it starts");
        let listener = listener().await;
        let address = listener.local_addr().expect("bound");
        let (stop, stopping) = oneshot::channel();
        let ended = tokio::spawn(async move { proxy.serve(listener, async { drop(stopping.await) }).await });
        Self {
            address,
            snapshots,
            health,
            registry: Arc::new(registry),
            stop: Some(stop),
            ended,
            client: legacy::Client::builder(TokioExecutor::new()).build_http(),
        }
    }

    fn publish(&self, resources: Vec<Arc<Resource>>) {
        self.snapshots.send_replace(snapshot(resources));
    }

    async fn send(&self, request: hyper::Request<Full<Bytes>>) -> hyper::Response<Incoming> {
        soon(self.client.request(request)).await.expect("an answer")
    }

    fn request(&self, path: &str, body: impl Into<Bytes>) -> hyper::Request<Full<Bytes>> {
        hyper::Request::post(format!("http://{}{path}", self.address))
            .header("content-type", "application/json")
            .body(Full::new(body.into()))
            .expect("a request")
    }

    /// Status and body of the answer.
    async fn post(&self, path: &str, body: impl Into<Bytes>) -> (StatusCode, Bytes) {
        whole(self.send(self.request(path, body)).await).await
    }

    /// Status and code of an error of the proxy's own.
    async fn refusal(&self, path: &str, body: impl Into<Bytes>) -> (u16, String, String) {
        error(self.send(self.request(path, body)).await).await
    }

    /// Status and text of a page of the status listener.
    async fn page(&self, path: &str) -> (StatusCode, String) {
        use tower::ServiceExt as _;
        let routes = telemetry::routes(Arc::clone(&self.registry), self.health.clone());
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let response = routes.oneshot(request).await.expect("an answer");
        let status = response.status();
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        (status, String::from_utf8(body.to_vec()).expect("text"))
    }

    /// Waits until the status page says `text`.
    async fn says(&self, text: &str) {
        soon(async {
            while !self.page("/readyz?verbose").await.1.contains(text) {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

async fn whole(response: hyper::Response<Incoming>) -> (StatusCode, Bytes) {
    let status = response.status();
    (
        status,
        soon(response.into_body().collect())
            .await
            .expect("a whole body")
            .to_bytes(),
    )
}

/// Status, code and message of an error in OpenAI's shape.
async fn error(response: hyper::Response<Incoming>) -> (u16, String, String) {
    assert_eq!(response.headers()["content-type"], "application/json");
    let (status, body) = whole(response).await;
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    let text = |field: &str| body["error"][field].as_str().expect("text").to_owned();
    assert!(
        body["error"]
            .as_object()
            .is_some_and(|error| error.contains_key("param")),
        "{body}"
    );
    assert!(
        ["invalid_request_error", "api_error"].contains(&text("type").as_str()),
        "{body}"
    );
    (status.as_u16(), text("code"), text("message"))
}

fn snapshot(resources: Vec<Arc<Resource>>) -> Arc<Snapshot> {
    Arc::new(Snapshot::build(Arc::new(Catalogs::default()), resources, TODAY))
}

/// The backend `openai` with one provider and these aliases.
fn aliased(provider: &Value, aliases: &Value) -> Arc<Resource> {
    backend(
        "openai",
        &json!({"ai": {"provider": provider}, "policies": {"ai": {"modelAliases": aliases}}}),
    )
}

/// The route `route` with these rules.
fn route(rules: &Value) -> Arc<Resource> {
    resource(json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
        "metadata": {"name": "route", "namespace": "default"}, "spec": {"rules": rules},
    }))
}

/// A rule for paths under `path` that leads to the backend `to`.
fn rule(path: &str, to: &str) -> Value {
    json!({"matches": [{"path": {"type": "PathPrefix", "value": path}}], "backendRefs": [to_backend(to)]})
}

fn to_backend(name: &str) -> Value {
    json!({"group": "agentgateway.dev", "kind": "AgentgatewayBackend", "name": name})
}

/// The page of numbers of a proxy that has passed on an answer and refused a request.
pub(crate) async fn numbers() -> String {
    let upstream = Upstream::ok().await;
    let gateway = Gateway::start(vec![aliased(&upstream.provider("openai"), &json!({}))]).await;
    gateway.post(CHAT, chat("m")).await;
    gateway.post(CHAT, "no JSON").await;
    gateway.page("/metrics").await.1
}

/// A request that asks for `model`.
fn chat(model: &str) -> String {
    json!({"model": model, "messages": [{"role": "user", "content": "hi"}]}).to_string()
}

const CHAT: &str = "/v1/chat/completions";
