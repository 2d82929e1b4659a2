//! The dates in ids of snapshots.

use super::Provider;
use crate::engine::suggest::date_len;

/// A date as a number, `YYYYMMDD`; the day is 0 where an id gives the month only.
pub(crate) type Day = u32;

/// How much older than the newest snapshot of a catalog another must be to be missed there: three months.
const MARGIN: u32 = 300; // in dates as numbers

/// The model and the date of the snapshot `id`; a date of `None` is written like one and is none. `None` where the id
/// has no date with a year.
pub(crate) fn of(provider: Provider, id: &str) -> Option<(&str, Option<Day>)> {
    let id = match provider {
        Provider::Bedrock => id
            .split(':')
            .next()
            .and_then(|id| id.rsplit_once("-v"))
            .map_or(id, |(id, _)| id),
        _ => id,
    };
    let cut = id.len() - date_len(id);
    let (stem, tail) = id
        .rsplit_once('@')
        .unwrap_or((&id[..cut], id[cut..].trim_start_matches('-')));
    let digits: String = tail.chars().filter(char::is_ascii_digit).collect();
    let number = digits.parse::<u32>().ok()?;
    let day = match (digits.len(), tail.as_bytes().get(2)) {
        (8, _) => number,
        (6, Some(b'-')) => number % 10_000 * 10_000 + number / 10_000 * 100, // month, year
        (4, Some(byte)) if *byte != b'-' && provider == Provider::Mistral => 20_000_000 + number * 100,
        _ => return None,
    };
    let year = (2_018..2_100).contains(&(day / 10_000));
    let real = matches!(day / 100 % 100, 1..=12) && day % 100 <= 31;
    year.then_some((stem, real.then_some(day)))
}

/// Whether a catalog whose newest snapshot is of `newest` would have one of `day`.
pub(crate) const fn is_well_before(day: Day, newest: Day) -> bool {
    day + MARGIN <= newest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_every_form() {
        for (provider, id, want) in [
            (
                Provider::OpenAi,
                "gpt-4o-2024-08-06",
                Some(("gpt-4o", Some(20_240_806))),
            ),
            (Provider::OpenAi, "gpt-4o-2024-13-06", Some(("gpt-4o", None))),
            (
                Provider::Anthropic,
                "claude-opus-4-20250514",
                Some(("claude-opus-4", Some(20_250_514))),
            ),
            (
                Provider::VertexAi,
                "claude-opus-4@20250514",
                Some(("claude-opus-4", Some(20_250_514))),
            ),
            (
                Provider::Bedrock,
                "anthropic.claude-opus-4-20250514-v1:0",
                Some(("anthropic.claude-opus-4", Some(20_250_514))),
            ),
            (
                Provider::Cohere,
                "command-a-03-2025",
                Some(("command-a", Some(20_250_300))),
            ),
            (
                Provider::Mistral,
                "mistral-large-2411",
                Some(("mistral-large", Some(20_241_100))),
            ),
            (Provider::Xai, "grok-4-0709", None),
            (Provider::OpenAi, "gpt-4", None),
        ] {
            assert_eq!(of(provider, id), want, "{id}");
        }
    }
}
