//! `aliasgate serve` as a process.
#![expect(clippy::unwrap_used, reason = "a failed helper fails its test")]

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};

use crate::tls::{client, connect, fetch, get_request, until};

fn aliasgate() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aliasgate"));
    for name in ["RUST_LOG", "KUBECONFIG", "KUBERNETES_SERVICE_HOST"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// A running server, stopped at the end of the test.
struct Server {
    child: Child,
    address: SocketAddr,
    started: Instant,
}

impl Server {
    fn start(args: &[&str]) -> Self {
        let started = Instant::now();
        let mut child = aliasgate()
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().strip_prefix("listening on https://").expect(&line);
        Self {
            address: address.parse().unwrap(),
            child,
            started,
        }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", name, &id])
                .status()
                .unwrap()
                .success()
        );
    }

    /// The log, after the server has ended well.
    async fn ended(mut self) -> String {
        until("the end", async || self.child.try_wait().unwrap().is_some()).await;
        assert!(self.child.wait().unwrap().success());
        let mut log = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut log)
            .unwrap();
        log
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn review(aliases: &Value) -> Request<String> {
    let review = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "1", "operation": "CREATE", "name": "openai", "namespace": "shop",
            "kind": {"group": "agentgateway.dev", "version": "v1alpha1", "kind": "AgentgatewayBackend"},
            "object": {
                "apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayBackend",
                "metadata": {"name": "openai", "namespace": "shop"},
                "spec": {"ai": {"provider": {"openai": {}}}, "policies": {"ai": {"modelAliases": aliases}}},
            },
        },
    });
    Request::post("/validate")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(review.to_string())
        .unwrap()
}

fn dir_of(dir: &tempfile::TempDir) -> &str {
    dir.path().to_str().unwrap()
}

#[tokio::test]
async fn everything_is_on_one_port_and_each_decision_is_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&[
        "--cert-dir",
        dir_of(&dir),
        "--log-format",
        "json",
        "--as-of",
        "2026-11-23",
    ]);
    let config = client(&dir.path().join("ca.crt"));
    let get = async |path: &str| fetch(server.address, &config, get_request(path)).await.unwrap();
    assert_eq!(get("/readyz").await, (StatusCode::OK, "ok".to_owned()));
    let ready = server.started.elapsed();
    assert!(ready < Duration::from_secs(5), "{ready:?}");
    assert_eq!(get("/healthz").await, (StatusCode::OK, "ok".to_owned()));
    let (_, gates) = get("/readyz?verbose").await;
    for line in [
        "[+]certificate ok",
        "[+]catalogs ok",
        "[+]snapshot ok",
        "readyz check passed",
    ] {
        assert!(gates.lines().any(|found| found == line), "{gates}");
    }
    assert_eq!(get("/").await.0, StatusCode::NOT_FOUND);

    let (status, answer) = fetch(server.address, &config, review(&json!({"fast": "secret-*"})))
        .await
        .unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(
        (status, &answer["response"]["allowed"]),
        (StatusCode::OK, &json!(false))
    );
    assert_eq!(answer["response"]["auditAnnotations"]["as-of"], "2026-11-23");
    let (_, metrics) = get("/metrics").await;
    for name in [
        "admission_decisions_total",
        "certificate_expiry_timestamp_seconds",
        "snapshot_timestamp_seconds",
        "build_info",
    ] {
        assert!(metrics.contains(&format!("\naliasgate_{name}")), "{metrics}");
    }

    server.signal("INT");
    let log = server.ended().await;
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let decided: Vec<_> = lines.iter().filter(|line| line["message"] == "decided").collect();
    assert_eq!(decided.len(), 1, "{log}");
    for (field, value) in [
        ("level", "INFO"),
        ("webhook", "validate"),
        ("namespace", "shop"),
        ("name", "openai"),
        ("kind", "AgentgatewayBackend"),
        ("operation", "CREATE"),
        ("decision", "denied"),
        ("codes", "alias-target-wildcard"),
    ] {
        assert_eq!(decided[0][field], value, "{log}");
    }
    assert!(decided[0]["micros"].is_u64());
    assert!(!log.contains("secret-"), "{log}");
}

#[tokio::test]
async fn sigterm_turns_ready_off_before_the_port_closes() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&["--cert-dir", dir_of(&dir), "--shutdown-delay", "300"]);
    let config = client(&dir.path().join("ca.crt"));
    server.signal("TERM");
    until("not ready", async || {
        let (status, _) = fetch(server.address, &config, get_request("/readyz"))
            .await
            .unwrap();
        status == StatusCode::SERVICE_UNAVAILABLE
    })
    .await;
    // It says no, but serves who comes all the same.
    let (_, gates) = fetch(server.address, &config, get_request("/readyz"))
        .await
        .unwrap();
    assert!(
        gates.contains("[-]shutdown failed: the server is about to stop"),
        "{gates}"
    );
    assert_eq!(
        fetch(server.address, &config, review(&json!({})))
            .await
            .unwrap()
            .0,
        StatusCode::OK
    );
    // But the answer is the last one on its connection.
    let stream = TokioIo::new(connect(server.address, &config).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let answer = sender.send_request(review(&json!({}))).await.unwrap();
    assert_eq!(answer.headers()["connection"], "close");
    server.signal("TERM");
    let log = server.ended().await;
    assert!(log.contains("stopped"), "{log}");
}

#[tokio::test]
async fn manifests_count_as_being_in_the_cluster_and_bad_ones_are_named() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("bad.yaml"), "a: [").unwrap();
    std::fs::write(
        dir.path().join("good.yaml"),
        "{apiVersion: agentgateway.dev/v1alpha1, kind: AgentgatewayBackend, metadata: {name: a}}",
    )
    .unwrap();
    let certs = dir.path().join("certs");
    let server = Server::start(&["--cert-dir", certs.to_str().unwrap(), "-f", dir_of(&dir)]);
    let config = client(&certs.join("ca.crt"));
    let (status, gates) = fetch(server.address, &config, get_request("/readyz?verbose"))
        .await
        .unwrap();
    assert_eq!(status, StatusCode::OK);
    assert!(gates.contains("bad.yaml"), "{gates}");
    let resources = async |wanted: &str| {
        let (_, metrics) = fetch(server.address, &config, get_request("/metrics"))
            .await
            .unwrap();
        metrics
            .lines()
            .any(|line| line == format!("aliasgate_snapshot_resources {wanted}"))
    };
    assert!(resources("1").await);
    std::fs::write(
        dir.path().join("more.yaml"),
        "{apiVersion: agentgateway.dev/v1alpha1, kind: AgentgatewayBackend, metadata: {name: b}}",
    )
    .unwrap();
    until("the new manifest", async || resources("2").await).await;
}

fn fails(args: &[&str]) -> String {
    let Output { status, stderr, .. } = aliasgate().arg("serve").args(args).output().unwrap();
    assert_eq!(status.code(), Some(2));
    String::from_utf8(stderr).unwrap()
}

#[test]
fn server_that_cannot_start_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let cert_dir = ["--cert-dir", dir_of(&dir)];
    assert!(fails(&[]).contains("--tls-cert"));
    assert!(fails(&["--tls-cert", "a"]).contains("--tls-key"));
    assert!(fails(&["--tls-cert", "a", "--tls-key", "b"]).contains("error: cannot read a: No such file"));
    assert!(
        fails(&[&cert_dir[..], &["--tls-cert", "a", "--tls-key", "b"]].concat())
            .contains("cannot be used with")
    );
    assert!(
        fails(&[&cert_dir[..], &["--listen", &address]].concat())
            .contains(&format!("cannot listen on {address}"))
    );
    assert!(
        fails(&[&cert_dir[..], &["--log-level", "a=b=c"]].concat()).contains("cannot read the log filter")
    );
    assert!(
        fails(&[&cert_dir[..], &["--dns-name", "zürich"]].concat())
            .contains("cannot make a certificate for zürich")
    );
    assert!(Path::new(dir_of(&dir)).exists());
    let cluster = |more: &[&str]| fails(&[&cert_dir[..], &["--cluster"], more].concat());
    assert!(
        cluster(&[])
            .contains("cannot find a cluster: this is no pod, for KUBERNETES_SERVICE_HOST is not set")
    );
    assert!(cluster(&["-f", "a"]).contains("cannot be used with"));
    assert!(cluster(&["--catalog-configmap", "a"]).contains("write it as NAMESPACE/NAME"));
    assert!(fails(&[&cert_dir[..], &["--catalog-configmap", "a/b"]].concat()).contains("--cluster"));
}

#[test]
fn flags_of_a_shared_certificate_belong_together() {
    let secret = ["--tls-secret", "a/b", "--dns-name", "c"];
    let with = |more: &[&str]| fails(&[&secret[..], more].concat());
    assert!(with(&[]).contains("cannot find a cluster"));
    assert!(fails(&secret[..2]).contains("--dns-name"));
    assert!(fails(&["--tls-secret", "b", "--dns-name", "c"]).contains("write it as NAMESPACE/NAME"));
    assert!(with(&["--cert-dir", "d"]).contains("cannot be used with"));
    assert!(with(&["--webhook-configuration", "A"]).contains("no name of an object"));
    assert!(with(&["--cert-life", "90"]).contains("write it as 30s, 10m, 12h, 90d or 3y"));
    assert!(with(&["--cert-life", "19s"]).contains("between 20s and 100y"));
    assert!(with(&["--ca-life", "100d"]).contains("--ca-life must be at least twice --cert-life"));
    assert!(fails(&["--cert-dir", "d", "--cert-life", "90d"]).contains("--tls-secret"));
    assert!(fails(&["--cert-dir", "d", "--webhook-configuration", "a"]).contains("--tls-secret"));
}

#[test]
fn a_kubeconfig_that_cannot_be_used_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing").display().to_string();
    let args = ["serve", "--cluster", "--cert-dir", dir_of(&dir)];
    let Output { status, stderr, .. } = aliasgate()
        .args(args)
        .env("KUBECONFIG", &missing)
        .output()
        .unwrap();
    assert_eq!(status.code(), Some(2));
    let said = String::from_utf8(stderr).unwrap();
    assert!(
        said.contains(&format!("cannot use $KUBECONFIG, which is {missing}: ")),
        "{said}"
    );
}
