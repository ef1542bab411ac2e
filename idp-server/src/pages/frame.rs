//! What stands around every page, and the kinds of form and way back that several pages share.

use domain::{Language, Localized};

/// What stands around a page: the same for all pages of one request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Frame {
    /// Where the language switch leads, keeping the flow. `None` where no address shows this page again (the
    /// reply to a form): the switch is then left out.
    pub languages: Option<LanguageLinks>,
    /// The front page; `None` on listeners that have none.
    pub home_url: Option<String>,
    /// The person's own sessions; `None` on listeners that have no such page.
    pub account_url: Option<String>,
    /// Says on every page that this is a test environment.
    pub sandbox: bool,
    /// Whom a person may ask.
    pub contact: Option<Contact>,
}

/// The address of the same page in each language.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LanguageLinks {
    /// 日本語
    pub ja: String,
    /// English
    pub en: String,
}

/// Whom a person may ask for help.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Contact {
    /// The desk's name.
    pub name: Localized,
    /// As it is dialled and shown, `0120-00-0000`.
    pub telephone: String,
    /// When it answers.
    pub hours: Localized,
}

/// A form of ours that is sent by POST.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PostForm {
    /// Where it goes.
    pub url: String,
    /// Value of the hidden field [`super::fields::CSRF`].
    pub csrf: String,
}

/// A way back to the service whose address was checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ReturnPath {
    /// A form of ours; its handler answers the service in the service's protocol.
    Form(PostForm),
    /// A plain link.
    Link(String),
}

impl Frame {
    /// The frame of the samples.
    pub(super) fn sample() -> Self {
        Self {
            languages: Some(LanguageLinks {
                ja: "/language?to=ja&next=%2Fsign-in%3Ft%3D1".to_owned(),
                en: "/language?to=en&next=%2Fsign-in%3Ft%3D1".to_owned(),
            }),
            home_url: Some("/".to_owned()),
            account_url: Some("/account".to_owned()),
            sandbox: false,
            contact: None,
        }
    }

    /// The frame of the samples with everything in it that may be there.
    pub(super) fn full_sample() -> Self {
        Self {
            sandbox: true,
            contact: Some(Contact {
                name: Localized {
                    ja: "政府認証ヘルプデスク".to_owned(),
                    en: "Government Authentication Help Desk".to_owned(),
                },
                telephone: "0120-00-0000".to_owned(),
                hours: Localized {
                    ja: "平日 9:30から20:00まで".to_owned(),
                    en: "Weekdays, 09:30 to 20:00 JST".to_owned(),
                },
            }),
            ..Self::sample()
        }
    }

    /// The frame of the samples where there is least: the reply to a form, on a listener without front page.
    pub(super) fn bare_sample() -> Self {
        Self {
            languages: None,
            home_url: None,
            account_url: None,
            ..Self::sample()
        }
    }
}

impl PostForm {
    pub(super) fn sample(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            csrf: "kq3v9Zt0c2VtYW50aWM".to_owned(),
        }
    }
}

/// The service of the samples.
pub(super) fn sample_service() -> Localized {
    Localized {
        ja: "国税電子申告・納税システム".to_owned(),
        en: "National Tax Online Filing".to_owned(),
    }
}

/// What `base.html` reads.
pub(super) struct Shell<'a> {
    pub(super) language: Language,
    pub(super) frame: &'a Frame,
}

impl Shell<'_> {
    pub(super) fn say<'t>(&self, text: &'t Localized) -> &'t str {
        text.get(self.language)
    }

    /// Each language with its own name for itself and its address.
    pub(super) fn switch(&self) -> Vec<LanguageChoice<'_>> {
        let Some(links) = &self.frame.languages else {
            return Vec::new();
        };
        Language::ALL
            .into_iter()
            .map(|language| match language {
                Language::Ja => ("日本語", links.ja.as_str(), language),
                Language::En => ("English", links.en.as_str(), language),
            })
            .map(|(name, url, language)| LanguageChoice {
                name,
                url,
                tag: language.tag(),
                current: language == self.language,
            })
            .collect()
    }
}

/// One entry of the language switch.
pub(super) struct LanguageChoice<'a> {
    pub(super) name: &'static str,
    pub(super) url: &'a str,
    pub(super) tag: &'static str,
    pub(super) current: bool,
}
