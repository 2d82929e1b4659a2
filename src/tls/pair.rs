//! A certificate with its key.

use std::{
    fs::File,
    io::{self, Read},
    net::IpAddr,
    path::Path,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use rustls::{
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use x509_parser::prelude::{FromDer, GeneralName, ParsedExtension, X509Certificate};

use super::{Error, provider};

/// Longest PEM file that is read, in bytes.
pub(super) const MAX_PEM: u64 = 1024 * 1024;

/// A chain and the key of its first certificate, which is known to fit.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) key: Arc<CertifiedKey>,
    /// Unix seconds.
    pub(super) not_after: i64,
    /// Names and addresses, sorted.
    pub(super) names: Vec<String>,
    /// The serial number of the first certificate.
    pub(super) serial: Vec<u8>,
    /// Identifies the key of the first certificate.
    pub(super) subject_key: Vec<u8>,
    /// Identifies the key of the CA that made it.
    pub(super) authority_key: Vec<u8>,
}

impl Pair {
    /// The pair in two PEM texts. The paths are for the error only.
    pub(super) fn parse(cert: (&Path, &[u8]), key: (&Path, &[u8])) -> Result<Self, Error> {
        let unusable = |path: &Path, why| Error::Unusable {
            path: path.to_owned(),
            why,
        };
        let chain: Vec<_> = CertificateDer::pem_slice_iter(cert.1)
            .collect::<Result<_, _>>()
            .map_err(|_| unusable(cert.0, "it is no valid PEM"))?;
        let first = chain
            .first()
            .ok_or_else(|| unusable(cert.0, "it holds no certificate"))?;
        let facts = Facts::of(first).ok_or_else(|| unusable(cert.0, "it is no valid X.509 certificate"))?;
        let private = PrivateKeyDer::from_pem_slice(key.1)
            .map_err(|_| unusable(key.0, "it holds no private key in PEM"))?;
        let key = CertifiedKey::from_der(chain, private, provider()).map_err(|source| Error::Pair {
            cert: cert.0.to_owned(),
            key: key.0.to_owned(),
            source,
        })?;
        let Facts {
            serial,
            not_after,
            names,
            subject_key,
            authority_key,
            ..
        } = facts;
        Ok(Self {
            key: Arc::new(key),
            serial,
            not_after,
            names,
            subject_key,
            authority_key,
        })
    }

    /// Whether `ca` made this certificate, told by the identifiers of their keys.
    pub(super) fn is_by(&self, ca: &Self) -> bool {
        !ca.subject_key.is_empty() && self.authority_key == ca.subject_key
    }

    /// Whether it has not expired at `now` (Unix seconds).
    pub(super) const fn holds_at(&self, now: i64) -> bool {
        now < self.not_after
    }
}

/// What an X.509 certificate says of itself.
pub(super) struct Facts {
    serial: Vec<u8>,
    pub(super) not_before: i64,
    pub(super) not_after: i64,
    /// The common name of a CA that signed itself; `None` when it may not make certificates.
    pub(super) authority: Option<String>,
    names: Vec<String>,
    pub(super) subject_key: Vec<u8>,
    authority_key: Vec<u8>,
}

impl Facts {
    pub(super) fn of(der: &CertificateDer<'_>) -> Option<Self> {
        let (_, cert) = X509Certificate::from_der(der).ok()?;
        let common_name = cert.subject().iter_common_name().next();
        let mut facts = Self {
            serial: cert.raw_serial().to_owned(),
            not_before: cert.validity().not_before.timestamp(),
            not_after: cert.validity().not_after.timestamp(),
            authority: common_name
                .filter(|_| cert.is_ca() && cert.verify_signature(None).is_ok())
                .and_then(|name| Some(name.as_str().ok()?.to_owned())),
            names: Vec::new(),
            subject_key: Vec::new(),
            authority_key: Vec::new(),
        };
        for extension in cert.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::SubjectAlternativeName(names) => {
                    facts.names.extend(names.general_names.iter().filter_map(name_of));
                }
                ParsedExtension::SubjectKeyIdentifier(id) => id.0.clone_into(&mut facts.subject_key),
                ParsedExtension::AuthorityKeyIdentifier(by) => {
                    facts.authority_key = by
                        .key_identifier
                        .as_ref()
                        .map(|id| id.0.to_owned())
                        .unwrap_or_default();
                }
                _ => {}
            }
        }
        facts.names.sort_unstable();
        Some(facts)
    }
}

fn name_of(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from))
                .ok()
                .map(|ip| ip.to_string())
        }
        _ => None,
    }
}

/// The content of a PEM file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let mut content = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_PEM + 1).read_to_end(&mut content))
        .and_then(|length| match length as u64 > MAX_PEM {
            true => Err(io::Error::other("it is longer than 1 MiB")),
            false => Ok(()),
        })
        .map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
    Ok(content)
}

/// The present in Unix seconds. Wall-clock time, as certificates are judged by it everywhere.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
