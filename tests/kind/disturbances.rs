//! What happens to an installation in its life, under load: nothing may fail for it.

use std::{
    env,
    time::{Duration, Instant},
};

use k8s_openapi::api::core::v1::Pod;
use kube::{Api, api::EvictParams};
use serde_json::Value;

use crate::{
    Test,
    cluster::{Cluster, SYSTEM},
    process::wait_for,
    traffic::{CUT, Failure, READERS, Tally, Traffic, list},
};

pub(crate) const TESTS: &[Test] = &[
    ("certificates_rotate_under_load", |cluster| {
        under_load(cluster, rotate)
    }),
    ("webhooks_are_killed_under_load", |cluster| {
        under_load(cluster, kill)
    }),
    (
        "a_killed_proxy_cuts_what_it_carries_and_nothing_else",
        a_killed_proxy_cuts_what_it_carries_and_nothing_else,
    ),
    ("an_upgrade_rolls_under_load", |cluster| {
        under_load(cluster, upgrade)
    }),
    ("all_pods_are_evicted_under_load", |cluster| {
        under_load(cluster, evict)
    }),
    (
        "the_api_server_restarts_under_load",
        the_api_server_restarts_under_load,
    ),
    ("soak", soak),
];

/// How long the disturbances may take to settle.
const PATIENCE: Duration = Duration::from_secs(120);
/// Both Deployments.
const DEPLOYMENTS: [&str; 2] = ["aliasgate-webhook", "aliasgate-proxy"];

fn under_load(cluster: &Cluster, disturb: fn(&Cluster)) {
    let traffic = Traffic::start(cluster);
    disturb(cluster);
    traffic.end().expect_no_failures();
}

/// A new CA and a new certificate, as an admin orders them.
fn rotate(cluster: &Cluster) {
    let secret = format!("secret aliasgate-webhook-tls -n {SYSTEM}");
    let before = cluster.get(&secret)["data"]["tls.crt"].take();
    let bundles = bundles(cluster);
    cluster
        .kubectl(&format!("annotate --overwrite {secret} aliasgate.dev/rotate=ca"))
        .expect_ok();
    patiently("another certificate", || {
        let now = cluster.get(&secret)["data"]["tls.crt"].take();
        if now == before {
            Err("the old one is there".to_owned())
        } else {
            Ok(())
        }
    });
    assert_ne!(
        bundles,
        self::bundles(cluster),
        "the CA of the configurations is the old one"
    );
    settle();
}

/// The `caBundle` of every webhook.
fn bundles(cluster: &Cluster) -> Vec<Value> {
    let all = cluster.get("mutatingwebhookconfiguration,validatingwebhookconfiguration");
    let items = all["items"].as_array().cloned().unwrap_or_default();
    let ours = items
        .iter()
        .filter(|item| item["metadata"]["name"] == "aliasgate");
    let bundle = |webhook: &Value| webhook["clientConfig"]["caBundle"].clone();
    ours.flat_map(|item| item["webhooks"].as_array().into_iter().flatten().map(bundle))
        .collect()
}

/// Every pod of the webhook, one after the other, each with a second to end.
fn kill(cluster: &Cluster) {
    for pod in pods(cluster, DEPLOYMENTS[0]) {
        kill_one(cluster, &pod);
    }
    settle();
}

fn kill_one(cluster: &Cluster, pod: &str) {
    cluster
        .kubectl(&format!("delete pod {pod} -n {SYSTEM} --now"))
        .expect_ok();
    gone(cluster, &[pod.to_owned()]);
}

/// A stream that is under way is cut with the process that carries it, but no other one is.
fn a_killed_proxy_cuts_what_it_carries_and_nothing_else(cluster: &Cluster) {
    let pod = pods(cluster, DEPLOYMENTS[1]).swap_remove(0);
    let traffic = Traffic::start(cluster);
    kill_one(cluster, &pod);
    settle();
    let tally = traffic.end();
    let cut = |failure: &&Failure| failure.why.starts_with(CUT);
    assert!(
        tally.failed_streams.iter().filter(cut).count() <= READERS,
        "{tally}"
    );
    let others = tally.failed_streams.iter().filter(|failure| !cut(failure));
    assert_eq!(others.count() + tally.failed_writes.len(), 0, "{tally}");
}

fn upgrade(cluster: &Cluster) {
    let before = all_pods(cluster);
    for deployment in DEPLOYMENTS {
        cluster
            .kubectl(&format!("rollout restart deployment/{deployment} -n {SYSTEM}"))
            .expect_ok();
    }
    gone(cluster, &before);
}

/// All pods, as a drain of their nodes does it: by the API that PodDisruptionBudgets govern.
fn evict(cluster: &Cluster) {
    let api: Api<Pod> = Api::namespaced(cluster.client.clone(), SYSTEM);
    let before = all_pods(cluster);
    for pod in &before {
        patiently("the leave to evict", || {
            let evicted = cluster.runtime.block_on(api.evict(pod, &EvictParams::default()));
            evicted.map(drop).map_err(|error| error.to_string())
        });
    }
    gone(cluster, &before);
}

/// Its own downtime counts for nothing: writes may fail while it is down, but not for a webhook's sake, and not later.
fn the_api_server_restarts_under_load(cluster: &Cluster) {
    let traffic = Traffic::start(cluster);
    let back = restart_api_server(cluster);
    settle();
    judge_restarts(&traffic.end(), &[back]);
}

/// From when to when the API server was down.
type Downtime = (Instant, Instant);

fn restart_api_server(cluster: &Cluster) -> Downtime {
    let id = || {
        cluster
            .on_node(&["pgrep", "-x", "kube-apiserver"])
            .out
            .trim()
            .to_owned()
    };
    let before = id();
    let start = Instant::now();
    cluster.on_node(&["kill", "-KILL", &before]).expect_ok();
    patiently("another API server", || {
        let now = id();
        if now.is_empty() || now == before {
            Err("there is none".to_owned())
        } else {
            Ok(())
        }
    });
    patiently("an API server that is ready", || {
        let ready = cluster.kubectl("get --raw /readyz");
        if ready.ok { Ok(()) } else { Err(ready.text()) }
    });
    println!("the API server was away for {:?}", start.elapsed());
    (start, Instant::now())
}

fn judge_restarts(tally: &Tally, downtimes: &[Downtime]) {
    println!("{tally}");
    let excused = |failure: &&Failure| {
        // What was under way when it ended failed too.
        let early = Duration::from_secs(1);
        let down = |(from, to): &Downtime| failure.sent + early >= *from && failure.sent <= *to;
        downtimes.iter().any(down) && !failure.why.contains("webhook")
    };
    let rest = tally.failed_writes.iter().filter(|failure| !excused(failure));
    let rest: Vec<_> = rest.chain(&tally.failed_streams).cloned().collect();
    assert!(tally.writes > 0 && rest.is_empty(), "{}", list(&rest));
}

/// All of it again and again for the time in `ALIASGATE_KIND_SOAK`.
fn soak(cluster: &Cluster) {
    let length = env::var("ALIASGATE_KIND_SOAK").unwrap_or_default();
    if length.is_empty() {
        println!("not asked for");
        return;
    }
    let minutes: u64 = length
        .strip_suffix('m')
        .and_then(|number| number.parse().ok())
        .expect("minutes, such as 5m");
    let (start, length) = (Instant::now(), Duration::from_secs(minutes * 60));
    let traffic = Traffic::start(cluster);
    let (mut downtimes, mut rounds) = (Vec::new(), 0);
    while start.elapsed() < length {
        for disturb in [rotate, kill, upgrade, evict] {
            disturb(cluster);
        }
        downtimes.push(restart_api_server(cluster));
        rounds += 1;
    }
    settle();
    println!("{rounds} rounds in {:?}", start.elapsed());
    judge_restarts(&traffic.end(), &downtimes);
}

fn pods(cluster: &Cluster, deployment: &str) -> Vec<String> {
    let component = deployment.trim_start_matches("aliasgate-");
    cluster.names(&format!(
        "pods -n {SYSTEM} -l app.kubernetes.io/component={component}"
    ))
}

fn all_pods(cluster: &Cluster) -> Vec<String> {
    DEPLOYMENTS
        .iter()
        .flat_map(|deployment| pods(cluster, deployment))
        .collect()
}

/// Waits until these pods have ended and others are ready in their place.
fn gone(cluster: &Cluster, before: &[String]) {
    patiently("the end of the pods", || {
        let now = all_pods(cluster);
        match now.iter().any(|pod| before.contains(pod)) {
            true => Err(now.join(" ")),
            false => Ok(()),
        }
    });
    for deployment in DEPLOYMENTS {
        cluster.rolled_out(SYSTEM, deployment);
    }
}

/// Lets the traffic go on for a while after the last change.
fn settle() {
    std::thread::sleep(Duration::from_secs(5));
}

/// [`wait_for`] with more time and longer pauses, for what takes seconds.
fn patiently<T>(what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let start = Instant::now();
    wait_for(what, || {
        let mut found = look();
        while found.is_err() && start.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(250));
            found = look();
        }
        found
    })
}
