//! What `serve --cluster` writes about what is stored, with the rights of the manifests and no others.

use std::{
    env,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use serde_json::{Value, json};

use crate::{
    Test, World,
    cluster::{Cluster, Namespace},
    crds,
    follower::{Follower, exchange},
    process::wait_for,
    webhook::backend,
};

#[rustfmt::skip]
pub(crate) const TESTS: &[Test] = &[
    ("replicas_tell_as_one_of_what_was_stored_before_them", replicas_tell_as_one_of_what_was_stored_before_them),
    ("reports_follow_the_api_that_is_there", reports_follow_the_api_that_is_there),
    ("a_missing_right_is_said_once_and_waited_for", a_missing_right_is_said_once_and_waited_for),
    ("a_flood_of_faults_does_not_become_one_of_events", a_flood_of_faults_does_not_become_one_of_events),
    ("the_status_of_catalogs_is_kept", the_status_of_catalogs_is_kept),
    ("what_a_provider_lists_is_stored_and_asked_for_once", what_a_provider_lists_is_stored_and_asked_for_once),
];

/// A cluster without webhooks, and the rights of the webhook's ServiceAccount.
struct Audited {
    cluster: Cluster,
    kubeconfig: PathBuf,
}

impl Audited {
    fn new(world: &World) -> Self {
        let cluster = Cluster::start(world.cluster.tools());
        crds::install(&cluster);
        cluster
            .kubectl(&["create", "namespace", "aliasgate-system"])
            .expect_ok();
        apply(&cluster, "manifests/base/rbac-webhook.yaml");
        let account = [
            "create",
            "serviceaccount",
            "aliasgate-webhook",
            "--namespace=aliasgate-system",
        ];
        drop(cluster.kubectl(&account)); // it may be part of the manifest
        let kubeconfig = cluster.kubeconfig_of("aliasgate-system", "aliasgate-webhook");
        Self { cluster, kubeconfig }
    }

    fn replica(&self, more: &[&str]) -> Follower {
        Follower::webhook(&self.kubeconfig, more).ready()
    }

    /// The report of `namespace` that is found under `kind`.
    fn report(&self, kind: &str, namespace: &str) -> Option<Value> {
        let get = [
            "get",
            kind,
            "aliasgate",
            "-o",
            "json",
            "--ignore-not-found",
            "-n",
            namespace,
        ];
        let said = self.cluster.kubectl(&get);
        (said.ok && !said.out.is_empty()).then(|| said.json())
    }

    /// Waits until there is such a report and it is `right`.
    fn wait_for_report(&self, kind: &str, namespace: &str, right: impl Fn(&Value) -> bool) -> Value {
        wait_for("a report", || {
            let report = self.report(kind, namespace);
            match report {
                Some(report) if right(&report) => Ok(report),
                other => Err(format!("{other:?}")),
            }
        })
    }

    fn wait_for_no_report(&self, kind: &str, namespace: &str) {
        wait_for("the end of a report", || match self.report(kind, namespace) {
            None => Ok(()),
            Some(report) => Err(report.to_string()),
        });
    }

    /// The Events of aliasgate in `namespace`.
    fn events(&self, namespace: &str) -> Vec<Value> {
        let get = ["get", "events.events.k8s.io", "-o", "json", "-n", namespace];
        let all = self.cluster.kubectl(&get).expect_ok().json();
        let mut all = all["items"].as_array().expect("a list").clone();
        all.retain(|event| event["reportingController"] == "aliasgate.dev/audit");
        all
    }

    fn catalog(&self, name: &str, spec: &Value) {
        let catalog = json!({
            "apiVersion": "aliasgate.dev/v1alpha1", "kind": "ModelCatalog", "metadata": {"name": name}, "spec": spec,
        });
        self.cluster.apply(&catalog.to_string());
    }

    /// Waits until the status of the catalog `name` is `right`.
    fn wait_for_status(&self, name: &str, right: impl Fn(&Value) -> bool) -> Value {
        wait_for("a status", || {
            let said = self.cluster.kubectl(&["get", "mcat", name, "-o", "json"]);
            let status = if said.ok {
                said.json()["status"].clone()
            } else {
                Value::Null
            };
            if right(&status) {
                Ok(status)
            } else {
                Err(format!("{status} {}", said.err))
            }
        })
    }
}

fn apply(cluster: &Cluster, path: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    cluster
        .kubectl(&["apply", "-f", &path.display().to_string()])
        .expect_ok();
}

/// Installs the CRDs of reports of one group: `openreports` or `wgpolicy`.
fn install_reports(cluster: &Cluster, group: &str, kind: &str) {
    let crds = env::var("ALIASGATE_REPORT_CRDS").unwrap_or_else(|_| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/apiserver/report-crds");
        let output = Command::new(script).output().expect("the script runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
    });
    cluster
        .kubectl(&["apply", "--server-side", "-f", &format!("{crds}/{group}")])
        .expect_ok();
    wait_for(kind, || {
        let said = cluster.kubectl(&["get", kind]);
        if said.ok { Ok(()) } else { Err(said.text()) }
    });
}

/// The value of a metric, by its name and labels as they are written.
fn metric(replica: &Follower, name: &str) -> f64 {
    let (_, text) = replica.ask("/metrics", None);
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok());
    value.unwrap_or(0.0)
}

/// Waits until the metric is `right`.
fn wait_for_metric(replica: &Follower, name: &str, right: impl Fn(f64) -> bool) {
    wait_for(name, || {
        let value = metric(replica, name);
        if right(value) {
            Ok(())
        } else {
            Err(value.to_string())
        }
    });
}

const REPORTS: &str = "reports.openreports.io";
const AUDITS: &str = "aliasgate_audits_total";

fn typo(name: &str) -> String {
    backend(name, &json!({"smart": "gpt-4-turbbo"}))
}

fn replicas_tell_as_one_of_what_was_stored_before_them(world: &World) {
    let audited = Audited::new(world);
    install_reports(&audited.cluster, "openreports", REPORTS);
    let team = audited.cluster.namespace("team");
    team.apply("typo.json", &typo("chat")).expect_ok();
    let first = audited.replica(&[]);

    let report = audited.wait_for_report(REPORTS, &team.name, |_| true);
    assert_eq!(
        report["summary"],
        json!({"error": 0, "fail": 1, "pass": 0, "skip": 0, "warn": 0})
    );
    let row = &report["results"][0];
    assert_eq!(row["rule"], "alias-target-misspelt");
    assert_eq!(
        row["resources"][0]["uid"],
        team.get("agbe/chat")["metadata"]["uid"]
    );
    let found = format!(
        "aliasgate_findings{{code=\"alias-target-misspelt\",severity=\"error\",namespace=\"{}\"}}",
        team.name
    );
    wait_for_metric(&first, &found, |count| count == 1.0);
    let told = |count: usize| {
        wait_for("Events", || {
            let events = audited.events(&team.name);
            if events.len() == count {
                Ok(events)
            } else {
                Err(format!("{events:?}"))
            }
        })
    };
    let event = &told(1)[0];
    assert_eq!(event["regarding"]["name"], "chat");
    team.kubectl("describe agbe chat").expect_says("AliasErrors");

    // A second one changes nothing, and neither does another look at everything.
    let second = audited.replica(&[]);
    let both = [&first, &second];
    for replica in both {
        wait_for_metric(replica, AUDITS, |audits| audits >= 1.0);
    }
    wait_for_metric(&second, "aliasgate_events_total{result=\"known\"}", |known| {
        known == 1.0
    });
    let version = |report: &Value| report["metadata"]["resourceVersion"].clone();
    let settled = audited.report(REPORTS, &team.name).expect("a report");

    assert_eq!(version(&settled), version(&report));
    let audits = both.map(|replica| metric(replica, AUDITS));
    team.apply("good.json", &backend("good", &json!({"smart": "gpt-5.4"})))
        .expect_ok();
    for (replica, audits) in both.iter().zip(audits) {
        wait_for_metric(replica, AUDITS, |now| now > audits);
    }
    let again = audited.report(REPORTS, &team.name).expect("a report");
    assert_eq!(version(&again), version(&report));
    told(1);

    // New findings are a new Event; a report that is deleted comes back; a fixed object is told of no more.
    team.apply(
        "typo.json",
        &backend("chat", &json!({"smart": "gpt-4-turbbo", "fast": "gpt-4-turbbo"})),
    )
    .expect_ok();
    told(2);
    audited.wait_for_report(REPORTS, &team.name, |report| report["summary"]["fail"] == 2);
    team.kubectl("delete reports.openreports.io aliasgate")
        .expect_ok();
    audited.wait_for_report(REPORTS, &team.name, |_| true);
    team.apply("typo.json", &backend("chat", &json!({"smart": "gpt-5.4"})))
        .expect_ok();
    audited.wait_for_no_report(REPORTS, &team.name);
    wait_for_metric(&first, &found, |count| count == 0.0);
    assert_eq!(told(2).len(), 2);
}

fn reports_follow_the_api_that_is_there(world: &World) {
    const FORMER: &str = "policyreports.wgpolicyk8s.io";
    let audited = Audited::new(world);
    let team = audited.cluster.namespace("team");
    team.apply("typo.json", &typo("chat")).expect_ok();
    let replica = audited.replica(&[]);
    wait_for_metric(&replica, AUDITS, |audits| audits >= 1.0);
    wait_for("the log", || {
        let log = replica.process.log();
        if log.matches("no API for reports is there").count() == 1 {
            Ok(())
        } else {
            Err(log)
        }
    });

    install_reports(&audited.cluster, "wgpolicy", FORMER);
    let report = audited.wait_for_report(FORMER, &team.name, |_| true);
    assert_eq!(report["results"][0]["rule"], "alias-target-misspelt");
    audited.catalog(
        "broken",
        &json!({"provider": "openai", "families": [{"pattern": "("}]}),
    );
    let cluster = audited.wait_for_report("clusterpolicyreports.wgpolicyk8s.io", "default", |_| true);
    assert_eq!(cluster["results"][0]["rule"], "catalog-invalid");

    install_reports(&audited.cluster, "openreports", REPORTS);
    audited.wait_for_report(REPORTS, &team.name, |_| true);
    audited.wait_for_report("clusterreports.openreports.io", "default", |_| true);
    audited.wait_for_no_report(FORMER, &team.name);
    assert!(
        !replica.process.log().contains("cannot write"),
        "{}",
        replica.process.log()
    );
}

fn a_missing_right_is_said_once_and_waited_for(world: &World) {
    let audited = Audited::new(world);
    install_reports(&audited.cluster, "openreports", REPORTS);
    let role = ["get", "clusterrole", "aliasgate-webhook", "-o", "json"];
    let mut role = audited.cluster.kubectl(&role).expect_ok().json();
    let metadata = json!({"name": "aliasgate-webhook"});
    role["metadata"] = metadata;
    let whole = role.clone();
    let rules = role["rules"].as_array_mut().expect("a list");
    rules.retain(|rule| {
        rule["apiGroups"] != json!(["openreports.io"]) && rule["apiGroups"] != json!(["events.k8s.io"])
    });
    let replace = |role: &Value| {
        audited
            .cluster
            .kubectl_with(&["replace", "-f", "-"], &role.to_string())
    };
    replace(&role).expect_ok();

    let team = audited.cluster.namespace("team");
    team.apply("typo.json", &typo("chat")).expect_ok();
    let replica = audited.replica(&[]);
    let said = |part: &str| replica.process.log().matches(part).count();
    let rights = [
        "cannot write reports, and goes on without",
        "cannot write Events, and goes on without",
    ];
    wait_for_metric(&replica, "aliasgate_events_total{result=\"failed\"}", |failed| {
        failed >= 3.0
    });
    assert_eq!(rights.map(said), [1, 1], "{}", replica.process.log());

    replace(&whole).expect_ok();
    audited.wait_for_report(REPORTS, &team.name, |_| true);
    wait_for("Events", || {
        if audited.events(&team.name).len() == 1 {
            Ok(())
        } else {
            Err(String::new())
        }
    });
    assert_eq!(rights.map(said), [1, 1], "{}", replica.process.log());
}

fn a_flood_of_faults_does_not_become_one_of_events(world: &World) {
    const MANY: usize = 3_000;
    /// As many Events as there can be at once, and those of the minutes that this test may take.
    const FEW: usize = 80;
    let audited = Audited::new(world);
    install_reports(&audited.cluster, "openreports", REPORTS);
    let team = audited.cluster.namespace("team");
    store(&audited.cluster, &team, MANY);
    let replicas = [audited.replica(&[]), audited.replica(&[])];
    let report = audited.wait_for_report(REPORTS, &team.name, |report| report["summary"]["fail"] == MANY);
    assert_eq!(report["results"].as_array().expect("a list").len(), 501);
    assert!(report.to_string().len() < 600 * 1024);
    for replica in &replicas {
        wait_for_metric(
            replica,
            "aliasgate_events_total{result=\"withheld\"}",
            |withheld| withheld as usize >= MANY - FEW,
        );
    }
    let events = audited.events(&team.name).len();
    assert!((1..=FEW).contains(&events), "{events}");
}

/// Stores so many backends with one fault each.
fn store(cluster: &Cluster, team: &Namespace<'_>, many: usize) {
    const WRITERS: usize = 4;
    let (_proxy, port) = cluster.proxy();
    let path = format!(
        "/apis/agentgateway.dev/v1alpha1/namespaces/{}/agentgatewaybackends",
        team.name
    );
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let path = path.as_str();
            scope.spawn(move || {
                for at in (writer..many).step_by(WRITERS) {
                    let object = serde_json::from_str(&typo(&format!("b-{at:04}"))).expect("JSON");
                    let stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
                    let (status, answer) = exchange(stream, path, Some(&object));
                    assert_eq!(status, 201, "{answer}");
                }
            });
        }
    });
}

fn the_status_of_catalogs_is_kept(world: &World) {
    let audited = Audited::new(world);
    let of = |successor: &str| {
        let model = json!({"id": "gpt-4", "lifecycle": {"successor": successor}});
        json!({"provider": "openai", "models": [model]})
    };
    audited.catalog("first", &of("gpt-4o"));
    audited.catalog("second", &of("gpt-5"));
    let replicas = [audited.replica(&[]), audited.replica(&[])];
    let is = |status: &Value, kind: &str, value: &str| {
        let conditions = status["conditions"].as_array();
        conditions.is_some_and(|all| {
            all.iter()
                .any(|one| one["type"] == kind && one["status"] == value)
        })
    };
    let first = audited.wait_for_status("first", |status| is(status, "Accepted", "True"));
    assert_eq!((&first["models"], &first["conflicts"]), (&json!(1), &json!(0)));
    let second = audited.wait_for_status("second", |status| is(status, "Conflicted", "True"));
    assert_eq!(second["conflicts"], 1);
    audited
        .cluster
        .kubectl(&["get", "mcat", "second"])
        .expect_says("CONFLICTS");

    // What cannot be read is said, though its last version goes on to count.
    audited.catalog(
        "second",
        &json!({"provider": "openai", "families": [{"pattern": "("}]}),
    );
    let refused = audited.wait_for_status("second", |status| is(status, "Accepted", "False"));
    assert_eq!(refused["observedGeneration"], 2);
    assert_eq!(refused.get("models"), None);
    audited.catalog("second", &of("gpt-4o"));
    audited.wait_for_status("second", |status| {
        is(status, "Accepted", "True") && is(status, "Conflicted", "False")
    });

    // Nothing is written once all is said.
    let version = || {
        audited
            .cluster
            .kubectl(&[
                "get",
                "mcat",
                "-o",
                "jsonpath={.items[*].metadata.resourceVersion}",
            ])
            .expect_ok()
            .out
            .clone()
    };
    let settled = wait_for("calm", || {
        let audits = || {
            replicas
                .iter()
                .map(|replica| metric(replica, AUDITS))
                .sum::<f64>()
        };
        let (before, seen) = (version(), audits());
        let team = audited.cluster.namespace("calm");
        team.apply("good.json", &backend("good", &json!({"smart": "gpt-5.4"})))
            .expect_ok();
        for replica in &replicas {
            let own = metric(replica, AUDITS);
            wait_for_metric(replica, AUDITS, |now| now > own || audits() >= seen + 2.0);
        }
        let now = version();
        if before == now {
            Ok(now)
        } else {
            Err(format!("{before} {now}"))
        }
    });
    assert!(!settled.is_empty());
}

fn what_a_provider_lists_is_stored_and_asked_for_once(world: &World) {
    let audited = Audited::new(world);
    apply(&audited.cluster, "manifests/components/discovery/rbac.yaml");
    let asked = Arc::new(AtomicUsize::new(0));
    let port = list_server(Arc::clone(&asked));
    let base = format!("--discover-base-url=openai=http://127.0.0.1:{port}");
    // Any variable that is set does for a key.
    let flags = ["--discover=openai", "--discover-key-env=KUBECONFIG", &base];
    let first = audited.replica(&flags);
    let status = audited.wait_for_status("live-openai", |status| status["lastDiscovery"].is_string());
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    let stored = audited
        .cluster
        .kubectl(&["get", "mcat", "live-openai", "-o", "json"])
        .expect_ok()
        .json();
    assert_eq!(
        stored["metadata"]["labels"],
        json!({"aliasgate.dev/source": "live"})
    );
    let ids: Vec<_> = stored["spec"]["models"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|model| &model["id"])
        .collect();
    assert_eq!(ids, ["gpt-4o", "gpt-6-luna"]);
    audited.wait_for_status("live-openai", |status| {
        status["models"] == 2 && status["lastDiscovery"].is_string()
    });

    let second = audited.replica(&flags);
    let seen = "aliasgate_discovery_timestamp_seconds{provider=\"openai\"}";
    for replica in [&first, &second] {
        wait_for_metric(replica, seen, |at| at > 0.0);
        assert_eq!(
            metric(replica, "aliasgate_discovery_failures_total{provider=\"openai\"}"),
            0.0
        );
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);

    // Without it, the list is asked for again.
    audited
        .cluster
        .kubectl(&["delete", "mcat", "live-openai"])
        .expect_ok();
    audited.wait_for_status("live-openai", |again| {
        again["lastDiscovery"].is_string() && again["lastDiscovery"] != status["lastDiscovery"]
    });

    // A provider that does not answer is counted, and what is there stays.
    let base = "--discover-base-url=http://127.0.0.1:9";
    let third = audited.replica(&["--discover=mistral", "--discover-key-env=KUBECONFIG", base]);
    wait_for_metric(
        &third,
        "aliasgate_discovery_failures_total{provider=\"mistral\"}",
        |count| count == 1.0,
    );
    assert!(
        third.process.log().contains("cannot renew the live catalog"),
        "{}",
        third.process.log()
    );
    audited
        .cluster
        .kubectl(&["get", "mcat", "live-openai"])
        .expect_ok();
}

/// A server that lists two models to all who ask with a key, and counts them; its port.
fn list_server(asked: Arc<AtomicUsize>) -> u16 {
    const LIST: &str = r#"{"object": "list", "data": [{"id": "gpt-4o"}, {"id": "gpt-6-luna"}]}"#;
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                head.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&head).to_lowercase();
            let status = if head.contains("authorization: bearer ") {
                "200 OK"
            } else {
                "401 Unauthorized"
            };
            asked.fetch_add(1, Ordering::Relaxed);
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{LIST}",
                LIST.len()
            );
            drop(stream.write_all(answer.as_bytes()));
        }
    });
    port
}
