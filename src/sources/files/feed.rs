//! Watches manifests and publishes a new snapshot when what they say has changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, SystemTime},
};

use tokio::sync::watch;

use super::{Error, STDIN, documents, name, search, text};
use crate::{
    engine::{Kind, Resource, Snapshot},
    sources::base::{self, Base},
};

/// How often the files are looked at.
const INTERVAL: Duration = Duration::from_millis(500);
/// A change counts once the files have stood still for so long: half a file is no new version.
const SETTLE: Duration = Duration::from_millis(50);
/// After so many looks a change counts even if the files do not stand still.
const MAX_LOOKS: usize = 20;
/// A file that changed less long ago may change again and keep its times.
const RACY: Duration = Duration::from_secs(2);

/// What to watch, and what the snapshots are made with.
#[derive(Clone)]
pub struct Feed {
    /// Files and folders, as for [`super::load`]; not standard input.
    pub paths: Vec<PathBuf>,
    /// Whether Secrets are part of the snapshots; for the proxy only.
    pub secrets: bool,
    /// What the snapshots are made with.
    pub base: Base,
}

/// Reads the files of `feed` and watches them from a thread of its own until every receiver is gone.
///
/// The errors of this first look are given back; what could not be read is missing from the first snapshot. Later a
/// file that becomes unreadable or broken keeps its last good documents, and the log says so once. A file that is
/// gone from its folder takes its documents with it. Files are told apart by their content, so the swap of a link,
/// which is how Kubernetes changes a mounted ConfigMap or Secret, is seen as well.
///
/// # Errors
/// The system gives no thread.
pub fn watch(feed: Feed) -> io::Result<(watch::Receiver<Arc<Snapshot>>, Vec<Error>)> {
    let mut shelf = Shelf {
        feed,
        files: BTreeMap::new(),
        order: Vec::new(),
        said: BTreeSet::new(),
    };
    let look = shelf.look();
    let errors = shelf.take(look);
    shelf.said = errors.iter().map(full).collect();
    let resources = shelf.resources();
    let (sender, receiver) = watch::channel(Arc::new(shelf.feed.base.snapshot(resources.clone())));
    thread::Builder::new()
        .name("files".to_owned())
        .spawn(move || run(shelf, resources, &sender))?;
    Ok((receiver, errors))
}

fn run(mut shelf: Shelf, mut resources: Vec<Arc<Resource>>, sender: &watch::Sender<Arc<Snapshot>>) {
    loop {
        thread::sleep(INTERVAL);
        if sender.is_closed() {
            return;
        }
        let look = shelf.settled();
        let errors = shelf.take(look);
        shelf.say(&errors);
        let now = shelf.resources();
        let same = now.len() == resources.len() && now.iter().zip(&resources).all(|(a, b)| Arc::ptr_eq(a, b));
        if !same || sender.borrow().as_of() != (shelf.feed.base.today)() {
            tracing::info!(resources = now.len(), "manifests changed");
            resources = now;
            sender.send_replace(Arc::new(shelf.feed.base.snapshot(resources.clone())));
        }
    }
}

/// The files as they were taken over last.
struct Shelf {
    feed: Feed,
    files: BTreeMap<PathBuf, Shelved>,
    /// The order of the files.
    order: Vec<PathBuf>,
    /// Errors that are in the log already.
    said: BTreeSet<String>,
}

struct Shelved {
    stamp: Option<Stamp>,
    hash: u64,
    resources: Vec<Arc<Resource>>,
}

/// The files as they are.
struct Look {
    order: Vec<PathBuf>,
    /// Those whose content is not the one on the shelf.
    changed: BTreeMap<PathBuf, Changed>,
    errors: Vec<(PathBuf, Error)>,
}

struct Changed {
    stamp: Option<Stamp>,
    hash: u64,
    text: String,
}

impl Look {
    /// Whether both saw the same files with the same content.
    fn same(&self, other: &Self) -> bool {
        let hashes = |look: &Self| -> Vec<_> { look.changed.values().map(|file| file.hash).collect() };
        self.order == other.order
            && self.changed.keys().eq(other.changed.keys())
            && hashes(self) == hashes(other)
    }
}

impl Shelf {
    /// Looks until nothing moves any more.
    fn settled(&mut self) -> Look {
        let mut look = self.look();
        for _ in 1..MAX_LOOKS {
            if look.changed.is_empty() && look.order == self.order {
                break;
            }
            thread::sleep(SETTLE);
            let next = self.look();
            let still = next.same(&look);
            look = next;
            if still {
                break;
            }
        }
        look
    }

    fn look(&mut self) -> Look {
        let mut errors = Vec::new();
        let (watchable, rest): (Vec<_>, Vec<_>) = self
            .feed
            .paths
            .iter()
            .cloned()
            .partition(|path| path != Path::new(STDIN));
        errors.extend(rest.into_iter().map(|path| (path, Error::WatchStdin)));
        let (order, faults) = search(&watchable);
        errors.extend(faults);
        let mut changed = BTreeMap::new();
        for path in &order {
            let stamp = Stamp::of(path);
            let shelved = self.files.get_mut(path);
            if shelved
                .as_ref()
                .is_some_and(|shelved| stamp.is_some() && stamp == shelved.stamp)
            {
                continue;
            }
            match text(path) {
                Ok(text) => {
                    let hash = hash(&text);
                    match shelved.filter(|shelved| shelved.hash == hash) {
                        Some(shelved) => shelved.stamp = stamp,
                        None => drop(changed.insert(path.clone(), Changed { stamp, hash, text })),
                    }
                }
                Err(error) => errors.push((path.clone(), error)),
            }
        }
        Look {
            order,
            changed,
            errors,
        }
    }

    /// Puts what was seen on the shelf, and tells what could not be.
    fn take(&mut self, look: Look) -> Vec<Error> {
        let mut errors = Vec::new();
        let (blocked, faults): (Vec<_>, Vec<_>) = look.errors.into_iter().unzip();
        errors.extend(faults);
        let mut order = look.order;
        let known: BTreeSet<&PathBuf> = order.iter().collect();
        // What cannot be seen now is not gone.
        let kept = self.order.iter().filter(|path| !known.contains(path));
        let kept: Vec<_> = kept
            .filter(|path| blocked.iter().any(|b| path.starts_with(b)))
            .cloned()
            .collect();
        order.extend(kept);
        self.order = order;
        let present: BTreeSet<&PathBuf> = self.order.iter().collect();
        self.files.retain(|path, _| present.contains(path));
        for (path, Changed { stamp, hash, text }) in look.changed {
            let reading = documents::read(&text);
            let old = self.files.get(&path);
            let resources = match old {
                Some(old) if !reading.faults.is_empty() => old.resources.clone(),
                _ => {
                    let made = reading
                        .documents
                        .into_iter()
                        .filter_map(|document| Resource::new(document.value));
                    let wanted = made.filter(|resource| self.feed.secrets || resource.kind != Kind::Secret);
                    reuse(old.map_or(&[], |old| &old.resources), wanted)
                }
            };
            let name = name(&path);
            errors.extend(
                reading
                    .faults
                    .into_iter()
                    .map(|fault| Error::syntax(&name, fault)),
            );
            self.files.insert(
                path,
                Shelved {
                    stamp,
                    hash,
                    resources,
                },
            );
        }
        errors
    }

    /// Logs each error when it is new.
    fn say(&mut self, errors: &[Error]) {
        let texts: BTreeSet<String> = errors.iter().map(full).collect();
        for reason in texts.difference(&self.said) {
            tracing::warn!(%reason, "keeping the last good version of a manifest");
        }
        self.said = texts;
    }

    fn resources(&self) -> Vec<Arc<Resource>> {
        let files = self.order.iter().filter_map(|path| self.files.get(path));
        files.flat_map(|file| file.resources.iter().cloned()).collect()
    }
}

/// `new`, with the old allocation of each resource that is as it was.
fn reuse(old: &[Arc<Resource>], new: impl Iterator<Item = Resource>) -> Vec<Arc<Resource>> {
    let old: BTreeMap<_, _> = old
        .iter()
        .map(|resource| ((resource.kind, &resource.key), resource))
        .collect();
    new.map(|new| {
        let before = old.get(&(new.kind, &new.key)).copied();
        base::keep(new, before)
    })
    .collect()
}

/// An error with its reason.
fn full(error: &Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// What tells without reading that a file is the one it was: device, inode, size, time of the last change of either
/// content or attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp(u64, u64, u64, i64, i64);

impl Stamp {
    /// The stamp of the file that `path` leads to; `None` while it is too fresh to be trusted.
    #[cfg(unix)]
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let meta = fs::metadata(path).ok()?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
        let changed = Duration::new(meta.ctime().try_into().ok()?, meta.ctime_nsec().try_into().ok()?);
        let settled = now.checked_sub(changed)? > RACY;
        settled.then(|| {
            Self(
                meta.dev(),
                meta.ino(),
                meta.size(),
                meta.ctime(),
                meta.ctime_nsec(),
            )
        })
    }

    /// Elsewhere every file is read each time.
    #[cfg(not(unix))]
    fn of(_path: &Path) -> Option<Self> {
        None
    }
}
