//! What changes in a file, as a patch that `patch -p1` and `git apply` take.

use std::io;

use similar::TextDiff;

use super::Style;

/// Lines that are shown around a change.
const CONTEXT: usize = 3;

/// Writes the difference between two texts of the file `name`.
pub(in crate::cli) fn diff(
    name: &str,
    old: &str,
    new: &str,
    style: &Style,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let diff = TextDiff::from_lines(old, new);
    let patch = diff
        .unified_diff()
        .context_radius(CONTEXT)
        .header(&format!("a/{name}"), &format!("b/{name}"))
        .to_string();
    for line in patch.split_inclusive('\n') {
        let paint = match line.as_bytes() {
            [b'-', b'-', b'-', ..] | [b'+', b'+', b'+', ..] => style.strong,
            [b'@', ..] => style.frame,
            [b'-', ..] => style.removed,
            [b'+', ..] => style.added,
            _ => anstyle::Style::new(),
        };
        let (text, end) = line.strip_suffix('\n').map_or((line, ""), |text| (text, "\n"));
        write!(out, "{paint}{text}{paint:#}{end}")?;
    }
    Ok(())
}
