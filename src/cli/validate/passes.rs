//! Many files in little memory: what fits is kept and checked at last, with all that there is to know; the rest is
//! checked as it is read, and read again only where something else in the input has a say in it.
//!
//! What has a say: a CRD in the objects of its kind, policies and routes in the backends that they name, ModelCatalogs,
//! namespaces and policies that choose by labels in all backends.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::Value;

use super::{
    checker::{Checker, Page, Stored},
    progress::Progress,
    sheet::{Object, Sheet, Source},
};
use crate::{
    cli::schemas::Known,
    engine::{Catalogs, Date, Diagnostic, Kind, Resource, Severities, Snapshot, resource::Choice},
    sources::{files, parallel},
};

/// How much text is kept in memory, with its objects.
const MAX_KEPT: usize = 2 * 1024 * 1024; // bytes

/// What the input is judged by, besides itself.
pub(super) struct Ground<'a> {
    pub(super) catalogs: Arc<Catalogs>,
    pub(super) severities: Severities,
    pub(super) allow_annotation: bool,
    pub(super) as_of: Date,
    pub(super) judge: fn(&Snapshot, &Resource) -> Vec<Diagnostic>,
    pub(super) old: Stored,
    pub(super) wanted: &'a (dyn Fn(&Object) -> bool + Sync),
    /// Whether pages say what can be better.
    pub(super) fixing: bool,
}

impl Ground<'_> {
    fn snapshot(&self, resources: impl IntoIterator<Item = Arc<Resource>>) -> Snapshot {
        Snapshot::build(Arc::clone(&self.catalogs), resources, self.as_of)
            .with_severities(self.severities.clone())
            .with_allow_annotation(self.allow_annotation)
    }

    fn checker<'a>(&'a self, schemas: &'a Known, snapshot: &'a Snapshot) -> Checker<'a> {
        Checker {
            schemas,
            severities: &self.severities,
            snapshot,
            judge: self.judge,
            old: &self.old,
            wanted: self.wanted,
            fixing: self.fixing,
        }
    }
}

/// All pages, in the order of `sources`.
pub(super) fn pages(
    sources: &[Source],
    mut known: Known,
    ground: &Ground<'_>,
    progress: &Progress,
) -> Vec<Page> {
    let (kept, alone) = (AtomicUsize::new(0), ground.snapshot([]));
    let checker = ground.checker(&known, &alone);
    let looks = parallel::map(sources.iter().collect(), |source| {
        let look = Look::at(source, &kept, &checker);
        progress.advance();
        look
    });
    let context = Context::of(&looks);
    for definition in &context.definitions {
        known.add(definition);
    }
    let mut resources = context.resources.clone();
    resources.extend(far_backends(sources, &looks, &context));
    resources.sort_by_key(|(at, _)| *at); // of two with one name the last counts
    let all = ground.snapshot(resources.into_iter().map(|(_, resource)| resource));
    let checker = ground.checker(&known, &all);
    let looks = looks.into_iter().zip(sources).collect();
    parallel::map(looks, |(look, source)| match look {
        Look::Kept(mut sheet) => checker.page(&mut sheet),
        Look::Passed(traits, Some(page)) if !context.concerns(&traits) => page,
        Look::Passed(..) => match source.read() {
            Ok(mut sheet) => checker.page(&mut sheet),
            Err(error) => unread(error),
        },
        Look::Failed(error) => unread(error),
    })
}

fn unread(error: files::Error) -> Page {
    Page {
        unread: vec![error],
        ..Page::default()
    }
}

/// What the first look at a file leaves.
enum Look {
    /// All of it; nothing is checked yet.
    Kept(Sheet),
    /// What others need to know of it; and what there is to say about it as long as no other has a say.
    Passed(Traits, Option<Page>),
    /// It cannot be read.
    Failed(files::Error),
}

/// What others need to know of a file that is not kept.
#[derive(Default)]
struct Traits {
    /// The objects that may have a say in others.
    context: Vec<Object>,
    /// The names of its backends.
    backends: Vec<String>,
    /// The `apiVersion` and `kind` of its objects.
    kinds: BTreeSet<(String, String)>,
}

impl Look {
    fn at(source: &Source, kept: &AtomicUsize, checker: &Checker<'_>) -> Self {
        let mut sheet = match source.read() {
            Ok(sheet) => sheet,
            Err(error) => return Self::Failed(error),
        };
        let size = sheet.text.len();
        if source.is_read_once() || kept.fetch_add(size, Ordering::Relaxed) + size <= MAX_KEPT {
            return Self::Kept(sheet);
        }
        let traits = Traits::of(&sheet);
        let page = traits.context.is_empty().then(|| checker.page(&mut sheet));
        Self::Passed(traits, page)
    }
}

impl Traits {
    fn of(sheet: &Sheet) -> Self {
        let mut traits = Self::default();
        for (object, _) in &sheet.objects {
            let of = |pointer| object.text(pointer).to_owned();
            traits.kinds.insert((of("/apiVersion"), of("/kind")));
            match object {
                Object::Resource(resource) if resource.kind == Kind::Backend => {
                    traits.backends.push(resource.key.name.clone());
                }
                Object::Resource(_) | Object::Definition(_) => traits.context.push(object.clone()),
                Object::Other(_) => {}
            }
        }
        traits
    }
}

/// What has a say in other objects.
#[derive(Default)]
struct Context {
    definitions: Vec<Arc<Value>>,
    /// The schemas of these.
    given: Known,
    /// With the number of the file.
    resources: Vec<(usize, Arc<Resource>)>,
    /// Whatever policies and routes call by name.
    names: BTreeSet<String>,
    /// Whether a policy chooses backends by their labels.
    selects: bool,
    /// Whether something has a say in every backend.
    everywhere: bool,
}

impl Context {
    fn of(looks: &[Look]) -> Self {
        let mut context = Self::default();
        for (at, look) in looks.iter().enumerate() {
            match look {
                Look::Kept(sheet) => sheet
                    .objects
                    .iter()
                    .for_each(|(object, _)| context.add(at, object)),
                Look::Passed(traits, _) => traits.context.iter().for_each(|object| context.add(at, object)),
                Look::Failed(_) => {}
            }
        }
        context
    }

    fn add(&mut self, at: usize, object: &Object) {
        match object {
            Object::Definition(crd) => {
                self.given.add(crd);
                self.definitions.push(Arc::clone(crd));
            }
            Object::Resource(resource) => {
                match resource.kind {
                    Kind::Policy | Kind::HttpRoute => add_names(resource.value(), &mut self.names),
                    Kind::ModelCatalog => self.everywhere = true,
                    // Its labels lower errors.
                    Kind::Namespace => {
                        self.everywhere |= object.value().pointer("/metadata/labels").is_some()
                    }
                    Kind::Backend | Kind::Secret => {}
                }
                let by_labels = |choice: &Choice| matches!(choice, Choice::Labels(_));
                self.selects |= resource.attachments().iter().any(|one| by_labels(&one.choice));
                self.resources.push((at, Arc::clone(resource)));
            }
            Object::Other(_) => {}
        }
    }

    /// Whether something has a say in a file that was checked alone.
    fn concerns(&self, traits: &Traits) -> bool {
        let defined = |(api_version, kind): &(String, String)| self.given.is_given(api_version, kind);
        let reached = self.everywhere || self.names_backends(traits);
        (!self.definitions.is_empty() && traits.kinds.iter().any(defined))
            || (!traits.backends.is_empty() && reached)
    }

    fn names_backends(&self, traits: &Traits) -> bool {
        !traits.backends.is_empty()
            && (self.selects || traits.backends.iter().any(|name| self.names.contains(name)))
    }
}

/// The backends of files that were not kept which policies and routes may lead to, with the numbers of the files.
fn far_backends(sources: &[Source], looks: &[Look], context: &Context) -> Vec<(usize, Arc<Resource>)> {
    let far = looks.iter().enumerate().filter(|(_, look)| match look {
        Look::Passed(traits, _) => context.names_backends(traits),
        Look::Kept(_) | Look::Failed(_) => false,
    });
    let found = parallel::map(far.collect(), |(at, _)| {
        // Whoever reads it again says what is wrong.
        let objects = sources[at].read().map(|sheet| sheet.objects).unwrap_or_default();
        let backends = objects.into_iter().filter_map(|(object, _)| match object {
            Object::Resource(resource) if resource.kind == Kind::Backend => Some(resource),
            _ => None,
        });
        backends
            .filter(|backend| context.selects || context.names.contains(&backend.key.name))
            .map(|backend| (at, backend))
            .collect::<Vec<_>>()
    });
    found.into_iter().flatten().collect()
}

/// Adds every text in a field `name`: who refers to another object names it so.
fn add_names(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(name) if key == "name" => drop(names.insert(name.clone())),
                    _ => add_names(value, names),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| add_names(item, names)),
        _ => {}
    }
}
