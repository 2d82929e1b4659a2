//! The client: keep-alive connections that send one review after the other.

use std::{error::Error, path::Path, sync::Arc};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tokio::{net::TcpStream, task::JoinSet};
use tokio_rustls::TlsConnector;

/// Any failure of the client.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// A client that trusts the servers' CA.
#[derive(Clone)]
pub(crate) struct Client(TlsConnector);

/// The client for servers with certificates of the CA in `folder`.
pub(crate) fn client(folder: &Path) -> Result<Client, Box<dyn Error>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.join("ca.crt"))?)?;
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Client(Arc::new(config).into()))
}

impl Client {
    /// Sends `review` `count` times over so many connections at once, and fails when one is not allowed.
    pub(crate) async fn send(
        &self,
        port: u16,
        review: &Bytes,
        connections: usize,
        count: usize,
    ) -> Result<(), Failure> {
        let mut all = JoinSet::new();
        for _ in 0..connections {
            let (client, review) = (self.clone(), review.clone());
            all.spawn(async move { client.converse(port, review, count / connections).await });
        }
        while let Some(ended) = all.join_next().await {
            ended??;
        }
        Ok(())
    }

    async fn converse(&self, port: u16, review: Bytes, count: usize) -> Result<(), Failure> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let stream = self.0.connect(ServerName::try_from("localhost")?, stream).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        for _ in 0..count {
            let request = Request::post("/validate?timeout=5s")
                .header(header::HOST, "localhost")
                .header(header::CONTENT_TYPE, "application/json")
                .header(header::ACCEPT, "application/json, */*")
                .body(Full::new(review.clone()))?;
            let response = sender.send_request(request).await?;
            let (head, body) = (
                response.status(),
                response.into_body().collect().await?.to_bytes(),
            );
            let text = String::from_utf8_lossy(&body);
            if !head.is_success() || !text.contains(r#""allowed":true"#) {
                return Err(format!("not allowed: {head} {text}").into());
            }
        }
        drop(sender);
        connection.await??;
        Ok(())
    }
}
