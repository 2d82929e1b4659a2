//! Inputs that are too large to be kept in memory: the findings are the same.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;
use tempfile::TempDir;

use super::{GROWING, validate};

/// More than a file can have for many of them to be kept.
const PADDING: usize = 100_000; // bytes

/// The cases of all codes that `fits` in one folder, with so many bytes of comments behind each file.
fn cases(padding: usize, fits: fn(&str) -> bool) -> TempDir {
    let folder = TempDir::new().unwrap();
    let comments = format!("\n# {}\n", "x".repeat(78)).repeat(padding / 80);
    let mut files = vec![(
        "widgets.yaml".to_owned(),
        GROWING.replace("size: 3", "size: text"),
    )];
    for case in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")).unwrap() {
        let case = case.unwrap().path();
        for file in fs::read_dir(&case).unwrap() {
            let file = file.unwrap().path();
            if file.extension().is_some_and(|extension| extension == "yaml") {
                let name = format!(
                    "{}-{}",
                    case.file_name().unwrap().to_str().unwrap(),
                    file.file_name().unwrap().to_str().unwrap()
                );
                files.push((name, fs::read_to_string(file).unwrap()));
            }
        }
    }
    // Its CRD stands in the other half of the input.
    let widget = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w2}\nsize: text\n";
    files.push(("a.yaml".to_owned(), widget.to_owned()));
    files.retain(|(_, text)| fits(text));
    for (name, text) in files {
        fs::write(folder.path().join(name), text + &comments).unwrap();
    }
    folder
}

fn findings(folder: &TempDir) -> Value {
    let (_, out, _) = validate(folder, &["-o", "json", "."]);
    serde_json::from_str(&out).unwrap()
}

/// The findings where everything is kept, which are those where little is.
fn equal_findings(fits: fn(&str) -> bool) -> BTreeSet<String> {
    let expected = findings(&cases(0, fits));
    assert_eq!(findings(&cases(PADDING, fits)), expected);
    let found = expected["diagnostics"].as_array().unwrap().iter();
    found
        .map(|one| one["code"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn large_inputs_are_judged_like_small_ones() {
    let codes = equal_findings(|_| true);
    assert!(codes.len() > 30, "{codes:?}");
}

#[test]
fn policies_and_routes_reach_backends_of_large_inputs() {
    let codes = equal_findings(|text| !text.contains("ModelCatalog") && !text.contains("targetSelectors"));
    for code in ["aliases-conflict", "alias-unreachable"] {
        assert!(codes.contains(code), "{code} is not in {codes:?}");
    }
}

#[test]
fn objects_alone_are_judged_in_large_inputs() {
    let codes = equal_findings(|text| {
        ![
            "ModelCatalog",
            "Policy",
            "HTTPRoute",
            "Namespace",
            "CustomResource",
        ]
        .iter()
        .any(|kind| text.contains(&format!("kind: {kind}")))
    });
    assert!(codes.contains("alias-target-misspelt"), "{codes:?}");
}
