//! What an admin's catalogs change: precedence, places, rules and conflicts.

use std::sync::Arc;

use aliasgate::engine::{
    Catalog, Catalogs, Code, Date, Diagnostic, Provider, Resource, Severity, Snapshot,
    catalog::{Ground, Judgement, Model, ModelCatalog, Spot, State},
    check, normalize,
};
use serde_json::{Value, json};

use crate::fixtures::{TODAY, backend, resource};

fn said(name: &str, spec: &Value) -> Arc<Resource> {
    resource(json!({
        "apiVersion": "aliasgate.dev/v1alpha1", "kind": "ModelCatalog", "metadata": {"name": name}, "spec": spec,
    }))
}

/// Built-in catalogs of two providers with a few models.
fn builtin() -> Catalogs {
    let model = |id: &'static str| Model {
        mode: Some("chat".into()),
        ..Model::bare(id)
    };
    let retired = Model {
        retires: Some(Date::constant(2026, 10, 23)),
        successor: Some("gpt-5".into()),
        ..model("gpt-4-turbo")
    };
    let ending = Model {
        retires: Some(Date::constant(2027, 1, 31)),
        ..model("gpt-4o")
    };
    let gone = Model {
        state: State::Historical,
        ..model("gpt-4-32k")
    };
    let day = Date::constant(2026, 11, 1);
    Catalogs::new([
        Catalog::new(
            Provider::OpenAi,
            day,
            vec![model("gpt-5"), model("gpt-5-mini"), ending, retired, gone],
        ),
        Catalog::new(
            Provider::Anthropic,
            day,
            vec![model("claude-opus-4-1"), model("claude-haiku-4-5")],
        ),
    ])
}

fn snapshot(resources: &[Arc<Resource>]) -> Snapshot {
    Snapshot::build(Arc::new(builtin()), resources.iter().cloned(), TODAY)
}

fn judged(provider: Provider, id: &str, specs: &[Value]) -> Judgement {
    let names = ["a", "b", "c"];
    let catalogs: Vec<_> = names
        .iter()
        .zip(specs)
        .map(|(name, spec)| said(name, spec))
        .collect();
    let ground = Ground {
        provider,
        region: None,
    };
    let snapshot = snapshot(&catalogs);
    let voice = snapshot
        .catalogs()
        .voice(&Spot::of(&ground))
        .expect("a known provider");
    voice.judge(id, TODAY)
}

/// The code and severity of an id of OpenAI under these catalogs.
fn openai(id: &str, specs: &[Value]) -> Option<(Code, Severity)> {
    let specs: Vec<_> = specs
        .iter()
        .cloned()
        .map(|mut spec| {
            spec["provider"] = json!("openai");
            spec
        })
        .collect();
    let verdict = judged(Provider::OpenAi, id, &specs);
    verdict.code.map(|code| (code, verdict.severity))
}

/// The faults of the only alias of a backend with this provider, labels and namespace `default`.
fn faults(provider: &Value, target: &str, catalogs: &[Arc<Resource>]) -> Vec<Diagnostic> {
    let mut value = backend(
        "x",
        &json!({"ai": {"provider": provider}, "policies": {"ai": {"modelAliases": {"fast": target}}}}),
    )
    .value()
    .clone();
    value["metadata"]["labels"] = json!({"team": "ml"});
    let backend = resource(value);
    check(&snapshot(catalogs), &backend)
}

fn codes(provider: &Value, target: &str, catalogs: &[Arc<Resource>]) -> Vec<Code> {
    faults(provider, target, catalogs)
        .iter()
        .map(|fault| fault.code)
        .collect()
}

#[test]
fn precedence_is_as_documented() {
    use Code::*;
    use Severity::*;
    let lists = |id: &str| json!({"models": [{"id": id}]});
    type Row<'a> = (&'a str, &'a [Value], Option<(Code, Severity)>);
    #[rustfmt::skip]
    let table: &[Row<'_>] = &[
        // Nothing said.
        ("gpt-5", &[], None),
        ("gpt-6-x", &[], Some((AliasTargetUnknown, Warning))),
        // A denial beats the list of what is allowed, and every entry.
        ("gpt-5", &[json!({"deny": [{"match": "gpt-5"}]})], Some((AliasTargetDenied, Error))),
        ("gpt-5", &[json!({"deny": [{"match": "gpt-5"}], "allow": ["*"], "models": [{"id": "gpt-5"}]})], Some((AliasTargetDenied, Error))),
        ("gpt-5", &[lists("gpt-5"), json!({"deny": [{"match": "*"}]})], Some((AliasTargetDenied, Error))),
        ("gpt-5-mini", &[json!({"deny": [{"match": "gpt-5"}]})], None),
        // What is allowed beats every entry; each list must allow it.
        ("gpt-5", &[json!({"allow": ["gpt-5*"]})], None),
        ("gpt-4o", &[json!({"allow": ["gpt-5*"]})], Some((AliasTargetDenied, Error))),
        ("gpt-5", &[json!({"allow": []})], Some((AliasTargetDenied, Error))),
        ("own", &[json!({"allow": ["gpt-*"], "models": [{"id": "own"}]})], Some((AliasTargetDenied, Error))),
        ("gpt-5", &[json!({"allow": ["gpt-*"]}), json!({"allow": ["*-mini"]})], Some((AliasTargetDenied, Error))),
        // An entry beats the built-in catalog and every guess.
        ("gpt-55", &[lists("gpt-55")], None),
        ("claude-opus-4-1", &[], Some((AliasTargetWrongProvider, Error))),
        ("claude-opus-4-1", &[lists("claude-opus-4-1")], None),
        ("Our Model!", &[lists("Our Model!")], None),
        ("gpt-4-turbo", &[lists("gpt-4-turbo")], Some((AliasTargetRetired, Warning))),
        ("gpt-4-turbo", &[json!({"models": [{"id": "gpt-4-turbo", "lifecycle": {"state": "active"}}]})], None),
        ("gpt-4-32k", &[], Some((AliasTargetDeprecated, Warning))),
        ("gpt-4-32k", &[lists("gpt-4-32k")], None),
        ("gpt-5", &[json!({"models": [{"id": "gpt-5", "lifecycle": {"state": "retired"}}]})], Some((AliasTargetRetired, Warning))),
        ("gpt-5-mini", &[json!({"models": [{"id": "our", "aliases": ["gpt-5-mini"], "lifecycle": {"state": "retired"}}]})], Some((AliasTargetRetired, Warning))),
        // The first in the order of names wins.
        ("own", &[json!({"models": [{"id": "own", "lifecycle": {"state": "active"}}]}), json!({"models": [{"id": "own", "lifecycle": {"state": "retired"}}]})], None),
        // What the admin wrote beats what the provider's list said.
        ("own", &[
            json!({"models": [{"id": "own", "lifecycle": {"state": "retired", "source": "live"}}]}),
            json!({"models": [{"id": "own", "lifecycle": {"state": "active"}}]}),
        ], None),
        ("gpt-5", &[json!({"models": [{"id": "gpt-5", "lifecycle": {"state": "retired", "source": "live"}}]})], Some((AliasTargetRetired, Warning))),
        // Replacing.
        ("gpt-5", &[json!({"merge": "Replace", "models": [{"id": "own"}]})], Some((AliasTargetUnknown, Warning))),
        ("own", &[json!({"merge": "Replace", "models": [{"id": "own"}]})], None),
        ("other", &[json!({"merge": "Replace", "models": [{"id": "own"}]}), lists("other")], None),
        ("gpt-5", &[json!({"merge": "Replace", "completeness": "Complete", "models": [{"id": "own"}]})], Some((AliasTargetUnknown, Error))),
        // What is not listed.
        ("gpt-6-x", &[json!({"completeness": "Complete"})], Some((AliasTargetUnknown, Error))),
        ("gpt-6-x", &[json!({"unknownModels": "Deny"})], Some((AliasTargetUnknown, Error))),
        ("gpt-6-x", &[json!({"unknownModels": "Allow"})], None),
        ("gpt-6-x", &[json!({"unknownModels": "Warn", "completeness": "Complete"})], Some((AliasTargetUnknown, Warning))),
        ("gpt-6-x", &[json!({"unknownModels": "Allow"}), json!({"unknownModels": "Deny"})], None),
        ("ft:gpt-5:org::id1", &[], Some((AliasTargetUnchecked, Note))),
        ("ft:gpt-5:org::id1", &[json!({"unknownModels": "Deny"})], Some((AliasTargetUnknown, Error))),
        ("ft:gpt-5:org::id1", &[json!({"deny": [{"match": "gpt-5"}]})], Some((AliasTargetDenied, Error))),
        // Families are asked last.
        ("acme-gtp-5", &[json!({"families": [{"pattern": "acme-.*"}]})], None),
        ("acme-gtp-5", &[json!({"unknownModels": "Deny", "families": [{"pattern": "acme-.*"}]})], None),
        ("acme-gtp-5", &[json!({"families": [{"pattern": "acme-.*", "action": "Warn"}]})], Some((AliasTargetUnknown, Warning))),
        ("acme-gtp-5", &[json!({"families": [{"pattern": "acme-.*", "action": "Deny"}]})], Some((AliasTargetDenied, Error))),
        ("gpt-5", &[json!({"families": [{"pattern": "gpt-.*", "action": "Deny"}]})], None),
        // What is switched off, or soon will be.
        ("gpt-4-turbo", &[json!({"retiredModels": "Deny"})], Some((AliasTargetRetired, Error))),
        ("gpt-4-turbo", &[json!({"retiredModels": "Allow"})], None),
        ("gpt-4o", &[], Some((AliasTargetDeprecated, Warning))),
        ("gpt-4o", &[json!({"warnBeforeRetirement": "30d"})], None),
    ];
    for (id, catalogs, expected) in table {
        assert_eq!(openai(id, catalogs), *expected, "{id} with {catalogs:?}");
    }
}

#[test]
fn a_successor_is_taken_from_an_entry_that_says_nothing_else() {
    let spec = json!({"provider": "openai", "models": [{"id": "gpt-4-turbo", "lifecycle": {"successor": "gpt-5-mini"}}]});
    let verdict = judged(Provider::OpenAi, "gpt-4-turbo", &[spec]);
    assert_eq!(verdict.code, Some(Code::AliasTargetRetired));
    assert_eq!(verdict.help, "move to \"gpt-5-mini\"");
}

#[test]
fn suggestions_come_from_the_admin_and_never_name_what_is_forbidden() {
    let spec = json!({"provider": "openai", "models": [{"id": "acme-large"}], "deny": [{"match": "gpt-5"}]});
    let specs = [spec];
    let near = judged(Provider::OpenAi, "acme-lagre", &specs).suggestions;
    assert_eq!(near, ["acme-large"]);
    let near = judged(Provider::OpenAi, "gtp-5", &specs).suggestions;
    assert!(!near.iter().any(|id| id == "gpt-5"), "{near:?}");
}

#[test]
fn a_live_catalog_is_known_by_its_label_too() {
    let manifest = json!({
        "metadata": {"name": "x", "labels": {"aliasgate.dev/source": "live"}}, "spec": {"provider": "openai"},
    });
    let (catalog, _) = ModelCatalog::read(&manifest);
    let catalog = catalog.expect("no fault");
    assert!(catalog.is_live());
    assert_eq!(ModelCatalog::read(&catalog.to_value()).0, Some(catalog));
}

#[test]
fn an_entry_stops_a_repair_of_the_same_id() {
    let alias = |catalogs: &[Arc<Resource>]| {
        let spec = json!({
            "ai": {"provider": {"openai": {}}}, "policies": {"ai": {"modelAliases": {"fast": "openai/gpt-5"}}},
        });
        normalize(&snapshot(catalogs), &backend("x", &spec), None).len()
    };
    assert_eq!(alias(&[]), 2);
    let own = said(
        "own",
        &json!({"provider": "openai", "models": [{"id": "openai/gpt-5"}]}),
    );
    assert_eq!(alias(&[own]), 0);
}

#[test]
fn a_custom_host_is_checked_where_a_catalog_names_it() {
    let custom = json!({"custom": {"formats": [{"type": "Completions"}]}, "host": "VLLM.models.svc.cluster.local", "port": 8000});
    let spec = json!({
        "provider": "custom", "preset": "vllm", "selector": {"hosts": ["vllm.models.svc"]}, "merge": "Replace",
        "completeness": "Complete", "models": [{"id": "meta-llama/Llama-3.1-8B-Instruct", "modes": ["chat"]}],
    });
    let catalogs = [said("vllm", &spec)];
    let right = "meta-llama/Llama-3.1-8B-Instruct";
    assert_eq!(codes(&custom, right, &[]), [Code::AliasTargetUnchecked]);
    assert_eq!(codes(&custom, right, &catalogs), []);
    let wrong = &faults(&custom, "meta-llama/Llama-3.1-8B-Instrct", &catalogs)[0];
    assert_eq!(wrong.severity, Severity::Error);
    assert_eq!(wrong.suggestions, [right]);
    // A host override of a known provider, and a Service of the cluster.
    let overridden = json!({"openai": {}, "host": "vllm.models.svc", "port": 8000});
    assert_eq!(codes(&overridden, right, &catalogs), []);
    let service =
        json!({"custom": {"formats": [], "backendRef": {"name": "vllm", "namespace": "models", "port": 80}}});
    assert_eq!(codes(&service, right, &catalogs), []);
    let elsewhere = json!({"openai": {}, "host": "vllm.other.svc", "port": 8000});
    assert_eq!(codes(&elsewhere, right, &catalogs), [Code::AliasTargetUnchecked]);
}

#[test]
fn a_host_can_be_said_to_speak_for_a_known_provider() {
    let proxy = json!({"openai": {}, "host": "llm.corp.example", "port": 443});
    let spec =
        json!({"provider": "openai", "selector": {"hosts": ["*.corp.example"]}, "models": [{"id": "own"}]});
    let catalogs = [said("proxy", &spec)];
    assert_eq!(codes(&proxy, "gpt-5", &catalogs), []);
    assert_eq!(codes(&proxy, "own", &catalogs), []);
    assert_eq!(
        codes(&proxy, "gpt-4-turbo", &catalogs),
        [Code::AliasTargetRetired]
    );
    // The provider's own host is another place.
    assert_eq!(
        codes(&json!({"openai": {}}), "own", &catalogs),
        [Code::AliasTargetUnknown]
    );
}

#[test]
fn azure_deployments_and_arns_are_checked_where_a_catalog_is_complete() {
    let azure = json!({"azureopenai": {"endpoint": "corp.openai.azure.com"}});
    let spec = json!({
        "provider": "azure", "selector": {"hosts": ["corp.openai.azure.com"]}, "completeness": "Complete",
        "models": [{"id": "prod-gpt"}],
    });
    let catalogs = [said("azure", &spec)];
    assert_eq!(codes(&azure, "prod-gpt", &catalogs), []);
    assert_eq!(
        faults(&azure, "test-gpt", &[])[0].code,
        Code::AliasTargetUnchecked
    );
    assert_eq!(faults(&azure, "test-gpt", &catalogs)[0].severity, Severity::Error);
    let bedrock = json!({"bedrock": {"region": "eu-west-1"}});
    let arn = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc123";
    let spec = json!({"provider": "bedrock", "unknownModels": "Deny", "models": [{"id": arn}]});
    let catalogs = [said("bedrock", &spec)];
    assert_eq!(codes(&bedrock, arn, &catalogs), []);
    assert_eq!(codes(&bedrock, arn, &[]), [Code::AliasTargetUnchecked]);
    let other = arn.replace("abc", "xyz");
    assert_eq!(faults(&bedrock, &other, &catalogs)[0].severity, Severity::Error);
}

#[test]
fn selectors_choose_by_namespace_and_labels() {
    let openai = json!({"openai": {}});
    let with = |selector: Value| {
        let spec = json!({"provider": "openai", "selector": selector, "deny": [{"match": "*"}]});
        codes(&openai, "gpt-5", &[said("x", &spec)]) == [Code::AliasTargetDenied]
    };
    assert!(with(json!({"namespaces": ["default"]})));
    assert!(!with(json!({"namespaces": ["other"]})));
    assert!(with(json!({"backendSelector": {"matchLabels": {"team": "ml"}}})));
    assert!(!with(
        json!({"backendSelector": {"matchLabels": {"team": "web"}}})
    ));
    assert!(!with(
        json!({"namespaces": ["default"], "backendSelector": {"matchLabels": {"app": "x"}}})
    ));
    assert!(with(json!({"hosts": ["api.openai.com"]})));
    assert!(!with(json!({"hosts": ["api.openai.com.evil.example"]})));
}

#[test]
fn a_broken_catalog_says_so_and_counts_for_nothing() {
    let broken = said("x", &json!({"provider": "openai", "deny": [{"match": "*"}, {}]}));
    assert!(broken.catalog().is_none());
    assert_eq!(codes(&json!({"openai": {}}), "gpt-5", &[Arc::clone(&broken)]), []);
    assert_eq!(check(&snapshot(&[]), &broken)[0].code, Code::CatalogInvalid);
}

#[test]
fn conflicts_are_told_at_the_catalog_that_loses() {
    let entry = |retires: &str| json!([{"id": "own", "lifecycle": {"retires": retires}}]);
    let a = said(
        "a",
        &json!({"provider": "openai", "merge": "Replace", "models": entry("2027-01-01")}),
    );
    let b = said(
        "b",
        &json!({"provider": "openai", "merge": "Replace", "retiredModels": "Deny", "models": entry("2027-02-01")}),
    );
    let all = snapshot(&[Arc::clone(&a), Arc::clone(&b)]);
    assert_eq!(check(&all, &a), []);
    let found = check(&all, &b);
    let places: Vec<_> = found.iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!(places, ["/spec/merge", "/spec/models/0/id"]);
    assert!(found.iter().all(|fault| fault.code == Code::CatalogConflict));
    assert_eq!(found[1].related[0].object, "ModelCatalog a");
}

#[test]
fn many_selectors_cost_no_more_than_they_say() {
    let spec = |n: usize| json!({"provider": "openai", "selector": {"namespaces": [format!("n{n}")]}, "models": [{"id": format!("own-{n}")}]});
    let catalogs: Vec<_> = (0..400).map(|n| said(&format!("c{n:03}"), &spec(n))).collect();
    let snapshot = snapshot(&catalogs);
    for n in 0..400 {
        let ground = Ground {
            provider: Provider::OpenAi,
            region: None,
        };
        let namespace = format!("n{n}");
        let spot = Spot {
            namespace: &namespace,
            ..Spot::of(&ground)
        };
        let voice = snapshot.catalogs().voice(&spot).expect("a known provider");
        assert_eq!(voice.judge(&format!("own-{n}"), TODAY).code, None);
    }
}
