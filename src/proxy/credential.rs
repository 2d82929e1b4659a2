//! The credential of a backend: `policies.auth`, and the header that its provider wants it in.

use std::fmt;

use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use k8s_openapi::ByteString;
use serde_json::Value;

use super::{endpoint::Vendor, route_type::RouteType};
use crate::engine::{Key, Kind, Snapshot};

/// Headers that carry a client's own credential; they go to a provider only by `auth.passthrough`.
static CLIENT_CREDENTIALS: [HeaderName; 4] = [AUTHORIZATION, X_API_KEY, X_GOOG_API_KEY, API_KEY];
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const X_GOOG_API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");
const API_KEY: HeaderName = HeaderName::from_static("api-key");
/// The data key of a Secret where `secretRef` names none.
const DEFAULT_KEY: &str = "Authorization";
const BEARER: &str = "Bearer ";
/// The only kind that a `secretRef` can name.
const SECRET: &str = "Secret";

/// What is put in place of the client's own credential.
#[derive(Clone, PartialEq)]
pub(crate) enum Credential {
    /// Nothing.
    None,
    /// The client's own goes through.
    Passthrough,
    /// A key.
    Key {
        /// `Authorization: Bearer`, or the header of `auth.location`.
        plain: (HeaderName, HeaderValue),
        /// The header that the provider's native paths want it in, where that is another.
        native: Option<(HeaderName, HeaderValue)>,
    },
    /// Named, but not there: says what is missing.
    Missing(String),
    /// A way to get one that this proxy does not know: says which.
    Unsupported(String),
}

impl fmt::Debug for Credential {
    /// Says which sort it is, never the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Passthrough => f.write_str("Passthrough"),
            Self::Key { plain, .. } => write!(f, "Key in {}", plain.0),
            Self::Missing(what) | Self::Unsupported(what) => f.write_str(what),
        }
    }
}

impl Credential {
    /// The credential that `auth` names for a backend in `namespace`.
    pub(crate) fn new(snapshot: &Snapshot, namespace: &str, auth: Option<&Value>, vendor: &Vendor) -> Self {
        let Some(auth) = auth.filter(|auth| !auth.is_null()) else {
            return Self::None;
        };
        let key = if let Some(key) = auth.get("key").and_then(Value::as_str) {
            Ok(key.trim().to_owned())
        } else if let Some(secret) = auth.get("secretRef") {
            match secret_value(snapshot, namespace, secret) {
                Ok(key) => Ok(key),
                Err(what) => return Self::Missing(what),
            }
        } else if auth.get("passthrough").is_some() {
            return Self::Passthrough;
        } else {
            Err(())
        };
        let Ok(key) = key else {
            let ways: Vec<_> = auth
                .as_object()
                .into_iter()
                .flatten()
                .map(|(way, _)| way.as_str())
                .collect();
            return Self::Unsupported(format!("policies.auth.{} is not supported", ways.join(", ")));
        };
        Self::of_key(&key, auth.get("location"), vendor)
    }

    fn of_key(key: &str, location: Option<&Value>, vendor: &Vendor) -> Self {
        let plain = match location.filter(|location| !location.is_null()) {
            None => header(AUTHORIZATION, BEARER, key),
            Some(location) => match location
                .pointer("/header/name")
                .and_then(Value::as_str)
                .map(str::parse)
            {
                Some(Ok(name)) => {
                    let prefix = location.pointer("/header/prefix").and_then(Value::as_str);
                    header(name, prefix.unwrap_or_default(), key)
                }
                _ => return Self::Unsupported("policies.auth.location is supported for header only".into()),
            },
        };
        let Some(plain) = plain else {
            return Self::Missing("the credential has characters that no header can carry".into());
        };
        let native = match vendor {
            Vendor::Anthropic if !key.starts_with("sk-ant-oat") => header(X_API_KEY, "", key),
            Vendor::Gemini if key.starts_with("AIza") => header(X_GOOG_API_KEY, "", key),
            _ => None,
        };
        Self::Key {
            plain,
            native: native.filter(|_| location.is_none()),
        }
    }

    /// Takes the client's credential out of `headers`, unless it goes through, and puts this one in.
    pub(crate) fn apply(&self, headers: &mut HeaderMap, vendor: &Vendor, route_type: RouteType) {
        let native = !matches!(route_type, RouteType::Completions | RouteType::Embeddings);
        if *self == Self::Passthrough {
            if native && *vendor == Vendor::Anthropic {
                bearer_to_x_api_key(headers);
            }
            return;
        }
        for name in &CLIENT_CREDENTIALS {
            headers.remove(name);
        }
        if let Self::Key { plain, native: own } = self {
            let (name, value) = own.as_ref().filter(|_| native).unwrap_or(plain);
            headers.insert(name, value.clone());
        }
    }
}

/// Anthropic's own paths want a key in `x-api-key`, but its OAuth tokens as they are.
fn bearer_to_x_api_key(headers: &mut HeaderMap) {
    let bearer = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix(BEARER));
    let Some(key) = bearer.filter(|key| !key.starts_with("sk-ant-oat")) else {
        return;
    };
    let Some((name, value)) = header(X_API_KEY, "", key) else {
        return;
    };
    headers.remove(AUTHORIZATION);
    headers.insert(name, value);
}

/// A header that no log shows; `None` when `key` has characters that no header can carry.
fn header(name: HeaderName, prefix: &str, key: &str) -> Option<(HeaderName, HeaderValue)> {
    let mut value = HeaderValue::from_str(&format!("{prefix}{key}")).ok()?;
    value.set_sensitive(true);
    Some((name, value))
}

/// The Secret that `auth` names for a backend in `namespace`, where its key would come from one.
pub(crate) fn secret(namespace: &str, auth: Option<&Value>) -> Option<Key> {
    let auth = auth.filter(|auth| auth.get("key").is_none_or(|key| !key.is_string()))?;
    let reference = auth.get("secretRef")?;
    let text = |name: &str| reference.get(name).and_then(Value::as_str);
    let is_secret = text("kind").is_none_or(|kind| kind == SECRET);
    Some(Key::new(namespace, text("name")?)).filter(|_| is_secret)
}

/// The value that `reference` points to, or what of it is missing.
fn secret_value(snapshot: &Snapshot, namespace: &str, reference: &Value) -> Result<String, String> {
    let text = |name: &str| reference.get(name).and_then(Value::as_str);
    let name = text("name").unwrap_or_default();
    let key = text("key").unwrap_or(DEFAULT_KEY);
    if let Some(kind) = text("kind").filter(|kind| *kind != SECRET) {
        return Err(format!("secretRef names a {kind}, and only a Secret can be read"));
    }
    let place = Key::new(namespace, name);
    let Some(secret) = snapshot.get(Kind::Secret, &place) else {
        return Err(format!("Secret {place} is not there"));
    };
    let missing = || format!("Secret {place} has no {key}");
    let value = match secret
        .value()
        .get("stringData")
        .and_then(|data| data.get(key)?.as_str())
    {
        Some(plain) => plain.to_owned(),
        None => {
            let encoded = secret
                .value()
                .get("data")
                .and_then(|data| data.get(key))
                .ok_or_else(missing)?;
            let bytes: ByteString = serde_json::from_value(encoded.clone())
                .map_err(|_| format!("{key} of Secret {place} is not valid base64"))?;
            String::from_utf8(bytes.0).map_err(|_| format!("{key} of Secret {place} is not UTF-8"))?
        }
    };
    let value = value.trim();
    let value = if key == DEFAULT_KEY {
        value.strip_prefix(BEARER).unwrap_or(value)
    } else {
        value
    };
    if value.is_empty() {
        Err(missing())
    } else {
        Ok(value.to_owned())
    }
}
