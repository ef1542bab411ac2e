//! The page that stands while the browser's own dialogs are open, and the page that meets those who come back.

use askama::Template;
use domain::{Language, Localized};

use super::frame::{Frame, PostForm, ReturnPath, Shell, sample_service};
use super::text::{Fill, Text, Vocabulary, vocabulary};
use super::{Page, PageError};

/// Leads to the certificate door. The browser shows it until the door answers, that is, while the person chooses
/// the certificate and types the PIN.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WaitingPage {
    /// Around the page.
    pub frame: Frame,
    /// Which service asks.
    pub service_name: Localized,
    /// The door's address for this attempt, absolute.
    pub door_url: String,
    /// Shows the [`WaitingRetryPage`] of the same transaction (GET).
    pub restart_url: String,
}

#[derive(Template)]
#[template(path = "waiting.html")]
struct WaitingView<'a> {
    shell: Shell<'a>,
    t: &'static Vocabulary,
    page: &'a WaitingPage,
    service: &'a str,
    troubles: [Trouble; 5],
}

struct Trouble {
    title: Text,
    advice: &'static [&'static str],
}

impl Page for WaitingPage {
    const NAME: &'static str = "waiting";

    fn render(&self, language: Language) -> Result<String, PageError> {
        let t = vocabulary(language);
        let w = &t.waiting;
        let view = WaitingView {
            shell: Shell {
                language,
                frame: &self.frame,
            },
            t,
            page: self,
            service: self.service_name.get(language),
            troubles: [
                Trouble {
                    title: w.no_dialog,
                    advice: w.no_dialog_list,
                },
                Trouble {
                    title: w.wrong_pin,
                    advice: w.wrong_pin_list,
                },
                Trouble {
                    title: w.reader,
                    advice: w.reader_list,
                },
                Trouble {
                    title: w.password,
                    advice: w.password_list,
                },
                Trouble {
                    title: w.cancelled,
                    advice: w.cancelled_list,
                },
            ],
        };
        Ok(view.render()?)
    }

    fn samples() -> Vec<(&'static str, Self)> {
        vec![(
            "open",
            Self {
                frame: Frame::sample(),
                service_name: sample_service(),
                door_url: "https://a1b2c3d4.card.idp.example/door?h=0123456789abcdef".to_owned(),
                restart_url: "/sign-in/again".to_owned(),
            },
        )]
    }
}

/// What the door last saw of an attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DoorSighting {
    /// A connection whose handshake did not complete.
    HandshakeNotCompleted,
    /// A completed handshake without a certificate.
    NoCertificate,
    /// No connection at all.
    Nothing,
}

/// Meets a person who comes back after an attempt that did not complete.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WaitingRetryPage {
    /// Around the page.
    pub frame: Frame,
    /// Which service asks.
    pub service_name: Localized,
    /// Begins a fresh attempt; sends [`super::fields::FAMILY`].
    pub attempt: PostForm,
    /// Back to the service without signing in.
    pub cancel: Option<ReturnPath>,
    /// What the door saw, where that is known.
    pub sighting: Option<DoorSighting>,
}

#[derive(Template)]
#[template(path = "waiting_retry.html")]
struct RetryView<'a> {
    shell: Shell<'a>,
    t: &'static Vocabulary,
    page: &'a WaitingRetryPage,
    service: &'a str,
    cause: Text,
}

impl Page for WaitingRetryPage {
    const NAME: &'static str = "waiting-retry";

    fn render(&self, language: Language) -> Result<String, PageError> {
        let t = vocabulary(language);
        let view = RetryView {
            shell: Shell {
                language,
                frame: &self.frame,
            },
            t,
            page: self,
            service: self.service_name.get(language),
            cause: match self.sighting {
                Some(DoorSighting::HandshakeNotCompleted) => t.retry.handshake_not_completed,
                Some(DoorSighting::NoCertificate) => t.retry.no_certificate,
                Some(DoorSighting::Nothing) => t.retry.nothing_seen,
                None => t.retry.unknown,
            },
        };
        Ok(view.render()?)
    }

    fn samples() -> Vec<(&'static str, Self)> {
        let sample = |sighting| Self {
            frame: Frame::sample(),
            service_name: sample_service(),
            attempt: PostForm::sample("/sign-in/attempt"),
            cancel: Some(ReturnPath::Form(PostForm::sample("/sign-in/cancel"))),
            sighting,
        };
        vec![
            ("unknown", sample(None)),
            ("handshake", sample(Some(DoorSighting::HandshakeNotCompleted))),
            ("no-certificate", sample(Some(DoorSighting::NoCertificate))),
            (
                "nothing",
                Self {
                    cancel: None,
                    ..sample(Some(DoorSighting::Nothing))
                },
            ),
        ]
    }
}
