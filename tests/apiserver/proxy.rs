//! What the API server has stored makes the proxy send.

use std::{
    env,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
};

use serde_json::{Value, json};

use crate::{
    Test, World,
    process::{PATIENCE, Process, wait_for},
    writes::SEED,
};

#[rustfmt::skip]
pub(crate) const TESTS: &[Test] = &[
    ("what_is_stored_is_what_the_proxy_sends", what_is_stored_is_what_the_proxy_sends),
];

const ROUTE: &str = "\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: openai
spec:
  rules:
  - matches:
    - path: {type: PathPrefix, value: /openai}
    - path: {type: PathPrefix, value: /v1}
    backendRefs:
    - {group: agentgateway.dev, kind: AgentgatewayBackend, name: openai}
";

fn what_is_stored_is_what_the_proxy_sends(world: &World) {
    let namespace = world.cluster.namespace("proxy");
    let padded = SEED.replace("fast: gpt-3.5-turbo", "fast: \" gpt-3.5-turbo \"");
    namespace.apply("openai.yaml", &padded).expect_ok();
    namespace.apply("route.yaml", ROUTE).expect_ok();

    let folder = tempfile::tempdir().expect("a folder for manifests");
    let stored = namespace
        .kubectl("get agbe,httproute -o yaml")
        .expect_ok()
        .out
        .clone();
    std::fs::write(folder.path().join("stored.yaml"), stored).expect("writable");
    let certs = tempfile::tempdir().expect("a folder for certificates");
    let (_local, port) = local(folder.path(), certs.path());

    // The stand-in provider answers as OpenAI does, with the snapshot that the target stands for.
    for path in ["/v1/chat/completions", "/openai"] {
        for (model, answered) in [
            ("fast", "gpt-3.5-turbo-0125"),
            ("smart", "gpt-4-turbo-2024-04-09"),
        ] {
            let answer = post(
                port,
                path,
                &json!({"model": model, "messages": [{"role": "user", "content": "hi"}]}),
            );
            assert_eq!(answer["model"], answered, "{path} {model}: {answer}");
        }
    }
}

/// `aliasgate local` with this folder, and the port of its proxy.
fn local(folder: &Path, certs: &Path) -> (Process, u16) {
    let args = [
        "local",
        "--port=0",
        "--status-port=0",
        "--webhook-port=0",
        "--as-of=2026-11-23",
        "--cert-dir",
    ];
    let args: Vec<String> = args
        .into_iter()
        .map(str::to_owned)
        .chain([certs, folder].map(|path| path.display().to_string()))
        .collect();
    let mut process = Process::start(
        Path::new(env!("CARGO_BIN_EXE_aliasgate")),
        &args,
        certs.join("local.log"),
    );
    let port = wait_for("aliasgate local", || {
        process.expect_alive();
        let log = process.log();
        let port = log
            .lines()
            .find_map(|line| line.strip_prefix("proxy")?.rsplit_once(':')?.1.parse().ok());
        port.filter(|_| log.contains("Ctrl-C")).ok_or(log)
    });
    (process, port)
}

/// The JSON that is answered.
fn post(port: u16, path: &str, body: &Value) -> Value {
    let body = body.to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the proxy listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    stream
        .write_all(format!("{head}{body}").as_bytes())
        .expect("the proxy reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the proxy answers");
    let json = answer.find('{').map_or("", |start| &answer[start..]);
    let mut values = serde_json::Deserializer::from_str(json).into_iter();
    values
        .next()
        .and_then(Result::ok)
        .unwrap_or_else(|| panic!("no JSON in {answer}"))
}
