//! OpenAPI v3 structural schemas of CRDs.
//!
//! The verdict is the API server's, with these exceptions: CEL rules, unknown fields, formats other than `int32` and
//! `int64`, and the uniqueness of list-map keys are not looked at.

mod convert;
mod explain;
mod nulls;

use std::{borrow::Cow, collections::BTreeMap, fmt};

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::Value;

use super::{Diagnostic, Kind, Resource};

/// Schemas by the kind that they describe, compiled once.
///
/// ```
/// use aliasgate::engine::{Kind, Resource, schema::Schemas};
/// use serde_json::json;
///
/// let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {"n": {"type": "integer"}}}}});
/// let schemas = Schemas::new([(Kind::Backend, &schema)]).unwrap();
/// let backend = Resource::new(json!({
///     "apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayBackend", "spec": {"n": "one"},
/// }));
/// let diagnostics = schemas.check(&backend.unwrap());
/// assert_eq!(diagnostics[0].line(), "spec.n: must be of type integer, not string [schema-invalid]");
/// ```
pub struct Schemas(BTreeMap<Kind, Schema>);

/// One schema: as the CRD has it, and as a validator of JSON Schema.
struct Schema {
    openapi: Value,
    validator: Validator,
}

impl Schemas {
    /// Compiles `openAPIV3Schema`s of CRDs.
    ///
    /// # Errors
    /// When one of them is no schema.
    pub fn new<'a>(schemas: impl IntoIterator<Item = (Kind, &'a Value)>) -> Result<Self, BadSchema> {
        let compile = |(kind, openapi): (Kind, &Value)| {
            let validator = jsonschema::options()
                .with_draft(Draft::Draft202012)
                .with_pattern_options(PatternOptions::regex())
                .build(&convert::to_json_schema(openapi))
                .map_err(|error| BadSchema {
                    kind,
                    reason: error.to_string(),
                })?;
            Ok((
                kind,
                Schema {
                    openapi: openapi.clone(),
                    validator,
                },
            ))
        };
        schemas
            .into_iter()
            .map(compile)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Where `resource` does not fit the schema of its kind, in the order of places; nothing for a kind without one.
    #[must_use]
    pub fn check(&self, resource: &Resource) -> Vec<Diagnostic> {
        self.0
            .get(&resource.kind)
            .map_or_else(Vec::new, |schema| schema.check(resource))
    }
}

impl Schema {
    fn check(&self, resource: &Resource) -> Vec<Diagnostic> {
        let value: Cow<'_, Value> = nulls::pruned(resource.value(), &self.openapi);
        if self.validator.is_valid(&value) {
            return Vec::new();
        }
        let mut found: Vec<_> = self
            .validator
            .iter_errors(&value)
            .map(|error| explain::diagnostic(&error))
            .collect();
        found.sort_by(|a, b| (&a.pointer, &a.message).cmp(&(&b.pointer, &b.message)));
        found
    }
}

impl fmt::Debug for Schemas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A schema that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadSchema {
    /// The kind that it was meant for.
    pub kind: Kind,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for BadSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cannot use the schema of {}: {}",
            self.kind.as_str(),
            self.reason
        )
    }
}

impl std::error::Error for BadSchema {}
