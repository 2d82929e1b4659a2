//! The CAs that are trusted, as they stand in the Secret and in every `caBundle`.

use k8s_openapi::ByteString;
use rustls::pki_types::{CertificateDer, pem::PemObject};

use crate::tls::{
    issue::CA_NAME,
    pair::{Facts, MAX_PEM},
};

/// CAs that stay beside the newest one until they expire.
pub const MAX_OLD: usize = 3;
/// Bytes of a certificate in a line of PEM.
const LINE: usize = 48;

/// A CA that was made here, told by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// Identifies its key; certificates name their CA by it.
    pub key_id: Vec<u8>,
    /// Unix seconds.
    pub not_before: i64,
    /// Unix seconds.
    pub not_after: i64,
    der: Vec<u8>,
}

impl Authority {
    /// `None` when `der` is no CA that was made here.
    fn of(der: &CertificateDer<'_>) -> Option<Self> {
        let facts = Facts::of(der)?;
        let ours = facts.authority.as_deref() == Some(CA_NAME) && !facts.subject_key.is_empty();
        ours.then(|| Self {
            key_id: facts.subject_key,
            not_before: facts.not_before,
            not_after: facts.not_after,
            der: der.to_vec(),
        })
    }
}

/// CAs in the order of their PEM.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bundle {
    /// Those that were made here.
    pub authorities: Vec<Authority>,
    /// Whether there is anything else: certificates of others, or what is none.
    pub foreign: bool,
}

impl Bundle {
    /// Reads PEM; text around the certificates counts for nothing.
    #[must_use]
    pub fn parse(pem: &[u8]) -> Self {
        let mut bundle = Self {
            authorities: Vec::new(),
            foreign: pem.len() as u64 > MAX_PEM,
        };
        if bundle.foreign {
            return bundle;
        }
        for der in CertificateDer::pem_slice_iter(pem) {
            match der.ok().as_ref().and_then(Authority::of) {
                Some(authority) => bundle.authorities.push(authority),
                None => bundle.foreign = true,
            }
        }
        bundle
    }

    /// The bundle in which `newest` leads and of `others` those stay that hold at `now`: first those that `pinned` is
    /// the key of, then the youngest. Equal for equal sets of CAs, whatever their order.
    #[must_use]
    pub fn led_by<'a>(
        newest: &Authority,
        others: impl Iterator<Item = &'a Authority>,
        pinned: Option<&[u8]>,
        now: i64,
    ) -> Self {
        let mut old: Vec<&Authority> = others
            .filter(|other| now < other.not_after && *other != newest)
            .collect();
        let rank = |authority: &&Authority| {
            let loose = Some(authority.key_id.as_slice()) != pinned;
            (
                loose,
                std::cmp::Reverse(authority.not_before),
                authority.der.clone(),
            )
        };
        old.sort_by_cached_key(rank);
        old.dedup();
        old.truncate(MAX_OLD);
        let authorities = std::iter::once(newest).chain(old).cloned().collect();
        Self {
            authorities,
            foreign: false,
        }
    }

    /// Whether the CA with this key is in it.
    #[must_use]
    pub fn has(&self, key_id: &[u8]) -> bool {
        self.authorities
            .iter()
            .any(|authority| authority.key_id == key_id)
    }

    /// The CAs in PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        let mut pem = String::new();
        for authority in &self.authorities {
            pem.push_str("-----BEGIN CERTIFICATE-----\n");
            for line in authority.der.chunks(LINE) {
                pem.push_str(&base64(line));
                pem.push('\n');
            }
            pem.push_str("-----END CERTIFICATE-----\n");
        }
        pem
    }
}

/// Base64, as Kubernetes writes bytes into JSON.
fn base64(bytes: &[u8]) -> String {
    match serde_json::to_value(ByteString(bytes.to_vec())) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}
