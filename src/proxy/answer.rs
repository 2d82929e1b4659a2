//! What the proxy answers by itself: errors in the shape that OpenAI clients know.

use bytes::Bytes;
use hyper::{
    Response, StatusCode,
    header::{self, HeaderValue},
};
use serde_json::json;

use super::{body::Reply, rewrite};

/// A request that is not served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The HTTP status.
    pub(crate) status: StatusCode,
    /// A stable name of what is wrong, for programs.
    pub(crate) code: &'static str,
    /// The field that is wrong, where it is one.
    pub(crate) param: Option<&'static str>,
    /// What is wrong and what to do, for people.
    pub(crate) message: String,
    /// A header that belongs to the status.
    header: Option<(&'static str, &'static str)>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            param: None,
            message: message.into(),
            header: None,
        }
    }

    /// The same with a response header.
    pub(crate) const fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.header = Some((name, value));
        self
    }

    /// No rule leads anywhere for this request.
    pub(crate) fn no_route(method: &hyper::Method, path: &str) -> Self {
        let path = crate::engine::diagnostic::quote(path);
        Self::new(
            StatusCode::NOT_FOUND,
            "route_not_found",
            format!("no HTTPRoute matches {method} {path}"),
        )
    }

    /// The body is over the limit.
    pub(crate) fn too_large(limit: usize) -> Self {
        let message = format!("the request body is larger than {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", message)
    }

    /// The proxy has as much to do as it may.
    pub(crate) fn overloaded(what: &str) -> Self {
        let message = format!("the proxy is at its limit of {what}; try again");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", message).header("retry-after", "1")
    }

    /// Something that agentgateway does and this proxy does not.
    pub(crate) fn unsupported(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, "not_supported", message)
    }

    /// Whose fault it is, in OpenAI's words.
    fn kind(&self) -> &'static str {
        if self.status.is_client_error() {
            "invalid_request_error"
        } else {
            "api_error"
        }
    }

    pub(crate) fn into_response(self) -> Response<Reply> {
        let mut response = error(
            self.status,
            self.kind(),
            &self.message,
            self.param,
            Some(self.code),
        )
        .map(Reply::from);
        if let Some((name, value)) = self.header {
            response
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

impl From<rewrite::Fault> for Refusal {
    fn from(fault: rewrite::Fault) -> Self {
        let about_model = fault.is_about_model();
        let code = match fault {
            rewrite::Fault::Missing | rewrite::Fault::Null { .. } => "missing_model",
            _ if about_model => "invalid_model",
            _ => "invalid_request_body",
        };
        let refusal = Self::new(StatusCode::BAD_REQUEST, code, fault.to_string());
        Self {
            param: about_model.then_some("model"),
            ..refusal
        }
    }
}

/// An answer in the shape of OpenAI's errors.
pub(crate) fn error(
    status: StatusCode,
    kind: &str,
    message: &str,
    param: Option<&str>,
    code: Option<&str>,
) -> Response<Bytes> {
    let body = json!({"error": {"message": message, "type": kind, "param": param, "code": code}});
    json(status, &body)
}

/// An answer of `status` with `body`.
pub(crate) fn json(status: StatusCode, body: &serde_json::Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
