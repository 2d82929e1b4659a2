//! How `validate` ends, and `--watch`, which does not end by itself.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::process::ExitStatusExt as _,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{BAD, GOOD, folder};

/// Longest wait for a line.
const PATIENCE: Duration = Duration::from_secs(30);

fn start(folder: &TempDir, args: &[&str]) -> Child {
    // Whoever starts the tests in the background may have them ignore interrupts, and what they start with them.
    Command::new("env")
        .args(["--default-signal=INT", env!("CARGO_BIN_EXE_aliasgate")])
        .args(["validate", "--as-of", "2026-11-23"])
        .args(args)
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn interrupt(child: &Child) {
    let id = child.id().to_string();
    let kill = Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert!(kill.success());
}

#[test]
fn watch_checks_again_until_it_is_interrupted() {
    let folder = folder(&[("a.yaml", GOOD)]);
    let mut child = start(&folder, &["--watch", "."]);
    let (sender, lines) = mpsc::channel();
    let out = BufReader::new(child.stdout.take().unwrap());
    thread::spawn(move || {
        out.lines()
            .map_while(Result::ok)
            .try_for_each(|line| sender.send(line))
    });
    let next_summary = || loop {
        let line = lines.recv_timeout(PATIENCE).expect("a line");
        if line.contains(" file") && line.contains("error") && !line.contains(".yaml") {
            return line;
        }
    };
    assert_eq!(
        next_summary(),
        "1 file, 1 resource: 0 errors, 0 warnings, 0 notes"
    );
    fs::write(folder.path().join("b.yaml"), BAD).unwrap();
    assert_eq!(
        next_summary(),
        "2 files, 2 resources: 2 errors, 0 warnings, 0 notes"
    );
    fs::remove_file(folder.path().join("b.yaml")).unwrap();
    assert_eq!(
        next_summary(),
        "1 file, 1 resource: 0 errors, 0 warnings, 0 notes"
    );
    interrupt(&child);
    let deadline = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() && Instant::now() < deadline {
        thread::yield_now();
    }
    drop(child.kill()); // it has ended, or does not do what it should
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.signal(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "-- files have changed, checking again\n".repeat(2));
}

#[test]
fn standard_input_cannot_be_watched() {
    let folder = folder(&[]);
    let output = start(&folder, &["--watch", "-"]).wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        said,
        "error: cannot watch standard input; name a file or folder\n"
    );
}

#[test]
fn a_reader_that_leaves_is_no_fault() {
    let files: Vec<_> = (0..200).map(|at| (format!("{at}.yaml"), BAD)).collect();
    let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    let folder = folder(&files);
    for format in ["text", "json", "sarif", "github", "junit"] {
        let mut child = start(&folder, &["-o", format, "."]);
        drop(child.stdout.take()); // before anything is written
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            (output.status.code(), output.stderr.as_slice()),
            (Some(0), &b""[..]),
            "{format}"
        );
    }
}

#[test]
fn patterns_name_files_and_a_pattern_without_files_is_an_error() {
    let folder = folder(&[("a/x.yaml", GOOD), ("b/c/y.yaml", GOOD), ("b/[z].yaml", GOOD)]);
    let run = |args: &[&str]| super::validate(&folder, args);
    assert!(run(&["*/*.yaml"]).1.starts_with("2 files, 2 resources"));
    assert!(run(&["**/*.yaml"]).1.starts_with("3 files, 3 resources"));
    assert!(run(&["b/[z].yaml"]).1.starts_with("1 file, 1 resource"));
    let (code, _, err) = run(&["a/x.yaml", "no*.yaml"]);
    assert_eq!(
        (code, err.as_str()),
        (2, "error: cannot read no*.yaml: no file has such a name\n")
    );
    let (code, _, err) = run(&["a/x.yaml", "a**.yaml"]);
    assert_eq!(code, 2);
    assert!(
        err.starts_with("error: cannot read a**.yaml: recursive wildcards"),
        "{err}"
    );
}
