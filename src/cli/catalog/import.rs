//! `aliasgate catalog import`: catalogs from what others publish.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::store::{self, Target};
use crate::{
    cli::{
        Outcome,
        error::{self, Error},
        today,
    },
    engine::{Date, Provider, catalog::ModelCatalog},
    sources::{
        builtin, files,
        import::{self, Change, Claim, Format, Kind, Source},
    },
};

/// The word for the catalogs that are built in.
const BUILTIN: &str = "builtin";

/// Make catalogs from files: cost maps, catalogs of gateways, and list answers of providers.
///
/// Facts of several files are put together field by field: what providers say counts more than LiteLLM, and that more
/// than models.dev. Models that are listed no more are kept. Exit codes: 0 done, 2 something could not be read, 3 done,
/// but a model vanished that no date calls retired.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// A format and files of it; may be given several times. The formats are litellm, models.dev, agentgateway,
    /// openai-list, azure-list, anthropic-list, gemini-list, vertex-list, bedrock-models, bedrock-profiles,
    /// mistral-list, cohere-list, xai-list, openrouter-list, ollama-tags, openai-compatible, ids and modelcatalog
    #[arg(long, num_args = 2.., value_names = ["FORMAT", "FILE"], required = true)]
    from: Vec<String>,
    /// Whose models they are, where a format does not say it
    #[arg(long, value_name = "PROVIDER")]
    provider: Option<Provider>,
    /// The host that the catalogs speak for; without it, all places of their provider
    #[arg(long, value_name = "HOST")]
    host: Vec<String>,
    /// A file, or a folder for one file a catalog [default: standard output]
    #[arg(short, long = "out", value_name = "PATH")]
    out: Option<PathBuf>,
    /// The day of the facts (YYYY-MM-DD) [default: today, UTC]
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    /// The earlier catalogs: a file, a folder, or builtin [default: what --out holds]
    #[arg(long, value_name = "PATH")]
    against: Option<PathBuf>,
}

/// Reads, merges, writes, and prints the difference.
pub(in crate::cli) fn run(args: &Args) -> Result<Outcome, Error> {
    let as_of = args.as_of.unwrap_or_else(today);
    let mut faulty = false;
    let (mut claims, mut dropped) = (Vec::new(), BTreeMap::new());
    for (format, path) in inputs(&args.from)? {
        let text = files::text(&path)?;
        match import::read(format, args.provider, &text, as_of) {
            Ok(reading) => {
                claims.extend(reading.claims);
                for (_, why) in reading.dropped {
                    *dropped.entry(why).or_insert(0_usize) += 1;
                }
            }
            Err(faults) => {
                faulty = true;
                for fault in faults.faults {
                    error::print(&Fault {
                        name: path.display().to_string(),
                        fault,
                    });
                }
            }
        }
    }
    if faulty {
        return Ok(Outcome::Incomplete);
    }
    if claims.len() > import::MAX_MODELS {
        return Err(Error::Import(format!(
            "more than {} models in all files",
            import::MAX_MODELS
        )));
    }
    if claims.iter().any(|claim| claim.provider == Provider::Custom) && args.host.is_empty() {
        return Err(Error::Import(
            "the models of a custom provider need --host".to_owned(),
        ));
    }
    let target = Target::new(args.out.as_deref());
    let old = earlier(args.against.as_deref(), &target, &claims)?;
    let spoken = providers(&claims);
    let before = old.iter().filter(|catalog| spoken.contains(&catalog.provider));
    let mut before: Vec<_> = before
        .flat_map(|catalog| import::claims(catalog, as_of))
        .collect();
    if args.against.as_deref() == Some(Path::new(BUILTIN)) {
        before
            .iter_mut()
            .for_each(|claim| claim.origin.source = Source::BuiltIn);
    }
    let merged = import::merge(claims, before.clone());
    let mut catalogs = import::export(&merged, as_of, false);
    for catalog in &mut catalogs {
        catalog.selector.hosts.clone_from(&args.host);
    }
    target.save(
        &store::keep_rules(catalogs, old),
        &format!("imported by aliasgate, facts of {as_of}"),
    )?;
    let changes = import::changes(&import::merge(Vec::new(), before), &merged);
    let printed = match target {
        Target::Stdout => print(&changes, &dropped, &mut io::stderr().lock()),
        _ => print(&changes, &dropped, &mut io::stdout().lock()),
    };
    printed.map_err(Error::Output)?;
    let vanished = changes.iter().any(|change| change.kind == Kind::Vanished);
    Ok(if vanished {
        Outcome::Vanished
    } else {
        Outcome::Clean
    })
}

/// A fault of a file, for people.
#[derive(Debug, thiserror::Error)]
#[error("{name}:{fault}")]
struct Fault {
    name: String,
    fault: crate::sources::documents::SyntaxError,
}

/// The files with their formats. A word that is the name of a format begins its files.
fn inputs(words: &[String]) -> Result<Vec<(Format, PathBuf)>, Error> {
    let (mut all, mut format) = (Vec::new(), None);
    for word in words {
        match (word.parse(), format) {
            (Ok(found), _) => format = Some(found),
            (Err(_), Some(format)) => all.push((format, PathBuf::from(word))),
            (Err(unknown), None) => return Err(Error::Import(unknown)),
        }
    }
    Ok(all)
}

fn providers(claims: &[Claim]) -> BTreeSet<Provider> {
    claims.iter().map(|claim| claim.provider).collect()
}

/// The catalogs to compare with, and whose models are kept.
fn earlier(against: Option<&Path>, target: &Target, claims: &[Claim]) -> Result<Vec<ModelCatalog>, Error> {
    match against {
        None => Ok(target.load()?),
        Some(path) if path == Path::new(BUILTIN) => {
            let spoken = providers(claims);
            let all = builtin::catalogs();
            let spoken = all.iter().filter(|catalog| spoken.contains(&catalog.provider));
            Ok(spoken
                .map(|catalog| ModelCatalog::export(catalog.provider.as_str(), catalog))
                .collect())
        }
        Some(path) if !path.exists() => Err(Error::Import(format!("there is no {}", path.display()))),
        Some(path) => Ok(store::load(path)?),
    }
}

/// Prints the difference, and how many rows were no models.
pub(super) fn print(
    changes: &[Change],
    dropped: &BTreeMap<&'static str, usize>,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut counts = [0_usize; 4];
    for change in changes {
        let kind = match change.kind {
            Kind::Added => 0,
            Kind::Vanished => 1,
            Kind::Changed { .. } => 2,
            Kind::Conflict { .. } => 3,
        };
        counts[kind] += 1;
        writeln!(out, "{change}")?;
    }
    let [added, vanished, changed, conflicts] = counts;
    writeln!(
        out,
        "{added} added, {vanished} vanished, {changed} facts changed, {conflicts} conflicts"
    )?;
    for (why, count) in dropped {
        writeln!(out, "left out: {count} x {why}")?;
    }
    Ok(())
}
