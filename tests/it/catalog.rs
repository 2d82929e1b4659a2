//! Judgements of ids: the built-in catalogs, and the goals that they must reach.

use aliasgate::{
    engine::{
        Catalog, Catalogs, Code, Date, Provider, Severity,
        catalog::{Ground, Judgement, Model, judge},
    },
    sources::builtin,
};

const MISTAKES: &str = include_str!("data/mistakes-dev.tsv");
const OLD: &str = include_str!("data/ids-2025-03.tsv");
const NEW: &str = include_str!("data/new-2025-11.tsv");

fn today() -> Date {
    "2026-11-23".parse().expect("a date")
}

fn at(provider: &str, id: &str) -> Judgement {
    on(&builtin::catalogs(), provider, id)
}

fn on(catalogs: &Catalogs, provider: &str, id: &str) -> Judgement {
    let ground = Ground {
        provider: provider.parse().expect("a provider"),
        region: None,
    };
    judge(catalogs, &ground, id, today())
}

#[test]
fn the_models_of_the_readme_are_known_and_retired() {
    for (id, snapshot) in [
        ("gpt-3.5-turbo", "gpt-3.5-turbo-0125"),
        ("gpt-4-turbo", "gpt-4-turbo-2024-04-09"),
    ] {
        let verdict = at("openai", id);
        assert_eq!(verdict.code, Some(Code::AliasTargetRetired));
        assert_eq!(verdict.severity, Severity::Warning);
        assert_eq!(
            verdict.message,
            format!("\"{id}\" was retired by openai on 2026-10-23")
        );
        assert_eq!(
            verdict.model.expect("listed").resolves_to.as_deref(),
            Some(snapshot)
        );
    }
}

#[test]
fn a_slip_is_refused_with_the_nearest_id() {
    let verdict = at("openai", "gpt-4-turbbo");
    assert_eq!(verdict.code, Some(Code::AliasTargetMisspelt));
    assert_eq!(verdict.severity, Severity::Error);
    assert_eq!(
        verdict.message,
        "\"gpt-4-turbbo\": openai has no such model (catalog of 2026-11-23)"
    );
    assert_eq!(verdict.suggestions[0], "gpt-4-turbo");
    assert!(verdict.suggestions.len() <= 3);
}

/// Share of mistakes refused or repaired, with the right id first, and with it among three; in percent.
fn rates(mistakes: &str) -> (f64, f64, f64) {
    let catalogs = builtin::catalogs();
    let (mut all, mut refused, mut first, mut three) = (0, 0, 0, 0);
    for line in mistakes.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let (id, provider, intended, gateway) = (columns[0], columns[1], columns[2], columns[4]);
        let verdict = on(&catalogs, provider, id);
        // What the gateway itself repairs is right when it is taken for the model that it becomes.
        let works = verdict
            .model
            .filter(|_| !gateway.is_empty())
            .map(|model| model.id.into_owned());
        let stopped = verdict.severity == Severity::Error || verdict.repair.is_some() || works.is_some();
        let mut shown: Vec<String> = works
            .into_iter()
            .chain(verdict.repair)
            .chain(verdict.suggestions)
            .collect();
        shown.dedup();
        let right = |id: &String| intended.split('|').any(|intended| intended == id);
        all += 1;
        refused += usize::from(stopped);
        first += usize::from(shown.first().is_some_and(right));
        three += usize::from(shown.iter().take(3).any(right));
    }
    let percent = |count: usize| 100.0 * count as f64 / f64::from(all);
    (percent(refused), percent(first), percent(three))
}

#[test]
fn mistakes_are_refused_or_repaired_and_the_right_id_is_shown() {
    let (refused, first, three) = rates(MISTAKES);
    println!(
        "mistakes refused or repaired {refused:.1} %, first suggestion right {first:.1} %, one of three {three:.1} %"
    );
    assert!(refused >= 95.0, "{refused}");
    assert!(first >= 92.0, "{first}");
    assert!(three >= 97.0, "{three}");
}

#[test]
fn new_models_are_not_refused() {
    let old = Catalogs::from_ids(OLD, today()).expect("well-formed");
    let refused: Vec<_> = NEW
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once('\t'))
        .filter(|(provider, id)| on(&old, provider, id).severity == Severity::Error)
        .collect();
    println!(
        "new ids refused: {} of {}: {refused:?}",
        refused.len(),
        NEW.lines().count() - 1
    );
    assert!(refused.len() * 100 < NEW.lines().count(), "{refused:?}");
}

#[test]
fn no_listed_id_is_called_wrong() {
    let catalogs = builtin::catalogs();
    let life = [
        None,
        Some(Code::AliasTargetDeprecated),
        Some(Code::AliasTargetRetired),
    ];
    for catalog in catalogs.iter() {
        for model in catalog.models() {
            let verdict = on(&catalogs, catalog.provider.as_str(), &model.id);
            assert!(
                life.contains(&verdict.code),
                "{} {}: {}",
                catalog.provider,
                model.id,
                verdict.message
            );
        }
    }
}

#[test]
fn a_complete_catalog_refuses_what_it_does_not_list() {
    let catalog = Catalog::new(Provider::Xai, today(), vec![Model::bare("grok-4")]).complete(true);
    let verdict = on(&Catalogs::new([catalog]), "xai", "grok-banana-9");
    assert_eq!(
        (verdict.code, verdict.severity),
        (Some(Code::AliasTargetUnknown), Severity::Error)
    );
}
