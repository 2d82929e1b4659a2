//! What is stored in a cluster, read once.

use std::collections::BTreeSet;

use kube::{
    Api, Client,
    api::ListParams,
    core::{ApiResource, DynamicObject, GroupVersionKind},
};
use serde_json::Value;
use thiserror::Error;

use super::{error::why, kinds};
use crate::engine::{Key, Kind};

/// How many objects are asked for at once.
const PAGE: u32 = 500;
/// Most objects of a kind that are read.
const MAX_OBJECTS: usize = 100_000;

/// What is stored of the kinds that the checks know, but for Secrets.
#[derive(Debug, Default)]
pub struct Stored {
    /// Whole objects without `managedFields`.
    pub objects: Vec<Value>,
    /// Those with the labels that were asked for; `None` where none were.
    pub chosen: Option<BTreeSet<(Kind, Key)>>,
    /// What is missing.
    pub errors: Vec<Unlisted>,
}

/// Objects that could not be read.
#[derive(Debug, Error)]
#[error("cannot list {kind} in the cluster: {reason}")]
pub struct Unlisted {
    kind: String,
    reason: String,
}

impl Unlisted {
    fn new(kind: &str, reason: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            reason: reason.into(),
        }
    }
}

/// What is stored in `namespace`, or in all of them; with a `selector`, as of `kubectl -l`, also what that chooses. What
/// belongs to no namespace is always among it. Kinds that the cluster does not serve are passed over.
pub async fn stored(client: &Client, namespace: Option<&str>, selector: Option<&str>) -> Stored {
    let mut stored = Stored {
        chosen: selector.map(|_| BTreeSet::new()),
        ..Stored::default()
    };
    for (kind, group) in kinds::KINDS {
        if let Err(error) = of_kind(client, *kind, group, namespace, selector, &mut stored).await {
            stored.errors.push(error);
        }
    }
    stored
}

async fn of_kind(
    client: &Client,
    kind: Kind,
    group: &str,
    namespace: Option<&str>,
    selector: Option<&str>,
    stored: &mut Stored,
) -> Result<(), Unlisted> {
    let name = kind.as_str();
    let served = if group.is_empty() {
        Some(kinds::core(name, "namespaces"))
    } else {
        kinds::find(client, group, name)
            .await
            .map_err(|error| Unlisted::new(name, why(&error)))?
    };
    let Some(served) = served else { return Ok(()) };
    if let (Kind::Namespace, Some(namespace)) = (kind, namespace) {
        let found = Api::<DynamicObject>::all_with(client.clone(), &served)
            .get_opt(namespace)
            .await
            .map_err(|error| Unlisted::new(name, why(&error)))?;
        let found = found.ok_or_else(|| Unlisted::new(name, format!("there is no {namespace}")))?;
        stored.objects.push(whole(found, &served)?);
        return Ok(());
    }
    let scoped = !matches!(kind, Kind::Namespace | Kind::ModelCatalog);
    let api = match namespace.filter(|_| scoped) {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &served),
        None => Api::all_with(client.clone(), &served),
    };
    for object in list(&api, name, None).await? {
        stored.objects.push(whole(object, &served)?);
    }
    if let (Some(selector), Some(chosen)) = (selector, &mut stored.chosen) {
        for object in list(&api, name, Some(selector)).await? {
            let (namespace, name) = (object.metadata.namespace, object.metadata.name);
            let key = Key::new(namespace.unwrap_or_default(), name.unwrap_or_default());
            chosen.insert((kind, key));
        }
    }
    Ok(())
}

/// The CRDs of a cluster.
///
/// # Errors
/// They cannot be listed.
pub async fn definitions(client: &Client) -> Result<Vec<Value>, Unlisted> {
    let kind = GroupVersionKind::gvk("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
    let served = ApiResource::from_gvk(&kind);
    let api = Api::<DynamicObject>::all_with(client.clone(), &served);
    let found = list(&api, &kind.kind, None).await?;
    found.into_iter().map(|crd| whole(crd, &served)).collect()
}

async fn list(
    api: &Api<DynamicObject>,
    kind: &str,
    selector: Option<&str>,
) -> Result<Vec<DynamicObject>, Unlisted> {
    let mut params = ListParams::default().limit(PAGE);
    if let Some(selector) = selector {
        params = params.labels(selector);
    }
    let mut found = Vec::new();
    loop {
        let page = api
            .list(&params)
            .await
            .map_err(|error| Unlisted::new(kind, why(&error)))?;
        found.extend(page.items);
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            None => return Ok(found),
            Some(_) if found.len() >= MAX_OBJECTS => {
                return Err(Unlisted::new(kind, format!("there are more than {MAX_OBJECTS}")));
            }
            Some(token) => params = params.continue_token(&token),
        }
    }
}

/// The object with its kind, which a list leaves out, and without what only the API server reads.
fn whole(mut object: DynamicObject, served: &ApiResource) -> Result<Value, Unlisted> {
    object.metadata.managed_fields = None;
    let unreadable = |_| Unlisted::new(&served.kind, "an object cannot be read");
    let mut value = serde_json::to_value(object).map_err(unreadable)?;
    value["apiVersion"] = served.api_version.as_str().into();
    value["kind"] = served.kind.as_str().into();
    Ok(value)
}
