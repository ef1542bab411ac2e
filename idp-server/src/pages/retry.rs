//! The page that meets those who come back from the certificate door without having passed it.

use askama::Template;
use domain::{Language, Localized};

use super::frame::{Frame, PostForm, ReturnPath, Shell, sample_service};
use super::text::{Fill, Vocabulary, vocabulary};
use super::{Page, PageError};

/// Meets a person who comes back after an attempt that did not complete.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RetryPage {
    /// Around the page.
    pub frame: Frame,
    /// Which service asks.
    pub service_name: Localized,
    /// Begins a fresh attempt; sends [`super::fields::FAMILY`].
    pub attempt: PostForm,
    /// Shows a code for a card in another device, where that reaches what is asked for.
    pub device: Option<PostForm>,
    /// Back to the service without signing in.
    pub cancel: Option<ReturnPath>,
}

#[derive(Template)]
#[template(path = "retry.html")]
struct View<'a> {
    shell: Shell<'a>,
    t: &'static Vocabulary,
    page: &'a RetryPage,
    service: &'a str,
}

impl Page for RetryPage {
    const NAME: &'static str = "retry";

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
        };
        Ok(view.render()?)
    }

    fn samples() -> Vec<(&'static str, Self)> {
        let page = Self {
            frame: Frame::sample(),
            service_name: sample_service(),
            attempt: PostForm::sample("/sign-in/attempt"),
            device: None,
            cancel: Some(ReturnPath::Form(PostForm::sample("/sign-in/cancel"))),
        };
        let no_way_back = Self {
            cancel: None,
            ..page.clone()
        };
        let device = Self {
            device: Some(PostForm::sample("/sign-in/device")),
            ..page.clone()
        };
        vec![("back", page), ("device", device), ("no-way-back", no_way_back)]
    }
}
