//! URLs as Go's net/url reads them.

use core::net::Ipv6Addr;
use std::collections::BTreeMap;

/// The parts of a URL that rules can ask for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Url {
    pub(super) scheme: String,
    opaque: String,
    user: String,
    pub(super) host: String,
    pub(super) escaped_path: String,
    query: String,
    fragment: String,
}

/// Whether `text` is an absolute URL or an absolute path.
pub(super) fn is_request_uri(text: &str) -> bool {
    parse(text, true).is_ok()
}

impl Url {
    /// The URL that `text` is; it must be absolute.
    ///
    /// # Errors
    /// Why it is none.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        parse(text, true)?;
        let (bare, fragment) = text.split_once('#').unwrap_or((text, ""));
        let mut url = parse(bare, false)?;
        unescape(fragment, Mode::Path)?;
        fragment.clone_into(&mut url.fragment);
        Ok(url)
    }

    pub(super) fn hostname(&self) -> &str {
        let (host, _) = self.split();
        host.strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host)
    }

    pub(super) fn port(&self) -> &str {
        self.split().1
    }

    fn split(&self) -> (&str, &str) {
        let after = self.host.rfind(']').map_or(0, |at| at + 1);
        match self.host[after..].rfind(':') {
            Some(at) => (&self.host[..after + at], &self.host[after + at + 1..]),
            None => (&self.host, ""),
        }
    }

    /// The values of each parameter.
    pub(super) fn parameters(&self) -> BTreeMap<String, Vec<String>> {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for part in self
            .query
            .split('&')
            .filter(|part| !part.is_empty() && !part.contains(';'))
        {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            if let (Ok(key), Ok(value)) = (unescape(key, Mode::Query), unescape(value, Mode::Query)) {
                found.entry(key).or_default().push(value);
            }
        }
        found
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Path,
    Query,
    Host,
}

fn parse(text: &str, via_request: bool) -> Result<Url, String> {
    let fault = |what: &str| Err(format!("parse {text:?}: {what}"));
    if text.bytes().any(|b| b < b' ' || b == 0x7f) {
        return fault("net/url: invalid control character in URL");
    }
    if text.is_empty() && via_request {
        return fault("empty url");
    }
    let mut url = Url::default();
    if text == "*" {
        "*".clone_into(&mut url.escaped_path);
        return Ok(url);
    }
    let Some((scheme, rest)) = scheme(text) else {
        return fault("missing protocol scheme");
    };
    url.scheme = scheme.to_ascii_lowercase();
    let (mut rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    query.clone_into(&mut url.query);
    if !rest.starts_with('/') {
        if !url.scheme.is_empty() {
            rest.clone_into(&mut url.opaque);
            return Ok(url);
        }
        if via_request {
            return fault("invalid URI for request");
        }
        if rest
            .split('/')
            .next()
            .is_some_and(|segment| segment.contains(':'))
        {
            return fault("first path segment in URL cannot contain colon");
        }
    }
    let authority = !url.scheme.is_empty() || (!via_request && !rest.starts_with("///"));
    if let Some(after) = rest.strip_prefix("//").filter(|_| authority) {
        let end = after.find('/').unwrap_or(after.len());
        let (authority, path) = after.split_at(end);
        rest = path;
        let (user, host) = authority
            .rsplit_once('@')
            .map_or(("", authority), |(user, host)| (user, host));
        if !user.bytes().all(is_user) {
            return fault("net/url: invalid userinfo");
        }
        unescape(user, Mode::Path).map_err(|error| format!("parse {text:?}: {error}"))?;
        user.clone_into(&mut url.user);
        url.host = host_of(host).map_err(|error| format!("parse {text:?}: {error}"))?;
    }
    let path = unescape(rest, Mode::Path).map_err(|error| format!("parse {text:?}: {error}"))?;
    url.escaped_path = if is_encoded(rest) {
        rest.to_owned()
    } else {
        escape(&path)
    };
    Ok(url)
}

/// The scheme, empty where there is none, and what follows; `None` where there is a colon without one.
fn scheme(text: &str) -> Option<(&str, &str)> {
    for (at, b) in text.bytes().enumerate() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return None,
            b':' => return Some((&text[..at], &text[at + 1..])),
            _ => break,
        }
    }
    Some(("", text))
}

fn is_user(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&b)
}

fn host_of(host: &str) -> Result<String, String> {
    let port = |port: &str| match port.strip_prefix(':') {
        Some(digits) => digits.bytes().all(|b| b.is_ascii_digit()),
        None => port.is_empty(),
    };
    if let Some(inside) = host.strip_prefix('[') {
        let Some((address, rest)) = inside.rsplit_once(']') else {
            return Err("missing ']' in host".to_owned());
        };
        if !port(rest) {
            return Err(format!("invalid port {rest:?} after host"));
        }
        let (address, zone) = address
            .split_once("%25")
            .map_or((address, None), |(address, zone)| (address, Some(zone)));
        if address.parse::<Ipv6Addr>().is_err() {
            return Err("invalid host".to_owned());
        }
        let zone = zone.map(|zone| unescape(zone, Mode::Path)).transpose()?;
        let zone = zone.map_or_else(String::new, |zone| format!("%{zone}"));
        return Ok(format!("[{address}{zone}]{rest}"));
    }
    if let Some(at) = host.find(':')
        && !port(&host[at..])
    {
        return Err(format!("invalid port {:?} after host", &host[at..]));
    }
    unescape(host, Mode::Host)
}

fn unescape(text: &str, mode: Mode) -> Result<String, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match first {
            b'%' => {
                let hex = |b: &u8| char::from(*b).to_digit(16);
                let code = match tail {
                    [high, low, ..] => hex(high).zip(hex(low)).map(|(high, low)| high * 16 + low),
                    _ => None,
                };
                let escape = String::from_utf8_lossy(&tail[..tail.len().min(2)]).into_owned();
                let code = code.and_then(|code| u8::try_from(code).ok());
                let Some(code) = code.filter(|code| mode != Mode::Host || *code >= 0x80 || *code == b'%')
                else {
                    return Err(format!("invalid URL escape \"%{escape}\""));
                };
                out.push(code);
                rest = &tail[2..];
            }
            b'+' if mode == Mode::Query => out.push(b' '),
            b if mode == Mode::Host && b.is_ascii() && !is_host(*b) => {
                return Err(format!(
                    "invalid character {:?} in host name",
                    String::from(char::from(*b))
                ));
            }
            b => out.push(*b),
        }
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn is_host(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"".contains(&b)
}

/// Whether a path can stand as it is written.
fn is_encoded(path: &str) -> bool {
    path.bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:@[]%/".contains(&b))
}

fn escape(path: &str) -> String {
    let mut out = String::with_capacity(path.len() + 16);
    for b in path.bytes() {
        if b.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(&b) {
            out.push(char::from(b));
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_as_in_go() {
        for good in [
            "https://",
            "http://host:99999",
            "http://1.2.3.4.5/",
            "/path",
            "mailto:a",
            "http://[::1]:80/",
            "https:///x",
            "*",
        ] {
            assert!(is_request_uri(good), "{good}");
        }
        for bad in [
            "",
            "a b",
            "relative",
            "http://[::1",
            "http://h:x/",
            "http://a b/",
            "/%zz",
            ":x",
            "http://::1/",
            "http://h\u{7f}",
        ] {
            assert!(!is_request_uri(bad), "{bad}");
        }
    }

    #[test]
    fn parts_are_as_in_go() {
        let url = Url::new("HTTPS://user@Example.COM:80/a b%20c?k=1&k=2&e#frag").unwrap();
        assert_eq!(
            (url.scheme.as_str(), url.host.as_str(), url.hostname(), url.port()),
            ("https", "Example.COM:80", "Example.COM", "80")
        );
        assert_eq!(url.escaped_path, "/a%20b%20c");
        assert_eq!(url.parameters()["k"], ["1", "2"]);
        assert_eq!(url.parameters()["e"], [""]);
        assert_eq!(Url::new("http://[::1]:8/").unwrap().hostname(), "::1");
    }
}
