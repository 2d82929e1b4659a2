//! Ids in a form that can be compared: folded characters, tokens, and the core without decoration.

use super::distance::MAX_LEN;
use crate::engine::diagnostic::is_invisible;

/// Geographies that stand before a Bedrock id.
pub(crate) const GEOS: &[&str] = &["us", "us-gov", "eu", "apac", "au", "jp", "in", "ca", "global"];

/// Vendors that stand before a Bedrock id.
pub(crate) const VENDORS: &[&str] = &[
    "ai21",
    "amazon",
    "anthropic",
    "cohere",
    "deepseek",
    "google",
    "luma",
    "meta",
    "minimax",
    "mistral",
    "moonshot",
    "moonshotai",
    "nvidia",
    "openai",
    "qwen",
    "stability",
    "twelvelabs",
    "writer",
    "xai",
    "zai",
];

/// One id, ready to be compared.
#[derive(Debug, Clone)]
pub(crate) struct Spelling {
    /// Letters and digits only, in lower case: the tokens one after another.
    pub(crate) squash: String,
    /// Where each token ends in `squash`.
    pub(crate) ends: Vec<u8>,
    /// What stands between the tokens, an underscore as a dash.
    pub(crate) marks: String,
    /// The tokens that are left without region, vendor, version of the offer and date.
    pub(crate) core: (usize, usize),
}

impl Spelling {
    /// The spelling of `id`, of which at most 64 letters and digits are looked at.
    pub(crate) fn new(id: &str) -> Self {
        let folded = fold(id);
        let (mut squash, mut ends) = (String::with_capacity(folded.len()), Vec::with_capacity(8));
        let (from, to) = core_span(&folded);
        let mut core = (usize::MAX, 0);
        let mut at = 0;
        for segment in folded.split(|c: char| !c.is_ascii_alphanumeric()) {
            let mut rest = segment;
            let mut start = at;
            while !rest.is_empty() && squash.len() < MAX_LEN {
                let len = token_len(rest).min(MAX_LEN - squash.len());
                squash.push_str(&rest[..len]);
                if start >= from && start + len <= to {
                    core = (core.0.min(ends.len()), ends.len() + 1);
                }
                ends.push(squash.len() as u8);
                (rest, start) = (&rest[len..], start + len);
            }
            // Every separator is one byte here, or a longer character that is one separator.
            at += segment.len();
            at += folded[at..].chars().next().map_or(0, char::len_utf8);
        }
        if core.0 >= core.1 {
            core = (0, ends.len());
        }
        let marks = marks(&folded);
        Self {
            squash,
            ends,
            marks,
            core,
        }
    }

    /// The tokens, in order.
    pub(crate) fn tokens(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        (0..self.ends.len()).map(|at| self.token(at))
    }

    /// The token at `at`.
    pub(crate) fn token(&self, at: usize) -> &str {
        &self.squash[self.start(at)..usize::from(self.ends[at])]
    }

    /// The core, squashed.
    pub(crate) fn core(&self) -> &str {
        let (from, to) = self.core;
        if from >= to {
            ""
        } else {
            &self.squash[self.start(from)..usize::from(self.ends[to - 1])]
        }
    }

    /// The tokens of the core, sorted and then squashed.
    pub(crate) fn sorted_core(&self) -> String {
        let mut tokens: Vec<&str> = (self.core.0..self.core.1).map(|at| self.token(at)).collect();
        tokens.sort_unstable();
        tokens.concat()
    }

    fn start(&self, at: usize) -> usize {
        if at == 0 {
            0
        } else {
            usize::from(self.ends[at - 1])
        }
    }
}

/// `id` in lower case, with characters that only look different replaced by plain ones, and those that do not belong
/// (quotes, invisible ones) left out. Blanks become dashes.
pub(crate) fn fold(id: &str) -> String {
    let mut out = String::with_capacity(id.len());
    for c in id.trim().chars() {
        let c = match c {
            c if c.is_ascii_alphanumeric() => c.to_ascii_lowercase(),
            '"' | '\'' | '`' | '\u{2018}'..='\u{201f}' | '\u{ab}' | '\u{bb}' => continue,
            c if is_invisible(c) => continue,
            c if c.is_whitespace() => '-',
            '+' => {
                out.push_str("-plus");
                continue;
            }
            c => plain(c),
        };
        // A blank beside a separator says nothing.
        if c == '-' && out.ends_with('-') {
            continue;
        }
        out.push(c);
    }
    out
}

/// The characters of `id` that are neither letters nor digits, an underscore as a dash.
pub(crate) fn marks(id: &str) -> String {
    let mark = |c: char| if c == '_' { '-' } else { c };
    id.chars()
        .filter(|c| !c.is_ascii_alphanumeric())
        .map(mark)
        .collect()
}

/// The plain character that `c` looks like; `c` where there is none.
pub(crate) fn plain(c: char) -> char {
    const LOOKS: &[(&str, char)] = &[
        ("аαａ", 'a'),
        ("ьЬ", 'b'),
        ("сϲС", 'c'),
        ("ԁ", 'd'),
        ("еЕεё", 'e'),
        ("ɡ", 'g'),
        ("һНн", 'h'),
        ("іΙιıІ", 'i'),
        ("јЈ", 'j'),
        ("кκК", 'k'),
        ("ӏⅼ", 'l'),
        ("мМ", 'm'),
        ("ոп", 'n'),
        ("оοОΟσ", 'o'),
        ("рρР", 'p'),
        ("ԛ", 'q'),
        ("г", 'r'),
        ("ѕЅ", 's'),
        ("тτТ", 't'),
        ("υս", 'u'),
        ("νѵ", 'v'),
        ("ѡ", 'w'),
        ("хχХ", 'x'),
        ("уγУ", 'y'),
        ("‐‑‒–—―−﹣⁃﹘", '-'),
        ("․﹒。·", '.'),
        ("∶꞉", ':'),
        ("∕⁄", '/'),
    ];
    if c.is_ascii() {
        return c;
    }
    if let Some(wide) = ('\u{ff01}'..='\u{ff5e}')
        .contains(&c)
        .then(|| u32::from(c) - 0xfee0)
    {
        return char::from_u32(wide).map_or(c, |c| c.to_ascii_lowercase());
    }
    LOOKS
        .iter()
        .find(|(all, _)| all.contains(c))
        .map_or(c, |(_, plain)| *plain)
}

/// The length of the first token of `segment`, which has letters and digits only: a run of two letters or more, or
/// digits with the single letters around them (`4o`, `8x22b`, `v3`).
fn token_len(segment: &str) -> usize {
    let bytes = segment.as_bytes();
    let run = |from: usize| {
        let digit = bytes[from].is_ascii_digit();
        bytes[from..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit() == digit)
            .count()
    };
    let first = run(0);
    if !bytes[0].is_ascii_digit() && first > 1 {
        return first;
    }
    let mut len = first;
    while len < bytes.len() {
        let next = run(len);
        if !bytes[len].is_ascii_digit() && next > 1 {
            break;
        }
        len += next;
    }
    len
}

/// The part of `id` that names the model: no account, region or vendor before it, no version of the offer, tag or date
/// after it.
pub(crate) fn core_span(id: &str) -> (usize, usize) {
    let mut from = id.rfind('/').map_or(0, |at| at + 1);
    let mut vendor = false;
    while let Some((head, rest)) = id[from..].split_once('.') {
        let dotted = GEOS.contains(&head) || VENDORS.contains(&head);
        if !dotted || rest.len() < 5 {
            break;
        }
        vendor = true;
        from += head.len() + 1;
    }
    let mut name = &id[from..];
    if let Some(at) = name.find([':', '@']).filter(|at| *at > 0) {
        vendor |= name[at..].starts_with(":0");
        name = &name[..at];
    }
    name = name.strip_suffix("-maas").unwrap_or(name);
    if vendor && let Some((head, "0" | "1" | "2")) = name.rsplit_once("-v") {
        name = head;
    }
    name = name.strip_suffix("-latest").unwrap_or(name);
    name = &name[..name.len() - date_len(name)];
    name = name.strip_suffix("-preview").unwrap_or(name);
    (from, from + name.len())
}

/// The length of the date or release number at the end of `id`, its dash included; 0 where there is none.
pub(crate) fn date_len(id: &str) -> usize {
    const FORMS: &[&str] = &["-dddd-dd-dd", "-dddddddd", "-dd-dddd", "-dd-dd", "-dddd", "-0dd"];
    let fits = |form: &&&str| {
        id.len() > form.len()
            && form
                .bytes()
                .zip(id[id.len() - form.len()..].bytes())
                .all(|(want, got)| {
                    if want == b'd' {
                        got.is_ascii_digit()
                    } else {
                        want == got
                    }
                })
    };
    let boundary = |form: &&&str| id.is_char_boundary(id.len().saturating_sub(form.len()));
    FORMS
        .iter()
        .filter(boundary)
        .find(fits)
        .map_or(0, |form| form.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(id: &str) -> Vec<String> {
        Spelling::new(id).tokens().map(str::to_owned).collect()
    }

    #[test]
    fn ids_fall_into_words_and_numbers() {
        assert_eq!(tokens("gpt-4o-mini"), ["gpt", "4o", "mini"]);
        assert_eq!(tokens("gpt4o"), ["gpt", "4o"]);
        assert_eq!(tokens("llama3.1-70b"), ["llama", "3", "1", "70b"]);
        assert_eq!(tokens("open-mixtral-8x22b"), ["open", "mixtral", "8x22b"]);
        assert_eq!(tokens("GPT — 4"), ["gpt", "4"]);
        assert_eq!(tokens("\"o3 mini\""), ["o3", "mini"]);
        assert_eq!(tokens(""), [""; 0]);
    }

    #[test]
    fn the_core_has_no_decoration() {
        for (id, core) in [
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claudesonnet45"),
            ("claude-3-5-sonnet-v2@20241022", "claude35sonnetv2"),
            ("publishers/google/models/gemini-2.5-flash", "gemini25flash"),
            ("gpt-4o-mini-2024-07-18", "gpt4omini"),
            ("gemini-2.0-flash-001", "gemini20flash"),
            (
                "accounts/fireworks/models/llama-v3p1-8b-instruct",
                "llamav3p18binstruct",
            ),
            ("meta/llama-3.1-405b-instruct-maas", "llama31405binstruct"),
            ("gpt-4", "gpt4"),
        ] {
            assert_eq!(Spelling::new(id).core(), core, "{id}");
        }
    }
}
