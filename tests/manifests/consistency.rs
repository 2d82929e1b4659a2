//! Whether manifests fit together and fit the program. Every check holds for the base and for every overlay.

use std::{collections::BTreeSet, process::Command};

use aliasgate::{crds, tls::Limits};
use serde_json::{Value, json};

use super::objects::{Objects, arguments, container, flag, list, number, port, text};

/// What every kustomization must pass.
#[rustfmt::skip]
pub(crate) const CHECKS: &[fn(&Objects)] = &[
    the_program_takes_the_arguments,
    ports_are_those_that_the_program_listens_on,
    paths_are_those_that_the_program_serves,
    selectors_select_one_deployment,
    the_image_is_this_version,
    pods_end_after_the_program,
    pods_have_no_rights_on_their_node,
    accounts_and_roles_belong_together,
    the_certificate_has_the_name_that_is_called,
    registrations_are_those_that_the_program_may_patch,
    webhooks_cannot_take_a_cluster_down,
    everything_lies_in_the_exempt_namespace,
    the_same_flags_judge_everywhere,
];

/// Paths of the webhook's port.
pub(crate) const WEBHOOK_PATHS: &[&str] = &["/validate", "/mutate", "/healthz", "/readyz", "/metrics"];
/// Paths of the proxy's status port.
pub(crate) const STATUS_PATHS: &[&str] = &["/healthz", "/readyz", "/metrics"];

/// Arguments pass through the whole check of the command line before the first thing that the program does, which is to
/// read how it shall log. Logging so is impossible, and said.
pub(crate) fn the_program_takes_the_arguments(objects: &Objects) {
    for deployment in objects.of("Deployment") {
        let output = Command::new(env!("CARGO_BIN_EXE_aliasgate"))
            .args(arguments(deployment))
            .arg("--log-level=aliasgate=no-such-level")
            .output()
            .expect("the program runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            said.contains("no-such-level") && !said.contains("Usage:") && !said.contains("argument"),
            "{:?}: {said}",
            arguments(deployment)
        );
    }
}

pub(crate) fn ports_are_those_that_the_program_listens_on(objects: &Objects) {
    for deployment in objects.of("Deployment") {
        let listening: BTreeSet<u64> = ["listen", "status-listen"]
            .iter()
            .flat_map(|name| flag(deployment, name))
            .map(|address| {
                let number = address.strip_prefix("0.0.0.0:").expect("an address of the pod");
                number.parse().expect("a port")
            })
            .collect();
        let declared = list(&container(deployment)["ports"]).iter();
        let declared: BTreeSet<u64> = declared.map(|one| number(&one["containerPort"])).collect();
        assert_eq!(declared, listening);
        let policies: Vec<_> = objects
            .of("NetworkPolicy")
            .filter(|policy| {
                objects.deployment(&policy["spec"]["podSelector"]["matchLabels"])["metadata"]["name"]
                    == deployment["metadata"]["name"]
            })
            .collect();
        let open = policies
            .iter()
            .flat_map(|policy| list(&policy["spec"]["ingress"]))
            .flat_map(|rule| list(&rule["ports"]))
            .map(|one| port(deployment, &one["port"]));
        assert_eq!(
            open.collect::<BTreeSet<_>>(),
            listening,
            "all are open, and no other"
        );
    }
    for service in objects.of("Service") {
        let deployment = objects.deployment(&service["spec"]["selector"]);
        assert_eq!(service["metadata"]["name"], deployment["metadata"]["name"]);
        for one in list(&service["spec"]["ports"]) {
            port(deployment, &one["targetPort"]);
        }
    }
}

/// Probes, registrations and scrapers ask for paths that are served on the port that they ask.
pub(crate) fn paths_are_those_that_the_program_serves(objects: &Objects) {
    for deployment in objects.of("Deployment") {
        let webhook = arguments(deployment)[0] == "serve";
        let (scheme, name, paths) = if webhook {
            (json!("HTTPS"), "https", WEBHOOK_PATHS)
        } else {
            (Value::Null, "status", STATUS_PATHS)
        };
        for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
            let get = &container(deployment)[probe]["httpGet"];
            assert_eq!(get["scheme"], scheme, "{probe}");
            assert_eq!(get["port"], name, "{probe}");
            assert!(paths.contains(&text(&get["path"])), "{probe}");
        }
        let path = |probe: &str| container(deployment)[probe]["httpGet"]["path"].clone();
        assert_eq!(path("readinessProbe"), "/readyz");
        assert_eq!(
            path("livenessProbe"),
            "/healthz",
            "what is not ready is not restarted"
        );
    }
    for webhook in objects.webhooks() {
        let called = &webhook["clientConfig"]["service"];
        let service = objects.named("Service", &called["name"]);
        assert_eq!(service["metadata"]["namespace"], called["namespace"]);
        let ports = list(&service["spec"]["ports"]);
        assert!(ports.iter().any(|one| one["port"] == called["port"]), "{called}");
        let expected = match text(&webhook["name"]) {
            "check.aliasgate.dev" => "/validate",
            "normalize.aliasgate.dev" => "/mutate",
            other => panic!("no path is known for {other}"),
        };
        assert_eq!(called["path"], expected);
    }
    for monitor in objects.of("ServiceMonitor") {
        let labels = &monitor["spec"]["selector"]["matchLabels"];
        let deployment = objects.deployment(labels);
        for endpoint in list(&monitor["spec"]["endpoints"]) {
            let service = objects.named("Service", &deployment["metadata"]["name"]);
            let ports = list(&service["spec"]["ports"]);
            assert!(
                ports.iter().any(|one| one["name"] == endpoint["port"]),
                "{endpoint}"
            );
            assert_eq!(
                (&endpoint["path"], &endpoint["scheme"]),
                (&json!("/metrics"), &json!("https"))
            );
        }
    }
    for monitor in objects.of("PodMonitor") {
        let deployment = objects.deployment(&monitor["spec"]["selector"]["matchLabels"]);
        for endpoint in list(&monitor["spec"]["podMetricsEndpoints"]) {
            port(deployment, &endpoint["port"]);
            assert_eq!(endpoint["path"], "/metrics");
        }
    }
}

pub(crate) fn selectors_select_one_deployment(objects: &Objects) {
    for deployment in objects.of("Deployment") {
        let selector = &deployment["spec"]["selector"]["matchLabels"];
        assert_eq!(objects.deployment(selector), deployment);
        let spread = list(&deployment["spec"]["template"]["spec"]["topologySpreadConstraints"]);
        assert!(
            spread
                .iter()
                .any(|one| one["topologyKey"] == "kubernetes.io/hostname")
        );
        for one in spread {
            assert_eq!(one["labelSelector"]["matchLabels"], *selector);
            assert_eq!(one["whenUnsatisfiable"], "ScheduleAnyway", "one node is enough");
        }
        let budgets: Vec<_> = objects
            .of("PodDisruptionBudget")
            .filter(|budget| budget["spec"]["selector"]["matchLabels"] == *selector)
            .collect();
        assert_eq!(budgets.len(), 1, "{selector}");
        assert_eq!(budgets[0]["spec"]["minAvailable"], 1);
        assert_eq!(budgets[0]["spec"]["unhealthyPodEvictionPolicy"], "AlwaysAllow");
        let update = &deployment["spec"]["strategy"]["rollingUpdate"];
        assert_eq!(update["maxUnavailable"], 0);
        let scaled: Vec<_> = objects
            .of("HorizontalPodAutoscaler")
            .filter(|scaler| scaler["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"])
            .collect();
        match scaled.as_slice() {
            [] => assert_eq!(deployment["spec"]["replicas"], 2),
            [scaler] => {
                assert_eq!(scaler["spec"]["minReplicas"], 2);
                assert_eq!(
                    deployment["spec"]["replicas"],
                    Value::Null,
                    "applying again would reset it"
                );
                assert!(container(deployment)["resources"]["requests"]["cpu"].is_string());
            }
            _ => panic!("two scalers for {selector}"),
        }
    }
    for scaler in objects.of("HorizontalPodAutoscaler") {
        objects.named("Deployment", &scaler["spec"]["scaleTargetRef"]["name"]);
    }
    for budget in objects.of("PodDisruptionBudget") {
        objects.deployment(&budget["spec"]["selector"]["matchLabels"]);
    }
}

pub(crate) fn the_image_is_this_version(objects: &Objects) {
    for deployment in objects.of("Deployment") {
        let image = concat!("aliasgate:", env!("CARGO_PKG_VERSION"));
        assert_eq!(container(deployment)["image"], image);
        assert_eq!(
            container(deployment)["command"],
            Value::Null,
            "the image has its own"
        );
    }
}

/// The kubelet kills pods only after the program has had all the time that its flags give it.
pub(crate) fn pods_end_after_the_program(objects: &Objects) {
    for deployment in objects.of("Deployment") {
        let seconds =
            |name: &str| -> Option<u64> { Some(flag(deployment, name).first()?.parse().expect("seconds")) };
        let delay = seconds("shutdown-delay").expect("a delay");
        let drain = seconds("drain-timeout").unwrap_or_else(|| Limits::default().drain.as_secs());
        let grace = &deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"];
        assert!(number(grace) >= delay + drain + 5, "{grace}");
        let ready = &container(deployment)["readinessProbe"];
        let seen = number(&ready["periodSeconds"]) * number(&ready["failureThreshold"]);
        assert!(delay >= seen, "the pod leaves its Service before it stops");
    }
}

pub(crate) fn pods_have_no_rights_on_their_node(objects: &Objects) {
    for deployment in objects.of("Deployment") {
        let pod = &deployment["spec"]["template"]["spec"];
        let security = &container(deployment)["securityContext"];
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
        assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
        assert_eq!(security["allowPrivilegeEscalation"], false);
        assert_eq!(security["readOnlyRootFilesystem"], true);
        assert_eq!(security["capabilities"], json!({"drop": ["ALL"]}));
        assert!(container(deployment)["resources"]["limits"]["memory"].is_string());
    }
    let labels = &objects.one("Namespace")["metadata"]["labels"];
    assert_eq!(labels["pod-security.kubernetes.io/enforce"], "restricted");
    let priorities = objects
        .of("Deployment")
        .map(|deployment| &deployment["spec"]["template"]["spec"]["priorityClassName"]);
    let quota = &objects.one("ResourceQuota")["spec"]["scopeSelector"]["matchExpressions"][0]["values"];
    for priority in priorities.filter(|priority| !priority.is_null()) {
        assert_eq!(*quota, json!([priority]));
    }
}

pub(crate) fn accounts_and_roles_belong_together(objects: &Objects) {
    let mut accounts = BTreeSet::new();
    for deployment in objects.of("Deployment") {
        let pod = &deployment["spec"]["template"]["spec"];
        let account = objects.named("ServiceAccount", &pod["serviceAccountName"]);
        assert_eq!(account["automountServiceAccountToken"], false);
        assert_eq!(
            pod["automountServiceAccountToken"], true,
            "the program asks the API server"
        );
        accounts.insert(text(&account["metadata"]["name"]));
    }
    let all = objects
        .of("ServiceAccount")
        .map(|account| text(&account["metadata"]["name"]));
    assert_eq!(all.collect::<BTreeSet<_>>(), accounts, "no account without a pod");

    let mut bound = BTreeSet::new();
    for binding in objects.of("ClusterRoleBinding").chain(objects.of("RoleBinding")) {
        let (kind, name) = (text(&binding["roleRef"]["kind"]), &binding["roleRef"]["name"]);
        objects.named(kind, name);
        bound.insert((kind, text(name)));
        for subject in list(&binding["subjects"]) {
            assert_eq!(subject["kind"], "ServiceAccount");
            let account = objects.named("ServiceAccount", &subject["name"]);
            assert_eq!(account["metadata"]["namespace"], subject["namespace"]);
        }
    }
    for role in objects.of("ClusterRole").chain(objects.of("Role")) {
        let name = text(&role["metadata"]["name"]);
        let free = name == "aliasgate-proxy-secrets"; // which admins bind, namespace by namespace
        assert_eq!(bound.contains(&(text(&role["kind"]), name)), !free, "{name}");
        for rule in list(&role["rules"]) {
            for field in ["apiGroups", "resources", "verbs"] {
                assert!(!list(&rule[field]).contains(&json!("*")), "{name}: {rule}");
            }
            let secrets = list(&rule["resources"]).contains(&json!("secrets"));
            let named = !list(&rule["resourceNames"]).is_empty() || rule["verbs"] == json!(["create"]);
            assert!(!secrets || named || free, "{name} reads any Secret");
        }
    }
}

/// The name of the Service stands in the certificate, whoever makes it.
pub(crate) fn the_certificate_has_the_name_that_is_called(objects: &Objects) {
    for deployment in objects
        .of("Deployment")
        .filter(|one| arguments(one)[0] == "serve")
    {
        let service = objects.named("Service", &deployment["metadata"]["name"]);
        let (name, namespace) = (
            &service["metadata"]["name"],
            text(&service["metadata"]["namespace"]),
        );
        let called = format!("{}.{namespace}.svc", text(name));
        let shared = flag(deployment, "tls-secret");
        let (names, secret) = if let [secret] = shared.as_slice() {
            let (place, secret) = secret.split_once('/').expect("NAMESPACE/NAME");
            assert_eq!(place, namespace);
            let rules = list(&objects.one("Role")["rules"]);
            assert!(rules.iter().any(|rule| rule["resourceNames"] == json!([secret])));
            (flag(deployment, "dns-name"), secret)
        } else {
            let certificates = objects.of("Certificate");
            let made: Vec<_> = certificates
                .filter(|one| !list(&one["spec"]["dnsNames"]).is_empty())
                .collect();
            assert_eq!(made.len(), 1);
            let pod = &deployment["spec"]["template"]["spec"];
            let (volume, mount) = (
                &list(&pod["volumes"])[0],
                &list(&container(deployment)["volumeMounts"])[0],
            );
            assert_eq!(volume["name"], mount["name"]);
            assert_eq!(volume["secret"]["secretName"], made[0]["spec"]["secretName"]);
            for (name, file) in [("tls-cert", "tls.crt"), ("tls-key", "tls.key")] {
                assert_eq!(
                    flag(deployment, name),
                    [format!("{}/{file}", text(&mount["mountPath"]))]
                );
            }
            let names = list(&made[0]["spec"]["dnsNames"]).iter().map(text).collect();
            (names, text(&made[0]["spec"]["secretName"]))
        };
        assert!(names.contains(&called.as_str()), "{names:?}");
        for monitor in objects.of("ServiceMonitor") {
            let tls = &list(&monitor["spec"]["endpoints"])[0]["tlsConfig"];
            assert_eq!(tls["serverName"], called);
            assert_eq!(tls["ca"]["secret"]["name"], secret);
        }
    }
}

/// The program keeps the `caBundle` of what is registered, and may patch nothing else; or somebody else does.
pub(crate) fn registrations_are_those_that_the_program_may_patch(objects: &Objects) {
    let configurations = || {
        objects
            .of("MutatingWebhookConfiguration")
            .chain(objects.of("ValidatingWebhookConfiguration"))
    };
    assert_eq!(configurations().count(), 2);
    let registered: BTreeSet<_> = configurations()
        .map(|one| text(&one["metadata"]["name"]))
        .collect();
    let kept: BTreeSet<_> = objects
        .of("Deployment")
        .flat_map(|deployment| flag(deployment, "webhook-configuration"))
        .collect();
    let rules = objects.of("ClusterRole").flat_map(|role| list(&role["rules"]));
    let group = json!(["admissionregistration.k8s.io"]);
    let allowed: BTreeSet<_> = rules
        .filter(|rule| rule["apiGroups"] == group)
        .inspect(|rule| {
            assert!(
                rule["resourceNames"].is_array(),
                "every registration of the cluster"
            )
        })
        .flat_map(|rule| list(&rule["resourceNames"]))
        .map(text)
        .collect();
    assert_eq!(allowed, kept);
    let injected = configurations()
        .all(|one| one["metadata"]["annotations"]["cert-manager.io/inject-ca-from"].is_string());
    assert!(
        if injected {
            kept.is_empty()
        } else {
            kept == registered
        },
        "{kept:?}"
    );
}

pub(crate) fn webhooks_cannot_take_a_cluster_down(objects: &Objects) {
    let mut plurals: Vec<_> = crds::all()
        .iter()
        .filter(|crd| crd["spec"]["group"] == "agentgateway.dev")
        .map(|crd| crd["spec"]["names"]["plural"].clone())
        .collect();
    plurals.sort_by_key(Value::to_string);
    for webhook in objects.webhooks() {
        let [rule] = list(&webhook["rules"]) else {
            panic!("one rule, not {}", webhook["rules"])
        };
        assert_eq!(rule["apiGroups"], json!(["agentgateway.dev"]));
        assert_eq!(rule["apiVersions"], json!(["*"]));
        assert_eq!(rule["resources"], Value::from(plurals.clone()));
        assert_eq!(rule["operations"], json!(["CREATE", "UPDATE"]));
        assert_eq!(rule["scope"], "Namespaced");
        assert!(number(&webhook["timeoutSeconds"]) <= 5);
        assert_eq!(webhook["sideEffects"], "None");
        assert_eq!(webhook["matchPolicy"], "Equivalent");
        assert_eq!(webhook["admissionReviewVersions"], json!(["v1"]));
        assert_eq!(
            webhook["clientConfig"]["caBundle"],
            Value::Null,
            "applying again would wipe it"
        );
        let exempt = &webhook["namespaceSelector"]["matchExpressions"][0];
        assert_eq!(exempt["key"], "kubernetes.io/metadata.name");
        assert_eq!(exempt["operator"], "NotIn");
        let own = &objects.one("Namespace")["metadata"]["name"];
        assert_eq!(exempt["values"], json!([own, "kube-system"]));
    }
}

pub(crate) fn everything_lies_in_the_exempt_namespace(objects: &Objects) {
    const CLUSTER_WIDE: &[&str] = &[
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "MutatingWebhookConfiguration",
        "Namespace",
        "ValidatingWebhookConfiguration",
    ];
    let namespace = &objects.one("Namespace")["metadata"]["name"];
    for object in objects.all() {
        let expected = if CLUSTER_WIDE.contains(&text(&object["kind"])) {
            &Value::Null
        } else {
            namespace
        };
        assert_eq!(object["metadata"]["namespace"], *expected, "{object}");
    }
}

/// What the webhook lets pass, the proxy serves.
pub(crate) fn the_same_flags_judge_everywhere(objects: &Objects) {
    let judging = |deployment: &'_ Value| -> Vec<Vec<String>> {
        ["enforcement", "severity", "allow-annotation", "as-of"]
            .iter()
            .map(|name| flag(deployment, name).into_iter().map(str::to_owned).collect())
            .collect()
    };
    let all: BTreeSet<_> = objects.of("Deployment").map(judging).collect();
    assert_eq!(all.len(), 1, "{all:?}");
}
