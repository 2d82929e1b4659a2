//! What fuzzing found, and a part of the inputs that it keeps because each reaches other code: none may panic or hang.
//!
//! `fuzz/run` makes them.

#[expect(unreachable_pub, reason = "it is a crate of its own for the fuzzer")]
#[path = "../../fuzz/src/lib.rs"]
mod targets;

use std::{fs, path::Path, process::Command};

use tempfile::TempDir;

/// One input of so many is replayed of those that are kept; of what was found, every one.
const ONE_OF: usize = 20;

/// Runs `target` on its inputs, and gives their number.
fn replay(name: &str, target: fn(&str)) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let folder = TempDir::new().expect("a folder");
    let unpacked = Command::new("tar")
        .arg("-xzf")
        .arg(root.join(format!("corpus/{name}.tar.gz")))
        .arg("-C")
        .arg(folder.path())
        .status()
        .expect("tar starts");
    assert!(unpacked.success());
    let read = |folder: &Path| {
        let mut files: Vec<_> = fs::read_dir(folder)
            .into_iter()
            .flatten()
            .map(|file| file.expect("readable").path())
            .collect();
        files.sort();
        files
    };
    let kept: Vec<_> = read(folder.path()).into_iter().step_by(ONE_OF).collect();
    assert!(kept.len() > 20, "{} inputs are kept", kept.len());
    for input in read(&root.join("found").join(name)).iter().chain(&kept) {
        if let Ok(text) = fs::read_to_string(input) {
            target(&text);
        }
    }
}

#[test]
fn texts_neither_panic_nor_hang() {
    replay("documents", targets::documents);
}

#[test]
fn crds_neither_panic_nor_hang() {
    replay("crds", targets::crds);
}

#[test]
fn rules_neither_panic_nor_hang() {
    replay("rules", targets::rules);
}
