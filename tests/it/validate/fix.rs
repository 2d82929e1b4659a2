//! `--fix` and `--diff`: what they change, and what they leave alone.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

use super::{BROKEN, folder, run, validate};

/// A backend with the entries of `aliases`.
fn backend(aliases: &str) -> String {
    format!(
        "# A backend.\napiVersion: agentgateway.dev/v1alpha1\nkind: AgentgatewayBackend\nmetadata: {{name: b}}  # short\n\
         spec:\n  ai: {{provider: {{openai: {{}}}}}}\n  policies:\n    ai:\n      modelAliases:\n{aliases}"
    )
}

/// What becomes of these entries.
fn fixed(aliases: &str) -> String {
    let folder = folder(&[("a.yaml", &backend(aliases))]);
    let (code, _, err) = validate(&folder, &["--fix", "--fail-on=never", "a.yaml"]);
    assert_eq!(code, 0, "{err}");
    let text = fs::read_to_string(folder.path().join("a.yaml")).unwrap();
    let head = backend("");
    text.strip_prefix(&head).expect("the rest stays").to_owned()
}

#[test]
fn entries_take_the_normal_form_and_nothing_else_changes() {
    let table = [
        // An id in the catalog's spelling, whatever the quotes.
        ("        fast: GPT-4o # why\n", "        fast: gpt-4o # why\n"),
        (
            "        'fast':   'openai/gpt-4o'\n",
            "        'fast':   'gpt-4o'\n",
        ),
        ("        \"fast\": \"GPT-4O\"\n", "        \"fast\": \"gpt-4o\"\n"),
        // Blanks around an alias and a target.
        (
            "        \" fast \": \" gpt-4o \"\n",
            "        \"fast\": \"gpt-4o\"\n",
        ),
        // A slip that means one model only; and order stays.
        (
            "        z: gpt-3.5-turboo\n\n        # next\n        a: gpt-4o\n",
            "        z: gpt-3.5-turbo\n\n        # next\n        a: gpt-4o\n",
        ),
        // CRLF, and a text that is cut.
        (
            "        fast: GPT-4o\r\n        b: gpt-4o",
            "        fast: gpt-4o\r\n        b: gpt-4o",
        ),
        // Lines that end in a carriage return alone.
        (
            "        fast: GPT-4o\r        b: gpt-4o\n",
            "        fast: gpt-4o\r        b: gpt-4o\n",
        ),
        // Many in one line.
        (
            "        {a: GPT-4o, b: 'GPT-4o', \"c\": gpt-4o}\n",
            "        {a: gpt-4o, b: 'gpt-4o', \"c\": gpt-4o}\n",
        ),
    ];
    for (before, after) in table {
        assert_eq!(fixed(before), after, "{before:?}");
        assert_eq!(fixed(after), after, "fixing is done after once");
    }
}

#[test]
fn what_is_not_clear_is_left_alone() {
    let table = [
        // Several models can be meant.
        "        smart: gpt-4.1-mimi\n",
        // Both would be `fast`.
        "        fast: gpt-4o\n        \" fast\": gpt-4.1\n",
        // Others use the anchor.
        "        fast: &model GPT-4o\n  other: *model\n",
        // Over more than one line.
        "        fast: >-\n          GPT-4o\n",
        // A model that is deprecated, which only people can replace.
        "        fast: gpt-4-0613\n",
    ];
    for text in table {
        assert_eq!(fixed(text), text);
    }
}

#[test]
fn a_file_keeps_its_rights_and_links_stay_links() {
    let folder = folder(&[("real.yaml", &backend("        fast: GPT-4o\n"))]);
    let (real, link) = (folder.path().join("real.yaml"), folder.path().join("link.yaml"));
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real.yaml", &link).unwrap();
    let (code, out, err) = validate(&folder, &["--fix", "link.yaml"]);
    assert_eq!((code, err.as_str()), (0, "fixed link.yaml: 1 change\n"));
    assert!(
        out.starts_with("link.yaml:10:15: warning[alias-target-deprecated]"),
        "{out}"
    );
    assert!(fs::read_to_string(&real).unwrap().ends_with("fast: gpt-4o\n"));
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(link.is_symlink());
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 2, "nothing else is left there");
}

#[test]
fn a_diff_is_a_patch_and_changes_nothing() {
    let text = backend("        fast: GPT-4o\n");
    let folder = folder(&[
        ("a.yaml", &text),
        ("good.yaml", &backend("        fast: gpt-4o\n")),
    ]);
    let (code, patch, err) = validate(&folder, &["--diff", "."]);
    assert_eq!((code, err.as_str()), (1, ""));
    assert!(patch.starts_with("--- a/a.yaml\n+++ b/a.yaml\n@@ "), "{patch}");
    let changed: Vec<_> = patch
        .lines()
        .skip(2)
        .filter(|line| line.starts_with(['-', '+']))
        .collect();
    assert_eq!(changed, ["-        fast: GPT-4o", "+        fast: gpt-4o"]);
    assert_eq!(fs::read_to_string(folder.path().join("a.yaml")).unwrap(), text);
    assert_eq!(
        validate(&folder, &["--diff", "good.yaml"]),
        (0, String::new(), String::new())
    );

    // The patch does what --fix does.
    fs::write(folder.path().join("fix.patch"), &patch).unwrap();
    let git = Command::new("git")
        .args(["apply", "fix.patch"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(git.status.success(), "{git:?}");
    assert!(
        fs::read_to_string(folder.path().join("a.yaml"))
            .unwrap()
            .ends_with("fast: gpt-4o\n")
    );
}

#[test]
fn standard_input_has_a_diff_and_no_fix() {
    let folder = folder(&[]);
    let text = backend("        fast: GPT-4o\n");
    let output = run(folder.path(), &text, &["--diff", "-"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("+        fast: gpt-4o\n")
    );
    let output = run(folder.path(), &text, &["--fix", "-"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "error: cannot fix <stdin>: it is no file; --diff shows what would be changed\n"
    );
}

#[test]
fn what_cannot_be_read_is_not_fixed_and_is_said() {
    let half = backend("        fast: GPT-4o\n") + "---\n" + BROKEN;
    let folder = folder(&[
        ("half.yaml", &half),
        ("whole.yaml", &backend("        fast: GPT-4o\n")),
    ]);
    let (code, _, err) = validate(&folder, &["--fix", "."]);
    assert_eq!(code, 2);
    let lines: Vec<_> = err.lines().collect();
    assert_eq!(lines[0], "fixed whole.yaml: 1 change", "{err}");
    assert!(lines[1].starts_with("error: cannot read half.yaml:"), "{err}");
    assert_eq!(lines.len(), 2, "{err}");
    assert_eq!(fs::read_to_string(folder.path().join("half.yaml")).unwrap(), half);
}
