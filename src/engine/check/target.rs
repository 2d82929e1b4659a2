//! Faults of one target, at every provider that it goes to.

use serde_json::Value;

use super::{At, MAX_CHARS, reach::Reach};
use crate::engine::{
    Code, Diagnostic, Severity,
    catalog::{Judgement, Voice},
    diagnostic::quote,
    resolve::{in_force, layers},
    resource::World,
    snapshot::View,
};

/// Days after which a catalog is called stale.
const STALE_AFTER: i64 = 45;

/// Appends the faults of `target`, that the entry at `at` leads to.
pub(super) fn check(
    view: View<'_>,
    reaches: &[Reach<'_>],
    voices: &[(&Voice<'_>, &Reach<'_>)],
    target: &Value,
    at: At<'_>,
    faults: &mut Vec<Diagnostic>,
) {
    let Some(text) = target.as_str() else {
        let message = format!("{target} is no string");
        faults.push(
            Diagnostic::new(Code::AliasTargetInvalid, at, None, message)
                .help("write the model id as a string, in quotes where YAML reads something else"),
        );
        return;
    };
    if let Some((code, what, help)) = of_text(text) {
        faults.push(Diagnostic::new(code, at, Some(text), format!("{} {what}", quote(text))).help(help));
        return;
    }
    faults.extend(unchecked(reaches, text, at));
    let today = view.snapshot.as_of();
    let verdicts: Vec<_> = voices
        .iter()
        .map(|(voice, reach)| (*reach, voice.judge(text, today)))
        .collect();
    faults.extend(merged(&verdicts, text, at));
    faults.extend(
        verdicts
            .iter()
            .find_map(|(reach, verdict)| wrong_mode(view, reach, verdict, text, at)),
    );
    faults.extend(reaches.iter().find_map(|reach| shadowed(reach, text, at)));
}

/// What is wrong with the text of a target whatever the provider: code, what it is, what to do.
pub(super) fn of_text(target: &str) -> Option<(Code, String, &'static str)> {
    if target
        .chars()
        .all(|c| c.is_whitespace() || crate::engine::diagnostic::is_invisible(c))
    {
        return Some((
            Code::AliasTargetEmpty,
            "is empty".to_owned(),
            "name the model, or remove the entry",
        ));
    }
    if target.contains('*') {
        let help = "write one model id: a target is sent as it is, nothing is put in the place of `*`";
        return Some((
            Code::AliasTargetWildcard,
            "has a `*`, which would be sent as it is".to_owned(),
            help,
        ));
    }
    let chars = target.chars().count();
    if chars > MAX_CHARS {
        let what = format!("has {chars} characters, at most {MAX_CHARS} are allowed");
        return Some((Code::AliasTargetInvalid, what, "write the id of a model"));
    }
    let inner = target.trim();
    if let Some(c) = inner.chars().find(|c| c.is_control()) {
        let what = format!("has the control character {}", c.escape_unicode());
        return Some((
            Code::AliasTargetInvalid,
            what,
            "write the id of a model, in one line",
        ));
    }
    None
}

/// The catalogs that speak, each with a place where they do; places where the same is said count once.
pub(super) fn voices<'a, 'b>(reaches: &'b [Reach<'a>]) -> Vec<(&'b Voice<'a>, &'b Reach<'a>)> {
    let mut found: Vec<(&Voice<'_>, &Reach<'_>)> = Vec::new();
    for reach in reaches {
        if let Some(voice) = &reach.voice
            && !found.iter().any(|(other, _)| other.agrees(voice))
        {
            found.push((voice, reach));
        }
    }
    found
}

/// One diagnostic for a fault that all places share; one for each place that disagrees otherwise.
fn merged(verdicts: &[(&Reach<'_>, Judgement)], text: &str, at: At<'_>) -> Vec<Diagnostic> {
    let wrong: Vec<_> = verdicts
        .iter()
        .filter(|(_, verdict)| verdict.code.is_some())
        .collect();
    let weighs = |verdict: &Judgement| verdict.severity >= Severity::Warning;
    let shared =
        wrong.len() == verdicts.len() && wrong.windows(2).all(|pair| pair[0].1.code == pair[1].1.code);
    let some_fine = verdicts.iter().any(|(_, verdict)| !weighs(verdict));
    let mut faults = Vec::new();
    for (reach, verdict) in wrong {
        let Some(code) = verdict.code else { continue };
        let elsewhere = some_fine && weighs(verdict) && !shared;
        let (code, message) = if elsewhere {
            let rest = verdict
                .message
                .strip_prefix(&quote(text))
                .unwrap_or(&verdict.message);
            let rest = rest.trim_start_matches(':').trim_start();
            let name = quote(&reach.target.name);
            (
                Code::AliasNotEverywhere,
                format!("{} goes to the provider {name} too: there it {rest}", quote(text)),
            )
        } else {
            (code, verdict.message.clone())
        };
        let mut fault = Diagnostic::new(code, at, Some(text), message).help(verdict.help.as_str());
        fault.severity = verdict.severity;
        fault.suggestions.clone_from(&verdict.suggestions);
        faults.push(fault);
        if shared {
            break;
        }
    }
    faults
}

/// A note where no catalog can speak, with the reason.
fn unchecked(reaches: &[Reach<'_>], text: &str, at: At<'_>) -> Option<Diagnostic> {
    let why = reaches.iter().find_map(|reach| match &reach.target.world {
        World::Unknown(why) if reach.voice.is_none() => Some(why),
        _ => None,
    })?;
    let message = format!("{} is not checked: {why}", quote(text));
    Some(
        Diagnostic::new(Code::AliasTargetUnchecked, at, Some(text), message)
            .help("nothing to do, if the name is right"),
    )
}

/// Route types and the kinds of models that they can use; chat routes are all others to which aliases apply.
const MODES: &[(&str, &str)] = &[("embedding", "Embeddings"), ("rerank", "Rerank")];

/// Kinds of models that no route to which aliases apply can use.
const NEVER: &[&str] = &[
    "image",
    "audio",
    "video",
    "moderation",
    "realtime",
    "ocr",
    "speech",
    "transcription",
];

fn wrong_mode(
    view: View<'_>,
    reach: &Reach<'_>,
    verdict: &Judgement,
    text: &str,
    at: At<'_>,
) -> Option<Diagnostic> {
    let mode = verdict.model.as_ref()?.mode.as_deref()?;
    let needed = MODES.iter().find(|row| row.0 == mode).map(|row| row.1);
    let never = NEVER.iter().any(|word| mode.split('_').any(|part| part == *word));
    if needed.is_none() && !never {
        return None;
    }
    let layers = layers(view, reach.backend, reach.target, reach.route.as_ref());
    let routes = in_force(&layers, "routes").and_then(|(_, routes)| routes.as_object());
    let leads =
        |wanted: &str| routes.is_some_and(|routes| routes.values().any(|to| to.as_str() == Some(wanted)));
    if needed.is_some_and(leads) {
        return None;
    }
    let message = format!(
        "{} is a model for {}, and no route here can use it",
        quote(text),
        mode.replace('_', " ")
    );
    let help = match needed {
        Some(route) => format!("add a path of the type {route} to policies.ai.routes, or write a chat model"),
        None => "write a chat model".to_owned(),
    };
    Some(Diagnostic::new(Code::AliasTargetMode, at, Some(text), message).help(help))
}

/// An alias that is a model of the provider and leads to another one.
fn shadowed(reach: &Reach<'_>, text: &str, at: At<'_>) -> Option<Diagnostic> {
    let key = at.key;
    let voice = reach.voice.as_ref()?;
    let model = voice.catalog()?.get(key)?;
    if key == text || model.resolves_to.as_deref() == Some(text) {
        return None;
    }
    let provider = voice.ground.provider;
    let message = format!(
        "{} is a model of {provider}, and clients that ask for it get {}",
        quote(key),
        quote(text)
    );
    Some(
        Diagnostic::new(Code::AliasShadowsModel, at, Some(key), message)
            .help("choose another alias, unless the change is meant"),
    )
}

/// Appends a note for every catalog that spoke and is old.
pub(super) fn stale(view: View<'_>, reaches: &[Reach<'_>], pointer: &str, faults: &mut Vec<Diagnostic>) {
    for reach in reaches {
        let Some(catalog) = reach.voice.as_ref().and_then(Voice::catalog) else {
            continue;
        };
        let days = (view.snapshot.as_of() - catalog.as_of).get_days();
        if i64::from(days) > STALE_AFTER {
            let message = format!(
                "the {} catalog is of {} and {days} days old",
                catalog.provider, catalog.as_of
            );
            faults.push(
                Diagnostic::new(Code::CatalogStale, pointer, None, message)
                    .help("newer models may be missing: update aliasgate, or add a ModelCatalog"),
            );
        }
    }
}
