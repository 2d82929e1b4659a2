//! The task that follows one source: finds it, lists it, watches it, and never gives up.

use std::{fmt::Debug, pin::pin, sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{
    Api, Client, Resource,
    core::{ApiResource, DynamicObject, PartialObjectMeta},
    runtime::watcher::{self, watcher},
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

use super::{Event, Message, News, error, kinds, pause, pause::Pauses, trim};
use crate::engine::{Key, Kind};

/// Objects of one page of a list.
const PAGE: u32 = 500;
/// After this time a watch is asked for anew, so that one whose connection died unseen is noticed.
const WATCH: u32 = 60; // seconds
/// How often a kind is looked for that the cluster lacks.
const LOOK: Duration = Duration::from_secs(2);
/// Looks that must miss a kind that was there before it counts as gone, for then its objects go.
const LOOKS: u32 = 2;
/// A watch that does not fail for so long after trouble stands again.
const STANDS: Duration = Duration::from_secs(7);

/// What a source is.
#[derive(Debug, Clone)]
pub(super) enum What {
    /// All objects of a kind of this group.
    Kind(Kind, &'static str),
    /// One ConfigMap.
    ConfigMap(Key),
}

/// The receiver of the news is gone, so nobody wants any.
struct Closed;

/// Follows one source.
pub(super) struct Watcher {
    /// The API server.
    pub(super) client: Client,
    /// The source.
    pub(super) what: What,
    /// Its number.
    pub(super) number: usize,
    /// Where news go.
    pub(super) out: mpsc::Sender<Message>,
    /// Where failures are counted.
    pub(super) tell: Arc<dyn Fn(Event) + Send + Sync>,
}

impl What {
    /// The name of its kind.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Kind(kind, _) => kind.as_str(),
            Self::ConfigMap(_) => "ConfigMap",
        }
    }
}

impl Watcher {
    /// Tells the news until nobody wants them any more.
    pub(super) async fn run(self) {
        let (mut pauses, mut missed) = (Pauses::default(), LOOKS);
        loop {
            let (told, pause) = match self.find().await {
                Ok(Some(resource)) => {
                    missed = 0;
                    (self.follow(&resource, &mut pauses).await, pauses.next())
                }
                Ok(None) => {
                    missed += 1;
                    let told = if missed >= LOOKS {
                        missed = LOOKS;
                        self.say(News::Absent).await
                    } else {
                        Ok(())
                    };
                    (told, pause::jittered(LOOK))
                }
                Err(failure) => (self.failed(error::why(&failure)).await, pauses.next()),
            };
            if told.is_err() {
                return;
            }
            sleep(pause).await;
        }
    }

    /// How the API server serves it.
    async fn find(&self) -> Result<Option<ApiResource>, kube::Error> {
        match &self.what {
            What::ConfigMap(_) => Ok(Some(kinds::core("ConfigMap", "configmaps"))),
            What::Kind(Kind::Namespace, _) => Ok(Some(kinds::core("Namespace", "namespaces"))),
            What::Kind(kind, group) => kinds::find(&self.client, group, kind.as_str()).await,
        }
    }

    /// Tells the news of `resource` until the API server does not know it any more.
    async fn follow(&self, resource: &ApiResource, pauses: &mut Pauses) -> Result<(), Closed> {
        let config = watcher::Config::default().page_size(PAGE).timeout(WATCH);
        let client = self.client.clone();
        let whole = |object: DynamicObject| (object.metadata, object.data);
        match &self.what {
            What::Kind(Kind::Namespace, _) => {
                let api = Api::<PartialObjectMeta<DynamicObject>>::all_with(client, resource);
                let labels = |object: PartialObjectMeta<DynamicObject>| (object.metadata, Value::Null);
                self.stream(api, config, labels, resource, pauses).await
            }
            What::Kind(..) => {
                let api = Api::all_with(client, resource);
                self.stream(api, config, whole, resource, pauses).await
            }
            What::ConfigMap(Key { namespace, name }) => {
                let api = Api::namespaced_with(client, namespace, resource);
                let config = config.fields(&format!("metadata.name={name}"));
                self.stream(api, config, whole, resource, pauses).await
            }
        }
    }

    async fn stream<K>(
        &self,
        api: Api<K>,
        config: watcher::Config,
        parts: fn(K) -> (ObjectMeta, Value),
        resource: &ApiResource,
        pauses: &mut Pauses,
    ) -> Result<(), Closed>
    where
        K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
    {
        let trimmed = |object| {
            let (metadata, fields) = parts(object);
            trim::trimmed(&resource.kind, &resource.api_version, metadata, fields)
        };
        let mut events = pin!(watcher(api, config));
        let mut troubled = false;
        loop {
            let next = if troubled {
                timeout(STANDS, events.next()).await
            } else {
                Ok(events.next().await)
            };
            let event = match next {
                Ok(Some(Ok(event))) => event,
                Ok(Some(Err(failure))) if error::is_missing(&failure) => return Ok(()),
                Ok(Some(Err(failure))) => {
                    self.failed(error::why_watching(&failure)).await?;
                    troubled = true;
                    sleep(pauses.next()).await;
                    continue;
                }
                Ok(None) => return Ok(()),
                Err(_nothing_failed) => {
                    troubled = false;
                    pauses.reset();
                    self.say(News::Well).await?;
                    continue;
                }
            };
            let news = match event {
                // The first of these comes before anything was asked.
                watcher::Event::Init => {
                    self.say(News::Begun(resource.api_version.clone())).await?;
                    continue;
                }
                watcher::Event::InitApply(object) => News::Listed(trimmed(object)),
                watcher::Event::InitDone => News::Done,
                watcher::Event::Apply(object) => News::Changed(trimmed(object)),
                watcher::Event::Delete(object) => {
                    let (metadata, _) = parts(object);
                    let (namespace, name) = (metadata.namespace, metadata.name);
                    News::Gone(Key::new(namespace.unwrap_or_default(), name.unwrap_or_default()))
                }
            };
            if troubled {
                troubled = false;
                self.say(News::Well).await?;
            }
            pauses.reset();
            self.say(news).await?;
        }
    }

    async fn failed(&self, why: String) -> Result<(), Closed> {
        (self.tell)(Event::Failed(self.what.kind()));
        self.say(News::Trouble(why)).await
    }

    async fn say(&self, news: News) -> Result<(), Closed> {
        let message = Message::Source(self.number, news);
        self.out.send(message).await.map_err(|_| Closed)
    }
}
