//! The page that carries a reply to the service by a form (SAML HTTP-POST binding, bindings-2.0-os section 3.5).

use askama::Template;
use domain::{Language, Localized};

use super::frame::{Frame, Shell, sample_service};
use super::text::{Vocabulary, vocabulary};
use super::{Page, PageError};

/// A form to the service with a visible button: without script nothing is sent by itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PostToServicePage {
    /// Around the page.
    pub frame: Frame,
    /// Which service receives.
    pub service_name: Localized,
    /// The checked assertion consumer service; the only origin in `form-action` beside our own.
    pub action: String,
    /// Hidden fields in order, `SAMLResponse` and `RelayState`.
    pub fields: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "post_to_service.html")]
struct View<'a> {
    shell: Shell<'a>,
    t: &'static Vocabulary,
    page: &'a PostToServicePage,
    service: &'a str,
}

impl Page for PostToServicePage {
    const NAME: &'static str = "post-to-service";

    fn render(&self, language: Language) -> Result<String, PageError> {
        let view = View {
            shell: Shell {
                language,
                frame: &self.frame,
            },
            t: vocabulary(language),
            page: self,
            service: self.service_name.get(language),
        };
        Ok(view.render()?)
    }

    fn samples() -> Vec<(&'static str, Self)> {
        vec![(
            "saml",
            Self {
                frame: Frame::bare_sample(),
                service_name: sample_service(),
                action: "https://sp.example.go.jp/saml/acs?index=1&tenant=a".to_owned(),
                fields: vec![
                    ("SAMLResponse".to_owned(), "PHNhbWxwOlJlc3BvbnNlLz4=".to_owned()),
                    (
                        "RelayState".to_owned(),
                        "state \"with\" <quotes> & more".to_owned(),
                    ),
                ],
            },
        )]
    }
}
