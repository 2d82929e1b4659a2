//! What holds for any input.

use std::sync::Arc;

use aliasgate::engine::{
    AliasTable, Diagnostic, Key, Resource, Severity, alias::Pattern, check, check::check_normalized,
    normalize, normalize::apply, pointer, resolve, resolve::Place,
};
use proptest::{collection::vec, prelude::*};
use serde_json::{Map, Value, json};

use crate::fixtures::{backend, snapshot};

/// Short texts of a small alphabet meet often: blanks, a zero-width space, a combining accent and `*` among them.
fn text() -> impl Strategy<Value = String> {
    vec(
        prop::sample::select(vec![
            "a", "b", "A", "*", " ", "\u{200b}", "e\u{301}", "\n", "-", "é", "\u{200d}",
        ]),
        0..6,
    )
    .prop_map(|parts| parts.concat())
}

fn aliases() -> impl Strategy<Value = Vec<(String, String)>> {
    vec((text(), text()), 0..8)
}

fn with_aliases(aliases: &[(String, String)]) -> Arc<Resource> {
    let map: Map<String, Value> = aliases.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
    backend(
        "models",
        &json!({"ai": {"provider": {"openai": {}}}, "policies": {"ai": {"modelAliases": map}}}),
    )
}

fn normalized(resource: &Resource) -> Resource {
    let edits = normalize(&snapshot(&[]), resource, None);
    let mut value = resource.value().clone();
    assert!(
        apply(&edits, &mut value),
        "edits fit the object that they were made for"
    );
    Resource::new(value).expect("still a backend")
}

/// `aliases` without the entries that are refused once they are in the form that `form` gives them.
fn accepted(
    mut aliases: Vec<(String, String)>,
    form: impl Fn(&Resource) -> Vec<Diagnostic>,
) -> Vec<(String, String)> {
    loop {
        let faults = form(&with_aliases(&aliases));
        let refused: Vec<_> = faults
            .into_iter()
            .filter(|fault| fault.severity == Severity::Error)
            .filter_map(|fault| pointer::segments(&fault.pointer).last())
            .collect();
        if refused.is_empty() {
            return aliases;
        }
        aliases.retain(|(key, _)| !refused.contains(key));
    }
}

fn pattern() -> impl Strategy<Value = Pattern> {
    "[ab*]{1,5}".prop_filter_map("has a star", |text| Pattern::new(&text))
}

/// All names of at most `most` of these letters.
fn names(letters: &[&str], most: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..most {
        last = last
            .iter()
            .flat_map(|name| letters.iter().map(move |letter| format!("{name}{letter}")))
            .collect();
        all.extend(last.clone());
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn normalization_is_idempotent(aliases in aliases()) {
        let once = normalized(&with_aliases(&aliases));
        prop_assert_eq!(normalize(&snapshot(&[]), &once, None), vec![]);
    }

    #[test]
    fn applying_the_same_file_again_changes_nothing(aliases in aliases()) {
        let aliases = accepted(aliases, |resource| check_normalized(&snapshot(&[]), resource));
        let written = with_aliases(&aliases);
        let stored = normalized(&written);
        // Client-side apply adds the written keys again to what is stored.
        let mut merged = stored.value().clone();
        let map = merged.pointer_mut("/spec/policies/ai/modelAliases").and_then(Value::as_object_mut).expect("a map");
        map.extend(aliases.iter().map(|(k, v)| (k.clone(), json!(v))));
        let merged = Resource::new(merged).expect("a backend");
        let edits = normalize(&snapshot(&[]), &merged, Some(&stored));
        let mut value = merged.value().clone();
        prop_assert!(apply(&edits, &mut value));
        prop_assert_eq!(&value, stored.value());
    }

    #[test]
    fn every_accepted_alias_resolves_to_its_target(aliases in aliases()) {
        let aliases = accepted(aliases, |resource| check(&snapshot(&[]), resource));
        let snapshot = snapshot(&[with_aliases(&aliases)]);
        let place = Place { backend: Key::new("default", "models"), provider: "backend".into(), route: None };
        let table = AliasTable::new(aliases);
        for (key, target) in table.iter() {
            prop_assert_eq!(resolve(&snapshot, &place, key).target, target);
        }
    }

    #[test]
    fn the_order_of_input_does_not_change_the_output(aliases in aliases()) {
        let mut unique: Vec<_> = AliasTable::new(aliases).iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        let forward = check_normalized(&snapshot(&[]), &with_aliases(&unique));
        unique.reverse();
        prop_assert_eq!(forward, check_normalized(&snapshot(&[]), &with_aliases(&unique)));
    }

    #[test]
    fn two_patterns_meet_exactly_when_a_name_matches_both(a in pattern(), b in pattern()) {
        // A shortest common name has at most the literals of both patterns.
        let brute = names(&["a", "b"], 8).iter().any(|name| a.matches(name) && b.matches(name));
        prop_assert_eq!(a.meets(&b), brute);
        prop_assert_eq!(b.meets(&a), brute);
    }

    #[test]
    fn a_pattern_covers_exactly_what_only_has_names_of_it(a in pattern(), b in pattern()) {
        // A name with a letter that neither pattern has tells them apart, where one does.
        let brute = names(&["a", "b", "c"], 5).iter().all(|name| !b.matches(name) || a.matches(name));
        prop_assert_eq!(a.covers(&b), brute);
    }
}
