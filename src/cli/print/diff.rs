//! What changes in a file, as a patch that `patch -p1` and `git apply` take.

use std::io;

use super::Style;

/// Lines that are shown around a change.
const CONTEXT: usize = 3;

/// Writes the difference between two texts of the file `name`, which have as many lines: only words of them differ.
pub(in crate::cli) fn diff(
    name: &str,
    old: &str,
    new: &str,
    style: &Style,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let pairs: Vec<_> = old.split_inclusive('\n').zip(new.split_inclusive('\n')).collect();
    let changed: Vec<_> = (0..pairs.len())
        .filter(|at| pairs[*at].0 != pairs[*at].1)
        .collect();
    let strong = style.strong;
    writeln!(
        out,
        "{strong}--- a/{name}{strong:#}\n{strong}+++ b/{name}{strong:#}"
    )?;
    for near in changed.chunk_by(|one, next| next - one <= 2 * CONTEXT) {
        let (Some(first), Some(last)) = (near.first(), near.last()) else {
            continue;
        };
        let start = first.saturating_sub(CONTEXT);
        let hunk = &pairs[start..pairs.len().min(last + CONTEXT + 1)];
        let (line, count, frame) = (start + 1, hunk.len(), style.frame);
        writeln!(out, "{frame}@@ -{line},{count} +{line},{count} @@{frame:#}")?;
        for run in hunk.chunk_by(|one, next| (one.0 == one.1) == (next.0 == next.1)) {
            let same = run.iter().all(|(old, new)| old == new);
            let (plain, removed, added) = (anstyle::Style::new(), style.removed, style.added);
            for (text, _) in run {
                if same {
                    line_of(' ', text, plain, out)?;
                } else {
                    line_of('-', text, removed, out)?;
                }
            }
            for (_, text) in run.iter().filter(|_| !same) {
                line_of('+', text, added, out)?;
            }
        }
    }
    Ok(())
}

/// One line of a hunk.
fn line_of(mark: char, text: &str, paint: anstyle::Style, out: &mut impl io::Write) -> io::Result<()> {
    match text.strip_suffix('\n') {
        Some(text) => writeln!(out, "{paint}{mark}{text}{paint:#}"),
        None => writeln!(out, "{paint}{mark}{text}{paint:#}\n\\ No newline at end of file"),
    }
}
