//! HTTPS over real sockets: certificates, their change, and the end of a server.
#![expect(clippy::unwrap_used, reason = "a failed helper fails its test")]

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use aliasgate::tls::{self, Certificates, Error, Limits, Source, Workers};
use axum::{Router, routing::get};
use http_body_util::{BodyExt, Empty};
use hyper::{Request, StatusCode, body::Bytes};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
    version::{TLS12, TLS13},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Notify, oneshot},
    task::JoinHandle,
    time,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Longest wait for a condition.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often the certificate's files are looked at in these tests.
const LOOK: Duration = Duration::from_millis(20);

/// A client configuration that trusts the CAs in these PEM files.
pub(crate) fn trusting(
    cas: &[PathBuf],
    versions: &[&'static SupportedProtocolVersion],
    alpn: &str,
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for ca in cas {
        roots
            .add(CertificateDer::from_pem_slice(&fs::read(ca).unwrap()).unwrap())
            .unwrap();
    }
    let mut config = ClientConfig::builder_with_provider(Arc::clone(tls::provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
    Arc::new(config)
}

/// What most tests use: TLS 1.3 and HTTP/1.1.
pub(crate) fn client(ca: &Path) -> Arc<ClientConfig> {
    trusting(&[ca.to_owned()], &[&TLS13], "http/1.1")
}

pub(crate) async fn connect(
    address: SocketAddr,
    config: &Arc<ClientConfig>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::clone(config)).connect(name, stream).await
}

/// Status and body of a request on a connection of its own.
pub(crate) async fn fetch(
    address: SocketAddr,
    config: &Arc<ClientConfig>,
    request: Request<String>,
) -> std::io::Result<(StatusCode, String)> {
    let stream = TokioIo::new(connect(address, config).await?);
    let failed = std::io::Error::other::<hyper::Error>;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream)
        .await
        .map_err(failed)?;
    tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(failed)?;
    let status = response.status();
    let body = response.into_body().collect().await.map_err(failed)?.to_bytes();
    Ok((status, String::from_utf8(body.to_vec()).unwrap()))
}

pub(crate) fn get_request(path: &str) -> Request<String> {
    Request::get(path)
        .header("host", "localhost")
        .body(String::new())
        .unwrap()
}

/// Waits until `done` is true.
pub(crate) async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !done().await {
            time::sleep(Duration::from_millis(5)).await;
        }
    };
    time::timeout(PATIENCE, wait).await.expect(what);
}

/// A server under test.
struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    done: JoinHandle<usize>,
    /// How often the files have been looked at.
    looks: Arc<AtomicUsize>,
}

impl Server {
    async fn start(source: Source, app: Router, limits: Limits) -> Self {
        let certificates = Certificates::load(source).unwrap();
        let config = certificates.server_config().unwrap();
        let looks = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&looks);
        tokio::spawn(certificates.watch(LOOK, move |_| {
            count.fetch_add(1, Ordering::SeqCst);
        }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let workers = Workers::start(2).unwrap();
        let done = tokio::spawn(tls::serve(listener, config, app, limits, workers, async move {
            drop(stopped.await)
        }));
        Self {
            address,
            stop,
            done,
            looks,
        }
    }

    async fn some_looks(&self) {
        let before = self.looks.load(Ordering::SeqCst);
        until("some looks", async || {
            self.looks.load(Ordering::SeqCst) > before + 3
        })
        .await;
    }

    /// Connections that were cut.
    async fn stop(self) -> usize {
        self.stop.send(()).unwrap();
        time::timeout(PATIENCE, self.done).await.unwrap().unwrap()
    }
}

fn hello() -> Router {
    Router::new().route("/", get(|| async { "hello" }))
}

fn made(dir: &Path) -> Source {
    Source::Made {
        dir: dir.to_owned(),
        names: vec!["localhost".to_owned()],
    }
}

/// A folder with a certificate in it.
fn made_dir() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    Certificates::load(made(dir.path())).unwrap();
    dir
}

fn files(dir: &Path) -> Source {
    Source::Files {
        cert: dir.join("tls.crt"),
        key: dir.join("tls.key"),
    }
}

/// Writes `ca.crt`, `tls.crt` and `tls.key` that expired an hour ago.
fn make_expired(dir: &Path) {
    let hour = Duration::from_secs(3600);
    let authority = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let own = ca.self_signed(&authority).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut leaf = CertificateParams::new(["localhost".to_owned()]).unwrap();
    leaf.not_before = (SystemTime::now() - 2 * hour).into();
    leaf.not_after = (SystemTime::now() - hour).into();
    let cert = leaf.signed_by(&key, &Issuer::new(ca, &authority)).unwrap();
    for (file, pem) in [
        ("ca.crt", own.pem()),
        ("tls.crt", cert.pem()),
        ("tls.key", key.serialize_pem()),
    ] {
        fs::write(dir.join(file), pem).unwrap();
    }
}

fn read(dir: &Path) -> [Vec<u8>; 4] {
    ["ca.crt", "ca.key", "tls.crt", "tls.key"].map(|file| fs::read(dir.join(file)).unwrap())
}

#[tokio::test]
async fn made_certificate_is_trusted_through_its_ca_in_every_protocol() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(made(dir.path()), hello(), Limits::default()).await;
    for version in [&TLS12, &TLS13] {
        let config = trusting(&[dir.path().join("ca.crt")], &[version], "http/1.1");
        let (status, body) = fetch(server.address, &config, get_request("/")).await.unwrap();
        assert_eq!((status, body.as_str()), (StatusCode::OK, "hello"));

        let config = trusting(&[dir.path().join("ca.crt")], &[version], "h2");
        let stream = TokioIo::new(connect(server.address, &config).await.unwrap());
        let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream)
            .await
            .unwrap();
        tokio::spawn(connection);
        let request = Request::get("https://localhost/")
            .body(Empty::<Bytes>::new())
            .unwrap();
        assert_eq!(
            sender.send_request(request).await.unwrap().status(),
            StatusCode::OK
        );
    }
    let stranger = made_dir();
    assert!(
        connect(server.address, &client(&stranger.path().join("ca.crt")))
            .await
            .is_err()
    );
    server.stop().await;
}

#[test]
fn made_keys_are_for_the_owner_only() {
    let dir = made_dir();
    for (file, wanted) in [
        ("ca.key", 0o600),
        ("tls.key", 0o600),
        ("ca.crt", 0o644),
        ("tls.crt", 0o644),
    ] {
        let mode = fs::metadata(dir.path().join(file)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, wanted, "{file}");
    }
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        4,
        "nothing else is left behind"
    );
}

#[test]
fn made_certificate_outlives_a_restart() {
    let dir = made_dir();
    let before = read(dir.path());
    Certificates::load(made(dir.path())).unwrap();
    assert_eq!(read(dir.path()), before);
}

#[test]
fn other_names_renew_the_certificate_under_the_same_ca() {
    let dir = made_dir();
    let [ca, ca_key, cert, key] = read(dir.path());
    let names = ["aliasgate.aliasgate-system.svc", "::1", "localhost"]
        .map(str::to_owned)
        .to_vec();
    let source = Source::Made {
        dir: dir.path().to_owned(),
        names,
    };
    Certificates::load(source.clone()).unwrap();
    let after = read(dir.path());
    assert_eq!([&after[0], &after[1]], [&ca, &ca_key]);
    assert_ne!([&after[2], &after[3]], [&cert, &key]);
    Certificates::load(source).unwrap();
    assert_eq!(read(dir.path()), after);
}

#[test]
fn missing_half_is_made_again() {
    for file in ["ca.crt", "ca.key", "tls.crt", "tls.key"] {
        let dir = made_dir();
        fs::remove_file(dir.path().join(file)).unwrap();
        Certificates::load(made(dir.path())).unwrap();
        assert!(dir.path().join(file).exists());
    }
}

#[test]
fn certificate_of_another_ca_is_made_again() {
    let (dir, other) = (made_dir(), made_dir());
    for file in ["ca.crt", "ca.key"] {
        fs::copy(other.path().join(file), dir.path().join(file)).unwrap();
    }
    let before = read(dir.path());
    Certificates::load(made(dir.path())).unwrap();
    let after = read(dir.path());
    assert_eq!(after[..2], before[..2]);
    assert_ne!(after[2..], before[2..]);
}

#[test]
fn files_of_others_are_never_overwritten() {
    for file in ["ca.crt", "ca.key", "tls.crt", "tls.key"] {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(file), "mine").unwrap();
        let error = Certificates::load(made(dir.path())).err().unwrap();
        assert!(
            matches!(&error, Error::NotOurs(path) if path.ends_with(file)),
            "{error}"
        );
        assert_eq!(fs::read_to_string(dir.path().join(file)).unwrap(), "mine");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}

#[test]
fn first_pair_must_be_usable() {
    let (dir, other) = (made_dir(), made_dir());
    let load = |cert: PathBuf, key: PathBuf| {
        Certificates::load(Source::Files { cert, key })
            .err()
            .unwrap()
            .to_string()
    };
    let at = |file: &str| dir.path().join(file);
    assert!(load(at("none.crt"), at("tls.key")).starts_with("cannot read "));
    assert!(load(at("tls.key"), at("tls.key")).ends_with("tls.key: it holds no certificate"));
    assert!(load(at("tls.crt"), at("ca.crt")).ends_with("ca.crt: it holds no private key in PEM"));
    assert!(load(at("tls.crt"), other.path().join("tls.key")).contains(" with "));
    fs::write(at("long.crt"), vec![b'#'; 1024 * 1024 + 1]).unwrap();
    assert!(load(at("long.crt"), at("tls.key")).starts_with("cannot read "));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn swapped_link_is_seen_and_no_handshake_fails() {
    let (old, new) = (made_dir(), made_dir());
    let mount = tempfile::tempdir().unwrap();
    // As the kubelet mounts a Secret: files are links into a folder that is itself a link, swapped by a rename.
    let data = mount.path().join("..data");
    symlink(old.path(), &data).unwrap();
    for file in ["tls.crt", "tls.key"] {
        symlink(Path::new("..data").join(file), mount.path().join(file)).unwrap();
    }
    let server = Server::start(files(mount.path()), hello(), Limits::default()).await;
    let both = trusting(
        &[old.path().join("ca.crt"), new.path().join("ca.crt")],
        &[&TLS13],
        "http/1.1",
    );
    let (stop, handshakes) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let address = server.address;
    let load: Vec<_> = (0..4)
        .map(|_| {
            let (both, stop, handshakes) = (Arc::clone(&both), Arc::clone(&stop), Arc::clone(&handshakes));
            tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    let (status, _) = fetch(address, &both, get_request("/")).await.unwrap();
                    assert_eq!(status, StatusCode::OK);
                    handshakes.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    for (from, to) in [(&old, &new), (&new, &old), (&old, &new)] {
        let before = handshakes.load(Ordering::SeqCst);
        until("load", async || handshakes.load(Ordering::SeqCst) > before + 20).await;
        symlink(to.path(), mount.path().join("..tmp")).unwrap();
        fs::rename(mount.path().join("..tmp"), &data).unwrap();
        let (wanted, gone) = (
            client(&to.path().join("ca.crt")),
            client(&from.path().join("ca.crt")),
        );
        until("the new certificate", async || {
            connect(address, &wanted).await.is_ok()
        })
        .await;
        assert!(connect(address, &gone).await.is_err());
    }
    stop.store(true, Ordering::SeqCst);
    for task in load {
        task.await.unwrap();
    }
    assert_eq!(server.stop().await, 0);
}

#[tokio::test]
async fn pair_that_does_not_fit_is_kept_out_until_it_does() {
    let (dir, new) = (made_dir(), made_dir());
    let (old_ca, new_ca) = (
        client(&dir.path().join("ca.crt")),
        client(&new.path().join("ca.crt")),
    );
    let server = Server::start(files(dir.path()), hello(), Limits::default()).await;
    let put = |file: &str| fs::copy(new.path().join(file), dir.path().join(file)).unwrap();
    put("tls.crt");
    server.some_looks().await;
    assert!(connect(server.address, &old_ca).await.is_ok());
    fs::write(dir.path().join("tls.crt"), "broken").unwrap();
    server.some_looks().await;
    assert!(connect(server.address, &old_ca).await.is_ok());
    fs::remove_file(dir.path().join("tls.crt")).unwrap();
    server.some_looks().await;
    assert!(connect(server.address, &old_ca).await.is_ok());
    put("tls.crt");
    put("tls.key");
    until("the new certificate", async || {
        connect(server.address, &new_ca).await.is_ok()
    })
    .await;
    assert!(connect(server.address, &old_ca).await.is_err());
    server.stop().await;
}

#[tokio::test]
async fn expired_certificate_is_told_and_never_replaces_a_good_one() {
    let expired = tempfile::tempdir().unwrap();
    make_expired(expired.path());
    let certificates = Certificates::load(files(expired.path())).unwrap();
    assert!(certificates.expired());
    assert!(certificates.not_after() > 0);
    let server = Server::start(files(expired.path()), hello(), Limits::default()).await;
    let refused = connect(server.address, &client(&expired.path().join("ca.crt")))
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("expired"), "{refused}");

    // From bad to good it is taken up without a restart, but not back.
    let good = made_dir();
    let put = |from: &Path| {
        for file in ["tls.key", "tls.crt"] {
            fs::copy(from.join(file), expired.path().join(file)).unwrap();
        }
    };
    let again = tempfile::tempdir().unwrap();
    make_expired(again.path());
    put(good.path());
    let trusted = client(&good.path().join("ca.crt"));
    until("the good certificate", async || {
        connect(server.address, &trusted).await.is_ok()
    })
    .await;
    put(again.path());
    server.some_looks().await;
    assert!(connect(server.address, &trusted).await.is_ok());
    server.stop().await;
}

/// A path that answers when it is told to, and how many wait for it.
fn slow() -> (Router, Arc<Notify>, Arc<AtomicUsize>) {
    let (go, waiting) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let (told, count) = (Arc::clone(&go), Arc::clone(&waiting));
    let wait = move || async move {
        let notified = told.notified();
        count.fetch_add(1, Ordering::SeqCst);
        notified.await;
        "done"
    };
    (hello().route("/slow", get(wait)), go, waiting)
}

#[tokio::test]
async fn requests_in_flight_end_before_the_server_does() {
    let dir = made_dir();
    let config = client(&dir.path().join("ca.crt"));
    let (app, go, waiting) = slow();
    let server = Server::start(files(dir.path()), app, Limits::default()).await;
    let address = server.address;
    let requests: Vec<_> = (0..8)
        .map(|_| {
            let config = Arc::clone(&config);
            tokio::spawn(async move { fetch(address, &config, get_request("/slow")).await.unwrap() })
        })
        .collect();
    until("all requests", async || waiting.load(Ordering::SeqCst) == 8).await;
    // These two have connected, but not asked yet: one has not even begun its handshake.
    let mut silent = TokioIo::new(connect(address, &config).await.unwrap());
    let raw = TcpStream::connect(address).await.unwrap();
    let Server { stop, done, .. } = server;
    stop.send(()).unwrap();
    until("a closed port", async || {
        TcpStream::connect(address).await.is_err()
    })
    .await;
    assert!(!done.is_finished());

    silent
        .inner_mut()
        .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    silent.inner_mut().read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("hello"),
        "{answer}"
    );

    let name = ServerName::try_from("localhost").unwrap();
    let mut late = TlsConnector::from(Arc::clone(&config))
        .connect(name, raw)
        .await
        .unwrap();
    late.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    late.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("hello"), "{answer}");

    go.notify_waiters();
    for request in requests {
        assert_eq!(request.await.unwrap(), (StatusCode::OK, "done".to_owned()));
    }
    assert_eq!(time::timeout(PATIENCE, done).await.unwrap().unwrap(), 0);
}

#[tokio::test]
async fn idle_connections_do_not_hold_up_the_end() {
    let dir = made_dir();
    let server = Server::start(files(dir.path()), hello(), Limits::default()).await;
    let mut stream = connect(server.address, &client(&dir.path().join("ca.crt")))
        .await
        .unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut seen = Vec::new();
    while !seen.ends_with(b"hello") {
        assert!(stream.read_buf(&mut seen).await.unwrap() > 0);
    }
    assert_eq!(server.stop().await, 0);
    assert_eq!(stream.read_buf(&mut seen).await.unwrap(), 0);
}

#[tokio::test]
async fn request_without_end_is_cut_at_the_deadline() {
    let dir = made_dir();
    let (app, _go, waiting) = slow();
    let limits = Limits {
        drain: Duration::from_millis(50),
        ..Limits::default()
    };
    let server = Server::start(files(dir.path()), app, limits).await;
    let (address, config) = (server.address, client(&dir.path().join("ca.crt")));
    let request = tokio::spawn(async move { fetch(address, &config, get_request("/slow")).await });
    until("the request", async || waiting.load(Ordering::SeqCst) == 1).await;
    assert_eq!(server.stop().await, 1);
    assert!(request.await.unwrap().is_err());
}

#[tokio::test]
async fn connection_without_a_handshake_or_request_is_closed() {
    let dir = made_dir();
    let soon = Duration::from_millis(50);
    let limits = Limits {
        handshake: soon,
        idle: soon,
        ..Limits::default()
    };
    let server = Server::start(files(dir.path()), hello(), limits).await;
    let mut mute = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(
        time::timeout(PATIENCE, mute.read(&mut [0; 8]))
            .await
            .unwrap()
            .unwrap(),
        0
    );
    let mut plain = TcpStream::connect(server.address).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    drop(
        time::timeout(PATIENCE, plain.read_to_end(&mut answer))
            .await
            .unwrap(),
    );
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    let mut idle = connect(server.address, &client(&dir.path().join("ca.crt")))
        .await
        .unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nho").await.unwrap();
    let mut answer = Vec::new();
    drop(
        time::timeout(PATIENCE, idle.read_to_end(&mut answer))
            .await
            .unwrap(),
    );
    assert!(!answer.starts_with(b"HTTP/1.1 2"), "{answer:?}");
    server.stop().await;
}

#[tokio::test]
async fn further_connections_wait_for_a_place() {
    let dir = made_dir();
    let limits = Limits {
        connections: 1,
        ..Limits::default()
    };
    let server = Server::start(files(dir.path()), hello(), limits).await;
    let config = client(&dir.path().join("ca.crt"));
    let first = connect(server.address, &config).await.unwrap();
    let address = server.address;
    let second = tokio::spawn(async move { fetch(address, &config, get_request("/")).await.unwrap() });
    server.some_looks().await;
    assert!(!second.is_finished());
    drop(first);
    assert_eq!(second.await.unwrap().0, StatusCode::OK);
    server.stop().await;
}
