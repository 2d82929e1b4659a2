//! The types of a CRD's fields, and fields that no CRD has, by a JSON Schema of our own.

use std::sync::LazyLock;

use jsonschema::{ValidationError, Validator, error::ValidationErrorKind};
use serde_json::{Map, Value, json};

use crate::engine::{
    Code, pointer,
    schema::refusal::{Path, Reason, Refusal, Shown},
};

static SHAPE: LazyLock<Validator> =
    LazyLock::new(|| jsonschema::options().build(&shape()).expect("a schema of ours"));

/// Where the shape of a CRD is not right.
pub(super) fn check(crd: &Value) -> Vec<Refusal> {
    if SHAPE.is_valid(crd) {
        Vec::new()
    } else {
        SHAPE
            .iter_errors(crd)
            .flat_map(|error| refusals(&error))
            .collect()
    }
}

fn refusals(error: &ValidationError<'_>) -> Vec<Refusal> {
    let place = error.instance_path().as_str();
    let refusal = |pointer: String, reason, detail: String, help| {
        let mut refusal = Refusal::new(&Path::Root, reason, Shown::Nothing, detail).help(help);
        refusal.pointer = pointer;
        refusal
    };
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => unexpected
            .iter()
            .map(|name| {
                let pointer = pointer::join(place, name);
                let detail = format!("unknown field {:?}", pointer::field_path(&pointer));
                let mut refusal = refusal(
                    pointer,
                    Reason::Invalid,
                    detail,
                    "remove it, or correct its name or place",
                );
                refusal.code = Code::SchemaUnknownField;
                refusal
            })
            .collect(),
        _ => {
            let kind = match error.instance().as_ref() {
                Value::Null => "null",
                Value::Bool(_) => "bool",
                Value::Number(_) => "number",
                Value::String(_) => "string",
                Value::Array(_) => "array",
                Value::Object(_) => "object",
            };
            let detail = format!("cannot unmarshal {kind} into this field of a CRD");
            vec![refusal(
                place.to_owned(),
                Reason::Invalid,
                detail,
                "write it in the type of the field",
            )]
        }
    }
}

/// An object with these fields and no others. Null means "not there" everywhere.
fn object(fields: &[(&str, Value)]) -> Value {
    let properties: Map<String, Value> = fields
        .iter()
        .map(|(name, shape)| ((*name).to_owned(), shape.clone()))
        .collect();
    json!({"type": ["object", "null"], "properties": properties, "additionalProperties": false})
}

fn list(items: &Value) -> Value {
    json!({"type": ["array", "null"], "items": items})
}

fn map(values: &Value) -> Value {
    json!({"type": ["object", "null"], "additionalProperties": values})
}

fn shape() -> Value {
    let text = json!({"type": ["string", "null"]});
    let flag = json!({"type": ["boolean", "null"]});
    let whole = json!({"type": ["integer", "null"]});
    let any = json!({});
    let versions = list(&object(&[
        ("name", text.clone()),
        ("served", flag.clone()),
        ("storage", flag.clone()),
        ("deprecated", flag.clone()),
        ("deprecationWarning", text.clone()),
        (
            "schema",
            object(&[("openAPIV3Schema", json!({"$ref": "#/$defs/schema"}))]),
        ),
        ("subresources", subresources(&text)),
        (
            "additionalPrinterColumns",
            list(&object(&[
                ("name", text.clone()),
                ("type", text.clone()),
                ("format", text.clone()),
                ("description", text.clone()),
                ("priority", whole),
                ("jsonPath", text.clone()),
            ])),
        ),
        ("selectableFields", list(&object(&[("jsonPath", text.clone())]))),
    ]));
    let names = object(&[
        ("plural", text.clone()),
        ("singular", text.clone()),
        ("shortNames", list(&text)),
        ("kind", text.clone()),
        ("listKind", text.clone()),
        ("categories", list(&text)),
    ]);
    let spec = object(&[
        ("group", text.clone()),
        ("names", names),
        ("scope", text.clone()),
        ("versions", versions),
        ("conversion", conversion(&text)),
        ("preserveUnknownFields", flag),
    ]);
    let mut crd = object(&[
        ("apiVersion", text.clone()),
        ("kind", text.clone()),
        ("metadata", any.clone()),
        ("spec", spec),
        ("status", any),
    ]);
    crd["$defs"] = json!({"schema": schema(&text)});
    crd
}

fn subresources(text: &Value) -> Value {
    let scale = object(&[
        ("specReplicasPath", text.clone()),
        ("statusReplicasPath", text.clone()),
        ("labelSelectorPath", text.clone()),
    ]);
    object(&[("status", map(&json!({}))), ("scale", scale)])
}

fn conversion(text: &Value) -> Value {
    let service = object(&[
        ("namespace", text.clone()),
        ("name", text.clone()),
        ("path", text.clone()),
        ("port", json!({"type": ["integer", "null"]})),
    ]);
    let client = object(&[
        ("url", text.clone()),
        ("service", service),
        ("caBundle", text.clone()),
    ]);
    let webhook = object(&[("clientConfig", client), ("conversionReviewVersions", list(text))]);
    object(&[("strategy", text.clone()), ("webhook", webhook)])
}

fn schema(text: &Value) -> Value {
    let flag = json!({"type": ["boolean", "null"]});
    let whole = json!({"type": ["integer", "null"]});
    let number = json!({"type": ["number", "null"]});
    let any = json!({});
    let this = json!({"$ref": "#/$defs/schema"});
    let or_bool = json!({"anyOf": [this, {"type": ["boolean", "null"]}]});
    let or_list = json!({"anyOf": [this, {"type": "array", "items": this}]});
    let rule = object(&[
        ("rule", text.clone()),
        ("message", text.clone()),
        ("messageExpression", text.clone()),
        ("reason", text.clone()),
        ("fieldPath", text.clone()),
        ("optionalOldSelf", flag.clone()),
    ]);
    let docs = object(&[("description", text.clone()), ("url", text.clone())]);
    let rows: &[(&[&str], Value)] = &[
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
            text.clone(),
        ),
        (&["x-kubernetes-list-type", "x-kubernetes-map-type"], text.clone()),
        (&["default", "example"], any),
        (&["maximum", "minimum", "multipleOf"], number),
        (
            &["exclusiveMaximum", "exclusiveMinimum", "uniqueItems", "nullable"],
            flag.clone(),
        ),
        (
            &[
                "x-kubernetes-preserve-unknown-fields",
                "x-kubernetes-embedded-resource",
                "x-kubernetes-int-or-string",
            ],
            flag,
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
            whole,
        ),
        (&["enum"], json!({"type": ["array", "null"]})),
        (&["required", "x-kubernetes-list-map-keys"], list(text)),
        (&["allOf", "anyOf", "oneOf"], list(&this)),
        (&["not"], this.clone()),
        (&["properties", "patternProperties", "definitions"], map(&this)),
        (&["additionalProperties", "additionalItems"], or_bool),
        (&["items"], or_list),
        (&["dependencies"], json!({"type": ["object", "null"]})),
        (&["externalDocs"], docs),
        (&["x-kubernetes-validations"], list(&rule)),
    ];
    let fields: Vec<_> = rows
        .iter()
        .flat_map(|(names, shape)| names.iter().map(|name| (*name, shape.clone())))
        .collect();
    object(&fields)
}
