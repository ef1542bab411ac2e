//! The pages for a device that has no browser: where its code is entered, and how it ended. What lies between is the usual sign-in and the page
//! of agreement with the device's number (`consent.rs`).

use askama::Template;
use domain::{Language, Localized};

use super::frame::{Frame, PostForm, Shell, sample_service};
use super::text::{Fill, Text, Vocabulary, vocabulary};
use super::{Page, PageError};

/// Why the code was not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DeviceCodeProblem {
    /// There is none such, or none any more.
    Unknown,
}

/// Asks for the code that a device shows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeviceCodePage {
    /// Around the page.
    pub frame: Frame,
    /// What was typed, or stood in the address.
    pub typed: String,
    /// Why it was not taken.
    pub problem: Option<DeviceCodeProblem>,
    /// Sends [`super::fields::USER_CODE`].
    pub enter: PostForm,
}

#[derive(Template)]
#[template(path = "activation.html")]
struct CodeView<'a> {
    shell: Shell<'a>,
    t: &'static Vocabulary,
    page: &'a DeviceCodePage,
    problem: Option<Text>,
}

impl Page for DeviceCodePage {
    const NAME: &'static str = "device-code";

    fn render(&self, language: Language) -> Result<String, PageError> {
        let t = vocabulary(language);
        let view = CodeView {
            shell: Shell {
                language,
                frame: &self.frame,
            },
            t,
            page: self,
            problem: self.problem.map(|problem| match problem {
                DeviceCodeProblem::Unknown => t.activation.unknown,
            }),
        };
        Ok(view.render()?)
    }

    fn samples() -> Vec<(&'static str, Self)> {
        let sample = |typed: &str, problem| Self {
            frame: Frame::sample(),
            typed: typed.to_owned(),
            problem,
            enter: PostForm::sample("/activate"),
        };
        vec![
            ("blank", sample("", None)),
            ("complete", sample("BCDF-GHJK", None)),
            ("unknown", sample("BCDF-GHJJ", Some(DeviceCodeProblem::Unknown))),
        ]
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DeviceEnding {
    /// The device may fetch its tokens.
    Connected,
    /// The person, or a rule of the platform, said no.
    Refused,
    /// A number was picked that the device does not show.
    OtherNumber,
    /// Too late, or answered before.
    Over,
}

/// Says how it ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeviceEndPage {
    /// Around the page.
    pub frame: Frame,
    /// Which service asked.
    pub service_name: Localized,
    /// How it ended.
    pub ending: DeviceEnding,
}

#[derive(Template)]
#[template(path = "activation_end.html")]
struct EndView<'a> {
    shell: Shell<'a>,
    t: &'static Vocabulary,
    page: &'a DeviceEndPage,
    service: &'a str,
    title: Text,
    lead: Text,
}

impl Page for DeviceEndPage {
    const NAME: &'static str = "device-end";

    fn render(&self, language: Language) -> Result<String, PageError> {
        let t = vocabulary(language);
        let words = &t.activation;
        let (title, lead) = match self.ending {
            DeviceEnding::Connected => (words.connected, words.connected_lead),
            DeviceEnding::Refused => (words.refused, words.refused_lead),
            DeviceEnding::OtherNumber => (words.other_number, words.other_number_lead),
            DeviceEnding::Over => (words.over, words.over_lead),
        };
        let view = EndView {
            shell: Shell {
                language,
                frame: &self.frame,
            },
            t,
            page: self,
            service: self.service_name.get(language),
            title,
            lead,
        };
        Ok(view.render()?)
    }

    fn samples() -> Vec<(&'static str, Self)> {
        let sample = |ending| Self {
            frame: Frame::sample(),
            service_name: sample_service(),
            ending,
        };
        vec![
            ("connected", sample(DeviceEnding::Connected)),
            ("refused", sample(DeviceEnding::Refused)),
            ("other-number", sample(DeviceEnding::OtherNumber)),
            ("over", sample(DeviceEnding::Over)),
        ]
    }
}
