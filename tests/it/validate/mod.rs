//! The command `aliasgate validate`, run as users run it.
#![expect(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test where it stands"
)]

mod ends;
mod fix;
mod outputs;
mod passes;

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::json;
use tempfile::TempDir;

/// A backend without faults.
const GOOD: &str = "apiVersion: agentgateway.dev/v1alpha1\nkind: AgentgatewayBackend\nmetadata: {name: good}\n\
                    spec: {ai: {provider: {openai: {}}}}\n";

/// A backend with an empty key in line 11 and a empty target in line 10.
const BAD: &str = "\
apiVersion: agentgateway.dev/v1alpha1
kind: AgentgatewayBackend
metadata:
  name: bad
  namespace: team-a
spec:
  ai: {provider: {openai: {}}}
  policies:
    ai:
      modelAliases: {blank: \"\",
        \"\": gpt-5.4}
";

/// Text that is no YAML.
const BROKEN: &str = "a: b\nc: [\n";

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// Runs `validate` in `folder` with `stdin`.
fn run(folder: &Path, stdin: &str, args: &[&str]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_aliasgate"))
        .args(["validate", "--as-of", "2026-11-23"])
        .args(args)
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input closes it early.
    drop(child.stdin.take().unwrap().write_all(stdin.as_bytes()));
    child.wait_with_output().unwrap()
}

/// Exit code, standard output and standard error of `validate` in `folder`.
fn validate(folder: &TempDir, args: &[&str]) -> (i32, String, String) {
    let output = run(folder.path(), "", args);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn nothing_wrong_is_code_0_and_one_line() {
    let folder = folder(&[("a.yaml", GOOD)]);
    let expected = "1 file, 1 resource: 0 errors, 0 warnings, 0 notes\n".to_owned();
    assert_eq!(
        validate(
            &folder,
            &["-f", "a.yaml", "--severity", "alias-target-unchecked=off"]
        ),
        (0, expected, String::new())
    );
}

#[test]
fn faults_are_code_1_with_place_source_and_help() {
    let folder = folder(&[("bad.yaml", BAD)]);
    let (code, out, err) = validate(&folder, &["bad.yaml"]);
    assert_eq!((code, err.as_str()), (1, ""));
    let expected = "\
bad.yaml:10:29: error[alias-target-empty]: spec.policies.ai.modelAliases[blank]: \"\" is empty
  10 |       modelAliases: {blank: \"\",
     |                             ^^
  help: name the model, or remove the entry
bad.yaml:11:9: error[alias-key-empty]: spec.policies.ai.modelAliases[]: \"\" is empty
  11 |         \"\": gpt-5.4}
     |         ^^
  help: name the alias, or remove the entry
1 file, 1 resource: 2 errors, 0 warnings, 0 notes
";
    assert_eq!(out, expected);
}

/// A CRD whose sizes may only grow, and one object of it.
const GROWING: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          size: {type: integer, x-kubernetes-validations: [{rule: self >= oldSelf, message: sizes only grow}]}
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: w}
size: 3
";

#[test]
fn an_old_version_brings_transition_rules() {
    let old =
        |size| format!("apiVersion: example.com/v1\nkind: Widget\nmetadata: {{name: w}}\nsize: {size}\n");
    let folder = folder(&[
        ("new.yaml", GROWING),
        ("small/old.yaml", &old(2)),
        ("large/old.yaml", &old(4)),
    ]);
    let code = |args: &[&str]| validate(&folder, args).0;
    assert_eq!(code(&["new.yaml"]), 0);
    assert_eq!(code(&["new.yaml", "--old", "small"]), 0);
    let (code, out, err) = validate(&folder, &["new.yaml", "--old", "large"]);
    assert_eq!((code, err.as_str()), (1, ""));
    assert!(
        out.starts_with(
            "new.yaml:21:7: error[schema-rule]: size: Invalid value: \"integer\": sizes only grow\n"
        ),
        "{out}"
    );
    let (code, _, err) = validate(&folder, &["new.yaml", "--old", "gone"]);
    assert_eq!(code, 2);
    assert!(err.starts_with("error: cannot read gone: "), "{err}");
}

#[test]
fn an_old_version_excuses_what_it_had() {
    const TYPO: &str = "apiVersion: agentgateway.dev/v1alpha1\nkind: AgentgatewayBackend\nmetadata: {name: b}\n\
                        spec: {ai: {provider: {openai: {}}}, policies: {ai: {modelAliases: {fast: gpt-*}}}}\n";
    let folder = folder(&[
        ("old.yaml", TYPO),
        ("new.yaml", &TYPO.replace("{fast:", "{more: gpt-5-*, fast:")),
    ]);
    let (code, out, _) = validate(&folder, &["old.yaml", "--old", "old.yaml"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("warning[alias-target-wildcard]"), "{out}");
    let (code, out, _) = validate(&folder, &["new.yaml", "--old", "old.yaml"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.ends_with("1 error, 1 warning, 0 notes\n"), "{out}");
}

#[test]
fn many_files_are_reported_in_their_order() {
    let bad = |at| {
        (
            format!("{at:03}.yaml"),
            GOOD.replace("openai: {}", "openai: {model: nope}"),
        )
    };
    let files: Vec<_> = (0..100).map(bad).collect();
    let files: Vec<_> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let folder = folder(&files);
    let (code, out, _) = validate(&folder, &["."]);
    assert_eq!(code, 0, "{out}");
    let named: Vec<_> = out
        .lines()
        .filter_map(|line| Some(line.split_once(".yaml:")?.0))
        .collect();
    let wanted: Vec<_> = files
        .iter()
        .map(|(name, _)| name.trim_end_matches(".yaml"))
        .collect();
    assert_eq!(named, wanted);
    assert!(out.contains("100 files, 100 resources"), "{out}");
}

#[test]
fn codes_are_explained() {
    let explain = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_aliasgate"))
            .arg("explain")
            .args(args)
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code().unwrap(),
            text(output.stdout),
            text(output.stderr),
        )
    };
    let (code, out, _) = explain(&["alias-chain", "alias-self"]);
    assert_eq!(code, 0);
    let first = "alias-chain (warning): the target is itself an alias, and only one hop is made\n\n\
                 The gateway looks a name up once.";
    assert!(out.starts_with(first), "{out}");
    assert!(out.contains("\nalias-self (warning): "), "{out}");
    let (code, out, _) = explain(&[]);
    assert_eq!(
        (code, out.lines().count()),
        (0, aliasgate::engine::Code::all().count())
    );
    let (code, _, err) = explain(&["alias-chian"]);
    assert_eq!(code, 2);
    assert!(err.contains("unknown code \"alias-chian\""), "{err}");
}

#[test]
fn warnings_alone_are_code_0() {
    let folder = folder(&[("bad.yaml", BAD)]);
    let lowered = [
        "--severity",
        "alias-key-empty=warning",
        "--severity",
        "alias-target-empty=off",
        "bad.yaml",
    ];
    let (code, out, _) = validate(&folder, &lowered);
    assert_eq!(code, 0);
    assert!(out.contains("bad.yaml:11:9: warning[alias-key-empty]"), "{out}");
    assert!(
        out.ends_with("1 file, 1 resource: 0 errors, 1 warning, 0 notes\n"),
        "{out}"
    );
}

#[test]
fn broken_files_are_code_2_and_the_others_are_checked() {
    let folder = folder(&[("bad.yaml", BAD), ("broken.yaml", BROKEN)]);
    let (code, out, err) = validate(
        &folder,
        &["-f", "missing.yaml", "-f", "broken.yaml", "-f", "bad.yaml"],
    );
    assert_eq!(code, 2);
    assert!(out.contains("bad.yaml:11:9: error[alias-key-empty]"), "{out}");
    let lines: Vec<_> = err.lines().collect();
    assert_eq!(lines.len(), 2, "{err}");
    assert!(
        lines[0].starts_with("error: cannot read missing.yaml: No such file or directory"),
        "{err}"
    );
    assert_eq!(
        lines[1],
        "error: cannot read broken.yaml:3:1: while parsing a node, did not find expected node content"
    );
}

#[test]
fn text_that_is_not_utf_8_is_named_with_its_place() {
    let folder = folder(&[]);
    fs::write(folder.path().join("latin.yaml"), b"a: b\nc: \xe9\n").unwrap();
    let (code, _, err) = validate(&folder, &["latin.yaml"]);
    assert_eq!(
        (code, err.as_str()),
        (
            2,
            "error: cannot read latin.yaml:2:4: not UTF-8 text; save the file as UTF-8\n"
        )
    );
}

#[test]
fn folders_are_read_in_the_order_of_names_without_what_is_hidden() {
    let folder = folder(&[
        ("b.yml", BAD),
        (
            "a/c.json",
            &serde_json::to_string(&json!({"kind": "List", "items": []})).unwrap(),
        ),
        ("a/b.yaml", BAD),
        ("a/notes.txt", BROKEN),
        (".git/x.yaml", BROKEN),
    ]);
    let (_, out, err) = validate(&folder, &["."]);
    let heads: Vec<_> = out
        .lines()
        .filter(|line| line.contains("error["))
        .map(|line| &line[..line.find(": ").unwrap()])
        .collect();
    assert_eq!(
        heads,
        ["a/b.yaml:10:29", "a/b.yaml:11:9", "b.yml:10:29", "b.yml:11:9"]
    );
    assert_eq!(err, "");
    assert!(
        out.ends_with("3 files, 2 resources: 4 errors, 0 warnings, 0 notes\n"),
        "{out}"
    );
}

#[test]
fn a_file_that_is_named_twice_is_read_once() {
    let folder = folder(&[("a.yaml", GOOD)]);
    let (_, out, _) = validate(&folder, &["a.yaml", ".", "-f", "./a.yaml"]);
    assert!(out.contains("1 file, 1 resource"), "{out}");
}

#[test]
fn standard_input_is_a_file_too() {
    let output = run(TempDir::new().unwrap().path(), BAD, &["-f", "-"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .starts_with("<stdin>:10:29: error[alias-target-empty]")
    );
}

#[test]
fn nothing_to_check_is_said() {
    let folder = folder(&[
        ("a.yaml", "kind: Service\n---\n# nothing\n"),
        ("empty/readme.md", ""),
    ]);
    let (code, out, _) = validate(&folder, &["a.yaml"]);
    assert_eq!(
        (code, out.as_str()),
        (
            0,
            "1 file, 0 resources (1 other kind passed over): nothing to check\n"
        )
    );
    let (code, out, err) = validate(&folder, &["empty"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert_eq!(
        err,
        "error: cannot find a manifest in empty: no file there ends in .yaml, .yml or .json\n"
    );
    assert_eq!(validate(&folder, &[]).0, 2);
}

#[test]
fn flags_that_mean_nothing_are_code_2() {
    let folder = folder(&[("a.yaml", GOOD)]);
    for (args, reason) in [
        (
            ["--severity", "alias-selfish=off"],
            "unknown code \"alias-selfish\"",
        ),
        (
            ["--severity", "alias-self=loud"],
            "unknown level \"loud\"; use error, warning, note or off",
        ),
        (["--severity", "alias-self"], "write it as CODE=LEVEL"),
        (["-o", "xml"], "possible values: text, json"),
    ] {
        let (code, _, err) = validate(&folder, &[args[0], args[1], "a.yaml"]);
        assert!(code == 2 && err.contains(reason), "{code} {err}");
    }
}

#[test]
fn what_a_terminal_obeys_is_not_printed() {
    let folder = folder(&[("a.yaml", &BAD.replace("blank: \"\"", "\"\\e[2J\u{202e}\": \"\""))]);
    let (_, out, _) = validate(&folder, &["a.yaml"]);
    assert!(
        out.contains("alias-target-empty") && !out.contains(['\u{1b}', '\u{202e}']),
        "{out:?}"
    );
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let many: String = (0..2000)
        .map(|at| format!("---\n{}", BAD.replace("name: bad", &format!("name: bad-{at}"))))
        .collect();
    let folder = folder(&[("many.yaml", &many)]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_aliasgate"))
        .args(["validate", "many.yaml"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), output.stderr.as_slice()),
        (Some(0), &b""[..])
    );
}
