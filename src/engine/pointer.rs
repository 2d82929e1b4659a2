//! RFC 6901 JSON pointers, and the way Kubernetes writes the same places.

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
