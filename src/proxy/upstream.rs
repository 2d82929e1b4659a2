//! Connections to providers.

use std::{sync::Arc, time::Duration};

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use thiserror::Error;

use super::body::Outgoing;

/// Longest time to open a TCP connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an unused connection is kept; providers close theirs after a minute or more.
const POOL_IDLE: Duration = Duration::from_secs(50);
/// Unused connections that are kept per host.
const POOL_SIZE: usize = 256;
/// How often the kernel asks whether the other side is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// A pool of connections. HTTP/1.1 only: a connection of its own for every answer that is streamed keeps slow ones
/// from holding up others, and costs nothing else.
pub(crate) type Client = legacy::Client<HttpsConnector<HttpConnector>, Outgoing>;

/// Why providers cannot be reached at all.
#[derive(Debug, Error)]
pub enum Error {
    /// The file of extra CA certificates is wrong.
    #[error("cannot read the CA certificates for upstream connections")]
    Pem(#[source] rustls::pki_types::pem::Error),
    /// One of those certificates is wrong.
    #[error("cannot use a CA certificate for upstream connections")]
    Root(#[source] rustls::Error),
    /// The TLS library cannot be set up.
    #[error("cannot set up TLS for upstream connections")]
    Tls(#[source] rustls::Error),
}

/// A pool that trusts the public roots and the certificates in `extra_roots` (PEM).
pub(crate) fn client(extra_roots: &[u8]) -> Result<Client, Error> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    for certificate in CertificateDer::pem_slice_iter(extra_roots) {
        roots.add(certificate.map_err(Error::Pem)?).map_err(Error::Root)?;
    }
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(Error::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    tcp.set_keepalive(Some(KEEPALIVE));
    let https = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp);
    Ok(legacy::Client::builder(TokioExecutor::new())
        .pool_idle_timeout(POOL_IDLE)
        .pool_max_idle_per_host(POOL_SIZE)
        .pool_timer(TokioTimer::new())
        .build(https))
}
