//! One question to one responder, from the nonce to the memory.

use std::sync::Arc;

use hyper::Method;
use jlis::{
    Asker, CertificateName, Counted, Link, Links, QuestionKind, QuestionOutcome, ResponderFailure,
    StatusEvidence, Unavailable,
};
use pki::TrustAnchor;
use pki::ocsp::{NonceVerdict, OcspAnswer, OcspRequest, verify};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::Shared;
use super::breaker::Breaker;
use super::memory::{Remembered, TakenIn};
use crate::line::{Line, Question};

/// One responder and how it fares.
pub(super) struct Responder {
    pub(super) label: String,
    pub(super) line: Line,
    pub(super) breaker: Breaker,
    pub(super) under_way: Arc<Semaphore>,
}

impl Responder {
    /// Leave to ask it, or why not.
    pub(super) fn admit(&self) -> Result<OwnedSemaphorePermit, Unavailable> {
        // The place first: a probe that finds none must not be lost.
        let place = Arc::clone(&self.under_way)
            .try_acquire_owned()
            .map_err(|_| Unavailable::Busy)?;
        if self.breaker.admit(Instant::now()) {
            Ok(place)
        } else {
            Err(Unavailable::Resting)
        }
    }
}

/// The question, as every attempt needs it.
pub(super) struct Asked {
    pub(super) name: CertificateName,
    pub(super) anchors: Arc<[TrustAnchor]>,
    pub(super) asker: Asker,
    pub(super) kind: QuestionKind,
    pub(super) max_age_seconds: Option<i64>,
    pub(super) now: domain::Timestamp,
    pub(super) begun: Instant,
}

impl Asked {
    /// The time now, counted from the asker's clock.
    fn now(&self) -> domain::Timestamp {
        let passed = i64::try_from(self.begun.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.now.plus_millis(passed)
    }
}

/// What became of it.
pub(super) struct Attempt {
    pub(super) label: String,
    pub(super) outcome: Outcome,
}

pub(super) enum Outcome {
    Verified(Arc<Remembered>),
    /// It cannot be true together with the answer of the responder with this label.
    Contradiction(String),
    Failed(ResponderFailure),
}

/// Counts the question, however it ends: also if nobody waits any more.
struct Account<'a> {
    responder: &'a Responder,
    shared: &'a Shared,
    asked: &'a Asked,
    begun: Instant,
    settled: bool,
}

impl Account<'_> {
    fn settle(&mut self, outcome: QuestionOutcome, responder_is_well: bool) {
        self.settled = true;
        if responder_is_well {
            self.responder.breaker.succeeded();
        } else {
            self.responder.breaker.failed(Instant::now());
        }
        self.count(outcome);
    }

    fn count(&self, outcome: QuestionOutcome) {
        self.shared.counter.count(&Counted {
            asker: &self.asked.asker,
            kind: self.asked.kind,
            responder: &self.responder.label,
            outcome,
            millis: u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
    }
}

impl Drop for Account<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.responder.breaker.given_up();
            self.count(QuestionOutcome::Failed);
        }
    }
}

/// Asks one responder and takes its answer in.
pub(super) async fn run(
    responder: Arc<Responder>,
    _place: OwnedSemaphorePermit,
    shared: Arc<Shared>,
    asked: Arc<Asked>,
) -> Attempt {
    let mut account = Account {
        responder: &responder,
        shared: &shared,
        asked: &asked,
        begun: Instant::now(),
        settled: false,
    };
    let verified = match exchange(&responder, &shared, &asked).await {
        Err(why) => {
            account.settle(QuestionOutcome::Failed, false);
            return Attempt {
                label: responder.label.clone(),
                outcome: Outcome::Failed(why),
            };
        }
        Ok(verified) => verified,
    };
    let too_old = asked
        .max_age_seconds
        .is_some_and(|seconds| asked.now() > verified.evidence.this_update.plus_seconds(seconds));
    let this_update = verified.evidence.this_update;
    let outcome = match shared.memory.take_in(&asked.name, verified, asked.now()) {
        TakenIn::Replayed { produced_at, seen } => {
            Outcome::Failed(ResponderFailure::Replayed { produced_at, seen })
        }
        TakenIn::Contradiction { other } => {
            shared
                .counter
                .contradiction(asked.kind, [&other, &responder.label]);
            Outcome::Contradiction(other)
        }
        TakenIn::Kept(kept) if too_old && !kept.is_final() => {
            Outcome::Failed(ResponderFailure::TooOld { this_update })
        }
        TakenIn::Kept(kept) => Outcome::Verified(kept),
    };
    let replayed = matches!(outcome, Outcome::Failed(ResponderFailure::Replayed { .. }));
    let counted = match outcome {
        Outcome::Verified(_) => QuestionOutcome::Answered,
        Outcome::Contradiction(_) | Outcome::Failed(_) => QuestionOutcome::Failed,
    };
    account.settle(counted, !replayed);
    Attempt {
        label: responder.label.clone(),
        outcome,
    }
}

/// Sends the question and verifies the answer.
async fn exchange(
    responder: &Responder,
    shared: &Shared,
    asked: &Asked,
) -> Result<Remembered, ResponderFailure> {
    let issuer = asked
        .anchors
        .iter()
        .find(|anchor| anchor.key_hash() == asked.name.issuer_key_hash)
        .ok_or(Unavailable::Unintelligible)?;
    // A nonce of its own for each responder: none can hand in what another one signed.
    let nonce: Option<[u8; 32]> = shared.send_nonce.then(|| shared.entropy.array());
    let nonce = nonce.as_ref().map(<[u8; 32]>::as_slice);
    let request = OcspRequest::new(issuer, &asked.name.serial, shared.policy.hash, nonce);
    let question = Question {
        method: Method::POST,
        path: responder.line.path(),
        content_type: Some("application/ocsp-request"),
        accept: "application/ocsp-response",
        body: request.der().to_vec(),
    };
    let body = responder
        .line
        .ask(question, shared.limits)
        .await
        .map_err(ResponderFailure::Unavailable)?;
    let anchors: Vec<&TrustAnchor> = asked.anchors.iter().collect();
    let verified_at = asked.now();
    let answer = verify(&body, &request, &anchors, &shared.policy, verified_at)
        .map_err(ResponderFailure::Unverified)?;
    remembered(responder, asked, &request, &body, &answer)
}

fn remembered(
    responder: &Responder,
    asked: &Asked,
    request: &OcspRequest,
    body: &[u8],
    answer: &OcspAnswer,
) -> Result<Remembered, ResponderFailure> {
    let links = answer.links().iter().map(Link::of_ocsp).collect();
    let links = Links::about(&asked.name, links).map_err(|_| ResponderFailure::ImpossibleLinks)?;
    Ok(Remembered {
        status: answer.status(),
        valid_until: answer.valid_until(),
        links,
        evidence: Arc::new(StatusEvidence {
            responder: responder.label.clone(),
            responder_key_hash: answer.responder_key_hash().to_owned(),
            produced_at: answer.produced_at(),
            this_update: answer.this_update(),
            next_update: answer.next_update(),
            verified_at: asked.now(),
            nonce_matched: answer.nonce() == NonceVerdict::Matched,
            request: request.der().to_vec(),
            response: body.to_vec(),
        }),
    })
}
