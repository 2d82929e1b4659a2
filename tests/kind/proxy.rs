//! Requests through the proxy's Service, to a stand-in that plays the provider.

use aliasgate::telemetry::chain;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, StatusCode, body::Bytes, header};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};

use crate::{
    Test,
    admission::backend,
    cluster::{Cluster, SYSTEM},
    process::wait_for,
    traffic::CUT,
};

pub(crate) const TESTS: &[Test] = &[
    ("the_seed_example_works_as_it_is", the_seed_example_works_as_it_is),
    (
        "a_wrong_credential_is_the_providers_to_refuse",
        a_wrong_credential_is_the_providers_to_refuse,
    ),
];

/// The name that the stand-in plays.
pub(crate) const PROVIDER_HOST: &str = "api.openai.com";
/// The only key that it lets in.
pub(crate) const KEY: &str = "sk-kind";
/// The path of OpenAI's API, and that of the route in the seed example.
const PATHS: [&str; 2] = ["/v1/chat/completions", "/openai"];
/// The port of the nodes that leads to the proxy.
const PORT: u16 = 30080;

/// A client of the proxy, which keeps its connections as clients do.
#[derive(Clone)]
pub(crate) struct Proxy {
    client: legacy::Client<HttpConnector, Full<Bytes>>,
    url: String,
}

impl Proxy {
    /// The proxy of this cluster, by the address of its node.
    pub(crate) fn of(cluster: &Cluster) -> Self {
        Self {
            client: legacy::Client::builder(TokioExecutor::new()).build_http(),
            url: format!("http://{}:{PORT}", cluster.address()),
        }
    }

    /// Posts a body and reads the answer to its end.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<(StatusCode, String), String> {
        let request = Request::post(format!("{}{path}", self.url))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(body.to_string()))
            .expect("a request");
        let response = self
            .client
            .request(request)
            .await
            .map_err(|error| chain(&error))?;
        let status = response.status();
        let mut body = response.into_body();
        let mut read = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| format!("{CUT}{} bytes: {}", read.len(), chain(&error)))?;
            read.extend(frame.into_data().unwrap_or_default());
        }
        Ok((status, String::from_utf8_lossy(&read).into_owned()))
    }
}

/// A question to this model.
pub(crate) fn chat(model: &str, stream: bool) -> Value {
    json!({"model": model, "stream": stream, "messages": [{"role": "user", "content": "hi"}]})
}

/// A Secret with the key of a provider.
fn credential(cluster: &Cluster, name: &str, key: &str) {
    cluster.apply(&json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": name, "namespace": "default"},
        "stringData": {"Authorization": key},
    }));
}

/// Answers in a row, each on a connection of its own, that show that all replicas answer alike: the Service chooses one at
/// random, so a replica that differs is passed over by all of them once in a billion times.
const ALIKE: usize = 30;

/// Waits until every replica of the proxy answers so.
fn answers(cluster: &Cluster, path: &str, model: &str, status: StatusCode, part: &str) {
    wait_for("the answer of every proxy", || {
        for _ in 0..ALIKE {
            let asked = async { Proxy::of(cluster).post(path, &chat(model, false)).await };
            let (code, body) = cluster.runtime.block_on(asked)?;
            if code != status || !body.contains(part) {
                return Err(format!("{code} {body}"));
            }
        }
        Ok(())
    });
}

/// Applies the seed example, with what it needs, and waits until the proxy serves it.
pub(crate) fn seed(cluster: &Cluster) {
    // As the manifests say it.
    let binding = format!(
        "create rolebinding aliasgate-proxy-secrets -n default --clusterrole=aliasgate-proxy-secrets \
         --serviceaccount={SYSTEM}:aliasgate-proxy"
    );
    let bound = cluster.kubectl(&binding);
    assert!(
        bound.ok || bound.err.contains("already exists"),
        "{}",
        bound.text()
    );
    credential(cluster, "openai-secret", KEY);
    cluster.kubectl("apply -f examples/seed").expect_ok();
    cluster.rolled_out(SYSTEM, "aliasgate-proxy");
}

fn the_seed_example_works_as_it_is(cluster: &Cluster) {
    seed(cluster);
    for path in PATHS {
        for (alias, model) in [
            ("fast", "gpt-3.5-turbo-0125"),
            ("smart", "gpt-4-turbo-2024-04-09"),
        ] {
            answers(
                cluster,
                path,
                alias,
                StatusCode::OK,
                &format!("\"model\":\"{model}\""),
            );
        }
    }
}

fn a_wrong_credential_is_the_providers_to_refuse(cluster: &Cluster) {
    let mut stranger = backend("stranger", &json!({"fast": "gpt-4o"}));
    stranger["spec"]["policies"]["auth"] = json!({"secretRef": {"name": "stranger"}});
    let route = json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "stranger"},
        "spec": {"parentRefs": [{"name": "agentgateway-proxy"}], "rules": [{
            "matches": [{"path": {"type": "PathPrefix", "value": "/stranger"}}],
            "backendRefs": [{"group": "agentgateway.dev", "kind": "AgentgatewayBackend", "name": "stranger"}],
        }]},
    });
    credential(cluster, "stranger", "sk-wrong");
    cluster.apply(&stranger);
    cluster.apply(&route);
    answers(
        cluster,
        "/stranger",
        "fast",
        StatusCode::UNAUTHORIZED,
        "invalid_api_key",
    );
    cluster
        .kubectl("delete httproute,agentgatewaybackend,secret stranger -n default")
        .expect_ok();
}
