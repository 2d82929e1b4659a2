//! What the check by a CRD costs: `cargo bench --bench schema`.

use std::hint::black_box;

use aliasgate::{
    crds,
    engine::schema::{Schemas, check_crd},
};
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};

fn schemas() -> Schemas {
    let mut schemas = Schemas::default();
    for crd in crds::all() {
        assert!(schemas.add(&crd).is_empty());
    }
    schemas
}

/// A backend of 2 KB: four groups of providers with aliases.
fn backend() -> Value {
    let provider = |name: String| {
        json!({
            "name": name,
            "openai": {"model": "gpt-5.4"},
            "host": "openai.example.com", "port": 443, "path": "/v1/chat/completions",
            "policies": {"ai": {"modelAliases": {"fast": "gpt-5.4-mini", "smart": "gpt-5.4", "old": "gpt-5.2"}}},
        })
    };
    let groups: Vec<_> = (0..4)
        .map(|at| json!({"providers": [provider(format!("a{at}")), provider(format!("b{at}"))]}))
        .collect();
    json!({
        "apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayBackend",
        "metadata": {"name": "large", "namespace": "default", "labels": {"app.kubernetes.io/name": "large"}},
        "spec": {"ai": {"groups": groups}, "policies": {"auth": {"secretRef": {"name": "openai"}}}},
    })
}

fn check(c: &mut Criterion) {
    let (schemas, good) = (schemas(), backend());
    assert_eq!(schemas.check(&good, None), []);
    let size = good.to_string().len();
    c.bench_function(&format!("check a good backend of {size} bytes"), |b| {
        b.iter(|| schemas.check(black_box(&good), None))
    });
    let mut bad = good.clone();
    bad["spec"]["ai"]["groups"][2]["providers"][1]["port"] = 70_000.into();
    assert!(!schemas.check(&bad, None).is_empty());
    c.bench_function("check a backend with one fault", |b| {
        b.iter(|| schemas.check(black_box(&bad), None))
    });
    c.bench_function("read the CRDs and check one backend", |b| {
        b.iter(|| self::schemas().check(black_box(&good), None))
    });
    let crds = crds::all();
    c.bench_function("check the CRDs", |b| {
        b.iter(|| {
            crds.iter()
                .map(|crd| check_crd(black_box(crd)).len())
                .sum::<usize>()
        })
    });
}

criterion_group!(benches, check);
criterion_main!(benches);
