//! What the controller finds in a snapshot, and what it writes about it.

use std::{sync::Arc, time::Instant};

use aliasgate::{
    controller::{
        audit::{self, Audit, CLUSTER},
        event,
        report::{DIALECTS, MAX_ROWS, MAX_SIZE},
    },
    engine::{Code, Key, Kind, Resource, Severity, Snapshot},
    sources::builtin,
};
use serde_json::{Map, Value, json};

use crate::fixtures::{TODAY, resource};

fn backend(namespace: &str, name: &str, aliases: &Value) -> Arc<Resource> {
    resource(json!({
        "apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayBackend",
        "metadata": {"name": name, "namespace": namespace, "uid": format!("uid-of-{name}")},
        "spec": {"ai": {"provider": {"openai": {}}}, "policies": {"ai": {"modelAliases": aliases}}},
    }))
}

fn namespace(name: &str, enforcement: &str) -> Arc<Resource> {
    resource(json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": name, "labels": {"aliasgate.dev/enforcement": enforcement}},
    }))
}

fn catalog(name: &str, spec: &Value, status: &Value) -> Arc<Resource> {
    resource(json!({
        "apiVersion": "aliasgate.dev/v1alpha1", "kind": "ModelCatalog",
        "metadata": {"name": name, "uid": format!("uid-of-{name}"), "generation": 2}, "spec": spec, "status": status,
    }))
}

fn snapshot(resources: impl IntoIterator<Item = Arc<Resource>>) -> Snapshot {
    Snapshot::build(Arc::new(builtin::catalogs()), resources, TODAY)
}

/// Results of the report of `namespace`.
fn results(snapshot: &Snapshot, namespace: &str) -> Vec<Value> {
    audit::report(snapshot, namespace).results()
}

#[test]
fn a_row_says_what_where_and_which_object() {
    let typo = backend("team", "chat", &json!({"smart": "gpt-4-turbbo"}));
    let snapshot = snapshot([typo]);
    let results = results(&snapshot, "team");
    let [row] = results.as_slice() else {
        panic!("{results:?}")
    };
    assert_eq!(row["rule"], "alias-target-misspelt");
    assert_eq!(
        (&row["result"], &row["severity"]),
        (&json!("fail"), &json!("high"))
    );
    let message = row["message"].as_str().expect("text");
    assert!(
        message
            .starts_with("spec.policies.ai.modelAliases[smart]: \"gpt-4-turbbo\": openai has no such model"),
        "{message}"
    );
    assert_eq!(
        row["resources"],
        json!([{
            "apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayBackend", "namespace": "team",
            "name": "chat", "uid": "uid-of-chat",
        }])
    );
    let properties = &row["properties"];
    assert_eq!(properties["pointer"], "/spec/policies/ai/modelAliases/smart");
    assert_eq!(properties["value"], "gpt-4-turbbo");
    let suggestions = properties["suggestions"].as_str().expect("text");
    assert!(suggestions.starts_with("gpt-4-turbo, "), "{suggestions}");
}

#[test]
fn reports_are_of_the_api_that_is_there() {
    let snapshot = snapshot([backend("team", "chat", &json!({"smart": "gpt-4-turbbo"}))]);
    let report = audit::report(&snapshot, "team");
    let kinds = DIALECTS.each_ref().map(|dialect| {
        let [of_namespace, of_cluster] =
            [Some("team"), None].map(|namespace| report.document(dialect, namespace));
        assert_eq!(of_namespace["metadata"]["namespace"], "team");
        assert_eq!(of_cluster["metadata"].get("namespace"), None);
        assert_eq!(
            of_namespace["metadata"]["labels"]["app.kubernetes.io/managed-by"],
            "aliasgate"
        );
        let text = |document: &Value| format!("{} {}", document["apiVersion"], document["kind"]);
        [text(&of_namespace), text(&of_cluster)]
    });
    assert_eq!(
        kinds.concat().join(", ").replace('"', ""),
        "openreports.io/v1alpha1 Report, openreports.io/v1alpha1 ClusterReport, \
         wgpolicyk8s.io/v1alpha2 PolicyReport, wgpolicyk8s.io/v1alpha2 ClusterPolicyReport"
    );
}

#[test]
fn errors_come_first_and_notes_last() {
    let custom = resource(json!({
        "apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayBackend",
        "metadata": {"name": "a", "namespace": "team"},
        "spec": {
            "ai": {"provider": {"openai": {}, "host": "llm.example"}},
            "policies": {"ai": {"modelAliases": {"x": "own-model"}}},
        },
    }));
    let snapshot = snapshot([
        custom,
        backend("team", "b", &json!({"same": "same", "fast": "gpt-3.5-turbo"})),
        backend("team", "c", &json!({"smart": "gpt-4-turbbo"})),
    ]);
    let report = audit::report(&snapshot, "team");
    let outcomes: Vec<_> = report.results().iter().map(|row| row["result"].clone()).collect();
    let mut sorted = outcomes.clone();
    sorted.sort_by_key(|outcome| ["fail", "warn", "skip"].iter().position(|word| outcome == word));
    assert_eq!(outcomes, sorted);
    let count = |word: &str| outcomes.iter().filter(|outcome| *outcome == word).count();
    assert!(
        count("fail") > 0 && count("warn") > 0 && count("skip") > 0,
        "{outcomes:?}"
    );
    assert_eq!(
        report.summary(),
        json!({"pass": 0, "error": 0, "fail": count("fail"), "warn": count("warn"), "skip": count("skip")})
    );
}

#[test]
fn what_an_audited_namespace_lets_pass_is_still_a_warning_in_its_report() {
    let snapshot = snapshot([
        namespace("team", "audit"),
        backend("team", "chat", &json!({"smart": "gpt-4-turbbo"})),
    ]);
    let results = results(&snapshot, "team");
    assert_eq!(
        (&results[0]["result"], &results[0]["severity"]),
        (&json!("warn"), &json!("low"))
    );
    assert_eq!(audit::audit(&snapshot).faulty.len(), 0, "and no Event");
}

#[test]
fn a_report_has_a_limit_and_counts_the_rest() {
    let many = (0..3_000).map(|at| {
        let name = format!("b-{at:04}");
        backend("team", &name, &json!({"smart": "gpt-4-turbbo"}))
    });
    let many = snapshot(many);
    let report = audit::report(&many, "team");
    let rows = report.results();
    assert_eq!(rows.len(), MAX_ROWS + 1);
    assert_eq!(report.summary()["fail"], 3_000);
    assert_eq!(
        rows[MAX_ROWS]["message"],
        "2500 more findings are not listed here; the summary counts all"
    );
    assert_eq!(rows[0]["resources"][0]["name"], "b-0000");

    // Every text as long as it can be, in characters of four bytes.
    let long = "🦀".repeat(250);
    let wide = (0..40).map(|at| {
        let name = format!("b-{at:04}");
        let aliases: Map<_, _> = (0..64)
            .map(|at| (format!("{at}{long}"), format!("{at}{long}*").into()))
            .collect();
        backend("team", &name, &aliases.into())
    });
    let report = audit::report(&snapshot(wide), "team");
    let size = report.document(&DIALECTS[0], Some("team")).to_string().len();
    assert!(size < MAX_SIZE + 4096, "{size}");
    assert!(report.results().len() < MAX_ROWS);
}

#[test]
fn equal_findings_are_one_content_and_nothing_of_it_is_a_time() {
    let make = || snapshot([backend("team", "chat", &json!({"smart": "gpt-4-turbbo"}))]);
    let (a, b) = (make(), make());
    let later = Snapshot::build(
        Arc::new(builtin::catalogs()),
        [backend("team", "chat", &json!({"smart": "gpt-4-turbbo"}))],
        TODAY.tomorrow().expect("a day"),
    );
    let reports = [&a, &b, &later].map(audit::audit).map(|audit| audit.reports);
    assert!(reports.iter().all(|report| *report == reports[0]));
    assert_eq!(reports[0].keys().collect::<Vec<_>>(), ["team"]);
}

#[test]
fn catalogs_are_in_the_report_of_the_cluster() {
    let broken = catalog("broken", &json!({"provider": "nobody"}), &Value::Null);
    let snapshot = snapshot([broken]);
    let audit = audit::audit(&snapshot);
    assert_eq!(audit.reports.keys().collect::<Vec<_>>(), [CLUSTER]);
    let row = &results(&snapshot, CLUSTER)[0];
    assert_eq!(row["rule"], "catalog-invalid");
    assert_eq!(row["resources"][0].get("namespace"), None);
}

#[test]
fn findings_are_counted_by_namespace_code_and_severity() {
    let snapshot = snapshot([
        backend(
            "a",
            "x",
            &json!({"smart": "gpt-4-turbbo", "clever": "gpt-4-turbbo"}),
        ),
        backend("b", "x", &json!({"smart": "gpt-4-turbbo"})),
    ]);
    let found = audit::audit(&snapshot).findings;
    let count = |namespace: &str| found[&(namespace.to_owned(), Code::AliasTargetMisspelt, Severity::Error)];
    assert_eq!((count("a"), count("b")), (2, 1));
}

/// The Event of the only faulty object.
fn event_of(snapshot: &Snapshot) -> Value {
    let Audit { faulty, .. } = audit::audit(snapshot);
    assert_eq!(faulty.len(), 1);
    event::document(
        snapshot,
        &faulty[0],
        "pod-1",
        "2026-11-23T01:02:03.5Z".parse().expect("a time"),
    )
}

#[test]
fn an_event_has_the_name_of_its_findings() {
    let name =
        |aliases: &Value| event_of(&snapshot([backend("team", "chat", aliases)]))["metadata"]["name"].clone();
    let typo = json!({"smart": "gpt-4-turbbo"});
    assert_eq!(name(&typo), name(&typo));
    assert_ne!(name(&typo), name(&json!({"smart": "gpt-4-turbboo"})));
    assert_ne!(name(&typo), name(&json!({"clever": "gpt-4-turbbo"})));
    let text = name(&typo);
    let text = text.as_str().expect("text");
    assert!(
        text.starts_with("chat.") && text.len() == "chat.".len() + 16,
        "{text}"
    );

    let long = format!("{}-.{}", "a".repeat(234), "b".repeat(10));
    let event = event_of(&snapshot([backend("team", &long, &typo)]));
    let text = event["metadata"]["name"].as_str().expect("text").to_owned();
    assert!(
        text.len() <= 253 && !text.contains("-.") && !text.contains(".."),
        "{text}"
    );
}

#[test]
fn an_event_tells_all_in_what_a_note_holds() {
    let event = event_of(&snapshot([backend(
        "team",
        "chat",
        &json!({"smart": "gpt-4-turbbo"}),
    )]));
    assert_eq!(
        (&event["type"], &event["reason"]),
        (&json!("Warning"), &json!("AliasErrors"))
    );
    assert_eq!(event["eventTime"], "2026-11-23T01:02:03.500000Z");
    assert_eq!(event["regarding"]["uid"], "uid-of-chat");
    assert_eq!(event["metadata"]["namespace"], "team");
    let note = event["note"].as_str().expect("text");
    assert!(
        note.starts_with("error: spec.policies.ai.modelAliases[smart]: \"gpt-4-turbbo\""),
        "{note}"
    );

    let many: Map<_, _> = (0..64)
        .map(|at| (format!("alias-{at}"), "gpt-4-turbbo".into()))
        .collect();
    let event = event_of(&snapshot([backend("team", "chat", &many.into())]));
    let note = event["note"].as_str().expect("text");
    assert!(
        note.starts_with("64 findings\n") && note.len() <= 1024,
        "{}",
        note.len()
    );

    let broken = catalog("broken", &json!({"provider": "nobody"}), &Value::Null);
    assert_eq!(event_of(&snapshot([broken]))["metadata"]["namespace"], "default");
}

#[test]
fn objects_with_errors_come_before_those_with_warnings() {
    let snapshot = snapshot([
        backend("team", "a", &json!({"gpt-4o": "gpt-4o"})),
        backend("team", "b", &json!({"smart": "gpt-4-turbbo"})),
    ]);
    let faulty = audit::audit(&snapshot).faulty;
    let names: Vec<_> = faulty
        .iter()
        .map(|faulty| faulty.resource.key.name.as_str())
        .collect();
    assert_eq!(names, ["b", "a"]);
}

/// What is to be written to the status of the catalog `name`, one day after the other statuses of these tests.
fn change(resources: impl IntoIterator<Item = Arc<Resource>>, name: &str) -> Option<Value> {
    let snapshot = snapshot(resources);
    let wanted = &audit::audit(&snapshot).catalogs[name];
    let stored = snapshot
        .get(Kind::ModelCatalog, &Key::new("", name))
        .expect("stored");
    wanted.change(stored, "2026-11-24T00:00:00.25Z".parse().expect("a time"))
}

#[test]
fn a_status_is_written_once() {
    let spec = json!({"provider": "openai", "models": [{"id": "a"}, {"id": "b"}]});
    let first = change([catalog("mine", &spec, &Value::Null)], "mine").expect("a change");
    assert_eq!(first["metadata"], json!({"name": "mine"}));
    let status = &first["status"];
    assert_eq!(
        (
            &status["models"],
            &status["conflicts"],
            &status["observedGeneration"]
        ),
        (&json!(2), &json!(0), &json!(2))
    );
    assert_eq!(
        status["conditions"][0],
        json!({
            "type": "Accepted", "status": "True", "reason": "Read", "message": "2 models", "observedGeneration": 2,
            "lastTransitionTime": "2026-11-24T00:00:00Z",
        })
    );
    // What others own stays, and does not count.
    let mut stored = status.clone();
    stored["lastDiscovery"] = json!("2026-11-24T00:00:00Z");
    assert_eq!(change([catalog("mine", &spec, &stored)], "mine"), None);
}

#[test]
fn a_condition_keeps_its_time_until_its_status_changes() {
    let spec = json!({"provider": "openai", "models": [{"id": "a"}]});
    let stored = json!({"models": 2, "conditions": [
        {"type": "Accepted", "status": "True", "lastTransitionTime": "2020-01-01T00:00:00Z"},
        {"type": "Conflicted", "status": "True", "lastTransitionTime": "2020-01-01T00:00:00Z"},
    ]});
    let change = change([catalog("mine", &spec, &stored)], "mine").expect("a change");
    let time = |at: usize| change["status"]["conditions"][at]["lastTransitionTime"].clone();
    assert_eq!(
        (time(0), time(1)),
        (json!("2020-01-01T00:00:00Z"), json!("2026-11-24T00:00:00Z"))
    );
}

#[test]
fn a_refused_catalog_says_why_and_counts_no_models() {
    let spec = json!({"provider": "openai", "asOf": "yesterday", "models": [{"id": "a"}]});
    let status =
        change([catalog("mine", &spec, &json!({"models": 1}))], "mine").expect("a change")["status"].clone();
    assert_eq!(status.get("models"), None);
    let accepted = &status["conditions"][0];
    assert_eq!(
        (&accepted["status"], &accepted["reason"]),
        (&json!("False"), &json!("Invalid"))
    );
    let message = accepted["message"].as_str().expect("text");
    assert!(
        message.starts_with("it cannot be read: spec.asOf: \"yesterday\""),
        "{message}"
    );
}

#[test]
fn a_refused_catalog_is_refused_though_its_last_good_version_counts() {
    let good = catalog(
        "mine",
        &json!({"provider": "openai", "models": [{"id": "a"}]}),
        &Value::Null,
    );
    let bad = catalog(
        "mine",
        &json!({"provider": "openai", "asOf": "yesterday"}),
        &Value::Null,
    );
    let kept = Arc::new(Resource::clone(&bad).with_catalog_of(&good));
    assert!(kept.catalog().is_some());
    let status = change([kept], "mine").expect("a change")["status"].clone();
    assert_eq!(status["conditions"][0]["status"], "False");
}

#[test]
fn conflicts_are_counted() {
    let of = |successor: &str| {
        let model = json!({"id": "a", "lifecycle": {"successor": successor}});
        json!({"provider": "openai", "models": [model]})
    };
    let both = [
        catalog("first", &of("b"), &Value::Null),
        catalog("second", &of("c"), &Value::Null),
    ];
    let of = |name| change(both.clone(), name).expect("a change")["status"].clone();
    let (first, second) = (of("first"), of("second"));
    assert_eq!(
        (&first["conflicts"], &second["conflicts"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(first["conditions"][1]["status"], "False");
    let conflicted = &second["conditions"][1];
    assert_eq!(
        (&conflicted["type"], &conflicted["status"]),
        (&json!("Conflicted"), &json!("True"))
    );
    let message = conflicted["message"].as_str().expect("text");
    assert!(
        message.starts_with("1 conflict with other ModelCatalogs: spec.models[0]"),
        "{message}"
    );
}

/// Prints what it costs; the limit is that of an unoptimized build.
#[test]
fn ten_thousand_backends_are_audited_in_seconds() {
    let aliases: Map<_, _> = (0..10)
        .map(|at| {
            (
                format!("alias-{at}"),
                if at == 0 { "gpt-3.5-turbo" } else { "gpt-5.4" }.into(),
            )
        })
        .collect();
    let aliases = Value::from(aliases);
    let many = (0..10_000).map(|at| backend(&format!("ns-{}", at % 100), &format!("b-{at}"), &aliases));
    let snapshot = snapshot(many);
    let start = Instant::now();
    let audit = audit::audit(&snapshot);
    let took = start.elapsed();
    println!("audit of 10,000 backends with 100,000 aliases and 10,000 findings: {took:?}");
    assert_eq!((audit.faulty.len(), audit.reports.len()), (10_000, 100));
    assert!(took.as_secs() < 30, "{took:?}");
}
