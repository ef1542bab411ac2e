//! The page that asks for the card. It stays in view while the browser's own dialogs are open, so it says from the beginning
//! what happens next and what to do when nothing does (`docs/decisions/0001-certificate-door-spike.md`).

use askama::Template;
use domain::{Language, Localized};

use super::frame::{Frame, PostForm, ReturnPath, Shell, sample_service};
use super::text::{Fill, Text, Texts, Vocabulary, vocabulary};
use super::{Page, PageError};

/// Why a person who might expect to be signed in is asked for the card again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReauthenticationReason {
    /// The browser had a session that is no more.
    NoSession,
    /// The service asks for a fresh sign-in (`max_age`, `prompt=login`, `ForceAuthn`).
    FreshnessAsked,
    /// The service asks for more than the session reached.
    HigherLevelNeeded,
}

/// Asks for the card.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignInPage {
    /// Around the page.
    pub frame: Frame,
    /// Which service asks.
    pub service_name: Localized,
    /// Begins an attempt; sends [`super::fields::FAMILY`].
    pub attempt: PostForm,
    /// Shows a code for a card in another device, where that reaches what is asked for.
    pub device: Option<PostForm>,
    /// Back to the service without signing in.
    pub cancel: Option<ReturnPath>,
    /// Why the card is needed again, if it is.
    pub again: Option<ReauthenticationReason>,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct View<'a> {
    shell: Shell<'a>,
    t: &'static Vocabulary,
    page: &'a SignInPage,
    service: &'a str,
    again: Option<Text>,
    troubles: [Trouble; 4],
}

/// What may happen after the click.
struct Trouble {
    title: Text,
    advice: Texts,
}

impl Page for SignInPage {
    const NAME: &'static str = "sign-in";

    fn render(&self, language: Language) -> Result<String, PageError> {
        let t = vocabulary(language);
        let s = &t.sign_in;
        let trouble = |title, advice| Trouble { title, advice };
        let view = View {
            shell: Shell {
                language,
                frame: &self.frame,
            },
            t,
            page: self,
            service: self.service_name.get(language),
            again: self.again.map(|reason| match reason {
                ReauthenticationReason::NoSession => s.again_session,
                ReauthenticationReason::FreshnessAsked => s.again_fresh,
                ReauthenticationReason::HigherLevelNeeded => s.again_higher,
            }),
            troubles: [
                trouble(s.nothing, s.nothing_list),
                trouble(s.wrong_pin, s.wrong_pin_list),
                trouble(s.password, s.password_list),
                trouble(s.cancelled, s.cancelled_list),
            ],
        };
        Ok(view.render()?)
    }

    fn samples() -> Vec<(&'static str, Self)> {
        let plain = Self {
            frame: Frame::sample(),
            service_name: sample_service(),
            attempt: PostForm::sample("/sign-in/attempt"),
            device: None,
            cancel: Some(ReturnPath::Form(PostForm::sample("/sign-in/cancel"))),
            again: None,
        };
        let again = |again| Self {
            again: Some(again),
            ..plain.clone()
        };
        vec![
            ("first", plain.clone()),
            (
                "everything",
                Self {
                    frame: Frame::full_sample(),
                    service_name: Localized {
                        ja: "とても長い名前の行政手続オンライン受付・審査・交付サービス（令和八年度臨時給付金申請窓口）".to_owned(),
                        en: "Online Reception, Examination and Delivery Service for Administrative Procedures with a Very Long Name".to_owned(),
                    },
                    ..again(ReauthenticationReason::FreshnessAsked)
                },
            ),
            (
                "device",
                Self {
                    device: Some(PostForm::sample("/sign-in/device")),
                    ..plain.clone()
                },
            ),
            ("no-session", again(ReauthenticationReason::NoSession)),
            ("higher-level", again(ReauthenticationReason::HigherLevelNeeded)),
            ("no-way-back", Self { cancel: None, frame: Frame::bare_sample(), ..plain.clone() }),
        ]
    }
}
