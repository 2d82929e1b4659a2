//! JSON text, one document after another, to documents.

use serde_json::{Deserializer, Value, value::RawValue};

use super::{
    documents::{Document, Place, SyntaxError},
    scalar,
    tree::Builder,
};

/// Adds the documents of `text` to `out`.
///
/// # Errors
/// The first fault. The documents before it are in `out`.
pub(super) fn read(text: &str, out: &mut Vec<Document>) -> Result<(), SyntaxError> {
    let mut walker = Walker {
        builder: Builder::default(),
        text,
        at: 0,
        line: 1,
        column: 1,
    };
    let mut stream = Deserializer::from_str(text).into_iter::<&RawValue>();
    while let Some(raw) = stream.next() {
        raw.map_err(|error| fault(text, &error))?;
        walker.walk(stream.byte_offset())?;
        if let Some((value, places)) = walker.builder.finish() {
            Document::add(value, places, out)?;
        }
    }
    Ok(())
}

/// The fault with its column counted in characters and without the place in its words.
fn fault(text: &str, error: &serde_json::Error) -> SyntaxError {
    let line = text
        .lines()
        .nth(error.line().saturating_sub(1))
        .unwrap_or_default();
    let before = line
        .char_indices()
        .take_while(|(at, _)| *at + 1 < error.column())
        .count();
    Place::new(error.line().max(1), before + 1, 1).fault(words(error))
}

fn words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rfind(" at line ")
        .map_or(text.as_str(), |end| &text[..end])
        .to_owned()
}

/// Goes over JSON whose syntax has been checked, and tells the builder of each part with its place.
struct Walker<'a> {
    builder: Builder,
    text: &'a str,
    /// In bytes.
    at: usize,
    line: usize,
    /// In characters, from 1.
    column: usize,
}

impl Walker<'_> {
    fn walk(&mut self, end: usize) -> Result<(), SyntaxError> {
        while self.at < end {
            let place = Place::new(self.line, self.column, 1);
            match self.text.as_bytes()[self.at] {
                opening @ (b'{' | b'[') => self.builder.open(opening == b'[', place, 0)?,
                b'}' | b']' => self.builder.close()?,
                b'\n' => (self.line, self.column) = (self.line + 1, 0),
                b' ' | b'\t' | b'\r' | b',' | b':' => {}
                _ => {
                    self.scalar(place)?;
                    continue;
                }
            }
            self.at += 1;
            self.column += 1;
        }
        Ok(())
    }

    fn scalar(&mut self, place: Place) -> Result<(), SyntaxError> {
        let rest = &self.text[self.at..];
        let token = &rest[..length(rest.as_bytes())];
        let width = token.chars().count();
        let place = Place::new(place.line as usize, place.column as usize, width);
        let value: Value = serde_json::from_str(token).map_err(|error| place.fault(words(&error)))?;
        self.at += token.len();
        self.column += width;
        match value {
            Value::String(text) if self.builder.wants_key() => {
                self.builder.key(text, place, false);
                Ok(())
            }
            Value::Number(number) if !number.is_i64() => {
                let value = number.as_f64().map_or(Ok(Value::Null), scalar::float);
                self.builder
                    .scalar(value.map_err(|message| place.fault(message))?, place, 0)
            }
            value => self.builder.scalar(value, place, 0),
        }
    }
}

/// The length in bytes of the string, number or word at the head of `rest`; at least 1.
fn length(rest: &[u8]) -> usize {
    if rest[0] != b'"' {
        let end = rest
            .iter()
            .position(|b| matches!(b, b',' | b':' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n'));
        return end.unwrap_or(rest.len()).max(1);
    }
    let mut escaped = false;
    for (at, byte) in rest.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}
