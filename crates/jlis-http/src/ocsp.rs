//! The OCSP client: one question, at most a few responders, and only verified answers.
//!
//! - **Hedging.** The first responder is asked; the next one after a delay, or at once when the one before fails or knows
//!   nothing. The first verified "good" or "revoked" is the answer. What is still under way may finish in its own time: it
//!   is paid for, and it is held against what was answered.
//! - **Contradictions.** Two verified answers that cannot both be true are an incident and no answer
//!   ([`memory::Memory::take_in`] has the rule).
//! - **Replays.** A nonce that does not match is refused by `pki::ocsp`. Where the policy lets answers without nonce count, an
//!   answer older than one that the same responder gave before is refused.
//! - **Memory.** Answers are used again within their dates and the configured maximum; "revoked" for good. Bounded.
//! - **Rest.** A responder that failed several times in a row is left alone for a while, then tried with one question.
//!
//! Every question that is sent is counted on behalf of whoever asked, even if nobody waits for the answer any more.

mod attempt;
mod breaker;
mod memory;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::Entropy;
use jlis::{
    AnsweredFrom, Counted, OcspStatus, QuestionCounter, QuestionOutcome, ResponderFailure, StatusAnswer,
    StatusFailure, StatusQuestion, StatusSource, Unavailable,
};
use pki::TrustAnchor;
use pki::ocsp::OcspPolicy;
use rustls::ClientConfig;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::line::{ClientReason, Limits, Line};
use attempt::{Asked, Attempt, Outcome, Responder};
use breaker::Breaker;
use memory::{Memory, Remembered};

/// One responder.
#[derive(Clone)]
pub struct OcspResponder {
    /// How metrics, evidence and the operator's view call it.
    pub label: String,
    /// `http://host[:port]/path` or `https://…`. (Answers are signed, but only TLS hides whose certificate is asked about.)
    pub address: String,
    /// For `https`.
    pub tls: Option<Arc<ClientConfig>>,
}

/// How the client behaves.
#[derive(Clone)]
pub struct OcspSettings {
    /// Whom to ask, the preferred one first.
    pub responders: Vec<OcspResponder>,
    /// What is demanded of answers; `max_bytes` bounds their bodies too.
    pub policy: OcspPolicy,
    /// Whether a nonce is sent. Without, a policy that requires one accepts nothing.
    pub send_nonce: bool,
    /// One responder, from the first packet to the last byte.
    pub each: Duration,
    /// The whole question, all responders together.
    pub whole: Duration,
    /// After which silence the next responder is asked too.
    pub hedge_after: Duration,
    /// How many questions may be under way to one responder.
    pub under_way: usize,
    /// After how many failures in a row a responder is left alone.
    pub failures: u32,
    /// For how long.
    pub rest: Duration,
    /// How many certificates are remembered.
    pub remembered: usize,
    /// How long "good" is remembered at most, in seconds; never beyond nextUpdate. Zero asks every time.
    pub good_for_seconds: i64,
    /// Two responders may differ about a revocation for this long, in seconds, without contradicting one another: the data
    /// behind them is refreshed every 15 minutes.
    pub lag_seconds: i64,
}

impl OcspSettings {
    /// Two seconds each and three in all (a person waits), the second responder after 300 ms, 64 questions under way, ten
    /// seconds of rest after five failures, 20,000 certificates remembered, "good" for a minute.
    pub fn new(responders: Vec<OcspResponder>, policy: OcspPolicy) -> Self {
        Self {
            responders,
            policy,
            send_nonce: true,
            each: Duration::from_secs(2),
            whole: Duration::from_secs(3),
            hedge_after: Duration::from_millis(300),
            under_way: 64,
            failures: 5,
            rest: Duration::from_secs(10),
            remembered: 20_000,
            good_for_seconds: 60,
            lag_seconds: 900,
        }
    }
}

/// Asks over HTTP. Cheap to clone; clones share memory and rest.
#[derive(Clone)]
pub struct HttpStatusSource {
    responders: Arc<[Arc<Responder>]>,
    shared: Arc<Shared>,
    whole: Duration,
    hedge_after: Duration,
}

/// What all attempts share.
struct Shared {
    policy: OcspPolicy,
    send_nonce: bool,
    limits: Limits,
    entropy: Arc<dyn Entropy>,
    counter: Arc<dyn QuestionCounter>,
    memory: Memory,
}

impl HttpStatusSource {
    /// Opens nothing yet.
    pub fn new(
        settings: OcspSettings,
        entropy: Arc<dyn Entropy>,
        counter: Arc<dyn QuestionCounter>,
    ) -> Result<Self, ClientReason> {
        if settings.responders.is_empty() {
            return Err(ClientReason::NoResponder);
        }
        let mut labels = HashSet::new();
        let mut responders = Vec::new();
        for responder in settings.responders {
            if responder.label.is_empty() || !labels.insert(responder.label.clone()) {
                return Err(ClientReason::Labels);
            }
            responders.push(Arc::new(Responder {
                label: responder.label,
                line: Line::new(&responder.address, responder.tls)?,
                breaker: Breaker::new(settings.failures, settings.rest),
                under_way: Arc::new(Semaphore::new(settings.under_way)),
            }));
        }
        Ok(Self {
            responders: responders.into(),
            shared: Arc::new(Shared {
                limits: Limits {
                    whole: settings.each,
                    answer_bytes: settings.policy.max_bytes,
                },
                policy: settings.policy,
                send_nonce: settings.send_nonce,
                entropy,
                counter,
                memory: Memory::new(
                    settings.remembered,
                    settings.good_for_seconds,
                    settings.lag_seconds,
                ),
            }),
            whole: settings.whole,
            hedge_after: settings.hedge_after,
        })
    }

    /// How many certificates are remembered.
    pub fn remembered(&self) -> usize {
        self.shared.memory.len()
    }
}

#[async_trait]
impl StatusSource for HttpStatusSource {
    async fn ask(&self, question: &StatusQuestion<'_>) -> Result<StatusAnswer, StatusFailure> {
        let anchors: Arc<[TrustAnchor]> = question
            .authorities
            .anchors(question.name.ca_kind)
            .cloned()
            .collect();
        if !anchors
            .iter()
            .any(|anchor| anchor.key_hash() == question.name.issuer_key_hash)
        {
            return Err(StatusFailure::UnknownIssuer);
        }
        if let Some(remembered) =
            self.shared
                .memory
                .find(question.name, question.now, question.max_age_seconds)
        {
            self.shared.counter.count(&Counted {
                asker: question.asker,
                kind: question.kind(),
                responder: &remembered.evidence.responder,
                outcome: QuestionOutcome::Remembered,
                millis: 0,
            });
            return Ok(answer(&remembered, AnsweredFrom::Memory, 0));
        }
        let asked = Arc::new(Asked {
            name: question.name.clone(),
            anchors,
            asker: question.asker.clone(),
            kind: question.kind(),
            max_age_seconds: question.max_age_seconds,
            now: question.now,
            begun: Instant::now(),
        });
        Race::new(self, asked).run().await
    }
}

/// One question on its way to several responders.
struct Race<'a> {
    source: &'a HttpStatusSource,
    asked: Arc<Asked>,
    waiting: std::slice::Iter<'a, Arc<Responder>>,
    running: JoinSet<Attempt>,
    sent: u32,
    failures: Vec<(String, ResponderFailure)>,
    /// "The responder knows nothing": the answer if nobody else knows more.
    unknown: Option<Arc<Remembered>>,
}

impl<'a> Race<'a> {
    fn new(source: &'a HttpStatusSource, asked: Arc<Asked>) -> Self {
        Self {
            source,
            asked,
            waiting: source.responders.iter(),
            running: JoinSet::new(),
            sent: 0,
            failures: Vec::new(),
            unknown: None,
        }
    }

    async fn run(mut self) -> Result<StatusAnswer, StatusFailure> {
        let deadline = self.asked.begun + self.source.whole;
        let mut hedge = self.asked.begun + self.source.hedge_after;
        self.start_next();
        while !self.running.is_empty() {
            let more = self.waiting.len() > 0;
            tokio::select! {
                biased;
                Some(done) = self.running.join_next() => {
                    let Ok(attempt) = done else { continue };
                    if let Some(result) = self.take(attempt) {
                        return result;
                    }
                    self.start_next();
                    hedge = Instant::now() + self.source.hedge_after;
                }
                () = sleep_until(hedge), if more => {
                    self.start_next();
                    hedge = Instant::now() + self.source.hedge_after;
                }
                () = sleep_until(deadline) => {
                    self.failures.push(("all".to_owned(), Unavailable::TooSlow.into()));
                    // They may finish within their own bounds: they are paid for, and memory profits.
                    self.running.detach_all();
                    break;
                }
            }
        }
        match self.unknown.take() {
            Some(unknown) => Ok(answer(&unknown, AnsweredFrom::Responder, self.sent)),
            None => Err(StatusFailure::NoAnswer {
                responders: std::mem::take(&mut self.failures),
                questions_sent: self.sent,
            }),
        }
    }

    /// Asks the next responder that is not left alone.
    fn start_next(&mut self) {
        for responder in self.waiting.by_ref() {
            match responder.admit() {
                Err(why) => self.failures.push((responder.label.clone(), why.into())),
                Ok(admission) => {
                    self.sent = self.sent.saturating_add(1);
                    self.running.spawn(attempt::run(
                        Arc::clone(responder),
                        admission,
                        Arc::clone(&self.source.shared),
                        Arc::clone(&self.asked),
                    ));
                    return;
                }
            }
        }
    }

    /// Takes a result in; some answer ends the race.
    fn take(&mut self, attempt: Attempt) -> Option<Result<StatusAnswer, StatusFailure>> {
        let mut best = self.judge(attempt)?;
        // What has come in at the same moment is held against it.
        while let Some(done) = self.running.try_join_next() {
            best = match (best, done.ok().and_then(|attempt| self.judge(attempt))) {
                (Ok(_), Some(Err(contradiction))) => Err(contradiction),
                (Ok(_), Some(Ok(other))) if other.is_final() => Ok(other),
                (best, _) => best,
            };
        }
        // What is still under way may finish: it is paid for, and memory holds it against what was answered.
        self.running.detach_all();
        Some(best.map(|best| answer(&best, AnsweredFrom::Responder, self.sent)))
    }

    /// A definite answer, a contradiction, or nothing that decides.
    fn judge(&mut self, attempt: Attempt) -> Option<Result<Arc<Remembered>, StatusFailure>> {
        match attempt.outcome {
            Outcome::Failed(why) => {
                self.failures.push((attempt.label, why));
                None
            }
            Outcome::Contradiction(other) => Some(Err(StatusFailure::Contradiction {
                responders: [other, attempt.label],
                questions_sent: self.sent,
            })),
            Outcome::Verified(verified) if verified.status == OcspStatus::Unknown => {
                self.unknown.get_or_insert(verified);
                None
            }
            Outcome::Verified(verified) => Some(Ok(verified)),
        }
    }
}

fn answer(remembered: &Remembered, from: AnsweredFrom, questions_sent: u32) -> StatusAnswer {
    StatusAnswer {
        status: remembered.status,
        from,
        questions_sent,
        links: remembered.links.clone(),
        evidence: Arc::clone(&remembered.evidence),
    }
}

impl fmt::Debug for HttpStatusSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpStatusSource")
            .field(
                "responders",
                &self
                    .responders
                    .iter()
                    .map(|responder| &responder.label)
                    .collect::<Vec<_>>(),
            )
            .field("limits", &self.shared.limits)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
