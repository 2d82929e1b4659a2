//! What the two ServiceAccounts may do, and what not.

use crate::{
    Test,
    cluster::{Cluster, SYSTEM},
};

pub(crate) const TESTS: &[Test] = &[
    (
        "the_webhook_may_do_this_and_no_more",
        the_webhook_may_do_this_and_no_more,
    ),
    (
        "the_proxy_may_do_this_and_no_more",
        the_proxy_may_do_this_and_no_more,
    ),
];

fn the_webhook_may_do_this_and_no_more(cluster: &Cluster) {
    let may = Rights::of(cluster, "aliasgate-webhook");
    for right in [
        "list agentgatewaybackends.agentgateway.dev -A",
        "watch namespaces",
        "patch modelcatalogs.aliasgate.dev --subresource=status",
        "get secrets/aliasgate-webhook-tls -n aliasgate-system",
        "patch validatingwebhookconfigurations/aliasgate",
        "patch mutatingwebhookconfigurations/aliasgate",
    ] {
        may.yes(right);
    }
    for right in [
        "get secrets -A",
        "get secrets -n default",
        "list secrets -n aliasgate-system",
        "get secrets/another -n aliasgate-system",
        "delete secrets/aliasgate-webhook-tls -n aliasgate-system",
        "patch validatingwebhookconfigurations",
        "patch validatingwebhookconfigurations/another",
        "delete validatingwebhookconfigurations/another",
        "create mutatingwebhookconfigurations",
        "patch agentgatewaybackends.agentgateway.dev -A",
        "update namespaces",
        "patch modelcatalogs.aliasgate.dev",
        "create pods -n aliasgate-system",
        "get configmaps -A",
        "patch deployments -n aliasgate-system",
        "create rolebindings -n aliasgate-system",
        "impersonate users",
        "escalate clusterroles",
    ] {
        may.no(right);
    }
}

fn the_proxy_may_do_this_and_no_more(cluster: &Cluster) {
    let may = Rights::of(cluster, "aliasgate-proxy");
    for right in [
        "list agentgatewaybackends.agentgateway.dev -A",
        "watch agentgatewaypolicies.agentgateway.dev -A",
        "watch namespaces",
        "list modelcatalogs.aliasgate.dev",
    ] {
        may.yes(right);
    }
    for right in [
        "get secrets -A",
        "get secrets -n aliasgate-system",
        "get secrets -n kube-system",
        "list secrets -n default",
        "patch agentgatewaybackends.agentgateway.dev -A",
        "patch modelcatalogs.aliasgate.dev --subresource=status",
        "patch validatingwebhookconfigurations/aliasgate",
        "create events.events.k8s.io -n default",
        "create pods -n aliasgate-system",
        "impersonate users",
    ] {
        may.no(right);
    }
}

/// The rights of a ServiceAccount.
struct Rights<'a> {
    cluster: &'a Cluster,
    account: String,
}

impl<'a> Rights<'a> {
    fn of(cluster: &'a Cluster, account: &str) -> Self {
        Self {
            cluster,
            account: format!("system:serviceaccount:{SYSTEM}:{account}"),
        }
    }

    fn yes(&self, right: &str) {
        assert!(self.has(right), "{} may not {right}", self.account);
    }

    fn no(&self, right: &str) {
        assert!(!self.has(right), "{} may {right}", self.account);
    }

    fn has(&self, right: &str) -> bool {
        let said = self
            .cluster
            .kubectl(&format!("auth can-i {right} --as={}", self.account));
        match said.out.trim() {
            "yes" => true,
            "no" => false,
            _ => panic!("{}\n{}", said.command, said.text()),
        }
    }
}
