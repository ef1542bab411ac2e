//! `/v1/four-items-consents/{id}/latest`: the latest 基本4情報 with the person's signed consent (最新の利用者情報提供サービス).

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use audit::{Action, Actor};
use jlis::{Asker, FourItemsAnswer, FourItemsRefusal, LatestItems};
use jpki::{FourItems, ItemTexts};
use serde_json::json;
use store::{Batch, CommitOutcome, Precondition};
use trust_framework::verifiers::Capability;

use super::consent::ConsentKind;
use super::held;
use super::signatures::items_answer;
use super::{Asked, VerifierProblem};
use crate::web::headers;

const KIND: ConsentKind = ConsentKind::LatestItems;

/// `POST /v1/four-items-consents/{id}/latest`: asks J-LIS.
pub async fn ask(asked: Asked, id: web::Path<String>) -> Result<HttpResponse, VerifierProblem> {
    asked.may(Capability::LatestItems)?;
    let (record, held) = held::find(&asked, KIND, &id).await?;
    if !held.is_open(asked.now) {
        return Err(VerifierProblem::ConsentEnded);
    }
    // What was agreed to must still be what is registered.
    if !asked.purpose(&held.purpose)?.four_items {
        return Err(VerifierProblem::PurposeWithoutItems);
    }
    super::status::within_the_days_questions(&asked).await?;
    asked.count("latest_items");
    let opened = held.open(&asked, record.kind, &record.key)?;
    let asker = Asker::Verifier(asked.verifier.id.clone());
    let answer = asked
        .four_items
        .latest(&opened.signing, &opened.message, &asker)
        .await
        .map_err(|_| VerifierProblem::Unavailable)?;
    match answer {
        FourItemsAnswer::Current { items, as_of } => {
            let items = read(&items)?;
            let event = held::event(asked.now, Action::ItemsReleased, &held.verifier, &record.key)
                .fact("from", "authority")
                .fact("purpose", held.purpose.clone());
            // A consent that ended while J-LIS was asked counts no more.
            let still = Precondition::RecordAt {
                kind: record.kind,
                key: record.key.clone(),
                version: record.version,
            };
            let outcome = asked
                .ledger
                .commit(Batch::new().require(still).event(event))
                .await?;
            if outcome != CommitOutcome::Committed {
                return Err(VerifierProblem::ConsentEnded);
            }
            let answer = json!({
                "consent": record.key,
                "four_items": items_answer(&items),
                "as_of": as_of.seconds(),
            });
            Ok(headers::json(StatusCode::OK, answer.to_string()))
        }
        FourItemsAnswer::Refused(reason) => {
            if reason == FourItemsRefusal::ConsentWithdrawn {
                held::end(
                    &*asked.ledger,
                    &record,
                    held,
                    "authority",
                    Actor::Platform,
                    asked.now,
                )
                .await?;
                return Err(VerifierProblem::ConsentEnded);
            }
            Err(VerifierProblem::ItemsRefused(reason.as_str()))
        }
    }
}

/// What does not have the form of items is no answer.
fn read(items: &LatestItems) -> Result<FourItems, VerifierProblem> {
    FourItems::read(ItemTexts {
        name: &items.name,
        name_substitution: &items.name_substitution,
        address: &items.address,
        address_substitution: &items.address_substitution,
        birth_date: &items.birth_date,
        sex: &items.sex,
    })
    .map_err(|_| VerifierProblem::Unavailable)
}
