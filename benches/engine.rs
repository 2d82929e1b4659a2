//! What the pure verbs cost: `cargo bench --bench engine`.

use std::{hint::black_box, sync::Arc};

use aliasgate::{
    controller::audit::audit,
    engine::{
        Catalogs, Date, Key, Resource, Snapshot, check, check::check_normalized, normalize, resolve,
        resolve::Place,
    },
    sources::builtin,
};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use serde_json::{Map, Value, json};

const TODAY: Date = Date::constant(2026, 11, 23);

/// Targets that are listed and live.
const TARGETS: [&str; 4] = ["gpt-5.4", "gpt-5.4-mini", "gpt-5.2", "gpt-5.5"];

fn backend(name: &str, aliases: usize) -> Arc<Resource> {
    let entry = |at: usize| (format!("alias-{at}"), Value::from(TARGETS[at % TARGETS.len()]));
    let map: Map<_, _> = (0..aliases).map(entry).collect();
    let value = json!({
        "apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayBackend",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"ai": {"provider": {"openai": {}}}, "policies": {"ai": {"modelAliases": map}}},
    });
    Arc::new(Resource::new(value).expect("a backend"))
}

fn catalogs() -> Arc<Catalogs> {
    Arc::new(builtin::catalogs())
}

fn verbs(c: &mut Criterion) {
    let full = backend("full", 64);
    let snapshot = Snapshot::build(catalogs(), [Arc::clone(&full)], TODAY);
    assert!(check(&snapshot, &full).is_empty(), "the 64 aliases are good");
    c.bench_function("check 64 good aliases", |b| {
        b.iter(|| check(black_box(&snapshot), black_box(&full)))
    });
    c.bench_function("check_normalized 64 good aliases", |b| {
        b.iter(|| check_normalized(black_box(&snapshot), black_box(&full)));
    });
    c.bench_function("normalize 64 good aliases", |b| {
        b.iter(|| normalize(black_box(&snapshot), black_box(&full), None));
    });
    let place = Place {
        backend: Key::new("default", "full"),
        provider: "backend".into(),
        route: None,
    };
    c.bench_function("resolve one of 64 aliases", |b| {
        b.iter(|| resolve(black_box(&snapshot), black_box(&place), black_box("alias-42")));
    });
}

fn snapshots(c: &mut Criterion) {
    let catalogs = catalogs();
    let many: Vec<_> = (0..10_000)
        .map(|at| backend(&format!("backend-{at}"), 10))
        .collect();
    let mut group = c.benchmark_group("10,000 backends with 100,000 aliases");
    group.sample_size(10);
    group.bench_function("build from parsed resources", |b| {
        b.iter(|| Snapshot::build(Arc::clone(&catalogs), many.iter().cloned(), TODAY));
    });
    let values: Vec<Value> = many.iter().map(|resource| resource.value().clone()).collect();
    group.bench_function("build from JSON values", |b| {
        b.iter_batched(
            || values.clone(),
            |values| {
                let resources = values.into_iter().filter_map(Resource::new).map(Arc::new);
                Snapshot::build(Arc::clone(&catalogs), resources, TODAY)
            },
            BatchSize::LargeInput,
        );
    });
    let snapshot = Snapshot::build(Arc::clone(&catalogs), many.iter().cloned(), TODAY);
    group.bench_function("check all", |b| {
        b.iter(|| {
            many.iter()
                .map(|resource| check(&snapshot, resource).len())
                .sum::<usize>()
        });
    });
    group.bench_function("audit all", |b| b.iter(|| audit(&snapshot)));
    group.finish();
}

criterion_group!(benches, verbs, snapshots);
criterion_main!(benches);
