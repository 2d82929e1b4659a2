//! Live catalogs: what providers list, asked on a schedule and stored as ModelCatalogs.
//!
//! The replicas agree by the status of the catalog: who finds that it was discovered within the period does not ask.

use std::{
    future::Future,
    hash::{BuildHasher as _, RandomState},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use kube::Client;
use serde_json::json;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep_until},
};
use tracing::{info, warn};

use super::{
    audit::CLUSTER,
    metrics::Metrics,
    server::{Error, Server},
    status,
};
use crate::engine::{
    Key, Kind, Provider, Resource, Snapshot,
    catalog::{
        ModelCatalog,
        manifest::{API_VERSION, KIND, MAX_MODELS},
    },
};

/// The name under which the fields of live catalogs are owned.
const MANAGER: &str = "aliasgate-discovery";
/// The first question comes within this time after the start, so that replicas that start together ask apart.
const FIRST: Duration = Duration::from_secs(5);
/// A question may come later than the period says, by this part of it.
const LATER: f64 = 0.1;
/// The pause after a failure; each later one is twice as long, and all are shortened by chance.
const PAUSE: Duration = Duration::from_secs(60);
/// Longest pause.
const MAX_PAUSE: Duration = Duration::from_secs(6 * 3600);
/// How long what was stored may take to be seen in a snapshot.
const ECHO: Duration = Duration::from_secs(60);
/// Largest size of the models of one object; the API server's notes on who owns them take about as much again.
const MAX_SIZE: usize = 384 * 1024; // bytes

/// The catalogs that a provider's answer makes, or why there is none.
pub type Answer = Result<Vec<ModelCatalog>, String>;

/// Asks a provider, whose list made these catalogs before.
pub type Ask =
    dyn Fn(Provider, Vec<Arc<ModelCatalog>>) -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync;

/// Keeps live catalogs up to date.
pub struct Discovery {
    /// By which they are stored.
    pub client: Client,
    /// What is stored; it must be complete.
    pub snapshot: watch::Receiver<Arc<Snapshot>>,
    /// What is counted.
    pub metrics: Metrics,
    /// Who is asked.
    pub providers: Vec<Provider>,
    /// How often.
    pub every: Duration,
    /// How.
    pub ask: Arc<Ask>,
}

/// What keeps the catalog of one provider up to date.
struct Keeper {
    provider: Provider,
    server: Server,
    snapshot: watch::Receiver<Arc<Snapshot>>,
    metrics: Metrics,
    every: Duration,
    ask: Arc<Ask>,
}

impl Discovery {
    /// Runs until there are no more snapshots.
    pub async fn run(self) {
        let mut keepers = JoinSet::new();
        for provider in &self.providers {
            let keeper = Keeper {
                provider: *provider,
                server: Server::new(self.client.clone(), MANAGER),
                snapshot: self.snapshot.clone(),
                metrics: self.metrics.clone(),
                every: self.every,
                ask: Arc::clone(&self.ask),
            };
            keepers.spawn(keeper.run());
        }
        keepers.join_all().await;
    }
}

impl Keeper {
    async fn run(mut self) {
        let mut pause = PAUSE;
        let mut not_before = Instant::now() + FIRST.mul_f64(chance());
        let mut later = LATER * chance();
        loop {
            let snapshot = Arc::clone(&self.snapshot.borrow_and_update());
            let last = last(&snapshot, self.provider);
            if let Some(at) = last {
                self.metrics.discovered(self.provider, at);
            }
            let due = Instant::now() + wait(last, Timestamp::now(), self.every.mul_f64(1.0 + later));
            tokio::select! {
                changed = self.snapshot.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    continue;
                }
                () = sleep_until(due.max(not_before)) => {}
            }
            later = LATER * chance();
            match self.ask_and_store(&snapshot).await {
                Ok(models) => {
                    info!(provider = %self.provider, models, "stored what the provider lists");
                    self.metrics.discovered(self.provider, Timestamp::now());
                    pause = PAUSE;
                    not_before = Instant::now() + ECHO.min(self.every);
                }
                Err(error) => {
                    warn!(provider = %self.provider, error, "cannot renew the live catalog; the last one stays");
                    self.metrics.undiscovered(self.provider);
                    not_before = Instant::now() + pause.min(self.every).mul_f64(1.0 - chance() / 2.0);
                    pause = (pause * 2).min(MAX_PAUSE);
                }
            }
        }
    }

    /// Asks, and stores the answer; how many models it has.
    async fn ask_and_store(&mut self, snapshot: &Snapshot) -> Result<usize, String> {
        let earlier = stored(snapshot, self.provider);
        let earlier = earlier.filter_map(|stored| stored.catalog().cloned()).collect();
        let answer = (self.ask)(self.provider, earlier).await?;
        let catalogs = parts(self.provider, answer).ok_or("the answer has no catalog")?;
        let stored = self.store(snapshot, &catalogs).await;
        stored.map_err(|error| format!("cannot store it: {error}"))?;
        Ok(catalogs.iter().map(|catalog| catalog.models.len()).sum())
    }

    async fn store(&mut self, snapshot: &Snapshot, catalogs: &[ModelCatalog]) -> Result<(), Error> {
        let kind = status::resource();
        for catalog in catalogs {
            self.server.apply(&kind, &catalog.to_value()).await?;
        }
        // An earlier, longer list had more objects: they stay, and say nothing.
        for left_over in stored(snapshot, self.provider).skip(catalogs.len()) {
            let Some(last) = catalogs.last() else { break };
            let empty = ModelCatalog {
                name: left_over.key.name.clone(),
                models: Vec::new(),
                ..last.clone()
            };
            self.server.apply(&kind, &empty.to_value()).await?;
        }
        let first = json!({
            "apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": name(self.provider, 0)},
            "status": {"lastDiscovery": status::time(Timestamp::now())},
        });
        self.server.apply_status(&kind, &first).await
    }
}

/// The name of the `at`th object with the models of `provider`.
fn name(provider: Provider, at: usize) -> String {
    match at {
        0 => format!("live-{provider}"),
        _ => format!("live-{provider}-{}", at + 1),
    }
}

/// The objects with the models of `provider` that are there.
fn stored(snapshot: &Snapshot, provider: Provider) -> impl Iterator<Item = &Arc<Resource>> {
    let at = move |at| snapshot.get(Kind::ModelCatalog, &Key::new(CLUSTER, name(provider, at)));
    let live = |stored: &&Arc<Resource>| stored.catalog().is_none_or(|catalog| catalog.live);
    (0..).map_while(at).take_while(live)
}

/// When `provider` was last asked, by whichever replica.
fn last(snapshot: &Snapshot, provider: Provider) -> Option<Timestamp> {
    let first = stored(snapshot, provider).next()?;
    first.text("/status/lastDiscovery")?.parse().ok()
}

/// The models of `provider` in `catalogs`, cut into objects that the API server takes: so many models, so many bytes.
fn parts(provider: Provider, catalogs: Vec<ModelCatalog>) -> Option<Vec<ModelCatalog>> {
    let mut catalogs = catalogs
        .into_iter()
        .filter(|catalog| catalog.provider == provider);
    let mut head = catalogs.next()?;
    let mut models = std::mem::take(&mut head.models);
    models.extend(catalogs.flat_map(|catalog| catalog.models));
    head.live = true;
    let part = |at| ModelCatalog {
        name: name(provider, at),
        ..head.clone()
    };
    let (mut all, mut size) = (vec![part(0)], 0);
    for model in models {
        let bytes = serde_json::to_vec(&model).map_or(0, |text| text.len());
        let full = all
            .last()
            .is_none_or(|last: &ModelCatalog| last.models.len() == MAX_MODELS);
        if full || (size > 0 && size + bytes > MAX_SIZE) {
            all.push(part(all.len()));
            size = 0;
        }
        size += bytes;
        if let Some(last) = all.last_mut() {
            last.models.push(model);
        }
    }
    Some(all)
}

/// How long to wait at `now` when the provider was asked at `last` and is asked `every` so often.
fn wait(last: Option<Timestamp>, now: Timestamp, every: Duration) -> Duration {
    let Some(last) = last else { return Duration::ZERO };
    let since = now.duration_since(last);
    // A time of the future is one of a clock that goes wrong: it counts as now.
    let since = since.max(SignedDuration::ZERO).unsigned_abs();
    every.saturating_sub(since)
}

/// Between 0 and 1, another at each call and in each replica.
fn chance() -> f64 {
    let bits = RandomState::new().hash_one(0_u8) >> 32;
    f64::from(u32::try_from(bits).unwrap_or(0)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::catalog::manifest::Entry;

    fn catalog(ids: impl Iterator<Item = String>) -> ModelCatalog {
        let mut catalog = ModelCatalog::new("x", Provider::OpenAi);
        catalog.models = ids
            .map(|id| Entry {
                id: id.into(),
                ..Entry::default()
            })
            .collect();
        catalog
    }

    #[test]
    fn a_long_list_is_cut_by_models_and_by_bytes() {
        let names = |parts: &[ModelCatalog]| -> Vec<_> {
            parts
                .iter()
                .map(|part| (part.name.clone(), part.models.len()))
                .collect()
        };
        let two = vec![
            catalog((0..1000).map(|at| format!("a-{at}"))),
            catalog((0..100).map(|at| format!("b-{at}"))),
        ];
        let cut = parts(Provider::OpenAi, two).expect("models");
        assert_eq!(
            names(&cut),
            [("live-openai".to_owned(), 1024), ("live-openai-2".to_owned(), 76)]
        );
        assert!(cut.iter().all(|part| part.live));

        let long = catalog((0..900).map(|at| format!("{at:01000}")));
        let cut = parts(Provider::OpenAi, vec![long]).expect("models");
        assert!(cut.len() > 1, "{:?}", names(&cut));
        for part in &cut {
            let size = part.to_value()["spec"]["models"].to_string().len();
            assert!(size < MAX_SIZE + 2048, "{size}");
        }
        assert_eq!(parts(Provider::OpenAi, Vec::new()), None);
    }

    #[test]
    fn nobody_asks_within_the_period() {
        let at = |text: &str| -> Timestamp { text.parse().expect("a time") };
        let (now, hour) = (at("2026-11-23T12:00:00Z"), Duration::from_secs(3600));
        assert_eq!(wait(None, now, hour), Duration::ZERO);
        assert_eq!(
            wait(Some(at("2026-11-23T11:45:00Z")), now, hour),
            Duration::from_secs(2700)
        );
        assert_eq!(wait(Some(at("2026-11-23T10:00:00Z")), now, hour), Duration::ZERO);
        assert_eq!(wait(Some(at("2030-01-01T00:00:00Z")), now, hour), hour);
    }
}
