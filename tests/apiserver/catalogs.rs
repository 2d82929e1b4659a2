//! ModelCatalogs on the API server.

use std::process::Command;

use serde_json::{Value, json};

use crate::{Test, World};

pub(crate) const TESTS: &[Test] = &[
    (
        "every_field_of_a_catalog_is_stored",
        every_field_of_a_catalog_is_stored,
    ),
    ("rules_of_catalogs_are_enforced", rules_of_catalogs_are_enforced),
    (
        "exported_catalogs_are_stored_and_read_back",
        exported_catalogs_are_stored_and_read_back,
    ),
    (
        "the_status_of_a_catalog_is_a_subresource",
        the_status_of_a_catalog_is_a_subresource,
    ),
];

fn object(name: &str, spec: &Value) -> String {
    json!({"apiVersion": "aliasgate.dev/v1alpha1", "kind": "ModelCatalog", "metadata": {"name": name}, "spec": spec})
        .to_string()
}

fn every_field_of_a_catalog_is_stored(world: &World) {
    let namespace = world.cluster.namespace("catalog-full");
    let spec = json!({
        "provider": "custom", "preset": "vllm",
        "selector": {
            "hosts": ["vllm.models.svc", "*.gpu.example"], "namespaces": ["a"],
            "backendSelector": {"matchLabels": {"team": "ml"}},
        },
        "asOf": "2026-11-01", "merge": "Replace", "completeness": "Complete", "unknownModels": "Deny",
        "retiredModels": "Warn", "warnBeforeRetirement": "30d",
        "families": [{"pattern": "llama-.*", "mode": "chat", "action": "Warn"}],
        "allow": ["meta-*"], "deny": [{"match": "*-70b", "reason": "too dear", "use": "meta-8b"}],
        "models": [{
            "id": "meta-8b", "aliases": ["small"], "resolvesTo": "meta-8b-1", "publisher": "meta",
            "modes": ["chat", "responses"], "contextWindow": 131_072, "maxInput": 100_000, "maxOutput": 4096,
            "capabilities": ["tools"],
            "lifecycle": {
                "state": "deprecated", "deprecated": "2026-01-01", "retires": "2027-01-01", "successor": "meta-9b",
                "source": "vendor",
            },
            "regions": ["eu-west-1"], "profiles": ["eu"], "onDemand": false, "confidence": "high",
        }],
    });
    namespace.apply("full.json", &object("full", &spec)).expect_ok();
    assert_eq!(namespace.get("mcat/full")["spec"], spec);
    namespace.kubectl("delete mcat full").expect_ok();
}

fn rules_of_catalogs_are_enforced(world: &World) {
    let namespace = world.cluster.namespace("catalog-rules");
    let twins = json!([{"id": "a"}, {"id": "a"}]);
    let backwards = json!([{"id": "a", "lifecycle": {"deprecated": "2026-02-01", "retires": "2026-01-01"}}]);
    let many: Vec<_> = (0..1025).map(|n| json!({"id": n.to_string()})).collect();
    let cases = [
        (json!({}), "spec.provider: Required value"),
        (json!({"provider": "mistral"}), "Unsupported value: \"mistral\""),
        (
            json!({"provider": "openai", "preset": "vllm"}),
            "only provider custom has presets",
        ),
        (
            json!({"provider": "custom", "preset": "vllm"}),
            "a catalog of a custom provider needs a selector",
        ),
        (
            json!({"provider": "openai", "selector": {}}),
            "at least one of hosts, namespaces, backendSelector must be set",
        ),
        (
            json!({"provider": "openai", "selector": {"hosts": ["https://a"]}}),
            "spec.selector.hosts[0]",
        ),
        (json!({"provider": "openai", "asOf": "yesterday"}), "spec.asOf"),
        (
            json!({"provider": "openai", "merge": "Both"}),
            "Unsupported value: \"Both\"",
        ),
        (
            json!({"provider": "openai", "warnBeforeRetirement": "90"}),
            "spec.warnBeforeRetirement",
        ),
        (json!({"provider": "openai", "models": twins}), "Duplicate value"),
        (
            json!({"provider": "openai", "models": backwards}),
            "deprecated must not be after retires",
        ),
        (
            json!({"provider": "openai", "models": many}),
            "must have at most 1024 items",
        ),
        (
            json!({"provider": "openai", "retierdModels": "Deny"}),
            "unknown field \"spec.retierdModels\"",
        ),
    ];
    for (spec, words) in cases {
        namespace
            .file("x.json", &object("x", &spec))
            .kubectl("create --dry-run=server -f x.json")
            .expect_refused()
            .expect_says(words);
    }
    for preset in ["mistral", "ollama"] {
        let spec = json!({"provider": "custom", "preset": preset});
        namespace
            .file("x.json", &object("x", &spec))
            .kubectl("create --dry-run=server -f x.json")
            .expect_ok();
    }
}

fn exported_catalogs_are_stored_and_read_back(world: &World) {
    let namespace = world.cluster.namespace("catalog-export");
    let aliasgate = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_aliasgate"))
            .arg("catalog")
            .args(args)
            .output()
            .expect("the program runs");
        (
            output.status.success(),
            String::from_utf8(output.stdout).expect("UTF-8"),
        )
    };
    let (_, manifests) = aliasgate(&["export"]);
    namespace
        .file("all.yaml", &manifests)
        .kubectl("create -f all.yaml")
        .expect_ok();
    let stored = namespace.get("mcat");
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("stored.json");
    std::fs::write(&file, stored.to_string()).expect("can write");
    let same = aliasgate(&["diff", "builtin", file.to_str().expect("UTF-8")]);
    assert_eq!(same, (true, String::new()));
    namespace
        .kubectl("get mcat xai")
        .expect_says("PROVIDER")
        .expect_says("custom");
    namespace.kubectl("delete mcat --all").expect_ok();
}

fn the_status_of_a_catalog_is_a_subresource(world: &World) {
    let namespace = world.cluster.namespace("catalog-status");
    let spec = json!({"provider": "openai"});
    namespace
        .apply("x.json", &object("with-status", &spec))
        .expect_ok();
    let status = json!({"status": {"models": 3, "observedGeneration": 1, "conditions": [
        {"type": "Accepted", "status": "True", "reason": "Valid", "message": "3 models", "lastTransitionTime": "2026-11-23T00:00:00Z"},
    ]}});
    let patch = status.to_string();
    let args = [
        "patch",
        "mcat",
        "with-status",
        "--subresource=status",
        "--type=merge",
        "-p",
        &patch,
    ];
    namespace.run(&args, &[]).expect_ok();
    assert_eq!(namespace.get("mcat/with-status")["status"], status["status"]);
    namespace.kubectl("delete mcat with-status").expect_ok();
}
