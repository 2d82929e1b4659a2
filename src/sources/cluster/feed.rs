//! The loop that makes snapshots out of news.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{self, timeout},
};
use tracing::{debug, info};

use super::{
    Event, Message, Settings, State,
    kinds::KINDS,
    secrets,
    shelf::Shelf,
    watcher::{Watcher, What},
};
use crate::engine::{Key, Snapshot};

/// News that wait to be taken in; then the watchers wait.
const QUEUE: usize = 256;
/// A burst is over when there are no news for so long.
const SETTLE: Duration = Duration::from_millis(50);
/// After this time a snapshot is made even though more news come.
const LONGEST: Duration = Duration::from_millis(250);
/// How often the calendar is looked at.
const CALENDAR: Duration = Duration::from_secs(1);

/// A feed of a cluster, to be run.
pub struct Feed {
    settings: Settings,
    snapshots: watch::Sender<Arc<Snapshot>>,
    state: watch::Sender<State>,
}

impl Feed {
    /// A feed that knows the catalogs of `settings` and no resource yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let snapshot = settings.base.snapshot([]);
        Self {
            settings,
            snapshots: watch::Sender::new(Arc::new(snapshot)),
            state: watch::Sender::new(State::default()),
        }
    }

    /// The snapshots: until every kind is known that of the catalogs alone, then one for each change. During an outage
    /// the last one stays.
    #[must_use]
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.subscribe()
    }

    /// How far the feed is. The first value says nothing.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// Watches the cluster until nobody follows the snapshots any more. Where `secrets` is given, the Secrets that it
    /// names are part of the snapshots; it must change with the first snapshot that tells of resources.
    pub async fn run(self, secrets: Option<watch::Receiver<BTreeSet<Key>>>) {
        let (out, mut news) = mpsc::channel(QUEUE);
        let kinds = KINDS.iter().map(|(kind, group)| What::Kind(*kind, group));
        let configmaps = self.settings.configmaps.iter().cloned().map(What::ConfigMap);
        let sources: Vec<What> = kinds.chain(configmaps).collect();
        let mut shelf = Shelf::new(sources.clone(), secrets.is_some());
        let mut tasks = JoinSet::new(); // ends them all when it is dropped
        for (number, what) in sources.into_iter().enumerate() {
            let watcher = Watcher {
                client: self.settings.client.clone(),
                what,
                number,
                out: out.clone(),
                tell: Arc::clone(&self.settings.tell),
            };
            tasks.spawn(watcher.run());
        }
        if let Some(mut wanted) = secrets {
            wanted.mark_unchanged();
            let (client, tell) = (self.settings.client.clone(), Arc::clone(&self.settings.tell));
            tasks.spawn(secrets::run(client, wanted, out.clone(), tell));
        }
        let (mut calendar, mut known, mut stale) = (time::interval(CALENDAR), false, false);
        loop {
            tokio::select! {
                Some(message) = news.recv() => stale |= self.fold(&mut shelf, message, &mut news).await,
                _ = calendar.tick() => {}
                () = self.snapshots.closed() => return,
            }
            let today = (self.settings.base.today)();
            if shelf.is_known() && (stale || !known || self.snapshots.borrow().as_of() != today) {
                self.publish(&shelf, !known);
                (known, stale) = (true, false);
            }
            let state = shelf.state();
            self.state.send_if_modified(|now| {
                let modified = *now != state;
                *now = state;
                modified
            });
        }
    }

    /// Takes in a message and those that wait behind it, and where they change an object also those that follow closely;
    /// tells whether any did.
    async fn fold(&self, shelf: &mut Shelf, first: Message, news: &mut mpsc::Receiver<Message>) -> bool {
        let today = (self.settings.base.today)();
        let mut changed = shelf.take(first, today);
        let start = Instant::now();
        while let Ok(next) = news.try_recv()
            && start.elapsed() < LONGEST
        {
            changed |= shelf.take(next, today);
        }
        while changed && start.elapsed() < LONGEST {
            let Ok(Some(next)) = timeout(SETTLE, news.recv()).await else {
                break;
            };
            changed |= shelf.take(next, today);
        }
        changed
    }

    fn publish(&self, shelf: &Shelf, first: bool) {
        let start = Instant::now();
        let resources = shelf.resources();
        let count = resources.len();
        let snapshot = Arc::new(self.settings.base.snapshot(resources));
        self.snapshots.send_replace(snapshot);
        let took = start.elapsed();
        (self.settings.tell)(Event::Rebuilt(took));
        if first {
            info!(resources = count, "in step with the cluster");
        } else {
            debug!(resources = count, ?took, "resources changed");
        }
    }
}
