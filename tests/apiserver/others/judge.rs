//! One CRD, or one kind of objects: what both say of it.

use aliasgate::engine::{
    Diagnostic, Severity,
    schema::{Schemas, check_crd},
};
use serde_json::{Value, json};

use crate::api::{Api, CRDS, DRY};

use super::{
    Tally,
    mutants::{self, Chance},
    projects::{Crd, Kind},
};

/// Objects of a kind that are made out of its schema.
const MADE: usize = 3;
/// Most objects of a kind that are updated.
const MAX_UPDATED: usize = 3;
/// Most objects of a kind that are stored while its CRD is not strict.
const MAX_OLD_FAULTS: usize = 2;

/// Judges a CRD and mutants of it, and says whether the API server takes the CRD.
pub(super) fn definition(api: &Api, crd: &Crd, mutants: usize, tally: &mut Tally) -> bool {
    let name = format!("{}: CRD {}", crd.project, crd.value["metadata"]["name"]);
    let mut chance = Chance::of(&name);
    let mut judge = |what: &str, crd: &Value| {
        let theirs = api.send("POST", &format!("{CRDS}{DRY}"), Some(crd)).refusals();
        tally.add_crd(&format!("{name} {what}"), &theirs, &check_crd(crd));
        theirs.is_empty()
    };
    let taken = judge("as it is", &crd.value);
    let mut short = crd.value.clone();
    drop_descriptions(&mut short);
    for _ in 0..mutants {
        let mut mutant = short.clone();
        let what = mutants::mutate(&mut mutant, &Value::Null, true, &mut chance);
        judge(&what, &mutant);
    }
    taken
}

/// Removes what would hide the rest from chance.
fn drop_descriptions(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|key, value| key != "description" || !value.is_string());
            fields.values_mut().for_each(drop_descriptions);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_descriptions),
        _ => {}
    }
}

fn refuses(found: &[Diagnostic]) -> bool {
    found.iter().any(|one| one.severity == Severity::Error)
}

/// One kind, and who judges its objects.
pub(super) struct Judge<'a> {
    api: &'a Api,
    kind: &'a Kind,
    schemas: &'a Schemas,
    chance: Chance,
    mutants: usize,
}

impl<'a> Judge<'a> {
    pub(super) fn new(api: &'a Api, kind: &'a Kind, schemas: &'a Schemas, mutants: usize) -> Self {
        let chance = Chance::of(&format!("{}/{}", kind.api_version, kind.kind));
        Self {
            api,
            kind,
            schemas,
            chance,
            mutants,
        }
    }

    fn name(&self, what: &str) -> String {
        let Kind {
            project,
            api_version,
            kind,
            ..
        } = self.kind;
        format!("{project}: {api_version} {kind}: {what}")
    }

    fn made(&mut self) -> Value {
        mutants::object(
            &self.kind.schema,
            &self.kind.api_version,
            &self.kind.kind,
            &mut self.chance,
        )
    }

    /// One or two changes.
    fn mutate(&mut self, object: &mut Value, metadata: bool) -> String {
        let mut done = Vec::new();
        for _ in 0..=usize::from(self.chance.below(3) == 0) {
            done.push(mutants::mutate(
                object,
                &self.kind.schema,
                metadata,
                &mut self.chance,
            ));
        }
        done.join("; ")
    }

    /// The examples, and mutants of them.
    pub(super) fn examples(&mut self, tally: &mut Tally) {
        let kind = self.kind;
        for object in &kind.examples {
            self.create("example", object, tally);
        }
    }

    /// Objects out of the schema, and mutants of them.
    pub(super) fn made_objects(&mut self, tally: &mut Tally) {
        for _ in 0..MADE {
            let object = self.made();
            self.create("made", &object, tally);
        }
    }

    /// Creates an object as it is, and mutants of it.
    fn create(&mut self, origin: &str, object: &Value, tally: &mut Tally) {
        for number in 0..=self.mutants {
            let mut object = object.clone();
            let what = if number == 0 {
                origin.to_owned()
            } else {
                format!("{origin} with {}", self.mutate(&mut object, true))
            };
            let path = format!("{}{DRY}", self.kind.path);
            let theirs = self.api.send("POST", &path, Some(&object)).refusals();
            let ours = self.schemas.check(&object, None);
            tally.add(&self.name(&what), &theirs, &ours, &object);
        }
    }

    /// Stored objects that become mutants of themselves.
    pub(super) fn updates(&mut self, tally: &mut Tally) {
        let mut left = MAX_UPDATED;
        let mut candidates = self.kind.examples.clone();
        candidates.extend((0..MADE).map(|_| self.made()));
        for mut object in candidates {
            if left == 0 || refuses(&self.schemas.check(&object, None)) {
                continue;
            }
            object["metadata"] = json!({"name": "stored"});
            let stored = self.api.send("POST", &self.kind.path, Some(&object));
            if stored.status >= 300 {
                continue;
            }
            left -= 1;
            self.update("update", &stored.body, tally);
            self.api
                .send("DELETE", &format!("{}/stored", self.kind.path), None);
        }
    }

    /// Objects that the loose CRD takes and the strict one would not, and their names.
    pub(super) fn store_faults(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        let mut candidates: Vec<_> = self
            .kind
            .examples
            .iter()
            .take(MAX_OLD_FAULTS * 3)
            .cloned()
            .collect();
        candidates.extend((0..MADE).map(|_| self.made()));
        for mut object in candidates {
            if names.len() == MAX_OLD_FAULTS {
                break;
            }
            self.mutate(&mut object, false);
            let name = format!("old-{}", names.len());
            object["metadata"] = json!({"name": name});
            let faulty = refuses(&self.schemas.check(&object, None));
            if faulty && self.api.send("POST", &self.kind.path, Some(&object)).status < 300 {
                names.push(name);
            }
        }
        names
    }

    /// Updates of what [`Self::store_faults`] has stored.
    pub(super) fn faulty_updates(&mut self, names: &[String], tally: &mut Tally) {
        for name in names {
            let at = format!("{}/{name}", self.kind.path);
            let stored = self.api.send("GET", &at, None);
            if stored.status == 200 {
                self.update("update of faults", &stored.body, tally);
            }
        }
    }

    /// A stored object as it is, and mutants of it, in its place.
    fn update(&mut self, origin: &str, stored: &Value, tally: &mut Tally) {
        let mut old = stored.clone();
        old["metadata"]
            .as_object_mut()
            .expect("metadata")
            .remove("managedFields");
        let at = format!(
            "{}/{}",
            self.kind.path,
            old["metadata"]["name"].as_str().expect("a name")
        );
        for number in 0..=self.mutants {
            let mut object = old.clone();
            let what = if number == 0 {
                "nothing changed".to_owned()
            } else {
                self.mutate(&mut object, false)
            };
            let theirs = self
                .api
                .send("PUT", &format!("{at}{DRY}"), Some(&object))
                .refusals();
            let ours = self.schemas.check(&object, Some(&old));
            tally.add(
                &self.name(&format!("{origin}, {what}")),
                &theirs,
                &ours,
                &json!({"old": old, "new": object}),
            );
        }
    }
}
