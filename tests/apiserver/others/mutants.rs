//! Objects with one thing changed, and objects made out of a schema: always the same ones for the same seed.

use regex::Regex;
use serde_json::{Map, Value, json};

/// A sequence of numbers that look like chance (splitmix64).
pub(super) struct Chance(u64);

impl Chance {
    /// The sequence that belongs to a name.
    pub(super) fn of(name: &str) -> Self {
        // FNV-1a
        Self(name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        }))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is not 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).expect("64 bits")).expect("below end")
    }

    fn once_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// Texts that some field or other takes.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "a", "name", "example.com", "*.example.com", "/path", "https://example.com/x", "10.0.0.1", "10.0.0.0/8", "::1", "1h", "10s", "100m",
    "1Gi", "80", "50%", "GET", "HTTP", "Exact", "v1", "apps/v1", "Service", "ClusterIP", "app=x", "2026-01-02T03:04:05Z", "YWJj", "true",
];
/// Texts that few fields take.
#[rustfmt::skip]
const ODD_WORDS: &[&str] = &[
    "", " ", "Not Valid!", "UPPER", "ünïcode", "-a", "a-", "a..b", "a/b/c", "//", "*", "0", "-1", "1.5h", "1h1h", "null", "{{ x }}", "$(x)",
    "a\nb", "\u{1f600}", "10.0.0.256", "1.2.3", "http://", "a=b,c", "[", "999999999999999999999", "2026-13-01", "\t", "e\u{301}",
];
/// Values of every type.
const ANY: &[fn() -> Value] = &[
    || true.into(),
    || 7.into(),
    || json!(-1),
    || json!(1.5),
    || "text".into(),
    || json!({}),
    || json!([]),
    || json!(["a"]),
    || json!({"a": "b"}),
    || json!([{}]),
    || Value::Null,
];
/// Numbers at the borders of the types.
const NUMBERS: &[fn() -> Value] = &[
    || 0.into(),
    || json!(-1),
    || 1.into(),
    || 65536.into(),
    || 2_147_483_648_i64.into(),
    || json!(-2_147_483_649_i64),
    || i64::MAX.into(),
    || json!(0.5),
    || json!(1e20),
    || json!(3.0),
];
/// Deepest nesting of a made object.
const MAX_DEPTH: usize = 12;
/// Most items of a list that is made too long.
const MAX_ITEMS: u64 = 70;
/// Longest text that is made too long.
const MAX_TEXT: u64 = 5000; // characters

/// What of `metadata` may be changed; the rest is the API server's.
const METADATA: &[&str] = &["labels", "annotations", "finalizers", "ownerReferences"];

/// A place in an object, with its schema where it has one.
struct Place<'a> {
    pointer: String,
    schema: Option<&'a Value>,
}

/// Changes `object` in one place, and says how. `metadata` tells whether that may lie there.
pub(super) fn mutate(object: &mut Value, schema: &Value, metadata: bool, chance: &mut Chance) -> String {
    let mut places = Vec::new();
    collect(object, Some(schema), String::new(), metadata, &mut places);
    if places.is_empty() {
        return "nothing".to_owned();
    }
    let place = &places[chance.below(places.len())];
    let (parent, key) = place.pointer.rsplit_once('/').expect("below the root");
    let key = key.replace("~1", "/").replace("~0", "~");
    let what = chance.below(12);
    let name = match what {
        0 => {
            match object.pointer_mut(parent) {
                Some(Value::Object(fields)) => drop(fields.remove(&key)),
                Some(Value::Array(items)) => drop(items.remove(key.parse().expect("an index"))),
                _ => {}
            }
            "removed"
        }
        1 => {
            let other = places[chance.below(places.len())].pointer.clone();
            let value = object.pointer(&other).cloned().unwrap_or_default();
            set(object, &place.pointer, value);
            "replaced by another part"
        }
        2 => {
            let value = chance.one(ANY)();
            set(object, &place.pointer, value);
            "replaced by any value"
        }
        3 | 4 => {
            let value = place
                .schema
                .map_or(Value::Null, |schema| generate(schema, chance, 0));
            set(object, &place.pointer, value);
            "replaced by a made value"
        }
        _ => {
            let value = object.pointer_mut(&place.pointer).expect("collected");
            change(value, place.schema.unwrap_or(&Value::Null), chance)
        }
    };
    format!("{} {name}", place.pointer)
}

fn set(object: &mut Value, pointer: &str, value: Value) {
    if let Some(place) = object.pointer_mut(pointer) {
        *place = value;
    }
}

fn collect<'a>(
    value: &Value,
    schema: Option<&'a Value>,
    pointer: String,
    metadata: bool,
    out: &mut Vec<Place<'a>>,
) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let fixed = match pointer.as_str() {
                    "" => matches!(key.as_str(), "apiVersion" | "kind") || (key == "metadata" && !metadata),
                    "/metadata" => !METADATA.contains(&key.as_str()),
                    _ => false,
                };
                if fixed {
                    continue;
                }
                let schema = schema.and_then(|schema| {
                    let known = schema.get("properties").and_then(|all| all.get(key));
                    known.or_else(|| schema.get("additionalProperties").filter(|one| one.is_object()))
                });
                let key = key.replace('~', "~0").replace('/', "~1");
                collect(value, schema, format!("{pointer}/{key}"), metadata, out);
            }
        }
        Value::Array(items) => {
            let schema = schema.and_then(|schema| schema.get("items"));
            for (at, item) in items.iter().enumerate() {
                collect(item, schema, format!("{pointer}/{at}"), metadata, out);
            }
        }
        _ => {}
    }
    if !pointer.is_empty() && pointer != "/metadata" {
        out.push(Place { pointer, schema });
    }
}

/// Changes a value within its type.
fn change(value: &mut Value, schema: &Value, chance: &mut Chance) -> &'static str {
    let limit = |key: &str| schema.get(key).and_then(Value::as_u64);
    match value {
        Value::String(text) => match chance.below(6) {
            0 => {
                let length = limit("maxLength").map_or(300, |most| most + 1).min(MAX_TEXT);
                let c = text.chars().next().unwrap_or('a');
                *text = c.to_string().repeat(usize::try_from(length).expect("small"));
                "too long"
            }
            1 | 2 => {
                chance.one(ODD_WORDS).clone_into(text);
                "odd"
            }
            3 => {
                text.push_str(chance.one(ODD_WORDS));
                "with an odd end"
            }
            4 => {
                text.insert_str(0, chance.one(ODD_WORDS));
                "with an odd head"
            }
            _ => {
                chance.one(WORDS).clone_into(text);
                "another word"
            }
        },
        Value::Number(_) => {
            let border = |key: &str, step: f64| Some(json!(schema.get(key)?.as_f64()? + step));
            let borders = [
                ("maximum", 1.0),
                ("minimum", -1.0),
                ("maximum", 0.0),
                ("minimum", 0.0),
            ];
            let (key, step) = chance.one(&borders);
            *value = border(key, step)
                .map(whole)
                .unwrap_or_else(|| chance.one(NUMBERS)());
            "another number"
        }
        Value::Bool(flag) => {
            *flag = !*flag;
            "turned"
        }
        Value::Array(items) => match chance.below(5) {
            0 | 1 if !items.is_empty() => {
                let item = items[chance.below(items.len())].clone();
                items.push(item);
                "with an item twice"
            }
            2 if !items.is_empty() => {
                let most = limit("maxItems").unwrap_or(16).min(MAX_ITEMS);
                let most = usize::try_from(most).expect("small");
                let one = items.clone();
                *items = one.iter().cycle().take(most + 1).cloned().collect();
                "too long"
            }
            3 => {
                let item = schema
                    .get("items")
                    .map_or("a".into(), |items| generate(items, chance, 0));
                items.push(item);
                "with a made item"
            }
            _ => {
                items.reverse();
                "reversed"
            }
        },
        Value::Object(fields) => change_fields(fields, schema, chance),
        Value::Null => {
            *value = "text".into();
            "set"
        }
    }
}

fn change_fields(fields: &mut Map<String, Value>, schema: &Value, chance: &mut Chance) -> &'static str {
    let known = schema.get("properties").and_then(Value::as_object);
    let missing: Vec<_> = known
        .into_iter()
        .flatten()
        .filter(|(key, _)| !fields.contains_key(*key))
        .collect();
    match (chance.below(5), schema.get("additionalProperties")) {
        (0, _) => {
            fields.insert("unknownField".to_owned(), "x".into());
            "with an unknown field"
        }
        (1, _) => {
            fields.clear();
            "emptied"
        }
        (_, Some(values)) => {
            let key = if chance.once_in(2) { WORDS } else { ODD_WORDS };
            let key = chance.one(key).to_owned();
            fields.insert(key, generate(values, chance, 0));
            "with another entry"
        }
        _ if !missing.is_empty() => {
            let (key, schema) = chance.one(&missing);
            fields.insert(key.clone(), generate(schema, chance, 0));
            "with another field"
        }
        _ => {
            fields.clear();
            "emptied"
        }
    }
}

/// A float that is a whole number, as an integer.
#[expect(clippy::cast_possible_truncation, reason = "limits of CRDs are small")]
fn whole(value: Value) -> Value {
    match value.as_f64() {
        Some(float) if float.fract() == 0.0 && float.abs() < 1e15 => (float as i64).into(),
        _ => value,
    }
}

/// A whole object of a schema.
pub(super) fn object(schema: &Value, api_version: &str, kind: &str, chance: &mut Chance) -> Value {
    let mut made = generate(schema, chance, 0);
    if !made.is_object() {
        made = json!({});
    }
    made["apiVersion"] = api_version.into();
    made["kind"] = kind.into();
    made["metadata"] = json!({"name": "made"});
    made
}

/// A value that mostly fits the schema.
fn generate(schema: &Value, chance: &mut Chance, depth: usize) -> Value {
    let flag = |key: &str| schema.get(key) == Some(&Value::Bool(true));
    if let Some(default) = schema.get("default").filter(|_| chance.once_in(4)) {
        return default.clone();
    }
    if let Some(values) = schema
        .get("enum")
        .and_then(Value::as_array)
        .filter(|all| !all.is_empty())
    {
        return values[chance.below(values.len())].clone();
    }
    if flag("x-kubernetes-int-or-string") {
        return if chance.once_in(2) {
            80.into()
        } else {
            chance.one(WORDS).into()
        };
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("string") => text(schema, chance).into(),
        Some(kind @ ("integer" | "number")) => number(schema, kind, chance),
        Some("boolean") => chance.once_in(2).into(),
        Some("array") => {
            let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0);
            let more = if depth < MAX_DEPTH { chance.below(3) } else { 0 };
            let count = usize::try_from(least.min(MAX_ITEMS)).expect("small") + more;
            let items = schema.get("items").unwrap_or(&Value::Null);
            (0..count).map(|_| generate(items, chance, depth + 1)).collect()
        }
        Some("object") if flag("x-kubernetes-embedded-resource") => {
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": chance.one(WORDS)}})
        }
        Some("object") => fields(schema, chance, depth),
        _ => chance.one(ANY)(),
    }
}

fn text(schema: &Value, chance: &mut Chance) -> String {
    let limit = |key: &str| schema.get(key).and_then(Value::as_u64);
    let pattern = schema
        .get("pattern")
        .and_then(Value::as_str)
        .and_then(|one| Regex::new(one).ok());
    let fits = |word: &&&str| {
        let length = word.chars().count() as u64;
        limit("minLength").is_none_or(|least| length >= least)
            && limit("maxLength").is_none_or(|most| length <= most)
            && pattern.as_ref().is_none_or(|pattern| pattern.is_match(word))
    };
    let fitting: Vec<_> = WORDS.iter().filter(fits).collect();
    if fitting.is_empty() || chance.once_in(16) {
        chance.one(ODD_WORDS).to_owned()
    } else {
        (*chance.one(&fitting)).to_owned()
    }
}

fn number(schema: &Value, kind: &str, chance: &mut Chance) -> Value {
    let limit = |key: &str| schema.get(key).and_then(Value::as_f64);
    if chance.once_in(16) {
        return chance.one(NUMBERS)();
    }
    let least = limit("minimum").unwrap_or(1.0);
    let value = if chance.once_in(4) {
        limit("maximum").unwrap_or(least)
    } else {
        least
    };
    if kind == "integer" {
        whole(json!(value))
    } else {
        json!(value)
    }
}

/// The required fields, and some others.
fn fields(schema: &Value, chance: &mut Chance, depth: usize) -> Value {
    let list = |key: &str| schema.get(key).and_then(Value::as_array).into_iter().flatten();
    let required: Vec<_> = list("required").filter_map(Value::as_str).collect();
    let known = schema.get("properties").and_then(Value::as_object);
    let rare = 2 << depth; // an end to what nests in itself
    let mut made = Map::new();
    for (key, schema) in known.into_iter().flatten() {
        let wanted = if required.contains(&key.as_str()) {
            !chance.once_in(24)
        } else {
            depth < MAX_DEPTH && chance.once_in(rare)
        };
        if wanted {
            made.insert(key.clone(), generate(schema, chance, depth + 1));
        }
    }
    if let Some(values) = schema.get("additionalProperties") {
        let least = schema.get("minProperties").and_then(Value::as_u64).unwrap_or(0);
        for _ in 0..usize::try_from(least).expect("small") + chance.below(2) {
            made.insert(chance.one(WORDS).to_owned(), generate(values, chance, depth + 1));
        }
    }
    made.into()
}
