//! What is said of objects that no webhook has seen.

use serde_json::json;

use crate::{
    Test,
    admission::create,
    cluster::{Cluster, SYSTEM},
    installation,
    process::wait_for,
};

pub(crate) const TESTS: &[Test] = &[(
    "what_was_stored_without_the_webhook_is_reported",
    what_was_stored_without_the_webhook_is_reported,
)];

fn what_was_stored_without_the_webhook_is_reported(cluster: &Cluster) {
    cluster.namespace("audit", &json!({}));
    cluster
        .kubectl(&format!(
            "scale deployment aliasgate-webhook -n {SYSTEM} --replicas=0"
        ))
        .expect_ok();
    let typo = json!({"smart": "gpt-4-turbbo"});
    wait_for("the end of the webhook", || {
        let said = create(cluster, "audit", "typo", &typo, "--dry-run=server ");
        if said.text().contains("failed calling webhook") {
            Ok(())
        } else {
            Err(said.text())
        }
    });
    // What an admin may do then: let writes pass.
    for (kind, name) in [("mutating", "normalize"), ("validating", "check")] {
        let patch =
            json!({"webhooks": [{"name": format!("{name}.aliasgate.dev"), "failurePolicy": "Ignore"}]});
        let patch = patch.to_string();
        cluster
            .kubectl(&format!("patch {kind}webhookconfiguration aliasgate -p {patch}"))
            .expect_ok();
    }
    wait_for("writes that pass", || {
        let said = create(cluster, "audit", "typo", &typo, "");
        if said.ok { Ok(()) } else { Err(said.text()) }
    });

    // Applying the manifests again brings back the webhook and its policy.
    installation::install(cluster);
    create(cluster, "audit", "another", &typo, "").expect_refused();
    let report = wait_for("the report", || {
        let report = cluster.kubectl("get reports.openreports.io aliasgate -n audit -o json");
        if report.ok {
            Ok(report.json())
        } else {
            Err(report.text())
        }
    });
    assert_eq!(report["summary"]["fail"], 1, "{report:#}");
    let row = &report["results"][0];
    assert_eq!(row["result"], "fail", "{report:#}");
    assert_eq!(row["rule"], "alias-target-misspelt", "{report:#}");
    let row = row.to_string();
    for part in ["gpt-4-turbbo", "\"name\":\"typo\""] {
        assert!(row.contains(part), "no {part} in {report:#}");
    }
    wait_for("the Event", || {
        let events = cluster.kubectl("get events.events.k8s.io -n audit");
        if events.out.contains("AliasErrors") {
            Ok(())
        } else {
            Err(events.text())
        }
    });

    // Mending it takes the finding away.
    cluster
        .kubectl("delete agentgatewaybackend typo -n audit")
        .expect_ok();
    wait_for("the end of the report", || {
        let report = cluster.kubectl("get reports.openreports.io -n audit -o json");
        let items = report.expect_ok().json()["items"].take();
        if items.as_array().is_some_and(Vec::is_empty) {
            Ok(())
        } else {
            Err(items.to_string())
        }
    });
}
