//! How far two spellings are apart.

/// Characters that are compared; what comes after them is not seen.
pub(crate) const MAX_LEN: usize = 64; // characters

/// Letters, digits, and one class for all else.
const CLASSES: usize = 37;

/// A spelling that is compared with many others: optimal string alignment distance (insert, drop, replace, swap two
/// neighbors), bit-parallel after Hyyrö 2003.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    masks: [u64; CLASSES],
    len: usize,
}

impl Pattern {
    /// The pattern of `text`.
    pub(crate) fn new(text: &str) -> Self {
        let mut masks = [0; CLASSES];
        let bytes = head(text);
        for (at, &byte) in bytes.iter().enumerate() {
            masks[class(byte)] |= 1 << at;
        }
        Self {
            masks,
            len: bytes.len(),
        }
    }

    /// The edits that make `text` of it.
    pub(crate) fn distance(&self, text: &str) -> usize {
        let bytes = head(text);
        if self.len == 0 || bytes.is_empty() {
            return self.len.max(bytes.len());
        }
        let last = 1_u64 << (self.len - 1);
        let (mut vp, mut vn, mut d0, mut old) = (u64::MAX, 0_u64, 0_u64, 0_u64);
        let mut distance = self.len;
        for &byte in bytes {
            let mask = self.masks[class(byte)];
            let swapped = ((!d0 & mask) << 1) & old;
            d0 = ((mask & vp).wrapping_add(vp) ^ vp) | mask | vn | swapped;
            let (hp, hn) = (vn | !(d0 | vp), d0 & vp);
            distance += usize::from(hp & last != 0);
            distance -= usize::from(hn & last != 0);
            let (hp, hn) = ((hp << 1) | 1, hn << 1);
            vp = hn | !(d0 | hp);
            vn = hp & d0;
            old = mask;
        }
        distance
    }

    /// 1 for equal, 0 for nothing in common.
    pub(crate) fn likeness(&self, text: &str) -> f32 {
        let longest = self.len.max(text.len().min(MAX_LEN));
        if longest == 0 {
            return 1.0;
        }
        1.0 - self.distance(text) as f32 / longest as f32
    }
}

/// The edits that make `b` of `a`.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    Pattern::new(a).distance(b)
}

fn head(text: &str) -> &[u8] {
    &text.as_bytes()[..text.len().min(MAX_LEN)]
}

const fn class(byte: u8) -> usize {
    match byte {
        b'a'..=b'z' => (byte - b'a') as usize,
        b'0'..=b'9' => 26 + (byte - b'0') as usize,
        _ => CLASSES - 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_inserts_drops_replacements_and_swaps() {
        let table = [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("gpt", "gtp", 1),
            ("turbo", "turbbo", 1),
        ];
        let more = [
            ("sonet", "sonnet", 1),
            ("kitten", "sitting", 3),
            ("ca", "abc", 3),
            ("gpt4o", "gpt4o", 0),
        ];
        for (a, b, edits) in table.into_iter().chain(more) {
            assert_eq!(distance(a, b), edits, "{a} {b}");
            assert_eq!(distance(b, a), edits, "{b} {a}");
        }
    }
}
