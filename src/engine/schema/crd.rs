//! What a CustomResourceDefinition says of its objects.

use std::sync::OnceLock;

use serde_json::Value;

use super::{scale::Scale, structural::Schema};

/// One version of a CRD.
pub(super) struct Version {
    /// `group/version`.
    pub(super) api_version: String,
    pub(super) kind: String,
    /// Whether `status` is a subresource, which a write of the object does not touch.
    pub(super) status: bool,
    pub(super) scale: Option<Scale>,
    pub(super) source: Value,
    schema: OnceLock<Result<Schema, String>>,
}

/// Whether `value` is a CRD, of whatever version of that API.
pub(super) fn is_crd(value: &Value) -> bool {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    text("kind") == "CustomResourceDefinition" && text("apiVersion").starts_with("apiextensions.k8s.io/")
}

impl Version {
    /// The served versions of a CRD.
    ///
    /// # Errors
    /// When it is no CRD of `apiextensions.k8s.io/v1`, with the pointer of what it lacks.
    pub(super) fn all(crd: &Value) -> Result<Vec<Self>, (&'static str, &'static str)> {
        let text = |pointer: &str| {
            crd.pointer(pointer)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        if text("/apiVersion") != Some("apiextensions.k8s.io/v1") {
            return Err(("/apiVersion", "only CRDs of apiextensions.k8s.io/v1 can be used"));
        }
        let group = text("/spec/group").ok_or(("/spec/group", "the CRD has no group"))?;
        let kind = text("/spec/names/kind").ok_or(("/spec/names/kind", "the CRD has no kind"))?;
        let versions = crd.pointer("/spec/versions").and_then(Value::as_array);
        let versions = versions.ok_or(("/spec/versions", "the CRD has no versions"))?;
        let served = versions
            .iter()
            .filter(|version| version.get("served") == Some(&Value::Bool(true)));
        let read = |version: &Value| {
            let name = version.get("name").and_then(Value::as_str).unwrap_or_default();
            Self {
                api_version: format!("{group}/{name}"),
                kind: kind.to_owned(),
                status: version
                    .pointer("/subresources/status")
                    .is_some_and(|status| !status.is_null()),
                scale: Scale::new(version),
                source: version
                    .pointer("/schema/openAPIV3Schema")
                    .cloned()
                    .unwrap_or_default(),
                schema: OnceLock::new(),
            }
        };
        Ok(served.map(read).collect())
    }

    /// The schema, read when it is first asked for.
    pub(super) fn schema(&self) -> Result<&Schema, &str> {
        self.schema
            .get_or_init(|| Schema::new(&self.source))
            .as_ref()
            .map_err(String::as_str)
    }
}
