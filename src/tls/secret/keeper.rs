//! The loop of a replica: look, take a step, and wait for what changes next.

use std::{sync::Arc, time::Duration};

use futures_util::{FutureExt, Stream, StreamExt};
use rcgen::KeyPair;
use rustls::ServerConfig;
use tokio::time::{self, Instant};
use tracing::{info, warn};

use super::{
    api::{self, Objects},
    events::{Events, Notice, date, reason, short},
    owner::Owner,
    replica::{Deed, Move, Patch, Refusal, Replica, Seen, Settings},
};
use crate::tls::{
    Error,
    certificates::{Current, chain},
    issue,
    pair::{self, Pair},
};

/// Everything is looked at this often, should a watch miss something.
const LOOK: Duration = Duration::from_secs(60);
/// Pause after the first failure; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Longest pause after a failure.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Steps in a row after which something must be wrong, such as two programs that keep one Secret.
const MAX_STEPS: u32 = 20;
/// Conflicts in a row that replicas have when they start at once; more are told.
const USUAL_CONFLICTS: u32 = 5;
/// That a certificate is about to expire is told this often.
const REMIND: Duration = Duration::from_hours(1);
/// How long the certificate holds that nobody trusts, by which probes are answered until there is a better one.
const PLACEHOLDER: Duration = Duration::from_hours(24 * 365);

/// What there is to tell of the certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// When the certificate that is being served expires, in Unix seconds.
    pub not_after: Option<i64>,
    /// When the newest CA expires, in Unix seconds.
    pub ca_not_after: Option<i64>,
    /// Why requests should not come in.
    pub closed: Option<String>,
    /// What else there is to know, one line each.
    pub notes: Vec<String>,
}

/// Keeps the certificate of one replica.
pub struct Keeper {
    settings: Settings,
    objects: Objects,
    events: Events,
    owner: Owner,
    replica: Replica,
    current: Arc<Current>,
    /// The Secret's, when last seen.
    uid: Option<String>,
    /// Configurations that are missing.
    missing: Vec<String>,
    /// What the last look failed with.
    problem: Option<String>,
    /// Whether every configuration has trusted the certificate once.
    trusted: bool,
    /// When it was last told of which certificate that it cannot be renewed.
    reminded: Option<(i64, Instant)>,
}

/// How a look ended.
enum Turn {
    /// Something was written; there may be more to do.
    Again,
    /// Nothing is to be done until then (Unix seconds).
    Rest(i64),
}

/// Why a look ended early.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Api(#[from] api::Error),
    #[error("cannot use Secret {0}")]
    Secret(String, #[source] Refusal),
    #[error("Secret or webhook configurations change all the time: does anything else write to them?")]
    Contended,
}

impl Failure {
    const fn is_conflict(&self) -> bool {
        matches!(self, Self::Api(api::Error::Conflict))
    }
}

impl Keeper {
    /// One that has a certificate that nobody trusts, so that probes can be answered.
    ///
    /// # Errors
    /// No certificate can be made, for example for a name that is none.
    pub fn new(client: kube::Client, settings: Settings) -> Result<Self, Error> {
        let current = Current::new(placeholder(&settings.names)?);
        Ok(Self {
            objects: Objects::new(client.clone(), &settings),
            events: Events::new(client.clone(), &settings),
            owner: Owner::new(client, &settings),
            replica: Replica::new(settings.clone()),
            settings,
            current,
            uid: None,
            missing: Vec::new(),
            problem: None,
            trusted: false,
            reminded: None,
        })
    }

    /// TLS 1.2 and 1.3 with the certificate of the moment, for HTTP/2 and HTTP/1.1.
    ///
    /// # Errors
    /// Never with the crypto provider that is built in.
    pub fn server_config(&self) -> Result<Arc<ServerConfig>, rustls::Error> {
        Current::server_config(&self.current)
    }

    /// Keeps Secret, configurations and certificate as they should be; never returns. `seen` is called after each look.
    pub async fn keep(mut self, mut seen: impl FnMut(&Report) + Send) {
        let mut changes = self.objects.changes();
        let (mut steps, mut failures) = (0, 0);
        loop {
            let mut turn = self.turn().await;
            if matches!(turn, Ok(Turn::Again)) {
                steps += 1;
                if steps >= MAX_STEPS {
                    turn = Err(Failure::Contended);
                }
            }
            match turn {
                Ok(Turn::Again) => {}
                Ok(Turn::Rest(until)) => {
                    (steps, failures, self.problem) = (0, 0, None);
                    seen(&self.report());
                    rest(&mut changes, until).await;
                }
                Err(failure) => {
                    steps = 0;
                    self.note(&failure, failures).await;
                    seen(&self.report());
                    time::sleep(pause(failures)).await;
                    failures = failures.saturating_add(1);
                }
            }
        }
    }

    /// One look, and the step that follows from it.
    async fn turn(&mut self) -> Result<Turn, Failure> {
        let secret = self.objects.secret().await?;
        let configurations = self.objects.configurations().await;
        self.uid = secret.as_ref().and_then(|secret| secret.metadata.uid.clone());
        if let Ok(all) = &configurations {
            let missing = all.iter().filter(|one| one.found.is_none());
            self.missing = missing
                .map(|one| format!("{} {}", one.kind.as_str(), one.name))
                .collect();
        }
        let (configurations, unreadable) = match configurations {
            Ok(all) => (Some(all), None),
            Err(cause) => (None, Some(cause)),
        };
        let readable = configurations.is_some();
        let (seen, now) = (
            Seen {
                secret,
                configurations,
            },
            pair::now(),
        );
        let next = self.look(&seen, now)?;
        self.trusted |= readable && self.replica.trusted(now);
        match (next, unreadable) {
            (Move::Write(secret, deed), _) => {
                let written = self.objects.write(&secret).await?;
                self.tell(&deed, written.metadata.uid).await;
                Ok(Turn::Again)
            }
            (Move::Publish(patches), _) => self.publish(&patches).await,
            (Move::Rest(_), Some(cause)) => Err(cause.into()),
            (Move::Rest(until), None) => {
                self.owner
                    .claim(seen.configurations.as_deref().unwrap_or_default())
                    .await;
                Ok(Turn::Rest(until))
            }
        }
    }

    /// What the replica would do; what it serves from now on is served.
    fn look(&mut self, seen: &Seen, now: i64) -> Result<Move, Failure> {
        let before = self.replica.faults().to_vec();
        let next = self.replica.look(seen, now);
        if self.replica.faults() != before && !self.replica.faults().is_empty() {
            warn!(
                faults = self.replica.faults().join("; "),
                "the Secret of the certificate is not as it should be"
            );
        }
        if let Some(pair) = self.replica.pair()
            && !Arc::ptr_eq(&pair.key, &self.current.pair().key)
        {
            self.current.put(pair.clone());
        }
        next.map_err(|cause| {
            Failure::Secret(
                format!("{}/{}", self.settings.namespace, self.settings.name),
                cause,
            )
        })
    }

    /// Writes what it can, and fails with the first that it cannot.
    async fn publish(&self, patches: &[Patch]) -> Result<Turn, Failure> {
        let mut failed = None;
        for patch in patches {
            match self.objects.patch(patch).await {
                Ok(()) => info!(
                    kind = patch.kind.as_str(),
                    name = patch.name,
                    webhooks = patch.webhooks.len(),
                    "the caBundle is brought up to date"
                ),
                Err(cause) => drop(failed.get_or_insert(cause)),
            }
        }
        failed.map_or(Ok(Turn::Again), |cause| Err(cause.into()))
    }

    async fn tell(&self, deed: &Deed, uid: Option<String>) {
        match deed {
            Deed::Kept => info!("the bundle of CAs is brought up to date"),
            Deed::Announced { why, authority } => info!(
                why = reason(*why),
                ca = short(&authority.key_id),
                not_after = authority.not_after,
                "a new CA is announced"
            ),
            Deed::Issued { why, leaf } => info!(
                why = reason(*why),
                serial = short(&leaf.serial),
                ca = short(&leaf.by),
                not_after = leaf.not_after,
                "a new certificate is made"
            ),
        }
        if let Some(notice) = Notice::of(deed) {
            self.events.tell(&notice, uid).await;
        }
    }

    /// Remembers a failure and tells it; that another replica was faster is none.
    async fn note(&mut self, failure: &Failure, failures: u32) {
        if failure.is_conflict() && failures < USUAL_CONFLICTS {
            return;
        }
        let problem = chain(failure);
        warn!(cause = problem, "cannot keep the certificate");
        if let (Some(leaf), Some(due)) = (self.replica.served(), self.replica.due())
            && due <= pair::now()
            && self
                .reminded
                .is_none_or(|(of, at)| of != leaf.not_after || at.elapsed() >= REMIND)
        {
            self.reminded = Some((leaf.not_after, Instant::now()));
            self.events
                .tell(&Notice::expiring(leaf, &problem), self.uid.clone())
                .await;
        }
        self.problem = Some(problem);
    }

    fn report(&self) -> Report {
        let not_after = self.replica.served().map(|leaf| leaf.not_after);
        let ca_not_after = self.replica.newest().map(|authority| authority.not_after);
        let closed = match not_after {
            None => Some("there is none yet"),
            Some(end) if end <= pair::now() => Some("it has expired"),
            Some(_) if !self.trusted => Some("its CA is not yet in every caBundle"),
            Some(_) => None,
        };
        let closed = closed.map(|closed| match &self.problem {
            Some(problem) => format!("{closed}: {problem}"),
            None => closed.to_owned(),
        });
        let mut notes = Vec::new();
        notes.extend(not_after.map(|end| format!("certificate until {}", date(end))));
        notes.extend(ca_not_after.map(|end| format!("newest CA until {}", date(end))));
        let missing = |name: &String| format!("{name} is missing, and gets the CA when it is there");
        notes.extend(self.missing.iter().map(missing));
        notes.extend(self.replica.faults().iter().cloned());
        notes.extend(self.owner.problem().map(str::to_owned));
        notes.extend(self.problem.clone());
        Report {
            not_after,
            ca_not_after,
            closed,
            notes,
        }
    }
}

/// Waits until something may have changed, or time has come for something.
async fn rest(changes: &mut (impl Stream<Item = ()> + Unpin), until: i64) {
    let left = until.saturating_sub(pair::now()).max(0).unsigned_abs();
    let left = Duration::from_secs(left).clamp(FIRST_PAUSE, LOOK);
    tokio::select! {
        _ = changes.next() => {}
        () = time::sleep(left) => {}
    }
    while let Some(Some(())) = changes.next().now_or_never() {}
}

fn pause(failures: u32) -> Duration {
    FIRST_PAUSE
        .saturating_mul(2_u32.saturating_pow(failures))
        .min(LONGEST_PAUSE)
}

/// A certificate for `names` of a CA whose key is thrown away.
fn placeholder(names: &[String]) -> Result<Pair, Error> {
    let make = |source| Error::Make {
        names: names.join(", "),
        source,
    };
    let (now, key) = (pair::now(), KeyPair::generate().map_err(make)?);
    let until = now.saturating_add(issue::seconds(PLACEHOLDER));
    let made = issue::leaf(names, now, until, &key).map_err(make)?;
    let nowhere = std::path::Path::new("");
    Pair::parse((nowhere, made.cert.as_bytes()), (nowhere, made.key.as_bytes()))
}
