//! The exact words that a user sees, in files.

use std::{env, fs, path::Path};

use crate::said::Said;

/// Compares what kubectl said with `golden/NAME.txt`; with `BLESS=1`, writes it there instead.
pub(crate) fn golden(name: &str, said: &[Said]) {
    let text: Vec<String> = said
        .iter()
        .map(|said| format!("$ {}\n{}", said.command, steady(&said.text())))
        .collect();
    let text = text.join("\n");
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/apiserver/golden")
        .join(format!("{name}.txt"));
    if env::var_os("BLESS").is_some() {
        fs::write(&file, &text).expect("writable");
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        expected == text,
        "golden/{name}.txt differs; if the new words are right, run BLESS=1 tests/run\n--- is\n{text}\n--- should be\n{expected}"
    );
}

/// `text` with a word in place of what differs from run to run: ports, and times of certificates.
fn steady(text: &str) -> String {
    let words = text.split_inclusive([' ', '\n', '"']).map(|word| {
        let end = word.trim_end_matches([' ', '\n', '"', ':']);
        let tail = &word[end.len()..];
        if let Some((host, rest)) = end.split_once("127.0.0.1:") {
            let path = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{host}127.0.0.1:PORT{path}{tail}")
        } else if end.starts_with("20") && end.contains('T') && end.ends_with('Z') {
            format!("TIME{tail}")
        } else {
            word.to_owned()
        }
    });
    words.collect()
}
