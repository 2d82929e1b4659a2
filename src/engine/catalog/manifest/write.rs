//! A catalog as a manifest.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::{API_VERSION, Action, Confidence, KIND, Merge, ModelCatalog, SOURCE_LABEL, State};
use crate::engine::{Date, Provider};

/// The providers that the field `provider` names itself; all others are presets of `custom`.
pub(super) const NATIVE: &[Provider] = &[
    Provider::OpenAi,
    Provider::Azure,
    Provider::Anthropic,
    Provider::Gemini,
    Provider::VertexAi,
    Provider::Bedrock,
    Provider::Custom,
];

impl ModelCatalog {
    /// The manifest as plain data; what is empty or the default is left out.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut spec = self.header();
        if !self.models.is_empty() {
            spec.insert("models".to_owned(), plain(&self.models));
        }
        json!({"apiVersion": API_VERSION, "kind": KIND, "metadata": self.metadata(), "spec": spec})
    }

    /// The manifest as one YAML document, with a line for each model, so that a change of one is one line of a diff.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        let mut out = format!(
            "---\napiVersion: {API_VERSION}\nkind: {KIND}\nmetadata: {}\nspec:\n",
            self.metadata()
        );
        // JSON is YAML.
        for (field, value) in self.header() {
            out.push_str(&format!("  {field}: {value}\n"));
        }
        if !self.models.is_empty() {
            out.push_str("  models:\n");
        }
        for model in &self.models {
            let line = serde_json::to_string(model).expect("entries are plain data");
            out.push_str(&format!("  - {line}\n"));
        }
        out
    }

    fn metadata(&self) -> Value {
        if self.live {
            return json!({"name": self.name, "labels": {SOURCE_LABEL: "live"}});
        }
        json!({"name": self.name})
    }

    /// The fields of the spec but for the models.
    fn header(&self) -> Map<String, Value> {
        let (provider, preset) = if NATIVE.contains(&self.provider) {
            (self.provider.as_str(), self.preset.as_deref())
        } else {
            (Provider::Custom.as_str(), Some(self.provider.as_str()))
        };
        let mut selector = plain(&self.selector);
        if !self.selector.labels.is_empty() {
            selector["backendSelector"] = json!({"matchLabels": self.selector.labels});
        }
        let nothing = |value: &Value| match value {
            Value::Null => true,
            Value::Object(fields) => fields.is_empty(),
            Value::Array(items) => items.is_empty(),
            _ => false,
        };
        let mut fields: Map<String, Value> = [
            ("provider", json!(provider)),
            ("preset", json!(preset)),
            ("selector", selector),
            ("asOf", json!(self.as_of.map(|date| date.to_string()))),
            (
                "merge",
                json!((self.merge == Merge::Replace).then_some("Replace")),
            ),
            ("completeness", json!(self.complete.then_some("Complete"))),
            ("unknownModels", plain(&self.unknown)),
            ("retiredModels", plain(&self.retired)),
            (
                "warnBeforeRetirement",
                json!(self.notice.map(|days| format!("{days}d"))),
            ),
            ("families", plain(&self.families)),
            ("deny", plain(&self.deny)),
        ]
        .into_iter()
        .filter(|(_, value)| !nothing(value))
        .map(|(field, value)| (field.to_owned(), value))
        .collect();
        if let Some(allow) = &self.allow {
            fields.insert("allow".to_owned(), plain(allow)); // an empty list denies everything
        }
        fields
    }
}

fn plain(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("catalogs are plain data")
}

/// Writes a date as `YYYY-MM-DD`.
#[expect(clippy::ref_option, reason = "serde gives the field by reference")]
pub(super) fn date<S: Serializer>(date: &Option<Date>, serializer: S) -> Result<S::Ok, S::Error> {
    match date {
        Some(date) => serializer.collect_str(date),
        None => serializer.serialize_none(),
    }
}

/// The words of the manifests.
pub(super) const ACTIONS: &[(&str, Action)] = &[
    ("Allow", Action::Allow),
    ("Warn", Action::Warn),
    ("Deny", Action::Deny),
];
pub(super) const STATES: &[(&str, State)] = &[
    ("active", State::Active),
    ("preview", State::Preview),
    ("deprecated", State::Deprecated),
    ("historical", State::Historical),
    ("retired", State::Retired),
];
pub(super) const CONFIDENCES: &[(&str, Confidence)] = &[
    ("high", Confidence::High),
    ("medium", Confidence::Medium),
    ("low", Confidence::Low),
];

/// Writes the word of `value` in `words`.
fn word<S: Serializer, T: PartialEq>(
    words: &[(&'static str, T)],
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let row = words.iter().find(|row| row.1 == *value);
    serializer.serialize_str(row.map_or("", |row| row.0))
}

impl Serialize for Action {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        word(ACTIONS, self, serializer)
    }
}

impl State {
    /// The word of the manifests.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        STATES.iter().find(|row| row.1 == self).map_or("", |row| row.0)
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        word(STATES, self, serializer)
    }
}

impl Serialize for Confidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        word(CONFIDENCES, self, serializer)
    }
}
