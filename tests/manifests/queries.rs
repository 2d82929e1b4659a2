//! The queries of alerts and dashboards, and whether there is what they ask for.

use std::collections::{BTreeMap, BTreeSet};

use promql_parser::parser::{self, Expr, VectorSelector};
use serde_json::Value;

use super::objects::{Objects, list, text};

/// Labels by the names of the samples that have them.
pub(crate) type Samples = BTreeMap<String, BTreeSet<String>>;

/// Labels that Prometheus adds to every sample of a target.
const OF_TARGETS: &[&str] = &["instance", "job", "namespace", "pod"];

/// What others measure (Kubernetes 1.34, staging/src/k8s.io/apiserver/pkg/admission/metrics), and Prometheus itself.
const OF_OTHERS: &[(&str, &[&str])] = &[
    ("up", &[]),
    ("apiserver_admission_webhook_fail_open_count", &["name", "type"]),
    (
        "apiserver_admission_webhook_rejection_count",
        &["error_type", "name", "operation", "rejection_code", "type"],
    ),
];

/// The queries of all alerts, by the names of the alerts.
pub(crate) fn of_alerts(objects: &Objects) -> Vec<(String, String)> {
    let groups = objects
        .of("PrometheusRule")
        .flat_map(|rule| list(&rule["spec"]["groups"]));
    groups
        .flat_map(|group| list(&group["rules"]))
        .map(|rule| (text(&rule["alert"]).to_owned(), text(&rule["expr"]).to_owned()))
        .collect()
}

/// The queries of a dashboard, by the titles of its panels.
pub(crate) fn of_dashboard(dashboard: &Value) -> Vec<(String, String)> {
    let targets = |panel: &'_ Value| -> Vec<(String, String)> {
        list(&panel["targets"])
            .iter()
            .map(|target| (text(&panel["title"]).to_owned(), text(&target["expr"]).to_owned()))
            .collect()
    };
    list(&dashboard["panels"]).iter().flat_map(targets).collect()
}

/// Fails unless every query can be read, asks for numbers that there are, and uses labels that these have. `unseen` tells
/// whether a name is that of a number that was not brought about, whose labels are not known.
pub(crate) fn ask_for_what_there_is(
    queries: &[(String, String)],
    seen: &Samples,
    unseen: impl Fn(&str) -> bool,
) {
    assert!(!queries.is_empty());
    for (place, query) in queries {
        let expression = parser::parse(query).unwrap_or_else(|error| panic!("{place}: {query}: {error}"));
        let mut asked = Samples::new();
        collect(&expression, &BTreeSet::new(), &mut asked);
        assert!(!asked.is_empty(), "{place} asks for nothing: {query}");
        for (name, labels) in asked {
            let of_others = OF_OTHERS.iter().find(|(other, _)| *other == name);
            let known: BTreeSet<&str> = match (seen.get(&name), of_others) {
                (Some(labels), _) => labels.iter().map(String::as_str).collect(),
                (None, Some((_, labels))) => labels.iter().copied().collect(),
                (None, None) => {
                    assert!(
                        unseen(without_suffix(&name)),
                        "{place}: nothing counts {name}; there are {:?}",
                        seen.keys()
                    );
                    continue;
                }
            };
            for label in labels {
                assert!(
                    known.contains(label.as_str()) || OF_TARGETS.contains(&label.as_str()),
                    "{place}: {name} has no label {label}, but {known:?}"
                );
            }
        }
    }
}

/// The names of samples of a page of metrics, with the labels of all that bear the name.
pub(crate) fn samples(page: &str) -> Samples {
    let mut found = Samples::new();
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let end = line.find(['{', ' ']).expect("a value behind the name");
        let labels = found.entry(line[..end].to_owned()).or_default();
        // `NAME="` where no value is open: after a brace or comma that follows a closed value.
        let inner = line[end..]
            .strip_prefix('{')
            .and_then(|rest| rest.rsplit_once('}'));
        let parts = inner.map_or("", |(inner, _)| inner).split("\",");
        labels.extend(parts.filter_map(|part| Some(part.split_once("=\"")?.0.to_owned())));
    }
    found
}

/// The name by which a number is registered, of the name of one of its samples.
fn without_suffix(sample: &str) -> &str {
    ["_total", "_bucket", "_sum", "_count", "_info"]
        .iter()
        .find_map(|suffix| sample.strip_suffix(suffix))
        .unwrap_or(sample)
}

/// Every number that `expression` asks for, with the labels that it selects and groups by.
fn collect(expression: &Expr, grouped: &BTreeSet<String>, asked: &mut Samples) {
    let mut select = |selector: &VectorSelector| {
        let name = selector.name.clone().expect("a selector with a name");
        let labels = asked.entry(name).or_default();
        labels.extend(
            selector
                .matchers
                .matchers
                .iter()
                .map(|matcher| matcher.name.clone()),
        );
        labels.extend(grouped.iter().cloned());
    };
    match expression {
        Expr::VectorSelector(selector) => select(selector),
        Expr::MatrixSelector(matrix) => select(&matrix.vs),
        Expr::Aggregate(aggregate) => {
            let by = aggregate
                .modifier
                .iter()
                .flat_map(|by| by.labels().labels.iter().cloned());
            let grouped = grouped.iter().cloned().chain(by).collect();
            collect(&aggregate.expr, &grouped, asked);
        }
        Expr::Unary(unary) => collect(&unary.expr, grouped, asked),
        Expr::Paren(paren) => collect(&paren.expr, grouped, asked),
        Expr::Subquery(subquery) => collect(&subquery.expr, grouped, asked),
        Expr::Binary(binary) => {
            collect(&binary.lhs, grouped, asked);
            collect(&binary.rhs, grouped, asked);
        }
        Expr::Call(call) => {
            for argument in &call.args.args {
                collect(argument, grouped, asked);
            }
        }
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
    }
}
