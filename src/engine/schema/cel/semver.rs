//! Semantic versions 2.0.0.

use std::cmp::Ordering;

/// A version; build metadata does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Semver {
    /// Major, minor and patch.
    pub(super) numbers: [u64; 3],
    before: Vec<String>,
}

impl Semver {
    /// The version that `text` is; `normalize` forgives a `v`, leading zeros and missing parts.
    pub(super) fn new(text: &str, normalize: bool) -> Result<Self, String> {
        if normalize {
            Self::strict(&normalized(text))
        } else {
            Self::strict(text)
        }
    }

    fn strict(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("Version string empty".to_owned());
        }
        let (text, build) = text
            .split_once('+')
            .map_or((text, None), |(text, build)| (text, Some(build)));
        let (core, before) = text
            .split_once('-')
            .map_or((text, None), |(core, before)| (core, Some(before)));
        let parts: Vec<_> = core.splitn(3, '.').collect();
        let [major, minor, patch] = parts[..] else {
            return Err("No Major.Minor.Patch elements found".to_owned());
        };
        let number = |text: &str| -> Result<u64, String> {
            if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
                return Err(format!("Invalid character(s) found in version number {text:?}"));
            }
            if text.len() > 1 && text.starts_with('0') {
                return Err(format!("Version number must not contain leading zeroes {text:?}"));
            }
            text.parse()
                .map_err(|_| format!("Version number {text:?} is too large"))
        };
        let numbers = [number(major)?, number(minor)?, number(patch)?];
        let names = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let before: Vec<String> = before
            .map(|text| text.split('.').map(str::to_owned).collect())
            .unwrap_or_default();
        for part in &before {
            if part.is_empty() {
                return Err("Prerelease is empty".to_owned());
            }
            let digits = part.bytes().all(|b| b.is_ascii_digit());
            if !names(part) || (digits && part.len() > 1 && part.starts_with('0')) {
                return Err(format!("Invalid character(s) found in prerelease {part:?}"));
            }
        }
        if build.is_some_and(|build| build.split('.').any(|part| part.is_empty() || !names(part))) {
            return Err("Invalid character(s) found in build meta data".to_owned());
        }
        Ok(Self { numbers, before })
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| {
            match (self.before.is_empty(), other.before.is_empty()) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => {
                    let parts = self
                        .before
                        .iter()
                        .zip(&other.before)
                        .map(|(a, b)| compare_part(a, b));
                    parts
                        .fold(Ordering::Equal, Ordering::then)
                        .then(self.before.len().cmp(&other.before.len()))
                }
            }
        })
    }
}

fn compare_part(a: &str, b: &str) -> Ordering {
    match (a.parse::<u64>(), b.parse::<u64>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => a.cmp(b),
    }
}

fn normalized(text: &str) -> String {
    let text = text.strip_prefix('v').unwrap_or(text);
    let mut parts: Vec<String> = text
        .splitn(3, '.')
        .map(|part| {
            let bare = part.trim_start_matches('0');
            let digit = bare.starts_with(|c: char| c.is_ascii_digit());
            if part.len() < 2 || digit {
                bare_or(part, bare)
            } else {
                format!("0{bare}")
            }
        })
        .collect();
    // A short version has no prerelease and no build.
    if !parts.last().is_some_and(|last| last.contains(['+', '-'])) {
        while parts.len() < 3 {
            parts.push("0".to_owned());
        }
    }
    parts.join(".")
}

fn bare_or(part: &str, bare: &str) -> String {
    if part.len() < 2 {
        part.to_owned()
    } else {
        bare.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_the_standard() {
        let version = |text| Semver::new(text, false).unwrap();
        for pair in [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0",
            "1.0.1",
            "1.10.0",
        ]
        .windows(2)
        {
            assert!(version(pair[0]).compare(&version(pair[1])).is_lt(), "{pair:?}");
        }
        assert!(version("1.0.0+a").compare(&version("1.0.0+b")).is_eq());
        for bad in [
            "", "1", "1.2", "v1.2.3", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3+", "1.2.x",
        ] {
            assert!(Semver::new(bad, false).is_err(), "{bad}");
        }
        for good in ["v1.0", "1", "v01.02.03"] {
            assert!(Semver::new(good, true).is_ok(), "{good}");
        }
    }
}
