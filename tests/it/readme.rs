//! README says what the program does: what can drift is compared. `BLESS=1` writes the table of codes anew.

use std::{fs, path::Path, process::Command};

use aliasgate::engine::Code;

const BEGIN: &str = "<!-- codes: begin -->\n";
const END: &str = "<!-- codes: end -->";

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("readable")
}

#[test]
fn every_code_has_its_row() {
    let mut table = String::from("| code | severity | when |\n|---|---|---|\n");
    for code in Code::all() {
        table.push_str(&format!("| `{code}` | {} | {} |\n", code.severity(), code.when()));
    }
    let text = readme();
    let (head, rest) = text.split_once(BEGIN).expect("the table begins");
    let (found, tail) = rest.split_once(END).expect("the table ends");
    if std::env::var_os("BLESS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        fs::write(path, format!("{head}{BEGIN}{table}{END}{tail}")).expect("writable");
    } else {
        assert_eq!(found, table);
    }
}

#[test]
fn every_command_is_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_aliasgate"))
        .arg("--help")
        .output()
        .expect("the program runs");
    let help = String::from_utf8(output.stdout).expect("UTF-8");
    let commands = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty());
    let names: Vec<_> = commands
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(names.len() >= 6, "{help}");
    for name in names {
        assert!(
            readme().contains(&format!("aliasgate {name}")),
            "README does not name `aliasgate {name}`"
        );
    }
}

/// The examples are what users copy.
#[test]
fn the_examples_have_no_errors() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let output = Command::new(env!("CARGO_BIN_EXE_aliasgate"))
        .args(["validate", "--as-of", "2026-11-23"])
        .arg(examples)
        .output()
        .expect("the program runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.ends_with("0 errors, 2 warnings, 0 notes\n"),
        "only the seed's two models are retired: {text}"
    );
}
