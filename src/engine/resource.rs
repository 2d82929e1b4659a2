//! The resources that the engine reads, as plain JSON.

use std::fmt;

use serde_json::Value;

/// The kinds that mean something to the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `AgentgatewayBackend` of `agentgateway.dev`.
    Backend,
    /// `AgentgatewayPolicy` of `agentgateway.dev`.
    Policy,
    /// `HTTPRoute` of `gateway.networking.k8s.io`.
    HttpRoute,
    /// A core `Secret`; only the proxy is ever given any.
    Secret,
}

impl Kind {
    /// The kind of an object with this `apiVersion` and `kind`, in any version of the group.
    #[must_use]
    pub fn of(api_version: &str, kind: &str) -> Option<Self> {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        match (group, kind) {
            ("agentgateway.dev", "AgentgatewayBackend") => Some(Self::Backend),
            ("agentgateway.dev", "AgentgatewayPolicy") => Some(Self::Policy),
            ("gateway.networking.k8s.io", "HTTPRoute") => Some(Self::HttpRoute),
            ("", "Secret") => Some(Self::Secret),
            _ => None,
        }
    }

    /// The name that manifests use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Backend => "AgentgatewayBackend",
            Self::Policy => "AgentgatewayPolicy",
            Self::HttpRoute => "HTTPRoute",
            Self::Secret => "Secret",
        }
    }
}

/// What names an object within its kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl Key {
    /// The key of `namespace/name`.
    #[must_use]
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// One object.
#[derive(Clone, PartialEq)]
pub struct Resource {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace and name; the namespace is `default` where the object names none.
    pub key: Key,
    /// The whole object. Unknown fields are kept untouched.
    pub value: Value,
}

impl Resource {
    /// The object in `value`; `None` when it is of a kind that means nothing here.
    ///
    /// A missing name is read as `metadata.generateName` or as empty: that is for the API server to refuse.
    #[must_use]
    pub fn new(value: Value) -> Option<Self> {
        let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
        let kind = Kind::of(text("/apiVersion")?, text("/kind")?)?;
        let name = text("/metadata/name").or_else(|| text("/metadata/generateName")).unwrap_or_default();
        let namespace = text("/metadata/namespace").filter(|ns| !ns.is_empty()).unwrap_or("default");
        let key = Key::new(namespace, name);
        Some(Self { kind, key, value })
    }
}

impl fmt::Debug for Resource {
    /// Names the object only: a Secret's content must not reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.as_str(), self.key)
    }
}
