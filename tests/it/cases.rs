//! A good and a bad case for every code, as users see them.
//!
//! `tests/cases/<code>/bad.yaml` gives the code and exactly the output in `bad.txt`; `good.yaml` does not give it.
//! `args`, where it is there, holds further arguments. `BLESS=1` writes the outputs anew.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use aliasgate::engine::Code;

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

fn validate(code: &str, file: &str, format: &str) -> String {
    let folder = cases().join(code);
    let arguments =
        fs::read_to_string(folder.join("args")).unwrap_or_else(|_| "--as-of 2026-11-23".to_owned());
    let output = Command::new(env!("CARGO_BIN_EXE_aliasgate"))
        .current_dir(&folder)
        .args(["validate", "-o", format])
        .args(arguments.split_whitespace())
        .arg(file)
        .output()
        .expect("the program runs");
    assert!(
        output.stderr.is_empty(),
        "{code}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn codes(code: &str, file: &str) -> Vec<String> {
    let output: serde_json::Value = serde_json::from_str(&validate(code, file, "json")).expect("JSON");
    let rows = output["diagnostics"].as_array().expect("a list");
    rows.iter()
        .map(|row| row["code"].as_str().expect("a code").to_owned())
        .collect()
}

#[test]
fn every_code_has_a_bad_case_with_its_output() {
    let mut wrong = Vec::new();
    for code in Code::all() {
        let code = code.as_str();
        if !cases().join(code).join("bad.yaml").exists() {
            wrong.push(format!("{code}: tests/cases/{code}/bad.yaml is missing"));
            continue;
        }
        if !codes(code, "bad.yaml").iter().any(|found| found == code) {
            wrong.push(format!("{code}: bad.yaml does not give it"));
        }
        let (golden, output) = (
            cases().join(code).join("bad.txt"),
            validate(code, "bad.yaml", "text"),
        );
        if std::env::var_os("BLESS").is_some() {
            fs::write(&golden, &output).expect("can write");
        }
        if fs::read_to_string(&golden).unwrap_or_default() != output {
            wrong.push(format!("{code}: bad.txt differs from\n{output}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_good_case_gives_the_code() {
    for code in Code::all() {
        let found = codes(code.as_str(), "good.yaml");
        assert!(
            !found.iter().any(|found| found == code.as_str()),
            "{code}: {found:?}"
        );
    }
}
