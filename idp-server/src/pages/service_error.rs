//! Where a service sends a person whose sign-in failed there (`errorURL` of our metadata).

use askama::Template;
use domain::{Language, Localized};

use super::frame::{Frame, Shell, sample_service};
use super::text::{Fill, Text, Vocabulary, vocabulary};
use super::{Page, PageError};

/// What a service says went wrong (SAML V2.0 Metadata Deployment Profile for errorURL, section 2.2).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ServiceErrorCode {
    /// It does not know who the person is.
    Identification,
    /// The sign-in was not strong enough, or not of the kind that it wants.
    Authentication,
    /// The person may not use it.
    Authorization,
    /// Anything else.
    #[default]
    Other,
}

impl ServiceErrorCode {
    /// Reads the code; what nobody knows is anything else.
    pub fn from_code(code: &str) -> Self {
        match code {
            "IDENTIFICATION_FAILURE" => Self::Identification,
            "AUTHENTICATION_FAILURE" => Self::Authentication,
            "AUTHORIZATION_FAILURE" => Self::Authorization,
            _ => Self::Other,
        }
    }
}

/// Says what the service said, and whom to ask. Nothing of the address is shown that could be somebody's text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServiceErrorPage {
    /// Around the page.
    pub frame: Frame,
    /// What went wrong there.
    pub code: ServiceErrorCode,
    /// The service, where it is a registered one.
    pub service: Option<Localized>,
    /// The service's number of the case: letters, digits, `-`, `_`, `.`.
    pub number: Option<String>,
}

#[derive(Template)]
#[template(path = "service_error.html")]
struct View<'a> {
    shell: Shell<'a>,
    t: &'static Vocabulary,
    said: Text,
    service: Option<&'a str>,
    number: Option<&'a str>,
}

impl Page for ServiceErrorPage {
    const NAME: &'static str = "service-error";

    fn render(&self, language: Language) -> Result<String, PageError> {
        let t = vocabulary(language);
        let view = View {
            shell: Shell {
                language,
                frame: &self.frame,
            },
            said: match self.code {
                ServiceErrorCode::Identification => t.service_error.identification,
                ServiceErrorCode::Authentication => t.service_error.authentication,
                ServiceErrorCode::Authorization => t.service_error.authorization,
                ServiceErrorCode::Other => t.service_error.other,
            },
            t,
            service: self.service.as_ref().map(|name| name.get(language)),
            number: self.number.as_deref(),
        };
        Ok(view.render()?)
    }

    fn samples() -> Vec<(&'static str, Self)> {
        let sample = |code, known: bool| Self {
            frame: Frame::sample(),
            code,
            service: known.then(sample_service),
            number: known.then(|| "a-1.2_3".to_owned()),
        };
        vec![
            ("plain", sample(ServiceErrorCode::Other, false)),
            ("identification", sample(ServiceErrorCode::Identification, true)),
            ("authentication", sample(ServiceErrorCode::Authentication, true)),
            ("authorization", sample(ServiceErrorCode::Authorization, true)),
        ]
    }
}
