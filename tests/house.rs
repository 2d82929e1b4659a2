//! Keeps the house in order: who may import whom, which outside crates each room may name, how long a file may be.
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A room of `src`, the rooms it may import, and the outside crates it may name.
type Room = (&'static str, &'static [&'static str], &'static [&'static str]);

#[rustfmt::skip]
const HOUSE: &[Room] = &[
    ("engine",    &[],                      &["jiff", "jsonschema", "regex", "serde", "serde_json", "unicode_normalization"]),
    ("crds",      &[],                      &["k8s_openapi", "kube", "schemars", "serde", "serde_json", "serde_saphyr"]),
    ("telemetry", &[],                      &["axum", "prometheus_client", "tracing", "tracing_subscriber"]),
    ("tls",       &[],                      &["arc_swap", "axum", "futures_util", "hyper", "hyper_util", "k8s_openapi", "kube", "rcgen", "rustls", "serde_json", "thiserror", "tokio", "tokio_rustls", "tracing", "x509_parser"]),
    ("sources",   &["engine"],              &["bytes", "futures_util", "glob", "http_body_util", "hyper", "hyper_rustls", "hyper_util", "k8s_openapi", "kube", "rustls", "saphyr_parser", "serde", "serde_json", "thiserror", "tokio", "tracing", "walkdir"]),
    ("admission", &["engine", "telemetry"], &["axum", "bytes", "http_body_util", "k8s_openapi", "kube", "prometheus_client", "serde", "serde_json", "tokio", "tracing"]),
    ("controller", &["engine", "telemetry"], &["jiff", "kube", "prometheus_client", "serde_json", "thiserror", "tokio", "tracing"]),
    ("proxy",     &["engine", "telemetry"], &["axum", "bytes", "futures_util", "gateway_api", "http_body_util", "hyper", "hyper_rustls", "hyper_util", "k8s_openapi", "percent_encoding", "prometheus_client", "rustls", "serde", "serde_json", "thiserror", "tokio", "tracing", "webpki_roots"]),
    ("cli",       &["admission", "controller", "crds", "engine", "proxy", "sources", "telemetry", "tls"],
                                            &["anstream", "anstyle", "axum", "clap", "clap_complete", "clap_mangen", "indicatif", "jiff", "kube", "percent_encoding", "quick_xml", "rustls", "serde", "serde_json", "serde_saphyr", "tempfile", "thiserror", "tokio", "tracing"]),
];

/// Every outside crate of the project: naming one that a room's row lacks is an error.
#[rustfmt::skip]
const OUTSIDE: &[&str] = &[
    "anstream", "anstyle", "arc_swap", "axum", "bytes", "clap", "clap_complete", "clap_mangen", "futures_util", "gateway_api", "glob", "http_body_util",
    "hyper", "hyper_rustls", "hyper_util", "indicatif", "jiff",
    "jsonschema", "k8s_openapi", "kube", "percent_encoding", "prometheus_client", "quick_xml", "rcgen", "regex", "rustls", "saphyr_parser", "schemars", "serde",
    "serde_json", "serde_saphyr", "tempfile", "thiserror", "tokio", "tokio_rustls", "tracing", "tracing_subscriber", "unicode_normalization", "walkdir", "webpki_roots", "x509_parser",
];

/// What the engine must not touch, so that equal inputs give equal answers anywhere and at any time.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant",
    "HashMap",
    "HashSet",
];

/// Longest file, without comments and without its `#[cfg(test)]` module.
const MAX_LINES: usize = 500;

#[test]
fn rooms_keep_to_their_table() {
    let mut wrong = Vec::new();
    for (path, code) in sources() {
        let Some((room, rooms, crates)) = room_of(&path) else {
            continue;
        };
        let depth = path.components().count();
        let door = depth == 2 || (depth == 3 && path.ends_with("mod.rs"));
        let mut check = |bad: bool, what: &str| {
            if bad {
                wrong.push(format!("{}: {room} must not {what}", path.display()));
            }
        };
        for (other, ..) in HOUSE
            .iter()
            .filter(|(other, ..)| other != room && !rooms.contains(other))
        {
            check(imported(&code).contains(other), &format!("import {other}"));
        }
        for name in OUTSIDE.iter().filter(|name| !crates.contains(*name)) {
            check(names(&code, name), &format!("name the crate {name}"));
        }
        for part in IMPURE.iter().filter(|_| *room == "engine") {
            check(code.contains(part), &format!("touch {part}"));
        }
        check(
            code.contains("super::super::") || (door && code.contains("super::")),
            "leave by super::",
        );
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn files_stay_short() {
    for (path, code) in sources() {
        let lines = code.lines().count();
        assert!(
            lines <= MAX_LINES,
            "{}: {lines} lines, at most {MAX_LINES}",
            path.display()
        );
    }
}

/// Each file of `src` with its code: no comments, nothing from `#[cfg(test)]` on.
fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut dirs, mut files) = (vec![root.join("src")], Vec::new());
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                dirs.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                let text = fs::read_to_string(&path).expect("UTF-8");
                let code: Vec<&str> = text
                    .lines()
                    .take_while(|line| line.trim() != "#[cfg(test)]")
                    .filter(|line| !line.trim_start().starts_with("//"))
                    .collect();
                files.push((
                    path.strip_prefix(root).expect("under root").to_owned(),
                    code.join("\n"),
                ));
            }
        }
    }
    files.sort();
    files
}

fn room_of(path: &Path) -> Option<&'static Room> {
    let first = path.components().nth(1)?.as_os_str().to_str()?;
    HOUSE
        .iter()
        .find(|(room, ..)| *room == first.trim_end_matches(".rs"))
}

/// First names after `crate::`, also inside braces: `crate::{a, b::C}` gives `a` and `b`.
fn imported(code: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for rest in code.split("crate::").skip(1) {
        let mut depth = 0;
        for part in rest.split_inclusive([',', '{', '}', ';']) {
            if depth == usize::from(rest.starts_with('{')) {
                let part = part.trim_start_matches(|c: char| !c.is_alphanumeric());
                found.push(
                    part.split(|c: char| !c.is_alphanumeric() && c != '_')
                        .next()
                        .unwrap_or(""),
                );
            }
            depth += usize::from(part.ends_with('{'));
            depth -= usize::from(part.ends_with('}')).min(depth);
            if depth == 0 {
                break;
            }
        }
    }
    found
}

/// Whether `code` has `name::` as the head of a path.
fn names(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        code[at + name.len()..].starts_with("::")
            && !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

/// A second crypto provider would double what must be trusted, and rustls would not know which to take.
#[test]
fn one_crypto_provider_is_linked() {
    let lock =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).expect("readable");
    let locked = |name: &str| lock.contains(&format!("name = \"{name}\"\n"));
    assert!(locked("ring"));
    for other in ["aws-lc-rs", "openssl", "native-tls", "boring"] {
        assert!(!locked(other), "{other} is locked");
    }
}
