//! `aliasgate catalog show`: what the catalogs know about one model.

use std::io::{self, BufWriter, Write};

use super::list::{Line, json};
use crate::{
    cli::{Outcome, catalogs::Choice, error::Error, print::Format, today},
    engine::{Catalog, Date, catalog::manifest::Entry, diagnostic::quote},
};

/// Show what the catalogs know about a model, at every provider that lists it.
///
/// Exit codes: 0 there is one, 1 no catalog lists it, 2 something could not be read.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The exact id
    #[arg(value_name = "MODEL")]
    model: String,
    #[command(flatten)]
    catalogs: Choice,
    /// Judge dates as of this day (YYYY-MM-DD) [default: today, UTC]
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    /// How to print
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    output: Format,
}

/// Prints what is known.
pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let as_of = args.as_of.unwrap_or_else(today);
    let catalogs = args.catalogs.load(as_of)?;
    let some: Vec<Catalog> = catalogs
        .admin()
        .iter()
        .filter(|catalog| !catalog.selector.is_empty())
        .map(|catalog| catalog.catalog(as_of))
        .collect();
    let all = catalogs.iter().chain(&some);
    let found: Vec<_> = all
        .filter_map(|catalog| Some((catalog, Line::new(catalog, catalog.get(&args.model)?, as_of))))
        .collect();
    let told: Vec<(&str, &Entry)> = catalogs
        .admin()
        .iter()
        .flat_map(|catalog| catalog.models.iter().map(|entry| (catalog.name.as_str(), entry)))
        .filter(|(_, entry)| entry.id == args.model || entry.aliases.iter().any(|id| *id == args.model))
        .collect();
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match args.output {
        Format::Json => json(&found.iter().map(|row| &row.1).collect::<Vec<_>>(), &mut out),
        Format::Text => text(&args.model, &found, &told, &mut out),
    };
    written.and_then(|()| out.flush()).map_err(Error::Output)?;
    Ok(if found.is_empty() {
        Outcome::Faults
    } else {
        Outcome::Clean
    })
}

fn text(
    model: &str,
    found: &[(&Catalog, Line<'_>)],
    told: &[(&str, &Entry)],
    out: &mut impl Write,
) -> io::Result<()> {
    if found.is_empty() {
        return writeln!(out, "no catalog lists {}", quote(model));
    }
    for (catalog, line) in found {
        let (provider, facts) = (catalog.provider, line.facts());
        writeln!(out, "{provider}: {facts} (catalog of {})", catalog.as_of)?;
    }
    for (name, entry) in told {
        let entry = serde_json::to_string(entry).map_err(io::Error::from)?;
        writeln!(out, "ModelCatalog {name}: {entry}")?;
    }
    Ok(())
}
