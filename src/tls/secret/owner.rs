//! The owner of the webhook configurations: the namespace of the Secret. Kubernetes deletes what is owned after its
//! owner, so deleting that namespace first leaves no registration behind that refuses everything because nobody answers.

use std::collections::BTreeMap;

use k8s_openapi::api::{
    admissionregistration::v1::{MutatingWebhookConfiguration, ValidatingWebhookConfiguration},
    core::v1::Namespace,
};
use kube::{
    Api, Client,
    api::{Patch, PatchParams},
};
use serde_json::json;
use tracing::{info, warn};

use super::{
    api::{Error, request},
    replica::{Configuration, Kind, Settings},
};
use crate::tls::certificates::chain;

/// Who owns the field, apart from who keeps the `caBundle`.
const MANAGER: &str = "aliasgate-owner";

/// Makes the namespace own the configurations.
pub(super) struct Owner {
    namespaces: Api<Namespace>,
    validating: Api<ValidatingWebhookConfiguration>,
    mutating: Api<MutatingWebhookConfiguration>,
    namespace: String,
    /// The namespace's, once it is known.
    uid: Option<String>,
    /// The `resourceVersion` of each configuration that is known to be owned.
    owned: BTreeMap<(&'static str, String), String>,
    /// Why a configuration is not owned.
    problem: Option<String>,
}

impl Owner {
    pub(super) fn new(client: Client, settings: &Settings) -> Self {
        Self {
            namespaces: Api::all(client.clone()),
            validating: Api::all(client.clone()),
            mutating: Api::all(client),
            namespace: settings.namespace.clone(),
            uid: None,
            owned: BTreeMap::new(),
            problem: None,
        }
    }

    /// Why a configuration is not owned.
    pub(super) fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// Makes the namespace own every configuration that was found. Where that is not possible, everything else goes on,
    /// and the reason is told once.
    pub(super) async fn claim(&mut self, configurations: &[Configuration]) {
        let mut problem = None;
        for one in configurations {
            let key = (one.kind.as_str(), one.name.clone());
            let Some(found) = &one.found else {
                self.owned.remove(&key);
                continue;
            };
            if self.owned.get(&key) == Some(&found.version) {
                continue;
            }
            match self.own(one.kind, &one.name).await {
                Ok(version) => {
                    if self.owned.insert(key, version).is_none() {
                        info!(
                            kind = one.kind.as_str(),
                            name = one.name,
                            namespace = self.namespace,
                            "the configuration is deleted with the namespace"
                        );
                    }
                }
                Err(cause) => problem = Some(chain(&cause)),
            }
        }
        if let Some(cause) = problem.as_ref().filter(|_| self.problem != problem) {
            warn!(
                cause,
                "webhook configurations will outlive the namespace: delete them first"
            );
        }
        self.problem = problem;
    }

    /// Writes the owner; gives the `resourceVersion` with it. What is so already is not changed.
    async fn own(&mut self, kind: Kind, name: &str) -> Result<String, Error> {
        let uid = self.uid().await?;
        let object = json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": kind.as_str(),
            "metadata": {"name": name, "ownerReferences": [
                {"apiVersion": "v1", "kind": "Namespace", "name": self.namespace, "uid": uid},
            ]},
        });
        let (params, patch) = (PatchParams::apply(MANAGER), Patch::Apply(&object));
        let what = format!(
            "make Namespace {} the owner of {} {name}",
            self.namespace,
            kind.as_str()
        );
        let metadata = match kind {
            Kind::Validating => {
                let owned = self.validating.patch_metadata(name, &params, &patch);
                request(what, owned).await?.metadata
            }
            Kind::Mutating => {
                let owned = self.mutating.patch_metadata(name, &params, &patch);
                request(what, owned).await?.metadata
            }
        };
        Ok(metadata.resource_version.unwrap_or_default())
    }

    async fn uid(&mut self) -> Result<String, Error> {
        if let Some(uid) = &self.uid {
            return Ok(uid.clone());
        }
        let what = format!("read Namespace {}", self.namespace);
        let found = request(what, self.namespaces.get_metadata(&self.namespace)).await?;
        let uid = found.metadata.uid.unwrap_or_default();
        self.uid = Some(uid.clone());
        Ok(uid)
    }
}
