//! The corpus on the API server: its verdicts are those that the offline tests compare ours with.
//!
//! An API server of its own, since the webhook of the others would have its say too. `BLESS=1` writes what it says.

use std::{collections::BTreeMap, env, fs, path::PathBuf};

use serde_json::{Value, json};

use crate::{
    Test, World,
    api::{Api, CRDS, DRY, loose},
    cluster::Cluster,
    corpus::{self, Case, Refusal},
    process::wait_for,
};

pub(crate) const TESTS: &[Test] = &[(
    "the_verdicts_of_the_corpus_are_those_of_this_api_server",
    corpus_is_right,
)];

/// Rules that are judged by one CRD.
const GROUP: usize = 25;

type Verdicts = BTreeMap<String, Vec<Refusal>>;

fn corpus_is_right(_: &World) {
    let tools = PathBuf::from(env::var_os("ALIASGATE_KUBE_TOOLS").expect("set, or nothing runs"));
    let cluster = Cluster::start(&tools);
    let (_proxy, port) = cluster.proxy();
    let api = Api { port };
    let mut found = Verdicts::new();
    for case in corpus::cases(&found).iter().filter(|case| case.object.is_none()) {
        found.insert(
            case.name.clone(),
            api.send("POST", &format!("{CRDS}{DRY}"), Some(&case.crd))
                .refusals(),
        );
    }
    // Rules that were taken are tried on an object, too.
    let taken: Vec<_> = found
        .iter()
        .filter(|(_, refusals)| refusals.is_empty())
        .map(|(name, _)| name.clone())
        .collect();
    for name in taken.iter().filter(|name| name.starts_with("rules/")) {
        found.insert(name.replace("/crd", "/object"), Vec::new());
    }
    let cases = corpus::cases(&found);
    for case in cases.iter().filter(|case| case.newer) {
        assert!(
            !found[&case.name].is_empty(),
            "{}: this API server takes it, so it is not too old for it",
            case.name
        );
    }
    let (rules, others): (Vec<_>, Vec<_>) = cases
        .iter()
        .filter(|case| case.object.is_some())
        .partition(|case| case.name.starts_with("rules/"));
    for group in rules.chunks(GROUP) {
        let mut crd = group[0].crd.clone();
        let properties = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties";
        let all: serde_json::Map<_, _> = group
            .iter()
            .flat_map(|case| {
                case.crd
                    .pointer(properties)
                    .and_then(Value::as_object)
                    .expect("a schema")
                    .clone()
            })
            .collect();
        *crd.pointer_mut(properties).expect("a schema") = all.into();
        judge(&api, &crd, group, &mut found);
    }
    let mut rest = others.as_slice();
    while let Some(first) = rest.first() {
        let end = rest
            .iter()
            .position(|case| case.crd != first.crd)
            .unwrap_or(rest.len());
        judge(&api, &first.crd, &rest[..end], &mut found);
        rest = &rest[end..];
    }
    compare(&found);
}

/// Compares what was found with what the corpus says, or writes it there.
fn compare(found: &Verdicts) {
    if env::var_os("BLESS").is_some() {
        return bless(found);
    }
    let expected = corpus::expected();
    let wrong: Vec<_> = found
        .iter()
        .filter(|(name, now)| {
            expected
                .get(*name)
                .is_none_or(|then| sorted_fields(then) != sorted_fields(now))
        })
        .map(|(name, now)| format!("{name}: {now:?}, expected {:?}", expected.get(name)))
        .collect();
    assert!(
        wrong.is_empty() && found.len() == expected.len(),
        "{} cases, {} expected\n{}",
        found.len(),
        expected.len(),
        wrong.join("\n")
    );
}

/// The refused fields: names of generated objects and the order of fields differ from run to run.
fn sorted_fields(all: &[Refusal]) -> Vec<&str> {
    let mut fields: Vec<_> = all.iter().map(|one| one.field.as_str()).collect();
    fields.sort_unstable();
    fields
}

/// Longest message that is kept; some repeat a whole schema.
const MAX_MESSAGE: usize = 300; // characters

/// Writes what the API server said. Where the fields are those that are there already, the words stay, too: some have
/// numbers that differ from run to run.
fn bless(found: &Verdicts) {
    let there = corpus::expected();
    let kept = |name: &String, now: &[Refusal]| {
        let then = there.get(name)?;
        (sorted_fields(then) == sorted_fields(now)).then(|| then.clone())
    };
    let row = |one: &Refusal| {
        let message: String = one.message.chars().take(MAX_MESSAGE).collect();
        json!({"field": one.field, "message": message})
    };
    let all: serde_json::Map<_, _> = found
        .iter()
        .map(|(name, now)| (name, kept(name, now).unwrap_or_else(|| now.clone())))
        .map(|(name, all)| (name.clone(), all.iter().map(row).collect::<Value>()))
        .collect();
    let text = serde_json::to_string_pretty(&all).expect("plain data");
    fs::write(corpus::folder().join("expected.json"), text + "\n").expect("writable");
}

/// Asks for the verdicts on objects of one CRD.
fn judge(api: &Api, crd: &Value, cases: &[&Case], found: &mut Verdicts) {
    let text = |pointer: &str| {
        crd.pointer(pointer)
            .and_then(Value::as_str)
            .expect("a CRD")
            .to_owned()
    };
    let scope = if text("/spec/scope") == "Namespaced" {
        "namespaces/default/"
    } else {
        ""
    };
    let objects = format!(
        "/apis/{}/{}/{scope}{}",
        text("/spec/group"),
        text("/spec/versions/0/name"),
        text("/spec/names/plural")
    );
    let definition = format!("{CRDS}/{}", text("/metadata/name"));
    let api_version = format!("{}/{}", text("/spec/group"), text("/spec/versions/0/name"));
    let any_faulty = cases.iter().any(|case| case.faulty);
    api.make(&if any_faulty { loose(crd) } else { crd.clone() });
    api.wait_until_served(&objects);
    let faulty = |at: usize| format!("{objects}/faulty-{at}");
    for (at, case) in cases.iter().enumerate().filter(|(_, case)| case.faulty) {
        let mut old = case.old.clone().expect("an old object");
        old["metadata"]["name"] = format!("faulty-{at}").into();
        let stored = api.send("POST", &objects, Some(&old));
        assert!(stored.status < 300, "{}: {}", case.name, stored.body);
    }
    if any_faulty {
        api.replace(crd);
        api.wait_until_strict(&objects, &api_version, &text("/spec/names/kind"));
    }
    for (at, case) in cases.iter().enumerate() {
        let Some(object) = &case.object else { continue };
        let verdict = match &case.old {
            Some(_) if case.faulty => {
                let stored = api.send("GET", &faulty(at), None).body;
                let mut object = object.clone();
                for key in ["name", "resourceVersion"] {
                    object["metadata"][key] = stored["metadata"][key].clone();
                }
                let verdict = api.send("PUT", &format!("{}{DRY}", faulty(at)), Some(&object));
                api.send("DELETE", &faulty(at), None);
                verdict
            }
            None => api.send("POST", &format!("{objects}{DRY}"), Some(object)),
            Some(old) => {
                let stored = api.send("POST", &objects, Some(old));
                assert!(stored.status < 300, "{}: {}", case.name, stored.body);
                let at = format!("{objects}/{}", old["metadata"]["name"].as_str().expect("a name"));
                let mut object = object.clone();
                object["metadata"]["resourceVersion"] = stored.body["metadata"]["resourceVersion"].clone();
                let verdict = api.send("PUT", &format!("{at}{DRY}"), Some(&object));
                api.send("DELETE", &at, None);
                verdict
            }
        };
        found.insert(case.name.clone(), verdict.refusals());
    }
    api.send("DELETE", &definition, None);
    wait_for("the end of the CRD", || {
        let status = api.send("GET", &definition, None).status;
        if status == 404 {
            Ok(())
        } else {
            Err(format!("{definition} answers {status}"))
        }
    });
}
