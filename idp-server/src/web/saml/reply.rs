//! Replies: a permit becomes a signed, perhaps encrypted assertion; a refusal becomes a status. Both are posted by a page with a
//! visible button.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use audit::Action;
use domain::{NameIdFormat, ProtocolSettings, PseudonymValue, ReleasedAttribute, Service};
use keys::{KeyUse, SigningAlgorithm};
use login::{Permit, ServiceAnswer};
use saml::elements::Status;
use saml::reply::{
    AssertionContent, AssertionDraft, Attribute, Issuance, NameId, Response, ResponseDraft, Signing,
};
use saml::{ReplyTo, ServiceFacts};
use store::{SingleUseKind, Write};
use xml::enc::{ContentCipher, KeyTransport};

use super::{ALGORITHM, Continuation, idp_facts};
use crate::pages::{PostOutcome, PostToServicePage};
use crate::sessions::{self, IssuedName};
use crate::signing::ActiveKey;
use crate::web::context::Context;
use crate::web::enrolment::register::Items;
use crate::web::error::Problem;
use crate::web::headers::{self, FormTargets};
use crate::web::login::reply::Prepared;

/// Attribute names are URIs of ours; the profile for attributes is in `docs/attributes.md`.
const ATTRIBUTE_BASE: &str = "urn:jp:go:gap:attribute:";

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
pub fn prepare(
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
    let content = content(context, permit, continuation, (pseudonym, items));
    let draft = AssertionDraft::compose(&issuance, &content, signing, &*context.entropy)?;
    let signature = key.sign(draft.signing_input())?;
    let assertion = draft.attach(&signature)?;
    let draft = match facts.encryption_keys.first() {
        Some(to) => {
            let encrypted = assertion.encrypt(
                to,
                ContentCipher::Aes256Gcm,
                KeyTransport::default(),
                &*context.entropy,
            )?;
            ResponseDraft::success_encrypted(&issuance, &encrypted, &*context.entropy)?
        }
        None => ResponseDraft::success(&issuance, &assertion, &*context.entropy)?,
    };
    let response = if facts.sign_response {
        sign(draft, signing, &key)?
    } else {
        draft.unsigned()?
    };
    Ok(Prepared {
        writes: vec![Write::InsertSingleUse {
            kind: SingleUseKind::SamlRequest,
            key: format!("{}:{}", service.id, continuation.reply_to.in_response_to()),
            expires_at: continuation.replay_until.plus_seconds(3600),
        }],
        name: Some(IssuedName {
            format: content.name_id.format,
            value: content.name_id.value.clone(),
        }),
        action: Action::AssertionIssued,
        response: post(context, service, &response, PostOutcome::SignedIn)?,
    })
}

fn sign(draft: ResponseDraft, signing: Signing<'_>, key: &ActiveKey) -> Result<Response, Problem> {
    let draft = draft.to_be_signed(signing)?;
    let signature = key.sign(draft.signing_input())?;
    Ok(draft.attach(&signature)?)
}

fn content(
    context: &Context,
    permit: &Permit,
    continuation: &Continuation,
    (pseudonym, items): (&PseudonymValue, &Items),
) -> AssertionContent {
    let name_id = match continuation.name_id_format {
        NameIdFormat::Persistent => pseudonym.as_str().to_owned(),
        NameIdFormat::Transient => PseudonymValue::generate(&*context.entropy)
            .as_str()
            .replacen("p_", "t_", 1),
    };
    AssertionContent {
        name_id: NameId {
            format: continuation.name_id_format,
            value: name_id,
        },
        authn_instant: permit.authenticated_at(),
        session_index: sessions::session_index(permit.session(), permit.service()),
        session_not_on_or_after: None,
        authn_context_class: permit.context().to_owned(),
        attributes: attributes(permit, (pseudonym, items), continuation.name_id_format),
        lifetime_seconds: i64::from(context.config.saml.assertion_seconds),
    }
}

/// What the person was shown, and nothing else.
fn attributes(
    permit: &Permit,
    (pseudonym, items): (&PseudonymValue, &Items),
    name_id_format: NameIdFormat,
) -> Vec<Attribute> {
    let attribute = |name: &str, value: String| Attribute {
        name: format!("{ATTRIBUTE_BASE}{name}"),
        friendly_name: Some(name.to_owned()),
        values: vec![value],
    };
    let mut attributes = Vec::new();
    for released in permit.released() {
        match released {
            // Whoever asks for a transient name gets no other one beside it.
            ReleasedAttribute::Pseudonym if name_id_format == NameIdFormat::Transient => {}
            ReleasedAttribute::Pseudonym => {
                attributes.push(attribute("pseudonym", pseudonym.as_str().to_owned()));
            }
            ReleasedAttribute::AssuranceLevel => {
                attributes.push(attribute("ial", permit.level().ial.digit().to_owned()));
                attributes.push(attribute("aal", permit.level().aal.digit().to_owned()));
                attributes.push(attribute(
                    "revocation-certainty",
                    permit.certainty().as_str().to_owned(),
                ));
            }
            ReleasedAttribute::AuthenticationTime => {
                attributes.push(attribute(
                    "authentication-time",
                    permit.authenticated_at().to_string(),
                ));
            }
            ReleasedAttribute::AuthenticationMethod => {
                attributes.push(attribute(
                    "authentication-method",
                    permit.method().as_str().to_owned(),
                ));
            }
            ReleasedAttribute::Name => {
                if let Some((text, flags)) = &items.name {
                    attributes.push(attribute("name", text.clone()));
                    attributes.push(attribute("name-substitution", flags.clone()));
                }
            }
            ReleasedAttribute::Address => {
                if let Some((text, flags)) = &items.address {
                    attributes.push(attribute("address", text.clone()));
                    attributes.push(attribute("address-substitution", flags.clone()));
                }
            }
            ReleasedAttribute::BirthDate => {
                if let Some(registered) = &items.birth_date {
                    attributes.push(attribute("birth-date", registered.clone()));
                }
            }
            ReleasedAttribute::Gender => {
                if let Some(sex) = &items.sex {
                    attributes.push(attribute("gender", sex.clone()));
                }
            }
        }
    }
    attributes
}

/// The one word that a service learns.
pub fn refuse(
    context: &Context,
    service: &Service,
    continuation: &Continuation,
    answer: ServiceAnswer,
) -> Result<HttpResponse, Problem> {
    let status = match answer {
        ServiceAnswer::LoginRequired | ServiceAnswer::ConsentRequired => Status::NO_PASSIVE,
        ServiceAnswer::Denied => Status::REQUEST_DENIED,
        ServiceAnswer::LevelUnmet => Status::NO_AUTHN_CONTEXT,
        ServiceAnswer::AuthenticationFailed | ServiceAnswer::Silence => Status::AUTHN_FAILED,
    };
    respond_failure(context, service, &continuation.reply_to, status)
}

/// A Response with a status instead of an assertion.
pub fn respond_failure(
    context: &Context,
    service: &Service,
    reply_to: &ReplyTo,
    status: Status,
) -> Result<HttpResponse, Problem> {
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
    let draft = ResponseDraft::failure(&issuance, status, None, &*context.entropy)?;
    // Without an assertion inside, the Response is all there is to sign.
    post(
        context,
        service,
        &sign(draft, signing, &key)?,
        PostOutcome::NotSignedIn,
    )
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
