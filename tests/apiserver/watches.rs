//! Webhook and proxy that follow a cluster, with the rights of the manifests and no others.

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::Once,
    thread,
};

use serde_json::{Value, json};

use crate::{
    Test, World,
    cluster::{Cluster, Namespace},
    crds,
    follower::{Follower, connect, exchange},
    process::wait_for,
    webhook::backend,
};

#[rustfmt::skip]
pub(crate) const TESTS: &[Test] = &[
    ("policies_are_judged_by_the_backends_of_the_cluster", policies_are_judged_by_the_backends_of_the_cluster),
    ("a_changed_catalog_is_in_force", a_changed_catalog_is_in_force),
    ("the_label_of_a_namespace_takes_effect", the_label_of_a_namespace_takes_effect),
    ("a_configmap_is_a_catalog", a_configmap_is_a_catalog),
    ("a_missing_right_is_named_and_waited_for", a_missing_right_is_named_and_waited_for),
    ("kinds_that_come_later_are_taken_up", kinds_that_come_later_are_taken_up),
    ("an_outage_of_the_api_server_keeps_the_last_snapshot", an_outage_of_the_api_server_keeps_the_last_snapshot),
    ("the_proxy_gets_secrets_where_it_has_the_right", the_proxy_gets_secrets_where_it_has_the_right),
];

/// Both ServiceAccounts and their rights, as the manifests have them.
fn grant(cluster: &Cluster) {
    for name in ["aliasgate-webhook", "aliasgate-proxy"] {
        let metadata = json!({"name": name, "namespace": "aliasgate-system"});
        cluster
            .apply(&json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}).to_string());
    }
    for file in ["rbac-webhook.yaml", "rbac-proxy.yaml"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("manifests/base")
            .join(file);
        cluster
            .kubectl(&["apply", "-f", &path.display().to_string()])
            .expect_ok();
    }
}

/// A kubeconfig of a ServiceAccount of the manifests.
fn account(world: &World, name: &str) -> PathBuf {
    static GRANTED: Once = Once::new();
    GRANTED.call_once(|| grant(&world.cluster));
    world.cluster.kubeconfig_of("aliasgate-system", name)
}

fn object(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// A policy on the backend `x` that no backend but one of Anthropic can have.
fn policy() -> Value {
    json!({
        "apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayPolicy", "metadata": {"name": "p"},
        "spec": {
            "targetRefs": [{"group": "agentgateway.dev", "kind": "AgentgatewayBackend", "name": "x"}],
            "backend": {"ai": {"modelAliases": {"fast": "gpt-4o"}}},
        },
    })
}

/// A backend of Anthropic.
fn anthropic() -> String {
    json!({
        "apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayBackend", "metadata": {"name": "x"},
        "spec": {"ai": {"provider": {"anthropic": {}}}},
    })
    .to_string()
}

/// Said of [`policy`] where there is the backend of [`anthropic`].
const WRONG: &str = "alias-target-wrong-provider";

fn policies_are_judged_by_the_backends_of_the_cluster(world: &World) {
    let namespace = world.cluster.namespace("watched");
    let webhook = Follower::webhook(&account(world, "aliasgate-webhook"), &[]).ready();
    let before = webhook.review(&namespace.name, &policy());
    assert!(!before.contains(WRONG), "{before}");
    namespace.apply("x.json", &anthropic()).expect_ok();
    webhook.judges(&namespace.name, &policy(), WRONG, true);
    // One that starts later lists what is there.
    let second = Follower::webhook(&account(world, "aliasgate-webhook"), &[]).ready();
    let listed = second.review(&namespace.name, &policy());
    assert!(listed.contains(WRONG), "{listed}");
    namespace.kubectl("delete agbe x").expect_ok();
    webhook.judges(&namespace.name, &policy(), WRONG, false);
    let (_, metrics) = webhook.ask("/metrics", None);
    assert!(
        metrics.contains("aliasgate_snapshot_rebuild_seconds_count"),
        "{metrics}"
    );
}

fn catalog(namespace: &str, denied: &str) -> String {
    json!({
        "apiVersion": "aliasgate.dev/v1alpha1", "kind": "ModelCatalog", "metadata": {"name": format!("of-{namespace}")},
        "spec": {
            "provider": "openai", "selector": {"namespaces": [namespace]},
            "deny": [{"match": denied, "reason": "too dear"}],
        },
    })
    .to_string()
}

fn a_changed_catalog_is_in_force(world: &World) {
    let namespace = world.cluster.namespace("catalog");
    let webhook = Follower::webhook(&account(world, "aliasgate-webhook"), &[]).ready();
    let dear = object(&backend("a", &json!({"smart": "gpt-4-turbo"})));
    assert!(!webhook.review(&namespace.name, &dear).contains("too dear"));
    namespace
        .apply("c.json", &catalog(&namespace.name, "gpt-4-turbo"))
        .expect_ok();
    webhook.judges(&namespace.name, &dear, "too dear", true);
    namespace
        .apply("c.json", &catalog(&namespace.name, "gpt-4o"))
        .expect_ok();
    webhook.judges(&namespace.name, &dear, "too dear", false);
    namespace
        .kubectl(&format!("delete mcat of-{}", namespace.name))
        .expect_ok();
}

fn the_label_of_a_namespace_takes_effect(world: &World) {
    let namespace = world.cluster.namespace("label");
    let webhook = Follower::webhook(&account(world, "aliasgate-webhook"), &[]).ready();
    let faulty = object(&backend("a", &json!({"smart": "gpt-4-turbbo"})));
    webhook.judges(&namespace.name, &faulty, "\"allowed\":false", true);
    let label = [
        "label",
        "namespace",
        &namespace.name,
        "aliasgate.dev/enforcement=warn",
    ];
    world.cluster.kubectl(&label).expect_ok();
    webhook.judges(&namespace.name, &faulty, "\"allowed\":true", true);
}

fn a_configmap_is_a_catalog(world: &World) {
    let namespace = world.cluster.namespace("configmap");
    let name = format!("{}/costs", namespace.name);
    let webhook = Follower::webhook(
        &account(world, "aliasgate-webhook"),
        &["--catalog-configmap", &name],
    );
    let missing = webhook.notes("cannot list resource \"configmaps\"");
    assert!(missing.contains(&format!("ConfigMap {name}")), "{missing}");
    namespace
        .kubectl("create role costs --verb=list,watch --resource=configmaps --resource-name=costs")
        .expect_ok();
    namespace
        .kubectl("create rolebinding costs --role=costs --serviceaccount=aliasgate-system:aliasgate-webhook")
        .expect_ok();
    let webhook = webhook.ready();
    webhook.notes("not there");
    let new = object(&backend("a", &json!({"smart": "gpt-9-nova"})));
    let unlisted = "alias-target-unknown";
    assert!(webhook.review(&namespace.name, &new).contains(unlisted));
    let text = r#"{"providers": {"openai": {"models": {"gpt-9-nova": {}}}}}"#;
    namespace
        .file("catalog.json", text)
        .kubectl("create configmap costs --from-file=catalog.json")
        .expect_ok();
    webhook.judges(&namespace.name, &new, unlisted, false);
    // What cannot be read leaves what could be.
    let broken = r#"{"data": {"catalog.json": "{"}}"#;
    namespace
        .run(
            &["patch", "configmap", "costs", "--type=merge", "-p", broken],
            &[],
        )
        .expect_ok();
    webhook.notes("cannot import");
    assert!(!webhook.review(&namespace.name, &new).contains(unlisted));
    namespace.kubectl("delete configmap costs").expect_ok();
    webhook.judges(&namespace.name, &new, unlisted, true);
}

fn a_missing_right_is_named_and_waited_for(world: &World) {
    let namespace = world.cluster.namespace("rights");
    namespace.kubectl("create serviceaccount nobody").expect_ok();
    let kubeconfig = world.cluster.kubeconfig_of(&namespace.name, "nobody");
    let webhook = Follower::webhook(&kubeconfig, &[]);
    let said =
        webhook.notes("cannot list resource \"agentgatewaybackends\" in API group \"agentgateway.dev\"");
    assert!(said.contains("[-]snapshot failed"), "{said}");
    let (_, metrics) = webhook.ask("/metrics", None);
    assert!(
        metrics.contains("aliasgate_watch_errors_total{kind=\"Namespace\"}"),
        "{metrics}"
    );
    account(world, "aliasgate-webhook");
    let subject = format!("--serviceaccount={}:nobody", namespace.name);
    let binding = [
        "create",
        "clusterrolebinding",
        &namespace.name,
        "--clusterrole=aliasgate-webhook",
        &subject,
    ];
    world.cluster.kubectl(&binding).expect_ok();
    webhook.ready().notes("agentgateway.dev/v1alpha1");
}

/// A cluster of its own, without any CRD, and the kubeconfig of the webhook.
fn own(world: &World) -> (Cluster, PathBuf) {
    let cluster = Cluster::start(world.cluster.tools());
    cluster
        .kubectl(&["create", "namespace", "aliasgate-system"])
        .expect_ok();
    grant(&cluster);
    let kubeconfig = cluster.kubeconfig_of("aliasgate-system", "aliasgate-webhook");
    (cluster, kubeconfig)
}

fn kinds_that_come_later_are_taken_up(world: &World) {
    let (cluster, kubeconfig) = own(world);
    let webhook = Follower::webhook(&kubeconfig, &[]).ready();
    let notes = webhook.notes("ModelCatalog: the cluster has no such kind; waiting for its CRD");
    assert_eq!(notes.matches("waiting for its CRD").count(), 4, "{notes}");
    crds::install(&cluster);
    let namespace = cluster.namespace("late");
    namespace.apply("x.json", &anthropic()).expect_ok();
    webhook.judges(&namespace.name, &policy(), WRONG, true);
    // Each kind is found in its own time.
    for kind in ["AgentgatewayPolicy", "ModelCatalog", "HTTPRoute"] {
        webhook.notes(&format!("{kind}: 0 of "));
    }

    serve_as(&cluster, BACKENDS, "v1beta1");
    webhook.notes("AgentgatewayBackend: 1 of agentgateway.dev/v1beta1");
    assert!(webhook.review(&namespace.name, &policy()).contains(WRONG));
    assert_eq!(webhook.process.log().matches("has no such kind").count(), 4);

    cluster.kubectl(&["delete", "crd", BACKENDS]).expect_ok();
    webhook.judges(&namespace.name, &policy(), WRONG, false);
    webhook.notes("AgentgatewayBackend: the cluster has no such kind");
    assert!(webhook.ask("/readyz", None).0 == 200);
}

/// The CRD of backends.
const BACKENDS: &str = "agentgatewaybackends.agentgateway.dev";

/// Lets the API server serve the objects of a CRD in a newer version, and in no other.
fn serve_as(cluster: &Cluster, crd: &str, version: &str) {
    let mut object = cluster
        .kubectl(&["get", "crd", crd, "-o", "json"])
        .expect_ok()
        .json();
    let versions = object["spec"]["versions"].as_array_mut().expect("versions");
    let mut newer = versions[0].clone();
    newer["name"] = version.into();
    (versions[0]["served"], versions[0]["storage"]) = (false.into(), false.into());
    versions.push(newer);
    cluster
        .kubectl_with(&["replace", "-f", "-"], &object.to_string())
        .expect_ok();
}

fn an_outage_of_the_api_server_keeps_the_last_snapshot(world: &World) {
    let (mut cluster, kubeconfig) = own(world);
    crds::install(&cluster);
    let name = {
        let namespace = cluster.namespace("outage");
        namespace.apply("x.json", &anthropic()).expect_ok();
        namespace.name.clone()
    };
    let webhook = Follower::webhook(&kubeconfig, &[]).ready();
    webhook.judges(&name, &policy(), WRONG, true);

    cluster.stop_apiserver();
    webhook.notes("AgentgatewayBackend: 1 kept as they were; cannot reach the API server");
    assert!(webhook.review(&name, &policy()).contains(WRONG));
    assert_eq!(webhook.ask("/readyz", None).0, 200);
    // Another one starts all the same, and is not ready before it knows the cluster.
    let second = Follower::webhook(&kubeconfig, &[]);
    let said = second.notes("cannot reach the API server");
    assert!(said.contains("[-]snapshot failed"), "{said}");
    cluster.start_apiserver();
    webhook.notes("AgentgatewayBackend: 1 of agentgateway.dev/v1alpha1");
    assert!(webhook.review(&name, &policy()).contains(WRONG));
    let second = second.ready();
    assert!(second.review(&name, &policy()).contains(WRONG));

    // What is deleted while it does not look, and then forgotten by an API server that has started anew, can only be
    // seen by a new list.
    webhook.signal("STOP");
    delete(&cluster.enter(&name));
    cluster.stop_apiserver();
    cluster.start_apiserver();
    webhook.signal("CONT");
    webhook.judges(&name, &policy(), WRONG, false);
    webhook.notes("AgentgatewayBackend: 0 of agentgateway.dev/v1alpha1");
    let log = webhook.process.log();
    assert!(log.contains("the API server says 410"), "{log}");
    // An API server that starts does not say of any kind that it has none.
    assert!(!log.contains("has no such kind"), "{log}");
}

fn delete(namespace: &Namespace<'_>) {
    namespace.kubectl("delete agbe x").expect_ok();
}

/// A provider on this machine that answers with the credential it was shown and the model it was asked for.
fn provider() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream));
        }
    });
    port
}

fn answer(mut stream: TcpStream) {
    let (mut seen, mut part) = (String::new(), [0; 4096]);
    // The model is the last thing of the body that is asked for here.
    while !seen.contains("\"model\":") || !seen.trim_end().ends_with('}') {
        match stream.read(&mut part) {
            Ok(read) if read > 0 => seen.push_str(&String::from_utf8_lossy(&part[..read])),
            _ => return,
        }
    }
    let (head, body) = seen.split_once("\r\n\r\n").unwrap_or_default();
    let key = head.lines().find_map(|line| {
        line.split_once(": ")
            .filter(|(name, _)| name.eq_ignore_ascii_case("authorization"))
    });
    let model = serde_json::from_str::<Value>(body).map(|body| body["model"].clone());
    let body = json!({"key": key.map(|(_, key)| key), "model": model.unwrap_or_default()}).to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    drop(stream.write_all(format!("{head}{body}").as_bytes()));
}

fn the_proxy_gets_secrets_where_it_has_the_right(world: &World) {
    let namespace = world.cluster.namespace("secrets");
    let own_path = format!("/{}", namespace.name);
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/seed");
    let read = |name: &str| {
        let text = fs::read_to_string(example.join(name)).expect("the example is there");
        text.replace("  namespace: default\n", "")
    };
    let host = format!(
        "openai: {{}}\n      host: 127.0.0.1\n      port: {}\n",
        provider()
    );
    let openai = read("openai.yaml").replace("openai: {}\n", &host);
    namespace.apply("openai.yaml", &openai).expect_ok();
    // Other tests have routes for the paths of the example.
    let routes = read("routes.yaml").replace("value: /openai", &format!("value: {own_path}"));
    namespace.apply("routes.yaml", &routes).expect_ok();
    let secret = "create secret generic openai-secret --from-literal=Authorization=sk-in-the-cluster";
    namespace.kubectl(secret).expect_ok();

    let proxy = Follower::proxy(&account(world, "aliasgate-proxy")).ready();
    let ask = || {
        let body = json!({"messages": [], "model": "fast"});
        exchange(connect(proxy.port), &own_path, Some(&body))
    };
    let (status, refused) = ask();
    assert_eq!(status, 503, "{refused}");
    let of_secret = format!(
        "Secret {}/openai-secret may not be read; give the right with: kubectl ",
        namespace.name
    );
    let notes = proxy.notes(&of_secret);
    let command = notes
        .lines()
        .find_map(|line| line.split_once(&of_secret).map(|(_, command)| command))
        .expect("a command");
    world
        .cluster
        .kubectl(&command.split(' ').collect::<Vec<_>>())
        .expect_ok();
    let answered = wait_for("an answer with the Secret", || match ask() {
        (200, answer) => Ok(answer),
        (_, refused) => Err(refused),
    });
    assert!(answered.contains("Bearer sk-in-the-cluster"), "{answered}");
    assert!(answered.contains("gpt-3.5-turbo"), "{answered}");
    // No other Secret of the namespace is asked for, and this one is in no log.
    assert!(!proxy.process.log().contains("sk-in-the-cluster"));
}
