//! Why a list could not be had.

use std::time::Duration;

use thiserror::Error;

use crate::engine::Provider;

/// Why a list could not be had. None of the messages has a key, or text that a server sent.
#[derive(Debug, Error)]
pub enum Error {
    /// The provider has no place of its own.
    #[error("cannot ask {provider}: it has no address of its own; give the base URL")]
    NoBase {
        /// Whom.
        provider: Provider,
    },
    /// Not an address that can be asked.
    #[error("cannot ask {provider}: the base URL {why}")]
    Base {
        /// Whom.
        provider: Provider,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The provider answers with a key only.
    #[error("cannot ask {provider}: it needs a key")]
    NoKey {
        /// Whom.
        provider: Provider,
    },
    /// A key with characters that no header can have.
    #[error("cannot ask {provider}: the key has characters that a header cannot carry")]
    Key {
        /// Whom.
        provider: Provider,
    },
    /// The extra certificates are none.
    #[error("cannot use the certificates of the authority: {0}")]
    Authority(&'static str),
    /// No connection, or one that broke.
    #[error("cannot reach {place}")]
    Reach {
        /// The address.
        place: String,
        /// Why.
        #[source]
        source: Broken,
    },
    /// An answer that says no.
    #[error("cannot read {place}: it answered {status}{}", hint(*status))]
    Status {
        /// The address.
        place: String,
        /// The status of HTTP.
        status: u16,
    },
    /// The server asks for a longer pause than we make.
    #[error("cannot read {place}: it asks to wait {} s, and {} s is the most", pause.as_secs(), limit.as_secs())]
    Wait {
        /// The address.
        place: String,
        /// What it asks for.
        pause: Duration,
        /// The limit.
        limit: Duration,
    },
    /// Everything together took too long.
    #[error("cannot ask {provider}: no complete answer within {} s", limit.as_secs_f32())]
    Late {
        /// Whom.
        provider: Provider,
        /// The limit.
        limit: Duration,
    },
    /// Too much of something.
    #[error("cannot read {place}: more than {limit} {what}")]
    TooMany {
        /// The address.
        place: String,
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// An answer that is no list of models.
    #[error("cannot read {place}: {what}")]
    Shape {
        /// The address.
        place: String,
        /// What is wrong with it.
        what: String,
    },
    /// A list without a model.
    #[error("cannot use the list of {provider}: it has no model")]
    Empty {
        /// Whose.
        provider: Provider,
    },
}

/// Why a connection did not do.
#[derive(Debug, Error)]
pub enum Broken {
    /// No connection.
    #[error("no connection")]
    Connect(#[source] hyper_util::client::legacy::Error),
    /// The answer broke off.
    #[error("the answer broke off")]
    Body(#[source] hyper::Error),
    /// Silence.
    #[error("no answer for {} s", .0.as_secs_f32())]
    Silence(Duration),
}

/// What to do about `status`.
fn hint(status: u16) -> &'static str {
    match status {
        300..=399 => "; redirects are not followed, so give the base URL that it leads to",
        401 | 403 => "; is the key there, and may it list models?",
        404 => "; is the base URL right?",
        429 => "; too many requests, so try later",
        _ => "",
    }
}
