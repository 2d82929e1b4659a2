//! The API server: what is read of it and written to it.

use std::time::Duration;

use futures_util::{Stream, StreamExt, future, stream};
use k8s_openapi::api::{
    admissionregistration::v1::{
        MutatingWebhookConfiguration, ValidatingWebhookConfiguration, WebhookClientConfig,
    },
    core::v1::Secret,
};
use kube::{
    Api, Client,
    api::{PartialObjectMeta, PatchParams, PostParams},
    runtime::{
        WatchStreamExt,
        watcher::{self, Event},
    },
};
use serde_json::{Value, json};
use tokio::time;
use tracing::debug;

use super::replica::{Configuration, Found, Kind, Patch, Settings};

/// Longest time for one request.
const REQUEST: Duration = Duration::from_secs(10);
/// After so many seconds a watch is begun anew.
const WATCH: u32 = 60;

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// Another replica or an admin was faster.
    #[error("something else was written meanwhile")]
    Conflict,
    /// The API server says no.
    #[error("cannot {what}: {why}")]
    Refused {
        /// What was to be done.
        what: String,
        /// The code of HTTP.
        code: u16,
        /// The API server's words.
        why: String,
    },
    /// The API server cannot be reached.
    #[error("cannot {0}")]
    Request(String, #[source] Box<kube::Error>),
    /// The API server answers with what cannot be read. The reason may quote the content, and is not kept.
    #[error("cannot {0}: the answer cannot be read")]
    Answer(String),
    /// No answer.
    #[error("cannot {0}: no answer within {REQUEST:?}")]
    Slow(String),
}

impl Error {
    fn of(what: String, source: kube::Error) -> Self {
        match source {
            kube::Error::Api(status) if status.code == 409 => Self::Conflict,
            kube::Error::Api(status) => Self::Refused {
                what,
                code: status.code,
                why: status.message,
            },
            kube::Error::SerdeError(_) => Self::Answer(what),
            source => Self::Request(what, Box::new(source)),
        }
    }

    /// What was to be written to is gone, or is not what it was, when the answer has one of these codes.
    fn or_conflict(self, codes: &[u16]) -> Self {
        match self {
            Self::Refused { code, .. } if codes.contains(&code) => Self::Conflict,
            error => error,
        }
    }
}

/// The objects of one set of replicas.
#[derive(Clone)]
pub(super) struct Objects {
    client: Client,
    secrets: Api<Secret>,
    validating: Api<ValidatingWebhookConfiguration>,
    mutating: Api<MutatingWebhookConfiguration>,
    name: String,
    namespace: String,
    configurations: Vec<String>,
}

impl Objects {
    pub(super) fn new(client: Client, settings: &Settings) -> Self {
        Self {
            secrets: Api::namespaced(client.clone(), &settings.namespace),
            validating: Api::all(client.clone()),
            mutating: Api::all(client.clone()),
            name: settings.name.clone(),
            namespace: settings.namespace.clone(),
            configurations: settings.configurations.clone(),
            client,
        }
    }

    /// The Secret, if it is there.
    pub(super) async fn secret(&self) -> Result<Option<Secret>, Error> {
        let what = format!("read Secret {}/{}", self.namespace, self.name);
        request(what, self.secrets.get_opt(&self.name)).await
    }

    /// Both configurations of every name.
    pub(super) async fn configurations(&self) -> Result<Vec<Configuration>, Error> {
        let mut all = Vec::new();
        for name in &self.configurations {
            for kind in Kind::ALL {
                all.push(Configuration {
                    kind,
                    name: name.clone(),
                    found: self.found(kind, name).await?,
                });
            }
        }
        Ok(all)
    }

    async fn found(&self, kind: Kind, name: &str) -> Result<Option<Found>, Error> {
        let what = format!("read {} {name}", kind.as_str());
        Ok(match kind {
            Kind::Validating => {
                let found = request(what, self.validating.get_opt(name)).await?;
                found.map(|found| {
                    let webhooks = found.webhooks.into_iter().flatten();
                    found_of(
                        &found.metadata.resource_version,
                        webhooks.map(|webhook| webhook.client_config),
                    )
                })
            }
            Kind::Mutating => {
                let found = request(what, self.mutating.get_opt(name)).await?;
                found.map(|found| {
                    let webhooks = found.webhooks.into_iter().flatten();
                    found_of(
                        &found.metadata.resource_version,
                        webhooks.map(|webhook| webhook.client_config),
                    )
                })
            }
        })
    }

    /// Creates the Secret, or replaces the one that it was made of.
    pub(super) async fn write(&self, secret: &Secret) -> Result<Secret, Error> {
        let params = PostParams::default();
        let name = format!("Secret {}/{}", self.namespace, self.name);
        if secret.metadata.resource_version.is_none() {
            return request(format!("create {name}"), self.secrets.create(&params, secret)).await;
        }
        let replaced = self.secrets.replace(&self.name, &params, secret);
        let replaced = request(format!("update {name}"), replaced).await;
        replaced.map_err(|cause| cause.or_conflict(&[404]))
    }

    /// Writes `caBundle`s.
    pub(super) async fn patch(&self, patch: &Patch) -> Result<(), Error> {
        let what = format!("patch {} {}", patch.kind.as_str(), patch.name);
        let operations = serde_json::from_value(operations(patch));
        let operations =
            kube::api::Patch::<Value>::Json(operations.map_err(|_| Error::Answer(what.clone()))?);
        let params = PatchParams::default();
        let done = match patch.kind {
            Kind::Validating => {
                let patched = self.validating.patch_metadata(&patch.name, &params, &operations);
                request(what, patched).await.map(drop)
            }
            Kind::Mutating => {
                let patched = self.mutating.patch_metadata(&patch.name, &params, &operations);
                request(what, patched).await.map(drop)
            }
        };
        // A test of the patch that fails is "unprocessable".
        done.map_err(|cause| cause.or_conflict(&[404, 422]))
    }

    /// Gives a sign whenever one of the objects may have changed. Their content is not read here.
    pub(super) fn changes(&self) -> impl Stream<Item = ()> + Send + Unpin + use<> {
        let secrets: Api<PartialObjectMeta<Secret>> = Api::namespaced(self.client.clone(), &self.namespace);
        let secrets = watcher::watcher(secrets, named(&self.name)).default_backoff();
        let mut all = vec![secrets.filter_map(sign).boxed()];
        for name in &self.configurations {
            let validating: Api<PartialObjectMeta<ValidatingWebhookConfiguration>> =
                Api::all(self.client.clone());
            let mutating: Api<PartialObjectMeta<MutatingWebhookConfiguration>> =
                Api::all(self.client.clone());
            let validating = watcher::watcher(validating, named(name)).default_backoff();
            let mutating = watcher::watcher(mutating, named(name)).default_backoff();
            all.extend([
                validating.filter_map(sign).boxed(),
                mutating.filter_map(sign).boxed(),
            ]);
        }
        stream::select_all(all)
    }
}

/// The result of a request, which `what` names, within a limited time.
pub(super) async fn request<T>(
    what: String,
    answer: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, Error> {
    match time::timeout(REQUEST, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(cause)) => Err(Error::of(what, cause)),
        Err(_) => Err(Error::Slow(what)),
    }
}

fn found_of(version: &Option<String>, webhooks: impl Iterator<Item = WebhookClientConfig>) -> Found {
    Found {
        version: version.clone().unwrap_or_default(),
        bundles: webhooks
            .map(|webhook| webhook.ca_bundle.unwrap_or_default().0)
            .collect(),
    }
}

/// A JSON patch that changes nothing when anything else has changed.
fn operations(patch: &Patch) -> Value {
    let bundle = k8s_openapi::ByteString(patch.bundle.clone().into_bytes());
    let test = json!({"op": "test", "path": "/metadata/resourceVersion", "value": patch.version});
    let write = |webhook: &usize| {
        let path = format!("/webhooks/{webhook}/clientConfig/caBundle");
        json!({"op": "add", "path": path, "value": bundle})
    };
    std::iter::once(test)
        .chain(patch.webhooks.iter().map(write))
        .collect()
}

/// What is watched of an object.
fn named(name: &str) -> watcher::Config {
    watcher::Config::default()
        .fields(&format!("metadata.name={name}"))
        .timeout(WATCH)
}

fn sign<K>(event: Result<Event<K>, watcher::Error>) -> future::Ready<Option<()>> {
    future::ready(match event {
        Ok(Event::Apply(_) | Event::Delete(_) | Event::InitDone) => Some(()),
        Ok(Event::Init | Event::InitApply(_)) => None,
        Err(cause) => {
            debug!(%cause, "a watch is begun anew");
            None
        }
    })
}
