//! Catalogs as text: the rows of the built-in files, and bare lists of ids.

use std::collections::BTreeMap;

use super::{Catalog, Catalogs, Confidence, Model, Provider, State, model::Text};
use crate::engine::Date;

/// Columns of a row: id, mode, state, retires, resolves to, successor, confidence.
const COLUMNS: usize = 7;

impl Catalog {
    /// The catalog in `text`: a header of `# key: value` lines that name the provider and the date, then tab-separated
    /// rows of id, mode, state, date of retirement, snapshot, successor and confidence, with `-` for what is not known.
    ///
    /// # Errors
    /// The first line that does not fit, by number.
    pub fn from_rows(text: &'static str) -> Result<Self, String> {
        let (mut provider, mut as_of, mut models) = (None, None, Vec::new());
        for (at, line) in text.lines().enumerate() {
            let fault = |what: &str| format!("line {}: {what}", at + 1);
            if let Some(comment) = line.strip_prefix("# ") {
                if let Some(name) = comment.strip_prefix("Model ids of ") {
                    provider = Some(
                        name.trim_end_matches('.')
                            .parse::<Provider>()
                            .map_err(|error| fault(&error))?,
                    );
                } else if let Some(date) = comment.strip_prefix("as-of: ") {
                    as_of = Some(date.parse::<Date>().map_err(|error| fault(&error.to_string()))?);
                }
            } else if !line.is_empty() {
                models.push(row(line).ok_or_else(|| fault("not a row of a catalog"))?);
            }
        }
        let provider = provider.ok_or("the header names no provider")?;
        let as_of = as_of.ok_or("the header names no date")?;
        Ok(Self::new(provider, as_of, models))
    }
}

impl Catalogs {
    /// Catalogs of bare ids from lines of `provider<TAB>id`; a first line `provider<TAB>id` and empty lines are passed
    /// over. Nothing but the ids is known, and blanks within an id are kept.
    ///
    /// # Errors
    /// The first line that does not fit, by number.
    ///
    /// ```
    /// use aliasgate::engine::{Catalogs, Provider};
    /// let catalogs = Catalogs::from_ids("openai\tgpt-4o\nxai\tgrok-4\n", "2026-01-01".parse().unwrap()).unwrap();
    /// assert!(catalogs.of(Provider::OpenAi).unwrap().get("gpt-4o").is_some());
    /// ```
    pub fn from_ids(text: &str, as_of: Date) -> Result<Self, String> {
        let mut models: BTreeMap<Provider, Vec<Model>> = BTreeMap::new();
        for (at, line) in text.lines().enumerate() {
            let pair = line.split_once('\t');
            let Some((provider, id)) = pair.filter(|pair| *pair != ("provider", "id")) else {
                if line.is_empty() || pair.is_some() {
                    continue;
                }
                return Err(format!("line {}: not provider<TAB>id", at + 1));
            };
            let provider = provider
                .parse()
                .map_err(|error| format!("line {}: {error}", at + 1))?;
            models
                .entry(provider)
                .or_default()
                .push(Model::bare(id.to_owned()));
        }
        Ok(Self::new(
            models
                .into_iter()
                .map(|(provider, models)| Catalog::new(provider, as_of, models)),
        ))
    }
}

/// The model of one row.
fn row(line: &'static str) -> Option<Model> {
    let mut columns = [""; COLUMNS];
    let mut parts = line.split('\t');
    for column in &mut columns {
        *column = parts.next()?;
    }
    let [id, mode, state, retires, resolves_to, successor, confidence] = columns;
    let known = |column: &'static str| (column != "-").then_some(column);
    let text = |column: &'static str| known(column).map(Text::Borrowed);
    Some(Model {
        id: Text::Borrowed(id),
        resolves_to: text(resolves_to),
        mode: text(mode),
        retires: known(retires).map(str::parse).transpose().ok()?,
        state: match state {
            "active" => State::Active,
            "preview" => State::Preview,
            "deprecated" => State::Deprecated,
            "historical" => State::Historical,
            "retired" => State::Retired,
            _ => return None,
        },
        successor: text(successor),
        confidence: match confidence {
            "low" => Confidence::Low,
            "medium" => Confidence::Medium,
            "high" => Confidence::High,
            _ => return None,
        },
    })
}
