//! Notices delivered by push: a Security Event Token (RFC 8417) for each, by `POST` to the verifier's registered address (RFC 8935), signed
//! with the platform's OpenID Connect key.
//!
//! **Bounds.** Only the registered host is connected to, and only at an address that is not of an internal network, unless the
//! configuration says otherwise; redirects are not followed; a try takes ten seconds at most and reads no body. What fails is tried again
//! after longer and longer waits, for a week; the notice can be fetched all the time.
//!
//! **Deliberately absent**: personal data. A notice says which consent, and in which class of state the certificates are.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use audit::{Action, Actor, Event, Outcome};
use domain::Timestamp;
use jose::{Algorithm, Header, SigningInput};
use keys::{KeyUse, SigningAlgorithm};
use serde_json::json;
use store::{Batch, Record, RecordKind, StoreFault, Write};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use trust_framework::verifiers::{Capability, Push, Standing, Verifier};

use crate::app::App;
use crate::outbound::{Message, Outbound};
use crate::signing::ActiveKey;
use crate::web::verifier::VerifierProblem;
use crate::web::verifier::held;
use crate::web::verifier::notices::{Notice, push_tag};

/// How long one receiver is served before it makes room for others.
const A_ROUND: Duration = Duration::from_secs(10);
/// Receivers served at the same time.
const AT_ONCE: usize = 256;

/// Verifiers read at a time, and notices of one verifier delivered in one round.
const PAGE: u32 = 100;
const FIRST_WAIT_SECONDS: i64 = 2;
const LONGEST_WAIT_SECONDS: i64 = 3600;
const GIVE_UP_SECONDS: i64 = 7 * 86_400;
/// A round begins at once when a notice is made, and at the latest after this.
const EVERY: Duration = Duration::from_secs(2);

/// Delivers until told to stop; what is on its way then may arrive.
pub async fn run(app: Arc<App>, out: Option<Outbound>, mut stop: watch::Receiver<bool>) {
    let Some(out) = out.map(Arc::new) else { return };
    let mut served = Served::default();
    loop {
        tokio::select! {
            _ = stop.wait_for(|stopping| *stopping) => break,
            () = app.notices_waiting.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
        if let Err(problem) = round(&app, &out, &mut served).await {
            tracing::error!(error = ?problem, "notices could not be looked at; it is tried again");
        }
    }
    let _ = tokio::time::timeout(A_ROUND + A_ROUND, served.all_done()).await;
}

/// Who is being served. Nobody waits for another's receiver; no receiver is served twice at a time, so notices arrive in order.
#[derive(Default)]
struct Served {
    busy: HashMap<String, JoinHandle<Result<(), VerifierProblem>>>,
}

impl Served {
    async fn forget_finished(&mut self) {
        let done: Vec<String> = self
            .busy
            .iter()
            .filter(|(_, delivery)| delivery.is_finished())
            .map(|(verifier, _)| verifier.clone())
            .collect();
        for verifier in done {
            let Some(delivery) = self.busy.remove(&verifier) else {
                continue;
            };
            match delivery.await {
                Ok(Ok(())) => {}
                Ok(Err(problem)) => tracing::error!(error = ?problem, "a delivery broke; it is tried again"),
                Err(why) => tracing::error!(error = %why, "a delivery broke; it is tried again"),
            }
        }
    }

    async fn all_done(self) {
        for delivery in self.busy.into_values() {
            let _ = delivery.await;
        }
    }
}

async fn round(app: &Arc<App>, out: &Arc<Outbound>, served: &mut Served) -> Result<(), VerifierProblem> {
    served.forget_finished().await;
    for (verifier, push) in receivers(app).await? {
        if served.busy.len() >= AT_ONCE {
            break;
        }
        if let Entry::Vacant(free) = served.busy.entry(verifier) {
            let delivery = deliver(Arc::clone(app), Arc::clone(out), free.key().clone(), push);
            free.insert(tokio::spawn(delivery));
        }
    }
    Ok(())
}

/// Verifiers that notices are pushed to now.
async fn receivers(app: &App) -> Result<Vec<(String, Push)>, StoreFault> {
    let now = app.clock.now();
    let mut all = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = app
            .ledger
            .records(RecordKind::Verifier, after.as_deref(), PAGE)
            .await?;
        let Some(last) = page.last() else { return Ok(all) };
        after = Some(last.key.clone());
        for verifier in page.iter().filter_map(|record| Verifier::of(record).ok()) {
            let may = verifier.may(Capability::WatchStatus);
            if let (Standing::Good, Some(push), true) = (verifier.standing(now), verifier.push.clone(), may) {
                all.push((verifier.id, push));
            }
        }
    }
}

/// Seconds that the oldest notice has been waiting for its first try, of those that are next in turn: what fails at the receiver is not
/// counted here. 0 where nothing waits, or nothing is pushed at all.
///
/// # Errors
/// The ledger does not answer.
pub async fn lag_seconds(app: &App) -> Result<i64, StoreFault> {
    if app.config.verification.push_ca.is_none() {
        return Ok(0);
    }
    let mut longest = 0;
    for (verifier, _) in receivers(app).await? {
        let next = app
            .ledger
            .records_tagged(RecordKind::StatusNotice, &push_tag(&verifier), None, 1)
            .await?;
        if let Some(notice) = next
            .first()
            .and_then(Notice::of)
            .filter(|notice| notice.tries == 0)
        {
            longest = app.clock.now().seconds_since(notice.at).max(longest);
        }
    }
    Ok(longest)
}

/// In order: a notice that cannot be delivered holds up those behind it.
async fn deliver(
    app: Arc<App>,
    out: Arc<Outbound>,
    verifier: String,
    push: Push,
) -> Result<(), VerifierProblem> {
    let waiting = app
        .ledger
        .records_tagged(RecordKind::StatusNotice, &push_tag(&verifier), None, PAGE)
        .await?;
    let begun = tokio::time::Instant::now();
    for record in waiting {
        // The rest waits for the next round: slow receivers of many notices do not hold every place.
        if begun.elapsed() > A_ROUND {
            break;
        }
        let Some(mut notice) = Notice::of(&record) else {
            continue;
        };
        let now = app.clock.now();
        if notice.next_try.is_some_and(|next| now < next) {
            return Ok(());
        }
        if !held::watch_is_open(&*app.ledger, notice.consent(), now).await? {
            withhold(&app, &record, &notice, now).await?;
            continue;
        }
        let token = token(&app, &verifier, &notice, now)?;
        let sent = send(&push.url, &out, token).await;
        notice.tries = notice.tries.saturating_add(1);
        let done = match &sent {
            Ok(()) => {
                metrics::counter!("status_notices_pushed_total", "outcome" => "delivered").increment(1);
                true
            }
            Err(error) => {
                metrics::counter!("status_notices_pushed_total", "outcome" => *error).increment(1);
                tracing::warn!(
                    verifier = verifier,
                    reason = *error,
                    tries = notice.tries,
                    "a notice was not delivered"
                );
                notice.next_try = Some(now.plus_seconds(wait(notice.tries)));
                now >= notice.at.plus_seconds(GIVE_UP_SECONDS)
            }
        };
        keep(&app, &record, &notice, &verifier, done).await?;
        if sent.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// Any answer of success is one; else a word for metrics.
async fn send(url: &str, out: &Outbound, token: String) -> Result<(), &'static str> {
    let message = Message {
        url,
        fields: &[
            ("accept", "application/json"),
            ("content-type", "application/secevent+jwt"),
        ],
        body: token.into_bytes(),
        answer_limit: 0,
    };
    match out.post(message).await {
        Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
        Ok(_) => Err("refused"),
        Err(fault) => Err(fault.code()),
    }
}

/// The consent ended between the change and its telling: it is told no more, and that is on record.
async fn withhold(
    app: &App,
    record: &Record,
    notice: &Notice,
    now: Timestamp,
) -> Result<(), VerifierProblem> {
    let mut next = record.changed(record.value.clone());
    let waiting = push_tag(&notice.verifier);
    next.tags.retain(|tag| *tag != waiting);
    let event = Event::new(now, Action::NoticeWithheld, Outcome::Done, Actor::Platform)
        .fact("verifier", notice.verifier.clone())
        .fact("consent", notice.consent())
        .fact("number", notice.number.to_string());
    // A conflict: another process did the same at the same time.
    app.ledger
        .commit(Batch::new().write(Write::PutRecord(next)).event(event))
        .await?;
    metrics::counter!("status_notices_pushed_total", "outcome" => "withheld").increment(1);
    Ok(())
}

fn wait(tries: u32) -> i64 {
    1_i64
        .checked_shl(tries.saturating_sub(1))
        .and_then(|factor| FIRST_WAIT_SECONDS.checked_mul(factor))
        .filter(|seconds| (1..=LONGEST_WAIT_SECONDS).contains(seconds))
        .unwrap_or(LONGEST_WAIT_SECONDS)
}

async fn keep(
    app: &App,
    record: &Record,
    notice: &Notice,
    verifier: &str,
    done: bool,
) -> Result<(), VerifierProblem> {
    let mut next = record.changed(serde_json::to_string(notice).unwrap_or_default());
    if done {
        let waiting = push_tag(verifier);
        next.tags.retain(|tag| *tag != waiting);
    }
    // A conflict: another process delivered it at the same time, and a receiver drops what carries a `jti` that it knows.
    app.ledger
        .commit(Batch::new().write(Write::PutRecord(next)))
        .await?;
    Ok(())
}

fn token(app: &App, verifier: &str, notice: &Notice, now: Timestamp) -> Result<String, VerifierProblem> {
    let fault = |why: &dyn std::fmt::Display| VerifierProblem::Fault(why.to_string());
    let key = ActiveKey::of(&app.signing, KeyUse::OpenIdConnect, SigningAlgorithm::Es256)
        .map_err(|why| fault(&why))?;
    let origin = app.config.front.origin.as_str();
    let claims = json!({
        "iss": origin,
        "aud": verifier,
        "iat": now.seconds(),
        "jti": format!("{verifier}/{}", notice.number),
        "events": { format!("{origin}/v1/events/state-changed"): notice.answer() },
    });
    let header = Header {
        algorithm: Algorithm::Es256,
        kid: key.key().id.as_str().to_owned(),
        typ: Some("secevent+jwt"),
    };
    let input = SigningInput::new(&header, claims.to_string().as_bytes());
    let signature = key.sign(input.bytes()).map_err(|why| fault(&why))?;
    Ok(input.attach(&signature))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_are_bounded() {
        let waits: Vec<i64> = [1, 2, 3, 10, 11, 12, 64, 65, 1000].map(wait).to_vec();
        assert_eq!(waits, [2, 4, 8, 1024, 2048, 3600, 3600, 3600, 3600]);
    }
}
