//! A short number for content, the same in every build and on every machine.

/// FNV-1a with 64 bits over parts of text. Names of Events rely on it, so it must never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Digest(u64);

impl Digest {
    const START: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    /// Ends a part: no byte of UTF-8, so `ab` and `c` differ from `a` and `bc`.
    const END: u8 = 0xff;

    /// The number of no parts.
    pub(super) const fn new() -> Self {
        Self(Self::START)
    }

    /// The number of the parts so far and `part`.
    pub(super) fn with(self, part: &str) -> Self {
        let bytes = part.bytes().chain([Self::END]);
        Self(bytes.fold(self.0, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(Self::PRIME)
        }))
    }

    /// The number itself.
    pub(super) const fn value(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;

    #[test]
    fn parts_count_and_the_number_never_changes() {
        let of = |parts: &[&str]| {
            parts
                .iter()
                .fold(Digest::new(), |all, part| all.with(part))
                .value()
        };
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["", ""]), of(&[""]));
        assert_eq!(of(&["a"]), 0x089b_c907_b544_c769);
    }
}
