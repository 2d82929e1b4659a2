//! `aliasgate catalog list`: the providers and their models.

use std::io::{self, BufWriter, Write};

use serde::Serialize;

use crate::{
    cli::{Outcome, catalogs::Choice, error::Error, print::Format, today},
    engine::{
        Catalog, Catalogs, Date, Provider,
        catalog::{Model, ModelCatalog},
    },
};

/// List the catalogs, or the models of a provider.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// List the models of this provider
    #[arg(value_name = "PROVIDER")]
    provider: Option<Provider>,
    #[command(flatten)]
    catalogs: Choice,
    /// Judge dates as of this day (YYYY-MM-DD) [default: today, UTC]
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    /// How to print
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    output: Format,
}

/// A provider, or a catalog for some places only.
#[derive(Serialize)]
struct Row<'a> {
    provider: &'a str,
    /// The ModelCatalog, where it speaks for some places only.
    name: Option<&'a str>,
    models: usize,
    retired: usize,
    #[serde(rename = "asOf")]
    as_of: String,
}

/// A model and where it stands.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    provider: &'a str,
    id: &'a str,
    mode: Option<&'a str>,
    state: &'static str,
    retires: Option<String>,
    #[serde(rename = "resolvesTo")]
    resolves_to: Option<&'a str>,
    successor: Option<&'a str>,
}

impl<'a> Line<'a> {
    /// `model` of `catalog` as of `today`.
    pub(super) fn new(catalog: &Catalog, model: &'a Model, today: Date) -> Self {
        Self {
            provider: catalog.provider.as_str(),
            id: &model.id,
            mode: model.mode.as_deref(),
            state: if model.is_retired(today) {
                "retired"
            } else {
                model.state.as_str()
            },
            retires: model.retires.map(|date| date.to_string()),
            resolves_to: model.resolves_to.as_deref(),
            successor: model.successor.as_deref(),
        }
    }

    /// What is known, for people: the id is not repeated.
    pub(super) fn facts(&self) -> String {
        let mut facts = vec![self.state.to_owned()];
        facts.extend(self.mode.map(str::to_owned));
        facts.extend(self.retires.as_ref().map(|date| format!("retires {date}")));
        facts.extend(self.resolves_to.map(|id| format!("leads to {id}")));
        facts.extend(self.successor.map(|id| format!("successor {id}")));
        facts.join(", ")
    }
}

/// Prints the catalogs or the models.
pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let as_of = args.as_of.unwrap_or_else(today);
    let catalogs = args.catalogs.load(as_of)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match args.provider {
        Some(provider) => models(catalogs.of(provider), as_of, args.output, &mut out),
        None => providers(&catalogs, as_of, args.output, &mut out),
    };
    written.and_then(|()| out.flush()).map_err(Error::Output)?;
    Ok(Outcome::Clean)
}

fn models(catalog: Option<&Catalog>, today: Date, format: Format, out: &mut impl Write) -> io::Result<()> {
    let models = catalog.into_iter().flat_map(|catalog| {
        catalog
            .models()
            .map(move |model| Line::new(catalog, model, today))
    });
    match format {
        Format::Text => {
            for line in models {
                writeln!(out, "{}\t{}", line.id, line.facts())?;
            }
            Ok(())
        }
        Format::Json => json(&models.collect::<Vec<_>>(), out),
    }
}

fn providers(catalogs: &Catalogs, today: Date, format: Format, out: &mut impl Write) -> io::Result<()> {
    let some: Vec<(&ModelCatalog, Catalog)> = catalogs
        .admin()
        .iter()
        .filter(|catalog| !catalog.selector.is_empty())
        .map(|catalog| (catalog.as_ref(), catalog.catalog(today)))
        .collect();
    let everywhere = catalogs.iter().map(|catalog| row(catalog, None, today));
    let rows: Vec<_> = everywhere
        .chain(
            some.iter()
                .map(|(said, catalog)| row(catalog, Some(&said.name), today)),
        )
        .collect();
    if format == Format::Json {
        return json(&rows, out);
    }
    writeln!(out, "{:<12} {:>6} {:>8}  AS OF", "PROVIDER", "MODELS", "RETIRED")?;
    for row in rows {
        write!(
            out,
            "{:<12} {:>6} {:>8}  {}",
            row.provider, row.models, row.retired, row.as_of
        )?;
        match row.name {
            Some(name) => writeln!(out, "  only where the ModelCatalog {name} speaks")?,
            None => writeln!(out)?,
        }
    }
    Ok(())
}

fn row<'a>(catalog: &Catalog, name: Option<&'a str>, today: Date) -> Row<'a> {
    Row {
        provider: catalog.provider.as_str(),
        name,
        models: catalog.models().len(),
        retired: catalog.models().filter(|model| model.is_retired(today)).count(),
        as_of: catalog.as_of.to_string(),
    }
}

/// Writes `rows` as one JSON document.
pub(super) fn json(rows: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, rows)?;
    writeln!(out)
}
