//! A CRD as the API server's decoder reads it: the types of its fields, fields that no CRD has, and nulls.
//!
//! Source: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1 (`types.go`, `types_jsonschema.go`, `marshal.go`) of
//! Kubernetes 1.34.

use serde_json::{Map, Value, json};

use crate::engine::schema::{
    prune,
    refusal::{Path, Reason, Refusal, Shown},
};

/// What a field holds.
enum Shape {
    Text,
    Flag,
    /// A whole number that this many bits hold.
    Whole(u32),
    Number,
    Any,
    /// An object of whatever fields.
    Object,
    Fields(&'static [(&'static [&'static str], Self)]),
    List(&'static Self),
    Map(&'static Self),
    Schema,
    SchemaOrBool,
    /// Anything else is read as neither, and so is an empty list.
    SchemaOrList,
}
use Shape::{Any, Fields, Flag, Number, Object, Schema, SchemaOrBool, SchemaOrList, Text, Whole};

const TEXTS: Shape = Shape::List(&Text);

const CRD: Shape = Fields(&[
    (&["apiVersion", "kind"], Text),
    (&["metadata", "status"], Object),
    (
        &["spec"],
        Fields(&[
            (&["group", "scope"], Text),
            (&["preserveUnknownFields"], Flag),
            (
                &["names"],
                Fields(&[
                    (&["plural", "singular", "kind", "listKind"], Text),
                    (&["shortNames", "categories"], TEXTS),
                ]),
            ),
            (&["versions"], Shape::List(&VERSION)),
            (&["conversion"], CONVERSION),
        ]),
    ),
]);

const VERSION: Shape = Fields(&[
    (&["name", "deprecationWarning"], Text),
    (&["served", "storage", "deprecated"], Flag),
    (&["schema"], Fields(&[(&["openAPIV3Schema"], Schema)])),
    (
        &["subresources"],
        Fields(&[
            (&["status"], Fields(&[])),
            (
                &["scale"],
                Fields(&[(
                    &["specReplicasPath", "statusReplicasPath", "labelSelectorPath"],
                    Text,
                )]),
            ),
        ]),
    ),
    (
        &["additionalPrinterColumns"],
        Shape::List(&Fields(&[
            (&["name", "type", "format", "description", "jsonPath"], Text),
            (&["priority"], Whole(32)),
        ])),
    ),
    (
        &["selectableFields"],
        Shape::List(&Fields(&[(&["jsonPath"], Text)])),
    ),
]);

const CONVERSION: Shape = Fields(&[
    (&["strategy"], Text),
    (
        &["webhook"],
        Fields(&[
            (&["conversionReviewVersions"], TEXTS),
            (
                &["clientConfig"],
                Fields(&[
                    (&["url", "caBundle"], Text),
                    (
                        &["service"],
                        Fields(&[(&["namespace", "name", "path"], Text), (&["port"], Whole(32))]),
                    ),
                ]),
            ),
        ]),
    ),
]);

/// `JSONSchemaProps`.
const SCHEMA: &[(&[&str], Shape)] = &[
    (
        &[
            "id",
            "$schema",
            "$ref",
            "description",
            "type",
            "format",
            "title",
            "pattern",
        ],
        Text,
    ),
    (&["x-kubernetes-list-type", "x-kubernetes-map-type"], Text),
    (&["default", "example"], Any),
    (&["maximum", "minimum", "multipleOf"], Number),
    (
        &["exclusiveMaximum", "exclusiveMinimum", "uniqueItems", "nullable"],
        Flag,
    ),
    (
        &[
            "x-kubernetes-preserve-unknown-fields",
            "x-kubernetes-embedded-resource",
            "x-kubernetes-int-or-string",
        ],
        Flag,
    ),
    (
        &[
            "maxLength",
            "minLength",
            "maxItems",
            "minItems",
            "maxProperties",
            "minProperties",
        ],
        Whole(64),
    ),
    (&["enum"], Shape::List(&Any)),
    (&["required", "x-kubernetes-list-map-keys"], TEXTS),
    (&["allOf", "anyOf", "oneOf"], Shape::List(&Schema)),
    (&["not"], Schema),
    (
        &["properties", "patternProperties", "definitions"],
        Shape::Map(&Schema),
    ),
    (&["additionalProperties", "additionalItems"], SchemaOrBool),
    (&["items"], SchemaOrList),
    (&["dependencies"], Object),
    (&["externalDocs"], Fields(&[(&["description", "url"], Text)])),
    (
        &["x-kubernetes-validations"],
        Shape::List(&Fields(&[
            (
                &["rule", "message", "messageExpression", "reason", "fieldPath"],
                Text,
            ),
            (&["optionalOldSelf"], Flag),
        ])),
    ),
];

/// The CRD without what is null and without what nobody knows, and what is wrong with its shape.
pub(super) fn decode(crd: &Value) -> (Value, Vec<Refusal>) {
    let mut decoder = Decoder {
        strict: true,
        out: Vec::new(),
    };
    let value = decoder.read(crd, &CRD, &Path::Root);
    (value, decoder.out)
}

struct Decoder {
    /// Whether unknown fields are faults; they are dropped where a type reads itself.
    strict: bool,
    out: Vec<Refusal>,
}

impl Decoder {
    /// The value, or an empty one of its shape where it is null or does not fit.
    fn read(&mut self, value: &Value, shape: &Shape, path: &Path<'_>) -> Value {
        match (shape, value) {
            (Any, value) => value.clone(),
            (Text, Value::String(_))
            | (Flag, Value::Bool(_))
            | (Number, Value::Number(_))
            | (Object, Value::Object(_))
            | (SchemaOrBool, Value::Bool(_)) => value.clone(),
            (Whole(bits), Value::Number(number)) if fits(number.as_i64(), *bits) => value.clone(),
            (Fields(known), Value::Object(fields)) => self.fields(fields, known, path),
            (Schema, Value::Object(fields)) => self.fields(fields, SCHEMA, path),
            (SchemaOrBool | SchemaOrList, Value::Object(fields)) => {
                self.leniently(|this| this.fields(fields, SCHEMA, path))
            }
            (SchemaOrList, Value::Array(items)) if !items.is_empty() => {
                self.leniently(|this| this.list(items, &Schema, path))
            }
            (SchemaOrList, _) => Value::Null,
            (Shape::List(of), Value::Array(items)) => self.list(items, of, path),
            (Shape::Map(of), Value::Object(fields)) => {
                let read = |(key, value): (&String, &Value)| {
                    (key.clone(), self.read(value, of, &Path::Key(path, key)))
                };
                fields.iter().map(read).collect::<Map<_, _>>().into()
            }
            (shape, Value::Null) => empty(shape),
            (shape, value) => {
                self.refuse(value, path);
                empty(shape)
            }
        }
    }

    fn fields(&mut self, fields: &Map<String, Value>, known: &[(&[&str], Shape)], path: &Path<'_>) -> Value {
        let mut read = Map::new();
        for (key, value) in fields {
            let place = Path::Key(path, key);
            let shape = known.iter().find(|(names, _)| names.contains(&key.as_str()));
            match shape {
                Some((_, shape)) if !value.is_null() => {
                    let value = self.read(value, shape, &place);
                    if !value.is_null() {
                        read.insert(key.clone(), value);
                    }
                }
                Some(_) => {}
                None if self.strict => self.out.push(prune::refusal(&place)),
                None => {}
            }
        }
        read.into()
    }

    fn list(&mut self, items: &[Value], of: &Shape, path: &Path<'_>) -> Value {
        let read = |(at, item): (usize, &Value)| self.read(item, of, &Path::Index(path, at));
        items.iter().enumerate().map(read).collect()
    }

    fn leniently(&mut self, read: impl FnOnce(&mut Self) -> Value) -> Value {
        let strict = std::mem::replace(&mut self.strict, false);
        let value = read(self);
        self.strict = strict;
        value
    }

    fn refuse(&mut self, value: &Value, path: &Path<'_>) {
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let detail = format!("cannot unmarshal {kind} into this field of a CRD");
        let refusal = Refusal::new(path, Reason::Invalid, Shown::Nothing, detail);
        self.out.push(refusal.help("write it in the type of the field"));
    }
}

fn fits(number: Option<i64>, bits: u32) -> bool {
    number.is_some_and(|number| bits > 32 || i32::try_from(number).is_ok())
}

/// What stands in a list or a map for null.
fn empty(shape: &Shape) -> Value {
    match shape {
        Text => "".into(),
        Flag => false.into(),
        Whole(_) | Number => 0.into(),
        Any | SchemaOrBool | SchemaOrList => Value::Null,
        Object | Fields(_) | Schema | Shape::Map(_) => json!({}),
        Shape::List(_) => json!([]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_fields_are_dropped_below_what_reads_itself() {
        let schema = |schema: Value| json!({"spec": {"versions": [{"schema": {"openAPIV3Schema": schema}}]}});
        let (_, faults) = decode(&schema(json!({"nope": 1})));
        assert_eq!(faults[0].pointer, "/spec/versions/0/schema/openAPIV3Schema/nope");
        let (crd, faults) = decode(&schema(json!({"items": {"nope": 1, "type": "string"}})));
        assert!(faults.is_empty());
        assert_eq!(crd, schema(json!({"items": {"type": "string"}})));
        let (_, faults) = decode(&schema(json!({"items": {"type": 1}})));
        assert_eq!(
            faults[0].pointer,
            "/spec/versions/0/schema/openAPIV3Schema/items/type"
        );
    }

    #[test]
    fn a_null_is_nothing_or_an_empty_one() {
        let (crd, faults) = decode(&json!({"kind": null, "spec": {"names": {"shortNames": [null]}}}));
        assert!(faults.is_empty());
        assert_eq!(crd, json!({"spec": {"names": {"shortNames": [""]}}}));
    }

    #[test]
    fn whole_numbers_have_no_point() {
        let (_, faults) = decode(&json!({"spec": {"versions": [{"additionalPrinterColumns": [
            {"priority": 1}, {"priority": 1.0}, {"priority": 3_000_000_000_u32},
        ]}]}}));
        let places: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        let column = |at: usize| format!("/spec/versions/0/additionalPrinterColumns/{at}/priority");
        assert_eq!(places, [column(1), column(2)]);
    }
}
