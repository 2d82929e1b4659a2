//! Log lines on standard error.

use std::{error::Error, io, str::FromStr};

use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            other => Err(format!("unknown log format \"{other}\"; use text or json")),
        }
    }
}

/// Libraries that say again what we say, or more than a log should hold: the answers of an API server. They log where
/// a filter names them.
const QUIET: &str = "kube_client=off,kube_runtime=off";

/// Sends log lines to standard error from now on. `filter` is a level (`info`) or a list of `target=level`.
///
/// A second call changes nothing: the first one holds for the life of the process.
///
/// # Errors
/// When `filter` cannot be read.
pub fn init(format: Format, filter: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(format!("{QUIET},{filter}"))
        .map_err(|cause| format!("cannot read the log filter \"{filter}\": {cause}"))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    let _held_by_an_earlier_call = match format {
        Format::Text => builder.with_target(false).try_init(),
        Format::Json => builder
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .try_init(),
    };
    Ok(())
}

/// `error` and its reasons in one line.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(reason) = source {
        line.push_str(": ");
        line.push_str(&reason.to_string());
        source = reason.source();
    }
    line
}
