//! A catalog's ids, prepared for comparison with a wrong one.

use std::ops::Range;

use super::spelling::Spelling;

/// What is compared with a query: every id of one catalog as tokens, and look-ups by what survives a slip.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Index {
    /// All squashed spellings, and all sorted cores, one after another.
    text: String,
    /// The distinct tokens, sorted.
    vocabulary: Vec<Box<str>>,
    /// Which letters each of them has; 0 for what is no word.
    letters: Vec<u32>,
    /// The tokens of all rows, one after another, as places in `vocabulary`.
    tokens: Vec<u16>,
    /// In the order of the catalog.
    rows: Vec<Row>,
    /// Rows by the hash of their letters and digits, look-alikes taken as one; sorted.
    keys: Vec<(u64, u32)>,
    /// Rows by the hash of their tokens in any order, leading zeros dropped; sorted.
    bags: Vec<(u64, u32)>,
}

/// Where the parts of one id are.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    squash: Range<u32>,
    core: Range<u32>,
    sorted: Range<u32>,
    tokens: Range<u32>,
    core_tokens: Range<u32>,
}

impl Index {
    /// The index of `ids`; a row's number is its place there.
    pub(crate) fn new<'a>(ids: impl Iterator<Item = &'a str>) -> Self {
        let spellings: Vec<Spelling> = ids.map(Spelling::new).collect();
        let mut words: Vec<&str> = spellings.iter().flat_map(Spelling::tokens).collect();
        words.sort_unstable();
        words.dedup();
        let mut index = Self {
            vocabulary: words.into_iter().map(Box::from).collect(),
            ..Self::default()
        };
        index.letters = index.vocabulary.iter().map(|word| letters(word)).collect();
        for (at, spelling) in spellings.iter().enumerate() {
            let row = at as u32;
            index.keys.push((key(&spelling.squash), row));
            index.bags.push((bag(spelling.tokens()), row));
            index.add(spelling);
        }
        index.keys.sort_unstable();
        index.bags.sort_unstable();
        index
    }

    fn add(&mut self, spelling: &Spelling) {
        let at = self.text.len() as u32;
        self.text.push_str(&spelling.squash);
        let squash = at..self.text.len() as u32;
        let before = spelling
            .tokens()
            .take(spelling.core.0)
            .map(str::len)
            .sum::<usize>() as u32;
        let core = at + before..at + before + spelling.core().len() as u32;
        self.text.push_str(&spelling.sorted_core());
        let sorted = squash.end..self.text.len() as u32;
        let first = self.tokens.len() as u32;
        for token in spelling.tokens() {
            // Catalogs hold far fewer than 65,535 distinct tokens; what is over that is not compared.
            self.tokens.push(self.word(token).unwrap_or(u16::MAX));
        }
        let tokens = first..self.tokens.len() as u32;
        let core_tokens = first + spelling.core.0 as u32..first + spelling.core.1 as u32;
        self.rows.push(Row {
            squash,
            core,
            sorted,
            tokens,
            core_tokens,
        });
    }

    /// How many ids there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The place of `token` in the vocabulary.
    pub(crate) fn word(&self, token: &str) -> Option<u16> {
        self.vocabulary
            .binary_search_by(|word| word.as_ref().cmp(token))
            .ok()
            .and_then(|at| u16::try_from(at).ok())
    }

    /// The distinct tokens, sorted, each with the set of its letters, which is 0 for what is no word.
    pub(crate) fn vocabulary(&self) -> impl ExactSizeIterator<Item = (&str, u32)> {
        self.vocabulary
            .iter()
            .map(AsRef::as_ref)
            .zip(self.letters.iter().copied())
    }

    /// The words that differ from `word` by at most `most` letters, and maybe some that differ by more.
    pub(crate) fn words_like(&self, word: &str, most: usize) -> impl Iterator<Item = &str> {
        let set = letters(word);
        let near = move |other: u32| other != 0 && letters_apart(set, other) as usize <= most;
        self.vocabulary()
            .filter(move |(_, other)| near(*other))
            .map(|(other, _)| other)
    }

    /// Whether a token is letters only.
    pub(crate) fn is_word(&self, token: u16) -> bool {
        self.letters.get(usize::from(token)).is_some_and(|set| *set != 0)
    }

    /// The text of a token.
    pub(crate) fn token(&self, word: u16) -> &str {
        self.vocabulary.get(usize::from(word)).map_or("", AsRef::as_ref)
    }

    /// Letters and digits of `row`.
    pub(crate) fn squash(&self, row: usize) -> &str {
        self.slice(&self.rows[row].squash)
    }

    /// Letters and digits of the core of `row`.
    pub(crate) fn core(&self, row: usize) -> &str {
        self.slice(&self.rows[row].core)
    }

    /// The same with its tokens sorted.
    pub(crate) fn sorted(&self, row: usize) -> &str {
        self.slice(&self.rows[row].sorted)
    }

    /// The tokens of `row`.
    pub(crate) fn tokens(&self, row: usize) -> &[u16] {
        self.part(&self.rows[row].tokens)
    }

    /// The tokens of the core of `row`.
    pub(crate) fn core_tokens(&self, row: usize) -> &[u16] {
        self.part(&self.rows[row].core_tokens)
    }

    /// Rows with the same letters and digits as `spelling`, look-alikes (`o` and `0`, `l`, `i` and `1`) taken as one.
    pub(crate) fn same_letters(&self, spelling: &Spelling) -> impl Iterator<Item = usize> + '_ {
        equal(&self.keys, key(&spelling.squash))
    }

    /// Rows with the same tokens in any order, leading zeros and the `v` of versions apart.
    pub(crate) fn same_tokens(&self, tokens: &[&str]) -> impl Iterator<Item = usize> + '_ {
        equal(&self.bags, bag(tokens.iter().copied()))
    }

    fn slice(&self, range: &Range<u32>) -> &str {
        &self.text[range.start as usize..range.end as usize]
    }

    fn part(&self, range: &Range<u32>) -> &[u16] {
        &self.tokens[range.start as usize..range.end as usize]
    }
}

fn equal(table: &[(u64, u32)], hash: u64) -> impl Iterator<Item = usize> + '_ {
    let from = table.partition_point(|entry| entry.0 < hash);
    table[from..]
        .iter()
        .take_while(move |entry| entry.0 == hash)
        .map(|entry| entry.1 as usize)
}

/// FNV-1a, with look-alikes taken as one.
fn key(squash: &str) -> u64 {
    hash(squash.bytes().map(|byte| match byte {
        b'o' => b'0',
        b'l' | b'i' => b'1',
        byte => byte,
    }))
}

/// A sum over tokens, so that their order does not count.
fn bag<'a>(tokens: impl Iterator<Item = &'a str>) -> u64 {
    tokens.fold(0, |sum, token| {
        sum.wrapping_add(mix(hash(plain_number(token).bytes())))
    })
}

fn hash(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A number without leading zeros and without the `v` of a version; any other token as it is.
pub(crate) fn plain_number(token: &str) -> &str {
    let number = token
        .strip_prefix('v')
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        .unwrap_or(token);
    match number.trim_start_matches('0') {
        "" if !number.is_empty() => "0",
        plain => plain,
    }
}

/// Spreads the bits, so that sums of hashes of neighbors do not meet (the end of MurmurHash3).
const fn mix(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

/// The set of letters of `word`; 0 where it is no word.
pub(crate) fn letters(word: &str) -> u32 {
    let add = |set: u32, byte: u8| byte.is_ascii_lowercase().then(|| set | 1 << (byte - b'a'));
    word.bytes().try_fold(0, add).unwrap_or(0)
}

/// The fewest edits that lead from a word with the letters `a` to one with the letters `b`.
pub(crate) fn letters_apart(a: u32, b: u32) -> u32 {
    (a & !b).count_ones().max((b & !a).count_ones())
}
