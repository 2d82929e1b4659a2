//! The server loop: accept, shake hands, serve, and stop without dropping anything.

use std::{future::Future, io, pin::pin, sync::Arc, time::Duration};

use axum::Router;
use hyper::{
    server::conn::{http1, http2},
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::graceful::GracefulConnection,
    service::TowerToHyperService,
};
use rustls::ServerConfig;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, Semaphore, watch},
    task::JoinSet,
    time,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tracing::{debug, warn};

use super::workers::Workers;

/// What one server takes on at most.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Open connections; further ones wait in the kernel's queue.
    pub connections: usize,
    /// For a handshake.
    pub handshake: Duration,
    /// Until the head of the next request is complete. Longer than the 90 s for which Go's HTTP client, and so the
    /// API server, keeps an idle connection, or requests would race against our closing it.
    pub idle: Duration,
    /// From the order to stop until connections that still have a request are cut.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            handshake: Duration::from_secs(5),
            idle: Duration::from_secs(100),
            drain: Duration::from_secs(15),
        }
    }
}

/// Requests at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 100;
/// A silent HTTP/2 peer is asked this often whether it is still there.
const PING: Duration = Duration::from_secs(30);
/// A connection that never had a request may still send one for this long after the order to stop: its client cannot
/// know of the order yet, and would have to take the closing for a failure.
const FIRST_REQUEST: Duration = Duration::from_secs(1);
/// Pause after a failed accept, which usually means that file descriptors ran out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves `app` on `listener`, with the threads of `workers`, until `stop` completes, then lets requests in flight end. Returns how many connections
/// had to be cut after [`Limits::drain`].
pub async fn serve(
    listener: TcpListener,
    config: Arc<ServerConfig>,
    app: Router,
    limits: Limits,
    workers: Workers,
    stop: impl Future<Output = ()> + Send,
) -> usize {
    let mut stop = pin!(stop);
    let mut server = Server {
        acceptor: config.into(),
        app,
        limits,
        stop: watch::Sender::new(()),
        tasks: JoinSet::new(),
        workers,
    };
    let permits = Arc::new(Semaphore::new(limits.connections));
    loop {
        let permit = tokio::select! {
            biased;
            () = &mut stop => break,
            permit = Arc::clone(&permits).acquire_owned() => permit,
        };
        tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => server.spawn(stream, permit.ok()),
                Err(cause) => {
                    warn!(%cause, "cannot accept a connection");
                    time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
        while server.tasks.try_join_next().is_some() {}
    }
    // Who stood in the kernel's queue when the order came has been answered by it already, and is served.
    while let Ok(permit) = Arc::clone(&permits).try_acquire_owned()
        && let Ok(Ok((stream, _))) = time::timeout(Duration::ZERO, listener.accept()).await
    {
        server.spawn(stream, Some(permit));
    }
    drop(listener);
    server.drain().await
}

struct Server {
    acceptor: TlsAcceptor,
    app: Router,
    limits: Limits,
    stop: watch::Sender<()>,
    tasks: JoinSet<()>,
    workers: Workers,
}

impl Server {
    /// Serves one connection; `held` is dropped at its end.
    fn spawn<P: Send + 'static>(&mut self, stream: TcpStream, held: P) {
        let (acceptor, app, limits) = (self.acceptor.clone(), self.app.clone(), self.limits);
        let stop = self.stop.subscribe();
        // It moves to the poll of the thread that serves it.
        let stream = stream.into_std();
        let serve = async move {
            let _held = held;
            let stream = stream.and_then(TcpStream::from_std);
            match time::timeout(limits.handshake, shake_hands(&acceptor, stream)).await {
                Ok(Ok(stream)) => converse(stream, app, limits, stop).await,
                Ok(Err(cause)) => failed_handshake(&cause),
                Err(_) => debug!("a handshake took too long"),
            }
        };
        self.tasks.spawn_on(serve, self.workers.next());
    }

    async fn drain(mut self) -> usize {
        self.stop.send_replace(());
        let tasks = &mut self.tasks;
        let all = async { while tasks.join_next().await.is_some() {} };
        let cut = if time::timeout(self.limits.drain, all).await.is_ok() {
            0
        } else {
            self.tasks.len()
        };
        self.tasks.shutdown().await;
        cut
    }
}

async fn shake_hands(
    acceptor: &TlsAcceptor,
    stream: io::Result<TcpStream>,
) -> io::Result<TlsStream<TcpStream>> {
    let stream = stream?;
    // Small answers must not wait for the acknowledgement of the packet before.
    stream.set_nodelay(true)?;
    acceptor.accept(stream).await
}

async fn converse(stream: TlsStream<TcpStream>, app: Router, limits: Limits, stop: watch::Receiver<()>) {
    let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let (asked, app) = (Notify::new(), TowerToHyperService::new(app));
    let service = service_fn(|request| {
        asked.notify_one();
        app.call(request)
    });
    let io = TokioIo::new(stream);
    let result = if h2 {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .keep_alive_interval(PING);
        finish(builder.serve_connection(io, service), &asked, stop).await
    } else {
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(limits.idle);
        finish(builder.serve_connection(io, service), &asked, stop).await
    };
    if let Err(cause) = result {
        debug!(%cause, "a connection ended early");
    }
}

/// Serves `connection` until its client has enough or, after the order to stop, what it has asked for is answered.
async fn finish<C: GracefulConnection>(
    connection: C,
    asked: &Notify,
    mut stop: watch::Receiver<()>,
) -> C::Output {
    let mut connection = pin!(connection);
    tokio::select! {
        result = &mut connection => return result,
        _ = stop.changed() => {}
    }
    tokio::select! {
        result = &mut connection => return result,
        () = asked.notified() => {}
        () = time::sleep(FIRST_REQUEST) => {}
    }
    connection.as_mut().graceful_shutdown();
    connection.await
}

/// A client that turns our certificate down is worth a line to the admin; noise from the network is not.
fn failed_handshake(cause: &io::Error) {
    let inner = cause
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::AlertReceived(alert)) => warn!(?alert, "a client refused the certificate"),
        _ => debug!(%cause, "a handshake failed"),
    }
}
