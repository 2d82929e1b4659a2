//! Certificates that replicas share in a Secret: the plan of each, against an API server of a few lines.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a failed helper fails its test")]

mod interleavings;
mod plan;

use std::{collections::BTreeMap, time::Duration};

use aliasgate::tls::secret::{
    Authority, Bundle, CA_CERT, Configuration, Deed, Found, Kind, Move, Patch, ROTATE, Refusal, Replica,
    Seen, Settings, plan::Lives,
};
use k8s_openapi::{ByteString, api::core::v1::Secret};

/// Some moment, in Unix seconds.
const START: i64 = 1_800_000_000;
/// Life of certificates in these tests, in seconds.
const LEAF: i64 = 9_000;
/// Life of CAs in these tests, in seconds.
const CA: i64 = 36_000;

fn settings() -> Settings {
    Settings {
        namespace: "system".to_owned(),
        name: "tls".to_owned(),
        configurations: vec!["hooks".to_owned()],
        names: vec!["b.example".to_owned(), "a.example".to_owned()],
        lives: Lives {
            leaf: Duration::from_secs(LEAF.unsigned_abs()),
            ca: Duration::from_secs(CA.unsigned_abs()),
        },
    }
}

/// What an API server keeps, and its rules for writes.
struct Api {
    secret: Option<Secret>,
    configurations: [Option<Found>; 2],
    version: u64,
    /// Every state of all `caBundle`s, and since when.
    history: Vec<(i64, Vec<Bundle>)>,
    now: i64,
}

impl Api {
    /// Without a Secret, with a webhook in one configuration and two in the other.
    fn new() -> Self {
        let mut api = Self {
            secret: None,
            configurations: [None, None],
            version: 0,
            history: Vec::new(),
            now: START,
        };
        api.set_bundles(b"");
        api
    }

    /// Makes both configurations anew, with this in every `caBundle`.
    fn set_bundles(&mut self, pem: &[u8]) {
        for (place, webhooks) in [(0, 1), (1, 2)] {
            let version = self.next_version();
            self.configurations[place] = Some(Found {
                version,
                bundles: vec![pem.to_owned(); webhooks],
            });
        }
        self.note_bundles();
    }

    fn bundles(&self) -> Vec<Bundle> {
        let found = self.configurations.iter().flatten();
        found
            .flat_map(|found| &found.bundles)
            .map(|pem| Bundle::parse(pem))
            .collect()
    }

    fn note_bundles(&mut self) {
        self.history.push((self.now, self.bundles()));
    }

    fn next_version(&mut self) -> String {
        self.version += 1;
        self.version.to_string()
    }

    fn configurations(&self) -> Vec<Configuration> {
        let all = Kind::ALL.into_iter().zip(&self.configurations);
        all.map(|(kind, found)| Configuration {
            kind,
            name: "hooks".to_owned(),
            found: found.clone(),
        })
        .collect()
    }

    fn seen(&self) -> Seen {
        Seen {
            secret: self.secret.clone(),
            configurations: Some(self.configurations()),
        }
    }

    /// False when someone else was faster.
    fn write(&mut self, secret: &Secret) -> bool {
        let version = |secret: &Secret| secret.metadata.resource_version.clone();
        let fits = match (&self.secret, version(secret)) {
            (None, None) => true,
            (Some(now), Some(known)) => version(now) == Some(known),
            _ => false,
        };
        if fits {
            let mut secret = secret.clone();
            secret.metadata.resource_version = Some(self.next_version());
            self.secret = Some(secret);
        }
        fits
    }

    fn patch(&mut self, patch: &Patch) -> bool {
        let version = self.next_version();
        let place = Kind::ALL.iter().position(|kind| *kind == patch.kind).unwrap();
        let Some(found) = self.configurations[place]
            .as_mut()
            .filter(|found| found.version == patch.version)
        else {
            return false;
        };
        for webhook in &patch.webhooks {
            found.bundles[*webhook] = patch.bundle.clone().into_bytes();
        }
        found.version = version;
        self.note_bundles();
        true
    }

    /// Changes the Secret as someone else would.
    fn edit(&mut self, change: impl FnOnce(&mut Secret)) {
        let version = self.next_version();
        if let Some(secret) = &mut self.secret {
            change(secret);
            secret.metadata.resource_version = Some(version);
        }
    }

    fn annotate(&mut self, what: &str) {
        let annotation = (ROTATE.to_owned(), what.to_owned());
        self.edit(|secret| secret.metadata.annotations = Some(BTreeMap::from([annotation])));
    }

    fn set(&mut self, key: &str, content: &[u8]) {
        self.edit(|secret| {
            let data = secret.data.get_or_insert_default();
            data.insert(key.to_owned(), ByteString(content.to_vec()));
        });
    }

    fn authorities(&self) -> Vec<Authority> {
        let data = self.secret.as_ref().and_then(|secret| secret.data.as_ref());
        data.and_then(|data| data.get(CA_CERT))
            .map(|pem| Bundle::parse(&pem.0).authorities)
            .unwrap_or_default()
    }

    /// One look of `replica` and what follows from it: the deed, if one was done.
    fn turn(&mut self, replica: &mut Replica) -> Result<Turn, Refusal> {
        let seen = self.seen();
        self.turn_of(replica, &seen)
    }

    fn turn_of(&mut self, replica: &mut Replica, seen: &Seen) -> Result<Turn, Refusal> {
        Ok(match replica.look(seen, self.now)? {
            Move::Write(secret, deed) => match self.write(&secret) {
                true => Turn::Did(deed),
                false => Turn::Conflict,
            },
            Move::Publish(patches) => {
                assert!(!patches.is_empty(), "a patch of nothing");
                for patch in &patches {
                    self.patch(patch);
                }
                Turn::Published
            }
            Move::Rest(until) => Turn::Rest(until),
        })
    }

    /// Turns until there is nothing to do; the deeds, and until when there is rest.
    fn run(&mut self, replica: &mut Replica) -> (Vec<Turn>, i64) {
        let mut turns = Vec::new();
        loop {
            match self.turn(replica).unwrap() {
                Turn::Rest(until) => return (turns, until),
                turn => turns.push(turn),
            }
            assert!(turns.len() < 50, "no end of {turns:?}");
        }
    }

    /// The same, and on through settling until time alone changes nothing for a while.
    fn settle(&mut self, replica: &mut Replica) -> Vec<Turn> {
        let mut all = Vec::new();
        loop {
            let (turns, until) = self.run(replica);
            all.extend(turns);
            if until > self.now + 60 {
                return all;
            }
            self.now = until;
        }
    }
}

/// What came of one look.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Did(Deed),
    Published,
    Conflict,
    Rest(i64),
}

impl Turn {
    /// In a word.
    fn word(&self) -> &'static str {
        match self {
            Self::Did(Deed::Announced { .. }) => "announced",
            Self::Did(Deed::Kept) => "kept",
            Self::Did(Deed::Issued { .. }) => "issued",
            Self::Published => "published",
            Self::Conflict => "conflict",
            Self::Rest(_) => "rest",
        }
    }
}

fn words(turns: &[Turn]) -> Vec<&'static str> {
    turns.iter().map(Turn::word).collect()
}
