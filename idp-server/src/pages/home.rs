//! The front page.

use askama::Template;
use domain::Language;

use super::frame::{Frame, Shell};
use super::text::{Fill, Vocabulary, vocabulary};
use super::{Page, PageError};

/// Says what this site is and leads to the person's own sessions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HomePage {
    /// Around the page.
    pub frame: Frame,
}

#[derive(Template)]
#[template(path = "home.html")]
struct View<'a> {
    shell: Shell<'a>,
    t: &'static Vocabulary,
}

impl Page for HomePage {
    const NAME: &'static str = "home";

    fn render(&self, language: Language) -> Result<String, PageError> {
        let view = View {
            shell: Shell {
                language,
                frame: &self.frame,
            },
            t: vocabulary(language),
        };
        Ok(view.render()?)
    }

    fn samples() -> Vec<(&'static str, Self)> {
        vec![
            (
                "plain",
                Self {
                    frame: Frame::sample(),
                },
            ),
            (
                "test-environment",
                Self {
                    frame: Frame::full_sample(),
                },
            ),
        ]
    }
}
