//! 利用登録: begin, read and sign the document, bring the signed file; what is held; what was refused and what to do.

use askama::Template;
use domain::{Ial, Language, Localized, ReleasedAttribute, Timestamp};

use super::frame::{Frame, PostForm, Shell, sample_service};
use super::japan_time::JapanTime;
use super::text::{Fill, Refusal, Text, Vocabulary, vocabulary};
use super::{Page, PageError};

macro_rules! refusals {
    ($($(#[$doc:meta])* $variant:ident = $code:ident, $status:literal;)+) => {
        /// Why a signed file was refused. The code is public and stable; texts may change.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum EnrolmentRefusal { $($(#[$doc])* $variant,)+ }

        impl EnrolmentRefusal {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable public code.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => stringify!($code),)+ }
            }

            /// The HTTP status that fits the page.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }

            const fn text(self, t: &'static Vocabulary) -> &'static Refusal {
                match self { $(Self::$variant => &t.enrolment.refusal.$code,)+ }
            }
        }
    };
}

refusals! {
    /// Nobody is signed in, or the card was used too long ago.
    SignInFirst = sign_in_first, 403;
    /// The document's time is over, or it was used.
    DocumentGone = document_gone, 410;
    /// Not a signed file that can be read.
    NotASignature = not_a_signature, 400;
    /// Another document was signed.
    WrongDocument = wrong_document, 400;
    /// The signature does not verify.
    SignatureInvalid = signature_invalid, 400;
    /// Signed with the 利用者証明用 certificate.
    WrongCertificate = wrong_certificate, 403;
    /// Not a 署名用 certificate that counts.
    CertificateRefused = certificate_refused, 403;
    /// Ended, or not begun.
    CertificateExpired = certificate_expired, 403;
    /// Revoked.
    CertificateRevoked = certificate_revoked, 403;
    /// It cannot be told whether it is revoked.
    ListsUnavailable = lists_unavailable, 503;
    /// Not this person's.
    OtherPerson = other_person, 403;
    /// It cannot be told whether it is this person's.
    LinksUnavailable = links_unavailable, 503;
    /// Registered by another account.
    InQuestion = in_question, 409;
}

/// How far the person is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum EnrolmentStage {
    /// The card must be used first.
    SignInFirst,
    /// A document can be made.
    Begin,
    /// A document waits for its signature.
    Sign {
        /// Its text.
        text: String,
        /// The language that it is written in.
        language: Language,
        /// When it dies.
        expires_at: Timestamp,
    },
}

/// What is held of the person.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HeldSummary {
    /// The level reached.
    pub ial: Ial,
    /// When.
    pub enrolled_at: Timestamp,
    /// Which items.
    pub items: Vec<ReleasedAttribute>,
    /// Whether they no longer hold.
    pub stale: bool,
}

/// The page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EnrolmentPage {
    /// Around the page.
    pub frame: Frame,
    /// How far the person is.
    pub stage: EnrolmentStage,
    /// What is held.
    pub held: Option<HeldSummary>,
    /// What was just refused.
    pub refusal: Option<EnrolmentRefusal>,
    /// The registration was just withdrawn.
    pub withdrawn: bool,
    /// The registration was just made.
    pub enrolled: bool,
    /// Makes a document.
    pub begin: PostForm,
    /// Brings the signed file; sends [`super::fields::FILE`] as multipart/form-data.
    pub upload: PostForm,
    /// Withdraws.
    pub withdraw: PostForm,
    /// Uses the card first.
    pub sign_in: PostForm,
    /// The service whose sign-in waits for the registration, and where it goes on.
    pub back: Option<(Localized, String)>,
}

#[derive(Template)]
#[template(path = "enrolment.html")]
struct View<'a> {
    shell: Shell<'a>,
    t: &'static Vocabulary,
    page: &'a EnrolmentPage,
    refusal: Option<(&'static str, &'static Refusal)>,
    since: Option<JapanTime>,
    until: Option<JapanTime>,
    items: Vec<Text>,
    back: Option<(String, &'a str)>,
}

/// One of the 基本4情報 in words.
pub(super) const fn item(attribute: ReleasedAttribute, t: &'static Vocabulary) -> Text {
    match attribute {
        ReleasedAttribute::Name => t.enrolment.name,
        ReleasedAttribute::Address => t.enrolment.address,
        ReleasedAttribute::BirthDate => t.enrolment.birth_date,
        ReleasedAttribute::Gender => t.enrolment.gender,
        _ => "",
    }
}

impl Page for EnrolmentPage {
    const NAME: &'static str = "enrolment";

    fn render(&self, language: Language) -> Result<String, PageError> {
        let t = vocabulary(language);
        let until = match &self.stage {
            EnrolmentStage::Sign { expires_at, .. } => Some(JapanTime::new(*expires_at, language)),
            _ => None,
        };
        let view = View {
            shell: Shell {
                language,
                frame: &self.frame,
            },
            t,
            page: self,
            refusal: self.refusal.map(|refusal| (refusal.code(), refusal.text(t))),
            since: self
                .held
                .as_ref()
                .map(|held| JapanTime::new(held.enrolled_at, language)),
            until,
            back: self.back.as_ref().map(|(name, url)| {
                let text = t.enrolment.back.fill("service", name.get(language));
                (text, url.as_str())
            }),
            items: self
                .held
                .iter()
                .flat_map(|held| &held.items)
                .map(|attribute| item(*attribute, t))
                .collect(),
        };
        Ok(view.render()?)
    }

    fn samples() -> Vec<(&'static str, Self)> {
        let at = Timestamp::from_seconds(1_795_219_200);
        let sample = |stage| Self {
            frame: Frame::sample(),
            stage,
            held: None,
            refusal: None,
            withdrawn: false,
            enrolled: false,
            begin: PostForm::sample("/enrolment/begin"),
            upload: PostForm::sample("/enrolment/signed"),
            withdraw: PostForm::sample("/enrolment/withdraw"),
            sign_in: PostForm::sample("/account/sign-in?page=enrolment"),
            back: Some((sample_service(), "/sign-in/txn_0".to_owned())),
        };
        let sign = || EnrolmentStage::Sign {
            text: "同意書\n\n1. <b>".to_owned(),
            language: Language::Ja,
            expires_at: at,
        };
        let held = |items: &[ReleasedAttribute], stale| {
            Some(HeldSummary {
                ial: Ial::Three,
                enrolled_at: at,
                items: items.to_vec(),
                stale,
            })
        };
        let mut all = vec![
            ("sign-in-first", sample(EnrolmentStage::SignInFirst)),
            ("begin", sample(EnrolmentStage::Begin)),
            ("sign", sample(sign())),
            (
                "enrolled",
                Self {
                    held: held(&ReleasedAttribute::FOUR_ITEMS, false),
                    enrolled: true,
                    ..sample(EnrolmentStage::Begin)
                },
            ),
            (
                "level-only",
                Self {
                    held: held(&[], false),
                    ..sample(EnrolmentStage::SignInFirst)
                },
            ),
            (
                "stale",
                Self {
                    held: held(&[ReleasedAttribute::Name], true),
                    ..sample(EnrolmentStage::Begin)
                },
            ),
            (
                "withdrawn",
                Self {
                    withdrawn: true,
                    ..sample(EnrolmentStage::Begin)
                },
            ),
        ];
        all.extend(EnrolmentRefusal::ALL.iter().map(|refusal| {
            (
                refusal.code(),
                Self {
                    refusal: Some(*refusal),
                    ..sample(sign())
                },
            )
        }));
        all
    }
}
