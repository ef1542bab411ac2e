//! `/v1/watches/{id}/state`: 現況確認, and how states are read and answered for watches (変更検知).

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use audit::Action;
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

#[cfg(test)]
mod tests {
    use jpki::reading::CertificateState as S;

    use super::*;

    #[test]
    fn a_revocation_is_read_beside_a_list_of_the_same_day_or_a_later_one() {
        let revoked = S::Revoked(pki::RevocationReason::AffiliationChanged);
        let read = |signing, authentication, days: [Option<i64>; 2]| {
            let states = States {
                signing,
                authentication,
                signing_list: days[0],
                authentication_list: days[1],
            };
            let states = states.of_one_day();
            Reading::of(states.signing, states.authentication).code()
        };
        let today = [Some(2), Some(2)];
        assert_eq!(read(revoked, S::Valid, today), "items_changed");
        assert_eq!(read(revoked, revoked, today), "death_or_move_abroad");
        // Yesterday's "valid" says nothing of today, and no list at all says less.
        assert_eq!(read(revoked, S::Valid, [Some(2), Some(1)]), "undetermined");
        assert_eq!(read(revoked, S::Valid, [Some(2), None]), "undetermined");
        assert_eq!(read(revoked, S::Valid, [Some(1), Some(2)]), "items_changed");
        // Where nothing is revoked there is nothing to misread.
        assert_eq!(
            read(S::Valid, S::Valid, [Some(2), Some(1)]),
            "alive_and_items_current"
        );
    }
}
