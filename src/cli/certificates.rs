//! The flags that say where the webhook's certificate comes from.

use std::{path::PathBuf, sync::Arc, time::Duration};

use kube::Client;
use rustls::ServerConfig;
use tracing::warn;

use super::{cluster, serve::Error, span};
use crate::{
    engine::Key,
    sources::cluster::is_name,
    telemetry::{Gauges, Health},
    tls::{
        Certificates, Source,
        secret::{Keeper, Report, Settings, plan::Lives},
    },
};

/// The gate that opens once there is a certificate that clients can trust.
pub(super) const GATE: &str = "certificate";
/// How often the certificate's files are looked at.
const LOOK: Duration = Duration::from_secs(2);
/// Shortest life of a certificate: twice the time that a new CA takes to settle.
const MIN_LIFE: Duration = Duration::from_secs(20);
/// Longest life of a CA.
const MAX_LIFE: Duration = Duration::from_hours(100 * 365 * 24);

/// Where the certificate comes from.
#[derive(Debug, Clone, clap::Args)]
#[command(group = clap::ArgGroup::new("made").args(["cert_dir", "tls_secret"]))]
pub(super) struct Flags {
    /// Certificate chain, PEM; taken up again when its content changes
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls_key",
        conflicts_with = "made",
        required_unless_present = "made"
    )]
    tls_cert: Option<PathBuf>,
    /// Key of the certificate, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Make the certificate in this folder, and keep it fresh
    #[arg(long, value_name = "DIR")]
    cert_dir: Option<PathBuf>,
    /// Make the certificate, keep it fresh, and share it with other replicas in this Secret
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = cluster::key, requires = "dns_names")]
    tls_secret: Option<Key>,
    /// Keep every caBundle of the Validating- and MutatingWebhookConfiguration of this name up to date; may be repeated
    #[arg(long = "webhook-configuration", value_name = "NAME", requires = "tls_secret", value_parser = name)]
    configurations: Vec<String>,
    /// How long a certificate in the Secret holds, as 30s, 10m, 12h, 90d or 3y; it is renewed at two thirds
    #[arg(long, value_name = "DURATION", requires = "tls_secret", default_value = "90d", value_parser = life)]
    cert_life: Duration,
    /// How long its CA holds: at least twice as long
    #[arg(long, value_name = "DURATION", requires = "tls_secret", default_value = "3y", value_parser = life)]
    ca_life: Duration,
    /// DNS name or IP address of the made certificate; may be repeated
    #[arg(long = "dns-name", value_name = "NAME", requires = "made", default_values = ["localhost", "127.0.0.1", "::1"])]
    dns_names: Vec<String>,
}

/// A way to a certificate, as the flags name it.
#[derive(Debug)]
pub(super) enum Way {
    /// Files, or made in a folder.
    Files(Source),
    /// Made, and shared in a Secret.
    Secret(Settings),
}

impl Flags {
    /// The way that the flags name.
    ///
    /// # Errors
    /// Certificates would outlive their CA.
    pub(super) fn way(&self) -> Result<Way, Error> {
        Ok(match (&self.tls_secret, &self.tls_cert, &self.tls_key) {
            (Some(secret), ..) => Way::Secret(self.settings(secret)?),
            (None, Some(cert), Some(key)) => Way::Files(Source::Files {
                cert: cert.clone(),
                key: key.clone(),
            }),
            _ => Way::Files(Source::Made {
                dir: self.cert_dir.clone().unwrap_or_default(),
                names: self.dns_names.clone(),
            }),
        })
    }

    fn settings(&self, secret: &Key) -> Result<Settings, Error> {
        if self.ca_life < self.cert_life.saturating_mul(2) {
            return Err(Error::Lives);
        }
        Ok(Settings {
            namespace: secret.namespace.clone(),
            name: secret.name.clone(),
            configurations: self.configurations.clone(),
            names: self.dns_names.clone(),
            lives: Lives {
                leaf: self.cert_life,
                ca: self.ca_life,
            },
        })
    }
}

impl Way {
    /// Whether it leads through a cluster.
    pub(super) const fn needs_cluster(&self) -> bool {
        matches!(self, Self::Secret(_))
    }

    /// TLS with the certificate of the moment, which is kept up to date and reported from now on. `client` must be
    /// there where the way [leads through a cluster](Self::needs_cluster).
    ///
    /// # Errors
    /// There is no certificate, and none can be made.
    pub(super) fn begin(
        self,
        client: Option<&Client>,
        health: &Health,
        gauges: &Gauges,
    ) -> Result<Arc<ServerConfig>, Error> {
        let (health, gauges) = (health.clone(), gauges.clone());
        match self {
            Self::Files(source) => {
                let certificates = Certificates::load(source)?;
                let config = certificates.server_config()?;
                report_files(&certificates, &health, &gauges);
                tokio::spawn(certificates.watch(LOOK, move |now| report_files(now, &health, &gauges)));
                Ok(config)
            }
            Self::Secret(settings) => {
                if settings.configurations.is_empty() {
                    warn!(
                        "whoever trusts the CA must be told of each new one: no --webhook-configuration is given"
                    );
                }
                let client = client.ok_or(cluster::Error::Nowhere)?;
                let keeper = Keeper::new(client.clone(), settings)?;
                let config = keeper.server_config()?;
                tokio::spawn(keeper.keep(move |report| report_secret(report, &health, &gauges)));
                Ok(config)
            }
        }
    }
}

fn report_files(certificates: &Certificates, health: &Health, gauges: &Gauges) {
    gauges.certificate(certificates.not_after());
    if certificates.expired() {
        health.close(GATE, "it has expired");
    } else {
        health.open(GATE);
    }
}

fn report_secret(report: &Report, health: &Health, gauges: &Gauges) {
    if let Some(not_after) = report.not_after {
        gauges.certificate(not_after);
    }
    if let Some(not_after) = report.ca_not_after {
        gauges.authority(not_after);
    }
    health.note(GATE, report.notes.clone());
    match &report.closed {
        None => health.open(GATE),
        Some(why) => health.close(GATE, why),
    }
}

/// The name of an object of the cluster.
fn name(text: &str) -> Result<String, String> {
    match is_name(text) {
        true => Ok(text.to_owned()),
        false => Err("it is no name of an object in Kubernetes".to_owned()),
    }
}

fn life(text: &str) -> Result<Duration, String> {
    let life = span::parse(text)?;
    if (MIN_LIFE..=MAX_LIFE).contains(&life) {
        Ok(life)
    } else {
        Err("it must be between 20s and 100y".to_owned())
    }
}
