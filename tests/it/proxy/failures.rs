//! Requests that are refused, and providers that fail.

use std::time::Duration;

use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures_util::stream;
use http_body_util::StreamBody;
use hyper::{StatusCode, body::Frame};
use hyper_util::{client::legacy, rt::TokioExecutor};
use serde_json::{Value, json};

use super::{CHAT, Gateway, Settings, Upstream, aliased, chat, error, listener, route, rule, soon};
use crate::fixtures::{backend, resource};

#[tokio::test]
async fn bad_bodies_are_refused_and_nothing_is_sent() {
    let mut upstream = Upstream::ok().await;
    let gateway = Gateway::start(vec![aliased(&upstream.provider("openai"), &json!({}))]).await;
    #[rustfmt::skip]
    let table = [
        ("", "invalid_request_body"), ("[]", "invalid_request_body"), ("{\"model\":\"m\"", "invalid_request_body"),
        ("\u{feff}{\"model\":\"m\"}", "invalid_request_body"), ("{\"model\":\"m\"}}", "invalid_request_body"),
        ("{}", "missing_model"), ("{\"model\":null}", "missing_model"),
        ("{\"model\":7}", "invalid_model"), ("{\"model\":\"a\",\"mod\\u0065l\":\"b\"}", "invalid_model"),
        ("{\"model\":\"\\ud800\"}", "invalid_model"),
    ];
    for (body, code) in table {
        let (status, found, _) = gateway.refusal(CHAT, body).await;
        assert_eq!((status, found.as_str()), (400, code), "{body}");
    }
    let deep = format!("{{\"model\":\"m\",\"x\":{}", "[".repeat(100_000));
    let (status, _, message) = gateway.refusal(CHAT, deep).await;
    assert_eq!(status, 400);
    assert!(message.contains("deeper than 1024 levels"), "{message}");
    assert!(upstream.seen.try_recv().is_err());
}

#[tokio::test]
async fn bodies_over_the_limit_are_refused_whether_announced_or_not() {
    let upstream = Upstream::ok().await;
    let limited = Settings {
        max_body: 100,
        ..Settings::default()
    };
    let gateway = Gateway::with(vec![aliased(&upstream.provider("openai"), &json!({}))], &limited).await;
    let long = chat(&"m".repeat(100));
    assert_eq!(gateway.refusal(CHAT, long.clone()).await.0, 413);
    let frames = stream::iter([Ok::<_, std::convert::Infallible>(Frame::data(Bytes::from(long)))]);
    let client = legacy::Client::builder(TokioExecutor::new()).build_http();
    let request = hyper::Request::post(format!("http://{}{CHAT}", gateway.address));
    let request = request.body(StreamBody::new(frames)).expect("a request");
    let (status, code, message) = error(soon(client.request(request)).await.expect("an answer")).await;
    assert_eq!((status, code.as_str()), (413, "request_too_large"));
    assert_eq!(message, "the request body is larger than 100 bytes");
    assert_eq!(gateway.post(CHAT, chat("m")).await.0, StatusCode::OK);
}

#[tokio::test]
async fn encoded_bodies_other_methods_and_upgrades_are_refused() {
    let upstream = Upstream::ok().await;
    let gateway = Gateway::start(vec![aliased(&upstream.provider("openai"), &json!({}))]).await;
    let mut request = gateway.request(CHAT, "x");
    request
        .headers_mut()
        .insert("content-encoding", "gzip".parse().expect("a value"));
    let response = gateway.send(request).await;
    assert_eq!(response.headers()["accept-encoding"], "identity");
    assert_eq!(error(response).await.0, 415);
    let mut request = gateway.request(CHAT, "");
    *request.method_mut() = hyper::Method::GET;
    let response = gateway.send(request).await;
    assert_eq!(response.headers()["allow"], "POST");
    assert_eq!(error(response).await.0, 405);
    let mut request = gateway.request(CHAT, "");
    request
        .headers_mut()
        .insert("upgrade", "websocket".parse().expect("a value"));
    assert_eq!(error(gateway.send(request).await).await.0, 501);
}

#[tokio::test]
async fn a_path_without_a_route_is_named() {
    let upstream = Upstream::ok().await;
    let gateway = Gateway::start(vec![
        aliased(&upstream.provider("openai"), &json!({})),
        route(&json!([rule("/openai", "openai")])),
    ])
    .await;
    let (status, code, message) = gateway.refusal("/v1/chat", chat("m")).await;
    assert_eq!((status, code.as_str()), (404, "route_not_found"));
    assert_eq!(message, "no HTTPRoute matches POST \"/v1/chat\"");
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_is_a_bad_gateway() {
    let nobody = listener().await.local_addr().expect("bound");
    let provider = json!({"openai": {}, "host": "127.0.0.1", "port": nobody.port()});
    let gateway = Gateway::start(vec![aliased(&provider, &json!({}))]).await;
    let (status, code, message) = gateway.refusal(CHAT, chat("m")).await;
    assert_eq!((status, code.as_str()), (502, "upstream_unreachable"));
    assert!(
        message.starts_with(&format!("cannot connect to {nobody}: ")),
        "{message}"
    );
    let metrics = gateway.page("/metrics").await.1;
    assert!(
        metrics.contains(
            r#"upstream_responses_total{backend="default/openai",provider="backend",code="502"} 1"#
        )
    );
    assert!(
        metrics.contains(r#"refused_requests_total{reason="upstream_unreachable",code="502"} 1"#),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_provider_that_says_nothing_is_a_gateway_timeout() {
    let upstream = Upstream::start_slow(std::future::pending).await;
    let impatient = Settings {
        head_timeout: Duration::from_millis(50),
        ..Settings::default()
    };
    let gateway = Gateway::with(
        vec![aliased(&upstream.provider("openai"), &json!({}))],
        &impatient,
    )
    .await;
    let (status, code, _) = gateway.refusal(CHAT, chat("m")).await;
    assert_eq!((status, code.as_str()), (504, "upstream_timeout"));

    let mut quick = rule("/", "openai");
    quick["timeouts"] = json!({"backendRequest": "40ms"});
    let gateway = Gateway::start(vec![
        aliased(&upstream.provider("openai"), &json!({})),
        route(&json!([quick])),
    ])
    .await;
    assert!(
        gateway
            .refusal(CHAT, chat("m"))
            .await
            .2
            .ends_with("did not answer within 40 ms")
    );
}

#[tokio::test]
async fn requests_over_the_limit_are_told_to_come_back() {
    let upstream = Upstream::ok().await;
    let none = Settings {
        max_requests: 0,
        ..Settings::default()
    };
    let gateway = Gateway::with(vec![aliased(&upstream.provider("openai"), &json!({}))], &none).await;
    let response = gateway.send(gateway.request(CHAT, chat("m"))).await;
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(error(response).await.0, 503);
}

/// Two providers in two groups.
fn two(first: Value, second: Value) -> Value {
    let named = |name: &str, mut provider: Value| {
        provider["name"] = json!(name);
        provider["policies"] = json!({"ai": {"modelAliases": {"fast": name}}});
        json!({"providers": [provider]})
    };
    json!({"ai": {"groups": [named("first", first), named("second", second)]}})
}

#[tokio::test]
async fn the_next_provider_gets_what_the_first_cannot_serve() {
    let broken = || {
        Response::builder()
            .status(503)
            .body(Body::from("later"))
            .expect("a response")
    };
    let (mut first, mut second) = (Upstream::start(broken).await, Upstream::ok().await);
    let nobody = json!({"openai": {}, "host": "127.0.0.1", "port": listener().await.local_addr().expect("bound").port()});

    let spec = two(first.provider("openai"), second.provider("openai"));
    let gateway = Gateway::start(vec![backend("b", &spec)]).await;
    assert_eq!(gateway.post(CHAT, chat("fast")).await.0, StatusCode::OK);
    assert_eq!(first.next().await.body, chat("first"));
    assert_eq!(
        second.next().await.body,
        chat("second"),
        "each provider has its own aliases"
    );

    let gateway = Gateway::start(vec![backend(
        "b",
        &two(nobody.clone(), second.provider("openai")),
    )])
    .await;
    assert_eq!(gateway.post(CHAT, chat("fast")).await.0, StatusCode::OK);

    let gateway = Gateway::start(vec![backend("b", &two(nobody, first.provider("openai")))]).await;
    assert_eq!(
        gateway.post(CHAT, chat("fast")).await,
        (StatusCode::SERVICE_UNAVAILABLE, "later".into())
    );
}

#[tokio::test]
async fn a_missing_secret_is_named_and_its_arrival_noticed() {
    let mut upstream = Upstream::ok().await;
    let spec = json!({
        "ai": {"provider": upstream.provider("openai")},
        "policies": {"auth": {"secretRef": {"name": "openai-secret"}}},
    });
    let backend = backend("openai", &spec);
    let gateway = Gateway::start(vec![backend.clone()]).await;
    let (status, code, message) = gateway.refusal(CHAT, chat("m")).await;
    assert_eq!((status, code.as_str()), (503, "credential_missing"));
    assert_eq!(
        message,
        "the backend has no credential: Secret default/openai-secret is not there"
    );
    gateway.says("Secret default/openai-secret is not there").await;

    let secret = |data: Value| {
        let mut secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "openai-secret"}});
        secret
            .as_object_mut()
            .expect("an object")
            .extend(data.as_object().expect("an object").clone());
        resource(secret)
    };
    gateway.publish(vec![backend.clone(), secret(json!({"data": {"other": "eA=="}}))]);
    gateway
        .says("Secret default/openai-secret has no Authorization")
        .await;
    gateway.publish(vec![
        backend.clone(),
        secret(json!({"data": {"Authorization": "QmVhcmVyIHNrLTEK"}})),
    ]);
    soon(async {
        while gateway.page("/readyz?verbose").await.1.contains("has no") {
            tokio::task::yield_now().await
        }
    })
    .await;
    let mut request = gateway.request(CHAT, chat("m"));
    request
        .headers_mut()
        .insert("authorization", "Bearer of-the-client".parse().expect("a value"));
    gateway.send(request).await;
    assert_eq!(upstream.next().await.header("authorization"), Some("Bearer sk-1"));
    let page = gateway.page("/readyz?verbose").await.1;
    assert!(!page.contains("sk-1") && !page.contains("QmVh"), "{page}");
}
