//! `GET` with limits and retries.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::{
    HeaderMap, Request, Response,
    body::Incoming,
    header::{ACCEPT, HeaderValue, RETRY_AFTER, USER_AGENT},
};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::{Error, Limits, error::Broken};

const AGENT: &str = concat!("aliasgate/", env!("CARGO_PKG_VERSION"));
/// Most certificates of an authority.
const MAX_AUTHORITIES: usize = 1_000;

/// Connections to providers. A clone shares them.
#[derive(Debug, Clone)]
pub struct Client(legacy::Client<HttpsConnector<HttpConnector>, Empty<Bytes>>);

/// What one attempt led to.
enum Attempt {
    Page(Value),
    Failed(Error),
    /// Worth another attempt, after this time where the server names one.
    Again(Error, Option<Duration>),
}

impl Client {
    /// Connections that trust the public authorities, or only those in `authorities`, certificates in PEM.
    ///
    /// # Errors
    /// When `authorities` are no certificates.
    pub fn new(authorities: Option<&[u8]>, limits: &Limits) -> Result<Self, Error> {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has the suites of TLS 1.2 and 1.3");
        let config = match authorities {
            None => config.with_webpki_roots(),
            Some(pem) => config.with_root_certificates(roots(pem)?),
        };
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_connect_timeout(Some(limits.connect));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config.with_no_client_auth())
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        Ok(Self(
            legacy::Client::builder(TokioExecutor::new()).build(connector),
        ))
    }

    /// The JSON at `url`, which errors call `place`.
    pub(super) async fn get(
        &self,
        url: &str,
        mut headers: HeaderMap,
        place: &impl Fn() -> String,
        limits: &Limits,
    ) -> Result<Value, Error> {
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        let mut pause = limits.pause;
        let mut left = limits.attempts;
        loop {
            let (error, asked) = match self.attempt(url, headers.clone(), place, limits).await {
                Attempt::Page(page) => return Ok(page),
                Attempt::Failed(error) => return Err(error),
                Attempt::Again(error, asked) => (error, asked),
            };
            left = left.saturating_sub(1);
            if left == 0 {
                return Err(error);
            }
            if let Some(pause) = asked.filter(|asked| *asked > limits.max_pause) {
                return Err(Error::Wait {
                    place: place(),
                    pause,
                    limit: limits.max_pause,
                });
            }
            sleep(asked.unwrap_or_default().max(shortened(pause))).await;
            pause = (pause * 2).min(limits.max_pause);
        }
    }

    async fn attempt(
        &self,
        url: &str,
        headers: HeaderMap,
        place: &impl Fn() -> String,
        limits: &Limits,
    ) -> Attempt {
        let broken = |source| {
            Attempt::Again(
                Error::Reach {
                    place: place(),
                    source,
                },
                None,
            )
        };
        let shape = |what: &str| {
            Attempt::Failed(Error::Shape {
                place: place(),
                what: what.to_owned(),
            })
        };
        let Ok(mut request) = Request::get(url).body(Empty::new()) else {
            return shape("the address of the next page is none");
        };
        *request.headers_mut() = headers;
        let silence = || Broken::Silence(limits.read);
        let response = match timeout(limits.connect + limits.read, self.0.request(request)).await {
            Err(_late) => return broken(silence()),
            Ok(Err(error)) => return broken(Broken::Connect(error)),
            Ok(Ok(response)) => response,
        };
        let status = response.status().as_u16();
        if status != 200 {
            let error = Error::Status {
                place: place(),
                status,
            };
            return match status {
                408 | 425 | 429 | 500 | 502 | 503 | 504 | 529 => {
                    Attempt::Again(error, retry_after(&response))
                }
                _ => Attempt::Failed(error),
            };
        }
        let mut body = response.into_body();
        let mut bytes = Vec::new();
        loop {
            let frame = match timeout(limits.read, body.frame()).await {
                Err(_late) => return broken(silence()),
                Ok(None) => break,
                Ok(Some(Err(error))) => return broken(Broken::Body(error)),
                Ok(Some(Ok(frame))) => frame,
            };
            let data = frame.into_data().unwrap_or_default();
            if bytes.len() + data.len() > limits.page {
                let (what, limit) = ("bytes in a page", limits.page);
                return Attempt::Failed(Error::TooMany {
                    place: place(),
                    what,
                    limit,
                });
            }
            bytes.extend_from_slice(&data);
        }
        match serde_json::from_slice(&bytes) {
            Ok(page) => Attempt::Page(page),
            // The parser's own words can hold text of the server.
            Err(error) => shape(&format!("the answer is no JSON (line {})", error.line())),
        }
    }
}

/// The pause that the answer asks for, in seconds; a date is not understood, and the usual pause is made.
fn retry_after(response: &Response<Incoming>) -> Option<Duration> {
    let seconds = response
        .headers()
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds))
}

/// Between half of `pause` and all of it, so that many clients do not come back together.
fn shortened(pause: Duration) -> Duration {
    let chance = RandomState::new().hash_one(0_u8) % 512; // of 1,024
    pause.mul_f64(1.0 - f64::from(u16::try_from(chance).unwrap_or(0)) / 1024.0)
}

fn roots(pem: &[u8]) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem).take(MAX_AUTHORITIES) {
        let certificate = certificate.map_err(|_| Error::Authority("not certificates in PEM"))?;
        roots
            .add(certificate)
            .map_err(|_| Error::Authority("one of them is no certificate of an authority"))?;
    }
    if roots.is_empty() {
        return Err(Error::Authority("there is none in the file"));
    }
    Ok(roots)
}
