//! SOAP from services: who asks, and how an answer or a refusal goes back. No browser, no cookie, no page.

use std::net::IpAddr;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use domain::{ProtocolSettings, Reference, Service, ServiceState};
use keys::{KeyUse, SigningAlgorithm};
use saml::binding::soap::{self, FaultCode, SoapRequest};
use saml::reply::{AnswerDraft, Answering, Signing};
use saml::{BackChannelRefused, ServiceFacts};
use store::ServiceProtocol;

use super::{ALGORITHM, idp_facts};
use crate::app::App;
use crate::exchanges::referenced;
use crate::exchanges::saml::{self as exchanges, RefusedMessage};
use crate::signing::ActiveKey;
use crate::web::error::Problem;
use crate::web::headers;

/// Why a message by SOAP has no answer of its own.
pub enum Unanswered {
    /// Too many from this address: nothing was read.
    TooMany,
    /// Nobody is known whom a status could be sent.
    Fault(FaultCode, Option<Reference>),
    /// We broke.
    Broken(Problem),
}

impl From<Problem> for Unanswered {
    fn from(problem: Problem) -> Self {
        Self::Broken(problem)
    }
}

impl From<store::StoreFault> for Unanswered {
    fn from(fault: store::StoreFault) -> Self {
        Self::Broken(fault.into())
    }
}

impl From<saml::Reason> for Unanswered {
    fn from(reason: saml::Reason) -> Self {
        Self::Broken(reason.into())
    }
}

/// Takes an envelope in and finds who claims to ask.
pub async fn open(
    app: &App,
    from: Option<IpAddr>,
    endpoint: &'static str,
    body: &[u8],
) -> Result<(SoapRequest, Service, ServiceFacts), Unanswered> {
    if !app.soap_limit.admits_address(from, endpoint) {
        return Err(Unanswered::TooMany);
    }
    let unreadable = |reason: &saml::Reason| {
        count(reason);
        Unanswered::Fault(FaultCode::of(reason), None)
    };
    let incoming = SoapRequest::decode(body).map_err(|reason| unreadable(&reason))?;
    let issuer = incoming.issuer().map_err(|reason| unreadable(&reason))?;
    let service = app
        .ledger
        .service_by_identifier(ServiceProtocol::Saml, &issuer)
        .await?
        .filter(|service| service.state == ServiceState::Active);
    let Some(service) = service else {
        return Err(Unanswered::Fault(FaultCode::Client, None));
    };
    if !super::sources::stands(app, &service).await? {
        return Err(Unanswered::Fault(FaultCode::Client, None));
    }
    let ProtocolSettings::Saml(settings) = &service.protocol else {
        return Err(Problem::Fault("a record of another protocol under an entity ID".to_owned()).into());
    };
    let facts = ServiceFacts::from_settings(settings)?;
    Ok((incoming, service, facts))
}

/// What was refused, for its developers.
pub struct Refusal<'a> {
    /// Whose message.
    pub service: &'a Service,
    /// What the rules know of it.
    pub facts: &'a ServiceFacts,
    /// The message.
    pub incoming: &'a SoapRequest,
    /// Which, and where it is answered.
    pub word: (&'static str, &'a str),
    /// Why.
    pub refused: &'a BackChannelRefused,
}

/// A refusal: counted, noted for the service, and where who asks is known, for the caller to answer with a status.
pub fn refused<'a>(
    app: &App,
    refusal: &Refusal<'a>,
    peer: Option<IpAddr>,
) -> Result<(&'a str, Option<Reference>), Unanswered> {
    let refused = refusal.refused;
    count(&refused.reason);
    tracing::info!(reason = refused.reason.code(), "a message by SOAP was refused");
    let reference = Reference::generate(&*app.entropy);
    let (word, endpoint) = refusal.word;
    let message = RefusedMessage {
        service: refusal.service,
        word,
        reason: &refused.reason,
        trace: &refused.trace,
        facts: saml::explain::back_channel(
            refusal.incoming,
            endpoint,
            refusal.facts,
            &idp_facts(app),
            app.clock.now(),
        ),
        status: refused.in_response_to.as_ref().map(|_| refused.status()),
        by_soap: true,
    };
    let reference = exchanges::note(app, message, &reference, peer).then_some(reference);
    match refused.in_response_to.as_deref() {
        Some(id) => Ok((id, reference)),
        None => Err(Unanswered::Fault(FaultCode::of(&refused.reason), reference)),
    }
}

fn count(reason: &saml::Reason) {
    metrics::counter!("requests_refused_total", "protocol" => "saml", "reason" => reason.code()).increment(1);
}

/// Signs what a function composes.
pub fn sign(
    app: &App,
    compose: impl FnOnce(Signing<'_>) -> Result<AnswerDraft, saml::Reason>,
) -> Result<Vec<u8>, Problem> {
    let key = ActiveKey::of(&app.signing, KeyUse::Saml, SigningAlgorithm::Rs256)?;
    let draft = compose(Signing {
        algorithm: ALGORITHM,
        certificate: key.key().certificate_der.as_deref(),
    })?;
    let signature = key.sign(draft.signing_input())?;
    Ok(draft.attach(&signature)?)
}

/// What an answer is made with.
pub fn answering<'a>(
    app: &App,
    idp: &'a saml::IdpFacts,
    service: &'a ServiceFacts,
    in_response_to: &'a str,
) -> Answering<'a> {
    Answering {
        idp,
        service: &service.entity_id,
        in_response_to,
        now: app.clock.now(),
    }
}

/// The HTTP answer (bindings-2.0-os section 3.2.3.3: a fault goes with 500).
pub fn respond(result: Result<(Vec<u8>, Option<Reference>), Unanswered>) -> HttpResponse {
    let mut reference = None;
    let (status, envelope) = match result {
        Ok((envelope, told)) => {
            reference = told;
            (StatusCode::OK, envelope)
        }
        Err(Unanswered::TooMany) => (StatusCode::TOO_MANY_REQUESTS, soap::fault(FaultCode::Server)),
        Err(Unanswered::Fault(code, told)) => {
            reference = told;
            (StatusCode::INTERNAL_SERVER_ERROR, soap::fault(code))
        }
        Err(Unanswered::Broken(problem)) => {
            tracing::error!(?problem, "a message by SOAP could not be answered");
            (StatusCode::INTERNAL_SERVER_ERROR, soap::fault(FaultCode::Server))
        }
    };
    let response = headers::common(HttpResponse::build(status))
        .insert_header(("content-type", soap::CONTENT_TYPE))
        .body(envelope);
    referenced(response, reference.as_ref())
}
