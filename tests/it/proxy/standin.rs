//! The stand-in provider, by itself and under `aliasgate local`.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    sync::Arc,
};

use aliasgate::{engine::Snapshot, proxy::standin::StandIn, sources::builtin};
use bytes::Bytes;
use http_body_util::Full;
use hyper_util::{client::legacy, rt::TokioExecutor};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{CHAT, chat, error, listener, soon, whole};
use crate::fixtures::TODAY;

/// The answer of `address` to `body` with this key.
async fn ask(
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

async fn model(response: hyper::Response<hyper::body::Incoming>) -> Value {
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

#[tokio::test]
async fn local_serves_the_seed_example() {
    let certificates = tempfile::tempdir().expect("a folder");
    let mut local = Command::new(env!("CARGO_BIN_EXE_aliasgate"))
        .args([
            "local",
            "examples/seed",
            "--port=0",
            "--status-port=0",
            "--webhook-port=0",
            "--cert-dir",
        ])
        .arg(certificates.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(local.stdout.take().expect("piped"))
        .lines()
        .map_while(Result::ok);
    let mut line = |start: &str| {
        let line = lines.find(|line| line.trim_start().starts_with(start));
        line.unwrap_or_else(|| panic!("a line with {start}"))
    };
    let address = line("proxy")
        .rsplit('/')
        .next()
        .expect("a URL")
        .replace("localhost", "127.0.0.1");
    // The commands that it prints work as they stand.
    for (path, snapshot) in [
        (CHAT, "gpt-3.5-turbo-0125"),
        ("/openai", "gpt-4-turbo-2024-04-09"),
    ] {
        let command = line("curl localhost");
        assert!(command.contains(path), "{command}");
        let body = command.split('\'').nth(3).expect("a body").to_owned();
        assert_eq!(model(ask(&address, path, None, &body).await).await, snapshot);
    }
    assert!(line("curl -k https://localhost:").contains("gpt-4-turbbo"));
    let missing = ask(&address, "/elsewhere", None, &chat("fast")).await;
    assert_eq!(error(missing).await.1, "route_not_found");
    local.kill().expect("it ran until now");
    local.wait().expect("it ends");
}
