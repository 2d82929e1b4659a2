//! The CRDs that `validate` checks by: those of the product, of `--crds`, and of the input itself.

use std::{path::PathBuf, sync::OnceLock};

use serde_json::{Value, json};

use super::{cluster, error::Error};
use crate::{
    crds,
    engine::schema::Schemas,
    sources::{cluster::definitions, documents, files},
};

/// What stands for the CRDs of the cluster; a folder of that name is `./cluster`.
const CLUSTER: &str = "cluster";

/// Where CRDs come from.
#[derive(Debug, clap::Args)]
pub(super) struct Definitions {
    /// Check objects by the CRDs in these files and folders too, or by those of the `cluster`; they win over built-in ones
    #[arg(long, value_name = "PATH|cluster")]
    crds: Vec<PathBuf>,
}

impl Definitions {
    /// The files and folders among them.
    pub(super) fn files(&self) -> impl Iterator<Item = PathBuf> {
        let files = self.crds.iter().filter(|path| path.as_os_str() != CLUSTER);
        files.cloned()
    }

    /// The built-in CRDs and those of the command line, with those of the cluster in `context`; and what could not be
    /// read.
    ///
    /// # Errors
    /// The cluster does not tell its CRDs.
    pub(super) fn load(&self, context: Option<&str>) -> Result<(Known, Vec<files::Error>), Error> {
        let mut known = Known::default();
        let (cluster, paths): (Vec<_>, Vec<_>) = self
            .crds
            .iter()
            .cloned()
            .partition(|path| path.as_os_str() == CLUSTER);
        if !cluster.is_empty() {
            let crds = cluster::block_on(async {
                let (client, _) = cluster::client_of_user(context).await?;
                Ok(definitions(&client).await?)
            })?;
            crds.iter().for_each(|crd| known.add(crd));
        }
        let (files, errors) = files::load(&paths);
        for document in files.iter().flat_map(|file| &file.documents) {
            known.add(&document.value);
        }
        Ok((known, errors))
    }
}

/// The schemas that objects are checked by.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Those that the user brings; they win.
    given: Schemas,
    /// Those of the product, each read when the first object of its kind is met.
    builtin: [OnceLock<Schemas>; crds::FILES.len()],
}

impl Known {
    /// Adds `value` where it is a CRD. What keeps it from being used is said where the CRD itself is checked.
    pub(super) fn add(&mut self, value: &Value) {
        if Schemas::is_crd(value) {
            self.given.add(value);
        }
    }

    /// The schemas with that of `object`, where there is one.
    pub(super) fn of(&self, object: &Value) -> Option<&Schemas> {
        if self.given.knows(object) {
            return Some(&self.given);
        }
        let kind = object.get("kind")?.as_str()?;
        let at = crds::FILES.iter().position(|(known, _)| *known == kind)?;
        let schemas = self.builtin[at].get_or_init(|| {
            let mut schemas = Schemas::default();
            for document in documents::read(crds::FILES[at].1).documents {
                schemas.add(&document.value);
            }
            schemas
        });
        schemas.knows(object).then_some(schemas)
    }

    /// Whether the user brings a schema for objects of this `apiVersion` and `kind`.
    pub(super) fn is_given(&self, api_version: &str, kind: &str) -> bool {
        self.given
            .knows(&json!({"apiVersion": api_version, "kind": kind}))
    }
}
