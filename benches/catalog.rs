//! What a look-up of a listed id and a verdict on a wrong one cost.

use std::hint::black_box;

use aliasgate::{
    engine::{
        Date, Provider,
        catalog::{Ground, judge},
    },
    sources::builtin,
};
use criterion::{Criterion, criterion_group, criterion_main};

/// A wrong id of each of the largest catalogs and of the most used ones.
const WRONG: &[(Provider, &str)] = &[
    (Provider::OpenAi, "gpt-4-turbbo"),
    (Provider::OpenAi, "gpt-9-new"),
    (Provider::Anthropic, "claude-4-sonnet"),
    (Provider::Bedrock, "anthropic.claude-3-5-sonet-20240620-v1:0"),
    (Provider::VertexAi, "claude-haiku-4.5@20251001"),
    (Provider::OpenRouter, "anthropic/claude-3.5-sonet"),
    (
        Provider::Fireworks,
        "accounts/fireworks/models/llama-v3.1-8b-instruct",
    ),
];

fn catalog(criterion: &mut Criterion) {
    let catalogs = builtin::catalogs();
    let today: Date = "2026-11-23".parse().expect("a date");
    let ids = [
        "gpt-5.5",
        "gpt-4-turbo-2024-04-09",
        "whisper-1",
        "babbage-002",
        "tts-1",
    ];
    let openai = catalogs.of(Provider::OpenAi).expect("built in");
    let mut at = 0;
    criterion.bench_function("look up a listed id", |bencher| {
        bencher.iter(|| {
            at = (at + 1) % ids.len();
            openai.get(black_box(ids[at])).is_some()
        });
    });
    let ground = |provider| Ground {
        provider,
        region: None,
    };
    let place = ground(Provider::OpenAi);
    criterion.bench_function("judge a good id", |bencher| {
        bencher.iter(|| judge(&catalogs, &place, black_box("gpt-5.5"), today).code);
    });
    for (provider, id) in WRONG {
        let place = ground(*provider);
        criterion.bench_function(&format!("judge {provider} {id}"), |bencher| {
            bencher.iter(|| judge(&catalogs, &place, black_box(id), today).suggestions.len());
        });
    }
}

criterion_group!(benches, catalog);
criterion_main!(benches);
