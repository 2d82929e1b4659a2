//! Bare ids, one a line.

use crate::{
    engine::{Date, Provider},
    sources::{
        documents::SyntaxError,
        import::{Claim, Error, Facts, Format, MAX_FAULTS, MAX_MODELS, Origin, Reading, clean},
    },
};

/// Lines of `provider<TAB>id`; a first line `provider<TAB>id` and empty lines are passed over, and blanks within an id
/// are kept.
pub(in crate::sources::import) fn ids(text: &str, as_of: Date) -> Result<Reading, Error> {
    let (mut out, mut faults) = (Reading::default(), Vec::new());
    for (at, line) in text.lines().enumerate() {
        if line.is_empty() || line == "provider\tid" {
            continue;
        }
        match row(line) {
            Ok(_) if out.claims.len() == MAX_MODELS => {
                faults.push(fault(at, format!("more than {MAX_MODELS} models")));
                break;
            }
            Ok((provider, id)) => match clean::no_id(provider, id) {
                Some(why) => out.dropped.push((
                    format!("{provider} {}", id.replace(char::is_control, "\u{fffd}")),
                    why,
                )),
                None => out.claims.push(Claim {
                    provider,
                    id: id.to_owned(),
                    origin: Origin {
                        source: Format::Ids.source(),
                        as_of,
                    },
                    key: id.to_owned(),
                    facts: Facts::default(),
                }),
            },
            Err(message) => faults.push(fault(at, message)),
        }
        if faults.len() == MAX_FAULTS {
            break;
        }
    }
    if faults.is_empty() {
        Ok(out)
    } else {
        Err(Error { faults })
    }
}

fn row(line: &str) -> Result<(Provider, &str), String> {
    match line.split_once('\t') {
        None | Some((_, "")) => Err("not provider<TAB>id".to_owned()),
        Some((provider, id)) => Ok((provider.parse()?, id)),
    }
}

fn fault(line: usize, message: String) -> SyntaxError {
    let line = u32::try_from(line + 1).unwrap_or(u32::MAX);
    SyntaxError {
        line,
        column: 1,
        message,
    }
}
