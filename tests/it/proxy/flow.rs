//! Requests that go through.

use axum::{body::Body, response::Response};
use hyper::{StatusCode, header};
use serde_json::json;

use super::{CHAT, Gateway, Upstream, aliased, chat, route, rule, to_backend, whole};
use crate::fixtures::{backend, policy, resource};

#[tokio::test]
async fn every_byte_but_the_model_reaches_the_provider() {
    let mut upstream = Upstream::ok().await;
    let gateway = Gateway::start(vec![aliased(
        &upstream.provider("openai"),
        &json!({"fast": "gpt-4o"}),
    )])
    .await;
    let head = " {\"x\":1e400,\"x\":\"\\ud800\",\n\"seed\":123456789012345678901234567890,\"messages\":[{\"model\":\"fast\"}],\"mod\\u0065l\" : ";
    let tail = ",\"top_p\":1.0,\"nothing\":null}\n";
    let (status, _) = gateway.post(CHAT, format!("{head}\"f\\u0061st\"{tail}")).await;
    assert_eq!(status, StatusCode::OK);
    let seen = upstream.next().await;
    assert_eq!(seen.body, format!("{head}\"gpt-4o\"{tail}"));
    assert_eq!(
        seen.header("content-length"),
        Some(seen.body.len().to_string().as_str())
    );
    assert_eq!((seen.method.as_str(), seen.uri.path()), ("POST", CHAT));
    assert_eq!(seen.header("host"), Some(upstream.address.to_string().as_str()));
}

#[tokio::test]
async fn a_name_without_alias_leaves_the_body_alone() {
    let mut upstream = Upstream::ok().await;
    let gateway = Gateway::start(vec![aliased(
        &upstream.provider("openai"),
        &json!({"fast": "gpt-4o"}),
    )])
    .await;
    let body = r#"{"model":"gpt\u002d4o"}"#;
    gateway.post(CHAT, body).await;
    assert_eq!(upstream.next().await.body, body);
}

#[tokio::test]
async fn large_bodies_pass() {
    let mut upstream = Upstream::ok().await;
    let gateway = Gateway::start(vec![aliased(
        &upstream.provider("openai"),
        &json!({"fast": "gpt-4o"}),
    )])
    .await;
    let text = "é\\n".repeat(5_000_000); // 20 MB
    let body = |model: &str| format!(r#"{{"messages":[{{"content":"{text}"}}],"model":"{model}"}}"#);
    let (status, _) = gateway.post(CHAT, body("fast")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(upstream.next().await.body == body("gpt-4o"));
}

#[tokio::test]
async fn headers_of_one_connection_stay_there() {
    let answer = || {
        let answer = Response::builder()
            .header("connection", "x-hop")
            .header("x-hop", "1")
            .header("x-id", "7");
        answer.body(Body::from("{}")).expect("a response")
    };
    let mut upstream = Upstream::start(answer).await;
    let gateway = Gateway::start(vec![aliased(&upstream.provider("openai"), &json!({}))]).await;
    let mut request = gateway.request(&format!("{CHAT}?beta=1"), chat("m"));
    for (name, value) in [
        ("connection", "x-secret"),
        ("x-secret", "1"),
        ("te", "trailers"),
        ("x-mine", "2"),
    ] {
        request
            .headers_mut()
            .insert(name, value.parse().expect("a value"));
    }
    let response = gateway.send(request).await;
    assert_eq!(
        response.headers().get("x-id").map(header::HeaderValue::as_bytes),
        Some(&b"7"[..])
    );
    assert!(response.headers().get("x-hop").is_none());
    let seen = upstream.next().await;
    assert_eq!(
        (seen.header("x-secret"), seen.header("te"), seen.header("x-mine")),
        (None, None, Some("2"))
    );
    assert_eq!(seen.uri.query(), Some("beta=1"));
}

#[tokio::test]
async fn answers_of_the_provider_pass_as_they_are() {
    let body = r#"{"error": {"message":"slow down","type":"requests","code":"rate_limit_exceeded"} }"#;
    let answer = move || {
        let answer = Response::builder().status(429).header("retry-after", "3");
        answer.body(Body::from(body)).expect("a response")
    };
    let upstream = Upstream::start(answer).await;
    let gateway = Gateway::start(vec![aliased(&upstream.provider("openai"), &json!({}))]).await;
    let response = gateway.send(gateway.request(CHAT, chat("m"))).await;
    assert_eq!(response.headers()["retry-after"], "3");
    assert_eq!(
        whole(response).await,
        (StatusCode::TOO_MANY_REQUESTS, body.into())
    );
}

#[tokio::test]
async fn rules_are_chosen_by_precedence_and_rewritten() {
    let mut upstream = Upstream::ok().await;
    let to = |alias: &str| json!({"m": alias});
    let named = |name: &str, target: &str| {
        let policies = json!({"ai": {"modelAliases": to(target)}});
        backend(
            name,
            &json!({"ai": {"provider": upstream.provider("openai")}, "policies": policies}),
        )
    };
    let mut strip = rule("/strip", "short");
    strip["filters"] = json!([
        {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/v1"}}},
        {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "x-team", "value": "blue"}]}},
    ]);
    let exact = json!({
        "matches": [{"path": {"type": "Exact", "value": "/v1/chat/completions"}}],
        "backendRefs": [to_backend("exact")],
    });
    let header = json!({
        "matches": [{"path": {"type": "PathPrefix", "value": "/v1"}, "headers": [{"name": "X-Kind", "value": "a"}]}],
        "backendRefs": [to_backend("header")],
    });
    let rules = json!([rule("/", "short"), rule("/v1/", "long"), header, exact, strip]);
    let names = ["short", "long", "header", "exact"];
    let mut resources: Vec<_> = names.map(|name| named(name, name)).to_vec();
    resources.push(route(&rules));
    let gateway = Gateway::start(resources).await;
    let cases = [
        ("/v1/chat/completions", None, "exact", "/v1/chat/completions"),
        ("/v1/chat", None, "long", "/v1/chat"),
        ("/v1", None, "long", "/v1"),
        ("/v1/chat", Some("a"), "header", "/v1/chat"),
        ("/v12", None, "short", "/v12"),
        ("/strip/x", None, "short", "/v1/x"),
    ];
    for (path, kind, target, at) in cases {
        let mut request = gateway.request(path, chat("m"));
        if let Some(kind) = kind {
            request
                .headers_mut()
                .insert("x-kind", kind.parse().expect("a value"));
        }
        gateway.send(request).await;
        let seen = upstream.next().await;
        assert_eq!((seen.body, seen.uri.path()), (chat(target).into(), at), "{path}");
        assert_eq!(seen.headers.contains_key("x-team"), path.starts_with("/strip"));
    }
}

#[tokio::test]
async fn host_names_choose_routes() {
    let mut upstream = Upstream::ok().await;
    let for_hosts = |name: &str, hosts: &[&str]| {
        resource(json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": name},
            "spec": {"hostnames": hosts, "rules": [{"backendRefs": [to_backend(name)]}]},
        }))
    };
    let of = |name: &str| {
        let policies = json!({"ai": {"modelAliases": {"m": name}}});
        backend(
            name,
            &json!({"ai": {"provider": upstream.provider("openai")}, "policies": policies}),
        )
    };
    let routes = [("one", &["a.x.io"][..]), ("wide", &["*.x.io"]), ("all", &[])];
    let resources = routes
        .iter()
        .flat_map(|(name, hosts)| [of(name), for_hosts(name, hosts)]);
    let gateway = Gateway::start(resources.collect()).await;
    for (host, target) in [
        ("A.x.io:80", "one"),
        ("b.x.io", "wide"),
        ("c.b.x.io", "wide"),
        ("x.io", "all"),
        ("[::1]:8", "all"),
    ] {
        let mut request = gateway.request(CHAT, chat("m"));
        request
            .headers_mut()
            .insert("host", host.parse().expect("a value"));
        gateway.send(request).await;
        assert_eq!(upstream.next().await.body, chat(target), "{host}");
    }
}

#[tokio::test]
async fn bodies_of_passthrough_routes_are_not_read() {
    let mut upstream = Upstream::ok().await;
    let ai =
        json!({"modelAliases": {"fast": "gpt-4o"}, "routes": {"/files": "Passthrough", "*": "Completions"}});
    let spec = json!({"ai": {"provider": upstream.provider("openai")}, "policies": {"ai": ai}});
    let gateway = Gateway::start(vec![backend("openai", &spec)]).await;
    gateway.post("/v1/files", "{\"model\":\"fast\", no JSON").await;
    assert_eq!(upstream.next().await.body, "{\"model\":\"fast\", no JSON");
    let get = hyper::Request::get(format!("http://{}/v1/files", gateway.address));
    gateway
        .send(get.body(Default::default()).expect("a request"))
        .await;
    assert_eq!(upstream.next().await.method, "GET");
    gateway.post(CHAT, chat("fast")).await;
    assert_eq!(upstream.next().await.body, chat("gpt-4o"));
}

#[tokio::test]
async fn policies_on_the_route_count_where_the_backend_sets_nothing() {
    let mut upstream = Upstream::ok().await;
    let targets = json!([{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "route"}]);
    let gateway = Gateway::start(vec![
        backend(
            "openai",
            &json!({"ai": {"provider": upstream.provider("openai")}}),
        ),
        route(&json!([rule("/", "openai")])),
        policy("aliases", &targets, &json!({"fast": "gpt-4o"})),
    ])
    .await;
    gateway.post(CHAT, chat("fast")).await;
    assert_eq!(upstream.next().await.body, chat("gpt-4o"));
}

#[tokio::test]
async fn weights_share_requests_out() {
    let (mut heavy, mut light) = (Upstream::ok().await, Upstream::ok().await);
    let of = |name: &str, upstream: &Upstream| {
        backend(name, &json!({"ai": {"provider": upstream.provider("openai")}}))
    };
    let weighted = |name: &str, weight: u32| {
        let mut to = to_backend(name);
        to["weight"] = json!(weight);
        to
    };
    let rules = json!([{"backendRefs": [weighted("heavy", 3), weighted("light", 1)]}]);
    let gateway = Gateway::start(vec![of("heavy", &heavy), of("light", &light), route(&rules)]).await;
    for _ in 0..40 {
        gateway.post(CHAT, chat("m")).await;
    }
    let count = |upstream: &mut Upstream| std::iter::from_fn(|| upstream.seen.try_recv().ok()).count();
    let (heavy, light) = (count(&mut heavy), count(&mut light));
    assert!(
        heavy + light == 40 && (9..=11).contains(&light),
        "{heavy} and {light}"
    );
}
