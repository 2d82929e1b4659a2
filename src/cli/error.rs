//! Why a command could not do its work, and the exit codes.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use thiserror::Error;

use super::{Outcome, catalog::store, cluster, serve};
use crate::{
    sources::{catalogs, discovery, files},
    telemetry,
};

/// The exit code when there are errors in what was checked.
const FAULTS: u8 = 1;
/// The exit code when a model vanished from its sources.
const VANISHED: u8 = 3;
/// The exit code when a command could not do its work.
pub(super) const FAILED: u8 = 2;

/// What ends a command.
#[derive(Debug, Error)]
pub(super) enum Error {
    /// Standard output is gone or full.
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
    /// No file was found to check.
    #[error("cannot find a manifest in {0}: no file there ends in .yaml, .yml or .json")]
    NoManifest(String),
    /// A summary for programs.
    #[error("cannot print a --summary in this format; it is for text, and json has a summary of its own")]
    SummaryOfText,
    /// A file that `--fix` cannot write.
    #[error("cannot fix {0}")]
    Fix(String, #[source] io::Error),
    /// Standard input, or another that cannot be written.
    #[error("cannot fix {0}: it is no file; --diff shows what would be changed")]
    FixNoFile(String),
    /// Differences for programs.
    #[error("cannot print a --diff in this format; it is for text")]
    DiffOfText,
    /// A folder that is missing.
    #[error("cannot write to {0}: there is no such folder")]
    NoFolder(String),
    /// A file that cannot be written.
    #[error("cannot write to {0}")]
    Write(String, #[source] io::Error),
    /// No way to a cluster.
    #[error(transparent)]
    Cluster(#[from] cluster::Error),
    /// No backend to ask about.
    #[error("cannot find {0}")]
    NoBackend(String),
    /// No CRD of ours has this name.
    #[error("no CRD is called {name}; there are {kinds}")]
    UnknownCrd { name: String, kinds: String },
    /// Files that cannot be imported.
    #[error("cannot import: {0}")]
    Import(String),
    /// Catalogs that cannot be written.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The file of authorities is missing.
    #[error("cannot read the file of --ca")]
    Authorities(#[source] io::Error),
    /// No thread to work on.
    #[error("cannot start")]
    Runtime(#[source] io::Error),
    /// Providers that cannot be asked.
    #[error(transparent)]
    Discovery(#[from] discovery::Error),
    /// A file that could not be read.
    #[error(transparent)]
    File(#[from] files::Error),
    /// Standard input cannot be read.
    #[error("cannot read <stdin>")]
    Input(#[source] io::Error),
    /// A line of standard input that is no pair of provider and id.
    #[error("cannot read <stdin>:{0}: {1}")]
    Line(u64, String),
    /// A catalog that cannot be used.
    #[error(transparent)]
    Catalog(#[from] catalogs::Error),
    /// A server that cannot start.
    #[error(transparent)]
    Serve(#[from] serve::Error),
}

/// The exit code of a command that ended so. An error is printed, but for a reader that has left the pipe: that is
/// how `| head` ends a program, and no fault.
pub(super) fn exit_code(ended: Result<Outcome, Error>) -> ExitCode {
    match ended {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        Ok(Outcome::Faults) => FAULTS.into(),
        Ok(Outcome::Incomplete) => FAILED.into(),
        Ok(Outcome::Vanished) => VANISHED.into(),
        Err(Error::Output(reason)) if reason.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            print(&error);
            FAILED.into()
        }
    }
}

/// Prints `error` and its reasons in one line to standard error.
pub(super) fn print(error: &dyn std::error::Error) {
    // There is nobody left to tell when even this fails.
    drop(writeln!(io::stderr(), "error: {}", telemetry::chain(error)));
}

/// Tells what was done, on standard error.
pub(super) fn say(what: &str) {
    // There is nobody left to tell when even this fails.
    drop(writeln!(io::stderr(), "{what}"));
}
