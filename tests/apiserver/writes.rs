//! Every way in which kubectl writes an object, good and bad.

use serde_json::{Value, json};

use crate::{Test, World, cluster::Namespace, golden::golden, said::Said, webhook::backend};

#[rustfmt::skip]
pub(crate) const TESTS: &[Test] = &[
    ("the_seed_is_stored_with_two_warnings", the_seed_is_stored_with_two_warnings),
    ("a_typo_is_refused_with_the_nearest_model", a_typo_is_refused_with_the_nearest_model),
    ("every_way_of_writing_is_refused_alike", every_way_of_writing_is_refused_alike),
    ("every_way_of_writing_is_let_through_alike", every_way_of_writing_is_let_through_alike),
    ("edit_stores_what_is_good", edit_stores_what_is_good),
    ("edit_shows_the_fault_in_the_editor", edit_shows_the_fault_in_the_editor),
    ("blanks_are_stored_trimmed_and_said", blanks_are_stored_trimmed_and_said),
    ("client_side_apply_twice_changes_nothing", client_side_apply_twice_changes_nothing),
    ("server_side_apply_twice_changes_nothing", server_side_apply_twice_changes_nothing),
    ("diff_sees_no_difference_to_what_is_stored", diff_sees_no_difference_to_what_is_stored),
    ("two_faults_are_said_at_once", two_faults_are_said_at_once),
    ("policies_are_checked_too", policies_are_checked_too),
    ("an_update_that_leaves_old_faults_is_stored", an_update_that_leaves_old_faults_is_stored),
    ("exempt_namespaces_are_not_checked", exempt_namespaces_are_not_checked),
];

/// What a user of the project tries first.
const SEED: &str = "\
apiVersion: agentgateway.dev/v1alpha1
kind: AgentgatewayBackend
metadata:
  name: openai
spec:
  ai:
    provider:
      openai: {}
  policies:
    auth:
      secretRef:
        name: openai-secret
    ai:
      modelAliases:
        fast: gpt-3.5-turbo
        smart: gpt-4-turbo
";

/// A model that nothing is wrong with.
const GOOD: &str = "gpt-5.1";

const TYPO: &str = r#"spec.policies.ai.modelAliases[smart]: Invalid value: "gpt-4-turbbo""#;

fn aliases(object: &Value) -> &Value {
    &object["spec"]["policies"]["ai"]["modelAliases"]
}

fn version(object: &Value) -> &Value {
    &object["metadata"]["resourceVersion"]
}

fn the_seed_is_stored_with_two_warnings(world: &World) {
    let namespace = world.cluster.namespace("seed");
    let said = namespace.apply("openai.yaml", SEED);
    assert_eq!(said.expect_ok().warnings().len(), 2, "{}", said.text());
    assert_eq!(
        aliases(&namespace.get("agbe/openai")),
        &json!({"fast": "gpt-3.5-turbo", "smart": "gpt-4-turbo"})
    );
    golden("seed", &[said]);
}

fn a_typo_is_refused_with_the_nearest_model(world: &World) {
    let namespace = world.cluster.namespace("typo");
    let said = namespace.apply("openai.yaml", &SEED.replace("gpt-4-turbo", "gpt-4-turbbo"));
    said.expect_refused()
        .expect_says(TYPO)
        .expect_says(r#"did you mean "gpt-4-turbo""#);
    namespace
        .kubectl("get agbe/openai")
        .expect_refused()
        .expect_says("not found");
    golden("typo", &[said]);
}

/// Gives the alias `smart` another target in every way there is.
fn write_in_every_way(namespace: &Namespace<'_>, value: &str) -> Vec<Said> {
    let patch = json!({"spec": {"policies": {"ai": {"modelAliases": {"smart": value}}}}}).to_string();
    let json_patch =
        json!([{"op": "replace", "path": "/spec/policies/ai/modelAliases/smart", "value": value}]);
    let text = SEED.replace("gpt-4-turbo", value);
    namespace
        .file("changed.yaml", &text)
        .file("new.yaml", &text.replace("name: openai\n", "name: new\n"));
    vec![
        namespace.kubectl("create --dry-run=server -f new.yaml"),
        namespace.kubectl("create -f new.yaml"),
        namespace.kubectl("apply --dry-run=server -f changed.yaml"),
        namespace.kubectl("diff -f changed.yaml"),
        namespace.kubectl("apply -f changed.yaml"),
        namespace.kubectl("replace -f changed.yaml"),
        namespace.kubectl("apply --server-side --force-conflicts -f changed.yaml"),
        namespace.run(&["patch", "agbe/openai", "--type=merge", "-p", &patch], &[]),
        namespace.run(
            &[
                "patch",
                "agbe/openai",
                "--type=json",
                "-p",
                &json_patch.to_string(),
            ],
            &[],
        ),
    ]
}

fn every_way_of_writing_is_refused_alike(world: &World) {
    let namespace = world.cluster.namespace("refused");
    namespace.apply("openai.yaml", SEED).expect_ok();
    let before = namespace.get("agbe/openai");
    let all = write_in_every_way(&namespace, "gpt-4-turbbo");
    for said in &all {
        said.expect_refused().expect_says(TYPO);
    }
    assert_eq!(namespace.get("agbe/openai"), before);
    golden("every-way-refused", &all);
}

fn every_way_of_writing_is_let_through_alike(world: &World) {
    let namespace = world.cluster.namespace("stored");
    namespace.apply("openai.yaml", SEED).expect_ok();
    for said in write_in_every_way(&namespace, GOOD) {
        // diff exits with 1 where there is a difference.
        assert!(
            said.ok || said.command.contains("diff"),
            "{}\n{}",
            said.command,
            said.text()
        );
        assert!(!said.err.contains("smart]"), "{}\n{}", said.command, said.text());
    }
    assert_eq!(aliases(&namespace.get("agbe/openai"))["smart"], GOOD);
    assert_eq!(aliases(&namespace.get("agbe/new"))["smart"], GOOD);
}

/// An editor that saves what it is shown and gives the alias `smart` another target.
fn edit(namespace: &Namespace<'_>, value: &str) -> Said {
    let script = format!("cp \"$1\" shown.yaml; sed -i 's/smart: .*/smart: {value}/' \"$1\"\n");
    namespace
        .file("editor.sh", &script)
        .run(&["edit", "agbe/openai"], &[("KUBE_EDITOR", "sh ./editor.sh")])
}

fn edit_stores_what_is_good(world: &World) {
    let namespace = world.cluster.namespace("edit");
    namespace.apply("openai.yaml", SEED).expect_ok();
    edit(&namespace, GOOD).expect_ok();
    assert_eq!(aliases(&namespace.get("agbe/openai"))["smart"], GOOD);
}

fn edit_shows_the_fault_in_the_editor(world: &World) {
    let namespace = world.cluster.namespace("edit-refused");
    namespace.apply("openai.yaml", SEED).expect_ok();
    edit(&namespace, "gpt-4-turbbo")
        .expect_refused()
        .expect_says(r#""openai" is invalid"#);
    assert_eq!(aliases(&namespace.get("agbe/openai"))["smart"], "gpt-4-turbo");
    let shown = namespace.read("shown.yaml");
    assert!(shown.contains(TYPO), "{shown}");
}

fn padded() -> String {
    SEED.replace("fast: gpt-3.5-turbo", "fast: \"  gpt-4o \"")
        .replace("smart: gpt-4-turbo", &format!("smart: {GOOD}"))
}

fn blanks_are_stored_trimmed_and_said(world: &World) {
    let namespace = world.cluster.namespace("padded");
    let said = namespace.apply("openai.yaml", &padded());
    said.expect_ok();
    let about: Vec<_> = said
        .warnings()
        .into_iter()
        .filter(|warning| warning.contains("alias-normalized"))
        .collect();
    let [warning] = about[..] else {
        panic!("one warning, not {}", said.text())
    };
    assert!(
        warning.contains(r#"modelAliases[fast]: "  gpt-4o " is stored as "gpt-4o""#),
        "{warning}"
    );
    assert_eq!(
        aliases(&namespace.get("agbe/openai")),
        &json!({"fast": "gpt-4o", "smart": GOOD})
    );
    golden("normalized", &[said]);
}

fn client_side_apply_twice_changes_nothing(world: &World) {
    let namespace = world.cluster.namespace("twice");
    namespace.apply("openai.yaml", &padded()).expect_ok();
    let first = namespace.get("agbe/openai");
    namespace.kubectl("apply -f openai.yaml").expect_ok();
    let second = namespace.get("agbe/openai");
    assert_eq!(version(&second), version(&first));
    assert_eq!(aliases(&second)["fast"], "gpt-4o");
}

fn server_side_apply_twice_changes_nothing(world: &World) {
    let namespace = world.cluster.namespace("twice-ssa");
    let apply = "apply --server-side -f openai.yaml";
    namespace
        .file("openai.yaml", &padded())
        .kubectl(apply)
        .expect_ok();
    let first = namespace.get("agbe/openai");
    namespace.kubectl(apply).expect_ok();
    let second = namespace.get("agbe/openai");
    assert_eq!(version(&second), version(&first));
    assert_eq!(aliases(&second)["fast"], "gpt-4o");
}

fn diff_sees_no_difference_to_what_is_stored(world: &World) {
    let namespace = world.cluster.namespace("diff");
    for side in ["", " --server-side"] {
        namespace
            .file("openai.yaml", &padded())
            .kubectl(&format!("apply{side} -f openai.yaml"))
            .expect_ok();
        let said = namespace.kubectl(&format!("diff{side} -f openai.yaml"));
        assert_eq!(said.expect_ok().out, "", "{side}");
        namespace.kubectl("delete agbe/openai").expect_ok();
    }
}

fn two_faults_are_said_at_once(world: &World) {
    let namespace = world.cluster.namespace("two");
    let manifest = backend(
        "openai",
        &json!({"fast": "gpt-4-turbbo", "smart": "", "good": GOOD}),
    );
    let said = namespace.apply("openai.json", &manifest);
    said.expect_refused()
        .expect_says("modelAliases[fast]")
        .expect_says("modelAliases[smart]");
    golden("two-faults", &[said]);
}

const POLICY: &str = "\
apiVersion: agentgateway.dev/v1alpha1
kind: AgentgatewayPolicy
metadata:
  name: names
spec:
  targetRefs:
  - group: agentgateway.dev
    kind: AgentgatewayBackend
    name: openai
  backend:
    ai:
      modelAliases:
        fast: VALUE
";

fn policies_are_checked_too(world: &World) {
    let namespace = world.cluster.namespace("policy");
    namespace.apply("openai.yaml", SEED).expect_ok();
    let empty = namespace.apply("names.yaml", &POLICY.replace("VALUE", "\"\""));
    empty
        .expect_refused()
        .expect_says("spec.backend.ai.modelAliases[fast]");
    let padded = namespace.apply("names.yaml", &POLICY.replace("VALUE", "\" gpt-4o \""));
    assert_eq!(
        namespace.get("agpol/names")["spec"]["backend"]["ai"]["modelAliases"],
        json!({"fast": "gpt-4o"}),
        "{}",
        padded.text()
    );
    golden("policy", &[empty, padded]);
}

/// Stored before there was a webhook, so nobody refused it.
pub(crate) fn store_old_faults(namespace: &Namespace<'_>) {
    let manifest = backend(
        "old",
        &json!({"smart": "gpt-4-turbbo", "empty": "", "fast": "gpt-4o"}),
    );
    namespace.apply("old.json", &manifest).expect_ok();
}

fn an_update_that_leaves_old_faults_is_stored(world: &World) {
    let namespace = world.cluster.enter(World::OLD);
    let labelled = namespace.kubectl("label agbe/old team=a");
    labelled.expect_ok().expect_says("modelAliases[smart]");
    let annotated = namespace.kubectl("annotate agbe/old note=b");
    annotated.expect_ok();
    let change = |alias: &str, value: &str| {
        let patch = json!({"spec": {"policies": {"ai": {"modelAliases": {alias: value}}}}}).to_string();
        namespace.run(&["patch", "agbe/old", "--type=merge", "-p", &patch], &[])
    };
    let other = change("fast", GOOD);
    other.expect_ok();
    let worse = change("smart", "gpt-4-trubo");
    worse.expect_refused().expect_says("modelAliases[smart]");
    let mended = change("smart", "gpt-4-turbo");
    mended.expect_ok();
    golden("old-faults", &[labelled, annotated, other, worse, mended]);
}

fn exempt_namespaces_are_not_checked(world: &World) {
    let namespace = world.cluster.enter("aliasgate-system");
    let said = namespace.apply("openai.json", &backend("bad", &json!({"fast": ""})));
    assert!(said.expect_ok().warnings().is_empty(), "{}", said.text());
}
