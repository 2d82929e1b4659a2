//! Manifests in files and folders: read once, or watched.

mod feed;

use std::{
    collections::BTreeSet,
    fs, io,
    io::Read as _,
    path::{Path, PathBuf},
};

use thiserror::Error;
use walkdir::{DirEntry, WalkDir};

use super::{
    documents::{self, Document, Reading, SyntaxError},
    parallel,
};

pub use feed::{Feed, watch};

/// The path that stands for standard input.
const STDIN: &str = "-";
/// Largest file that is read.
const MAX_FILE: usize = 32 * 1024 * 1024; // bytes
/// Most files that are read at once.
const MAX_FILES: usize = 100_000;
/// Deepest nesting of folders.
const MAX_FOLDERS: usize = 64; // levels
/// What a manifest's name ends in when it is found in a folder.
const EXTENSIONS: &[&str] = &["yaml", "yml", "json"];

/// A file that was read.
#[derive(Debug)]
pub struct File {
    /// Its path as it was given or found; `<stdin>` for standard input.
    pub name: String,
    /// All of it.
    pub text: String,
    /// The documents that could be read.
    pub documents: Vec<Document>,
}

/// Why something could not be read.
#[derive(Debug, Error)]
pub enum Error {
    /// A file or folder that is missing, not allowed, or cannot be read for another reason of the system.
    #[error("cannot read {name}")]
    Read {
        /// The file or folder.
        name: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A document that is no YAML or JSON.
    #[error("cannot read {name}:{}:{}", source.line, source.column)]
    Syntax {
        /// The file.
        name: String,
        /// Where and why.
        #[source]
        source: Why,
    },
    /// A file over the limit.
    #[error("cannot read {name}: it has more than {MAX_FILE} bytes")]
    TooLarge {
        /// The file.
        name: String,
    },
    /// More files than the limit.
    #[error("cannot read more than {MAX_FILES} files; {name} and those after it are left out")]
    TooMany {
        /// The first file that was not read.
        name: String,
    },
    /// Standard input where files are watched.
    #[error("cannot watch standard input; name a file or folder")]
    WatchStdin,
}

/// A [`SyntaxError`] whose words leave out the place, which the message before it names.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct Why {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    message: String,
}

/// Reads all of `paths`: files, folders with everything below them that ends in `.yaml`, `.yml` or `.json`, and
/// standard input as `-`. Hidden files in folders are left out.
///
/// Files come in the order of `paths`, those of a folder in the order of their names; each once. Everything that
/// could not be read is in the errors, and does not keep the rest from being read. All cores take part.
#[must_use]
pub fn load(paths: &[PathBuf]) -> (Vec<File>, Vec<Error>) {
    let (found, faults) = find(paths);
    let mut errors: Vec<_> = faults.into_iter().map(|(_, error)| error).collect();
    let mut files = Vec::new();
    for (path, text) in found
        .iter()
        .zip(parallel::map(found.len(), |at| read(&found[at])))
    {
        let name = name(path);
        match text {
            Ok((text, reading)) => {
                let faults = reading.faults.into_iter();
                errors.extend(faults.map(|fault| Error::syntax(&name, fault)));
                files.push(File {
                    name,
                    text,
                    documents: reading.documents,
                });
            }
            Err(error) => errors.push(error),
        }
    }
    (files, errors)
}

fn read(path: &Path) -> Result<(String, Reading), Error> {
    let text = text(path)?;
    let reading = documents::read(&text);
    Ok((text, reading))
}

impl Error {
    fn read(path: &Path, source: io::Error) -> Self {
        Self::Read {
            name: name(path),
            source,
        }
    }

    fn syntax(name: &str, fault: SyntaxError) -> Self {
        let SyntaxError {
            line,
            column,
            message,
        } = fault;
        Self::Syntax {
            name: name.to_owned(),
            source: Why {
                line,
                column,
                message,
            },
        }
    }
}

/// How a path is shown: without a leading `./`, and never with characters that a terminal obeys.
fn name(path: &Path) -> String {
    if path == Path::new(STDIN) {
        return "<stdin>".to_owned();
    }
    let text = path
        .strip_prefix(".")
        .ok()
        .filter(|rest| !rest.as_os_str().is_empty())
        .unwrap_or(path);
    text.to_string_lossy().replace(char::is_control, "\u{fffd}")
}

/// The files that `paths` lead to, each once; and what is in the way, with its path.
fn find(paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<(PathBuf, Error)>) {
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for root in paths {
        if root == Path::new(STDIN) {
            if seen.insert(root.clone()) {
                found.push(root.clone());
            }
            continue;
        }
        let entries = WalkDir::new(root)
            .follow_links(true)
            .max_depth(MAX_FOLDERS)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry));
        for entry in entries {
            let path = match entry {
                Ok(entry) if is_manifest(&entry) => entry.into_path(),
                Ok(_) => continue,
                Err(error) => {
                    let path = error.path().unwrap_or(root).to_owned();
                    let source = error
                        .into_io_error()
                        .unwrap_or_else(|| io::Error::other("links lead in a circle"));
                    let error = Error::read(&path, source);
                    errors.push((path, error));
                    continue;
                }
            };
            if found.len() == MAX_FILES {
                let error = Error::TooMany { name: name(&path) };
                errors.push((path, error));
                return (found, errors);
            }
            if seen.insert(fs::canonicalize(&path).unwrap_or_else(|_| path.clone())) {
                found.push(path);
            }
        }
    }
    (found, errors)
}

/// Mounted ConfigMaps keep their versions in folders with such names, beside links to the one in force.
fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

/// Whether the entry is a file to read: a named one always, one in a folder by its name.
fn is_manifest(entry: &DirEntry) -> bool {
    if entry.depth() == 0 {
        return !entry.file_type().is_dir();
    }
    let extension = entry.path().extension().and_then(|extension| extension.to_str());
    entry.file_type().is_file() && extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
}

/// The text of the file at `path`, or of standard input for `-`.
///
/// # Errors
/// When it cannot be read, is too large, or is no UTF-8.
pub fn text(path: &Path) -> Result<String, Error> {
    let mut bytes = Vec::new();
    let limit = MAX_FILE as u64 + 1;
    let read = if path == Path::new(STDIN) {
        io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    read.map_err(|source| Error::read(path, source))?;
    if bytes.len() > MAX_FILE {
        return Err(Error::TooLarge { name: name(path) });
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let start = good.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let line = good.iter().filter(|b| **b == b'\n').count() + 1;
        let column = String::from_utf8_lossy(&good[start..]).chars().count() + 1;
        let fault = documents::Place::new(line, column, 1).fault("not UTF-8 text; save the file as UTF-8");
        Error::syntax(&name(path), fault)
    })
}
