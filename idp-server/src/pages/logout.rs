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

/// What a logout ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ended {
    /// The sign-in of this browser, or what the person chose to end.
    Here,
    /// A sign-in that is not this browser's: its services are nobody's business here, and stay unnamed.
    Elsewhere {
        /// Whether every service of it is known to have ended its session.
        everywhere: bool,
    },
    /// None was found.
    Nothing,
}

/// After logout or after the last session was ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedOutPage {
    /// Around the page.
    pub frame: Frame,
    /// What ended.
    pub ended: Ended,
    /// This browser is signed in: with another sign-in than what ended.
    pub still_signed_in: bool,
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
    leads: Vec<Text>,
    /// Where a sign-in is seen and ended.
    account: Option<&'a str>,
    complete: bool,
}

impl SignedOutPage {
    /// Title and what is said below it.
    fn says(&self, words: &SignedOutTexts, complete: bool) -> (Text, Vec<Text>) {
        let (title, lead) = match self.ended {
            Ended::Here if complete => (words.title, words.lead),
            Ended::Here => (words.partial_title, words.partial_lead),
            Ended::Elsewhere { everywhere: true } => (words.title, words.elsewhere_lead),
            Ended::Elsewhere { everywhere: false } => (words.partial_title, words.elsewhere_partial_lead),
            Ended::Nothing => (words.nothing_title, words.nothing_lead),
        };
        match self.ended {
            _ if !self.still_signed_in => (title, vec![lead]),
            // "You are signed out" would be wrong.
            Ended::Elsewhere { .. } => (words.still_title, vec![words.still_lead, lead]),
            Ended::Here | Ended::Nothing => (words.still_title, vec![words.still_lead]),
        }
    }
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
        let (title, leads) = self.says(words, complete);
        let seen = self.still_signed_in || self.ended == Ended::Nothing;
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
            title,
            leads,
            account: self.frame.account_url.as_deref().filter(|_| seen),
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
            ended: Ended::Here,
            still_signed_in: false,
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
        let foreign = |ended, still_signed_in| Self {
            frame: Frame::sample(),
            ended,
            still_signed_in,
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
            ("nothing", foreign(Ended::Nothing, false)),
            ("still", foreign(Ended::Nothing, true)),
            (
                "still-elsewhere",
                foreign(Ended::Elsewhere { everywhere: true }, true),
            ),
            (
                "elsewhere-partial",
                foreign(Ended::Elsewhere { everywhere: false }, false),
            ),
            ("alone", alone.clone()),
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
