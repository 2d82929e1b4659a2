//! What is read of an `AdmissionReview`: the little that a decision needs, borrowed from the body.
//!
//! kube's own types parse every field of both objects; on a large object that costs ten times as much.

use std::borrow::Cow;

use kube::core::admission::{META_API_VERSION_V1, META_KIND, Operation};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

use super::{
    Malformed,
    part::{
        self,
        Keep::{All, Members},
    },
};
use crate::engine::{Kind, Resource, check::ALLOW, diagnostic::quote};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Review<'a> {
    #[serde(borrow)]
    api_version: Option<Cow<'a, str>>,
    #[serde(borrow)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    request: Option<Request<'a>>,
}

/// The request of a review.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request<'a> {
    #[serde(borrow)]
    uid: Option<Cow<'a, str>>,
    #[serde(borrow)]
    kind: GroupVersionKind<'a>,
    #[serde(borrow)]
    sub_resource: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) namespace: Option<Cow<'a, str>>,
    pub(super) operation: Operation,
    #[serde(borrow)]
    object: Option<&'a RawValue>,
    #[serde(borrow)]
    old_object: Option<&'a RawValue>,
    pub(super) dry_run: Option<bool>,
}

#[derive(Deserialize)]
struct GroupVersionKind<'a> {
    #[serde(borrow, default)]
    group: Cow<'a, str>,
    #[serde(borrow)]
    version: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
}

/// Reads the request of `body`.
pub(super) fn read(body: &[u8]) -> Result<Request<'_>, Malformed> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Malformed("the body is empty".to_owned()));
    }
    let review: Review<'_> = serde_json::from_slice(body).map_err(|cause| {
        Malformed(format!(
            "cannot read the body as an AdmissionReview: {}",
            without_values(&cause)
        ))
    })?;
    require("kind", review.kind.as_deref(), META_KIND)?;
    require("apiVersion", review.api_version.as_deref(), META_API_VERSION_V1)?;
    let request = review
        .request
        .ok_or_else(|| Malformed("the AdmissionReview has no request".to_owned()))?;
    if request.uid().is_empty() {
        return Err(Malformed("the AdmissionReview's request has no uid".to_owned()));
    }
    Ok(request)
}

fn require(field: &str, found: Option<&str>, wanted: &str) -> Result<(), Malformed> {
    match found {
        Some(found) if found == wanted => Ok(()),
        Some(found) => Err(Malformed(format!(
            "the body's {field} is {}, but must be {wanted:?}",
            quote(found)
        ))),
        None => Err(Malformed(format!(
            "the body has no {field}, which must be {wanted:?}"
        ))),
    }
}

/// What `error` says, but for the values that it quotes: they may be long, and must not reach a log.
fn without_values(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(", expected ") {
        Some((found, expected)) => {
            let kind = found.split([':', '`']).next().unwrap_or_default();
            format!("{}, expected {expected}", kind.trim_end())
        }
        None => text,
    }
}

impl Request<'_> {
    pub(super) fn uid(&self) -> &str {
        self.uid.as_deref().unwrap_or_default()
    }

    /// The kind of the object, where it is one that is checked and the request is about the object itself.
    pub(super) fn kind(&self) -> Option<Kind> {
        let GroupVersionKind { group, version, kind } = &self.kind;
        let whole = self.sub_resource.as_deref().is_none_or(str::is_empty);
        Kind::of(&format!("{group}/{version}"), kind)
            .filter(|kind| whole && matches!(kind, Kind::Backend | Kind::Policy))
    }

    /// The object as it would be stored; `None` when the request has none.
    pub(super) fn object(&self) -> Result<Option<Resource>, Unreadable> {
        self.resource("object", self.object)
    }

    /// The object as it is stored; `None` when the request has none.
    pub(super) fn old_object(&self) -> Result<Option<Resource>, Unreadable> {
        self.resource("oldObject", self.old_object)
    }

    fn resource(&self, field: &'static str, raw: Option<&RawValue>) -> Result<Option<Resource>, Unreadable> {
        let Some(raw) = raw else { return Ok(None) };
        let mut object = part::read(raw.get(), &OBJECT).map_err(|cause| {
            Unreadable(format!("cannot read request.{field}: {}", without_values(&cause)))
        })?;
        locate(&mut object, self.namespace.as_deref())
            .map_err(|what| Unreadable(format!("cannot read request.{field}: {what} is no object")))?;
        let resource = Resource::new(object);
        match resource.filter(|resource| Some(resource.kind) == self.kind()) {
            Some(resource) => Ok(Some(resource)),
            None => Err(Unreadable(format!(
                "request.{field} is of another kind than request.kind says"
            ))),
        }
    }
}

/// A well-formed request whose object cannot be judged.
pub(super) struct Unreadable(pub(super) String);

/// The parts of an object that mean something to the engine. The rest, often the larger half of it, is passed over
/// unread: `status`, `managedFields`, the copy of the object that kubectl keeps in an annotation, other policies.
const OBJECT: part::Keep = Members(&[
    ("apiVersion", All),
    ("kind", All),
    (
        "metadata",
        Members(&[
            ("name", All),
            ("generateName", All),
            ("namespace", All),
            ("labels", All),
            ("annotations", Members(&[(ALLOW, All)])),
        ]),
    ),
    (
        "spec",
        Members(&[
            ("ai", All),
            ("policies", AI),
            ("backend", AI),
            ("targetRefs", All),
            ("targetSelectors", All),
        ]),
    ),
]);
const AI: part::Keep = Members(&[("ai", All)]);

/// Gives `object` the `namespace` of its request, where it names none; else says what of it is no JSON object.
fn locate(object: &mut Value, namespace: Option<&str>) -> Result<(), &'static str> {
    let members = object.as_object_mut().ok_or("it")?;
    let metadata = members.entry("metadata").or_insert(Value::Null);
    if metadata.is_null() {
        *metadata = Map::new().into();
    }
    let metadata = metadata.as_object_mut().ok_or("its metadata")?;
    if let Some(namespace) = namespace {
        metadata.entry("namespace").or_insert_with(|| namespace.into());
    }
    Ok(())
}
