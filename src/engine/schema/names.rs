//! The names that Kubernetes takes, and what it says of others.

/// What one kind of name is.
struct Form {
    most: usize, // bytes
    holds: fn(&str) -> bool,
    fault: &'static str,
}

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/// What is wrong with `name` by this form; nothing where it is right.
fn faults(name: &str, form: &Form) -> Vec<String> {
    let mut found = Vec::new();
    if name.len() > form.most {
        found.push(format!("must be no more than {} characters", form.most));
    }
    if !(form.holds)(name) {
        found.push(form.fault.to_owned());
    }
    found
}

fn is_label(name: &str) -> bool {
    let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = name.as_bytes();
    edge(bytes.first())
        && edge(bytes.last())
        && bytes
            .iter()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
}

fn is_subdomain(name: &str) -> bool {
    name.split('.').all(is_label)
}

fn is_label_1035(name: &str) -> bool {
    is_label(name) && name.starts_with(|c: char| c.is_ascii_lowercase())
}

fn is_qualified_part(name: &str) -> bool {
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    edge(bytes.first())
        && edge(bytes.last())
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// RFC 1123 label: at most 63 of lower case letters, digits and `-`.
pub(super) fn label(name: &str) -> Vec<String> {
    let fault = if is_subdomain(name) {
        "must not contain dots"
    } else {
        LABEL
    };
    faults(
        name,
        &Form {
            most: 63,
            holds: is_label,
            fault,
        },
    )
}

/// RFC 1123 subdomain: labels with dots between them, at most 253.
pub(super) fn subdomain(name: &str) -> Vec<String> {
    faults(
        name,
        &Form {
            most: 253,
            holds: is_subdomain,
            fault: SUBDOMAIN,
        },
    )
}

/// RFC 1035 label: begins with a letter.
pub(super) fn label_1035(name: &str) -> Vec<String> {
    faults(
        name,
        &Form {
            most: 63,
            holds: is_label_1035,
            fault: LABEL_1035,
        },
    )
}

/// The value of a label.
pub(super) fn label_value(value: &str) -> Vec<String> {
    faults(
        value,
        &Form {
            most: 63,
            holds: |value| value.is_empty() || is_qualified_part(value),
            fault: VALUE,
        },
    )
}

/// A name with an optional domain before a slash: keys of labels and annotations, finalizers.
pub(super) fn qualified(name: &str) -> Vec<String> {
    let parts: Vec<&str> = name.split('/').collect();
    let (prefix, name) = match parts[..] {
        [name] => (None, name),
        [prefix, name] => (Some(prefix), name),
        _ => {
            let hint = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
            return vec![format!("a qualified name {QUALIFIED} {hint}")];
        }
    };
    let mut found = match prefix {
        Some("") => vec!["prefix part must be non-empty".to_owned()],
        Some(prefix) => subdomain(prefix)
            .into_iter()
            .map(|fault| format!("prefix part {fault}"))
            .collect(),
        None => Vec::new(),
    };
    if name.is_empty() {
        found.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        found.push("name part must be no more than 63 characters".to_owned());
    }
    if !is_qualified_part(name) {
        found.push(format!("name part {QUALIFIED}"));
    }
    found
}

/// Of a name that something is appended to, the last dash does not count.
pub(super) fn prefix(name: &str) -> String {
    match name.strip_suffix('-') {
        Some(rest) if !rest.is_empty() => {
            let mut kept: String = rest.to_owned();
            kept.pop();
            kept.push('a');
            kept
        }
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged_as_kubernetes_judges_them() {
        assert!(subdomain("a.b-c.1").is_empty());
        assert_eq!(subdomain("A_b").len(), 1);
        assert_eq!(subdomain(&"a".repeat(254)).len(), 1);
        assert_eq!(label("a.b"), ["must not contain dots"]);
        assert!(label_1035("1a").len() == 1 && label("1a").is_empty());
        assert!(label_value("").is_empty() && !label_value("-a").is_empty());
        assert!(qualified("a.b/C_d").is_empty());
        assert_eq!(qualified("/x"), ["prefix part must be non-empty"]);
        assert_eq!(qualified("a/b/c").len(), 1);
        assert_eq!(prefix("abc-"), "aba");
    }
}
