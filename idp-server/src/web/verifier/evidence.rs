//! What was known when a signature was verified: kept from that moment, since the status of a certificate that has ended can no longer be asked.
//!
//! The answer is kept as it was given, without 基本4情報. The signer's certificate and the responder's answer are sealed, for the day on
//! which a verification is doubted; they are answered to nobody.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use audit::{Action, Actor, Event, Outcome};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{SealedSerial, Timestamp};
use keys::Owner;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Batch, CommitOutcome, Record, RecordKind, Write};

use super::{Asked, VerifierProblem, fresh_id};
use crate::secret::hash_of;
use crate::web::headers;

const DAY_SECONDS: i64 = 86_400;
/// Earlier verifications of one signature that are looked at: the earliest counts, and ids say nothing of order.
const EARLIER: u32 = 100;

/// One verification, as kept.
#[derive(Deserialize, Serialize)]
pub struct Evidence {
    /// Whose.
    pub verifier: String,
    /// When.
    pub at: Timestamp,
    /// Whether the signature itself verified: only then does it prove that it existed.
    pub signature_verified: bool,
    /// The answer as it was given, without 基本4情報.
    pub answer: Value,
    /// Certificate and responder's answer of each signer, sealed.
    pub sealed: Option<SealedSerial>,
}

/// What is sealed of one signer.
pub struct ToSeal<'a> {
    /// The certificate.
    pub certificate: &'a [u8],
    /// The responder's answer.
    pub ocsp: Option<&'a [u8]>,
}

/// The tag under which verifications of one signature by one verifier are found again.
fn tag(verifier: &str, signature: &[u8]) -> String {
    let hash = hash_of(&[b"signature\0", verifier.as_bytes(), b"\0", signature]);
    format!("signature:{}", hash.0)
}

/// When this verifier first showed this signature, if it verified then.
pub async fn first_seen(asked: &Asked, signature: &[u8]) -> Result<Option<Timestamp>, VerifierProblem> {
    let tag = tag(&asked.verifier.id, signature);
    let records = asked
        .ledger
        .records_tagged(RecordKind::VerificationEvidence, &tag, None, EARLIER)
        .await?;
    let earlier: Vec<Evidence> = records
        .iter()
        .filter_map(|record| serde_json::from_str::<Evidence>(&record.value).ok())
        .filter(|evidence| evidence.signature_verified && evidence.verifier == asked.verifier.id)
        .collect();
    Ok(proof_of_time(&earlier))
}

/// The earliest of these verifications proves that the signature existed then. One that was found invalid once, as one by a revoked
/// certificate, is no proof of a good time when lists have forgotten why.
fn proof_of_time(earlier: &[Evidence]) -> Option<Timestamp> {
    let invalid = |evidence: &Evidence| {
        evidence
            .answer
            .get("verdict")
            .is_some_and(|verdict| verdict == "invalid")
    };
    if earlier.iter().any(invalid) {
        return None;
    }
    earlier.iter().map(|evidence| evidence.at).min()
}

/// Keeps a verification, on record before the answer leaves; the identifier.
pub async fn keep(
    asked: &Asked,
    mut answer: Value,
    signatures: &[Vec<u8>],
    to_seal: &[ToSeal<'_>],
    event_facts: &[(&'static str, String)],
) -> Result<Value, VerifierProblem> {
    let id = fresh_id(&*asked.entropy, "ev_");
    if let Some(members) = answer.as_object_mut() {
        members.insert("evidence".to_owned(), id.clone().into());
    }
    let owner = format!("verification_evidence/{id}");
    let sealed = if to_seal.is_empty() {
        None
    } else {
        let text = Value::from(
            to_seal
                .iter()
                .map(|one| {
                    json!({
                        "certificate": STANDARD.encode(one.certificate),
                        "ocsp": one.ocsp.map(|der| STANDARD.encode(der)),
                    })
                })
                .collect::<Vec<_>>(),
        )
        .to_string();
        let sealed = asked.vault.seal(text.as_bytes(), Owner::Record(&owner));
        Some(sealed.map_err(|fault| VerifierProblem::Fault(fault.to_string()))?)
    };
    let evidence = Evidence {
        verifier: asked.verifier.id.clone(),
        at: asked.now,
        signature_verified: !signatures.is_empty(),
        answer: answer.clone(),
        sealed,
    };
    let value = serde_json::to_string(&evidence).map_err(|why| VerifierProblem::Fault(why.to_string()))?;
    let days = i64::from(asked.verifier.evidence_days);
    let mut record = Record::new(RecordKind::VerificationEvidence, id.clone(), value)
        .tagged(format!("verifier:{}", asked.verifier.id))
        .expiring(asked.now.plus_seconds(days.saturating_mul(DAY_SECONDS)));
    for signature in signatures {
        record = record.tagged(tag(&asked.verifier.id, signature));
    }
    let mut event = Event::new(
        asked.now,
        Action::SignatureVerified,
        Outcome::Done,
        Actor::Verifier(asked.verifier.id.clone()),
    )
    .fact("evidence", id);
    for (name, value) in event_facts {
        event = event.fact(name, value.clone());
    }
    let batch = Batch::new().write(Write::PutRecord(record)).event(event);
    match asked.ledger.commit(batch).await? {
        CommitOutcome::Committed => Ok(answer),
        CommitOutcome::Conflict(_) => Err(VerifierProblem::Fault(
            "an identifier of evidence was drawn twice".to_owned(),
        )),
    }
}

/// `GET /v1/evidence/{id}`. Another verifier's is not told from none.
pub async fn get(asked: Asked, id: web::Path<String>) -> Result<HttpResponse, VerifierProblem> {
    asked.count("evidence");
    let record = asked
        .ledger
        .record(RecordKind::VerificationEvidence, &id)
        .await?
        .filter(|record| record.expires_at.is_none_or(|end| asked.now < end))
        .ok_or(VerifierProblem::Unknown)?;
    let evidence: Evidence =
        serde_json::from_str(&record.value).map_err(|why| VerifierProblem::Fault(why.to_string()))?;
    if evidence.verifier != asked.verifier.id {
        return Err(VerifierProblem::Unknown);
    }
    Ok(headers::json(StatusCode::OK, evidence.answer.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_invalid_once_proves_no_time() {
        let at = |seconds: i64, verdict: &str| Evidence {
            verifier: "bank-a".to_owned(),
            at: Timestamp::from_millis(seconds * 1000),
            signature_verified: true,
            answer: json!({"verdict": verdict}),
            sealed: None,
        };
        assert_eq!(proof_of_time(&[]), None);
        let early = Some(Timestamp::from_millis(5000));
        assert_eq!(proof_of_time(&[at(9, "valid"), at(5, "valid")]), early);
        assert_eq!(proof_of_time(&[at(5, "indeterminate"), at(9, "valid")]), early);
        assert_eq!(proof_of_time(&[at(5, "invalid"), at(9, "valid")]), None);
        assert_eq!(proof_of_time(&[at(5, "valid"), at(9, "invalid")]), None);
    }
}
