//! YAML text to documents.

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};

use super::{
    documents::{Document, Place, SyntaxError},
    scalar::Scalar,
    tree::Builder,
};

/// Adds the documents of `text` to `out` until the first fault; `skipped` lines came before `text`.
///
/// # Errors
/// The first fault. The documents before it are in `out`.
pub(super) fn read(text: &str, skipped: usize, out: &mut Vec<Document>) -> Result<(), SyntaxError> {
    let mut reader = Reader {
        builder: Builder::default(),
        skipped,
    };
    let mut parser: Parser<'_, StrInput<'_>> = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| {
            let place = Place::new(error.marker().line() + skipped, error.marker().col() + 1, 1);
            place.fault(error.info())
        })?;
        if matches!(event, Event::DocumentEnd) {
            if let Some((value, places)) = reader.builder.finish() {
                Document::add(value, places, out)?;
            }
        } else {
            reader.event(event, span)?;
        }
    }
    Ok(())
}

struct Reader {
    builder: Builder,
    skipped: usize,
}

impl Reader {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), SyntaxError> {
        let place = self.place(span);
        match event {
            Event::Alias(anchor) => self.builder.alias(anchor, place),
            Event::SequenceStart(anchor, _) => self.builder.open(true, place, anchor),
            Event::MappingStart(anchor, _) => self.builder.open(false, place, anchor),
            Event::SequenceEnd | Event::MappingEnd => self.builder.close(),
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                // What is not written stands where its key does.
                let place = if plain && text.is_empty() {
                    self.builder.pending().unwrap_or(place)
                } else {
                    place
                };
                let merge = plain && tag.is_none() && text == "<<";
                let tag = tag.map(|tag| whole(&tag));
                let fault = |message: String| place.fault(message);
                let scalar = Scalar::new(text, plain, tag.as_deref()).map_err(fault)?;
                if !self.builder.wants_key() {
                    return self
                        .builder
                        .scalar(scalar.into_value().map_err(fault)?, place, anchor);
                }
                let key = scalar.into_key().map_err(fault)?;
                if anchor > 0 {
                    self.builder.anchor_key(anchor, &key, place)?;
                }
                self.builder.key(key, place, merge);
                Ok(())
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn place(&self, span: Span) -> Place {
        let (start, end) = (span.start, span.end);
        let width = if start.line() == end.line() {
            end.col().saturating_sub(start.col())
        } else {
            1
        };
        Place::new(start.line() + self.skipped, start.col() + 1, width.max(1))
    }
}

/// The tag in full.
fn whole(tag: &Tag) -> String {
    format!("{}{}", tag.handle, tag.suffix)
}
