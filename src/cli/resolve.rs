//! `aliasgate resolve`: where a model name leads, and why.

use std::{
    io::{self, BufWriter, Write},
    path::PathBuf,
    sync::Arc,
};

use serde::Serialize;

use super::{
    Outcome,
    error::{self, Error},
    print::Format,
};
use crate::{
    engine::{
        Key, Kind, Resource, Snapshot,
        resolve::{Place, Resolution, places, resolve},
    },
    sources::{builtin, files},
};

/// Show which model a name leads to at each provider, and the steps that led there.
///
/// Exit codes: 0 there is an answer, 2 something could not be read.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files or folders of manifests, or - for standard input
    #[arg(short = 'f', long = "filename", value_name = "PATH", required = true)]
    files: Vec<PathBuf>,
    /// Only this backend [default: all]
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = key)]
    backend: Option<Key>,
    /// The name that the client sends
    #[arg(value_name = "MODEL")]
    model: String,
    /// How to print
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    output: Format,
}

/// `NAMESPACE/NAME`, or a name in `default`.
fn key(text: &str) -> Result<Key, String> {
    match text.split_once('/').unwrap_or(("default", text)) {
        (namespace, name) if !namespace.is_empty() && !name.is_empty() => Ok(Key::new(namespace, name)),
        _ => Err("write it as NAMESPACE/NAME".to_owned()),
    }
}

/// One answer.
#[derive(Serialize)]
struct Row {
    backend: String,
    provider: String,
    route: Option<String>,
    rule: Option<String>,
    #[serde(flatten)]
    resolution: Resolution,
}

/// Resolves and prints.
pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let (files, errors) = files::load(&args.files);
    let documents = files.into_iter().flat_map(|file| file.documents);
    let resources = documents
        .filter_map(|document| Resource::new(document.value))
        .map(Arc::new);
    let snapshot = Snapshot::build(Arc::new(builtin::catalogs()), resources, super::today());
    let rows = rows(&snapshot, args);
    if rows.is_empty() && errors.is_empty() {
        return Err(Error::NoBackend(match &args.backend {
            Some(key) => format!("an AgentgatewayBackend {key} with an AI provider"),
            None => "an AgentgatewayBackend with an AI provider".to_owned(),
        }));
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match args.output {
        Format::Text => rows.iter().try_for_each(|row| text(row, &mut out)),
        Format::Json => serde_json::to_writer_pretty(&mut out, &rows)
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out)),
    };
    written.and_then(|()| out.flush()).map_err(Error::Output)?;
    for reason in &errors {
        error::print(reason);
    }
    Ok(if errors.is_empty() {
        Outcome::Clean
    } else {
        Outcome::Incomplete
    })
}

fn rows(snapshot: &Snapshot, args: &Args) -> Vec<Row> {
    let backends = snapshot
        .all(Kind::Backend)
        .filter(|b| args.backend.as_ref().is_none_or(|key| *key == b.key));
    let places = backends.flat_map(|backend| places(snapshot, backend));
    let row = |place: Place| {
        let resolution = resolve(snapshot, &place, &args.model);
        let (route, rule) = place
            .route
            .map_or((None, None), |(key, rule)| (Some(key.to_string()), rule));
        Row {
            backend: place.backend.to_string(),
            provider: place.provider,
            route,
            rule,
            resolution,
        }
    };
    places.map(row).collect()
}

fn text(row: &Row, out: &mut impl Write) -> io::Result<()> {
    write!(out, "{} provider {}", row.backend, row.provider)?;
    if let Some(route) = &row.route {
        write!(out, " by HTTPRoute {route}")?;
    }
    if let Some(rule) = &row.rule {
        write!(out, " rule {rule}")?;
    }
    writeln!(out, ": {}", row.resolution.target)?;
    row.resolution
        .steps
        .iter()
        .try_for_each(|step| writeln!(out, "  {step}"))
}
