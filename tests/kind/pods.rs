//! How the pods are confined, seen from the node.

use std::{collections::BTreeMap, env};

use serde_json::json;

use crate::{
    Test,
    cluster::{Cluster, SYSTEM},
};

pub(crate) const TESTS: &[Test] = &[
    ("processes_have_no_rights", processes_have_no_rights),
    (
        "the_namespace_takes_no_other_pods",
        the_namespace_takes_no_other_pods,
    ),
    ("the_image_is_small", the_image_is_small),
];

/// The largest image that ships.
const MAX_IMAGE: u64 = 15_000_000; // bytes
/// The user of the pods.
const USER: &str = "65532";

fn processes_have_no_rights(cluster: &Cluster) {
    let pods = cluster.names(&format!("pods -n {SYSTEM}")).len();
    let found = cluster.on_node(&["pgrep", "-x", "aliasgate"]);
    let mut judged = 0;
    for id in found.expect_ok().out.split_whitespace() {
        let read = |file: &str| cluster.on_node(&["cat", &format!("/proc/{id}/{file}")]);
        if read("cmdline").expect_ok().out.contains("stand-in") {
            continue; // it is part of the tests
        }
        let status = read("status");
        let status: BTreeMap<_, _> = status
            .expect_ok()
            .out
            .lines()
            .filter_map(|line| line.split_once(':'))
            .collect();
        let is = |key: &str| status.get(key).copied().unwrap_or_default().trim();
        assert_eq!(is("Uid").split_whitespace().collect::<Vec<_>>(), [USER; 4]);
        assert_eq!(is("Gid").split_whitespace().collect::<Vec<_>>(), [USER; 4]);
        for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
            assert_eq!(u64::from_str_radix(is(set), 16), Ok(0), "{set}");
        }
        assert_eq!(is("NoNewPrivs"), "1");
        assert_eq!(is("Seccomp"), "2", "a filter");
        let mounts = read("mounts");
        let root = mounts
            .expect_ok()
            .out
            .lines()
            .find(|line| line.split(' ').nth(1) == Some("/"));
        let options = root.and_then(|line| line.split(' ').nth(3)).expect("a root");
        assert!(options.split(',').any(|option| option == "ro"), "{options}");
        judged += 1;
    }
    assert_eq!(judged, pods, "each pod has one process");
}

fn the_namespace_takes_no_other_pods(cluster: &Cluster) {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "free", "namespace": SYSTEM},
        "spec": {"containers": [{"name": "free", "image": "free", "securityContext": {"privileged": true}}]},
    });
    cluster
        .kubectl_with("create --dry-run=server -f -", &pod.to_string())
        .expect_refused()
        .expect_says("violates PodSecurity");
}

fn the_image_is_small(_: &Cluster) {
    let size = env::var("ALIASGATE_KIND_IMAGE_SIZE").expect("tests/kind/run measures it");
    let size: u64 = size.parse().expect("a number");
    println!("the image has {:.1} MB", size as f64 / 1e6);
    if env::var("ALIASGATE_IMAGE_PROFILE").is_ok_and(|profile| profile != "dist") {
        println!("which is not judged: it is not the one that ships");
        return;
    }
    assert!(size < MAX_IMAGE, "{size} bytes");
}
