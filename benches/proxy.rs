//! What the proxy costs: finding and replacing the model in a body, and a whole request between sockets.
//!
//! `cargo bench --bench proxy`

use std::{hint::black_box, net::SocketAddr, sync::Arc};

use aliasgate::{
    engine::{Catalogs, Date, Resource, Snapshot},
    proxy::{GATE, Proxy, Settings, rewrite},
    telemetry::{self, Health},
};
use axum::{Router, body::to_bytes, extract::Request};
use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy, rt::TokioExecutor};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use tokio::{net::TcpListener, runtime::Runtime, sync::watch};

/// Sizes of bodies: a short question, a long one, a document, pictures.
const SIZES: [usize; 4] = [300, 8_000, 100_000, 2_000_000]; // bytes

/// A chat of about `size` bytes, with `model` last, as OpenAI's own Python client sends it.
fn chat(size: usize) -> Bytes {
    const SENTENCE: &str =
        "Explain the difference between \"retired\" and \"deprecated\".\n\tBe brief – zwei Sätze.\n";
    let mut messages = Vec::new();
    let mut length = 60;
    while length < size {
        let text = SENTENCE.repeat((size - length).div_ceil(SENTENCE.len() + 8).clamp(1, 40));
        length += text.len() + text.len() / 20 + 30;
        messages.push(json!({"role": "user", "content": text}));
    }
    let messages = Value::from(messages);
    Bytes::from(format!(
        r#"{{"messages":{messages},"temperature":0.2,"model":"fast"}}"#
    ))
}

/// The same search by serde: top-level members as raw text.
fn by_serde(body: &[u8]) -> Option<&str> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        model: &'a RawValue,
    }
    let body: Body<'_> = serde_json::from_slice(body).ok()?;
    Some(body.model.get())
}

fn rewriting(c: &mut Criterion) {
    let mut group = c.benchmark_group("rewrite");
    for size in SIZES {
        let body = chat(size);
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_with_input(BenchmarkId::new("find", size), &body, |b, body| {
            b.iter(|| rewrite::find(black_box(body)).map(|model| model.range));
        });
        group.bench_with_input(BenchmarkId::new("find and replace", size), &body, |b, body| {
            b.iter(|| {
                let range = rewrite::find(black_box(body)).map(|model| model.range).ok()?;
                Some(rewrite::replace(body, range, "gpt-3.5-turbo"))
            });
        });
        group.bench_with_input(BenchmarkId::new("find by serde", size), &body, |b, body| {
            b.iter(|| by_serde(black_box(body)).map(str::len));
        });
        group.bench_with_input(BenchmarkId::new("parse by serde", size), &body, |b, body| {
            b.iter(|| serde_json::from_slice::<Value>(black_box(body)).map(|value| value.is_object()));
        });
    }
    group.finish();
}

/// A provider that reads the body and says little, and a proxy before it.
async fn start() -> (SocketAddr, SocketAddr, watch::Sender<Arc<Snapshot>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let provider = listener.local_addr().expect("bound");
    let app = Router::new().fallback(|request: Request| async {
        let read = to_bytes(request.into_body(), usize::MAX).await;
        read.map_or(0, |bytes| bytes.len()).to_string()
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    let backend = Resource::new(json!({
        "apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayBackend", "metadata": {"name": "openai"},
        "spec": {
            "ai": {"provider": {"openai": {}, "host": "127.0.0.1", "port": provider.port()}},
            "policies": {"auth": {"key": "sk-1"}, "ai": {"modelAliases": {"fast": "gpt-3.5-turbo"}}},
        },
    }));
    let resources = backend.map(Arc::new);
    let snapshot = Snapshot::build(
        Arc::new(Catalogs::default()),
        resources,
        Date::constant(2026, 11, 23),
    );
    let (sender, receiver) = watch::channel(Arc::new(snapshot));
    let health = Health::new(&[GATE]);
    let proxy =
        Proxy::start(receiver, &Settings::default(), &mut telemetry::registry(), health).expect("it starts");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move { proxy.serve(listener, std::future::pending()).await });
    (provider, address, sender)
}

fn requests(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let (provider, proxy, _snapshots) = runtime.block_on(start());
    let client = legacy::Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let mut group = c.benchmark_group("request");
    for size in SIZES {
        let body = chat(size);
        for (name, address) in [("direct", provider), ("proxied", proxy)] {
            group.bench_with_input(BenchmarkId::new(name, size), &body, |b, body| {
                b.to_async(&runtime).iter(|| async {
                    let request = hyper::Request::post(format!("http://{address}/v1/chat/completions"));
                    let request = request.body(Full::new(body.clone())).expect("a request");
                    let response = client.request(request).await.expect("an answer");
                    assert!(response.status().is_success());
                    response.into_body().collect().await.expect("a body").to_bytes()
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, rewriting, requests);
criterion_main!(benches);
