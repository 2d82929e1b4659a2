//! One of several that share a Secret: what it serves, and what it would write. It reads and writes nothing itself.

use k8s_openapi::api::core::v1::Secret;
use rcgen::KeyPair;

use super::{
    bundle::{Authority, Bundle},
    plan::{self, Leaf, Lives, Rotation, Step, Trust, View, Why},
    stored::{self, CA_CERT, CA_KEY, CERT, Held, KEY, Stored},
};
use crate::tls::{
    issue::{self, seconds, sorted},
    pair::Pair,
};

/// What replicas that share a Secret agree on.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the Secret is.
    pub namespace: String,
    /// The name of the Secret.
    pub name: String,
    /// The Validating- and MutatingWebhookConfigurations of these names get the CA.
    pub configurations: Vec<String>,
    /// DNS names and IP addresses of the server.
    pub names: Vec<String>,
    /// How long what is made holds.
    pub lives: Lives,
}

/// The two kinds of webhook configurations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// ValidatingWebhookConfiguration
    Validating,
    /// MutatingWebhookConfiguration
    Mutating,
}

impl Kind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Validating, Self::Mutating];

    /// As Kubernetes writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Validating => "ValidatingWebhookConfiguration",
            Self::Mutating => "MutatingWebhookConfiguration",
        }
    }
}

/// A webhook configuration as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// What was found; `None` when it is missing.
    pub found: Option<Found>,
}

/// What a webhook configuration holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its `resourceVersion`.
    pub version: String,
    /// The `caBundle` of each of its webhooks, PEM.
    pub bundles: Vec<Vec<u8>>,
}

/// What was read of the API server in one look, the Secret first.
pub struct Seen {
    /// `None` when it is missing.
    pub secret: Option<Secret>,
    /// `None` when they cannot be read.
    pub configurations: Option<Vec<Configuration>>,
}

/// What is to be written.
pub enum Move {
    /// The Secret: created where it was missing, else replaced at its `resourceVersion`.
    Write(Box<Secret>, Deed),
    /// Configurations.
    Publish(Vec<Patch>),
    /// Nothing until then (Unix seconds).
    Rest(i64),
}

/// What a written Secret means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// A new CA.
    Announced {
        /// The reason.
        why: Why,
        /// The CA.
        authority: Authority,
    },
    /// CAs were added that are trusted somewhere, or dropped that have expired.
    Kept,
    /// A new server certificate.
    Issued {
        /// The reason.
        why: Why,
        /// The certificate.
        leaf: Leaf,
    },
}

/// New `caBundle`s of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// The `resourceVersion` that it must still have.
    pub version: String,
    /// The places of the webhooks that differ.
    pub webhooks: Vec<usize>,
    /// What their `caBundle` becomes, PEM.
    pub bundle: String,
}

/// Why a Secret cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is someone else's.
    #[error(
        "its type is {0}: delete it, or name another for --tls-secret, which keeps its own in one of type Opaque"
    )]
    Foreign(String),
    /// A certificate cannot be made.
    #[error("cannot make a certificate")]
    Make(#[from] rcgen::Error),
}

/// One of those that share the Secret.
pub struct Replica {
    settings: Settings,
    names: Vec<String>,
    held: Option<Held>,
    /// The CA of `held`.
    remembered: Option<Authority>,
    /// The newest CA, as last seen.
    newest: Option<Authority>,
    /// What the configurations trusted when they were last read.
    trust: Option<Trust>,
    /// What is wrong with the Secret.
    faults: Vec<String>,
}

impl Replica {
    /// One that has seen nothing yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            names: sorted(&settings.names),
            settings,
            held: None,
            remembered: None,
            newest: None,
            trust: None,
            faults: Vec::new(),
        }
    }

    /// Serves what may be served, and says what is to be written next. `now` is in Unix seconds.
    ///
    /// # Errors
    /// The Secret is someone else's, or what should be made cannot be made.
    pub fn look(&mut self, seen: &Seen, now: i64) -> Result<Move, Refusal> {
        if let Some(kind) = seen.secret.as_ref().and_then(stored::foreign_type) {
            return Err(Refusal::Foreign(kind.to_owned()));
        }
        let stored = seen.secret.as_ref().map(Stored::read).unwrap_or_default();
        let bundles = seen.configurations.as_ref().map(|all| bundles(all));
        let readable = bundles.is_some();
        if let Some(bundles) = bundles {
            self.trust = Some(self.trust.take().unwrap_or_default().then(bundles, now));
        }
        let turn = self.take(&stored, readable, now);
        self.faults.clone_from(&stored.faults);
        self.newest = stored.authority.as_ref().map(|(authority, _)| authority.clone());
        let step = plan::next(
            &View {
                lives: self.settings.lives,
                names: &self.names,
                authority: self.newest.as_ref(),
                bundle: &stored.bundle,
                leaf: stored.held.as_ref().map(|held| &held.leaf),
                asked: stored.asked,
                trust: self.trust.as_ref().filter(|_| readable),
                remembered: self.remembered.as_ref(),
            },
            now,
        );
        self.carry_out(step, seen, &stored, now).map(|next| match next {
            Move::Rest(until) => Move::Rest(turn.map_or(until, |turn| turn.min(until))),
            next => next,
        })
    }

    /// The certificate that is being served.
    #[must_use]
    pub fn served(&self) -> Option<&Leaf> {
        self.held.as_ref().map(|held| &held.leaf)
    }

    /// The newest CA.
    #[must_use]
    pub const fn newest(&self) -> Option<&Authority> {
        self.newest.as_ref()
    }

    /// Whether every configuration trusted the certificate that is being served, when last seen.
    #[must_use]
    pub fn trusted(&self, now: i64) -> bool {
        let from = |leaf: &Leaf| self.trust.as_ref()?.settled(&leaf.by, now);
        self.served().and_then(from).is_some()
    }

    /// What is wrong with the Secret, when last seen.
    #[must_use]
    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    /// The certificate that is being served, with its key.
    pub(super) fn pair(&self) -> Option<&Pair> {
        self.held.as_ref().map(|held| &held.pair)
    }

    /// When a third of the life of the certificate that is being served is left.
    pub(super) fn due(&self) -> Option<i64> {
        let third = seconds(self.settings.lives.leaf / 3);
        self.served().map(|leaf| leaf.not_after.saturating_sub(third))
    }

    /// Serves the certificate in the Secret if that is safe. If it will be, returns when.
    fn take(&mut self, stored: &Stored, readable: bool, now: i64) -> Option<i64> {
        let new = stored.held.as_ref()?;
        if self.held.as_ref().is_some_and(|old| old.made == new.made) {
            return None;
        }
        let from = self.from(new, readable, now)?;
        if from > now {
            return Some(from);
        }
        let of = |authority: &&Authority| authority.key_id == new.leaf.by;
        self.remembered = stored.bundle.authorities.iter().find(of).cloned();
        self.held = Some(new.clone());
        None
    }

    /// When `new` may take the place of what is served; `None` when something else must happen before.
    fn from(&self, new: &Held, readable: bool, now: i64) -> Option<i64> {
        let Some(old) = self.served() else {
            return Some(now);
        };
        if new.leaf.not_after <= now {
            return None;
        }
        if old.by == new.leaf.by || old.not_after <= now {
            return Some(now);
        }
        self.trust
            .as_ref()
            .filter(|_| readable)?
            .settled(&new.leaf.by, now)
    }

    fn carry_out(&self, step: Step, seen: &Seen, stored: &Stored, now: i64) -> Result<Move, Refusal> {
        match step {
            Step::Wait(until) => Ok(Move::Rest(until)),
            Step::Publish(bundle) => Ok(Move::Publish(patches(seen, &bundle))),
            Step::Keep(bundle) => {
                let secret = self.write(seen, &[(CA_CERT, &bundle.pem())], false);
                Ok(Move::Write(secret, Deed::Kept))
            }
            Step::Announce { why, old } => self.announce(why, &old, seen, stored, now),
            Step::Issue {
                why,
                names,
                not_after,
            } => self.issue(why, &names, not_after, seen, stored, now),
        }
    }

    fn announce(
        &self,
        why: Why,
        old: &[Authority],
        seen: &Seen,
        stored: &Stored,
        now: i64,
    ) -> Result<Move, Refusal> {
        let key = KeyPair::generate()?;
        let until = now.saturating_add(seconds(self.settings.lives.ca));
        let made = Bundle::parse(issue::authority(&key, now, until)?.as_bytes());
        let authority = made
            .authorities
            .first()
            .ok_or(rcgen::Error::CouldNotParseCertificate)?;
        // What is served goes back into a Secret that has lost it, for replicas that are yet to start.
        let lost = self.held.as_ref().filter(|_| stored.held.is_none());
        let leaf = stored.held.as_ref().or(lost).map(|held| held.leaf.by.as_slice());
        let bundle = Bundle::led_by(authority, old.iter(), leaf, now);
        let (certs, key) = (bundle.pem(), key.serialize_pem());
        let mut entries = vec![(CA_CERT, certs.as_str()), (CA_KEY, key.as_str())];
        if let Some(lost) = lost.filter(|lost| bundle.has(&lost.leaf.by)) {
            entries.extend([(CERT, lost.made.cert.as_str()), (KEY, lost.made.key.as_str())]);
        }
        let done = stored.asked == Some(Rotation::Ca);
        let deed = Deed::Announced {
            why,
            authority: authority.clone(),
        };
        Ok(Move::Write(self.write(seen, &entries, done), deed))
    }

    fn issue(
        &self,
        why: Why,
        names: &[String],
        not_after: i64,
        seen: &Seen,
        stored: &Stored,
        now: i64,
    ) -> Result<Move, Refusal> {
        let Some((_, key)) = &stored.authority else {
            return Ok(Move::Rest(now)); // the plan issues only where there is one
        };
        let made = Held::of(issue::leaf(names, now, not_after, key)?);
        let Held { leaf, made, .. } = made.ok_or(rcgen::Error::CouldNotParseCertificate)?;
        let done = stored.asked == Some(Rotation::Leaf);
        let secret = self.write(seen, &[(CERT, &made.cert), (KEY, &made.key)], done);
        Ok(Move::Write(secret, Deed::Issued { why, leaf }))
    }

    fn write(&self, seen: &Seen, entries: &[(&str, &str)], done: bool) -> Box<Secret> {
        let place = (self.settings.namespace.as_str(), self.settings.name.as_str());
        Box::new(stored::write(seen.secret.as_ref(), place, entries, done))
    }
}

fn bundles(configurations: &[Configuration]) -> Vec<Bundle> {
    configurations
        .iter()
        .filter_map(|configuration| configuration.found.as_ref())
        .flat_map(|found| &found.bundles)
        .map(|pem| Bundle::parse(pem))
        .collect()
}

/// What brings `bundle` into every `caBundle`; equal content is left alone.
fn patches(seen: &Seen, bundle: &Bundle) -> Vec<Patch> {
    let differing = |found: &Found| {
        let differs = |(place, pem): (usize, &Vec<u8>)| (Bundle::parse(pem) != *bundle).then_some(place);
        found
            .bundles
            .iter()
            .enumerate()
            .filter_map(differs)
            .collect::<Vec<_>>()
    };
    let patch = |configuration: &Configuration| {
        let found = configuration.found.as_ref()?;
        let webhooks = differing(found);
        (!webhooks.is_empty()).then(|| Patch {
            kind: configuration.kind,
            name: configuration.name.clone(),
            version: found.version.clone(),
            webhooks,
            bundle: bundle.pem(),
        })
    };
    seen.configurations.iter().flatten().filter_map(patch).collect()
}
