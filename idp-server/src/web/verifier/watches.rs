//! `/v1/watches`: consented watches over signing certificates (変更検知), and 現況確認.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use audit::{Action, Actor};
use jpki::reading::{CertificateState, Reading, code_words};
use serde_json::{Value, json};
use store::Batch;
use trust_framework::verifiers::Capability;

use super::consent::ConsentKind;
use super::held::{self, Opened};
use super::{Asked, VerifierProblem, status};
use crate::app::App;
use crate::web::headers;

const KIND: ConsentKind = ConsentKind::StatusWatch;

/// `POST /v1/watches`.
pub async fn post(
    asked: Asked,
    body: Result<web::Bytes, actix_web::Error>,
) -> Result<HttpResponse, VerifierProblem> {
    let (id, held) = held::register_consent(&asked, KIND, body).await?;
    asked.count("watch");
    Ok(headers::json(
        StatusCode::CREATED,
        held::answer(&id, &held, asked.now).to_string(),
    ))
}

/// `GET /v1/watches/{id}`.
pub async fn get(asked: Asked, id: web::Path<String>) -> Result<HttpResponse, VerifierProblem> {
    let (_, held) = held::find(&asked, KIND, &id).await?;
    Ok(headers::json(
        StatusCode::OK,
        held::answer(&id, &held, asked.now).to_string(),
    ))
}

/// `DELETE /v1/watches/{id}`: the verifier needs it no more.
pub async fn delete(asked: Asked, id: web::Path<String>) -> Result<HttpResponse, VerifierProblem> {
    let (record, held) = held::find(&asked, KIND, &id).await?;
    let actor = Actor::Verifier(asked.verifier.id.clone());
    held::end(&asked, &record, held, "verifier", actor, asked.now).await?;
    Ok(headers::common(HttpResponse::NoContent()).finish())
}

/// `GET /v1/watches/{id}/state`: 現況確認, now, by the lists.
pub async fn state(asked: Asked, id: web::Path<String>) -> Result<HttpResponse, VerifierProblem> {
    asked.may(Capability::WatchStatus)?;
    let (record, held) = held::find(&asked, KIND, &id).await?;
    if !held.is_open(asked.now) {
        return Err(VerifierProblem::ConsentEnded);
    }
    // What was agreed to must still be what is registered.
    asked.purpose(&held.purpose)?;
    asked.count("state");
    let opened = held.open(&asked, record.kind, &record.key)?;
    let states = states(&asked, &opened, asked.now)?.of_one_day();
    let reading = Reading::of(states.signing, states.authentication);
    let event = held::event(asked.now, Action::StateConfirmed, &held.verifier, &record.key)
        .fact("reading", reading.code());
    asked.ledger.commit(Batch::new().event(event)).await?;
    let as_of = json!({
        "signing_list": states.signing_list,
        "authentication_list": states.authentication_list,
    });
    let more = [("consent", record.key.clone().into()), ("as_of", as_of)];
    let answer = reading_answer(&states, reading, more);
    Ok(headers::json(StatusCode::OK, answer.to_string()))
}

impl States {
    /// A revocation of the 署名用 certificate is read together with the other one's state of the same day or a later one: yesterday's
    /// "valid" beside today's death would read as a change of items.
    fn of_one_day(self) -> Self {
        let revoked = matches!(self.signing, CertificateState::Revoked(_));
        if revoked && self.authentication_list < self.signing_list {
            Self {
                authentication: CertificateState::Unknown,
                ..self
            }
        } else {
            self
        }
    }
}

/// The states of a person's pair of certificates, and how old the lists are that say so.
pub struct States {
    /// 署名用.
    pub signing: CertificateState,
    /// 利用者証明用.
    pub authentication: CertificateState,
    /// thisUpdate, seconds.
    pub signing_list: Option<i64>,
    /// thisUpdate, seconds.
    pub authentication_list: Option<i64>,
}

/// Looks both up in the lists.
pub fn states(app: &App, opened: &Opened, now: domain::Timestamp) -> Result<States, VerifierProblem> {
    let (signing, basis) = status::state_by_lists(app, &opened.signing, Some(opened.not_after), now)?;
    let (authentication, other) = match &opened.authentication {
        // The pair has one term: both end on the holder's birthday.
        Some(name) => status::state_by_lists(app, name, Some(opened.not_after), now)?,
        None => (CertificateState::Unknown, status::Basis::default()),
    };
    Ok(States {
        signing,
        authentication,
        signing_list: basis.list_this_update,
        authentication_list: other.list_this_update,
    })
}

/// A reading as it is answered: the documents' words, and which certificate is in which state with which code.
pub fn reading_answer<const N: usize>(
    states: &States,
    reading: Reading,
    more: [(&'static str, Value); N],
) -> Value {
    let words = json!({"code": reading.code(), "ja": reading.japanese(), "en": reading.english()});
    let own = [
        ("reading", words),
        ("signing_certificate", state_answer(states.signing)),
        ("authentication_certificate", state_answer(states.authentication)),
    ];
    own.into_iter()
        .chain(more)
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn state_answer(state: CertificateState) -> Value {
    match state {
        CertificateState::Valid => json!({"state": "valid"}),
        CertificateState::Expired => json!({"state": "expired"}),
        CertificateState::Unknown => json!({"state": "unknown"}),
        CertificateState::Revoked(reason) => {
            let (ja, en) = code_words(reason).unzip();
            json!({"state": "revoked", "reason": reason.as_str(), "ja": ja, "en": en})
        }
    }
}
