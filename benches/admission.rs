//! What a decision costs, from the body to the answer's body, without TLS and sockets.
//!
//! `cargo bench --bench admission`

use std::{hint::black_box, sync::Arc};

use aliasgate::{
    admission::{Webhook, decide},
    engine::{Date, Snapshot},
    sources::builtin,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Map, Value, json};

/// A backend as the API server sends it, with what `kubectl apply` leaves in it.
fn backend(aliases: &Value) -> Value {
    let manifest = json!({
        "apiVersion": "agentgateway.dev/v1alpha1",
        "kind": "AgentgatewayBackend",
        "metadata": {"annotations": {}, "name": "openai", "namespace": "shop"},
        "spec": {
            "ai": {"provider": {"openai": {}}},
            "policies": {"auth": {"secretRef": {"name": "openai-secret"}}, "ai": {"modelAliases": aliases}},
        },
    });
    let mut object = manifest.clone();
    object["metadata"] = json!({
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": manifest.to_string()},
        "creationTimestamp": "2026-11-23T09:00:00Z", "generation": 1,
        "name": "openai", "namespace": "shop", "uid": "0b7a1d3e-7f5c-4d0e-9d7b-0f3c5a6b7c8d",
        "managedFields": [{
            "apiVersion": "agentgateway.dev/v1alpha1", "fieldsType": "FieldsV1", "manager": "kubectl-client-side-apply",
            "operation": "Update", "time": "2026-11-23T09:00:00Z",
            "fieldsV1": {
                "f:metadata": {"f:annotations": {".": {}, "f:kubectl.kubernetes.io/last-applied-configuration": {}}},
                "f:spec": {
                    ".": {}, "f:ai": {".": {}, "f:provider": {".": {}, "f:openai": {}}},
                    "f:policies": {
                        ".": {}, "f:ai": {".": {}, "f:modelAliases": {".": {}, "f:fast": {}, "f:smart": {}}},
                        "f:auth": {".": {}, "f:secretRef": {".": {}, "f:name": {}}},
                    },
                },
            },
        }],
    });
    object
}

fn review(operation: &str, object: &Value, old: &Value) -> Vec<u8> {
    let kind = json!({"group": "agentgateway.dev", "version": "v1alpha1", "kind": "AgentgatewayBackend"});
    let resource =
        json!({"group": "agentgateway.dev", "version": "v1alpha1", "resource": "agentgatewaybackends"});
    let review = json!({
        "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "kind": kind, "resource": resource, "requestKind": kind,
            "requestResource": resource, "name": "openai", "namespace": "shop", "operation": operation,
            "userInfo": {"username": "kubernetes-admin", "groups": ["kubeadm:cluster-admins", "system:authenticated"]},
            "object": object, "oldObject": old, "dryRun": false,
            "options": {
                "kind": "UpdateOptions", "apiVersion": "meta.k8s.io/v1", "fieldManager": "kubectl-client-side-apply",
                "fieldValidation": "Strict",
            },
        },
    });
    serde_json::to_vec(&review).expect("JSON")
}

/// `count` aliases, each with a target that is a model.
fn many(count: usize) -> Value {
    let models = ["gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini"];
    let entry = |at: usize| (format!("team-{at}-model"), Value::from(models[at % models.len()]));
    Value::Object((0..count).map(entry).collect::<Map<_, _>>())
}

fn decisions(criterion: &mut Criterion) {
    let catalogs = Arc::new(builtin::catalogs());
    let snapshot = Snapshot::build(catalogs, [], Date::constant(2026, 11, 23));
    let seed = json!({"fast": "gpt-3.5-turbo", "smart": "gpt-4-turbo"});
    let typo = json!({"fast": "gpt-3.5-turbo", "smart": "gpt-4-turbbo"});
    let unkempt = json!({"fast": "  gpt-4o ", "smart": "gpt-4-turbo"});
    let cases = [
        ("validate create", Webhook::Validate, "CREATE", seed.clone(), None),
        (
            "validate update",
            Webhook::Validate,
            "UPDATE",
            seed.clone(),
            Some(seed.clone()),
        ),
        ("validate typo", Webhook::Validate, "CREATE", typo, None),
        ("validate 64 aliases", Webhook::Validate, "CREATE", many(64), None),
        ("mutate create", Webhook::Mutate, "CREATE", seed, None),
        ("mutate patch", Webhook::Mutate, "CREATE", unkempt, None),
        ("mutate 64 aliases", Webhook::Mutate, "CREATE", many(64), None),
    ];
    let mut group = criterion.benchmark_group("admission");
    for (name, webhook, operation, aliases, old) in cases {
        let body = review(
            operation,
            &backend(&aliases),
            &old.map_or(Value::Null, |old| backend(&old)),
        );
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                decide(&snapshot, webhook, black_box(&body))
                    .expect("a review")
                    .into_body()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, decisions);
criterion_main!(benches);
