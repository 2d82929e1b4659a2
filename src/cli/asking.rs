//! Where providers are asked for their lists, and with which keys: what `catalog refresh` and `serve --discover` share.

use std::env;

use crate::{
    engine::{Provider, catalog::ModelCatalog},
    sources::discovery::{self, Ask, Key},
};

/// Where providers are asked, and with which keys.
#[derive(Debug, Clone, Default)]
pub(super) struct Asking {
    /// Names of environment variables, each as `NAME` or `PROVIDER=NAME`.
    pub(super) key_env: Vec<String>,
    /// Addresses, each as `URL` or `PROVIDER=URL`.
    pub(super) base_url: Vec<String>,
}

/// The provider that is called `text`.
///
/// # Errors
/// There is none.
pub(super) fn provider(text: &str) -> Result<Provider, String> {
    if text == "openai-compatible" {
        return Ok(Provider::Custom);
    }
    text.parse()
}

impl Asking {
    /// The question to `provider`, with its key of the environment.
    pub(super) fn ask(&self, provider: Provider) -> Ask {
        Ask {
            provider,
            base: choice(&self.base_url, provider).map(str::to_owned),
            key: env::var(self.key_name(provider))
                .ok()
                .and_then(|key| Key::new(&key)),
        }
    }

    /// The name of the variable with the key of `provider`.
    pub(super) fn key_name(&self, provider: Provider) -> &str {
        choice(&self.key_env, provider).unwrap_or_else(|| discovery::default_key(provider))
    }

    /// Finishes a catalog of what `provider` answered: one of a custom server speaks for the host that was asked.
    pub(super) fn place(&self, catalog: &mut ModelCatalog) {
        if catalog.provider == Provider::Custom {
            catalog.selector.hosts.extend(self.host());
        }
    }

    /// The host of the custom server, without the port.
    fn host(&self) -> Option<String> {
        let url = choice(&self.base_url, Provider::Custom)?;
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let host = rest.split(['/', ':']).next()?;
        Some(host.to_owned())
    }
}

/// The value for `provider` among `VALUE` and `PROVIDER=VALUE`; the latter counts more.
fn choice(values: &[String], provider: Provider) -> Option<&str> {
    let named = |value: &'_ String| -> Option<(Provider, usize)> {
        let (name, _) = value.split_once('=')?;
        Some((self::provider(name).ok()?, name.len() + 1))
    };
    let own = values.iter().find_map(|value| match named(value) {
        Some((of, at)) if of == provider => Some(&value[at..]),
        _ => None,
    });
    own.or_else(|| {
        values
            .iter()
            .find(|value| named(value).is_none())
            .map(String::as_str)
    })
}
