//! What a catalog knows about one model.

use std::borrow::Cow;

use crate::engine::Date;

/// Text of a catalog: borrowed where it is embedded in the program, owned where it was read from elsewhere.
pub type Text = Cow<'static, str>;

/// Where a model stands in its life, apart from what its date of retirement says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// On offer.
    #[default]
    Active,
    /// On offer, and not yet for good.
    Preview,
    /// The provider has announced its end.
    Deprecated,
    /// The sources that listed it have dropped it, and nothing says when or whether it was switched off.
    Historical,
    /// Switched off, as of the catalog.
    Retired,
}

/// How well a row is attested.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// One source, or old ones only: never suggested first.
    Low,
    /// Two sources, or one that is usually right.
    #[default]
    Medium,
    /// The provider itself, or three sources.
    High,
}

/// What a catalog knows about one model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Model {
    /// The id.
    pub id: Text,
    /// The snapshot that a floating id leads to.
    pub resolves_to: Option<Text>,
    /// What the model does, in the words of the catalog (`chat`, `responses`, `completion`, `embedding`, `image`,
    /// `transcription`, `speech`, `realtime`, `video`, `rerank`, `moderation`, `ocr`, `other`); `None` when not known.
    pub mode: Option<Text>,
    /// When it is switched off.
    pub retires: Option<Date>,
    /// Where it stands apart from that date.
    pub state: State,
    /// The model that takes its place, where the provider names one.
    pub successor: Option<Text>,
    /// How well the row is attested.
    pub confidence: Confidence,
}

impl Model {
    /// A model of which nothing is known but that it is there.
    #[must_use]
    pub fn bare(id: impl Into<Text>) -> Self {
        Self {
            id: id.into(),
            ..Self::default()
        }
    }

    /// Whether it is switched off on `today`; a date speaks before the state.
    #[must_use]
    pub fn is_retired(&self, today: Date) -> bool {
        self.retires
            .map_or(self.state == State::Retired, |date| date <= today)
    }

    /// 0 on offer, 1 on its way out, 2 switched off: the order in which equals are suggested.
    pub(crate) fn age(&self, today: Date) -> u8 {
        match self.state {
            _ if self.is_retired(today) => 2,
            State::Historical => 2,
            State::Deprecated => 1,
            State::Active | State::Preview | State::Retired => 0,
        }
    }
}
