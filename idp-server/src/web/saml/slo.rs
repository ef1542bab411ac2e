//! The single logout service (profiles-2.0-os section 4.4): a service asks for the end of a session, or answers that it ended its own.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use audit::Actor;
use domain::{ProtocolSettings, Reference, Service, ServiceId, Session, SessionId, SloBinding, SloEndpoint};
use keys::{KeyUse, SigningAlgorithm};
use saml::binding::soap::{CONTENT_TYPE, FaultCode, fault};
use saml::elements::Status;
use saml::reply::{LogoutDraft, NameId, OutgoingLogout, SignedOutPerson, Signing};
use saml::{Checked, IncomingLogout, LogoutRefused, LogoutReplyTo, ServiceFacts, SignOutRequest};
use store::{Batch, CommitOutcome, EphemeraKey, EphemeraKind, SingleUseKind, Write};

use super::sso::{find, record, unreadable};
use super::{ALGORITHM, idp_facts};
use crate::app::App;
use crate::exchanges::referenced;
use crate::exchanges::saml::{self as exchanges, RefusedMessage};
use crate::jobs;
use crate::pages::{PostOutcome, PostToServicePage};
use crate::secret::Secret;
use crate::sessions::{self, Cause, Channel, Notice, State};
use crate::signing::ActiveKey;
use crate::web::account;
use crate::web::context::Context;
use crate::web::error::Problem;
use crate::web::headers::{self, FormTargets};
use crate::web::logout::{self, Finish};

/// Where both bindings through the browser are answered.
pub const PATH: &str = "/saml/slo";
/// Where SOAP is.
pub const SOAP_PATH: &str = "/saml/slo/soap";
/// Where a form goes on.
pub const PARKED_PATH: &str = "/saml/slo/form";

/// `GET /saml/slo`: HTTP-Redirect.
pub async fn redirect(context: Context, request: HttpRequest) -> HttpResponse {
    let result = match IncomingLogout::redirect(request.query_string()) {
        _ if context.may_begin().is_err() => Err(Problem::TooMany),
        Ok(incoming) => take(&context, &incoming).await,
        Err(reason) => Err(unreadable(&context, &reason).await),
    };
    context.answer(result).await
}

/// `POST /saml/slo`: HTTP-POST. A form of another site brings no cookies, so whether the person's own browser brought it is seen at an
/// address of ours that the browser is sent to first.
pub async fn post(context: Context, body: web::Bytes) -> HttpResponse {
    let result = match IncomingLogout::post(&body) {
        _ if context.may_begin().is_err() => Err(Problem::TooMany),
        Ok(incoming) if context.session.is_none() && !incoming.is_response() => park(&context, &body).await,
        Ok(incoming) => take(&context, &incoming).await,
        Err(reason) => Err(unreadable(&context, &reason).await),
    };
    context.answer(result).await
}

/// Octets of a form that are kept for the moment of a redirect: requests are far shorter.
const MAX_PARKED: usize = 64 * 1024;
/// Seconds of that moment.
const PARKED_SECONDS: i64 = 60;

async fn park(context: &Context, body: &web::Bytes) -> Result<HttpResponse, Problem> {
    if body.len() > MAX_PARKED {
        let too_long = saml::Reason::ParameterTooLong {
            name: "SAMLRequest",
            limit: MAX_PARKED,
        };
        return Err(unreadable(context, &too_long).await);
    }
    let (id, now) = (Secret::generate(&*context.entropy), context.now());
    let until = now.plus_seconds(PARKED_SECONDS);
    context
        .ephemera
        .put(&parked_at(&id), body.to_vec(), now, until)
        .await?;
    Ok(headers::see_other(&format!("{PARKED_PATH}/{}", id.reveal())))
}

fn parked_at(id: &Secret) -> EphemeraKey {
    EphemeraKey::new(EphemeraKind::LogoutRun, format!("parked:{}", id.hash().0))
}

/// `GET /saml/slo/form/{id}`: goes on with a form, now with the browser's cookies.
pub async fn parked(context: Context, id: web::Path<String>) -> HttpResponse {
    let result = async {
        let id = Secret::parse(&id).ok_or(Problem::NotFound)?;
        let Some(body) = context.ephemera.get(&parked_at(&id), context.now()).await? else {
            return Err(Problem::NotFound);
        };
        context.ephemera.remove(&parked_at(&id)).await?;
        match IncomingLogout::post(&body) {
            Ok(incoming) => take(&context, &incoming).await,
            Err(reason) => Err(unreadable(&context, &reason).await),
        }
    }
    .await;
    context.answer(result).await
}

async fn take(context: &Context, incoming: &IncomingLogout) -> Result<HttpResponse, Problem> {
    if incoming.is_response() {
        return answered(context, incoming).await;
    }
    let (service, asked) = match request(context, incoming).await? {
        Ok(asked) => asked,
        Err(refused) => return refuse(context, incoming, *refused).await,
    };
    let here = account::current(context).await?.map(|session| session.id);
    let Some((ended, is_here)) = end(context, &service, &asked, here.as_ref()).await? else {
        let status = Status::UNKNOWN_PRINCIPAL;
        return match &asked.reply_to {
            Some(reply_to) => respond(context, &service, reply_to, status),
            None => logout::depart(context, Vec::new(), Finish::Here, false).await,
        };
    };
    let finish = match &asked.reply_to {
        Some(reply_to) => Finish::Saml {
            service: service.id.clone(),
            name: service.name.clone(),
            reply_to: reply_to.clone(),
        },
        None => Finish::Here,
    };
    logout::depart(context, ended, finish, is_here).await
}

/// `POST /saml/slo/soap`: no browser, so the services that only a browser reaches are not told, and the answer says so.
pub async fn soap(context: Context, body: web::Bytes) -> HttpResponse {
    let result = async {
        if !context.soap_limit.admits_address(context.peer(), "logout") {
            return Err(Problem::TooMany);
        }
        let incoming = match IncomingLogout::soap_request(&body) {
            Ok(incoming) => incoming,
            Err(reason) => {
                metrics::counter!("requests_refused_total", "protocol" => "saml", "reason" => reason.code())
                    .increment(1);
                return Ok(envelope(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    fault(FaultCode::of(&reason)),
                ));
            }
        };
        by_soap(&context, &incoming).await
    }
    .await;
    match result {
        Ok(response) => response,
        // Nothing here is for people: who asks is a program, and learns no more than that it was not heard.
        Err(problem) => {
            let reference = match &problem {
                Problem::RequestInvalid { reference, .. } => Some(reference.clone()),
                _ => None,
            };
            let (status, code) = match problem {
                Problem::TooMany => (StatusCode::TOO_MANY_REQUESTS, FaultCode::Server),
                Problem::Fault(_) => {
                    tracing::error!(error = ?problem, "a logout by SOAP failed");
                    metrics::counter!("faults_total").increment(1);
                    (StatusCode::INTERNAL_SERVER_ERROR, FaultCode::Server)
                }
                _ => (StatusCode::INTERNAL_SERVER_ERROR, FaultCode::Client),
            };
            referenced(envelope(status, fault(code)), reference.as_ref())
        }
    }
}

async fn by_soap(context: &Context, incoming: &IncomingLogout) -> Result<HttpResponse, Problem> {
    let mut reference = None;
    let (status, reply_to) = match request(context, incoming).await? {
        Ok((service, asked)) if !context.soap_limit.admits_service(&service.id, "logout") => {
            (Status::RESPONDER, asked.reply_to.clone())
        }
        Ok((service, asked)) => {
            let status = match end(context, &service, &asked, None).await? {
                None => Status::UNKNOWN_PRINCIPAL,
                Some((ended, _)) => {
                    jobs::logout::now(context.app(), &ended).await?;
                    propagated(context, &ended).await?
                }
            };
            (status, asked.reply_to.clone())
        }
        Err(refused) => {
            let (service, refused) = *refused;
            count(&refused);
            reference = Some(note(context, incoming, &service, &refused).await?);
            let (Some(reply_to), saml::Answer::Respond(status)) = (refused.reply_to, refused.reason.answer())
            else {
                let told = envelope(StatusCode::INTERNAL_SERVER_ERROR, fault(FaultCode::Client));
                return Ok(referenced(told, reference.as_ref()));
            };
            (status, Some(reply_to))
        }
    };
    let Some(reply_to) = reply_to else {
        return Err(Problem::Fault("a request by SOAP without a way back".to_owned()));
    };
    let draft = LogoutDraft::response(
        &idp_facts(context),
        &reply_to,
        status,
        context.now(),
        &*context.entropy,
    )?;
    match sign(context, draft)? {
        OutgoingLogout::Soap(octets) => Ok(referenced(envelope(StatusCode::OK, octets), reference.as_ref())),
        _ => Err(Problem::Fault("a response by SOAP in another binding".to_owned())),
    }
}

fn envelope(status: StatusCode, octets: Vec<u8>) -> HttpResponse {
    headers::common(HttpResponse::build(status))
        .insert_header(("content-type", CONTENT_TYPE))
        .body(octets)
}

/// Whether every service that took part was told.
pub async fn propagated(context: &Context, ended: &[SessionId]) -> Result<Status, Problem> {
    for session in ended {
        let notices = sessions::of_session(&*context.ledger, session).await?;
        if notices.iter().any(|(_, notice)| !notice.state.is_done()) {
            return Ok(Status::PARTIAL_LOGOUT);
        }
    }
    Ok(Status::SUCCESS)
}

type Asked = (Service, Checked<SignOutRequest>);

/// Reads, finds and checks; and spends the request's identifier.
async fn request(
    context: &Context,
    incoming: &IncomingLogout,
) -> Result<Result<Asked, Box<(Service, LogoutRefused)>>, Problem> {
    let issuer = match incoming.issuer() {
        Ok(issuer) => issuer,
        Err(reason) => return Err(unreadable(context, &reason).await),
    };
    let service = find(context, &issuer).await?;
    let facts = facts(&service)?;
    let checked = match saml::check_logout_request(incoming, &facts, &idp_facts(context), context.now()) {
        Ok((checked, _trace)) => checked,
        Err(refused) => return Ok(Err(Box::new((service, *refused)))),
    };
    let spent = Batch::new().write(Write::InsertSingleUse {
        kind: SingleUseKind::SamlRequest,
        key: format!("{}:{}", service.id, checked.id),
        expires_at: checked.replay_until.plus_seconds(3600),
    });
    match context.ledger.commit(spent).await? {
        CommitOutcome::Committed => Ok(Ok((service, checked))),
        CommitOutcome::Conflict(_) => {
            metrics::counter!("requests_refused_total", "protocol" => "saml", "reason" => "replayed")
                .increment(1);
            let reference = record(context, &saml::Trace::default()).await?;
            exchanges::note_beyond(
                context,
                (&service, "logout_request", exchanges::Sender::Service),
                ("replayed", "a request with this ID was taken before"),
                ("request_was_not_used_before", "saml-core-2.0-os 1.3.4"),
                &reference,
            );
            Err(Problem::RequestInvalid {
                technical_code: "saml.replayed".to_owned(),
                reference,
            })
        }
    }
}

fn facts(service: &Service) -> Result<ServiceFacts, Problem> {
    let ProtocolSettings::Saml(settings) = &service.protocol else {
        return Err(Problem::Fault(
            "a record of another protocol under an entity ID".to_owned(),
        ));
    };
    ServiceFacts::from_settings(settings)
        .map_err(|reason| Problem::Fault(format!("registered keys of {}: {reason}", service.id)))
}

/// Ends the sessions in which this very service knows somebody by exactly this name, and under these indexes where it names some; which
/// ended, or had ended before where none lives. `None`: nobody. A name that another service was given is nobody's here.
async fn end(
    context: &Context,
    service: &Service,
    asked: &SignOutRequest,
    here: Option<&SessionId>,
) -> Result<Option<(Vec<SessionId>, bool)>, Problem> {
    let known = sessions::known_as(&*context.ledger, &service.id, &asked.name).await?;
    let mut meant: Vec<SessionId> = Vec::new();
    for participant in known {
        let index = sessions::session_index(&participant.session, &service.id);
        let indexed = asked.session_indexes.is_empty() || asked.session_indexes.contains(&index);
        let formatted = participant
            .names
            .iter()
            .any(|name| name.value == asked.name && asked.format.is_none_or(|format| format == name.format));
        let session = participant.lives_in();
        if indexed && formatted && !meant.contains(session) {
            meant.push(session.clone());
        }
    }
    if meant.is_empty() {
        return Ok(None);
    }
    // Only the browser that was signed in carries messages to other services: they hold the person's names there.
    let browser = here.is_some_and(|here| meant.contains(here));
    let (mut ended, mut before) = (Vec::new(), Vec::new());
    for id in meant {
        let Some(session) = context.ledger.session(&id).await? else {
            continue;
        };
        if session.is_live(context.now())
            && sessions::end(context, &session, &cause(&session, service, browser)).await?
        {
            ended.push(id);
        } else {
            before.push(id);
        }
    }
    // Somebody asked before: whom that logout has not reached, this one has not reached either.
    if ended.is_empty() {
        ended = before;
    }
    Ok(Some((ended, browser)))
}

fn cause(session: &Session, service: &Service, browser: bool) -> Cause {
    Cause {
        actor: Actor::Service(service.id.clone()),
        asked_by: Some(service.id.clone()),
        browser,
        ..Cause::wish("saml_logout_request", session)
    }
}

fn count(refused: &LogoutRefused) {
    metrics::counter!("requests_refused_total", "protocol" => "saml", "reason" => refused.reason.code())
        .increment(1);
}

/// Puts a refused message on record, for the operator and for the service.
async fn note(
    context: &Context,
    incoming: &IncomingLogout,
    service: &Service,
    refused: &LogoutRefused,
) -> Result<Reference, Problem> {
    let reference = record(context, &refused.trace).await?;
    let (facts, idp) = (facts(service)?, idp_facts(context));
    let message = RefusedMessage {
        service,
        word: if incoming.is_response() {
            "logout_response"
        } else {
            "logout_request"
        },
        reason: &refused.reason,
        trace: &refused.trace,
        facts: saml::explain::logout(incoming, &facts, &idp, context.now()),
        status: match refused.reason.answer() {
            saml::Answer::Respond(status) if refused.reply_to.is_some() => Some(status),
            _ => None,
        },
        by_soap: incoming.binding() == SloBinding::Soap,
    };
    exchanges::note(context, message, &reference, context.peer());
    Ok(reference)
}

async fn refuse(
    context: &Context,
    incoming: &IncomingLogout,
    (service, refused): (Service, LogoutRefused),
) -> Result<HttpResponse, Problem> {
    count(&refused);
    let reference = note(context, incoming, &service, &refused).await?;
    if let (Some(reply_to), saml::Answer::Respond(status)) = (&refused.reply_to, refused.reason.answer()) {
        return respond(context, &service, reply_to, status);
    }
    Err(Problem::RequestInvalid {
        technical_code: format!("saml.{}", refused.reason.code()),
        reference,
    })
}

/// A service answers a request of ours. What is wrong with an answer is on record, and the person goes on: its receipt stays "not answered".
async fn answered(context: &Context, incoming: &IncomingLogout) -> Result<HttpResponse, Problem> {
    let sent = match incoming.in_response_to() {
        Ok(sent) => sent,
        Err(reason) => return Err(unreadable(context, &reason).await),
    };
    let Some((stored, mut notice)) = sessions::by_message(&*context.ledger, &sent).await? else {
        return Err(unreadable(context, &saml::Reason::AnswersAnother).await);
    };
    let Some(service) = context.ledger.service(&notice.service).await? else {
        return Err(Problem::NotFound);
    };
    let (facts, idp) = (facts(&service)?, idp_facts(context));
    match saml::check_logout_response(incoming, &notice.message, &facts, &idp, context.now()) {
        // Once: an answer that comes again finds the receipt written.
        Ok((answer, _trace)) if notice.state == State::Sent => {
            notice.state = if answer.ended { State::Told } else { State::Refused };
            notice.problem = (!answer.ended).then(|| "answered_failure".to_owned());
            let batch = Batch::new().write(Write::PutRecord(notice.next(&stored)));
            context.ledger.commit(batch).await?;
        }
        Ok(_) => {}
        Err(refused) => {
            count(&refused);
            let reference = note(context, incoming, &service, &refused).await?;
            if notice.run.is_none() {
                return Err(Problem::RequestInvalid {
                    technical_code: format!("saml.{}", refused.reason.code()),
                    reference,
                });
            }
        }
    }
    match &notice.run {
        Some(run) => Ok(headers::see_other(&format!("/logout/{run}/next"))),
        None => Err(Problem::NotFound),
    }
}

/// Seconds for which a service may act on a request of ours.
const REQUEST_SECONDS: i64 = 300;

/// The request that tells a service of an ended session: the name exactly as it was issued, and the index of the assertion.
pub fn request_for(
    app: &App,
    notice: &Notice,
    facts: &ServiceFacts,
    endpoint: &SloEndpoint,
    service: &ServiceId,
) -> Result<Option<LogoutDraft>, Problem> {
    let Some(issued) = &notice.name else {
        return Ok(None);
    };
    let name = NameId {
        format: issued.format,
        value: issued.value.clone(),
    };
    let person = SignedOutPerson {
        name: &name,
        service: &facts.entity_id,
        session_index: &sessions::session_index(&notice.known_as, service),
    };
    let until = (app.clock.now(), REQUEST_SECONDS);
    Ok(Some(LogoutDraft::request(
        &idp_facts(app),
        endpoint,
        &notice.message,
        &person,
        until,
    )?))
}

/// Sends the browser to a service with the request that tells it.
pub fn send_on(context: &Context, notice: &Notice, service: &Service) -> Result<HttpResponse, Problem> {
    let facts = facts(service)?;
    let binding = match notice.channel {
        Channel::Post => SloBinding::HttpPost,
        _ => SloBinding::HttpRedirect,
    };
    let draft = match facts.logout_endpoint(binding) {
        Some(endpoint) => request_for(context, notice, &facts, endpoint, &service.id)?,
        None => None,
    };
    let draft = draft.ok_or(Problem::NotFound)?;
    let outgoing = sign(context, draft)?;
    carry(context, service.name.clone(), outgoing, PostOutcome::SigningOut)
}

/// Signs a logout message with the active key.
pub fn sign(app: &App, draft: LogoutDraft) -> Result<OutgoingLogout, Problem> {
    let key = ActiveKey::of(&app.signing, KeyUse::Saml, SigningAlgorithm::Rs256)?;
    let waiting = draft.to_be_signed(Signing {
        algorithm: ALGORITHM,
        certificate: key.key().certificate_der.as_deref(),
    })?;
    let signature = key.sign(waiting.signing_input())?;
    Ok(waiting.attach(&signature)?)
}

/// Answers whoever asked, through the browser.
pub fn respond(
    context: &Context,
    service: &Service,
    reply_to: &LogoutReplyTo,
    status: Status,
) -> Result<HttpResponse, Problem> {
    let draft = LogoutDraft::response(
        &idp_facts(context),
        reply_to,
        status,
        context.now(),
        &*context.entropy,
    )?;
    let outgoing = sign(context, draft)?;
    carry(context, service.name.clone(), outgoing, PostOutcome::SignedOut)
}

/// Sends the browser with a message.
pub fn carry(
    context: &Context,
    service_name: domain::Localized,
    outgoing: OutgoingLogout,
    outcome: PostOutcome,
) -> Result<HttpResponse, Problem> {
    let form = match outgoing {
        OutgoingLogout::Redirect(address) => return Ok(headers::see_other(&address)),
        OutgoingLogout::Post(form) => form,
        OutgoingLogout::Soap(_) => return Err(Problem::Fault("an envelope for a browser".to_owned())),
    };
    let mut fields = vec![(form.field.to_owned(), form.message)];
    fields.extend(form.relay_state.map(|relay| ("RelayState".to_owned(), relay)));
    let targets = FormTargets::own().and(&form.action);
    let mut frame = context.frame();
    frame.languages = None;
    let page = PostToServicePage {
        frame,
        service_name,
        outcome,
        action: form.action,
        fields,
    };
    Ok(headers::page(StatusCode::OK, context.render(&page)?, &targets))
}
