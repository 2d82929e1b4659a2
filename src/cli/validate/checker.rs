//! What is wrong with one object, and where in its file.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use super::{
    fix::Fix,
    sheet::{Object, Sheet},
};
use crate::{
    cli::{
        print::{Excerpts, Located, Subject},
        schemas::Known,
    },
    engine::{
        Code, Diagnostic, Kind, Resource, Severities, Severity, Snapshot, check::forgive, schema::check_crd,
    },
    sources::{
        documents::{Place, Places},
        files::{self, File},
    },
};

/// The kinds that can have faults. Others are read for what they say about these, or passed over.
const CHECKED: &[Kind] = &[Kind::Backend, Kind::Policy, Kind::HttpRoute, Kind::ModelCatalog];

/// Faults of a key itself, which are shown at the key; all others are shown at the value.
const AT_KEY: &[Code] = &[
    Code::AliasKeyEmpty,
    Code::AliasKeyInvalid,
    Code::AliasDuplicate,
    Code::AliasCaseCollision,
    Code::AliasShadowsModel,
    Code::AliasAmbiguous,
    Code::AliasUnreachable,
    Code::AliasCatchAll,
    Code::SchemaUnknownField,
];

/// What objects are checked with.
pub(super) struct Checker<'a> {
    pub(super) schemas: &'a Known,
    pub(super) severities: &'a Severities,
    pub(super) snapshot: &'a Snapshot,
    pub(super) judge: fn(&Snapshot, &Resource) -> Vec<Diagnostic>,
    pub(super) old: &'a Stored,
    /// Which of the objects are reported.
    pub(super) wanted: &'a (dyn Fn(&Object) -> bool + Sync),
    /// Whether to look for what can be better.
    pub(super) fixing: bool,
}

/// What there is to say about one file.
#[derive(Default)]
pub(super) struct Page {
    /// Its name, where it could be read.
    pub(super) file: Option<Arc<str>>,
    pub(super) located: Vec<Located>,
    /// The objects that were checked.
    pub(super) checked: Vec<Arc<Subject>>,
    /// The number of documents that nothing is known about.
    pub(super) skipped: usize,
    /// What could not be read.
    pub(super) unread: Vec<files::Error>,
    /// What can be better.
    pub(super) fix: Option<Fix>,
}

impl Checker<'_> {
    /// All faults of the objects of a file, in the order of their places.
    pub(super) fn page(&self, sheet: &mut Sheet) -> Page {
        let mut page = Page {
            file: Some(Arc::clone(&sheet.name)),
            fix: if self.fixing { Fix::of(sheet, self) } else { None },
            skipped: sheet.skipped,
            unread: std::mem::take(&mut sheet.faults),
            ..Page::default()
        };
        for (object, places) in sheet.objects.iter().filter(|(object, _)| (self.wanted)(object)) {
            let Some(found) = self.check(object) else {
                page.skipped += 1;
                continue;
            };
            let subject = Arc::new(object.subject());
            page.located.extend(found.into_iter().map(|diagnostic| Located {
                file: Arc::clone(&sheet.name),
                place: place(&diagnostic, places, object.value()),
                excerpt: None,
                subject: Arc::clone(&subject),
                diagnostic,
            }));
            page.checked.push(subject);
        }
        page.located.sort_by(|a, b| a.order().cmp(&b.order()));
        if !page.located.is_empty() {
            let mut excerpts = Excerpts::new(&sheet.text);
            for located in &mut page.located {
                located.excerpt = excerpts.at(located.place);
            }
        }
        page
    }

    /// All faults of `object`; `None` where nothing is known of its kind.
    fn check(&self, object: &Object) -> Option<Vec<Diagnostic>> {
        let schemas = self.schemas.of(object.value());
        let old = self.old.of(object);
        let by_schema = || match schemas {
            Some(schemas) => self.weigh(schemas.check(object.value(), old)),
            None => Vec::new(),
        };
        match object {
            Object::Definition(crd) => Some(self.weigh(check_crd(crd))),
            Object::Resource(resource) if CHECKED.contains(&resource.kind) => {
                let mut found = by_schema();
                let mut faults = (self.judge)(self.snapshot, resource);
                if let Some(old) = old.and_then(|old| Resource::new(old.clone())) {
                    forgive(&mut faults, self.snapshot, resource, &old);
                }
                found.retain(|by_schema| !is_said(by_schema, &faults));
                found.extend(faults);
                Some(found)
            }
            _ => schemas.is_some().then(by_schema),
        }
    }

    fn weigh(&self, found: Vec<Diagnostic>) -> Vec<Diagnostic> {
        let weigh = |mut one: Diagnostic| {
            one.severity = self.severities.of(one.code, one.severity)?;
            Some(one)
        };
        found.into_iter().filter_map(weigh).collect()
    }
}

/// Whether `faults` refuse the same value as the schema does, in words that say more.
fn is_said(by_schema: &Diagnostic, faults: &[Diagnostic]) -> bool {
    let same = |fault: &Diagnostic| fault.severity == Severity::Error && fault.pointer == by_schema.pointer;
    faults.iter().any(same)
}

/// Where `diagnostic` is shown in the text of `document`.
fn place(diagnostic: &Diagnostic, places: &Places, document: &Value) -> Place {
    if AT_KEY.contains(&diagnostic.code) {
        places.key(document, &diagnostic.pointer)
    } else {
        places.value(document, &diagnostic.pointer)
    }
}

/// The objects that take part in an update, by what names them.
#[derive(Default)]
pub(super) struct Stored(BTreeMap<[String; 4], Value>);

impl Stored {
    /// Those in `files`; of two with one name the last.
    pub(super) fn new(files: Vec<File>) -> Self {
        let documents = files.into_iter().flat_map(|file| file.documents);
        Self(
            documents
                .map(|document| (Self::name(&document.value), document.value))
                .collect(),
        )
    }

    fn of(&self, object: &Object) -> Option<&Value> {
        if self.0.is_empty() {
            return None;
        }
        self.0.get(&Self::name(object.value()))
    }

    /// Group, kind, namespace and name; the version of the API is not part of what an object is.
    fn name(object: &Value) -> [String; 4] {
        let text = |pointer: &str| {
            object
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let group = text("/apiVersion").split_once('/').map_or("", |(group, _)| group);
        let namespace = match text("/metadata/namespace") {
            "" => "default",
            namespace => namespace,
        };
        [group, text("/kind"), namespace, text("/metadata/name")].map(str::to_owned)
    }
}
