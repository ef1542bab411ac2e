//! 利用者の退会: what closing an account means, and the button that does it.

use askama::Template;
use domain::Language;

use super::frame::{Frame, PostForm, Shell};
use super::text::{Fill, Vocabulary, vocabulary};
use super::{Page, PageError};

/// Asks before an account is closed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClosingPage {
    /// Around the page.
    pub frame: Frame,
    /// Closes; `None` until the card was used a short while ago.
    pub close: Option<PostForm>,
    /// Uses the card first.
    pub sign_in: PostForm,
    /// Back without closing.
    pub account_url: String,
}

#[derive(Template)]
#[template(path = "closing.html")]
struct View<'a> {
    shell: Shell<'a>,
    t: &'static Vocabulary,
    page: &'a ClosingPage,
}

impl Page for ClosingPage {
    const NAME: &'static str = "closing";

    fn render(&self, language: Language) -> Result<String, PageError> {
        let view = View {
            shell: Shell {
                language,
                frame: &self.frame,
            },
            t: vocabulary(language),
            page: self,
        };
        Ok(view.render()?)
    }

    fn samples() -> Vec<(&'static str, Self)> {
        let sample = |close: Option<PostForm>| Self {
            frame: Frame::sample(),
            close,
            sign_in: PostForm::sample("/account/sign-in?page=closing"),
            account_url: "/account".to_owned(),
        };
        vec![
            ("card-first", sample(None)),
            ("ask", sample(Some(PostForm::sample("/account/close")))),
        ]
    }
}
