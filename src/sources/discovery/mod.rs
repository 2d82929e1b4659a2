//! What providers list themselves: their list APIs, asked page by page.
//!
//! [`discover`] asks one provider and gives the claims of its answer, for [`merge`](super::import::merge). Everything
//! has a limit: the time, the pages, their bytes, the models, the retries. No key and no body of an answer is ever in
//! a log or an error.

mod client;
mod endpoints;
mod error;
mod pages;

use std::{fmt, time::Duration};

use tracing::debug;

pub use client::Client;
pub use endpoints::{default_key, needs_key};
pub use error::Error;

use super::import::{Gathered, Reading, Source};
use crate::engine::{Date, Provider};
use endpoints::{Endpoint, List};

/// Most pages of one list.
const MAX_PAGES: usize = 200;
/// Largest page.
const MAX_PAGE: usize = 16 * 1024 * 1024; // bytes
/// Most models of one provider.
const MAX_MODELS: usize = 20_000;
/// Longest time to connect, TLS not included.
const CONNECT: Duration = Duration::from_secs(5);
/// Longest silence of a server.
const READ: Duration = Duration::from_secs(15);
/// Longest time for all lists of a provider, retries included.
const OVERALL: Duration = Duration::from_secs(120);
/// Most times that one page is asked for.
const ATTEMPTS: u32 = 4;
/// The pause before the second attempt; each later one is twice as long, and all are shortened by chance.
const PAUSE: Duration = Duration::from_millis(500);
/// Longest pause, also where the server asks for more.
const MAX_PAUSE: Duration = Duration::from_secs(20);

/// How much is asked, and for how long.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Most pages of one list.
    pub pages: usize,
    /// Largest page, in bytes.
    pub page: usize,
    /// Most models of one provider.
    pub models: usize,
    /// Longest time to connect.
    pub connect: Duration,
    /// Longest silence of a server.
    pub read: Duration,
    /// Longest time for all lists of a provider.
    pub overall: Duration,
    /// Most times that one page is asked for.
    pub attempts: u32,
    /// The pause before the second attempt.
    pub pause: Duration,
    /// Longest pause.
    pub max_pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pages: MAX_PAGES,
            page: MAX_PAGE,
            models: MAX_MODELS,
            connect: CONNECT,
            read: READ,
            overall: OVERALL,
            attempts: ATTEMPTS,
            pause: PAUSE,
            max_pause: MAX_PAUSE,
        }
    }
}

/// A key for reading a list. It is shown nowhere.
#[derive(Clone)]
pub struct Key(String);

impl Key {
    /// The key in `text`, without blanks and line ends around it; `None` when nothing is left.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(hidden)")
    }
}

/// What is asked of whom.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Whose models.
    pub provider: Provider,
    /// Where its API is, such as `https://proxy.example/openai`; `None` for its own place.
    pub base: Option<String>,
    /// The key, where it needs one.
    pub key: Option<Key>,
}

/// Asks a provider for all its models, as of the day `as_of`.
///
/// # Errors
/// When an answer is missing, late, too large, no list, or empty; then nothing of it counts.
pub async fn discover(client: &Client, ask: &Ask, limits: &Limits, as_of: Date) -> Result<Reading, Error> {
    let provider = ask.provider;
    let endpoint = Endpoint::of(ask)?;
    let all = async {
        let mut gathered = Gathered::new(Source::Live, as_of);
        for list in endpoint.lists {
            read_list(client, ask, &endpoint, list, limits, &mut gathered).await?;
        }
        Ok(gathered)
    };
    let gathered = tokio::time::timeout(limits.overall, all)
        .await
        .map_err(|_late| Error::Late {
            provider,
            limit: limits.overall,
        })??;
    if gathered.claims.is_empty() {
        return Err(Error::Empty { provider });
    }
    debug!(%provider, models = gathered.claims.len(), "asked the provider for its models");
    Ok(Reading {
        claims: gathered.claims,
        dropped: gathered.dropped,
    })
}

/// Reads all pages of one list.
async fn read_list(
    client: &Client,
    ask: &Ask,
    endpoint: &Endpoint,
    list: &List,
    limits: &Limits,
    gathered: &mut Gathered,
) -> Result<(), Error> {
    let provider = ask.provider;
    let mut cursors = Vec::new();
    loop {
        let url = endpoint.url(list, cursors.last());
        let place = || endpoint.place(list);
        let page = client.get(&url, endpoint.headers(ask)?, &place, limits).await?;
        list.format.gather(&page, Some(provider), gathered);
        if let Some((pointer, message)) = gathered.faults.first() {
            let what = if pointer.is_empty() {
                message.clone()
            } else {
                format!("{pointer}: {message}")
            };
            return Err(Error::Shape { place: place(), what });
        }
        if gathered.claims.len() > limits.models {
            return Err(Error::TooMany {
                place: place(),
                what: "models",
                limit: limits.models,
            });
        }
        let Some(next) = list
            .paging
            .next(&page, cursors.last())
            .map_err(|what| Error::Shape {
                place: place(),
                what: what.to_owned(),
            })?
        else {
            return Ok(());
        };
        if cursors.contains(&next) {
            return Err(Error::Shape {
                place: place(),
                what: "the pages lead in a circle".to_owned(),
            });
        }
        cursors.push(next);
        if cursors.len() == limits.pages {
            return Err(Error::TooMany {
                place: place(),
                what: "pages",
                limit: limits.pages,
            });
        }
    }
}
