//! Prefixes that gateways and client libraries put before an id, and that no provider knows.

use super::{Provider, brand::World};

/// A prefix, found before an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Prefix<'a> {
    /// What stands before the id, its last separator included.
    pub(crate) text: &'a str,
    /// The provider that it names; `None` for a gateway, or for more than one.
    pub(crate) names: Option<Provider>,
    /// What is left.
    pub(crate) rest: &'a str,
}

/// Names of providers in other tools, letters and digits only.
#[rustfmt::skip]
const NAMES: &[(Provider, &str)] = &[
    (Provider::OpenAi, "openai oai openaichat openairesponses textcompletionopenai"),
    (Provider::Azure, "azure azureai azureopenai azurefoundry foundry"),
    (Provider::Anthropic, "anthropic claude"),
    (Provider::Gemini, "gemini google googleai googlegenai googleaistudio googlegla gcpgemini googlegenerativeai aistudio"),
    (Provider::VertexAi, "vertex vertexai vertexaibeta googlevertex googlevertexai googlevertexanthropic gcpvertexai vertexaianthropic"),
    (Provider::Bedrock, "bedrock awsbedrock amazonbedrock bedrockconverse aws amazon"),
    (Provider::Mistral, "mistral mistralai"),
    (Provider::DeepSeek, "deepseek deepseekai"),
    (Provider::Xai, "xai grok"),
    (Provider::Cohere, "cohere coherechat coherev2"),
    (Provider::Groq, "groq"),
    (Provider::OpenRouter, "openrouter"),
    (Provider::TogetherAi, "together togetherai togethercomputer"),
    (Provider::Fireworks, "fireworks fireworksai"),
    (Provider::Cerebras, "cerebras"),
    (Provider::DeepInfra, "deepinfra"),
    (Provider::Baseten, "baseten"),
    (Provider::HuggingFace, "huggingface hf"),
    (Provider::Ollama, "ollama ollamachat"),
];

/// Words of gateways and of kinds of requests, letters and digits only.
const OTHERS: &str = "\
    litellm litellmproxy gateway aigateway proxy router portkey helicone vercel cloudflare workersai \
    chat completions responses converse converselike invoke model models custom openailike \
    openaicompatible llm api v1 local provider default";

/// The prefix of `id` that `provider` does not know, where there is one.
pub(crate) fn of(provider: Provider, id: &str) -> Option<Prefix<'_>> {
    let (mut at, mut names) = (0, None);
    while let Some(len) = id[at..].find(['/', ':']) {
        let (word, separator) = (&id[at..at + len], id.as_bytes()[at + len]);
        let named = name(word);
        let known = named.is_some() || is_gateway(word);
        let ours = match (provider.world(), separator) {
            // A tag.
            (_, b':') if provider == Provider::Ollama => false,
            // Ids of makers have no slash, whatever stands before it.
            (World::Maker, b'/') => true,
            // An organisation's name may be that of another provider.
            (_, b'/') if has_organisations(provider) && at == 0 => {
                named == Some(provider) || is_gateway(word)
            }
            _ => known,
        };
        if !ours {
            break;
        }
        names = named.or(names);
        at += len + 1;
        if has_organisations(provider) && named == Some(provider) {
            break;
        }
    }
    (at > 0 && at < id.len()).then(|| Prefix {
        text: &id[..at],
        names,
        rest: &id[at..],
    })
}

/// Whether ids of `provider` begin with the name of an organisation or an account.
pub(crate) const fn has_organisations(provider: Provider) -> bool {
    matches!(provider.world(), World::Host | World::Cloud)
        && !matches!(provider, Provider::Bedrock | Provider::Cerebras)
}

/// The provider that `word` names.
pub(crate) fn name(word: &str) -> Option<Provider> {
    let plain = plain(word)?;
    NAMES
        .iter()
        .find(|(_, names)| has(names, &plain))
        .map(|(provider, _)| *provider)
}

fn is_gateway(word: &str) -> bool {
    plain(word).is_some_and(|plain| has(OTHERS, &plain))
}

fn has(words: &str, word: &str) -> bool {
    words.split(' ').any(|other| other == word)
}

/// Letters and digits of a word that may be a name; `None` where it is surely none.
fn plain(word: &str) -> Option<String> {
    const LONGEST: usize = 32; // bytes
    let fits = !word.is_empty() && word.len() <= LONGEST && word.is_ascii();
    fits.then(|| {
        word.chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .collect()
    })
}
