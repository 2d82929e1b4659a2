//! The running proxy: follows the snapshots, accepts connections, drains them at the end.

use std::{
    collections::BTreeSet, convert::Infallible, future::Future, net::SocketAddr, sync::Arc, time::Duration,
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{sleep, timeout},
};
use tracing::{debug, warn};

use super::{
    body::Budget,
    forward::Gate,
    metrics::Metrics,
    serving::{Reading, Serving},
    upstream,
};
use crate::{
    engine::{Key, Snapshot},
    telemetry::{Health, Registry},
};

/// The gate of [`Health`] that is open while there is a backend to send requests to, or need not be one. Its notes say
/// what is served and what is refused.
pub const GATE: &str = "backends";

/// Largest request body by default. Images and audio travel inside of JSON, as base64.
pub const DEFAULT_MAX_BODY: usize = 32 * 1024 * 1024; // bytes
/// Requests in flight at a time by default.
pub const DEFAULT_MAX_REQUESTS: usize = 4096;
/// Longest time to the head of a provider's answer by default: as long as OpenAI's own clients wait.
pub const DEFAULT_HEAD_TIMEOUT: Duration = Duration::from_secs(600);
/// How long requests in flight may go on after the end was asked for, by default.
pub const DEFAULT_DRAIN: Duration = Duration::from_secs(30);

/// Memory for request bodies that are held at a time; more are refused with 503.
const BUDGET: usize = 512 * 1024 * 1024; // bytes
/// Connections open at a time; more wait in the listen queue.
const MAX_CONNECTIONS: usize = 8192;
/// Longest time for the head of a request, and for the pause before the next one.
const HEADER_TIMEOUT: Duration = Duration::from_secs(75);
/// Largest head of a request.
const MAX_HEADER: usize = 64 * 1024; // bytes
/// Pause after the system refuses a connection, as it does when files run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How a proxy behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Largest request body that is read, in bytes.
    pub max_body: usize,
    /// Requests in flight at a time; more are refused with 503.
    pub max_requests: usize,
    /// Longest time to the head of a provider's answer.
    pub head_timeout: Duration,
    /// How long requests in flight may go on after the end was asked for.
    pub drain: Duration,
    /// CA certificates (PEM) to trust besides the public ones.
    pub extra_roots: Vec<u8>,
    /// Take resources as the mutating webhook would store them, for resources that do not come from a cluster.
    pub normalize: bool,
    /// A stand-in provider: requests go there that have no credential for their own.
    pub stand_in: Option<SocketAddr>,
    /// Ready without any backend, once there was news: in a cluster, backends may come after the proxy and go before it.
    pub idle: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_body: DEFAULT_MAX_BODY,
            max_requests: DEFAULT_MAX_REQUESTS,
            head_timeout: DEFAULT_HEAD_TIMEOUT,
            drain: DEFAULT_DRAIN,
            extra_roots: Vec::new(),
            normalize: false,
            stand_in: None,
            idle: false,
        }
    }
}

/// A proxy that routes by the newest snapshot. Clones are the same proxy.
#[derive(Debug, Clone)]
pub struct Proxy {
    gate: Arc<Gate>,
    secrets: watch::Receiver<BTreeSet<Key>>,
    health: Health,
    drain: Duration,
}

impl Proxy {
    /// A proxy for `snapshots`, with its metrics in `registry` and its state at the [`GATE`] of `health`. It follows
    /// the snapshots until their sender or the last clone of the proxy is gone. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// When TLS cannot be set up, which is so when `extra_roots` holds no certificates.
    pub fn start(
        snapshots: watch::Receiver<Arc<Snapshot>>,
        settings: &Settings,
        registry: &mut Registry,
        health: Health,
    ) -> Result<Self, upstream::Error> {
        let client = upstream::client(&settings.extra_roots)?;
        let metrics = Metrics::new(registry);
        let reading = Reading {
            normalize: settings.normalize,
            stand_in: settings.stand_in,
        };
        let (serving, secrets) = follow(snapshots, reading, settings.idle, metrics.clone(), health.clone());
        let gate = Gate {
            serving,
            client,
            metrics,
            budget: Budget::new(BUDGET.max(settings.max_body)),
            slots: Arc::new(Semaphore::new(settings.max_requests.min(Semaphore::MAX_PERMITS))),
            max_body: settings.max_body,
            head_timeout: settings.head_timeout,
        };
        Ok(Self {
            gate: Arc::new(gate),
            secrets,
            health,
            drain: settings.drain,
        })
    }

    /// The Secrets that the backends name which are served; sent with every snapshot, changed or not.
    #[must_use]
    pub fn secrets(&self) -> watch::Receiver<BTreeSet<Key>> {
        self.secrets.clone()
    }

    /// Serves `listener` until `end` is ready; then takes no new connections, and returns when the requests in flight
    /// are answered or their time is up.
    pub async fn serve(&self, listener: TcpListener, end: impl Future<Output = ()>) {
        let graceful = GracefulShutdown::new();
        let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let mut end = std::pin::pin!(end);
        loop {
            let next = async {
                let permit = Arc::clone(&connections).acquire_owned().await.ok();
                (listener.accept().await, permit)
            };
            let (accepted, permit) = tokio::select! {
                accepted = next => accepted,
                () = &mut end => break,
            };
            match accepted {
                Ok((stream, _)) => self.connection(stream, permit, &graceful),
                Err(error) => {
                    warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        // Who stood in the kernel's queue by then was connected already, and is served.
        while let Ok(permit) = Arc::clone(&connections).try_acquire_owned()
            && let Ok(Ok((stream, _))) = timeout(Duration::ZERO, listener.accept()).await
        {
            self.connection(stream, Some(permit), &graceful);
        }
        drop(listener);
        if timeout(self.drain, graceful.shutdown()).await.is_err() {
            warn!("requests were cut off at the end of the drain time");
        }
    }

    fn connection(
        &self,
        stream: TcpStream,
        permit: Option<OwnedSemaphorePermit>,
        graceful: &GracefulShutdown,
    ) {
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "cannot set TCP_NODELAY");
        }
        let (gate, health) = (Arc::clone(&self.gate), self.health.clone());
        let service = service_fn(move |request| {
            let (gate, health) = (Arc::clone(&gate), health.clone());
            async move {
                let mut answer = gate.answer(request).await;
                health.part(&mut answer);
                Ok::<_, Infallible>(answer)
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .max_buf_size(MAX_HEADER)
            .serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                debug!(%error, "connection ended early");
            }
            drop(permit);
        });
    }
}

/// A routing table that is built anew for every snapshot, and the Secrets that it needs.
fn follow(
    mut snapshots: watch::Receiver<Arc<Snapshot>>,
    reading: Reading,
    idle: bool,
    metrics: Metrics,
    health: Health,
) -> (watch::Receiver<Arc<Serving>>, watch::Receiver<BTreeSet<Key>>) {
    let build = move |snapshot: &Arc<Snapshot>, previous: Option<&Serving>| {
        let serving = Serving::build(snapshot, previous, reading);
        health.note(GATE, serving.notes());
        if serving.is_ready() || (idle && previous.is_some()) {
            health.open(GATE);
        } else {
            health.close(GATE, "no AgentgatewayBackend is served");
        }
        metrics.reloads.inc();
        Arc::new(serving)
    };
    let first = build(&snapshots.borrow_and_update(), None);
    let (named, secrets) = watch::channel(first.secrets.clone());
    let (sender, receiver) = watch::channel(first);
    tokio::spawn(async move {
        loop {
            let changed = tokio::select! {
                changed = snapshots.changed() => changed.is_ok(),
                () = sender.closed() => false,
            };
            if !changed {
                break;
            }
            let snapshot = Arc::clone(&snapshots.borrow_and_update());
            let next = build(&snapshot, Some(&sender.borrow()));
            named.send_replace(next.secrets.clone());
            sender.send_replace(next);
        }
    });
    (receiver, secrets)
}
