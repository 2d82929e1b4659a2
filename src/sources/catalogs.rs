//! Catalogs of the admin in files: ModelCatalog manifests, and bare lines of `provider<TAB>id`.

use std::{
    fs::Metadata,
    path::{Path, PathBuf},
    sync::Arc,
};

use thiserror::Error;

use super::{documents::Document, files};
use crate::engine::{
    Catalog, Catalogs, Date, Diagnostic, Kind, Provider, Severity,
    catalog::{Model, ModelCatalog, manifest::Entry},
    pointer::field_path,
};

/// Why a catalog cannot be used.
#[derive(Debug, Error)]
pub enum Error {
    /// Missing, not allowed, no YAML.
    #[error(transparent)]
    File(#[from] files::Error),
    /// A line that is no `provider<TAB>id`.
    #[error("cannot use {name}: {reason}")]
    Lines {
        /// The file.
        name: String,
        /// The line and why.
        reason: String,
    },
    /// A fault of a manifest.
    #[error("cannot use {name}:{line}:{column}: {fault}")]
    Fault {
        /// The file.
        name: String,
        /// From 1.
        line: u32,
        /// In characters, from 1.
        column: u32,
        /// The place within the manifest and what is wrong.
        fault: String,
    },
    /// Files that hold none.
    #[error("cannot find a ModelCatalog in {0}")]
    Nothing(String),
}

/// The catalogs in `paths`: files, and folders with everything below them that ends in `.yaml`, `.yml` or `.json`. A
/// file that is named may also hold lines of `provider<TAB>id`, which are catalogs of which nothing but ids is known.
///
/// Everything that is wrong is in the errors; the catalogs are those that are not.
#[must_use]
pub fn load(paths: &[PathBuf]) -> (Vec<Arc<ModelCatalog>>, Vec<Error>) {
    let (mut catalogs, mut errors) = (Vec::new(), Vec::new());
    for path in paths {
        let before = (catalogs.len(), errors.len());
        match bare(path) {
            Some(Ok(lists)) => catalogs.extend(lists),
            Some(Err(error)) => errors.push(error),
            None => manifests(path, &mut catalogs, &mut errors),
        }
        if before == (catalogs.len(), errors.len()) {
            errors.push(Error::Nothing(path.display().to_string()));
        }
    }
    (catalogs.into_iter().map(Arc::new).collect(), errors)
}

/// The catalogs of a file with bare ids; `None` when it is something else.
fn bare(path: &Path) -> Option<Result<Vec<ModelCatalog>, Error>> {
    if !path.metadata().is_ok_and(|meta: Metadata| meta.is_file()) {
        return None;
    }
    let text = files::text(path).ok()?;
    let first = text.lines().find(|line| !line.is_empty())?;
    let (provider, id) = first.split_once('\t')?;
    if (provider, id) != ("provider", "id") && provider.parse::<Provider>().is_err() {
        return None;
    }
    let name = path.display().to_string();
    let lists = Catalogs::from_ids(&text, Date::default());
    let entry = |model: &Model| Entry {
        id: model.id.clone(),
        ..Entry::default()
    };
    let list = |catalog: &Catalog| ModelCatalog {
        models: catalog.models().map(entry).collect(),
        ..ModelCatalog::new(format!("{name} ({})", catalog.provider), catalog.provider)
    };
    let named = lists.map(|lists| lists.iter().map(list).collect());
    Some(named.map_err(|reason| Error::Lines {
        name: name.clone(),
        reason,
    }))
}

fn manifests(path: &Path, catalogs: &mut Vec<ModelCatalog>, errors: &mut Vec<Error>) {
    let (files, faults) = files::load(&[path.to_owned()]);
    errors.extend(faults.into_iter().map(Error::from));
    for file in files {
        for document in file.documents {
            let kind = |field: &str| document.value.get(field).and_then(|value| value.as_str());
            if kind("apiVersion")
                .zip(kind("kind"))
                .and_then(|(v, k)| Kind::of(v, k))
                != Some(Kind::ModelCatalog)
            {
                continue;
            }
            let (catalog, faults) = ModelCatalog::read(&document.value);
            let wrong = faults.iter().filter(|fault| fault.severity == Severity::Error);
            errors.extend(wrong.map(|fault| located(&file.name, &document, fault)));
            catalogs.extend(catalog);
        }
    }
}

fn located(name: &str, document: &Document, fault: &Diagnostic) -> Error {
    let place = document.places.value(&document.value, &fault.pointer);
    Error::Fault {
        name: name.to_owned(),
        line: place.line,
        column: place.column,
        fault: format!("{}: {}", field_path(&fault.pointer), fault.message),
    }
}
