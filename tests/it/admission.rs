//! The webhooks, asked as the API server asks them.
#![expect(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "a failed helper fails its test"
)]

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, LazyLock},
    time::Instant,
};

use aliasgate::{
    admission::{MAX_REVIEW, Metrics, Webhook, decide, router},
    engine::{Catalogs, Code, Kind, Level, Resource, Severities, Severity, Snapshot, check::check},
    sources::{builtin, files},
    telemetry,
};
use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
};
use http_body_util::BodyExt;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::sync::watch;
use tower::ServiceExt;

use crate::fixtures::TODAY;

const UID: &str = "705ab4f5-6393-11e8-b7cc-42010a800002";

/// No other resources, and the built-in catalogs.
fn snapshot() -> Snapshot {
    static CATALOGS: LazyLock<Arc<Catalogs>> = LazyLock::new(|| Arc::new(builtin::catalogs()));
    Snapshot::build(Arc::clone(&CATALOGS), [], TODAY)
}

fn webhooks(snapshot: Snapshot) -> Router {
    let (sender, receiver) = watch::channel(Arc::new(snapshot));
    drop(sender); // the last snapshot stays
    router(receiver, Metrics::register(&mut telemetry::registry()))
}

fn backend(aliases: Value) -> Value {
    json!({
        "apiVersion": "agentgateway.dev/v1alpha1", "kind": "AgentgatewayBackend",
        "metadata": {"name": "openai", "namespace": "shop"},
        "spec": {"ai": {"provider": {"openai": {}}}, "policies": {"ai": {"modelAliases": aliases}}},
    })
}

fn review(operation: &str, object: Value, old: Value) -> Value {
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": UID, "operation": operation, "name": "openai", "namespace": "shop",
            "kind": {"group": "agentgateway.dev", "version": "v1alpha1", "kind": "AgentgatewayBackend"},
            "resource": {"group": "agentgateway.dev", "version": "v1alpha1", "resource": "agentgatewaybackends"},
            "object": object, "oldObject": old, "dryRun": false,
            "userInfo": {"username": "kubernetes-admin"}, "options": {"kind": "CreateOptions"},
        },
    })
}

fn create(aliases: Value) -> Value {
    review("CREATE", backend(aliases), Value::Null)
}

/// Status and text of the answer to any request.
async fn send(request: Request<Body>) -> (StatusCode, String) {
    let response = webhooks(snapshot()).oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn post(path: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
    request.body(body.into()).unwrap()
}

/// The `response` of a review, which must be one of the right version with the right uid.
async fn ask(path: &str, review: Value) -> Value {
    let (status, text) = send(post(path, review.to_string())).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    let mut answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answer["apiVersion"], "admission.k8s.io/v1");
    assert_eq!(answer["kind"], "AdmissionReview");
    assert_eq!(answer["response"]["uid"], UID);
    answer["response"].take()
}

async fn validate(review: Value) -> Value {
    ask("/validate?timeout=3s", review).await
}

async fn mutate(review: Value) -> Value {
    ask("/mutate?timeout=3s", review).await
}

/// The patch that is in `response`.
fn patch(response: &Value) -> Value {
    let bytes: Vec<u8> = serde_json::from_value(response["patch"].clone()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn good_object_passes_without_a_word() {
    let response = validate(create(json!({"fast": "gpt-5.2"}))).await;
    assert_eq!(response["allowed"], true);
    assert_eq!(response["warnings"], Value::Null);
    assert_eq!(response["patch"], Value::Null);
}

#[tokio::test]
async fn seed_example_is_stored_with_two_warnings() {
    let response = validate(create(json!({"fast": "gpt-3.5-turbo", "smart": "gpt-4-turbo"}))).await;
    assert_eq!(response["allowed"], true);
    let at = "spec.policies.ai.modelAliases";
    assert_eq!(
        response["warnings"],
        json!([
            format!(
                "{at}[fast]: \"gpt-3.5-turbo\" was retired by openai on 2026-10-23 [alias-target-retired]"
            ),
            format!(
                "{at}[smart]: \"gpt-4-turbo\" was retired by openai on 2026-10-23 [alias-target-retired]"
            ),
        ])
    );
    let annotations = &response["auditAnnotations"];
    assert_eq!(annotations["codes"], "alias-target-retired=2");
    assert_eq!(annotations["catalog"], "openai=2026-11-23");
    assert_eq!(annotations["as-of"], "2026-11-23");
    assert_eq!(
        mutate(create(json!({"fast": "gpt-3.5-turbo", "smart": "gpt-4-turbo"})))
            .await
            .get("patch"),
        None
    );
}

#[tokio::test]
async fn typo_is_refused_with_the_nearest_model() {
    let response = validate(create(json!({"fast": "gpt-3.5-turbo", "smart": "gpt-4-turbbo"}))).await;
    assert_eq!(response["allowed"], false);
    let words = "Invalid value: \"gpt-4-turbbo\": openai has no such model (catalog of 2026-11-23); did you mean \"gpt-4-turbo\"";
    let field = "spec.policies.ai.modelAliases[smart]";
    let causes = response["status"]["details"]["causes"].as_array().unwrap();
    assert_eq!(causes.len(), 1);
    assert_eq!(
        (&causes[0]["reason"], &causes[0]["field"]),
        (&json!("FieldValueInvalid"), &json!(field))
    );
    let message = causes[0]["message"].as_str().unwrap();
    assert!(message.starts_with(words), "{message}");
    let whole = format!("AgentgatewayBackend \"openai\" is invalid: {field}: {message}");
    assert_eq!(response["status"]["message"], whole);
    assert_eq!(response["warnings"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn fault_is_refused_in_the_form_that_kubectl_prints() {
    let response = validate(create(json!({"fast": "gpt-*"}))).await;
    assert_eq!(response["allowed"], false);
    let status = &response["status"];
    assert_eq!(
        (&status["code"], &status["reason"]),
        (&json!(422), &json!("Invalid"))
    );
    let details = &status["details"];
    assert_eq!(details["name"], "openai");
    assert_eq!(details["group"], "agentgateway.dev");
    assert_eq!(details["kind"], "AgentgatewayBackend");
    let cause = &details["causes"][0];
    assert_eq!(cause["reason"], "FieldValueInvalid");
    assert_eq!(cause["field"], "spec.policies.ai.modelAliases[fast]");
    let message = cause["message"].as_str().unwrap();
    assert!(message.starts_with("Invalid value: \"gpt-*\": "), "{message}");
    let whole = format!(
        "AgentgatewayBackend \"openai\" is invalid: {}: {message}",
        cause["field"].as_str().unwrap()
    );
    assert_eq!(status["message"], whole);
    assert_eq!(response["auditAnnotations"]["codes"], "alias-target-wildcard=1");
    assert_eq!(response["auditAnnotations"]["as-of"], "2026-11-23");
}

#[tokio::test]
async fn all_faults_are_said_at_once() {
    let response = validate(create(json!({"a": "gpt-*", "b": "", " c": "x", "c": "y"}))).await;
    let causes = response["status"]["details"]["causes"].as_array().unwrap();
    let reasons: Vec<_> = causes
        .iter()
        .map(|cause| cause["reason"].as_str().unwrap())
        .collect();
    for reason in ["FieldValueInvalid", "FieldValueRequired", "FieldValueDuplicate"] {
        assert!(reasons.contains(&reason), "{reason} in {causes:?}");
    }
    let message = response["status"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("AgentgatewayBackend \"openai\" is invalid: ["),
        "{message}"
    );
    assert!(
        causes
            .iter()
            .all(|cause| message.contains(cause["message"].as_str().unwrap())),
        "{message}"
    );
}

#[tokio::test]
async fn warning_has_place_and_code_and_refuses_nothing() {
    let response = validate(create(json!({"gpt-5.2": "gpt-5.2"}))).await;
    assert_eq!(response["allowed"], true);
    let warning = response["warnings"][0].as_str().unwrap();
    assert!(
        warning.starts_with("spec.policies.ai.modelAliases[gpt-5.2]: "),
        "{warning}"
    );
    assert!(warning.ends_with(" [alias-self]"), "{warning}");
    assert_eq!(response["auditAnnotations"]["codes"], "alias-self=1");
}

#[tokio::test]
async fn many_long_warnings_are_cut_and_counted() {
    let name = |at: usize| format!("{at:02}{}", "x".repeat(248));
    let aliases: serde_json::Map<_, _> = (0..60).map(|at| (name(at), json!(name(at)))).collect();
    let bare = Snapshot::build(Arc::default(), [], TODAY);
    let body = create(aliases.into()).to_string();
    let decision = decide(&bare, Webhook::Validate, body.as_bytes()).unwrap();
    let response = serde_json::from_slice::<Value>(&decision.into_body()).unwrap()["response"].take();
    let warnings: Vec<&str> = response["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|warning| warning.as_str().unwrap())
        .collect();
    assert!(warnings.iter().all(|warning| warning.chars().count() <= 256));
    assert!(
        warnings
            .iter()
            .map(|warning| warning.chars().count())
            .sum::<usize>()
            < 2200
    );
    assert!(warnings[0].ends_with("… [alias-self]"), "{}", warnings[0]);
    let left_out = 60 - (warnings.len() - 1);
    let last = format!("{left_out} more warnings are not shown here; `aliasgate validate` shows all");
    assert_eq!(warnings.last(), Some(&last.as_str()));
}

#[tokio::test]
async fn causes_are_limited_and_the_last_one_counts_the_rest() {
    let provider = |at: usize| {
        let aliases: serde_json::Map<_, _> = (0..60)
            .map(|alias| (format!("a{alias}"), json!("gpt-*")))
            .collect();
        json!({"name": format!("p{at}"), "openai": {}, "policies": {"ai": {"modelAliases": aliases}}})
    };
    let mut object = backend(json!({}));
    object["spec"]["ai"] = json!({"groups": [{"providers": [provider(0), provider(1)]}]});
    let response = validate(review("CREATE", object, Value::Null)).await;
    let causes = response["status"]["details"]["causes"].as_array().unwrap();
    assert_eq!(causes.len(), 100);
    assert_eq!(causes[99]["message"], "21 more faults are not listed");
}

#[tokio::test]
async fn update_is_not_refused_for_a_fault_that_is_stored_already() {
    let old = backend(json!({"fast": "gpt-*"}));
    let mut new = old.clone();
    new["metadata"]["labels"] = json!({"team": "shop"});
    let response = validate(review("UPDATE", new, old.clone())).await;
    assert_eq!(response["allowed"], true);
    assert!(
        response["warnings"][0]
            .as_str()
            .unwrap()
            .ends_with("[alias-target-wildcard]")
    );

    let worse = backend(json!({"fast": "gpt-*", "smart": "gpt-5*"}));
    let response = validate(review("UPDATE", worse, old)).await;
    assert_eq!(response["allowed"], false);
    let causes = response["status"]["details"]["causes"].as_array().unwrap();
    assert_eq!(causes.len(), 1, "{causes:?}");
    assert_eq!(causes[0]["field"], "spec.policies.ai.modelAliases[smart]");
}

#[tokio::test]
async fn update_without_the_stored_object_is_judged_like_a_creation() {
    let response = validate(review("UPDATE", backend(json!({"fast": "gpt-*"})), Value::Null)).await;
    assert_eq!(response["allowed"], false);
}

#[tokio::test]
async fn levels_of_the_admin_decide() {
    let mut severities = Severities::default();
    severities.set(Code::AliasTargetWildcard, Level::At(Severity::Note));
    let snapshot = snapshot().with_severities(severities);
    let body = create(json!({"fast": "gpt-*"})).to_string();
    let decision = decide(&snapshot, Webhook::Validate, body.as_bytes()).unwrap();
    let answer: Value = serde_json::from_slice(&decision.into_body()).unwrap();
    assert_eq!(answer["response"]["allowed"], true);
    assert_eq!(answer["response"]["warnings"], Value::Null);
    assert_eq!(
        answer["response"]["auditAnnotations"]["codes"],
        "alias-target-wildcard=1"
    );
}

#[tokio::test]
async fn creation_is_normalized_by_a_guarded_patch_and_said() {
    let response = mutate(create(json!({" fast": "  gpt-4o ", "smart": "gpt-4o"}))).await;
    assert_eq!(response["allowed"], true);
    assert_eq!(response["patchType"], "JSONPatch");
    let at = "/spec/policies/ai/modelAliases";
    assert_eq!(
        patch(&response),
        json!([
            {"op": "test", "path": format!("{at}/ fast"), "value": "  gpt-4o "},
            {"op": "remove", "path": format!("{at}/ fast")},
            {"op": "add", "path": format!("{at}/fast"), "value": "gpt-4o"},
        ])
    );
    let warnings = response["warnings"].as_array().unwrap();
    assert!(
        warnings
            .iter()
            .all(|warning| warning.as_str().unwrap().ends_with("[alias-normalized]"))
    );
    assert_eq!(
        warnings[1],
        "spec.policies.ai.modelAliases[ fast]: \"  gpt-4o \" is stored as \"gpt-4o\" [alias-normalized]"
    );
}

#[tokio::test]
async fn normal_object_gets_no_patch_at_all() {
    let response = mutate(create(json!({"fast": "gpt-4o"}))).await;
    assert_eq!(response["allowed"], true);
    assert!(
        response.get("patch").is_none() && response.get("patchType").is_none(),
        "{response}"
    );
}

#[tokio::test]
async fn update_normalizes_only_what_the_request_changes() {
    let old = backend(json!({"fast": " gpt-4o "}));
    let new = backend(json!({"fast": " gpt-4o ", "smart": " gpt-4o "}));
    let response = mutate(review("UPDATE", new, old)).await;
    let touched = patch(&response);
    let paths: Vec<_> = touched
        .as_array()
        .unwrap()
        .iter()
        .map(|op| op["path"].as_str().unwrap())
        .collect();
    assert!(paths.iter().all(|path| path.ends_with("/smart")), "{paths:?}");
    assert_eq!(response["warnings"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn mutation_never_refuses_for_faults() {
    let response = mutate(create(json!({"fast": "gpt-*", "x": 7}))).await;
    assert_eq!(response["allowed"], true);
}

#[tokio::test]
async fn dry_run_gets_the_same_answer() {
    let mut asked = create(json!({"fast": "gpt-*"}));
    let wet = validate(asked.clone()).await;
    asked["request"]["dryRun"] = json!(true);
    assert_eq!(validate(asked).await, wet);
}

#[tokio::test]
async fn what_is_none_of_our_business_passes_unread() {
    let bad = || backend(json!({"fast": "gpt-*"}));
    let delete = review("DELETE", Value::Null, bad());
    let connect = review("CONNECT", bad(), Value::Null);
    let mut status = create(json!({"fast": "gpt-*"}));
    status["request"]["subResource"] = json!("status");
    let mut other_kind = create(json!({"fast": "gpt-*"}));
    other_kind["request"]["kind"]["kind"] = json!("AgentgatewayParameters");
    let mut other_group = create(json!({"fast": "gpt-*"}));
    other_group["request"]["kind"]["group"] = json!("example.com");
    let mut secret = create(json!({"fast": "gpt-*"}));
    secret["request"]["kind"] = json!({"group": "", "version": "v1", "kind": "Secret"});
    for asked in [delete, connect, status, other_kind, other_group, secret] {
        for path in ["/validate", "/mutate"] {
            let response = ask(path, asked.clone()).await;
            assert_eq!(response["allowed"], true, "{asked}");
            assert_eq!(response.as_object().unwrap().len(), 3, "{response}"); // uid, allowed and an empty status
        }
    }
}

#[tokio::test]
async fn other_versions_of_the_kind_are_checked_all_the_same() {
    let mut asked = create(json!({"fast": "gpt-*"}));
    asked["request"]["kind"]["version"] = json!("v1");
    asked["request"]["object"]["apiVersion"] = json!("agentgateway.dev/v1");
    assert_eq!(validate(asked).await["allowed"], false);
}

#[tokio::test]
async fn object_without_a_namespace_is_judged_in_that_of_the_request() {
    let mut asked = create(json!({"fast": "gpt-*"}));
    asked["request"]["object"]["metadata"] = json!({"generateName": "openai-"});
    asked["request"]["name"] = json!("");
    let response = validate(asked).await;
    assert_eq!(response["status"]["details"]["name"], "openai-");
}

#[tokio::test]
async fn object_that_cannot_be_judged_is_refused_with_the_reason() {
    let mut foreign = backend(json!({}));
    foreign["kind"] = json!("AgentgatewayPolicy");
    let mut strange = backend(json!({}));
    strange["metadata"] = json!("openai");
    let cases = [
        (Value::Null, "request.object is missing"),
        (json!(7), "cannot read request.object: it is no object"),
        (
            foreign,
            "request.object is of another kind than request.kind says",
        ),
        (strange, "cannot read request.object: its metadata is no object"),
    ];
    for (object, why) in cases {
        for path in ["/validate", "/mutate"] {
            let response = ask(path, review("CREATE", object.clone(), Value::Null)).await;
            assert_eq!(response["allowed"], false);
            assert_eq!(response["status"]["code"], 400);
            assert_eq!(response["status"]["reason"], "BadRequest");
            let message = response["status"]["message"].as_str().unwrap();
            assert!(
                message.starts_with(&format!("cannot check the AgentgatewayBackend: {why}")),
                "{message}"
            );
        }
    }
}

#[tokio::test]
async fn deep_nesting_is_refused_and_not_followed() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let text = create(json!({"fast": "gpt-9"})).to_string();
    let (status, answer) = send(post("/validate", text.replace("\"gpt-9\"", &deep))).await;
    assert_eq!(status, StatusCode::OK);
    assert!(answer.contains("recursion limit exceeded"), "{answer}");
    // Outside of what is read, any depth is passed over.
    let (_, answer) = send(post(
        "/validate",
        text.replacen("\"userInfo\":", &format!("\"x\":{deep},\"userInfo\":"), 1),
    ))
    .await;
    assert!(answer.contains("\"allowed\":true"), "{answer}");
}

#[tokio::test]
async fn strange_values_of_the_map_are_answered() {
    for aliases in [
        json!(null),
        json!(true),
        json!(7),
        json!("fast"),
        json!(["fast"]),
        json!({"fast": {"a": 1}}),
    ] {
        let response = validate(create(aliases.clone())).await;
        let fine = aliases.is_null();
        assert_eq!(response["allowed"], fine, "{aliases}: {response}");
        assert_eq!(mutate(create(aliases)).await["allowed"], true);
    }
}

#[tokio::test]
async fn ten_thousand_aliases_are_answered_at_once() {
    let aliases: serde_json::Map<_, _> = (0..10_000)
        .map(|at| (format!(" a{at}* "), json!(" gpt-*")))
        .collect();
    let start = Instant::now();
    let response = validate(create(aliases.clone().into())).await;
    assert_eq!(response["allowed"], false);
    assert_eq!(mutate(create(aliases.into())).await["allowed"], true);
    assert!(start.elapsed().as_millis() < 1000, "{:?}", start.elapsed()); // an unoptimized build on a busy machine
}

#[tokio::test]
async fn three_mebibytes_are_read_and_more_than_the_limit_is_not() {
    let mut object = backend(json!({"fast": "gpt-*"}));
    object["metadata"]["annotations"] = json!({"note": "x".repeat(3 * 1024 * 1024)});
    assert_eq!(
        validate(review("UPDATE", object.clone(), object)).await["allowed"],
        true
    );

    let (status, text) = send(post("/validate", vec![b' '; MAX_REVIEW + 1])).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(text, format!("the body is longer than {MAX_REVIEW} bytes\n"));
}

#[tokio::test]
async fn what_is_no_review_gets_400_and_the_reason() {
    let good = create(json!({}));
    let with = |pointer: &str, value: Value| {
        let mut review = good.clone();
        *review.pointer_mut(pointer).unwrap() = value;
        review.to_string()
    };
    let without = |parent: &str, field: &str| {
        let mut review = good.clone();
        review
            .pointer_mut(parent)
            .unwrap()
            .as_object_mut()
            .unwrap()
            .remove(field);
        review.to_string()
    };
    let v1 = "must be \"admission.k8s.io/v1\"";
    let cases = [
        (String::new(), "the body is empty"),
        (" \n".to_owned(), "the body is empty"),
        ("{".to_owned(), "EOF while parsing"),
        ("[]".to_owned(), "cannot read the body as an AdmissionReview"),
        ("null".to_owned(), "cannot read the body as an AdmissionReview"),
        ("{}".to_owned(), "the body has no kind"),
        (
            with("/kind", json!("Pod")),
            "the body's kind is \"Pod\", but must be \"AdmissionReview\"",
        ),
        (with("/apiVersion", json!("admission.k8s.io/v1beta1")), v1),
        (without("", "apiVersion"), v1),
        (without("", "request"), "has no request"),
        (with("/request", Value::Null), "has no request"),
        (without("/request", "uid"), "has no uid"),
        (with("/request/uid", json!("")), "has no uid"),
        (without("/request", "kind"), "missing field `kind`"),
        (without("/request", "operation"), "missing field `operation`"),
        (
            with("/request/operation", json!("PATCH")),
            "unknown variant, expected one of `CREATE`, `UPDATE`, `DELETE`, `CONNECT` at line 1",
        ),
        (good.to_string() + "x", "trailing characters"),
    ];
    for (body, why) in cases {
        for path in ["/validate", "/mutate"] {
            let (status, text) = send(post(path, body.clone())).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
            assert!(text.contains(why), "{body}: {text}");
        }
    }
}

#[test]
fn refusal_repeats_no_long_or_secret_value() {
    let secret = "hush, expected ".repeat(1000);
    for body in [
        json!(secret),
        json!({"kind": secret}),
        json!({"request": {"uid": [secret]}}),
        json!({"kind": [secret]}),
    ] {
        let malformed = decide(&snapshot(), Webhook::Validate, body.to_string().as_bytes())
            .unwrap_err()
            .to_string();
        assert!(malformed.len() < 300, "{malformed}");
    }
    let mut asked = create(json!({}));
    asked["request"]["operation"] = json!(secret);
    let malformed = decide(&snapshot(), Webhook::Validate, asked.to_string().as_bytes())
        .unwrap_err()
        .to_string();
    assert!(!malformed.contains("hush"), "{malformed}");
}

#[tokio::test]
async fn invalid_utf8_is_named() {
    let text = create(json!({"fast": "@"})).to_string();
    let at = text.find('@').unwrap();
    let mut body = text.into_bytes();
    body[at] = 0xff;
    let (status, text) = send(post("/validate", body)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(text.contains("invalid unicode"), "{text}");
}

#[tokio::test]
async fn other_content_types_get_415() {
    let body = || create(json!({})).to_string();
    let request = |name, value: &str| {
        Request::post("/validate")
            .header(name, value)
            .body(body().into())
            .unwrap()
    };
    let mut packed = post("/validate", body());
    packed
        .headers_mut()
        .insert(header::CONTENT_ENCODING, "gzip".parse().unwrap());
    let bare = Request::post("/validate").body(body().into()).unwrap();
    for request in [
        request(header::CONTENT_TYPE, "application/yaml"),
        request(header::ACCEPT, "*/*"),
        packed,
        bare,
    ] {
        let (status, text) = send(request).await;
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        assert!(text.contains("AdmissionReview"), "{text}");
    }
    let (status, _) = send(request(header::CONTENT_TYPE, "Application/JSON; charset=utf-8")).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn other_methods_get_405() {
    for method in ["GET", "PUT", "DELETE", "HEAD", "BREW"] {
        let request = Request::builder()
            .method(method)
            .uri("/mutate")
            .body(Body::empty())
            .unwrap();
        let response = webhooks(snapshot()).oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(response.headers()[header::ALLOW], "POST");
    }
}

#[tokio::test]
async fn numbers_tell_what_was_decided() {
    let mut registry = telemetry::registry();
    let (_sender, receiver) = watch::channel(Arc::new(snapshot()));
    let app = router(receiver, Metrics::register(&mut registry));
    for body in [create(json!({"fast": "gpt-*"})).to_string(), "{}".to_owned()] {
        app.clone().oneshot(post("/validate", body)).await.unwrap();
    }
    let app = telemetry::routes(Arc::new(registry), telemetry::Health::new(&[]));
    let response = app
        .oneshot(Request::get("/metrics").body(Body::empty()).unwrap())
        .await
        .unwrap();
    let text = String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap();
    for line in [
        "aliasgate_admission_decisions_total{webhook=\"validate\",kind=\"AgentgatewayBackend\",operation=\"CREATE\",decision=\"denied\"} 1",
        "aliasgate_admission_diagnostics_total{code=\"alias-target-wildcard\"} 1",
        "aliasgate_admission_malformed_total{webhook=\"validate\",status=\"400\"} 1",
        "aliasgate_admission_duration_seconds_count{webhook=\"validate\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\nin\n{text}");
    }
}

/// Any JSON, with the words that mean something here among its strings.
fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        Just("spec".to_owned()),
        Just("ai".to_owned()),
        Just("policies".to_owned()),
        Just("provider".to_owned()),
        Just("groups".to_owned()),
        Just("openai".to_owned()),
        Just("modelAliases".to_owned()),
        Just(" gpt-4o ".to_owned()),
        Just("gpt-*".to_owned()),
        any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(text.clone(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Both webhooks come to an end with `review`, and what they answer is JSON.
fn answered(review: &Value) {
    let body = review.to_string();
    for webhook in [Webhook::Validate, Webhook::Mutate] {
        if let Ok(decision) = decide(&snapshot(), webhook, body.as_bytes()) {
            serde_json::from_slice::<Value>(&decision.into_body()).unwrap();
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_answered(body: Vec<u8>) {
        let _ = decide(&snapshot(), Webhook::Validate, &body);
        let _ = decide(&snapshot(), Webhook::Mutate, &body);
    }

    #[test]
    fn arbitrary_reviews_are_answered(json in any_json()) {
        answered(&json);
        let mut asked = create(json!({}));
        asked["request"] = json;
        answered(&asked);
    }

    #[test]
    fn arbitrary_specs_are_answered(spec in any_json(), old in any_json(), aliases in any_json()) {
        let mut object = backend(json!({}));
        object["spec"] = spec;
        let mut before = backend(json!({}));
        before["spec"] = old;
        answered(&review("UPDATE", object, before.clone()));
        answered(&review("UPDATE", backend(aliases), before));
    }

    #[test]
    fn arbitrary_maps_are_answered(map in prop::collection::btree_map(any::<String>(), any::<String>(), 0..8)) {
        answered(&create(json!(map)));
    }
}

#[tokio::test]
async fn an_exemption_is_in_the_warning_and_in_the_audit_log() {
    let mut object = backend(json!({"fast": "gpt-*"}));
    object["metadata"]["annotations"] = json!({"aliasgate.dev/allow": "alias-target-wildcard"});
    let response = validate(review("CREATE", object, Value::Null)).await;
    assert_eq!(response["allowed"], true);
    let exemption = "allowed by the annotation aliasgate.dev/allow";
    assert!(response["warnings"][0].as_str().unwrap().contains(exemption));
    assert_eq!(
        response["auditAnnotations"]["exempt"],
        format!("alias-target-wildcard {exemption}")
    );
}

#[tokio::test]
async fn an_old_object_is_read_only_to_excuse_the_new_one() {
    let old = json!(7);
    let good = backend(json!({"fast": "gpt-4o"}));
    let bad = backend(json!({"fast": "gpt-*"}));
    for (new, allowed) in [(good, true), (bad, false)] {
        let response = validate(review("UPDATE", new, old.clone())).await;
        assert_eq!(response["allowed"], allowed, "{response}");
    }
}

/// The webhook builds only parts of an object; no check may read what it leaves out.
#[test]
fn what_is_left_out_of_a_review_changes_no_verdict() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let (files, _) = files::load(&[folder, "examples".into()]);
    let mut judged = 0;
    for file in files {
        let resources: Vec<_> = file
            .documents
            .into_iter()
            .filter_map(|document| Resource::new(document.value))
            .map(Arc::new)
            .collect();
        let snapshot = Snapshot::build(Arc::new(builtin::catalogs()), resources.iter().cloned(), TODAY);
        for resource in resources
            .iter()
            .filter(|resource| matches!(resource.kind, Kind::Backend | Kind::Policy))
        {
            let mut asked = review("CREATE", resource.value().clone(), Value::Null);
            asked["request"]["kind"]["kind"] = json!(resource.kind.as_str());
            asked["request"]["namespace"] = json!(resource.key.namespace);
            let decision = decide(&snapshot, Webhook::Validate, asked.to_string().as_bytes()).unwrap();
            let mut whole = BTreeMap::new();
            for fault in check(&snapshot, resource) {
                *whole.entry(fault.code.as_str()).or_insert(0) += 1;
            }
            assert_eq!(decision.codes, whole, "{} in {}", resource.title(), file.name);
            judged += 1;
        }
    }
    assert!(judged > 60, "{judged}");
}
