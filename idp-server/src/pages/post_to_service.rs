//! The page that carries a reply to the service by a form (SAML HTTP-POST binding, bindings-2.0-os section 3.5).

use askama::Template;
use domain::{Language, Localized};

use super::frame::{Frame, Shell, sample_service};
use super::text::{Text, Vocabulary, vocabulary};
use super::{Page, PageError};

/// What the form tells the service; the person is told the same.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PostOutcome {
    /// A sign-in.
    SignedIn,
    /// A refusal, a cancellation or a declined consent.
    NotSignedIn,
    /// A logout.
    SignedOut,
    /// That the person signed out elsewhere: the browser takes it to one service after another.
    SigningOut,
}

/// A form to the service with a visible button: without script nothing is sent by itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PostToServicePage {
    /// Around the page.
    pub frame: Frame,
    /// Which service receives.
    pub service_name: Localized,
    /// What the form tells.
    pub outcome: PostOutcome,
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
    title: Text,
    /// What the service is called here: nobody signs in to it any more when that was given up.
    label: Text,
    lead: Text,
}

impl Page for PostToServicePage {
    const NAME: &'static str = "post-to-service";

    fn render(&self, language: Language) -> Result<String, PageError> {
        let t = vocabulary(language);
        let view = View {
            shell: Shell {
                language,
                frame: &self.frame,
            },
            t,
            page: self,
            service: self.service_name.get(language),
            title: match self.outcome {
                PostOutcome::SignedIn => t.post.signed_in,
                PostOutcome::NotSignedIn => t.post.not_signed_in,
                PostOutcome::SignedOut => t.post.signed_out,
                PostOutcome::SigningOut => t.post.signing_out,
            },
            label: match self.outcome {
                PostOutcome::SignedIn | PostOutcome::SigningOut => t.common.service,
                PostOutcome::NotSignedIn | PostOutcome::SignedOut => t.post.service,
            },
            lead: match self.outcome {
                PostOutcome::SigningOut => t.post.signing_out_lead,
                _ => t.post.lead,
            },
        };
        Ok(view.render()?)
    }

    fn samples() -> Vec<(&'static str, Self)> {
        let sample = |outcome| Self {
            frame: Frame::bare_sample(),
            service_name: sample_service(),
            outcome,
            action: "https://sp.example.go.jp/saml/acs?index=1&tenant=a".to_owned(),
            fields: vec![
                ("SAMLResponse".to_owned(), "PHNhbWxwOlJlc3BvbnNlLz4=".to_owned()),
                (
                    "RelayState".to_owned(),
                    "state \"with\" <quotes> & more".to_owned(),
                ),
            ],
        };
        vec![
            ("signed-in", sample(PostOutcome::SignedIn)),
            ("not-signed-in", sample(PostOutcome::NotSignedIn)),
            ("signed-out", sample(PostOutcome::SignedOut)),
            ("signing-out", sample(PostOutcome::SigningOut)),
        ]
    }
}
