//! `aliasgate explain`: what a code means, and what to do.

use std::io::{self, Write as _};

use super::{Outcome, error::Error};
use crate::engine::Code;

/// One section a code, headed by its name.
const TEXTS: &str = include_str!("explain.md");

/// Explain a code: what it means, why it matters, and what to do.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Codes, as they stand in brackets behind a message [default: a list of all]
    #[arg(value_name = "CODE")]
    codes: Vec<Code>,
}

/// Prints the explanations that are asked for, or one line for each code.
pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let text = if args.codes.is_empty() {
        Code::all().map(line).collect()
    } else {
        let all: Vec<_> = args.codes.iter().copied().map(explanation).collect();
        all.join("\n")
    };
    io::stdout()
        .lock()
        .write_all(text.as_bytes())
        .map_err(Error::Output)?;
    Ok(Outcome::Clean)
}

fn line(code: Code) -> String {
    format!(
        "{:<8} {:<28} {}\n",
        code.severity().to_string(),
        code.as_str(),
        code.when()
    )
}

fn explanation(code: Code) -> String {
    let (name, severity) = (code.as_str(), code.severity());
    format!(
        "{name} ({severity}): {}\n\n{}\n\nAnother severity: --severity {name}=error|warning|note|off\n",
        code.when(),
        text(code).unwrap_or_default(),
    )
}

/// The section of `code`.
fn text(code: Code) -> Option<&'static str> {
    let sections = TEXTS.split("## ").filter_map(|section| section.split_once('\n'));
    let mut own = sections.filter(|(name, _)| *name == code.as_str());
    own.next().map(|(_, text)| text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_one_section_in_the_order_of_the_codes() {
        let headings: Vec<_> = TEXTS
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .collect();
        let codes: Vec<_> = Code::all().map(Code::as_str).collect();
        assert_eq!(headings, codes);
        for code in Code::all() {
            let text = text(code).expect("a section");
            assert!(
                text.split("\n\n").count() >= 2,
                "{code}: says what it means and what to do"
            );
        }
    }
}
