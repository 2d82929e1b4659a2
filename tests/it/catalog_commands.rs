//! `aliasgate catalog`, as it is typed.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

/// Exit code, standard output and standard error.
fn run(args: &[&str], input: &[u8]) -> (Option<i32>, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_aliasgate"))
        .arg("catalog")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("no panic");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

const DAY: &str = "--as-of=2026-11-23";

/// A folder with one catalog of two models of xAI.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let text = "apiVersion: aliasgate.dev/v1alpha1\nkind: ModelCatalog\nmetadata: {name: mine}\nspec:\n  \
                provider: custom\n  preset: xai\n  asOf: \"2026-11-01\"\n  completeness: Complete\n  models:\n  \
                - {id: grok-4}\n  - {id: grok-3, lifecycle: {retires: \"2026-06-01\", successor: grok-4}}\n";
    fs::write(dir.path().join("mine.yaml"), text).expect("can write");
    dir
}

fn path(dir: &Path) -> String {
    dir.to_str().expect("UTF-8").to_owned()
}

#[test]
fn check_prints_a_verdict_for_each_id() {
    let dir = folder();
    let args = [
        "check",
        DAY,
        "--no-builtin",
        "--catalog",
        &path(dir.path()),
        "xai",
        "grok-4",
        "grok-3",
        " grok-5",
    ];
    let (code, out, error) = run(&args, b"");
    assert_eq!((code, error.as_str()), (Some(1), ""));
    assert_eq!(
        out,
        "xai \"grok-4\": ok\n\
         xai \"grok-3\": warning[alias-target-retired]: was retired by xai on 2026-06-01\n  \
         help: move to \"grok-4\"\n\
         xai \" grok-5\" is stored as \"grok-5\": error[alias-target-unknown]: not in the xai catalog of 2026-11-01; \
         did you mean \"grok-4\" or \"grok-3\"?\n  \
         help: the catalog is complete: name a model that it lists\n"
    );
}

#[test]
fn check_takes_lines_and_prints_a_json_object_for_each() {
    let dir = folder();
    let args = [
        "check",
        DAY,
        "--no-builtin",
        "--catalog",
        &path(dir.path()),
        "-o",
        "json",
    ];
    let input = b"provider\tid\nxai\tgrok-4\nxai\t grok-4 \r\n\nxai\tgrok 4\nxai\t\n";
    let (code, out, error) = run(&args, input);
    assert_eq!((code, error.as_str()), (Some(1), ""));
    let rows: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let row = |id: &str, code: Option<&str>, severity: &str, repair: Option<&str>, suggestions: &[&str]| {
        json!({
            "provider": "xai", "id": id, "code": code, "severity": severity, "repair": repair,
            "suggestions": suggestions,
        })
    };
    assert_eq!(rows[0], row("grok-4", None, "ok", None, &[]));
    assert_eq!(rows[1], row(" grok-4 ", None, "ok", Some("grok-4"), &[]));
    assert_eq!(rows[2]["id"], "grok 4");
    assert_eq!(rows[2]["code"], "alias-target-malformed");
    assert_eq!(rows[2]["suggestions"][0], "grok-4");
    assert_eq!(rows[3], row("", Some("alias-target-empty"), "error", None, &[]));
    assert_eq!(rows.len(), 4);
}

#[test]
fn check_goes_on_after_a_line_that_is_none() {
    let (code, out, error) = run(&["check", DAY], b"nobody\tx\nno tab\nopenai\tgpt-5\n");
    assert_eq!(code, Some(2));
    assert!(out.starts_with("openai \"gpt-5\""), "{out}");
    assert!(
        error.contains("cannot read <stdin>:1: unknown provider \"nobody\""),
        "{error}"
    );
    assert!(
        error.contains("cannot read <stdin>:2: not provider<TAB>id"),
        "{error}"
    );
}

#[test]
fn bare_lines_are_a_catalog() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("ids.tsv");
    fs::write(&file, "provider\tid\nopenai\tgpt-4-turbo\nxai\tgrok-4\n").expect("can write");
    let args = [
        "check",
        DAY,
        "--no-builtin",
        "--catalog",
        &path(&file),
        "-o",
        "json",
        "openai",
    ];
    let all = |ids: &[&str]| run(&[args.as_slice(), ids].concat(), b"");
    let (code, out, _) = all(&["gpt-4-turbo"]);
    assert_eq!(code, Some(0), "{out}");
    let (code, out, _) = all(&["gpt-4-turbbo", "grok-4"]);
    assert_eq!(code, Some(1));
    assert!(
        out.contains("alias-target-misspelt") && out.contains("alias-target-wrong-provider"),
        "{out}"
    );
}

#[test]
fn bare_lines_over_the_built_in_catalogs_say_only_that_there_is_a_model() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("ids.tsv");
    fs::write(&file, "openai\tgpt-4-turbo\nopenai\tour-own\n").expect("can write");
    let args = [
        "check",
        DAY,
        "--catalog",
        &path(&file),
        "openai",
        "gpt-4-turbo",
        "our-own",
    ];
    let (code, out, _) = run(&args, b"");
    assert_eq!(code, Some(0));
    assert!(
        out.contains("\"gpt-4-turbo\": warning[alias-target-retired]"),
        "{out}"
    );
    assert!(out.ends_with("\"our-own\": ok\n"), "{out}");
}

#[test]
fn validate_stands_on_the_same_catalogs() {
    let dir = folder();
    let text = "apiVersion: agentgateway.dev/v1alpha1\nkind: AgentgatewayBackend\nmetadata: {name: xai}\nspec:\n  \
                ai: {provider: {openai: {}, host: api.x.ai, port: 443}}\n  \
                policies: {ai: {modelAliases: {fast: grok-code-fast-1}}}\n";
    let file = dir.path().join("backend.txt");
    fs::write(&file, text).expect("can write");
    let validate = |more: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_aliasgate"))
            .args(["validate", DAY, &path(&file)])
            .args(more)
            .output()
            .expect("the program runs");
        (
            output.status.code(),
            String::from_utf8(output.stdout).expect("UTF-8"),
        )
    };
    assert_eq!(validate(&[]).0, Some(0));
    let (code, out) = validate(&["--catalog", &path(&dir.path().join("mine.yaml")), "--no-builtin"]);
    assert_eq!(code, Some(1));
    assert!(out.contains("error[alias-target-unknown]"), "{out}");
}

#[test]
fn a_broken_catalog_is_refused_with_all_its_faults() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("bad.yaml");
    let text = "apiVersion: aliasgate.dev/v1alpha1\nkind: ModelCatalog\nmetadata: {name: bad}\nspec:\n  \
                provider: openai\n  merge: Both\n  models:\n  - {}\n";
    fs::write(&file, text).expect("can write");
    let (code, out, error) = run(&["list", "--catalog", &path(&file)], b"");
    assert_eq!((code, out.as_str()), (Some(2), ""));
    let name = file.display();
    assert_eq!(
        error,
        format!(
            "error: cannot use {name}:6:10: spec.merge: \"Both\" is no word that is known here\n\
             error: cannot use {name}:8:5: spec.models[0]: the field id is missing\n"
        )
    );
    fs::write(&file, "kind: Other\n").expect("can write");
    let (code, _, error) = run(&["list", "--catalog", &path(&file)], b"");
    assert_eq!(code, Some(2));
    assert_eq!(error, format!("error: cannot find a ModelCatalog in {name}\n"));
}

#[test]
fn list_and_show_tell_what_is_known() {
    let dir = folder();
    let only = ["--no-builtin", "--catalog", &path(dir.path()), DAY];
    let with = |args: &[&str]| run(&[args, &only].concat(), b"");
    let (code, out, _) = with(&["list"]);
    assert_eq!(code, Some(0));
    assert_eq!(
        out,
        "PROVIDER     MODELS  RETIRED  AS OF\nxai               2        1  2026-11-01\n"
    );
    let (_, out, _) = with(&["list", "xai"]);
    assert_eq!(
        out,
        "grok-3\tretired, retires 2026-06-01, successor grok-4\ngrok-4\tactive\n"
    );
    let (code, out, _) = with(&["show", "grok-4"]);
    assert_eq!(code, Some(0));
    assert_eq!(
        out,
        "xai: active (catalog of 2026-11-01)\nModelCatalog mine: {\"id\":\"grok-4\"}\n"
    );
    let (code, out, _) = with(&["show", "grok-9"]);
    assert_eq!((code, out.as_str()), (Some(1), "no catalog lists \"grok-9\"\n"));
    let (_, out, _) = with(&["show", "grok-3", "-o", "json"]);
    let rows: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(rows[0]["retires"], "2026-06-01");
}

#[test]
fn export_can_be_read_and_differs_in_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    for format in ["yaml", "json"] {
        let (code, out, _) = run(&["export", "-o", format], b"");
        assert_eq!(code, Some(0));
        let file = dir.path().join(format!("all.{format}"));
        fs::write(&file, out).expect("can write");
        let (code, out, error) = run(&["diff", "builtin", &path(&file)], b"");
        assert_eq!((code, out.as_str(), error.as_str()), (Some(0), "", ""));
    }
}

#[test]
fn diff_tells_what_was_added_removed_and_changed() {
    let (old, new) = (folder(), folder());
    let file = new.path().join("mine.yaml");
    let text = fs::read_to_string(&file).expect("there");
    fs::write(
        &file,
        text.replace("grok-4}\n", "grok-4.1}\n")
            .replace("2026-06-01", "2026-07-01"),
    )
    .expect("can write");
    let (old, new) = (path(old.path()), path(new.path()));
    let (code, out, _) = run(&["diff", &old, &new], b"");
    assert_eq!(code, Some(1));
    assert_eq!(
        out,
        "~ xai grok-3: retires 2026-06-01 -> 2026-07-01\n- xai grok-4\n+ xai grok-4.1\n"
    );
    let (_, out, _) = run(&["diff", "-o", "json", &old, &new], b"");
    let rows: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(
        rows[0]["fields"][0],
        json!({"field": "retires", "from": "2026-06-01", "to": "2026-07-01"})
    );
    assert_eq!(rows[2]["change"], "added");
    assert_eq!(run(&["diff", &old, &old], b"").0, Some(0));
    assert_eq!(run(&["diff", &old, "/nowhere"], b"").0, Some(2));
}
