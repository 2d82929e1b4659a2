//! Webhook or proxy as a process that follows a cluster, and what its probes and webhooks answer.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::Command,
    sync::Arc,
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, pem::PemObject},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{PATIENCE, Process, wait_for};

/// An `aliasgate` that follows a cluster.
pub(crate) struct Follower {
    /// The process.
    pub(crate) process: Process,
    /// The port of the webhooks or of the proxy.
    pub(crate) port: u16,
    status: Status,
    _dir: TempDir,
}

/// How the probes are reached.
enum Status {
    Plain(u16),
    Tls(Arc<ClientConfig>, u16),
}

impl Follower {
    /// `aliasgate serve` as the user of `kubeconfig`.
    pub(crate) fn webhook(kubeconfig: &Path, more: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a folder for certificates");
        let certs = dir.path().join("certs");
        let certs_dir = certs.display().to_string();
        let mut args = vec!["serve", "--cert-dir", &certs_dir, "--shutdown-delay=0"];
        args.extend(more);
        let process = start(kubeconfig, &args, &dir);
        let port = printed(&process, "listening on https://127.0.0.1:");
        let ca = fs::read(certs.join("ca.crt")).expect("serve makes a CA");
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(&ca).expect("PEM"))
            .expect("a CA");
        let config = ClientConfig::builder_with_provider(Arc::clone(aliasgate::tls::provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self {
            process,
            port,
            status: Status::Tls(Arc::new(config), port),
            _dir: dir,
        }
    }

    /// `aliasgate proxy` as the user of `kubeconfig`.
    pub(crate) fn proxy(kubeconfig: &Path) -> Self {
        let dir = tempfile::tempdir().expect("a folder for a log");
        let args = ["proxy", "--status-listen=127.0.0.1:0", "--shutdown-delay=0"];
        let process = start(kubeconfig, &args, &dir);
        let port = printed(&process, "listening on http://127.0.0.1:");
        let status = printed(&process, "status on http://127.0.0.1:");
        Self {
            process,
            port,
            status: Status::Plain(status),
            _dir: dir,
        }
    }

    /// What a path of the probes or webhooks answers.
    pub(crate) fn ask(&self, path: &str, body: Option<&Value>) -> (u16, String) {
        match &self.status {
            Status::Plain(port) => exchange(connect(*port), path, body),
            Status::Tls(config, port) => {
                let name = "localhost".try_into().expect("a name");
                let connection = ClientConnection::new(Arc::clone(config), name).expect("TLS");
                exchange(StreamOwned::new(connection, connect(*port)), path, body)
            }
        }
    }

    /// Waits until it is ready.
    pub(crate) fn ready(self) -> Self {
        wait_for("/readyz", || match self.ask("/readyz?verbose", None) {
            (200, _) => Ok(()),
            (_, text) => Err(format!("{text}\n{}", self.process.log())),
        });
        self
    }

    /// Waits until `/readyz?verbose` has a line with `part`, and gives all of them.
    pub(crate) fn notes(&self, part: &str) -> String {
        wait_for(part, || {
            let (_, text) = self.ask("/readyz?verbose", None);
            if text.contains(part) { Ok(text) } else { Err(text) }
        })
    }

    /// The whole answer to the creation of `object` in `namespace`.
    pub(crate) fn review(&self, namespace: &str, object: &Value) -> String {
        let mut object = object.clone();
        object["metadata"]["namespace"] = namespace.into();
        let (_, answer) = self.ask("/validate", Some(&json!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": {
                "uid": "1", "operation": "CREATE", "namespace": namespace, "name": object["metadata"]["name"],
                "kind": {"group": "agentgateway.dev", "version": "v1alpha1", "kind": object["kind"]},
                "object": object,
            },
        })));
        answer
    }

    /// Waits until such a review says `part`, or until it no longer does.
    pub(crate) fn judges(&self, namespace: &str, object: &Value, part: &str, said: bool) {
        wait_for(part, || {
            let answer = self.review(namespace, object);
            if answer.contains(part) == said {
                Ok(())
            } else {
                Err(answer)
            }
        });
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status();
        assert!(status.expect("kill starts").success());
    }
}

/// Starts `aliasgate` as the user of `kubeconfig`.
fn start(kubeconfig: &Path, args: &[&str], dir: &TempDir) -> Process {
    let environment = format!("KUBECONFIG={}", kubeconfig.display());
    let all = [environment.as_str(), env!("CARGO_BIN_EXE_aliasgate"), args[0]];
    let common = [
        "--cluster",
        "--listen=127.0.0.1:0",
        "--as-of=2026-11-23",
        "--log-level=debug",
    ];
    let all: Vec<String> = all
        .iter()
        .chain(&args[1..])
        .chain(&common)
        .map(|arg| (*arg).to_owned())
        .collect();
    Process::start(Path::new("env"), &all, dir.path().join("log"))
}

/// The port that stands behind `head` in what is printed.
fn printed(process: &Process, head: &str) -> u16 {
    wait_for(head, || {
        let log = process.log();
        let port = log.lines().find_map(|line| line.strip_prefix(head)?.parse().ok());
        port.ok_or(log)
    })
}

/// A connection to this machine.
pub(crate) fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
    stream
}

/// Status and body of one request.
pub(crate) fn exchange(mut stream: impl Read + Write, path: &str, body: Option<&Value>) -> (u16, String) {
    let method = if body.is_some() { "POST" } else { "GET" };
    let body = body.map(Value::to_string).unwrap_or_default();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("it reads");
    let mut answer = Vec::new();
    // Some servers close TCP without closing TLS.
    drop(stream.read_to_end(&mut answer));
    let answer = String::from_utf8(answer).expect("UTF-8");
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    (status.unwrap_or_else(|| panic!("no HTTP: {answer}")), answer)
}
