//! The look-up that is made ready for requests says what `resolve` says.

use aliasgate::engine::{
    Key,
    resolve::{Lookup, Place, resolve, setting},
};
use serde_json::{Value, json};

use super::{route, rule};
use crate::fixtures::{backend, policy, snapshot};

#[test]
fn lookups_agree_with_resolutions_everywhere() {
    let aliases = json!({"fast": "gpt-4o", "gpt-*": "gpt-5", "g*": "other", "pinned": "from-pin"});
    let settings = [
        json!({}),
        json!({"modelAliases": aliases}),
        json!({"modelAliases": {}}),
        json!({"modelAliases": aliases, "overrides": {"model": "fast"}}),
        json!({"modelAliases": aliases, "transformations": [{"field": "model", "expression": "'x'"}]}),
    ];
    let providers = [
        json!({"openai": {}}),
        json!({"openai": {"model": "pinned"}}),
        json!({"custom": {"formats": []}}),
    ];
    let targets = json!([{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "route"}]);
    let on_route = policy("p", &targets, &json!({"fast": "of-route", "*": "any"}));
    let mut seen = 0;
    for (ai, provider) in settings
        .iter()
        .flat_map(|ai| providers.iter().map(move |provider| (ai, provider)))
    {
        let spec = json!({"ai": {"provider": provider}, "policies": {"ai": ai}});
        let routes = route(&json!([rule("/", "b")]));
        let snapshot = snapshot(&[backend("b", &spec), on_route.clone(), routes]);
        for route in [None, Some((Key::new("default", "route"), None))] {
            for (backend, provider) in [("b", "backend"), ("b", "nobody"), ("nobody", "backend")] {
                let place = Place {
                    backend: Key::new("default", backend),
                    provider: provider.into(),
                    route: route.clone(),
                };
                let lookup = Lookup::new(&snapshot, &place);
                for name in ["fast", "gpt-4", "g", "pinned", "", "*", "other"] {
                    let resolution = resolve(&snapshot, &place, name);
                    assert_eq!(
                        lookup.target(name),
                        resolution.target,
                        "{place:?} {ai} {:?}",
                        resolution.steps
                    );
                    seen += usize::from(resolution.target != name);
                }
            }
        }
    }
    assert!(seen > 50, "aliases were at work: {seen}");
}

#[test]
fn the_strongest_setting_counts_whole() {
    let provider = json!({"name": "one", "openai": {}, "policies": {"ai": {"routes": {"*": "Messages"}}}});
    let spec = json!({
        "ai": {"groups": [{"providers": [provider, {"name": "two", "openai": {}}]}]},
        "policies": {"ai": {"routes": {"*": "Passthrough", "/x": "Models"}}},
    });
    let snapshot = snapshot(&[backend("b", &spec)]);
    let routes = |provider: &str| {
        let place = Place {
            backend: Key::new("default", "b"),
            provider: provider.into(),
            route: None,
        };
        setting(&snapshot, &place, "routes").cloned()
    };
    assert_eq!(routes("one"), Some(json!({"*": "Messages"})));
    assert_eq!(routes("two"), Some(json!({"*": "Passthrough", "/x": "Models"})));
    assert_eq!(routes("three"), None::<Value>);
}
