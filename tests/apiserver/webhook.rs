//! `aliasgate serve`, and its registration from the manifests that users apply.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    certs::Authority,
    cluster::Cluster,
    process::{Process, wait_for},
};

/// The day that the webhook takes for today, so that its words stay the same.
const AS_OF: &str = "2026-11-23";

/// The name by which the manifests' webhooks are called.
const SERVICE: &str = "aliasgate-webhook.aliasgate-system.svc";

/// A running `aliasgate serve`.
pub(crate) struct Webhook {
    _process: Process,
    port: u16,
    ca: String,
    _dir: TempDir,
}

impl Webhook {
    /// With a certificate that it makes itself for the Service of the manifests.
    pub(crate) fn start() -> Self {
        let dir = tempfile::tempdir().expect("a folder for certificates");
        let certs = dir.path().join("certs");
        let (process, port) = serve(&dir, &["--cert-dir", path(&certs), "--dns-name", SERVICE]);
        let ca = fs::read_to_string(certs.join("ca.crt")).expect("serve makes a CA");
        Self {
            _process: process,
            port,
            ca,
            _dir: dir,
        }
    }

    /// With a certificate of `authority`.
    pub(crate) fn with_certificate_of(authority: &Authority, expired: bool) -> Self {
        let dir = tempfile::tempdir().expect("a folder for certificates");
        let (cert, key) = (dir.path().join("tls.crt"), dir.path().join("tls.key"));
        let (cert_pem, key_pem) = authority.issue(expired);
        fs::write(&cert, cert_pem).expect("writable");
        fs::write(&key, key_pem).expect("writable");
        let (process, port) = serve(&dir, &["--tls-cert", path(&cert), "--tls-key", path(&key)]);
        Self {
            _process: process,
            port,
            ca: authority.pem().to_owned(),
            _dir: dir,
        }
    }

    /// Registers it as the manifests do: for everything but the namespaces that they exempt, by its Service. Only the
    /// port and the CA are filled in; a Service of another type leads to this machine.
    pub(crate) fn register(&self, cluster: &Cluster) {
        cluster
            .kubectl(&["create", "namespace", "aliasgate-system"])
            .expect_ok();
        cluster.apply(
            &json!({
                "apiVersion": "v1", "kind": "Service",
                "metadata": {"name": "aliasgate-webhook", "namespace": "aliasgate-system"},
                "spec": {"type": "ExternalName", "externalName": "localhost"},
            })
            .to_string(),
        );
        for mut configuration in configurations(cluster) {
            for webhook in webhooks(&mut configuration) {
                webhook["clientConfig"]["service"]["port"] = self.port.into();
                webhook["clientConfig"]["caBundle"] = base64(self.ca.as_bytes()).into();
            }
            cluster.apply(&configuration.to_string());
        }
        wait_for("both webhooks", || {
            let manifest = backend("probe", &json!({"fast": "  padded "}));
            let dry = [
                "create",
                "--dry-run=server",
                "--namespace",
                "default",
                "-o",
                "json",
                "-f",
                "-",
            ];
            let mutated = cluster.kubectl_with(&dry, &manifest);
            let faulty = backend("probe", &json!({"fast": ""}));
            let refused = cluster.kubectl_with(&dry, &faulty);
            let both = mutated.out.contains("\"padded\"") && refused.err.contains("modelAliases[fast]");
            if both {
                Ok(())
            } else {
                Err(format!("{}{}", mutated.text(), refused.text()))
            }
        });
    }

    /// How the API server reaches it without a Service.
    pub(crate) fn client_config(&self) -> Client {
        Client {
            port: self.port,
            ca: self.ca.clone(),
        }
    }
}

/// How the API server reaches a webhook.
pub(crate) struct Client {
    /// The port of 127.0.0.1.
    pub(crate) port: u16,
    /// The CA that it trusts.
    pub(crate) ca: String,
}

/// Registers the webhooks of the manifests a second time, for one namespace only, at `client`, and waits until the API
/// server calls them: then `expect` is in what a dry run says.
pub(crate) fn register_for(cluster: &Cluster, namespace: &str, client: &Client, policy: &str, expect: &str) {
    for mut configuration in configurations(cluster) {
        configuration["metadata"]["name"] = format!("aliasgate-for-{namespace}").into();
        for webhook in webhooks(&mut configuration) {
            let path = webhook["clientConfig"]["service"]["path"]
                .as_str()
                .expect("a path")
                .to_owned();
            webhook["clientConfig"] = json!({
                "url": format!("https://127.0.0.1:{}{path}", client.port),
                "caBundle": base64(client.ca.as_bytes()),
            });
            webhook["failurePolicy"] = policy.into();
            webhook["namespaceSelector"] = json!({"matchLabels": {"kubernetes.io/metadata.name": namespace}});
        }
        cluster.apply(&configuration.to_string());
    }
    wait_for("the webhooks of one namespace", || {
        let probe = backend("probe", &json!({"fast": "gpt-4o"}));
        let said = cluster.kubectl_with(
            &["create", "--dry-run=server", "-n", namespace, "-f", "-"],
            &probe,
        );
        if said.text().contains(expect) {
            Ok(())
        } else {
            Err(said.text())
        }
    });
}

/// Both webhook configurations of `manifests/base`.
fn configurations(cluster: &Cluster) -> Vec<Value> {
    documents(cluster, "manifests/base/webhooks.yaml")
}

/// The objects in a file of the repository.
pub(crate) fn documents(cluster: &Cluster, file: &str) -> Vec<Value> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let said = cluster.kubectl(&["create", "--dry-run=client", "-o", "json", "-f", path(&file)]);
    let documents = serde_json::Deserializer::from_str(&said.expect_ok().out).into_iter::<Value>();
    let found: Vec<Value> = documents
        .map(|document| document.expect("kubectl prints JSON"))
        .collect();
    match found.as_slice() {
        [list] => list["items"].as_array().expect("a list").clone(),
        _ => found,
    }
}

fn webhooks(configuration: &mut Value) -> &mut Vec<Value> {
    configuration["webhooks"]
        .as_array_mut()
        .expect("a configuration has webhooks")
}

/// Starts `aliasgate serve` on a free port and waits until it is printed.
fn serve(dir: &TempDir, args: &[&str]) -> (Process, u16) {
    let common = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--as-of",
        AS_OF,
        "--shutdown-delay",
        "0",
    ];
    let args: Vec<String> = common.iter().chain(args).map(|arg| (*arg).to_owned()).collect();
    let program = PathBuf::from(env!("CARGO_BIN_EXE_aliasgate"));
    let mut process = Process::start(&program, &args, dir.path().join("serve.log"));
    let port = wait_for("aliasgate serve", || {
        process.expect_alive();
        let log = process.log();
        let port = log
            .lines()
            .find_map(|line| line.strip_prefix("listening on https://127.0.0.1:")?.parse().ok());
        port.ok_or(log)
    });
    (process, port)
}

/// An `AgentgatewayBackend` for OpenAI with these aliases.
pub(crate) fn backend(name: &str, aliases: &Value) -> String {
    json!({
        "apiVersion": "agentgateway.dev/v1alpha1",
        "kind": "AgentgatewayBackend",
        "metadata": {"name": name},
        "spec": {"ai": {"provider": {"openai": {}}}, "policies": {"ai": {"modelAliases": aliases}}},
    })
    .to_string()
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// Base64 with padding, for `caBundle`.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = |group: &[u8]| {
        let bits = group
            .iter()
            .fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - group.len()));
        let digit = |at: usize| {
            let index = bits >> (18 - 6 * at) & 63;
            if at <= group.len() {
                char::from(DIGITS[index as usize])
            } else {
                '='
            }
        };
        [digit(0), digit(1), digit(2), digit(3)]
    };
    bytes.chunks(3).flat_map(digits).collect()
}
