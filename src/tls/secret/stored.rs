//! What the Secret holds, and how it is written.

use std::{collections::BTreeMap, path::Path};

use k8s_openapi::{ByteString, api::core::v1::Secret, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use rcgen::KeyPair;

use super::{
    bundle::{Authority, Bundle},
    plan::{Leaf, Rotation},
};
use crate::tls::{issue::Made, pair::Pair};

/// All CAs that may still be trusted, the newest first.
pub const CA_CERT: &str = "ca.crt";
/// The key of the newest CA.
pub const CA_KEY: &str = "ca.key";
/// The server certificate in use.
pub const CERT: &str = "tls.crt";
/// Its key.
pub const KEY: &str = "tls.key";
/// The annotation that asks for a rotation: `leaf` or `ca`.
pub const ROTATE: &str = "aliasgate.dev/rotate";
/// The type of the Secret.
const OPAQUE: &str = "Opaque";

/// A server certificate with its key.
#[derive(Clone)]
pub(super) struct Held {
    pub(super) leaf: Leaf,
    pub(super) pair: Pair,
    pub(super) made: Made,
}

impl Held {
    /// `None` when certificate and key cannot be used.
    pub(super) fn of(made: Made) -> Option<Self> {
        let pair = pair_of(made.cert.as_bytes(), made.key.as_bytes())?;
        let leaf = Leaf {
            serial: pair.serial.clone(),
            by: pair.authority_key.clone(),
            not_after: pair.not_after,
            names: pair.names.clone(),
        };
        Some(Self { leaf, pair, made })
    }
}

/// The content of the Secret, as far as it can be used.
#[derive(Default)]
pub(super) struct Stored {
    pub(super) authority: Option<(Authority, KeyPair)>,
    pub(super) bundle: Bundle,
    pub(super) held: Option<Held>,
    pub(super) asked: Option<Rotation>,
    /// What is wrong with it.
    pub(super) faults: Vec<String>,
}

impl Stored {
    /// Reads a Secret. One without content has no faults.
    pub(super) fn read(secret: &Secret) -> Self {
        let data = secret.data.as_ref();
        let get = |key| data.and_then(|data| Some(data.get(key)?.0.as_slice()));
        let mut stored = Self {
            bundle: Bundle::parse(get(CA_CERT).unwrap_or_default()),
            ..Self::default()
        };
        if let (Some(first), Some(key)) = (stored.bundle.authorities.first(), get(CA_KEY)) {
            stored.authority = key_of(first, key).map(|key| (first.clone(), key));
        }
        if let (Some(cert), Some(key)) = (get(CERT), get(KEY)) {
            let text = |bytes: &[u8]| Some(str::from_utf8(bytes).ok()?.to_owned());
            let made = text(cert).zip(text(key)).map(|(cert, key)| Made { cert, key });
            let held = made.and_then(Held::of);
            stored.held = held.filter(|held| stored.bundle.has(&held.leaf.by));
        }
        if [CA_CERT, CA_KEY].into_iter().any(|key| get(key).is_some()) && stored.authority.is_none() {
            stored.faults.push(format!(
                "{CA_CERT} does not begin with a CA of aliasgate with its key in {CA_KEY}"
            ));
        }
        if [CERT, KEY].into_iter().any(|key| get(key).is_some()) && stored.held.is_none() {
            stored.faults.push(format!(
                "{CERT} and {KEY} are no certificate of a CA in {CA_CERT} with its key"
            ));
        }
        stored.asked = match secret
            .metadata
            .annotations
            .as_ref()
            .and_then(|all| all.get(ROTATE))
        {
            None => None,
            Some(asked) if asked == "leaf" => Some(Rotation::Leaf),
            Some(asked) if asked == "ca" => Some(Rotation::Ca),
            Some(other) => {
                stored.faults.push(format!(
                    "the annotation {ROTATE} is \"{other:.20}\": set leaf or ca"
                ));
                None
            }
        };
        stored
    }
}

/// The type of a Secret that is someone else's by its type.
pub(super) fn foreign_type(secret: &Secret) -> Option<&str> {
    secret.type_.as_deref().filter(|kind| *kind != OPAQUE)
}

/// `before`, or a new Secret of this name, with these entries in place of those it has. The annotation goes when `done`.
pub(super) fn write(
    before: Option<&Secret>,
    (namespace, name): (&str, &str),
    entries: &[(&str, &str)],
    done: bool,
) -> Secret {
    let mut secret = before.cloned().unwrap_or_else(|| blank(namespace, name));
    let data = secret.data.get_or_insert_default();
    for (key, text) in entries {
        data.insert((*key).to_owned(), ByteString(text.as_bytes().to_vec()));
    }
    if let Some(annotations) = secret.metadata.annotations.as_mut().filter(|_| done) {
        annotations.remove(ROTATE);
    }
    secret
}

fn blank(namespace: &str, name: &str) -> Secret {
    let labels = [
        ("app.kubernetes.io/name", "aliasgate"),
        ("app.kubernetes.io/component", "webhook"),
    ];
    let text = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    Secret {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some(namespace.to_owned()),
            labels: Some(BTreeMap::from_iter(labels.map(text))),
            ..ObjectMeta::default()
        },
        type_: Some(OPAQUE.to_owned()),
        ..Secret::default()
    }
}

/// The key, when it is that of `authority`.
fn key_of(authority: &Authority, key: &[u8]) -> Option<KeyPair> {
    let alone = Bundle {
        authorities: vec![authority.clone()],
        foreign: false,
    };
    pair_of(alone.pem().as_bytes(), key)?;
    KeyPair::from_pem(str::from_utf8(key).ok()?).ok()
}

fn pair_of(cert: &[u8], key: &[u8]) -> Option<Pair> {
    let nowhere = Path::new("");
    Pair::parse((nowhere, cert), (nowhere, key)).ok()
}
