//! What a policy is attached to.

use serde_json::Value;

use super::{Key, Resource, site::expand};

/// One target of a policy, in the namespace of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Pointer to the reference in the policy.
    pub pointer: String,
    /// The kind of the target: `Gateway`, `HTTPRoute`, `AgentgatewayBackend` ….
    pub kind: String,
    /// Which objects of that kind.
    pub choice: Choice,
    /// A part of the target: a listener, a route rule, a provider of a backend.
    pub section: Option<String>,
}

/// Which objects a policy chooses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// The one with this name.
    Name(String),
    /// Those that carry all these labels.
    Labels(Vec<(String, String)>),
}

/// The attachments of the policy in `value`, in the order of the document.
pub(super) fn attachments(value: &Value) -> Vec<Attachment> {
    let text = |value: &Value, field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
    let named = expand(value, &["spec", "targetRefs", "*"])
        .into_iter()
        .filter_map(|(pointer, reference)| {
            let choice = Choice::Name(text(reference, "name")?);
            Some(Attachment {
                pointer,
                kind: text(reference, "kind")?,
                choice,
                section: text(reference, "sectionName"),
            })
        });
    let selected = expand(value, &["spec", "targetSelectors", "*"])
        .into_iter()
        .filter_map(|(pointer, selector)| {
            let labels = selector.get("matchLabels")?.as_object()?;
            let labels = labels
                .iter()
                .filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned())))
                .collect();
            let (kind, choice) = (text(selector, "kind")?, Choice::Labels(labels));
            Some(Attachment {
                pointer,
                kind,
                choice,
                section: text(selector, "sectionName"),
            })
        });
    named.chain(selected).collect()
}

impl Attachment {
    /// Whether `object`, a resource of `kind` named `key`, is chosen. `labels` is its manifest, where it is known.
    #[must_use]
    pub fn chooses(&self, kind: &str, key: &Key, object: Option<&Resource>) -> bool {
        self.kind == kind
            && match &self.choice {
                Choice::Name(name) => *name == key.name,
                Choice::Labels(wanted) => {
                    object
                        .and_then(|o| o.at("/metadata/labels"))
                        .is_some_and(|labels| {
                            wanted
                                .iter()
                                .all(|(k, v)| labels.get(k).and_then(Value::as_str) == Some(v))
                        })
                }
            }
    }
}
