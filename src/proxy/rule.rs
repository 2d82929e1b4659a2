//! One rule of an HTTPRoute: what is changed on the way, and which backends share its requests.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use gateway_api::httproutes::{
    HttpRouteRules, HttpRouteRulesFilters as Filter, HttpRouteRulesFiltersType as FilterType,
    HttpRouteRulesTimeouts as Timeouts,
};
use hyper::{
    HeaderMap, Uri,
    header::{HeaderName, HeaderValue},
};

use super::{
    answer::Refusal,
    endpoint::{Endpoint, unguarded},
    route_type::{RouteType, RouteTypes},
};
use crate::engine::{
    Key, Snapshot,
    resolve::{self, Lookup, Place},
};

/// A rule, ready for requests.
#[derive(Debug)]
pub(crate) struct Rule {
    /// Longest time to the head of a provider's answer, where the rule sets one.
    pub(crate) timeout: Option<Duration>,
    pub(crate) request: HeaderEdits,
    pub(crate) response: HeaderEdits,
    rewrite: Option<Rewrite>,
    shares: Vec<Share>,
    turn: AtomicU64,
}

/// A backend's part of a rule's requests.
#[derive(Debug)]
pub(crate) struct Share {
    pub(crate) weight: u64,
    /// The providers in the order in which they are tried, or why there is nothing to send to.
    pub(crate) legs: Result<Vec<Leg>, String>,
}

/// One provider that a rule leads to, with the settings that are in force there.
#[derive(Debug)]
pub(crate) struct Leg {
    pub(crate) endpoint: Arc<Endpoint>,
    /// `namespace/name` of the backend, for metrics.
    pub(crate) backend: Arc<str>,
    pub(crate) routes: RouteTypes,
    pub(crate) aliases: Lookup,
    /// Why nothing must be sent.
    pub(crate) closed: Option<String>,
    /// Settings that are in force in the gateway and not applied here.
    pub(crate) unapplied: Vec<&'static str>,
}

/// Settings that change requests in the gateway; this proxy changes the model only.
const UNAPPLIED: [&str; 6] = [
    "defaults",
    "finalTransformations",
    "overrides",
    "prompt",
    "promptCaching",
    "transformations",
];

impl Leg {
    fn new(snapshot: &Snapshot, endpoint: &Arc<Endpoint>, place: &Place, backend: Arc<str>) -> Self {
        let setting = |field: &str| resolve::setting(snapshot, place, field);
        let unapplied = UNAPPLIED.into_iter().filter(|field| setting(field).is_some());
        Self {
            endpoint: Arc::clone(endpoint),
            backend,
            routes: RouteTypes::new(setting("routes")),
            aliases: Lookup::new(snapshot, place),
            closed: setting("promptGuard").map(|_| unguarded("policies.ai.promptGuard")),
            unapplied: unapplied.collect(),
        }
    }

    /// Where a request goes: the URI at the provider.
    pub(crate) fn uri(
        &self,
        route_type: RouteType,
        path: &str,
        query: Option<&str>,
        model: &str,
    ) -> Result<Uri, Refusal> {
        match &self.closed {
            Some(why) => Err(Refusal::unsupported(why)),
            None => self.endpoint.uri(route_type, path, query, model),
        }
    }
}

/// New paths.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Rewrite {
    Full(String),
    Prefix(String),
}

/// Changes of headers, in Gateway API's order: set, add, remove.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct HeaderEdits {
    set: Vec<(HeaderName, HeaderValue)>,
    add: Vec<(HeaderName, HeaderValue)>,
    remove: Vec<HeaderName>,
}

impl HeaderEdits {
    pub(crate) fn apply(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.set {
            headers.insert(name, value.clone());
        }
        for (name, value) in &self.add {
            headers.append(name, value.clone());
        }
        for name in &self.remove {
            headers.remove(name);
        }
    }
}

impl Rule {
    /// A rule that leads to `shares` and changes nothing.
    pub(crate) fn plain(shares: Vec<Share>) -> Self {
        Self {
            timeout: None,
            request: HeaderEdits::default(),
            response: HeaderEdits::default(),
            rewrite: None,
            shares,
            turn: AtomicU64::new(0),
        }
    }

    /// The rule of a route with what it leads to. A filter that cannot be applied closes the rule: requests must not
    /// pass without it. `notes` takes which one that is.
    pub(crate) fn new(rule: &HttpRouteRules, shares: Vec<Share>, notes: &mut BTreeSet<String>) -> Self {
        let mut made = Self::plain(shares);
        made.timeout = rule.timeouts.as_ref().and_then(timeout);
        for filter in rule.filters.iter().flatten() {
            if let Err(why) = made.filter(filter) {
                notes.insert(why.clone());
                made.shares = vec![Share {
                    weight: 1,
                    legs: Err(why),
                }];
            }
        }
        made
    }

    fn filter(&mut self, filter: &Filter) -> Result<(), String> {
        let wrong = "a header filter has a name or value that no header can carry";
        match filter.r#type {
            FilterType::RequestHeaderModifier => {
                let Some(edit) = &filter.request_header_modifier else {
                    return Ok(());
                };
                let set = edit
                    .set
                    .iter()
                    .flatten()
                    .map(|pair| (pair.name.as_str(), pair.value.as_str()));
                let add = edit
                    .add
                    .iter()
                    .flatten()
                    .map(|pair| (pair.name.as_str(), pair.value.as_str()));
                self.request = edits(set, add, edit.remove.as_deref().unwrap_or_default()).ok_or(wrong)?;
            }
            FilterType::ResponseHeaderModifier => {
                let Some(edit) = &filter.response_header_modifier else {
                    return Ok(());
                };
                let set = edit
                    .set
                    .iter()
                    .flatten()
                    .map(|pair| (pair.name.as_str(), pair.value.as_str()));
                let add = edit
                    .add
                    .iter()
                    .flatten()
                    .map(|pair| (pair.name.as_str(), pair.value.as_str()));
                self.response = edits(set, add, edit.remove.as_deref().unwrap_or_default()).ok_or(wrong)?;
            }
            FilterType::UrlRewrite => {
                // A new host name means nothing here: the host is the provider's.
                let Some(path) = filter
                    .url_rewrite
                    .as_ref()
                    .and_then(|rewrite| rewrite.path.as_ref())
                else {
                    return Ok(());
                };
                self.rewrite = match (&path.replace_full_path, &path.replace_prefix_match) {
                    (Some(full), _) => Some(Rewrite::Full(full.clone())),
                    (None, Some(prefix)) => Some(Rewrite::Prefix(prefix.trim_end_matches('/').to_owned())),
                    (None, None) => None,
                };
            }
            _ => {
                let name = serde_json::to_value(&filter.r#type).unwrap_or_default();
                return Err(format!("the filter {name} is not supported by this proxy"));
            }
        }
        Ok(())
    }

    /// `path` as the rule rewrites it; `matched` bytes of it were the prefix that the rule matched.
    pub(crate) fn path(&self, path: &str, matched: usize) -> Option<String> {
        let new = match self.rewrite.as_ref()? {
            Rewrite::Full(full) => full.clone(),
            Rewrite::Prefix(prefix) => format!("{prefix}{}", &path[matched.min(path.len())..]),
        };
        Some(if new.starts_with('/') {
            new
        } else {
            format!("/{new}")
        })
    }

    /// The backend whose turn it is, by weight; `None` where no backend has any.
    ///
    /// Turns are spread by the golden ratio, so shares are right over any stretch of requests, without a lock and
    /// without chance.
    pub(crate) fn pick(&self) -> Option<&Share> {
        const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15; // 2^64 divided by the golden ratio
        let total: u64 = self.shares.iter().map(|share| share.weight).sum();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed).wrapping_mul(GOLDEN);
        let mut point = u64::try_from((u128::from(turn) * u128::from(total)) >> 64).unwrap_or(0);
        self.shares.iter().find(|share| {
            let hit = point < share.weight;
            point = point.saturating_sub(share.weight);
            hit
        })
    }
}

fn edits<'a>(
    set: impl Iterator<Item = (&'a str, &'a str)>,
    add: impl Iterator<Item = (&'a str, &'a str)>,
    remove: &[String],
) -> Option<HeaderEdits> {
    fn header((name, value): (&str, &str)) -> Option<(HeaderName, HeaderValue)> {
        Some((name.parse().ok()?, value.parse().ok()?))
    }
    Some(HeaderEdits {
        set: set.map(header).collect::<Option<_>>()?,
        add: add.map(header).collect::<Option<_>>()?,
        remove: remove
            .iter()
            .map(|name| name.parse().ok())
            .collect::<Option<_>>()?,
    })
}

/// The limit for a provider: `backendRequest`, else `request`. Zero means none, and so does what is no duration.
fn timeout(timeouts: &Timeouts) -> Option<Duration> {
    let text = timeouts.backend_request.as_ref().or(timeouts.request.as_ref())?;
    let parsed: gateway_api::Duration = text.parse().ok()?;
    let millis = u64::try_from(parsed.as_millis()).ok()?;
    (millis > 0).then(|| Duration::from_millis(millis))
}

/// The legs of a backend as `route`'s rule reaches them.
pub(crate) fn legs(
    snapshot: &Snapshot,
    backend: &Key,
    endpoints: &[Arc<Endpoint>],
    route: Option<&(Key, Option<String>)>,
) -> Vec<Leg> {
    let label: Arc<str> = backend.to_string().into();
    let leg = |endpoint: &Arc<Endpoint>| {
        let place = Place {
            backend: backend.clone(),
            provider: endpoint.name.clone(),
            route: route.cloned(),
        };
        Leg::new(snapshot, endpoint, &place, Arc::clone(&label))
    };
    endpoints.iter().map(leg).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_follow_their_weights_over_any_stretch() {
        let share = |weight| Share {
            weight,
            legs: Err(weight.to_string()),
        };
        let rule = Rule::plain(vec![share(90), share(0), share(10)]);
        for _ in 0..10 {
            let light = (0..100)
                .filter(|_| rule.pick().is_some_and(|share| share.weight == 10))
                .count();
            assert!((9..=11).contains(&light), "{light}");
        }
        assert!(Rule::plain(vec![share(0)]).pick().is_none());
    }

    #[test]
    fn prefixes_are_replaced_by_whole_segments() {
        let with = |to: &str| Rule {
            rewrite: Some(Rewrite::Prefix(to.trim_end_matches('/').into())),
            ..Rule::plain(Vec::new())
        };
        assert_eq!(with("/xyz").path("/foo/bar", 4).as_deref(), Some("/xyz/bar"));
        assert_eq!(with("/").path("/foo/bar", 4).as_deref(), Some("/bar"));
        assert_eq!(with("/").path("/foo", 4).as_deref(), Some("/"));
    }
}
