//! What is asked of the API server, with a limit on each request, and what its refusals mean.

use std::{future::Future, time::Duration};

use kube::{
    Client,
    api::{Api, ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams},
    core::Status,
};
use serde_json::Value;
use thiserror::Error;
use tokio::time::{Instant, sleep_until, timeout};

use super::report::{Dialect, LABEL, NAME, Names, cut};
use crate::telemetry;

/// Longest wait for one answer.
const ANSWER: Duration = Duration::from_secs(30);
/// Pause between two writes.
const PAUSE: Duration = Duration::from_millis(50);
/// Objects in one page of a list.
const PAGE: u32 = 500;
/// Most pages of a list.
const MAX_PAGES: usize = 200;
/// Longest part of a refusal that is told.
const MAX_MESSAGE: usize = 512; // bytes

/// Why the API server did not do what it was asked.
#[derive(Debug, Error)]
pub(super) enum Error {
    /// The ServiceAccount lacks a right.
    #[error("it is not allowed: {0}")]
    Denied(String),
    /// The object, its namespace or its kind is not there, or about to go.
    #[error("it is not there: {0}")]
    Missing(String),
    /// There is an object of this name, or another writer was faster.
    #[error("another was faster: {0}")]
    Taken(String),
    /// The object is not what the API server takes.
    #[error("it is refused: {0}")]
    Refused(String),
    /// No answer, or one that says to come back later.
    #[error("the API server does not answer: {0}")]
    Down(String),
}

impl Error {
    /// The kind of trouble, for the log to tell each once.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Denied(_) => "denied",
            Self::Missing(_) => "missing",
            Self::Taken(_) => "taken",
            Self::Refused(_) => "refused",
            Self::Down(_) => "down",
        }
    }

    /// Whether the next write would fail for the same reason.
    pub(super) const fn is_general(&self) -> bool {
        matches!(self, Self::Denied(_) | Self::Down(_))
    }
}

impl From<kube::Error> for Error {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::of(&status),
            other => Self::Down(cut(&telemetry::chain(&other), MAX_MESSAGE)),
        }
    }
}

impl Error {
    fn of(status: &Status) -> Self {
        let message = cut(&status.message, MAX_MESSAGE);
        let causes = status.details.iter().flat_map(|details| &details.causes);
        let goes = causes
            .into_iter()
            .any(|cause| cause.reason == "NamespaceTerminating");
        match status.code {
            403 if goes => Self::Missing(message),
            401 | 403 => Self::Denied(message),
            404 => Self::Missing(message),
            409 => Self::Taken(message),
            408 | 429 | 500.. => Self::Down(message),
            _ => Self::Refused(message),
        }
    }
}

/// An object of ours as a list shows it.
#[derive(Debug)]
pub(super) struct Listed {
    /// Its namespace; empty where it lies in none.
    pub(super) namespace: String,
    /// What changes with its content.
    pub(super) version: String,
}

/// The API server, for one writer.
pub(super) struct Server {
    client: Client,
    /// The name under which fields are owned.
    manager: &'static str,
    /// When the next write may be made.
    next: Instant,
}

impl Server {
    /// The API server behind `client`, on which fields are owned by `manager`.
    pub(super) fn new(client: Client, manager: &'static str) -> Self {
        Self {
            client,
            manager,
            next: Instant::now(),
        }
    }

    /// Which kinds of `dialect` there are: reports of namespaces, reports of the cluster.
    pub(super) async fn serves(&self, dialect: &Dialect) -> Result<[bool; 2], Error> {
        let version = dialect.api_version();
        match limited(self.client.list_api_group_resources(&version)).await {
            Ok(list) => Ok([true, false].map(|namespaced| {
                let plural = dialect.names(namespaced).plural;
                list.resources.iter().any(|resource| resource.name == plural)
            })),
            Err(Error::Missing(_)) => Ok([false, false]),
            Err(error) => Err(error),
        }
    }

    /// All reports of ours of one kind.
    pub(super) async fn reports(&self, resource: &ApiResource) -> Result<Vec<Listed>, Error> {
        let api: Api<DynamicObject> = Api::all_with(self.client.clone(), resource);
        let mut params = ListParams::default()
            .labels(&format!("{LABEL}={NAME}"))
            .limit(PAGE);
        let mut found = Vec::new();
        for _ in 0..MAX_PAGES {
            let list = limited(api.list_metadata(&params)).await?;
            let ours = list
                .items
                .into_iter()
                .filter(|object| object.metadata.name.as_deref() == Some(NAME));
            found.extend(ours.map(|object| Listed {
                namespace: object.metadata.namespace.unwrap_or_default(),
                version: object.metadata.resource_version.unwrap_or_default(),
            }));
            match list.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params.continue_token = Some(token),
                None => break,
            }
        }
        Ok(found)
    }

    /// Makes `object` so, by server-side apply; gives what changes with its content.
    pub(super) async fn apply(&mut self, resource: &ApiResource, object: &Value) -> Result<String, Error> {
        self.pace().await;
        let (api, name) = self.place(resource, object);
        let params = PatchParams::apply(self.manager).force();
        let written = limited(api.patch(name, &params, &Patch::Apply(object))).await?;
        Ok(written.metadata.resource_version.unwrap_or_default())
    }

    /// The same for the status of an object that is there.
    pub(super) async fn apply_status(&mut self, resource: &ApiResource, object: &Value) -> Result<(), Error> {
        self.pace().await;
        let (api, name) = self.place(resource, object);
        let params = PatchParams::apply(self.manager).force();
        limited(api.patch_status(name, &params, &Patch::Apply(object)))
            .await
            .map(drop)
    }

    /// Stores `object`, which must not be there yet.
    pub(super) async fn create(&mut self, resource: &ApiResource, object: &Value) -> Result<(), Error> {
        self.pace().await;
        let (api, _) = self.place(resource, object);
        let object =
            serde_json::from_value(object.clone()).map_err(|error| Error::Refused(error.to_string()))?;
        limited(api.create(&PostParams::default(), &object))
            .await
            .map(drop)
    }

    /// Deletes our report in `namespace`, or that of the cluster; well where it is gone already.
    pub(super) async fn delete(&mut self, resource: &ApiResource, namespace: &str) -> Result<(), Error> {
        self.pace().await;
        let api = self.within(resource, namespace);
        match limited(api.delete(NAME, &DeleteParams::default())).await {
            Ok(_) | Err(Error::Missing(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn pace(&mut self) {
        sleep_until(self.next).await;
        self.next = Instant::now() + PAUSE;
    }

    fn place<'a>(&self, resource: &ApiResource, object: &'a Value) -> (Api<DynamicObject>, &'a str) {
        let text = |pointer| {
            object
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        (
            self.within(resource, text("/metadata/namespace")),
            text("/metadata/name"),
        )
    }

    fn within(&self, resource: &ApiResource, namespace: &str) -> Api<DynamicObject> {
        if namespace.is_empty() {
            Api::all_with(self.client.clone(), resource)
        } else {
            Api::namespaced_with(self.client.clone(), namespace, resource)
        }
    }
}

async fn limited<T>(request: impl Future<Output = Result<T, kube::Error>>) -> Result<T, Error> {
    match timeout(ANSWER, request).await {
        Ok(answer) => answer.map_err(Error::from),
        Err(_late) => Err(Error::Down(format!("no answer for {} s", ANSWER.as_secs()))),
    }
}

/// The kind of these names in a group and version.
pub(super) fn resource(group: &str, version: &str, names: &Names) -> ApiResource {
    ApiResource {
        group: group.to_owned(),
        version: version.to_owned(),
        api_version: format!("{group}/{version}"),
        kind: names.kind.to_owned(),
        plural: names.plural.to_owned(),
    }
}
