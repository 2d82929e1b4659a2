//! `aliasgate stand-in` as a process.
#![expect(clippy::unwrap_used, reason = "a failed helper fails its test")]

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use http_body_util::{BodyExt as _, Full};
use hyper::{Request, StatusCode, body::Bytes};
use hyper_util::{client::legacy, rt::TokioExecutor};

use crate::tls::{client, fetch};

/// The environment variable with its key in these tests.
const KEY: &str = "STAND_IN_KEY";
/// The pause between the events of a stream.
const PAUSE: Duration = Duration::from_millis(50);
/// A stream of a few events.
const STREAM: &str = r#"{"model":"gpt-4-turbo","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aliasgate"));
    command.args(["stand-in", "--listen", "127.0.0.1:0"]).args(args);
    command.env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

/// A running stand-in, ended with the test.
struct StandIn {
    child: Child,
    url: String,
}

impl StandIn {
    fn start(args: &[&str]) -> Self {
        let mut child = command(args)
            .env(KEY, "sk-right")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line.trim().strip_prefix("listening on ").expect(&line).to_owned();
        Self { child, url }
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[tokio::test]
async fn speaks_https_and_lets_in_one_key_only() {
    let dir = tempfile::tempdir().unwrap();
    let certs = dir.path().to_str().unwrap();
    let stand_in = StandIn::start(&["--cert-dir", certs, "--key-env", KEY]);
    let address = stand_in.url.strip_prefix("https://").unwrap().parse().unwrap();
    let config = client(&dir.path().join("ca.crt"));
    for (key, status) in [
        ("sk-right", StatusCode::OK),
        ("sk-wrong", StatusCode::UNAUTHORIZED),
    ] {
        let request = Request::get("/v1/models")
            .header("host", "localhost")
            .header("authorization", format!("Bearer {key}"))
            .body(String::new())
            .unwrap();
        assert_eq!(fetch(address, &config, request).await.unwrap().0, status, "{key}");
    }
}

#[tokio::test]
async fn a_slow_stream_goes_on_to_its_end_after_the_order_to_stop() {
    let pause = PAUSE.as_millis().to_string();
    let mut stand_in = StandIn::start(&["--chunk-delay", &pause]);
    let client = legacy::Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let start = Instant::now();
    let request = Request::post(format!("{}/v1/chat/completions", stand_in.url)).body(STREAM.into());
    let mut body = client.request(request.unwrap()).await.unwrap().into_body();
    let mut text = body.frame().await.unwrap().unwrap().into_data().unwrap().to_vec();
    let id = stand_in.child.id().to_string();
    assert!(Command::new("kill").arg(id).status().unwrap().success());
    while let Some(frame) = body.frame().await {
        text.extend(frame.unwrap().into_data().unwrap());
    }
    let text = String::from_utf8(text).unwrap();
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
    let events = u32::try_from(text.matches("data: ").count()).unwrap();
    assert!(start.elapsed() >= PAUSE * events, "{:?}", start.elapsed());
    drop(client); // with it goes the connection that it keeps
    assert!(stand_in.child.wait().unwrap().success());
}

#[test]
fn a_key_that_is_not_there_is_named() {
    let output = command(&["--key-env", "NO_SUCH_KEY"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("NO_SUCH_KEY") && said.contains("--key-env"),
        "{said}"
    );
}
