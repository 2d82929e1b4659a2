//! The verdict on one target by itself, as it would be stored.

use super::target::of_text;
use crate::engine::{
    Date,
    catalog::{Judgement, Voice},
    diagnostic::quote,
    normalize,
};

/// What is stored where `written` is, and the verdict on that as of `today`.
///
/// ```
/// use aliasgate::engine::{Catalogs, Code, Provider, catalog::{Ground, Spot}, check::stored_target};
/// let today = "2026-01-01".parse().unwrap();
/// let catalogs = Catalogs::from_ids("openai\tgpt-4-turbo", today).unwrap();
/// let openai = Ground { provider: Provider::OpenAi, region: None };
/// let voice = catalogs.voice(&Spot::of(&openai)).unwrap();
/// let (stored, verdict) = stored_target(&voice, " openai/gpt-4-turbo", today);
/// assert_eq!((stored.as_str(), verdict.code), ("gpt-4-turbo", None));
/// assert_eq!(stored_target(&voice, " ", today).1.code, Some(Code::AliasTargetEmpty));
/// ```
#[must_use]
pub fn stored_target(voice: &Voice<'_>, written: &str, today: Date) -> (String, Judgement) {
    let normal = normalize::normal_text(written);
    let stored = if normal.is_empty() { written } else { &normal };
    if let Some((code, what, help)) = of_text(stored) {
        let message = format!("{} {what}", quote(stored));
        return (stored.to_owned(), Judgement::bad(code, message, help));
    }
    let verdict = voice.judge(stored, today);
    match &verdict.repair {
        Some(repair) => (repair.clone(), voice.judge(repair, today)),
        None => (normal.into_owned(), verdict),
    }
}
