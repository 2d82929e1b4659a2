//! What users see when the webhook cannot be asked.

use serde_json::json;

use crate::{
    Test, World,
    certs::Authority,
    golden::golden,
    process::free_port,
    webhook::{Client, Webhook, backend, register_for},
};

#[rustfmt::skip]
pub(crate) const TESTS: &[Test] = &[
    ("a_webhook_that_is_down_refuses_with_fail", a_webhook_that_is_down_refuses_with_fail),
    ("a_webhook_that_is_down_is_passed_over_with_ignore", a_webhook_that_is_down_is_passed_over_with_ignore),
    ("a_certificate_of_files_is_served", a_certificate_of_files_is_served),
    ("an_expired_certificate_is_not_trusted", an_expired_certificate_is_not_trusted),
    ("a_certificate_of_another_ca_is_not_trusted", a_certificate_of_another_ca_is_not_trusted),
];

fn good() -> String {
    backend("openai", &json!({"fast": "gpt-4o"}))
}

fn a_webhook_that_is_down_refuses_with_fail(world: &World) {
    let namespace = world.cluster.namespace("down");
    let client = Client {
        port: free_port(),
        ca: Authority::new().pem().to_owned(),
    };
    register_for(
        &world.cluster,
        &namespace.name,
        &client,
        "Fail",
        "connection refused",
    );
    let said = namespace.apply("openai.json", &good());
    said.expect_refused().expect_says("failed calling webhook");
    golden("webhook-down", &[said]);
}

fn a_webhook_that_is_down_is_passed_over_with_ignore(world: &World) {
    // The first registration does not look at this namespace, so only the second, which is down, could refuse.
    let namespace = world.cluster.enter("kube-system");
    let client = Client {
        port: free_port(),
        ca: Authority::new().pem().to_owned(),
    };
    register_for(
        &world.cluster,
        &namespace.name,
        &client,
        "Fail",
        "connection refused",
    );
    register_for(
        &world.cluster,
        &namespace.name,
        &client,
        "Ignore",
        "created (server dry run)",
    );
    namespace
        .apply("openai.json", &backend("bad", &json!({"fast": ""})))
        .expect_ok();
}

fn a_certificate_of_files_is_served(world: &World) {
    let namespace = world.cluster.namespace("files");
    let webhook = Webhook::with_certificate_of(&Authority::new(), false);
    register_for(
        &world.cluster,
        &namespace.name,
        &webhook.client_config(),
        "Fail",
        "created (server dry run)",
    );
    namespace.apply("openai.json", &good()).expect_ok();
}

fn an_expired_certificate_is_not_trusted(world: &World) {
    let namespace = world.cluster.namespace("expired");
    let webhook = Webhook::with_certificate_of(&Authority::new(), true);
    register_for(
        &world.cluster,
        &namespace.name,
        &webhook.client_config(),
        "Fail",
        "certificate has expired",
    );
    let said = namespace.apply("openai.json", &good());
    said.expect_refused().expect_says("certificate has expired");
    golden("certificate-expired", &[said]);
}

fn a_certificate_of_another_ca_is_not_trusted(world: &World) {
    let namespace = world.cluster.namespace("wrong-ca");
    let webhook = Webhook::with_certificate_of(&Authority::new(), false);
    let client = Client {
        ca: Authority::new().pem().to_owned(),
        ..webhook.client_config()
    };
    register_for(
        &world.cluster,
        &namespace.name,
        &client,
        "Fail",
        "unknown authority",
    );
    let said = namespace.apply("openai.json", &good());
    said.expect_refused()
        .expect_says("certificate signed by unknown authority");
    golden("certificate-of-another-ca", &[said]);
}
