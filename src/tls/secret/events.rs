//! Events on the Secret. Their names follow from what they tell, so that the same is told once, whoever tells it.

use std::fmt::Write as _;

use k8s_openapi::jiff::Timestamp;
use k8s_openapi::{
    api::{core::v1::ObjectReference, events::v1::Event},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
};
use kube::{Api, Client, api::PostParams};
use tracing::debug;

use super::{
    api::{Error, request},
    plan::{Leaf, Why},
    replica::{Deed, Settings},
};

/// Who tells it.
const CONTROLLER: &str = "aliasgate.dev/webhook";
/// Longest part of an Event's name that is taken from the Secret's, in bytes.
const MAX_PREFIX: usize = 190;
/// Longest note, in characters; Kubernetes takes 1024 bytes.
const MAX_NOTE: usize = 500;
/// Bytes of an identifier that an Event's name and a log line show.
const SHOWN: usize = 8;

/// What can be told of the Secret.
pub(super) struct Notice {
    /// In the name of the Event.
    about: String,
    reason: &'static str,
    action: &'static str,
    note: String,
    warning: bool,
}

impl Notice {
    /// That `deed` was done; `None` where that is nothing to admins.
    pub(super) fn of(deed: &Deed) -> Option<Self> {
        match deed {
            Deed::Kept => None,
            Deed::Announced { why, authority } => Some(Self {
                about: format!("ca-{}", short(&authority.key_id)),
                reason: "CAAnnounced",
                action: "Announce",
                note: format!(
                    "a new CA is added to ca.crt and to every caBundle: {}; it holds until {}",
                    reason(*why),
                    date(authority.not_after)
                ),
                warning: false,
            }),
            Deed::Issued { why, leaf } => Some(Self {
                about: format!("certificate-{}", short(&leaf.serial)),
                reason: "CertificateRenewed",
                action: "Renew",
                note: format!(
                    "a new certificate for {} is in tls.crt: {}; it holds until {}",
                    leaf.names.join(", "),
                    reason(*why),
                    date(leaf.not_after)
                ),
                warning: false,
            }),
        }
    }

    /// That `leaf` cannot be renewed.
    pub(super) fn expiring(leaf: &Leaf, problem: &str) -> Self {
        Self {
            about: format!("expiring-{}", short(&leaf.serial)),
            reason: "CertificateExpiring",
            action: "Renew",
            note: format!(
                "the certificate expires at {} and cannot be renewed: {problem}",
                date(leaf.not_after)
            ),
            warning: true,
        }
    }
}

/// Where Events are written.
pub(super) struct Events {
    api: Api<Event>,
    namespace: String,
    secret: String,
}

impl Events {
    pub(super) fn new(client: Client, settings: &Settings) -> Self {
        Self {
            api: Api::namespaced(client, &settings.namespace),
            namespace: settings.namespace.clone(),
            secret: settings.name.clone(),
        }
    }

    /// Tells `notice` of the Secret with this `uid`. That nobody hears it is no failure.
    pub(super) async fn tell(&self, notice: &Notice, uid: Option<String>) {
        let event = self.event(notice, uid);
        match request(
            "write an Event".to_owned(),
            self.api.create(&PostParams::default(), &event),
        )
        .await
        {
            Ok(_) | Err(Error::Conflict) => {}
            Err(cause) => debug!(%cause, "an Event is left out"),
        }
    }

    fn event(&self, notice: &Notice, uid: Option<String>) -> Event {
        let text = |text: &str| Some(text.to_owned());
        Event {
            metadata: ObjectMeta {
                name: Some(format!("{:.MAX_PREFIX$}.{}", self.secret, notice.about)),
                namespace: Some(self.namespace.clone()),
                ..ObjectMeta::default()
            },
            action: text(notice.action),
            event_time: Some(MicroTime(Timestamp::now())),
            note: Some(notice.note.chars().take(MAX_NOTE).collect()),
            reason: text(notice.reason),
            regarding: Some(ObjectReference {
                api_version: text("v1"),
                kind: text("Secret"),
                name: text(&self.secret),
                namespace: text(&self.namespace),
                uid,
                ..ObjectReference::default()
            }),
            reporting_controller: text(CONTROLLER),
            reporting_instance: text(CONTROLLER),
            type_: text(if notice.warning { "Warning" } else { "Normal" }),
            ..Event::default()
        }
    }
}

/// Why it was made, in words.
pub(super) const fn reason(why: Why) -> &'static str {
    match why {
        Why::Missing => "there was none that can be used",
        Why::Due => "two thirds of the last one's life are over",
        Why::Asked => "the annotation asked for it",
        Why::Names => "the last one lacked a name",
        Why::NewAuthority => "the last one was of an older CA",
        Why::Ahead => "the last one might have expired while a new CA is announced",
    }
}

/// A moment in Unix seconds as people write it.
pub(super) fn date(unix: i64) -> String {
    Timestamp::from_second(unix).map_or_else(|_| "the end of time".to_owned(), |moment| moment.to_string())
}

/// The first bytes of an identifier, in hexadecimal.
pub(super) fn short(id: &[u8]) -> String {
    id.iter().take(SHOWN).fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}
