//! A manifest as a catalog, with everything that is wrong with it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    Denial, Entry, Family, Glob, Lifecycle, Merge, ModelCatalog, Provider, Regex, SOURCE_LABEL, Selector,
    Text,
    reader::{Node, Reader},
    write::{ACTIONS, CONFIDENCES, NATIVE, STATES},
};
use crate::engine::{Diagnostic, diagnostic::quote};

/// Most models of one manifest.
pub const MAX_MODELS: usize = 1_024;
/// Most items of the lists of rules: families 32, allow and deny 256 each.
const MAX_FAMILIES: usize = 32;
const MAX_RULES: usize = 256;
/// Most hosts, namespaces, labels.
const MAX_HOSTS: usize = 32;
const MAX_NAMESPACES: usize = 64;
const MAX_LABELS: usize = 16;
/// Longest texts, in characters: an id, a glob or expression or sentence, a host, a label or namespace, a word.
const MAX_ID: usize = 512;
const MAX_TEXT: usize = 256;
const MAX_HOST: usize = 253;
const MAX_NAME: usize = 63;
const MAX_WORD: usize = 32;
/// Most small lists of a model.
const MAX_ALIASES: usize = 16;
const MAX_WORDS: usize = 16;
const MAX_REGIONS: usize = 64;
/// Longest warning before a retirement.
const MAX_NOTICE: i32 = 9_999; // days

/// The fields of the spec.
const FIELDS: &[&str] = &[
    "provider",
    "preset",
    "selector",
    "asOf",
    "merge",
    "completeness",
    "unknownModels",
    "retiredModels",
    "warnBeforeRetirement",
    "families",
    "allow",
    "deny",
    "models",
];

/// The fields of a model.
const MODEL: &[&str] = &[
    "id",
    "aliases",
    "resolvesTo",
    "publisher",
    "modes",
    "contextWindow",
    "maxInput",
    "maxOutput",
    "capabilities",
    "lifecycle",
    "regions",
    "profiles",
    "onDemand",
    "confidence",
    "sources",
];

/// What models do.
pub const MODES: &[&str] = &[
    "chat",
    "completion",
    "responses",
    "embedding",
    "image",
    "audio",
    "transcription",
    "speech",
    "rerank",
    "moderation",
    "realtime",
    "video",
    "ocr",
    "other",
];

/// What models can.
pub const CAPABILITIES: &[&str] = &[
    "vision",
    "pdf",
    "audio-in",
    "audio-out",
    "video-in",
    "tools",
    "parallel-tools",
    "streaming",
    "json-schema",
    "reasoning",
    "prompt-cache",
    "web-search",
    "computer-use",
];

/// The parts of the world that Bedrock's profiles are for.
pub const PROFILES: &[&str] = &["us", "us-gov", "eu", "apac", "au", "jp", "in", "ca", "global"];

/// Who says what a lifecycle says.
pub const SOURCES: &[&str] = &["vendor", "aggregator", "admin", "live"];

/// Reads `manifest`.
pub(super) fn read(manifest: &Value) -> (Option<ModelCatalog>, Vec<Diagnostic>) {
    let mut reader = Reader::default();
    let catalog = object(&mut reader, manifest);
    let catalog = catalog.filter(|_| !reader.failed());
    (catalog, reader.faults)
}

fn object(reader: &mut Reader, manifest: &Value) -> Option<ModelCatalog> {
    let name = manifest.pointer("/metadata/name").and_then(Value::as_str);
    let Some(spec) = manifest.get("spec").filter(|spec| !spec.is_null()) else {
        reader.fault(
            "/spec".to_owned(),
            None,
            "the catalog has no spec",
            "write one with a provider and its models",
        );
        return None;
    };
    let spec = reader.node(spec, "/spec".to_owned())?;
    reader.only(&spec, FIELDS);
    let provider = provider(reader, &spec);
    let selector = selector(reader, &spec);
    let preset = spec.get("preset").and_then(|(value, _)| value.as_str());
    if provider == Some(Provider::Custom) && selector == Selector::default() && spec.get("selector").is_none()
    {
        let what = "a catalog of a custom provider says nothing without a selector";
        let help = "name the hosts, namespaces or labels of the backends that it is for";
        reader.fault(spec.pointer.clone(), None, what, help);
    }
    let source = manifest
        .pointer("/metadata/labels")
        .and_then(|labels| labels.get(SOURCE_LABEL));
    let catalog = ModelCatalog {
        preset: preset
            .filter(|_| provider == Some(Provider::Custom))
            .map(str::to_owned),
        selector,
        as_of: reader.date(&spec, "asOf"),
        live: source.and_then(Value::as_str) == Some("live"),
        merge: reader
            .word(
                &spec,
                "merge",
                &[("Overlay", Merge::Overlay), ("Replace", Merge::Replace)],
            )
            .unwrap_or_default(),
        complete: reader
            .word(&spec, "completeness", &[("Complete", true), ("Partial", false)])
            .unwrap_or_default(),
        unknown: reader.word(&spec, "unknownModels", ACTIONS),
        retired: reader.word(&spec, "retiredModels", ACTIONS),
        notice: notice(reader, &spec),
        families: families(reader, &spec),
        allow: allow(reader, &spec),
        deny: denials(reader, &spec),
        models: models(reader, &spec),
        ..ModelCatalog::new(name.unwrap_or_default(), provider.unwrap_or(Provider::Custom))
    };
    provider.map(|_| catalog)
}

fn provider(reader: &mut Reader, spec: &Node<'_>) -> Option<Provider> {
    let Some((value, pointer)) = spec.get("provider") else {
        let help = format!("write one of {}", names());
        reader.fault(spec.pointer.clone(), None, "the catalog names no provider", &help);
        return None;
    };
    let preset = reader.text(spec, "preset", MAX_WORD);
    let text = value.as_str();
    let named = NATIVE.iter().find(|native| Some(native.as_str()) == text);
    let Some(provider) = named else {
        let other = text.and_then(|text| text.parse::<Provider>().ok());
        let help = match other {
            Some(other) => format!("write provider: custom and preset: {other}"),
            None => format!("write one of {}", names()),
        };
        reader.fault(
            pointer,
            text,
            "is no provider that a ModelCatalog can name",
            &help,
        );
        return None;
    };
    match (*provider, preset) {
        (Provider::Custom, Some(preset)) => {
            let known = preset.parse().ok();
            Some(
                known
                    .filter(|known| !NATIVE.contains(known))
                    .unwrap_or(Provider::Custom),
            )
        }
        (native, Some(preset)) => {
            let pointer = format!("{}/preset", spec.pointer);
            let what = format!("is no preset of {native}: only custom has some");
            reader.fault(
                pointer,
                Some(&preset),
                &what,
                "leave it out, or write provider: custom",
            );
            None
        }
        (provider, None) => Some(provider),
    }
}

fn names() -> String {
    let names: Vec<_> = NATIVE.iter().map(|provider| provider.as_str()).collect();
    names.join(", ")
}

fn selector(reader: &mut Reader, spec: &Node<'_>) -> Selector {
    let Some(node) = reader.object(spec, "selector") else {
        return Selector::default();
    };
    reader.only(&node, &["hosts", "namespaces", "backendSelector"]);
    let mut hosts = Vec::new();
    for (value, pointer) in reader.list(&node, "hosts", MAX_HOSTS) {
        let Some(host) = reader.string(value, pointer.clone(), MAX_HOST) else {
            continue;
        };
        let part = host.strip_prefix("*.").unwrap_or(host);
        if part
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
        {
            hosts.push(host.trim_end_matches('.').to_ascii_lowercase());
        } else {
            let help = "write it without scheme, port and path; *. may stand at the front";
            reader.fault(pointer, Some(host), "is no host name", help);
        }
    }
    let mut labels = BTreeMap::new();
    if let Some(choice) = reader.object(&node, "backendSelector") {
        reader.only(&choice, &["matchLabels"]);
        labels = reader.map(&choice, "matchLabels", (MAX_LABELS, MAX_NAME));
    }
    let namespaces = reader.texts(&node, "namespaces", (MAX_NAMESPACES, MAX_NAME));
    let selector = Selector {
        hosts,
        namespaces: namespaces.into_iter().map(Text::into_owned).collect(),
        labels,
    };
    if selector == Selector::default() && !reader.failed() {
        let help = "name hosts, namespaces or labels, or leave the selector out for all places";
        reader.fault(node.pointer, None, "the selector chooses nothing", help);
    }
    selector
}

fn notice(reader: &mut Reader, spec: &Node<'_>) -> Option<i32> {
    let (value, pointer) = spec.get("warnBeforeRetirement")?;
    let text = value.as_str();
    let digits = text
        .and_then(|text| text.strip_suffix('d'))
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let days = digits
        .and_then(|digits| digits.parse().ok())
        .filter(|days| *days <= MAX_NOTICE);
    if days.is_none() {
        let what = text.map_or_else(|| format!("{value:.40} is no span"), |_| "is no span".to_owned());
        reader.fault(pointer, text, &format!("{what} of days"), "write it as 90d");
    }
    days
}

fn families(reader: &mut Reader, spec: &Node<'_>) -> Vec<Family> {
    let mut families = Vec::new();
    for (value, pointer) in reader.list(spec, "families", MAX_FAMILIES) {
        let Some(node) = reader.node(value, pointer) else {
            continue;
        };
        reader.only(&node, &["pattern", "mode", "action"]);
        let modes: Vec<_> = MODES.iter().map(|mode| (*mode, *mode)).collect();
        let mode = reader.word(&node, "mode", &modes).map(str::to_owned);
        let action = reader.word(&node, "action", ACTIONS).unwrap_or_default();
        let Some(text) = required(reader, &node, "pattern", MAX_TEXT) else {
            continue;
        };
        match Regex::new(&text) {
            Ok(pattern) => families.push(Family {
                pattern,
                mode,
                action,
            }),
            Err(reason) => {
                let pointer = format!("{}/pattern", node.pointer);
                let what = format!("is no regular expression: {reason}");
                let help = "write one without look-around and back-references; it must match whole ids";
                reader.fault(pointer, Some(&text), &what, help);
            }
        }
    }
    families
}

fn allow(reader: &mut Reader, spec: &Node<'_>) -> Option<Vec<Glob>> {
    spec.get("allow")?;
    let globs = reader.texts(spec, "allow", (MAX_RULES, MAX_TEXT));
    Some(globs.into_iter().map(Glob::new).collect())
}

fn denials(reader: &mut Reader, spec: &Node<'_>) -> Vec<Denial> {
    let mut denials = Vec::new();
    for (value, pointer) in reader.list(spec, "deny", MAX_RULES) {
        let Some(node) = reader.node(value, pointer) else {
            continue;
        };
        reader.only(&node, &["match", "reason", "use"]);
        let reason = reader.text(&node, "reason", MAX_TEXT).map(Text::into_owned);
        let instead = reader.text(&node, "use", MAX_ID).map(Text::into_owned);
        if let Some(glob) = required(reader, &node, "match", MAX_TEXT) {
            let glob = Glob::new(glob);
            denials.push(Denial {
                glob,
                reason,
                instead,
            });
        }
    }
    denials
}

/// The string in a field that must be there.
fn required(reader: &mut Reader, node: &Node<'_>, field: &str, max: usize) -> Option<Text> {
    if node.get(field).is_none() {
        let what = format!("the field {field} is missing");
        reader.fault(node.pointer.clone(), None, &what, &format!("write {field}"));
    }
    reader.text(node, field, max)
}

fn models(reader: &mut Reader, spec: &Node<'_>) -> Vec<Entry> {
    let mut first: BTreeMap<Text, String> = BTreeMap::new();
    let mut models = Vec::new();
    for (value, pointer) in reader.list(spec, "models", MAX_MODELS) {
        let Some(node) = reader.node(value, pointer) else {
            continue;
        };
        let Some(entry) = model(reader, &node) else {
            continue;
        };
        let names = std::iter::once((&entry.id, format!("{}/id", node.pointer)));
        let others = entry.aliases.iter().enumerate();
        let others = others.map(|(at, alias)| (alias, format!("{}/aliases/{at}", node.pointer)));
        for (id, pointer) in names.chain(others) {
            match first.get(id) {
                Some(other) => {
                    let what = format!(
                        "is listed already at {}",
                        crate::engine::pointer::field_path(other)
                    );
                    reader.fault(pointer, Some(id), &what, "keep one of them");
                }
                None => drop(first.insert(id.clone(), pointer)),
            }
        }
        models.push(entry);
    }
    models
}

fn model(reader: &mut Reader, node: &Node<'_>) -> Option<Entry> {
    reader.only(node, MODEL);
    let id = required(reader, node, "id", MAX_ID);
    let entry = Entry {
        id: id.clone().unwrap_or_default(),
        aliases: reader.texts(node, "aliases", (MAX_ALIASES, MAX_ID)),
        resolves_to: reader.text(node, "resolvesTo", MAX_ID),
        publisher: reader.text(node, "publisher", MAX_NAME),
        modes: reader.words(node, "modes", MAX_WORDS, MODES),
        context_window: reader.count(node, "contextWindow"),
        max_input: reader.count(node, "maxInput"),
        max_output: reader.count(node, "maxOutput"),
        capabilities: reader.words(node, "capabilities", MAX_WORDS, CAPABILITIES),
        lifecycle: lifecycle(reader, node),
        regions: reader.texts(node, "regions", (MAX_REGIONS, MAX_WORD)),
        profiles: reader.words(node, "profiles", MAX_WORDS, PROFILES),
        on_demand: reader.flag(node, "onDemand"),
        confidence: reader.word(node, "confidence", CONFIDENCES),
        sources: reader.map(node, "sources", (MAX_WORDS, MAX_TEXT)),
    };
    id.map(|_| entry)
}

fn lifecycle(reader: &mut Reader, node: &Node<'_>) -> Option<Lifecycle> {
    let node = reader.object(node, "lifecycle")?;
    reader.only(&node, &["state", "deprecated", "retires", "successor", "source"]);
    let sources: Vec<_> = SOURCES.iter().map(|source| (*source, *source)).collect();
    let life = Lifecycle {
        state: reader.word(&node, "state", STATES),
        deprecated: reader.date(&node, "deprecated"),
        retires: reader.date(&node, "retires"),
        successor: reader.text(&node, "successor", MAX_ID),
        source: reader.word(&node, "source", &sources).map(Text::Borrowed),
    };
    if let (Some(deprecated), Some(retires)) = (life.deprecated, life.retires)
        && deprecated > retires
    {
        let text = deprecated.to_string();
        let what = format!(
            "is after the day of its retirement, {}",
            quote(&retires.to_string())
        );
        let pointer = format!("{}/deprecated", node.pointer);
        reader.fault(
            pointer,
            Some(&text),
            &what,
            "a model is deprecated before it is retired",
        );
    }
    Some(life)
}
