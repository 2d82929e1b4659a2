//! `aliasgate proxy`: requests for model aliases, routed by manifests.

use std::{
    env, fs,
    io::{self, Write as _},
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use tokio::{net::TcpListener, runtime, sync::watch};
use tracing::{info, warn};

use super::{
    Outcome,
    cluster::{self, Cluster},
    judging::Judging,
    serve::{self, Error},
};
use crate::{
    engine::Snapshot,
    proxy::{self, GATE, Proxy, Settings},
    sources::files::{self, Feed},
    telemetry::{self, Format, Health, Registry, Watches},
};

/// Route requests for models by manifests, with each alias replaced by its target.
///
/// Takes what OpenAI, Anthropic and Gemini clients send, and leaves every byte but the model as it is. Only resources
/// without errors are served; /readyz?verbose on the status address lists them.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files and folders with backends, policies, routes and Secrets
    #[arg(
        short = 'f',
        long = "filename",
        value_name = "PATH",
        required_unless_present = "watch"
    )]
    files: Vec<PathBuf>,
    #[command(flatten)]
    cluster: Cluster,
    /// Address and port for clients; port 0 takes a free one, which is printed
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Address and port of /healthz, /readyz and /metrics
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9901")]
    status_listen: SocketAddr,
    /// CA certificates to trust besides the public ones, PEM
    #[arg(long, value_name = "FILE")]
    upstream_ca: Option<PathBuf>,
    /// Largest request body, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = proxy::DEFAULT_MAX_BODY)]
    max_body: usize,
    /// Most requests at once; further ones get 503
    #[arg(long, value_name = "COUNT", default_value_t = proxy::DEFAULT_MAX_REQUESTS)]
    max_requests: usize,
    /// Seconds to wait for the head of a provider's answer
    #[arg(long, value_name = "SECONDS", default_value_t = proxy::DEFAULT_HEAD_TIMEOUT.as_secs())]
    response_timeout: u64,
    /// Seconds to go on serving after SIGTERM while /readyz says no already
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(..=MAX_SECONDS))]
    shutdown_delay: u64,
    /// Seconds that requests in flight may take to end after that
    #[arg(long, value_name = "SECONDS", default_value_t = proxy::DEFAULT_DRAIN.as_secs(), value_parser = clap::value_parser!(u64).range(..=MAX_SECONDS))]
    drain_timeout: u64,
    #[command(flatten)]
    reading: Reading,
    /// How log lines look: text or json
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    log_format: Format,
    /// What to log: a level, or a list of target=level [default: $RUST_LOG, or info]
    #[arg(long, value_name = "FILTER")]
    log_level: Option<String>,
}

/// Longest delay that can be asked for, in seconds.
const MAX_SECONDS: u64 = 3600;

/// How manifests are read.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Reading {
    #[command(flatten)]
    judging: Judging,
    /// Take what is written; without it, what the mutating webhook would store
    #[arg(long)]
    no_normalize: bool,
}

impl Reading {
    /// Whether resources count as the mutating webhook would store them.
    pub(super) const fn normalizes(&self) -> bool {
        !self.no_normalize
    }

    /// Snapshots of `paths`, Secrets included. What cannot be read is left out, and the log says so.
    pub(super) fn watch(&self, paths: &[PathBuf]) -> Result<watch::Receiver<Arc<Snapshot>>, Error> {
        let feed = Feed {
            paths: paths.to_vec(),
            secrets: true,
            base: self.judging.base(),
        };
        let (snapshots, errors) = files::watch(feed).map_err(Error::Start)?;
        for cause in &errors {
            warn!(%cause, "a manifest is left out");
        }
        Ok(snapshots)
    }
}

/// Serves until a signal says stop.
pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let filter = args.log_level.clone().or_else(|| env::var("RUST_LOG").ok());
    telemetry::init(args.log_format, filter.as_deref().unwrap_or("info")).map_err(Error::Log)?;
    let runtime = runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(Error::Start)?.block_on(serve(args))
}

async fn serve(args: &Args) -> Result<Outcome, Error> {
    let mut registry = telemetry::registry();
    let settings = Settings {
        max_body: args.max_body,
        max_requests: args.max_requests,
        head_timeout: Duration::from_secs(args.response_timeout),
        drain: Duration::from_secs(args.drain_timeout),
        extra_roots: args.upstream_ca.as_ref().map_or(Ok(Vec::new()), read)?,
        normalize: args.reading.normalizes(),
        stand_in: None,
        idle: args.cluster.watch,
    };
    let (proxy, health) = start(args, &settings, &mut registry).await?;
    let (listener, address) = bind(args.listen).await?;
    let (status, status_address) = bind(args.status_listen).await?;
    let stop = serve::stop(health.clone(), Duration::from_secs(args.shutdown_delay)).map_err(Error::Start)?;
    let routes = telemetry::routes(Arc::new(registry), health);
    // It answers until the very end, so that probes see the draining; it ends with the runtime.
    tokio::spawn(async move { axum::serve(status, routes).await });
    info!(%address, status = %status_address, version = env!("CARGO_PKG_VERSION"), "serving");
    // Whoever started us with port 0 reads the port here; nobody may be reading.
    let lines = format!("listening on http://{address}\nstatus on http://{status_address}\n");
    drop(io::stdout().write_all(lines.as_bytes()));
    proxy.serve(listener, stop).await;
    info!("stopped");
    Ok(Outcome::Clean)
}

/// The proxy of the files or of the cluster that the arguments name.
async fn start(args: &Args, settings: &Settings, registry: &mut Registry) -> Result<(Proxy, Health), Error> {
    if !args.cluster.watch {
        let health = Health::new(&[GATE]);
        let snapshots = args.reading.watch(&args.files)?;
        return Ok((
            Proxy::start(snapshots, settings, registry, health.clone())?,
            health,
        ));
    }
    let health = Health::new(&[cluster::GATE, GATE]);
    let client = cluster::client().await?;
    let watches = Watches::register(registry);
    let feed = args
        .cluster
        .feed(client, args.reading.judging.base(), watches, health.clone());
    let proxy = Proxy::start(feed.snapshots(), settings, registry, health.clone())?;
    tokio::spawn(feed.run(Some(proxy.secrets())));
    Ok((proxy, health))
}

fn read(path: &PathBuf) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|cause| Error::Read(path.clone(), cause))
}

/// A listener, and where it listens.
pub(super) async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let failed = |cause| Error::Listen(address, cause);
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}
