//! `aliasgate catalog diff`: what has changed between two catalogs.

use std::{
    collections::BTreeMap,
    io::{self, BufWriter, Write},
    path::PathBuf,
};

use serde::Serialize;

use super::list::json;
use crate::{
    cli::{
        Outcome,
        error::{self, Error},
        print::Format,
        today,
    },
    engine::{
        Catalog, Catalogs, Date, Provider,
        catalog::diff::{Change, Difference, FieldChange, diff},
    },
    sources::{builtin, catalogs},
};

/// The word for the catalogs that come with the program.
const BUILTIN: &str = "builtin";

/// Show which models two catalogs describe differently.
///
/// Exit codes: 0 none, 1 some, 2 something could not be read.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// File or folder of catalogs, or the word builtin
    #[arg(value_name = "A")]
    from: PathBuf,
    /// The same, later
    #[arg(value_name = "B")]
    to: PathBuf,
    /// How to print
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    output: Format,
}

/// One difference, for programs.
#[derive(Serialize)]
struct Row<'a> {
    provider: &'a str,
    /// The ModelCatalog, where it speaks for some places only.
    name: Option<&'a str>,
    id: &'a str,
    change: &'static str,
    fields: Vec<Field<'a>>,
}

#[derive(Serialize)]
struct Field<'a> {
    field: &'a str,
    from: Option<&'a str>,
    to: Option<&'a str>,
}

/// Catalogs by what they are for: the provider, and the ModelCatalog where that is for some places only.
type Side = BTreeMap<(Provider, Option<String>), Catalog>;

/// Compares and prints.
pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let today = today();
    let (from, to) = (side(&args.from, today)?, side(&args.to, today)?);
    let keys: std::collections::BTreeSet<_> = from.keys().chain(to.keys()).collect();
    let mut found: Vec<(&(Provider, Option<String>), Difference)> = Vec::new();
    for key in keys {
        let empty = || Catalog::new(key.0, today, Vec::new());
        let (a, b) = (from.get(key).cloned(), to.get(key).cloned());
        let differences = diff(&a.unwrap_or_else(empty), &b.unwrap_or_else(empty));
        found.extend(differences.into_iter().map(|difference| (key, difference)));
    }
    let rows: Vec<_> = found
        .iter()
        .map(|((provider, name), difference)| row(*provider, name.as_deref(), difference))
        .collect();
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match args.output {
        Format::Json => json(&rows, &mut out),
        Format::Text => rows.iter().try_for_each(|row| text(row, &mut out)),
    };
    written.and_then(|()| out.flush()).map_err(Error::Output)?;
    Ok(if rows.is_empty() {
        Outcome::Clean
    } else {
        Outcome::Faults
    })
}

fn side(path: &PathBuf, today: Date) -> Result<Side, Error> {
    let catalogs = if path.as_os_str() == BUILTIN {
        builtin::catalogs()
    } else {
        let (admin, mut errors) = catalogs::load(std::slice::from_ref(path));
        if let Some(last) = errors.pop() {
            errors.iter().for_each(|reason| error::print(reason));
            return Err(last.into());
        }
        Catalogs::default().with_admin(admin, today)
    };
    let everywhere = catalogs
        .iter()
        .map(|catalog| ((catalog.provider, None), catalog.clone()));
    let some = catalogs
        .admin()
        .iter()
        .filter(|catalog| !catalog.selector.is_empty());
    let some = some.map(|said| ((said.provider, Some(said.name.clone())), said.catalog(today)));
    Ok(everywhere.chain(some).collect())
}

fn row<'a>(provider: Provider, name: Option<&'a str>, difference: &'a Difference) -> Row<'a> {
    let (change, fields): (_, &[FieldChange]) = match &difference.change {
        Change::Added => ("added", &[]),
        Change::Removed => ("removed", &[]),
        Change::Changed(fields) => ("changed", fields),
    };
    let field = |change: &'a FieldChange| Field {
        field: change.field,
        from: change.from.as_deref(),
        to: change.to.as_deref(),
    };
    Row {
        provider: provider.as_str(),
        name,
        id: &difference.id,
        change,
        fields: fields.iter().map(field).collect(),
    }
}

fn text(row: &Row<'_>, out: &mut impl Write) -> io::Result<()> {
    let sign = match row.change {
        "added" => '+',
        "removed" => '-',
        _ => '~',
    };
    write!(out, "{sign} {} {}", row.provider, row.id)?;
    for (at, field) in row.fields.iter().enumerate() {
        let (from, to) = (field.from.unwrap_or("-"), field.to.unwrap_or("-"));
        write!(
            out,
            "{} {} {from} -> {to}",
            if at == 0 { ":" } else { "," },
            field.field
        )?;
    }
    match row.name {
        Some(name) => writeln!(out, " (ModelCatalog {name})"),
        None => writeln!(out),
    }
}
