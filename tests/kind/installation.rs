//! Installing and taking away, as README says it.

use std::{env, fs, path::PathBuf, time::Instant};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};

use crate::{
    Test,
    admission::create,
    cluster::{Cluster, SYSTEM, checkout},
    process::wait_for,
    proxy::{KEY, PROVIDER_HOST},
};

/// What comes before all other tests.
pub(crate) const BEGINNING: &[Test] = &[("crds_of_others_may_come_later", crds_of_others_may_come_later)];

/// What comes after them.
pub(crate) const END: &[Test] = &[
    (
        "applying_it_again_changes_nothing",
        applying_it_again_changes_nothing,
    ),
    (
        "uninstalling_leaves_nothing_that_blocks",
        uninstalling_leaves_nothing_that_blocks,
    ),
    (
        "uninstalling_the_namespace_first_leaves_nothing_that_blocks",
        uninstalling_the_namespace_first_leaves_nothing_that_blocks,
    ),
];

/// The webhook configurations, as kubectl names them.
const CONFIGURATIONS: &str = "mutatingwebhookconfigurations,validatingwebhookconfigurations";
/// Namespaces of tests, which an earlier run may have left.
const NAMESPACES: &str = "provider lenient strict audit";

/// A cluster with nothing but the installation, whatever a run before has left there.
pub(crate) fn prepare(cluster: &Cluster) {
    uninstall(cluster);
    cluster
        .kubectl(&format!("delete namespace {NAMESPACES} --ignore-not-found"))
        .expect_ok();
    install(cluster);
}

/// Takes away all that was installed, and all objects of its kinds.
fn uninstall(cluster: &Cluster) {
    cluster
        .kubectl(&format!("delete -k {} --ignore-not-found", overlay().display()))
        .expect_ok();
}

/// Applies everything, and waits until it is ready.
pub(crate) fn install(cluster: &Cluster) {
    let start = Instant::now();
    cluster
        .kubectl(&format!("apply -k {}", overlay().display()))
        .expect_ok();
    cluster.rolled_out(SYSTEM, "aliasgate-webhook");
    cluster.rolled_out("provider", "stand-in");
    wait_for("the webhooks", || {
        let said = create(
            cluster,
            "default",
            "probe",
            &json!({"smart": "gpt-4-turbbo"}),
            "--dry-run=server ",
        );
        if said.text().contains("did you mean") {
            Ok(())
        } else {
            Err(said.text())
        }
    });
    println!("installed and in force after {:?}", start.elapsed());
}

/// A folder with `tests/kind/overlay` and, for the stand-in, a certificate of the name that it plays, and its key.
fn overlay() -> PathBuf {
    let dir = checkout("target/kind");
    fs::create_dir_all(&dir).expect("a folder");
    let write = |name: &str, text: &str| fs::write(dir.join(name), text).expect("writable");
    if !dir.join("kustomization.yaml").exists() {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new([]).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = params.self_signed(&key).expect("a certificate");
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().expect("a key");
        let leaf = CertificateParams::new([PROVIDER_HOST.to_owned()]).expect("a name");
        let leaf = leaf.signed_by(&key, &issuer).expect("a certificate");
        write("ca.crt", &ca.pem());
        write("tls.crt", &leaf.pem());
        write("tls.key", &key.serialize_pem());
    }
    let kustomization = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["../../tests/kind/overlay"],
        "generatorOptions": {"disableNameSuffixHash": true},
        "secretGenerator": [{
            "name": "stand-in", "namespace": "provider",
            "files": ["tls.crt", "tls.key"], "literals": [format!("key={KEY}")],
        }],
        "configMapGenerator": [{"name": "upstream-ca", "namespace": SYSTEM, "files": ["ca.crt"]}],
    });
    write("kustomization.yaml", &kustomization.to_string());
    dir
}

fn applying_it_again_changes_nothing(cluster: &Cluster) {
    // Until the HorizontalPodAutoscaler has seen the proxy, the number of its pods changes by itself.
    wait_for("the least number of proxies", || {
        let replicas =
            cluster.get(&format!("deployment aliasgate-proxy -n {SYSTEM}"))["spec"]["replicas"].take();
        if replicas == 2 {
            Ok(())
        } else {
            Err(replicas.to_string())
        }
    });
    let overlay = overlay();
    let states = || {
        let objects = cluster.get(&format!("-k {}", overlay.display()));
        let items = objects["items"].as_array().cloned().unwrap_or_default();
        let state = |item: &Value| {
            let metadata = &item["metadata"];
            // What has no generation has no status either, which would change by itself.
            let version = metadata.get("generation").unwrap_or(&metadata["resourceVersion"]);
            format!("{} {} {version}", item["kind"], metadata["name"])
        };
        items.iter().map(state).collect::<Vec<_>>()
    };
    let before = states();
    assert!(before.len() > 10, "{before:#?}");
    cluster
        .kubectl(&format!("apply -k {}", overlay.display()))
        .expect_ok();
    assert_eq!(before, states());
}

fn crds_of_others_may_come_later(cluster: &Cluster) {
    let folder = env::var("ALIASGATE_REPORT_CRDS").expect("tests/kind/run sets it");
    for of in ["gateway", "openreports"] {
        cluster
            .kubectl(&format!("apply --server-side -f {folder}/{of}"))
            .expect_ok();
    }
    cluster
        .kubectl("wait --for=condition=Established crds --all --timeout=60s")
        .expect_ok();
}

fn uninstalling_leaves_nothing_that_blocks(cluster: &Cluster) {
    uninstall(cluster);
    nothing_blocks(cluster);
}

fn uninstalling_the_namespace_first_leaves_nothing_that_blocks(cluster: &Cluster) {
    install(cluster);
    cluster.kubectl(&format!("delete namespace {SYSTEM}")).expect_ok();
    nothing_blocks(cluster);
    uninstall(cluster);
}

/// Waits until a backend that the webhook would refuse can be stored, where there are CRDs that let one be stored.
fn nothing_blocks(cluster: &Cluster) {
    let crds = checkout("crds/agentgateway");
    cluster
        .kubectl(&format!("apply -k {}", crds.display()))
        .expect_ok();
    wait_for("writes that nothing blocks", || {
        let said = create(cluster, "default", "typo", &json!({"smart": "gpt-4-turbbo"}), "");
        if said.ok { Ok(()) } else { Err(said.text()) }
    });
    let left = cluster.names(CONFIGURATIONS);
    assert!(!left.contains(&"aliasgate".to_owned()), "{left:?}");
    cluster
        .kubectl(&format!("delete -k {}", crds.display()))
        .expect_ok();
}
