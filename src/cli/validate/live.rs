//! What is stored in a cluster, as texts to be checked like files.

use serde_json::Value;

use super::sheet::{Object, Source};
use crate::{
    cli::{cluster, error::Error},
    engine::Kind,
    sources::{cluster as source, documents},
};

/// Which part of a cluster is checked instead of files.
#[derive(Debug, clap::Args)]
pub(super) struct Live {
    /// Check what is stored in the cluster, in all namespaces, instead of files
    #[arg(short = 'A', long, conflicts_with_all = ["paths", "files"])]
    all_namespaces: bool,
    /// Check what is stored in the cluster, in this namespace
    #[arg(short, long, value_name = "NAME", conflicts_with_all = ["paths", "files", "all_namespaces"])]
    namespace: Option<String>,
    /// Check what is stored in the cluster with these labels; alone, in the namespace of the context
    #[arg(short = 'l', long, value_name = "LABELS", conflicts_with_all = ["paths", "files"])]
    selector: Option<String>,
    /// The context of the kubeconfig [default: its current one]
    #[arg(long, value_name = "NAME")]
    pub(super) context: Option<String>,
}

/// What was read of a cluster.
pub(super) struct Found {
    pub(super) sources: Vec<Source>,
    stored: source::Stored,
}

impl Live {
    /// Whether a cluster is checked at all.
    pub(super) const fn is_wanted(&self) -> bool {
        self.all_namespaces || self.namespace.is_some() || self.selector.is_some()
    }

    /// Reads the cluster.
    ///
    /// # Errors
    /// There is no way to it. What of it cannot be read is in what was found.
    pub(super) fn read(&self) -> Result<Found, Error> {
        let context = self.context.as_deref();
        let mut stored = cluster::block_on(async {
            let (client, current) = cluster::client_of_user(context).await?;
            let namespace = self.namespace.as_deref().unwrap_or(&current);
            let namespace = (!self.all_namespaces).then_some(namespace);
            Ok(source::stored(&client, namespace, self.selector.as_deref()).await)
        })?;
        let sources = std::mem::take(&mut stored.objects);
        Ok(Found {
            sources: sources.iter().map(as_text).collect(),
            stored,
        })
    }
}

impl Found {
    /// What is missing.
    pub(super) fn errors(&self) -> &[source::Unlisted] {
        &self.stored.errors
    }

    /// Whether an object was asked for, and not only read for what it says about others.
    pub(super) fn is_wanted(&self, object: &Object) -> bool {
        let Object::Resource(resource) = object else {
            return false;
        };
        let chosen = self.stored.chosen.as_ref();
        resource.kind != Kind::Namespace
            && chosen.is_none_or(|chosen| chosen.contains(&(resource.kind, resource.key.clone())))
    }
}

/// The object as `kubectl get -o yaml` prints it, and its name.
fn as_text(object: &Value) -> Source {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let parts = [text("/kind"), text("/metadata/namespace"), text("/metadata/name")];
    let name = parts.into_iter().flatten().collect::<Vec<_>>().join("/");
    let is_same = |yaml: &String| {
        let documents = documents::read(yaml).documents;
        matches!(&documents[..], [document] if document.value == *object)
    };
    let yaml = serde_saphyr::to_string(object).ok().filter(is_same);
    Source::Text(name, yaml.unwrap_or_else(|| format!("{object:#}\n")))
}
