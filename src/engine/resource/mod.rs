//! The resources that the engine reads, as plain JSON.

mod attachment;
mod host;
mod provider;
mod site;

use std::{fmt, sync::Arc};

use serde_json::Value;

use super::{
    catalog::{ModelCatalog, Spot},
    pointer,
};

pub use attachment::{Attachment, Choice};
pub use provider::{SINGLE, Target, World};
pub use site::{Scope, Site};

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
    /// A core `Namespace`, for its labels. Its key has an empty namespace.
    Namespace,
    /// `ModelCatalog` of `aliasgate.dev`. Its key has an empty namespace.
    ModelCatalog,
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
            ("", "Namespace") => Some(Self::Namespace),
            ("aliasgate.dev", "ModelCatalog") => Some(Self::ModelCatalog),
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
            Self::Namespace => "Namespace",
            Self::ModelCatalog => "ModelCatalog",
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
        Self {
            namespace: namespace.into(),
            name: name.into(),
        }
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
    value: Value,
    sites: Vec<Site>,
    targets: Vec<Target>,
    attachments: Vec<Attachment>,
    catalog: Option<Arc<ModelCatalog>>,
}

impl Resource {
    /// The object in `value`; `None` when it is of a kind that means nothing here.
    ///
    /// A missing name is read as `metadata.generateName` or as empty: that is for the API server to refuse.
    #[must_use]
    pub fn new(value: Value) -> Option<Self> {
        let text = |pointer: &str| pointer::find(&value, pointer).and_then(Value::as_str);
        let kind = Kind::of(text("/apiVersion")?, text("/kind")?)?;
        let name = text("/metadata/name")
            .or_else(|| text("/metadata/generateName"))
            .unwrap_or_default();
        let namespace = match kind {
            Kind::Namespace | Kind::ModelCatalog => "",
            _ => text("/metadata/namespace")
                .filter(|ns| !ns.is_empty())
                .unwrap_or("default"),
        };
        let key = Key::new(namespace, name);
        let sites = site::sites(kind, &value);
        let targets = if kind == Kind::Backend {
            provider::targets(&value, namespace)
        } else {
            Vec::new()
        };
        let attachments = if kind == Kind::Policy {
            attachment::attachments(&value)
        } else {
            Vec::new()
        };
        let catalog = (kind == Kind::ModelCatalog)
            .then(|| ModelCatalog::read(&value).0)
            .flatten();
        Some(Self {
            kind,
            key,
            value,
            sites,
            targets,
            attachments,
            catalog: catalog.map(Arc::new),
        })
    }

    /// The whole object. Unknown fields are kept untouched.
    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.value
    }

    /// What it is attached to, where this is a policy.
    #[must_use]
    pub fn attachments(&self) -> &[Attachment] {
        &self.attachments
    }

    /// The catalog that counts, where this is one: its own, or an earlier one where its own cannot be read.
    #[must_use]
    pub const fn catalog(&self) -> Option<&Arc<ModelCatalog>> {
        self.catalog.as_ref()
    }

    /// The same object, for which the catalog of `earlier` counts where its own cannot be read.
    #[must_use]
    pub fn with_catalog_of(mut self, earlier: &Self) -> Self {
        self.catalog = self.catalog.or_else(|| earlier.catalog.clone());
        self
    }

    /// What selectors of catalogs can ask of `target`, one of its own.
    #[must_use]
    pub fn spot<'a>(&'a self, target: &'a Target) -> Spot<'a> {
        Spot {
            ground: match &target.world {
                World::Known(ground) => Some(ground),
                World::Unknown(_) => None,
            },
            provider: target.provider,
            host: target.host.as_deref(),
            namespace: &self.key.namespace,
            labels: self.at("/metadata/labels").and_then(Value::as_object),
        }
    }

    /// The places that carry AI settings, with their alias tables.
    #[must_use]
    pub fn sites(&self) -> &[Site] {
        &self.sites
    }

    /// The providers, where this is a backend.
    #[must_use]
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// The value at `pointer`.
    #[must_use]
    pub fn at(&self, pointer: &str) -> Option<&Value> {
        pointer::find(&self.value, pointer)
    }

    /// The string at `pointer`.
    #[must_use]
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.at(pointer).and_then(Value::as_str)
    }

    /// `Kind namespace/name`, for messages.
    #[must_use]
    pub fn title(&self) -> String {
        if self.key.namespace.is_empty() {
            return format!("{} {}", self.kind.as_str(), self.key.name);
        }
        format!("{} {}", self.kind.as_str(), self.key)
    }
}

impl fmt::Debug for Resource {
    /// Names the object only: a Secret's content must not reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title())
    }
}
