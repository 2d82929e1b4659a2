//! `aliasgate serve`: the webhooks over HTTPS.

use std::{
    env,
    io::{self, Write as _},
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    thread,
    time::Duration,
};

use axum::http::StatusCode;
use jiff::tz::TimeZone;
use tokio::{
    net::TcpListener,
    runtime,
    signal::unix::{SignalKind, signal},
    sync::watch,
    time,
};
use tracing::{info, warn};

use super::{
    Outcome,
    audit::{self, Background},
    certificates,
    cluster::{self, Cluster},
    judging::Judging,
};
use crate::{
    admission, controller,
    engine::{Catalogs, Kind, Provider, Snapshot},
    proxy,
    sources::files::{self, Feed},
    telemetry::{self, Format, Gauges, Health, Registry, Watches},
    tls::{self, Limits, Workers},
};

/// Serve the admission webhooks over HTTPS.
///
/// /validate and /mutate take reviews of admission.k8s.io/v1; /healthz, /readyz and /metrics are on the same port.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Address and port; port 0 takes a free one, which is printed
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:8443")]
    listen: SocketAddr,
    #[command(flatten)]
    certificate: certificates::Flags,
    /// Files and folders with backends, policies and routes that count as being in the cluster
    #[arg(short = 'f', long = "filename", value_name = "PATH")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    cluster: Cluster,
    #[command(flatten)]
    background: Background,
    #[command(flatten)]
    judging: Judging,
    /// Seconds to go on serving after SIGTERM while /readyz says no already
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(..=MAX_DELAY))]
    shutdown_delay: u64,
    /// How log lines look: text or json
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    log_format: Format,
    /// What to log: a level, or a list of target=level [default: $RUST_LOG, or info]
    #[arg(long, value_name = "FILTER")]
    log_level: Option<String>,
}

/// Longest `--shutdown-delay`, in seconds.
const MAX_DELAY: u64 = 300;
/// Threads that answer requests, and as many that do all else: a decision takes microseconds, and each thread costs
/// memory.
const MAX_WORKERS: usize = 4;
/// What must be well before requests are taken.
const GATES: &[&str] = &[certificates::GATE, "catalogs", cluster::GATE];

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// Bad `--log-level`.
    #[error("{0}")]
    Log(String),
    /// No certificate.
    #[error(transparent)]
    Certificate(#[from] tls::Error),
    /// TLS does not take the certificate.
    #[error("cannot set up TLS")]
    Tls(#[from] rustls::Error),
    /// A CA that would expire with its certificates.
    #[error("--ca-life must be at least twice --cert-life, or certificates would outlive their CA")]
    Lives,
    /// The address is taken or not ours.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    /// Threads, signals.
    #[error("cannot start the server")]
    Start(#[source] io::Error),
    /// A file that a flag names.
    #[error("cannot read {0}")]
    Read(PathBuf, #[source] io::Error),
    /// A key that is not in the environment.
    #[error("the environment variable {0} that --key-env names is not set, empty or no text")]
    Key(String),
    /// No way to providers.
    #[error(transparent)]
    Proxy(#[from] proxy::Error),
    /// No way to a cluster.
    #[error(transparent)]
    Cluster(#[from] cluster::Error),
    /// No background.
    #[error(transparent)]
    Background(#[from] audit::Error),
}

/// Serves until a signal says stop.
pub(super) fn run(args: Args) -> Result<Outcome, Error> {
    let filter = args.log_level.clone().or_else(|| env::var("RUST_LOG").ok());
    telemetry::init(args.log_format, filter.as_deref().unwrap_or("info")).map_err(Error::Log)?;
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(workers())
        .enable_all()
        .build();
    runtime.map_err(Error::Start)?.block_on(serve(args))
}

fn workers() -> usize {
    thread::available_parallelism()
        .map_or(1, usize::from)
        .min(MAX_WORKERS)
}

async fn serve(args: Args) -> Result<Outcome, Error> {
    let health = Health::new(GATES);
    let mut registry = telemetry::registry();
    let gauges = Gauges::register(&mut registry);
    let metrics = admission::Metrics::register(&mut registry);

    let certificate = args.certificate.way()?;
    let client = match args.cluster.watch || certificate.needs_cluster() {
        true => Some(cluster::client().await?),
        false => None,
    };
    let certificate = certificate.begin(client.as_ref(), &health, &gauges)?;
    let snapshot = feed(&args, client.as_ref(), &mut registry, &health)?;
    report_catalogs(snapshot.borrow().catalogs(), &health, &gauges);
    report_snapshot(&snapshot.borrow(), &gauges);

    let listener = TcpListener::bind(args.listen)
        .await
        .map_err(|cause| Error::Listen(args.listen, cause))?;
    let address = listener
        .local_addr()
        .map_err(|cause| Error::Listen(args.listen, cause))?;
    let stop = stop(health.clone(), Duration::from_secs(args.shutdown_delay)).map_err(Error::Start)?;
    let app = admission::router(snapshot.clone(), metrics)
        .merge(telemetry::routes(Arc::new(registry), health.clone()))
        .fallback(not_found);
    let app = telemetry::parting(app, health.clone());
    let threads = Workers::start(workers()).map_err(Error::Start)?;

    tokio::spawn(follow(snapshot, health, gauges));
    info!(%address, version = env!("CARGO_PKG_VERSION"), "serving");
    // Whoever started us with port 0 reads the port here; nobody may be reading.
    drop(writeln!(io::stdout(), "listening on https://{address}"));

    match tls::serve(listener, certificate, app, Limits::default(), threads, stop).await {
        0 => info!("stopped"),
        cut => warn!(cut, "stopped; some connections had to be cut"),
    }
    Ok(Outcome::Clean)
}

/// Snapshots of the cluster, or of the files that the arguments name; with none, of the catalogs alone.
fn feed(
    args: &Args,
    client: Option<&kube::Client>,
    registry: &mut Registry,
    health: &Health,
) -> Result<watch::Receiver<Arc<Snapshot>>, Error> {
    if let Some(client) = client.filter(|_| args.cluster.watch) {
        let watches = Watches::register(registry);
        let counts = controller::Metrics::register(registry);
        let feed = args
            .cluster
            .feed(client.clone(), args.judging.base(), watches, health.clone());
        let snapshots = feed.snapshots();
        args.background.begin(client, &snapshots, &counts)?;
        tokio::spawn(feed.run(None));
        return Ok(snapshots);
    }
    let feed = Feed {
        paths: args.files.clone(),
        secrets: false,
        base: args.judging.base(),
    };
    let (snapshot, errors) = files::watch(feed).map_err(Error::Start)?;
    for cause in &errors {
        warn!(%cause, "a manifest is left out");
    }
    health.note(cluster::GATE, errors.iter().map(ToString::to_string).collect());
    health.open(cluster::GATE);
    Ok(snapshot)
}

fn report_catalogs(catalogs: &Catalogs, health: &Health, gauges: &Gauges) {
    let known: Vec<_> = Provider::all()
        .filter_map(|provider| catalogs.of(provider))
        .collect();
    for catalog in &known {
        if let Ok(day) = TimeZone::UTC.to_timestamp(catalog.as_of.at(0, 0, 0, 0)) {
            gauges.catalog(catalog.provider.as_str(), day.as_second());
        }
    }
    health.note(
        "catalogs",
        known
            .iter()
            .map(|catalog| format!("{} as of {}", catalog.provider, catalog.as_of))
            .collect(),
    );
    if known.is_empty() {
        health.close("catalogs", "there are none");
    } else {
        health.open("catalogs");
    }
}

fn report_snapshot(snapshot: &Snapshot, gauges: &Gauges) {
    let kinds = [Kind::Backend, Kind::Policy, Kind::HttpRoute];
    gauges.snapshot(kinds.into_iter().map(|kind| snapshot.all(kind).count()).sum());
}

async fn follow(mut snapshot: watch::Receiver<Arc<Snapshot>>, health: Health, gauges: Gauges) {
    while snapshot.changed().await.is_ok() {
        let now = Arc::clone(&snapshot.borrow_and_update());
        report_catalogs(now.catalogs(), &health, &gauges);
        report_snapshot(&now, &gauges);
    }
}

/// Completes when it is time to take no more connections: at once after SIGINT or a second signal, after `delay` when
/// SIGTERM came first, so that the Service stops sending requests before we stop taking them.
pub(super) fn stop(health: Health, delay: Duration) -> io::Result<impl Future<Output = ()> + Send> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        let patient = tokio::select! {
            _ = terminate.recv() => true,
            _ = interrupt.recv() => false,
        };
        health.drain();
        info!("about to stop");
        if patient {
            tokio::select! {
                () = time::sleep(delay) => {}
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
    })
}

async fn not_found() -> (StatusCode, &'static str) {
    (
        StatusCode::NOT_FOUND,
        "there are /validate, /mutate, /healthz, /readyz and /metrics\n",
    )
}
