//! Manifests in files and folders: read once, or watched.

mod feed;

use std::{
    collections::HashSet,
    fs, io,
    io::Read as _,
    os::unix::fs::MetadataExt as _,
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
    /// Why others could not.
    pub faults: Vec<Error>,
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
    /// A pattern that no file has.
    #[error("cannot read {name}: no file has such a name")]
    NoMatch {
        /// The pattern.
        name: String,
    },
    /// Text with `*`, `?` or `[` that is no pattern.
    #[error("cannot read {name}: {} at character {}", source.msg, source.pos + 1)]
    Pattern {
        /// The text.
        name: String,
        /// What is wrong with it.
        source: glob::PatternError,
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

/// Reads all of `paths`, which [`find`] explains, by all cores.
///
/// Everything that could not be read is in the errors, and does not keep the rest from being read.
#[must_use]
pub fn load(paths: &[PathBuf]) -> (Vec<File>, Vec<Error>) {
    let (found, mut errors) = find(paths);
    let mut files = Vec::new();
    for file in parallel::map(found, |path| read(&path)) {
        match file {
            Ok(mut file) => {
                errors.append(&mut file.faults);
                files.push(file);
            }
            Err(error) => errors.push(error),
        }
    }
    (files, errors)
}

/// The files that `paths` lead to, and what is in the way: files, folders with everything below them that ends in
/// `.yaml`, `.yml` or `.json`, patterns as of a shell (`**` for folders) where nothing has that name, and standard
/// input as `-`. Hidden files in folders are left out.
///
/// Files come in the order of `paths`, those of a folder in the order of their names; each once.
#[must_use]
pub fn find(paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<Error>) {
    let (found, faults) = search(paths);
    (found, faults.into_iter().map(|(_, error)| error).collect())
}

/// The file at `path`, or standard input for `-`.
///
/// # Errors
/// As [`text`].
pub fn read(path: &Path) -> Result<File, Error> {
    Ok(File::parse(name(path), text(path)?))
}

impl File {
    /// The documents of a text.
    #[must_use]
    pub fn parse(name: String, text: String) -> Self {
        let Reading { documents, faults } = documents::read(&text);
        let faults = faults.into_iter().map(|fault| Error::syntax(&name, fault));
        Self {
            faults: faults.collect(),
            name,
            text,
            documents,
        }
    }
}

impl Error {
    /// The file or folder that it is about, and where in it.
    #[must_use]
    pub fn place(&self) -> (&str, Option<(u32, u32)>) {
        match self {
            Self::Syntax { name, source } => (name, Some((source.line, source.column))),
            Self::Read { name, .. }
            | Self::TooLarge { name }
            | Self::TooMany { name }
            | Self::NoMatch { name }
            | Self::Pattern { name, .. } => (name, None),
            Self::WatchStdin => ("<stdin>", None),
        }
    }

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
#[must_use]
pub fn name(path: &Path) -> String {
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

/// As [`find`], with the path that each error is about.
fn search(paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<(PathBuf, Error)>) {
    let mut search = Search::default();
    for path in paths {
        let roots = match expand(path) {
            Ok(Some(roots)) => roots,
            Ok(None) => vec![path.clone()],
            Err(error) => {
                search.errors.push((path.clone(), error));
                continue;
            }
        };
        if !roots.iter().all(|root| search.add(root)) {
            break;
        }
    }
    (search.found, search.errors)
}

/// The paths that fit a pattern; `None` for what is none, or is there by just that name.
fn expand(path: &Path) -> Result<Option<Vec<PathBuf>>, Error> {
    let Some(pattern) = path.to_str().filter(|text| text.contains(['*', '?', '['])) else {
        return Ok(None);
    };
    if path.symlink_metadata().is_ok() {
        return Ok(None);
    }
    let options = glob::MatchOptions {
        require_literal_separator: true,
        require_literal_leading_dot: true,
        ..glob::MatchOptions::new()
    };
    let fitting = glob::glob_with(pattern, options).map_err(|source| Error::Pattern {
        name: name(path),
        source,
    })?;
    let mut roots = Vec::new();
    for root in fitting.take(MAX_FILES + 1) {
        roots.push(root.map_err(|error| {
            let path = error.path().to_owned();
            Error::read(&path, error.into())
        })?);
    }
    if roots.is_empty() {
        return Err(Error::NoMatch { name: name(path) });
    }
    Ok(Some(roots))
}

#[derive(Default)]
struct Search {
    found: Vec<PathBuf>,
    errors: Vec<(PathBuf, Error)>,
    /// The files that were found, by device and number: one file can have many names.
    seen: HashSet<(u64, u64)>,
    /// Whether standard input is among them.
    stdin: bool,
}

impl Search {
    /// Adds what `root` leads to. Whether there may be more.
    fn add(&mut self, root: &Path) -> bool {
        if root == Path::new(STDIN) {
            if !self.stdin {
                self.found.push(root.to_owned());
            }
            self.stdin = true;
            return true;
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
                    self.errors.push((path, error));
                    continue;
                }
            };
            if self.found.len() == MAX_FILES {
                let error = Error::TooMany { name: name(&path) };
                self.errors.push((path, error));
                return false;
            }
            let is_new = match fs::metadata(&path) {
                Ok(file) => self.seen.insert((file.dev(), file.ino())),
                Err(_) => true, // whoever reads it says why
            };
            if is_new {
                self.found.push(path);
            }
        }
        true
    }
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
        fs::File::open(path).and_then(|file| {
            let size = file.metadata().map_or(0, |found| found.len()).min(limit);
            bytes.reserve_exact(usize::try_from(size).map_or(0, |size| size + 1));
            file.take(limit).read_to_end(&mut bytes)
        })
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
