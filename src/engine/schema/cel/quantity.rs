//! Quantities of Kubernetes, such as `1.5Gi` and `250m`.

use std::cmp::Ordering;

/// Nanos of a whole.
const NANOS: i128 = 1_000_000_000;

/// A quantity. Beyond 10^29 it is as large as that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quantity {
    nanos: i128,
    /// The power of ten that the API server keeps it with; `None` where it keeps a decimal.
    scale: Option<i32>,
}

impl Quantity {
    pub(super) fn new(text: &str) -> Result<Self, String> {
        const WRONG: &str =
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        if text.is_empty() {
            return Err(WRONG.to_owned());
        }
        let bare = unsigned.trim_start_matches('0');
        if bare.is_empty() {
            return Ok(Self {
                nanos: 0,
                scale: Some(0),
            });
        }
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let (whole, rest) = bare.split_at(digits(bare));
        let (fraction, suffix) = match rest.strip_prefix('.') {
            Some(rest) => rest.split_at(digits(rest)),
            None => ("", rest),
        };
        let letters = suffix.bytes().take_while(|b| b"eEinumkKMGTP".contains(b)).count();
        let power = suffix[letters..]
            .strip_prefix(['+', '-'])
            .unwrap_or(&suffix[letters..]);
        if !power.bytes().all(|b| b.is_ascii_digit()) {
            return Err(WRONG.to_owned());
        }
        let (binary, exponent) = unit(suffix).ok_or("unable to parse quantity's suffix")?;
        let negative = text.starts_with('-');
        let number = if whole.is_empty() { "0" } else { whole };
        Ok(Self::build(number, fraction, binary, exponent, negative))
    }

    fn build(whole: &str, fraction: &str, binary: bool, exponent: i32, negative: bool) -> Self {
        let length = i32::try_from(whole.len() + fraction.len()).unwrap_or(i32::MAX);
        let places = i32::try_from(fraction.len()).unwrap_or(i32::MAX);
        let precision = match binary {
            false => 18_i32.saturating_sub(length),
            true if fraction.is_empty() => 14_i32.saturating_sub(length).saturating_sub(exponent * 3 / 10),
            true => -1,
        };
        let scale = if binary {
            0
        } else {
            exponent.saturating_sub(places)
        };
        let nanos = nanos(whole, fraction, binary, exponent);
        let nanos = if binary {
            nanos.min(i128::from(i64::MAX) * NANOS)
        } else {
            nanos
        };
        Self {
            nanos: if negative { -nanos } else { nanos },
            scale: (precision >= 0 && scale >= -9).then_some(scale),
        }
    }

    pub(super) const fn of_int(value: i64) -> Self {
        Self {
            nanos: value as i128 * NANOS,
            scale: Some(0),
        }
    }

    /// The value, where it is kept as a whole number that fits.
    pub(super) fn as_int(&self) -> Option<i64> {
        let whole = self.nanos % NANOS == 0 && self.scale? >= 0;
        whole.then(|| i64::try_from(self.nanos / NANOS).ok()).flatten()
    }

    #[expect(clippy::cast_precision_loss, reason = "approximate by its name")]
    pub(super) fn as_float(&self) -> f64 {
        self.nanos as f64 / NANOS as f64
    }

    pub(super) fn sign(&self) -> i64 {
        i64::try_from(self.nanos.signum()).unwrap_or_default()
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }

    pub(super) fn add(&self, other: &Self) -> Self {
        let scale = match (self.scale, other.scale) {
            (Some(_), Some(scale)) if self.nanos == 0 => Some(scale),
            (Some(scale), Some(_)) if other.nanos == 0 => Some(scale),
            (Some(a), Some(b)) => Some(a.min(b)),
            _ => None,
        };
        Self {
            nanos: self.nanos.saturating_add(other.nanos),
            scale,
        }
    }

    pub(super) fn subtract(&self, other: &Self) -> Self {
        self.add(&Self {
            nanos: other.nanos.saturating_neg(),
            ..*other
        })
    }
}

/// Whether a suffix is a power of two, and the exponent of two or ten.
fn unit(suffix: &str) -> Option<(bool, i32)> {
    const DECIMAL: &[(&str, i32)] = &[
        ("n", -9),
        ("u", -6),
        ("m", -3),
        ("", 0),
        ("k", 3),
        ("M", 6),
        ("G", 9),
        ("T", 12),
        ("P", 15),
        ("E", 18),
    ];
    const BINARY: &[(&str, i32)] = &[
        ("Ki", 10),
        ("Mi", 20),
        ("Gi", 30),
        ("Ti", 40),
        ("Pi", 50),
        ("Ei", 60),
    ];
    let find = |table: &[(&str, i32)]| {
        table
            .iter()
            .find(|(name, _)| *name == suffix)
            .map(|(_, power)| *power)
    };
    if let Some(power) = find(DECIMAL) {
        return Some((false, power));
    }
    if let Some(power) = find(BINARY) {
        return Some((true, power));
    }
    let power = suffix.strip_prefix(['e', 'E'])?;
    power.parse::<i32>().ok().map(|power| (false, power))
}

/// Nanos of a number without a sign, rounded up.
fn nanos(whole: &str, fraction: &str, binary: bool, exponent: i32) -> i128 {
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    let places = i32::try_from(fraction.len()).unwrap_or(i32::MAX);
    // The number is `digits` times ten to this, in nanos.
    let mut power = 9_i32.saturating_sub(places);
    if !binary {
        power = power.saturating_add(exponent);
    }
    let (kept, cut) = digits.split_at(digits.len().min(36));
    power = power.saturating_add(i32::try_from(cut.len()).unwrap_or(i32::MAX));
    let mut value: i128 = kept.parse().unwrap_or_default();
    let mut rest = cut.bytes().any(|b| b != b'0');
    if binary {
        value = value.saturating_mul(1_i128 << exponent.clamp(0, 60));
    }
    while power > 0 && value != 0 && value != i128::MAX {
        value = value.saturating_mul(10);
        power -= 1;
    }
    while power < 0 && value != 0 {
        rest |= value % 10 != 0;
        value /= 10;
        power += 1;
    }
    value.saturating_add(i128::from(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_kubernetes_reads_them() {
        for (text, value, whole) in [
            ("1", 1.0, Some(1)),
            ("1k", 1000.0, Some(1000)),
            ("1Ki", 1024.0, Some(1024)),
            ("1.5Gi", 1_610_612_736.0, None),
            ("250m", 0.25, None),
            ("1000m", 1.0, None),
            ("1.0", 1.0, None),
            ("1e3", 1000.0, Some(1000)),
            ("1E", 1e18, Some(1_000_000_000_000_000_000)),
            ("-2", -2.0, Some(-2)),
            ("0.5n", 1e-9, None),
            (".5", 0.5, None),
            ("00", 0.0, Some(0)),
        ] {
            let quantity = Quantity::new(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert!((quantity.as_float() - value).abs() < 1e-12, "{text}");
            assert_eq!(quantity.as_int(), whole, "{text}");
        }
        for text in ["", "a", "1x", "1 ", "1.2.3", "1kk", "--1"] {
            assert!(Quantity::new(text).is_err(), "{text}");
        }
        assert!(
            Quantity::new("1e1000000000")
                .unwrap()
                .compare(&Quantity::new("1").unwrap())
                .is_gt()
        );
    }
}
