//! ModelCatalogs: how they are read and written, and what they change.

use aliasgate::{
    engine::{
        Catalog, Code, Diagnostic, Provider, Severity,
        catalog::{
            ModelCatalog, State,
            manifest::{Action, Merge},
        },
    },
    sources::{builtin, documents},
};
use serde_json::{Value, json};

use crate::fixtures::TODAY;

fn manifest(spec: &Value) -> Value {
    json!({"apiVersion": "aliasgate.dev/v1alpha1", "kind": "ModelCatalog", "metadata": {"name": "mine"}, "spec": spec})
}

fn read(spec: &Value) -> ModelCatalog {
    let (catalog, faults) = ModelCatalog::read(&manifest(spec));
    assert_eq!(faults, []);
    catalog.expect("no fault")
}

fn faults(spec: &Value) -> Vec<Diagnostic> {
    ModelCatalog::read(&manifest(spec)).1
}

/// One that sets every field.
fn full() -> Value {
    json!({
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
    })
}

#[test]
fn every_field_is_read() {
    let catalog = read(&full());
    assert_eq!(
        (catalog.provider, catalog.preset.as_deref()),
        (Provider::Custom, Some("vllm"))
    );
    assert_eq!(catalog.merge, Merge::Replace);
    assert_eq!(
        (catalog.unknown, catalog.retired),
        (Some(Action::Deny), Some(Action::Warn))
    );
    assert_eq!(catalog.notice, Some(30));
    let listed = catalog.catalog(TODAY);
    assert!(listed.complete);
    let model = listed.get("small").expect("an alias is listed");
    assert_eq!(
        (model.resolves_to.as_deref(), model.state),
        (Some("meta-8b"), State::Deprecated)
    );
}

#[test]
fn what_is_written_is_read_as_the_same() {
    let catalog = read(&full());
    assert_eq!(catalog.to_value(), manifest(&full()));
    assert_eq!(ModelCatalog::read(&catalog.to_value()).0, Some(catalog.clone()));
    let yaml = documents::read(&catalog.to_yaml());
    assert!(yaml.faults.is_empty());
    assert_eq!(yaml.documents[0].value, catalog.to_value());
}

#[test]
fn built_in_catalogs_survive_export_and_import() {
    for catalog in builtin::catalogs().iter() {
        let exported = ModelCatalog::export("x", catalog);
        let yaml = documents::read(&exported.to_yaml());
        let (read, faults) = ModelCatalog::read(&yaml.documents[0].value);
        assert_eq!(faults, [], "{}", catalog.provider);
        let read = read.expect("no fault");
        assert_eq!(&read.catalog(TODAY), catalog);
        assert_eq!(read, exported);
    }
}

#[test]
fn all_faults_are_told_at_once_with_their_places() {
    let found = faults(&json!({
        "provider": "openai", "preset": "vllm", "asOf": "yesterday", "merge": "Both", "unknownModels": true,
        "warnBeforeRetirement": "soon", "newer": 1, "selector": {"hosts": ["https://a/b"]},
        "families": [{"pattern": "("}, {}], "deny": [{"match": ""}], "allow": "gpt-4",
        "models": [
            {"id": "a", "aliases": ["b"], "modes": ["talk"]}, {"id": "b"}, {}, 7,
            {"id": "c", "contextWindow": 0, "lifecycle": {"deprecated": "2026-02-01", "retires": "2026-01-01"}},
        ],
    }));
    let mut places: Vec<_> = found.iter().map(|fault| fault.pointer.as_str()).collect();
    places.sort_unstable();
    assert_eq!(
        places,
        [
            "/spec/allow",
            "/spec/asOf",
            "/spec/deny/0/match",
            "/spec/families/0/pattern",
            "/spec/families/1",
            "/spec/merge",
            "/spec/models/0/modes/0",
            "/spec/models/1/id",
            "/spec/models/2",
            "/spec/models/3",
            "/spec/models/4/contextWindow",
            "/spec/models/4/lifecycle/deprecated",
            "/spec/newer",
            "/spec/preset",
            "/spec/selector/hosts/0",
            "/spec/unknownModels",
            "/spec/warnBeforeRetirement",
        ]
    );
    assert!(
        found
            .iter()
            .all(|fault| fault.code == Code::CatalogInvalid && !fault.help.is_empty())
    );
    let newer = found
        .iter()
        .find(|fault| fault.pointer == "/spec/newer")
        .expect("told");
    assert_eq!(newer.severity, Severity::Warning);
}

#[test]
fn an_unknown_field_does_not_break_a_catalog() {
    let (catalog, faults) = ModelCatalog::read(&manifest(&json!({"provider": "openai", "newer": 1})));
    assert!(catalog.is_some());
    assert_eq!(faults.len(), 1);
}

#[test]
fn presets_of_known_providers_are_those_providers() {
    let catalog = read(&json!({"provider": "custom", "preset": "mistral"}));
    assert_eq!(catalog.provider, Provider::Mistral);
    let help = &faults(&json!({"provider": "mistral"}))[0].help;
    assert_eq!(help, "write provider: custom and preset: mistral");
    assert_eq!(
        catalog.to_value()["spec"],
        json!({"provider": "custom", "preset": "mistral"})
    );
}

#[test]
fn a_custom_catalog_needs_a_selector() {
    assert_eq!(
        faults(&json!({"provider": "custom", "preset": "vllm"}))[0].pointer,
        "/spec"
    );
    assert_eq!(
        faults(&json!({"provider": "custom", "selector": {}}))[0].pointer,
        "/spec/selector"
    );
}

#[test]
fn a_catalog_can_be_empty() {
    let catalog = read(&json!({"provider": "gemini"}));
    assert_eq!(
        catalog.catalog(TODAY),
        Catalog::new(Provider::Gemini, TODAY, Vec::new())
    );
}
