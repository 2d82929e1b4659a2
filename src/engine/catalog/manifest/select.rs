//! Which places a catalog speaks for.

use serde_json::{Map, Value};

use super::{ModelCatalog, Selector};
use crate::engine::{Provider, catalog::Spot};

impl Selector {
    /// Whether it chooses every place.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.namespaces.is_empty() && self.labels.is_empty()
    }

    /// Whether it names the host of a place.
    fn names(&self, host: Option<&str>) -> bool {
        host.is_some_and(|host| {
            let host = canonical(host);
            self.hosts.iter().any(|wanted| fits(&canonical(wanted), &host))
        })
    }

    /// Whether some place could be chosen by both.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        let either = |a: &[String], b: &[String], alike: fn(&str, &str) -> bool| {
            a.is_empty() || b.is_empty() || a.iter().any(|a| b.iter().any(|b| alike(a, b)))
        };
        let hosts = |a: &str, b: &str| {
            let (a, b) = (canonical(a), canonical(b));
            fits(&a, &b) || fits(&b, &a)
        };
        let disjoint =
            |(name, value): (&String, &String)| other.labels.get(name).is_some_and(|other| other != value);
        either(&self.hosts, &other.hosts, hosts)
            && either(&self.namespaces, &other.namespaces, |a, b| a == b)
            && !self.labels.iter().any(disjoint)
    }
}

/// Whether `wanted`, which may begin with `*.`, is or takes in `host`.
fn fits(wanted: &str, host: &str) -> bool {
    match wanted.strip_prefix('*') {
        Some(rest) => host.len() > rest.len() && host.ends_with(rest),
        None => wanted == host,
    }
}

/// A host as it is compared: in lower case, without a dot at its end, and a Service of the cluster without the
/// cluster's own domain.
fn canonical(host: &str) -> String {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    match host.strip_suffix(".cluster.local") {
        Some(service) if service.ends_with(".svc") => service.to_owned(),
        _ => host,
    }
}

impl ModelCatalog {
    /// Whether it holds what a provider's own list said, and counts less than what the admin wrote: by its label, or
    /// since all its entries say so.
    #[must_use]
    pub fn is_live(&self) -> bool {
        let live = |life: &super::Lifecycle| life.source.as_deref() == Some("live");
        self.live
            || !self.models.is_empty()
                && self
                    .models
                    .iter()
                    .all(|entry| entry.lifecycle.as_ref().is_some_and(live))
    }

    /// Whether it speaks for `spot`.
    ///
    /// Where the place is one of a known provider's own, a catalog of that provider does; elsewhere, one that names the
    /// host, or one of a custom provider that chooses by namespace or labels.
    #[must_use]
    pub fn speaks_for(&self, spot: &Spot<'_>) -> bool {
        let Selector {
            hosts,
            namespaces,
            labels,
        } = &self.selector;
        let named = self.selector.names(spot.host);
        let world = match spot.ground {
            Some(ground) => self.provider == ground.provider || self.provider == Provider::Custom && named,
            None => self.provider == Provider::Custom || named,
        };
        world
            && (hosts.is_empty() || named)
            && (namespaces.is_empty() || namespaces.iter().any(|namespace| namespace == spot.namespace))
            && labels
                .iter()
                .all(|(name, value)| label(spot.labels, name) == Some(value.as_str()))
    }
}

fn label<'a>(labels: Option<&'a Map<String, Value>>, name: &str) -> Option<&'a str> {
    labels?.get(name)?.as_str()
}
