//! Certificates made here: a CA that stays, and a server certificate that is renewed under it without anyone noticing.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
    time::Duration,
};

use rcgen::KeyPair;

use super::{
    Error,
    issue::{self, seconds, sorted},
    pair::{self, Pair},
};

/// The server's certificate.
pub(super) const CERT: &str = "tls.crt";
/// Its key.
pub(super) const KEY: &str = "tls.key";
const CA_CERT: &str = "ca.crt";
const CA_KEY: &str = "ca.key";

/// First line of each file: only files that begin with it are ever replaced. PEM readers pass over it.
const MARK: &str = "# made by aliasgate, which replaces it when its time is over\n";

const DAY: Duration = Duration::from_hours(24);
/// How long a CA holds. Clients must be told of a new one, so this is long.
const CA_LIFE: Duration = DAY.saturating_mul(3650);
/// How long a server certificate holds.
const LIFE: Duration = DAY.saturating_mul(365);
/// A server certificate with less than this left is renewed.
const RENEW: Duration = DAY.saturating_mul(120);

/// Makes what is missing, expires soon, or has other names than `names`; leaves the rest as it is.
pub(super) fn ensure(dir: &Path, names: &[String]) -> Result<(), Error> {
    let files = [CA_CERT, CA_KEY, CERT, KEY].map(|name| dir.join(name));
    let [ca_cert, ca_key, cert, key] = &files;
    let old = Old {
        ca: read_ours(ca_cert, ca_key)?,
        leaf: read_ours(cert, key)?,
    };

    let ca = old
        .ca
        .as_ref()
        .and_then(|(cert, key)| Some((pair_of(cert, key)?, key)));
    let ca = ca.filter(|(pair, _)| pair.holds_at(after(LIFE)));
    let leaf = old.leaf.as_ref().and_then(|(cert, key)| pair_of(cert, key));
    let wanted = sorted(names);
    let good = |leaf: &Pair, ca: &Pair| leaf.holds_at(after(RENEW)) && leaf.names == wanted && leaf.is_by(ca);
    if let (Some((ca, _)), Some(leaf)) = (&ca, &leaf)
        && good(leaf, ca)
    {
        return Ok(());
    }

    let make = |source| Error::Make {
        names: wanted.join(", "),
        source,
    };
    let now = pair::now();
    let kept = ca.and_then(|(_, key)| KeyPair::from_pem(str::from_utf8(key).ok()?).ok());
    let fresh = kept.is_none();
    let authority = kept.map_or_else(KeyPair::generate, Ok).map_err(make)?;
    let made = issue::leaf(&wanted, now, after(LIFE), &authority).map_err(make)?;

    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|source| cannot_write(dir, source))?;
    if fresh {
        let own = issue::authority(&authority, now, after(CA_LIFE)).map_err(make)?;
        write(ca_key, 0o600, &authority.serialize_pem())?;
        write(ca_cert, 0o644, &own)?;
    }
    write(key, 0o600, &made.key)?;
    write(cert, 0o644, &made.cert)
}

/// Certificate and key, as they stand in their files.
type Pem = (Vec<u8>, Vec<u8>);

/// The files as they were found.
struct Old {
    ca: Option<Pem>,
    leaf: Option<Pem>,
}

fn pair_of(cert: &[u8], key: &[u8]) -> Option<Pair> {
    let nowhere = Path::new("");
    Pair::parse((nowhere, cert), (nowhere, key)).ok()
}

/// Two files that may be replaced; `None` when one is missing.
fn read_ours(cert: &Path, key: &Path) -> Result<Option<Pem>, Error> {
    let read = |path: &Path| match pair::read(path) {
        Ok(content) if content.starts_with(MARK.as_bytes()) => Ok(Some(content)),
        Ok(_) => Err(Error::NotOurs(path.to_owned())),
        Err(Error::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    let (cert, key) = (read(cert)?, read(key)?);
    Ok(cert.zip(key))
}

/// Unix seconds of the moment after `duration`.
fn after(duration: Duration) -> i64 {
    pair::now().saturating_add(seconds(duration))
}

/// Writes beside `path` and renames, so that nobody reads half a file.
fn write(path: &Path, mode: u32, pem: &str) -> Result<(), Error> {
    let beside = path.with_extension("aliasgate-new");
    let attempt = || {
        match fs::remove_file(&beside) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&beside)?;
        file.write_all(MARK.as_bytes())?;
        file.write_all(pem.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    attempt().map_err(|source| cannot_write(path, source))
}

fn cannot_write(path: &Path, source: io::Error) -> Error {
    Error::Write {
        path: path.to_owned(),
        source,
    }
}
