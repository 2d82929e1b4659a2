//! `aliasgate validate`: the checks of the webhook and of the API server, offline.

mod checker;
mod fix;
mod live;
mod passes;
mod progress;
mod sheet;
mod watch;

use std::{
    io::{self, BufWriter, Write as _},
    path::PathBuf,
    sync::Arc,
};

use anstream::{AutoStream, ColorChoice};

use super::{
    Outcome,
    catalogs::Choice,
    error::{self, Error},
    judging::Judging,
    print::{self, Report, Style},
    schemas,
};
use crate::{
    engine::{
        Severity,
        check::{check, check_normalized},
    },
    sources::files,
};
use checker::{Page, Stored};
use live::{Found, Live};
use passes::Ground;
use progress::Progress;
use sheet::Source;

/// Check manifests by their CRDs, and the model aliases in them.
///
/// Exit codes: 0 nothing but warnings and notes, 1 errors (see --fail-on), 2 something could not be read.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files, folders, or - for standard input
    #[arg(value_name = "PATH", required_unless_present_any = ["files", "all_namespaces", "namespace", "selector"])]
    paths: Vec<PathBuf>,
    /// The same, in the way of kubectl
    #[arg(short = 'f', long = "filename", value_name = "PATH")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    live: Live,
    #[command(flatten)]
    judging: Judging,
    /// Check what is written; without it, what the mutating webhook would store
    #[arg(long)]
    no_normalize: bool,
    /// What is stored now, in files or folders: checks updates, with the rules on oldSelf, and excuses what was there
    #[arg(long, value_name = "PATH")]
    old: Vec<PathBuf>,
    /// Write what is in the normal form, and mend slips that mean one model only; comments, order and quotes stay
    #[arg(long)]
    fix: bool,
    /// Print what --fix changes, and without it what it would change; the exit code is 1 where there is something
    #[arg(long)]
    diff: bool,
    /// Check again whenever a file changes, until interrupted
    #[arg(long, conflicts_with_all = ["all_namespaces", "namespace", "selector"])]
    watch: bool,
    #[command(flatten)]
    schemas: schemas::Definitions,
    #[command(flatten)]
    catalogs: Choice,
    /// How to print
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    output: Output,
    /// The least severity that makes the exit code 1
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    fail_on: FailOn,
    /// Print only what makes the exit code 1, and no summary
    #[arg(short, long)]
    quiet: bool,
    /// Print how often each code was found instead of each finding
    #[arg(long, conflicts_with = "quiet")]
    summary: bool,
    /// Whether text has colours
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: When,
}

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    /// For people
    Text,
    /// For programs
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// JUnit's XML, for CI servers
    Junit,
}

/// Whether text has colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum When {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl When {
    fn style(self) -> Style {
        let coloured = match self {
            Self::Auto => AutoStream::choice(&io::stdout()) != ColorChoice::Never,
            Self::Always => true,
            Self::Never => false,
        };
        if coloured {
            Style::coloured()
        } else {
            Style::default()
        }
    }
}

/// What makes the exit code 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FailOn {
    /// Errors
    Error,
    /// Errors and warnings
    Warning,
    /// Whatever is found
    Note,
    /// Nothing
    Never,
}

impl FailOn {
    const fn weighs(self, severity: Severity) -> bool {
        match self {
            Self::Error => matches!(severity, Severity::Error),
            Self::Warning => matches!(severity, Severity::Error | Severity::Warning),
            Self::Note => true,
            Self::Never => false,
        }
    }
}

/// Checks and prints.
pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    if args.summary && args.output != Output::Text {
        return Err(Error::SummaryOfText);
    }
    if args.diff && args.output != Output::Text {
        return Err(Error::DiffOfText);
    }
    if args.live.is_wanted() {
        let found = args.live.read()?;
        let outcome = check_all(args, &found.sources, Vec::new(), Some(&found))?;
        found.errors().iter().for_each(|reason| error::print(reason));
        return Ok(if found.errors().is_empty() {
            outcome
        } else {
            Outcome::Incomplete
        });
    }
    let paths: Vec<_> = args.files.iter().chain(&args.paths).cloned().collect();
    if args.watch {
        return watch(args, &paths);
    }
    check_files(args, &paths)
}

/// Checks again and again. It ends when nobody reads what it prints any more, or with the process.
fn watch(args: &Args, paths: &[PathBuf]) -> Result<Outcome, Error> {
    let mut watched: Vec<_> = paths.iter().chain(&args.old).cloned().collect();
    watched.extend(args.schemas.files());
    watched.extend(args.catalogs.files());
    if watched.iter().any(|path| path.as_os_str() == "-") {
        return Err(files::Error::WatchStdin.into());
    }
    loop {
        // Before the check, so that a change during it counts.
        let before = watch::state(&watched);
        match check_files(args, paths) {
            Err(Error::Output(reason)) => return Err(Error::Output(reason)),
            Err(reason) => error::print(&reason),
            Ok(_) => {}
        }
        watch::wait(&watched, before);
        if !args.quiet {
            error::say("-- files have changed, checking again");
        }
    }
}

fn check_files(args: &Args, paths: &[PathBuf]) -> Result<Outcome, Error> {
    let (found, unread) = files::find(paths);
    if found.is_empty() && unread.is_empty() {
        let names: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
        return Err(Error::NoManifest(names.join(", ")));
    }
    let sources: Vec<_> = found.into_iter().map(Source::Path).collect();
    check_all(args, &sources, unread, None)
}

/// Checks `sources`, which `found` are if they are from a cluster, mends them if that is wanted, and prints.
fn check_all(
    args: &Args,
    sources: &[Source],
    unread: Vec<files::Error>,
    found: Option<&Found>,
) -> Result<Outcome, Error> {
    if let Some(source) = sources.iter().find(|source| args.fix && source.file().is_none()) {
        return Err(Error::FixNoFile(source.name()));
    }
    if args.fix || args.diff {
        let (pages, mut errors) = look(args, sources, found, true)?;
        let changes = mend(args, sources, &pages)?;
        if !args.fix {
            errors.extend(unread);
            errors.extend(pages.into_iter().flat_map(|page| page.unread));
            errors.iter().for_each(|reason| error::print(reason));
            return Ok(match (errors.is_empty(), changes) {
                (false, _) => Outcome::Incomplete,
                (true, true) => Outcome::Faults,
                (true, false) => Outcome::Clean,
            });
        }
    }
    let mut report = report(args, sources, found, unread)?;
    let fails = |severity| args.fail_on.weighs(severity);
    let outcome = if !report.unread.is_empty() {
        Outcome::Incomplete
    } else if report.located.iter().any(|one| fails(one.diagnostic.severity)) {
        Outcome::Faults
    } else {
        Outcome::Clean
    };
    if args.quiet {
        report.located.retain(|one| fails(one.diagnostic.severity));
    }
    write(args, &report).map_err(Error::Output)?;
    for reason in &report.unread {
        error::print(reason);
    }
    Ok(outcome)
}

fn write(args: &Args, report: &Report) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    match args.output {
        Output::Text => {
            let style = args.color.style();
            if !args.summary {
                print::text(report, &style, &mut out)?;
            }
            if !args.quiet {
                print::summary(report, args.summary, &style, &mut out)?;
            }
        }
        Output::Json => print::json(report, &mut out)?,
        Output::Sarif => print::sarif(report, &mut out)?,
        Output::Github => print::github(report, &mut out)?,
        Output::Junit => print::junit(report, |severity| args.fail_on.weighs(severity), &mut out)?,
    }
    out.flush()
}

/// Shows and makes what can be better in the files. Whether there is anything.
fn mend(args: &Args, sources: &[Source], pages: &[Page]) -> Result<bool, Error> {
    let mut out = BufWriter::new(io::stdout().lock());
    let (style, mut found) = (args.color.style(), false);
    for (page, source) in pages.iter().zip(sources) {
        let (Some(fix), Some(name)) = (&page.fix, &page.file) else {
            continue;
        };
        found = true;
        if args.diff {
            print::diff(name, &fix.old, &fix.new, &style, &mut out).map_err(Error::Output)?;
        }
        if args.fix {
            let path = source.file().ok_or_else(|| Error::FixNoFile(name.to_string()))?;
            fix.store(path)
                .map_err(|cause| Error::Fix(name.to_string(), cause))?;
            if !args.quiet {
                error::say(&format!("fixed {name}: {}", print::count(fix.changes, "change")));
            }
        }
    }
    out.flush().map_err(Error::Output)?;
    Ok(found)
}

/// What is wrong in `sources`, and what could not be read besides `unread`.
fn report(
    args: &Args,
    sources: &[Source],
    found: Option<&Found>,
    unread: Vec<files::Error>,
) -> Result<Report, Error> {
    let (pages, errors) = look(args, sources, found, false)?;
    let mut report = Report {
        unread,
        ..Report::default()
    };
    report.unread.extend(errors);
    for page in pages {
        let counts = found.is_none() || !page.checked.is_empty();
        report.summary.files += usize::from(page.file.is_some() && counts);
        report.summary.resources += page.checked.len();
        report.summary.skipped += page.skipped;
        for one in &page.located {
            report.summary.add(one.diagnostic.severity);
        }
        if let (Output::Junit, Some(file)) = (args.output, page.file) {
            let checked = page.checked.into_iter();
            report
                .checked
                .extend(checked.map(|subject| (Arc::clone(&file), subject)));
        }
        report.located.extend(page.located);
        report.unread.extend(page.unread);
    }
    report.located.sort_by(|a, b| a.order().cmp(&b.order()));
    Ok(report)
}

/// What there is to say about each of `sources`; and what could not be read besides them.
fn look(
    args: &Args,
    sources: &[Source],
    found: Option<&Found>,
    fixing: bool,
) -> Result<(Vec<Page>, Vec<files::Error>), Error> {
    let as_of = args.judging.today();
    let catalogs = args.catalogs.load(as_of)?;
    let (schemas, mut errors) = args.schemas.load(args.live.context.as_deref())?;
    let (old, unread) = files::load(&args.old);
    errors.extend(unread);
    let ground = Ground {
        catalogs: Arc::new(catalogs),
        severities: args.judging.severities(),
        allow_annotation: args.judging.allow_annotation,
        as_of,
        judge: if args.no_normalize {
            check
        } else {
            check_normalized
        },
        old: Stored::new(old),
        wanted: &|object| found.is_none_or(|found| found.is_wanted(object)),
        fixing,
    };
    let progress = Progress::new(sources.len());
    Ok((passes::pages(sources, schemas, &ground, &progress), errors))
}
