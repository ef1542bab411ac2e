//! Before and after logout.

use askama::Template;
use domain::{Language, Localized};

use super::frame::{Frame, PostForm, Shell, sample_service};
use super::text::{Fill, Vocabulary, vocabulary};
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

/// After logout or after the last session was ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedOutPage {
    /// Around the page.
    pub frame: Frame,
    /// The service to which `return_url` leads.
    pub service_name: Option<Localized>,
    /// A checked address of the service (`post_logout_redirect_uri`).
    pub return_url: Option<String>,
}

#[derive(Template)]
#[template(path = "signed_out.html")]
struct SignedOutView<'a> {
    shell: Shell<'a>,
    t: &'static Vocabulary,
    page: &'a SignedOutPage,
    service: Option<&'a str>,
}

impl Page for SignedOutPage {
    const NAME: &'static str = "signed-out";

    fn render(&self, language: Language) -> Result<String, PageError> {
        let view = SignedOutView {
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
        vec![
            (
                "alone",
                Self {
                    frame: Frame::bare_sample(),
                    service_name: None,
                    return_url: None,
                },
            ),
            (
                "service",
                Self {
                    frame: Frame::sample(),
                    service_name: Some(sample_service()),
                    return_url: Some("https://sp.example.go.jp/bye".to_owned()),
                },
            ),
        ]
    }
}
