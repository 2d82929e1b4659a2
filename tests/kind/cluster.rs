//! The cluster: kubectl, a client of the API, and the container that is its only node.

use std::{
    env,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::said::Said;

/// Longest run of one command, as `timeout` reads it.
const COMMAND_LIMIT: &str = "300s";
/// The namespace of the installation.
pub(crate) const SYSTEM: &str = "aliasgate-system";

/// A cluster that is ready.
pub(crate) struct Cluster {
    kubeconfig: PathBuf,
    node: String,
    /// What asynchronous parts of tests run on.
    pub(crate) runtime: Runtime,
    /// The API as an admin sees it.
    pub(crate) client: Client,
}

impl Cluster {
    /// The cluster of this kubeconfig.
    pub(crate) fn new(kubeconfig: PathBuf) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let client = runtime.block_on(async {
            let config = Kubeconfig::read_from(&kubeconfig).expect("a kubeconfig");
            let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await;
            Client::try_from(config.expect("a usable kubeconfig")).expect("a client")
        });
        Self {
            kubeconfig,
            node: env::var("ALIASGATE_KIND_NODE").expect("tests/kind/run names the node"),
            runtime,
            client,
        }
    }

    /// Runs kubectl; `args` as a person would type them, apart by blanks.
    pub(crate) fn kubectl(&self, args: &str) -> Said {
        self.kubectl_with(args, "")
    }

    /// The same with a manifest on standard input.
    pub(crate) fn kubectl_with(&self, args: &str, input: &str) -> Said {
        let args: Vec<_> = args.split(' ').collect();
        run("kubectl", &args, Some(&self.kubeconfig), input)
    }

    /// Applies a manifest and fails the test where that fails.
    pub(crate) fn apply(&self, manifest: &Value) {
        self.kubectl_with("apply -f -", &manifest.to_string()).expect_ok();
    }

    /// Objects as they are stored.
    pub(crate) fn get(&self, what: &str) -> Value {
        self.kubectl(&format!("get {what} -o json")).expect_ok().json()
    }

    /// The names of what `kubectl get` finds.
    pub(crate) fn names(&self, what: &str) -> Vec<String> {
        let said = self.kubectl(&format!("get {what} -o jsonpath={{.items[*].metadata.name}}"));
        said.expect_ok()
            .out
            .split_whitespace()
            .map(str::to_owned)
            .collect()
    }

    /// Waits until every pod of a Deployment is the newest and ready.
    pub(crate) fn rolled_out(&self, namespace: &str, deployment: &str) {
        self.kubectl(&format!(
            "rollout status deployment/{deployment} -n {namespace} --timeout=240s"
        ))
        .expect_ok();
    }

    /// Makes a namespace with these labels, or finds it there.
    pub(crate) fn namespace(&self, name: &str, labels: &Value) {
        self.apply(
            &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}),
        );
    }

    /// Runs a command on the node.
    pub(crate) fn on_node(&self, command: &[&str]) -> Said {
        let args = [&["exec", &self.node], command].concat();
        run("docker", &args, None, "")
    }

    /// The address of the node, which this machine reaches.
    pub(crate) fn address(&self) -> String {
        let addresses = self.get("nodes")["items"][0]["status"]["addresses"].take();
        let internal = addresses
            .as_array()
            .and_then(|all| all.iter().find(|address| address["type"] == "InternalIP"));
        internal.expect("an address")["address"]
            .as_str()
            .expect("text")
            .to_owned()
    }
}

/// A file or folder of the checkout.
pub(crate) fn checkout(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn run(program: &str, args: &[&str], kubeconfig: Option<&Path>, input: &str) -> Said {
    let mut child = Command::new("timeout")
        .args([COMMAND_LIMIT, program])
        .args(args)
        .envs(kubeconfig.map(|path| ("KUBECONFIG", path)))
        .current_dir(checkout(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    // A command that ends without reading its input says why itself.
    let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("the command ends");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Said {
        command: format!("{program} {}", args.join(" ")),
        ok: output.status.success(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}
