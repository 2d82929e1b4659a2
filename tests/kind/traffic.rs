//! Steady traffic, while a test disturbs the installation: writes that the webhooks judge, and streams through the proxy.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use aliasgate::telemetry::chain;
use hyper::StatusCode;
use kube::{
    Api,
    api::{DynamicObject, PostParams},
    core::{ApiResource, GroupVersionKind},
};
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinSet, time};

use crate::{
    admission::backend,
    cluster::Cluster,
    proxy::{Proxy, chat, seed},
};

/// Writers, and how long each waits from one write to the next: together 20 writes a second.
const WRITERS: usize = 4;
const EVERY: Duration = Duration::from_millis(200);
/// Readers of streams, which begin the next one when one has ended.
pub(crate) const READERS: usize = 4;
/// How the reason begins when a stream has begun and does not come to its end.
pub(crate) const CUT: &str = "cut after ";
/// What takes longer has failed: the API server gives a webhook 5 s.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request that did not end as it should.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// When it was sent.
    pub(crate) sent: Instant,
    /// What came instead.
    pub(crate) why: String,
}

/// What came of the traffic.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    /// Writes that were judged as they should be.
    pub(crate) writes: usize,
    /// Streams that came to their end.
    pub(crate) streams: usize,
    /// Writes that were not.
    pub(crate) failed_writes: Vec<Failure>,
    /// Streams that did not.
    pub(crate) failed_streams: Vec<Failure>,
}

/// Traffic that goes on until it is ended.
pub(crate) struct Traffic<'a> {
    cluster: &'a Cluster,
    tally: Arc<Mutex<Tally>>,
    end: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl<'a> Traffic<'a> {
    /// Begins to write and to read.
    pub(crate) fn start(cluster: &'a Cluster) -> Self {
        seed(cluster);
        let tally = Arc::new(Mutex::new(Tally::default()));
        let (end, ending) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let gvk = GroupVersionKind::gvk("agentgateway.dev", "v1alpha1", "AgentgatewayBackend");
        let backends = Api::default_namespaced_with(cluster.client.clone(), &ApiResource::from_gvk(&gvk));
        for writer in 0..WRITERS {
            let work = write(backends.clone(), writer, Arc::clone(&tally), ending.clone());
            tasks.spawn_on(work, cluster.runtime.handle());
        }
        for _ in 0..READERS {
            let work = read(Proxy::of(cluster), Arc::clone(&tally), ending.clone());
            tasks.spawn_on(work, cluster.runtime.handle());
        }
        Self {
            cluster,
            tally,
            end,
            tasks,
        }
    }

    /// Lets what is under way end, and gives the sums.
    pub(crate) fn end(mut self) -> Tally {
        self.end.send_replace(true);
        self.cluster
            .runtime
            .block_on(async { while self.tasks.join_next().await.is_some() {} });
        lock(&self.tally).clone()
    }
}

impl Tally {
    /// Fails the test when anything failed, or nothing succeeded.
    pub(crate) fn expect_no_failures(&self) {
        println!("{self}");
        let failed = self.failed_writes.len() + self.failed_streams.len();
        assert!(self.writes > 0 && self.streams > 0 && failed == 0, "{self}");
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} writes and {} streams ended well",
            self.writes, self.streams
        )?;
        for (what, failures) in [("writes", &self.failed_writes), ("streams", &self.failed_streams)] {
            if !failures.is_empty() {
                write!(f, "\n{} {what} failed:\n{}", failures.len(), list(failures))?;
            }
        }
        Ok(())
    }
}

/// The different reasons, with the time of the first and how often each came.
pub(crate) fn list(failures: &[Failure]) -> String {
    let first = failures.first().map(|failure| failure.sent);
    let mut kinds: Vec<(&str, Duration, usize)> = Vec::new();
    for Failure { sent, why } in failures {
        match kinds.iter_mut().find(|(known, ..)| known == why) {
            Some((.., count)) => *count += 1,
            None => kinds.push((why, sent.duration_since(first.unwrap_or(*sent)), 1)),
        }
    }
    let lines: Vec<_> = kinds
        .iter()
        .map(|(why, after, count)| format!("{count} times, first after {after:?}: {why}"))
        .collect();
    lines.join("\n")
}

fn lock(tally: &Mutex<Tally>) -> std::sync::MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes good and bad backends by turns, as dry runs: the good ones must come back normalized, which shows that
/// nothing passed the webhooks by, and the bad ones must be refused for what is wrong with them.
async fn write(
    backends: Api<DynamicObject>,
    writer: usize,
    tally: Arc<Mutex<Tally>>,
    mut ending: watch::Receiver<bool>,
) {
    let mut ticks = time::interval(EVERY);
    ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    let params = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    for number in 0_u64.. {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = ending.wait_for(|ended| *ended) => return,
        }
        let good = number % 2 == 0;
        let target = if good { " gpt-4o " } else { "gpt-4-turbbo" };
        let object = backend(&format!("load-{writer}-{number}"), &json!({"smart": target}));
        let object: DynamicObject = serde_json::from_value(object).expect("an object");
        let sent = Instant::now();
        let answer = time::timeout(PATIENCE, backends.create(&params, &object)).await;
        let outcome = match answer {
            Err(_) => Err(format!("no answer in {PATIENCE:?}")),
            Ok(Ok(stored)) if good && target_of(&stored.data) == "gpt-4o" => Ok(()),
            Ok(Ok(stored)) => Err(format!("passed unchecked: {}", stored.data)),
            Ok(Err(kube::Error::Api(status))) if !good && status.message.contains("did you mean") => Ok(()),
            Ok(Err(kube::Error::Api(status))) => Err(status.message.clone()),
            Ok(Err(error)) => Err(chain(&error)),
        };
        let mut tally = lock(&tally);
        match outcome {
            Ok(()) => tally.writes += 1,
            Err(why) => tally.failed_writes.push(Failure { sent, why }),
        }
    }
}

fn target_of(backend: &Value) -> &str {
    backend["spec"]["policies"]["ai"]["modelAliases"]["smart"]
        .as_str()
        .unwrap_or_default()
}

/// Reads slow streams through the proxy, each to its end.
async fn read(proxy: Proxy, tally: Arc<Mutex<Tally>>, ending: watch::Receiver<bool>) {
    while !*ending.borrow() {
        let sent = Instant::now();
        let answer = time::timeout(PATIENCE, proxy.post("/v1/chat/completions", &chat("fast", true))).await;
        let outcome = match answer {
            Err(_) => Err(format!("no end in {PATIENCE:?}")),
            Ok(Ok((StatusCode::OK, text))) if text.ends_with("data: [DONE]\n\n") => Ok(()),
            Ok(Ok((status, text))) => Err(format!("{status} {text}")),
            Ok(Err(why)) => Err(why),
        };
        let failed = outcome.is_err();
        match outcome {
            Ok(()) => lock(&tally).streams += 1,
            Err(why) => lock(&tally).failed_streams.push(Failure { sent, why }),
        }
        if failed {
            time::sleep(EVERY).await;
        }
    }
}
