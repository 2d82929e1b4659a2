//! `aliasgate catalog export`: the catalogs as manifests.

use std::io::{self, BufWriter, Write};

use clap::ValueEnum;
use serde_json::{Value, json};

use super::list;
use crate::{
    cli::{Outcome, catalogs::Choice, error::Error, today},
    engine::{Provider, catalog::ModelCatalog},
};

/// Print the catalogs in force as ModelCatalog manifests.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only these [default: all]
    #[arg(value_name = "PROVIDER")]
    providers: Vec<Provider>,
    #[command(flatten)]
    catalogs: Choice,
    /// How to print
    #[arg(short, long, value_name = "FORMAT", default_value = "yaml")]
    output: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Documents with a line for each model
    Yaml,
    /// One List
    Json,
}

/// Prints the manifests.
pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let catalogs = args.catalogs.load(today())?;
    let wanted = |provider| args.providers.is_empty() || args.providers.contains(&provider);
    let everywhere = catalogs
        .iter()
        .map(|catalog| ModelCatalog::export(catalog.provider.as_str(), catalog));
    let some = catalogs
        .admin()
        .iter()
        .filter(|catalog| !catalog.selector.is_empty());
    let manifests = everywhere
        .chain(some.map(|catalog| ModelCatalog::clone(catalog)))
        .filter(|catalog| wanted(catalog.provider));
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match args.output {
        Format::Yaml => manifests
            .map(|manifest| manifest.to_yaml())
            .try_for_each(|text| out.write_all(text.as_bytes())),
        Format::Json => {
            let items: Vec<Value> = manifests.map(|manifest| manifest.to_value()).collect();
            list::json(
                &json!({"apiVersion": "v1", "kind": "List", "items": items}),
                &mut out,
            )
        }
    };
    written.and_then(|()| out.flush()).map_err(Error::Output)?;
    Ok(Outcome::Clean)
}
