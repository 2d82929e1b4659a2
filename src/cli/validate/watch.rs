//! `--watch`: checks again when a file has changed, until the command is interrupted.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::PathBuf,
    thread,
    time::Duration,
};

use crate::sources::files;

/// How often the files are looked at.
const INTERVAL: Duration = Duration::from_millis(500);
/// The files are checked once they have stood still for so long.
const SETTLE: Duration = Duration::from_millis(50);

/// What tells the files below `paths`, in the state that they are in, from all others.
pub(super) fn state(paths: &[PathBuf]) -> u64 {
    let (found, errors) = files::find(paths);
    let mut hasher = DefaultHasher::new();
    errors.len().hash(&mut hasher);
    for path in found {
        path.hash(&mut hasher);
        if let Ok(found) = fs::metadata(&path) {
            (found.len(), found.modified().ok()).hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// Waits until the files are in another state than `before`, and stand still in it.
pub(super) fn wait(paths: &[PathBuf], before: u64) {
    while state(paths) == before {
        thread::sleep(INTERVAL);
    }
    let mut now = state(paths);
    loop {
        thread::sleep(SETTLE);
        let next = state(paths);
        if next == now {
            return;
        }
        now = next;
    }
}
