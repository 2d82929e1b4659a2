//! Certificates that a test makes itself.

use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// A CA.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    /// A new CA that is like no other.
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "test CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// The CA's certificate.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate for 127.0.0.1, and its key. It has been valid for two days, and ends in a day, or ended a day ago.
    pub(crate) fn issue(&self, expired: bool) -> (String, String) {
        const DAY: Duration = Duration::from_hours(24);
        let now = SystemTime::now();
        let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).expect("an address");
        params.not_before = (now - 2 * DAY).into();
        params.not_after = if expired { now - DAY } else { now + DAY }.into();
        let key = KeyPair::generate().expect("a key");
        let cert = params.signed_by(&key, &self.issuer).expect("a certificate");
        (cert.pem(), key.serialize_pem())
    }
}
