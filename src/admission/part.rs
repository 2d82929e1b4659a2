//! Reading a part of a JSON text: what is not kept is passed over without being built.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// What is kept of a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Keep {
    /// The whole value.
    All,
    /// Of an object these members, and of each its part; of any other value the whole.
    Members(&'static [(&'static str, Self)]),
}

/// The value in `text`, as far as it is kept. All of `text` is checked to be JSON.
///
/// A member that is there twice counts as its last one says.
pub(super) fn read(text: &str, keep: &Keep) -> Result<Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = keep.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

impl<'de> DeserializeSeed<'de> for &Keep {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self {
            Keep::All => serde::Deserialize::deserialize(deserializer),
            Keep::Members(kept) => deserializer.deserialize_any(Members(kept)),
        }
    }
}

struct Members(&'static [(&'static str, Keep)]);

impl<'de> Visitor<'de> for Members {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut found = Map::new();
        while let Some(row) = members.next_key_seed(Name(self.0))? {
            match row {
                Some((name, keep)) => {
                    found.insert((*name).to_owned(), members.next_value_seed(keep)?);
                }
                None => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut found = Vec::new();
        while let Some(item) = items.next_element()? {
            found.push(item);
        }
        Ok(Value::Array(found))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

/// The row of a member by its name, which is not copied.
struct Name(&'static [(&'static str, Keep)]);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<&'static (&'static str, Keep)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<&'static (&'static str, Keep)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().find(|row| row.0 == name))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const KEEP: Keep = Keep::Members(&[("a", Keep::All), ("b", Keep::Members(&[("c", Keep::All)]))]);

    fn kept(text: &str) -> Value {
        read(text, &KEEP).expect("JSON")
    }

    #[test]
    fn only_what_is_kept_is_built() {
        let text =
            r#"{"x": {"a": 1}, "a": {"x": [1, -2, 3.5]}, "b": {"c": "\u0041", "x": null}, "\u0061a": 1}"#;
        assert_eq!(kept(text), json!({"a": {"x": [1, -2, 3.5]}, "b": {"c": "A"}}));
    }

    #[test]
    fn escaped_names_count_and_the_last_of_two_members_wins() {
        assert_eq!(kept(r#"{"a": 1, "\u0061": 2}"#), json!({"a": 2}));
    }

    #[test]
    fn values_that_are_no_objects_stay_as_they_are() {
        for text in ["null", "true", "-1", "1", "1.5", "\"x\"", "[{\"x\":1}]"] {
            let whole: Value = serde_json::from_str(text).expect("JSON");
            assert_eq!(kept(text), whole);
            let within = format!(r#"{{"b":{text}}}"#);
            assert_eq!(kept(&within), json!({"b": whole}));
        }
    }

    #[test]
    fn what_is_passed_over_must_be_json_too() {
        for text in [r#"{"x": {]}}"#, r#"{"a": 1} 2"#, r#"{"x": 1"#, ""] {
            assert!(read(text, &KEEP).is_err(), "{text}");
        }
    }
}
