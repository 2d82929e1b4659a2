//! Certificates that two replicas share in a Secret, with the rights of the manifests and no others.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use aliasgate::tls;
use k8s_openapi::ByteString;
use rustls::{
    ClientConfig, ClientConnection, ConfigBuilder, DigitallySignedStruct, RootCertStore, SignatureScheme,
    StreamOwned, WantsVerifier,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    Test, World,
    cluster::{Cluster, Namespace},
    process::{Process, free_port, wait_for},
    webhook::{backend, documents},
};

#[rustfmt::skip]
pub(crate) const TESTS: &[Test] = &[
    ("replicas_that_start_at_once_share_one_ca", replicas_that_start_at_once_share_one_ca),
    ("no_admission_fails_while_certificates_rotate", no_admission_fails_while_certificates_rotate),
    ("no_admission_fails_while_short_lives_end", no_admission_fails_while_short_lives_end),
    ("configurations_that_lost_their_ca_get_it_back", configurations_that_lost_their_ca_get_it_back),
    ("rights_that_are_missing_are_told_and_waited_for", rights_that_are_missing_are_told_and_waited_for),
    ("a_renewal_that_fails_is_told_once", a_renewal_that_fails_is_told_once),
];

/// The Secret of the manifests.
const SECRET: &str = "aliasgate-webhook-tls";
/// The ServiceAccount of the manifests.
const ACCOUNT: &str = "aliasgate-webhook";
/// API servers may go on with a `caBundle` for nearly as long as certificates of a new CA are held back.
const LATE: Duration = Duration::from_secs(8);
/// Threads that write.
const WRITERS: usize = 3;
/// Their pause between two writes: there are other tests on this machine.
const PAUSE: Duration = Duration::from_millis(20);

/// Two replicas in a namespace of their own, and the registration of both.
struct Pair<'a> {
    namespace: Namespace<'a>,
    cluster: &'a Cluster,
    config: PathBuf,
    ports: [u16; 2],
    flags: Vec<String>,
    dir: TempDir,
    replicas: Vec<Process>,
    _proxy: Process,
    /// The API without TLS.
    api: u16,
}

impl<'a> Pair<'a> {
    /// Neither is started or registered yet.
    fn new(cluster: &'a Cluster, name: &str, flags: &[&str]) -> Self {
        let namespace = cluster.namespace(name);
        cluster.apply(
            &json!({
                "apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": {"name": ACCOUNT, "namespace": namespace.name},
            })
            .to_string(),
        );
        let config = cluster.kubeconfig_of(&namespace.name, ACCOUNT);
        let (proxy, api) = cluster.proxy();
        Self {
            cluster,
            config,
            ports: [free_port(), free_port()],
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            dir: tempfile::tempdir().expect("a folder for logs"),
            replicas: Vec::new(),
            _proxy: proxy,
            api,
            namespace,
        }
    }

    /// The rights of the manifests, for this namespace and these configurations.
    fn grant(&self) {
        for mut object in documents(self.cluster, "manifests/base/rbac-webhook.yaml") {
            if !["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"]
                .contains(&object["kind"].as_str().expect("a kind"))
            {
                continue;
            }
            if object["metadata"]["namespace"].is_null() {
                for pointer in ["/metadata/name", "/roleRef/name"] {
                    if let Some(name) = object.pointer_mut(pointer) {
                        *name = format!("{}-{}", self.name(), name.as_str().expect("a name")).into();
                    }
                }
            } else {
                object["metadata"]["namespace"] = self.namespace.name.clone().into();
            }
            for subject in object["subjects"].as_array_mut().into_iter().flatten() {
                subject["namespace"] = self.namespace.name.clone().into();
            }
            for rule in object["rules"].as_array_mut().into_iter().flatten() {
                if rule["resourceNames"] == json!(["aliasgate"]) {
                    rule["resourceNames"] = json!([self.name()]);
                }
            }
            self.cluster.apply(&object.to_string());
        }
    }

    /// The name of both configurations.
    fn name(&self) -> String {
        format!("aliasgate-{}", self.namespace.name)
    }

    /// Registers both replicas in both configurations, without a CA.
    fn register(&self) {
        for mut configuration in documents(self.cluster, "manifests/base/webhooks.yaml") {
            configuration["metadata"]["name"] = self.name().into();
            let webhook = configuration["webhooks"][0].clone();
            let of = |(place, port): (usize, &u16)| {
                let mut webhook = webhook.clone();
                let path = webhook["clientConfig"]["service"]["path"]
                    .as_str()
                    .expect("a path");
                webhook["clientConfig"] = json!({"url": format!("https://127.0.0.1:{port}{path}")});
                let name = webhook["name"].as_str().expect("a name");
                webhook["name"] = format!("replica-{place}.{name}").into();
                webhook["timeoutSeconds"] = 30.into();
                webhook["namespaceSelector"] =
                    json!({"matchLabels": {"kubernetes.io/metadata.name": self.namespace.name}});
                webhook
            };
            configuration["webhooks"] = self.ports.iter().enumerate().map(of).collect();
            self.cluster.apply(&configuration.to_string());
        }
    }

    /// Starts both at once.
    fn start(&mut self) {
        for (place, port) in self.ports.into_iter().enumerate() {
            let mut args = vec![
                format!("KUBECONFIG={}", self.config.display()),
                env!("CARGO_BIN_EXE_aliasgate").to_owned(),
                "serve".to_owned(),
                format!("--listen=127.0.0.1:{port}"),
                format!("--tls-secret={}/{SECRET}", self.namespace.name),
                format!("--webhook-configuration={}", self.name()),
                "--dns-name=127.0.0.1".to_owned(),
                "--shutdown-delay=0".to_owned(),
                "--as-of=2026-11-23".to_owned(),
            ];
            args.extend(self.flags.iter().cloned());
            let log = self.dir.path().join(format!("{place}.log"));
            self.replicas.push(Process::start(Path::new("env"), &args, log));
        }
    }

    /// Starts both with their rights and registration, and waits until they answer.
    fn ready(mut self) -> Self {
        self.grant();
        self.register();
        self.start();
        self.wait_until_admitted();
        self
    }

    fn wait_until_admitted(&mut self) {
        let (api, namespace) = (self.api, self.namespace.name.clone());
        wait_for("an admission by both replicas", || {
            self.replicas.iter_mut().for_each(Process::expect_alive);
            admit(api, &namespace).map_err(|said| format!("{said}\n{}", self.logs()))
        });
    }

    fn logs(&self) -> String {
        self.replicas.iter().map(Process::log).collect()
    }

    /// How often the replicas said this.
    fn said(&self, what: &str) -> usize {
        self.logs().matches(what).count()
    }

    fn secret(&self) -> Option<Value> {
        let path = format!("/api/v1/namespaces/{}/secrets/{SECRET}", self.namespace.name);
        get(self.api, &path)
    }

    /// An entry of the Secret.
    fn entry(&self, key: &str) -> String {
        self.secret()
            .and_then(|secret| text(&secret["data"][key]))
            .unwrap_or_default()
    }

    fn bundles(&self) -> Vec<String> {
        bundles(self.api, &self.name())
    }

    /// The Events on the Secret with this reason.
    fn events(&self, reason: &str) -> usize {
        let path = format!("/apis/events.k8s.io/v1/namespaces/{}/events", self.namespace.name);
        let events = get(self.api, &path).expect("a list");
        let items = events["items"].as_array().expect("a list");
        items
            .iter()
            .filter(|event| event["reason"] == reason && event["regarding"]["name"] == SECRET)
            .count()
    }

    /// An Event is written after what it tells of.
    fn wait_for_events(&self, reason: &str, count: usize) {
        wait_for("Events", || match self.events(reason) {
            found if found == count => Ok(()),
            found => Err(format!("{found} of {reason}, not {count}\n{}", self.logs())),
        });
    }

    /// Changes the Secret by kubectl and waits until another certificate is in use, which is of the newest CA.
    fn after(&self, what: &str, change: &[&str]) {
        let (ca, leaf) = (self.entry("ca.crt"), self.entry("tls.crt"));
        self.namespace.run(change, &[]).expect_ok();
        wait_for(what, || {
            let secret = self.secret().ok_or("there is no Secret")?;
            let entry = |key: &str| text(&secret["data"][key]).unwrap_or_default();
            let same_ca = entry("ca.crt") == ca;
            let asked = &secret["metadata"]["annotations"]["aliasgate.dev/rotate"];
            let done = entry("tls.crt") != leaf
                && asked.is_null()
                && same_ca == (what == "a new certificate")
                && serves(self.ports, &entry("ca.crt"), &entry("tls.crt"));
            if done {
                Ok(())
            } else {
                Err(format!("same CA: {same_ca}, asked: {asked}\n{}", self.logs()))
            }
        });
    }
}

fn replicas_that_start_at_once_share_one_ca(world: &World) {
    let pair = Pair::new(&world.cluster, "shared", &[]).ready();
    let ca = pair.entry("ca.crt");
    assert_eq!(ca.matches("BEGIN CERTIFICATE").count(), 1, "{ca}");
    assert_eq!(pair.bundles(), vec![ca.clone(); 4]);
    wait_for("both replicas to serve one certificate", || {
        serves(pair.ports, &ca, &pair.entry("tls.crt"))
            .then_some(())
            .ok_or_else(|| pair.logs())
    });
    assert_eq!(pair.said("a new CA is announced"), 1, "{}", pair.logs());
    assert_eq!(pair.said("a new certificate is made"), 1, "{}", pair.logs());
    pair.wait_for_events("CAAnnounced", 1);
    pair.wait_for_events("CertificateRenewed", 1);
    let secret = pair.secret().expect("it is there");
    assert_eq!(secret["type"], "Opaque");
    assert!(!pair.logs().contains("PRIVATE"), "{}", pair.logs());
    assert_eq!(pair.said("cannot keep the certificate"), 0, "{}", pair.logs());
    for port in pair.ports {
        let metrics = fetch(port, &ca, "/metrics");
        let ends = |name: &str| {
            let line = metrics.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|value| value.trim_start_matches("{}").trim().parse::<f64>().ok())
                .expect(&metrics)
        };
        let leaf = ends("aliasgate_certificate_expiry_timestamp_seconds");
        let authority = ends("aliasgate_ca_expiry_timestamp_seconds");
        assert!(
            (authority - leaf - (3.0 * 365.0 - 90.0) * 86_400.0).abs() < 60.0,
            "{metrics}"
        );
    }
}

fn no_admission_fails_while_certificates_rotate(world: &World) {
    let pair = Pair::new(&world.cluster, "rotated", &[]).ready();
    let stream = Stream::start(&pair);
    let annotate = |what: &'static str| ["annotate", "secret", SECRET, what];
    pair.after("a new certificate", &annotate("aliasgate.dev/rotate=leaf"));
    pair.after("a new CA", &annotate("aliasgate.dev/rotate=ca"));
    assert_eq!(pair.entry("ca.crt").matches("BEGIN CERTIFICATE").count(), 2);
    pair.after("a new Secret", &["delete", "secret", SECRET]);
    let corrupt = r#"{"data":{"ca.key":"bm9uc2Vuc2U="}}"#;
    pair.after(
        "a healed Secret",
        &["patch", "secret", SECRET, "--patch", corrupt],
    );
    stream.stop();
    assert!(pair.said("the Secret of the certificate is not as it should be") > 0);
    pair.wait_for_events("CAAnnounced", 4);
    pair.wait_for_events("CertificateRenewed", 5);
    assert!(!pair.logs().contains("PRIVATE"), "{}", pair.logs());
}

fn no_admission_fails_while_short_lives_end(world: &World) {
    let flags = ["--cert-life=20s", "--ca-life=40s"];
    let pair = Pair::new(&world.cluster, "short", &flags).ready();
    let first = pair.entry("ca.crt");
    let stream = Stream::start(&pair);
    // One more than the CA that is there from the start, and what came of it.
    wait_for("a CA and certificates that end", || {
        let (cas, leaves) = (
            pair.said("a new CA is announced"),
            pair.said("a new certificate is made"),
        );
        if cas >= 2
            && leaves >= 5
            && !pair.entry("ca.crt").contains(&first)
            && pair.bundles()[0] == pair.entry("ca.crt")
        {
            Ok(())
        } else {
            Err(format!("{cas} CAs, {leaves} certificates\n{}", pair.logs()))
        }
    });
    stream.stop();
}

fn configurations_that_lost_their_ca_get_it_back(world: &World) {
    let mut pair = Pair::new(&world.cluster, "lost", &[]);
    pair.grant();
    pair.start();
    let readyz = |pair: &Pair<'_>| {
        let ca = pair.entry("ca.crt");
        match ca.is_empty() {
            true => String::new(),
            false => fetch(pair.ports[0], &ca, "/readyz?verbose"),
        }
    };
    let missing = format!("ValidatingWebhookConfiguration {} is missing", pair.name());
    wait_for("a replica that is ready without configurations", || {
        let said = readyz(&pair);
        let ready = said.contains("readyz check passed") && said.contains(&missing);
        ready.then_some(()).ok_or(said + &pair.logs())
    });
    pair.register();
    pair.wait_until_admitted();
    let right = pair.bundles();
    let wipe = r#"[{"op":"remove","path":"/webhooks/1/clientConfig/caBundle"}]"#;
    let foreign = json!([{"op": "replace", "path": "/webhooks/0/clientConfig/caBundle",
        "value": ByteString(crate::certs::Authority::new().pem().as_bytes().to_vec())}])
    .to_string();
    for (kind, patch) in [
        ("validatingwebhookconfiguration", wipe),
        ("mutatingwebhookconfiguration", wipe),
        ("mutatingwebhookconfiguration", foreign.as_str()),
    ] {
        let args = ["patch", kind, &pair.name(), "--type=json", "--patch", patch];
        world.cluster.kubectl(&args).expect_ok();
        wait_for("the CA in every caBundle", || {
            (pair.bundles() == right).then_some(()).ok_or_else(|| pair.logs())
        });
        pair.wait_until_admitted();
    }
    let both = "validatingwebhookconfigurations,mutatingwebhookconfigurations";
    world.cluster.kubectl(&["delete", both, &pair.name()]).expect_ok();
    wait_for("the loss to be told", || {
        let said = readyz(&pair);
        let told = said.contains("readyz check passed") && said.contains(&missing);
        told.then_some(()).ok_or(said)
    });
    pair.register();
    pair.wait_until_admitted();
    assert_eq!(pair.bundles(), right);
    assert_eq!(pair.said("a new CA is announced"), 1, "{}", pair.logs());
}

fn rights_that_are_missing_are_told_and_waited_for(world: &World) {
    let mut pair = Pair::new(&world.cluster, "rightless", &[]);
    pair.register();
    pair.start();
    wait_for("the reason in a probe's answer", || {
        let said = probe(pair.ports[0], "/readyz");
        let told = said.contains("[-]certificate failed: there is none yet")
            && said.contains(&format!("secrets \"{SECRET}\" is forbidden"));
        told.then_some(()).ok_or(said + &pair.logs())
    });
    pair.grant();
    pair.wait_until_admitted();
}

fn a_renewal_that_fails_is_told_once(world: &World) {
    let mut pair = Pair::new(&world.cluster, "failing", &["--cert-life=20s", "--ca-life=1h"]).ready();
    let ca = pair.entry("ca.crt");
    pair.namespace
        .kubectl("delete rolebinding aliasgate-webhook")
        .expect_ok();
    wait_for("an expired certificate", || {
        let said = probe(pair.ports[0], "/readyz") + &probe(pair.ports[1], "/readyz");
        match said
            .matches("[-]certificate failed: it has expired: cannot read Secret")
            .count()
        {
            2 => Ok(()),
            _ => Err(said),
        }
    });
    pair.wait_for_events("CertificateExpiring", 1);
    pair.grant();
    pair.wait_until_admitted();
    assert_eq!(pair.entry("ca.crt"), ca, "the CA holds");
}

/// Writes that never stop, and handshakes with both replicas by what an API server may know.
struct Stream {
    stop: Arc<AtomicBool>,
    admitted: Arc<AtomicUsize>,
    threads: Vec<thread::JoinHandle<Vec<String>>>,
}

impl Stream {
    fn start(pair: &Pair<'_>) -> Self {
        let (stop, admitted) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut threads = Vec::new();
        for _ in 0..WRITERS {
            let (stop, admitted) = (Arc::clone(&stop), Arc::clone(&admitted));
            let (api, namespace) = (pair.api, pair.namespace.name.clone());
            threads.push(thread::spawn(move || {
                let mut failures = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    failures.extend(admit(api, &namespace).err());
                    admitted.fetch_add(1, Ordering::Relaxed);
                    thread::sleep(PAUSE);
                }
                failures
            }));
        }
        let (api, name, ports, stopped) = (pair.api, pair.name(), pair.ports, Arc::clone(&stop));
        threads.push(thread::spawn(move || {
            let (mut failures, mut known) = (Vec::new(), Vec::new());
            while !stopped.load(Ordering::Relaxed) {
                known.extend(bundles(api, &name).pop().map(|bundle| (Instant::now(), bundle)));
                known.retain(|(at, _)| at.elapsed() < LATE);
                for (at, bundle) in known.first().into_iter().chain(known.last()) {
                    for port in ports {
                        if let Err(why) = handshake(port, bundle) {
                            failures.push(format!("{port}, {:?} late: {why}", at.elapsed()));
                        }
                    }
                }
                thread::sleep(PAUSE);
            }
            failures
        }));
        Self {
            stop,
            admitted,
            threads,
        }
    }

    /// Ends it, and fails the test when anything failed.
    fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        let ends = self.threads.into_iter().map(thread::JoinHandle::join);
        let failures: Vec<_> = ends.flat_map(|failures| failures.expect("no panic")).collect();
        let admitted = self.admitted.load(Ordering::Relaxed);
        assert!(admitted > 100, "only {admitted} admissions");
        assert!(
            failures.is_empty(),
            "{} of {admitted}: {:#?}",
            failures.len(),
            &failures[..failures.len().min(5)]
        );
    }
}

/// Creates a backend in a dry run, which both webhooks of both replicas must let pass.
fn admit(api: u16, namespace: &str) -> Result<(), String> {
    let path =
        format!("/apis/agentgateway.dev/v1alpha1/namespaces/{namespace}/agentgatewaybackends?dryRun=All");
    let answer = http(api, "POST", &path, &backend("probe", &json!({"fast": "gpt-4o"})));
    if answer.starts_with("HTTP/1.0 201") || answer.starts_with("HTTP/1.1 201") {
        Ok(())
    } else {
        Err(answer)
    }
}

/// Every `caBundle` of both configurations of this name.
fn bundles(api: u16, name: &str) -> Vec<String> {
    let kinds = ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"];
    let of = |kind: &str| {
        let path = format!("/apis/admissionregistration.k8s.io/v1/{kind}/{name}");
        let found = get(api, &path).unwrap_or_default();
        let webhooks = found["webhooks"].as_array().cloned().unwrap_or_default();
        webhooks
            .into_iter()
            .map(|webhook| text(&webhook["clientConfig"]["caBundle"]).unwrap_or_default())
            .collect::<Vec<_>>()
    };
    kinds.into_iter().flat_map(of).collect()
}

/// Text in Base64.
fn text(value: &Value) -> Option<String> {
    let bytes: ByteString = serde_json::from_value(value.clone()).ok()?;
    String::from_utf8(bytes.0).ok()
}

fn get(api: u16, path: &str) -> Option<Value> {
    let answer = http(api, "GET", path, "");
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.contains(" 200 ")
        .then(|| serde_json::from_str(body).expect("JSON"))
}

/// The whole answer to a request without TLS.
fn http(port: u16, method: &str, path: &str, body: &str) -> String {
    let exchange = || {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        converse(&mut stream, method, path, body)
    };
    exchange().unwrap_or_else(|cause| cause.to_string())
}

fn converse(
    stream: &mut (impl Read + Write),
    method: &str,
    path: &str,
    body: &str,
) -> std::io::Result<String> {
    // HTTP/1.0, so that the end of the answer is the end of the connection.
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(cause) if answer.is_empty() => Err(cause),
        _ => Ok(String::from_utf8_lossy(&answer).into_owned()),
    }
}

type Connection = StreamOwned<ClientConnection, TcpStream>;

/// A handshake of a client that trusts these CAs.
fn handshake(port: u16, cas: &str) -> Result<Connection, String> {
    let mut roots = RootCertStore::empty();
    for ca in CertificateDer::pem_slice_iter(cas.as_bytes()) {
        roots.add(ca.expect("PEM")).expect("a CA");
    }
    let config = client().with_root_certificates(roots).with_no_client_auth();
    connect(port, config)
}

/// What a probe of the kubelet is answered, which trusts everyone.
fn probe(port: u16, path: &str) -> String {
    let trust = client()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Everyone));
    connect(port, trust.with_no_client_auth())
        .and_then(|mut stream| converse(&mut stream, "GET", path, "").map_err(|cause| cause.to_string()))
        .unwrap_or_else(|why| why)
}

fn client() -> ConfigBuilder<ClientConfig, WantsVerifier> {
    ClientConfig::builder_with_provider(Arc::clone(tls::provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
}

/// Whom a probe trusts.
#[derive(Debug)]
struct Everyone;

impl ServerCertVerifier for Everyone {
    fn verify_server_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _chain: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _leaf: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _leaf: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        tls::provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn connect(port: u16, config: ClientConfig) -> Result<Connection, String> {
    let name = ServerName::try_from("127.0.0.1").expect("an address");
    let connection = ClientConnection::new(Arc::new(config), name).expect("a client");
    let stream = TcpStream::connect(("127.0.0.1", port)).map_err(|cause| cause.to_string())?;
    let mut stream = StreamOwned::new(connection, stream);
    while stream.conn.is_handshaking() {
        stream
            .conn
            .complete_io(&mut stream.sock)
            .map_err(|cause| cause.to_string())?;
    }
    Ok(stream)
}

/// Whether both serve this certificate to whom trusts these CAs.
fn serves(ports: [u16; 2], cas: &str, leaf: &str) -> bool {
    let leaf = CertificateDer::from_pem_slice(leaf.as_bytes()).ok();
    ports.into_iter().all(|port| {
        let stream = handshake(port, cas).ok();
        let served = stream.and_then(|stream| stream.conn.peer_certificates()?.first().cloned());
        served.is_some() && served == leaf
    })
}

/// The answer of a replica to whom trusts these CAs.
fn fetch(port: u16, cas: &str, path: &str) -> String {
    handshake(port, cas)
        .and_then(|mut stream| converse(&mut stream, "GET", path, "").map_err(|cause| cause.to_string()))
        .unwrap_or_else(|why| why)
}
