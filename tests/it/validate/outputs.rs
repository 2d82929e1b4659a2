//! What is printed, for people and for programs.

use serde_json::{Value, json};

use super::{BAD, BROKEN, GOOD, folder, validate};

#[test]
fn json_has_the_documented_fields() {
    let folder = folder(&[
        ("bad.yaml", BAD),
        ("other.yaml", "kind: Service\n---\nkind: Secret\napiVersion: v1\n"),
    ]);
    let (code, out, _) = validate(&folder, &["-o", "json", "."]);
    let expected = json!({
        "version": 1,
        "diagnostics": [
            {
                "code": "alias-target-empty", "severity": "error", "file": "bad.yaml", "line": 10, "column": 29,
                "kind": "AgentgatewayBackend", "namespace": "team-a", "name": "bad",
                "pointer": "/spec/policies/ai/modelAliases/blank", "value": "", "message": "\"\" is empty",
                "help": "name the model, or remove the entry", "suggestions": [],
            },
            {
                "code": "alias-key-empty", "severity": "error", "file": "bad.yaml", "line": 11, "column": 9,
                "kind": "AgentgatewayBackend", "namespace": "team-a", "name": "bad",
                "pointer": "/spec/policies/ai/modelAliases/", "value": "", "message": "\"\" is empty",
                "help": "name the alias, or remove the entry", "suggestions": [],
            },
        ],
        "unread": [],
        "summary": {"files": 2, "resources": 1, "skipped": 2, "errors": 2, "warnings": 0, "notes": 0},
    });
    assert_eq!(code, 1);
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), expected);
}

#[test]
fn sarif_names_rules_files_and_places() {
    let folder = folder(&[("a b#1.yaml", BAD)]);
    let (code, out, _) = validate(&folder, &["-o", "sarif", "."]);
    let log: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &log["version"]), (1, &json!("2.1.0")));
    let run = &log["runs"][0];
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "aliasgate");
    let rules: Vec<_> = driver["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| &rule["id"])
        .collect();
    assert_eq!(rules, ["alias-key-empty", "alias-target-empty"]);
    let expected = json!({
        "ruleId": "alias-target-empty",
        "level": "error",
        "message": {"text": "\"\" is empty\nhelp: name the model, or remove the entry"},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": "a%20b%231.yaml"},
                "region": {"startLine": 10, "startColumn": 29, "endColumn": 31},
            },
            "logicalLocations": [
                {"fullyQualifiedName": "AgentgatewayBackend team-a/bad: spec.policies.ai.modelAliases[blank]"},
            ],
        }],
    });
    assert_eq!(run["results"][0], expected);
    assert_eq!(run["results"].as_array().unwrap().len(), 2);
}

#[test]
fn github_annotations_are_escaped() {
    let folder = folder(&[("50%,a:b.yaml", BAD), ("good.yaml", GOOD)]);
    let (code, out, _) = validate(&folder, &["-o", "github", "50%,a:b.yaml", "good.yaml"]);
    assert_eq!(code, 1);
    let lines: Vec<_> = out.lines().collect();
    let expected = "::error file=50%25%2Ca%3Ab.yaml,line=10,col=29,endColumn=31,title=alias-target-empty::\
                    spec.policies.ai.modelAliases[blank]: \"\" is empty%0Ahelp: name the model, or remove the entry";
    assert_eq!((lines.len(), lines[0]), (2, expected), "{out}");
}

#[test]
fn fail_on_chooses_what_code_1_means() {
    let folder = folder(&[("bad.yaml", BAD)]);
    let with = |level: &str, fail_on: &str| {
        let [empty, blank] = ["alias-key-empty", "alias-target-empty"].map(|code| format!("{code}={level}"));
        let args = [
            "--severity",
            &empty,
            "--severity",
            &blank,
            "--fail-on",
            fail_on,
            "bad.yaml",
        ];
        validate(&folder, &args).0
    };
    let table = [
        ("error", [("error", 1), ("warning", 1), ("note", 1), ("never", 0)]),
        (
            "warning",
            [("error", 0), ("warning", 1), ("note", 1), ("never", 0)],
        ),
        ("note", [("error", 0), ("warning", 0), ("note", 1), ("never", 0)]),
        ("off", [("error", 0), ("warning", 0), ("note", 0), ("never", 0)]),
    ];
    for (level, row) in table {
        for (fail_on, code) in row {
            assert_eq!(with(level, fail_on), code, "{level} with --fail-on {fail_on}");
        }
    }
}

#[test]
fn what_cannot_be_read_is_in_every_format() {
    let folder = folder(&[("broken.yaml", BROKEN), ("good.yaml", GOOD)]);
    let said = |format: &str| {
        let (code, out, err) = validate(&folder, &["-o", format, "."]);
        assert_eq!(code, 2, "{format}");
        assert!(err.starts_with("error: cannot read broken.yaml:3:1: "), "{err}");
        (out, err.trim_start_matches("error: ").trim_end().to_owned())
    };
    let (out, message) = said("json");
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        json["unread"],
        json!([{"file": "broken.yaml", "line": 3, "column": 1, "message": message}])
    );
    let (out, message) = said("sarif");
    let sarif: Value = serde_json::from_str(&out).unwrap();
    let invocation = &sarif["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let notification = &invocation["toolExecutionNotifications"][0];
    assert_eq!(notification["message"]["text"], message.as_str());
    let place = &notification["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "broken.yaml");
    assert_eq!(place["region"], json!({"startLine": 3, "startColumn": 1}));
    let (out, message) = said("github");
    assert_eq!(out, format!("::error file=broken.yaml,line=3,col=1::{message}\n"));
    let (out, _) = said("junit");
    assert!(
        out.contains("<testsuites name=\"aliasgate\" tests=\"2\" failures=\"0\" errors=\"1\">"),
        "{out}"
    );
    assert!(
        out.contains("<testcase classname=\"broken.yaml\" name=\"can be read\">"),
        "{out}"
    );
}

#[test]
fn junit_has_a_case_for_each_object() {
    let odd = BAD.replace("name: bad", "name: \"a<\\u0001&\"");
    let folder = folder(&[("bad.yaml", &odd), ("good.yaml", GOOD)]);
    let (code, out, _) = validate(
        &folder,
        &["-o", "junit", "--severity", "alias-key-empty=warning", "."],
    );
    assert_eq!(code, 1);
    let expected = [
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
        "<testsuites name=\"aliasgate\" tests=\"2\" failures=\"1\" errors=\"0\">",
        "  <testsuite name=\"bad.yaml\" tests=\"1\" failures=\"1\" errors=\"0\">",
        "    <testcase classname=\"bad.yaml\" name=\"AgentgatewayBackend team-a/a&lt;\u{fffd}&amp;\">",
        "      <failure type=\"alias-target-empty\" message=\"spec.policies.ai.modelAliases[blank]: &quot;&quot; is empty\">\
         bad.yaml:10:29: error[alias-target-empty]: spec.policies.ai.modelAliases[blank]: &quot;&quot; is empty",
        "<system-out>bad.yaml:11:9: warning[alias-key-empty]",
        "  <testsuite name=\"good.yaml\" tests=\"1\" failures=\"0\" errors=\"0\">",
        "    <testcase classname=\"good.yaml\" name=\"AgentgatewayBackend default/good\"/>",
    ];
    let mut rest = out.as_str();
    for line in expected {
        let at = rest
            .find(line)
            .unwrap_or_else(|| panic!("{line} is not in\n{out}"));
        rest = &rest[at + line.len()..];
    }
}

#[test]
fn quiet_prints_what_makes_the_exit_code_1() {
    let folder = folder(&[("bad.yaml", BAD), ("good.yaml", GOOD)]);
    assert_eq!(
        validate(&folder, &["-q", "good.yaml"]),
        (0, String::new(), String::new())
    );
    let (code, out, _) = validate(&folder, &["-q", "--severity", "alias-key-empty=warning", "."]);
    assert_eq!((code, out.lines().count()), (1, 4), "{out}");
    assert!(
        out.starts_with("bad.yaml:10:29: error[alias-target-empty]"),
        "{out}"
    );
    let args = [
        "-q",
        "--severity",
        "alias-key-empty=warning",
        "--fail-on",
        "warning",
        ".",
    ];
    assert_eq!(validate(&folder, &args).1.lines().count(), 8);
}

#[test]
fn a_summary_counts_codes() {
    let folder = folder(&[("a.yaml", BAD), ("b.yaml", BAD)]);
    let (code, out, _) = validate(&folder, &["--summary", "--severity", "alias-key-empty=note", "."]);
    let expected = "\
error    alias-target-empty  2 in 2 files
note     alias-key-empty     2 in 2 files
2 files, 2 resources: 2 errors, 0 warnings, 2 notes
";
    assert_eq!((code, out.as_str()), (1, expected));
    let (code, out, err) = validate(&folder, &["--summary", "-o", "sarif", "."]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(
        err.starts_with("error: cannot print a --summary in this format"),
        "{err}"
    );
}

#[test]
fn colours_are_for_terminals() {
    let folder = folder(&[("bad.yaml", BAD)]);
    let plain = validate(&folder, &["bad.yaml"]).1;
    assert!(!plain.contains('\u{1b}'), "{plain:?}");
    assert_eq!(validate(&folder, &["--color=never", "bad.yaml"]).1, plain);
    let coloured = validate(&folder, &["--color=always", "bad.yaml"]).1;
    assert!(
        coloured.contains("\u{1b}[1m\u{1b}[31merror[alias-target-empty]\u{1b}[0m"),
        "{coloured:?}"
    );
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
}
