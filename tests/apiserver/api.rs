//! The API server by plain HTTP, for tests that ask it thousands of things.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};

use crate::corpus::Refusal;

/// Where CRDs are.
pub(crate) const CRDS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
/// What is judged and not stored.
pub(crate) const DRY: &str = "?dryRun=All&fieldValidation=Strict";
/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

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
