//! Wildcard patterns: `*` stands for any text without a line break, everything else for itself.
//!
//! agentgateway @75b4e6ce6, crates/agentgateway/src/llm/policy/mod.rs, `ModelAliasPattern`: anchored, case-sensitive,
//! several `*` allowed anywhere, and `*` also stands for the empty text.

/// A pattern with at least one `*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pattern(String);

impl Pattern {
    /// The pattern in `text`; `None` when it has no `*`.
    ///
    /// ```
    /// use aliasgate::engine::alias::Pattern;
    /// assert!(Pattern::new("gpt-*").is_some_and(|p| p.matches("gpt-")));
    /// assert!(Pattern::new("gpt-4").is_none());
    /// ```
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        text.contains('*').then(|| Self(text.to_owned()))
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether every name matches that has no line break.
    #[must_use]
    pub fn is_catch_all(&self) -> bool {
        self.0.bytes().all(|b| b == b'*')
    }

    /// Whether `name` matches. Linear in the length of `name` times the number of `*`.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        if !name.contains('\n') && !self.0.contains('\n') {
            return line_matches(&self.0, name);
        }
        // A `*` takes no line break, so the lines of both must match one by one.
        let (patterns, names) = (self.0.split('\n'), name.split('\n'));
        patterns.clone().count() == names.clone().count()
            && patterns.zip(names).all(|(p, n)| line_matches(p, n))
    }

    /// Whether some name matches both patterns. Exact; the cost is the product of the two lengths at most.
    ///
    /// ```
    /// use aliasgate::engine::alias::Pattern;
    /// let pattern = |text| Pattern::new(text).expect("has a star");
    /// assert!(pattern("ab*").meets(&pattern("a*c")));
    /// assert!(!pattern("ab*").meets(&pattern("ac*")));
    /// ```
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        let (a, b) = (self.0.as_bytes(), other.0.as_bytes());
        if ends_differ(a.iter(), b.iter()) || ends_differ(a.iter().rev(), b.iter().rev()) {
            return false;
        }
        // meet[j]: the rest of `a` from i and the rest of `b` from j have a name in common; rows from the end.
        let mut below = vec![false; b.len() + 1];
        below[b.len()] = true;
        for j in (0..b.len()).rev() {
            below[j] = b[j] == b'*' && below[j + 1];
        }
        for i in (0..a.len()).rev() {
            let mut row = vec![false; b.len() + 1];
            row[b.len()] = a[i] == b'*' && below[b.len()];
            for j in (0..b.len()).rev() {
                row[j] = match (a[i], b[j]) {
                    (b'*', b'\n') => below[j],
                    (b'\n', b'*') => row[j + 1],
                    (b'*', _) | (_, b'*') => below[j] || row[j + 1],
                    (x, y) => x == y && below[j + 1],
                };
            }
            below = row;
        }
        below[0]
    }

    /// Whether every name that `other` matches is matched by this pattern too. Exact.
    ///
    /// A name of `other` in which each `*` stands for a character that this pattern does not have can be matched only
    /// by a `*` of this pattern there, and then any other text in that place is matched as well.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let fresh = ('\u{e000}'..='\u{f8ff}').find(|c| !self.0.contains(*c));
        fresh.is_some_and(|fresh| self.matches(&other.0.replace('*', fresh.encode_utf8(&mut [0; 4]))))
    }
}

/// Whether the literal heads of two patterns (or, reversed, their tails) exclude each other.
fn ends_differ<'a>(a: impl Iterator<Item = &'a u8>, b: impl Iterator<Item = &'a u8>) -> bool {
    a.zip(b)
        .take_while(|(x, y)| **x != b'*' && **y != b'*')
        .any(|(x, y)| x != y)
}

/// Matches a pattern and a name of one line each: the leftmost place for every middle part is as good as any other.
fn line_matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut name) = name.strip_prefix(head) else {
        return false;
    };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return name.ends_with(part);
        }
        match name.find(part) {
            Some(at) => name = &name[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::new(text).expect("has a star")
    }

    #[test]
    fn star_takes_anything_but_a_line_break() {
        let cases = [
            ("gpt-*", "gpt-4", true),
            ("gpt-*", "gpt-", true),
            ("gpt-*", "GPT-4", false),
            ("*-mini", "gpt-4o-mini", true),
            ("a*b*c", "abbc", true),
            ("a*b*c", "acb", false),
            ("a*a", "a", false),
            ("*", "", true),
            ("**", "x", true),
            ("*", "a\nb", false),
            ("a\n*", "a\nb", true),
            ("*.5", "x.5", true),
            ("*.5", "x-5", false),
        ];
        for (text, name, expected) in cases {
            assert_eq!(pattern(text).matches(name), expected, "{text:?} {name:?}");
        }
    }

    #[test]
    fn a_pattern_covers_what_it_matches_wholly() {
        assert!(pattern("**").covers(&pattern("*")));
        assert!(pattern("gpt-*").covers(&pattern("gpt-4*")));
        assert!(!pattern("gpt-4*").covers(&pattern("gpt-*")));
        assert!(!pattern("*a*").covers(&pattern("*")));
    }
}
