//! `aliasgate man`: the manual pages.

use std::{
    fs,
    io::{self, Write as _},
    path::PathBuf,
};

use clap::CommandFactory as _;
use clap_mangen::Man;

use super::{Arguments, Outcome, error::Error};

/// Print the manual page, or write those of all commands
///
/// To read it: aliasgate man | man -l -
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Write aliasgate.1, aliasgate-validate.1 and so on into this folder, which must be there
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// Prints or writes.
pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let command = Arguments::command().disable_help_subcommand(true);
    let Some(folder) = &args.folder else {
        let mut page = Vec::new();
        Man::new(command).render(&mut page).map_err(Error::Output)?;
        let mut out = io::stdout().lock();
        out.write_all(&page)
            .and_then(|()| out.flush())
            .map_err(Error::Output)?;
        return Ok(Outcome::Clean);
    };
    if !fs::metadata(folder).is_ok_and(|found| found.is_dir()) {
        return Err(Error::NoFolder(folder.display().to_string()));
    }
    clap_mangen::generate_to(command, folder)
        .map_err(|cause| Error::Write(folder.display().to_string(), cause))?;
    Ok(Outcome::Clean)
}
