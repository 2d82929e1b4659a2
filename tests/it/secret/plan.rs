//! What a replica does next, case by case.

use aliasgate::tls::secret::{
    CA_KEY, CERT, Deed, KEY, MAX_OLD, Move, ROTATE, Refusal, Replica, Seen,
    plan::{SETTLE, Why},
};

use super::{Api, CA, LEAF, START, Turn, settings, words};

/// An API server and a replica that has come to rest.
fn installed() -> (Api, Replica) {
    let (mut api, mut replica) = (Api::new(), Replica::new(settings()));
    api.settle(&mut replica);
    (api, replica)
}

fn settle_seconds() -> i64 {
    i64::try_from(SETTLE.as_secs()).unwrap()
}

fn by(replica: &Replica) -> &[u8] {
    &replica.served().unwrap().by
}

#[test]
fn the_first_start_announces_publishes_and_issues_without_delay() {
    let (mut api, mut replica) = (Api::new(), Replica::new(settings()));
    let (turns, until) = api.run(&mut replica);
    assert_eq!(words(&turns), ["announced", "published", "issued"]);
    let leaf = replica.served().unwrap();
    assert_eq!(leaf.names, ["a.example", "b.example"]);
    assert_eq!(leaf.not_after, START + LEAF);
    assert!(replica.trusted(api.now));
    assert_eq!(until, START + LEAF - LEAF / 3);
    assert_eq!(api.secret.unwrap().type_.as_deref(), Some("Opaque"));
}

#[test]
fn a_replica_that_finds_all_done_writes_nothing() {
    let (mut api, first) = installed();
    let mut second = Replica::new(settings());
    assert_eq!(words(&api.run(&mut second).0), [""; 0]);
    assert_eq!(second.served(), first.served());
}

#[test]
fn whoever_is_late_looks_again() {
    let mut api = Api::new();
    let (mut first, mut second) = (Replica::new(settings()), Replica::new(settings()));
    let early = api.seen();
    api.run(&mut first);
    assert_eq!(api.turn_of(&mut second, &early).unwrap(), Turn::Conflict);
    assert_eq!(words(&api.run(&mut second).0), [""; 0]);
    assert_eq!(second.served(), first.served());
}

#[test]
fn a_certificate_is_renewed_at_two_thirds_of_its_life_without_a_change_of_bundles() {
    let (mut api, mut replica) = installed();
    let (before, bundles) = (by(&replica).to_owned(), api.bundles());
    api.now = START + LEAF - LEAF / 3 - 1;
    assert_eq!(words(&api.run(&mut replica).0), [""; 0]);
    api.now += 1;
    assert_eq!(words(&api.run(&mut replica).0), ["issued"]);
    assert_eq!(replica.served().unwrap().not_after, api.now + LEAF);
    assert_eq!(by(&replica), before);
    assert_eq!(api.bundles(), bundles);
}

#[test]
fn a_certificate_of_a_new_ca_waits_until_api_servers_know_the_ca() {
    let (mut api, mut replica) = installed();
    let old = by(&replica).to_owned();
    api.annotate("ca");
    let (turns, until) = api.run(&mut replica);
    assert_eq!(words(&turns), ["announced", "published"]);
    assert_eq!(until, api.now + settle_seconds());
    assert_eq!(by(&replica), old, "the old one is still served");
    assert!(
        api.bundles()
            .iter()
            .all(|bundle| bundle.authorities.len() == 2 && bundle.has(&old))
    );
    api.now = until - 1;
    assert_eq!(words(&api.run(&mut replica).0), [""; 0]);
    api.now = until;
    assert_eq!(words(&api.run(&mut replica).0), ["issued"]);
    assert_ne!(by(&replica), old);
    assert_eq!(by(&replica), api.authorities()[0].key_id);
}

#[test]
fn a_ca_is_renewed_at_two_thirds_of_its_life_and_goes_when_it_expires() {
    let (mut api, mut replica) = installed();
    let old = api.authorities()[0].clone();
    let mut announced = 0;
    while api.now < START + CA + 1 {
        let turns = api.settle(&mut replica);
        announced += words(&turns).iter().filter(|word| **word == "announced").count();
        assert!(replica.served().unwrap().not_after > api.now);
        api.now += 500;
    }
    api.settle(&mut replica);
    assert_eq!(announced, 1);
    assert!(!api.authorities().contains(&old));
    assert!(!api.bundles()[0].has(&old.key_id));
}

#[test]
fn a_certificate_that_would_expire_while_a_new_ca_settles_is_renewed_first() {
    let mut settings = settings();
    settings.lives.leaf = 2 * SETTLE;
    settings.lives.ca = 6 * SETTLE;
    let (mut api, mut replica) = (Api::new(), Replica::new(settings));
    api.run(&mut replica);
    let mut words_seen = Vec::new();
    for _ in 0..100 {
        let (turns, _) = api.run(&mut replica);
        words_seen.extend(words(&turns));
        let left = replica.served().unwrap().not_after - api.now;
        assert!(left > 1, "{left} s left at {}", api.now - START);
        api.now += 1;
    }
    assert!(words_seen.contains(&"announced"));
}

#[test]
fn an_annotation_goes_with_the_write_that_does_what_it_asks_for() {
    let (mut api, mut replica) = installed();
    for (asked, deed) in [("leaf", "issued"), ("ca", "announced")] {
        api.annotate(asked);
        let turn = api.turn(&mut replica).unwrap();
        assert_eq!(turn.word(), deed);
        let annotations = api.secret.as_ref().unwrap().metadata.annotations.clone();
        assert_eq!(annotations.unwrap().get(ROTATE), None);
        api.settle(&mut replica);
    }
}

#[test]
fn an_annotation_that_asks_for_something_else_is_told_and_left() {
    let (mut api, mut replica) = installed();
    api.annotate("everything");
    assert_eq!(words(&api.run(&mut replica).0), [""; 0]);
    assert!(replica.faults()[0].contains("aliasgate.dev/rotate is \"everything\": set leaf or ca"));
}

#[test]
fn a_secret_that_was_deleted_is_made_again_while_the_certificate_stays_in_use() {
    let (mut api, mut replica) = installed();
    let old = replica.served().cloned().unwrap();
    api.secret = None;
    let (turns, _) = api.run(&mut replica);
    assert_eq!(words(&turns), ["announced", "published"]);
    assert_eq!(replica.served(), Some(&old));
    assert!(api.bundles()[0].has(&old.by));
    // One that starts now has something to serve at once.
    let mut second = Replica::new(settings());
    api.turn(&mut second).unwrap();
    assert_eq!(second.served(), Some(&old));
    assert_eq!(words(&api.settle(&mut replica)), ["issued"]);
    assert_ne!(by(&replica), old.by);
}

#[test]
fn a_ca_that_only_the_configurations_know_stays_trusted() {
    let (mut api, replica) = installed();
    let old = by(&replica).to_owned();
    api.secret = None;
    let mut other = Replica::new(settings());
    assert_eq!(words(&api.run(&mut other).0), ["announced", "published"]);
    assert!(
        api.bundles()[0].has(&old),
        "someone may still serve a certificate of it"
    );
    assert_eq!(other.served(), None);
    assert_eq!(words(&api.settle(&mut other)), ["issued"]);
}

#[test]
fn an_older_secret_that_was_restored_is_taken_without_a_gap() {
    let (mut api, mut replica) = installed();
    let backup = api.secret.clone();
    api.annotate("ca");
    api.settle(&mut replica);
    let newer = by(&replica).to_owned();
    let mut bundle = api.bundles().remove(0);
    bundle.authorities.truncate(1);
    api.set_bundles(bundle.pem().as_bytes());
    api.edit(|secret| secret.data = backup.unwrap().data);
    assert_eq!(words(&api.run(&mut replica).0), ["kept", "published"]);
    assert_eq!(by(&replica), newer, "until the older CA has settled");
    api.settle(&mut replica);
    assert_eq!(by(&replica), api.authorities()[0].key_id);
}

#[test]
fn content_that_cannot_be_used_is_replaced_and_told() {
    for (key, deeds) in [
        ("ca.crt", &["announced", "published", "issued"][..]),
        (CA_KEY, &["announced", "published", "issued"]),
        (CERT, &["issued"]),
        (KEY, &["issued"]),
    ] {
        let (mut api, mut replica) = installed();
        api.set(key, b"-----BEGIN NONSENSE-----");
        let first = api.turn(&mut replica).unwrap();
        assert!(!replica.faults().is_empty(), "{key}");
        let mut turns = vec![first];
        turns.extend(api.settle(&mut replica));
        assert_eq!(words(&turns), deeds, "{key}");
        assert!(replica.faults().is_empty(), "{key}");
        assert!(replica.trusted(api.now));
    }
}

#[test]
fn what_is_foreign_in_a_bundle_is_replaced() {
    let (mut api, mut replica) = installed();
    let right = api.bundles();
    for wrong in [
        "",
        "nonsense",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        api.set_bundles(wrong.as_bytes());
        assert_eq!(words(&api.run(&mut replica).0), ["published"], "{wrong}");
        assert_eq!(api.bundles(), right);
    }
}

#[test]
fn a_missing_configuration_is_not_waited_for_and_gets_the_ca_when_it_comes() {
    let (mut api, mut replica) = (Api::new(), Replica::new(settings()));
    let all = std::mem::take(&mut api.configurations);
    assert_eq!(words(&api.run(&mut replica).0), ["announced", "issued"]);
    assert!(replica.trusted(api.now));
    api.configurations = all;
    assert!(replica.served().is_some());
    assert_eq!(words(&api.run(&mut replica).0), ["published"]);
    assert!(replica.trusted(api.now));
}

#[test]
fn configurations_that_cannot_be_read_stop_a_new_ca_and_nothing_else() {
    let (mut api, mut replica) = installed();
    let look = |api: &mut Api, replica: &mut Replica| {
        let seen = Seen {
            secret: api.secret.clone(),
            configurations: None,
        };
        api.turn_of(replica, &seen).unwrap()
    };
    api.annotate("ca");
    assert_eq!(look(&mut api, &mut replica).word(), "rest");
    api.now = START + LEAF - LEAF / 3;
    assert_eq!(look(&mut api, &mut replica).word(), "issued");
    assert_eq!(look(&mut api, &mut replica).word(), "rest");
    assert_eq!(replica.served().unwrap().not_after, api.now + LEAF);
}

#[test]
fn a_certificate_that_its_ca_outlives_by_nothing_is_not_made_over_and_over() {
    let (mut api, mut replica) = installed();
    api.now = START + CA - 100;
    for expected in ["issued", "rest", "rest"] {
        let seen = Seen {
            secret: api.secret.clone(),
            configurations: None,
        };
        assert_eq!(api.turn_of(&mut replica, &seen).unwrap().word(), expected);
        api.now += 20;
    }
}

#[test]
fn replicas_that_want_other_names_do_not_contend() {
    let (mut api, mut first) = installed();
    let mut others = settings();
    others.names = vec!["c.example".to_owned()];
    let mut second = Replica::new(others);
    let (turns, _) = api.run(&mut second);
    assert!(
        matches!(&turns[..], [Turn::Did(Deed::Issued { why: Why::Names, leaf })]
            if leaf.names == ["a.example", "b.example", "c.example"]),
        "{turns:?}"
    );
    assert_eq!(words(&api.run(&mut first).0), [""; 0]);
    assert_eq!(words(&api.run(&mut second).0), [""; 0]);
}

#[test]
fn old_cas_are_few() {
    let (mut api, mut replica) = installed();
    let first = by(&replica).to_owned();
    for rotation in 1..=MAX_OLD + 1 {
        api.annotate("ca");
        api.now += 1;
        api.settle(&mut replica);
        assert_eq!(api.authorities().len(), rotation.min(MAX_OLD) + 1);
        assert_eq!(api.bundles()[0].has(&first), rotation <= MAX_OLD);
    }
    let ages: Vec<_> = api
        .authorities()
        .iter()
        .map(|authority| authority.not_before)
        .collect();
    assert!(ages.is_sorted_by(|newer, older| newer > older), "{ages:?}");
}

#[test]
fn a_secret_of_another_type_is_not_touched() {
    let (mut api, mut replica) = installed();
    api.edit(|secret| secret.type_ = Some("kubernetes.io/tls".to_owned()));
    let Err(Refusal::Foreign(kind)) = api.turn(&mut replica) else {
        panic!("touched");
    };
    assert_eq!(kind, "kubernetes.io/tls");
    assert!(replica.served().is_some());
}

#[test]
fn what_others_keep_in_the_secret_stays() {
    let (mut api, mut replica) = installed();
    api.set("note", b"mine");
    api.annotate("leaf");
    api.settle(&mut replica);
    assert_eq!(api.secret.unwrap().data.unwrap()["note"].0, b"mine");
}

#[test]
fn a_clock_that_goes_back_does_no_harm() {
    let (mut api, mut replica) = installed();
    api.annotate("ca");
    api.run(&mut replica);
    api.now -= 1_000;
    let Move::Rest(until) = replica.look(&api.seen(), api.now).ok().unwrap() else {
        panic!("something is written");
    };
    assert!(until <= api.now + settle_seconds());
}
