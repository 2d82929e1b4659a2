//! The objects as they were seen last, and how well each source is known.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    sync::Arc,
};

use serde_json::Value;
use tracing::{info, warn};

use super::{Message, News, configmap, secrets::Answer, watcher::What};
use crate::{
    engine::{Date, Key, Resource},
    sources::base,
};

/// So many times in a row the right to get a Secret must be missing before the Secret that was got goes: an API server
/// that has just started knows nobody's rights.
const REFUSALS: u32 = 4;

/// How far a feed is. Its snapshots tell of the whole cluster once nothing is waited for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// What is not known yet, and why. Once this was empty, only a Secret that nobody asked for before comes into it.
    pub waiting: Vec<String>,
    /// Each source with what there is to know about it, one line each; what is wrong comes first.
    pub notes: Vec<String>,
}

/// Everything that is known.
pub(super) struct Shelf {
    sources: Vec<Source>,
    secrets: Option<Secrets>,
}

/// All objects of a kind, or the catalogs of a ConfigMap.
struct Source {
    what: What,
    name: String,
    objects: Objects,
    /// Those of a list that is not complete yet.
    listed: Objects,
    /// The `apiVersion` of the objects.
    version: String,
    /// Whether there was a complete list, or the cluster has no such kind.
    known: bool,
    absent: bool,
    /// Why it cannot be watched at present.
    trouble: Option<String>,
    /// What is wrong with the object itself, of which an earlier version counts.
    fault: Option<String>,
}

type Objects = BTreeMap<Key, Arc<Resource>>;

/// The Secrets that are asked for.
#[derive(Default)]
struct Secrets {
    /// Whether anybody has said which ones.
    asked: bool,
    all: BTreeMap<Key, Secret>,
}

#[derive(Default)]
struct Secret {
    resource: Option<Arc<Resource>>,
    /// Whether there was any answer.
    answered: bool,
    /// How often in a row the right was missing.
    refusals: u32,
    /// Why it could not be asked for last time.
    trouble: Option<String>,
}

impl Shelf {
    /// Nothing known of `sources`, nor of Secrets where they are of interest.
    pub(super) fn new(sources: impl IntoIterator<Item = What>, secrets: bool) -> Self {
        Self {
            sources: sources.into_iter().map(Source::new).collect(),
            secrets: secrets.then(Secrets::default),
        }
    }

    /// Takes in a message that came on the day `today`, and tells whether it changed any object.
    pub(super) fn take(&mut self, message: Message, today: Date) -> bool {
        match (message, &mut self.secrets) {
            (Message::Source(number, news), _) => {
                let source = self.sources.get_mut(number);
                source.is_some_and(|source| source.take(news, today))
            }
            (Message::Wanted(asked), Some(secrets)) => secrets.ask(asked),
            (Message::Secret(key, answer), Some(secrets)) => {
                let secret = secrets.all.get_mut(&key); // perhaps nobody asks for it any more
                secret.is_some_and(|secret| secret.take(&key, answer))
            }
            (Message::Wanted(_) | Message::Secret(..), None) => false,
        }
    }

    /// Whether every source is known; Secrets are asked for only after that.
    pub(super) fn is_known(&self) -> bool {
        self.sources.iter().all(|source| source.known)
    }

    /// All objects.
    pub(super) fn resources(&self) -> Vec<Arc<Resource>> {
        let objects = self.sources.iter().flat_map(|source| source.objects.values());
        let secrets = self.secrets.iter().flat_map(|secrets| secrets.all.values());
        objects
            .chain(secrets.filter_map(|secret| secret.resource.as_ref()))
            .cloned()
            .collect()
    }

    /// What there is to say.
    pub(super) fn state(&self) -> State {
        let mut state = State::default();
        let mut well = Vec::new();
        for source in &self.sources {
            if !source.known {
                let why = source.trouble.as_deref().unwrap_or("not listed yet");
                state.waiting.push(format!("{}: {why}", source.name));
            }
            match source.note() {
                Ok(note) => well.push(note),
                Err(note) => state.notes.push(note),
            }
        }
        if let Some(secrets) = &self.secrets {
            if !secrets.asked {
                state.waiting.push("the names of Secrets".to_owned());
            }
            for (key, secret) in &secrets.all {
                if !secret.answered {
                    state.waiting.push(format!("Secret {key}"));
                }
                state.notes.extend(secret.note(key));
            }
        }
        state.notes.append(&mut well);
        state
    }
}

impl Source {
    fn new(what: What) -> Self {
        let name = match &what {
            What::Kind(kind, _) => kind.as_str().to_owned(),
            What::ConfigMap(key) => format!("ConfigMap {key}"),
        };
        Self {
            what,
            name,
            objects: Objects::new(),
            listed: Objects::new(),
            version: String::new(),
            known: false,
            absent: false,
            trouble: None,
            fault: None,
        }
    }

    fn take(&mut self, news: News, today: Date) -> bool {
        match news {
            News::Begun(version) => {
                self.version = version;
                self.listed.clear();
                false
            }
            News::Listed(value) => {
                let read = self.read(value, today);
                self.listed.extend(read);
                false
            }
            News::Done => {
                let listed = mem::take(&mut self.listed);
                if !self.known || self.absent {
                    info!(source = self.name, objects = listed.len(), "watching");
                }
                (self.known, self.absent) = (true, false);
                self.recover();
                let changed = !same(&self.objects, &listed);
                self.objects = listed;
                changed
            }
            News::Changed(value) => self.put(value, today),
            News::Gone(key) => match self.what {
                What::Kind(..) => self.objects.remove(&key).is_some(),
                What::ConfigMap(_) => self.clear(),
            },
            News::Absent => {
                if !self.absent {
                    info!(
                        source = self.name,
                        "the cluster has no such kind; waiting for its CRD"
                    );
                }
                (self.known, self.absent, self.trouble) = (true, true, None);
                self.clear()
            }
            News::Trouble(why) => {
                if self.trouble.as_ref() != Some(&why) {
                    warn!(
                        source = self.name,
                        why,
                        last_good_kept = self.known,
                        "cannot watch"
                    );
                }
                self.trouble = Some(why);
                false
            }
            News::Well => {
                self.recover();
                false
            }
        }
    }

    fn recover(&mut self) {
        if self.trouble.take().is_some() {
            info!(source = self.name, "can watch again");
        }
    }

    /// What `value` stands for, in the allocations that are there already.
    fn read(&mut self, value: Value, today: Date) -> Vec<(Key, Arc<Resource>)> {
        let made: Vec<Resource> = match &self.what {
            What::Kind(..) => Resource::new(value).into_iter().collect(),
            What::ConfigMap(key) => match configmap::catalogs(key, &value, today) {
                Ok(made) => {
                    self.fault = None;
                    made
                }
                Err(why) => {
                    warn!(
                        source = self.name,
                        why,
                        last_good_kept = !self.objects.is_empty(),
                        "no catalog"
                    );
                    self.fault = Some(why);
                    return self.objects.clone().into_iter().collect();
                }
            },
        };
        let keep = |new: Resource| {
            let key = new.key.clone();
            let kept = base::keep(new, self.objects.get(&key));
            (key, kept)
        };
        made.into_iter().map(keep).collect()
    }

    /// Puts the object in the place of what it was before.
    fn put(&mut self, value: Value, today: Date) -> bool {
        let read = self.read(value, today);
        if let What::ConfigMap(_) = self.what {
            let now = read.into_iter().collect();
            let changed = !same(&self.objects, &now);
            self.objects = now;
            return changed;
        }
        let mut changed = false;
        for (key, new) in read {
            let old = self.objects.insert(key, Arc::clone(&new));
            changed |= old.is_none_or(|old| !Arc::ptr_eq(&old, &new));
        }
        changed
    }

    fn clear(&mut self) -> bool {
        self.fault = None;
        self.listed.clear();
        !mem::take(&mut self.objects).is_empty()
    }

    /// What there is to know: `Err` where something is wrong.
    fn note(&self) -> Result<String, String> {
        let Self { name, version, .. } = self;
        let count = self.objects.len();
        match (&self.trouble, &self.fault, &self.what) {
            (Some(why), ..) if self.known => Err(format!("{name}: {count} kept as they were; {why}")),
            (Some(why), ..) | (None, Some(why), _) => Err(format!("{name}: {why}")),
            _ if self.absent => Err(format!(
                "{name}: the cluster has no such kind; waiting for its CRD"
            )),
            _ if !self.known => Ok(format!("{name}: not listed yet")),
            (.., What::ConfigMap(_)) if count == 0 => {
                Err(format!("{name}: not there, or without models that we know"))
            }
            (.., What::ConfigMap(_)) => Ok(format!("{name}: catalogs of {count} providers")),
            _ => Ok(format!("{name}: {count} of {version}")),
        }
    }
}

/// Whether both hold the same allocations under the same keys.
fn same(a: &Objects, b: &Objects) -> bool {
    let same = |key: &Key, was: &Arc<Resource>| b.get(key).is_some_and(|is| Arc::ptr_eq(was, is));
    a.len() == b.len() && a.iter().all(|(key, was)| same(key, was))
}

impl Secrets {
    /// From now on these are asked for; what is known of others goes.
    fn ask(&mut self, asked: BTreeSet<Key>) -> bool {
        self.asked = true;
        let before = self.all.len();
        self.all.retain(|key, _| asked.contains(key));
        let changed = self.all.len() != before;
        for key in asked {
            self.all.entry(key).or_default();
        }
        changed
    }
}

impl Secret {
    fn take(&mut self, key: &Key, answer: Answer) -> bool {
        self.answered = true;
        let before = (self.trouble.take(), mem::take(&mut self.refusals));
        match answer {
            Answer::Here(value) => {
                let new = Resource::new(value).map(|new| base::keep(new, self.resource.as_ref()));
                let changed = !match (&self.resource, &new) {
                    (Some(old), Some(new)) => Arc::ptr_eq(old, new),
                    (old, new) => old.is_none() && new.is_none(),
                };
                self.resource = new;
                changed
            }
            Answer::Gone => self.resource.take().is_some(),
            Answer::Refused => {
                if before.1 == 0 {
                    warn!(secret = %key, right = right(key), "a Secret may not be read");
                }
                self.refusals = before.1.saturating_add(1);
                self.refusals >= REFUSALS && self.resource.take().is_some()
            }
            Answer::Failed(why) => {
                if before.0.as_ref() != Some(&why) {
                    warn!(secret = %key, why, last_good_kept = self.resource.is_some(), "cannot get a Secret");
                }
                self.trouble = Some(why);
                false
            }
        }
    }

    /// What is wrong with it.
    fn note(&self, key: &Key) -> Option<String> {
        if self.refusals > 0 {
            return Some(format!(
                "Secret {key} may not be read; give the right with: {}",
                right(key)
            ));
        }
        if let Some(why) = &self.trouble {
            let kept = if self.resource.is_some() {
                ", its last version is kept"
            } else {
                ""
            };
            return Some(format!("Secret {key} cannot be got{kept}: {why}"));
        }
        let gone = self.answered && self.resource.is_none();
        gone.then(|| format!("Secret {key} is not there"))
    }
}

/// The command that gives the right to get a Secret.
fn right(key: &Key) -> String {
    format!(
        "kubectl create rolebinding aliasgate-proxy-secrets -n {} --clusterrole=aliasgate-proxy-secrets \
         --serviceaccount=aliasgate-system:aliasgate-proxy",
        key.namespace
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Answer, BTreeSet, Date, Key, Message, News, REFUSALS, Shelf, What};
    use crate::engine::Kind;

    const TODAY: Date = Date::constant(2026, 11, 23);

    fn shelf() -> Shelf {
        Shelf::new([What::Kind(Kind::ModelCatalog, "aliasgate.dev")], true)
    }

    fn source(shelf: &mut Shelf, news: News) -> bool {
        shelf.take(Message::Source(0, news), TODAY)
    }

    fn catalog(name: &str, provider: &str) -> Value {
        json!({
            "apiVersion": "aliasgate.dev/v1alpha1", "kind": "ModelCatalog", "metadata": {"name": name},
            "spec": {"provider": provider},
        })
    }

    fn names(shelf: &Shelf) -> Vec<String> {
        let resources = shelf.resources();
        resources
            .iter()
            .map(|resource| resource.key.name.clone())
            .collect()
    }

    fn list(shelf: &mut Shelf, all: &[Value]) -> bool {
        assert!(!source(shelf, News::Begun("aliasgate.dev/v1alpha1".to_owned())));
        for one in all {
            assert!(!source(shelf, News::Listed(one.clone())));
        }
        source(shelf, News::Done)
    }

    #[test]
    fn a_list_counts_once_it_is_complete() {
        let mut shelf = shelf();
        assert!(list(
            &mut shelf,
            &[catalog("a", "openai"), catalog("b", "openai")]
        ));
        assert!(shelf.is_known());
        let before = shelf.resources();
        assert!(
            !list(&mut shelf, &[catalog("a", "openai"), catalog("b", "openai")]),
            "nothing changed"
        );
        assert!(
            before
                .iter()
                .zip(shelf.resources())
                .all(|(old, new)| std::sync::Arc::ptr_eq(old, &new))
        );
        source(&mut shelf, News::Begun(String::new()));
        source(&mut shelf, News::Listed(catalog("c", "openai")));
        assert_eq!(names(&shelf), ["a", "b"], "half a list");
        assert!(source(&mut shelf, News::Done));
        assert_eq!(names(&shelf), ["c"]);
    }

    #[test]
    fn a_catalog_that_cannot_be_read_keeps_its_last_good_version() {
        let mut shelf = shelf();
        list(&mut shelf, &[catalog("a", "openai")]);
        // The object is what is stored, so that its faults can be told; the catalog in it is the last good one.
        assert!(source(
            &mut shelf,
            News::Changed(catalog("a", "no such provider"))
        ));
        assert!(shelf.resources()[0].catalog().is_some());
        assert!(source(&mut shelf, News::Changed(catalog("a", "anthropic"))));
        assert!(source(&mut shelf, News::Gone(Key::new("", "a"))));
        assert!(names(&shelf).is_empty());
    }

    #[test]
    fn trouble_keeps_what_was_there_and_a_kind_that_is_gone_takes_it_along() {
        let mut shelf = shelf();
        assert!(!shelf.is_known());
        source(&mut shelf, News::Trouble("no right".to_owned()));
        assert!(shelf.state().waiting.concat().contains("no right"));
        list(&mut shelf, &[catalog("a", "openai")]);
        assert!(!shelf.state().notes.concat().contains("no right"));
        assert!(!source(&mut shelf, News::Trouble("no server".to_owned())));
        assert_eq!(names(&shelf), ["a"]);
        assert!(shelf.state().notes[0].contains("1 kept as they were; no server"));
        assert!(source(&mut shelf, News::Absent));
        assert!(names(&shelf).is_empty() && shelf.is_known());
    }

    fn secret(data: &str) -> Answer {
        let metadata = json!({"namespace": "a", "name": "key"});
        Answer::Here(
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"Authorization": data}}),
        )
    }

    fn answered(shelf: &mut Shelf, answer: Answer) -> bool {
        shelf.take(Message::Secret(Key::new("a", "key"), answer), TODAY)
    }

    #[test]
    fn only_secrets_that_are_asked_for_are_kept() {
        let mut shelf = shelf();
        assert!(!answered(&mut shelf, secret("eA==")), "nobody asked");
        shelf.take(Message::Wanted(BTreeSet::from([Key::new("a", "key")])), TODAY);
        assert!(shelf.state().waiting.concat().contains("Secret a/key"));
        assert!(answered(&mut shelf, secret("eA==")));
        assert!(!answered(&mut shelf, secret("eA==")), "the same again");
        assert_eq!(names(&shelf), ["key"]);
        assert!(shelf.take(Message::Wanted(BTreeSet::new()), TODAY));
        assert!(names(&shelf).is_empty());
    }

    #[test]
    fn a_secret_outlives_an_outage_but_not_its_end_nor_the_loss_of_the_right() {
        let mut shelf = shelf();
        shelf.take(Message::Wanted(BTreeSet::from([Key::new("a", "key")])), TODAY);
        answered(&mut shelf, secret("eA=="));
        assert!(!answered(&mut shelf, Answer::Failed("no server".to_owned())));
        assert_eq!(names(&shelf), ["key"]);
        assert!(answered(&mut shelf, Answer::Gone));
        assert!(names(&shelf).is_empty());
        answered(&mut shelf, secret("eA=="));
        for _ in 1..REFUSALS {
            assert!(!answered(&mut shelf, Answer::Refused));
        }
        let notes = shelf.state().notes.concat();
        assert!(
            notes.contains("kubectl create rolebinding aliasgate-proxy-secrets -n a "),
            "{notes}"
        );
        assert!(answered(&mut shelf, Answer::Refused));
        assert!(names(&shelf).is_empty());
    }
}
