//! Judgements of ids: the built-in catalogs, and the goals that they must reach.

use proptest::prelude::*;

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
    assert!(three >= 98.0, "{three}");
}

/// Names that no provider has given, as people write them before they choose a model.
const NONSENSE: &str = "my-model foo foobar test test-model banana asdf qwerty prod-llm internal-chat \
    company-assistant hello-world fast smart default best-model llm-1 chatbot-v2 super-ai-9000 lorem-ipsum blorp-7b \
    zxcvb-123 helpdesk-bot frobnicate-3 wibble model-x neural-thing-2 acme-large-v1 orange-juice team-a-model \
    customer-support summarizer translator-en-de alpha-beta-gamma unicorn-42 spaceship-ultra mega-brain pizza-pro \
    dragonfly-mini kitchen-sink-latest random-name-here xyzzy null undefined none TODO changeme your-model-here \
    model-name some-random-llm-70b @ -- 1 42";

#[test]
fn nothing_is_suggested_for_nonsense() {
    let catalogs = builtin::catalogs();
    for provider in Provider::all() {
        for id in NONSENSE.split_whitespace() {
            let verdict = on(&catalogs, provider.as_str(), id);
            assert_eq!(
                verdict.suggestions, [""; 0],
                "{provider} {id}: {}",
                verdict.message
            );
            assert_ne!(verdict.code, Some(Code::AliasTargetMisspelt), "{provider} {id}");
        }
    }
}

/// A provider, an id, the code of the verdict, the first suggestion and the repair; `""` for none.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

#[rustfmt::skip]
const VERDICTS: &[Row] = &[
    // Listed, and in forms that providers accept.
    ("openai", "gpt-5.5", "", "", ""),
    ("gemini", "models/gemini-2.5-pro", "", "", "gemini-2.5-pro"),
    ("vertexai", "publishers/google/models/gemini-3-flash-preview", "", "", ""),
    ("vertexai", "google/gemini-3-flash-preview", "", "", ""),
    ("vertexai", "claude-3-sonnet-20240229", "", "", ""),
    ("vertexai", "gemini-3-flash-preview@default", "", "", ""),
    ("ollama", "llama3.1:latest", "", "", ""),
    ("bedrock", "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-opus-4-7", "", "", ""),
    ("bedrock", "amazon.nova-pro-v1:0:24k", "", "", ""),
    ("bedrock", "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-7", "", "", ""),
    // What only the provider can look up.
    ("bedrock", "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123def456", "alias-target-unchecked", "", ""),
    ("bedrock", "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc123def456", "alias-target-unchecked", "", ""),
    ("vertexai", "projects/p/locations/us-central1/endpoints/123", "alias-target-unchecked", "", ""),
    ("gemini", "tunedModels/mine", "alias-target-unchecked", "", ""),
    ("azure", "team-gpt4o_prod", "alias-target-unchecked", "", ""),
    ("ollama", "hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M", "alias-target-unchecked", "", ""),
    ("fireworks", "accounts/me/deployedModels/mine-1", "alias-target-unchecked", "", ""),
    ("togetherai", "my-org/My-Model-7B", "alias-target-unchecked", "", ""),
    // Fine-tuned models are what their base is.
    ("openai", "ft:gpt-5.5:acme::9ABel2dg", "alias-target-unchecked", "", ""),
    ("openai", "ft:gpt-5.5:acme:suffix:9ABel2dg:ckpt-step-88", "alias-target-unchecked", "", ""),
    ("openai", "ft:gpt-3.5-turbo-0613:acme::9ABel2dg", "alias-target-retired", "", ""),
    ("openai", "ft:gpt-4o-minni:acme::9ABel2dg", "alias-target-misspelt", "ft:gpt-4o-mini:acme::9ABel2dg", ""),
    ("openai", "ft:gpt-4o-mini", "alias-target-malformed", "gpt-4o-mini", ""),
    // Life.
    ("anthropic", "claude-sonnet-4-5", "alias-target-deprecated", "", ""),
    ("xai", "grok-2", "alias-target-retired", "", ""),
    ("mistral", "devstral-latest", "alias-target-deprecated", "", ""),
    // Newer than the catalog.
    ("openai", "gpt-7", "alias-target-unknown", "", ""),
    ("openai", "gpt-6.3-sol", "alias-target-unknown", "", ""),
    ("anthropic", "claude-opus-6", "alias-target-unknown", "", ""),
    ("gemini", "gemini-5-xenon", "alias-target-unknown", "", ""),
    ("bedrock", "newvendor.model-1-v1:0", "alias-target-unknown", "", ""),
    ("vertexai", "meta/llama-9-maas", "alias-target-unknown", "", ""),
    ("groq", "qwen/qwen9-1b", "alias-target-unchecked", "", ""),
    // Forms that no id has.
    ("openai", " gpt-4o", "alias-target-malformed", "gpt-4o", ""),
    ("openai", "gpt 4o", "alias-target-malformed", "gpt-4o", ""),
    ("openai", "'gpt-4o'", "alias-target-malformed", "gpt-4o", ""),
    ("openai", "gpt\u{2011}4o", "alias-target-malformed", "gpt-4o", ""),
    ("openai", "gpt-4\u{43e}", "alias-target-malformed", "gpt-4o", ""),
    ("openai", "gpt-4\u{200b}o", "alias-target-malformed", "gpt-4o", ""),
    ("openai", "gpt-4*", "alias-target-wildcard", "", ""),
    ("openai", "", "alias-target-empty", "", ""),
    ("azure", "gpt 4o", "alias-target-malformed", "gpt-4o", ""),
    ("anthropic", "claude-sonnet-4.6", "alias-target-malformed", "claude-sonnet-4-6", ""),
    ("fireworks", "accounts/fireworks/models/llama-v3.1-8b-instruct", "alias-target-malformed", "accounts/fireworks/models/llama-v3p1-8b-instruct", ""),
    // Case.
    ("openai", "GPT-4o", "alias-target-malformed", "gpt-4o", "gpt-4o"),
    ("huggingface", "qwen/qwen3-32b", "alias-target-malformed", "Qwen/Qwen3-32B", ""),
    // Prefixes of gateways and libraries.
    ("openai", "openai/gpt-4o", "alias-target-malformed", "gpt-4o", "gpt-4o"),
    ("anthropic", "anthropic:claude-opus-5", "alias-target-malformed", "claude-opus-5", "claude-opus-5"),
    ("vertexai", "vertex_ai/gemini-2.5-pro", "alias-target-malformed", "gemini-2.5-pro", "gemini-2.5-pro"),
    ("groq", "groq/llama-3.1-8b-instant", "alias-target-malformed", "llama-3.1-8b-instant", ""),
    ("azure", "azure/gpt-4o", "alias-target-malformed", "gpt-4o", ""),
    // Another provider's.
    ("openai", "claude-opus-5", "alias-target-wrong-provider", "", ""),
    ("openai", "anthropic/claude-opus-5", "alias-target-wrong-provider", "", ""),
    ("anthropic", "us.anthropic.claude-sonnet-4-6", "alias-target-wrong-provider", "claude-sonnet-4-6", ""),
    ("bedrock", "claude-sonnet-4-6", "alias-target-wrong-provider", "anthropic.claude-sonnet-4-6", ""),
    ("vertexai", "anthropic.claude-opus-4-6-v1", "alias-target-wrong-provider", "claude-opus-4-6", ""),
    ("gemini", "publishers/google/models/gemini-2.5-pro", "alias-target-wrong-provider", "gemini-2.5-pro", ""),
    // Slips.
    ("openai", "gpt-40-mini", "alias-target-misspelt", "gpt-4o-mini", ""),
    ("openai", "gpt-4-1", "alias-target-misspelt", "gpt-4.1", ""),
    ("openai", "gpt-4o-2024-08", "alias-target-misspelt", "gpt-4o-2024-08-06", ""),
    ("openai", "gpt-4o-2024-08-07", "alias-target-misspelt", "gpt-4o-2024-08-06", ""),
    ("openai", "whisper", "alias-target-misspelt", "whisper-1", ""),
    ("anthropic", "claude-4-6-sonnet", "alias-target-misspelt", "claude-sonnet-4-6", ""),
    ("anthropic", "claude-sonnet-4-5-latest", "alias-target-misspelt", "claude-sonnet-4-5", ""),
    ("gemini", "gemini-pro-2.5", "alias-target-misspelt", "gemini-2.5-pro", ""),
    ("bedrock", "amazon.nova-pro", "alias-target-misspelt", "amazon.nova-pro-v1:0", ""),
    ("openrouter", "anthropic/claude-sonnet-4-5", "alias-target-misspelt", "anthropic/claude-sonnet-4.5", ""),
    ("togetherai", "llama-3.3-70b-instruct-turbo", "alias-target-misspelt", "meta-llama/Llama-3.3-70B-Instruct-Turbo", ""),
];

#[test]
fn each_kind_of_id_has_its_verdict() {
    for (provider, id, code, first, repair) in VERDICTS {
        let verdict = at(provider, id);
        let shown = (
            verdict.code.map_or("", Code::as_str),
            verdict.suggestions.first().map_or("", String::as_str),
            verdict.repair.as_deref().unwrap_or(""),
        );
        assert_eq!(
            shown,
            (*code, *first, *repair),
            "{provider} {id}: {}",
            verdict.message
        );
        assert_eq!(
            verdict.message.is_empty(),
            verdict.code.is_none(),
            "{provider} {id}"
        );
        assert_eq!(verdict.help.is_empty(), verdict.code.is_none(), "{provider} {id}");
    }
}

#[test]
fn a_profile_of_another_continent_is_told() {
    let ask = |region: &str| {
        let ground = Ground {
            provider: Provider::Bedrock,
            region: Some(region.to_owned()),
        };
        judge(
            &builtin::catalogs(),
            &ground,
            "eu.anthropic.claude-sonnet-4-6",
            today(),
        )
    };
    assert_eq!(ask("eu-west-1").code, None);
    let verdict = ask("us-east-1");
    assert_eq!(verdict.severity, Severity::Warning);
    let message = "\"eu.anthropic.claude-sonnet-4-6\": profiles of eu cannot be called from us-east-1";
    assert_eq!(verdict.message, message);
}

#[test]
fn retirement_is_a_matter_of_the_day() {
    let on = |day: &str| {
        let ground = Ground {
            provider: Provider::OpenAi,
            region: None,
        };
        judge(
            &builtin::catalogs(),
            &ground,
            "gpt-4-turbo",
            day.parse().expect("a date"),
        )
    };
    assert_eq!(on("2026-07-24").code, None);
    assert_eq!(on("2026-07-25").code, Some(Code::AliasTargetDeprecated));
    assert_eq!(
        on("2026-07-25").message,
        "\"gpt-4-turbo\" will be retired by openai on 2026-10-23"
    );
    assert_eq!(on("2026-10-22").code, Some(Code::AliasTargetDeprecated));
    assert_eq!(on("2026-10-23").code, Some(Code::AliasTargetRetired));
}

#[test]
fn without_a_catalog_nothing_is_refused_but_what_no_id_can_be() {
    let none = Catalogs::default();
    for provider in Provider::all() {
        let verdict = on(&none, provider.as_str(), "some-id-1");
        let bedrock = provider == Provider::Bedrock;
        assert!(
            bedrock || verdict.code == Some(Code::AliasTargetUnchecked),
            "{provider}: {}",
            verdict.message
        );
        assert_eq!(
            on(&none, provider.as_str(), "gpt 4").code,
            Some(Code::AliasTargetMalformed)
        );
    }
}

proptest! {
    #[test]
    fn any_text_has_a_verdict_and_always_the_same(id in any::<String>(), nth in 0..19_usize) {
        verdict_holds(&id, nth)?;
    }

    #[test]
    fn anything_like_an_id_has_a_verdict_and_always_the_same(
        id in "(gpt|claude|gemini|us\\.|ft:|arn:aws:|models/|-|\\.|4o|[0-9]{1,8}|@|/|:|é|０|turbo|\\*){0,12}",
        nth in 0..19_usize,
    ) {
        verdict_holds(&id, nth)?;
    }
}

fn verdict_holds(id: &str, nth: usize) -> Result<(), TestCaseError> {
    let provider = Provider::all().nth(nth).expect("nineteen providers").as_str();
    let verdict = at(provider, id);
    prop_assert_eq!(&verdict, &at(provider, id));
    prop_assert!(verdict.suggestions.len() <= 3);
    if let Some(repair) = &verdict.repair {
        let repaired = at(provider, repair);
        prop_assert!(repaired.severity != Severity::Error && repaired.repair.is_none());
    }
    Ok(())
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
