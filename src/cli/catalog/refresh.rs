//! `aliasgate catalog refresh`: catalogs from the list APIs of providers.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{self, Write as _},
    path::PathBuf,
};

use tokio::task::JoinSet;

use super::{
    import::print,
    store::{self, Target},
};
use crate::{
    cli::{
        Outcome,
        asking::{Asking, provider},
        error::{self, Error},
        today,
    },
    engine::{Provider, catalog::ModelCatalog},
    sources::{
        discovery::{self, Client, Limits},
        import::{self, Reading},
    },
};

/// Ask providers for their models, and write catalogs of the answers.
///
/// Keys come from the environment only, and need no more than the right to list models. A provider that cannot be asked
/// keeps its catalog, and does not stop the others. Exit codes: 0 done, 2 some provider could not be asked.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Whom to ask; may be given several times. custom is any server that speaks OpenAI's API
    #[arg(long = "provider", value_name = "PROVIDER", required = true, value_parser = provider)]
    providers: Vec<Provider>,
    /// The environment variable with the key [default: the usual one, such as OPENAI_API_KEY]
    #[arg(long, value_name = "[PROVIDER=]NAME")]
    key_env: Vec<String>,
    /// Where the API is [default: the provider's own address]
    #[arg(long, value_name = "[PROVIDER=]URL")]
    base_url: Vec<String>,
    /// Trust only the authorities in this file (PEM) [default: the public ones]
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Say in the catalogs that the providers have no other models
    #[arg(long)]
    complete: bool,
    /// A file, or a folder for one file a catalog [default: standard output]
    #[arg(short, long = "out", value_name = "PATH")]
    out: Option<PathBuf>,
}

/// Asks all providers at once, and writes what they answered.
pub(in crate::cli) fn run(args: &Args) -> Result<Outcome, Error> {
    let now = jiff::Timestamp::now();
    let as_of = today();
    let authorities = args.ca.as_ref().map(fs::read).transpose();
    let authorities = authorities.map_err(Error::Authorities)?;
    let limits = Limits::default();
    let client = Client::new(authorities.as_deref(), &limits)?;
    let asking = Asking {
        key_env: args.key_env.clone(),
        base_url: args.base_url.clone(),
    };
    let target = Target::new(args.out.as_deref());
    let old = target.load()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Error::Runtime)?;
    let answers = runtime.block_on(async {
        let mut open = JoinSet::new();
        for provider in args.providers.iter().copied().collect::<BTreeSet<_>>() {
            let (client, limits) = (client.clone(), limits.clone());
            let ask = asking.ask(provider);
            open.spawn(async move { (provider, discovery::discover(&client, &ask, &limits, as_of).await) });
        }
        open.join_all().await
    });
    let (mut claims, mut dropped, mut failed) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
    let mut spoken = BTreeSet::new();
    for (provider, answer) in answers {
        match answer {
            Ok(Reading {
                claims: more,
                dropped: rows,
            }) => {
                spoken.insert(provider);
                claims.extend(more);
                for (_, why) in rows {
                    *dropped.entry(why).or_insert(0_usize) += 1;
                }
            }
            Err(error) => drop(failed.insert(provider, error)),
        }
    }
    if !claims.is_empty() {
        let before = old.iter().filter(|catalog| spoken.contains(&catalog.provider));
        let before: Vec<_> = before
            .flat_map(|catalog| import::claims(catalog, as_of))
            .collect();
        let merged = import::merge(claims, before.clone());
        let mut catalogs = import::export(&merged, as_of, true);
        for catalog in &mut catalogs {
            catalog.complete = args.complete;
            asking.place(catalog);
        }
        target.save(&keep(catalogs, old), &format!("asked by aliasgate at {now:.0}"))?;
        let changes = import::changes(&import::merge(Vec::new(), before), &merged);
        let printed = match target {
            Target::Stdout => print(&changes, &dropped, &mut io::stderr().lock()),
            _ => print(&changes, &dropped, &mut io::stdout().lock()),
        };
        printed.map_err(Error::Output)?;
    }
    for (provider, error) in &failed {
        error::print(error);
        if matches!(error, discovery::Error::NoKey { .. }) {
            let name = asking.key_name(*provider);
            // There is nobody left to tell when even this fails.
            drop(writeln!(
                io::stderr(),
                "  set {name} in the environment, or name another with --key-env"
            ));
        }
    }
    Ok(if failed.is_empty() {
        Outcome::Clean
    } else {
        Outcome::Incomplete
    })
}

/// `catalogs` with the rules that the file has already; whether they are complete is what was asked for now.
fn keep(catalogs: Vec<ModelCatalog>, old: Vec<ModelCatalog>) -> Vec<ModelCatalog> {
    let fresh: BTreeMap<_, _> = catalogs
        .iter()
        .map(|new| (new.name.clone(), new.complete))
        .collect();
    let mut all = store::keep_rules(catalogs, old);
    for catalog in &mut all {
        if let Some(complete) = fresh.get(&catalog.name) {
            catalog.complete = *complete;
        }
    }
    all
}
