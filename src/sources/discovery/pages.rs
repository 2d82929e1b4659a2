//! How the lists of providers go on after a page.

use serde_json::Value;

/// How a list goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paging {
    /// It has one page.
    Whole,
    /// `has_more`, and `last_id` to go on after.
    AfterId,
    /// A token at the first key, which the next request carries as the second.
    Token(&'static str, &'static str),
    /// A number of rows to leave out, until `total_count` or `totalCount` of them were had.
    Offset,
}

/// Longest token of a page.
const MAX_TOKEN: usize = 4_096; // bytes

impl Paging {
    /// What the next request adds to its query: name and value; `None` after the last page.
    ///
    /// # Errors
    /// What is wrong with the page.
    pub(super) fn next(
        self,
        page: &Value,
        last: Option<&(&'static str, String)>,
    ) -> Result<Option<(&'static str, String)>, &'static str> {
        match self {
            Self::Whole => Ok(None),
            Self::AfterId => match page.get("has_more") {
                None | Some(Value::Null | Value::Bool(false)) => Ok(None),
                Some(Value::Bool(true)) => match token(page.get("last_id"))? {
                    Some(id) => Ok(Some(("after_id", id))),
                    None => Err("\"has_more\" without \"last_id\""),
                },
                Some(_) => Err("\"has_more\" is neither true nor false"),
            },
            Self::Token(key, parameter) => {
                let token = token(page.get(key))?;
                Ok(token.map(|token| (parameter, token)))
            }
            Self::Offset => {
                let rows = page.get("data").and_then(Value::as_array).map_or(0, Vec::len);
                let before = last
                    .and_then(|(_, offset)| offset.parse::<usize>().ok())
                    .unwrap_or(0);
                let total = ["total_count", "totalCount"]
                    .iter()
                    .find_map(|key| page.get(key)?.as_u64());
                let link = page.pointer("/links/next").is_some_and(Value::is_string);
                let had = before.saturating_add(rows);
                let more = total.map_or(link, |total| (had as u64) < total);
                Ok((more && rows > 0).then(|| ("offset", had.to_string())))
            }
        }
    }
}

/// The token in `value`; nothing and the empty string are the end.
fn token(value: Option<&Value>) -> Result<Option<String>, &'static str> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.len() > MAX_TOKEN => Err("the token of the next page is too long"),
        Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(_) => Err("the token of the next page is no string"),
    }
}
