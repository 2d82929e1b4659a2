//! The API server by plain HTTP, for tests that ask it thousands of things.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{corpus::Refusal, process::wait_for};

/// Where CRDs are.
pub(crate) const CRDS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
/// What is judged and not stored.
pub(crate) const DRY: &str = "?dryRun=All&fieldValidation=Strict";
/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A field that no schema has: refused where a CRD is strict.
const PROBE: &str = "aliasgateProbe";

/// The CRD as one that takes anything, the status included.
pub(crate) fn loose(crd: &Value) -> Value {
    let mut crd = crd.clone();
    for version in crd["spec"]["versions"].as_array_mut().expect("versions") {
        version["schema"] =
            json!({"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
        let version = version.as_object_mut().expect("a version");
        version.remove("selectableFields");
        version.remove("subresources");
    }
    crd
}

/// The API server behind `kubectl proxy`.
pub(crate) struct Api {
    pub(crate) port: u16,
}

/// What the API server says.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Api {
    /// Sends one request and reads its answer.
    pub(crate) fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let body = body.map(ToString::to_string).unwrap_or_default();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("kubectl proxy listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
        let length = body.len();
        // HTTP/1.0: the answer is whole, and ends with the connection.
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        );
        stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(body.as_bytes()))
            .expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let status = answer
            .split_whitespace()
            .nth(1)
            .and_then(|status| status.parse().ok())
            .expect("a status");
        let text = answer.split_once("\r\n\r\n").map_or("", |(_, text)| text);
        Answer {
            status,
            body: serde_json::from_str(text).unwrap_or_else(|_| json!({"message": text})),
        }
    }

    /// Makes a CRD.
    pub(crate) fn make(&self, crd: &Value) {
        let made = self.send("POST", CRDS, Some(crd));
        assert!(made.status < 300, "{}: {}", crd["metadata"]["name"], made.body);
    }

    /// Puts a CRD in the place of one that is there.
    pub(crate) fn replace(&self, crd: &Value) {
        let at = format!("{CRDS}/{}", crd["metadata"]["name"].as_str().expect("a name"));
        let mut crd = crd.clone();
        wait_for("the other CRD", || {
            let there = self.send("GET", &at, None).body;
            crd["metadata"]["resourceVersion"] = there["metadata"]["resourceVersion"].clone();
            let replaced = self.send("PUT", &at, Some(&crd));
            if replaced.status < 300 {
                Ok(())
            } else {
                Err(replaced.body.to_string())
            }
        });
    }

    /// Waits until the objects at `path` can be listed.
    pub(crate) fn wait_until_served(&self, path: &str) {
        wait_for("the CRD", || {
            let status = self.send("GET", path, None).status;
            if status == 200 {
                Ok(())
            } else {
                Err(format!("{path} answers {status}"))
            }
        });
    }

    /// Waits until the schema of these objects is not that of a loose CRD any more.
    pub(crate) fn wait_until_strict(&self, path: &str, api_version: &str, kind: &str) {
        let object =
            json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "probe"}, PROBE: true});
        wait_for("the strict schema", || {
            let refusals = self
                .send("POST", &format!("{path}{DRY}"), Some(&object))
                .refusals();
            if refusals.iter().any(|one| one.message.contains(PROBE)) {
                Ok(())
            } else {
                Err(format!("{refusals:?}"))
            }
        });
    }
}

impl Answer {
    /// Why it refuses; nothing where it does not.
    pub(crate) fn refusals(&self) -> Vec<Refusal> {
        if self.status < 300 {
            return Vec::new();
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let causes = self.body.pointer("/details/causes").and_then(Value::as_array);
        let all: Vec<_> = causes
            .into_iter()
            .flatten()
            .map(|cause| Refusal {
                field: text(&cause["field"]),
                message: text(&cause["message"]),
            })
            .collect();
        if all.is_empty() {
            vec![Refusal {
                field: String::new(),
                message: text(&self.body["message"]),
            }]
        } else {
            all
        }
    }
}
