//! Reading YAML and JSON text: values, places and faults.

use aliasgate::sources::documents::{Document, Reading, read};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The only document of `text`.
fn one(text: &str) -> Document {
    let Reading {
        mut documents,
        faults,
    } = read(text);
    assert_eq!(faults, [], "{text}");
    assert_eq!(documents.len(), 1, "{text}");
    documents.remove(0)
}

fn value(text: &str) -> Value {
    one(text).value
}

/// The first fault of `text` as a line.
fn fault(text: &str) -> String {
    read(text)
        .faults
        .first()
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// `line:column` of the value at `pointer`.
fn at(document: &Document, pointer: &str) -> String {
    let place = document.places.value(&document.value, pointer);
    format!("{}:{}", place.line, place.column)
}

/// `line:column` of the key at `pointer`.
fn key_at(document: &Document, pointer: &str) -> String {
    let place = document.places.key(&document.value, pointer);
    format!("{}:{}", place.line, place.column)
}

#[test]
fn every_key_and_value_has_its_place() {
    let document = one(
        "---\nspec:\n  modelAliases:\n    fast: gpt-4o # why\n    \"sm art\": 'x'\n    a/b~c: d\n    empty:\n  \
         list:\n  - a\n  - b: c\n  flow: {é: ü, z: [1, 2]}\n",
    );
    let table = [
        ("", "2:1", "2:1"),
        ("/spec", "2:1", "3:3"),
        ("/spec/modelAliases", "3:3", "4:5"),
        ("/spec/modelAliases/fast", "4:5", "4:11"),
        ("/spec/modelAliases/sm art", "5:5", "5:15"),
        ("/spec/modelAliases/a~1b~0c", "6:5", "6:12"),
        ("/spec/modelAliases/empty", "7:5", "7:5"),
        ("/spec/list", "8:3", "9:5"),
        ("/spec/list/0", "9:5", "9:5"),
        ("/spec/list/1/b", "10:5", "10:8"),
        ("/spec/flow", "11:3", "11:9"),
        ("/spec/flow/é", "11:10", "11:13"),
        ("/spec/flow/z/1", "11:23", "11:23"),
    ];
    for (pointer, key, value) in table {
        assert_eq!(
            (
                key_at(&document, pointer).as_str(),
                at(&document, pointer).as_str()
            ),
            (key, value),
            "{pointer}"
        );
    }
}

#[test]
fn a_pointer_that_leads_nowhere_means_the_nearest_part_above() {
    let document = one("spec:\n  ai: {a: 1}\n");
    assert_eq!(at(&document, "/spec/ai/none/x"), "2:7");
    assert_eq!(at(&document, "/spec/ai/a/0"), "2:11");
}

#[test]
fn blocks_and_values_of_many_lines_have_the_place_of_their_text() {
    let document =
        one("a: |-\n  text\nb: >\n  x\n  y\nc: \"x\n  y\"\nd: x\n  y\ne: !!str 1\nf: &f g\nh: *f\n");
    let places: Vec<_> = ["/a", "/b", "/c", "/d", "/e", "/f", "/h"]
        .iter()
        .map(|p| at(&document, p))
        .collect();
    assert_eq!(places, ["2:3", "4:3", "6:4", "8:4", "10:4", "11:4", "12:4"]);
    assert_eq!(
        document.value,
        json!({"a": "text", "b": "x y\n", "c": "x y", "d": "x y", "e": "1", "f": "g", "h": "g"})
    );
}

#[test]
fn line_ends_of_windows_and_a_byte_order_mark_do_not_shift_places() {
    let document = one("\u{feff}a: b\r\nc:\r\n  d: e\r\n");
    assert_eq!(document.value, json!({"a": "b", "c": {"d": "e"}}));
    assert_eq!([at(&document, "/a"), at(&document, "/c/d")], ["1:4", "3:6"]);
    assert_eq!(at(&one("\u{feff}{\r\n\"a\": 1}"), "/a"), "2:6");
}

#[test]
fn places_in_the_second_document_count_from_the_head_of_the_file() {
    let documents = read("# a comment\n---\na: b\n---\n\n---\nc: d\n").documents;
    let values: Vec<_> = documents.iter().map(|document| document.value.clone()).collect();
    assert_eq!(values, [json!({"a": "b"}), json!({"c": "d"})]);
    assert_eq!(at(&documents[1], "/c"), "7:4");
}

#[test]
fn a_list_is_read_as_its_items() {
    let yaml = "kind: List\nitems:\n- kind: A\n  x: 1\n- kind: BList\n  items: [{kind: B}, null]\n";
    let documents = read(yaml).documents;
    let values: Vec<_> = documents.iter().map(|document| document.value.clone()).collect();
    assert_eq!(values, [json!({"kind": "A", "x": 1}), json!({"kind": "B"})]);
    assert_eq!(at(&documents[0], "/x"), "4:6");
    assert_eq!(at(&documents[1], "/kind"), "6:18");
    assert_eq!(value("kind: List\n"), json!({"kind": "List"}));
}

#[test]
fn merged_mappings_are_read_as_kubectl_reads_them() {
    assert_eq!(
        value("b: &b {x: 1, z: 1}\nc: {<<: *b, x: 2}\n")["c"],
        json!({"x": 2, "z": 1})
    );
    // Not as YAML has it: what is merged later wins over what was written before.
    assert_eq!(value("b: &b {x: 1}\nc: {x: 2, <<: *b}\n")["c"], json!({"x": 1}));
    assert_eq!(
        value("c: {<<: [{x: 1}, {x: 3, z: 4}]}\n")["c"],
        json!({"x": 1, "z": 4})
    );
    assert_eq!(value("c: {'<<': {x: 1}}\n")["c"], json!({"<<": {"x": 1}}));
    let document = one("b: &b\n  x: 1\nc:\n  <<: *b\n");
    assert_eq!([key_at(&document, "/c/x"), at(&document, "/c/x")], ["2:3", "2:6"]);
}

#[test]
fn keys_are_text_whatever_they_look_like() {
    assert_eq!(
        value("{1: a, yes: b, 0x10: c, 1.50: d, 2024-01-01: e, 'on': f}\n"),
        { json!({"1": "a", "true": "b", "16": "c", "1.5": "d", "2024-01-01": "e", "on": "f"}) }
    );
    assert_eq!(value("&k a: 1\nb: *k\n"), json!({"a": 1, "b": "a"}));
}

#[test]
fn json_keeps_its_places_too() {
    let document = one(
        "{\n  \"ü\": {\"a\\u0062\": [1.0, \"\\ud83d\\ude00\", true, null]},\n  \"n\": 12345678901234567890}",
    );
    assert_eq!(
        document.value,
        json!({"ü": {"ab": [1, "😀", true, null]}, "n": 1.2345678901234567e19})
    );
    assert_eq!(
        [key_at(&document, "/ü/ab"), at(&document, "/ü/ab/1")],
        ["2:9", "2:26"]
    );
    assert_eq!(at(&document, "/n"), "3:8");
    assert_eq!(document.places.value(&document.value, "/ü/ab/1").width, 14);
}

#[test]
fn json_documents_may_follow_one_another() {
    let documents = read("{\"a\": 1}\n{\"b\": 2}\n").documents;
    assert_eq!(at(&documents[1], "/b"), "2:7");
    assert_eq!(read("{\"a\": 1}\n---\n{b: 2}\n").documents.len(), 2);
}

#[test]
fn faults_name_their_place_and_reason() {
    let table = [
        ("a: b: c", "1:5: mapping values are not allowed in this context"),
        (
            "a: [1, 2",
            "2:1: while parsing a flow sequence, expected ',' or ']'",
        ),
        (
            "é: \"x",
            "1:4: while scanning a quoted scalar, found unexpected end of stream",
        ),
        ("a: *x", "1:4: while parsing node, found unknown anchor"),
        ("&x {a: *x}", "1:8: the anchor contains this alias of itself"),
        ("a: {b: 1, b: 2}", "1:11: the key \"b\" is there already, at 1:5"),
        ("1: a\n'1': b", "2:1: the key \"1\" is there already, at 1:1"),
        ("? [1]\n: b", "1:3: a list or mapping is no key"),
        ("~: b", "1:1: an empty key or null is no key here; quote it"),
        ("a: !!int x", "1:4: the tag !!int does not fit this value"),
        ("a: .inf", "1:4: JSON has no infinity and no NaN"),
        ("<<: x", "1:5: << takes a mapping or a list of mappings"),
        ("{\"a\" 1}", "1:6: expected `:`"),
        ("{\"é\": \"\\ud800\"}", "1:7: unexpected end of hex escape"),
        (
            "{\"a\": 1, \"a\": 2}",
            "1:10: the key \"a\" is there already, at 1:2",
        ),
        ("{\n\"a\":", "2:4: EOF while parsing a value"),
        ("a: \u{0}", "1:4: found unprintable character"),
    ];
    for (text, expected) in table {
        assert_eq!(fault(text), expected, "{text}");
    }
}

#[test]
fn tabs_indent_nothing() {
    for text in ["a:\n\tb: c", "\ta: b", "a:\n \tb: c", "a: 1\n\tb: 2", "a:\n\t- b"] {
        assert!(fault(text).contains("tab"), "{text}: {}", fault(text));
    }
    // Elsewhere they are blanks.
    assert_eq!(value("a:\tb\t# c\nd:\t\te\nf:\t\"g:\th\"\nh: |\n  \ti\n"), {
        json!({"a": "b", "d": "e", "f": "g:\th", "h": "\ti\n"})
    });
    assert_eq!(at(&one("a:\tb"), "/a"), "1:4");
}

#[test]
fn a_template_that_was_not_rendered_is_named() {
    for (text, place) in [
        ("a: {{ .Values.x }}\nb: c", "1:4"),
        ("a: b\n{{- if .x }}\nc: d\n{{- end }}", "2:1"),
        ("a: 1\nb:\n  {{- toYaml .x | nindent 2 }}\n", "3:3"),
    ] {
        assert!(
            fault(text).starts_with(&format!("{place}: \"{{{{\" is left over from a template")),
            "{}",
            fault(text)
        );
    }
    assert_eq!(value("a: '{{ name }}'"), json!({"a": "{{ name }}"}));
}

#[test]
fn reading_goes_on_after_a_broken_document() {
    let reading = read("a: b\n---\nc: [\n---\nd: e\n---\nf: @\n");
    assert_eq!(
        reading
            .documents
            .iter()
            .map(|d| d.value.clone())
            .collect::<Vec<_>>(),
        [json!({"a": "b"}), json!({"d": "e"})]
    );
    assert_eq!(
        reading.faults.iter().map(|fault| fault.line).collect::<Vec<_>>(),
        [4, 7]
    );
    assert_eq!(at(&reading.documents[1], "/d"), "5:4");
}

#[test]
fn growth_by_aliases_and_depth_has_a_limit() {
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (letter, last) in ('b'..='j').zip('a'..) {
        bomb.push_str(&format!(
            "{letter}: &{letter} [{}]\n",
            vec![format!("*{last}"); 10].join(", ")
        ));
    }
    assert!(
        fault(&bomb).contains("anchors and aliases grow beyond"),
        "{}",
        fault(&bomb)
    );
    let deep = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(read(&deep(128)).faults, []);
    assert_eq!(fault(&deep(129)), "1:129: nested deeper than 128 levels");
    assert!(fault(&format!("{{\"a\":{}}}", deep(100_000))).contains("nested deeper than 128 levels"));
    assert!(fault(&"- ".repeat(100_000)).contains("nested deeper than 128 levels"));
}

/// Text that is likely to be nearly YAML or JSON.
fn nearly() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "a",
        "b: ",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        ": ",
        "{",
        "}",
        "[",
        "]",
        ",",
        "\"",
        "'",
        "&x ",
        "*x",
        "<<: ",
        "!!int ",
        "|\n",
        ">-\n",
        "#",
        "\t",
        "\r\n",
        "---\n",
        "...\n",
        "? ",
        "~",
        "1_0",
        "0x",
        ".inf",
        "é",
        "\u{feff}",
        "\u{2028}",
        "\\",
        "\"a\":",
        "\\ud800",
        "{{",
        "%YAML 1.1\n",
        "kind: List\n",
        "items:\n",
        "null",
        "@",
        "`",
        "!<",
        "\u{0}",
        "\u{85}",
    ]);
    prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

/// Whatever is read stands within the text, every part of it.
fn stands(text: &str) {
    let reading = read(text);
    let lines = text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).count() + 1;
    let mut waiting: Vec<_> = reading
        .documents
        .iter()
        .flat_map(|d| [(d, String::new(), &d.value)])
        .collect();
    while let Some((document, pointer, value)) = waiting.pop() {
        for place in [
            document.places.key(&document.value, &pointer),
            document.places.value(&document.value, &pointer),
        ] {
            assert!(
                place.line >= 1 && place.column >= 1 && place.width >= 1 && place.line as usize <= lines,
                "{place:?}"
            );
        }
        match value {
            Value::Array(items) => {
                waiting.extend(
                    items
                        .iter()
                        .enumerate()
                        .map(|(at, item)| (document, format!("{pointer}/{at}"), item)),
                );
            }
            Value::Object(map) => waiting.extend(
                map.iter()
                    .map(|(key, item)| (document, aliasgate::engine::pointer::join(&pointer, key), item)),
            ),
            _ => {}
        }
    }
    for fault in reading.faults {
        assert!(fault.line >= 1 && fault.column >= 1 && !fault.message.is_empty());
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        stands(&text);
    }

    #[test]
    fn nearly_good_text_is_read_or_refused(text in nearly()) {
        stands(&text);
    }

    #[test]
    fn json_means_the_same_as_without_places(keys in prop::collection::vec(any::<String>(), 0..5), text in any::<String>()) {
        let mut map = serde_json::Map::new();
        for key in keys {
            map.insert(key, json!([{"a": text}, 1.5, -3, null, false]));
        }
        let written = json!({"x": map});
        prop_assert_eq!(value(&written.to_string()), written.clone());
        prop_assert_eq!(value(&serde_json::to_string_pretty(&written).unwrap()), written);
    }
}
