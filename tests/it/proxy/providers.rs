//! What each provider wants: paths, credentials, TLS.

use std::sync::Arc;

use hyper::StatusCode;
use rcgen::CertifiedKey;
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use serde_json::{Value, json};
use tokio_rustls::TlsAcceptor;

use super::{CHAT, Gateway, Seen, Settings, Upstream, chat, listener};
use crate::fixtures::backend;

/// What the provider sees of a request to `path` with `headers`, with these fields of the provider and these policies.
async fn seen(provider: Value, policies: Value, path: &str, headers: &[(&str, &str)]) -> Seen {
    let mut upstream = Upstream::ok().await;
    let mut own = provider;
    own["host"] = json!("127.0.0.1");
    own["port"] = json!(upstream.address.port());
    let gateway = Gateway::start(vec![backend(
        "b",
        &json!({"ai": {"provider": own}, "policies": policies}),
    )])
    .await;
    let mut request = gateway.request(path, chat("fast"));
    for (name, value) in headers {
        request.headers_mut().insert(
            hyper::header::HeaderName::try_from(*name).expect("a name"),
            value.parse().expect("a value"),
        );
    }
    let response = gateway.send(request).await;
    assert_eq!(response.status(), StatusCode::OK);
    upstream.next().await
}

#[tokio::test]
async fn credentials_go_where_the_provider_wants_them() {
    let messages = json!({"routes": {"/messages": "Messages", "*": "Completions"}});
    let key = |key: &str| json!({"auth": {"key": key}, "ai": messages});
    let (anthropic, gemini) = (json!({"anthropic": {}}), json!({"gemini": {}}));
    let native = seen(
        anthropic.clone(),
        key("sk-ant-1"),
        "/v1/messages",
        &[("authorization", "Bearer x")],
    )
    .await;
    assert_eq!(
        (native.header("x-api-key"), native.header("authorization")),
        (Some("sk-ant-1"), None)
    );
    assert_eq!(native.header("anthropic-version"), Some("2023-06-01"));
    let token = seen(
        anthropic.clone(),
        key("sk-ant-oat1"),
        "/v1/messages",
        &[("x-api-key", "x")],
    )
    .await;
    assert_eq!(
        (token.header("x-api-key"), token.header("authorization")),
        (None, Some("Bearer sk-ant-oat1"))
    );
    let compatible = seen(anthropic, key("sk-ant-1"), CHAT, &[]).await;
    assert_eq!(
        (compatible.header("x-api-key"), compatible.header("authorization")),
        (None, Some("Bearer sk-ant-1"))
    );
    let shim = seen(gemini, key("AIza1"), CHAT, &[("x-goog-api-key", "x")]).await;
    assert_eq!(
        (shim.header("x-goog-api-key"), shim.header("authorization")),
        (None, Some("Bearer AIza1"))
    );
    let placed = json!({"auth": {"key": "k", "location": {"header": {"name": "api-key"}}}});
    let placed = seen(json!({"openai": {}}), placed, CHAT, &[]).await;
    assert_eq!(
        (placed.header("api-key"), placed.header("authorization")),
        (Some("k"), None)
    );
}

#[tokio::test]
async fn clients_keep_their_credential_only_where_it_passes_through() {
    let mine = [("authorization", "Bearer mine")];
    let openai = json!({"openai": {}});
    assert_eq!(
        seen(openai.clone(), json!({}), CHAT, &mine)
            .await
            .header("authorization"),
        None
    );
    let passing = json!({"auth": {"passthrough": {}}});
    assert_eq!(
        seen(openai, passing, CHAT, &mine).await.header("authorization"),
        Some("Bearer mine")
    );
    let passing = json!({"auth": {"passthrough": {}}, "ai": {"routes": {"*": "Messages"}}});
    let moved = seen(json!({"anthropic": {}}), passing, "/v1/messages", &mine).await;
    assert_eq!(
        (moved.header("x-api-key"), moved.header("authorization")),
        (Some("mine"), None)
    );
}

#[tokio::test]
async fn paths_follow_the_provider_and_its_overrides() {
    let openai = |field: &str, value: &str| json!({"openai": {}, field: value});
    let custom = json!({"custom": {"formats": [{"type": "Completions", "path": "/api/chat"}]}});
    let usual = json!({"custom": {"formats": [{"type": "Completions"}]}, "pathPrefix": "/llm/"});
    let table = [
        (json!({"openai": {}}), "/mine?a=1", "/mine?a=1"),
        (openai("path", "/fixed"), "/mine?a=1", "/fixed"),
        (
            openai("pathPrefix", "/api/v2"),
            "/mine?a=1",
            "/api/v2/chat/completions?a=1",
        ),
        (custom, "/mine?a=1", "/api/chat?a=1"),
        (usual, "/mine", "/llm/chat/completions"),
        (
            json!({"gemini": {}, "pathPrefix": "/g"}),
            "/mine",
            "/g/v1beta/openai/chat/completions",
        ),
    ];
    for (provider, path, at) in table {
        let seen = seen(provider.clone(), json!({}), path, &[]).await;
        assert_eq!(
            seen.uri.path_and_query().map(|p| p.as_str()),
            Some(at),
            "{provider}"
        );
    }
}

#[tokio::test]
async fn gemini_carries_the_model_in_the_path() {
    let ai = json!({"modelAliases": {"fast": "gemini-2.5-flash"}, "routes": {":streamGenerateContent": "GenerateContent"}});
    let path = "/v1beta/models/f%61st:streamGenerateContent?alt=sse";
    for (field, prefix) in [
        (json!({"gemini": {}}), ""),
        (json!({"gemini": {}, "pathPrefix": "/g"}), "/g"),
    ] {
        let seen = seen(field, json!({"ai": ai}), path, &[]).await;
        let wanted = format!("{prefix}/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
        assert_eq!(seen.uri, wanted.as_str());
        assert_eq!(seen.body, chat("fast"), "the body is not read");
    }
}

#[tokio::test]
async fn what_cannot_be_served_says_so() {
    let refusal = async |provider: Value, policies: Value, path: &str| {
        let spec = json!({"ai": {"provider": provider}, "policies": policies});
        let gateway = Gateway::start(vec![backend("b", &spec)]).await;
        gateway.refusal(path, chat("m")).await
    };
    let key = json!({"auth": {"key": "k"}});
    let messages = json!({"auth": {"key": "k"}, "ai": {"routes": {"*": "Messages"}}});
    #[rustfmt::skip]
    let table = [
        (json!({"bedrock": {}}), json!({}), "AWS credentials with SigV4 are not supported"),
        (json!({"vertexai": {"projectId": "p"}}), json!({}), "Google's default credentials are not supported"),
        (json!({"azure": {"resourceName": "r", "resourceType": "OpenAI"}}), json!({}), "Azure's managed identities are not supported"),
        (json!({"bedrock": {}}), json!({"auth": {"aws": {}}}), "policies.auth.aws is not supported"),
        (json!({"bedrock": {"guardrail": {"identifier": "g", "version": "1"}}}), key.clone(), "guardrail is not supported by this proxy, and requests must not pass without it"),
        (json!({"openai": {}}), json!({"ai": {"promptGuard": {"request": []}}}), "policies.ai.promptGuard is not supported"),
        (json!({"openai": {}}), messages, "openai has no endpoint that takes Messages requests as they are"),
        (json!({"openai": {}, "host": "h", "port": 1}), json!({"tls": {"insecureSkipVerify": "All"}}), "policies.tls with insecureSkipVerify is not supported"),
    ];
    for (provider, policies, wanted) in table {
        let (status, code, message) = refusal(provider, policies, CHAT).await;
        assert_eq!((status, code.as_str()), (501, "not_supported"), "{message}");
        assert!(message.starts_with(wanted), "{message}");
    }
}

#[tokio::test]
async fn tls_trusts_the_extra_roots_and_nobody_unknown() {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("a pair");
    let (listener, acceptor) = (listener().await, TlsAcceptor::from(Arc::new(config)));
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else {
                continue;
            };
            let ok = hyper::service::service_fn(|_| async {
                Ok::<_, std::convert::Infallible>(hyper::Response::new("{}".to_owned()))
            });
            let io = hyper_util::rt::TokioIo::new(stream);
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(io, ok));
        }
    });
    let spec = json!({
        "ai": {"provider": {"openai": {}, "host": "localhost", "port": port}}, "policies": {"tls": {}},
    });
    let trusting = Settings {
        extra_roots: cert.pem().into_bytes(),
        ..Settings::default()
    };
    let gateway = Gateway::with(vec![backend("b", &spec)], &trusting).await;
    assert_eq!(gateway.post(CHAT, chat("m")).await, (StatusCode::OK, "{}".into()));
    let gateway = Gateway::start(vec![backend("b", &spec)]).await;
    let (status, _, message) = gateway.refusal(CHAT, chat("m")).await;
    assert_eq!(status, 502);
    assert!(message.contains("UnknownIssuer"), "{message}");
}
