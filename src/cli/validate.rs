//! `aliasgate validate`: the checks of the webhook, offline.

use std::{
    io::{self, BufWriter, Write as _},
    path::PathBuf,
    sync::Arc,
};

use super::{
    Outcome,
    error::{self, Error},
    print::{self, Format, Located, Report, Summary},
};
use crate::{
    engine::{
        Code, Date, Diagnostic, Kind, Level, Resource, Severities, Severity, Snapshot,
        check::{check, check_normalized},
    },
    sources::{
        builtin,
        documents::Places,
        files::{self, File},
    },
};

/// Check the model aliases of manifests.
///
/// Exit codes: 0 nothing but warnings and notes, 1 errors, 2 something could not be read.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files, folders, or - for standard input
    #[arg(value_name = "PATH", required_unless_present = "files")]
    paths: Vec<PathBuf>,
    /// The same, in the way of kubectl
    #[arg(short = 'f', long = "filename", value_name = "PATH")]
    files: Vec<PathBuf>,
    /// Report CODE as error, warning, note, or not at all (off)
    #[arg(long = "severity", value_name = "CODE=LEVEL", value_parser = severity)]
    severities: Vec<(Code, Level)>,
    /// Judge dates as of this day (YYYY-MM-DD) [default: today, UTC]
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    /// Check what is written; without it, what the mutating webhook would store
    #[arg(long)]
    no_normalize: bool,
    /// Whether the annotation aliasgate.dev/allow of an object counts
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
    allow_annotation: bool,
    /// How to print
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    output: Format,
}

/// `CODE=LEVEL`.
pub(super) fn severity(text: &str) -> Result<(Code, Level), String> {
    let (code, level) = text
        .split_once('=')
        .ok_or("write it as CODE=LEVEL, e.g. alias-self=off")?;
    Ok((code.parse()?, level.parse()?))
}

/// A resource to check.
struct Item<'a> {
    file: &'a File,
    places: &'a Places,
    resource: Arc<Resource>,
}

/// Checks and prints.
pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let paths: Vec<_> = args.files.iter().chain(&args.paths).cloned().collect();
    let (mut files, errors) = files::load(&paths);
    if files.is_empty() && errors.is_empty() {
        let names: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
        return Err(Error::NoManifest(names.join(", ")));
    }
    let report = report(args, &mut files);
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match args.output {
        Format::Text => print::text(&report, &mut out),
        Format::Json => print::json(&report, &mut out),
    };
    written.and_then(|()| out.flush()).map_err(Error::Output)?;
    for reason in &errors {
        error::print(reason);
    }
    Ok(match report.summary {
        _ if !errors.is_empty() => Outcome::Incomplete,
        Summary { errors: 0, .. } => Outcome::Clean,
        _ => Outcome::Faults,
    })
}

/// All faults of the resources in `files`, in the order of their places.
fn report<'a>(args: &Args, files: &'a mut [File]) -> Report<'a> {
    let mut summary = Summary {
        files: files.len(),
        ..Summary::default()
    };
    let values: Vec<Vec<_>> = files
        .iter_mut()
        .map(|file| {
            file.documents
                .iter_mut()
                .map(|document| Resource::new(document.value.take()))
                .collect()
        })
        .collect();
    let mut items = Vec::new();
    for (file, values) in files.iter().zip(values) {
        for (document, resource) in file.documents.iter().zip(values) {
            match resource.filter(|resource| resource.kind != Kind::Secret) {
                Some(resource) => {
                    items.push(Item {
                        file,
                        places: &document.places,
                        resource: Arc::new(resource),
                    });
                }
                None => summary.skipped += 1,
            }
        }
    }
    summary.resources = items.len();
    let mut severities = Severities::default();
    for (code, level) in &args.severities {
        severities.set(*code, *level);
    }
    let resources = items.iter().map(|item| Arc::clone(&item.resource));
    let as_of = args.as_of.unwrap_or_else(super::today);
    let snapshot = Snapshot::build(Arc::new(builtin::catalogs()), resources, as_of)
        .with_severities(severities)
        .with_allow_annotation(args.allow_annotation);
    let judge = if args.no_normalize {
        check
    } else {
        check_normalized
    };
    let mut located: Vec<_> = items
        .iter()
        .flat_map(|item| {
            judge(&snapshot, &item.resource)
                .into_iter()
                .map(|diagnostic| locate(item, diagnostic))
        })
        .collect();
    located.sort_by(|a, b| a.order().cmp(&b.order()));
    for Located { diagnostic, .. } in &located {
        *match diagnostic.severity {
            Severity::Error => &mut summary.errors,
            Severity::Warning => &mut summary.warnings,
            Severity::Note => &mut summary.notes,
        } += 1;
    }
    Report { located, summary }
}

/// Faults of an alias itself, which are shown at the key; all others are shown at the value.
const AT_KEY: &[Code] = &[
    Code::AliasKeyEmpty,
    Code::AliasKeyInvalid,
    Code::AliasDuplicate,
    Code::AliasCaseCollision,
    Code::AliasShadowsModel,
    Code::AliasAmbiguous,
    Code::AliasUnreachable,
    Code::AliasCatchAll,
];

fn locate<'a>(item: &Item<'a>, diagnostic: Diagnostic) -> Located<'a> {
    let (document, pointer) = (item.resource.value(), &diagnostic.pointer);
    let place = if AT_KEY.contains(&diagnostic.code) {
        item.places.key(document, pointer)
    } else {
        item.places.value(document, pointer)
    };
    Located {
        file: item.file,
        place,
        resource: Arc::clone(&item.resource),
        diagnostic,
    }
}
