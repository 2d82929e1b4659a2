//! Dates and durations as Go reads and writes them.

use jiff::{SignedDuration, Timestamp, civil};

/// A day, `2006-01-02`.
pub(super) fn parse_date(text: &str) -> Option<civil::Date> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let year = digits(text.get(..4)?)?;
    civil::Date::new(
        year,
        digits(text.get(5..7)?)?.try_into().ok()?,
        digits(text.get(8..)?)?.try_into().ok()?,
    )
    .ok()
}

fn digits(text: &str) -> Option<i16> {
    text.bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

/// Whether `text` is of the format `date-time`: RFC 3339 with letters in any case.
pub(super) fn is_date_time(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut parts = lower.split('t');
    let (Some(date), Some(time)) = (parts.next(), parts.next()) else {
        return false;
    };
    parse_date(date).is_some() && clock(time, true).is_some()
}

/// Hours, minutes, seconds, nanoseconds and the offset in seconds; `None` for that where there is no zone.
fn clock(text: &str, loose: bool) -> Option<([i16; 3], u32, Option<i32>)> {
    let bytes = text.as_bytes();
    if bytes.len() < 8 || bytes[2] != b':' || bytes[5] != b':' {
        return None;
    }
    let parts = [
        digits(text.get(..2)?)?,
        digits(text.get(3..5)?)?,
        digits(text.get(6..8)?)?,
    ];
    if parts[0] > 23 || parts[1] > 59 || parts[2] > 59 {
        return None;
    }
    let mut rest = text.get(8..)?;
    let mut nanos = 0;
    let point = rest.chars().next().filter(|c| {
        if loose {
            !matches!(c, 'z' | '+' | '-') || rest.len() > 6
        } else {
            matches!(c, '.' | ',')
        }
    });
    if let Some(point) = point {
        let tail = &rest[point.len_utf8()..];
        let length = tail.bytes().take_while(u8::is_ascii_digit).count();
        if length > 0 && (point == '.' || point == ',' || loose) {
            let fraction: String = tail.chars().take(length.min(9)).collect();
            nanos = format!("{fraction:0<9}").parse().ok()?;
            rest = &tail[length..];
        }
    }
    let zone = match rest {
        "" if !loose => None,
        "z" | "Z" if loose == (rest == "z") => Some(0),
        _ => {
            let sign = match rest.as_bytes().first()? {
                b'+' => 1,
                b'-' => -1,
                _ => return None,
            };
            if rest.len() != 6 || rest.as_bytes()[3] != b':' {
                return None;
            }
            let (hours, minutes) = (digits(rest.get(1..3)?)?, digits(rest.get(4..)?)?);
            if !loose && (hours > 24 || minutes > 59) {
                return None;
            }
            Some(sign * (i32::from(hours) * 3600 + i32::from(minutes) * 60))
        }
    };
    Some((parts, nanos, zone))
}

/// An instant, and the offset in seconds that it was written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) at: Timestamp,
    pub(super) offset: i32,
}

/// RFC 3339 to the letter; `local` takes it without a zone too, as UTC.
pub(super) fn parse_instant(text: &str, local: bool) -> Option<Moment> {
    let (date, time) = text.split_once('T')?;
    let (parts, nanos, zone) = clock(time, false)?;
    let offset = zone.or(local.then_some(0))?;
    let [hour, minute, second] = parts.map(|part| i8::try_from(part).unwrap_or_default());
    let wall = parse_date(date)?.at(hour, minute, second, i32::try_from(nanos).ok()?);
    let utc = wall.checked_sub(SignedDuration::from_secs(offset.into())).ok()?;
    let at = jiff::tz::TimeZone::UTC.to_timestamp(utc).ok()?;
    Some(Moment { at, offset })
}

/// The day as an instant.
pub(super) fn day(date: civil::Date) -> Option<Moment> {
    let at = jiff::tz::TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
    Some(Moment { at, offset: 0 })
}

/// RFC 3339 with as many digits of the second as it takes, in the zone that it was written with.
pub(super) fn write_instant(instant: Moment) -> String {
    let wall = jiff::tz::Offset::from_seconds(instant.offset).map_or_else(
        |_| jiff::tz::Offset::UTC.to_datetime(instant.at),
        |offset| offset.to_datetime(instant.at),
    );
    let mut out = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        wall.year(),
        wall.month(),
        wall.day(),
        wall.hour(),
        wall.minute(),
        wall.second()
    );
    if wall.subsec_nanosecond() != 0 {
        let fraction = format!(".{:09}", wall.subsec_nanosecond());
        out.push_str(fraction.trim_end_matches('0'));
    }
    if instant.offset == 0 {
        out.push('Z');
    } else {
        let minutes = instant.offset.abs() / 60;
        let sign = if instant.offset < 0 { '-' } else { '+' };
        out.push_str(&format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60));
    }
    out
}

/// Units of durations, longest name first, in nanoseconds.
const UNITS: &[(&str, i128)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Nanoseconds of a duration like `1h30m`, `-1.5s` or `0`.
pub(super) fn parse_duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let number = rest
            .bytes()
            .take_while(|b| b.is_ascii_digit() || *b == b'.')
            .count();
        let (whole, fraction) = rest[..number].split_once('.').unwrap_or((&rest[..number], ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return None;
        }
        rest = &rest[number..];
        let length = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        let (_, unit) = UNITS.iter().find(|(name, _)| *name == &rest[..length])?;
        rest = &rest[length..];
        let whole: i128 = if whole.is_empty() {
            0
        } else {
            whole.parse::<i64>().ok()?.into()
        };
        // Digits beyond what 64 bits hold do not count, as in Go.
        let fraction: String = fraction.chars().take(18).collect();
        let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
        let fraction: i128 = if fraction.is_empty() {
            0
        } else {
            fraction.parse().ok()?
        };
        total = total
            .checked_add(whole.checked_mul(*unit)?)?
            .checked_add(fraction * unit / scale)?;
        if total > i128::from(i64::MAX) + i128::from(negative) {
            return None;
        }
    }
    i64::try_from(if negative { -total } else { total }).ok()
}

/// Names of units in durations of the looser form that the format `duration` takes too.
const LOOSE: &[(&[&str], i64)] = &[
    (&["ns", "nano"], 1),
    (&["us", "µs", "micro"], 1_000),
    (&["ms", "milli"], 1_000_000),
    (&["s", "sec"], 1_000_000_000),
    (&["m", "min"], 60_000_000_000),
    (&["h", "hr", "hour"], 3_600_000_000_000),
    (&["d", "day"], 86_400_000_000_000),
    (&["w", "wk", "week"], 604_800_000_000_000),
];

/// Nanoseconds of a duration of the format `duration`: Go's form, or `3 days` anywhere in the text.
pub(super) fn parse_loose_duration(text: &str) -> Option<i64> {
    if let Some(found) = parse_duration(text) {
        return Some(found);
    }
    let mut total: i64 = 0;
    let mut any = false;
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        rest = &rest[start..];
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(length);
        let after = after.trim_start_matches(['\t', '\n', '\x0c', '\r', ' ']);
        let unit_length = after
            .find(|c: char| !c.is_ascii_alphabetic() && c != 'µ')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_length);
        rest = after;
        if unit.is_empty() {
            continue;
        }
        let number: i64 = number.parse().ok()?;
        let unit = unit.to_lowercase();
        for (names, size) in LOOSE {
            for (at, name) in names.iter().enumerate() {
                if unit == *name || (at + 1 == names.len() && unit.starts_with(name)) {
                    any = true;
                    total = total.wrapping_add(number.wrapping_mul(*size));
                }
            }
        }
    }
    any.then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_in_go() {
        for (text, nanos) in [
            ("0", Some(0)),
            ("1h30m", Some(5_400_000_000_000)),
            ("-1.5s", Some(-1_500_000_000)),
            (".5ms", Some(500_000)),
            ("1µs", Some(1_000)),
            ("5seconds", None),
            ("10minutes", None),
            ("1", None),
            ("", None),
            ("-", None),
            ("1d", None),
            ("9223372036854775808ns", None),
            ("-9223372036854775808ns", None),
            ("3000000h", None),
        ] {
            assert_eq!(parse_duration(text), nanos, "{text}");
        }
        assert_eq!(parse_loose_duration("3 days"), Some(259_200_000_000_000));
        assert_eq!(parse_loose_duration("x"), None);
    }

    #[test]
    fn instants_keep_their_zone() {
        for (text, written) in [
            ("2024-01-01T00:00:00Z", Some("2024-01-01T00:00:00Z")),
            (
                "2024-01-01T00:00:00.120+02:00",
                Some("2024-01-01T00:00:00.12+02:00"),
            ),
            ("2024-01-01t00:00:00Z", None),
            ("2024-02-30T00:00:00Z", None),
            ("2024-01-01T00:00:00", None),
            ("2024-01-01T24:00:00Z", None),
        ] {
            assert_eq!(
                parse_instant(text, false).map(write_instant).as_deref(),
                written,
                "{text}"
            );
        }
        assert!(is_date_time("2024-01-01t00:00:00.1z"));
        assert!(!is_date_time("2024-01-01 00:00:00Z"));
        assert!(!is_date_time("2024-01-01T00:00:00"));
    }
}
