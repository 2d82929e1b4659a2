//! Spans of time as flags write them.

use std::time::Duration;

/// The units and their seconds; a year has 365 days.
const UNITS: [(char, u64); 5] = [
    ('s', 1),
    ('m', 60),
    ('h', 3600),
    ('d', 24 * 3600),
    ('y', 365 * 24 * 3600),
];

/// A number and its unit: `30s`, `10m`, `12h`, `90d`, `3y`.
///
/// # Errors
/// It is written otherwise.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("write it as 30s, 10m, 12h, 90d or 3y; {text:?} is none of these");
    let unit = UNITS
        .iter()
        .find(|unit| text.ends_with(unit.0))
        .ok_or_else(wrong)?;
    let number: u64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    Ok(Duration::from_secs(number.saturating_mul(unit.1)))
}

#[cfg(test)]
mod tests {
    use super::{Duration, parse};

    #[test]
    fn a_span_is_a_number_and_its_unit() {
        assert_eq!(parse("90d"), Ok(Duration::from_hours(90 * 24)));
        assert_eq!(parse("3y"), parse("1095d"));
        assert_eq!(parse("30s"), Ok(Duration::from_secs(30)));
        for bad in ["", "d", "90", "1.5h", "-1s", "90 d", "9µ"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
