//! What `serve` does in the background of a cluster: the audit, and live catalogs.

use std::{env, fs, io, path::PathBuf, sync::Arc, time::Duration};

use kube::Client;
use tokio::sync::watch;

use super::{asking, asking::Asking, span, today};
use crate::{
    controller::{Answer, Ask, Controller, Discovery, Metrics},
    engine::{Provider, Snapshot, catalog::ModelCatalog},
    sources::{
        discovery::{self, Limits},
        import,
    },
    telemetry,
};

/// Shortest period of `--discover-every`.
const MIN_PERIOD: Duration = Duration::from_secs(60);
/// Longest period.
const MAX_PERIOD: Duration = Duration::from_secs(365 * 24 * 3600);
/// Who tells Events where the environment does not say it.
const NOBODY: &str = "aliasgate";

/// What is done in the background of a cluster.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Background {
    /// Do not check what is stored: no reports, Events, and status of ModelCatalogs
    #[arg(long, requires = "watch")]
    no_audit: bool,
    /// Keep a ModelCatalog of what PROVIDER lists, with its key from the environment; may be repeated
    #[arg(long = "discover", value_name = "PROVIDER", requires = "watch", value_parser = asking::provider)]
    providers: Vec<Provider>,
    /// How often, as 30s, 10m, 12h or 90d
    #[arg(long, value_name = "DURATION", requires = "providers", default_value = "24h", value_parser = period)]
    discover_every: Duration,
    /// The environment variable with the key [default: the usual one, such as OPENAI_API_KEY]
    #[arg(long, value_name = "[PROVIDER=]NAME", requires = "providers")]
    discover_key_env: Vec<String>,
    /// Where the API is [default: the provider's own address]
    #[arg(long, value_name = "[PROVIDER=]URL", requires = "providers")]
    discover_base_url: Vec<String>,
    /// Trust only the authorities in this file (PEM) when asking [default: the public ones]
    #[arg(long, value_name = "FILE", requires = "providers")]
    discover_ca: Option<PathBuf>,
}

/// Why it cannot be begun.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The file of authorities is missing.
    #[error("cannot read the file of --discover-ca")]
    Authorities(#[source] io::Error),
    /// Providers that cannot be asked.
    #[error(transparent)]
    Discovery(#[from] discovery::Error),
}

impl Background {
    /// Begins what the flags say, once `snapshot` has changed and so tells of the whole cluster; it ends when there are
    /// no more snapshots.
    ///
    /// # Errors
    /// Providers cannot be asked with these flags.
    pub(super) fn begin(
        &self,
        client: &Client,
        snapshot: &watch::Receiver<Arc<Snapshot>>,
        metrics: &Metrics,
    ) -> Result<(), Error> {
        if !self.providers.is_empty() {
            let mut providers = self.providers.clone();
            providers.sort_unstable();
            providers.dedup();
            let discovery = Discovery {
                client: client.clone(),
                snapshot: snapshot.clone(),
                metrics: metrics.clone(),
                providers,
                every: self.discover_every,
                ask: self.ask()?,
            };
            let mut first = snapshot.clone();
            tokio::spawn(async move {
                if first.changed().await.is_ok() {
                    discovery.run().await;
                }
            });
        }
        if !self.no_audit {
            let controller = Controller {
                client: client.clone(),
                snapshot: snapshot.clone(),
                metrics: metrics.clone(),
                instance: env::var("HOSTNAME").unwrap_or_else(|_| NOBODY.to_owned()),
            };
            let mut first = snapshot.clone();
            tokio::spawn(async move {
                if first.changed().await.is_ok() {
                    controller.run().await;
                }
            });
        }
        Ok(())
    }

    /// What asks a provider for its list.
    fn ask(&self) -> Result<Arc<Ask>, Error> {
        let authorities = self.discover_ca.as_ref().map(fs::read).transpose();
        let authorities = authorities.map_err(Error::Authorities)?;
        let client = discovery::Client::new(authorities.as_deref(), &Limits::default())?;
        let asking = Arc::new(Asking {
            key_env: self.discover_key_env.clone(),
            base_url: self.discover_base_url.clone(),
        });
        Ok(Arc::new(move |provider, earlier| {
            let (client, asking) = (client.clone(), Arc::clone(&asking));
            Box::pin(async move { answer(&client, &asking, provider, &earlier).await })
        }))
    }
}

/// The catalogs that the answer of `provider` makes; models of `earlier` ones that it lists no more are kept as such.
async fn answer(
    client: &discovery::Client,
    asking: &Asking,
    provider: Provider,
    earlier: &[Arc<ModelCatalog>],
) -> Answer {
    let as_of = today();
    let reading = discovery::discover(client, &asking.ask(provider), &Limits::default(), as_of).await;
    let reading = reading.map_err(|error| {
        let why = telemetry::chain(&error);
        if matches!(error, discovery::Error::NoKey { .. }) {
            let name = asking.key_name(provider);
            return format!("{why}; set {name} in the environment, or name another with --discover-key-env");
        }
        why
    })?;
    let earlier = earlier.iter().flat_map(|catalog| import::claims(catalog, as_of));
    let merged = import::merge(reading.claims, earlier.collect());
    let mut catalogs = import::export(&merged, as_of, true);
    catalogs.iter_mut().for_each(|catalog| asking.place(catalog));
    Ok(catalogs)
}

/// A span of time that is neither a burden to providers nor forever.
fn period(text: &str) -> Result<Duration, String> {
    let period = span::parse(text)?;
    if (MIN_PERIOD..=MAX_PERIOD).contains(&period) {
        Ok(period)
    } else {
        Err("it must be between 60s and 365d".to_owned())
    }
}
