//! The only place that turns what we say no to, and what broke, into answers for people.
//!
//! A *refusal* has a page with cause, next step and reference. A *fault* is ours: it is logged once, here, with a
//! reference, and shown as such. Protocol rooms answer their own clients (`web/oidc/mod.rs` `answer` and `fault`, `web/saml/reply.rs` `refuse`).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use domain::{Localized, Reference, TransactionId};
use login::Refusal;
use store::StoreFault;

use super::context::Context;
use super::enrolment::back;
use super::headers::{self, FormTargets};
use super::login::refused as refusals;
use crate::pages::{RefusalPage, RefusedPage, ReturnPath};

/// Why a handler does not do what was asked.
#[derive(Debug)]
pub enum Problem {
    /// We say no, and a person reads why.
    Refused(Box<Refused>),
    /// A service's request is wrong and there is no checked place to answer to.
    RequestInvalid {
        /// Stable code for the service's developers: room and rule, never text from the request.
        technical_code: String,
        /// What opens the chain of decisions.
        reference: Reference,
    },
    /// An address begins more than its share; nothing is written about it.
    TooMany,
    /// A form without this browser's token.
    ForeignForm,
    /// No such page.
    NotFound,
    /// We broke; the text is for the log.
    Fault(String),
}

/// A refusal on its way to its page.
#[derive(Clone, Debug)]
pub struct Refused {
    /// What.
    pub refusal: Refusal,
    /// What opens the chain of decisions.
    pub reference: Option<Reference>,
    /// The way on, within a transaction of this browser.
    pub way: Option<Way>,
}

/// The way on from a refusal.
#[derive(Clone, Debug)]
pub struct Way {
    /// Which transaction.
    pub transaction: TransactionId,
    /// Its service.
    pub service_name: Localized,
    /// Where its reply goes; nowhere for a page of ours.
    pub destination: Option<String>,
    /// Whether another try at the card can help.
    pub may_retry: bool,
}

impl From<StoreFault> for Problem {
    fn from(fault: StoreFault) -> Self {
        Self::Fault(fault.to_string())
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(Refused {
            refusal,
            reference: None,
            way: None,
        }))
    }
}

impl Context {
    /// Turns a handler's result into an answer. A refusal that has no reference yet gets one here, so that none is without.
    pub async fn answer(&self, result: Result<HttpResponse, Problem>) -> HttpResponse {
        match result {
            Ok(response) => response,
            Err(Problem::Refused(mut refused)) => {
                if refused.reference.is_none() {
                    refused.reference = refusals::reference_of(self, refused.refusal).await;
                }
                self.refused(&refused)
            }
            Err(Problem::TooMany) => {
                metrics::counter!("front_turned_away_total").increment(1);
                self.page_of(RefusalPage::Busy, None, None)
            }
            Err(Problem::RequestInvalid {
                technical_code,
                reference,
            }) => self.page_of(
                RefusalPage::RequestInvalid { technical_code },
                Some(reference),
                None,
            ),
            Err(Problem::ForeignForm) => self.page_of(RefusalPage::Csrf, None, None),
            Err(Problem::NotFound) => self.page_of(RefusalPage::PageNotFound, None, None),
            Err(Problem::Fault(why)) => {
                let reference = Reference::generate(&*self.entropy);
                tracing::error!(error = %why, fault.reference = %reference, "a request failed");
                metrics::counter!("faults_total").increment(1);
                self.page_of(RefusalPage::ServerFault, Some(reference), None)
            }
        }
    }

    fn refused(&self, refused: &Refused) -> HttpResponse {
        metrics::counter!("refusals_total", "code" => refused.refusal.code()).increment(1);
        self.page_of(
            page_for(refused.refusal),
            refused.reference.clone(),
            refused.way.as_ref(),
        )
    }

    /// The buttons of a refusal lead back to the service, and to the door while another try can help.
    fn targets_of(&self, way: &Way) -> FormTargets {
        let own = FormTargets::own();
        let targets = match &way.destination {
            Some(destination) => own.and(destination),
            None => own,
        };
        if !way.may_retry {
            return targets;
        }
        self.door_families()
            .into_iter()
            .fold(targets, |targets, family| targets.and_names_below(&family))
    }

    /// A refusal's page with status, retry and way back.
    pub fn page_of(
        &self,
        refusal: RefusalPage,
        reference: Option<Reference>,
        way: Option<&Way>,
    ) -> HttpResponse {
        let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::FORBIDDEN);
        let targets = way.map_or_else(FormTargets::own, |way| self.targets_of(way));
        let form = |action: &str| {
            way.map(|way| self.form("sign-in", format!("/sign-in/{}/{action}", way.transaction)))
        };
        let action = match refusal {
            RefusalPage::AccountLeft => "anew",
            _ => "card",
        };
        let registers = refusal == RefusalPage::EnrolmentRequired;
        let page = RefusedPage {
            frame: self.frame(),
            service_name: way.map(|way| way.service_name.clone()),
            retry: way.filter(|way| way.may_retry).and_then(|_| form(action)),
            enrol: way
                .filter(|_| registers)
                .map(|way| back::naming("/enrolment", Some(&way.transaction))),
            return_to: form("return").map(ReturnPath::Form),
            reference,
            refusal,
        };
        match self.render(&page) {
            Ok(html) => headers::page(status, html, &targets),
            Err(_) => headers::common(HttpResponse::InternalServerError()).body("500"),
        }
    }
}

/// Which page explains a refusal.
pub fn page_for(refusal: Refusal) -> RefusalPage {
    match refusal {
        Refusal::NoCertificate => RefusalPage::NoCertificate,
        Refusal::Expired => RefusalPage::Expired,
        Refusal::NotYetValid => RefusalPage::NotYetValid,
        Refusal::Revoked(reason) => RefusalPage::Revoked { reason },
        Refusal::UnknownCa => RefusalPage::UnknownCa,
        Refusal::TestCaInProduction => RefusalPage::TestCaInProduction,
        Refusal::SigningCertificate => RefusalPage::SigningCertificate,
        Refusal::UnknownPolicy => RefusalPage::UnknownPolicy,
        Refusal::MalformedProfile => RefusalPage::MalformedProfile,
        Refusal::WeakKey => RefusalPage::WeakKey,
        Refusal::CrlStale => RefusalPage::CrlStale,
        Refusal::CrlMissing => RefusalPage::CrlMissing,
        Refusal::StatusUnavailable => RefusalPage::StatusUnavailable,
        Refusal::StatusUnknown => RefusalPage::StatusUnknown,
        Refusal::StatusContradiction => RefusalPage::StatusContradiction,
        Refusal::CertificateReplaced => RefusalPage::CertificateReplaced,
        Refusal::LinksUnavailable => RefusalPage::LinksUnavailable,
        Refusal::CertificateNotSettled => RefusalPage::CertificateNotSettled,
        Refusal::IdentityUndecided => RefusalPage::IdentityUndecided,
        Refusal::IdentityRefused => RefusalPage::IdentityRefused,
        Refusal::EnrolmentRequired => RefusalPage::EnrolmentRequired,
        Refusal::AccountClosed => RefusalPage::AccountClosed,
        Refusal::AccountLeft => RefusalPage::AccountLeft,
        Refusal::OtherPerson => RefusalPage::OtherPerson,
        Refusal::TicketOtherBrowser => RefusalPage::TicketOtherBrowser,
        Refusal::TicketExpired => RefusalPage::TicketExpired,
        Refusal::TicketUsed => RefusalPage::TicketUsed,
        Refusal::TransactionExpired => RefusalPage::TransactionExpired,
        Refusal::TransactionUnknown => RefusalPage::TransactionUnknown,
        Refusal::TransactionAnswered => RefusalPage::TransactionAnswered,
        Refusal::TooManyAttempts => RefusalPage::TooManyAttempts,
        Refusal::DeviceNotEnough => RefusalPage::DeviceNotEnough,
        Refusal::DeviceTooLate => RefusalPage::DeviceTooLate,
        Refusal::DeviceCodeUnknown => RefusalPage::DeviceCodeUnknown,
        Refusal::DeviceChallengeUsed => RefusalPage::DeviceChallengeUsed,
        Refusal::DeviceSignature => RefusalPage::DeviceSignature,
        Refusal::DeviceNotConfirmed => RefusalPage::DeviceNotConfirmed,
        Refusal::ServiceUnknown => RefusalPage::ServiceUnknown,
        Refusal::ServiceSuspended => RefusalPage::ServiceSuspended,
        Refusal::LevelUnreachable => RefusalPage::LevelUnreachable,
        Refusal::SessionEndedByRevocation => RefusalPage::SessionEndedByRevocation,
        // These are answered to the service; a page is drawn only when there is no service to answer.
        other => RefusalPage::RequestInvalid {
            technical_code: format!("login.{}", other.code()),
        },
    }
}

/// A form posted without this browser's token.
pub fn require_form_token(context: &Context, brought: &str) -> Result<(), Problem> {
    if context.form_token_matches("sign-in", brought) {
        Ok(())
    } else {
        Err(Problem::ForeignForm)
    }
}

/// A page without forms to other origins.
pub fn own_page(html: String) -> HttpResponse {
    headers::page(StatusCode::OK, html, &FormTargets::own())
}
