//! The page on which a person agrees to what a service will receive.

use askama::Template;
use domain::{
    Aal, AssuranceLevel, AuthenticationMethod, Ial, Language, Localized, ReleasedAttribute, Timestamp,
};

use super::frame::{Frame, PostForm, Shell, sample_service};
use super::japan_time::JapanTime;
use super::text::{Fill, Text, Vocabulary, vocabulary};
use super::{Page, PageError};

/// Shows what a service will receive and asks whether the person agrees.
///
/// The values shown are the values that will be issued: the handler takes both from one place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConsentPage {
    /// Around the page.
    pub frame: Frame,
    /// Which service receives.
    pub service_name: Localized,
    /// What it receives, in the order shown.
    pub attributes: Vec<ReleasedAttribute>,
    /// Value of [`ReleasedAttribute::AssuranceLevel`].
    pub level: AssuranceLevel,
    /// Value of [`ReleasedAttribute::AuthenticationTime`].
    pub authenticated_at: Timestamp,
    /// Value of [`ReleasedAttribute::AuthenticationMethod`].
    pub method: AuthenticationMethod,
    /// Sends [`super::fields::DECISION`].
    pub decide: PostForm,
}

#[derive(Template)]
#[template(path = "consent.html")]
struct View<'a> {
    shell: Shell<'a>,
    t: &'static Vocabulary,
    page: &'a ConsentPage,
    service: &'a str,
    at: JapanTime,
}

impl View<'_> {
    fn aal(&self) -> Text {
        match self.page.level.aal {
            Aal::Zero => self.t.consent.aal0,
            Aal::One => self.t.consent.aal1,
            Aal::Two => self.t.consent.aal2,
            Aal::Three => self.t.consent.aal3,
        }
    }

    fn ial(&self) -> Text {
        match self.page.level.ial {
            Ial::Zero => self.t.consent.ial0,
            Ial::One => self.t.consent.ial1,
            Ial::Two => self.t.consent.ial2,
            Ial::Three => self.t.consent.ial3,
        }
    }

    fn method(&self) -> Text {
        method(self.page.method, self.t)
    }
}

/// How a person signed in, in words.
pub(super) const fn method(method: AuthenticationMethod, t: &'static Vocabulary) -> Text {
    match method {
        AuthenticationMethod::CardTls | AuthenticationMethod::CardChallenge => t.common.card_and_pin,
        AuthenticationMethod::CardPinless => t.common.card_without_pin,
    }
}

impl Page for ConsentPage {
    const NAME: &'static str = "consent";

    fn render(&self, language: Language) -> Result<String, PageError> {
        let view = View {
            shell: Shell {
                language,
                frame: &self.frame,
            },
            t: vocabulary(language),
            page: self,
            service: self.service_name.get(language),
            at: JapanTime::new(self.authenticated_at, language),
        };
        Ok(view.render()?)
    }

    fn samples() -> Vec<(&'static str, Self)> {
        let sample = |ial, aal| Self {
            frame: Frame::sample(),
            service_name: sample_service(),
            attributes: vec![
                ReleasedAttribute::Pseudonym,
                ReleasedAttribute::AssuranceLevel,
                ReleasedAttribute::AuthenticationTime,
                ReleasedAttribute::AuthenticationMethod,
            ],
            level: AssuranceLevel { ial, aal },
            authenticated_at: Timestamp::from_seconds(1_795_219_200),
            method: AuthenticationMethod::CardTls,
            decide: PostForm::sample("/consent"),
        };
        vec![
            ("card", sample(Ial::Zero, Aal::Three)),
            ("self-asserted", sample(Ial::One, Aal::One)),
            ("documents", sample(Ial::Two, Aal::Two)),
            ("signed", sample(Ial::Three, Aal::Three)),
            (
                "held-up",
                Self {
                    method: AuthenticationMethod::CardPinless,
                    ..sample(Ial::Zero, Aal::Zero)
                },
            ),
            (
                "least",
                Self {
                    attributes: vec![ReleasedAttribute::Pseudonym],
                    ..sample(Ial::Zero, Aal::Three)
                },
            ),
        ]
    }
}
