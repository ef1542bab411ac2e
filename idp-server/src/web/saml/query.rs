//! Attribute queries (profiles-2.0-os section 6): a service asks about a person whom it was told of before.
//!
//! As at OIDC's userinfo endpoint, an answer rests on a live session in which this very service was answered, and whose
//! certificate still holds by the revocation data in force. Whoever signed out is asked about in vain.

use std::net::IpAddr;

use actix_web::{HttpRequest, HttpResponse, web};
use audit::{Action, Actor, Event, Outcome};
use domain::{
    Assurance, AuthenticationMethod, Fal, NameIdFormat, Pseudonym, Reference, ReleasedAttribute, Service,
    Session,
};
use keys::{KeyUse, SigningAlgorithm};
use saml::elements::Status;
use saml::release::{self, SubjectId};
use saml::reply::{Answered, Answering, Signing, attribute_assertion, query_response};
use saml::{Query, ServiceFacts};
use store::{Batch, CommitOutcome, Conflict, Precondition, SingleUseKind, Write};

use super::attributes::{self, Person};
use super::back_channel::{self, Refusal, Unanswered};
use super::{ALGORITHM, idp_facts};
use crate::app::App;
use crate::exchanges::saml as exchanges;
use crate::sessions;
use crate::signing::ActiveKey;
use crate::web::enrolment::register;
use crate::web::error::Problem;
use crate::web::login::recheck;
use crate::web::login::today::{self, Today};

/// Where queries are answered.
pub const PATH: &str = "/saml/attributes";

/// How often a lost race is tried again.
const RACES: u32 = 4;

/// `POST /saml/attributes`.
pub async fn post(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let from = request.peer_addr().map(|peer| peer.ip());
    back_channel::respond(answer(&app, &body, from).await)
}

async fn answer(
    app: &App,
    body: &[u8],
    from: Option<IpAddr>,
) -> Result<(Vec<u8>, Option<Reference>), Unanswered> {
    let (incoming, service, facts) = back_channel::open(app, from, "attributes", body).await?;
    let idp = idp_facts(app);
    let now = app.clock.now();
    let query = match saml::check_attribute_query(&incoming, &facts, &idp, now) {
        Ok((query, _trace)) => query.into_inner(),
        Err(refused) => {
            let refusal = Refusal {
                service: &service,
                facts: &facts,
                incoming: &incoming,
                word: ("attribute_query", &idp.attribute_query),
                refused: &refused,
            };
            let (id, reference) = back_channel::refused(app, &refusal, from)?;
            let answering = back_channel::answering(app, &idp, &facts, id);
            return Ok((status(app, &answering, refused.status())?, reference));
        }
    };
    let answering = back_channel::answering(app, &idp, &facts, &query.id);
    if !app.soap_limit.admits_service(&service.id, "attributes") {
        return Ok((status(app, &answering, Status::RESPONDER)?, None));
    }
    if !spend(app, &service, &query).await? {
        let reference = beyond(
            app,
            &service,
            "replayed",
            "a query with this ID was answered before",
        );
        return Ok((status(app, &answering, Status::REQUEST_DENIED)?, Some(reference)));
    }
    for _ in 0..RACES {
        let about = match about(app, &service, &query).await? {
            Ok(about) => about,
            Err(why) => {
                let reference = beyond(
                    app,
                    &service,
                    "nobody_to_tell_of",
                    "the name is nobody's at this service, or the person is not signed in there any more",
                );
                return Ok((status(app, &answering, why)?, Some(reference)));
            }
        };
        if let Some(told) = tell(app, &answering, (&service, &facts), &query, &about).await? {
            return Ok((told, None));
        }
    }
    Err(Problem::Fault("rows kept changing under a query".to_owned()).into())
}

/// Notes a query that was right, and that is not answered for what is known beyond it.
fn beyond(app: &App, service: &Service, code: &'static str, detail: &'static str) -> Reference {
    let reference = Reference::generate(&*app.entropy);
    let rule = ("query_can_be_answered", "saml-core-2.0-os 3.3.2.3");
    exchanges::note_beyond(
        app,
        (service, "attribute_query", exchanges::Sender::Service),
        (code, detail),
        rule,
        &reference,
    );
    reference
}

/// A query is answered once.
async fn spend(app: &App, service: &Service, query: &Query) -> Result<bool, Problem> {
    let batch = Batch::new().write(Write::InsertSingleUse {
        kind: SingleUseKind::SamlRequest,
        key: format!("{}:query:{}", service.id, query.id),
        expires_at: query.replay_until,
    });
    match app.ledger.commit(batch).await? {
        CommitOutcome::Committed => Ok(true),
        CommitOutcome::Conflict(Conflict::AlreadyUsed(_)) => Ok(false),
        CommitOutcome::Conflict(conflict) => {
            Err(Problem::Fault(format!("a query could not be used: {conflict:?}")))
        }
    }
}

/// What an answer rests on.
struct About {
    session: Session,
    pseudonym: Pseudonym,
    today: Today,
    /// What the session proves today, which meets what the person demands today.
    proven: Assurance,
}

/// Whom the service means, and the session on which an answer rests.
async fn about(app: &App, service: &Service, query: &Query) -> Result<Result<About, Status>, Problem> {
    let Ok(value) = query.name.parse() else {
        return Ok(Err(Status::UNKNOWN_PRINCIPAL));
    };
    let Some(pseudonym) = app.ledger.pseudonym_by_value(&service.sector, &value).await? else {
        return Ok(Err(Status::UNKNOWN_PRINCIPAL));
    };
    let today = Today::of(app, &pseudonym.account).await?;
    let sessions = app
        .ledger
        .live_sessions_of(&pseudonym.account, app.clock.now())
        .await?;
    // Who held a card up without its PIN is not thereby the person: such a session vouches in its own sign-in and for nothing after.
    let with_pin = |session: &Session| session.method != AuthenticationMethod::CardPinless;
    for session in sessions.into_iter().filter(with_pin) {
        if !sessions::took_part(&*app.ledger, &session.id, &service.id).await? {
            continue;
        }
        match recheck::again(app, &session.id, service).await {
            Ok(None) => {}
            Ok(Some(_)) | Err(Problem::Refused(_)) => continue,
            Err(problem) => return Err(problem),
        }
        // That it was looked at may be written in it.
        let now = app.clock.now();
        let looked_at = app.ledger.session(&session.id).await?;
        let Some(session) = looked_at.filter(|session| session.is_live(now)) else {
            continue;
        };
        // The answer is signed and names the question, as a reply to a request does: FAL2.
        if let Some(proven) = today.of_session(app, &session, Fal::Two, now) {
            return Ok(Ok(About {
                session,
                pseudonym,
                today,
                proven,
            }));
        }
    }
    Ok(Err(Status::REQUEST_DENIED))
}

/// What is asked for, is registered for and was agreed to.
async fn released(
    app: &App,
    service: &Service,
    query: &Query,
    session: &Session,
) -> Result<Vec<ReleasedAttribute>, Problem> {
    let withheld = release::withheld(&service.released_attributes, query.attributes.as_deref());
    let consent = app.ledger.consent(&session.account, &service.id).await?;
    let agreed = consent.map(|consent| consent.attributes).unwrap_or_default();
    Ok(service
        .released_attributes
        .iter()
        .copied()
        .filter(|attribute| agreed.contains(attribute) && !withheld.contains(attribute))
        .collect())
}

/// `None`: what it rests on changed before it was on record; look again.
async fn tell(
    app: &App,
    answering: &Answering<'_>,
    (service, facts): (&Service, &ServiceFacts),
    query: &Query,
    about: &About,
) -> Result<Option<Vec<u8>>, Unanswered> {
    let About {
        session, pseudonym, ..
    } = about;
    let released = released(app, service, query, session).await?;
    let items =
        register::open_items(app, &session.account, &released, &service.id, "attribute_query").await?;
    let kind = SubjectId::of(facts, NameIdFormat::Persistent);
    let everywhere = match kind {
        SubjectId::Everywhere => {
            app.ledger
                .pseudonym(&session.account, &attributes::everywhere()?)
                .await?
        }
        _ => None,
    };
    let subject = match (kind, &everywhere) {
        (SubjectId::Everywhere, Some(known)) => (kind, &known.value),
        (SubjectId::Everywhere, None) => (SubjectId::Neither, &pseudonym.value),
        _ => (kind, &pseudonym.value),
    };
    let person = Person {
        released: &released,
        pseudonym: &pseudonym.value,
        subject,
        scope: &answering.idp.scope,
        format: NameIdFormat::Persistent,
        level: about.proven.level(),
        certainty: about.proven.certainty,
        authenticated_at: session.authenticated_at,
        method: session.method,
        items: &items,
    };
    let mut attributes = person.attributes();
    if let Some(names) = &query.attributes {
        attributes.retain(|attribute| names.contains(&attribute.name));
    }
    let lifetime = i64::from(app.config.saml.assertion_seconds);
    let signing_key =
        ActiveKey::of(&app.signing, KeyUse::Saml, SigningAlgorithm::Rs256).map_err(Problem::from)?;
    let draft = attribute_assertion(
        answering,
        (&query.name, &query.qualifiers),
        &attributes,
        lifetime,
        Signing {
            algorithm: ALGORITHM,
            certificate: signing_key.key().certificate_der.as_deref(),
        },
        &*app.entropy,
    )?;
    let signature = signing_key.sign(draft.signing_input()).map_err(Problem::from)?;
    let assertion = draft.attach(&signature)?;
    let mut event = Event::new(
        answering.now,
        Action::AssertionIssued,
        Outcome::Done,
        Actor::Platform,
    )
    .fact("purpose", "attribute_query");
    event.account = Some(session.account.clone());
    event.session = Some(session.id.clone());
    event.service = Some(service.id.clone());
    match app.ledger.commit(conditions(service, about).event(event)).await? {
        CommitOutcome::Committed => {}
        CommitOutcome::Conflict(conflict) if today::changed(&conflict) => return Ok(None),
        CommitOutcome::Conflict(_) => return Ok(Some(status(app, answering, Status::REQUEST_DENIED)?)),
    }
    let encrypted = match facts.encryption_keys.first() {
        Some(to) => {
            let (cipher, transport) = facts.encryption()?;
            Some(assertion.encrypt(to, cipher, transport, &*app.entropy)?)
        }
        None => None,
    };
    let answered = encrypted
        .as_ref()
        .map_or(Answered::Assertion(&assertion), Answered::Encrypted);
    let told = back_channel::sign(app, |signing| {
        query_response(answering, answered, signing, &*app.entropy)
    })?;
    Ok(Some(told))
}

/// What must still be so when the answer is on record: the same as of every issue.
fn conditions(service: &Service, about: &About) -> Batch {
    let session = &about.session;
    about.today.required(
        Batch::new()
            .require(Precondition::AccountActive(session.account.clone()))
            .require(Precondition::CredentialActive(session.credential.clone()))
            .require(Precondition::SessionAt {
                id: session.id.clone(),
                version: session.version,
            })
            .require(Precondition::ServiceAt {
                id: service.id.clone(),
                version: service.version,
            }),
    )
}

fn status(app: &App, answering: &Answering<'_>, status: Status) -> Result<Vec<u8>, Problem> {
    back_channel::sign(app, |signing| {
        query_response(answering, Answered::Status(status), signing, &*app.entropy)
    })
}
