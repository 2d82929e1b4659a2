//! `aliasgate catalog check`: a verdict for each id.

use std::io::{self, BufRead as _, BufWriter, Read as _, Write};

use serde::Serialize;

use crate::{
    cli::{
        Outcome,
        catalogs::Choice,
        error::{self, Error},
        print::Format,
        today,
    },
    engine::{
        Catalogs, Code, Date, Provider, Severity,
        catalog::{Ground, Judgement, Spot},
        check::stored_target,
        diagnostic::quote,
    },
};

/// Longest line of standard input.
const MAX_LINE: u64 = 64 * 1024; // bytes

/// Say of each id whether its provider has such a model.
///
/// Without arguments, lines of PROVIDER-tab-ID are read from standard input; blanks within and around an id are part
/// of it. The verdict is on what the mutating webhook would store. Exit codes: 0 nothing but warnings and notes,
/// 1 errors, 2 something could not be read.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Whose ids
    #[arg(value_name = "PROVIDER", requires = "ids")]
    provider: Option<Provider>,
    /// Model ids
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    #[command(flatten)]
    catalogs: Choice,
    /// Judge dates as of this day (YYYY-MM-DD) [default: today, UTC]
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    /// How to print: for programs, one JSON object a line
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    output: Format,
}

/// One verdict, for programs. The fields are never renamed or removed.
#[derive(Serialize)]
struct Row<'a> {
    provider: &'a str,
    id: &'a str,
    code: Option<Code>,
    /// `ok` where all is well.
    severity: &'a str,
    /// What is stored instead of the id.
    repair: Option<&'a str>,
    suggestions: &'a [String],
}

/// Judges and prints, one id at a time.
pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let as_of = args.as_of.unwrap_or_else(today);
    let catalogs = args.catalogs.load(as_of)?;
    let mut check = Check {
        catalogs: &catalogs,
        as_of,
        format: args.output,
        out: BufWriter::new(io::stdout().lock()),
        outcome: Outcome::Clean,
    };
    match args.provider {
        Some(provider) => args
            .ids
            .iter()
            .try_for_each(|id| check.one(provider.as_str(), provider, id)),
        None => lines(&mut check),
    }?;
    check.out.flush().map_err(Error::Output)?;
    Ok(check.outcome)
}

fn lines(check: &mut Check<'_, impl Write>) -> Result<(), Error> {
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let read = (&mut input).take(MAX_LINE).read_until(b'\n', &mut line);
        if read.map_err(Error::Input)? == 0 {
            break;
        }
        let ended = line.last() == Some(&b'\n');
        if !ended && line.len() as u64 == MAX_LINE {
            return Err(Error::Line(number, format!("over {MAX_LINE} bytes")));
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if text.is_empty() || number == 1 && text == b"provider\tid" {
            continue;
        }
        let pair = std::str::from_utf8(text).map_err(|_| "not UTF-8 text".to_owned());
        let pair = pair.and_then(|text| {
            text.split_once('\t')
                .ok_or_else(|| "not provider<TAB>id".to_owned())
        });
        match pair.and_then(|(provider, id)| Ok((provider, provider.parse()?, id))) {
            Ok((written, provider, id)) => check.one(written, provider, id)?,
            Err(reason) => {
                error::print(&Error::Line(number, reason));
                check.outcome = Outcome::Incomplete;
            }
        }
    }
    Ok(())
}

struct Check<'a, W> {
    catalogs: &'a Catalogs,
    as_of: Date,
    format: Format,
    out: W,
    outcome: Outcome,
}

impl<W: Write> Check<'_, W> {
    fn one(&mut self, written: &str, provider: Provider, id: &str) -> Result<(), Error> {
        let ground = Ground {
            provider,
            region: None,
        };
        let Some(voice) = self.catalogs.voice(&Spot::of(&ground)) else {
            return Ok(()); // there is always one where the provider is known
        };
        let (stored, verdict) = stored_target(&voice, id, self.as_of);
        if verdict.code.is_some() && verdict.severity == Severity::Error && self.outcome == Outcome::Clean {
            self.outcome = Outcome::Faults;
        }
        let told = Told {
            provider: written,
            id,
            stored: &stored,
            verdict: &verdict,
        };
        let done = match self.format {
            Format::Text => told.text(&mut self.out),
            Format::Json => told.json(&mut self.out),
        };
        done.map_err(Error::Output)
    }
}

/// An id as it was written, and what is said of what is stored.
struct Told<'a> {
    provider: &'a str,
    id: &'a str,
    stored: &'a str,
    verdict: &'a Judgement,
}

impl Told<'_> {
    fn json(&self, out: &mut impl Write) -> io::Result<()> {
        let severity = self.verdict.severity.to_string();
        let row = Row {
            provider: self.provider,
            id: self.id,
            code: self.verdict.code,
            severity: self.verdict.code.map_or("ok", |_| &severity),
            repair: Some(self.stored).filter(|stored| *stored != self.id),
            suggestions: &self.verdict.suggestions,
        };
        serde_json::to_writer(&mut *out, &row)?;
        writeln!(out)
    }

    fn text(&self, out: &mut impl Write) -> io::Result<()> {
        write!(out, "{} {}", self.provider, quote(self.id))?;
        if self.stored != self.id {
            write!(out, " is stored as {}", quote(self.stored))?;
        }
        let Some(code) = self.verdict.code else {
            return writeln!(out, ": ok");
        };
        let sentence = self.verdict.sentence();
        let detail = sentence.strip_prefix(&quote(self.stored)).unwrap_or(&sentence);
        let detail = detail.trim_start_matches(':').trim_start();
        writeln!(out, ": {}[{code}]: {detail}", self.verdict.severity)?;
        writeln!(out, "  help: {}", self.verdict.help)
    }
}
