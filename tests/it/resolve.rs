//! Where a requested name leads: the order of the layers, pins, and one hop.

use std::sync::Arc;

use aliasgate::engine::{Key, Resource, resolve, resolve::Place};
use serde_json::{Value, json};

use crate::fixtures::{backend, policy, resource, snapshot};

fn place(provider: &str, rule: Option<&str>) -> Place {
    Place {
        backend: Key::new("default", "models"),
        provider: provider.to_owned(),
        route: rule.map(|rule| (Key::new("default", "route"), Some(rule.to_owned()))),
    }
}

fn target_of(kind: &str, name: &str, section: Option<&str>) -> Value {
    let mut reference = json!({"group": "agentgateway.dev", "kind": kind, "name": name});
    if let Some(section) = section {
        reference["sectionName"] = json!(section);
    }
    json!([reference])
}

fn route() -> Arc<Resource> {
    resource(json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "route"},
        "spec": {
            "parentRefs": [{"name": "gateway", "sectionName": "http"}],
            "rules": [{"name": "rule", "backendRefs": [{"kind": "AgentgatewayBackend", "name": "models"}]}],
        },
    }))
}

/// Each layer is stronger than all before it.
#[test]
fn stronger_layers_replace_weaker_ones_whole() {
    let group = |aliases: Value| json!({"groups": [{"providers": [{"name": "p", "openai": {}, "policies": {"ai": aliases}}]}]});
    let plain =
        |inline: Value, own: Value| backend("models", &json!({"ai": group(own), "policies": {"ai": inline}}));
    let aliases = |name: &str| json!({"modelAliases": {"m": name, name: "only-here"}});
    let none = json!({});
    let layers: Vec<(&str, Arc<Resource>)> = vec![
        (
            "gateway",
            policy(
                "a1",
                &target_of("Gateway", "gateway", None),
                &json!({"m": "gateway"}),
            ),
        ),
        (
            "listener",
            policy(
                "a2",
                &target_of("Gateway", "gateway", Some("http")),
                &json!({"m": "listener"}),
            ),
        ),
        (
            "backend",
            policy(
                "a3",
                &target_of("AgentgatewayBackend", "models", None),
                &json!({"m": "backend"}),
            ),
        ),
        (
            "route",
            policy(
                "a4",
                &target_of("HTTPRoute", "route", None),
                &json!({"m": "route"}),
            ),
        ),
        (
            "rule",
            policy(
                "a5",
                &target_of("HTTPRoute", "route", Some("rule")),
                &json!({"m": "rule"}),
            ),
        ),
        ("inline", plain(aliases("inline"), none.clone())),
        (
            "section",
            policy(
                "a6",
                &target_of("AgentgatewayBackend", "models", Some("p")),
                &json!({"m": "section"}),
            ),
        ),
        ("provider", plain(aliases("inline"), aliases("provider"))),
    ];
    let mut resources = vec![route(), plain(none.clone(), none)];
    for (name, layer) in layers {
        resources.push(layer);
        let resolution = resolve(&snapshot(&resources), &place("p", Some("rule")), "m");
        assert_eq!(resolution.target, name, "{:?}", resolution.steps);
        let weaker = resolve(&snapshot(&resources), &place("p", Some("rule")), "inline");
        assert_eq!(
            weaker.target == "only-here",
            name == "inline",
            "no key of a weaker map is left: {name}"
        );
    }
}

#[test]
fn an_empty_map_does_not_clear_a_weaker_one() {
    let resources = [
        backend(
            "models",
            &json!({"ai": {"provider": {"openai": {}}}, "policies": {"ai": {"modelAliases": {}}}}),
        ),
        policy(
            "p",
            &target_of("AgentgatewayBackend", "models", None),
            &json!({"m": "weaker"}),
        ),
    ];
    assert_eq!(
        resolve(&snapshot(&resources), &place("backend", None), "m").target,
        "weaker"
    );
}

#[test]
fn of_two_policies_on_one_target_the_first_by_name_counts() {
    let resources = [
        backend("models", &json!({"ai": {"provider": {"openai": {}}}})),
        policy(
            "b",
            &target_of("AgentgatewayBackend", "models", None),
            &json!({"m": "b"}),
        ),
        policy(
            "a",
            &target_of("AgentgatewayBackend", "models", None),
            &json!({"m": "a"}),
        ),
    ];
    assert_eq!(
        resolve(&snapshot(&resources), &place("backend", None), "m").target,
        "a"
    );
}

#[test]
fn policies_of_other_namespaces_do_not_reach() {
    let mut foreign = policy(
        "p",
        &target_of("AgentgatewayBackend", "models", None),
        &json!({"m": "x"}),
    )
    .value()
    .clone();
    foreign["metadata"]["namespace"] = json!("elsewhere");
    let resources = [
        backend("models", &json!({"ai": {"provider": {"openai": {}}}})),
        resource(foreign),
    ];
    assert_eq!(
        resolve(&snapshot(&resources), &place("backend", None), "m").target,
        "m"
    );
}

#[test]
fn labels_choose_backends() {
    let mut labelled = backend("models", &json!({"ai": {"provider": {"openai": {}}}}))
        .value()
        .clone();
    labelled["metadata"]["labels"] = json!({"team": "a"});
    let by_label = |team: &str| {
        resource(json!({
            "apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayPolicy",
            "metadata": {"name": team, "namespace": "default"},
            "spec": {
                "targetSelectors": [{"group": "agentgateway.dev", "kind": "AgentgatewayBackend", "matchLabels": {"team": team}}],
                "backend": {"ai": {"modelAliases": {"m": team}}},
            },
        }))
    };
    let resources = [resource(labelled), by_label("a"), by_label("b")];
    assert_eq!(
        resolve(&snapshot(&resources), &place("backend", None), "m").target,
        "a"
    );
}

/// Provider settings and AI settings, the requested name, the name that is sent.
type Row = (Value, Value, &'static str, &'static str);

#[test]
fn pins_and_overrides_come_before_the_one_look_up() {
    let aliases =
        json!({"fast": "middle", "middle": "end", "gpt-*": "wild", "pinned": "from-pin", "literal": "to-*"});
    let with = |extra: Value| {
        let mut ai = extra;
        ai["modelAliases"] = aliases.clone();
        ai
    };
    #[rustfmt::skip]
    let rows: [Row; 11] = [
        (json!({}), with(json!({})), "fast", "middle"),
        (json!({}), with(json!({})), "FAST", "FAST"),
        (json!({}), with(json!({})), " fast", " fast"),
        (json!({}), with(json!({})), "gpt-4", "wild"),
        (json!({}), with(json!({})), "gpt-*", "wild"),
        (json!({}), with(json!({})), "literal", "to-*"),
        (json!({}), with(json!({})), "unknown", "unknown"),
        (json!({"model": "pinned"}), with(json!({})), "fast", "from-pin"),
        (json!({"model": "unlisted"}), with(json!({})), "fast", "unlisted"),
        (json!({}), with(json!({"overrides": [{"field": "model", "value": "middle"}]})), "fast", "end"),
        (json!({"model": "pinned"}), with(json!({"overrides": [{"field": "model", "value": "middle"}]})), "fast", "end"),
    ];
    for (provider, ai, requested, sent) in rows {
        let spec = json!({"ai": {"provider": {"openai": provider}}, "policies": {"ai": ai}});
        let resolution = resolve(
            &snapshot(&[backend("models", &spec)]),
            &place("backend", None),
            requested,
        );
        assert_eq!(resolution.target, sent, "{:?}", resolution.steps);
    }
}

#[test]
fn a_place_that_is_not_there_leads_to_the_name_itself() {
    let resolution = resolve(&snapshot(&[]), &place("backend", None), "fast");
    assert_eq!(resolution.target, "fast");
    assert!(
        resolution
            .steps
            .iter()
            .any(|step| step.contains("there is no AgentgatewayBackend default/models"))
    );
}
