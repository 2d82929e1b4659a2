//! Where a model stands in its life.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rules::rule;

/// Where a model stands in its life.
#[derive(KubeSchema, Serialize, Deserialize, Debug, Clone)]
#[x_kube(validation = rule(
    "!has(self.deprecated) || !has(self.retires) || self.deprecated <= self.retires",
    "deprecated must not be after retires",
))]
pub(super) struct Lifecycle {
    /// Apart from its dates; a date speaks before the state.
    state: Option<State>,
    /// When its end was announced.
    #[schemars(extend("format" = "date"))]
    deprecated: Option<String>,
    /// When it is switched off.
    #[schemars(extend("format" = "date"))]
    retires: Option<String>,
    /// The model that takes its place.
    #[schemars(length(min = 1, max = 512))]
    successor: Option<String>,
    /// Who says so.
    source: Option<Source>,
}

/// Where it stands apart from its dates, which speak before the state; historical: lists have dropped it.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Copy)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum State {
    /// On offer.
    Active,
    /// On offer, and not yet for good.
    Preview,
    /// The provider has announced its end.
    Deprecated,
    /// Dropped from lists, and nobody says why.
    Historical,
    /// Switched off.
    Retired,
}

/// Who says what a lifecycle says.
#[derive(JsonSchema, Serialize, Deserialize, Debug, Clone, Copy)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum Source {
    Vendor,
    Aggregator,
    Admin,
    Live,
}
