//! A webhook that follows a real kube-apiserver with 10,000 backends of 10 aliases: its memory, the time that a new
//! snapshot takes, and the time until a changed ModelCatalog is in force.
//!
//! ```sh
//! ALIASGATE_KUBE_TOOLS=$(tests/apiserver/build-tools) cargo bench --bench watches
//! ```
//!
//! Linux only: memory and CPU time come from /proc.

#![expect(
    clippy::panic,
    clippy::print_stdout,
    reason = "it prints what it measures, and gives up where it cannot"
)]

#[expect(dead_code, reason = "shared with the tests, which use more of it")]
#[path = "../tests/apiserver/cluster.rs"]
mod cluster;
#[expect(dead_code, reason = "shared with the tests, which use more of it")]
#[path = "../tests/apiserver/follower.rs"]
mod follower;
#[path = "../tests/apiserver/process.rs"]
mod process;
#[expect(dead_code, reason = "shared with the tests, which use more of it")]
#[path = "../tests/apiserver/said.rs"]
mod said;

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, stream};
use kube::{
    Api, Client, Config,
    api::{DynamicObject, PostParams},
    config::{KubeConfigOptions, Kubeconfig},
    core::{ApiResource, GroupVersionKind},
};
use serde_json::{Value, json};

use cluster::Cluster;
use follower::Follower;
use process::wait_for;

const BACKENDS: usize = 10_000;
const ALIASES: usize = 10;
/// Listed and live on the day that the webhook takes for today.
const TARGETS: [&str; 4] = ["gpt-5.4", "gpt-5.4-mini", "gpt-5.2", "gpt-5.5"];
/// Requests at a time while the backends are made.
const AT_ONCE: usize = 16;
/// Changes of the ModelCatalog.
const CHANGES: usize = 20;
/// In which Linux counts CPU time, a second.
const TICKS: f64 = 100.0;

fn main() -> Result<(), Box<dyn Error>> {
    let Some(tools) = env::var_os("ALIASGATE_KUBE_TOOLS").map(PathBuf::from) else {
        return Err(
            "ALIASGATE_KUBE_TOOLS is not set; tests/apiserver/build-tools prints what it should be".into(),
        );
    };
    let cluster = Cluster::start(&tools);
    prepare(&cluster);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let start = Instant::now();
    runtime.block_on(fill(&kubeconfig(&cluster, "writer")))?;
    println!(
        "{BACKENDS} backends of {ALIASES} aliases made in {:?}",
        start.elapsed()
    );

    for (name, more) in [
        ("without the audit", &["--no-audit"][..]),
        ("with the audit", &[]),
    ] {
        let start = Instant::now();
        let webhook = Follower::webhook(&kubeconfig(&cluster, "reader"), more).ready();
        println!("\n{name}: ready after {:?}", start.elapsed());
        if more.is_empty() {
            audited(&webhook, 1);
        }
        print_process(&webhook, "at rest")?;
        let mut times: Vec<_> = (0..CHANGES)
            .map(|number| in_force(&cluster, &webhook, number))
            .collect();
        times.sort_unstable();
        let (median, slowest) = (times[CHANGES / 2], times[CHANGES - 1]);
        println!(
            "a changed ModelCatalog is in force {median:?} after kubectl has ended, {slowest:?} at most"
        );
        let (count, sum) = (
            metric(&webhook, "aliasgate_snapshot_rebuild_seconds_count"),
            metric(&webhook, "aliasgate_snapshot_rebuild_seconds_sum"),
        );
        println!(
            "{count} snapshots, {:?} for each",
            Duration::from_secs_f64(sum / count)
        );
        print_process(&webhook, &format!("after {CHANGES} changes"))?;
    }
    Ok(())
}

/// The CRDs, and two accounts that may do anything.
fn prepare(cluster: &Cluster) {
    let crds = Path::new(env!("CARGO_MANIFEST_DIR")).join("crds");
    // A folder may hold other files besides; each CRD is waited for.
    cluster.kubectl(&["apply", "--recursive", "--filename", &crds.display().to_string()]);
    for kind in ["agentgatewaybackends", "modelcatalogs"] {
        wait_for(kind, || {
            let said = cluster.kubectl(&["get", kind]);
            if said.ok { Ok(()) } else { Err(said.text()) }
        });
    }
    for name in ["writer", "reader"] {
        let account = format!("--serviceaccount=default:{name}");
        cluster.kubectl(&["create", "serviceaccount", name]).expect_ok();
        cluster
            .kubectl(&[
                "create",
                "clusterrolebinding",
                name,
                "--clusterrole=cluster-admin",
                &account,
            ])
            .expect_ok();
    }
}

fn kubeconfig(cluster: &Cluster, account: &str) -> PathBuf {
    cluster.kubeconfig_of("default", account)
}

/// Makes the backends.
async fn fill(kubeconfig: &Path) -> Result<(), Box<dyn Error>> {
    let _installed = aliasgate::tls::provider();
    let kubeconfig = Kubeconfig::read_from(kubeconfig)?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    let kind = GroupVersionKind::gvk("agentgateway.dev", "v1alpha1", "AgentgatewayBackend");
    let api = Api::<DynamicObject>::namespaced_with(
        Client::try_from(config)?,
        "default",
        &ApiResource::from_gvk(&kind),
    );
    let all = stream::iter(0..BACKENDS).map(|number| {
        let api = api.clone();
        async move {
            let backend = serde_json::from_value(backend(&format!("backend-{number}"), None));
            let backend: DynamicObject = backend.map_err(kube::Error::SerdeError)?;
            api.create(&PostParams::default(), &backend).await
        }
    });
    let mut made = all.buffer_unordered(AT_ONCE);
    while let Some(one) = made.next().await {
        one?;
    }
    Ok(())
}

/// A backend without faults, or with one alias for `target`.
fn backend(name: &str, target: Option<&str>) -> Value {
    let aliases: serde_json::Map<_, _> = match target {
        Some(target) => [("fast".to_owned(), json!(target))].into_iter().collect(),
        None => (0..ALIASES)
            .map(|at| (format!("alias-{at}"), json!(TARGETS[at % TARGETS.len()])))
            .collect(),
    };
    json!({
        "apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayBackend", "metadata": {"name": name},
        "spec": {"ai": {"provider": {"openai": {}}}, "policies": {"ai": {"modelAliases": aliases}}},
    })
}

/// Changes the ModelCatalog, and measures until the webhook says so.
fn in_force(cluster: &Cluster, webhook: &Follower, number: usize) -> Duration {
    let reason = format!("reason {} of {number}", std::process::id());
    let catalog = json!({
        "apiVersion": "aliasgate.dev/v1alpha1", "kind": "ModelCatalog", "metadata": {"name": "openai"},
        "spec": {"provider": "openai", "deny": [{"match": "gpt-4o", "reason": reason}]},
    });
    cluster.apply(&catalog.to_string());
    let start = Instant::now();
    webhook.judges("default", &backend("x", Some("gpt-4o")), &reason, true);
    start.elapsed()
}

/// Waits for so many audits.
fn audited(webhook: &Follower, times: u32) {
    wait_for("the audit", || {
        let audits = metric(webhook, "aliasgate_audits_total");
        if audits >= f64::from(times) {
            Ok(())
        } else {
            Err(format!("{audits} audits"))
        }
    });
}

/// The value of a metric without labels; 0 where it is not there.
fn metric(webhook: &Follower, name: &str) -> f64 {
    let (_, text) = webhook.ask("/metrics", None);
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.and_then(|value| value.parse().ok()).unwrap_or_default()
}

/// Prints memory and the CPU time so far.
fn print_process(webhook: &Follower, when: &str) -> Result<(), Box<dyn Error>> {
    let id = webhook.process.id();
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let mebibytes = |field: &str| -> Option<u64> {
        let line = status.lines().find(|line| line.starts_with(field))?;
        Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
    };
    let (now, peak) = (mebibytes("VmRSS:").unwrap_or(0), mebibytes("VmHWM:").unwrap_or(0));
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = |at: usize| after_name.split_whitespace().nth(at)?.parse::<f64>().ok();
    let cpu = (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / TICKS;
    println!("{when}: {now} MiB resident, {peak} MiB at most, {cpu:.2} s of CPU");
    Ok(())
}
