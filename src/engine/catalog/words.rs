//! The words that ids are made of, and those that are a slip away from one.

use super::Catalogs;
use crate::engine::suggest::{Index, Pattern};

/// Words that makers of models use for kinds, sizes and stages: no slip, even where no catalog has them yet.
const COMMON: &str = "\
    air agent alpha apex audio base beta chat classic code coder codex computer core cyber deep distill \
    edit embed embedding embeddings experimental express fast flash flex free generate giant guard high \
    hybrid image images instant instruct judge large latest light lite live low math max medium mega \
    micro mini moderation multi multimodal nano native next ocr omni online open plus prime preview \
    priority pro quality quick rapid realtime reasoner reasoning rerank research safeguard safety sage \
    scout search sim slim small smart spark speech stable standard super text think thinking tiny tools \
    transcribe translate tts turbo ultra use video vision voice vl wide world";

/// Whether `token` is letters only.
pub(crate) fn is_word(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Whether some catalog has an id with `word`, or makers use it anyway.
pub(crate) fn is_known(catalogs: &Catalogs, word: &str) -> bool {
    COMMON.split(' ').any(|common| common == word)
        || catalogs
            .iter()
            .any(|catalog| catalog.index().word(word).is_some())
}

/// How a word is near to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Near {
    /// A few letters more or less at the end or at the beginning.
    Affix,
    /// One letter more or less there.
    Ending,
    /// One letter more, less, another, or swapped with its neighbor.
    Slip,
}

/// The words of `index` that `word` may be meant for.
pub(crate) fn near<'a>(index: &'a Index, word: &str) -> Vec<(&'a str, Near)> {
    const SHORTEST: usize = 2; // letters
    const SHORTEST_OTHER: usize = 3; // letters
    const AFFIX: usize = 5; // letters
    const STEM: usize = 4; // letters
    if word.len() < SHORTEST {
        return Vec::new();
    }
    let pattern = Pattern::new(word);
    let how = |other: &str| {
        let apart = word.len().abs_diff(other.len());
        let (short, long) = if word.len() < other.len() {
            (word, other)
        } else {
            (other, word)
        };
        let stem = long.starts_with(short) && (apart == 1 || short.len() >= STEM) || long.ends_with(short);
        if apart <= AFFIX && stem {
            return Some(if apart == 1 { Near::Ending } else { Near::Affix });
        }
        (apart <= 1 && pattern.distance(other) == 1).then_some(Near::Slip)
    };
    let others = index
        .words_like(word, AFFIX)
        .filter(|other| other.len() >= SHORTEST_OTHER && *other != word);
    others.filter_map(|other| Some((other, how(other)?))).collect()
}

/// Whether `word` is one slip away from `other` beyond doubt: long enough, or two neighboring letters swapped.
pub(crate) fn is_slip(word: &str, other: &str) -> bool {
    const LONG: usize = 4; // letters
    const NEW: &str = "tral"; // mistral, mixtral, pixtral: such names are one letter apart
    let swapped = word.len() == other.len() && {
        let (mut a, mut b) = (word.as_bytes().to_vec(), other.as_bytes().to_vec());
        a.sort_unstable();
        b.sort_unstable();
        a == b
    };
    swapped || (word.len().min(other.len()) >= LONG && !(word.ends_with(NEW) && other.ends_with(NEW)))
}
