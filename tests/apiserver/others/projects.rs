//! What the projects bring: CRDs and examples, in the folder that `fetch-other-projects` makes.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use aliasgate::{engine::schema::Schemas, sources::documents};
use serde_json::Value;

/// Most examples of a kind; more of the same bring nothing new.
const MAX_EXAMPLES: usize = 24;

/// A CRD of a project.
pub(super) struct Crd {
    pub(super) project: String,
    pub(super) value: Value,
    /// Whether the API server takes it.
    pub(super) taken: bool,
}

impl Crd {
    /// The CRD without its conversion, whose webhook is not there.
    pub(super) fn unconverted(&self) -> Value {
        let mut crd = self.value.clone();
        crd["spec"].as_object_mut().expect("a CRD").remove("conversion");
        crd
    }
}

/// A served version of a CRD.
pub(super) struct Kind {
    pub(super) project: String,
    /// Its CRD, by the place in the list of all.
    pub(super) crd: usize,
    pub(super) api_version: String,
    pub(super) kind: String,
    /// Where the API server has its objects.
    pub(super) path: String,
    pub(super) schema: Value,
    pub(super) examples: Vec<Value>,
}

/// The CRDs of all projects, and their served versions with the examples.
pub(super) fn read(folder: &Path) -> (Vec<Crd>, Vec<Kind>) {
    let (mut crds, mut kinds) = (Vec::new(), Vec::new());
    let mut examples: BTreeMap<(String, String), Vec<Value>> = BTreeMap::new();
    for project in files(folder) {
        let name = project
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        for crd in files(&project.join("crds")).iter().flat_map(|file| objects(file)) {
            if !Schemas::is_crd(&crd) {
                continue;
            }
            kinds.extend(served(&name, crds.len(), &crd));
            crds.push(Crd {
                project: name.clone(),
                value: crd,
                taken: false,
            });
        }
        for mut object in files(&project.join("examples"))
            .iter()
            .flat_map(|file| objects(file))
        {
            let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
            let (Some(api_version), Some(kind)) = (text("apiVersion"), text("kind")) else {
                continue;
            };
            if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
                metadata.remove("namespace");
                metadata.retain(|key, _| key != "uid" && key != "resourceVersion");
            }
            let all = examples.entry((api_version, kind)).or_default();
            if !all.contains(&object) {
                all.push(object);
            }
        }
    }
    for kind in &mut kinds {
        let all = examples
            .remove(&(kind.api_version.clone(), kind.kind.clone()))
            .unwrap_or_default();
        let step = all.len().div_ceil(MAX_EXAMPLES).max(1);
        kind.examples = all.into_iter().step_by(step).collect();
    }
    (crds, kinds)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("readable").path()).collect();
    files.sort();
    files
}

/// What can be read of a file; some are templates.
fn objects(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).expect("readable");
    documents::read(&text)
        .documents
        .into_iter()
        .map(|document| document.value)
        .collect()
}

fn served(project: &str, number: usize, crd: &Value) -> Vec<Kind> {
    let spec = &crd["spec"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let scope = if spec["scope"] == "Namespaced" {
        "namespaces/default/"
    } else {
        ""
    };
    let versions = spec["versions"].as_array().into_iter().flatten();
    versions
        .filter(|version| version["served"] == true)
        .map(|version| {
            let api_version = format!("{}/{}", text(&spec["group"]), text(&version["name"]));
            Kind {
                project: project.to_owned(),
                crd: number,
                path: format!("/apis/{api_version}/{scope}{}", text(&spec["names"]["plural"])),
                api_version,
                kind: text(&spec["names"]["kind"]),
                schema: version["schema"]["openAPIV3Schema"].clone(),
                examples: Vec::new(),
            }
        })
        .collect()
}
