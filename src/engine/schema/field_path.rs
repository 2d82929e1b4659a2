//! `fieldPath` of rules: a JSON path of fields and keys, such as `.spec.map['key']`.

use super::structural::{Additional, NodeId, Schema};

/// The fields and keys of a path that the schema has.
///
/// # Errors
/// Why it is no such path.
pub(super) fn steps(path: &str, schema: &Schema, id: NodeId) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let mut here = id;
    let mut rest = path;
    while !rest.is_empty() {
        let step = if let Some(after) = rest.strip_prefix("['") {
            let (step, after) = quoted(after)?;
            rest = after;
            step
        } else if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[', ']']).unwrap_or(after.len());
            rest = &after[end..];
            after[..end].to_owned()
        } else {
            return Err(format!("expected [ or . but got: {rest}"));
        };
        let node = schema.node(here);
        here = match (node.properties.get(&step), node.additional) {
            (Some(child), _) => *child,
            (None, Additional::Values(child)) if node.properties.is_empty() => child,
            _ => return Err("does not refer to a valid field".to_owned()),
        };
        found.push(step);
    }
    Ok(found)
}

/// The key before `']`, and what follows.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' => {
                let rest = text[at + 1..].strip_prefix(']').ok_or("expected ]")?;
                return Ok((out, rest));
            }
            '\\' => match chars.next().map(|(_, c)| c) {
                Some('a') => out.push('\u{7}'),
                Some('b') => out.push('\u{8}'),
                Some('f') => out.push('\u{c}'),
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some('t') => out.push('\t'),
                Some('v') => out.push('\u{b}'),
                Some(c @ ('\'' | '\\')) => out.push(c),
                _ => return Err("invalid string literal: invalid escape char".to_owned()),
            },
            c => out.push(c),
        }
    }
    Err("unexpected end of JSON path".to_owned())
}
