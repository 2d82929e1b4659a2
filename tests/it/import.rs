//! Import of what others publish: every format, merging, tombstones, and the command as users run it.
#![expect(clippy::unwrap_used, reason = "a failed helper fails its test")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use aliasgate::{
    engine::{
        Date, Provider,
        catalog::{Confidence, ModelCatalog, State},
    },
    sources::{
        builtin,
        import::{Claim, Facts, Format, Kind, Merged, Origin, Source, changes, claims, export, merge, read},
    },
};
use proptest::{
    collection::{btree_set, vec},
    option,
    prelude::*,
    sample::select,
};
use tempfile::TempDir;

use crate::fixtures::TODAY;

/// Where the files of each format are.
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/data/import");

/// Format, file, the ids that it gives as `provider id`, how many rows are no ids.
#[rustfmt::skip]
const FORMATS: &[(&str, &str, &str, usize)] = &[
    ("litellm", "litellm.json", "azure gpt-4o-2024-08-06, bedrock anthropic.claude-v2:1, \
        fireworks accounts/fireworks/models/llama-v3p1-8b-instruct, openai gpt-4-turbo, openai gpt-5.2, \
        vertexai claude-sonnet-4-5@20250929", 8),
    ("models.dev", "models.dev.json", "bedrock eu.amazon.nova-pro-v1:0, openai gpt-4-turbo, openai gpt-5.2", 0),
    ("agentgateway", "agentgateway.json", "bedrock amazon.nova-pro-v1:0, openai gpt-5.2", 0),
    ("agentgateway", "agentgateway.yaml", "openai gpt-5.2, openai gpt-5.2-pro", 0),
    ("openai-list", "openai-list.json", "openai gpt-4-turbo, openai gpt-6-luna", 1),
    ("azure-list", "azure-list.json", "azure gpt-4o-2024-08-06", 0),
    ("anthropic-list", "anthropic-list.json", "anthropic claude-sonnet-4-5-20250929", 0),
    ("gemini-list", "gemini-list.json", "gemini gemini-2.5-pro", 1),
    ("vertex-list", "vertex-list.json", "vertexai claude-sonnet-4-5, vertexai claude-sonnet-4-5@20250929, \
        vertexai gemini-2.5-pro, vertexai meta/llama-4-scout-17b-16e-instruct-maas", 0),
    ("bedrock-models", "bedrock-models.json", "bedrock amazon.nova-pro-v1:0, bedrock anthropic.claude-v2:1", 0),
    ("bedrock-profiles", "bedrock-profiles.json", "bedrock eu.amazon.nova-pro-v1:0", 1),
    ("mistral-list", "mistral-list.json", "mistral mistral-large-2411, mistral mistral-large-2512, \
        mistral mistral-large-latest", 1),
    ("ollama-tags", "ollama-tags.json", "ollama llama3.2, ollama qwen3:8b", 0),
    ("openai-compatible", "openai-compatible.json", "groq meta-llama/Llama-3.1-8B-Instruct", 0),
    ("ids", "ids.tsv", "openai gpt-4-turbo, xai grok-4", 1),
];

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// What the file of `format` says.
fn said(format: &str) -> Vec<Claim> {
    let row = FORMATS.iter().find(|row| row.0 == format).unwrap();
    said_by(format, &fs::read_to_string(Path::new(DATA).join(row.1)).unwrap())
}

fn said_by(format: &str, text: &str) -> Vec<Claim> {
    read(
        format.parse().unwrap(),
        Some(Provider::Groq).filter(|_| format == "openai-compatible"),
        text,
        TODAY,
    )
    .unwrap()
    .claims
}

fn faults(format: &str, text: &str) -> Vec<String> {
    let error = read(format.parse().unwrap(), None, text, TODAY).expect_err("faults");
    error.faults.iter().map(ToString::to_string).collect()
}

fn facts<'a>(merged: &'a Merged, provider: Provider, id: &str) -> &'a Facts {
    &merged.models[&provider][id].facts
}

#[test]
fn every_format_gives_its_ids_and_leaves_out_what_is_none() {
    for (format, file, ids, dropped) in FORMATS {
        let text = fs::read_to_string(Path::new(DATA).join(file)).unwrap();
        let provider = (*format == "openai-compatible").then_some(Provider::Groq);
        let reading = read(format.parse().unwrap(), provider, &text, TODAY)
            .unwrap_or_else(|error| panic!("{file}: {error}"));
        let mut found: Vec<_> = reading
            .claims
            .iter()
            .map(|claim| format!("{} {}", claim.provider, claim.id))
            .collect();
        found.sort();
        found.dedup();
        assert_eq!(found.join(", "), *ids, "{file}");
        assert_eq!(reading.dropped.len(), *dropped, "{file}: {:?}", reading.dropped);
    }
}

#[test]
fn lists_tell_what_they_know_of_a_model() {
    let sonnet = &said("anthropic-list")[0].facts;
    assert_eq!(sonnet.state, Some(State::Deprecated));
    assert_eq!(
        (sonnet.deprecated, sonnet.retires),
        (Some(day("2026-06-01")), Some(day("2026-11-30")))
    );
    assert_eq!((sonnet.input, sonnet.output), (Some(200_000), Some(64_000)));
    let azure = &said("azure-list")[0].facts;
    assert_eq!(azure.retires, Some(day("2027-03-01")));
    assert_eq!(azure.modes, ["chat"]);
    let mistral = merge(said("mistral-list"), Vec::new());
    let latest = facts(&mistral, Provider::Mistral, "mistral-large-latest");
    assert_eq!(latest.resolves_to.as_deref(), Some("mistral-large-2512"));
    let old = facts(&mistral, Provider::Mistral, "mistral-large-2411");
    assert_eq!(old.successor.as_deref(), Some("mistral-large-2512"));
    assert_eq!(old.retires, Some(day("2026-12-31")));
    let nova = &said("bedrock-models")[0].facts;
    assert_eq!(nova.on_demand, Some(false));
    assert_eq!(nova.publisher.as_deref(), Some("Amazon"));
}

#[test]
fn of_rows_of_one_model_the_plain_one_counts() {
    let merged = merge(said("litellm"), Vec::new());
    assert_eq!(
        facts(&merged, Provider::Azure, "gpt-4o-2024-08-06").retires,
        Some(day("2027-03-01"))
    );
    assert_eq!(merged.conflicts, []);
}

#[test]
fn facts_are_merged_by_strength_and_keep_their_source() {
    let mut all = said("models.dev");
    all.extend(said("litellm"));
    let merged = merge(all, Vec::new());
    let known = &merged.models[&Provider::OpenAi]["gpt-4-turbo"];
    assert_eq!(known.facts.output, Some(4096), "litellm counts more");
    assert_eq!(known.facts.context, Some(128_000), "only models.dev says it");
    let source = |field: &str| known.origins[field].source;
    assert_eq!(
        (source("maxOutput"), source("contextWindow")),
        (Source::LiteLlm, Source::ModelsDev)
    );
    assert_eq!(
        (source("retires"), source("state")),
        (Source::LiteLlm, Source::ModelsDev)
    );
    assert_eq!(known.facts.confidence, Some(Confidence::Medium));
}

#[test]
fn what_a_provider_lists_today_is_there() {
    let mut all = said("litellm");
    all.extend(said("openai-list"));
    let merged = merge(all, Vec::new());
    assert_eq!(facts(&merged, Provider::OpenAi, "gpt-4-turbo").retires, None);
    let change = changes(&Merged::default(), &merged)
        .into_iter()
        .find(|change| matches!(change.kind, Kind::Conflict { .. }))
        .expect("the date is told");
    assert_eq!(
        change.to_string(),
        "! openai gpt-4-turbo: retires listed (live 2026-11-23), not 2026-10-23 (litellm 2026-11-23)"
    );
}

#[test]
fn what_vanishes_becomes_a_tombstone_and_comes_back() {
    let before = said_by("ids", "openai\tgpt-4o\nopenai\tgpt-4.1\nxai\tgrok-4\n");
    let now = said_by("ids", "openai\tgpt-4.1\n");
    let merged = merge(now.clone(), before.clone());
    assert_eq!(
        facts(&merged, Provider::OpenAi, "gpt-4o").state,
        Some(State::Historical)
    );
    assert!(merged.models[&Provider::OpenAi]["gpt-4o"].vanished);
    assert_eq!(
        facts(&merged, Provider::Xai, "grok-4").state,
        Some(State::Active),
        "nobody asked about xai"
    );

    let kept: Vec<_> = export(&merged, TODAY, false)
        .iter()
        .flat_map(|catalog| claims(catalog, TODAY))
        .collect();
    let again = merge(now, kept.clone());
    assert!(
        !again.models[&Provider::OpenAi]["gpt-4o"].vanished,
        "it is told once"
    );
    let back = merge(before, kept);
    assert_eq!(
        facts(&back, Provider::OpenAi, "gpt-4o").state,
        Some(State::Active)
    );
}

#[test]
fn lists_of_a_part_say_nothing_of_the_rest() {
    let before = said("bedrock-profiles");
    let merged = merge(said("bedrock-models"), before);
    assert_eq!(
        facts(&merged, Provider::Bedrock, "eu.amazon.nova-pro-v1:0").state,
        Some(State::Active)
    );
}

#[test]
fn all_faults_of_a_file_are_told_with_their_place() {
    let text = "{\n \"a\": {\"litellm_provider\": 1},\n \"b\": [],\n \"c\": {\"litellm_provider\": \"openai\", \
                \"mode\": \"chat\",\n  \"deprecation_date\": \"soon\", \"supports_vision\": \"yes\"}\n}\n";
    assert_eq!(
        faults("litellm", text),
        [
            "2:28: \"litellm_provider\" is a number, where a string is expected",
            "3:7: a list, where an object is expected",
            "5:23: \"deprecation_date\" is a string, where a date such as 2026-01-31 is expected",
            "5:50: \"supports_vision\" is a string, where true or false is expected",
        ]
    );
    assert_eq!(
        faults("openai-list", "{\"data\": [{}]}"),
        ["1:11: \"id\" is missing"]
    );
    assert_eq!(
        faults("openai-list", "[1]"),
        ["1:2: a number, where an object is expected"]
    );
    assert_eq!(faults("openai-list", ""), ["1:1: there is nothing in it"]);
    assert_eq!(faults("ids", "openai gpt-4\nacme\tx\n").len(), 2);
    assert_eq!(
        faults(
            "agentgateway",
            "{\"providers\": {\"openai\": {\"models\": {\"gpt-4o\": {\"rate\": 1}}}}}"
        ),
        ["1:57: unknown field \"rate\""]
    );
    assert_eq!(
        faults("openai-compatible", "{\"data\": []}"),
        ["1:1: the list does not say whose models it has; name the provider"]
    );
    assert_eq!(
        faults("modelcatalog", "kind: ConfigMap"),
        ["1:1: not a ModelCatalog"]
    );
}

#[test]
fn the_built_in_catalogs_come_through_unchanged() {
    for catalog in builtin::catalogs().iter() {
        let exported = ModelCatalog::export(catalog.provider.as_str(), catalog);
        let text = exported.to_yaml();
        let reading = read(Format::ModelCatalog, None, &text, TODAY).unwrap();
        let again = export(&merge(reading.claims, Vec::new()), catalog.as_of, false);
        assert_eq!(again.len(), 1);
        assert_eq!(&again[0].catalog(TODAY), catalog, "{}", catalog.provider);
    }
}

#[test]
fn what_only_the_built_in_catalogs_have_keeps_its_confidence() {
    let built_in = builtin::catalogs();
    let openai = ModelCatalog::export("openai", built_in.of(Provider::OpenAi).unwrap());
    let mut before = claims(&openai, TODAY);
    before
        .iter_mut()
        .for_each(|claim| claim.origin.source = Source::BuiltIn);
    let written = export(&merge(said("openai-list"), before), TODAY, false);
    let text: String = written.iter().map(ModelCatalog::to_yaml).collect();
    let reading = read(Format::ModelCatalog, None, &text, TODAY).unwrap();
    assert_eq!(export(&merge(reading.claims, Vec::new()), TODAY, false), written);
}

#[test]
fn what_is_curated_stands_in_the_built_in_files() {
    let all = builtin::catalogs();
    let text = include_str!("../../src/sources/builtin/curated.tsv");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let [provider, id, column, value, source] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("five columns: {line}");
        };
        assert!(!source.is_empty(), "{line}");
        let model = all.of(provider.parse().unwrap()).unwrap().get(id);
        let text = |fact: Option<String>| fact.unwrap_or_else(|| "-".to_owned());
        let stands = match (model, column) {
            (_, "id") => model.is_some() == (value == "add"),
            (Some(model), "mode") => text(model.mode.as_deref().map(str::to_owned)) == value,
            (Some(model), "retires") => text(model.retires.map(|date| date.to_string())) == value,
            (Some(model), "resolves_to") => text(model.resolves_to.as_deref().map(str::to_owned)) == value,
            (Some(model), "successor") => text(model.successor.as_deref().map(str::to_owned)) == value,
            (Some(model), "state") => format!("{:?}", model.state).eq_ignore_ascii_case(value),
            (Some(model), "confidence") => format!("{:?}", model.confidence).eq_ignore_ascii_case(value),
            _ => false,
        };
        assert!(stands, "{line}");
    }
}

prop_compose! {
    fn some_facts()(
        modes in vec(select(vec!["chat", "responses", "embedding"]), 0..2),
        state in option::of(select(vec![State::Active, State::Preview, State::Deprecated, State::Historical, State::Retired])),
        deprecated in option::of(1_i16..28),
        retires in option::of(1_i16..28),
        resolves_to in option::of("[a-z]{1,8}"),
        successor in option::of("[a-z]{1,8}"),
        context in option::of(1_u64..1_000_000),
        on_demand in option::of(any::<bool>()),
        capabilities in btree_set(select(vec!["tools", "vision", "pdf"]), 0..3),
        regions in btree_set("[a-z]{2}-[a-z]{4}-[1-9]", 0..3),
    ) -> Facts {
        let date = |year, day: Option<i16>| day.map(|day| Date::constant(year, 5, i8::try_from(day).unwrap()));
        Facts {
            modes: modes.into_iter().map(str::to_owned).collect(),
            state, resolves_to, successor, context, on_demand,
            deprecated: date(2026, deprecated),
            retires: date(2027, retires),
            capabilities: capabilities.into_iter().map(str::to_owned).collect(),
            regions,
            ..Facts::default()
        }
    }
}

prop_compose! {
    fn some_claim()(
        provider in select(vec![Provider::OpenAi, Provider::Bedrock, Provider::Groq]),
        id in "[a-e]\\.[a-c]",
        source in select(vec![Source::Ids, Source::Gateway, Source::ModelsDev, Source::LiteLlm, Source::Live, Source::Vendor]),
        day in 1_i8..28,
        facts in some_facts(),
    ) -> Claim {
        Claim { provider, key: id.clone(), id, origin: Origin { source, as_of: Date::constant(2026, 3, day) }, facts }
    }
}

proptest! {
    #[test]
    fn import_of_an_export_is_the_same(all in vec(some_claim(), 0..40)) {
        let merged = merge(all, Vec::new());
        let exported = export(&merged, TODAY, false);
        let text: String = exported.iter().map(ModelCatalog::to_yaml).collect();
        if !exported.is_empty() {
            let reading = read(Format::ModelCatalog, None, &text, TODAY).unwrap();
            let again = merge(reading.claims, Vec::new());
            prop_assert_eq!(&export(&again, TODAY, false), &exported);
            for (provider, models) in &merged.models {
                for (id, known) in models {
                    let other = &again.models[provider][id];
                    prop_assert_eq!(&known.origins, &other.origins);
                    prop_assert_eq!(&known.facts, &other.facts);
                }
            }
        }
    }

    #[test]
    fn the_order_of_claims_does_not_matter(all in vec(some_claim(), 0..20), by in 0_usize..20) {
        let mut turned = all.clone();
        let at = by.min(all.len());
        turned.rotate_left(at);
        let text = |all| -> String { export(&merge(all, Vec::new()), TODAY, false).iter().map(ModelCatalog::to_yaml).collect() };
        // Equal origins with other facts are a tie of one source with itself, which no file has.
        let mut origins: Vec<_> = all.iter().map(|claim| (claim.provider, &claim.id, claim.origin)).collect();
        origins.sort();
        prop_assume!(origins.windows(2).all(|pair| pair[0] != pair[1]));
        prop_assert_eq!(text(all.clone()), text(turned));
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}", json in "[\\[\\]{}:,\"a-z0-9 ]{0,80}") {
        for format in Format::all() {
            drop(read(format, Some(Provider::OpenAi), &text, TODAY));
            drop(read(format, None, &json, TODAY));
        }
    }
}

/// Runs `aliasgate catalog import` with these arguments in `dir`.
fn run(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aliasgate"));
    command
        .args(["catalog", "import"])
        .args(args)
        .args(["--as-of", "2026-11-23"]);
    command.current_dir(dir).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn the_command_merges_files_and_tells_the_difference() {
    let dir = TempDir::new().unwrap();
    let at = |name: &str| format!("{DATA}/{name}");
    let (map, list) = (at("litellm.json"), at("openai-list.json"));
    let args = [
        "--from",
        "litellm",
        &map,
        "--from",
        "openai-list",
        &list,
        "-o",
        "all.yaml",
    ];
    let first = run(dir.path(), &args);
    assert_eq!(first.status.code(), Some(0), "{}", text(&first.stderr));
    let told = text(&first.stdout);
    assert!(told.starts_with("+ openai gpt-4-turbo\n"), "{told}");
    assert!(
        told.contains("7 added, 0 vanished, 0 facts changed, 1 conflicts"),
        "{told}"
    );
    let written = fs::read_to_string(dir.path().join("all.yaml")).unwrap();
    assert_eq!(run(dir.path(), &args).status.code(), Some(0));
    assert_eq!(
        fs::read_to_string(dir.path().join("all.yaml")).unwrap(),
        written,
        "equal input, equal output"
    );

    // gpt-5.2 is gone from the sources, and no date calls it retired.
    let again = run(dir.path(), &["--from", "openai-list", &list, "-o", "all.yaml"]);
    assert_eq!(again.status.code(), Some(3));
    let told = text(&again.stdout);
    assert!(
        told.contains("- openai gpt-5.2: listed no more, and no date says that it is retired"),
        "{told}"
    );
    let kept = fs::read_to_string(dir.path().join("all.yaml")).unwrap();
    let row = kept
        .lines()
        .find(|line| line.contains("\"gpt-5.2\""))
        .expect("a tombstone");
    assert!(row.contains("\"state\":\"historical\""), "{row}");
    assert!(kept.contains("provider: \"bedrock\""), "other providers stay");
    assert_eq!(
        run(dir.path(), &["--from", "openai-list", &list, "-o", "all.yaml"])
            .status
            .code(),
        Some(0)
    );
}

#[test]
fn the_command_writes_folders_json_and_catalogs_of_hosts() {
    let dir = TempDir::new().unwrap();
    let (list, map) = (
        format!("{DATA}/openai-compatible.json"),
        format!("{DATA}/litellm.json"),
    );
    let custom = ["--from", "openai-compatible", &list, "--provider", "custom"];
    let bare = run(dir.path(), &custom);
    assert_eq!(
        text(&bare.stderr),
        "error: cannot import: the models of a custom provider need --host\n"
    );
    let ours = run(
        dir.path(),
        &[&custom[..], &["--host", "vllm.models.svc", "-o", "vllm.json"]].concat(),
    );
    assert_eq!(ours.status.code(), Some(0), "{}", text(&ours.stderr));
    let value: serde_json::Value =
        serde_json::from_slice(&fs::read(dir.path().join("vllm.json")).unwrap()).unwrap();
    assert_eq!(value["spec"]["selector"]["hosts"][0], "vllm.models.svc");
    assert_eq!(value["spec"]["models"][0]["contextWindow"], 131_072);

    let folder = run(dir.path(), &["--from", "litellm", &map, "-o", "folder/"]);
    assert_eq!(folder.status.code(), Some(0), "{}", text(&folder.stderr));
    let mut names: Vec<_> = fs::read_dir(dir.path().join("folder"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "azure.yaml",
            "bedrock.yaml",
            "fireworks.yaml",
            "openai.yaml",
            "vertexai.yaml"
        ]
    );
}

#[test]
fn the_command_writes_nothing_when_a_file_is_wrong() {
    let dir = TempDir::new().unwrap();
    fs::write(
        dir.path().join("bad.json"),
        "{\"data\": [{\"id\": 1},\n{\"name\": \"x\"}]}",
    )
    .unwrap();
    let out = run(
        dir.path(),
        &["--from", "openai-list", "bad.json", "-o", "out.yaml"],
    );
    assert_eq!(out.status.code(), Some(2));
    assert_eq!(
        text(&out.stderr),
        "error: bad.json:1:18: \"id\" is a number, where a string is expected\n\
         error: bad.json:2:1: \"id\" is missing\n"
    );
    assert!(!dir.path().join("out.yaml").exists());
    let unknown = run(dir.path(), &["--from", "litelm", "bad.json"]);
    assert!(
        text(&unknown.stderr).starts_with("error: cannot import: unknown format \"litelm\"; the formats are")
    );
}
