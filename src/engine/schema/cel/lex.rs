//! Text to tokens.

use super::Fault;

/// A literal of the language.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'a> {
    Word(&'a str),
    /// The digits of a whole number, with `0x` where they are hexadecimal.
    Int(&'a str),
    Uint(&'a str),
    Double(&'a str),
    Text(String),
    Bytes(Vec<u8>),
    Sign(&'static str),
    End,
}

/// Longest first, so that `<=` is not read as `<`.
const SIGNS: &[&str] = &[
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".", ",", "(", ")",
    "[", "]", "{", "}",
];

/// The tokens of `text`, with the byte that each begins at. The last is the end.
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token<'_>)>, Fault> {
    let mut found = Vec::new();
    let mut at = 0;
    loop {
        at += blank(&text[at..]);
        let rest = &text[at..];
        let Some(first) = rest.chars().next() else {
            found.push((at, Token::End));
            return Ok(found);
        };
        let (token, length) = if let Some((prefix, raw, bytes)) = quoted(rest) {
            string(&rest[prefix..], raw, bytes)
                .map(|(token, length)| (token, prefix + length))
                .map_err(|message| Fault::new(at, message))?
        } else if first.is_ascii_digit()
            || (first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit()))
        {
            number(rest)
        } else if first == '_' || first.is_ascii_alphabetic() {
            let length = rest
                .bytes()
                .take_while(|b| *b == b'_' || b.is_ascii_alphanumeric())
                .count();
            (Token::Word(&rest[..length]), length)
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Token::Sign(sign), sign.len())
        } else {
            return Err(Fault::new(
                at,
                format!(
                    "Syntax error: token recognition error at: '{}'",
                    first.escape_debug()
                ),
            ));
        };
        found.push((at, token));
        at += length;
    }
}

/// How long the blanks and comments at the head of `text` are.
fn blank(text: &str) -> usize {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n', '\u{c}']);
        match rest.strip_prefix("//") {
            Some(comment) => rest = comment.find('\n').map_or("", |end| &comment[end..]),
            None => return text.len() - rest.len(),
        }
    }
}

/// Whether `text` begins with a quoted string: the length of its prefix, whether it is raw, whether it is bytes.
fn quoted(text: &str) -> Option<(usize, bool, bool)> {
    let letters = text
        .bytes()
        .take_while(|b| matches!(b, b'r' | b'R' | b'b' | b'B'))
        .take(2)
        .count();
    if !text[letters..].starts_with(['"', '\'']) {
        return None;
    }
    match text[..letters].to_ascii_lowercase().as_str() {
        "" => Some((0, false, false)),
        "r" => Some((1, true, false)),
        "b" => Some((1, false, true)),
        "br" => Some((2, true, true)),
        _ => None,
    }
}

/// The string that begins with the quote at the head of `text`, and its length with the quotes.
fn string(text: &str, raw: bool, bytes: bool) -> Result<(Token<'static>, usize), String> {
    let quote = &text[..1];
    let triple = quote.repeat(3);
    let end = if text.starts_with(&triple) {
        triple.as_str()
    } else {
        quote
    };
    let mut at = end.len();
    let mut out = Vec::new();
    loop {
        let rest = &text[at..];
        if rest.starts_with(end) {
            at += end.len();
            break;
        }
        let Some(c) = rest
            .chars()
            .next()
            .filter(|c| end.len() == 3 || !matches!(c, '\n' | '\r'))
        else {
            return Err("Syntax error: the string has no end".to_owned());
        };
        at += match c {
            '\\' if !raw => escape(rest, bytes, &mut out)?,
            '\\' => {
                // A raw string keeps the backslash, and the quote behind it does not end it.
                let length = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
                out.extend_from_slice(&rest.as_bytes()[..length]);
                length
            }
            c => {
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                c.len_utf8()
            }
        };
    }
    if bytes {
        return Ok((Token::Bytes(out), at));
    }
    String::from_utf8(out)
        .map(|text| (Token::Text(text), at))
        .map_err(|_| "Syntax error: the string is not UTF-8".to_owned())
}

/// Adds the meaning of the escape at the head of `text` to `out`; its length.
fn escape(text: &str, bytes: bool, out: &mut Vec<u8>) -> Result<usize, String> {
    let bad = || "unable to unescape string".to_owned();
    let kind = text[1..].chars().next().ok_or_else(bad)?;
    let simple = match kind {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' | '?' | '"' | '\'' | '`' => kind as u8,
        _ => 0,
    };
    if simple != 0 {
        out.push(simple);
        return Ok(2);
    }
    let (start, digits, base) = match kind {
        'x' | 'X' => (2, 2, 16),
        'u' if !bytes => (2, 4, 16),
        'U' if !bytes => (2, 8, 16),
        '0'..='3' => (1, 3, 8),
        _ => return Err(bad()),
    };
    let code = text.get(start..start + digits).ok_or_else(bad)?;
    if !code.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(bad());
    }
    let code = u32::from_str_radix(code, base).map_err(|_| bad())?;
    if bytes {
        out.push(u8::try_from(code).map_err(|_| bad())?);
    } else {
        let c = char::from_u32(code).ok_or_else(bad)?;
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
    Ok(start + digits)
}

/// The number at the head of `text`, and its length.
fn number(text: &str) -> (Token<'_>, usize) {
    let digits = |from: usize| text[from..].bytes().take_while(u8::is_ascii_digit).count();
    let unsigned = |end: usize| text[end..].starts_with(['u', 'U']);
    if let Some(hex) = text.strip_prefix("0x") {
        let length = 2 + hex.bytes().take_while(u8::is_ascii_hexdigit).count();
        if length > 2 {
            let number = &text[..length];
            return if unsigned(length) {
                (Token::Uint(number), length + 1)
            } else {
                (Token::Int(number), length)
            };
        }
    }
    let whole = digits(0);
    let mut end = whole;
    if text[end..].starts_with('.') && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    if text[end..].starts_with(['e', 'E']) {
        let sign = usize::from(text[end + 1..].starts_with(['+', '-']));
        let power = digits(end + 1 + sign);
        if power > 0 {
            end += 1 + sign + power;
        }
    }
    if end > whole {
        return (Token::Double(&text[..end]), end);
    }
    let number = &text[..whole];
    if unsigned(whole) {
        (Token::Uint(number), whole + 1)
    } else {
        (Token::Int(number), whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Result<Token<'_>, String> {
        tokens(text)
            .map(|mut all| all.swap_remove(0).1)
            .map_err(|fault| fault.message)
    }

    #[test]
    fn strings_are_unescaped_once() {
        assert_eq!(
            one(r"'a\n\x41\u00e9\101\''"),
            Ok(Token::Text("a\nA\u{e9}A'".to_owned()))
        );
        assert_eq!(one(r"r'a\n'"), Ok(Token::Text(r"a\n".to_owned())));
        assert_eq!(one(r"b'\xff\101'"), Ok(Token::Bytes(vec![255, 65])));
        assert_eq!(one("'''it's\n'''"), Ok(Token::Text("it's\n".to_owned())));
        assert!(one("'a").is_err());
        assert!(one("'a\nb'").is_err());
        assert!(one(r"'\u12'").is_err());
        assert!(one(r"'\").is_err());
        assert!(one(r"'\ué'").is_err());
    }

    #[test]
    fn numbers_keep_their_kind() {
        assert_eq!(one("1.5e3"), Ok(Token::Double("1.5e3")));
        assert_eq!(one(".5"), Ok(Token::Double(".5")));
        assert_eq!(one("7u"), Ok(Token::Uint("7")));
        assert_eq!(one("0x1F"), Ok(Token::Int("0x1F")));
        assert_eq!(one("1.size"), Ok(Token::Int("1")));
        assert_eq!(one("1e"), Ok(Token::Int("1")));
    }
}
