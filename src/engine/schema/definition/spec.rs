//! Names, versions and the rest of a CRD beside its schemas.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::engine::{
    pointer,
    schema::{
        names,
        refusal::{Path, Reason, Refusal, Shown},
    },
};

/// Types of printer columns.
const COLUMN_TYPES: &[&str] = &["boolean", "date", "integer", "number", "string"];
/// Formats of printer columns.
const COLUMN_FORMATS: &[&str] = &[
    "int32",
    "int64",
    "float",
    "double",
    "byte",
    "date",
    "date-time",
    "password",
];
/// Longest `deprecationWarning`.
const MAX_DEPRECATION_WARNING: usize = 256; // bytes
/// What Go calls printable.
static PRINTABLE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$").expect("a pattern of ours"));
/// The group of APIs that only Kubernetes itself defines.
const PROTECTED: &[&str] = &["k8s.io", "kubernetes.io"];

/// Collects refusals at pointers.
struct Faults<'a>(&'a mut Vec<Refusal>);

impl Faults<'_> {
    fn add(&mut self, place: &str, reason: Reason, shown: Shown, detail: impl Into<String>) {
        let mut refusal = Refusal::new(&Path::Root, reason, shown, detail);
        place.clone_into(&mut refusal.pointer);
        self.0.push(refusal.help("see kubectl explain crd.spec"));
    }

    fn required(&mut self, place: &str, detail: &str) {
        self.add(place, Reason::Required, Shown::Nothing, detail);
    }

    fn invalid(&mut self, place: &str, text: &str, detail: impl Into<String>) {
        self.add(place, Reason::Invalid, Shown::Text(text.to_owned()), detail);
    }

    fn each(&mut self, place: &str, text: &str, faults: &[String]) {
        if !faults.is_empty() {
            self.invalid(place, text, faults.join(","));
        }
    }
}

fn text<'a>(value: &'a Value, place: &str) -> &'a str {
    value.pointer(place).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, place: &str) -> &'a [Value] {
    value
        .pointer(place)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

/// Says what is wrong with a CRD of the right shape, its schemas aside.
pub(super) fn check(crd: &Value, out: &mut Vec<Refusal>) {
    let mut faults = Faults(out);
    let (group, plural, name) = (
        text(crd, "/spec/group"),
        text(crd, "/spec/names/plural"),
        text(crd, "/metadata/name"),
    );
    if name != format!("{plural}.{group}") {
        faults.invalid(
            "/metadata/name",
            name,
            "must be spec.names.plural+\".\"+spec.group",
        );
    }
    if group.is_empty() {
        faults.required("/spec/group", "");
    } else if !names::subdomain(group).is_empty() {
        faults.each("/spec/group", group, &names::subdomain(group));
    } else if !group.contains('.') {
        faults.invalid("/spec/group", group, "should be a domain with at least one dot");
    }
    let protected = |suffix: &&&str| {
        group == **suffix
            || group
                .strip_suffix(**suffix)
                .is_some_and(|rest| rest.ends_with('.'))
    };
    let approval = crd
        .pointer("/metadata/annotations/api-approved.kubernetes.io")
        .and_then(Value::as_str);
    if PROTECTED.iter().any(|suffix| protected(&suffix)) && approval.is_none_or(str::is_empty) {
        let place = pointer::join("/metadata/annotations", "api-approved.kubernetes.io");
        faults.required(&place, "protected groups must have approval annotation \"api-approved.kubernetes.io\", see https://github.com/kubernetes/enhancements/pull/1111");
    }
    match text(crd, "/spec/scope") {
        "" => faults.required("/spec/scope", ""),
        "Cluster" | "Namespaced" => {}
        other => {
            let shown = Shown::Text(other.to_owned());
            faults.add(
                "/spec/scope",
                Reason::NotSupported,
                shown,
                "supported values: \"Cluster\", \"Namespaced\"",
            );
        }
    }
    if crd.pointer("/spec/preserveUnknownFields") == Some(&Value::Bool(true)) {
        let shown = Shown::Other("true".to_owned());
        faults.add("/spec/preserveUnknownFields", Reason::Invalid, shown, "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead");
    }
    check_names(crd, &mut faults);
    check_conversion(crd, &mut faults);
    check_versions(crd, &mut faults);
}

fn check_names(crd: &Value, faults: &mut Faults<'_>) {
    for key in ["plural", "kind"] {
        let place = format!("/spec/names/{key}");
        if text(crd, &place).is_empty() {
            faults.required(&place, "");
        }
    }
    for key in ["plural", "singular"] {
        let place = format!("/spec/names/{key}");
        let name = text(crd, &place);
        if !name.is_empty() {
            faults.each(&place, name, &names::label_1035(name));
        }
    }
    for key in ["kind", "listKind"] {
        let place = format!("/spec/names/{key}");
        let name = text(crd, &place);
        let wrong = names::label_1035(&name.to_lowercase());
        if !name.is_empty() && !wrong.is_empty() {
            let detail = format!(
                "may have mixed case, but should otherwise match: {}",
                wrong.join(",")
            );
            faults.invalid(&place, name, detail);
        }
    }
    for key in ["shortNames", "categories"] {
        let place = format!("/spec/names/{key}");
        for (at, name) in list(crd, &place).iter().enumerate() {
            let name = name.as_str().unwrap_or_default();
            faults.each(&format!("{place}/{at}"), name, &names::label_1035(name));
        }
    }
    let (kind, list_kind) = (text(crd, "/spec/names/kind"), text(crd, "/spec/names/listKind"));
    if !kind.is_empty() && kind == list_kind {
        faults.invalid(
            "/spec/names/listKind",
            list_kind,
            "kind and listKind may not be the same",
        );
    }
}

fn check_conversion(crd: &Value, faults: &mut Faults<'_>) {
    let Some(conversion) = crd
        .pointer("/spec/conversion")
        .filter(|conversion| conversion.is_object())
    else {
        return;
    };
    let webhook = conversion.get("webhook").filter(|webhook| webhook.is_object());
    let place = "/spec/conversion/webhook";
    match text(conversion, "/strategy") {
        "" => faults.required("/spec/conversion/strategy", ""),
        "None" if webhook.is_some() => {
            let detail = "should not be set when strategy is not set to Webhook";
            faults.add(place, Reason::Forbidden, Shown::Nothing, detail);
        }
        "None" => {}
        "Webhook" => {
            let client = |key: &str| {
                conversion
                    .pointer(&format!("/webhook/clientConfig/{key}"))
                    .is_some()
            };
            if client("url") == client("service") {
                faults.required(
                    "/spec/conversion/webhook",
                    "exactly one of url or service is required",
                );
            }
            let versions = list(conversion, "/webhook/conversionReviewVersions");
            let place = "/spec/conversion/webhook/conversionReviewVersions";
            if versions.is_empty() {
                faults.required(place, "");
            } else if !versions
                .iter()
                .any(|version| *version == "v1" || *version == "v1beta1")
            {
                let shown = Shown::Other(Value::from(versions.to_vec()).to_string());
                faults.add(
                    place,
                    Reason::Invalid,
                    shown,
                    "must include at least one of v1, v1beta1",
                );
            }
        }
        other => {
            let shown = Shown::Text(other.to_owned());
            faults.add(
                "/spec/conversion/strategy",
                Reason::NotSupported,
                shown,
                "supported values: \"None\", \"Webhook\"",
            );
        }
    }
}

fn check_versions(crd: &Value, faults: &mut Faults<'_>) {
    let versions = list(crd, "/spec/versions");
    let all = |faults: &mut Faults<'_>, detail: &str| {
        faults.add("/spec/versions", Reason::Invalid, Shown::Nothing, detail);
    };
    if versions
        .iter()
        .filter(|version| version.get("storage") == Some(&Value::Bool(true)))
        .count()
        != 1
    {
        all(faults, "must have exactly one version marked as storage version");
    }
    let names: Vec<_> = versions.iter().map(|version| text(version, "/name")).collect();
    if (1..names.len()).any(|at| names[..at].contains(&names[at])) {
        all(faults, "must contain unique version names");
    }
    for (at, version) in versions.iter().enumerate() {
        let place = format!("/spec/versions/{at}");
        let name = text(version, "/name");
        faults.each(&format!("{place}/name"), name, &names::label_1035(name));
        if !version
            .pointer("/schema/openAPIV3Schema")
            .is_some_and(Value::is_object)
        {
            faults.required(&format!("{place}/schema/openAPIV3Schema"), "");
        }
        check_deprecation(version, &place, faults);
        check_scale(version, &place, faults);
        for (column, value) in list(version, "/additionalPrinterColumns").iter().enumerate() {
            check_column(
                value,
                &format!("{place}/additionalPrinterColumns/{column}"),
                faults,
            );
        }
    }
}

fn check_deprecation(version: &Value, place: &str, faults: &mut Faults<'_>) {
    let Some(warning) = version.get("deprecationWarning").and_then(Value::as_str) else {
        return;
    };
    let deprecated = version.get("deprecated") == Some(&Value::Bool(true));
    for (wrong, detail) in [
        (!deprecated, "can only be set for deprecated versions"),
        (warning.is_empty(), "must not be an empty string"),
        (
            warning.len() > MAX_DEPRECATION_WARNING,
            "must be <= 256 characters long",
        ),
        (
            !PRINTABLE.is_match(warning),
            "must only contain printable UTF-8 characters",
        ),
    ] {
        if wrong {
            faults.invalid(&format!("{place}/deprecationWarning"), warning, detail);
        }
    }
}

fn check_scale(version: &Value, place: &str, faults: &mut Faults<'_>) {
    let Some(scale) = version
        .pointer("/subresources/scale")
        .filter(|scale| scale.is_object())
    else {
        return;
    };
    for (key, heads) in [
        ("specReplicasPath", [".spec.", ".spec."]),
        ("statusReplicasPath", [".status.", ".status."]),
        ("labelSelectorPath", [".spec.", ".status."]),
    ] {
        let path = scale.get(key).and_then(Value::as_str).unwrap_or_default();
        let place = format!("{place}/subresources/scale/{key}");
        if path.is_empty() {
            if key != "labelSelectorPath" {
                faults.required(&place, "");
            }
        } else if !path.starts_with('.') {
            faults.invalid(&place, path, "must be a simple json path starting with .");
        } else if !heads.iter().any(|head| path.starts_with(head)) {
            let under = match key {
                "specReplicasPath" => ".spec",
                "statusReplicasPath" => ".status",
                _ => "either .spec or .status",
            };
            faults.invalid(&place, path, format!("should be a json path under {under}"));
        }
    }
}

fn check_column(column: &Value, place: &str, faults: &mut Faults<'_>) {
    let one_of = |all: &[&str]| format!("must be one of {}", all.join(","));
    if text(column, "/name").is_empty() {
        faults.required(&format!("{place}/name"), "");
    }
    let kind = text(column, "/type");
    if kind.is_empty() {
        faults.required(&format!("{place}/type"), &one_of(COLUMN_TYPES));
    } else if !COLUMN_TYPES.contains(&kind) {
        faults.invalid(&format!("{place}/type"), kind, one_of(COLUMN_TYPES));
    }
    let format = text(column, "/format");
    if !format.is_empty() && !COLUMN_FORMATS.contains(&format) {
        faults.invalid(&format!("{place}/format"), format, one_of(COLUMN_FORMATS));
    }
    let path = text(column, "/jsonPath");
    let place = format!("{place}/jsonPath");
    if path.is_empty() {
        faults.required(&place, "");
    } else if !path.starts_with('.') {
        faults.invalid(&place, path, "must be a simple json path starting with .");
    }
}
