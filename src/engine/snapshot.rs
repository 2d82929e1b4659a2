//! Everything that is known at one moment.

use std::{collections::BTreeMap, sync::Arc};

use super::{Catalogs, Date, Key, Kind, Resource, Severities};

/// Catalogs, resources and the date they are judged at. Immutable; a change makes a new one.
#[derive(Debug, Clone)]
pub struct Snapshot {
    catalogs: Arc<Catalogs>,
    resources: BTreeMap<(Kind, Key), Arc<Resource>>,
    as_of: Date,
    severities: Severities,
}

impl Snapshot {
    /// The snapshot of `catalogs` and `resources`, judged as of `as_of`. Of two resources with one kind and key the
    /// last counts, as it would in the cluster.
    #[must_use]
    pub fn build(
        catalogs: Arc<Catalogs>,
        resources: impl IntoIterator<Item = Arc<Resource>>,
        as_of: Date,
    ) -> Self {
        let resources = resources.into_iter().map(|r| ((r.kind, r.key.clone()), r)).collect();
        Self { catalogs, resources, as_of, severities: Severities::default() }
    }

    /// The same with levels that differ from the defaults.
    #[must_use]
    pub fn with_severities(mut self, severities: Severities) -> Self {
        self.severities = severities;
        self
    }

    /// The catalogs.
    #[must_use]
    pub fn catalogs(&self) -> &Catalogs {
        &self.catalogs
    }

    /// The day that counts as today.
    #[must_use]
    pub const fn as_of(&self) -> Date {
        self.as_of
    }

    /// The levels of the admin.
    #[must_use]
    pub const fn severities(&self) -> &Severities {
        &self.severities
    }

    /// The resource with this kind and key.
    #[must_use]
    pub fn get(&self, kind: Kind, key: &Key) -> Option<&Arc<Resource>> {
        self.resources.get(&(kind, key.clone()))
    }

    /// All resources of a kind, in the order of their keys.
    pub fn all(&self, kind: Kind) -> impl Iterator<Item = &Arc<Resource>> {
        self.resources.values().filter(move |r| r.kind == kind)
    }
}
