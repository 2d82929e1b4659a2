//! Patterns in the syntax of Go's regexp, which is RE2's, run by the regex crate.
//!
//! Both are automata without look-around. Where one text means different things to them, it is translated: `\d`,
//! `\w`, `\s` and `\b` are ASCII, `[` within a class is a bracket, `{` that repeats nothing is a brace, `\Q…\E`
//! quotes. What only the regex crate takes is an error here too.

use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};

/// Most memory of one compiled pattern; a larger one is not run.
const MAX_SIZE: usize = 10 * 1024 * 1024; // bytes
/// Most repetitions of one part, as in Go.
const MAX_REPEAT: u32 = 1000;

/// A pattern, compiled when it is first used.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) source: String,
    regex: OnceLock<Result<Regex, String>>,
}

impl Pattern {
    pub(super) fn new(source: &str) -> Self {
        Self {
            source: source.to_owned(),
            regex: OnceLock::new(),
        }
    }

    /// The compiled pattern.
    ///
    /// # Errors
    /// When it is none, with the reason.
    pub(super) fn regex(&self) -> Result<&Regex, &str> {
        self.regex
            .get_or_init(|| compile(&self.source))
            .as_ref()
            .map_err(String::as_str)
    }
}

/// The regex that means what `source` means to Go.
///
/// # Errors
/// When Go does not take it, or it is too large.
pub(super) fn compile(source: &str) -> Result<Regex, String> {
    let translated = Translator {
        rest: source,
        out: String::with_capacity(source.len() + 16),
    }
    .run()?;
    RegexBuilder::new(&translated)
        .size_limit(MAX_SIZE)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(limit) => format!("the pattern needs more than {limit} bytes"),
            error => format!(
                "error parsing regexp: {}",
                error.to_string().lines().last().unwrap_or_default()
            ),
        })
}

struct Translator<'a> {
    rest: &'a str,
    out: String,
}

fn wrong(what: &str) -> String {
    format!("error parsing regexp: {what}")
}

impl Translator<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.rest.strip_prefix(text);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn run(mut self) -> Result<String, String> {
        let mut repeated = false;
        while let Some(c) = self.next() {
            let repeats = match c {
                '*' | '+' | '?' => Some(String::from(c)),
                '{' => self.count()?,
                _ => None,
            };
            if let Some(repeats) = repeats {
                if repeated {
                    return Err(wrong("invalid nested repetition operator"));
                }
                self.out.push_str(&repeats);
                if self.eat("?") {
                    self.out.push('?');
                }
                repeated = true;
                continue;
            }
            repeated = false;
            match c {
                '\\' => self.escape(false)?,
                '[' => self.class()?,
                '{' => self.out.push_str("\\{"),
                '}' => self.out.push_str("\\}"),
                '(' => self.group()?,
                c => self.out.push(c),
            }
        }
        Ok(self.out)
    }

    /// `{n}`, `{n,}` or `{n,m}` behind the brace that was read; `None` when the brace stands for itself.
    fn count(&mut self) -> Result<Option<String>, String> {
        let Some((inside, rest)) = self.rest.split_once('}') else {
            return Ok(None);
        };
        let (low, high) = inside
            .split_once(',')
            .map_or((inside, None), |(low, high)| (low, Some(high)));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(low) || high.is_some_and(|high| !high.is_empty() && !digits(high)) {
            return Ok(None);
        }
        let number = |text: &str| text.parse::<u32>().unwrap_or(u32::MAX);
        let top = high.filter(|high| !high.is_empty()).map_or(number(low), number);
        if top > MAX_REPEAT || number(low) > top {
            return Err(wrong("invalid repeat count"));
        }
        self.rest = rest;
        Ok(Some(format!("{{{inside}}}")))
    }

    fn group(&mut self) -> Result<(), String> {
        self.out.push('(');
        if !self.rest.starts_with('?') || self.rest.starts_with("?P<") || self.rest.starts_with("?<") {
            return Ok(());
        }
        let end = self
            .rest
            .find([':', ')'])
            .ok_or_else(|| wrong("missing closing )"))?;
        if !self.rest[1..end]
            .chars()
            .all(|c| matches!(c, 'i' | 'm' | 's' | 'U' | '-'))
        {
            return Err(wrong("invalid or unsupported Perl syntax"));
        }
        self.out.push_str(&self.rest[..=end]);
        self.rest = &self.rest[end + 1..];
        Ok(())
    }

    /// The escape behind the backslash that was read.
    fn escape(&mut self, in_class: bool) -> Result<(), String> {
        let c = self
            .next()
            .ok_or_else(|| wrong("trailing backslash at end of expression"))?;
        let set = match c {
            'd' | 'D' => Some("0-9"),
            'w' | 'W' => Some("0-9A-Za-z_"),
            's' | 'S' => Some("\\t\\n\\f\\r "),
            _ => None,
        };
        if let Some(set) = set {
            let negated = if c.is_ascii_uppercase() { "^" } else { "" };
            let whole = if in_class && negated.is_empty() {
                set.to_owned()
            } else {
                format!("[{negated}{set}]")
            };
            self.out.push_str(&whole);
            return Ok(());
        }
        match c {
            'b' if !in_class => self.out.push_str("(?-u:\\b)"),
            'B' | 'A' | 'z' if !in_class => self.out.extend(['\\', c]),
            'a' | 'f' | 't' | 'n' | 'r' | 'v' => self.out.extend(['\\', c]),
            'Q' if !in_class => {
                let (quoted, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
                self.rest = rest;
                self.out.push_str(&regex::escape(quoted));
            }
            'p' | 'P' => {
                let negated = self.eat("{^");
                let positive = (c == 'p') != negated;
                self.out.push_str(if positive { "\\p" } else { "\\P" });
                self.braces(negated);
            }
            'x' => {
                self.out.push_str("\\x");
                self.braces(false);
            }
            '0'..='7' => self.octal(c)?,
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => {
                self.out.push_str(&regex::escape(&String::from(c)))
            }
            c => return Err(wrong(&format!("invalid escape sequence: `\\{c}`"))),
        }
        Ok(())
    }

    /// What stands in braces, as it is; `open` when the first was read already.
    fn braces(&mut self, open: bool) {
        if !open && !self.rest.starts_with('{') {
            return;
        }
        if open {
            self.out.push('{');
        }
        let end = self.rest.find('}').map_or(self.rest.len(), |at| at + 1);
        self.out.push_str(&self.rest[..end]);
        self.rest = &self.rest[end..];
    }

    fn octal(&mut self, first: char) -> Result<(), String> {
        let more = self
            .rest
            .chars()
            .take(2)
            .take_while(|c| matches!(c, '0'..='7'))
            .count();
        if first != '0' && more == 0 {
            return Err(wrong(
                "invalid escape sequence: back references are not supported",
            ));
        }
        let digits = format!("{first}{}", &self.rest[..more]);
        self.rest = &self.rest[more..];
        let code = u32::from_str_radix(&digits, 8).unwrap_or_default();
        self.out.push_str(&format!("\\x{{{code:x}}}"));
        Ok(())
    }

    /// A class behind the bracket that was read.
    fn class(&mut self) -> Result<(), String> {
        self.out.push('[');
        if self.eat("^") {
            self.out.push('^');
        }
        if self.eat("]") {
            self.out.push_str("\\]");
        }
        let mut first = true;
        loop {
            let c = self.next().ok_or_else(|| wrong("missing closing ]"))?;
            match c {
                ']' => {
                    self.out.push(']');
                    return Ok(());
                }
                '[' if self.rest.starts_with(':') && self.rest.contains(":]") => {
                    let (name, rest) = self.rest.split_once(":]").unwrap_or((self.rest, ""));
                    self.rest = rest;
                    self.out.push_str(&format!("[{name}:]"));
                }
                '\\' => self.escape(true)?,
                '-' if first => self.out.push_str("\\-"),
                '-' if self.eat("-") => self.out.push_str("-\\-"),
                '[' | '&' | '~' => self.out.extend(['\\', c]),
                c => self.out.push(c),
            }
            first = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        compile(pattern)
            .unwrap_or_else(|error| panic!("{pattern}: {error}"))
            .is_match(text)
    }

    #[test]
    fn what_go_means_is_meant() {
        for (pattern, text, expected) in [
            (r"^\d+$", "٣", false),
            (r"^\w+$", "é", false),
            (r"^[\w.]+$", "a.b_1", true),
            (r"^[^\W]+$", "ab", true),
            (r"^\D$", "٣", true),
            (r"^[[:alpha:]]+$", "abc", true),
            (r"^[[]$", "[", true),
            (r"^[]a]+$", "]a", true),
            (r"^[a&&b]+$", "a&b", true),
            (r"^x{,3}$", "x{,3}", true),
            (r"^x{$", "x{", true),
            (r"\Qa.b\E", "a.b", true),
            (r"\Qa.b\E", "acb", false),
            (r"(?i)ABC\z", "abc", true),
            (r"^\x41\x{42}\103$", "ABC", true),
            (r"^\p{^L}$", "1", true),
            (r"a\<b", "a<b", true),
            (r"\bfoo\b", "a foo b", true),
            (r"^[+--]$", ",", true),
            (r"^(?P<x>a)(?:b)$", "ab", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for pattern in [
            "(?=a)", "a**", r"\1", r"\u0041", "(?x)a", "a{1001}", "(", "[a", r"\Z", "a{2}{3}", r"\",
        ] {
            assert!(compile(pattern).is_err(), "{pattern}");
        }
    }
}
