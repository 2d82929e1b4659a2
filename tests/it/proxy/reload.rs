//! New snapshots while requests are served.

use std::sync::Arc;

use axum::{body::Body, response::Response};
use hyper::StatusCode;
use serde_json::json;
use tokio::sync::Semaphore;

use super::{CHAT, Gateway, Settings, Upstream, aliased, chat, route, rule};
use crate::fixtures::{backend, resource};

#[tokio::test]
async fn a_request_in_flight_outlives_a_change() {
    let go = Arc::new(Semaphore::new(0));
    let gate = Arc::clone(&go);
    let mut upstream = Upstream::start_slow(move || {
        let gate = Arc::clone(&gate);
        async move {
            gate.acquire().await.expect("open").forget();
            Response::new(Body::from("{}"))
        }
    })
    .await;
    let provider = upstream.provider("openai");
    let gateway = Gateway::start(vec![aliased(&provider, &json!({"fast": "old"}))]).await;
    let first = gateway.post(CHAT, chat("fast"));
    let change = async {
        assert_eq!(upstream.next().await.body, chat("old"));
        gateway.publish(vec![aliased(&provider, &json!({"fast": "new"}))]);
        // The new table is in use once a new request shows it.
        let second = gateway.post(CHAT, chat("fast"));
        let seen = async {
            let seen = upstream.next().await;
            go.add_permits(2);
            seen
        };
        let (second, seen) = tokio::join!(second, seen);
        (second.0, seen.body)
    };
    let (first, (second, seen)) = tokio::join!(first, change);
    assert_eq!((first.0, second), (StatusCode::OK, StatusCode::OK));
    assert!(
        seen == chat("new") || seen == chat("old"),
        "one of the two versions, whole"
    );
    go.add_permits(1000);
    let newest = async {
        loop {
            gateway.post(CHAT, chat("fast")).await;
            if upstream.next().await.body == chat("new") {
                break;
            }
        }
    };
    super::soon(newest).await;
}

#[tokio::test]
async fn a_refused_resource_keeps_its_last_good_version() {
    let mut upstream = Upstream::ok().await;
    let with = |target: &str| aliased(&upstream.provider("openai"), &json!({"fast": target}));
    let (good, bad, better) = (with("gpt-4o"), with(""), with("gpt-5"));
    let gateway = Gateway::start(vec![good]).await;
    gateway.says("AgentgatewayBackend default/openai served").await;

    gateway.publish(vec![bad.clone()]);
    gateway
        .says("AgentgatewayBackend default/openai refused, its last good version is served")
        .await;
    assert!(
        gateway
            .page("/readyz?verbose")
            .await
            .1
            .contains("[alias-target-empty]")
    );
    gateway.post(CHAT, chat("fast")).await;
    assert_eq!(upstream.next().await.body, chat("gpt-4o"));

    gateway.publish(vec![bad]); // still bad: still the last good one
    gateway.post(CHAT, chat("fast")).await;
    assert_eq!(upstream.next().await.body, chat("gpt-4o"));

    gateway.publish(vec![better]);
    super::soon(async {
        while gateway.page("/readyz?verbose").await.1.contains("refused") {
            tokio::task::yield_now().await
        }
    })
    .await;
    gateway.post(CHAT, chat("fast")).await;
    assert_eq!(upstream.next().await.body, chat("gpt-5"));

    gateway.publish(Vec::new());
    gateway.says("no AgentgatewayBackend is served").await;
    assert_eq!(gateway.refusal(CHAT, chat("fast")).await.0, 404);
    assert_eq!(gateway.page("/readyz").await.0, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_proxy_of_a_cluster_is_ready_without_backends_once_it_knows_the_cluster() {
    let settings = Settings {
        idle: true,
        ..Settings::default()
    };
    let gateway = Gateway::with(Vec::new(), &settings).await;
    assert_eq!(gateway.page("/readyz").await.0, StatusCode::SERVICE_UNAVAILABLE);
    gateway.publish(Vec::new());
    gateway.says("readyz check passed").await;
}

#[tokio::test]
async fn what_was_never_good_is_not_served() {
    let upstream = Upstream::ok().await;
    let bad = aliased(&upstream.provider("openai"), &json!({"fast": ""}));
    let gateway = Gateway::start(vec![bad, route(&json!([rule("/", "openai")]))]).await;
    let (status, code, message) = gateway.refusal(CHAT, chat("fast")).await;
    assert_eq!((status, code.as_str()), (500, "backend_not_found"));
    assert_eq!(
        message,
        "backendRef default/openai leads to no AgentgatewayBackend that is served"
    );
}

#[tokio::test]
async fn a_refused_route_does_not_open_every_path() {
    let upstream = Upstream::ok().await;
    let wild = json!([{"matches": [{"path": {"type": "RegularExpression", "value": "/.*"}}]}]);
    let gateway = Gateway::start(vec![
        aliased(&upstream.provider("openai"), &json!({})),
        route(&wild),
    ])
    .await;
    assert_eq!(gateway.refusal(CHAT, chat("m")).await.1, "route_not_found");
    gateway
        .says("HTTPRoute default/route refused: matches of type RegularExpression are not supported")
        .await;
}

#[tokio::test]
async fn resources_count_as_they_would_be_stored() {
    let mut upstream = Upstream::ok().await;
    let resources = vec![aliased(
        &upstream.provider("openai"),
        &json!({" fast ": "gpt-4o\u{200b}"}),
    )];
    let normalize = Settings {
        normalize: true,
        ..Settings::default()
    };
    let gateway = Gateway::with(resources, &normalize).await;
    gateway.post(CHAT, chat("fast")).await;
    assert_eq!(upstream.next().await.body, chat("gpt-4o"));
}

#[tokio::test]
async fn what_the_gateway_applies_and_the_proxy_does_not_is_said() {
    let policy = resource(json!({
        "apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayPolicy", "metadata": {"name": "p"},
        "spec": {
            "targetRefs": [{"group": "agentgateway.dev", "kind": "AgentgatewayBackend", "name": "openai"}],
            "backend": {"auth": {"key": "k"}}, "traffic": {},
        },
    }));
    let mut mirrored = rule("/", "openai");
    mirrored["filters"] =
        json!([{"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "x", "port": 1}}}]);
    let spec = json!({"mcp": {}});
    let gateway = Gateway::start(vec![policy, backend("tools", &spec), route(&json!([mirrored]))]).await;
    gateway.says("AgentgatewayPolicy default/p served: spec.backend.auth is not applied; spec.traffic is not applied").await;
    gateway
        .says("AgentgatewayBackend default/tools refused: only backends with spec.ai are served")
        .await;
    gateway
        .says("the filter \"RequestMirror\" is not supported by this proxy")
        .await;
    assert_eq!(
        gateway.refusal(CHAT, chat("m")).await.0,
        500,
        "nothing passes without its filter"
    );
}
