//! The kinds that are watched, and the version in which the API server serves each.

use hyper::Request;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{APIGroup, APIResourceList};
use kube::{
    Client,
    core::{ApiResource, GroupVersionKind},
};
use serde::de::DeserializeOwned;

use crate::engine::Kind;

/// The kinds that snapshots are made of, with their groups; Secrets are not watched.
pub(super) const KINDS: &[(Kind, &str)] = &[
    (Kind::Backend, "agentgateway.dev"),
    (Kind::Policy, "agentgateway.dev"),
    (Kind::ModelCatalog, "aliasgate.dev"),
    (Kind::HttpRoute, "gateway.networking.k8s.io"),
    (Kind::Namespace, ""),
];

/// A kind of Kubernetes itself.
pub(super) fn core(kind: &str, plural: &str) -> ApiResource {
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk("", "v1", kind), plural)
}

/// How the API server serves `kind` of `group`: in the version that it prefers, or else in the newest that has the
/// kind. `None` when it does not serve it at all.
pub(super) async fn find(
    client: &Client,
    group: &str,
    kind: &str,
) -> Result<Option<ApiResource>, kube::Error> {
    let Some(found) = get::<APIGroup>(client, &format!("/apis/{group}")).await? else {
        return Ok(None);
    };
    let preferred = found.preferred_version.map(|preferred| preferred.version);
    let mut versions: Vec<_> = found.versions.into_iter().map(|served| served.version).collect();
    versions.sort_by_key(|version| Some(version) != preferred.as_ref()); // stable: the server's order is by age
    for version in versions {
        let path = format!("/apis/{group}/{version}");
        let list = get::<APIResourceList>(client, &path).await?;
        let mut resources = list.into_iter().flat_map(|list| list.resources);
        if let Some(resource) =
            resources.find(|resource| resource.kind == kind && !resource.name.contains('/'))
        {
            let kind = GroupVersionKind::gvk(group, &version, kind);
            return Ok(Some(ApiResource::from_gvk_with_plural(&kind, &resource.name)));
        }
    }
    Ok(None)
}

/// What stands at `path`, if anything.
async fn get<T: DeserializeOwned>(client: &Client, path: &str) -> Result<Option<T>, kube::Error> {
    let request = Request::get(path)
        .body(Vec::new())
        .map_err(kube::Error::HttpError)?;
    match client.request(request).await {
        Ok(found) => Ok(Some(found)),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
        Err(error) => Err(error),
    }
}
