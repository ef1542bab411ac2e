//! Every refusal that a person may meet: one template, one stable public code each.

use askama::Template;
use domain::{Language, Localized, Reference, RevocationReason};

use super::frame::{Frame, PostForm, ReturnPath, Shell, sample_service};
use super::text::{Fill, Refusal, Text, Vocabulary, vocabulary};
use super::{Page, PageError};

/// Why a certificate was revoked, in words that people understand.
const fn revocation_text(reason: RevocationReason, t: &Vocabulary) -> Text {
    let reasons = &t.refusal.revoked_reason;
    match reason {
        RevocationReason::Unspecified => reasons.unspecified,
        RevocationReason::KeyCompromise => reasons.key_compromise,
        RevocationReason::CaCompromise => reasons.ca_compromise,
        RevocationReason::AffiliationChanged => reasons.affiliation_changed,
        RevocationReason::Superseded => reasons.superseded,
        RevocationReason::CessationOfOperation => reasons.cessation_of_operation,
        RevocationReason::CertificateHold => reasons.certificate_hold,
        RevocationReason::Other => reasons.other,
    }
}

macro_rules! refusals {
    ($($(#[$doc:meta])* $variant:ident = $code:ident, $status:literal;)+) => {
        /// What was refused. The code is public and stable; texts may change.
        #[derive(Clone, Debug, Eq, PartialEq)]
        pub enum RefusalPage {
            $($(#[$doc])* $variant,)+
            /// The certificate is revoked.
            Revoked {
                /// Why, as far as the list says.
                reason: RevocationReason,
            },
            /// The service's request is wrong; the person can only tell the service.
            RequestInvalid {
                /// Stable code for the service's developers, `saml.destination`; never text from the request.
                technical_code: String,
            },
        }

        impl RefusalPage {
            /// The stable public code.
            pub const fn code(&self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($code),)+
                    Self::Revoked { .. } => "revoked",
                    Self::RequestInvalid { .. } => "request_invalid",
                }
            }

            /// The HTTP status that fits the page.
            pub const fn status(&self) -> u16 {
                match self {
                    $(Self::$variant => $status,)+
                    Self::Revoked { .. } => 403,
                    Self::RequestInvalid { .. } => 400,
                }
            }

            /// Its words.
            pub(super) const fn text(&self, t: &'static Vocabulary) -> &'static Refusal {
                match self {
                    $(Self::$variant => &t.refusal.$code,)+
                    Self::Revoked { .. } => &t.refusal.revoked,
                    Self::RequestInvalid { .. } => &t.refusal.request_invalid,
                }
            }

            fn plain() -> Vec<Self> {
                vec![$(Self::$variant),+]
            }
        }
    };
}

refusals! {
    /// A handshake without certificate.
    NoCertificate = no_certificate, 403;
    /// After its last day.
    Expired = expired, 403;
    /// Before its first day.
    NotYetValid = not_yet_valid, 403;
    /// Not issued by a pinned CA.
    UnknownCa = unknown_ca, 403;
    /// Issued by a test CA, in production.
    TestCaInProduction = test_ca_in_production, 403;
    /// 署名用 instead of 利用者証明用.
    SigningCertificate = signing_certificate, 403;
    /// A certificate policy that is not on the list.
    UnknownPolicy = unknown_policy, 403;
    /// Against the JPKI profile.
    MalformedProfile = malformed_profile, 403;
    /// Key too weak.
    WeakKey = weak_key, 403;
    /// The revocation data is too old.
    CrlStale = crl_stale, 503;
    /// There is no revocation data.
    CrlMissing = crl_missing, 503;
    /// The authority's responder gave no answer, and the service does not do with less.
    StatusUnavailable = status_unavailable, 503;
    /// The authority's responder does not know the certificate.
    StatusUnknown = status_unknown, 403;
    /// The responder and the lists contradict one another.
    StatusContradiction = status_contradiction, 503;
    /// The predecessor question got no answer.
    LinksUnavailable = links_unavailable, 503;
    /// A certificate so young that J-LIS may not know it yet.
    CertificateNotSettled = certificate_not_settled, 503;
    /// Whose certificate it is waits for a person's decision.
    IdentityUndecided = identity_undecided, 403;
    /// A person decided that the certificate does not sign in.
    IdentityRefused = identity_refused, 403;
    /// A ticket in another browser than the one that began: perhaps phishing.
    TicketOtherBrowser = ticket_other_browser, 403;
    /// A ticket that came too late.
    TicketExpired = ticket_expired, 403;
    /// A certificate in whose place a newer one has come.
    CertificateReplaced = certificate_replaced, 403;
    /// The service expects another person.
    OtherPerson = other_person, 403;
    /// The account is closed.
    AccountClosed = account_closed, 403;
    /// The person wished the account closed.
    AccountLeft = account_left, 403;
    /// A transaction that was answered already: back button, second tab.
    TransactionAnswered = transaction_answered, 410;
    /// A ticket that came twice.
    TicketUsed = ticket_used, 409;
    /// The transaction is over.
    TransactionExpired = transaction_expired, 410;
    /// No transaction: cookies off, or another browser.
    TransactionUnknown = transaction_unknown, 400;
    /// The service is not in the registry.
    ServiceUnknown = service_unknown, 400;
    /// The service is suspended or removed.
    ServiceSuspended = service_suspended, 403;
    /// No way here to reach the level that the service asks for.
    LevelUnreachable = level_unreachable, 403;
    /// The service asks for a registered identity.
    EnrolmentRequired = enrolment_required, 403;
    /// The certificate behind the session was revoked.
    SessionEndedByRevocation = session_ended_by_revocation, 403;
    /// Rate limit.
    TooManyAttempts = too_many_attempts, 429;
    /// A card in a device does not reach what is asked for.
    DeviceNotEnough = device_not_enough, 403;
    /// The code, the signature or the number came too late.
    DeviceTooLate = device_too_late, 410;
    /// Nobody shows this code, or somebody claimed it.
    DeviceCodeUnknown = device_code_unknown, 404;
    /// The challenge was signed before.
    DeviceChallengeUsed = device_challenge_used, 409;
    /// What came is no signature of the challenge.
    DeviceSignature = device_signature, 403;
    /// Another number than the screen's, or "not me".
    DeviceNotConfirmed = device_not_confirmed, 403;
    /// The form was not shown in this browser, or long ago.
    Csrf = csrf, 403;
    /// No such page.
    PageNotFound = page_not_found, 404;
    /// The page exists for another method.
    MethodNotAllowed = method_not_allowed, 405;
    /// We broke.
    ServerFault = server_fault, 500;
    /// Overloaded.
    Busy = busy, 503;
}

impl RefusalPage {
    /// Every refusal, each revocation reason by itself.
    pub fn all() -> Vec<Self> {
        let mut all = Self::plain();
        all.extend(RevocationReason::ALL.map(|reason| Self::Revoked { reason }));
        all.push(Self::RequestInvalid {
            technical_code: "saml.destination_is_this_idp".to_owned(),
        });
        all
    }
}

/// Says no: what happened, why, what to do next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RefusedPage {
    /// Around the page.
    pub frame: Frame,
    /// What was refused.
    pub refusal: RefusalPage,
    /// The service, where it is known and registered.
    pub service_name: Option<Localized>,
    /// Begins a fresh attempt, while the transaction lives; sends [`super::fields::FAMILY`]. For
    /// [`RefusalPage::NoCertificate`] the page offers both families.
    pub retry: Option<PostForm>,
    /// To the registration that the service asks for.
    pub enrol: Option<String>,
    /// Back to the service, only when the return was checked.
    pub return_to: Option<ReturnPath>,
    /// What the person reads to the help desk.
    pub reference: Option<Reference>,
}

#[derive(Template)]
#[template(path = "refused.html")]
struct View<'a> {
    shell: Shell<'a>,
    t: &'static Vocabulary,
    page: &'a RefusedPage,
    service: Option<&'a str>,
    text: &'static Refusal,
}

impl View<'_> {
    fn revocation(&self) -> Option<Text> {
        match &self.page.refusal {
            RefusalPage::Revoked { reason } => Some(revocation_text(*reason, self.t)),
            _ => None,
        }
    }

    fn technical_code(&self) -> Option<&str> {
        match &self.page.refusal {
            RefusalPage::RequestInvalid { technical_code } => Some(technical_code),
            _ => None,
        }
    }

    /// What no further try with the same card can change.
    fn needs_another_card(&self) -> bool {
        matches!(
            self.page.refusal,
            RefusalPage::Expired
                | RefusalPage::NotYetValid
                | RefusalPage::Revoked { .. }
                | RefusalPage::SessionEndedByRevocation
                | RefusalPage::TestCaInProduction
                | RefusalPage::WeakKey
                | RefusalPage::IdentityRefused
        )
    }

    /// Whether another try begins a new account.
    fn begins_anew(&self) -> bool {
        self.page.refusal == RefusalPage::AccountLeft
    }

    /// Another TLS version helps only where the card's answer never arrived.
    fn offers_other_way(&self) -> bool {
        self.page.refusal == RefusalPage::NoCertificate
    }
}

impl Page for RefusedPage {
    const NAME: &'static str = "refused";

    fn render(&self, language: Language) -> Result<String, PageError> {
        let t = vocabulary(language);
        let view = View {
            shell: Shell {
                language,
                frame: &self.frame,
            },
            t,
            page: self,
            service: self.service_name.as_ref().map(|name| name.get(language)),
            text: self.refusal.text(t),
        };
        Ok(view.render()?)
    }

    fn samples() -> Vec<(&'static str, Self)> {
        let mut samples: Vec<_> = RefusalPage::all().into_iter().map(Self::sample).collect();
        samples.push((
            "no_certificate-alone",
            Self {
                frame: Frame::bare_sample(),
                service_name: None,
                retry: None,
                enrol: None,
                return_to: None,
                reference: None,
                ..Self::sample(RefusalPage::NoCertificate).1
            },
        ));
        samples
    }
}

impl RefusedPage {
    /// A refusal as its handler is expected to show it: at the card with a retry, at the service with a way back.
    fn sample(refusal: RefusalPage) -> (&'static str, Self) {
        use RefusalPage as R;
        let label = match &refusal {
            R::Revoked {
                reason: RevocationReason::Unspecified,
            } => "revoked-unspecified",
            R::Revoked {
                reason: RevocationReason::KeyCompromise,
            } => "revoked-key_compromise",
            R::Revoked {
                reason: RevocationReason::CaCompromise,
            } => "revoked-ca_compromise",
            R::Revoked {
                reason: RevocationReason::AffiliationChanged,
            } => "revoked-affiliation_changed",
            R::Revoked {
                reason: RevocationReason::Superseded,
            } => "revoked-superseded",
            R::Revoked {
                reason: RevocationReason::CessationOfOperation,
            } => "revoked-cessation_of_operation",
            R::Revoked {
                reason: RevocationReason::CertificateHold,
            } => "revoked-certificate_hold",
            R::Revoked {
                reason: RevocationReason::Other,
            } => "revoked-other",
            other => other.code(),
        };
        let alone = matches!(
            refusal,
            R::TicketOtherBrowser
                | R::TransactionExpired
                | R::TransactionUnknown
                | R::TransactionAnswered
                | R::ServiceUnknown
                | R::ServiceSuspended
                | R::RequestInvalid { .. }
                | R::Csrf
                | R::PageNotFound
                | R::MethodNotAllowed
                | R::ServerFault
                | R::Busy
        );
        let retry = !alone
            && !matches!(
                refusal,
                R::TooManyAttempts | R::LevelUnreachable | R::EnrolmentRequired | R::TicketUsed
            );
        let page = Self {
            frame: Frame::sample(),
            service_name: (!alone).then(sample_service),
            enrol: (refusal == R::EnrolmentRequired).then(|| "/enrolment?for=txn_0".to_owned()),
            retry: retry.then(|| PostForm::sample("/sign-in/attempt")),
            return_to: (!alone).then(|| ReturnPath::Form(PostForm::sample("/sign-in/cancel"))),
            reference: "K7Q2M-9XW4T".parse().ok(),
            refusal,
        };
        (label, page)
    }
}
