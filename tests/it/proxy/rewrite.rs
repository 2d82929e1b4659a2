//! The bytes of a body: what is found, what is refused, what stays.

use aliasgate::proxy::rewrite::{Fault, MAX_DEPTH, find, replace};
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// `body` with `target` for its model.
fn rewritten(body: &str, target: &str) -> Result<String, Fault> {
    let range = find(body.as_bytes())?.range;
    let parts = replace(&Bytes::from(body.to_owned()), range, target);
    Ok(String::from_utf8(parts.concat()).expect("UTF-8"))
}

#[test]
fn only_the_model_changes() {
    #[rustfmt::skip]
    let table = [
        (r#"{"model":"fast"}"#, r#"{"model":"T"}"#),
        (" {\r\n\t\"model\" :  \"fast\" , \"n\" : 1e400 } \n", " {\r\n\t\"model\" :  \"T\" , \"n\" : 1e400 } \n"),
        (r#"{"messages":[{"model":"fast"}],"model":"fast"}"#, r#"{"messages":[{"model":"fast"}],"model":"T"}"#),
        (r#"{"a":{"model":1},"mod\u0065l":"f\u0061st"}"#, r#"{"a":{"model":1},"mod\u0065l":"T"}"#),
        (r#"{"x":"\ud800","model":"","y":"\uDFFF\""}"#, r#"{"x":"\ud800","model":"T","y":"\uDFFF\""}"#),
        (r#"{"x":1,"x":2,"model":"m","z":12345678901234567890123,"a":-0}"#, r#"{"x":1,"x":2,"model":"T","z":12345678901234567890123,"a":-0}"#),
        (r#"{"model ":1,"Model":2,"mode":3,"models":4,"model":"m"}"#, r#"{"model ":1,"Model":2,"mode":3,"models":4,"model":"T"}"#),
        (r#"{"\ud800model":1,"model":"m"}"#, r#"{"\ud800model":1,"model":"T"}"#),
        (r#"{"model":"m","x":[[],{},[{}],{"a":[]}],"y":[true,false,null,0.5e-7]}"#, r#"{"model":"T","x":[[],{},[{}],{"a":[]}],"y":[true,false,null,0.5e-7]}"#),
        ("{\"model\":\"\u{e9}\u{1f600}\",\"t\":\"\u{7f}\u{2028}\"}", "{\"model\":\"T\",\"t\":\"\u{7f}\u{2028}\"}"),
    ];
    for (body, wanted) in table {
        assert_eq!(rewritten(body, "T").as_deref(), Ok(wanted), "{body}");
    }
}

#[test]
fn names_are_unescaped_and_targets_are_escaped() {
    let model = |body: &'static str| find(body.as_bytes()).map(|model| model.name.into_owned());
    assert_eq!(model(r#"{"model":"f\u0061st"}"#).as_deref(), Ok("fast"));
    assert_eq!(
        model(r#"{"model":"\ud83d\ude00\n\/"}"#).as_deref(),
        Ok("\u{1f600}\n/")
    );
    assert_eq!(
        rewritten(r#"{"model":"m"}"#, "a\"\\\n\u{1}é").as_deref(),
        Ok("{\"model\":\"a\\\"\\\\\\n\\u0001é\"}")
    );
}

#[test]
fn every_fault_is_told_apart_with_its_place() {
    let syntax = |at, expected| Fault::Syntax { at, expected };
    #[rustfmt::skip]
    let table: [(&[u8], Fault); 40] = [
        (b"", Fault::Empty),
        (b" \n", Fault::Empty),
        (b"\xef\xbb\xbf{\"model\":\"m\"}", Fault::ByteOrderMark),
        (b"{\"model\":\"\xff\"}", Fault::Encoding { at: 10 }),
        (b"{\"model\":\"\xed\xa0\x80\"}", Fault::Encoding { at: 10 }),
        (b"{\"a\":\"0123456789\xc3\",\"model\":\"m\"}", Fault::Encoding { at: 16 }),
        (b"{\"a\xc3\":0,\"model\":\"m\"}", Fault::Encoding { at: 3 }),
        (b"{\"a\":\xc3\xa9}", syntax(5, "a value")),
        (b"{\"model\":\"m\"} x", Fault::Trailing { at: 14 }),
        (b"{\"model\":\"m\"}{}", Fault::Trailing { at: 13 }),
        (b"[{\"model\":\"m\"}]", Fault::NotObject),
        (b"\"model\"", Fault::NotObject),
        (b"12 ", Fault::NotObject),
        (b"{}", Fault::Missing),
        (b"{\"a\":{\"model\":\"m\"}}", Fault::Missing),
        (b"{\"model\":null}", Fault::Null { at: 9 }),
        (b"{\"model\":1}", Fault::NotString { at: 9 }),
        (b"{\"model\": [\"m\"]}", Fault::NotString { at: 10 }),
        (b"{\"model\":false}", Fault::NotString { at: 9 }),
        (b"{\"model\":\"a\",\"model\":\"b\"}", Fault::Duplicate { first: 1, second: 13 }),
        (b"{\"model\":\"a\",\"m\\u006fdel\":\"a\"}", Fault::Duplicate { first: 1, second: 13 }),
        (b"{\"model\":\"a\\ud800\"}", Fault::LoneSurrogate { at: 9 }),
        (b"{\"model\":\"\\udc00\\ud800\"}", Fault::LoneSurrogate { at: 9 }),
        (b"{\"model\":\"m\"", syntax(12, "\",\" or \"}\"")),
        (b"{\"model\":\"m\",}", syntax(13, "a key in double quotes")),
        (b"{,}", syntax(1, "a key in double quotes")),
        (b"{'model':1}", syntax(1, "a key in double quotes")),
        (b"{\"model\"}", syntax(8, "\":\"")),
        (b"{\"model\":}", syntax(9, "a value")),
        (b"{\"model\":\"m}", syntax(12, "the end of a string")),
        (b"{\"a\":\"\t\"}", syntax(6, "an escape instead of a control character")),
        (b"{\"a\":\"\\x\"}", syntax(7, "one of \"\\/bfnrtu after a backslash")),
        (b"{\"a\":\"\\u12g4\"}", syntax(10, "four hexadecimal digits")),
        (b"{\"a\":01}", syntax(6, "\",\" or \"}\"")),
        (b"{\"a\":1.}", syntax(7, "a digit")),
        (b"{\"a\":-}", syntax(6, "a digit")),
        (b"{\"a\":1e+}", syntax(8, "a digit")),
        (b"{\"a\":NaN}", syntax(5, "a value")),
        (b"{\"a\":[1}", syntax(7, "\",\" or \"]\"")),
        (b"{\"a\":{\"b\":1]}", syntax(11, "\",\" or \"}\"")),
    ];
    for (body, fault) in table {
        assert_eq!(find(body), Err(fault), "{}", String::from_utf8_lossy(body));
    }
}

/// An object of `depth` levels with a model.
fn nested(depth: usize) -> String {
    let inner = depth - 1;
    format!(
        r#"{{"x":{}{},"model":"m"}}"#,
        "[".repeat(inner),
        "]".repeat(inner)
    )
}

#[test]
fn nesting_has_a_limit_and_needs_no_stack() {
    assert!(find(nested(200).as_bytes()).is_ok());
    assert!(find(nested(MAX_DEPTH).as_bytes()).is_ok());
    let at = 5 + MAX_DEPTH - 1;
    assert_eq!(find(nested(MAX_DEPTH + 1).as_bytes()), Err(Fault::TooDeep { at }));
    assert_eq!(find(nested(100_000).as_bytes()), Err(Fault::TooDeep { at }));
    let objects = r#"{"a":"#.repeat(100_000);
    assert!(matches!(find(objects.as_bytes()), Err(Fault::TooDeep { .. })));
    let arrays = "[".repeat(100_000);
    assert!(matches!(find(arrays.as_bytes()), Err(Fault::TooDeep { .. })));
}

/// JSON values of all kinds, up to three levels deep.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("finite", |n| n.is_finite())
            .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 32, 6, |inner| {
        let key = prop_oneof!["model", ".{0,6}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// `text` as a JSON string, each character escaped where `escaped` says so.
fn quoted(text: &str, escaped: &[bool]) -> String {
    let mut out = String::from("\"");
    for (at, c) in text.chars().enumerate() {
        if escaped.get(at).copied().unwrap_or(false) || matches!(c, '"' | '\\') || c < ' ' {
            c.encode_utf16(&mut [0; 2])
                .iter()
                .for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out.push('"');
    out
}

proptest! {
    #[test]
    fn a_rewritten_body_is_the_same_but_for_the_model(
        members in prop::collection::btree_map(".{0,6}".prop_filter("not model", |k| k != "model"), value(), 0..5),
        at in 0_usize..5,
        pretty: bool,
        requested: String,
        target: String,
        escaped in prop::collection::vec(any::<bool>(), 8),
    ) {
        let mut parts: Vec<String> = members.iter().map(|(key, value)| {
            let value = if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
            format!("{}: {}", quoted(key, &[]), value.expect("JSON"))
        }).collect();
        let at = at.min(parts.len());
        let head = format!("{}:", quoted("model", &escaped));
        parts.insert(at, format!("{head}{}", quoted(&requested, &escaped)));
        let body = format!("{{{}}}", parts.join(",\n"));

        let model = find(body.as_bytes()).expect("a model");
        prop_assert_eq!(model.name.as_ref(), requested.as_str());
        prop_assert_eq!(&body[model.range.clone()], quoted(&requested, &escaped));
        let after = rewritten(&body, &target).expect("a model");
        prop_assert!(after.starts_with(&body[..model.range.start]));
        prop_assert!(after.ends_with(&body[model.range.end..]));
        let mut wanted: Value = serde_json::from_str(&body).expect("JSON");
        wanted["model"] = json!(target);
        prop_assert_eq!(serde_json::from_str::<Value>(&after).expect("JSON"), wanted);
    }

    #[test]
    fn what_serde_takes_is_taken_and_what_it_refuses_is_refused(text in "[\\[\\]{}:,\"\\\\ \\n0-9eE.+a-fmodelnrtu-]{0,24}") {
        // `RawValue` checks the grammar without reading numbers, as we do.
        let body = format!("{{\"model\":\"m\",\"x\":{text}}}");
        let serde = serde_json::from_str::<&serde_json::value::RawValue>(&body).is_ok();
        let ours = match find(body.as_bytes()) {
            Ok(_) | Err(Fault::Duplicate { .. }) => true,
            Err(_) => false,
        };
        prop_assert_eq!(ours, serde, "{}", body);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = find(&bytes);
    }

    #[test]
    fn a_body_that_is_taken_is_utf8(mut bytes in Just(br#"{"model":"a","b":["0123456789 0123456789","\n",{}]}"#.to_vec()), at in 0_usize..52, to: u8) {
        let at = at.min(bytes.len() - 1);
        bytes[at] = to;
        if find(&bytes).is_ok() {
            prop_assert!(str::from_utf8(&bytes).is_ok(), "{:?}", bytes);
        }
    }
}
