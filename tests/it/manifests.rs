//! What is in `manifests/`, without a cluster.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use aliasgate::{
    admission,
    engine::{Catalogs, Snapshot},
    telemetry::{self, Gauges, Health, Watches},
};
use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::sync::watch;
use tower::ServiceExt;
use walkdir::WalkDir;

use crate::{
    fixtures::TODAY,
    manifests_checks::{
        consistency::{self, STATUS_PATHS, WEBHOOK_PATHS},
        objects::Objects,
        queries::{self, Samples},
    },
    proxy,
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The YAML of a folder in one.
fn yaml(folder: &str) -> String {
    let files = fs::read_dir(root().join(folder)).expect("readable");
    let mut files: Vec<PathBuf> = files.map(|entry| entry.expect("readable").path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "yaml"));
    files.sort();
    let texts = files.iter().map(|file| fs::read_to_string(file).expect("UTF-8"));
    texts.collect::<Vec<_>>().join("\n---\n")
}

/// `manifests/base`. What it takes from elsewhere is the CRD.
fn base() -> Objects {
    Objects::read(&yaml("manifests/base"))
}

#[test]
fn the_base_fits_together_and_fits_the_program() {
    for check in consistency::CHECKS {
        check(&base());
    }
}

#[test]
fn the_base_refuses_what_it_cannot_check() {
    let base = base();
    assert_eq!(base.webhooks().len(), 2);
    for webhook in base.webhooks() {
        assert_eq!(webhook["failurePolicy"], "Fail");
    }
    let mutating = &base.one("MutatingWebhookConfiguration")["webhooks"][0];
    assert_eq!(mutating["reinvocationPolicy"], "IfNeeded");
}

#[test]
fn every_file_of_the_base_is_listed() {
    let listed = fs::read_to_string(root().join("manifests/base/kustomization.yaml")).expect("UTF-8");
    for entry in fs::read_dir(root().join("manifests/base")).expect("readable") {
        let name = entry.expect("readable").file_name().into_string().expect("UTF-8");
        assert!(
            name == "kustomization.yaml" || listed.contains(&format!("- {name}\n")),
            "{name}"
        );
    }
}

/// What is in no other: the overlays are only the components by another name, so that components can be combined.
#[test]
fn every_overlay_is_the_base_and_the_component_of_its_name() {
    let mut overlays = 0;
    for entry in fs::read_dir(root().join("manifests/overlays")).expect("readable") {
        let overlay = entry.expect("readable").path();
        let name = overlay.file_name().and_then(|name| name.to_str()).expect("UTF-8");
        let text = fs::read_to_string(overlay.join("kustomization.yaml")).expect("UTF-8");
        let expected = format!(
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- ../../base\ncomponents:\n- ../../components/{name}\n"
        );
        assert_eq!(text, expected);
        overlays += 1;
    }
    assert_eq!(overlays, 5);
}

fn asked(app: Router, path: &str) -> impl Future<Output = (StatusCode, String)> {
    let request = Request::get(path).body(Body::empty()).expect("a request");
    async move {
        let response = app.oneshot(request).await.expect("an answer");
        let status = response.status();
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        (status, String::from_utf8(body.to_vec()).expect("text"))
    }
}

/// The webhook's routes, with some numbers in their registry.
fn webhook() -> Router {
    let mut registry = telemetry::registry();
    let gauges = Gauges::register(&mut registry);
    gauges.certificate(1);
    gauges.authority(1);
    gauges.snapshot(1);
    gauges.catalog("openai", 1);
    let watches = Watches::register(&mut registry);
    watches.failed("HTTPRoute");
    watches.rebuilt(Duration::ZERO);
    let metrics = admission::Metrics::register(&mut registry);
    let snapshot = Snapshot::build(Arc::new(Catalogs::default()), [], TODAY);
    let (_sender, receiver) = watch::channel(Arc::new(snapshot));
    admission::router(receiver, metrics).merge(telemetry::routes(Arc::new(registry), Health::new(&[])))
}

#[tokio::test]
async fn the_paths_that_manifests_may_name_are_served() {
    let status = || telemetry::routes(Arc::new(telemetry::registry()), Health::new(&[]));
    for path in WEBHOOK_PATHS {
        assert_ne!(asked(webhook(), path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    for path in STATUS_PATHS {
        assert_ne!(asked(status(), path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(asked(webhook(), "/validated").await.0, StatusCode::NOT_FOUND);
    assert_eq!(asked(status(), "/validate").await.0, StatusCode::NOT_FOUND);
}

/// The names of all numbers that the source registers, those that only a cluster brings about among them.
fn registered() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in WalkDir::new(root().join("src")) {
        let file = file.expect("readable");
        if file.path().extension().is_none_or(|ending| ending != "rs") {
            continue;
        }
        let in_proxy = file.path().starts_with(root().join("src/proxy"));
        let prefix = if in_proxy {
            "aliasgate_proxy_"
        } else {
            "aliasgate_"
        };
        let code = fs::read_to_string(file.path()).expect("UTF-8");
        for call in code.split(".register(").skip(1) {
            if let Some((name, _)) = call
                .trim_start()
                .strip_prefix('"')
                .and_then(|rest| rest.split_once('"'))
            {
                names.insert(format!("{prefix}{name}"));
            }
        }
    }
    names
}

/// The samples that a webhook and a proxy show after they have decided, refused and answered.
async fn seen() -> Samples {
    let webhook = webhook();
    let review = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "1", "operation": "CREATE", "name": "x", "namespace": "default",
            "kind": {"group": "agentgateway.dev", "version": "v1alpha1", "kind": "AgentgatewayBackend"},
            "object": {
                "apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayBackend",
                "metadata": {"name": "x", "namespace": "default"},
                "spec": {"ai": {"provider": {"openai": {}}}, "policies": {"ai": {"modelAliases": {"fast": "gpt-*"}}}},
            },
        },
    });
    for body in [review.to_string(), "{}".to_owned()] {
        let request = Request::post("/validate").header("content-type", "application/json");
        let request = request.body(Body::from(body)).expect("a request");
        webhook.clone().oneshot(request).await.expect("an answer");
    }
    let mut seen = queries::samples(&asked(webhook, "/metrics").await.1);
    seen.extend(queries::samples(&proxy::numbers().await));
    seen
}

#[tokio::test]
async fn alerts_and_dashboard_ask_for_what_there_is() {
    let component = "manifests/components/monitoring";
    let dashboard = fs::read(root().join(component).join("dashboard.json")).expect("readable");
    let dashboard: Value = serde_json::from_slice(&dashboard).expect("JSON");
    let mut all = queries::of_alerts(&Objects::read(&yaml(component)));
    all.extend(queries::of_dashboard(&dashboard));
    let registered = registered();
    queries::ask_for_what_there_is(&all, &seen().await, |name| registered.contains(name));
}

#[test]
fn panels_of_the_dashboard_do_not_overlap() {
    let text = fs::read(root().join("manifests/components/monitoring/dashboard.json")).expect("readable");
    let dashboard: Value = serde_json::from_slice(&text).expect("JSON");
    let mut taken = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for panel in dashboard["panels"].as_array().expect("panels") {
        assert!(ids.insert(panel["id"].as_u64()), "{}", panel["title"]);
        let at = |field: &str| panel["gridPos"][field].as_u64().expect("a number");
        for y in at("y")..at("y") + at("h") {
            for x in at("x")..at("x") + at("w") {
                assert!(x < 24 && taken.insert((x, y)), "{}", panel["title"]);
            }
        }
    }
}
