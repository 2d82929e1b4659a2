//! Objects of manifests, and how tests find what they need in them.

use aliasgate::sources::documents;
use serde_json::Value;

/// The objects of one kustomization.
pub(crate) struct Objects(Vec<Value>);

impl Objects {
    /// Every object in the YAML, except kustomizations themselves.
    pub(crate) fn read(yaml: &str) -> Self {
        let reading = documents::read(yaml);
        assert!(reading.faults.is_empty(), "{:?}", reading.faults);
        let objects = reading.documents.into_iter().map(|document| document.value);
        Self(
            objects
                .filter(|object| object["kind"] != "Kustomization" && object["kind"] != "Component")
                .collect(),
        )
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Value> {
        self.0.iter()
    }

    /// Those of a kind.
    pub(crate) fn of(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(move |object| object["kind"] == kind)
    }

    /// The only one of a kind.
    pub(crate) fn one(&self, kind: &str) -> &Value {
        let all: Vec<_> = self.of(kind).collect();
        assert_eq!(all.len(), 1, "{kind}");
        all[0]
    }

    /// The object with this kind and name.
    pub(crate) fn named(&self, kind: &str, name: &Value) -> &Value {
        self.of(kind)
            .find(|object| object["metadata"]["name"] == *name)
            .unwrap_or_else(|| panic!("there is no {kind} {name}"))
    }

    /// The Deployments whose pods `selector` (the labels of a Service or the like) selects.
    pub(crate) fn selected(&self, selector: &Value) -> Vec<&Value> {
        let wanted = selector.as_object().expect("labels");
        assert!(!wanted.is_empty(), "it would select every pod");
        let fits = |deployment: &&Value| {
            let labels = &deployment["spec"]["template"]["metadata"]["labels"];
            wanted.iter().all(|(name, value)| labels[name] == *value)
        };
        self.of("Deployment").filter(fits).collect()
    }

    /// The only Deployment that `selector` selects.
    pub(crate) fn deployment(&self, selector: &Value) -> &Value {
        let selected = self.selected(selector);
        assert_eq!(
            selected.len(),
            1,
            "{selector} selects {} Deployments",
            selected.len()
        );
        selected[0]
    }

    /// The only webhook of each webhook configuration that has one.
    pub(crate) fn webhooks(&self) -> Vec<&Value> {
        let configurations = self
            .of("MutatingWebhookConfiguration")
            .chain(self.of("ValidatingWebhookConfiguration"));
        configurations
            .flat_map(|configuration| list(&configuration["webhooks"]))
            .collect()
    }
}

/// The members of a list; none where there is no list.
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A string that must be there.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no string but {value}"))
}

/// A whole number that must be there.
pub(crate) fn number(value: &Value) -> u64 {
    value
        .as_u64()
        .unwrap_or_else(|| panic!("no whole number but {value}"))
}

/// The only container of a Deployment.
pub(crate) fn container(deployment: &Value) -> &Value {
    let all = list(&deployment["spec"]["template"]["spec"]["containers"]);
    assert_eq!(all.len(), 1, "{}", deployment["metadata"]["name"]);
    &all[0]
}

/// The arguments of the only container of a Deployment.
pub(crate) fn arguments(deployment: &Value) -> Vec<&str> {
    list(&container(deployment)["args"]).iter().map(text).collect()
}

/// What stands behind `--flag=` in the arguments, once for each time.
pub(crate) fn flag<'a>(deployment: &'a Value, flag: &str) -> Vec<&'a str> {
    let value = |argument: &'a str| argument.strip_prefix("--")?.strip_prefix(flag)?.strip_prefix('=');
    arguments(deployment).into_iter().filter_map(value).collect()
}

/// The number of the port that `port` (a name, or itself a number) is in the only container of a Deployment.
pub(crate) fn port(deployment: &Value, port: &Value) -> u64 {
    let ports = list(&container(deployment)["ports"]);
    let found = ports
        .iter()
        .find(|one| one["name"] == *port || one["containerPort"] == *port);
    found
        .and_then(|one| one["containerPort"].as_u64())
        .unwrap_or_else(|| panic!("{} has no port {port}", deployment["metadata"]["name"]))
}
