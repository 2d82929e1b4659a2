//! `aliasgate crds`: our CRDs, to be applied.

use std::io::{self, Write as _};

use super::{Outcome, error::Error};
use crate::crds;

/// Print the CRDs as YAML.
///
/// ModelCatalog is always needed. The others are for clusters without agentgateway, which brings its own.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Kinds, plurals or short names, such as agbe [default: all]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

/// Prints the CRDs that are asked for, in the order of their names.
pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let all = crds::all();
    let known = |name: &&String| all.iter().any(|crd| crds::is_called(crd, name));
    if let Some(name) = args.names.iter().find(|name| !known(name)) {
        let kinds: Vec<_> = all.iter().map(crds::kind).collect();
        return Err(Error::UnknownCrd {
            name: name.clone(),
            kinds: kinds.join(", "),
        });
    }
    let wanted = |crd: &&serde_json::Value| {
        args.names.is_empty() || args.names.iter().any(|name| crds::is_called(crd, name))
    };
    let text: String = all.iter().filter(wanted).map(crds::yaml).collect();
    io::stdout()
        .lock()
        .write_all(text.as_bytes())
        .map_err(Error::Output)?;
    Ok(Outcome::Clean)
}
