//! What cannot be written is said once, and again when the reason changes.

use tracing::{info, warn};

use super::server::Error;

/// Something that is written, and why it cannot be just now.
#[derive(Debug)]
pub(super) struct Trouble {
    /// What is written: `reports`.
    what: &'static str,
    /// What an admin can do about a missing right.
    rights: &'static str,
    /// The kind of trouble that was told.
    told: Option<&'static str>,
}

impl Trouble {
    /// None yet.
    pub(super) const fn new(what: &'static str, rights: &'static str) -> Self {
        Self {
            what,
            rights,
            told: None,
        }
    }

    /// Something could not be written.
    pub(super) fn met(&mut self, error: &Error) {
        if self.told.replace(error.kind()) == Some(error.kind()) {
            return;
        }
        let what = self.what;
        if let Error::Denied(_) = error {
            let rights = self.rights;
            warn!(%error, "cannot write {what}, and goes on without; give the ServiceAccount the rights to {rights}");
        } else {
            warn!(%error, "cannot write {what}; tries again later");
        }
    }

    /// All could be written.
    pub(super) fn over(&mut self) {
        if self.told.take().is_some() {
            info!("can write {} again", self.what);
        }
    }
}
