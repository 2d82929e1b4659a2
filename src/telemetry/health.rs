//! Alive, and ready for requests: gates that open one by one.

use std::{
    fmt::Write as _,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    Router,
    extract::{RawQuery, State},
    http::{HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
    routing::get,
};

/// The gates that stand between a start and being ready. Clones share them.
#[derive(Debug, Clone)]
pub struct Health(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    // A plain lock: taken for a few instructions by probes and by the rare change of a gate, never by a request.
    gates: Mutex<Vec<Gate>>,
    draining: AtomicBool,
}

#[derive(Debug)]
struct Gate {
    name: &'static str,
    /// Why the gate is closed; `None` when it is open.
    closed: Option<String>,
    /// What else there is to know, one line each.
    notes: Vec<String>,
}

impl Health {
    /// Notes that a gate shows at most; the rest are counted.
    const MAX_NOTES: usize = 100;

    /// Gates with these names, all closed.
    #[must_use]
    pub fn new(gates: &[&'static str]) -> Self {
        let gate = |name: &&'static str| Gate {
            name,
            closed: Some("not yet".to_owned()),
            notes: Vec::new(),
        };
        let gates = Mutex::new(gates.iter().map(gate).collect());
        Self(Arc::new(Inner {
            gates,
            draining: AtomicBool::new(false),
        }))
    }

    /// Opens the gate `name`.
    pub fn open(&self, name: &str) {
        self.change(name, |gate| gate.closed = None);
    }

    /// Closes the gate `name`, for all to see why.
    pub fn close(&self, name: &str, why: impl Into<String>) {
        self.change(name, |gate| gate.closed = Some(why.into()));
    }

    /// Replaces what `/readyz?verbose` says below the gate `name`. Notes do not close it.
    pub fn note(&self, name: &str, mut notes: Vec<String>) {
        let left_out = notes.len().saturating_sub(Self::MAX_NOTES);
        notes.truncate(Self::MAX_NOTES);
        if left_out > 0 {
            notes.push(format!("and {left_out} more"));
        }
        self.change(name, |gate| gate.notes = notes);
    }

    /// Not ready from now on, so that nobody sends new requests to a server that is about to stop.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::Release);
    }

    /// Whether every gate is open and the server is not about to stop.
    #[must_use]
    pub fn ready(&self) -> bool {
        !self.draining() && self.gates().iter().all(|gate| gate.closed.is_none())
    }

    /// Asks the client, once the server is about to stop, to send its next request on another connection: by then that
    /// one leads to another server, and none is cut under way when this one closes the rest.
    pub fn part<B>(&self, response: &mut Response<B>) {
        if self.draining() {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
    }

    fn draining(&self) -> bool {
        self.0.draining.load(Ordering::Acquire)
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut Gate)) {
        let mut gates = self.gates();
        let gate = gates.iter_mut().find(|gate| gate.name == name);
        debug_assert!(gate.is_some(), "no gate is named {name}");
        if let Some(gate) = gate {
            change(gate);
        }
    }

    fn gates(&self) -> MutexGuard<'_, Vec<Gate>> {
        self.0.gates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The gates in the form that Kubernetes' own servers use.
    fn verbose(&self) -> String {
        let mut out = String::new();
        for gate in self.gates().iter() {
            let _infallible = match &gate.closed {
                None => writeln!(out, "[+]{} ok", gate.name),
                Some(why) => writeln!(out, "[-]{} failed: {why}", gate.name),
            };
            for note in &gate.notes {
                let _infallible = writeln!(out, "    {note}");
            }
        }
        if self.draining() {
            out.push_str("[-]shutdown failed: the server is about to stop\n");
        }
        out
    }
}

pub(super) fn routes(health: Health) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(readyz))
        .with_state(health)
}

async fn readyz(State(health): State<Health>, RawQuery(query): RawQuery) -> impl IntoResponse {
    let verbose = query.is_some_and(|query| {
        query
            .split('&')
            .any(|part| part.split('=').next() == Some("verbose"))
    });
    match (health.ready(), verbose) {
        (true, false) => (StatusCode::OK, "ok".to_owned()),
        (true, true) => (StatusCode::OK, health.verbose() + "readyz check passed\n"),
        (false, _) => (
            StatusCode::SERVICE_UNAVAILABLE,
            health.verbose() + "readyz check failed\n",
        ),
    }
}
