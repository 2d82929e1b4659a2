//! The stand-in provider.

use std::sync::Arc;

use aliasgate::{engine::Snapshot, proxy::standin::StandIn, sources::builtin};
use bytes::Bytes;
use http_body_util::Full;
use hyper_util::{client::legacy, rt::TokioExecutor};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{CHAT, chat, listener, soon, whole};
use crate::fixtures::TODAY;

/// The answer of `address` to `body` with this key.
pub(super) async fn ask(
    address: &str,
    path: &str,
    key: Option<&str>,
    body: &str,
) -> hyper::Response<hyper::body::Incoming> {
    let client = legacy::Client::builder(TokioExecutor::new()).build_http();
    let mut request = hyper::Request::post(format!("http://{address}{path}"));
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    let request = request
        .body(Full::new(Bytes::from(body.to_owned())))
        .expect("a request");
    soon(client.request(request)).await.expect("an answer")
}

/// The model that an answer names.
pub(super) async fn model(response: hyper::Response<hyper::body::Incoming>) -> Value {
    let (status, body) = whole(response).await;
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(status, 200, "{body}");
    body["model"].clone()
}

/// The address of a stand-in provider with the built-in catalogs.
async fn start(key: Option<&str>) -> String {
    let snapshot = Snapshot::build(Arc::new(builtin::catalogs()), [], TODAY);
    let (sender, receiver) = watch::channel(Arc::new(snapshot));
    let listener = listener().await;
    let address = listener.local_addr().expect("bound").to_string();
    let stand_in = StandIn::new(receiver, key);
    tokio::spawn(async move {
        let _kept = sender;
        stand_in.serve(listener, std::future::pending()).await
    });
    address
}

#[tokio::test]
async fn models_answer_under_the_name_of_their_snapshot() {
    let address = start(None).await;
    for (asked, answered) in [
        ("gpt-3.5-turbo", "gpt-3.5-turbo-0125"),
        ("gpt-4-turbo", "gpt-4-turbo-2024-04-09"),
        ("gpt-4-turbo-2024-04-09", "gpt-4-turbo-2024-04-09"),
    ] {
        assert_eq!(
            model(ask(&address, CHAT, None, &chat(asked)).await).await,
            answered
        );
    }
    let input = r#"{"model":"text-embedding-3-small","input":["a","b"]}"#;
    assert_eq!(
        model(ask(&address, "/v1/embeddings", None, input).await).await,
        "text-embedding-3-small"
    );
    let input = r#"{"model":"gpt-4-turbo","input":"a"}"#;
    assert_eq!(
        model(ask(&address, "/v1/responses", None, input).await).await,
        "gpt-4-turbo-2024-04-09"
    );
    let odd = r#"{"model":"gpt-4-turbo","messages":[{"x":"\ud800"}],"n":1e400}"#;
    assert_eq!(
        model(ask(&address, CHAT, None, odd).await).await,
        "gpt-4-turbo-2024-04-09"
    );
}

#[tokio::test]
async fn events_end_with_done() {
    let address = start(None).await;
    let body = json!({"model": "gpt-4-turbo", "stream": true, "messages": [{}], "stream_options": {"include_usage": true}});
    let (_, body) = whole(ask(&address, CHAT, None, &body.to_string()).await).await;
    let text = String::from_utf8(body.to_vec()).expect("text");
    let events: Vec<_> = text
        .split_terminator("\n\n")
        .map(|event| event.strip_prefix("data: ").expect("data"))
        .collect();
    let (last, events) = events.split_last().expect("events");
    assert_eq!(*last, "[DONE]");
    let events: Vec<Value> = events
        .iter()
        .map(|event| serde_json::from_str(event).expect("JSON"))
        .collect();
    assert!(
        events
            .iter()
            .all(|event| event["model"] == "gpt-4-turbo-2024-04-09")
    );
    assert!(
        events
            .last()
            .is_some_and(|event| event["usage"]["total_tokens"].is_u64())
    );
}

#[tokio::test]
async fn unknown_models_and_wrong_keys_get_the_errors_of_the_real_one() {
    let address = start(Some("sk-right")).await;
    let code = async |key, body: &str| {
        let response = ask(&address, CHAT, key, body).await;
        let (status, body) = whole(response).await;
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        (status.as_u16(), body["error"]["code"].clone())
    };
    assert_eq!(
        code(Some("sk-right"), &chat("gpt-44-turbo")).await,
        (404, json!("model_not_found"))
    );
    assert_eq!(
        code(Some("sk-wrong"), &chat("gpt-4-turbo")).await,
        (401, json!("invalid_api_key"))
    );
    assert_eq!(code(None, &chat("gpt-4-turbo")).await, (401, Value::Null));
    assert_eq!(code(Some("sk-right"), "{").await, (400, Value::Null));
    assert_eq!(
        code(Some("sk-right"), &chat("gpt-4-turbo")).await,
        (200, Value::Null)
    );
    let other = ask(&address, "/v1/else", Some("sk-right"), &chat("gpt-4-turbo")).await;
    assert_eq!(other.status(), 404);
}
