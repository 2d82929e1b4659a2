//! What users see when they write backends.

use std::time::Instant;

use serde_json::{Value, json};

use crate::{Test, cluster::Cluster, process::wait_for, said::Said};

pub(crate) const TESTS: &[Test] = &[
    (
        "a_typo_is_refused_with_a_suggestion",
        a_typo_is_refused_with_a_suggestion,
    ),
    (
        "entries_are_stored_in_their_normal_form",
        entries_are_stored_in_their_normal_form,
    ),
    (
        "a_dry_run_is_judged_and_stores_nothing",
        a_dry_run_is_judged_and_stores_nothing,
    ),
    (
        "each_namespace_has_its_own_enforcement",
        each_namespace_has_its_own_enforcement,
    ),
    (
        "a_changed_catalog_is_in_force_at_once",
        a_changed_catalog_is_in_force_at_once,
    ),
];

/// The namespace of most tests.
const PLACE: &str = "default";

/// A backend of OpenAI with these aliases.
pub(crate) fn backend(name: &str, aliases: &Value) -> Value {
    json!({
        "apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayBackend", "metadata": {"name": name},
        "spec": {"ai": {"provider": {"openai": {}}}, "policies": {"ai": {"modelAliases": aliases}}},
    })
}

/// Creates a backend with these aliases.
pub(crate) fn create(cluster: &Cluster, namespace: &str, name: &str, aliases: &Value, flags: &str) -> Said {
    let manifest = backend(name, aliases).to_string();
    cluster.kubectl_with(&format!("create -n {namespace} {flags}-f -"), &manifest)
}

fn a_typo_is_refused_with_a_suggestion(cluster: &Cluster) {
    create(cluster, PLACE, "typo", &json!({"smart": "gpt-4-turbbo"}), "")
        .expect_refused()
        .expect_says("The AgentgatewayBackend \"typo\" is invalid")
        .expect_says(
            "spec.policies.ai.modelAliases[smart]: Invalid value: \"gpt-4-turbbo\": openai has no such model",
        )
        .expect_says("did you mean \"gpt-4-turbo\"");
}

fn entries_are_stored_in_their_normal_form(cluster: &Cluster) {
    create(cluster, PLACE, "normal", &json!({" fast ": "openai/gpt-4o "}), "")
        .expect_ok()
        .expect_says("[alias-normalized]");
    let stored = cluster.get(&format!("agentgatewaybackend normal -n {PLACE}"));
    assert_eq!(
        stored["spec"]["policies"]["ai"]["modelAliases"],
        json!({"fast": "gpt-4o"})
    );
    cluster
        .kubectl(&format!("delete agentgatewaybackend normal -n {PLACE}"))
        .expect_ok();
}

fn a_dry_run_is_judged_and_stores_nothing(cluster: &Cluster) {
    let dry = "--dry-run=server ";
    create(cluster, PLACE, "dry", &json!({"smart": "gpt-4-turbbo"}), dry)
        .expect_refused()
        .expect_says("openai has no such model");
    create(cluster, PLACE, "dry", &json!({" smart": "gpt-4-turbo"}), dry)
        .expect_ok()
        .expect_says("[alias-normalized]");
    assert!(
        !cluster
            .kubectl(&format!("get agentgatewaybackend dry -n {PLACE}"))
            .ok
    );
}

fn each_namespace_has_its_own_enforcement(cluster: &Cluster) {
    cluster.namespace("strict", &json!({}));
    cluster.namespace("lenient", &json!({"aliasgate.dev/enforcement": "warn"}));
    let typo = json!({"smart": "gpt-4-turbbo"});
    // A namespace counts once the webhook has seen it.
    wait_for("the label of the namespace", || {
        let said = create(cluster, "lenient", "typo", &typo, "--dry-run=server ");
        if said.ok { Ok(()) } else { Err(said.text()) }
    });
    let said = create(cluster, "lenient", "typo", &typo, "");
    assert!(
        said.expect_ok()
            .warnings()
            .iter()
            .any(|warning| warning.contains("gpt-4-turbbo")),
        "{}",
        said.text()
    );
    create(cluster, "strict", "typo", &typo, "").expect_refused();
    cluster
        .kubectl("delete namespace lenient strict --wait=false")
        .expect_ok();
}

fn a_changed_catalog_is_in_force_at_once(cluster: &Cluster) {
    let aliases = json!({"fast": "gpt-4o-mini"});
    let try_it = || create(cluster, PLACE, "catalog", &aliases, "--dry-run=server ");
    try_it().expect_ok();
    let catalog = json!({
        "apiVersion": "aliasgate.dev/v1alpha1", "kind": "ModelCatalog", "metadata": {"name": "kind-test"},
        "spec": {"provider": "openai", "deny": [{"match": "gpt-4o-mini", "reason": "not in this house"}]},
    });
    cluster.apply(&catalog);
    let start = Instant::now();
    wait_for("the denial", || {
        let said = try_it();
        if said.text().contains("not in this house") {
            Ok(())
        } else {
            Err(said.text())
        }
    });
    println!(
        "a new ModelCatalog was in force after at most {:?}",
        start.elapsed()
    );
    try_it().expect_refused();
    wait_for("the status of the catalog", || {
        let status = cluster.get("modelcatalog kind-test")["status"].take();
        let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
        let accepted = conditions
            .iter()
            .any(|one| one["type"] == "Accepted" && one["status"] == "True");
        if accepted { Ok(()) } else { Err(status.to_string()) }
    });
    cluster.kubectl("delete modelcatalog kind-test").expect_ok();
    wait_for("the end of the denial", || {
        let said = try_it();
        if said.ok { Ok(()) } else { Err(said.text()) }
    });
}
