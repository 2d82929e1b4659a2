//! The fields that the scale subresource reads and writes.
//!
//! Source: k8s.io/apiextensions-apiserver/pkg/registry/customresource/validator.go of Kubernetes 1.34.

use serde_json::Value;

use super::refusal::{Path, Reason, Refusal, Shown};
use crate::engine::pointer;

/// Where the subresource finds its fields.
#[derive(Debug)]
pub(super) struct Scale {
    replicas: Vec<Vec<String>>,
    selector: Option<Vec<String>>,
}

impl Scale {
    /// What the version of a CRD says of it.
    pub(super) fn new(version: &Value) -> Option<Self> {
        let scale = version.pointer("/subresources/scale")?.as_object()?;
        let path = |key: &str| {
            let path = scale.get(key)?.as_str()?;
            let path = path.strip_prefix('.').unwrap_or(path);
            Some(path.split('.').map(str::to_owned).collect())
        };
        Some(Self {
            replicas: ["specReplicasPath", "statusReplicasPath"]
                .into_iter()
                .filter_map(path)
                .collect(),
            selector: path("labelSelectorPath"),
        })
    }

    /// Judges these fields of an object.
    pub(super) fn check(&self, object: &Value, out: &mut Vec<Refusal>) {
        for path in &self.replicas {
            let detail = match at(object, path) {
                None => continue,
                Some(Ok(Value::Number(count))) if count.is_i64() => {
                    match count.as_i64().unwrap_or_default() {
                        count if count < 0 => "should be a non-negative integer".to_owned(),
                        count if count > i64::from(i32::MAX) => {
                            format!("should be less than or equal to {}", i32::MAX)
                        }
                        _ => continue,
                    }
                }
                Some(_) => "accessor error: not of the type int64".to_owned(),
            };
            out.push(refusal(object, path, detail));
        }
        let selector = self.selector.as_ref();
        if let Some((path, Some(found))) = selector.map(|path| (path, at(object, path)))
            && !matches!(found, Ok(Value::String(_)))
        {
            let detail = "accessor error: not of the type string";
            out.push(refusal(object, path, detail.to_owned()));
        }
    }
}

/// What stands at the path, or that something on the way is no object.
fn at<'a>(object: &'a Value, path: &[String]) -> Option<Result<&'a Value, ()>> {
    let mut found = object;
    for field in path {
        match found {
            Value::Object(fields) => found = fields.get(field)?,
            Value::Null => return None,
            _ => return Some(Err(())),
        }
    }
    Some(Ok(found))
}

fn refusal(object: &Value, path: &[String], detail: String) -> Refusal {
    let shown = at(object, path)
        .and_then(Result::ok)
        .map_or(Shown::Nothing, Shown::of);
    let mut refusal = Refusal::new(&Path::Root, Reason::Invalid, shown, detail).help("change it");
    refusal.pointer = path
        .iter()
        .fold(String::new(), |all, field| pointer::join(&all, field));
    refusal
}
