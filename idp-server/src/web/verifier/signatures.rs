//! `POST /v1/signatures/verify`: is this document signed, by a certificate that counts, in time?

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use audit::{Action, Actor, Event, Outcome};
use domain::Timestamp;
use jlis::CertificateName;
use jpki::signing::{Examination, Examined, Moment, Opinion, SigningStatus, examine};
use jpki::{FourItems, Step};
use pki::cms::{self, SignedData};
use pki::{Certificate, DigestAlgorithm, DocumentScheme, PublicKey, verify_document};
use serde_json::{Map, Value, json};
use store::Batch;
use trust_framework::verifiers::Capability;

use super::evidence::{self, ToSeal};
use super::status::{self, Known, Subject};
use super::wire::{self, Base64, Certainty, CmsPart, RawPart, Released, VerifyRequest};
use super::{Asked, VerifierProblem, hex, words};
use crate::web::headers;

/// What the mathematics say: the document's digest, and who signed it.
struct Signed {
    digest: Vec<u8>,
    bytes: usize,
    signers: Vec<Signer>,
}

struct Signer {
    certificate: Certificate,
    scheme: DocumentScheme,
    claimed: Option<Timestamp>,
    signature: Vec<u8>,
}

/// What became of one signer.
struct Judged {
    opinion: Opinion,
    answer: Value,
    ocsp: Option<Vec<u8>>,
    items: Option<FourItems>,
}

/// `POST /v1/signatures/verify`.
pub async fn post(
    asked: Asked,
    body: Result<web::Bytes, actix_web::Error>,
) -> Result<HttpResponse, VerifierProblem> {
    asked.may(Capability::VerifySignatures)?;
    let request: VerifyRequest = wire::read(body)?;
    let purpose = asked.purpose(&request.purpose)?;
    let with_items = request.release.contains(&Released::FourItems);
    if with_items && !purpose.four_items {
        return Err(VerifierProblem::PurposeWithoutItems);
    }
    let limit = asked.config.verification.max_document_bytes;
    asked.count("verify");
    let signed = match (request.cms, request.raw) {
        (Some(cms), None) => off_thread(limit, move || of_message(&cms), None).await?,
        (None, Some(raw)) => {
            let scheme = DocumentScheme::from_name(&raw.algorithm).ok_or_else(|| {
                VerifierProblem::Malformed("raw.algorithm is not one of the list".to_owned())
            })?;
            let size = raw.document.0.len();
            off_thread(limit, move || of_raw(&raw, scheme), Some(size)).await?
        }
        _ => {
            return Err(VerifierProblem::Malformed(
                "either `cms` or `raw`, and not both".to_owned(),
            ));
        }
    };
    let head = json!({
        "purpose": request.purpose,
        "verified_at": asked.now.seconds(),
    });
    match signed {
        Err(reason) => refused(&asked, head, &reason).await,
        Ok(signed) => judged(&asked, head, &signed, request.certainty, with_items).await,
    }
}

/// Digests over megabytes keep nobody else waiting.
async fn off_thread(
    limit: usize,
    work: impl FnOnce() -> Result<Signed, cms::Reason> + Send + 'static,
    size: Option<usize>,
) -> Result<Result<Signed, cms::Reason>, VerifierProblem> {
    if size.is_some_and(|size| size > limit) {
        return Err(VerifierProblem::TooLarge);
    }
    let done = tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| VerifierProblem::Fault(error.to_string()))?;
    match done {
        Ok(signed) if signed.bytes > limit => Err(VerifierProblem::TooLarge),
        other => Ok(other),
    }
}

fn of_message(part: &CmsPart) -> Result<Signed, cms::Reason> {
    let read = SignedData::parse(&part.message.0)?;
    let bytes = |given: &Option<Base64>| given.as_ref().map(|given| given.0.clone());
    let (beside, certificate) = (bytes(&part.document), bytes(&part.certificate));
    let candidates: Vec<&[u8]> = certificate.iter().map(Vec::as_slice).collect();
    let verified = read.verify(beside.as_deref(), &candidates)?;
    Ok(Signed {
        digest: DigestAlgorithm::Sha256.digest(verified.document),
        bytes: verified.document.len(),
        signers: verified
            .signers
            .iter()
            .map(|signer| Signer {
                certificate: signer.certificate().clone(),
                scheme: signer.scheme(),
                claimed: signer.claimed_signing_time(),
                signature: signer.signature().to_vec(),
            })
            .collect(),
    })
}

fn of_raw(part: &RawPart, scheme: DocumentScheme) -> Result<Signed, cms::Reason> {
    let certificate = Certificate::parse(&part.certificate.0)?;
    let key: &PublicKey = certificate.public_key();
    verify_document(key, scheme, &part.document.0, &part.signature.0)?;
    Ok(Signed {
        digest: DigestAlgorithm::Sha256.digest(&part.document.0),
        bytes: part.document.0.len(),
        signers: vec![Signer {
            certificate,
            scheme,
            claimed: None,
            signature: part.signature.0.clone(),
        }],
    })
}

/// The signature itself does not hold.
async fn refused(asked: &Asked, head: Value, reason: &cms::Reason) -> Result<HttpResponse, VerifierProblem> {
    let (code, english, japanese) = words::of_message(reason);
    let mut answer = members(head);
    answer.insert("verdict".to_owned(), Opinion::Invalid.as_str().into());
    answer.insert("reason".to_owned(), words(code, english, japanese));
    answer.insert("detail".to_owned(), reason.to_string().into());
    answer.insert("signers".to_owned(), json!([]));
    let facts = [
        ("verdict", Opinion::Invalid.as_str().to_owned()),
        ("reason", code.to_owned()),
    ];
    let answer = evidence::keep(asked, Value::Object(answer), &[], &[], &facts).await?;
    asked.count(verdict_word(Opinion::Invalid));
    Ok(headers::json(StatusCode::OK, answer.to_string()))
}

async fn judged(
    asked: &Asked,
    head: Value,
    signed: &Signed,
    certainty: Certainty,
    with_items: bool,
) -> Result<HttpResponse, VerifierProblem> {
    let mut signers = Vec::with_capacity(signed.signers.len());
    for signer in &signed.signers {
        signers.push(judge(asked, signer, certainty).await?);
    }
    // One bad signer spoils the document; one unknown leaves it open.
    let verdict = signers
        .iter()
        .map(|one| one.opinion)
        .max_by_key(|opinion| match opinion {
            Opinion::Valid => 0,
            Opinion::Indeterminate => 1,
            Opinion::Invalid => 2,
        })
        .unwrap_or(Opinion::Invalid);
    let mut answer = members(head);
    answer.insert("verdict".to_owned(), verdict.as_str().into());
    answer.insert(
        "document".to_owned(),
        json!({"sha256": hex("", &signed.digest), "bytes": signed.bytes}),
    );
    let lines: Vec<Value> = signers.iter().map(|one| one.answer.clone()).collect();
    answer.insert("signers".to_owned(), lines.into());
    let signatures: Vec<Vec<u8>> = signed.signers.iter().map(|one| one.signature.clone()).collect();
    let to_seal: Vec<ToSeal<'_>> = signed
        .signers
        .iter()
        .zip(&signers)
        .map(|(signer, judged)| ToSeal {
            certificate: signer.certificate.der(),
            ocsp: judged.ocsp.as_deref(),
        })
        .collect();
    let facts = [
        ("verdict", verdict.as_str().to_owned()),
        ("signers", signers.len().to_string()),
    ];
    let mut answer = evidence::keep(asked, Value::Object(answer), &signatures, &to_seal, &facts).await?;
    asked.count(verdict_word(verdict));
    if with_items && verdict == Opinion::Valid {
        release(asked, &mut answer, &signers).await?;
    }
    Ok(headers::json(StatusCode::OK, answer.to_string()))
}

/// The word in the account: what came of the verifications, for reports.
const fn verdict_word(verdict: Opinion) -> &'static str {
    match verdict {
        Opinion::Valid => "verdict_valid",
        Opinion::Invalid => "verdict_invalid",
        Opinion::Indeterminate => "verdict_indeterminate",
    }
}

async fn judge(asked: &Asked, signer: &Signer, certainty: Certainty) -> Result<Judged, VerifierProblem> {
    let trust = asked.trust.load_full();
    let Examination { trace, verdict } =
        examine(signer.certificate.der(), trust.profile(), &asked.signing_profile);
    let mut answer = Map::new();
    answer.insert("algorithm".to_owned(), signer.scheme.name().into());
    answer.insert(
        "claimed_signing_time".to_owned(),
        signer.claimed.map(Timestamp::seconds).into(),
    );
    let examined = match verdict {
        Ok(examined) => examined,
        Err(reason) => {
            let (english, japanese) = words::of_certificate(reason.code());
            answer.insert("verdict".to_owned(), Opinion::Invalid.as_str().into());
            answer.insert("reason".to_owned(), words(reason.code(), english, japanese));
            answer.insert("trace".to_owned(), steps(&trace, &[]));
            return Ok(Judged {
                opinion: Opinion::Invalid,
                answer: Value::Object(answer),
                ocsp: None,
                items: None,
            });
        }
    };
    let known = status::of(asked, &subject(&examined), certainty).await?;
    let proven = evidence::first_seen(asked, &signer.signature).await?;
    let moment = Moment {
        proven,
        ..Moment::now(asked.now).claiming(signer.claimed)
    };
    let judgement = examined.judge(&moment, &known.status);
    answer.insert("verdict".to_owned(), judgement.opinion.as_str().into());
    answer.insert(
        "reason".to_owned(),
        judgement.reason.as_ref().map_or(Value::Null, |reason| {
            let (english, japanese) = words::of_certificate(reason.code());
            words(reason.code(), english, japanese)
        }),
    );
    answer.insert(
        "time".to_owned(),
        json!({
            "basis": if moment.existed_at() < asked.now { "earlier_verification" } else { "presented" },
            "existed_at": moment.existed_at().seconds(),
        }),
    );
    answer.insert("status".to_owned(), status_answer(&known));
    answer.insert("trace".to_owned(), steps(&trace, &judgement.trace));
    Ok(Judged {
        opinion: judgement.opinion,
        answer: Value::Object(answer),
        ocsp: known.ocsp,
        items: examined.four_items().ok(),
    })
}

fn subject(examined: &Examined) -> Subject<'_> {
    Subject {
        name: name_of(examined),
        points: Some(&examined.certificate().extensions().distribution_points),
    }
}

/// The name by which J-LIS knows a certificate.
pub(super) fn name_of(examined: &Examined) -> CertificateName {
    CertificateName {
        ca_kind: examined.ca_kind(),
        issuer_key_hash: examined.issuer_key_hash().to_owned(),
        serial: examined.serial().clone(),
    }
}

/// Adds 基本4情報 to an answer that is on record without them; each release is on record too.
async fn release(asked: &Asked, answer: &mut Value, signers: &[Judged]) -> Result<(), VerifierProblem> {
    let said = |name: &str| {
        let value = answer.get(name).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    let event = Event::new(
        asked.now,
        Action::ItemsReleased,
        Outcome::Done,
        Actor::Verifier(asked.verifier.id.clone()),
    )
    .fact("from", "certificate")
    .fact("purpose", said("purpose"))
    .fact("evidence", said("evidence"));
    asked.ledger.commit(Batch::new().event(event)).await?;
    asked.count("items_of_certificate");
    let lines = answer.get_mut("signers").and_then(Value::as_array_mut);
    for (line, judged) in lines.into_iter().flatten().zip(signers) {
        if let (Some(members), Some(items)) = (line.as_object_mut(), &judged.items) {
            members.insert("four_items".to_owned(), items_answer(items));
        }
    }
    Ok(())
}

/// 基本4情報 as they are answered: with what is known of their quality.
pub(super) fn items_answer(items: &FourItems) -> Value {
    let texts = items.texts();
    json!({
        "name": texts.name,
        "name_substitution": texts.name_substitution,
        "address": texts.address,
        "address_substitution": texts.address_substitution,
        "birth_date": texts.birth_date,
        "birth_date_complete": items.birth_date.is_whole(),
        "sex": texts.sex,
    })
}

fn status_answer(known: &Known) -> Value {
    let mut answer = json!(known.basis);
    if let Some(members) = answer.as_object_mut() {
        let word = match known.status {
            SigningStatus::Good => "good",
            SigningStatus::Revoked { reason, at } => {
                members.insert("revocation_reason".to_owned(), reason.as_str().into());
                members.insert("revoked_at".to_owned(), at.seconds().into());
                "revoked"
            }
            SigningStatus::Unknown(gap) => {
                members.insert("gap".to_owned(), gap.as_str().into());
                "unknown"
            }
        };
        members.insert("word".to_owned(), word.into());
    }
    answer
}

fn steps(first: &[Step], second: &[Step]) -> Value {
    first
        .iter()
        .chain(second)
        .map(|step| json!({"rule": step.rule, "verdict": step.verdict.as_str(), "detail": step.detail}))
        .collect()
}

fn words(code: &str, english: &str, japanese: &str) -> Value {
    json!({"code": code, "en": english, "ja": japanese})
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
