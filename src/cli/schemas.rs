//! The CRDs that `validate` checks by: those of the product, of `--crds`, and of the input itself.

use std::{collections::BTreeSet, path::PathBuf};

use serde_json::Value;

use crate::{
    crds,
    engine::schema::Schemas,
    sources::{
        documents,
        files::{self, Error},
    },
};

/// Where CRDs come from.
#[derive(Debug, clap::Args)]
pub(super) struct Definitions {
    /// Check objects by the CRDs in these files and folders too; they win over built-in ones
    #[arg(long, value_name = "PATH")]
    crds: Vec<PathBuf>,
}

impl Definitions {
    /// The built-in CRDs of the kinds of `values` and those of the command line; and what could not be read.
    pub(super) fn load<'a>(&self, values: impl Iterator<Item = &'a Value>) -> (Schemas, Vec<Error>) {
        let mut schemas = Schemas::default();
        let kinds: BTreeSet<&str> = values.filter_map(|value| value.get("kind")?.as_str()).collect();
        for (_, text) in crds::FILES.iter().filter(|(kind, _)| kinds.contains(kind)) {
            let crds = documents::read(text).documents;
            add(&mut schemas, crds.iter().map(|document| &document.value));
        }
        if self.crds.is_empty() {
            return (schemas, Vec::new());
        }
        let (files, errors) = files::load(&self.crds);
        let documents = files.iter().flat_map(|file| &file.documents);
        add(&mut schemas, documents.map(|document| &document.value));
        (schemas, errors)
    }
}

/// Adds the CRDs among `values`.
pub(super) fn add<'a>(schemas: &mut Schemas, values: impl Iterator<Item = &'a Value>) {
    for crd in values.filter(|value| Schemas::is_crd(value)) {
        // What keeps one from being used is said where the CRD itself is checked.
        schemas.add(crd);
    }
}
