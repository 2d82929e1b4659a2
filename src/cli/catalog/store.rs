//! Catalogs in files: read, and written whole or not at all.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::json;
use thiserror::Error;

use crate::{engine::catalog::ModelCatalog, sources::catalogs};

/// Why catalogs cannot be written.
#[derive(Debug, Error)]
#[error("cannot write {name}")]
pub(in crate::cli) struct Error {
    /// The file.
    name: String,
    /// Why.
    source: io::Error,
}

/// All ModelCatalogs in `path`, a file or a folder; none where there is nothing, or an empty folder.
pub(super) fn load(path: &Path) -> Result<Vec<ModelCatalog>, catalogs::Error> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let (all, errors) = catalogs::load(&[path.to_owned()]);
    match errors.into_iter().next() {
        Some(catalogs::Error::Nothing(_)) if path.is_dir() => Ok(Vec::new()),
        Some(error) => Err(error),
        None => Ok(all.into_iter().map(Arc::unwrap_or_clone).collect()),
    }
}

/// Where catalogs go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// Standard output, as YAML.
    Stdout,
    /// One file for all, JSON where its name ends in `.json`.
    File(PathBuf),
    /// One YAML file a catalog.
    Folder(PathBuf),
}

impl Target {
    /// `path` is a folder where there is one, or where it ends in a slash.
    pub(super) fn new(path: Option<&Path>) -> Self {
        match path {
            None => Self::Stdout,
            Some(path) if path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/") => {
                Self::Folder(path.to_owned())
            }
            Some(path) => Self::File(path.to_owned()),
        }
    }

    /// The catalogs that are there already.
    pub(super) fn load(&self) -> Result<Vec<ModelCatalog>, catalogs::Error> {
        match self {
            Self::Stdout => Ok(Vec::new()),
            Self::File(path) | Self::Folder(path) => load(path),
        }
    }

    /// Writes `catalogs`; `remark` stands at the head of every YAML file.
    pub(super) fn save(&self, catalogs: &[ModelCatalog], remark: &str) -> Result<(), Error> {
        let yaml = |catalogs: &[ModelCatalog]| {
            let documents: String = catalogs.iter().map(ModelCatalog::to_yaml).collect();
            format!("# {remark}\n{documents}")
        };
        match self {
            Self::Stdout => io::stdout()
                .lock()
                .write_all(yaml(catalogs).as_bytes())
                .map_err(|source| Error {
                    name: "<stdout>".to_owned(),
                    source,
                }),
            Self::File(path) if path.extension().is_some_and(|extension| extension == "json") => {
                let mut values: Vec<_> = catalogs.iter().map(ModelCatalog::to_value).collect();
                let value = match values.len() {
                    1 => values.remove(0),
                    _ => json!({"apiVersion": "v1", "kind": "List", "items": values}),
                };
                replace(path, &format!("{value:#}\n"))
            }
            Self::File(path) => replace(path, &yaml(catalogs)),
            Self::Folder(path) => {
                fs::create_dir_all(path).map_err(|source| failed(path, source))?;
                catalogs.iter().try_for_each(|catalog| {
                    let name = format!("{}.yaml", catalog.name);
                    replace(&path.join(name), &yaml(std::slice::from_ref(catalog)))
                })
            }
        }
    }
}

fn failed(path: &Path, source: io::Error) -> Error {
    Error {
        name: path.display().to_string(),
        source,
    }
}

/// Puts `text` in the place of the file at `path`: a reader sees the old file or the new one, never a part.
fn replace(path: &Path, text: &str) -> Result<(), Error> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let next = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let write = || {
        let mut file = fs::File::create(&next)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&next, path)
    };
    write().map_err(|source| {
        // It may never have been made.
        drop(fs::remove_file(&next));
        failed(path, source)
    })
}

/// `new` with the rules that stand in the catalogs of the same name in `old`, and the other catalogs of `old`.
pub(super) fn keep_rules(new: Vec<ModelCatalog>, old: Vec<ModelCatalog>) -> Vec<ModelCatalog> {
    let mut all: Vec<_> = new
        .into_iter()
        .map(|new| {
            match old
                .iter()
                .find(|old| old.name == new.name && old.provider == new.provider)
            {
                Some(old) => ModelCatalog {
                    models: new.models,
                    as_of: new.as_of,
                    live: new.live,
                    ..old.clone()
                },
                None => new,
            }
        })
        .collect();
    for old in old {
        if !all
            .iter()
            .any(|new| new.name == old.name || new.provider == old.provider)
        {
            all.push(old);
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}
