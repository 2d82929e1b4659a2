//! Two replicas in any order of their reads and writes.

use aliasgate::tls::secret::{Configuration, Deed, Move, Patch, Replica, Seen, plan::SETTLE};
use k8s_openapi::api::core::v1::Secret;
use proptest::prelude::*;

use super::{Api, settings};

/// Longest time that an API server of this test goes on with what it knew of the webhook configurations, in seconds.
const LAG: i64 = SETTLE.as_secs().cast_signed() - 1;

/// What happens next.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// A replica reads or writes one object.
    Step(usize),
    /// Some seconds pass.
    Tick(i64),
    /// Much time passes, and both come to rest.
    Later,
    /// A replica starts anew.
    Restart(usize),
    /// An admin asks for a new certificate.
    Leaf,
    /// Something happens to the CA in the Secret.
    Disturb(Disturbance),
    /// Someone empties every `caBundle`.
    Wipe,
}

#[derive(Debug, Clone, Copy)]
enum Disturbance {
    Rotate,
    Delete,
    CorruptKey,
    CorruptCerts,
    Empty,
}

fn events(wipes: bool) -> impl Strategy<Value = Vec<Event>> {
    let disturbance = prop::sample::select(vec![
        Disturbance::Rotate,
        Disturbance::Delete,
        Disturbance::CorruptKey,
        Disturbance::CorruptCerts,
        Disturbance::Empty,
    ]);
    let event = prop_oneof![
        40 => (0..2_usize).prop_map(Event::Step),
        12 => (1..6_i64).prop_map(Event::Tick),
        2 => Just(Event::Later),
        2 => (0..2_usize).prop_map(Event::Restart),
        1 => Just(Event::Leaf),
        3 => disturbance.prop_map(Event::Disturb),
        u32::from(wipes) * 2 => Just(Event::Wipe),
    ];
    prop::collection::vec(event, 1..150)
}

/// A replica in the middle of something.
struct Actor {
    replica: Replica,
    next: Phase,
    /// Whether it takes requests.
    ready: bool,
}

enum Phase {
    ReadSecret,
    ReadConfigurations(Option<Secret>),
    Look(Option<Secret>, Vec<Configuration>),
    Write(Box<Secret>),
    Patch(Vec<Patch>),
}

impl Actor {
    fn new() -> Self {
        Self {
            replica: Replica::new(settings()),
            next: Phase::ReadSecret,
            ready: false,
        }
    }

    /// Reads, thinks, or writes one object. Returns until when there is nothing to do, when that is found out.
    fn step(&mut self, api: &mut Api) -> Option<i64> {
        let mut rest = None;
        self.next = match std::mem::replace(&mut self.next, Phase::ReadSecret) {
            Phase::ReadSecret => Phase::ReadConfigurations(api.secret.clone()),
            Phase::ReadConfigurations(secret) => Phase::Look(secret, api.configurations()),
            Phase::Look(secret, configurations) => {
                let seen = Seen {
                    secret,
                    configurations: Some(configurations),
                };
                let next = self.replica.look(&seen, api.now).ok().unwrap();
                self.ready |= self.replica.trusted(api.now);
                match next {
                    Move::Write(secret, Deed::Announced { .. } | Deed::Kept | Deed::Issued { .. }) => {
                        Phase::Write(secret)
                    }
                    Move::Publish(patches) => Phase::Patch(patches),
                    Move::Rest(until) => {
                        rest = Some(until);
                        Phase::ReadSecret
                    }
                }
            }
            Phase::Write(secret) => {
                api.write(&secret);
                Phase::ReadSecret
            }
            Phase::Patch(mut patches) => {
                if let Some(patch) = patches.pop() {
                    api.patch(&patch);
                }
                match patches.is_empty() {
                    true => Phase::ReadSecret,
                    false => Phase::Patch(patches),
                }
            }
        };
        rest
    }
}

struct World {
    api: Api,
    actors: [Actor; 2],
    /// Disturbances that may still happen: as many as old CAs are kept.
    left: usize,
}

impl World {
    fn new() -> Self {
        Self {
            api: Api::new(),
            actors: [Actor::new(), Actor::new()],
            left: aliasgate::tls::secret::MAX_OLD,
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Step(which) => drop(self.actors[which].step(&mut self.api)),
            Event::Tick(seconds) => self.api.now += seconds,
            Event::Later => {
                self.come_to_rest();
                self.api.now += 1_000;
                self.come_to_rest();
            }
            Event::Restart(which) => self.actors[which] = Actor::new(),
            Event::Leaf => self.api.annotate("leaf"),
            Event::Disturb(_) if self.left == 0 => {}
            Event::Disturb(disturbance) => {
                self.left -= 1;
                match disturbance {
                    Disturbance::Rotate => self.api.annotate("ca"),
                    Disturbance::Delete => self.api.secret = None,
                    Disturbance::CorruptKey => self.api.set("ca.key", b"nonsense"),
                    Disturbance::CorruptCerts => self.api.set("ca.crt", b"nonsense"),
                    Disturbance::Empty => self.api.edit(|secret| secret.data = None),
                }
            }
            Event::Wipe => self.api.set_bundles(b""),
        }
    }

    /// Lets both go on by turns, and time pass, until neither has anything to do for a minute.
    fn come_to_rest(&mut self) {
        // What they have read already may be old.
        self.round();
        for _ in 0..100 {
            let before = self.api.version;
            let wake = self.round();
            if self.api.version != before {
                continue;
            }
            if wake > self.api.now + 60 {
                return;
            }
            self.api.now = self.api.now.max(wake);
        }
        panic!("no rest");
    }

    /// Lets one after the other go on until it has nothing to do. Returns until when that is so.
    fn round(&mut self) -> i64 {
        let rests = self.actors.each_mut().map(|actor| {
            let rest = (0..100).find_map(|_| actor.step(&mut self.api));
            rest.expect("a rest")
        });
        rests[0].min(rests[1])
    }

    /// Whether both serve one certificate, and all bundles are those of the Secret.
    fn at_one(&self) -> bool {
        let served = self.actors.each_ref().map(|actor| actor.replica.served());
        let authorities = self.api.authorities();
        served[0].is_some()
            && served[0] == served[1]
            && authorities.first().map(|newest| &newest.key_id) == served[0].map(|leaf| &leaf.by)
            && self
                .api
                .bundles()
                .iter()
                .all(|bundle| bundle.authorities == authorities && !bundle.foreign)
    }

    /// Every API server trusts every replica that takes requests, however late it heard of the last changes. One that
    /// knew no CA of ours trusted nobody before either.
    fn trusted(&self) -> Result<(), TestCaseError> {
        let now = self.api.now;
        let mut until = i64::MAX;
        for (since, bundles) in self.api.history.iter().rev() {
            if until < now - LAG {
                break;
            }
            until = *since;
            for bundle in bundles {
                let alive = |key: Option<&[u8]>| {
                    bundle.authorities.iter().any(|authority| {
                        now < authority.not_after && key.is_none_or(|key| key == authority.key_id)
                    })
                };
                for (which, actor) in self.actors.iter().enumerate().filter(|(_, actor)| actor.ready) {
                    let leaf = actor.replica.served().expect("a ready replica serves");
                    prop_assert!(now < leaf.not_after, "replica {which} serves what has expired");
                    prop_assert!(
                        alive(Some(&leaf.by)) || !alive(None),
                        "replica {which} is not trusted by a bundle since {}",
                        since - now
                    );
                }
            }
        }
        Ok(())
    }

    /// Nobody serves a certificate of a CA that was in no bundle before.
    fn announced(&self) -> Result<(), TestCaseError> {
        for leaf in self.actors.iter().filter_map(|actor| actor.replica.served()) {
            let mut states = self.api.history.iter();
            prop_assert!(states.any(|(_, bundles)| bundles.iter().all(|bundle| bundle.has(&leaf.by))));
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_admission_fails_in_any_order_of_events(events in events(false)) {
        let mut world = World::new();
        for event in events {
            world.happen(event);
            world.trusted()?;
            world.announced()?;
        }
        world.come_to_rest();
        world.trusted()?;
    }

    #[test]
    fn replicas_agree_in_the_end_whatever_is_broken(events in events(true)) {
        let mut world = World::new();
        for event in events {
            world.happen(event);
            world.announced()?;
        }
        world.come_to_rest();
        prop_assert!(world.at_one());
    }

    #[test]
    fn nothing_that_stands_in_a_secret_or_a_bundle_is_a_panic(
        place in prop::sample::select(vec!["ca.crt", "ca.key", "tls.crt", "tls.key"]),
        at in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let (mut api, mut replica) = (Api::new(), Replica::new(settings()));
        api.settle(&mut replica);
        let data = api.secret.as_ref().and_then(|secret| secret.data.clone()).unwrap();
        let mut content = data[place].0.clone();
        let at = at.index(content.len());
        content.splice(at..(at + bytes.len()).min(data[place].0.len()), bytes);
        api.set(place, &content);
        api.set_bundles(&content);
        api.settle(&mut Replica::new(settings()));
        api.settle(&mut replica);
        prop_assert!(replica.trusted(api.now));
    }
}
