//! What a command said, and what a test expects of it.

use serde_json::Value;

/// How a command ended and what it printed.
pub(crate) struct Said {
    /// The command, as a person would type it.
    pub(crate) command: String,
    /// Whether it ended with exit code 0.
    pub(crate) ok: bool,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Said {
    /// Warnings and errors, then the rest.
    pub(crate) fn text(&self) -> String {
        format!("{}{}", self.err, self.out)
    }

    /// Fails the test when the command failed.
    pub(crate) fn expect_ok(&self) -> &Self {
        assert!(self.ok, "{}\n{}", self.command, self.text());
        self
    }

    /// Fails the test when the command did not fail.
    pub(crate) fn expect_refused(&self) -> &Self {
        assert!(!self.ok, "not refused: {}\n{}", self.command, self.text());
        self
    }

    /// Fails the test unless `part` was printed.
    pub(crate) fn expect_says(&self, part: &str) -> &Self {
        assert!(
            self.text().contains(part),
            "{}\nsays\n{}\nbut not\n{part}",
            self.command,
            self.text()
        );
        self
    }

    /// Standard output as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).expect("kubectl prints JSON")
    }

    /// The lines that begin with `Warning: `, without that.
    pub(crate) fn warnings(&self) -> Vec<&str> {
        self.err
            .lines()
            .filter_map(|line| line.strip_prefix("Warning: "))
            .collect()
    }
}
