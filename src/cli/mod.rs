//! The commands: the only room that knows all others.
//!
//! A command is a variant of `Command` and a file of this folder, whose `Args` are its flags and whose `run` does
//! the work.

mod asking;
mod audit;
mod catalog;
mod catalogs;
mod certificates;
mod cluster;
mod completions;
mod crds;
mod error;
mod explain;
mod judging;
mod local;
mod man;
mod print;
mod proxy;
mod resolve;
mod schemas;
mod serve;
mod span;
mod standin;
mod validate;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::engine::Date;

/// Checks agentgateway's modelAliases against provider model catalogs.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Local(local::Args),
    Serve(Box<serve::Args>),
    Proxy(proxy::Args),
    StandIn(standin::Args),
    Validate(validate::Args),
    Resolve(resolve::Args),
    Catalog(catalog::Args),
    Crds(crds::Args),
    Explain(explain::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// How a command that could do its work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Nothing to object to.
    Clean,
    /// There are errors in what was checked.
    Faults,
    /// Some of the work could not be done; the reasons are printed.
    Incomplete,
    /// The work is done, but a model is gone that nothing calls retired.
    Vanished,
}

/// Runs the command that the arguments name.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(usage) => {
            // Help goes to standard output with 0, a usage error to standard error with 2.
            let code = u8::try_from(usage.exit_code()).unwrap_or(error::FAILED);
            return usage
                .print()
                .map_or(ExitCode::from(error::FAILED), |()| ExitCode::from(code));
        }
    };
    let ended = match arguments.command {
        Command::Local(args) => local::run(&args).map_err(error::Error::from),
        Command::Serve(args) => serve::run(*args).map_err(error::Error::from),
        Command::Proxy(args) => proxy::run(&args).map_err(error::Error::from),
        Command::StandIn(args) => standin::run(&args).map_err(error::Error::from),
        Command::Validate(args) => validate::run(&args),
        Command::Resolve(args) => resolve::run(&args),
        Command::Catalog(args) => catalog::run(&args),
        Command::Crds(args) => crds::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    };
    error::exit_code(ended)
}

/// Today's date, in UTC.
fn today() -> Date {
    jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::now()).date()
}
