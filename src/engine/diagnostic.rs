//! What is wrong with a resource: codes, severities and the diagnostics that carry them.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::Serialize;

use super::{Enforcement, pointer};

/// How much a diagnostic weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Shown by the command line, the status page and audit annotations only.
    Note,
    /// Shown at `kubectl apply` as a `Warning:` line; the object is stored.
    Warning,
    /// Refuses the object; exit code 1.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// What an admin may set a code to: a severity, or not to be reported at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Report with this severity.
    At(Severity),
    /// Do not report.
    Off,
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "error" => Ok(Self::At(Severity::Error)),
            "warning" => Ok(Self::At(Severity::Warning)),
            "note" => Ok(Self::At(Severity::Note)),
            "off" => Ok(Self::Off),
            other => Err(format!(
                "unknown level \"{other}\"; use error, warning, note or off"
            )),
        }
    }
}

/// Levels that differ from the default of their code, and what becomes of errors in a namespace that does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Severities {
    levels: BTreeMap<Code, Level>,
    enforcement: Enforcement,
}

impl Severities {
    /// Sets `code` to `level`; a later call for the same code wins.
    pub fn set(&mut self, code: Code, level: Level) {
        self.levels.insert(code, level);
    }

    /// Lets `enforcement` hold in every namespace without a label of its own.
    pub const fn enforce(&mut self, enforcement: Enforcement) {
        self.enforcement = enforcement;
    }

    /// What holds in a namespace without a label of its own.
    #[must_use]
    pub const fn enforcement(&self) -> Enforcement {
        self.enforcement
    }

    /// The severity of a diagnostic whose check chose `severity`; `None` when the code is off.
    #[must_use]
    pub fn of(&self, code: Code, severity: Severity) -> Option<Severity> {
        match self.levels.get(&code) {
            None => Some(severity),
            Some(Level::At(set)) => Some(*set),
            Some(Level::Off) => None,
        }
    }
}

/// The stable name of a kind of fault. Names are never reused and never renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// Nothing is left of the alias after trimming.
    AliasKeyEmpty,
    /// Nothing is left of the target after trimming.
    AliasTargetEmpty,
    /// The alias has control characters, inner line breaks, surrounding blanks that are not normalized, or over 256 characters.
    AliasKeyInvalid,
    /// The target is no string, has control characters or inner line breaks, or over 256 characters.
    AliasTargetInvalid,
    /// What was written is stored as something else.
    AliasNormalized,
    /// Two aliases become one after normalization.
    AliasDuplicate,
    /// Aliases differ only by case.
    AliasCaseCollision,
    /// No id of that provider can have this form.
    AliasTargetMalformed,
    /// Not listed, and a slip away from ids that are.
    AliasTargetMisspelt,
    /// Not listed, but it may be newer than the catalog.
    AliasTargetUnknown,
    /// An id, or the form of an id, of another provider.
    AliasTargetWrongProvider,
    /// The provider has announced the end of this model.
    AliasTargetDeprecated,
    /// The provider has switched this model off.
    AliasTargetRetired,
    /// A catalog of the admin denies this model.
    AliasTargetDenied,
    /// No route that reaches the alias can use a model of this kind.
    AliasTargetMode,
    /// The target has a `*`, which is sent as it is.
    AliasTargetWildcard,
    /// No catalog speaks for the place that the target goes to.
    AliasTargetUnchecked,
    /// Alias and target are equal, so the entry does nothing.
    AliasSelf,
    /// The target is itself an alias, and only one hop is made.
    AliasChain,
    /// Aliases lead back to themselves.
    AliasCycle,
    /// The alias is a real model id of the provider and leads elsewhere.
    AliasShadowsModel,
    /// Two wildcards of equal length match the same name and lead to different targets.
    AliasAmbiguous,
    /// No request can reach the alias.
    AliasUnreachable,
    /// The alias matches every name.
    AliasCatchAll,
    /// The target is not right at every provider that the map applies to.
    AliasNotEverywhere,
    /// A stronger map replaces this one whole.
    AliasesHidden,
    /// Two policies set aliases on one target, and the winner is random.
    AliasesConflict,
    /// No route of the backend applies aliases.
    AliasesUnused,
    /// A pinned model that the catalog does not know.
    ProviderModelUnknown,
    /// The same provider name stands in two groups.
    ProviderNameDuplicate,
    /// An endpoint or host with a scheme or a path.
    ProviderEndpointInvalid,
    /// The catalog that spoke is older than its limit.
    CatalogStale,
    /// The object does not fit the schema of its CRD.
    SchemaInvalid,
    /// The annotation that allows codes names one that there is not.
    AllowUnknown,
    /// A ModelCatalog that cannot be read, or a field of it that means nothing.
    CatalogInvalid,
    /// Two ModelCatalogs disagree where both speak.
    CatalogConflict,
    /// A field that the schema of the CRD does not have.
    SchemaUnknownField,
    /// A CEL rule of the CRD does not hold.
    SchemaRule,
    /// A CEL rule, or a whole schema, that could not be checked.
    SchemaRuleUnchecked,
}

/// A code, its name, its severity where neither the check nor the admin chose another, and when it is reported.
type Row = (Code, &'static str, Severity, &'static str);

/// One row a code, in the order of the enum.
#[rustfmt::skip]
const CODES: &[Row] = &[
    (Code::AliasKeyEmpty, "alias-key-empty", Severity::Error, "nothing is left of the alias after trimming"),
    (Code::AliasTargetEmpty, "alias-target-empty", Severity::Error, "nothing is left of the target after trimming"),
    (Code::AliasKeyInvalid, "alias-key-invalid", Severity::Error, "the alias has control characters, inner line breaks, surrounding blanks that are not normalized, or over 256 characters"),
    (Code::AliasTargetInvalid, "alias-target-invalid", Severity::Error, "the target is no string, has control characters or inner line breaks, or over 256 characters"),
    (Code::AliasNormalized, "alias-normalized", Severity::Warning, "what was written is stored as something else"),
    (Code::AliasDuplicate, "alias-duplicate", Severity::Error, "two aliases become one after normalization"),
    (Code::AliasCaseCollision, "alias-case-collision", Severity::Warning, "aliases differ only by case"),
    (Code::AliasTargetMalformed, "alias-target-malformed", Severity::Error, "no id of that provider can have this form"),
    (Code::AliasTargetMisspelt, "alias-target-misspelt", Severity::Error, "not listed, and a slip away from ids that are"),
    (Code::AliasTargetUnknown, "alias-target-unknown", Severity::Warning, "not listed, but it may be newer than the catalog"),
    (Code::AliasTargetWrongProvider, "alias-target-wrong-provider", Severity::Error, "an id, or the form of an id, of another provider"),
    (Code::AliasTargetDeprecated, "alias-target-deprecated", Severity::Warning, "the provider has announced the end of this model"),
    (Code::AliasTargetRetired, "alias-target-retired", Severity::Warning, "the provider has switched this model off"),
    (Code::AliasTargetDenied, "alias-target-denied", Severity::Error, "a catalog of the admin denies this model"),
    (Code::AliasTargetMode, "alias-target-mode", Severity::Warning, "no route that reaches the alias can use a model of this kind"),
    (Code::AliasTargetWildcard, "alias-target-wildcard", Severity::Error, "the target has a `*`, which is sent as it is"),
    (Code::AliasTargetUnchecked, "alias-target-unchecked", Severity::Note, "no catalog speaks for the place that the target goes to"),
    (Code::AliasSelf, "alias-self", Severity::Warning, "alias and target are equal, so the entry does nothing"),
    (Code::AliasChain, "alias-chain", Severity::Warning, "the target is itself an alias, and only one hop is made"),
    (Code::AliasCycle, "alias-cycle", Severity::Warning, "aliases lead back to themselves"),
    (Code::AliasShadowsModel, "alias-shadows-model", Severity::Warning, "the alias is a real model id of the provider and leads elsewhere"),
    (Code::AliasAmbiguous, "alias-ambiguous", Severity::Error, "two wildcards of equal length match the same name and lead to different targets"),
    (Code::AliasUnreachable, "alias-unreachable", Severity::Warning, "no request can reach the alias"),
    (Code::AliasCatchAll, "alias-catch-all", Severity::Warning, "the alias matches every name"),
    (Code::AliasNotEverywhere, "alias-not-everywhere", Severity::Warning, "the target is not right at every provider that the map applies to"),
    (Code::AliasesHidden, "aliases-hidden", Severity::Warning, "a stronger map replaces this one whole"),
    (Code::AliasesConflict, "aliases-conflict", Severity::Warning, "two policies set aliases on one target, and the winner is random"),
    (Code::AliasesUnused, "aliases-unused", Severity::Warning, "no route of the backend applies aliases"),
    (Code::ProviderModelUnknown, "provider-model-unknown", Severity::Warning, "a pinned model that the catalog does not know"),
    (Code::ProviderNameDuplicate, "provider-name-duplicate", Severity::Error, "the same provider name stands in two groups"),
    (Code::ProviderEndpointInvalid, "provider-endpoint-invalid", Severity::Warning, "an endpoint or host with a scheme or a path"),
    (Code::CatalogStale, "catalog-stale", Severity::Note, "the catalog that spoke is older than its limit"),
    (Code::SchemaInvalid, "schema-invalid", Severity::Error, "the object does not fit the schema of its CRD"),
    (Code::AllowUnknown, "allow-unknown", Severity::Warning, "the annotation that allows codes names one that there is not"),
    (Code::CatalogInvalid, "catalog-invalid", Severity::Error, "a ModelCatalog cannot be read; a warning for a field that means nothing"),
    (Code::CatalogConflict, "catalog-conflict", Severity::Warning, "two ModelCatalogs disagree where both speak"),
    (Code::SchemaUnknownField, "schema-unknown-field", Severity::Error, "the schema of the CRD has no such field"),
    (Code::SchemaRule, "schema-rule", Severity::Error, "a CEL rule of the CRD does not hold"),
    (Code::SchemaRuleUnchecked, "schema-rule-unchecked", Severity::Warning, "a CEL rule or a schema could not be checked"),
];

impl Code {
    /// Every code, in the order of the documentation.
    pub fn all() -> impl Iterator<Item = Self> {
        CODES.iter().map(|row| row.0)
    }

    /// The kebab-case name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        CODES[self as usize].1
    }

    /// The severity where neither the check nor the admin chose another.
    #[must_use]
    pub const fn severity(self) -> Severity {
        CODES[self as usize].2
    }

    /// When the code is reported, as a phrase.
    #[must_use]
    pub const fn when(self) -> &'static str {
        CODES[self as usize].3
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Code {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::all().find(|code| code.as_str() == text).ok_or_else(|| {
            let all: Vec<_> = Self::all().map(Self::as_str).collect();
            format!("unknown code \"{text}\"; the codes are {}", all.join(", "))
        })
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A place in another object, or elsewhere in the same one, that a diagnostic speaks of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Related {
    /// `Kind namespace/name` of the object.
    pub object: String,
    /// RFC 6901 pointer into that object.
    pub pointer: String,
}

/// One fault of one resource.
///
/// `message` is a whole sentence that begins with the quoted value where there is one, in one of two forms:
/// `"gpt-4" was retired by openai on 2026-10-23` or `"gpt-44": openai has no such model`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// What kind of fault.
    pub code: Code,
    /// How much it weighs.
    pub severity: Severity,
    /// RFC 6901 pointer to the value in the resource.
    pub pointer: String,
    /// The value that is wrong, where it is a string.
    pub value: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
    /// Up to three values that are right, best first.
    pub suggestions: Vec<String>,
    /// Other places that the fault involves.
    pub related: Vec<Related>,
    /// Why it weighs less than it would: an exemption, as a clause.
    pub lowered: Option<String>,
}

impl Diagnostic {
    /// A diagnostic of the code's default severity, without suggestions.
    #[must_use]
    pub fn new(
        code: Code,
        pointer: impl Into<String>,
        value: Option<&str>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            code,
            severity: code.severity(),
            pointer: pointer.into(),
            value: value.map(str::to_owned),
            message: message.into(),
            help: String::new(),
            suggestions: Vec::new(),
            related: Vec::new(),
            lowered: None,
        }
    }

    /// The same with a help text.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// The message and, where there are suggestions, the question "did you mean".
    #[must_use]
    pub fn sentence(&self) -> String {
        ask(&self.message, &self.suggestions)
    }

    /// The sentence without the quoted value at its head, for places that print the value themselves.
    #[must_use]
    pub fn detail(&self) -> String {
        let sentence = self.sentence();
        let head = self.value.as_deref().map(quote).unwrap_or_default();
        match sentence.strip_prefix(&head) {
            Some(rest) if !head.is_empty() => rest.trim_start_matches(':').trim_start().to_owned(),
            _ => sentence,
        }
    }

    /// One line for people: path, sentence, code and exemption.
    #[must_use]
    pub fn line(&self) -> String {
        let path = pointer::field_path(&self.pointer);
        let lowered = self.lowered.as_ref().map(|why| format!(", {why}"));
        format!(
            "{path}: {} [{}{}]",
            self.sentence(),
            self.code,
            lowered.unwrap_or_default()
        )
    }
}

/// `message` and, where there are `suggestions`, the question "did you mean".
pub(super) fn ask(message: &str, suggestions: &[String]) -> String {
    let mut sentence = message.to_owned();
    if let Some((last, rest)) = suggestions.split_last() {
        sentence.push_str("; did you mean ");
        for (at, suggestion) in rest.iter().enumerate() {
            sentence.push_str(if at == 0 { "" } else { ", " });
            sentence.push_str(&quote(suggestion));
        }
        sentence.push_str(if rest.is_empty() { "" } else { " or " });
        sentence.push_str(&quote(last));
        sentence.push('?');
    }
    sentence
}

/// `text` in double quotes, cut at 80 characters, with control and invisible characters made visible.
///
/// ```
/// use aliasgate::engine::diagnostic::quote;
/// assert_eq!(quote("a\tb"), r#""a\tb""#);
/// ```
#[must_use]
pub fn quote(text: &str) -> String {
    const MOST: usize = 80; // characters
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for (at, c) in text.chars().enumerate() {
        if at == MOST {
            out.push('…');
            break;
        }
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || is_invisible(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Characters that have no width or that change the direction of text: nobody sees that they are there.
#[must_use]
pub const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_the_enum() {
        for (at, row) in CODES.iter().enumerate() {
            assert_eq!(row.0 as usize, at, "{}", row.1);
        }
    }

    #[test]
    fn detail_drops_the_value_in_both_forms() {
        let mut fault = Diagnostic::new(
            Code::AliasTargetMisspelt,
            "/a",
            Some("x"),
            "\"x\": openai has no such model",
        );
        fault.suggestions = vec!["y".into(), "z".into()];
        assert_eq!(
            fault.detail(),
            "openai has no such model; did you mean \"y\" or \"z\"?"
        );
        fault.message = "\"x\" was retired".into();
        fault.suggestions.clear();
        assert_eq!(fault.detail(), "was retired");
    }
}
