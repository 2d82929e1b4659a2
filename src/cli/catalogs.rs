//! The flags by which offline commands choose their catalogs.

use std::path::PathBuf;

use super::error::{self, Error};
use crate::{
    engine::{Catalogs, Date},
    sources::{builtin, catalogs},
};

/// Which catalogs are in force.
#[derive(Debug, clap::Args)]
pub(super) struct Choice {
    /// File or folder of ModelCatalogs, or file of PROVIDER-tab-ID lines, to put over the built-in catalogs
    #[arg(long = "catalog", value_name = "PATH")]
    catalogs: Vec<PathBuf>,
    /// Leave the built-in catalogs out
    #[arg(long)]
    no_builtin: bool,
}

impl Choice {
    /// The files and folders of the command line.
    pub(super) fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.catalogs.iter().cloned()
    }

    /// The catalogs that are chosen.
    ///
    /// # Errors
    /// One of them cannot be used; when there are more errors, the others are printed.
    pub(super) fn load(&self, today: Date) -> Result<Catalogs, Error> {
        let base = if self.no_builtin {
            Catalogs::default()
        } else {
            builtin::catalogs()
        };
        let (admin, mut errors) = catalogs::load(&self.catalogs);
        let Some(last) = errors.pop() else {
            return Ok(base.with_admin(admin, today));
        };
        for reason in &errors {
            error::print(reason);
        }
        Err(last.into())
    }
}
