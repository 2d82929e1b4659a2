//! HTTPS: certificates from files or made here, their reload, and the server loop.
//!
//! A new certificate is told by the *content* of its files, so that symlink swaps of mounted Secrets are seen.
//! Key and certificate change as one pair; a pair that cannot be used never replaces one that can.

mod certificates;
mod issue;
mod made;
mod pair;
pub mod secret;
mod server;
mod workers;

use std::{io, path::PathBuf, sync::Arc};

use rustls::crypto::{CryptoProvider, ring};

pub use certificates::{Certificates, Source};
pub use server::{Limits, serve};
pub use workers::Workers;

/// Why there is no certificate to serve.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {path}")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The certificate or its key cannot be read as what it should be.
    #[error("cannot use {path}: {why}")]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Certificate and key do not fit, or TLS cannot use them.
    #[error("cannot use {cert} with {key}")]
    Pair {
        /// The file of the certificate.
        cert: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// Why.
        #[source]
        source: rustls::Error,
    },
    /// Someone else's file stands where a made one would be written.
    #[error("cannot replace {0}: aliasgate did not make it")]
    NotOurs(PathBuf),
    /// A certificate cannot be made, for example of a name that is none.
    #[error("cannot make a certificate for {names}")]
    Make {
        /// The names it should have.
        names: String,
        /// Why.
        #[source]
        source: rcgen::Error,
    },
}

/// The one crypto provider of the process, ring, which is also made the default of rustls.
#[must_use]
pub fn provider() -> &'static Arc<CryptoProvider> {
    if CryptoProvider::get_default().is_none() {
        // An error means that another thread came first, with the same provider.
        let _already_there = ring::default_provider().install_default();
    }
    CryptoProvider::get_default().expect("installed above, and never taken away")
}
