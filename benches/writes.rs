//! What both webhooks add to a write, as a client sees it: creates on a real kube-apiserver in a namespace that the
//! webhooks see and in one that they do not, in turns.
//!
//! ```sh
//! ALIASGATE_KUBE_TOOLS=$(tests/apiserver/build-tools) cargo bench --bench writes
//! ```

#![expect(
    clippy::panic,
    clippy::print_stdout,
    reason = "it prints what it measures, and gives up where it cannot"
)]

#[expect(dead_code, reason = "shared with the tests, which use more of it")]
#[path = "../tests/apiserver/certs.rs"]
mod certs;
#[expect(dead_code, reason = "shared with the tests, which use more of it")]
#[path = "../tests/apiserver/cluster.rs"]
mod cluster;
#[expect(dead_code, reason = "shared with the tests, which use more of it")]
#[path = "../tests/apiserver/process.rs"]
mod process;
#[expect(dead_code, reason = "shared with the tests, which use more of it")]
#[path = "../tests/apiserver/said.rs"]
mod said;
#[expect(dead_code, reason = "shared with the tests, which use more of it")]
#[path = "../tests/apiserver/webhook.rs"]
mod webhook;

use std::{
    env,
    error::Error,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use kube::{
    Api, Client, Config,
    api::{DynamicObject, PostParams},
    config::{KubeConfigOptions, Kubeconfig},
    core::{ApiResource, GroupVersionKind},
};
use serde_json::json;

use cluster::Cluster;
use process::wait_for;
use webhook::Webhook;

/// Writes to each namespace; the first tenth is not counted.
const WRITES: usize = 3_000;
/// Seen by the webhooks, and exempt from them.
const NAMESPACES: [&str; 2] = ["default", "kube-system"];

fn main() -> Result<(), Box<dyn Error>> {
    let Some(tools) = env::var_os("ALIASGATE_KUBE_TOOLS").map(PathBuf::from) else {
        return Err(
            "ALIASGATE_KUBE_TOOLS is not set; tests/apiserver/build-tools prints what it should be".into(),
        );
    };
    let cluster = Cluster::start(&tools);
    let crds = Path::new(env!("CARGO_MANIFEST_DIR")).join("crds");
    // A folder may hold other files besides; each CRD is waited for.
    cluster.kubectl(&["apply", "--recursive", "--filename", &crds.display().to_string()]);
    wait_for("the CRD of backends", || {
        let said = cluster.kubectl(&["get", "agentgatewaybackends"]);
        if said.ok { Ok(()) } else { Err(said.text()) }
    });
    let webhook = Webhook::start();
    webhook.register(&cluster);
    cluster
        .kubectl(&["create", "serviceaccount", "writer"])
        .expect_ok();
    let role = ["--clusterrole=cluster-admin", "--serviceaccount=default:writer"];
    cluster
        .kubectl(&["create", "clusterrolebinding", "writer", role[0], role[1]])
        .expect_ok();
    let kubeconfig = cluster.kubeconfig_of("default", "writer");

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut times = runtime.block_on(write(&kubeconfig))?;
    for (namespace, times) in NAMESPACES.iter().zip(&mut times) {
        times.sort_unstable();
        println!("{namespace:<12} p50 {:?}  p99 {:?}", at(times, 50), at(times, 99));
    }
    println!(
        "both webhooks add {:?} to the p50",
        at(&times[0], 50).saturating_sub(at(&times[1], 50))
    );
    Ok(())
}

/// Creates backends in both namespaces in turns over one connection.
async fn write(kubeconfig: &Path) -> Result<[Vec<Duration>; 2], Box<dyn Error>> {
    let kubeconfig = Kubeconfig::read_from(kubeconfig)?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    let client = Client::try_from(config)?;
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(
        "agentgateway.dev",
        "v1alpha1",
        "AgentgatewayBackend",
    ));
    let apis = NAMESPACES.map(|name| Api::<DynamicObject>::namespaced_with(client.clone(), name, &resource));
    let mut times = [Vec::new(), Vec::new()];
    for number in 0..WRITES {
        let backend: DynamicObject = serde_json::from_value(json!({
            "apiVersion": "agentgateway.dev/v1alpha1",
            "kind": "AgentgatewayBackend",
            "metadata": {"name": format!("backend-{number}")},
            "spec": {
                "ai": {"provider": {"openai": {}}},
                "policies": {"ai": {"modelAliases": {"fast": "gpt-5.4-mini", "smart": "gpt-5.4"}}},
            },
        }))?;
        for (api, times) in apis.iter().zip(&mut times) {
            let start = Instant::now();
            api.create(&PostParams::default(), &backend).await?;
            if number >= WRITES / 10 {
                times.push(start.elapsed());
            }
        }
    }
    Ok(times)
}

/// A percentile of sorted times.
fn at(times: &[Duration], percent: usize) -> Duration {
    times[(times.len() - 1) * percent / 100]
}
