//! `aliasgate stand-in`: a provider that answers like OpenAI's API, for trying things out and for tests.

use std::{
    env,
    io::{self, Write as _},
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use tokio::{runtime, sync::watch};
use tracing::{info, warn};

use super::{
    Outcome, proxy,
    serve::{self, Error},
};
use crate::{
    engine::Snapshot,
    proxy::standin::StandIn,
    sources::builtin,
    telemetry::{self, Format, Health},
    tls::{self, Certificates, Limits, Source, Workers},
};

/// Serve a stand-in provider, which answers like OpenAI's API.
///
/// It knows the models of the built-in catalogs and always says the same. With a certificate it speaks HTTPS, else HTTP.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Address and port; port 0 takes a free one, which is printed
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Certificate chain, PEM; taken up again when its content changes
    #[arg(long, value_name = "FILE", requires = "tls_key", conflicts_with = "cert_dir")]
    tls_cert: Option<PathBuf>,
    /// Key of the certificate, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Make the certificate in this folder, and keep it fresh
    #[arg(long, value_name = "DIR")]
    cert_dir: Option<PathBuf>,
    /// DNS name or IP address of the made certificate; may be repeated
    #[arg(long = "dns-name", value_name = "NAME", requires = "cert_dir", default_values = ["localhost", "127.0.0.1", "::1"])]
    dns_names: Vec<String>,
    /// Environment variable with the only key that is let in [default: everybody is]
    #[arg(long, value_name = "NAME")]
    key_env: Option<String>,
    /// Pause before each event of a stream
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=MAX_CHUNK_DELAY))]
    chunk_delay: u64,
    /// What to log: a level, or a list of target=level [default: $RUST_LOG, or info]
    #[arg(long, value_name = "FILTER")]
    log_level: Option<String>,
}

/// Longest `--chunk-delay`, in milliseconds.
const MAX_CHUNK_DELAY: u64 = 60_000;
/// Longest time for requests in flight after the signal to stop.
const DRAIN: Duration = Duration::from_secs(30);
/// How often the certificate's files are looked at.
const LOOK: Duration = Duration::from_secs(2);

/// Serves until a signal says stop.
pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let filter = args.log_level.clone().or_else(|| env::var("RUST_LOG").ok());
    telemetry::init(Format::Text, filter.as_deref().unwrap_or("info")).map_err(Error::Log)?;
    let runtime = runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(Error::Start)?.block_on(serve(args))
}

async fn serve(args: &Args) -> Result<Outcome, Error> {
    let catalogs = Snapshot::build(Arc::new(builtin::catalogs()), [], super::today());
    let (_unchanging, snapshots) = watch::channel(Arc::new(catalogs));
    let key = args.key_env.as_deref().map(key).transpose()?;
    let stand_in = StandIn::new(snapshots, key.as_deref()).pausing(Duration::from_millis(args.chunk_delay));
    let certificates = source(args).map(Certificates::load).transpose()?;
    let stop = serve::stop(Health::new(&[]), Duration::ZERO).map_err(Error::Start)?;
    let (listener, address) = proxy::bind(args.listen).await?;
    let scheme = if certificates.is_some() { "https" } else { "http" };
    info!(%address, version = env!("CARGO_PKG_VERSION"), "serving");
    // Whoever started us with port 0 reads the port here; nobody may be reading.
    drop(writeln!(io::stdout(), "listening on {scheme}://{address}"));

    let Some(certificates) = certificates else {
        stand_in
            .serve(listener, stop)
            .await
            .map_err(|cause| Error::Listen(address, cause))?;
        info!("stopped");
        return Ok(Outcome::Clean);
    };
    let config = certificates.server_config()?;
    tokio::spawn(certificates.watch(LOOK, |_| {}));
    let limits = Limits {
        drain: DRAIN,
        ..Limits::default()
    };
    let threads = Workers::start(1).map_err(Error::Start)?;
    match tls::serve(listener, config, stand_in.router(), limits, threads, stop).await {
        0 => info!("stopped"),
        cut => warn!(cut, "stopped; some connections had to be cut"),
    }
    Ok(Outcome::Clean)
}

/// Where the certificate comes from; none means HTTP.
fn source(args: &Args) -> Option<Source> {
    match (&args.tls_cert, &args.tls_key, &args.cert_dir) {
        (Some(cert), Some(key), _) => Some(Source::Files {
            cert: cert.clone(),
            key: key.clone(),
        }),
        (.., Some(dir)) => Some(Source::Made {
            dir: dir.clone(),
            names: args.dns_names.clone(),
        }),
        _ => None,
    }
}

/// The key in this environment variable.
fn key(name: &str) -> Result<String, Error> {
    env::var(name)
        .ok()
        .filter(|key| !key.is_empty())
        .ok_or_else(|| Error::Key(name.to_owned()))
}
