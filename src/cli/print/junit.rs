//! JUnit's XML, which CI servers show as tests: a suite for each file, a case for each object.
//!
//! There is no standard of it; this keeps to the elements that Jenkins' and GitLab's documentation name.

use std::{borrow::Cow, collections::BTreeMap, io, sync::Arc};

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};

use super::{Located, Report, Subject};
use crate::{
    engine::{Severity, pointer::field_path},
    sources::files,
    telemetry::chain,
};

/// Writes `report`. What `fails` is a failure of its case; other findings are what the case printed.
pub(in crate::cli) fn junit(
    report: &Report,
    fails: impl Fn(Severity) -> bool,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let suites = suites(report);
    let mut writer = Writer::new_with_indent(out, b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let all = suites.values().fold([0; 3], |all, suite| {
        let counts = suite.counts(&fails);
        [all[0] + counts[0], all[1] + counts[1], all[2] + counts[2]]
    });
    let [tests, failures, errors] = all.map(|number: usize| number.to_string());
    writer
        .create_element("testsuites")
        .with_attributes([
            ("name", "aliasgate"),
            ("tests", &tests),
            ("failures", &failures),
            ("errors", &errors),
        ])
        .write_inner_content(|writer| {
            suites
                .iter()
                .try_for_each(|(file, suite)| suite.write(file, &fails, writer))
        })?;
    writeln!(writer.into_inner())
}

/// What there is to say about a file.
#[derive(Default)]
struct Suite<'a> {
    cases: Vec<(&'a Subject, Vec<&'a Located>)>,
    unread: Vec<&'a files::Error>,
}

fn suites(report: &Report) -> BTreeMap<&str, Suite<'_>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for located in &report.located {
        let subject = Arc::as_ptr(&located.subject);
        found.entry(subject).or_default().push(located);
    }
    let mut suites: BTreeMap<&str, Suite<'_>> = BTreeMap::new();
    for (file, subject) in &report.checked {
        let found = found.remove(&Arc::as_ptr(subject)).unwrap_or_default();
        suites.entry(file).or_default().cases.push((subject, found));
    }
    for error in &report.unread {
        suites.entry(error.place().0).or_default().unread.push(error);
    }
    suites
}

impl Suite<'_> {
    /// Cases, those that fail, those that could not be run.
    fn counts(&self, fails: impl Fn(Severity) -> bool) -> [usize; 3] {
        let failing = |found: &[&Located]| found.iter().any(|one| fails(one.diagnostic.severity));
        let failures = self.cases.iter().filter(|(_, found)| failing(found)).count();
        [self.cases.len() + self.unread.len(), failures, self.unread.len()]
    }

    fn write<W: io::Write>(
        &self,
        file: &str,
        fails: impl Fn(Severity) -> bool,
        writer: &mut Writer<W>,
    ) -> io::Result<()> {
        let [tests, failures, errors] = self.counts(&fails).map(|number| number.to_string());
        let file = &*clean(file);
        let suite = writer.create_element("testsuite").with_attributes([
            ("name", file),
            ("tests", &tests),
            ("failures", &failures),
            ("errors", &errors),
        ]);
        suite.write_inner_content(|writer| {
            for (subject, found) in &self.cases {
                case(file, subject, found, &fails, writer)?;
            }
            for error in &self.unread {
                let text = chain(error);
                writer
                    .create_element("testcase")
                    .with_attributes([("classname", file), ("name", "can be read")])
                    .write_inner_content(|writer| {
                        let error = writer.create_element("error");
                        error
                            .with_attribute(("message", &*clean(&text)))
                            .write_empty()
                            .map(drop)
                    })?;
            }
            Ok(())
        })?;
        Ok(())
    }
}

fn case<W: io::Write>(
    file: &str,
    subject: &Subject,
    found: &[&Located],
    fails: impl Fn(Severity) -> bool,
    writer: &mut Writer<W>,
) -> io::Result<()> {
    let name = format!("{} {}", subject.kind, subject.key);
    let name = clean(&name);
    let case = writer
        .create_element("testcase")
        .with_attributes([("classname", file), ("name", &*name)]);
    if found.is_empty() {
        case.write_empty()?;
        return Ok(());
    }
    case.write_inner_content(|writer| {
        let (failing, printed): (Vec<&Located>, Vec<_>) =
            found.iter().partition(|one| fails(one.diagnostic.severity));
        for located in failing {
            let diagnostic = &located.diagnostic;
            let message = format!("{}: {}", field_path(&diagnostic.pointer), diagnostic.sentence());
            writer
                .create_element("failure")
                .with_attributes([
                    ("type", diagnostic.code.as_str()),
                    ("message", &*clean(message.trim_start_matches(": "))),
                ])
                .write_text_content(BytesText::new(&clean(&lines(located))))?;
        }
        if !printed.is_empty() {
            let text: String = printed.iter().map(|located| lines(located)).collect();
            writer
                .create_element("system-out")
                .write_text_content(BytesText::new(&clean(&text)))?;
        }
        Ok(())
    })?;
    Ok(())
}

/// A finding as it is printed for people.
fn lines(located: &Located) -> String {
    let mut out = Vec::new();
    // Memory takes everything.
    drop(super::text::one(located, &super::Style::default(), &mut out));
    String::from_utf8_lossy(&out).into_owned()
}

/// The text without what XML 1.0 cannot hold.
fn clean(text: &str) -> Cow<'_, str> {
    let is_held = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    if text.chars().all(is_held) {
        return Cow::Borrowed(text);
    }
    let held = |c| if is_held(c) { c } else { '\u{fffd}' };
    Cow::Owned(text.chars().map(held).collect())
}
