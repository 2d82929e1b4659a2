//! Catalogs out of a ConfigMap, in the format that agentgateway mounts.

use serde_json::Value;

use crate::{
    engine::{Date, Key, Provider, Resource, catalog::ModelCatalog},
    sources::import::{self, Format},
};

/// The catalogs in `object`, the ConfigMap `key`: one a provider, named after the ConfigMap in a way that no stored
/// ModelCatalog can be.
///
/// # Errors
/// It holds no catalogs: where and why.
pub(super) fn catalogs(key: &Key, object: &Value, today: Date) -> Result<Vec<Resource>, String> {
    let reading = import::read(Format::Agentgateway, None, &object.to_string(), today);
    let reading = reading.map_err(|error| error.to_string())?;
    if reading.claims.len() > import::MAX_MODELS {
        return Err(format!("it has more than {} models", import::MAX_MODELS));
    }
    let merged = import::merge(reading.claims, Vec::new());
    let named = |mut catalog: ModelCatalog| {
        catalog.name = format!("{key}/{}", catalog.name);
        catalog.as_of = None; // what is mounted now speaks for now
        for entry in &mut catalog.models {
            entry.sources.clear();
        }
        Resource::new(catalog.to_value())
    };
    // Nothing says for which hosts the models of a custom provider are.
    let all = import::export(&merged, today, false);
    let known = all
        .into_iter()
        .filter(|catalog| catalog.provider != Provider::Custom);
    Ok(known.filter_map(named).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Date, Key, catalogs};

    #[test]
    fn a_configmap_becomes_a_catalog_for_each_provider() {
        let key = Key::new("gateway", "costs");
        let today = Date::constant(2026, 11, 23);
        let text = r#"{"providers": {"openai": {"models": {"gpt-9": {}}}, "aws.bedrock": {"models": {"x.y-v1": {}}}}}"#;
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"catalog.json": text}});
        let made = catalogs(&key, &object, today).expect("catalogs");
        let names: Vec<_> = made.iter().map(|resource| resource.key.name.as_str()).collect();
        assert_eq!(names, ["gateway/costs/openai", "gateway/costs/bedrock"]);
        assert!(made.iter().all(|resource| resource.catalog().is_some()));
        assert_eq!(
            made,
            catalogs(&key, &object, Date::constant(2027, 1, 1)).expect("catalogs")
        );

        let broken = json!({"kind": "ConfigMap", "data": {"catalog.json": "{"}});
        assert!(catalogs(&key, &broken, today).is_err());
    }
}
