//! The pages around a card in a device: what the screen shows meanwhile, and the page that asks for the screen's number.

use askama::Template;
use domain::{Language, Localized};

use super::frame::{Frame, PostForm, ReturnPath, Shell, sample_service};
use super::text::{Fill, Vocabulary, vocabulary};
use super::{Page, PageError};

/// How far the try is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum DeviceStage {
    /// Nobody has claimed the code yet.
    Code(String),
    /// The card has not signed yet.
    Waiting,
    /// The card has signed; the person types this number in the device.
    Number(String),
}

/// What the screen shows while the card is used in a device. Nothing moves by itself: the person goes on when the device says so.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DevicePage {
    /// Around the page.
    pub frame: Frame,
    /// Which service asks.
    pub service_name: Localized,
    /// How far it is.
    pub stage: DeviceStage,
    /// This page again.
    pub here: String,
    /// Back to the service without signing in.
    pub cancel: Option<ReturnPath>,
}

#[derive(Template)]
#[template(path = "device.html")]
struct View<'a> {
    shell: Shell<'a>,
    t: &'static Vocabulary,
    page: &'a DevicePage,
    service: &'a str,
}

impl Page for DevicePage {
    const NAME: &'static str = "device";

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
        let sample = |stage| Self {
            frame: Frame::sample(),
            service_name: sample_service(),
            stage,
            here: "/sign-in/t/device/a".to_owned(),
            cancel: Some(ReturnPath::Form(PostForm::sample("/sign-in/cancel"))),
        };
        vec![
            ("code", sample(DeviceStage::Code("BCDF-GHJK".to_owned()))),
            ("waiting", sample(DeviceStage::Waiting)),
            ("number", sample(DeviceStage::Number("47".to_owned()))),
            (
                "no-way-back",
                Self {
                    cancel: None,
                    frame: Frame::bare_sample(),
                    ..sample(DeviceStage::Waiting)
                },
            ),
        ]
    }
}

/// Asks the person at the device for the number that the screen shows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeviceNumberPage {
    /// Around the page.
    pub frame: Frame,
    /// Which service asks.
    pub service_name: Localized,
    /// Sends [`super::fields::NUMBER`], or [`super::fields::DECISION`] to say "not me"; `None` when that is done.
    pub ask: Option<PostForm>,
}

#[derive(Template)]
#[template(path = "device_number.html")]
struct NumberView<'a> {
    shell: Shell<'a>,
    t: &'static Vocabulary,
    page: &'a DeviceNumberPage,
    service: &'a str,
}

impl Page for DeviceNumberPage {
    const NAME: &'static str = "device-number";

    fn render(&self, language: Language) -> Result<String, PageError> {
        let view = NumberView {
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
        let sample = |ask| Self {
            frame: Frame::sample(),
            service_name: sample_service(),
            ask,
        };
        vec![
            ("ask", sample(Some(PostForm::sample("/device/number/a")))),
            ("done", sample(None)),
        ]
    }
}
