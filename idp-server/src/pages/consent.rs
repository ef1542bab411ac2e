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
    /// Values of the 基本4情報 among the attributes.
    pub person: ShownPerson,
    /// Whether the service may go on asking after the person has signed out.
    pub ongoing: bool,
    /// What the service asks leave for beyond attributes.
    pub details: Vec<ShownDetail>,
    /// The device that asks, where one does (RFC 8628): then this is its page of agreement, and sends [`super::fields::NUMBER`] too.
    pub device: Option<DeviceMatch>,
    /// Sends [`super::fields::DECISION`].
    pub decide: PostForm,
}

/// What a person holds against the device in front of them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeviceMatch {
    /// The numbers, one of which the device shows.
    pub choices: Vec<String>,
    /// When it asked.
    pub asked_at: Timestamp,
}

/// One thing that a service asks leave for, in the language of the page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ShownDetail {
    /// What.
    pub title: String,
    /// Each member of it with its value.
    pub members: Vec<(String, String)>,
}

/// What is shown of a person: the values that will be released. `Debug` shows nothing.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct ShownPerson {
    /// 氏名, and whether any character of it stands for another one.
    pub name: Option<(String, bool)>,
    /// 住所, likewise.
    pub address: Option<(String, bool)>,
    /// 生年月日, `EYYYYMMDD`.
    pub birth_date: Option<String>,
    /// 性別, a digit.
    pub sex: Option<String>,
}

impl std::fmt::Debug for ShownPerson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ShownPerson(***)")
    }
}

impl ShownPerson {
    /// Year, month and day with zeros where not known, and whether any of them is not.
    fn date(&self) -> Option<(String, bool)> {
        let date = self.birth_date.as_deref()?;
        let (year, month, day) = (date.get(1..5)?, date.get(5..7)?, date.get(7..9)?);
        let partial = year == "0000" || month == "00" || day == "00";
        Some((format!("{year}-{month}-{day}"), partial))
    }
}

#[derive(Template)]
#[template(path = "consent.html")]
struct View<'a> {
    shell: Shell<'a>,
    t: &'static Vocabulary,
    page: &'a ConsentPage,
    service: &'a str,
    at: JapanTime,
    asked: Option<JapanTime>,
}

impl View<'_> {
    fn title(&self) -> Text {
        match self.page.device {
            Some(_) => self.t.activation.match_title,
            None => self.t.consent.title,
        }
    }

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

    /// What the service does not receive: the list, without what it does.
    fn never(&self) -> Vec<Text> {
        let places = ReleasedAttribute::FOUR_ITEMS
            .map(Some)
            .into_iter()
            .chain(std::iter::repeat(None));
        self.t
            .consent
            .never_list
            .iter()
            .zip(places)
            .filter(|(_, item)| item.is_none_or(|item| !self.page.attributes.contains(&item)))
            .map(|(text, _)| *text)
            .collect()
    }

    fn gender(&self) -> Text {
        match self.page.person.sex.as_deref() {
            Some("1") => self.t.enrolment.male,
            Some("2") => self.t.enrolment.female,
            _ => self.t.enrolment.not_applicable,
        }
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
            asked: self
                .device
                .as_ref()
                .map(|device| JapanTime::new(device.asked_at, language)),
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
            person: ShownPerson::default(),
            ongoing: false,
            details: Vec::new(),
            device: None,
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
                "items",
                Self {
                    attributes: ReleasedAttribute::FOUR_ITEMS.to_vec(),
                    person: ShownPerson {
                        name: Some(("公的　花子".to_owned(), true)),
                        address: Some(("東京都清瀬市中里五丁目８４２番地".to_owned(), false)),
                        birth_date: Some("419900200".to_owned()),
                        sex: Some("2".to_owned()),
                    },
                    ..sample(Ial::Three, Aal::Three)
                },
            ),
            (
                "items-other",
                Self {
                    attributes: vec![ReleasedAttribute::Gender],
                    person: ShownPerson {
                        sex: Some("1".to_owned()),
                        ..ShownPerson::default()
                    },
                    ..sample(Ial::Three, Aal::Three)
                },
            ),
            (
                "items-neither",
                Self {
                    attributes: vec![ReleasedAttribute::Gender],
                    ..sample(Ial::Three, Aal::Three)
                },
            ),
            (
                "details",
                Self {
                    details: vec![ShownDetail {
                        title: "Filing of a tax return".to_owned(),
                        members: vec![
                            ("Year".to_owned(), "2026".to_owned()),
                            ("Taxes".to_owned(), "income, consumption".to_owned()),
                        ],
                    }],
                    ..sample(Ial::Zero, Aal::Three)
                },
            ),
            (
                "ongoing",
                Self {
                    ongoing: true,
                    ..sample(Ial::Zero, Aal::Three)
                },
            ),
            (
                "device",
                Self {
                    device: Some(DeviceMatch {
                        choices: ["14", "27", "38", "55", "71", "90"].map(str::to_owned).to_vec(),
                        asked_at: Timestamp::from_seconds(1_795_219_100),
                    }),
                    ..sample(Ial::Zero, Aal::Three)
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
