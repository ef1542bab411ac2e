//! The only place that turns what we say no to, and what broke, into answers for people.
//!
//! A *refusal* has a page with cause, next step and reference. A *fault* is ours: it is logged once, here, with a
//! reference, and shown as such. Protocol rooms answer their own clients (`web/oidc/error.rs`, `web/saml/reply.rs`).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use domain::{Reference, TransactionId};
use login::Refusal;
use store::StoreFault;

use super::context::Context;
use super::headers::{self, FormTargets};
use crate::pages;

/// Why a handler does not do what was asked.
#[derive(Debug)]
pub enum Problem {
    /// We say no, and a person reads why.
    Refused(Refused),
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
    /// The transaction whose service may be told, if there is one.
    pub transaction: Option<TransactionId>,
}

impl From<StoreFault> for Problem {
    fn from(fault: StoreFault) -> Self {
        Self::Fault(fault.to_string())
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Refused { refusal, reference: None, transaction: None })
    }
}

impl Context {
    /// Turns a handler's result into an answer.
    pub fn answer(&self, result: Result<HttpResponse, Problem>) -> HttpResponse {
        match result {
            Ok(response) => response,
            Err(Problem::Refused(refused)) => self.refusal_page(&refused),
            Err(Problem::ForeignForm) => {
                self.plain_refusal(StatusCode::FORBIDDEN, pages::RefusalCode::ForeignForm, None)
            }
            Err(Problem::NotFound) => {
                self.plain_refusal(StatusCode::NOT_FOUND, pages::RefusalCode::PageNotFound, None)
            }
            Err(Problem::Fault(why)) => self.fault_page(&why),
        }
    }

    /// The page of a refusal.
    pub fn refusal_page(&self, refused: &Refused) -> HttpResponse {
        metrics::counter!("refusals_total", "code" => refused.refusal.code()).increment(1);
        let return_action = refused
            .transaction
            .as_ref()
            .filter(|_| refused.refusal.service_answer() != login::ServiceAnswer::Silence)
            .map(|transaction| format!("/sign-in/{transaction}/return"));
        self.render_refusal(
            status_of(refused.refusal),
            pages::RefusalCode::from(refused.refusal),
            refused.reference.as_ref(),
            return_action,
            refused.transaction.as_ref(),
        )
    }

    fn plain_refusal(
        &self,
        status: StatusCode,
        code: pages::RefusalCode,
        reference: Option<&Reference>,
    ) -> HttpResponse {
        self.render_refusal(status, code, reference, None, None)
    }

    fn fault_page(&self, why: &str) -> HttpResponse {
        let reference = Reference::generate(&*self.entropy);
        tracing::error!(error = %why, fault.reference = %reference, "a request failed");
        metrics::counter!("faults_total").increment(1);
        self.plain_refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            pages::RefusalCode::ServerFault,
            Some(&reference),
        )
    }
}

/// HTTP status of a refusal's page.
fn status_of(refusal: Refusal) -> StatusCode {
    match refusal {
        Refusal::RequestInvalid | Refusal::ServiceUnknown => StatusCode::BAD_REQUEST,
        Refusal::TransactionUnknown | Refusal::TransactionExpired | Refusal::TransactionAnswered => {
            StatusCode::GONE
        }
        Refusal::TooManyAttempts => StatusCode::TOO_MANY_REQUESTS,
        Refusal::LinksUnavailable | Refusal::CrlStale | Refusal::CrlMissing => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::FORBIDDEN,
    }
}

/// A form posted without this browser's token.
pub fn require_form_token(context: &Context, brought: &str) -> Result<(), Problem> {
    if context.form_token_matches(brought) { Ok(()) } else { Err(Problem::ForeignForm) }
}

/// A page without forms to other origins.
pub fn own_page(html: String) -> HttpResponse {
    headers::page(StatusCode::OK, html, &FormTargets::own())
}
