//! CRDs of other projects and objects of their kinds: our verdicts are those of the API server.
//!
//! Judged are the CRDs, the projects' own examples, objects made out of the schemas, mutants of all of them, updates of
//! stored objects, and updates of objects that were stored before their CRD became strict. What is judged is the same in
//! every run; `ALIASGATE_MUTANTS` says how many mutants of an object there are, to search deeper.

#[path = "../../it/verdicts/compare.rs"]
mod compare;
mod judge;
mod mutants;
mod projects;

use std::{env, fs, path::PathBuf};

use aliasgate::engine::{Diagnostic, schema::Schemas};
use serde_json::Value;

use crate::{
    Test, World,
    api::{Api, loose},
    cluster::Cluster,
    corpus::Refusal,
};
use compare::{Likeness, both, compare, compare_crd};
use judge::Judge;
use projects::{Crd, Kind};

pub(crate) const TESTS: &[Test] = &[(
    "the_verdicts_on_objects_of_other_projects_are_those_of_this_api_server",
    verdicts_are_equal,
)];

/// Mutants of each CRD and of each object.
const MUTANTS: usize = 2;
/// Least share of objects of which both name the same fields.
const LEAST_EQUAL: f64 = 0.95;

fn verdicts_are_equal(_: &World) {
    let Some(folder) = env::var_os("ALIASGATE_OTHER_PROJECTS").map(PathBuf::from) else {
        println!(
            "SKIPPED: objects of other projects: ALIASGATE_OTHER_PROJECTS is not set; ./tests/run sets it"
        );
        return;
    };
    let tools = PathBuf::from(env::var_os("ALIASGATE_KUBE_TOOLS").expect("set, or nothing runs"));
    let cluster = Cluster::start(&tools);
    let (_proxy, port) = cluster.proxy();
    let api = Api { port };
    let mutants = env::var("ALIASGATE_MUTANTS").map_or(MUTANTS, |text| text.parse().expect("a number"));
    let (mut crds, mut kinds) = projects::read(&folder);
    let count = crds.len();

    let mut definitions = Tally::new("CRDs and their mutants");
    for crd in &mut crds {
        crd.taken = judge::definition(&api, crd, mutants, &mut definitions);
    }
    kinds.retain(|kind| crds[kind.crd].taken);
    let schemas: Vec<_> = crds.iter().map(|crd| schemas(&crd.value)).collect();
    let mut judges: Vec<_> = kinds
        .iter()
        .map(|kind| Judge::new(&api, kind, &schemas[kind.crd], mutants))
        .collect();

    let mut examples = Tally::new("examples and their mutants");
    let mut made = Tally::new("made objects and their mutants");
    let mut updates = Tally::new("updates");
    let mut ratcheting = Tally::new("updates of what was stored with faults");
    let stored = install(&api, &crds, &kinds, &mut judges);
    for (judge, stored) in judges.iter_mut().zip(stored) {
        judge.examples(&mut examples);
        judge.made_objects(&mut made);
        judge.updates(&mut updates);
        judge.faulty_updates(&stored, &mut ratcheting);
    }
    let projects = fs::read_dir(&folder).expect("readable").count();
    report(
        &format!("{count} CRDs of {projects} projects"),
        &[definitions, examples, made, updates, ratcheting],
    );
}

fn schemas(crd: &Value) -> Schemas {
    let mut schemas = Schemas::default();
    assert!(schemas.add(crd).is_empty());
    schemas
}

/// Installs the CRDs as loose ones, stores objects with faults, and makes the CRDs strict. Gives the names of what is
/// stored, kind by kind.
fn install(api: &Api, crds: &[Crd], kinds: &[Kind], judges: &mut [Judge<'_>]) -> Vec<Vec<String>> {
    let strict: Vec<_> = crds
        .iter()
        .filter(|crd| crd.taken)
        .map(Crd::unconverted)
        .collect();
    strict.iter().for_each(|crd| api.make(&loose(crd)));
    kinds.iter().for_each(|kind| api.wait_until_served(&kind.path));
    let stored = judges.iter_mut().map(Judge::store_faults).collect();
    strict.iter().for_each(|crd| api.replace(crd));
    for kind in kinds {
        api.wait_until_strict(&kind.path, &kind.api_version, &kind.kind);
    }
    stored
}

/// Counts, and what is wrong.
struct Tally {
    what: &'static str,
    judged: usize,
    refused: usize,
    equal: usize,
    finer: usize,
    wrong: Vec<String>,
    other_fields: Vec<String>,
}

impl Tally {
    fn new(what: &'static str) -> Self {
        Self {
            what,
            judged: 0,
            refused: 0,
            equal: 0,
            finer: 0,
            wrong: Vec::new(),
            other_fields: Vec::new(),
        }
    }

    /// Two verdicts on an object.
    fn add(&mut self, name: &str, theirs: &[Refusal], ours: &[Diagnostic], object: &Value) {
        self.count(compare(theirs, ours), !theirs.is_empty(), || {
            format!("{name}\n{}\n  object  {object}", both(theirs, ours))
        });
    }

    /// Two verdicts on a CRD.
    fn add_crd(&mut self, name: &str, theirs: &[Refusal], ours: &[Diagnostic]) {
        self.count(compare_crd(theirs, ours), !theirs.is_empty(), || {
            format!("{name}\n{}", both(theirs, ours))
        });
    }

    fn count(&mut self, likeness: Likeness, refused: bool, said: impl FnOnce() -> String) {
        self.judged += 1;
        self.refused += usize::from(refused);
        match likeness {
            Likeness::Equal => self.equal += 1,
            Likeness::Finer => self.finer += 1,
            Likeness::OtherFields => self.other_fields.push(said()),
            Likeness::OtherVerdict => self.wrong.push(said()),
        }
    }
}

/// Prints the totals, and fails where they are not good enough.
fn report(of: &str, tallies: &[Tally]) {
    let line = |judged, refused, wrong, equal, finer| {
        format!(
            "refused {refused}, verdict equal {}, fields equal {equal}, finer {finer}",
            judged - wrong
        )
    };
    let (mut judged, mut refused, mut wrong, mut equal, mut finer) = (0, 0, 0, 0, 0);
    for tally in tallies {
        let differ = tally.wrong.len();
        println!(
            "{}: {} judged, {}",
            tally.what,
            tally.judged,
            line(tally.judged, tally.refused, differ, tally.equal, tally.finer)
        );
        judged += tally.judged;
        refused += tally.refused;
        wrong += differ;
        equal += tally.equal;
        finer += tally.finer;
    }
    println!(
        "{judged} objects of {of}, {}",
        line(judged, refused, wrong, equal, finer)
    );
    for one in tallies.iter().flat_map(|tally| &tally.other_fields) {
        println!("FIELDS {one}");
    }
    let wrong: Vec<_> = tallies
        .iter()
        .flat_map(|tally| &tally.wrong)
        .map(String::as_str)
        .collect();
    assert!(
        wrong.is_empty(),
        "{} verdicts differ\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let share = equal as f64 / judged as f64;
    assert!(
        share >= LEAST_EQUAL,
        "the fields are equal in {share:.3} of the cases only"
    );
}
