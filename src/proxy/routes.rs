//! HTTPRoutes as an index of rules: which rule a request belongs to.
//!
//! The order of precedence is Gateway API's: host name, path, method, number of headers, number of query parameters,
//! age of the route, its namespace and name, place of the rule. Which Gateway a route hangs on does not count here: one
//! proxy serves all of them.

use std::{collections::HashMap, sync::Arc};

use gateway_api::httproutes::{
    HttpRoute, HttpRouteRulesMatches as Matches, HttpRouteRulesMatchesHeadersType as HeadersType,
    HttpRouteRulesMatchesPathType as PathType, HttpRouteRulesMatchesQueryParamsType as ParamsType,
};
use hyper::{HeaderMap, Method, http::request::Parts};
use percent_encoding::percent_decode_str;

use super::rule::Rule;
use crate::engine::Key;

/// The rules of all routes.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    /// By host name; a wildcard without its `*`.
    hosts: HashMap<String, Paths>,
    /// Of routes that take any host.
    any_host: Paths,
}

/// The rules of one host name.
#[derive(Debug, Default)]
struct Paths {
    exact: HashMap<String, Vec<Candidate>>,
    /// Without a slash at the end, so that `/` is empty.
    prefix: HashMap<String, Vec<Candidate>>,
}

/// Creation, namespace and name of a route, and the place of a rule in it.
type Seniority = (String, Key, usize);

/// One match of one rule, where host and path fit.
#[derive(Debug, Clone)]
struct Candidate {
    method: Option<Method>,
    headers: Vec<(String, String)>,
    params: Vec<(String, String)>,
    seniority: Seniority,
    rule: Arc<Rule>,
}

impl Routes {
    /// Adds the rules of `route`; `make` turns the rule at an index into what it leads to.
    ///
    /// # Errors
    /// What of the route cannot be served; then nothing is added.
    pub(crate) fn add(
        &mut self,
        key: &Key,
        route: &HttpRoute,
        mut make: impl FnMut(usize) -> Arc<Rule>,
    ) -> Result<(), String> {
        let rules = route.spec.rules.as_deref().unwrap_or_default();
        let created = route
            .metadata
            .creation_timestamp
            .as_ref()
            .map(|time| time.0.to_string());
        let mut found = Vec::new();
        for (at, rule) in rules.iter().enumerate() {
            let target = make(at);
            let any = [Matches::default()];
            let matches = rule
                .matches
                .as_deref()
                .filter(|matches| !matches.is_empty())
                .unwrap_or(&any);
            for one in matches {
                let seniority = (
                    created.clone().unwrap_or_else(|| "~".into()), // after every date
                    key.clone(),
                    at,
                );
                found.push(candidate(one, seniority, Arc::clone(&target))?);
            }
        }
        let hosts = route.spec.hostnames.as_deref().unwrap_or_default();
        if hosts.is_empty() {
            self.any_host.add(&found);
        }
        for host in hosts {
            let host = host.trim_start_matches('*').to_ascii_lowercase();
            self.hosts.entry(host).or_default().add(&found);
        }
        Ok(())
    }

    /// Adds one rule for every request.
    pub(crate) fn add_catch_all(&mut self, rule: Arc<Rule>) {
        let any = Candidate {
            method: None,
            headers: vec![],
            params: vec![],
            seniority: (String::new(), Key::new("", ""), 0),
            rule,
        };
        self.any_host.add(&[(false, String::new(), any)]);
    }

    /// The rule for `request`, and how much of its path the match took as a prefix.
    pub(crate) fn find(&self, request: &Parts) -> Option<(&Arc<Rule>, usize)> {
        if !self.hosts.is_empty() {
            let host = host(request);
            let mut name = host.as_str();
            // `a.b.c`, then `.b.c` and `.c` for the wildcards, the longest first.
            loop {
                if let Some(hit) = self.hosts.get(name).and_then(|paths| paths.find(request)) {
                    return Some(hit);
                }
                let Some(dot) = name.get(1..).and_then(|rest| rest.find('.')) else {
                    break;
                };
                name = &name[dot + 1..];
            }
        }
        self.any_host.find(request)
    }
}

impl Paths {
    fn add(&mut self, found: &[(bool, String, Candidate)]) {
        for (exact, path, candidate) in found {
            let table = if *exact { &mut self.exact } else { &mut self.prefix };
            let row = table.entry(path.clone()).or_default();
            row.push(candidate.clone());
            row.sort_by(|a, b| a.rank().cmp(&b.rank()));
        }
    }

    fn find(&self, request: &Parts) -> Option<(&Arc<Rule>, usize)> {
        let path = request.uri.path();
        if let Some(rule) = fitting(self.exact.get(path), request) {
            return Some((rule, path.len()));
        }
        let mut prefix = path.strip_suffix('/').unwrap_or(path);
        loop {
            if let Some(rule) = fitting(self.prefix.get(prefix), request) {
                return Some((rule, prefix.len()));
            }
            prefix = &prefix[..prefix.rfind('/')?];
        }
    }
}

fn fitting<'a>(row: Option<&'a Vec<Candidate>>, request: &Parts) -> Option<&'a Arc<Rule>> {
    row?.iter()
        .find(|candidate| candidate.fits(request))
        .map(|candidate| &candidate.rule)
}

impl Candidate {
    fn rank(&self) -> impl Ord + '_ {
        let (headers, params) = (usize::MAX - self.headers.len(), usize::MAX - self.params.len());
        (self.method.is_none(), headers, params, &self.seniority)
    }

    fn fits(&self, request: &Parts) -> bool {
        self.method
            .as_ref()
            .is_none_or(|method| *method == request.method)
            && self
                .headers
                .iter()
                .all(|(name, value)| has_header(&request.headers, name, value))
            && self
                .params
                .iter()
                .all(|(name, value)| has_param(request.uri.query(), name, value))
    }
}

/// Whether the match is of the whole path, the path, and the rest of it.
fn candidate(
    one: &Matches,
    seniority: Seniority,
    rule: Arc<Rule>,
) -> Result<(bool, String, Candidate), String> {
    const REGULAR: &str = "matches of type RegularExpression are not supported";
    let headers = one.headers.iter().flatten().map(|header| match header.r#type {
        Some(HeadersType::RegularExpression) => Err(REGULAR),
        Some(HeadersType::Exact) | None => Ok((header.name.to_ascii_lowercase(), header.value.clone())),
    });
    let params = one.query_params.iter().flatten().map(|param| match param.r#type {
        Some(ParamsType::RegularExpression) => Err(REGULAR),
        Some(ParamsType::Exact) | None => Ok((param.name.clone(), param.value.clone())),
    });
    let kind = one.path.as_ref().and_then(|path| path.r#type.as_ref());
    let value = one
        .path
        .as_ref()
        .and_then(|path| path.value.as_deref())
        .unwrap_or("/");
    let (exact, path) = match kind {
        Some(PathType::RegularExpression) => return Err(REGULAR.into()),
        Some(PathType::Exact) => (true, value),
        Some(PathType::PathPrefix) | None => (false, value.strip_suffix('/').unwrap_or(value)),
    };
    let method = serde_json::to_value(&one.method)
        .ok()
        .and_then(|name| name.as_str()?.parse().ok());
    let (headers, params) = (
        headers.collect::<Result<_, _>>()?,
        params.collect::<Result<_, _>>()?,
    );
    Ok((
        exact,
        path.to_owned(),
        Candidate {
            method,
            headers,
            params,
            seniority,
            rule,
        },
    ))
}

fn has_header(headers: &HeaderMap, name: &str, value: &str) -> bool {
    headers
        .get(name)
        .is_some_and(|found| found.as_bytes() == value.as_bytes())
}

fn has_param(query: Option<&str>, name: &str, value: &str) -> bool {
    let same = |raw: &str, wanted: &str| percent_decode_str(raw).eq(wanted.bytes());
    let pairs = query
        .unwrap_or_default()
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    // Of several values of one name the first counts.
    pairs
        .into_iter()
        .find(|(found, _)| same(found, name))
        .is_some_and(|(_, found)| same(found, value))
}

/// The host that `request` names, in small letters and without a port.
fn host(request: &Parts) -> String {
    let named = request
        .headers
        .get(hyper::header::HOST)
        .and_then(|value| value.to_str().ok());
    let named = request.uri.host().or(named).unwrap_or_default();
    let end = match (named.rfind(']'), named.rfind(':')) {
        (Some(bracket), Some(colon)) if colon < bracket => named.len(),
        (_, colon) => colon.unwrap_or(named.len()),
    };
    named[..end].to_ascii_lowercase()
}
