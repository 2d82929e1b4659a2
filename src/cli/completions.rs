//! `aliasgate completions`: what a shell needs to complete commands and flags.

use std::io::{self, Write as _};

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::{Arguments, Outcome, error::Error};

/// Print the completions of a shell
///
/// For bash: aliasgate completions bash > /etc/bash_completion.d/aliasgate
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

/// Prints them.
pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Arguments::command(), "aliasgate", &mut script);
    let mut out = io::stdout().lock();
    out.write_all(&script)
        .and_then(|()| out.flush())
        .map_err(Error::Output)?;
    Ok(Outcome::Clean)
}
