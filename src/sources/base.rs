//! What every snapshot of a feed is made with.

use std::sync::Arc;

use crate::engine::{Catalogs, Date, Kind, Resource, Severities, Snapshot};

/// What every snapshot of a feed is made with, besides the resources.
#[derive(Clone)]
pub struct Base {
    /// The catalogs.
    pub catalogs: Arc<Catalogs>,
    /// The levels of the admin.
    pub severities: Severities,
    /// Whether the annotation `aliasgate.dev/allow` of an object counts.
    pub allow_annotation: bool,
    /// Tells the day that counts as today; a new day makes a new snapshot.
    pub today: Arc<dyn Fn() -> Date + Send + Sync>,
}

impl Base {
    /// The snapshot of `resources`, as of today.
    pub(super) fn snapshot(&self, resources: impl IntoIterator<Item = Arc<Resource>>) -> Snapshot {
        Snapshot::build(Arc::clone(&self.catalogs), resources, (self.today)())
            .with_severities(self.severities.clone())
            .with_allow_annotation(self.allow_annotation)
    }
}

/// What is kept of `new`, where `old` had its kind and key before: the old allocation where both are equal. Where `new`
/// is a catalog that cannot be read, the catalog of `old` goes on to count.
pub(super) fn keep(new: Resource, old: Option<&Arc<Resource>>) -> Arc<Resource> {
    let unreadable = new.kind == Kind::ModelCatalog && new.catalog().is_none();
    let new = match old {
        Some(old) if unreadable => new.with_catalog_of(old),
        _ => new,
    };
    if let Some(same) = old.filter(|old| ***old == new) {
        return Arc::clone(same);
    }
    if unreadable {
        let kept = new.catalog().is_some();
        tracing::warn!(catalog = %new.key.name, kept, "a ModelCatalog cannot be read; aliasgate validate says why");
    }
    Arc::new(new)
}
