//! A stand-in provider: answers like OpenAI's API where no real key is given, and for tests.
//!
//! It knows the models of the catalogs, and answers under the name of the snapshot that a model leads to, as the real
//! API does. The first segment of a path may name the provider whose part it plays: `/anthropic/v1/chat/completions`.

use std::{
    convert::Infallible,
    future::Future,
    sync::Arc,
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use hyper::{
    StatusCode,
    header::{self, HeaderValue},
};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, time};

use super::answer;
use crate::engine::{
    Provider, Snapshot,
    catalog::{Ground, judge},
};

/// Largest body that is read.
const MAX_BODY: usize = 64 * 1024 * 1024; // bytes
/// Length of an embedding.
const DIMENSIONS: usize = 8;

/// A stand-in provider.
#[derive(Debug, Clone)]
pub struct StandIn {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    /// The only key that is let in; `None` lets in everybody.
    key: Option<Arc<str>>,
    /// Before each event of a stream.
    pause: Duration,
}

/// What of a request matters here; everything else is valid.
#[derive(Debug, Deserialize)]
struct Asked {
    model: String,
    #[serde(default)]
    stream: bool,
    messages: Option<Vec<IgnoredAny>>,
    input: Option<Input>,
    stream_options: Option<StreamOptions>,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Input {
    Many(Vec<IgnoredAny>),
    One(IgnoredAny),
}

impl StandIn {
    /// A provider with the models of the newest snapshot's catalogs, which lets in `key` only, if that is given.
    #[must_use]
    pub fn new(snapshots: watch::Receiver<Arc<Snapshot>>, key: Option<&str>) -> Self {
        Self {
            snapshots,
            key: key.map(Arc::from),
            pause: Duration::ZERO,
        }
    }

    /// The same provider, which waits for `pause` before each event of a stream.
    #[must_use]
    pub fn pausing(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }

    /// What answers its requests.
    pub fn router(self) -> Router {
        Router::new().fallback(answer_request).with_state(self)
    }

    /// Serves `listener` until `end` is ready.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        end: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        axum::serve(listener, self.router())
            .with_graceful_shutdown(end)
            .await
    }

    /// The snapshot name that `model` leads to at `provider`; `None` when the catalog does not know it.
    fn snapshot_name(&self, provider: Provider, model: &str) -> Option<String> {
        let snapshot = Arc::clone(&self.snapshots.borrow());
        if snapshot.catalogs().of(provider).is_none() {
            return Some(model.to_owned()); // nobody knows which models there are
        }
        let ground = Ground {
            provider,
            region: None,
        };
        let found = judge(snapshot.catalogs(), &ground, model, snapshot.as_of()).model?;
        Some(found.resolves_to.unwrap_or(found.id).into_owned())
    }
}

async fn answer_request(State(stand_in): State<StandIn>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let given = parts
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if let Some(key) = &stand_in.key
        && given.and_then(|given| given.strip_prefix("Bearer ")) != Some(key)
    {
        return wrong_key(given.is_some());
    }
    let path = parts.uri.path();
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    let provider = first.parse().unwrap_or(Provider::OpenAi);
    if path.ends_with("/models") {
        return plain(StatusCode::OK, &json!({"object": "list", "data": []}));
    }
    let Ok(bytes) = axum::body::to_bytes(body, MAX_BODY).await else {
        return invalid("The body is too large or ended too early.", None);
    };
    let asked: Asked = match serde_json::from_slice(&bytes) {
        Ok(asked) => asked,
        Err(error) => {
            return invalid(
                &format!("We could not parse the JSON body of your request: {error}"),
                None,
            );
        }
    };
    let Some(name) = stand_in.snapshot_name(provider, &asked.model) else {
        return unknown(&asked.model);
    };
    if path.ends_with("/chat/completions") {
        chat(&asked, &name, stand_in.pause)
    } else if path.ends_with("/responses") {
        respond(&asked, &name, stand_in.pause)
    } else if path.ends_with("/embeddings") {
        embed(&asked, &name)
    } else {
        let message = format!("Invalid URL ({} {path})", parts.method);
        error(StatusCode::NOT_FOUND, &message, None, None)
    }
}

fn chat(asked: &Asked, name: &str, pause: Duration) -> Response {
    if asked.messages.as_ref().is_none_or(Vec::is_empty) {
        return invalid("Missing required parameter: 'messages'.", Some("messages"));
    }
    let text = text(&asked.model);
    let usage = usage(&text);
    if !asked.stream {
        let message = json!({"role": "assistant", "content": text, "refusal": null});
        let choice = json!({"index": 0, "message": message, "logprobs": null, "finish_reason": "stop"});
        return plain(
            StatusCode::OK,
            &json!({
                "id": "chatcmpl-standin", "object": "chat.completion", "created": now(), "model": name,
                "choices": [choice], "usage": usage, "system_fingerprint": null,
            }),
        );
    }
    let chunk = |delta: Value, end: Value| {
        json!({
            "id": "chatcmpl-standin", "object": "chat.completion.chunk", "created": now(), "model": name,
            "choices": [{"index": 0, "delta": delta, "finish_reason": end}],
        })
    };
    let mut events = vec![chunk(json!({"role": "assistant", "content": ""}), Value::Null)];
    events.extend(
        text.split_inclusive(' ')
            .map(|word| chunk(json!({"content": word}), Value::Null)),
    );
    events.push(chunk(json!({}), json!("stop")));
    if asked
        .stream_options
        .as_ref()
        .is_some_and(|options| options.include_usage)
    {
        let mut last = chunk(json!({}), Value::Null);
        last["choices"] = json!([]);
        last["usage"] = usage;
        events.push(last);
    }
    let lines = events
        .iter()
        .map(|event| format!("data: {event}\n\n"))
        .chain(["data: [DONE]\n\n".to_owned()]);
    event_stream(lines.collect(), pause)
}

fn respond(asked: &Asked, name: &str, pause: Duration) -> Response {
    if asked.input.is_none() {
        return invalid("Missing required parameter: 'input'.", Some("input"));
    }
    let text = text(&asked.model);
    let output = json!([{
        "id": "msg_standin", "type": "message", "status": "completed", "role": "assistant",
        "content": [{"type": "output_text", "text": text, "annotations": []}],
    }]);
    let response = json!({
        "id": "resp_standin", "object": "response", "created_at": now(), "status": "completed", "model": name,
        "output": output, "parallel_tool_calls": true, "tool_choice": "auto", "tools": [], "error": null,
        "incomplete_details": null, "instructions": null, "metadata": {},
    });
    if !asked.stream {
        return plain(StatusCode::OK, &response);
    }
    let event = |kind: &str, at: usize, fields: Value| {
        let mut data = json!({"type": kind, "sequence_number": at});
        if let (Some(data), Value::Object(fields)) = (data.as_object_mut(), fields) {
            data.extend(fields);
        }
        format!("event: {kind}\ndata: {data}\n\n")
    };
    let delta = json!({"item_id": "msg_standin", "output_index": 0, "content_index": 0, "delta": text, "logprobs": []});
    let events = vec![
        event("response.created", 0, json!({"response": response})),
        event("response.output_text.delta", 1, delta),
        event("response.completed", 2, json!({"response": response})),
    ];
    event_stream(events, pause)
}

fn embed(asked: &Asked, name: &str) -> Response {
    let count = match &asked.input {
        None => return invalid("Missing required parameter: 'input'.", Some("input")),
        Some(Input::Many(many)) => many.len(),
        Some(Input::One(_)) => 1,
    };
    let vector = vec![0.5; DIMENSIONS];
    let data: Vec<_> = (0..count)
        .map(|index| json!({"object": "embedding", "index": index, "embedding": vector}))
        .collect();
    let usage = json!({"prompt_tokens": count, "total_tokens": count});
    plain(
        StatusCode::OK,
        &json!({"object": "list", "data": data, "model": name, "usage": usage}),
    )
}

/// What it always says.
fn text(model: &str) -> String {
    format!("Hello from the stand-in provider. I was asked for {model}.")
}

fn usage(text: &str) -> Value {
    let words = text.split(' ').count();
    json!({"prompt_tokens": 1, "completion_tokens": words, "total_tokens": words + 1})
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

fn plain(status: StatusCode, body: &Value) -> Response {
    answer::json(status, body).map(Body::from)
}

fn event_stream(events: Vec<String>, pause: Duration) -> Response {
    let events = stream::iter(events).then(move |event| async move {
        if !pause.is_zero() {
            time::sleep(pause).await;
        }
        Ok::<_, Infallible>(Bytes::from(event))
    });
    let mut response = Response::new(Body::from_stream(events));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    response
}

fn error(status: StatusCode, message: &str, param: Option<&str>, code: Option<&str>) -> Response {
    answer::error(status, "invalid_request_error", message, param, code).map(Body::from)
}

fn invalid(message: &str, param: Option<&str>) -> Response {
    error(StatusCode::BAD_REQUEST, message, param, None)
}

fn unknown(model: &str) -> Response {
    let message = format!("The model `{model}` does not exist or you do not have access to it.");
    error(StatusCode::NOT_FOUND, &message, None, Some("model_not_found"))
}

fn wrong_key(given: bool) -> Response {
    if given {
        error(
            StatusCode::UNAUTHORIZED,
            "Incorrect API key provided.",
            None,
            Some("invalid_api_key"),
        )
    } else {
        let message = "You didn't provide an API key. Send it in an Authorization header as a Bearer token.";
        error(StatusCode::UNAUTHORIZED, message, None, None)
    }
}
