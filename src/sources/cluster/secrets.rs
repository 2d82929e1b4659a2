//! Secrets, got one by one: a proxy has the right to get those that backends name, and to list none.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use hyper::Request;
use kube::Client;
use serde_json::{Value, json};
use tokio::{
    sync::{Semaphore, mpsc, watch},
    task::JoinSet,
    time::sleep,
};
use tracing::warn;

use super::{Event, Message, error, is_name, pause, pause::Pauses};
use crate::engine::{Key, Kind};

/// How often a Secret is got again.
const AGAIN: Duration = Duration::from_secs(30);
/// Requests at a time.
const AT_ONCE: usize = 8;
/// Most Secrets that are kept; those that come later in the order of their names are left out.
pub(super) const MAX_SECRETS: usize = 10_000;

/// What became of the attempt to get a Secret.
pub(super) enum Answer {
    /// It, with its data and nothing else.
    Here(Value),
    /// There is none of that name.
    Gone,
    /// The right to get it is missing.
    Refused,
    /// It could not be asked for, and why.
    Failed(String),
}

/// Gets the Secrets that are asked for, as `wanted` changes and every [`AGAIN`], until nobody asks any more. What was
/// wanted before the call does not count.
pub(super) async fn run(
    client: Client,
    mut wanted: watch::Receiver<BTreeSet<Key>>,
    out: mpsc::Sender<Message>,
    tell: Arc<dyn Fn(Event) + Send + Sync>,
) {
    let gate = Arc::new(Semaphore::new(AT_ONCE));
    let (mut tasks, mut readers) = (JoinSet::new(), BTreeMap::new());
    while wanted.changed().await.is_ok() {
        let count = wanted.borrow().len();
        if count > MAX_SECRETS {
            warn!(count, MAX_SECRETS, "more Secrets are named than are read");
        }
        let asked: BTreeSet<Key> = wanted
            .borrow_and_update()
            .iter()
            .take(MAX_SECRETS)
            .cloned()
            .collect();
        if out.send(Message::Wanted(asked.clone())).await.is_err() {
            return;
        }
        readers.retain(|key, reader: &mut tokio::task::AbortHandle| {
            let keep = asked.contains(key);
            if !keep {
                reader.abort();
            }
            keep
        });
        for key in asked {
            readers.entry(key).or_insert_with_key(|key| {
                let reader = read(
                    client.clone(),
                    key.clone(),
                    Arc::clone(&gate),
                    out.clone(),
                    Arc::clone(&tell),
                );
                tasks.spawn(reader)
            });
        }
        while tasks.try_join_next().is_some() {}
    }
}

/// Gets one Secret again and again.
async fn read(
    client: Client,
    key: Key,
    gate: Arc<Semaphore>,
    out: mpsc::Sender<Message>,
    tell: Arc<dyn Fn(Event) + Send + Sync>,
) {
    let mut pauses = Pauses::default();
    loop {
        let answer = {
            let Ok(_one_of_few) = gate.acquire().await else {
                return;
            };
            get(&client, &key).await
        };
        let pause = match answer {
            Answer::Here(_) | Answer::Gone => {
                pauses.reset();
                pause::jittered(AGAIN)
            }
            Answer::Refused | Answer::Failed(_) => {
                tell(Event::Failed(Kind::Secret.as_str()));
                pauses.next()
            }
        };
        if out.send(Message::Secret(key.clone(), answer)).await.is_err() {
            return;
        }
        sleep(pause).await;
    }
}

async fn get(client: &Client, key: &Key) -> Answer {
    let Key { namespace, name } = key;
    if !is_name(namespace) || !is_name(name) {
        return Answer::Gone; // no object has such a name
    }
    let path = format!("/api/v1/namespaces/{namespace}/secrets/{name}");
    let Ok(request) = Request::get(path).body(Vec::new()) else {
        return Answer::Gone;
    };
    // As text: kube would log an answer that it cannot read.
    let text = match client.request_text(request).await {
        Ok(text) => text,
        Err(kube::Error::Api(status)) if status.code == 404 => return Answer::Gone,
        Err(kube::Error::Api(status)) if status.code == 403 => return Answer::Refused,
        Err(failure) => return Answer::Failed(error::why(&failure)),
    };
    let Ok(Value::Object(mut object)) = serde_json::from_str(&text) else {
        return Answer::Failed(error::unreadable());
    };
    Answer::Here(json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": namespace, "name": name},
        "data": object.remove("data"),
    }))
}
