//! The catalogs that are embedded in the program: one reviewable file a provider.
//!
//! `rebuild.py --check` shows that they are what the packages in `rebuild.txt` say, with `curated.tsv` laid over it: what
//! no package has, or what was decided otherwise.

use std::sync::LazyLock;

use crate::engine::{Catalog, Catalogs};

/// The embedded files, about 165 KB in all.
const FILES: &[&str] = &[
    include_str!("anthropic.tsv"),
    include_str!("azure.tsv"),
    include_str!("baseten.tsv"),
    include_str!("bedrock.tsv"),
    include_str!("cerebras.tsv"),
    include_str!("cohere.tsv"),
    include_str!("deepinfra.tsv"),
    include_str!("deepseek.tsv"),
    include_str!("fireworks.tsv"),
    include_str!("gemini.tsv"),
    include_str!("groq.tsv"),
    include_str!("huggingface.tsv"),
    include_str!("mistral.tsv"),
    include_str!("ollama.tsv"),
    include_str!("openai.tsv"),
    include_str!("openrouter.tsv"),
    include_str!("togetherai.tsv"),
    include_str!("vertexai.tsv"),
    include_str!("xai.tsv"),
];

/// The built-in catalogs. They are read on the first call, in a few milliseconds; later calls are cheap.
#[must_use]
pub fn catalogs() -> Catalogs {
    static READ: LazyLock<Catalogs> = LazyLock::new(|| {
        Catalogs::new(FILES.iter().map(|text| {
            Catalog::from_rows(text).expect("embedded catalogs are well-formed, as a test shows")
        }))
    });
    READ.clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Provider;

    #[test]
    fn every_provider_has_one_sorted_file() {
        let all = catalogs();
        let known = || Provider::all().filter(|provider| *provider != Provider::Custom);
        assert_eq!(FILES.len(), known().count());
        for provider in known() {
            let catalog = all.of(provider).expect("a file");
            assert_eq!(catalog.as_of.to_string(), "2026-11-23", "{provider}");
            let ids: Vec<_> = catalog.models().map(|model| model.id.as_ref()).collect();
            assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{provider}");
        }
    }
}
