//! Catalogs from what others publish: cost maps, catalogs of gateways, and the list answers of providers.
//!
//! A source makes [`Claim`]s; [`merge()`] puts the claims of all sources together field by field; [`changes()`] says how the
//! result differs from an earlier catalog. Nothing here opens a file or a socket.

mod catalogs;
mod changes;
mod claim;
mod clean;
mod format;
mod item;
mod merge;
pub(super) mod shapes;

use thiserror::Error;

pub use catalogs::{claims, export};
pub use changes::{Change, Kind, changes};
pub use claim::{Claim, Facts, Origin, Source};
pub use format::Format;
pub(super) use item::{Gathered, Item};
pub use merge::{Conflict, Known, Merged, merge};

use super::documents::{self, SyntaxError};
use crate::engine::{Date, Provider};

/// Most models in all files of one import.
pub const MAX_MODELS: usize = 100_000;
/// After this many faults of a file the rest is not told.
pub const MAX_FAULTS: usize = 100;

/// What a file says.
#[derive(Debug, Default)]
pub struct Reading {
    /// One for every row that names a model, in the order of the file.
    pub claims: Vec<Claim>,
    /// Rows that name no model, each with the reason.
    pub dropped: Vec<(String, &'static str)>,
}

/// Text that is not of the format it should have: every fault, in the order of its place.
#[derive(Debug, Error)]
#[error("cannot import {}", lines(faults))]
pub struct Error {
    /// At least one.
    pub faults: Vec<SyntaxError>,
}

fn lines(faults: &[SyntaxError]) -> String {
    let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
    lines.join("; ")
}

/// The claims in `text`, a file of `format` whose facts are of the day `as_of`.
///
/// `provider` is whose models they are where the format does not say it.
///
/// # Errors
/// Every fault of the text with its place; then nothing of it counts.
///
/// ```
/// use aliasgate::sources::import::{Format, read};
/// let text = r#"{"object": "list", "data": [{"id": "gpt-4o"}, {"id": "ft:gpt-4o:acme::a1"}]}"#;
/// let reading = read(Format::OpenAiList, None, text, "2026-01-01".parse().unwrap()).unwrap();
/// assert_eq!(reading.claims[0].id, "gpt-4o");
/// assert_eq!(reading.dropped[0].1, "a fine-tuned model of the account");
/// ```
pub fn read(format: Format, provider: Option<Provider>, text: &str, as_of: Date) -> Result<Reading, Error> {
    if format == Format::Ids {
        return shapes::ids(text, as_of);
    }
    let mut reading = documents::read(text);
    if reading.faults.is_empty() && reading.documents.is_empty() {
        let message = "there is nothing in it".to_owned();
        reading.faults.push(SyntaxError {
            line: 1,
            column: 1,
            message,
        });
    }
    let (mut out, mut faults) = (Reading::default(), reading.faults);
    for document in &reading.documents {
        let mut gathered = Gathered::new(format.source(), as_of);
        format.gather(&document.value, provider, &mut gathered);
        let placed = gathered.faults.into_iter().map(|(pointer, message)| {
            let place = document.places.value(&document.value, &pointer);
            SyntaxError {
                line: place.line,
                column: place.column,
                message,
            }
        });
        faults.extend(placed);
        out.claims.extend(gathered.claims);
        out.dropped.extend(gathered.dropped);
    }
    if !faults.is_empty() {
        faults.sort_by_key(|fault| (fault.line, fault.column));
        faults.truncate(MAX_FAULTS);
        return Err(Error { faults });
    }
    Ok(out)
}
