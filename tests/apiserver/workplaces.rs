//! `aliasgate validate` where people work: as a plugin of kubectl, on what is stored in a cluster, behind kustomize and
//! helm, as a hook of pre-commit and as a GitHub Action; with the real programs.

use std::{
    env, fs,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Output, Stdio},
};

use aliasgate::sources::documents;
use serde_json::Value;
use tempfile::TempDir;

use crate::{Test, World};

pub(crate) const TESTS: &[Test] = &[
    ("kubectl_plugin_checks_what_is_stored", plugin),
    ("labels_choose_what_is_checked", labels),
    ("crds_come_from_the_cluster", crds_of_the_cluster),
    ("a_cluster_that_cannot_be_asked_is_named", no_cluster),
    ("kustomize_pipes_into_validate", kustomize),
    ("helm_pipes_into_validate", helm),
    ("pre_commit_runs_the_hooks", pre_commit),
    ("the_action_runs_its_steps", action),
];

const PROGRAM: &str = env!("CARGO_BIN_EXE_aliasgate");

/// A backend called `name` whose alias leads to `target`.
fn backend(name: &str, target: &str) -> String {
    format!(
        "apiVersion: agentgateway.dev/v1alpha1\nkind: AgentgatewayBackend\nmetadata:\n  name: {name}\n  labels: {{app: {name}}}\n\
         spec:\n  ai: {{provider: {{openai: {{}}}}}}\n  policies:\n    ai:\n      modelAliases:\n        fast: {target}\n"
    )
}

/// A `PATH` that has aliasgate in it, also as a plugin of kubectl.
fn path(folder: &TempDir) -> String {
    for name in ["aliasgate", "kubectl-aliasgate"] {
        symlink(PROGRAM, folder.path().join(name)).expect("a link");
    }
    format!(
        "{}:{}",
        folder.path().display(),
        env::var("PATH").expect("a PATH")
    )
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs a script of bash in `folder`.
fn bash(script: &str, folder: &Path, environment: &[(&str, &str)]) -> Output {
    Command::new("bash")
        .args(["-o", "pipefail", "-ec", script])
        .current_dir(folder)
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("bash starts")
}

fn plugin(world: &World) {
    let bin = tempfile::tempdir().expect("a folder");
    let path = path(&bin);
    let space = world.cluster.namespace("plugin");
    space.file("b.yaml", &backend("b", "gpt-9.9"));
    space.kubectl("apply -f b.yaml").expect_ok();
    let ask = |args: &[&str]| {
        let all = [&["aliasgate", "validate"], args].concat();
        space.run(&all, &[("PATH", &path)])
    };
    // The namespace is appended, as kubectl itself would be asked.
    let said = ask(&[]);
    said.expect_ok()
        .expect_says("AgentgatewayBackend/")
        .expect_says("warning[alias-target-unknown]: spec.policies.ai.modelAliases[fast]: \"gpt-9.9\"")
        .expect_says("1 file, 1 resource: 0 errors, 1 warning");
    assert!(
        said.out
            .contains(&format!("AgentgatewayBackend/{}/b:", space.name)),
        "{}",
        said.out
    );
    ask(&["--fail-on", "warning"]).expect_refused();

    // What was stored before there was a webhook is found too.
    let all = world.cluster.enter(World::OLD);
    let said = all.run(&["aliasgate", "validate"], &[("PATH", &path)]);
    said.expect_refused().expect_says("error[");
    let everywhere = Command::new(PROGRAM)
        .args(["validate", "-A", "-o", "json"])
        .env("KUBECONFIG", world.cluster.kubeconfig())
        .output()
        .expect("it starts");
    let report: Value = serde_json::from_str(&out(&everywhere)).expect("JSON");
    let found = report["diagnostics"].as_array().expect("a list");
    for namespace in [World::OLD, &space.name] {
        assert!(
            found.iter().any(|one| one["namespace"] == namespace),
            "{namespace}"
        );
    }
}

fn labels(world: &World) {
    let space = world.cluster.namespace("labels");
    space.file(
        "two.yaml",
        &format!("{}---\n{}", backend("a", "gpt-9.8"), backend("b", "gpt-9.9")),
    );
    space.kubectl("apply -f two.yaml").expect_ok();
    let validate = |selector: &str| {
        Command::new(PROGRAM)
            .args(["validate", "-n", &space.name, "-l", selector])
            .env("KUBECONFIG", world.cluster.kubeconfig())
            .output()
            .expect("it starts")
    };
    let said = out(&validate("app=a"));
    assert!(said.contains("gpt-9.8") && !said.contains("gpt-9.9"), "{said}");
    let said = out(&validate("app in (a,b)"));
    assert!(said.contains("gpt-9.8") && said.contains("gpt-9.9"), "{said}");
    let wrong = validate("app in");
    assert_eq!(code(&wrong), Some(2), "{}", out(&wrong));
    assert!(
        err(&wrong).contains("error: cannot list AgentgatewayBackend in the cluster: "),
        "{}",
        err(&wrong)
    );
}

fn crds_of_the_cluster(world: &World) {
    world.cluster.apply(
        r#"{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "gadgets.workplaces.example.com"},
            "spec": {"group": "workplaces.example.com", "scope": "Namespaced",
                "names": {"kind": "Gadget", "plural": "gadgets", "singular": "gadget", "listKind": "GadgetList"},
                "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                    "type": "object", "properties": {"size": {"type": "integer"}}}}}]}}"#,
    );
    let folder = tempfile::tempdir().expect("a folder");
    let gadget = "apiVersion: workplaces.example.com/v1\nkind: Gadget\nmetadata: {name: g}\nsize: big\n";
    fs::write(folder.path().join("g.yaml"), gadget).expect("writable");
    let validate = |more: &[&str]| {
        Command::new(PROGRAM)
            .args(["validate", "g.yaml"])
            .args(more)
            .current_dir(folder.path())
            .env("KUBECONFIG", world.cluster.kubeconfig())
            .output()
            .expect("it starts")
    };
    assert_eq!(
        out(&validate(&[])),
        "1 file, 0 resources (1 other kind passed over): nothing to check\n"
    );
    let said = validate(&["--crds", "cluster"]);
    assert_eq!(code(&said), Some(1), "{}", err(&said));
    assert!(
        out(&said).starts_with("g.yaml:4:7: error[schema-invalid]: size: "),
        "{}",
        out(&said)
    );
}

fn no_cluster(world: &World) {
    let ask = |args: &[&str], config: &Path| {
        Command::new(PROGRAM)
            .arg("validate")
            .args(args)
            .env("KUBECONFIG", config)
            .output()
            .expect("it starts")
    };
    let gone = ask(&["-A"], Path::new("/nowhere"));
    assert_eq!(code(&gone), Some(2));
    assert!(
        err(&gone).starts_with("error: cannot use $KUBECONFIG or ~/.kube/config: "),
        "{}",
        err(&gone)
    );
    let context = ask(&["-A", "--context", "other"], &world.cluster.kubeconfig());
    assert_eq!(code(&context), Some(2));
    assert!(err(&context).contains("other"), "{}", err(&context));

    // Who may see one kind only is told what is missing.
    let space = world.cluster.namespace("rights");
    space.kubectl("create serviceaccount reader").expect_ok();
    space
        .kubectl("create role reader --verb=list --resource=agentgatewaybackends.agentgateway.dev")
        .expect_ok();
    let bind = format!(
        "create rolebinding reader --role=reader --serviceaccount={}:reader",
        space.name
    );
    space.kubectl(&bind).expect_ok();
    space.file("b.yaml", &backend("b", "gpt-9.9"));
    space.kubectl("apply -f b.yaml").expect_ok();
    let config = world.cluster.kubeconfig_of(&space.name, "reader");
    let partly = ask(&["-n", &space.name], &config);
    assert_eq!(code(&partly), Some(2));
    assert!(out(&partly).contains("alias-target-unknown"), "{}", out(&partly));
    let missing = "error: cannot list AgentgatewayPolicy in the cluster: a right is missing: ";
    assert!(err(&partly).contains(missing), "{}", err(&partly));
}

fn kustomize(world: &World) {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("writable");
    write("backend.yaml", &backend("b", "gpt-4o"));
    write(
        "kustomization.yaml",
        "resources: [backend.yaml]\nnamespace: team-a\npatches:\n- patch: |-\n    - op: replace\n      \
         path: /spec/policies/ai/modelAliases/fast\n      value: gpt-4o*\n  target: {kind: AgentgatewayBackend}\n",
    );
    let kubectl = world.cluster.tools().join("kubectl");
    let script = "\"$KUBECTL\" kustomize . | \"$ALIASGATE\" validate -";
    let kubectl = kubectl.display().to_string();
    let said = bash(
        script,
        folder.path(),
        &[("KUBECTL", &kubectl), ("ALIASGATE", PROGRAM)],
    );
    assert_eq!(code(&said), Some(1), "{}", err(&said));
    let text = out(&said);
    assert!(text.starts_with("<stdin>:"), "{text}");
    assert!(
        text.contains("error[alias-target-wildcard]: spec.policies.ai.modelAliases[fast]: \"gpt-4o*\""),
        "{text}"
    );
}

fn helm(_: &World) {
    let Some(helm) = env::var("ALIASGATE_HELM").ok() else {
        println!("SKIPPED: the pipe of helm: ALIASGATE_HELM is not set; ./tests/run sets it");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let chart = folder.path().join("chart");
    fs::create_dir_all(chart.join("templates")).expect("writable");
    let write = |name: &str, text: &str| fs::write(chart.join(name), text).expect("writable");
    write("Chart.yaml", "apiVersion: v2\nname: models\nversion: 1.0.0\n");
    write("values.yaml", "fast: gpt-4o\n");
    write("templates/backend.yaml", &backend("b", "{{ .Values.fast }}"));
    let run = |script: &str| bash(script, folder.path(), &[("HELM", &helm), ("ALIASGATE", PROGRAM)]);
    let rendered = "\"$HELM\" template models chart";
    let said = run(&format!("{rendered} | \"$ALIASGATE\" validate --fail-on error -"));
    assert_eq!(code(&said), Some(0), "{}{}", out(&said), err(&said));
    let said = run(&format!(
        "{rendered} --set fast=gpt-4o* | \"$ALIASGATE\" validate -"
    ));
    assert_eq!(code(&said), Some(1), "{}{}", out(&said), err(&said));
    assert!(out(&said).contains("alias-target-wildcard"), "{}", out(&said));
    // A chart that was not rendered is no manifest, and the message says what to do.
    let said = run("\"$ALIASGATE\" validate chart/templates");
    assert_eq!(code(&said), Some(2), "{}", out(&said));
    assert!(
        err(&said).contains("render it first, e.g. with `helm template`"),
        "{}",
        err(&said)
    );
}

fn pre_commit(_: &World) {
    let python = env::var("ALIASGATE_PYTHON")
        .expect("ALIASGATE_PYTHON names a Python with tests/clients/requirements.txt; tests/run sets it");
    let folder = tempfile::tempdir().expect("a folder");
    let bin = tempfile::tempdir().expect("a folder");
    let path = path(&bin);
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("writable");
    // A repository with nothing but the hooks stands for the published one.
    let hooks = tempfile::tempdir().expect("a folder");
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join(".pre-commit-hooks.yaml");
    fs::copy(ours, hooks.path().join(".pre-commit-hooks.yaml")).expect("copied");
    let home = folder.path().join("home").display().to_string();
    let environment = [
        ("PATH", path.as_str()),
        ("HOME", &home),
        ("PYTHON", &python),
        ("GIT_AUTHOR_NAME", "test"),
        ("GIT_AUTHOR_EMAIL", "test@example.com"),
        ("GIT_COMMITTER_NAME", "test"),
        ("GIT_COMMITTER_EMAIL", "test@example.com"),
    ];
    let commit = "git init -q . && git add -A && git commit -qm all && git rev-parse HEAD";
    let revision = bash(commit, hooks.path(), &environment);
    assert_eq!(code(&revision), Some(0), "{}", err(&revision));
    write(
        ".pre-commit-config.yaml",
        &format!(
            "repos:\n- repo: {}\n  rev: {}\n  hooks: [{{id: aliasgate}}]\n",
            hooks.path().display(),
            out(&revision).trim()
        ),
    );
    write("notes.txt", "not a manifest");
    write("good.yaml", &backend("good", "gpt-4.1"));
    let script = "git init -q . && git add good.yaml notes.txt && \"$PYTHON\" -m pre_commit run --all-files";
    let said = bash(script, folder.path(), &environment);
    assert_eq!(code(&said), Some(0), "{}{}", out(&said), err(&said));
    assert!(out(&said).contains("Passed"), "{}", out(&said));
    write("bad.yaml", &backend("bad", "gpt-4o*"));
    let said = bash(
        "git add bad.yaml && \"$PYTHON\" -m pre_commit run",
        folder.path(),
        &environment,
    );
    assert_eq!(code(&said), Some(1), "{}{}", out(&said), err(&said));
    assert!(
        out(&said).contains("bad.yaml:11:15: error[alias-target-wildcard]"),
        "{}",
        out(&said)
    );

    // A hook that changes a file fails, so that the change is looked at.
    let config = fs::read_to_string(folder.path().join(".pre-commit-config.yaml")).expect("readable");
    write(
        ".pre-commit-config.yaml",
        &config.replace("id: aliasgate", "id: aliasgate-fix"),
    );
    write("bad.yaml", &backend("bad", "openai/gpt-4.1"));
    let said = bash(
        "git add bad.yaml && \"$PYTHON\" -m pre_commit run",
        folder.path(),
        &environment,
    );
    assert_eq!(code(&said), Some(1), "{}{}", out(&said), err(&said));
    assert!(
        out(&said).contains("files were modified by this hook"),
        "{}",
        out(&said)
    );
    let fixed = fs::read_to_string(folder.path().join("bad.yaml")).expect("readable");
    assert_eq!(fixed, backend("bad", "gpt-4.1"));
}

/// GitHub's runner is not here; this does what it does with a composite action: sets the environment of a step from the
/// inputs and hands its script to bash.
fn action(_: &World) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("action.yml");
    let text = fs::read_to_string(file).expect("readable");
    let action = documents::read(&text).documents.remove(0).value;
    let folder = tempfile::tempdir().expect("a folder");
    let bin = tempfile::tempdir().expect("a folder");
    let path = path(&bin);
    fs::create_dir(folder.path().join("my manifests")).expect("writable");
    fs::write(folder.path().join("my manifests/b.yaml"), backend("b", "gpt-4o*")).expect("writable");
    let run = |inputs: &[(&str, &str)]| {
        let value = |text: &str| -> String {
            let given = |name: &str| {
                inputs
                    .iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| *value)
            };
            let default = |name: &str| action["inputs"][name]["default"].as_str().expect("a default");
            let inner = text
                .strip_prefix("${{ ")
                .and_then(|rest| rest.strip_suffix(" }}"));
            match inner.map(|inner| inner.split_once('.').expect("two parts")) {
                Some(("inputs", name)) => given(name).unwrap_or_else(|| default(name)).to_owned(),
                Some(("github", "action_path")) => env!("CARGO_MANIFEST_DIR").to_owned(),
                _ => panic!("{text} is not known here"),
            }
        };
        let mut last = None;
        for step in action["runs"]["steps"].as_array().expect("a list") {
            assert_eq!(step["shell"], "bash");
            let environment: Vec<_> = step["env"]
                .as_object()
                .expect("a mapping")
                .iter()
                .map(|(key, text)| (key.as_str(), value(text.as_str().expect("text"))))
                .collect();
            let mut environment: Vec<_> = environment
                .iter()
                .map(|(key, value)| (*key, value.as_str()))
                .collect();
            environment.push(("PATH", &path));
            last = Some(bash(
                step["run"].as_str().expect("a script"),
                folder.path(),
                &environment,
            ));
            if !last.as_ref().is_some_and(|said| said.status.success()) {
                break;
            }
        }
        last.expect("a step")
    };
    let said = run(&[("paths", "my manifests\n")]);
    assert_eq!(code(&said), Some(1), "{}{}", out(&said), err(&said));
    let annotation =
        "::error file=my manifests/b.yaml,line=11,col=15,endColumn=22,title=alias-target-wildcard::";
    assert!(out(&said).starts_with(annotation), "{}", out(&said));
    assert_eq!(code(&run(&[("fail-on", "never")])), Some(0));
    let said = run(&[("args", "--severity\nalias-target-wildcard=off")]);
    assert_eq!((code(&said), out(&said).as_str()), (Some(0), ""));
}
