//! What is to be done next: a function of what is seen and of the time. It touches nothing.

use std::{collections::BTreeMap, time::Duration};

use super::bundle::{Authority, Bundle};
use crate::tls::issue::seconds;

/// How long API servers may take to hear of a new `caBundle`: they watch the webhook configurations, and go on with
/// what they know. Until then nobody serves a certificate that only the new CA vouches for.
pub const SETTLE: Duration = Duration::from_secs(10);
/// Certificate life that must be left when a new CA is announced: the certificate in use cannot be renewed until the
/// new CA has settled. Short lives do with four fifths of theirs.
const LEAD: Duration = Duration::from_secs(60);
/// Clocks of replicas may differ by this much: what one has just dropped as expired, no other brings back.
const DRIFT: Duration = Duration::from_secs(2);

/// How long what is made here holds. Renewal is at two thirds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lives {
    /// Of a server certificate.
    pub leaf: Duration,
    /// Of a CA; at least twice as long.
    pub ca: Duration,
}

/// What an admin asks for by an annotation on the Secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// A new server certificate.
    Leaf,
    /// A new CA, and then a certificate of it.
    Ca,
}

/// What the plan needs to know of a server certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Its serial number.
    pub serial: Vec<u8>,
    /// The key of the CA that made it.
    pub by: Vec<u8>,
    /// Unix seconds.
    pub not_after: i64,
    /// Names and addresses, sorted.
    pub names: Vec<String>,
}

/// What the webhook configurations trust.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Every `caBundle` of every configuration that is there.
    pub bundles: Vec<Bundle>,
    /// Since when they all have the CA with this key, in Unix seconds.
    pub since: BTreeMap<Vec<u8>, i64>,
}

impl Trust {
    /// The same with other bundles, seen at `now`.
    #[must_use]
    pub fn then(&self, bundles: Vec<Bundle>, now: i64) -> Self {
        let mut since = BTreeMap::new();
        if let Some((first, others)) = bundles.split_first() {
            let everywhere = first
                .authorities
                .iter()
                .filter(|authority| others.iter().all(|bundle| bundle.has(&authority.key_id)));
            for authority in everywhere {
                let before = self.since.get(&authority.key_id);
                since.insert(
                    authority.key_id.clone(),
                    before.map_or(now, |before| now.min(*before)),
                );
            }
        }
        Self { bundles, since }
    }

    /// From when on a certificate of the CA with this key may be served; `None` when not everyone trusts it. Where
    /// nobody trusts another CA, a certificate of another would not be taken either, so there is nothing to wait for.
    #[must_use]
    pub fn settled(&self, key_id: &[u8], now: i64) -> Option<i64> {
        if self.bundles.is_empty() {
            return Some(now);
        }
        let since = *self.since.get(key_id)?;
        let others = self.bundles.iter().flat_map(|bundle| &bundle.authorities);
        let alone = !others
            .into_iter()
            .any(|other| other.key_id != key_id && now < other.not_after);
        Some(if alone {
            since
        } else {
            since.saturating_add(seconds(SETTLE))
        })
    }

    fn found(&self) -> impl Iterator<Item = &Authority> {
        self.bundles.iter().flat_map(|bundle| &bundle.authorities)
    }
}

/// All that the next step depends on.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// How long new ones hold.
    pub lives: Lives,
    /// Names that the certificate must have, sorted.
    pub names: &'a [String],
    /// The CA in the Secret whose key is there too; `None` when there is none that can be used.
    pub authority: Option<&'a Authority>,
    /// All CAs in the Secret.
    pub bundle: &'a Bundle,
    /// The certificate in the Secret; `None` when there is none that can be used.
    pub leaf: Option<&'a Leaf>,
    /// What the Secret's annotation asks for.
    pub asked: Option<Rotation>,
    /// What the configurations trust; `None` when they cannot be read.
    pub trust: Option<&'a Trust>,
    /// The CA of the certificate that is being served.
    pub remembered: Option<&'a Authority>,
}

/// Why something new is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// There is none that can be used.
    Missing,
    /// Two thirds of its life are over.
    Due,
    /// The annotation asks for it.
    Asked,
    /// It lacks a name.
    Names,
    /// It is of an older CA.
    NewAuthority,
    /// A new CA is about to be announced, and the certificate must last until that is done.
    Ahead,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Make a CA and put it in front of these in the Secret.
    Announce {
        /// The reason.
        why: Why,
        /// CAs that stay trusted, in any order.
        old: Vec<Authority>,
    },
    /// Write this bundle into the Secret.
    Keep(Bundle),
    /// Write this bundle into every `caBundle` that differs.
    Publish(Bundle),
    /// Make a certificate of the newest CA and write it into the Secret.
    Issue {
        /// The reason.
        why: Why,
        /// Its names, sorted.
        names: Vec<String>,
        /// When it expires, in Unix seconds.
        not_after: i64,
    },
    /// Nothing until then (Unix seconds) unless something changes.
    Wait(i64),
}

/// The next step at `now` (Unix seconds).
#[must_use]
pub fn next(view: &View<'_>, now: i64) -> Step {
    let Some(authority) = view.authority.filter(|authority| now < authority.not_after) else {
        return view.announce(Why::Missing, now);
    };
    let pinned = view.leaf.map(|leaf| leaf.by.as_slice());
    let target = Bundle::led_by(authority, view.known(now), pinned, now);
    if *view.bundle != target {
        return Step::Keep(target);
    }
    // A certificate of the newest CA is trusted wherever the last one was: it is renewed at any time.
    let leaf = view.leaf.filter(|leaf| leaf.by == authority.key_id);
    if let Some(leaf) = leaf {
        if let Some(why) = view.renewal(leaf, authority, now) {
            return view.issue(why, authority, now);
        }
        if let Some(why) = view.succession(authority, now) {
            // The new CA could not be told to those that trust the old one.
            let Some(_) = view.trust else {
                return Step::Wait(i64::MAX);
            };
            return match view.short(leaf, authority, now) {
                true => view.issue(Why::Ahead, authority, now),
                false => view.announce(why, now),
            };
        }
    }
    let Some(trust) = view.trust else {
        return Step::Wait(view.wake(authority, leaf, now));
    };
    if trust.bundles.iter().any(|bundle| *bundle != target) {
        return Step::Publish(target);
    }
    match (leaf, trust.settled(&authority.key_id, now)) {
        (None, Some(from)) if from <= now => {
            let why = view.leaf.map_or(Why::Missing, |_| Why::NewAuthority);
            view.issue(why, authority, now)
        }
        (None, Some(from)) => Step::Wait(from),
        _ => Step::Wait(view.wake(authority, leaf, now)),
    }
}

impl View<'_> {
    /// Every CA that some part may trust or be trusted by.
    fn known(&self, now: i64) -> impl Iterator<Item = &Authority> {
        let elsewhere = self.trust.into_iter().flat_map(Trust::found);
        let lasting = elsewhere
            .chain(self.remembered)
            .filter(move |authority| authority.not_after > now.saturating_add(seconds(DRIFT)));
        self.bundle.authorities.iter().chain(lasting)
    }

    fn announce(&self, why: Why, now: i64) -> Step {
        Step::Announce {
            why,
            old: self.known(now).cloned().collect(),
        }
    }

    fn issue(&self, why: Why, authority: &Authority, now: i64) -> Step {
        let mut names = self.names.to_vec();
        // Replicas of two releases may want other names; each adds its own, so that they do not contend.
        if why == Why::Names {
            names.extend(self.leaf.into_iter().flat_map(|leaf| leaf.names.iter().cloned()));
            names.sort_unstable();
            names.dedup();
        }
        Step::Issue {
            why,
            names,
            not_after: self.leaf_end(authority, now),
        }
    }

    /// When a certificate that is made now expires: with its CA at the latest.
    fn leaf_end(&self, authority: &Authority, now: i64) -> i64 {
        now.saturating_add(seconds(self.lives.leaf))
            .min(authority.not_after)
    }

    fn renewal(&self, leaf: &Leaf, authority: &Authority, now: i64) -> Option<Why> {
        let longer = self.leaf_end(authority, now) > leaf.not_after;
        if self.asked == Some(Rotation::Leaf) {
            Some(Why::Asked)
        } else if !self.names.iter().all(|name| leaf.names.contains(name)) {
            Some(Why::Names)
        } else {
            (now >= self.leaf_due(leaf) && longer).then_some(Why::Due)
        }
    }

    fn leaf_due(&self, leaf: &Leaf) -> i64 {
        leaf.not_after.saturating_sub(seconds(self.lives.leaf / 3))
    }

    /// Whether it is time for a new CA.
    fn succession(&self, authority: &Authority, now: i64) -> Option<Why> {
        if self.asked == Some(Rotation::Ca) {
            Some(Why::Asked)
        } else {
            (now >= self.authority_due(authority)).then_some(Why::Due)
        }
    }

    /// Two thirds of its life, or earlier, so that no certificate must be cut short.
    fn authority_due(&self, authority: &Authority) -> i64 {
        let left = (self.lives.ca / 3).max(self.lives.leaf);
        authority.not_after.saturating_sub(seconds(left))
    }

    /// Whether `leaf` might expire before one of a new CA may be served, and another would last longer.
    fn short(&self, leaf: &Leaf, authority: &Authority, now: i64) -> bool {
        let lead = LEAD.min(self.lives.leaf * 4 / 5);
        leaf.not_after.saturating_sub(now) < seconds(lead) && self.leaf_end(authority, now) > leaf.not_after
    }

    /// The next moment at which time alone changes something.
    fn wake(&self, authority: &Authority, leaf: Option<&Leaf>, now: i64) -> i64 {
        let renewals = leaf
            .map(|leaf| self.leaf_due(leaf))
            .into_iter()
            .chain([self.authority_due(authority)]);
        let ends = self
            .bundle
            .authorities
            .iter()
            .map(|authority| authority.not_after);
        renewals
            .chain(ends)
            .filter(|moment| *moment > now)
            .min()
            .unwrap_or(i64::MAX)
    }
}
