//! All catalogs in force: those that come with the program, and those of the admin.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::{Catalog, ModelCatalog, Provider, layers};
use crate::engine::Date;

/// Most combinations of catalogs that are kept, at a few hundred KB each; one more is put together anew each time.
const MAX_KEPT: usize = 64;

/// A provider, and the admin's catalogs that speak there by their numbers.
type Combination = (Provider, Vec<usize>);

/// All catalogs in force. A clone is cheap.
///
/// What counts where they disagree, first to last: a denial, a list of what is allowed, catalogs of the admin,
/// catalogs from the provider's own list (the label `aliasgate.dev/source: live`), the built-in catalog, families.
/// Of two catalogs with equal weight the first counts in the order of their names.
#[derive(Debug, Clone, Default)]
pub struct Catalogs {
    builtin: BTreeMap<Provider, Arc<Catalog>>,
    /// By falling weight.
    admin: Arc<[Arc<ModelCatalog>]>,
    /// The date of a catalog that names none.
    today: Date,
    /// What counts where no selector chooses, for providers of which the admin says anything.
    general: BTreeMap<Provider, Arc<Catalog>>,
    /// What counts where some selectors choose, put together on the first question. The lock is held for look-ups
    /// only, which many threads make at once on one snapshot; what is behind it follows from the rest.
    kept: Arc<Mutex<BTreeMap<Combination, Arc<Catalog>>>>,
}

impl Catalogs {
    /// The catalogs in `catalogs`; the last of a provider wins.
    #[must_use]
    pub fn new(catalogs: impl IntoIterator<Item = Catalog>) -> Self {
        let builtin = catalogs
            .into_iter()
            .map(|catalog| (catalog.provider, Arc::new(catalog)))
            .collect();
        Self {
            builtin,
            ..Self::default()
        }
    }

    /// The same with catalogs of the admin; one with the name of another takes its place. `today` is the date of
    /// those that name none.
    ///
    /// ```
    /// use aliasgate::engine::{Catalogs, Provider, catalog::{Model, ModelCatalog}, catalog::manifest::Entry};
    /// let mut mine = ModelCatalog::new("mine", Provider::OpenAi);
    /// mine.models.push(Entry { id: "our-own".into(), ..Entry::default() });
    /// let catalogs = Catalogs::default().with_admin([mine.into()], "2026-01-01".parse().unwrap());
    /// assert!(catalogs.of(Provider::OpenAi).unwrap().get("our-own").is_some());
    /// ```
    #[must_use]
    pub fn with_admin(&self, more: impl IntoIterator<Item = Arc<ModelCatalog>>, today: Date) -> Self {
        let mut by_name: BTreeMap<_, _> = self
            .admin
            .iter()
            .map(|catalog| (catalog.name.clone(), Arc::clone(catalog)))
            .collect();
        by_name.extend(more.into_iter().map(|catalog| (catalog.name.clone(), catalog)));
        if by_name.is_empty() {
            return self.clone();
        }
        let mut admin: Vec<_> = by_name.into_values().collect();
        admin.sort_by_key(|catalog| catalog.is_live()); // stable: names stay in order
        let mut catalogs = Self {
            builtin: self.builtin.clone(),
            admin: admin.into(),
            today,
            ..Self::default()
        };
        catalogs.general = catalogs.generally();
        catalogs
    }

    /// What the catalogs without a selector say, put over the built-in ones.
    fn generally(&self) -> BTreeMap<Provider, Arc<Catalog>> {
        let mut spoken: BTreeMap<Provider, Vec<&ModelCatalog>> = BTreeMap::new();
        for catalog in self.admin.iter().filter(|catalog| catalog.selector.is_empty()) {
            spoken.entry(catalog.provider).or_default().push(catalog);
        }
        let merged = |(provider, said): (Provider, Vec<&ModelCatalog>)| {
            let builtin = self.builtin.get(&provider).map(Arc::as_ref);
            let catalog = layers::merge(provider, builtin, &said, self.today);
            (provider, Arc::new(catalog))
        };
        spoken.into_iter().map(merged).collect()
    }

    /// What is known of `provider` wherever no selector chooses.
    #[must_use]
    pub fn of(&self, provider: Provider) -> Option<&Catalog> {
        self.shared(provider).map(Arc::as_ref)
    }

    /// The same, to be kept.
    pub(super) fn shared(&self, provider: Provider) -> Option<&Arc<Catalog>> {
        self.general
            .get(&provider)
            .or_else(|| self.builtin.get(&provider))
    }

    /// What is known wherever no selector chooses, in the order of providers.
    pub fn iter(&self) -> impl Iterator<Item = &Catalog> {
        Provider::all().filter_map(|provider| self.of(provider))
    }

    /// The catalogs of the admin, by falling weight.
    #[must_use]
    pub fn admin(&self) -> &[Arc<ModelCatalog>] {
        &self.admin
    }

    /// What is known of `provider` where the admin's catalogs with these numbers speak, which are in order.
    pub(super) fn combined(&self, provider: Provider, speaking: &[usize]) -> Option<Arc<Catalog>> {
        let general = |at: &&usize| self.admin[**at].selector.is_empty();
        if speaking.iter().filter(general).count() == speaking.len() {
            return self.shared(provider).cloned();
        }
        let combination = (provider, speaking.to_vec());
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(catalog) = kept().get(&combination) {
            return Some(Arc::clone(catalog));
        }
        let said: Vec<_> = speaking.iter().map(|at| self.admin[*at].as_ref()).collect();
        let builtin = self.builtin.get(&provider).map(Arc::as_ref);
        let catalog = Arc::new(layers::merge(provider, builtin, &said, self.today));
        let mut kept = kept();
        if kept.len() < MAX_KEPT {
            kept.insert(combination, Arc::clone(&catalog));
        }
        Some(catalog)
    }
}
