//! RFC 6901 JSON pointers, and the way Kubernetes writes the same places.

use serde_json::Value;

use super::diagnostic::is_invisible;

/// `pointer` with one more segment, escaped.
///
/// ```
/// use aliasgate::engine::pointer::join;
/// assert_eq!(join("/spec", "a/b"), "/spec/a~1b");
/// ```
#[must_use]
pub fn join(pointer: &str, segment: &str) -> String {
    let mut out = String::with_capacity(pointer.len() + segment.len() + 1);
    out.push_str(pointer);
    out.push('/');
    for c in segment.chars() {
        match c {
            '~' => out.push_str("~0"),
            '/' => out.push_str("~1"),
            c => out.push(c),
        }
    }
    out
}

/// The unescaped segments of `pointer`.
pub fn segments(pointer: &str) -> impl Iterator<Item = String> {
    pointer
        .split('/')
        .skip(1)
        .map(|segment| segment.replace("~1", "/").replace("~0", "~"))
}

/// The value at `pointer` below `value`, as [`Value::pointer`] finds it, but without two copies of every segment.
///
/// ```
/// use aliasgate::engine::pointer::find;
/// let value = serde_json::json!({"a/b": [{"c": 1}]});
/// assert_eq!(find(&value, "/a~1b/0/c"), value.pointer("/a~1b/0/c"));
/// ```
#[must_use]
pub fn find<'a>(value: &'a Value, pointer: &str) -> Option<&'a Value> {
    if pointer.contains('~') {
        return value.pointer(pointer);
    }
    let Some(segments) = pointer.strip_prefix('/') else {
        return pointer.is_empty().then_some(value);
    };
    segments.split('/').try_fold(value, |value, segment| match value {
        Value::Object(members) => members.get(segment),
        // What counts as an index is not ours to say again.
        Value::Array(_) => value.pointer(&format!("/{segment}")),
        _ => None,
    })
}

/// The place as Kubernetes writes it: `spec.ai.groups[0].providers[1]`, keys of maps in brackets.
///
/// ```
/// use aliasgate::engine::pointer::field_path;
/// assert_eq!(field_path("/spec/policies/ai/modelAliases/fast"), "spec.policies.ai.modelAliases[fast]");
/// ```
#[must_use]
pub fn field_path(pointer: &str) -> String {
    let mut out = String::new();
    let mut in_map = false;
    for segment in segments(pointer) {
        let index = segment.chars().all(|c| c.is_ascii_digit());
        let plain = segment
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-' || c == '$');
        if in_map || index || !plain {
            let shown: String = segment
                .chars()
                .flat_map(|c| {
                    if c.is_control() || is_invisible(c) {
                        c.escape_default().collect()
                    } else {
                        vec![c]
                    }
                })
                .collect();
            out.push('[');
            out.push_str(&shown);
            out.push(']');
        } else {
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(&segment);
        }
        in_map = MAPS.contains(&segment.as_str());
    }
    out
}

/// Fields whose children are keys that users choose.
const MAPS: &[&str] = &[
    "modelAliases",
    "labels",
    "annotations",
    "routes",
    "overrides",
    "defaults",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_unescaped_once() {
        assert_eq!(segments("/a~01/b~1c").collect::<Vec<_>>(), ["a~1", "b/c"]);
    }

    #[test]
    fn a_value_is_found_where_serde_json_finds_it() {
        let value = serde_json::json!({"a": [{"": 1}, [2]], "~": {"/": 3}, "0": null});
        for pointer in [
            "", "/", "/a", "/a/0", "/a/0/", "/a/1/0", "/a/01", "/a/+1", "/a/2", "/a/-", "/~0/~1", "/0",
            "/0/x", "a", "/x",
        ] {
            assert_eq!(find(&value, pointer), value.pointer(pointer), "{pointer}");
        }
    }

    #[test]
    fn empty_keys_keep_their_brackets() {
        assert_eq!(
            field_path("/spec/backend/ai/modelAliases/"),
            "spec.backend.ai.modelAliases[]"
        );
        assert_eq!(
            field_path("/spec/ai/groups/0/providers/1/name"),
            "spec.ai.groups[0].providers[1].name"
        );
    }
}
