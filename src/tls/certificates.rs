//! The certificate in use, and its change while connections come in.

use std::{path::PathBuf, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use rustls::{
    ServerConfig,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::{task, time};
use tracing::{info, warn};

use super::{
    Error, made,
    pair::{self, Pair},
    provider,
};

/// Where certificate and key come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// PEM files that someone else makes and renews.
    Files {
        /// The certificate, and those that lead to its CA.
        cert: PathBuf,
        /// Its key.
        key: PathBuf,
    },
    /// A folder in which this program makes `ca.crt`, `ca.key`, `tls.crt` and `tls.key`, and renews them.
    Made {
        /// The folder; it is made where it is missing.
        dir: PathBuf,
        /// DNS names and IP addresses of the server.
        names: Vec<String>,
    },
}

/// Certificate and key as they stand in the files.
#[derive(PartialEq, Eq)]
struct Content {
    cert: Vec<u8>,
    key: Vec<u8>,
}

impl Source {
    /// Reads the files, after making those that should be made.
    fn read(&self) -> Result<Content, Error> {
        if let Self::Made { dir, names } = self {
            made::ensure(dir, names)?;
        }
        let (cert, key) = self.paths();
        Ok(Content {
            cert: pair::read(&cert)?,
            key: pair::read(&key)?,
        })
    }

    fn parse(&self, content: &Content) -> Result<Pair, Error> {
        let (cert, key) = self.paths();
        Pair::parse((&cert, &content.cert), (&key, &content.key))
    }

    fn paths(&self) -> (PathBuf, PathBuf) {
        match self {
            Self::Files { cert, key } => (cert.clone(), key.clone()),
            Self::Made { dir, .. } => (dir.join(made::CERT), dir.join(made::KEY)),
        }
    }
}

/// The certificate that handshakes are answered with.
pub struct Certificates {
    source: Source,
    current: Arc<Current>,
    used: Content,
    /// What was last seen and could not be used.
    bad: Option<Content>,
}

impl Certificates {
    /// Reads or makes the first pair. One that has expired is served all the same: the log says so, and clients
    /// that do not care go on.
    ///
    /// # Errors
    /// When there is no usable pair.
    pub fn load(source: Source) -> Result<Self, Error> {
        let used = source.read()?;
        let pair = source.parse(&used)?;
        if !pair.holds_at(pair::now()) {
            warn!(not_after = pair.not_after, "the certificate has expired");
        }
        let current = Current::new(pair);
        Ok(Self {
            source,
            current,
            used,
            bad: None,
        })
    }

    /// TLS 1.2 and 1.3 with the certificate of the moment, for HTTP/2 and HTTP/1.1.
    ///
    /// # Errors
    /// Never with the crypto provider that is built in.
    pub fn server_config(&self) -> Result<Arc<ServerConfig>, rustls::Error> {
        Current::server_config(&self.current)
    }

    /// When the certificate in use expires, in Unix seconds.
    #[must_use]
    pub fn not_after(&self) -> i64 {
        self.current.pair().not_after
    }

    /// Whether the certificate in use has expired.
    #[must_use]
    pub fn expired(&self) -> bool {
        !self.current.pair().holds_at(pair::now())
    }

    /// Looks at the files every `period` and uses what is new and good; never returns. `seen` is called after each
    /// look.
    pub async fn watch(mut self, period: Duration, mut seen: impl FnMut(&Self) + Send) {
        let mut ticks = time::interval(period);
        ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let source = self.source.clone();
            match task::spawn_blocking(move || source.read()).await {
                Ok(Ok(content)) => self.consider(content),
                Ok(Err(cause)) => warn!(cause = chain(&cause), "cannot look for a new certificate"),
                Err(_) => warn!("cannot look for a new certificate: reading it was cut short"),
            }
            seen(&self);
        }
    }

    /// Uses `content` if it is new, fits together, and is no step back into an expired one.
    fn consider(&mut self, content: Content) {
        if content == self.used {
            self.bad = None;
            return;
        }
        match self.source.parse(&content) {
            Ok(pair) if pair.holds_at(pair::now()) || self.expired() => {
                self.current.put(pair);
                self.used = content;
                self.bad = None;
            }
            // The same sight twice is no longer a change that is half done.
            result if self.bad.as_ref() == Some(&content) => {
                let cause = result.map_or_else(|cause| chain(&cause), |_| "it has expired".to_owned());
                warn!(cause, "the new certificate cannot be used; the old one stays");
            }
            _ => self.bad = Some(content),
        }
    }
}

/// The pair of the moment: a handshake takes it without a lock.
#[derive(Debug)]
pub(super) struct Current(ArcSwap<Pair>);

impl Current {
    pub(super) fn new(pair: Pair) -> Arc<Self> {
        Arc::new(Self(ArcSwap::from_pointee(pair)))
    }

    pub(super) fn pair(&self) -> Arc<Pair> {
        self.0.load_full()
    }

    /// Answers handshakes with `pair` from now on.
    pub(super) fn put(&self, pair: Pair) {
        info!(
            not_after = pair.not_after,
            names = pair.names.join(","),
            "a new certificate is in use"
        );
        self.0.store(Arc::new(pair));
    }

    /// TLS 1.2 and 1.3 with the pair of the moment, for HTTP/2 and HTTP/1.1.
    pub(super) fn server_config(current: &Arc<Self>) -> Result<Arc<ServerConfig>, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(Arc::clone(provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(current) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.load().key))
    }
}

/// `error` and all its causes in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        line.push_str(": ");
        line.push_str(&cause.to_string());
        next = cause.source();
    }
    line
}
