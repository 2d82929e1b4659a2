//! The annotation and the namespace label that lower faults, and the admin's levels.

use std::sync::Arc;

use aliasgate::engine::{
    Code, Diagnostic, Enforcement, Level, Resource, Severities, Severity, Snapshot, check,
};
use serde_json::json;

use crate::fixtures::{TODAY, resource, snapshot};

/// A backend whose only alias has a wildcard as its target: an error.
fn faulty(annotations: &serde_json::Value) -> Arc<Resource> {
    resource(json!({
        "apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayBackend",
        "metadata": {"name": "models", "namespace": "team", "annotations": annotations},
        "spec": {"ai": {"provider": {"openai": {}}}, "policies": {"ai": {"modelAliases": {"fast": "gpt-*"}}}},
    }))
}

fn namespace(enforcement: &str) -> Arc<Resource> {
    resource(json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "team", "labels": {"aliasgate.dev/enforcement": enforcement}},
    }))
}

fn only(faults: Vec<Diagnostic>) -> Diagnostic {
    let [fault] = <[Diagnostic; 1]>::try_from(faults).expect("one fault");
    fault
}

#[test]
fn the_annotation_turns_its_codes_into_warnings_and_says_so() {
    let backend = faulty(&json!({"aliasgate.dev/allow": "alias-self, alias-target-wildcard"}));
    let fault = only(check(&snapshot(&[]), &backend));
    assert_eq!(fault.severity, Severity::Warning);
    assert!(
        fault
            .line()
            .ends_with("[alias-target-wildcard, allowed by the annotation aliasgate.dev/allow]"),
        "{}",
        fault.line()
    );
}

#[test]
fn the_annotation_does_not_count_where_the_admin_says_so() {
    let backend = faulty(&json!({"aliasgate.dev/allow": "alias-target-wildcard"}));
    let snapshot = snapshot(&[]).with_allow_annotation(false);
    assert_eq!(only(check(&snapshot, &backend)).severity, Severity::Error);
}

#[test]
fn an_unknown_code_in_the_annotation_is_said() {
    let faults = check(
        &snapshot(&[]),
        &faulty(&json!({"aliasgate.dev/allow": "alias-target-wildcrad"})),
    );
    let codes: Vec<_> = faults.iter().map(|fault| (fault.code, fault.severity)).collect();
    assert_eq!(
        codes,
        [
            (Code::AllowUnknown, Severity::Warning),
            (Code::AliasTargetWildcard, Severity::Error)
        ]
    );
}

#[test]
fn the_label_of_the_namespace_lowers_everything_in_it() {
    let severity = |label| only(check(&snapshot(&[namespace(label)]), &faulty(&json!({})))).severity;
    assert_eq!(severity("deny"), Severity::Error);
    assert_eq!(severity("warn"), Severity::Warning);
    assert_eq!(severity("audit"), Severity::Note);
}

#[test]
fn the_label_counts_before_what_holds_everywhere() {
    let mut levels = Severities::default();
    levels.enforce(Enforcement::Warn);
    let fault = |label| {
        let snapshot = snapshot(&[namespace(label)]).with_severities(levels.clone());
        only(check(&snapshot, &faulty(&json!({}))))
    };
    assert_eq!(fault("deny").severity, Severity::Error);
    assert_eq!(fault("audit").severity, Severity::Note);
    for unlabelled in ["", "no such value"] {
        assert_eq!(fault(unlabelled).severity, Severity::Warning);
        assert!(
            fault(unlabelled)
                .line()
                .ends_with("[alias-target-wildcard, not refused with --enforcement=warn]"),
            "{}",
            fault(unlabelled).line()
        );
    }
}

#[test]
fn levels_of_the_admin_count_first() {
    let mut levels = Severities::default();
    levels.set(Code::AliasTargetWildcard, Level::Off);
    let snapshot = Snapshot::build(Arc::default(), [], TODAY).with_severities(levels);
    assert!(check(&snapshot, &faulty(&json!({}))).is_empty());
}
