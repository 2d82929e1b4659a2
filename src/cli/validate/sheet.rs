//! A file as the checks need it: its text, and the objects in it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::Value;

use crate::{
    cli::print::Subject,
    engine::{Key, Kind, Resource, schema::Schemas},
    sources::{
        documents::Places,
        files::{self, File},
    },
};

/// Where a sheet comes from.
pub(super) enum Source {
    /// A file, or standard input as `-`.
    Path(PathBuf),
    /// A text that is at hand, and its name.
    Text(String, String),
}

impl Source {
    /// Reads it.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn read(&self) -> Result<Sheet, files::Error> {
        Ok(Sheet::new(match self {
            Self::Path(path) => files::read(path)?,
            Self::Text(name, text) => File::parse(name.clone(), text.clone()),
        }))
    }

    /// The file, where reading it again gives the same; a pipe gives what it has once.
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::Path(path) if path.is_file() => Some(path),
            Self::Path(_) | Self::Text(..) => None,
        }
    }

    /// Whether all of it must be kept.
    pub(super) fn is_read_once(&self) -> bool {
        matches!(self, Self::Path(_)) && self.file().is_none()
    }

    /// As it is shown.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Path(path) => files::name(path),
            Self::Text(name, _) => name.clone(),
        }
    }
}

/// A file that was read.
pub(super) struct Sheet {
    pub(super) name: Arc<str>,
    pub(super) text: String,
    /// In the order of the text.
    pub(super) objects: Vec<(Object, Places)>,
    /// Documents that nothing is ever said about.
    pub(super) skipped: usize,
    /// Why others could not be read.
    pub(super) faults: Vec<files::Error>,
}

impl Sheet {
    fn new(file: File) -> Self {
        let count = file.documents.len();
        let documents = file.documents.into_iter();
        let objects: Vec<_> = documents
            .filter_map(|document| Some((Object::new(document.value)?, document.places)))
            .collect();
        Self {
            name: file.name.into(),
            text: file.text,
            skipped: count - objects.len(),
            objects,
            faults: file.faults,
        }
    }
}

/// A document that something can be said about.
#[derive(Clone)]
pub(super) enum Object {
    /// A kind of the engine.
    Resource(Arc<Resource>),
    /// A CRD.
    Definition(Arc<Value>),
    /// An object that may have a CRD.
    Other(Arc<Value>),
}

impl Object {
    /// `None` for Secrets, which are not looked at.
    pub(super) fn new(value: Value) -> Option<Self> {
        if Schemas::is_crd(&value) {
            return Some(Self::Definition(Arc::new(value)));
        }
        let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
        match Kind::of(text("apiVersion"), text("kind")) {
            Some(Kind::Secret) => None,
            Some(_) => Resource::new(value).map(|resource| Self::Resource(Arc::new(resource))),
            None => Some(Self::Other(Arc::new(value))),
        }
    }

    pub(super) fn value(&self) -> &Value {
        match self {
            Self::Resource(resource) => resource.value(),
            Self::Definition(value) | Self::Other(value) => value,
        }
    }

    /// The text at `pointer`; empty where there is none.
    pub(super) fn text(&self, pointer: &str) -> &str {
        let found = self.value().pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_default()
    }

    pub(super) fn subject(&self) -> Subject {
        match self {
            Self::Resource(resource) => Subject {
                kind: resource.kind.as_str().to_owned(),
                key: resource.key.clone(),
            },
            Self::Definition(_) | Self::Other(_) => Subject {
                kind: self.text("/kind").to_owned(),
                key: Key::new(self.text("/metadata/namespace"), self.text("/metadata/name")),
            },
        }
    }
}
