//! YAML text to documents.

use std::{borrow::Cow, collections::BTreeMap};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use super::{
    documents::{Document, Place, SyntaxError},
    scalar::Scalar,
    tree::Builder,
};

/// How the parser refuses a tab right after a colon, which kubectl takes as a blank.
const TAB_AFTER_COLON: &str = "':' must be followed by a valid YAML whitespace";
/// Most such tabs in one text. Each costs another reading.
const MAX_TABS: usize = 64;

/// Adds the documents of `text` to `out` until the first fault; `skipped` lines came before `text`.
///
/// # Errors
/// The first fault. The documents before it are in `out`.
pub(super) fn read(text: &str, skipped: usize, out: &mut Vec<Document>) -> Result<(), SyntaxError> {
    let mut text = Cow::Borrowed(text);
    let before = out.len();
    for _ in 0..MAX_TABS {
        match read_strictly(&text, skipped, out)? {
            Some(error) if error.info() == TAB_AFTER_COLON => {
                out.truncate(before);
                text = Cow::Owned(without_tabs(&text, error.marker().line(), error.marker().col()));
            }
            Some(error) => {
                let place = Place::new(error.marker().line() + skipped, error.marker().col() + 1, 1);
                return Err(place.fault(error.info()));
            }
            None => return Ok(()),
        }
    }
    Err(Place::new(skipped + 1, 1, 1).fault(format!("more than {MAX_TABS} tabs after colons; write blanks")))
}

/// The same text with blanks for the tabs that end before a column (from 0) of a line (from 1).
fn without_tabs(text: &str, line: usize, column: usize) -> String {
    let mut lines: Vec<Cow<'_, str>> = text.split_inclusive('\n').map(Cow::Borrowed).collect();
    if let Some(line) = lines.get_mut(line.saturating_sub(1)) {
        let end = line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
        let start = line[..end].trim_end_matches([' ', '\t']).len();
        line.to_mut().replace_range(start..end, &" ".repeat(end - start));
    }
    lines.concat()
}

/// As [`read`]; what the parser itself objects to is given back as its own error.
fn read_strictly(
    text: &str,
    skipped: usize,
    out: &mut Vec<Document>,
) -> Result<Option<ScanError>, SyntaxError> {
    let mut reader = Reader {
        builder: Builder::default(),
        skipped,
        tabs: tabs(text),
        flow: 0,
    };
    let mut parser: Parser<'_, StrInput<'_>> = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        match event {
            Err(error) => return Ok(Some(error)),
            Ok((Event::DocumentEnd, _)) => {
                if let Some((value, places)) = reader.builder.finish() {
                    Document::add(value, places, out)?;
                }
            }
            Ok((event, span)) => reader.event(event, span)?,
        }
    }
    Ok(None)
}

/// Lines (from 1) that are indented with tabs among the blanks, and by how many characters.
fn tabs(text: &str) -> BTreeMap<usize, usize> {
    if !text.contains('\t') {
        return BTreeMap::new();
    }
    let indent = |line: &str| {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        line[..indent].contains('\t').then_some(indent)
    };
    text.lines()
        .enumerate()
        .filter_map(|(at, line)| Some((at + 1, indent(line)?)))
        .collect()
}

struct Reader {
    builder: Builder,
    skipped: usize,
    tabs: BTreeMap<usize, usize>,
    /// How many lists and mappings are open since the outermost that is written in brackets.
    flow: usize,
}

impl Reader {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), SyntaxError> {
        let place = self.place(span);
        match event {
            Event::Alias(anchor) => self.builder.alias(anchor, place),
            Event::SequenceStart(anchor, _) => self.open(true, span, anchor),
            Event::MappingStart(anchor, _) => self.open(false, span, anchor),
            Event::SequenceEnd | Event::MappingEnd => {
                self.flow = self.flow.saturating_sub(1);
                self.builder.close()
            }
            Event::Scalar(text, style, anchor, tag) => {
                if !matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
                    self.check_indent(span)?;
                }
                self.scalar(text, style == ScalarStyle::Plain, anchor, tag.as_deref(), place)
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn open(&mut self, list: bool, span: Span, anchor: usize) -> Result<(), SyntaxError> {
        self.check_indent(span)?;
        // Only brackets take up room.
        if self.flow > 0 || !span.is_empty() {
            self.flow += 1;
        }
        self.builder.open(list, self.place(span), anchor)
    }

    fn scalar(
        &mut self,
        text: Cow<'_, str>,
        plain: bool,
        anchor: usize,
        tag: Option<&Tag>,
        place: Place,
    ) -> Result<(), SyntaxError> {
        // What is not written stands where its key does.
        let place = if plain && text.is_empty() {
            self.builder.pending().unwrap_or(place)
        } else {
            place
        };
        let fault = |message: String| place.fault(message);
        let merge = plain && tag.is_none() && text == "<<";
        let tag = tag.map(|tag| format!("{}{}", tag.handle, tag.suffix));
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

    /// The parser lets some tabs pass as indentation; kubectl lets none.
    fn check_indent(&self, span: Span) -> Result<(), SyntaxError> {
        let indented = self.tabs.get(&span.start.line()) == Some(&span.start.col());
        if indented && self.flow == 0 {
            return Err(self
                .place(span)
                .fault("indented with a tab; YAML takes blanks only"));
        }
        Ok(())
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
