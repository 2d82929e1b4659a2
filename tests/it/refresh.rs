//! `aliasgate catalog refresh`, run as users run it, against local servers.
#![expect(clippy::unwrap_used, reason = "a failed helper fails its test")]

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Command, Output},
    sync::Arc,
    thread,
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tempfile::TempDir;

/// The key that must be shown nowhere.
const KEY: &str = "sk-very-secret";

/// Reads the head of a request, and answers with the next of `answers`: a status line and a body.
fn answer(stream: &mut (impl std::io::Read + std::io::Write), answer: &(&str, &str)) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        head.push(byte[0]);
    }
    let (status, body) = answer;
    let length = body.len();
    let text = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
    drop(stream.write_all(text.as_bytes()).and_then(|()| stream.flush()));
    String::from_utf8(head).unwrap()
}

/// A server that gives every request the same answer; its port.
fn server(status: &'static str, body: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            answer(&mut stream, &(status, body));
        }
    });
    port
}

fn run(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aliasgate"));
    command.args(["catalog", "refresh"]).args(args).current_dir(dir);
    command
        .env("OPENAI_API_KEY", KEY)
        .env("OTHER_KEY", KEY)
        .env_remove("MISTRAL_API_KEY");
    let out = command.output().unwrap();
    assert!(
        !text(&out.stdout).contains(KEY) && !text(&out.stderr).contains(KEY),
        "the key is shown"
    );
    out
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const LIST: &str = r#"{"object": "list", "data": [{"id": "gpt-4o"}, {"id": "gpt-6-luna"}]}"#;
const LATER: &str = r#"{"object": "list", "data": [{"id": "gpt-6-luna"}, {"id": "gpt-7"}]}"#;

#[test]
fn a_failing_provider_keeps_its_catalog_and_does_not_stop_the_others() {
    let dir = TempDir::new().unwrap();
    let mistral = server(
        "200 OK",
        r#"{"data": [{"id": "mistral-large-2512", "aliases": []}]}"#,
    );
    let (first, later) = (server("200 OK", LIST), server("200 OK", LATER));
    let gone = server("404 Not Found", "{\"error\": \"sk-very-secret is no key\"}");
    let ask = |openai: u16, mistral: u16| {
        let (openai, mistral) = (
            format!("openai=http://127.0.0.1:{openai}/v1"),
            format!("mistral=http://127.0.0.1:{mistral}"),
        );
        let providers = [
            "--provider",
            "openai",
            "--provider",
            "mistral",
            "--key-env",
            "mistral=OTHER_KEY",
        ];
        let bases = [
            "--base-url",
            &openai,
            "--base-url",
            &mistral,
            "--out",
            "live.yaml",
        ];
        run(dir.path(), &[&providers[..], &bases[..]].concat())
    };
    let written = || fs::read_to_string(dir.path().join("live.yaml")).unwrap();

    let out = ask(first, mistral);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    assert!(
        written().starts_with("# asked by aliasgate at 20"),
        "{}",
        written()
    );
    assert!(
        written()
            .contains("metadata: {\"labels\":{\"aliasgate.dev/source\":\"live\"},\"name\":\"live-openai\"}"),
        "{}",
        written()
    );

    let out = ask(later, gone);
    assert_eq!(out.status.code(), Some(2));
    assert!(
        text(&out.stderr).contains("it answered 404; is the base URL right?"),
        "{}",
        text(&out.stderr)
    );
    assert!(
        text(&out.stdout).contains("+ openai gpt-7\n"),
        "{}",
        text(&out.stdout)
    );
    assert!(
        text(&out.stdout).contains("- openai gpt-4o: listed no more"),
        "{}",
        text(&out.stdout)
    );
    assert!(
        written().contains("\"gpt-7\"") && written().contains("\"mistral-large-2512\""),
        "{}",
        written()
    );
    let names: Vec<_> = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["live.yaml"], "nothing half-written is left");

    let before = written();
    assert_eq!(ask(gone, gone).status.code(), Some(2));
    assert_eq!(written(), before);
}

#[test]
fn a_missing_key_is_told_by_its_name() {
    let dir = TempDir::new().unwrap();
    let out = run(dir.path(), &["--provider", "mistral"]);
    assert_eq!(out.status.code(), Some(2));
    assert_eq!(
        text(&out.stderr),
        "error: cannot ask mistral: it needs a key\n  \
         set MISTRAL_API_KEY in the environment, or name another with --key-env\n"
    );
}

#[test]
fn a_custom_server_is_asked_without_a_key_and_its_host_is_the_selector() {
    let dir = TempDir::new().unwrap();
    let port = server(
        "200 OK",
        r#"{"data": [{"id": "org/Model", "max_model_len": 4096}]}"#,
    );
    let base = format!("http://localhost:{port}");
    let out = run(
        dir.path(),
        &[
            "--provider",
            "openai-compatible",
            "--base-url",
            &base,
            "--complete",
        ],
    );
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    let yaml = text(&out.stdout);
    assert!(yaml.contains("selector: {\"hosts\":[\"localhost\"]}"), "{yaml}");
    assert!(yaml.contains("completeness: \"Complete\""), "{yaml}");
}

#[test]
fn https_is_checked_against_the_given_authority() {
    let dir = TempDir::new().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap();
    fs::write(dir.path().join("ca.pem"), authority.pem()).unwrap();
    let issuer = Issuer::new(params, key);
    let leaf_key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .signed_by(&leaf_key, &issuer)
        .unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_key.serialize_der())),
        )
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = Arc::new(config);
    let head = thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream: StreamOwned<_, TcpStream> = StreamOwned::new(connection, stream);
            let head = answer(&mut stream, &("200 OK", LIST));
            if !head.is_empty() {
                return head;
            }
        }
        String::new()
    });
    let base = format!("https://localhost:{port}");
    let with = run(
        dir.path(),
        &["--provider", "openai", "--base-url", &base, "--ca", "ca.pem"],
    );
    assert_eq!(with.status.code(), Some(0), "{}", text(&with.stderr));
    assert!(text(&with.stdout).contains("\"gpt-6-luna\""));
    let head = head.join().unwrap();
    assert!(head.starts_with("GET /v1/models HTTP/1.1\r\n"), "{head}");
    assert!(
        head.contains(&format!("authorization: Bearer {KEY}\r\n")),
        "{head}"
    );
    fs::write(dir.path().join("none.pem"), "nothing").unwrap();
    let none = run(
        dir.path(),
        &["--provider", "openai", "--base-url", &base, "--ca", "none.pem"],
    );
    assert!(
        text(&none.stderr).contains("there is none in the file"),
        "{}",
        text(&none.stderr)
    );
}
