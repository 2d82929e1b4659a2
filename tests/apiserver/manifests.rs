//! What is in `manifests/` can be applied, and does in a cluster what it should.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{
    Test, World,
    cluster::Cluster,
    manifests_checks::{
        consistency,
        objects::{Objects, arguments, list, text},
        queries,
    },
    process::{Process, wait_for},
    said::Said,
    webhook::backend,
};

#[rustfmt::skip]
pub(crate) const TESTS: &[Test] = &[
    ("every_overlay_fits_together_and_fits_the_program", every_overlay_fits_together_and_fits_the_program),
    ("every_overlay_passes_a_server_side_dry_run", every_overlay_passes_a_server_side_dry_run),
    ("all_components_can_be_combined", all_components_can_be_combined),
    ("audit_only_refuses_nothing_and_changes_nothing", audit_only_refuses_nothing_and_changes_nothing),
    ("webhook_only_leaves_nothing_of_the_proxy", webhook_only_leaves_nothing_of_the_proxy),
    ("pods_are_let_into_a_restricted_namespace", pods_are_let_into_a_restricted_namespace),
    ("applying_again_keeps_what_the_webhook_filled_in", applying_again_keeps_what_the_webhook_filled_in),
    ("before_the_webhook_runs_only_its_kinds_wait", before_the_webhook_runs_only_its_kinds_wait),
    ("accounts_may_do_what_they_must_and_nothing_else", accounts_may_do_what_they_must_and_nothing_else),
    ("the_webhook_runs_by_its_manifest_with_the_rights_of_its_account", the_webhook_runs_by_its_manifest_with_the_rights_of_its_account),
    ("the_api_server_counts_what_alerts_ask_it_for", the_api_server_counts_what_alerts_ask_it_for),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests")
}

/// A kustomization, as kubectl prints it.
fn rendered(cluster: &Cluster, folder: &Path) -> String {
    let said = cluster.kubectl(&["kustomize", &folder.display().to_string()]);
    said.expect_ok();
    assert_eq!(said.err, "", "a warning of kustomize");
    said.out
}

/// The base and every overlay, by name.
fn all(cluster: &Cluster) -> Vec<(String, String)> {
    let overlays = fs::read_dir(root().join("overlays")).expect("readable");
    let mut folders: Vec<_> = overlays.map(|entry| entry.expect("readable").path()).collect();
    folders.push(root().join("base"));
    folders.sort();
    let name = |folder: &PathBuf| folder.file_name().expect("a name").display().to_string();
    folders
        .iter()
        .map(|folder| (name(folder), rendered(cluster, folder)))
        .collect()
}

fn overlay(world: &World, name: &str) -> Objects {
    Objects::read(&rendered(&world.cluster, &root().join("overlays").join(name)))
}

fn base(world: &World) -> Objects {
    Objects::read(&rendered(&world.cluster, &root().join("base")))
}

fn every_overlay_fits_together_and_fits_the_program(world: &World) {
    let all = all(&world.cluster);
    assert_eq!(all.len(), 6);
    for (name, yaml) in all {
        println!("checking {name}"); // shown when a check fails
        for check in consistency::CHECKS {
            check(&Objects::read(&yaml));
        }
    }
}

/// Objects of kinds whose CRDs are not there cannot be tried; that is said.
fn every_overlay_passes_a_server_side_dry_run(world: &World) {
    let cluster = &world.cluster;
    let others = ["cert-manager.io/", "monitoring.coreos.com/"];
    let there = env::var_os("ALIASGATE_OTHER_CRDS").map(PathBuf::from);
    if let Some(folder) = &there {
        install(cluster, folder);
    } else {
        println!("SKIPPED: objects of {others:?}: ALIASGATE_OTHER_CRDS is not set; ./tests/run sets it");
    }
    // A dry run does not make the namespace that the rest lies in, and the real one has a Service for these tests.
    let namespace = cluster.namespace("dry").name;
    for (name, yaml) in all(cluster) {
        let objects = Objects::read(&yaml.replace("aliasgate-system", &namespace));
        let foreign = |object: &&Value| {
            let version = text(&object["apiVersion"]);
            others.iter().any(|group| version.starts_with(group))
        };
        let tried: Vec<_> = objects
            .all()
            .filter(|object| there.is_some() || !foreign(object))
            .collect();
        let list = json!({"apiVersion": "v1", "kind": "List", "items": tried});
        let said = cluster.kubectl_with(
            &["apply", "--dry-run=server", "--validate=strict", "-f", "-"],
            &list.to_string(),
        );
        said.expect_ok();
        let unexpected = said
            .warnings()
            .into_iter()
            .find(|warning| !warning.contains("last-applied-configuration"));
        assert_eq!(unexpected, None, "{name}");
        assert_eq!(said.out.lines().count(), tried.len(), "{name}: {}", said.out);
    }
}

/// Installs the CRDs of others in `folder`, and waits until they can be used.
fn install(cluster: &Cluster, folder: &Path) {
    let path = folder.display().to_string();
    cluster
        .kubectl(&["apply", "--server-side", "-f", &path])
        .expect_ok();
    for plural in [
        "issuers",
        "certificates",
        "servicemonitors",
        "podmonitors",
        "prometheusrules",
    ] {
        wait_for(plural, || {
            let said = cluster.kubectl(&["get", plural]);
            if said.ok { Ok(()) } else { Err(said.text()) }
        });
    }
}

fn all_components_can_be_combined(world: &World) {
    // kustomize wants relative paths, and folders outside its own are fine.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let up = "../".repeat(folder.path().canonicalize().expect("a path").components().count() - 1);
    let manifests = format!("{up}{}", root().display().to_string().trim_start_matches('/'));
    let components = [
        "cert-manager",
        "standalone",
        "audit-only",
        "discovery",
        "monitoring",
        "webhook-only",
    ];
    let kustomization = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
        "resources": [format!("{manifests}/base")],
        "components": components.map(|name| format!("{manifests}/components/{name}")),
    });
    let mut there: Vec<_> = fs::read_dir(root().join("components"))
        .expect("readable")
        .map(|entry| entry.expect("readable").file_name().into_string().expect("UTF-8"))
        .collect();
    there.sort();
    let mut named = components.to_vec();
    named.sort_unstable();
    assert_eq!(named, there);
    fs::write(
        folder.path().join("kustomization.yaml"),
        kustomization.to_string(),
    )
    .expect("writable");
    let objects = Objects::read(&rendered(&world.cluster, folder.path()));
    for check in consistency::CHECKS {
        check(&objects);
    }
    // What is generated of the dashboard is what Grafana reads.
    let dashboard = &objects.one("ConfigMap")["data"]["dashboard.json"];
    let dashboard: Value = serde_json::from_str(text(dashboard)).expect("JSON");
    assert!(!list(&dashboard["panels"]).is_empty());
    assert!(
        objects.of("PodMonitor").next().is_none(),
        "there is no proxy to look at"
    );
}

fn audit_only_refuses_nothing_and_changes_nothing(world: &World) {
    let objects = overlay(world, "audit-only");
    assert_eq!(objects.one("MutatingWebhookConfiguration")["webhooks"], json!([]));
    let validating = &objects.one("ValidatingWebhookConfiguration")["webhooks"];
    assert_eq!(validating[0]["failurePolicy"], "Ignore");
    for deployment in objects.of("Deployment") {
        let flags = &deployment["spec"]["template"]["spec"]["containers"][0]["args"];
        assert!(
            flags
                .as_array()
                .expect("a list")
                .contains(&json!("--enforcement=warn"))
        );
    }
}

fn webhook_only_leaves_nothing_of_the_proxy(world: &World) {
    let objects = overlay(world, "webhook-only");
    for object in objects.all() {
        assert!(!object.to_string().contains("proxy"), "{object}");
    }
    assert!(objects.of("Deployment").next().is_some());
}

/// The pods of every overlay; and that the namespace is one that does refuse.
fn pods_are_let_into_a_restricted_namespace(world: &World) {
    let namespace = world.cluster.namespace("restricted");
    let labels = base(world).one("Namespace")["metadata"]["labels"].clone();
    let labels = json!({"metadata": {"labels": labels}}).to_string();
    let patch = [
        "patch",
        "namespace",
        &namespace.name,
        "--type=merge",
        "-p",
        &labels,
    ];
    world.cluster.kubectl(&patch).expect_ok();
    let create = |deployment: &Value| -> Said {
        let template = &deployment["spec"]["template"];
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": template["spec"],
        });
        namespace.file("pod.json", &pod.to_string());
        namespace.kubectl("create --dry-run=server --validate=strict -f pod.json")
    };
    for (_, yaml) in all(&world.cluster) {
        for deployment in Objects::read(&yaml).of("Deployment") {
            let said = create(deployment);
            said.expect_ok();
            assert_eq!(said.err, "");
        }
    }
    let base = base(world);
    for field in ["runAsNonRoot", "seccompProfile"] {
        let mut lax = base.of("Deployment").next().expect("a Deployment").clone();
        lax["spec"]["template"]["spec"]["securityContext"][field] = Value::Null;
        create(&lax)
            .expect_refused()
            .expect_says("violates PodSecurity \"restricted:latest\"")
            .expect_says(field);
    }
}

/// A registration of its own, which calls nobody: its name and the only namespace that it looks at are `name`.
fn registration(world: &World, name: &str) -> Value {
    let mut configuration = base(world).one("ValidatingWebhookConfiguration").clone();
    configuration["metadata"]["name"] = name.into();
    let webhook = &mut configuration["webhooks"][0];
    webhook["clientConfig"]["service"]["name"] = "not-there".into();
    webhook["namespaceSelector"] = json!({"matchLabels": {"kubernetes.io/metadata.name": name}});
    configuration
}

fn applying_again_keeps_what_the_webhook_filled_in(world: &World) {
    let cluster = &world.cluster;
    let uid = cluster
        .kubectl(&["get", "namespace", "default", "-o", "jsonpath={.metadata.uid}"])
        .out;
    for (name, flags) in [
        ("filled-in-by-client", &["--server-side=false"][..]),
        (
            "filled-in-by-server",
            &["--server-side", "--field-manager=admin"][..],
        ),
    ] {
        let manifest = registration(world, name).to_string();
        let apply = || {
            let args = [&["apply"], flags, &["-f", "-"]].concat();
            cluster.kubectl_with(&args, &manifest).expect_ok();
        };
        let kind = "validatingwebhookconfiguration";
        let get = || {
            cluster
                .kubectl(&["get", kind, name, "-o", "json"])
                .expect_ok()
                .json()
        };
        apply();
        let filled = json!([
            {"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg=="},
            {"op": "add", "path": "/metadata/ownerReferences", "value": [
                {"apiVersion": "v1", "kind": "Namespace", "name": "default", "uid": uid},
            ]},
        ]);
        let patch = ["patch", kind, name, "--type=json", "-p", &filled.to_string()];
        cluster.kubectl(&patch).expect_ok();
        let before = get();
        assert!(before["webhooks"][0]["clientConfig"]["caBundle"].is_string());
        apply();
        let after = get();
        assert_eq!(after["webhooks"], before["webhooks"], "{name}");
        assert_eq!(after["metadata"]["ownerReferences"][0]["uid"], json!(uid));
        cluster.kubectl(&["delete", kind, name]).expect_ok();
    }
}

/// With a registration whose webhook is not there yet, everything else can be made, and everything can be deleted.
fn before_the_webhook_runs_only_its_kinds_wait(world: &World) {
    let namespace = world.cluster.namespace("early");
    let stored = backend("stored", &json!({"fast": "gpt-4o"}));
    namespace.apply("stored.json", &stored).expect_ok();
    world
        .cluster
        .apply(&registration(world, &namespace.name).to_string());
    let new = backend("new", &json!({"fast": "gpt-4o"}));
    namespace.file("new.json", &new);
    wait_for("the registration", || {
        let said = namespace.kubectl("create --dry-run=server -f new.json");
        if said.err.contains("service \"not-there\" not found") {
            Ok(())
        } else {
            Err(said.text())
        }
    });
    for other in [
        "create configmap x",
        "create deployment x --image=x",
        "create serviceaccount x",
        "delete agbe stored",
    ] {
        namespace.kubectl(other).expect_ok();
    }
    let kind = "validatingwebhookconfiguration";
    world
        .cluster
        .kubectl(&["delete", kind, &namespace.name])
        .expect_ok();
    wait_for("the end of the registration", || {
        let said = namespace.kubectl("create --dry-run=server -f new.json");
        if said.ok { Ok(()) } else { Err(said.text()) }
    });
}

/// What is asked of the API server: a verb, a resource as `GROUP/PLURAL[/SUBRESOURCE]`, a namespace and a name.
type Ask = (&'static str, &'static str, &'static str, &'static str);

/// Our own namespace, and one of somebody else.
const OWN: &str = "aliasgate-system";
const OTHER: &str = "default";

#[rustfmt::skip]
const WEBHOOK_MAY: &[Ask] = &[
    ("list",   "agentgateway.dev/agentgatewaybackends", "", ""),
    ("watch",  "agentgateway.dev/agentgatewaypolicies", "", ""),
    ("watch",  "gateway.networking.k8s.io/httproutes", "", ""),
    ("watch",  "/namespaces", "", ""),
    ("watch",  "aliasgate.dev/modelcatalogs", "", ""),
    ("patch",  "aliasgate.dev/modelcatalogs/status", "", "any"),
    ("create", "openreports.io/reports", OTHER, ""),
    ("patch",  "openreports.io/reports", OTHER, "aliasgate"),
    ("delete", "wgpolicyk8s.io/policyreports", OTHER, "aliasgate"),
    ("create", "events.k8s.io/events", OTHER, ""),
    ("get",    "/namespaces", OWN, OWN),
    ("get",    "/secrets", OWN, "aliasgate-webhook-tls"),
    ("update", "/secrets", OWN, "aliasgate-webhook-tls"),
    ("create", "/secrets", OWN, ""),
    ("patch",  "admissionregistration.k8s.io/validatingwebhookconfigurations", "", "aliasgate"),
    ("patch",  "admissionregistration.k8s.io/mutatingwebhookconfigurations", "", "aliasgate"),
];

#[rustfmt::skip]
const PROXY_MAY: &[Ask] = &[
    ("list",   "agentgateway.dev/agentgatewaybackends", "", ""),
    ("watch",  "agentgateway.dev/agentgatewaypolicies", "", ""),
    ("watch",  "gateway.networking.k8s.io/httproutes", "", ""),
    ("watch",  "/namespaces", "", ""),
    ("watch",  "aliasgate.dev/modelcatalogs", "", ""),
];

/// What neither may.
#[rustfmt::skip]
const NOBODY_MAY: &[Ask] = &[
    ("get",    "/secrets", OWN, "another"),
    ("list",   "/secrets", OWN, ""),
    ("delete", "/secrets", OWN, "aliasgate-webhook-tls"),
    ("get",    "/secrets", OTHER, "aliasgate-webhook-tls"),
    ("create", "/secrets", OTHER, ""),
    ("list",   "/secrets", "", ""),
    ("get",    "/configmaps", OWN, "any"),
    ("list",   "/configmaps", "", ""),
    ("create", "agentgateway.dev/agentgatewaybackends", OTHER, ""),
    ("update", "agentgateway.dev/agentgatewaybackends", OTHER, "any"),
    ("patch",  "agentgateway.dev/agentgatewaybackends", OTHER, "any"),
    ("delete", "agentgateway.dev/agentgatewaybackends", OTHER, "any"),
    ("patch",  "agentgateway.dev/agentgatewaybackends/status", OTHER, "any"),
    ("patch",  "agentgateway.dev/agentgatewaypolicies", OTHER, "any"),
    ("create", "aliasgate.dev/modelcatalogs", "", ""),
    ("patch",  "aliasgate.dev/modelcatalogs", "", "any"),
    ("delete", "aliasgate.dev/modelcatalogs", "", "any"),
    ("patch",  "openreports.io/reports", OTHER, "another"),
    ("delete", "wgpolicyk8s.io/clusterpolicyreports", "", "another"),
    ("patch",  "admissionregistration.k8s.io/validatingwebhookconfigurations", "", "another"),
    ("create", "admissionregistration.k8s.io/mutatingwebhookconfigurations", "", ""),
    ("delete", "admissionregistration.k8s.io/mutatingwebhookconfigurations", "", "another"),
    ("list",   "admissionregistration.k8s.io/validatingwebhookconfigurations", "", ""),
    ("create", "/pods", OWN, ""),
    ("create", "/pods/exec", OWN, "any"),
    ("get",    "/pods", OWN, "any"),
    ("patch",  "apps/deployments", OWN, "aliasgate-webhook"),
    ("create", "/serviceaccounts/token", OWN, "aliasgate-webhook"),
    ("impersonate", "/users", "", "any"),
    ("impersonate", "/serviceaccounts", OTHER, "default"),
    ("impersonate", "/groups", "", "system:masters"),
    ("bind",   "rbac.authorization.k8s.io/clusterroles", "", "cluster-admin"),
    ("escalate", "rbac.authorization.k8s.io/clusterroles", "", "any"),
    ("create", "rbac.authorization.k8s.io/rolebindings", OWN, ""),
    ("get",    "/nodes", "", "any"),
    ("get",    "/namespaces", OTHER, OTHER),
    ("patch",  "/namespaces", "", OTHER),
    ("patch",  "apiextensions.k8s.io/customresourcedefinitions", "", "any"),
];

/// Gives the accounts of the base their rights.
fn grant(world: &World) {
    let rights = [
        "ServiceAccount",
        "ClusterRole",
        "ClusterRoleBinding",
        "Role",
        "RoleBinding",
    ];
    let base = base(world);
    let items: Vec<_> = base
        .all()
        .filter(|object| rights.contains(&text(&object["kind"])))
        .collect();
    world
        .cluster
        .apply(&json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string());
}

fn accounts_may_do_what_they_must_and_nothing_else(world: &World) {
    grant(world);
    let others = WEBHOOK_MAY.iter().filter(|ask| !PROXY_MAY.contains(ask)).copied();
    for (account, may, may_not) in [
        ("aliasgate-webhook", WEBHOOK_MAY, NOBODY_MAY.to_vec()),
        (
            "aliasgate-proxy",
            PROXY_MAY,
            NOBODY_MAY.iter().copied().chain(others).collect(),
        ),
    ] {
        wait_for("the rights", || {
            let wrong: Vec<_> = answers(&world.cluster, account, may)
                .into_iter()
                .filter(|(_, may)| !may)
                .collect();
            if wrong.is_empty() {
                Ok(())
            } else {
                Err(format!("{account} may not {wrong:?}"))
            }
        });
        let wrong: Vec<_> = answers(&world.cluster, account, &may_not)
            .into_iter()
            .filter(|(_, may)| *may)
            .collect();
        assert!(wrong.is_empty(), "{account} may {wrong:?}");
    }
}

/// What `kubectl auth can-i` would say, for many at once.
fn answers(cluster: &Cluster, account: &str, asks: &[Ask]) -> Vec<(Ask, bool)> {
    let review = |(verb, resource, namespace, name): &Ask| {
        let (group, resource) = resource.split_once('/').expect("a group, or none");
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": {
                "user": format!("system:serviceaccount:{OWN}:{account}"),
                "groups": ["system:serviceaccounts", format!("system:serviceaccounts:{OWN}"), "system:authenticated"],
                "resourceAttributes": {
                    "verb": verb, "group": group, "resource": resource, "subresource": subresource,
                    "namespace": namespace, "name": name,
                },
            },
        })
    };
    let input: String = asks.iter().map(|ask| format!("---\n{}\n", review(ask))).collect();
    let said = cluster.kubectl_with(&["create", "-f", "-", "-o", "json"], &input);
    let documents = serde_json::Deserializer::from_str(&said.expect_ok().out).into_iter::<Value>();
    let answers = documents.map(|document| document.expect("kubectl prints JSON"));
    let answers: Vec<_> = answers
        .map(|review| review["status"]["allowed"].as_bool().expect("an answer"))
        .collect();
    assert_eq!(answers.len(), asks.len());
    asks.iter().copied().zip(answers).collect()
}

/// With its arguments and the token of its ServiceAccount; only the address is another one. What it counts then is what
/// alerts and dashboard ask for.
fn the_webhook_runs_by_its_manifest_with_the_rights_of_its_account(world: &World) {
    grant(world);
    let cluster = &world.cluster;
    // The namespace is exempt, so nothing refuses it; only the audit sees it.
    let faulty = backend("stored", &json!({"fast": "gpt-*"}));
    cluster.enter(OWN).apply("faulty.json", &faulty).expect_ok();
    let objects = overlay(world, "monitoring");
    let running = Running::start(world, objects.named("Deployment", &json!("aliasgate-webhook")));

    for configuration in ["validatingwebhookconfiguration", "mutatingwebhookconfiguration"] {
        wait_for("the CA in the registration", || {
            let path = "jsonpath={.webhooks[0].clientConfig.caBundle}";
            let bundle = cluster.kubectl(&["get", configuration, "aliasgate", "-o", path]);
            // Another webhook of these tests has its CA there too.
            let ours = unbase64(&bundle.expect_ok().out).contains(running.ca.trim());
            if ours { Ok(()) } else { Err(running.process.log()) }
        });
    }
    let uid = cluster
        .kubectl(&["get", "namespace", OWN, "-o", "jsonpath={.metadata.uid}"])
        .out;
    for configuration in ["validatingwebhookconfiguration", "mutatingwebhookconfiguration"] {
        wait_for("the owner of the registration", || {
            let found = cluster
                .kubectl(&["get", configuration, "aliasgate", "-o", "json"])
                .expect_ok()
                .json();
            let owner = json!({"apiVersion": "v1", "kind": "Namespace", "name": OWN, "uid": uid});
            let owners = &found["metadata"]["ownerReferences"];
            if *owners == json!([owner]) {
                Ok(())
            } else {
                Err(format!("{owners}{}", running.process.log()))
            }
        });
    }
    wait_for("readiness", || {
        let said = running.ask(world, "/readyz?verbose");
        if said.ok {
            Ok(())
        } else {
            Err(format!("{}{}", said.text(), running.process.log()))
        }
    });
    let page = wait_for("the audit", || {
        let page = running.ask(world, "/metrics").expect_ok().out.clone();
        if page.contains("aliasgate_findings{") {
            Ok(page)
        } else {
            Err(running.process.log())
        }
    });
    let dashboard = text(&objects.one("ConfigMap")["data"]["dashboard.json"]);
    let mut asked = queries::of_alerts(&objects);
    asked.extend(queries::of_dashboard(
        &serde_json::from_str(dashboard).expect("JSON"),
    ));
    let rare_or_of_the_proxy = |name: &str| {
        let parts = [
            "admission_",
            "watch_errors",
            "discovery_timestamp_seconds",
            "proxy_",
        ];
        parts
            .iter()
            .any(|part| name.starts_with(&format!("aliasgate_{part}")))
    };
    queries::ask_for_what_there_is(&asked, &queries::samples(&page), rare_or_of_the_proxy);
    let log = running.process.log();
    assert!(!log.contains("orbidden"), "a right is missing: {log}");
    cluster.enter(OWN).kubectl("delete agbe stored").expect_ok();
}

/// The program as a Deployment runs it.
struct Running {
    process: Process,
    address: String,
    ca: String,
    folder: tempfile::TempDir,
}

impl Running {
    fn start(world: &World, deployment: &Value) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let account = text(&deployment["spec"]["template"]["spec"]["serviceAccountName"]);
        let config = world.cluster.kubeconfig_of(OWN, account);
        let mut args = vec![
            format!("KUBECONFIG={}", config.display()),
            env!("CARGO_BIN_EXE_aliasgate").to_owned(),
        ];
        args.extend(arguments(deployment).into_iter().map(|argument| match argument {
            "--listen=0.0.0.0:8443" => "--listen=127.0.0.1:0".to_owned(),
            other => other.to_owned(),
        }));
        let mut process = Process::start(Path::new("env"), &args, folder.path().join("serve.log"));
        let address = wait_for("the webhook", || {
            process.expect_alive();
            let log = process.log();
            let line = log.lines().find_map(|line| line.strip_prefix("listening on "));
            line.map(str::to_owned).ok_or_else(|| log.clone())
        });
        let ca = wait_for("the CA in the Secret", || {
            let path = "jsonpath={.data.ca\\.crt}";
            let get = ["get", "secret", "-n", OWN, "aliasgate-webhook-tls", "-o", path];
            let said = world.cluster.kubectl(&get);
            if said.ok && !said.out.is_empty() {
                Ok(unbase64(&said.out))
            } else {
                Err(format!("{}{}", said.text(), process.log()))
            }
        });
        fs::write(folder.path().join("ca.crt"), &ca).expect("writable");
        Self {
            process,
            address,
            ca,
            folder,
        }
    }

    /// What it answers to GET. kubectl is as good a client of HTTPS as any.
    fn ask(&self, world: &World, path: &str) -> Said {
        let ca = self.folder.path().join("ca.crt").display().to_string();
        world.cluster.kubectl(&[
            "get",
            "--raw",
            path,
            "--server",
            &self.address,
            "--certificate-authority",
            &ca,
            "--tls-server-name=aliasgate-webhook.aliasgate-system.svc",
        ])
    }
}

/// What base64 stands for, where that is text.
fn unbase64(text: &str) -> String {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let digits: Vec<u8> = text.bytes().filter_map(value).collect();
    let bytes = digits.chunks(4).flat_map(|group| {
        let bits = group
            .iter()
            .fold(0_u32, |bits, digit| bits << 6 | u32::from(*digit))
            << (6 * (4 - group.len()));
        bits.to_be_bytes()[1..group.len()].to_vec()
    });
    String::from_utf8(bytes.collect()).expect("text")
}

fn the_api_server_counts_what_alerts_ask_it_for(world: &World) {
    let namespace = world.cluster.namespace("counted");
    namespace
        .apply("x.json", &backend("x", &json!({"fast": ""})))
        .expect_refused();
    let page = world
        .cluster
        .kubectl(&["get", "--raw", "/metrics"])
        .expect_ok()
        .out
        .clone();
    let samples = queries::samples(&page);
    let labels = samples
        .get("apiserver_admission_webhook_rejection_count")
        .expect("counted");
    let expected = ["error_type", "name", "operation", "rejection_code", "type"];
    assert!(labels.iter().map(String::as_str).eq(expected), "{labels:?}");
    assert!(
        page.contains("name=\"check.aliasgate.dev\""),
        "the name that the alert looks for"
    );
}
