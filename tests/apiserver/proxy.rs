//! What the API server has stored makes the proxy send.

use std::{
    env, fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::Command,
};

use serde_json::{Value, json};

use tempfile::TempDir;

use crate::{
    Test, World,
    process::{PATIENCE, Process, wait_for},
};

#[rustfmt::skip]
pub(crate) const TESTS: &[Test] = &[
    ("what_is_stored_is_what_the_proxy_sends", what_is_stored_is_what_the_proxy_sends),
    ("the_openai_package_is_served", the_openai_package_is_served),
];

/// The seed example as the API server has stored it, with an alias that was not normal.
fn stored(world: &World) -> TempDir {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/seed");
    let namespace = world.cluster.enter("default");
    for name in ["openai.yaml", "routes.yaml"] {
        let manifest = fs::read_to_string(example.join(name)).expect("the example is there");
        let padded = manifest.replace("fast: gpt-3.5-turbo", "fast: \" gpt-3.5-turbo \"");
        namespace.apply(name, &padded).expect_ok();
    }
    let folder = tempfile::tempdir().expect("a folder for manifests");
    let stored = namespace
        .kubectl("get agbe/openai httproute/openai -o yaml")
        .expect_ok()
        .out
        .clone();
    assert!(stored.contains("\n          fast: gpt-3.5-turbo\n"), "{stored}");
    fs::write(folder.path().join("stored.yaml"), stored).expect("writable");
    folder
}

fn what_is_stored_is_what_the_proxy_sends(world: &World) {
    let folder = stored(world);
    let (_local, port) = local(&folder, &[]);
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

fn the_openai_package_is_served(world: &World) {
    let python = env::var_os("ALIASGATE_PYTHON");
    let python = python
        .expect("ALIASGATE_PYTHON names a Python with tests/clients/requirements.txt; tests/run sets it");
    let folder = stored(world);
    let (_local, port) = local(&folder, &["--stand-in-key=sk-right"]);
    let output = Command::new("timeout")
        .arg(format!("{}s", PATIENCE.as_secs()))
        .arg(python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/openai_client.py"))
        .env("BASE_URL", format!("http://127.0.0.1:{port}/v1"))
        .env("API_KEY", "sk-right")
        .output()
        .expect("Python starts");
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{said}");
    // The client says what it has tried, so that none of it can be left out unseen.
    for part in [
        "plain",
        "stream",
        "extra fields",
        "unknown model",
        "no route",
        "wrong key",
    ] {
        assert!(
            said.lines().any(|line| line.starts_with(&format!("{part}: "))),
            "no {part} in\n{said}"
        );
    }
}

/// `aliasgate local` with this folder, and the port of its proxy.
fn local(folder: &TempDir, more: &[&str]) -> (Process, u16) {
    let certs = folder.path().join(".certs").display().to_string();
    let dir = folder.path().display().to_string();
    let args = [
        "local",
        "--port=0",
        "--status-port=0",
        "--webhook-port=0",
        "--as-of=2026-11-23",
        "--cert-dir",
        &certs,
    ];
    let args: Vec<String> = args
        .iter()
        .chain(more)
        .chain([&dir.as_str()])
        .map(|arg| (*arg).to_owned())
        .collect();
    let log = folder.path().join("local.log");
    let mut process = Process::start(Path::new(env!("CARGO_BIN_EXE_aliasgate")), &args, log);
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
