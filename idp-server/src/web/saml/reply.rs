//! Replies: a permit becomes a signed, perhaps encrypted assertion; a refusal becomes a status. Both are posted by a page with a
//! visible button.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use audit::Action;
use domain::{
    AccountId, AcsBinding, NameIdFormat, ProtocolSettings, Pseudonym, PseudonymValue, Reference, Service,
    SessionId,
};
use keys::{KeyUse, SigningAlgorithm};
use login::{Permit, ServiceAnswer};
use saml::elements::Status;
use saml::release::SubjectId;
use saml::reply::{AssertionContent, AssertionDraft, Issuance, NameId, Response, ResponseDraft, Signing};
use saml::{ReplyTo, ServiceFacts};
use store::{SingleUseKind, Write};

use super::attributes::{self, Person};
use super::{ALGORITHM, Continuation, artifact, idp_facts};
use crate::exchanges::saml::{Sender, note_beyond};
use crate::pages::{PostOutcome, PostToServicePage};
use crate::sessions::{self, IssuedName};
use crate::signing::ActiveKey;
use crate::web::context::Context;
use crate::web::enrolment::register::Items;
use crate::web::error::Problem;
use crate::web::headers::{self, FormTargets};
use crate::web::login::reply::Prepared;

impl From<saml::Reason> for Problem {
    fn from(reason: saml::Reason) -> Self {
        Self::Fault(format!("a SAML reply cannot be composed: {reason}"))
    }
}

impl From<crate::signing::SigningFault> for Problem {
    fn from(fault: crate::signing::SigningFault) -> Self {
        Self::Fault(fault.to_string())
    }
}

/// Composes and signs; nothing leaves before the batch commits.
pub async fn prepare(
    context: &Context,
    permit: &Permit,
    service: &Service,
    continuation: &Continuation,
    (pseudonym, items): (&PseudonymValue, &Items),
) -> Result<Prepared, Problem> {
    let ProtocolSettings::Saml(settings) = &service.protocol else {
        return Err(Problem::Fault(
            "a SAML reply to a service of another protocol".to_owned(),
        ));
    };
    if !super::sources::stands(context, service).await? {
        return Err(login::Refusal::ServiceSuspended.into());
    }
    returns_to_the_service(service, &continuation.reply_to)?;
    let facts = ServiceFacts::from_settings(settings)?;
    let idp = idp_facts(context);
    let issuance = Issuance {
        idp: &idp,
        reply_to: &continuation.reply_to,
        now: context.now(),
    };
    let key = ActiveKey::of(&context.signing, KeyUse::Saml, SigningAlgorithm::Rs256)?;
    let signing = Signing {
        algorithm: ALGORITHM,
        certificate: key.key().certificate_der.as_deref(),
    };
    let kind = SubjectId::of(&facts, continuation.name_id_format);
    let (everywhere, first_issue) = match kind {
        SubjectId::Everywhere => {
            let (value, write) = everywhere(context, permit.account()).await?;
            (Some(value), write)
        }
        _ => (None, None),
    };
    let person = Person {
        released: permit.released(),
        pseudonym,
        subject: (kind, everywhere.as_ref().unwrap_or(pseudonym)),
        scope: &idp.scope,
        format: continuation.name_id_format,
        level: permit.level(),
        certainty: permit.certainty(),
        authenticated_at: permit.authenticated_at(),
        method: permit.method(),
        items,
    };
    let content = content(context, permit, continuation, &person).await?;
    let draft = AssertionDraft::compose(&issuance, &content, signing, &*context.entropy)?;
    let signature = key.sign(draft.signing_input())?;
    let assertion = draft.attach(&signature)?;
    let draft = match facts.encryption_keys.first() {
        Some(to) => {
            let (cipher, transport) = facts.encryption()?;
            let encrypted = assertion.encrypt(to, cipher, transport, &*context.entropy)?;
            ResponseDraft::success_encrypted(&issuance, &encrypted, &*context.entropy)?
        }
        None => ResponseDraft::success(&issuance, &assertion, &*context.entropy)?,
    };
    let response = if facts.sign_response {
        sign(draft, signing, &key)?
    } else {
        draft.unsigned()?
    };
    let answered = continuation
        .reply_to
        .in_response_to()
        .map(|id| Write::InsertSingleUse {
            kind: SingleUseKind::SamlRequest,
            key: format!("{}:{id}", service.id),
            expires_at: continuation.replay_until.plus_seconds(3600),
        });
    Ok(Prepared {
        writes: answered.into_iter().chain(first_issue).collect(),
        name: Some(IssuedName {
            format: content.name_id.format,
            value: content.name_id.value.clone(),
        }),
        action: Action::AssertionIssued,
        response: send(
            context,
            (service, Some(permit.session())),
            &response,
            PostOutcome::SignedIn,
        )
        .await?,
    })
}

/// The place for the reply was registered when the request came; minutes may have passed, and a place that is the service's no more is
/// told nothing.
fn returns_to_the_service(service: &Service, reply_to: &ReplyTo) -> Result<(), Problem> {
    let ProtocolSettings::Saml(settings) = &service.protocol else {
        return Err(login::Refusal::RequestInvalid.into());
    };
    let is_it =
        |acs: &domain::AcsEndpoint| acs.location == reply_to.location() && acs.binding == reply_to.binding();
    if settings.assertion_consumer_services.iter().any(is_it) {
        Ok(())
    } else {
        Err(login::Refusal::RequestInvalid.into())
    }
}

/// The name of a person that is the same at every service, and its first issue.
async fn everywhere(
    context: &Context,
    account: &AccountId,
) -> Result<(PseudonymValue, Option<Write>), Problem> {
    let sector = attributes::everywhere()?;
    if let Some(known) = context.ledger.pseudonym(account, &sector).await? {
        return Ok((known.value, None));
    }
    let value = PseudonymValue::generate(&*context.entropy);
    let first = Pseudonym {
        account: account.clone(),
        sector,
        value: value.clone(),
        created_at: context.now(),
    };
    Ok((value, Some(Write::InsertPseudonym(first))))
}

fn sign(draft: ResponseDraft, signing: Signing<'_>, key: &ActiveKey) -> Result<Response, Problem> {
    let draft = draft.to_be_signed(signing)?;
    let signature = key.sign(draft.signing_input())?;
    Ok(draft.attach(&signature)?)
}

async fn content(
    context: &Context,
    permit: &Permit,
    continuation: &Continuation,
    person: &Person<'_>,
) -> Result<AssertionContent, Problem> {
    let name_id = match continuation.name_id_format {
        NameIdFormat::Persistent => person.pseudonym.as_str().to_owned(),
        NameIdFormat::Transient => {
            let ledger = &*context.ledger;
            let again = sessions::name_again(ledger, permit.session(), permit.service()).await?;
            again.unwrap_or_else(|| {
                PseudonymValue::generate(&*context.entropy)
                    .as_str()
                    .replacen("p_", "t_", 1)
            })
        }
    };
    Ok(AssertionContent {
        name_id: NameId {
            format: continuation.name_id_format,
            value: name_id,
        },
        authn_instant: permit.authenticated_at(),
        session_index: sessions::session_index(permit.session(), permit.service()),
        session_not_on_or_after: None,
        authn_context_class: permit.context().to_owned(),
        attributes: person.attributes(),
        lifetime_seconds: i64::from(context.config.saml.assertion_seconds),
    })
}

/// Whether the request wants a lasting name and allows no new one, and the person has none there (core-2.0-os section 3.4.1.1).
/// A transient name is new at each sign-in, so the word says nothing about it.
pub async fn needs_a_name_that_is_not_there(
    context: &Context,
    permit: &Permit,
    service: &Service,
    continuation: &Continuation,
) -> Result<bool, Problem> {
    if continuation.allow_create || continuation.name_id_format == NameIdFormat::Transient {
        return Ok(false);
    }
    let known = context
        .ledger
        .pseudonym(permit.account(), &service.sector)
        .await?;
    Ok(known.is_none())
}

/// Says so.
pub async fn refuse_a_new_name(
    context: &Context,
    service: &Service,
    continuation: &Continuation,
) -> Result<HttpResponse, Problem> {
    let reference = Reference::generate(&*context.entropy);
    let sender = match &service.protocol {
        ProtocolSettings::Saml(settings) if settings.authn_requests_signed => Sender::Service,
        _ => Sender::Anybody(context.peer()),
    };
    note_beyond(
        context,
        (service, "authn_request", sender),
        (
            "new_name_not_allowed",
            "the request allows no new name, and the person has none at this service",
        ),
        ("name_is_there_or_may_be_made", "saml-core-2.0-os 3.4.1.1"),
        &reference,
    );
    respond_failure(
        context,
        service,
        &continuation.reply_to,
        Status::INVALID_NAME_ID_POLICY,
        Some(&reference),
    )
    .await
}

/// The one word that a service learns.
pub async fn refuse(
    context: &Context,
    service: &Service,
    continuation: &Continuation,
    answer: ServiceAnswer,
    reference: &Reference,
) -> Result<HttpResponse, Problem> {
    let status = match answer {
        ServiceAnswer::LoginRequired
        | ServiceAnswer::ConsentRequired
        | ServiceAnswer::InteractionRequired => Status::NO_PASSIVE,
        ServiceAnswer::Denied => Status::REQUEST_DENIED,
        ServiceAnswer::LevelUnmet => Status::NO_AUTHN_CONTEXT,
        ServiceAnswer::AuthenticationFailed | ServiceAnswer::Unavailable | ServiceAnswer::Silence => {
            Status::AUTHN_FAILED
        }
    };
    respond_failure(context, service, &continuation.reply_to, status, Some(reference)).await
}

/// A Response with a status instead of an assertion.
pub async fn respond_failure(
    context: &Context,
    service: &Service,
    reply_to: &ReplyTo,
    status: Status,
    reference: Option<&Reference>,
) -> Result<HttpResponse, Problem> {
    returns_to_the_service(service, reply_to)?;
    let idp = idp_facts(context);
    let issuance = Issuance {
        idp: &idp,
        reply_to,
        now: context.now(),
    };
    let key = ActiveKey::of(&context.signing, KeyUse::Saml, SigningAlgorithm::Rs256)?;
    let signing = Signing {
        algorithm: ALGORITHM,
        certificate: key.key().certificate_der.as_deref(),
    };
    let message = reference.map(|reference| format!("reference {}", reference.as_str()));
    let draft = ResponseDraft::failure(&issuance, status, message.as_deref(), &*context.entropy)?;
    // Without an assertion inside, the Response is all there is to sign.
    send(
        context,
        (service, None),
        &sign(draft, signing, &key)?,
        PostOutcome::NotSignedIn,
    )
    .await
}

/// By the binding of the endpoint: in a form, or as an artifact behind which it waits.
async fn send(
    context: &Context,
    (service, session): (&Service, Option<&SessionId>),
    response: &Response,
    outcome: PostOutcome,
) -> Result<HttpResponse, Problem> {
    match response.reply_to().binding() {
        AcsBinding::HttpPost => post(context, service, response, outcome),
        AcsBinding::HttpArtifact => {
            let address = artifact::keep(context, &service.id, session, response).await?;
            Ok(headers::see_other(&address))
        }
    }
}

fn post(
    context: &Context,
    service: &Service,
    response: &Response,
    outcome: PostOutcome,
) -> Result<HttpResponse, Problem> {
    let form = response.post_form();
    let mut fields = vec![(form.field.to_owned(), form.message.clone())];
    if let Some(relay_state) = &form.relay_state {
        fields.push(("RelayState".to_owned(), relay_state.clone()));
    }
    let targets = FormTargets::own().and(&form.action);
    let mut frame = context.frame();
    // Showing this page again would be another reply.
    frame.languages = None;
    let page = PostToServicePage {
        frame,
        service_name: service.name.clone(),
        outcome,
        action: form.action,
        fields,
    };
    Ok(headers::page(StatusCode::OK, context.render(&page)?, &targets))
}
