//! The card has signed: the signature is held against octets that we write again ourselves, then the certificate is weighed by the
//! same rules as at the certificate door.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use audit::{TraceStep, Verdict};
use domain::AuthenticationMethod;
use jpki::{Possession, PossessionReason, StatementAlgorithm};
use login::challenge::Challenge;
use login::device::DeviceAttempt;
use login::{DoorOutcome, Evidence, Refusal};
use serde::Deserialize;
use store::{Batch, CommitOutcome, Conflict, SingleUseKind, Write};

use super::progress::Progress;
use super::{DeviceProblem, attempts, problem, wire};
use crate::listeners::door::verdict;
use crate::web::context::Context;
use crate::web::error::Problem;
use crate::web::login::{refused, transactions};

/// Signatures that may come for one challenge; a reader that errs twice may be mended, one that errs oftener is guessing.
const PROOFS: u64 = 3;
/// Octets of a signature: RSA of 8192 bits.
const MAX_SIGNATURE: usize = 1024;
/// Octets of a certificate.
const MAX_CERTIFICATE: usize = 8 * 1024;

/// What the device sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    /// DER in standard base64.
    certificate: String,
    algorithm: String,
    /// Standard base64.
    signature: String,
}

/// `POST /device/attempts/{attempt}/proof`.
pub async fn post(
    context: Context,
    id: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let result = prove(&context, &id, &request, payload).await;
    problem::answer(&context, result)
}

async fn prove(
    context: &Context,
    id: &str,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, DeviceProblem> {
    let secret = wire::bearer(request)?;
    let mut attempt = attempts::of_reader(context, id, &secret).await?;
    let proof: Proof = wire::read(request, payload).await?;
    let challenge = attempt.signable(context.now())?.clone();
    let count = attempts::count_proof(context, &attempt.id).await?;
    let (evidence, trace) = match weigh(context, &attempt, &challenge, &proof)? {
        Weighed::Evidence(evidence, trace) => (*evidence, trace),
        Weighed::Refused(refusal, trace) => return Err(end(context, &mut attempt, refusal, &trace).await?),
        Weighed::NoProof(_, trace) if count >= PROOFS => {
            return Err(end(context, &mut attempt, Refusal::DeviceSignature, &trace).await?);
        }
        Weighed::NoProof(no_proof, _) => return Err(no_proof),
    };
    spend(context, &challenge).await?;
    let until = context
        .now()
        .plus_seconds(i64::from(context.config.device.challenge_seconds));
    attempt.proven(evidence, trace, attempts::number(context), until);
    super::number::open(context, &attempt, &secret).await?;
    attempts::save(context, &attempt).await?;
    wire::json(StatusCode::OK, &Progress::of(context, &attempt, &secret))
}

/// What a proof comes to.
enum Weighed {
    /// Possession of a good certificate.
    Evidence(Box<Evidence>, String),
    /// Possession of a certificate that may not sign in.
    Refused(Refusal, String),
    /// No possession.
    NoProof(DeviceProblem, String),
}

fn weigh(
    context: &Context,
    attempt: &DeviceAttempt,
    challenge: &Challenge,
    proof: &Proof,
) -> Result<Weighed, DeviceProblem> {
    let mut trace = vec![
        step(
            "challenge_was_issued",
            Verdict::Passed,
            challenge.channel.as_str(),
        ),
        step("session_is_at", Verdict::Passed, challenge.session_at.as_str()),
    ];
    let no_proof = |trace: &mut Vec<TraceStep>, code, title| {
        trace.push(step("possession_was_proven", Verdict::Failed, code));
        Ok(Weighed::NoProof(unproven(code, title), verdict::text(trace)))
    };
    let Some(algorithm) = StatementAlgorithm::from_text(&proof.algorithm) else {
        return no_proof(
            &mut trace,
            "algorithm",
            "an algorithm of the list that came with the challenge",
        );
    };
    let Some(certificate) = wire::octets(&proof.certificate, MAX_CERTIFICATE) else {
        return no_proof(
            &mut trace,
            "certificate",
            "a DER certificate of at most 8 KiB in base64",
        );
    };
    let Some(signature) = wire::octets(&proof.signature, MAX_SIGNATURE) else {
        return no_proof(
            &mut trace,
            "signature_form",
            "a signature of at most 1 KiB in base64",
        );
    };
    // Never what the device says that it signed: what we asked it to sign.
    let statement = challenge
        .octets()
        .map_err(|reason| Problem::Fault(reason.to_string()))?;
    let possession = match Possession::by_statement(&certificate, algorithm, &statement, &signature) {
        Ok(possession) => possession,
        Err(PossessionReason::Unreadable(_)) => {
            return no_proof(
                &mut trace,
                "certificate",
                "no key can be read from the certificate",
            );
        }
        Err(PossessionReason::OtherKey) => {
            return no_proof(
                &mut trace,
                "algorithm",
                "the certificate's key is of another kind",
            );
        }
        Err(_) => return no_proof(&mut trace, "signature", "not over this challenge with this key"),
    };
    trace.push(step("possession_was_proven", Verdict::Passed, algorithm.as_str()));
    let outcome = verdict::weigh(
        context,
        possession.certificate(),
        AuthenticationMethod::CardChallenge,
        &attempt.id,
        context.now(),
        &mut trace,
    )?;
    let trace = verdict::text(&trace);
    Ok(match outcome {
        DoorOutcome::Proven(evidence) => Weighed::Evidence(Box::new(evidence), trace),
        DoorOutcome::Refused(refusal) => Weighed::Refused(refusal, trace),
    })
}

fn unproven(code: &'static str, title: &'static str) -> DeviceProblem {
    DeviceProblem::Request {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        code,
        title,
    }
}

/// The nonce is spent for good before anything follows from it.
async fn spend(context: &Context, challenge: &Challenge) -> Result<(), DeviceProblem> {
    let lifetime = i64::from(context.config.session.lifetime_seconds);
    let batch = Batch::new().write(Write::InsertSingleUse {
        kind: SingleUseKind::DeviceChallenge,
        key: challenge.nonce.clone(),
        expires_at: context.now().plus_seconds(lifetime),
    });
    match context.ledger.commit(batch).await? {
        CommitOutcome::Committed => Ok(()),
        CommitOutcome::Conflict(Conflict::AlreadyUsed(_)) => Err(Refusal::DeviceChallengeUsed.into()),
        CommitOutcome::Conflict(conflict) => {
            Err(Problem::Fault(format!("a nonce could not be spent: {conflict:?}")).into())
        }
    }
}

/// The try is over; the screen's person reads why.
pub(super) async fn end(
    context: &Context,
    attempt: &mut DeviceAttempt,
    refusal: Refusal,
    trace: &str,
) -> Result<DeviceProblem, Problem> {
    let transaction = transactions::stored(context, &attempt.transaction).await?;
    let reference = refused::record(context, &transaction, refusal, trace).await?;
    attempt.refuse(refusal, Some(reference.clone()));
    attempts::save(context, attempt).await?;
    Ok(DeviceProblem::Refused {
        refusal,
        reference: Some(reference),
    })
}

/// One line of the chain of decisions.
pub(super) fn step(rule: &str, verdict: Verdict, detail: &str) -> TraceStep {
    verdict::step("device", rule, verdict, detail.to_owned())
}
