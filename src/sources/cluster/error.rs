//! What went wrong at the API server, in words that give nothing away.

use std::error::Error as _;

use kube::{core::Status, runtime::watcher};

/// Longest reason that is passed on.
const LONGEST: usize = 300; // characters

/// Why a request failed. Never what an answer says, for that may be a Secret.
pub(super) fn why(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => refusal(status),
        kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => unreadable(),
        _ => {
            let mut reason: &dyn std::error::Error = error;
            let mut next = error.source();
            while let Some(source) = next {
                reason = source;
                next = source.source();
            }
            plain(&format!("cannot reach the API server: {reason}"))
        }
    }
}

/// An answer that is not what was asked for.
pub(super) fn unreadable() -> String {
    "the answer of the API server cannot be read".to_owned()
}

/// Why a list or watch failed.
pub(super) fn why_watching(error: &watcher::Error) -> String {
    match (error, cause(error)) {
        (watcher::Error::WatchError(status), _) => refusal(status),
        (_, Some(cause)) => why(cause),
        _ => plain(&error.to_string()),
    }
}

/// Whether a list or watch failed because there is no such kind (any more).
pub(super) fn is_missing(error: &watcher::Error) -> bool {
    matches!(cause(error), Some(kube::Error::Api(status)) if status.code == 404)
}

const fn cause(error: &watcher::Error) -> Option<&kube::Error> {
    match error {
        watcher::Error::InitialListFailed(cause)
        | watcher::Error::WatchStartFailed(cause)
        | watcher::Error::WatchFailed(cause) => Some(cause),
        watcher::Error::WatchError(_) | watcher::Error::NoResourceVersion => None,
    }
}

/// The API server's own words; of a missing right they name who must not do what.
fn refusal(status: &Status) -> String {
    let Status { code, message, .. } = status;
    plain(&match code {
        403 => format!("a right is missing: {message}"),
        _ => format!("the API server says {code}: {message}"),
    })
}

/// One line of bounded length.
fn plain(text: &str) -> String {
    let line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    line.take(LONGEST).collect()
}
