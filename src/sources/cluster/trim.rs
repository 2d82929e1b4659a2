//! Objects without what nobody reads: most of what the API server sends is history.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Map, Value};

use crate::engine::Kind;

/// Annotations that are read begin so.
const OURS: &str = "aliasgate.dev/";

/// The object with this metadata and these other fields. Of the metadata are left what names the object, its labels,
/// its generation, and our annotations; the status is left where it is ours.
pub(super) fn trimmed(kind: &str, api_version: &str, metadata: ObjectMeta, fields: Value) -> Value {
    let mut object = match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    if kind != Kind::ModelCatalog.as_str() {
        object.remove("status");
    }
    object.insert("apiVersion".to_owned(), api_version.into());
    object.insert("kind".to_owned(), kind.into());
    object.insert("metadata".to_owned(), Value::Object(kept(metadata)));
    Value::Object(object)
}

fn kept(metadata: ObjectMeta) -> Map<String, Value> {
    let annotations = metadata.annotations.into_iter().flatten();
    let ours: Map<_, _> = annotations
        .filter(|(name, _)| name.starts_with(OURS))
        .map(|(name, value)| (name, value.into()))
        .collect();
    let labels: Map<_, _> = metadata
        .labels
        .into_iter()
        .flatten()
        .map(|(name, value)| (name, value.into()))
        .collect();
    let maps = [("annotations", ours), ("labels", labels)];
    let texts = [
        ("name", metadata.name),
        ("namespace", metadata.namespace),
        ("uid", metadata.uid),
    ];
    let mut kept = Map::new();
    kept.extend(
        texts
            .into_iter()
            .filter_map(|(field, text)| Some((field.to_owned(), text?.into()))),
    );
    kept.extend(
        metadata
            .generation
            .map(|number| ("generation".to_owned(), number.into())),
    );
    kept.extend(
        maps.into_iter()
            .filter(|(_, map)| !map.is_empty())
            .map(|(field, map)| (field.to_owned(), Value::Object(map))),
    );
    kept
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::trimmed;

    #[test]
    fn history_goes_and_what_is_read_stays() {
        let metadata = serde_json::from_value(json!({
            "name": "a", "namespace": "b", "uid": "c", "resourceVersion": "1", "generation": 2, "labels": {"x": "y"},
            "annotations": {"aliasgate.dev/allow": "alias-self", "kubectl.kubernetes.io/last-applied-configuration": "{}"},
            "managedFields": [{"manager": "kubectl"}], "finalizers": ["z"],
        }));
        let fields = json!({"spec": {"newer": 1}, "status": {"conditions": []}});
        let metadata: super::ObjectMeta = metadata.expect("metadata");
        let route = trimmed(
            "HTTPRoute",
            "gateway.networking.k8s.io/v1",
            metadata.clone(),
            fields.clone(),
        );
        let kept = json!({
            "name": "a", "namespace": "b", "uid": "c", "generation": 2, "labels": {"x": "y"},
            "annotations": {"aliasgate.dev/allow": "alias-self"},
        });
        let whole = json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": kept, "spec": {"newer": 1},
        });
        assert_eq!(route, whole);
        let catalog = trimmed("ModelCatalog", "aliasgate.dev/v1alpha1", metadata, fields);
        assert_eq!(catalog["status"], json!({"conditions": []}));
    }
}
