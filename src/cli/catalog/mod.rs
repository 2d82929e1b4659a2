//! `aliasgate catalog`: what the catalogs know.

mod check;
mod diff;
mod export;
mod import;
mod list;
mod refresh;
mod show;
pub(super) mod store;

use clap::Subcommand;

use super::{Outcome, error::Error};

/// Ask the catalogs: which models there are, whether ids are right, what has changed.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Args),
    Show(show::Args),
    Check(check::Args),
    Diff(diff::Args),
    Export(export::Args),
    Import(import::Args),
    Refresh(refresh::Args),
}

/// Runs the command that is named.
pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    match &args.command {
        Command::List(args) => list::run(args),
        Command::Show(args) => show::run(args),
        Command::Check(args) => check::run(args),
        Command::Diff(args) => diff::run(args),
        Command::Export(args) => export::run(args),
        Command::Import(args) => import::run(args),
        Command::Refresh(args) => refresh::run(args),
    }
}
