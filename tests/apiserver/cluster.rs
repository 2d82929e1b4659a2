//! One etcd and one kube-apiserver on loopback, and the real kubectl.

use std::{
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

use rcgen::KeyPair;
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    process::{Process, free_port, wait_for},
    said::Said,
};

/// Longest run of one kubectl, as `timeout` reads it.
const KUBECTL_LIMIT: &str = "60s";

/// An API server with an empty store. Nothing runs in it: no controllers, no scheduler, no kubelet.
pub(crate) struct Cluster {
    // In the order in which they are dropped. None while it is down.
    apiserver: Option<Process>,
    /// What it was started with.
    flags: Vec<String>,
    _etcd: Process,
    dir: TempDir,
    tools: PathBuf,
    namespaces: AtomicUsize,
}

impl Cluster {
    /// Starts etcd and kube-apiserver from the folder `tools` and waits until they are ready.
    pub(crate) fn start(tools: &Path) -> Self {
        let dir = tempfile::tempdir().expect("a folder for the store");
        let at = |name: &str| dir.path().join(name).display().to_string();
        let client = format!("http://127.0.0.1:{}", free_port());
        let peer = format!("http://127.0.0.1:{}", free_port());
        let etcd = Process::start(
            &tools.join("etcd"),
            &flags(&[
                ("data-dir", &at("etcd")),
                ("unsafe-no-fsync", "true"), // a store for a test; without it every write waits for the disk
                ("log-level", "warn"),
                ("listen-client-urls", &client),
                ("advertise-client-urls", &client),
                ("listen-peer-urls", &peer),
                ("initial-advertise-peer-urls", &peer),
                ("initial-cluster", &format!("default={peer}")),
            ]),
            dir.path().join("etcd.log"),
        );

        let port = free_port().to_string();
        let token = random_token();
        fs::write(at("tokens.csv"), format!("{token},admin,1,system:masters\n")).expect("writable");
        let key = KeyPair::generate().expect("a key");
        fs::write(at("sa.key"), key.serialize_pem()).expect("writable");
        fs::write(at("sa.pub"), key.public_key_pem()).expect("writable");
        let flags = flags(&[
            ("etcd-servers", &client),
            ("bind-address", "127.0.0.1"),
            ("advertise-address", "127.0.0.1"),
            ("secure-port", &port),
            ("cert-dir", &at("pki")),
            ("authorization-mode", "RBAC"),
            ("token-auth-file", &at("tokens.csv")),
            ("service-account-issuer", "https://kubernetes.default.svc"),
            ("service-account-signing-key-file", &at("sa.key")),
            ("service-account-key-file", &at("sa.pub")),
            ("service-cluster-ip-range", "10.96.0.0/16"),
            ("disable-admission-plugins", "ServiceAccount"), // no controller makes their tokens
            ("endpoint-reconciler-type", "none"),
        ]);
        fs::write(
            at("kubeconfig"),
            kubeconfig(&port, &at("pki/apiserver.crt"), &token),
        )
        .expect("writable");

        let mut cluster = Self {
            apiserver: None,
            flags,
            _etcd: etcd,
            dir,
            tools: tools.to_owned(),
            namespaces: AtomicUsize::new(0),
        };
        cluster.start_apiserver();
        cluster
    }

    /// Kills the API server; what it has stored stays.
    pub(crate) fn stop_apiserver(&mut self) {
        self.apiserver = None;
    }

    /// Starts the API server, at the same address each time, and waits until it is ready.
    pub(crate) fn start_apiserver(&mut self) {
        let log = self.dir.path().join("apiserver.log");
        let mut started = Process::start(&self.tools.join("kube-apiserver"), &self.flags, log);
        wait_for("the API server", || {
            started.expect_alive();
            let ready = self.kubectl(&["get", "--raw", "/readyz"]);
            if ready.ok { Ok(()) } else { Err(ready.text()) }
        });
        self.apiserver = Some(started);
    }

    /// `kubectl proxy` and its port: the API without TLS and credentials, on loopback.
    pub(crate) fn proxy(&self) -> (Process, u16) {
        let port = free_port();
        let config = self.dir.path().join("kubeconfig").display().to_string();
        let flags = [format!("--port={port}"), format!("--kubeconfig={config}")];
        let args: Vec<_> = ["proxy".to_owned()].into_iter().chain(flags).collect();
        let proxy = Process::start(
            &self.tools.join("kubectl"),
            &args,
            self.dir.path().join("proxy.log"),
        );
        wait_for("kubectl proxy", || {
            std::net::TcpStream::connect(("127.0.0.1", port))
                .map(drop)
                .map_err(|error| error.to_string())
        });
        (proxy, port)
    }

    /// The folder with etcd, kube-apiserver and kubectl.
    pub(crate) fn tools(&self) -> &Path {
        &self.tools
    }

    /// The kubeconfig of an admin.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.dir.path().join("kubeconfig")
    }

    /// A new namespace of this name with a number behind it.
    pub(crate) fn namespace(&self, name: &str) -> Namespace<'_> {
        let number = self.namespaces.fetch_add(1, Ordering::Relaxed);
        let name = format!("{name}-{number}");
        self.kubectl(&["create", "namespace", &name]).expect_ok();
        self.enter(&name)
    }

    /// A namespace that is there already.
    pub(crate) fn enter(&self, name: &str) -> Namespace<'_> {
        let dir = tempfile::tempdir().expect("a folder for manifests");
        Namespace {
            cluster: self,
            name: name.to_owned(),
            dir,
        }
    }

    /// A kubeconfig with the rights of a ServiceAccount and no others, for as long as this cluster is there.
    pub(crate) fn kubeconfig_of(&self, namespace: &str, account: &str) -> PathBuf {
        let token = self.kubectl(&[
            "create",
            "token",
            account,
            "--namespace",
            namespace,
            "--duration",
            "2h",
        ]);
        let token = token.expect_ok().out.trim().to_owned();
        let all = fs::read_to_string(self.dir.path().join("kubeconfig")).expect("readable");
        let mut config: Value = serde_json::from_str(&all).expect("JSON");
        config["users"][0]["user"]["token"] = token.into();
        let path = self.dir.path().join(format!("kubeconfig-{namespace}-{account}"));
        fs::write(&path, config.to_string()).expect("writable");
        path
    }

    /// Runs kubectl without a namespace.
    pub(crate) fn kubectl(&self, args: &[&str]) -> Said {
        self.run(args, "", &[], self.dir.path())
    }

    /// The same with a manifest on standard input.
    pub(crate) fn kubectl_with(&self, args: &[&str], input: &str) -> Said {
        self.run(args, input, &[], self.dir.path())
    }

    /// Applies a manifest and fails the test where that fails.
    pub(crate) fn apply(&self, manifest: &str) {
        self.kubectl_with(&["apply", "-f", "-"], manifest).expect_ok();
    }

    fn run(&self, args: &[&str], input: &str, environment: &[(&str, &str)], dir: &Path) -> Said {
        let mut child = Command::new("timeout")
            .arg(KUBECTL_LIMIT)
            .arg(self.tools.join("kubectl"))
            .args(args)
            .current_dir(dir)
            .env("KUBECONFIG", self.dir.path().join("kubeconfig"))
            .env("KUBECACHEDIR", self.dir.path().join("cache"))
            .env("TMPDIR", dir)
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("kubectl starts");
        let mut stdin = child.stdin.take().expect("piped");
        stdin
            .write_all(input.as_bytes())
            .or_else(broken_pipe_is_fine)
            .expect("kubectl reads its input");
        drop(stdin);
        let output = child.wait_with_output().expect("kubectl ends");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("kubectl prints UTF-8");
        Said {
            command: format!("kubectl {}", args.join(" ")),
            ok: output.status.success(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }
}

fn broken_pipe_is_fine(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        Ok(())
    } else {
        Err(error)
    }
}

/// A namespace, and a folder in which kubectl finds the manifests of a test.
pub(crate) struct Namespace<'a> {
    /// The API server that has it.
    pub(crate) cluster: &'a Cluster,
    /// Its name.
    pub(crate) name: String,
    dir: TempDir,
}

impl Namespace<'_> {
    /// Writes a manifest that kubectl can name.
    pub(crate) fn file(&self, name: &str, manifest: &str) -> &Self {
        fs::write(self.dir.path().join(name), manifest).expect("writable");
        self
    }

    /// What is in a file of the folder.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.dir.path().join(name)).expect("readable")
    }

    /// Runs kubectl in this namespace; `args` as a person would type them, apart by blanks.
    pub(crate) fn kubectl(&self, args: &str) -> Said {
        self.run(&args.split(' ').collect::<Vec<_>>(), &[])
    }

    /// Runs kubectl with arguments that may have blanks in them.
    pub(crate) fn run(&self, args: &[&str], environment: &[(&str, &str)]) -> Said {
        let mut all = args.to_vec();
        all.extend(["--namespace", &self.name]);
        let mut said = self.cluster.run(&all, "", environment, self.dir.path());
        said.command = format!("kubectl {}", args.join(" "));
        said
    }

    /// Writes a manifest and applies it.
    pub(crate) fn apply(&self, file: &str, manifest: &str) -> Said {
        self.file(file, manifest).kubectl(&format!("apply -f {file}"))
    }

    /// The object as it is stored.
    pub(crate) fn get(&self, object: &str) -> Value {
        self.kubectl(&format!("get {object} -o json")).expect_ok().json()
    }
}

fn flags(pairs: &[(&str, &str)]) -> Vec<String> {
    pairs
        .iter()
        .map(|(name, value)| format!("--{name}={value}"))
        .collect()
}

fn random_token() -> String {
    let mut bytes = [0; 16];
    fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .expect("random bytes");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The API server's self-signed certificate stands in a file with its own CA.
fn kubeconfig(port: &str, ca: &str, token: &str) -> String {
    serde_json::json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": {
            "server": format!("https://127.0.0.1:{port}"),
            "certificate-authority": ca,
        }}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
        "current-context": "test",
    })
    .to_string()
}
