//! The judgement of one id: from what is certain to what is likely.

use super::{
    Catalog, Catalogs, Ground, Judgement, Model, Provider,
    brand::{self, World},
    form::{self, Form},
    prefix, slip,
};
use crate::engine::{
    Date,
    diagnostic::quote,
    suggest::{Spelling, VENDORS, fold},
};

/// Longest id that is compared with others; Bedrock's ARNs are the longest of all ids.
const MAX_ID: usize = 2_048; // bytes
/// Days before its retirement from which on a model is called deprecated, where no admin says otherwise.
pub(super) const NOTICE: i32 = 90; // days

/// Judges `id` at `ground` as of `today`.
///
/// The same id gives the same judgement, whatever was asked before; nothing panics on any text.
///
/// ```
/// use aliasgate::engine::{Catalogs, Code, Provider, catalog::{Ground, judge}};
/// let today = "2026-01-01".parse().unwrap();
/// let catalogs = Catalogs::from_ids("openai\tgpt-4-turbo", today).unwrap();
/// let openai = Ground { provider: Provider::OpenAi, region: None };
/// assert_eq!(judge(&catalogs, &openai, "gpt-4-turbo", today).code, None);
/// let wrong = judge(&catalogs, &openai, "gpt-4-turbbo", today);
/// assert_eq!(wrong.code, Some(Code::AliasTargetMisspelt));
/// assert_eq!(wrong.suggestions, ["gpt-4-turbo"]);
/// ```
#[must_use]
pub fn judge(catalogs: &Catalogs, ground: &Ground, id: &str, today: Date) -> Judgement {
    Case {
        catalogs,
        ground,
        catalog: catalogs.of(ground.provider),
        id,
        today,
        notice: NOTICE,
    }
    .judge()
}

/// An id at a place, as it was written.
pub(super) struct Case<'a> {
    pub(super) catalogs: &'a Catalogs,
    pub(super) ground: &'a Ground,
    pub(super) catalog: Option<&'a Catalog>,
    pub(super) id: &'a str,
    pub(super) today: Date,
    /// Days before its retirement from which on a model is called deprecated.
    pub(super) notice: i32,
}

impl Case<'_> {
    pub(super) fn provider(&self) -> Provider {
        self.ground.provider
    }

    pub(super) fn judge(&self) -> Judgement {
        let default = self
            .id
            .strip_suffix("@default")
            .filter(|_| self.provider() == Provider::VertexAi);
        if let Some(judgement) = self.listed(self.id).or_else(|| self.listed(default?)) {
            return judgement;
        }
        if self.id.is_empty() {
            return self.empty();
        }
        if self.id.contains('*') {
            return self.wildcard();
        }
        if self.id.len() > MAX_ID {
            return self.malformed(&format!("is longer than any id of {}", self.provider()), "");
        }
        if let Some(what) = form::defect(self.id) {
            return self.malformed(&format!("has {what}"), &fold(self.id));
        }
        match form::read(self.provider(), self.id) {
            Form::Plain => self.plain(self.id),
            Form::Same { id, redundant } => self.same(&id, redundant),
            Form::Tuned { base } => self.tuned(base),
            Form::Opaque(what) => self.unchecked(&format!("is {what}, which no catalog lists")),
            Form::Broken { rule, about } => self.malformed(&self.rule(rule), about),
        }
    }

    /// The verdict on `id` where the catalog lists exactly that.
    fn listed(&self, id: &str) -> Option<Judgement> {
        let catalog = self.catalog?;
        catalog.get(id).map(|model| self.known(catalog, model))
    }

    fn lists(&self, id: &str) -> bool {
        self.catalog.is_some_and(|catalog| catalog.get(id).is_some())
    }

    fn rule(&self, rule: &str) -> String {
        format!("is no id of {}: {rule}", self.provider())
    }

    /// Another form of `id` that the provider accepts.
    fn same(&self, id: &str, redundant: bool) -> Judgement {
        match self.listed(id) {
            Some(judgement) => {
                let repair = (redundant && self.provider().is_closed()).then(|| id.to_owned());
                Judgement { repair, ..judgement }
            }
            None => self.plain(id),
        }
    }

    /// A fine-tuned model: it ends with its base, and is wrong where its base is.
    fn tuned(&self, base: &str) -> Judgement {
        let judgement = self.listed(base).unwrap_or_else(|| self.plain(base));
        let certain = judgement.code.is_some_and(|code| {
            use crate::engine::Code::{AliasTargetUnchecked, AliasTargetUnknown};
            !matches!(code, AliasTargetUnchecked | AliasTargetUnknown)
        });
        if certain {
            let whole = |id: &String| self.id.replacen(base, id, 1);
            let suggestions = judgement.suggestions.iter().map(whole).collect();
            return Judgement {
                suggestions,
                repair: None,
                ..judgement
            };
        }
        Judgement {
            model: judgement.model,
            ..self.unchecked("is a fine-tuned model, which no catalog lists")
        }
    }

    /// `id`, which is not listed and of plain form.
    fn plain(&self, id: &str) -> Judgement {
        let certain = self
            .other_case(id)
            .or_else(|| self.shaped(id))
            .or_else(|| self.prefixed(id));
        if let Some(judgement) = certain.or_else(|| self.foreign(id)) {
            return judgement;
        }
        let provider = self.provider();
        let Some(catalog) = self.catalog else {
            return self.unchecked(&format!("is not checked: there is no catalog of {provider}"));
        };
        if let Some(rule) = form::broken(provider, id) {
            return self.malformed(&self.rule(rule), id);
        }
        let spelling = Spelling::new(id);
        let evidence = slip::find(&self.query(catalog, id, &spelling));
        if provider.world() == World::Named && !catalog.complete {
            return self.named(catalog, &spelling, evidence.as_deref());
        }
        // What is far from all listed ids may be anything, but no slip.
        let misspelt = evidence.and_then(|evidence| self.misspelt(catalog, &spelling, &evidence));
        misspelt.unwrap_or_else(|| self.unknown(catalog, &spelling))
    }

    /// The same but for the case of letters, or upper case where no id has any.
    fn other_case(&self, id: &str) -> Option<Judgement> {
        let (catalog, provider) = (self.catalog?, self.provider());
        let upper = id.bytes().any(|byte| byte.is_ascii_uppercase());
        if provider.world() == World::Named || !upper && provider.is_closed() {
            return None;
        }
        let mut alike = catalog.models().filter(|model| model.id.eq_ignore_ascii_case(id));
        let Some(Model { id: right, .. }) = alike.next() else {
            let plain = !id.contains(['/', ':']) && provider != Provider::VertexAi;
            let never = provider.is_closed() && plain;
            return never
                .then(|| self.malformed("has upper case, which ids of this provider never have", &fold(id)));
        };
        let judgement = self.malformed(
            &format!("is {} in the catalog: ids are case-sensitive", quote(right)),
            right,
        );
        let safe = provider.is_closed() && id == self.id && alike.next().is_none();
        Some(Judgement {
            repair: safe.then(|| right.to_string()),
            ..judgement
        })
    }

    /// A prefix that the provider does not know.
    fn prefixed(&self, id: &str) -> Option<Judgement> {
        let provider = self.provider();
        let prefix = prefix::of(provider, id)?;
        let known = self.lists(prefix.rest);
        let own = prefix.names == Some(provider);
        if provider.world() == World::Host && !known && !(own && prefix.rest.contains('/')) {
            return None;
        }
        let other = prefix.names.filter(|_| !known && !own);
        let lists = |other: &Provider| {
            self.catalogs
                .of(*other)
                .is_some_and(|catalog| catalog.get(prefix.rest).is_some())
        };
        if let Some(other) = other.filter(lists) {
            return Some(self.wrong_provider(other, prefix.rest));
        }
        let what = format!(
            "begins with {}, which {provider} does not know",
            quote(prefix.text)
        );
        let rest = match form::read(provider, prefix.rest) {
            Form::Same { id, .. } if !known && self.lists(&id) => id,
            _ => prefix.rest.to_owned(),
        };
        let safe = known && own && provider.is_closed() && id == self.id;
        Some(Judgement {
            repair: safe.then(|| rest.clone()),
            ..self.malformed(&what, &rest)
        })
    }

    /// The form of an id of another provider.
    fn shaped(&self, id: &str) -> Option<Judgement> {
        let other = shape(id).filter(|other| *other != self.provider() && self.provider().is_closed())?;
        Some(self.wrong_provider(other, id))
    }

    /// An id of another provider.
    fn foreign(&self, id: &str) -> Option<Judgement> {
        let provider = self.provider();
        if !provider.is_closed() {
            return None;
        }
        let spelling = Spelling::new(id);
        let head = spelling.tokens().next().unwrap_or_default();
        let maker = brand::maker_of(head);
        if provider.world() == World::Cloud {
            use Provider::{Cohere, DeepSeek, OpenAi, Xai};
            let free = match provider {
                Provider::Bedrock => id.contains('.'),
                _ => id.contains('/') || !matches!(maker, Some(OpenAi | Xai | Cohere | DeepSeek)),
            };
            return maker
                .filter(|_| !free)
                .map(|maker| self.wrong_provider(maker, id));
        }
        if maker == Some(provider) || self.carries(head) {
            return None;
        }
        if let Some(other) = maker {
            return Some(self.wrong_provider(other, id));
        }
        // The clouds of a maker may list its models before its own catalog does.
        let apart = |catalog: &&Catalog| !matches!(catalog.provider, Provider::Azure | Provider::VertexAi);
        let elsewhere = self
            .catalogs
            .iter()
            .filter(apart)
            .find(|catalog| catalog.get(id).is_some());
        elsewhere.map(|catalog| self.wrong_provider(catalog.provider, id))
    }

    /// Whether a listed id begins with `head`.
    fn carries(&self, head: &str) -> bool {
        let Some(index) = self.catalog.map(Catalog::index) else {
            return false;
        };
        let Some(word) = index.word(head) else {
            return false;
        };
        (0..index.len()).any(|row| index.core_tokens(row).first() == Some(&word))
    }
}

/// The provider whose form `id` has, apart from plain ids.
fn shape(id: &str) -> Option<Provider> {
    if id.starts_with("arn:aws") {
        return Some(Provider::Bedrock);
    }
    if id.starts_with("publishers/")
        || id.starts_with("projects/")
        || id.starts_with("claude-") && id.contains('@')
    {
        return Some(Provider::VertexAi);
    }
    if id.starts_with("accounts/") {
        return Some(Provider::Fireworks);
    }
    if id.starts_with("ft:gpt") {
        return Some(Provider::OpenAi);
    }
    let dotted = id.rsplit('.').skip(1).any(|part| VENDORS.contains(&part));
    dotted.then_some(Provider::Bedrock)
}
