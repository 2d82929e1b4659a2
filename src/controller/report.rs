//! Reports: what was found in a namespace, as rows that other tools can read.
//!
//! Two APIs with one shape: `Report` of openreports.io, and its forerunner `PolicyReport` of wgpolicyk8s.io. A report
//! has no times, so that equal findings are equal content whoever writes them, and whenever.

use serde_json::{Map, Value, json};

use super::digest::Digest;
use crate::engine::{Diagnostic, Resource, Severity};

/// The name of every report of ours, and of what makes them.
pub const NAME: &str = "aliasgate";
/// The label by which our reports are found.
pub const LABEL: &str = "app.kubernetes.io/managed-by";

/// Most rows of a report.
pub const MAX_ROWS: usize = 500;
/// Largest size of all rows of a report, a third of what etcd takes.
pub const MAX_SIZE: usize = 512 * 1024; // bytes
/// Longest text of one field of a row.
const MAX_TEXT: usize = 1024; // bytes

/// What came out of a check, in the words of the API. Rows stand in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// An error.
    Fail,
    /// A warning, or an error that an exemption has made a note.
    Warn,
    /// A note: something was not checked, or nothing is wrong yet.
    Skip,
}

const OUTCOMES: [Outcome; 3] = [Outcome::Fail, Outcome::Warn, Outcome::Skip];

impl Outcome {
    const fn of(fault: &Diagnostic) -> Self {
        match fault.severity {
            Severity::Error => Self::Fail,
            Severity::Note if fault.lowered.is_none() => Self::Skip,
            _ => Self::Warn,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::Skip => "skip",
        }
    }
}

/// The word of the API for how much a fault weighs.
const fn severity(fault: &Diagnostic) -> &'static str {
    match (fault.severity, fault.lowered.is_some()) {
        (Severity::Error, _) => "high",
        (Severity::Warning, _) => "medium",
        (Severity::Note, true) => "low",
        (Severity::Note, false) => "info",
    }
}

/// The findings of one namespace, or of what lies in none.
#[derive(Debug, Default)]
pub struct Report {
    /// The first rows of each outcome; more than fit are only counted.
    rows: [Vec<Value>; OUTCOMES.len()],
    counts: [usize; OUTCOMES.len()],
}

impl Report {
    /// Adds the faults of one object.
    pub fn add(&mut self, resource: &Resource, faults: &[Diagnostic]) {
        for fault in faults {
            let at = Outcome::of(fault) as usize;
            self.counts[at] += 1;
            if self.rows[at].len() < MAX_ROWS {
                self.rows[at].push(row(resource, fault));
            }
        }
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.iter().all(|count| *count == 0)
    }

    /// How many of all findings fail, warn and are skipped.
    #[must_use]
    pub fn summary(&self) -> Value {
        let counts = OUTCOMES.iter().zip(self.counts);
        let mut summary: Map<_, _> = counts
            .map(|(outcome, count)| (outcome.as_str().to_owned(), count.into()))
            .collect();
        summary.extend(["pass", "error"].map(|word| (word.to_owned(), 0.into())));
        summary.into()
    }

    /// The rows, errors first; the last one counts those that are left out.
    #[must_use]
    pub fn results(&self) -> Vec<Value> {
        let (mut rows, mut size) = (Vec::new(), 0);
        for row in self.rows.iter().flatten() {
            size += row.to_string().len();
            if rows.len() == MAX_ROWS || size > MAX_SIZE {
                break;
            }
            rows.push(row.clone());
        }
        let left_out = self.counts.iter().sum::<usize>() - rows.len();
        if left_out > 0 {
            let message = format!("{left_out} more findings are not listed here; the summary counts all");
            rows.push(json!({
                "source": NAME, "policy": NAME, "rule": "left-out", "result": "skip", "severity": "info",
                "message": message,
            }));
        }
        rows
    }

    /// The same for as long as the rows and the summary are the same.
    #[must_use]
    pub fn digest(&self) -> u64 {
        let digest = Digest::new().with(&self.summary().to_string());
        let rows = self.results();
        rows.iter()
            .fold(digest, |digest, row| digest.with(&row.to_string()))
            .value()
    }

    /// The object to apply, by the API `dialect`, in `namespace` or for the cluster.
    #[must_use]
    pub fn document(&self, dialect: &Dialect, namespace: Option<&str>) -> Value {
        let mut metadata = json!({"name": NAME, "labels": {LABEL: NAME}});
        if let Some(namespace) = namespace {
            metadata["namespace"] = namespace.into();
        }
        json!({
            "apiVersion": dialect.api_version(),
            "kind": dialect.names(namespace.is_some()).kind,
            "metadata": metadata,
            "summary": self.summary(),
            "results": self.results(),
        })
    }
}

fn row(resource: &Resource, fault: &Diagnostic) -> Value {
    let mut properties = Map::new();
    let mut add = |name: &str, text: &str| {
        if !text.is_empty() {
            properties.insert(name.to_owned(), cut(text, MAX_TEXT).into());
        }
    };
    add("pointer", &fault.pointer);
    add("value", fault.value.as_deref().unwrap_or_default());
    add("suggestions", &fault.suggestions.join(", "));
    add("help", &fault.help);
    json!({
        "source": NAME,
        "policy": NAME,
        "category": "modelAliases",
        "rule": fault.code.as_str(),
        "result": Outcome::of(fault).as_str(),
        "severity": severity(fault),
        "message": cut(&fault.line(), MAX_TEXT),
        "resources": [reference(resource)],
        "properties": properties,
    })
}

/// What leads to `resource`: the `ObjectReference` of reports and Events.
pub(super) fn reference(resource: &Resource) -> Value {
    let fields = [
        ("apiVersion", resource.text("/apiVersion")),
        ("kind", Some(resource.kind.as_str())),
        ("namespace", Some(resource.key.namespace.as_str())),
        ("name", Some(resource.key.name.as_str())),
        ("uid", resource.text("/metadata/uid")),
    ];
    let there = fields
        .into_iter()
        .filter_map(|(field, text)| Some((field.to_owned(), text.filter(|text| !text.is_empty())?.into())));
    Value::Object(there.collect())
}

/// `text`, and no more than `limit` bytes of it.
pub(super) fn cut(text: &str, limit: usize) -> String {
    const MORE: &str = "…";
    if text.len() <= limit {
        return text.to_owned();
    }
    let room = text.floor_char_boundary(limit.saturating_sub(MORE.len()));
    format!("{}{MORE}", &text[..room])
}

/// An API for reports.
#[derive(Debug, PartialEq, Eq)]
pub struct Dialect {
    /// The group.
    pub group: &'static str,
    /// The version of the group.
    pub version: &'static str,
    /// Reports of namespaces.
    pub namespaced: Names,
    /// Reports of the cluster.
    pub cluster: Names,
}

/// What a kind is called.
#[derive(Debug, PartialEq, Eq)]
pub struct Names {
    /// In objects.
    pub kind: &'static str,
    /// In paths.
    pub plural: &'static str,
}

/// The APIs for reports; the first that is there is taken.
pub const DIALECTS: [Dialect; 2] = [
    Dialect {
        group: "openreports.io",
        version: "v1alpha1",
        namespaced: Names {
            kind: "Report",
            plural: "reports",
        },
        cluster: Names {
            kind: "ClusterReport",
            plural: "clusterreports",
        },
    },
    Dialect {
        group: "wgpolicyk8s.io",
        version: "v1alpha2",
        namespaced: Names {
            kind: "PolicyReport",
            plural: "policyreports",
        },
        cluster: Names {
            kind: "ClusterPolicyReport",
            plural: "clusterpolicyreports",
        },
    },
];

impl Dialect {
    /// The `apiVersion` of its objects.
    #[must_use]
    pub fn api_version(&self) -> String {
        format!("{}/{}", self.group, self.version)
    }

    /// The names of the kind for namespaces, or for the cluster.
    #[must_use]
    pub const fn names(&self, namespaced: bool) -> &Names {
        if namespaced {
            &self.namespaced
        } else {
            &self.cluster
        }
    }
}
