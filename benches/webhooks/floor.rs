//! The least that a webhook in Rust can do: hyper and rustls, and serde for the few fields of both
//! objects that matter.

use std::{collections::BTreeMap, error::Error, fs, path::Path, sync::Arc};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// The argument that makes this program the server.
pub(crate) const COMMAND: &str = "floor";

#[derive(Deserialize)]
struct Review<'a> {
    #[serde(borrow)]
    request: Asked<'a>,
}

#[derive(Deserialize)]
struct Asked<'a> {
    uid: &'a str,
    #[serde(borrow)]
    object: Object<'a>,
    #[serde(borrow, rename = "oldObject")]
    old_object: Object<'a>,
}

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    spec: Spec<'a>,
}

#[derive(Deserialize)]
struct Spec<'a> {
    #[serde(borrow)]
    policies: Policies<'a>,
}

#[derive(Deserialize)]
struct Policies<'a> {
    #[serde(borrow)]
    ai: Ai<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ai<'a> {
    #[serde(borrow)]
    model_aliases: BTreeMap<&'a str, &'a str>,
}

impl<'a> Object<'a> {
    const fn aliases(&self) -> &BTreeMap<&'a str, &'a str> {
        &self.spec.policies.ai.model_aliases
    }
}

/// Serves `port` of loopback with `tls.crt` and `tls.key` of `folder`, for ever.
pub(crate) fn serve(port: u16, folder: &Path) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(accept(port, folder))
}

async fn accept(port: u16, folder: &Path) -> Result<(), Box<dyn Error>> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_file_iter(folder.join("tls.crt"))?.collect();
    let key = PrivateKeyDer::from_pem_file(folder.join("tls.key"))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certificates?, key)?;
    fs::metadata(folder)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
            // A client that has gone is no matter here.
            drop(connection.await);
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let body = request.into_body().collect().await?.to_bytes();
    let text = match serde_json::from_slice::<Review<'_>>(&body) {
        Ok(review) => {
            let before = review.request.old_object.aliases();
            let mut aliases = review.request.object.aliases().iter();
            let allowed =
                aliases.all(|(alias, target)| !target.is_empty() || before.get(alias) == Some(target));
            format!(
                r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{{"uid":"{}","allowed":{allowed}}}}}"#,
                review.request.uid
            )
        }
        Err(error) => error.to_string(),
    };
    let mut response = Response::new(Full::new(text.into()));
    let json = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, json);
    Ok(response)
}
