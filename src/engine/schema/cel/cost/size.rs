//! Sizes of values, and what grows with them. Source: cel-go v0.26, checker/cost.go.
//!
//! Nothing overflows: what is too big is the biggest number there is.

/// What going once through a text costs, by character.
pub(super) const TEXT: f64 = 0.1;
/// What a regular expression costs on one character, by its own length.
pub(super) const REGEX: f64 = 0.25;

/// The first number that is too big.
const TOO_BIG: f64 = 18_446_744_073_709_551_616.0;

/// How many characters, bytes, items or entries a value has: at least and at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) min: u64,
    pub(super) max: u64,
}

impl Size {
    /// Of a value that nothing is known of.
    pub(super) const UNKNOWN: Self = Self {
        min: 0,
        max: u64::MAX,
    };
    /// What [`Size::union`] changes into the other.
    pub(super) const NOTHING: Self = Self {
        min: u64::MAX,
        max: 0,
    };

    pub(super) const fn fixed(size: u64) -> Self {
        Self { min: size, max: size }
    }

    pub(super) const fn up_to(max: u64) -> Self {
        Self { min: 0, max }
    }

    pub(super) const fn plus(self, other: Self) -> Self {
        Self {
            min: self.min.saturating_add(other.min),
            max: self.max.saturating_add(other.max),
        }
    }

    pub(super) const fn times(self, other: Self) -> Self {
        Self {
            min: self.min.saturating_mul(other.min),
            max: self.max.saturating_mul(other.max),
        }
    }

    /// The size of either.
    pub(super) fn union(self, other: Self) -> Self {
        Self {
            min: self.min.min(other.min),
            max: self.max.max(other.max),
        }
    }

    /// The most that something costs of which each character or item costs `factor`.
    pub(super) fn cost(self, factor: f64) -> u64 {
        scale(self.max, factor)
    }
}

/// `units` times `factor`, rounded up.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the API server rounds in the same way, and what does not fit is looked for first"
)]
pub(super) fn scale(units: u64, factor: f64) -> u64 {
    let units = units as f64;
    if units > 0.0 && factor > 0.0 && units > TOO_BIG / factor {
        return u64::MAX;
    }
    (units * factor).ceil() as u64
}

/// How often parts of the length `by` fit into `whole`, rounded up; `by` is not zero.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the API server rounds in the same way"
)]
pub(super) fn ratio(whole: u64, by: u64) -> u64 {
    (whole as f64 / by as f64).ceil() as u64
}

/// The size of the keys or places of a list or map, and of its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) is_list: bool,
    pub(super) key: Size,
    pub(super) value: Size,
}

impl Entry {
    pub(super) const fn of_list(value: Size) -> Self {
        Self {
            is_list: true,
            key: Size::fixed(1),
            value,
        }
    }

    pub(super) fn union(self, other: Self) -> Self {
        Self {
            is_list: self.is_list,
            key: self.key.union(other.key),
            value: self.value.union(other.value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_rounded_up_and_have_an_end() {
        assert_eq!(scale(0, TEXT), 0);
        assert_eq!(scale(1, TEXT), 1);
        assert_eq!(scale(400, TEXT), 40);
        assert_eq!(scale(401, TEXT), 41);
        assert_eq!(scale(u64::MAX, 1.0), u64::MAX);
        assert_eq!(scale(u64::MAX, 2.0), u64::MAX);
        assert_eq!(scale(u64::MAX, TEXT), 1_844_674_407_370_955_264);
        assert_eq!(Size::UNKNOWN.plus(Size::fixed(1)).max, u64::MAX);
        assert_eq!(ratio(7, 2), 4);
    }
}
