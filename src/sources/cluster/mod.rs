//! Resources of a cluster, watched through its API server: a feed of snapshots that outlives every outage.
//!
//! Each kind has a task of its own (`watcher`) that finds the version it is served in (`kinds`), lists and watches it,
//! and tells the news to the one loop of `feed`. That keeps the objects on a `shelf`, trimmed of what nobody reads
//! (`trim`), folds bursts, and publishes a snapshot once every kind is known. Secrets (`secrets`) are got one by one,
//! and only those that are asked for.
//!
//! `objects` reads once, without a watch, what commands ask for.

mod configmap;
mod error;
mod feed;
mod kinds;
mod objects;
mod pause;
mod secrets;
mod shelf;
mod trim;
mod watcher;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use kube::Client;

use super::Base;
use crate::engine::Key;

pub use feed::Feed;
pub use objects::{Stored, Unlisted, definitions, stored};
pub use shelf::State;

/// What to watch, and what the snapshots are made with.
#[derive(Clone)]
pub struct Settings {
    /// The API server.
    pub client: Client,
    /// ConfigMaps that hold catalogs as agentgateway mounts them.
    pub configmaps: Vec<Key>,
    /// What the snapshots are made with.
    pub base: Base,
    /// Is told what a feed would count.
    pub tell: Arc<dyn Fn(Event) + Send + Sync>,
}

/// What is worth counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Objects of this kind could not be read once more.
    Failed(&'static str),
    /// A snapshot was made, and took so long.
    Rebuilt(Duration),
}

/// What a watcher tells the feed.
enum Message {
    /// News of the source with this number.
    Source(usize, News),
    /// The Secrets that are asked for from now on.
    Wanted(BTreeSet<Key>),
    /// What became of the attempt to get a Secret.
    Secret(Key, secrets::Answer),
}

/// News of one source.
enum News {
    /// A list of all objects begins; they are of this `apiVersion`.
    Begun(String),
    /// An object of that list.
    Listed(serde_json::Value),
    /// The list is complete.
    Done,
    /// An object is new or other than it was.
    Changed(serde_json::Value),
    /// An object is gone.
    Gone(Key),
    /// The cluster has no such kind.
    Absent,
    /// It cannot be watched at present, and why.
    Trouble(String),
    /// The trouble is over.
    Well,
}

/// Whether an object of Kubernetes can have this name, which then is safe in a path and in a selector.
#[must_use]
pub fn is_name(text: &str) -> bool {
    /// Longest name of an object.
    const LONGEST: usize = 253; // bytes
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    text.len() <= LONGEST && text.bytes().all(fits) && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}
