//! Before and after logout.

use askama::Template;
use domain::{Language, Localized};

use super::frame::{Frame, PostForm, Shell, sample_service};
use super::text::{Fill, SignedOutTexts, Text, Vocabulary, vocabulary};
use super::{Page, PageError};

/// Asks whether to sign out, when no valid hint shows that the request came from where the person signed in
/// (OpenID Connect RP-Initiated Logout 1.0 section 2).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogoutConfirmPage {
    /// Around the page.
    pub frame: Frame,
    /// The service that asks, where it is known.
    pub service_name: Option<Localized>,
    /// Signs out.
    pub confirm: PostForm,
    /// Further hidden fields of the form (`client_id`, `state`, …).
    pub fields: Vec<(String, String)>,
    /// Where "no" leads.
    pub stay_url: String,
}

#[derive(Template)]
#[template(path = "logout_confirm.html")]
struct ConfirmView<'a> {
    shell: Shell<'a>,
    t: &'static Vocabulary,
    page: &'a LogoutConfirmPage,
    service: Option<&'a str>,
}

impl Page for LogoutConfirmPage {
    const NAME: &'static str = "logout-confirm";

    fn render(&self, language: Language) -> Result<String, PageError> {
        let view = ConfirmView {
            shell: Shell {
                language,
                frame: &self.frame,
            },
            t: vocabulary(language),
            page: self,
            service: self.service_name.as_ref().map(|name| name.get(language)),
        };
        Ok(view.render()?)
    }

    fn samples() -> Vec<(&'static str, Self)> {
        let sample = |service_name| Self {
            frame: Frame::sample(),
            service_name,
            confirm: PostForm::sample("/logout"),
            fields: vec![("state".to_owned(), "af0ifjsldkj".to_owned())],
            stay_url: "/account".to_owned(),
        };
        vec![
            ("unknown", sample(None)),
            ("service", sample(Some(sample_service()))),
        ]
    }
}

/// What is known about one service after a logout.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum ServiceOutcome {
    /// It ended its session.
    SignedOut,
    /// The browser asks it; its answer cannot be seen.
    AskedByBrowser,
    /// It can only be told through this browser, which is still to be sent there.
    Next,
    /// The browser was sent there, and no answer came.
    Unanswered,
    /// It could not be reached yet, and is tried again.
    Waiting,
    /// It answered that it did not sign the person out.
    Refused,
    /// It could not be reached.
    NotReached,
    /// There is no way to tell it.
    Impossible,
}

/// One service of the page after a logout.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServiceRow {
    /// Its name.
    pub name: Localized,
    /// What is known.
    pub outcome: ServiceOutcome,
}

/// After logout or after the last session was ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedOutPage {
    /// Around the page.
    pub frame: Frame,
    /// Every service that was used in what ended.
    pub services: Vec<ServiceRow>,
    /// Checked addresses that the browser is made to load (OpenID Connect Front-Channel Logout 1.0).
    pub frames: Vec<String>,
    /// Where the person is led through the services that only the browser reaches.
    pub next_url: Option<String>,
    /// The service to which `return_url` leads.
    pub service_name: Option<Localized>,
    /// A checked address of the service, or one of ours that answers it.
    pub return_url: Option<String>,
}

#[derive(Template)]
#[template(path = "signed_out.html")]
struct SignedOutView<'a> {
    shell: Shell<'a>,
    t: &'static Vocabulary,
    page: &'a SignedOutPage,
    service: Option<&'a str>,
    /// Name, what is known, and whether that is good.
    rows: Vec<(&'a str, Text, bool)>,
    title: Text,
    lead: Text,
    complete: bool,
}

impl Page for SignedOutPage {
    const NAME: &'static str = "signed-out";

    fn render(&self, language: Language) -> Result<String, PageError> {
        let t = vocabulary(language);
        let words = &t.signed_out;
        let complete = self
            .services
            .iter()
            .all(|row| row.outcome == ServiceOutcome::SignedOut);
        let view = SignedOutView {
            shell: Shell {
                language,
                frame: &self.frame,
            },
            t,
            page: self,
            service: self.service_name.as_ref().map(|name| name.get(language)),
            rows: self
                .services
                .iter()
                .map(|row| {
                    let good = row.outcome == ServiceOutcome::SignedOut;
                    (row.name.get(language), word(words, row.outcome), good)
                })
                .collect(),
            title: if complete {
                words.title
            } else {
                words.partial_title
            },
            lead: if complete { words.lead } else { words.partial_lead },
            complete,
        };
        Ok(view.render()?)
    }

    fn samples() -> Vec<(&'static str, Self)> {
        use ServiceOutcome::{
            AskedByBrowser, Impossible, Next, NotReached, Refused, SignedOut, Unanswered, Waiting,
        };
        let rows = |outcomes: &[ServiceOutcome]| {
            outcomes
                .iter()
                .map(|outcome| ServiceRow {
                    name: sample_service(),
                    outcome: *outcome,
                })
                .collect()
        };
        let alone = Self {
            frame: Frame::bare_sample(),
            services: Vec::new(),
            frames: Vec::new(),
            next_url: None,
            service_name: None,
            return_url: None,
        };
        let service = Self {
            frame: Frame::sample(),
            services: rows(&[SignedOut]),
            service_name: Some(sample_service()),
            return_url: Some("https://sp.example.go.jp/bye".to_owned()),
            ..alone.clone()
        };
        vec![
            (
                "partial",
                Self {
                    services: rows(&[
                        SignedOut,
                        AskedByBrowser,
                        Unanswered,
                        Waiting,
                        Refused,
                        NotReached,
                        Impossible,
                    ]),
                    frames: vec!["https://rp.example.go.jp/bye?iss=x&sid=s_1".to_owned()],
                    ..service.clone()
                },
            ),
            (
                "through",
                Self {
                    services: rows(&[SignedOut, Next, Next]),
                    next_url: Some("/logout/AAAA/next".to_owned()),
                    service_name: None,
                    return_url: None,
                    ..service.clone()
                },
            ),
            ("alone", alone),
            ("service", service),
        ]
    }
}

fn word(words: &SignedOutTexts, outcome: ServiceOutcome) -> Text {
    match outcome {
        ServiceOutcome::SignedOut => words.told,
        ServiceOutcome::AskedByBrowser => words.asked,
        ServiceOutcome::Next => words.next,
        ServiceOutcome::Unanswered => words.unanswered,
        ServiceOutcome::Waiting => words.waiting,
        ServiceOutcome::Refused => words.refused,
        ServiceOutcome::NotReached => words.not_reached,
        ServiceOutcome::Impossible => words.impossible,
    }
}
