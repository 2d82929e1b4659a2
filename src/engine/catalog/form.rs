//! The forms that an id can have at each provider, apart from plain ids.

use super::{Provider, brand::World};
use crate::engine::{
    diagnostic::is_invisible,
    suggest::{GEOS, distance, plain},
};

/// What the form of an id says, before any catalog is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form<'a> {
    /// An id as catalogs list it.
    Plain,
    /// Another way to write the id that is held, which the provider or the gateway accepts.
    Same {
        /// The id in the catalog's form.
        id: String,
        /// Whether what was written adds nothing but a prefix that names the provider.
        redundant: bool,
    },
    /// A model that was tuned from another.
    Tuned {
        /// The model it was tuned from.
        base: &'a str,
    },
    /// A name that only the provider can look up.
    Opaque(&'static str),
    /// A form that the provider does not have.
    Broken {
        /// The form that it has, as a clause.
        rule: &'static str,
        /// The part that names the model.
        about: &'a str,
    },
}

const ARN: &str = "the ARN of a model is written arn:aws:bedrock:region:account:kind/id";

/// What is wrong with the characters of `id`: no provider has an id like that. The phrase follows "has".
pub(crate) fn defect(id: &str) -> Option<&'static str> {
    if id.trim() != id {
        return Some("blanks around it");
    }
    for c in id.chars() {
        let what = match c {
            'a'..='z'
            | 'A'..='Z'
            | '0'..='9'
            | '-'
            | '.'
            | '_'
            | ':'
            | '/'
            | '@'
            | '~'
            | '+'
            | '%'
            | '#'
            | '=' => continue,
            c if is_invisible(c) => "an invisible character",
            c if c.is_whitespace() => "a blank inside",
            c if c.is_control() => "a control character",
            '"' | '\'' | '`' | '\u{2018}'..='\u{201f}' | '\u{ab}' | '\u{bb}' => "quotes",
            c if plain(c) == '-' => "a dash that is not the ASCII one",
            c if plain(c) != c => "a character that only looks like an ASCII one",
            c if !c.is_ascii() => "a character outside ASCII",
            _ => "a character that no id has",
        };
        return Some(what);
    }
    None
}

/// Why no model of `provider` can have `id`, as a clause; `None` where one may have it.
///
/// ```
/// use aliasgate::engine::{Provider, catalog::impossible};
/// assert!(impossible(Provider::Bedrock, "nova-pro").is_some());
/// assert_eq!(impossible(Provider::Bedrock, "amazon.nova-pro-v1:0"), None);
/// ```
#[must_use]
pub fn impossible(provider: Provider, id: &str) -> Option<&'static str> {
    if id.is_empty() {
        return Some("nothing in it");
    }
    defect(id).or_else(|| broken(provider, id))
}

/// The form of `id` at `provider`.
pub(crate) fn read(provider: Provider, id: &str) -> Form<'_> {
    match provider {
        Provider::OpenAi | Provider::Azure if id.starts_with("ft:") => openai_tune(id),
        Provider::Mistral if id.starts_with("ft:") => mistral_tune(id),
        Provider::Cohere if id.ends_with("-ft") && id.len() > 30 => Form::Opaque("a fine-tuned model"),
        Provider::Gemini => gemini(id),
        Provider::VertexAi => vertex(id),
        Provider::Bedrock => bedrock(id),
        Provider::Fireworks => fireworks(id),
        Provider::Ollama => ollama(id),
        _ => Form::Plain,
    }
}

/// `ft:base:org:suffix:id`, and a step at the end; the suffix may be empty.
fn openai_tune(id: &str) -> Form<'_> {
    let parts: Vec<&str> = id.split(':').collect();
    match parts[..] {
        [_, base, org, _, job] | [_, base, org, _, job, _]
            if !base.is_empty() && !org.is_empty() && !job.is_empty() =>
        {
            Form::Tuned { base }
        }
        _ => Form::Broken {
            rule: "a fine-tuned model is written ft:base:organization:suffix:id",
            about: parts.get(1).copied().unwrap_or_default(),
        },
    }
}

/// `ft:base:8hex:YYYYMMDD[:suffix]:8hex`.
fn mistral_tune(id: &str) -> Form<'_> {
    let parts: Vec<&str> = id.split(':').collect();
    match parts[..] {
        [_, base, user, day, .., job]
            if parts.len() <= 6 && [base, user, day, job].iter().all(|part| !part.is_empty()) =>
        {
            Form::Tuned { base }
        }
        _ => Form::Broken {
            rule: "a fine-tuned model is written ft:base:user:date:suffix:id",
            about: parts.get(1).copied().unwrap_or_default(),
        },
    }
}

fn gemini(id: &str) -> Form<'_> {
    if id.starts_with("tunedModels/") {
        return Form::Opaque("a tuned model");
    }
    match id.strip_prefix("models/") {
        Some(rest) if !rest.contains('/') => Form::Same {
            id: rest.to_owned(),
            redundant: true,
        },
        _ => Form::Plain,
    }
}

/// What the gateway and the provider take off by themselves, and Claude's date after a dash instead of an `@`.
fn vertex(id: &str) -> Form<'_> {
    if id.starts_with("projects/") || id.starts_with("endpoints/") || id.starts_with("tunedModels/") {
        return Form::Opaque("an endpoint or a model of a project");
    }
    let mut name = id;
    for prefix in [
        "publishers/google/models/",
        "publishers/anthropic/models/",
        "models/",
        "google/",
        "anthropic/",
    ] {
        name = name.strip_prefix(prefix).unwrap_or(name);
    }
    let mut name = match name
        .strip_prefix("publishers/")
        .and_then(|rest| rest.split_once("/models/"))
    {
        Some((publisher, model)) => format!("{publisher}/{model}"),
        None => name.to_owned(),
    };
    let dashed = name.len() > 9 && name.is_char_boundary(name.len() - 9);
    if name.starts_with("claude-") && dashed {
        let date = &name[name.len() - 9..];
        if date.starts_with("-20") && date[1..].bytes().all(|byte| byte.is_ascii_digit()) {
            name.replace_range(name.len() - 8 - 1..name.len() - 8, "@");
        }
    }
    if name == id {
        Form::Plain
    } else {
        Form::Same {
            id: name,
            redundant: false,
        }
    }
}

/// ARNs, and the dotted form of everything else.
fn bedrock(id: &str) -> Form<'_> {
    if id.starts_with("arn:") {
        return arn(id);
    }
    let short = id.len() == 12
        && id
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
    if short {
        return Form::Opaque("an inference profile of the account");
    }
    // The size of the context, for provisioned throughput: `…-v1:0:200k`.
    match id.rsplit_once(':') {
        Some((rest, context)) if rest.contains(':') && !context.is_empty() => Form::Same {
            id: rest.to_owned(),
            redundant: false,
        },
        _ => Form::Plain,
    }
}

/// The form of `provider`'s ids that a plain `id` does not have, as a clause; `None` where it may be one.
pub(crate) fn broken(provider: Provider, id: &str) -> Option<&'static str> {
    match provider {
        Provider::Bedrock => {
            let name = GEOS
                .iter()
                .find_map(|geo| id.strip_prefix(geo)?.strip_prefix('.'))
                .unwrap_or(id);
            let vendor = name.split_once('.').is_some_and(|(vendor, rest)| {
                !rest.is_empty()
                    && vendor
                        .bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            });
            (!vendor)
                .then_some("an id is written vendor.model, after the geography of a profile where it has one")
        }
        Provider::Anthropic if id.starts_with("claude-") => {
            let rest = &id["claude-".len()..];
            let modern = !rest.starts_with(['1', '2']) && !rest.starts_with("instant");
            let cloud = id.contains([':', '@']) || id.ends_with("-v1") || id.ends_with("-v2");
            if modern && id.contains('.') {
                return Some("versions are written with a dash since Claude 3");
            }
            cloud.then_some("versions such as v2 or v1:0 are of Bedrock and Vertex AI")
        }
        _ if provider.world() == World::Maker && id.contains([':', '@', '+', '~', '#', '%', '=']) => {
            Some("an id has letters, digits, dashes and dots only")
        }
        Provider::Fireworks => {
            let name = id.strip_prefix("accounts/fireworks/models/")?.as_bytes();
            let dotted =
                |part: &[u8]| part[1] == b'.' && part[0].is_ascii_digit() && part[2].is_ascii_digit();
            name.windows(3)
                .any(dotted)
                .then_some("the dot of a version is written p")
        }
        _ => None,
    }
}

fn arn(id: &str) -> Form<'_> {
    let mut parts = id.splitn(6, ':');
    let [
        Some(_),
        Some(partition),
        Some(service),
        Some(_),
        Some(_),
        Some(resource),
    ] = [(); 6].map(|()| parts.next())
    else {
        return Form::Broken { rule: ARN, about: id };
    };
    if !matches!(partition, "aws" | "aws-cn" | "aws-us-gov") || !matches!(service, "bedrock" | "sagemaker") {
        return Form::Broken {
            rule: ARN,
            about: resource,
        };
    }
    match resource.split_once('/') {
        Some(("foundation-model" | "inference-profile", inner)) if inner.contains('.') => Form::Same {
            id: inner.to_owned(),
            redundant: false,
        },
        Some(_) => Form::Opaque("a resource of the account"),
        None => Form::Broken {
            rule: ARN,
            about: resource,
        },
    }
}

fn fireworks(id: &str) -> Form<'_> {
    let parts: Vec<&str> = id.split(['/', '#']).collect();
    match parts[..] {
        ["accounts", account, ..] if distance(account, "fireworks") <= 2 => Form::Plain,
        [
            "accounts",
            _,
            "models" | "deployedModels" | "deployments" | "routers",
            ..,
        ] => Form::Opaque("a resource of an account"),
        _ => Form::Plain,
    }
}

/// No tag means `latest`.
fn ollama(id: &str) -> Form<'_> {
    match id.strip_suffix(":latest") {
        Some(name) if !name.is_empty() => Form::Same {
            id: name.to_owned(),
            redundant: false,
        },
        _ => Form::Plain,
    }
}
