//! Everything that is known at one moment.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Catalogs, Date, Key, Kind, Resource, Severities,
    catalog::Voice,
    resource::{Attachment, Choice, Target},
};

/// Catalogs, resources and the date they are judged at. Immutable; a change makes a new one.
#[derive(Debug, Clone)]
pub struct Snapshot {
    catalogs: Arc<Catalogs>,
    resources: BTreeMap<(Kind, Key), Arc<Resource>>,
    as_of: Date,
    severities: Severities,
    allow_annotation: bool,
    /// Policies that set aliases, by the kind and key of a target that they name.
    attached: BTreeMap<(String, Key), Vec<Key>>,
    /// Policies that set aliases and choose targets by labels.
    selecting: Vec<Key>,
}

impl Snapshot {
    /// The snapshot of `catalogs` and `resources`, judged as of `as_of`. Of two resources with one kind and key the
    /// last counts, as it would in the cluster. ModelCatalogs among the resources are put to the catalogs.
    #[must_use]
    pub fn build(
        catalogs: Arc<Catalogs>,
        resources: impl IntoIterator<Item = Arc<Resource>>,
        as_of: Date,
    ) -> Self {
        let resources: BTreeMap<_, _> = resources
            .into_iter()
            .map(|r| ((r.kind, r.key.clone()), r))
            .collect();
        let said: Vec<_> = resources
            .range((Kind::ModelCatalog, Key::new("", ""))..)
            .filter_map(|(_, resource)| resource.catalog().cloned())
            .collect();
        let catalogs = if said.is_empty() {
            catalogs
        } else {
            Arc::new(catalogs.with_admin(said, as_of))
        };
        let mut snapshot = Self {
            catalogs,
            resources,
            as_of,
            severities: Severities::default(),
            allow_annotation: true,
            attached: BTreeMap::new(),
            selecting: Vec::new(),
        };
        snapshot.index();
        snapshot
    }

    fn index(&mut self) {
        let policies: Vec<_> = self
            .all(Kind::Policy)
            .filter(|policy| !policy.sites().is_empty())
            .cloned()
            .collect();
        for policy in policies {
            for attachment in policy.attachments() {
                match &attachment.choice {
                    Choice::Name(name) => {
                        let target = (attachment.kind.clone(), Key::new(&policy.key.namespace, name));
                        self.attached.entry(target).or_default().push(policy.key.clone());
                    }
                    Choice::Labels(_) => self.selecting.push(policy.key.clone()),
                }
            }
        }
    }

    /// The same with levels that differ from the defaults.
    #[must_use]
    pub fn with_severities(mut self, severities: Severities) -> Self {
        self.severities = severities;
        self
    }

    /// The same, where the annotation that allows codes counts (the default) or does not.
    #[must_use]
    pub const fn with_allow_annotation(mut self, counts: bool) -> Self {
        self.allow_annotation = counts;
        self
    }

    /// Whether the annotation that allows codes counts.
    #[must_use]
    pub const fn allows_annotation(&self) -> bool {
        self.allow_annotation
    }

    /// The catalogs.
    #[must_use]
    pub fn catalogs(&self) -> &Catalogs {
        &self.catalogs
    }

    /// What the catalogs say of ids that are sent to `target` of `backend`.
    #[must_use]
    pub fn voice<'a>(&'a self, backend: &'a Resource, target: &'a Target) -> Option<Voice<'a>> {
        self.catalogs.voice(&backend.spot(target))
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
        let first = (kind, Key::new("", ""));
        self.resources
            .range(first..)
            .take_while(move |(key, _)| key.0 == kind)
            .map(|(_, resource)| resource)
    }

    /// The snapshot as it would be with `subject` in the place of what has its kind and key.
    pub(super) const fn with<'a>(&'a self, subject: &'a Resource) -> View<'a> {
        View {
            snapshot: self,
            subject: Some(subject),
        }
    }

    /// The snapshot as it is.
    pub(super) const fn view(&self) -> View<'_> {
        View {
            snapshot: self,
            subject: None,
        }
    }
}

/// A snapshot, and one resource that counts instead of the one with its kind and key.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) snapshot: &'a Snapshot,
    subject: Option<&'a Resource>,
}

impl<'a> View<'a> {
    /// The resource with this kind and key.
    pub(super) fn get(self, kind: Kind, key: &Key) -> Option<&'a Resource> {
        match self.subject {
            Some(subject) if subject.kind == kind && subject.key == *key => Some(subject),
            _ => self.snapshot.get(kind, key).map(Arc::as_ref),
        }
    }

    /// All resources of a kind; the order is that of the keys, but for the subject, which may stand last.
    pub(super) fn all(self, kind: Kind) -> impl Iterator<Item = &'a Resource> {
        let subject = self.subject.filter(|subject| subject.kind == kind);
        let others = self.snapshot.all(kind).map(Arc::as_ref);
        others
            .filter(move |other| subject.is_none_or(|s| s.key != other.key))
            .chain(subject)
    }

    /// The policies with AI settings on `object`, of `kind` and named `key`: on the section, or on the whole for `None`.
    /// In the order of their keys.
    pub(super) fn policies_on(self, kind: &str, key: &Key, section: Option<&str>) -> Vec<&'a Resource> {
        let object = match kind {
            "AgentgatewayBackend" => self.get(Kind::Backend, key),
            "HTTPRoute" => self.get(Kind::HttpRoute, key),
            _ => None,
        };
        let fits = |policy: &Resource, attachment: &Attachment| {
            policy.key.namespace == key.namespace
                && attachment.section.as_deref() == section
                && attachment.chooses(kind, key, object)
        };
        let named = self
            .snapshot
            .attached
            .get(&(kind.to_owned(), key.clone()))
            .into_iter()
            .flatten();
        let subject = self
            .subject
            .filter(|s| s.kind == Kind::Policy && !s.sites().is_empty());
        let stored = named
            .chain(&self.snapshot.selecting)
            .filter_map(|key| self.get(Kind::Policy, key));
        let mut found: Vec<&Resource> = stored
            .chain(subject)
            .filter(|policy| policy.attachments().iter().any(|a| fits(policy, a)))
            .collect();
        found.sort_by(|a, b| a.key.cmp(&b.key));
        found.dedup_by(|a, b| a.key == b.key);
        found
    }
}
