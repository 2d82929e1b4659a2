//! Makes CAs and server certificates.

use std::{
    net::IpAddr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// The common name of every CA made here, by which it is known again.
pub(super) const CA_NAME: &str = "aliasgate CA";
/// Clocks of clients may be behind by this much.
const SKEW: Duration = Duration::from_hours(1);

/// A certificate and its key in PEM. It has no `Debug`, so that no key gets into a log.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) cert: String,
    pub(super) key: String,
}

/// A certificate by which `key` is a CA until `until`, in PEM. Times are Unix seconds.
pub(super) fn authority(key: &KeyPair, now: i64, until: i64) -> Result<String, rcgen::Error> {
    Ok(ca_params(now, until).self_signed(key)?.pem())
}

/// A new server certificate for `names` of the CA whose key is `ca_key`; it holds until `until`.
pub(super) fn leaf(names: &[String], now: i64, until: i64, ca_key: &KeyPair) -> Result<Made, rcgen::Error> {
    let issuer = Issuer::new(ca_params(now, until), ca_key);
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "aliasgate");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let cert = holds(params, now, until).signed_by(&key, &issuer)?;
    Ok(Made {
        cert: cert.pem(),
        key: key.serialize_pem(),
    })
}

/// `names` in the spelling and order in which a certificate gives them back, each once.
pub(super) fn sorted(names: &[String]) -> Vec<String> {
    let spell = |name: &String| {
        name.parse::<IpAddr>()
            .map_or_else(|_| name.clone(), |ip| ip.to_string())
    };
    let mut names: Vec<_> = names.iter().map(spell).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// `duration` in seconds.
pub(super) fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

fn ca_params(now: i64, until: i64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, CA_NAME);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    holds(params, now, until)
}

fn holds(mut params: CertificateParams, now: i64, until: i64) -> CertificateParams {
    params.not_before = moment(now.saturating_sub(seconds(SKEW))).into();
    params.not_after = moment(until).into();
    params
}

fn moment(unix: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(unix).unwrap_or(0))
}
