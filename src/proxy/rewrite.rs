//! Finds the model in a JSON body and replaces those bytes only.
//!
//! One pass checks the whole body against RFC 8259 and notes where the value of the top-level `model` stands. Nothing
//! is built from the body and nothing is written anew, so numbers, escapes, blanks and the order of keys reach the
//! provider as the client sent them.

use std::{borrow::Cow, ops::Range};

use bytes::Bytes;
use thiserror::Error;

/// Deepest nesting of arrays and objects, the outermost object included.
pub const MAX_DEPTH: usize = 1024;

/// The key whose value is replaced.
const KEY: &str = "model";

/// Why a body cannot be sent on. Offsets count bytes from 0.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// Nothing, or nothing but blanks.
    #[error("the body is empty; a JSON object with a \"model\" is expected")]
    Empty,
    /// A byte order mark, which RFC 8259 forbids.
    #[error("the body starts with a byte order mark; send JSON without one")]
    ByteOrderMark,
    /// Bytes that are no UTF-8.
    #[error("the body is not valid UTF-8 at byte {at}")]
    Encoding {
        /// The first wrong byte.
        at: usize,
    },
    /// Not JSON.
    #[error("the body is not valid JSON: expected {expected} at byte {at}")]
    Syntax {
        /// Where it goes wrong; the length of the body where that ends too early.
        at: usize,
        /// What could stand there.
        expected: &'static str,
    },
    /// More levels than [`MAX_DEPTH`].
    #[error("the body is nested deeper than {MAX_DEPTH} levels at byte {at}")]
    TooDeep {
        /// The bracket that opens the level too many.
        at: usize,
    },
    /// A whole value, and then something else.
    #[error("the body goes on after the end of its JSON value, at byte {at}")]
    Trailing {
        /// The first byte too many.
        at: usize,
    },
    /// JSON, but an array, a string, a number, a boolean or null.
    #[error("the body is not a JSON object")]
    NotObject,
    /// No `model` at the top level.
    #[error("the body has no \"model\" at its top level")]
    Missing,
    /// A `model` that is null.
    #[error("\"model\" is null at byte {at}; a string is expected")]
    Null {
        /// Where the value stands.
        at: usize,
    },
    /// A `model` that is a number, a boolean, an array or an object.
    #[error("\"model\" is not a string at byte {at}")]
    NotString {
        /// Where the value stands.
        at: usize,
    },
    /// Two keys that both read `model`: parsers differ on which of them counts.
    #[error("the body has two \"model\" keys, at byte {first} and at byte {second}; send one")]
    Duplicate {
        /// The first key.
        first: usize,
        /// The second key.
        second: usize,
    },
    /// A `model` with half of a surrogate pair, which no string of Unicode can hold.
    #[error("\"model\" has a lone surrogate escape, in the string at byte {at}")]
    LoneSurrogate {
        /// Where the string stands.
        at: usize,
    },
}

impl Fault {
    /// Whether the fault is about the value of `model` and not about the body as a whole.
    #[must_use]
    pub const fn is_about_model(&self) -> bool {
        use Fault::{Duplicate, LoneSurrogate, Missing, NotString, Null};
        matches!(
            self,
            Missing | Null { .. } | NotString { .. } | Duplicate { .. } | LoneSurrogate { .. }
        )
    }
}

/// The model that a body asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model<'a> {
    /// The name, unescaped.
    pub name: Cow<'a, str>,
    /// The bytes of its JSON string, quotes included.
    pub range: Range<usize>,
}

/// Checks `body` and finds its model. Time is linear in the length of the body; nothing is allocated but the name
/// where it has escapes.
///
/// ```
/// use aliasgate::proxy::rewrite::find;
/// let model = find(br#"{"m\u006fdel": "fast", "n": 1e400}"#).unwrap();
/// assert_eq!((model.name.as_ref(), model.range), ("fast", 15..21));
/// ```
///
/// # Errors
/// The first thing that keeps the body from being sent on.
pub fn find(body: &[u8]) -> Result<Model<'_>, Fault> {
    if body.starts_with("\u{feff}".as_bytes()) {
        return Err(Fault::ByteOrderMark);
    }
    let mut scan = Scan { body, at: 0 };
    scan.blanks();
    let Some(first) = scan.peek() else {
        return Err(Fault::Empty);
    };
    if first != b'{' {
        scan.value(0)?;
        scan.end()?;
        return Err(Fault::NotObject);
    }
    let (key, found) = scan.members()?;
    scan.end()?;
    let at = found.start;
    match key {
        None => Err(Fault::Missing),
        Some(_) if body[at] == b'n' => Err(Fault::Null { at }),
        Some(_) if body[at] != b'"' => Err(Fault::NotString { at }),
        Some(_) => match scan.unescaped(found.clone()) {
            Some(name) => Ok(Model { name, range: found }),
            None => Err(Fault::LoneSurrogate { at }),
        },
    }
}

/// The parts of `body` with `target` instead of the string at `range`, none of them copied from `body`.
#[must_use]
pub fn replace(body: &Bytes, range: Range<usize>, target: &str) -> [Bytes; 3] {
    let quoted = serde_json::Value::from(target).to_string();
    [
        body.slice(..range.start),
        Bytes::from(quoted),
        body.slice(range.end..),
    ]
}

/// A position in a body.
struct Scan<'a> {
    body: &'a [u8],
    at: usize,
}

impl<'a> Scan<'a> {
    fn peek(&self) -> Option<u8> {
        self.body.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    const fn expected<T>(&self, expected: &'static str) -> Result<T, Fault> {
        Err(Fault::Syntax {
            at: self.at,
            expected,
        })
    }

    /// Nothing but blanks may follow.
    fn end(&mut self) -> Result<(), Fault> {
        self.blanks();
        if self.at == self.body.len() {
            Ok(())
        } else {
            Err(Fault::Trailing { at: self.at })
        }
    }

    /// The outermost object: where its `model` key stands, if anywhere, and the bytes of the value.
    fn members(&mut self) -> Result<(Option<usize>, Range<usize>), Fault> {
        let (mut model, mut found) = (None, 0..0);
        self.at += 1;
        self.blanks();
        if self.eat(b'}') {
            return Ok((model, found));
        }
        loop {
            self.blanks();
            let key_at = self.at;
            let is_model = self.key()?;
            self.blanks();
            let start = self.at;
            self.value(1)?;
            if is_model {
                if let Some(first) = model.replace(key_at) {
                    return Err(Fault::Duplicate {
                        first,
                        second: key_at,
                    });
                }
                found = start..self.at;
            }
            self.blanks();
            if self.eat(b'}') {
                return Ok((model, found));
            }
            if !self.eat(b',') {
                return self.expected("\",\" or \"}\"");
            }
        }
    }

    /// A key and its colon; whether the key reads `model`.
    fn key(&mut self) -> Result<bool, Fault> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return self.expected("a key in double quotes");
        }
        let escaped = self.string()?;
        let raw = start..self.at;
        self.blanks();
        if !self.eat(b':') {
            return self.expected("\":\"");
        }
        Ok(if escaped {
            self.unescaped(raw).is_some_and(|key| key == KEY)
        } else {
            self.body[raw.start + 1..raw.end - 1] == *KEY.as_bytes()
        })
    }

    /// One value of any kind inside `outer` levels. A bit a level says whether it is an object, so depth costs no
    /// stack.
    fn value(&mut self, outer: usize) -> Result<(), Fault> {
        let mut levels = Levels::default();
        loop {
            self.blanks();
            let opened = match self.peek() {
                Some(open @ (b'{' | b'[')) => self.open(open == b'{', outer, &mut levels)?,
                Some(b'"') => self.string().map(|_| false)?,
                _ => self.scalar().map(|()| false)?,
            };
            if !opened && self.close(&mut levels)? {
                return Ok(());
            }
        }
    }

    /// Steps into an array or object; `false` when it is empty and thus at its end already.
    fn open(&mut self, object: bool, outer: usize, levels: &mut Levels) -> Result<bool, Fault> {
        if outer + levels.depth >= MAX_DEPTH {
            return Err(Fault::TooDeep { at: self.at });
        }
        self.at += 1;
        self.blanks();
        if self.eat(if object { b'}' } else { b']' }) {
            return Ok(false);
        }
        levels.push(object);
        if object {
            self.key()?;
        }
        Ok(true)
    }

    /// After a value: closes what ends here. `true` when nothing is open any more, `false` when another value follows.
    fn close(&mut self, levels: &mut Levels) -> Result<bool, Fault> {
        while let Some(object) = levels.top() {
            self.blanks();
            if self.eat(b',') {
                if object {
                    self.blanks();
                    self.key()?;
                }
                return Ok(false);
            }
            if !self.eat(if object { b'}' } else { b']' }) {
                return self.expected(if object {
                    "\",\" or \"}\""
                } else {
                    "\",\" or \"]\""
                });
            }
            levels.depth -= 1;
        }
        Ok(true)
    }

    /// A string; whether it has escapes. Outside of strings JSON is ASCII, so this is where UTF-8 is checked, and only
    /// for strings that have more than ASCII.
    fn string(&mut self) -> Result<bool, Fault> {
        let start = self.at;
        let (mut escaped, mut wide) = (false, false);
        self.at += 1;
        loop {
            let (length, more_than_ascii) = plain(&self.body[self.at..]);
            self.at += length;
            wide |= more_than_ascii;
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    self.escape()?;
                    escaped = true;
                }
                Some(_) => return self.expected("an escape instead of a control character"),
                None => return self.expected("the end of a string"),
            }
        }
        if wide && let Err(error) = str::from_utf8(&self.body[start..self.at]) {
            let at = start + error.valid_up_to();
            return Err(Fault::Encoding { at });
        }
        self.at += 1;
        Ok(escaped)
    }

    fn escape(&mut self) -> Result<(), Fault> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.peek().is_some_and(|b| b.is_ascii_hexdigit()) {
                        return self.expected("four hexadecimal digits");
                    }
                    self.at += 1;
                }
            }
            _ => return self.expected("one of \"\\/bfnrtu after a backslash"),
        }
        Ok(())
    }

    /// A number, a boolean or null.
    fn scalar(&mut self) -> Result<(), Fault> {
        for word in [&b"true"[..], b"false", b"null"] {
            if self.body[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(());
            }
        }
        if !matches!(self.peek(), Some(b'-' | b'0'..=b'9')) {
            return self.expected("a value");
        }
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _signed = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        Ok(())
    }

    /// At least one digit.
    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start {
            self.expected("a digit")
        } else {
            Ok(())
        }
    }

    /// What the string at `raw` says; `None` where an escape is half of a surrogate pair.
    fn unescaped(&self, raw: Range<usize>) -> Option<Cow<'a, str>> {
        let inner = str::from_utf8(&self.body[raw.start + 1..raw.end - 1]).ok()?;
        if !inner.contains('\\') {
            return Some(Cow::Borrowed(inner));
        }
        // The grammar holds already, so a lone surrogate is all that is left to go wrong.
        serde_json::from_slice(&self.body[raw]).ok().map(Cow::Owned)
    }
}

/// The open arrays and objects: one bit a level, set for an object.
#[derive(Default)]
struct Levels {
    objects: [u64; MAX_DEPTH / 64],
    depth: usize,
}

impl Levels {
    fn push(&mut self, object: bool) {
        let (word, bit) = (self.depth / 64, self.depth % 64);
        self.objects[word] = self.objects[word] & !(1 << bit) | u64::from(object) << bit;
        self.depth += 1;
    }

    fn top(&self) -> Option<bool> {
        let last = self.depth.checked_sub(1)?;
        Some(self.objects[last / 64] >> (last % 64) & 1 == 1)
    }
}

/// How many bytes at the head of `bytes` can stand in a string as they are: no quote, backslash or control character;
/// and whether any byte up to there or a few further is more than ASCII.
///
/// Eight bytes are tested at once: the top bit of each byte of `hit` says whether that byte is one of the three. A
/// carry can set a bit wrongly only above a right one, and the lowest is all that counts.
fn plain(bytes: &[u8]) -> (usize, bool) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = ONES << 7;
    const WORD: usize = size_of::<u64>();
    let equals = |word: u64, byte: u8| {
        let zero = word ^ (ONES * u64::from(byte));
        zero.wrapping_sub(ONES) & !zero
    };
    let (mut at, mut tops) = (0, 0);
    let (words, rest) = bytes.as_chunks::<WORD>();
    for word in words {
        let word = u64::from_le_bytes(*word);
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let hit = (control | equals(word, b'"') | equals(word, b'\\')) & TOPS;
        tops |= word & TOPS;
        if hit != 0 {
            return (at + hit.trailing_zeros() as usize / 8, tops != 0);
        }
        at += WORD;
    }
    let plain = rest
        .iter()
        .take_while(|b| **b >= 0x20 && **b != b'"' && **b != b'\\')
        .count();
    (at + plain, tops != 0 || !rest.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_stops_at_each_special_byte_wherever_it_stands() {
        for special in [0x00, 0x1f, b'"', b'\\'] {
            for at in 0..40 {
                let mut bytes = vec![0xc3; 48];
                bytes[at] = special;
                assert_eq!(plain(&bytes).0, at, "{special:#x}");
            }
        }
        assert_eq!(plain("é \u{7f}!#[]".repeat(5).as_bytes()), (40, true));
        assert_eq!(plain(b"only ASCII here, in 35 bytes or so."), (35, false));
    }

    #[test]
    fn levels_remember_what_was_opened() {
        let mut levels = Levels::default();
        for at in 0..MAX_DEPTH {
            levels.push(at % 3 == 0);
        }
        while let Some(object) = levels.top() {
            assert_eq!(object, (levels.depth - 1) % 3 == 0);
            levels.depth -= 1;
        }
    }
}
