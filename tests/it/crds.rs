//! The CRDs that are committed, and what they let through.

use std::{env, fs, path::Path, process::Command};

use aliasgate::crds;
use serde_json::Value;
use walkdir::WalkDir;

fn crd(name: &str) -> Value {
    crds::all()
        .into_iter()
        .find(|crd| crds::is_called(crd, name))
        .expect("a CRD of ours")
}

#[test]
fn the_committed_files_are_what_the_types_say() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("crds");
    for crd in crds::all() {
        let ours = crd["spec"]["group"] == "aliasgate.dev";
        let plural = crd["spec"]["names"]["plural"].as_str().unwrap();
        let folder = if ours {
            dir.clone()
        } else {
            dir.join("agentgateway")
        };
        let file = folder.join(format!("{plural}.yaml"));
        let listed = fs::read_to_string(folder.join("kustomization.yaml")).unwrap();
        assert!(listed.contains(&format!("- {plural}.yaml\n")), "{listed}");
        let text = crds::yaml(&crd);
        if env::var_os("BLESS").is_some() {
            fs::write(&file, &text).unwrap();
        }
        assert!(
            fs::read_to_string(&file).unwrap_or_default() == text,
            "{} differs: run BLESS=1 cargo test --test it crds",
            file.display()
        );
        assert!(
            crds::FILES.contains(&(crds::kind(&crd), text.as_str())),
            "the program has another {}",
            file.display()
        );
    }
    let files = WalkDir::new(dir).into_iter().filter(|entry| {
        let entry = entry.as_ref().unwrap();
        entry.file_type().is_file() && entry.file_name() != "kustomization.yaml"
    });
    assert_eq!(files.count(), crds::all().len(), "a file of no CRD");
}

#[test]
fn crds_are_found_by_any_of_their_names() {
    for name in [
        "AgentgatewayBackend",
        "agbe",
        "agentgatewaybackends",
        "agentgatewaybackends.agentgateway.dev",
    ] {
        assert_eq!(crds::kind(&crd(name)), "AgentgatewayBackend", "{name}");
    }
    assert!(!crds::all().iter().any(|crd| crds::is_called(crd, "")));
}

#[test]
fn the_command_prints_all_or_those_that_are_named() {
    let run = |names: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aliasgate"));
        let output = command.arg("crds").args(names).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let yaml = |name| crds::yaml(&crd(name));
    let (backend, policy, catalog) = (yaml("agbe"), yaml("agpol"), yaml("mcat"));
    let all = format!("{backend}{policy}{catalog}");
    assert_eq!(run(&[]), (Some(0), all, String::new()));
    assert_eq!(run(&["agpol"]), (Some(0), policy, String::new()));
    let (code, out, error) = run(&["agbe", "pods"]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert_eq!(
        error,
        "error: no CRD is called pods; there are AgentgatewayBackend, AgentgatewayPolicy, ModelCatalog\n"
    );
}

#[test]
fn every_map_of_aliases_has_at_most_64() {
    let mut maps = 0;
    for crd in crds::all() {
        walk(crds::schema(&crd), &mut |schema| {
            if let Some(aliases) = schema["properties"].get("modelAliases") {
                maps += 1;
                assert_eq!(aliases["maxProperties"], 64);
                assert_eq!(aliases["additionalProperties"]["type"], "string");
            }
        });
    }
    assert_eq!(maps, 3);
}

#[test]
fn every_object_below_the_root_keeps_unknown_fields() {
    for crd in crds::all()
        .iter()
        .filter(|crd| crd["spec"]["group"] == "agentgateway.dev")
    {
        for (name, child) in crds::schema(crd)["properties"].as_object().unwrap() {
            walk(child, &mut |schema| {
                if schema["type"] == "object" && schema.get("additionalProperties").is_none() {
                    assert_eq!(
                        schema["x-kubernetes-preserve-unknown-fields"], true,
                        "{name}: {schema}"
                    );
                }
            });
        }
    }
}

#[test]
fn every_rule_says_what_is_wrong() {
    for crd in crds::all() {
        walk(crds::schema(&crd), &mut |schema| {
            for rule in schema["x-kubernetes-validations"]
                .as_array()
                .into_iter()
                .flatten()
            {
                assert!(rule["message"].is_string(), "{rule}");
            }
        });
    }
}

fn walk(schema: &Value, visit: &mut impl FnMut(&Value)) {
    visit(schema);
    for child in schema["properties"]
        .as_object()
        .into_iter()
        .flat_map(|all| all.values())
    {
        walk(child, visit);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(child) = schema.get(key) {
            walk(child, visit);
        }
    }
}
