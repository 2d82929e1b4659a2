//! What is in `manifests/`, without a cluster.

use std::{fs, path::Path, process::Command};

use aliasgate::{crds, sources::documents};
use serde_json::{Value, json};

/// Every object of `manifests/base`, except the kustomization.
fn base() -> Vec<Value> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/base");
    let mut objects = Vec::new();
    for entry in fs::read_dir(dir).expect("readable") {
        let reading = documents::read(&fs::read_to_string(entry.expect("readable").path()).expect("UTF-8"));
        assert!(reading.faults.is_empty(), "{:?}", reading.faults);
        objects.extend(reading.documents.into_iter().map(|document| document.value));
    }
    objects.retain(|object| object["kind"] != "Kustomization");
    objects
}

fn one(kind: &str) -> Value {
    let mut all: Vec<_> = base()
        .into_iter()
        .filter(|object| object["kind"] == kind)
        .collect();
    assert_eq!(all.len(), 1, "{kind}");
    all.remove(0)
}

fn webhooks() -> [Value; 2] {
    ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"]
        .map(|kind| one(kind)["webhooks"][0].clone())
}

#[test]
fn the_webhooks_cannot_take_a_cluster_down() {
    for webhook in webhooks() {
        let rules = webhook["rules"].as_array().unwrap();
        let [rule] = rules.as_slice() else {
            panic!("one rule, not {rules:?}")
        };
        assert_eq!(rule["apiGroups"], json!(["agentgateway.dev"]));
        assert_eq!(rule["operations"], json!(["CREATE", "UPDATE"]));
        assert_eq!(rule["scope"], "Namespaced");
        assert!(webhook["timeoutSeconds"].as_u64().unwrap() <= 5);
        assert_eq!(webhook["sideEffects"], "None");
        let exempt = &webhook["namespaceSelector"]["matchExpressions"][0];
        assert_eq!(exempt["key"], "kubernetes.io/metadata.name");
        assert_eq!(exempt["operator"], "NotIn");
        assert_eq!(
            exempt["values"],
            json!([one("Namespace")["metadata"]["name"], "kube-system"])
        );
    }
}

#[test]
fn the_webhooks_see_every_kind_that_carries_aliases_in_every_version() {
    let mut plurals: Vec<_> = crds::all()
        .iter()
        .filter(|crd| crd["spec"]["group"] == "agentgateway.dev")
        .map(|crd| crd["spec"]["names"]["plural"].clone())
        .collect();
    plurals.sort_by_key(Value::to_string);
    for webhook in webhooks() {
        assert_eq!(webhook["rules"][0]["resources"], Value::from(plurals.clone()));
        assert_eq!(webhook["rules"][0]["apiVersions"], json!(["*"]));
        assert_eq!(webhook["matchPolicy"], "Equivalent");
        assert_eq!(webhook["admissionReviewVersions"], json!(["v1"]));
        assert_eq!(webhook["failurePolicy"], "Fail");
    }
    assert_eq!(webhooks()[0]["reinvocationPolicy"], "IfNeeded");
}

#[test]
fn the_webhooks_are_reached_by_the_service_and_the_service_by_its_pods() {
    let (service, deployment) = (one("Service"), one("Deployment"));
    for (webhook, path) in webhooks().iter().zip(["/mutate", "/validate"]) {
        let expected = json!({
            "name": service["metadata"]["name"],
            "namespace": service["metadata"]["namespace"],
            "port": service["spec"]["ports"][0]["port"],
            "path": path,
        });
        assert_eq!(webhook["clientConfig"]["service"], expected);
    }
    let pod = &deployment["spec"]["template"];
    assert_eq!(service["spec"]["selector"], pod["metadata"]["labels"]);
    assert_eq!(
        deployment["spec"]["selector"]["matchLabels"],
        pod["metadata"]["labels"]
    );
    assert_eq!(
        service["spec"]["ports"][0]["targetPort"],
        pod["spec"]["containers"][0]["ports"][0]["name"]
    );
}

#[test]
fn everything_lies_in_the_exempt_namespace() {
    let namespace = one("Namespace")["metadata"]["name"].clone();
    for object in base() {
        let cluster_wide =
            object["kind"] == "Namespace" || object["kind"].as_str().unwrap().ends_with("Configuration");
        if !cluster_wide {
            assert_eq!(object["metadata"]["namespace"], namespace, "{object}");
        }
    }
}

#[test]
fn the_program_takes_the_arguments_of_the_deployment() {
    let deployment = one("Deployment");
    let args = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
        .as_array()
        .unwrap()
        .clone();
    // An unknown flag is an error, and help ends the program before it does anything.
    let mut command = Command::new(env!("CARGO_BIN_EXE_aliasgate"));
    command
        .args(args.iter().map(|arg| arg.as_str().unwrap()))
        .arg("--help");
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_pods_have_no_rights() {
    let deployment = one("Deployment");
    let pod = &deployment["spec"]["template"]["spec"];
    let container = &pod["containers"][0]["securityContext"];
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
    assert_eq!(container["allowPrivilegeEscalation"], false);
    assert_eq!(container["readOnlyRootFilesystem"], true);
    assert_eq!(container["capabilities"]["drop"], json!(["ALL"]));
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert_eq!(
        one("Namespace")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"],
        "restricted"
    );
}
