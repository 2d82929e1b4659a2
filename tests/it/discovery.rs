//! Live discovery against local servers that answer as providers do, and as they should not.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use aliasgate::{
    engine::{Provider, catalog::State},
    sources::{
        discovery::{Ask, Client, Error, Key, Limits, discover},
        import::{Claim, Reading},
    },
};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::fixtures::TODAY;

/// Short times, so that tests of slowness are not slow.
fn limits() -> Limits {
    Limits {
        pages: 5,
        page: 64 * 1024,
        models: 1_000,
        connect: Duration::from_secs(5),
        read: Duration::from_millis(500),
        overall: Duration::from_secs(20),
        attempts: 3,
        pause: Duration::from_millis(1),
        max_pause: Duration::from_secs(1),
    }
}

/// A server on loopback that answers every request with `answer`.
async fn server<F>(answer: F) -> String
where
    F: Fn(Request) -> Response + Clone + Send + Sync + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let app = Router::new().fallback(move |request: Request| {
        let answer = answer.clone();
        async move { answer(request) }
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}")
}

fn query<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let pairs = request.uri().query()?.split('&');
    pairs
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

fn json(value: &Value) -> Response {
    ([("content-type", "application/json")], value.to_string()).into_response()
}

async fn ask(provider: Provider, base: String) -> Result<Reading, Error> {
    ask_with(provider, base, &limits()).await
}

async fn ask_with(provider: Provider, base: String, limits: &Limits) -> Result<Reading, Error> {
    let client = Client::new(None, limits).expect("public authorities");
    let ask = Ask {
        provider,
        base: Some(base),
        key: Key::new(" secret-key\n"),
    };
    discover(&client, &ask, limits, TODAY).await
}

fn ids(reading: &Reading) -> Vec<&str> {
    reading.claims.iter().map(|claim| claim.id.as_str()).collect()
}

fn claim<'a>(reading: &'a Reading, id: &str) -> &'a Claim {
    reading
        .claims
        .iter()
        .find(|claim| claim.id == id)
        .expect("a claim")
}

async fn fails(answer: impl Fn(Request) -> Response + Clone + Send + Sync + 'static) -> String {
    let error = ask(Provider::OpenAi, server(answer).await)
        .await
        .expect_err("no list");
    let text = error.to_string();
    assert!(!text.contains("secret"), "{text}");
    text
}

#[tokio::test]
async fn openai_lists_models_and_fine_tunes_are_left_out() {
    let base = server(|request| {
        assert_eq!(request.uri().path(), "/v1/models");
        assert_eq!(request.headers()["authorization"], "Bearer secret-key");
        json(&json!({"object": "list", "data": [
            {"id": "gpt-4o", "object": "model", "created": 1_715_367_049, "owned_by": "system"},
            {"id": "gpt-4-turbo", "object": "model", "created": 1, "owned_by": "system", "shutdown_date": "2026-10-23"},
            {"id": "ft:gpt-4o-mini-2024-07-18:acme::9ABel2dg", "object": "model", "created": 1, "owned_by": "acme"},
        ]}))
    })
    .await;
    let reading = ask(Provider::OpenAi, base).await.expect("a list");
    assert_eq!(ids(&reading), ["gpt-4o", "gpt-4-turbo"]);
    assert_eq!(reading.dropped[0].1, "a fine-tuned model of the account");
    assert_eq!(
        claim(&reading, "gpt-4-turbo").facts.retires,
        "2026-10-23".parse().ok()
    );
}

#[tokio::test]
async fn anthropic_is_read_until_it_has_no_more() {
    let base = server(|request| {
        assert_eq!(request.headers()["x-api-key"], "secret-key");
        assert_eq!(request.headers()["anthropic-version"], "2023-06-01");
        assert_eq!(query(&request, "lifecycle"), Some("active,deprecated,retired"));
        match query(&request, "after_id") {
            None => json(&json!({"has_more": true, "first_id": "claude-fable-5", "last_id": "claude-fable-5", "data": [
                {"type": "model", "id": "claude-fable-5", "display_name": "F", "created_at": "2026-01-01T00:00:00Z",
                 "lifecycle": "active", "max_input_tokens": 200_000, "max_tokens": 64_000,
                 "capabilities": {"image_input": {"supported": true}, "thinking": {"supported": false}}},
            ]})),
            Some("claude-fable-5") => json(&json!({"has_more": false, "last_id": "claude-2.1", "data": [
                {"type": "model", "id": "claude-2.1", "lifecycle": "retired", "retires_at": "2025-07-21T00:00:00Z"},
            ]})),
            Some(_) => StatusCode::BAD_REQUEST.into_response(),
        }
    })
    .await;
    let reading = ask(Provider::Anthropic, base).await.expect("two pages");
    assert_eq!(ids(&reading), ["claude-fable-5", "claude-2.1"]);
    let old = &claim(&reading, "claude-2.1").facts;
    assert_eq!(
        (old.state, old.retires),
        (Some(State::Retired), "2025-07-21".parse().ok())
    );
    let new = &claim(&reading, "claude-fable-5").facts;
    assert_eq!((new.input, new.output), (Some(200_000), Some(64_000)));
    assert_eq!(new.capabilities.iter().collect::<Vec<_>>(), ["vision"]);
}

#[tokio::test]
async fn gemini_is_read_by_page_tokens() {
    let base = server(|request| {
        assert_eq!(request.headers()["x-goog-api-key"], "secret-key");
        match query(&request, "pageToken") {
            None => json(&json!({"nextPageToken": "a b/+=", "models": [
                {"name": "models/gemini-2.5-pro", "inputTokenLimit": 1_048_576, "outputTokenLimit": 65_536,
                 "supportedGenerationMethods": ["generateContent", "countTokens"], "thinking": true},
            ]})),
            Some("a%20b%2F%2B%3D") => json(&json!({"models": [
                {"name": "models/gemini-embedding-001", "supportedGenerationMethods": ["embedContent"]},
            ]})),
            Some(_) => StatusCode::BAD_REQUEST.into_response(),
        }
    })
    .await;
    let reading = ask(Provider::Gemini, base).await.expect("two pages");
    assert_eq!(ids(&reading), ["gemini-2.5-pro", "gemini-embedding-001"]);
    assert_eq!(
        claim(&reading, "gemini-embedding-001")
            .facts
            .modes
            .first()
            .map(String::as_str),
        Some("embedding")
    );
}

#[tokio::test]
async fn bedrock_has_models_and_profiles() {
    let base = server(|request| match (request.uri().path(), query(&request, "nextToken")) {
        ("/foundation-models", None) => json(&json!({"modelSummaries": [
            {"modelId": "amazon.titan-text-express-v1", "outputModalities": ["TEXT"], "inputModalities": ["TEXT"],
             "modelLifecycle": {"status": "LEGACY", "endOfLifeTime": "2027-01-31T00:00:00Z"}},
        ]})),
        ("/inference-profiles", None) => json(&json!({"nextToken": "t", "inferenceProfileSummaries": [
            {"inferenceProfileId": "eu.amazon.nova-pro-v1:0", "status": "ACTIVE", "type": "SYSTEM_DEFINED"},
        ]})),
        ("/inference-profiles", Some("t")) => json(&json!({"inferenceProfileSummaries": [
            {"inferenceProfileId": "us.amazon.nova-pro-v1:0", "status": "ACTIVE", "type": "SYSTEM_DEFINED"},
            {"inferenceProfileId": "a1b2c3d4e5f6", "status": "ACTIVE", "type": "APPLICATION"},
        ]})),
        _ => StatusCode::NOT_FOUND.into_response(),
    })
    .await;
    let reading = ask(Provider::Bedrock, base).await.expect("two lists");
    let all = [
        "amazon.titan-text-express-v1",
        "eu.amazon.nova-pro-v1:0",
        "us.amazon.nova-pro-v1:0",
    ];
    assert_eq!(ids(&reading), all);
    let titan = &claim(&reading, all[0]).facts;
    assert_eq!(
        (titan.state, titan.retires),
        (Some(State::Deprecated), "2027-01-31".parse().ok())
    );
}

#[tokio::test]
async fn openrouter_is_read_by_offset_and_cohere_by_token() {
    let base = server(|request| match query(&request, "offset") {
        None => json(&json!({"totalCount": 3, "data": [{"id": "openai/gpt-4o"}, {"id": "x-ai/grok-4"}]})),
        Some("2") => json(&json!({"totalCount": 3, "data": [
            {"id": "~anthropic/claude-sonnet-latest", "expiration_date": "2027-02-01",
             "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]}},
        ]})),
        Some(_) => StatusCode::BAD_REQUEST.into_response(),
    })
    .await;
    let reading = ask(Provider::OpenRouter, base).await.expect("two pages");
    assert_eq!(
        ids(&reading),
        ["openai/gpt-4o", "x-ai/grok-4", "~anthropic/claude-sonnet-latest"]
    );

    let base = server(|request| match query(&request, "page_token") {
        None => json(&json!({"next_page_token": "n", "models": [
            {"name": "command-r", "endpoints": ["generate", "chat"], "finetuned": false, "is_deprecated": true},
        ]})),
        Some(_) => json(&json!({"next_page_token": "", "models": [
            {"name": "rerank-v3.5", "endpoints": ["rerank"], "context_length": 4096.0},
            {"name": "0f0f-ft", "endpoints": ["chat"], "finetuned": true},
        ]})),
    })
    .await;
    let reading = ask(Provider::Cohere, base).await.expect("two pages");
    assert_eq!(ids(&reading), ["command-r", "rerank-v3.5"]);
    assert_eq!(claim(&reading, "command-r").facts.state, Some(State::Deprecated));
    assert_eq!(
        claim(&reading, "rerank-v3.5")
            .facts
            .modes
            .first()
            .map(String::as_str),
        Some("rerank")
    );
}

#[tokio::test]
async fn lists_of_one_page_are_read() {
    let page = |provider, path: &'static str, page: Value| async move {
        let base = server(move |request| match request.uri().path() == path {
            true => json(&page),
            false => json(&json!({"data": []})),
        })
        .await;
        let reading = ask(provider, base).await.expect("a list");
        ids(&reading).join(" ")
    };
    let azure = json!({"data": [{"id": "gpt-4o-2024-08-06", "status": "succeeded", "lifecycle_status": "deprecating",
        "capabilities": {"chat_completion": true}, "deprecation": {"inference": 1_798_761_600}}]});
    assert_eq!(
        page(Provider::Azure, "/openai/models", azure).await,
        "gpt-4o-2024-08-06"
    );
    let mistral = json!({"data": [{"id": "mistral-large-2411", "aliases": ["mistral-large-latest"],
        "capabilities": {"completion_chat": true}, "deprecation": "2027-03-01T00:00:00Z",
        "deprecation_replacement_model": "mistral-large-2512"}]});
    assert_eq!(
        page(Provider::Mistral, "/v1/models", mistral).await,
        "mistral-large-2411 mistral-large-latest"
    );
    let groq =
        json!({"data": [{"id": "llama-3.3-70b-versatile", "active": true, "context_window": 131_072}]});
    assert_eq!(
        page(Provider::Groq, "/openai/v1/models", groq).await,
        "llama-3.3-70b-versatile"
    );
    let xai =
        json!({"models": [{"id": "grok-4-0709", "aliases": ["grok-4"], "output_modalities": ["text"]}]});
    assert_eq!(
        page(Provider::Xai, "/v1/language-models", xai).await,
        "grok-4 grok-4-0709"
    );
    let deepseek = json!({"object": "list", "data": [{"id": "deepseek-chat", "owned_by": "deepseek"}]});
    assert_eq!(
        page(Provider::DeepSeek, "/v1/models", deepseek).await,
        "deepseek-chat"
    );
    let together = json!([{"id": "meta-llama/Llama-3-8b-chat-hf", "type": "chat", "context_length": 8192}]);
    assert_eq!(
        page(Provider::TogetherAi, "/v1/models", together).await,
        "meta-llama/Llama-3-8b-chat-hf"
    );
    let ollama = json!({"models": [{"name": "llama3.2:latest", "model": "llama3.2:latest", "size": 1}]});
    assert_eq!(page(Provider::Ollama, "/api/tags", ollama).await, "llama3.2");
    let vertex = json!({"publisherModels": [{"name": "publishers/google/models/gemini-2.5-pro", "versionId": "default"}]});
    let base = server(move |request| {
        let google = request.uri().path() == "/v1beta1/publishers/google/models";
        json(&if google {
            vertex.clone()
        } else {
            json!({"publisherModels": []})
        })
    })
    .await;
    assert_eq!(
        ids(&ask(Provider::VertexAi, base).await.expect("lists")),
        ["gemini-2.5-pro"]
    );
}

#[tokio::test]
async fn a_refusal_is_told_by_its_status_and_not_tried_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let text = fails(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        (StatusCode::UNAUTHORIZED, "{\"error\": \"bad key secret-key\"}").into_response()
    })
    .await;
    assert!(
        text.ends_with("it answered 401; is the key there, and may it list models?"),
        "{text}"
    );
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let text = fails(|_| StatusCode::NOT_FOUND.into_response()).await;
    assert!(
        text.ends_with("it answered 404; is the base URL right?"),
        "{text}"
    );
    let text =
        fails(|_| (StatusCode::FOUND, [("location", "http://elsewhere.example/")]).into_response()).await;
    assert!(text.contains("redirects are not followed"), "{text}");
}

#[tokio::test]
async fn a_busy_server_is_asked_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let base = server(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "0")]).into_response(),
        1 => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        _ => json(&json!({"data": [{"id": "gpt-4o"}]})),
    })
    .await;
    assert_eq!(
        ids(&ask(Provider::OpenAi, base).await.expect("the third answer")),
        ["gpt-4o"]
    );

    let text = fails(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()).await;
    assert!(text.ends_with("it answered 500"), "{text}");
    let text = fails(|_| (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "3600")]).into_response()).await;
    assert!(
        text.ends_with("it asks to wait 3600 s, and 1 s is the most"),
        "{text}"
    );
}

#[tokio::test]
async fn a_silent_server_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("bound"));
    let limits = Limits {
        overall: Duration::from_millis(300),
        ..limits()
    };
    let error = ask_with(Provider::OpenAi, base, &limits)
        .await
        .expect_err("silence");
    assert!(matches!(error, Error::Late { .. }), "{error}");

    let base = server(|_| {
        let head = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"{\"data\": ["))]);
        let rest = futures_util::StreamExt::chain(head, stream::pending());
        Body::from_stream(rest).into_response()
    })
    .await;
    let limits = Limits {
        read: Duration::from_millis(50),
        attempts: 2,
        ..limits
    };
    let error = ask_with(Provider::OpenAi, base, &limits)
        .await
        .expect_err("a body without an end");
    assert!(
        matches!(error, Error::Reach { .. } | Error::Late { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn nonsense_is_refused() {
    let text = fails(|_| "<html><body>Welcome, secret</body></html>".into_response()).await;
    assert!(text.ends_with("the answer is no JSON (line 1)"), "{text}");
    let text = fails(|_| "{\"data\": [{\"id\": \"gpt-4o\"}".into_response()).await;
    assert!(text.ends_with("the answer is no JSON (line 1)"), "{text}");
    let text = fails(|_| json(&json!({"data": {"id": "gpt-4o"}}))).await;
    assert!(
        text.ends_with("/data: an object, where a list is expected"),
        "{text}"
    );
    let text = fails(|_| json(&json!({"data": [{"id": "gpt-4o"}, {"id": 4}]}))).await;
    assert!(
        text.ends_with("/data/1/id: \"id\" is a number, where a string is expected"),
        "{text}"
    );
    let text = fails(|_| json(&json!({"data": [{"name": "gpt-4o"}]}))).await;
    assert!(text.ends_with("/data/0: \"id\" is missing"), "{text}");
    let text = fails(|_| json(&json!({"error": "none"}))).await;
    assert!(text.ends_with("\"data\" is missing"), "{text}");
    let text = fails(|_| json(&json!({"data": []}))).await;
    assert_eq!(text, "cannot use the list of openai: it has no model");
    let text = fails(|_| "[".repeat(10_000).into_response()).await;
    assert!(text.ends_with("the answer is no JSON (line 1)"), "{text}");
}

#[tokio::test]
async fn endless_and_huge_answers_are_cut_off() {
    let text = fails(|_| {
        let chunk = || Some((Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 8192])), ()));
        Body::from_stream(stream::unfold((), move |()| async move { chunk() })).into_response()
    })
    .await;
    assert!(text.ends_with("more than 65536 bytes in a page"), "{text}");
    let many: Vec<_> = (0..1_001).map(|at| json!({"id": format!("gpt-{at}")})).collect();
    let text = fails(move |_| json(&json!({"data": many}))).await;
    assert!(text.ends_with("more than 1000 models"), "{text}");

    let pages = Arc::new(AtomicUsize::new(0));
    let endless = move |_: Request| {
        let page = pages.fetch_add(1, Ordering::SeqCst);
        json(
            &json!({"nextPageToken": format!("{page}"), "models": [{"name": format!("models/gemini-{page}")}]}),
        )
    };
    let error = ask(Provider::Gemini, server(endless).await)
        .await
        .expect_err("no end");
    assert!(error.to_string().ends_with("more than 5 pages"), "{error}");
    let circle =
        |_: Request| json(&json!({"nextPageToken": "again", "models": [{"name": "models/gemini-x"}]}));
    let error = ask(Provider::Gemini, server(circle).await)
        .await
        .expect_err("a circle");
    assert!(
        error.to_string().ends_with("the pages lead in a circle"),
        "{error}"
    );
    let lost = |_: Request| json(&json!({"has_more": true, "data": [{"id": "claude-x"}]}));
    let error = ask(Provider::Anthropic, server(lost).await)
        .await
        .expect_err("no way on");
    assert!(
        error.to_string().ends_with("\"has_more\" without \"last_id\""),
        "{error}"
    );
}

#[tokio::test]
async fn keys_go_over_https_only_and_bases_are_checked() {
    for (base, why) in [
        (
            "http://models.example",
            "begins with http, and a key is sent over https only",
        ),
        ("ftp://models.example", "begins with neither https:// nor http://"),
        ("https://user:secret@models.example", "holds a user or a password"),
        ("models.example/v1", "is none"),
        ("/v1", "names no host"),
        ("https://models.example/v1?key=secret", "has a query"),
    ] {
        let error = ask(Provider::OpenAi, base.to_owned())
            .await
            .expect_err(base)
            .to_string();
        assert!(error.contains(why), "{base}: {error}");
        assert!(!error.contains("secret"), "{error}");
    }
    let client = Client::new(None, &limits()).expect("public authorities");
    let ask = |provider| Ask {
        provider,
        base: None,
        key: None,
    };
    let error = discover(&client, &ask(Provider::OpenAi), &limits(), TODAY)
        .await
        .expect_err("no key");
    assert_eq!(error.to_string(), "cannot ask openai: it needs a key");
    assert_eq!(format!("{:?}", Key::new("secret")), "Some(Key(hidden))");
}
