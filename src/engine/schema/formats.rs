//! The formats of strings that the API server knows; all others mean nothing to it.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use regex::Regex;

use super::{go_time, go_url, re2};

/// A format that limits strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Uri,
    Email,
    Hostname,
    Ipv4,
    Ipv6,
    Cidr,
    Mac,
    Uuid(u8),
    Isbn10,
    Isbn13,
    Isbn,
    CreditCard,
    Ssn,
    HexColor,
    RgbColor,
    Byte,
    Password,
    Date,
    DateTime,
    Duration,
    Bson,
}

/// By name without dashes. An API server of 1.34 knows `k8s-short-name` and `k8s-long-name` too, but does not yet judge by
/// them.
const FORMATS: &[(&str, Format)] = &[
    ("bsonobjectid", Format::Bson),
    ("byte", Format::Byte),
    ("cidr", Format::Cidr),
    ("creditcard", Format::CreditCard),
    ("date", Format::Date),
    ("datetime", Format::DateTime),
    ("duration", Format::Duration),
    ("email", Format::Email),
    ("hexcolor", Format::HexColor),
    ("hostname", Format::Hostname),
    ("ipv4", Format::Ipv4),
    ("ipv6", Format::Ipv6),
    ("isbn", Format::Isbn),
    ("isbn10", Format::Isbn10),
    ("isbn13", Format::Isbn13),
    ("mac", Format::Mac),
    ("password", Format::Password),
    ("rgbcolor", Format::RgbColor),
    ("ssn", Format::Ssn),
    ("uri", Format::Uri),
    ("uuid", Format::Uuid(0)),
    ("uuid3", Format::Uuid(3)),
    ("uuid4", Format::Uuid(4)),
    ("uuid5", Format::Uuid(5)),
];

impl Format {
    /// The format of this name; dashes in it do not count.
    pub(super) fn of(name: &str) -> Option<Self> {
        let bare = name.replace('-', "");
        FORMATS
            .iter()
            .find(|(known, _)| *known == bare)
            .map(|(_, format)| *format)
    }

    /// Whether the API server looks at a format of this name at all.
    pub(super) fn is_known(name: &str) -> bool {
        Self::of(name).is_some()
    }

    pub(super) fn holds(self, text: &str) -> bool {
        match self {
            Self::Uri => go_url::is_request_uri(text),
            Self::Email => is_email(text),
            Self::Hostname => {
                text.len() <= 255 && HOSTNAME.is_match(text) && text.split('.').all(|part| part.len() <= 63)
            }
            Self::Ipv4 => ip_sloppy(text).is_some_and(|_| text.contains('.')),
            Self::Ipv6 => text.contains(':') && ip_sloppy(text).is_some() && is_strict_tail(text),
            Self::Cidr => is_cidr(text),
            Self::Mac => is_mac(text),
            Self::Uuid(version) => is_uuid(text, version),
            Self::Isbn10 => is_isbn10(text),
            Self::Isbn13 => is_isbn13(text),
            Self::Isbn => is_isbn10(text) || is_isbn13(text),
            Self::CreditCard => is_credit_card(text),
            Self::Ssn => text.len() == 11 && SSN.is_match(text),
            Self::HexColor => {
                let digits = text.strip_prefix('#').unwrap_or(text);
                matches!(digits.len(), 3 | 6) && digits.bytes().all(|b| b.is_ascii_hexdigit())
            }
            Self::RgbColor => RGB.is_match(text),
            Self::Byte => is_base64(text),
            Self::Password => true,
            Self::Date => go_time::parse_date(text).is_some(),
            Self::DateTime => go_time::is_date_time(text),
            Self::Duration => go_time::parse_loose_duration(text).is_some(),
            Self::Bson => text.len() == 24 && text.bytes().all(|b| b.is_ascii_hexdigit()),
        }
    }
}

/// A pattern of ours, in Go's syntax.
fn own(pattern: &str) -> Regex {
    re2::compile(pattern).expect("a pattern of ours that the tests compile")
}

static HOSTNAME: LazyLock<Regex> = LazyLock::new(|| {
    own(
        r"^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$",
    )
});
static SSN: LazyLock<Regex> = LazyLock::new(|| own(r"^\d{3}[- ]?\d{2}[- ]?\d{4}$"));
static RGB: LazyLock<Regex> = LazyLock::new(|| {
    let part = r"\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*";
    own(&format!(r"^rgb\({part},{part},{part}\)$"))
});
static CARD: LazyLock<Regex> = LazyLock::new(|| {
    own(
        r"^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$",
    )
});

/// The address in `text` as Go before 1.17 read it: leading zeros are decimal.
pub(super) fn ip_sloppy(text: &str) -> Option<IpAddr> {
    let v4 = |text: &str| -> Option<Ipv4Addr> {
        let parts: Vec<_> = text.split('.').collect();
        let mut bytes = [0u8; 4];
        if parts.len() != 4 {
            return None;
        }
        for (byte, part) in bytes.iter_mut().zip(parts) {
            let digits = !part.is_empty() && part.len() <= 10 && part.bytes().all(|b| b.is_ascii_digit());
            *byte = digits
                .then(|| part.parse::<u64>().ok())
                .flatten()?
                .try_into()
                .ok()?;
        }
        Some(bytes.into())
    };
    if !text.contains(':') {
        return v4(text).map(Into::into);
    }
    if let Ok(address) = text.parse::<Ipv6Addr>() {
        return Some(address.into());
    }
    let (head, tail) = text.rsplit_once(':')?;
    let tail = v4(tail).filter(|_| tail.contains('.'))?;
    format!("{head}:{tail}").parse::<Ipv6Addr>().ok().map(Into::into)
}

/// Whether an IPv4 part at the end of an IPv6 address has no leading zeros.
fn is_strict_tail(text: &str) -> bool {
    text.parse::<Ipv6Addr>().is_ok()
}

fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else {
        return false;
    };
    let Some(address) = ip_sloppy(address) else {
        return false;
    };
    let most = if address.is_ipv4() { 32 } else { 128 };
    let digits = !bits.is_empty() && bits.len() <= 9 && bits.bytes().all(|b| b.is_ascii_digit());
    digits && bits.parse::<u32>().is_ok_and(|bits| bits <= most)
}

fn is_mac(text: &str) -> bool {
    let groups = |separator: char, size: usize, counts: &[usize]| {
        let parts: Vec<_> = text.split(separator).collect();
        counts.contains(&parts.len())
            && parts
                .iter()
                .all(|part| part.len() == size && part.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    groups(':', 2, &[6, 8, 20]) || groups('-', 2, &[6, 8, 20]) || groups('.', 4, &[3, 4, 10])
}

/// `8-4-4-4-12` hexadecimal digits, each dash optional; of versions 3, 4 and 5 that digit and the variant too.
pub(super) fn is_uuid(text: &str, version: u8) -> bool {
    let mut rest = text.as_bytes();
    let mut digits = Vec::with_capacity(32);
    for (at, size) in [8, 4, 4, 4, 12].into_iter().enumerate() {
        if at > 0 {
            rest = rest.strip_prefix(b"-").unwrap_or(rest);
        }
        let Some((group, others)) = rest.split_at_checked(size) else {
            return false;
        };
        digits.extend_from_slice(group);
        rest = others;
    }
    let variant = version < 4 || matches!(digits[16], b'8' | b'9' | b'a' | b'b' | b'A' | b'B');
    rest.is_empty()
        && digits.iter().all(u8::is_ascii_hexdigit)
        && (version == 0 || digits[12] == b'0' + version)
        && variant
}

/// The digits of an ISBN without blanks and dashes.
fn isbn(text: &str) -> Vec<u8> {
    let blank = |b: &u8| matches!(b, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ' | b'-');
    text.bytes().filter(|b| !blank(b)).collect()
}

fn is_isbn10(text: &str) -> bool {
    let digits = isbn(text);
    let [head @ .., last] = digits.as_slice() else {
        return false;
    };
    if head.len() != 9 || !head.iter().all(u8::is_ascii_digit) || !(last.is_ascii_digit() || *last == b'X') {
        return false;
    }
    let sum: u32 = (1..)
        .zip(head)
        .map(|(at, digit)| at * u32::from(digit - b'0'))
        .sum();
    let last = if *last == b'X' { 10 } else { u32::from(last - b'0') };
    (sum + 10 * last).is_multiple_of(11)
}

fn is_isbn13(text: &str) -> bool {
    let digits = isbn(text);
    if digits.len() != 13 || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum: u32 = digits
        .iter()
        .zip([1, 3].into_iter().cycle())
        .map(|(digit, factor)| factor * u32::from(digit - b'0'))
        .sum();
    sum.is_multiple_of(10)
}

fn is_credit_card(text: &str) -> bool {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(
            |(at, digit)| match u32::from(digit - b'0') * if at % 2 == 1 { 2 } else { 1 } {
                doubled @ 10.. => doubled % 10 + 1,
                digit => digit,
            },
        )
        .sum();
    CARD.is_match(&digits) && sum.is_multiple_of(10)
}

fn is_base64(text: &str) -> bool {
    let bare = text
        .strip_suffix("==")
        .or_else(|| text.strip_suffix('='))
        .unwrap_or(text);
    !text.is_empty()
        && text.len().is_multiple_of(4)
        && bare
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
}

/// `local@domain`, with an optional name before it in the way of RFC 5322. Comments and obsolete forms are not read.
fn is_email(text: &str) -> bool {
    let text = text.trim_matches([' ', '\t']);
    let address = match text.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
        Some((name, address)) => {
            let name = name.trim_end();
            let quoted = name.len() >= 2 && name.starts_with('"') && name.ends_with('"');
            if !quoted
                && !name
                    .split_whitespace()
                    .all(|word| word.split('.').all(is_atom) || is_atom(word))
            {
                return false;
            }
            address
        }
        None => text,
    };
    let Some((local, domain)) = address.rsplit_once('@') else {
        return false;
    };
    let quoted = local.len() > 2
        && local.starts_with('"')
        && local.ends_with('"')
        && !local[1..local.len() - 1].contains('"');
    let literal = domain
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .is_some_and(|inside| inside.parse::<IpAddr>().is_ok());
    (quoted || local.split('.').all(is_atom)) && (literal || domain.split('.').all(is_atom))
}

fn is_atom(text: &str) -> bool {
    let special = |c: char| {
        matches!(
            c,
            '(' | ')' | '<' | '>' | '[' | ']' | ':' | ';' | '@' | '\\' | ',' | '"' | '.' | ' '
        )
    };
    !text.is_empty() && !text.chars().any(|c| c.is_control() || special(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_takes_good_and_refuses_bad() {
        for (name, good, bad) in [
            ("uri", "http://a/b?c#d", "a b"),
            ("email", "Bob <bob@example.com>", "bob@"),
            ("hostname", "a-b.example", "-a.example"),
            ("ipv4", "010.1.2.3", "1.2.3"),
            ("ipv6", "::1", "1.2.3.4"),
            ("cidr", "10.0.0.0/8", "10.0.0.0/33"),
            ("mac", "01:23:45:67:89:ab", "01:23"),
            ("uuid", "123e4567e89b12d3a456426614174000", "123e4567"),
            (
                "uuid4",
                "123e4567-e89b-42d3-a456-426614174000",
                "123e4567-e89b-12d3-a456-426614174000",
            ),
            ("isbn10", "0321751043", "0321751044"),
            ("isbn13", "978-0321751041", "978-0321751042"),
            ("creditcard", "4111 1111 1111 1111", "4111 1111 1111 1112"),
            ("ssn", "111-11-1111", "111111111"),
            ("hexcolor", "#FfF", "#FF"),
            ("rgbcolor", "rgb(1, 2,255)", "rgb(1,2,256)"),
            ("byte", "YWI=", "YW="),
            ("date", "2024-02-29", "2023-02-29"),
            ("date-time", "2024-01-01t00:00:00z", "2024-01-01T24:00:00Z"),
            ("duration", "3 days", "soon"),
            ("bsonobjectid", "507f1f77bcf86cd799439011", "507f"),
        ] {
            let format = Format::of(name).unwrap();
            assert!(format.holds(good), "{name} {good}");
            assert!(!format.holds(bad), "{name} {bad}");
        }
        assert!(!Format::is_known("int32"));
        assert!(CARD.is_match("4111111111111111"));
    }
}
