//! The flags that lead to a cluster, and the client of its API server.

use std::{env, path::Path, sync::Arc, time::Duration};

use axum::http::{HeaderValue, header::USER_AGENT};
use kube::{Client, Config, config::KubeConfigOptions};
use thiserror::Error;
use tokio::sync::watch;

use super::error;

use crate::{
    engine::Key,
    sources::{
        Base,
        cluster::{Event, Feed, Settings, State, Unlisted, is_name},
    },
    telemetry::{Health, Watches},
    tls,
};

/// The gate that opens once snapshots tell of the whole cluster.
pub(super) const GATE: &str = "snapshot";

/// Longest time to reach the API server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest silence of the API server within an answer; a watch is asked to end earlier.
const READ_TIMEOUT: Duration = Duration::from_secs(70);
/// What names a file with the way to a cluster.
const KUBECONFIG: &str = "KUBECONFIG";
/// What every pod has in its environment.
const SERVICE_HOST: &str = "KUBERNETES_SERVICE_HOST";
/// Where a pod finds the token of its ServiceAccount.
const TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// Whether resources come from a cluster, and what else is read there.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Cluster {
    /// Watch the cluster: the one of $KUBECONFIG, or else the one whose pod this is
    #[arg(long = "cluster", conflicts_with = "files")]
    pub(super) watch: bool,
    /// ConfigMap with a catalog as agentgateway mounts it, to lay over the built-in catalogs; may be repeated
    #[arg(long = "catalog-configmap", value_name = "NAMESPACE/NAME", requires = "watch", value_parser = key)]
    pub(super) configmaps: Vec<Key>,
}

/// Why there is no client of an API server.
#[derive(Debug, Error)]
pub(super) enum Error {
    /// No way to a cluster is named.
    #[error(
        "cannot find a cluster: this is no pod, for {SERVICE_HOST} is not set, and ${KUBECONFIG} names no file"
    )]
    Nowhere,
    /// A pod without the token of its ServiceAccount.
    #[error("cannot read {TOKEN}: set automountServiceAccountToken for this pod, or ${KUBECONFIG}")]
    NoToken,
    /// What a pod is given of its cluster cannot be used.
    #[error("cannot use the ServiceAccount of this pod")]
    Pod(#[source] kube::config::InClusterError),
    /// The file of `$KUBECONFIG` cannot be used.
    #[error("cannot use ${KUBECONFIG}, which is {0}")]
    Kubeconfig(String, #[source] kube::config::KubeconfigError),
    /// Neither `$KUBECONFIG` nor `~/.kube/config` can be used.
    #[error("cannot use ${KUBECONFIG} or ~/.kube/config")]
    UserKubeconfig(#[source] kube::config::KubeconfigError),
    /// What a cluster does not tell.
    #[error(transparent)]
    Unlisted(#[from] Unlisted),
    /// The certificates or credentials cannot be used.
    #[error("cannot make a client of the API server")]
    Client(#[source] kube::Error),
}

impl Cluster {
    /// A feed of the cluster of `client`, to be run, whose state is told to `health` from now on.
    pub(super) fn feed(&self, client: Client, base: Base, watches: Watches, health: Health) -> Feed {
        let tell = move |event| match event {
            Event::Failed(kind) => watches.failed(kind),
            Event::Rebuilt(took) => watches.rebuilt(took),
        };
        let feed = Feed::new(Settings {
            client,
            configmaps: self.configmaps.clone(),
            base,
            tell: Arc::new(tell),
        });
        tokio::spawn(report(feed.state(), health));
        feed
    }
}

/// Opens the [`GATE`] once nothing is waited for, and notes what there is to know.
async fn report(mut state: watch::Receiver<State>, health: Health) {
    let mut open = false;
    while state.changed().await.is_ok() {
        let State { waiting, notes } = state.borrow_and_update().clone();
        health.note(GATE, notes);
        open |= waiting.is_empty();
        if open {
            health.open(GATE);
        } else {
            health.close(GATE, waiting.join("; "));
        }
    }
}

/// A client of the API server, which need not be there yet. Must be called within a Tokio runtime.
///
/// # Errors
/// Nothing says where the cluster is, or what says it cannot be used.
pub(super) async fn client() -> Result<Client, Error> {
    let _installed = tls::provider();
    let mut config = config().await?;
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    config.read_timeout = Some(READ_TIMEOUT);
    config.reset_reader_on_write = true;
    let agent = HeaderValue::from_static(concat!("aliasgate/", env!("CARGO_PKG_VERSION")));
    config.headers.push((USER_AGENT, agent));
    Client::try_from(config).map_err(Error::Client)
}

/// A client of the cluster that kubectl would use, in `context` or the current one; and the namespace of the context.
/// Must be called within a Tokio runtime.
///
/// # Errors
/// There is no kubeconfig, or it cannot be used.
pub(super) async fn client_of_user(context: Option<&str>) -> Result<(Client, String), Error> {
    let _installed = tls::provider();
    let options = KubeConfigOptions {
        context: context.map(str::to_owned),
        ..KubeConfigOptions::default()
    };
    let mut config = Config::from_kubeconfig(&options)
        .await
        .map_err(Error::UserKubeconfig)?;
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    config.read_timeout = Some(READ_TIMEOUT);
    let namespace = config.default_namespace.clone();
    Client::try_from(config)
        .map(|client| (client, namespace))
        .map_err(Error::Client)
}

/// Runs what a command asks of a cluster to its end.
///
/// # Errors
/// Those of `work`; or the system gives nothing to run it on.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, error::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(error::Error::Runtime)?;
    Ok(runtime.block_on(work)?)
}

/// What is set by hand counts more than what a pod is given.
async fn config() -> Result<Config, Error> {
    let set = |name| env::var(name).ok().filter(|value: &String| !value.is_empty());
    if let Some(file) = set(KUBECONFIG) {
        let loaded = Config::from_kubeconfig(&KubeConfigOptions::default()).await;
        return loaded.map_err(|cause| Error::Kubeconfig(file, cause));
    }
    if set(SERVICE_HOST).is_none() {
        return Err(Error::Nowhere);
    }
    if !Path::new(TOKEN).exists() {
        return Err(Error::NoToken);
    }
    Config::incluster().map_err(Error::Pod)
}

/// `NAMESPACE/NAME`.
pub(super) fn key(text: &str) -> Result<Key, String> {
    match text.split_once('/') {
        Some((namespace, name)) if is_name(namespace) && is_name(name) => Ok(Key::new(namespace, name)),
        _ => Err("write it as NAMESPACE/NAME".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, key};

    #[test]
    fn a_key_is_two_names() {
        assert_eq!(key("a/b.c-1"), Ok(Key::new("a", "b.c-1")));
        for bad in ["", "a", "a/", "/b", "a/b/c", "a/b,metadata.name=c", "A/b"] {
            assert!(key(bad).is_err(), "{bad}");
        }
    }
}
