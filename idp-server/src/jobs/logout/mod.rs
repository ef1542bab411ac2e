//! Services are told, without the browser, that a session ended.
//!
//! **Owns** the delivery of notices (`sessions::Notice`): claim, send, receipt, the next try. A notice is claimed by its record's version
//! before anything is sent, so that two processes never send one at once; whoever dies while it holds one is followed by another after
//! [`CLAIM_SECONDS`], with the same message identifier. Tries are spread with growing waits and chance, until `logout.give_up_seconds`.
//!
//! **Deliberately absent**: services that only the browser reaches (`web/logout`), and who is to be told (`sessions`).
//!
//! **One more channel**: a module that sends one notice and says what came of it, and its line in [`send`].

mod back_channel;
mod soap;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{Entropy, ServiceId, SessionId, Timestamp};
use store::{Batch, CommitOutcome, Record, StoreFault, Write};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::app::App;
use crate::exchanges::sign_in as exchanges;
use crate::outbound::OutboundFault;
use crate::sessions::{self, Channel, Notice, State};
use crate::web::error::Problem;

/// How long one process has a notice for itself: longer than a message can take.
const CLAIM_SECONDS: i64 = 30;
/// Notices listed at the same time.
const PAGE: u32 = 200;
/// Notices delivered at the same time by rounds, to all services and to one: who never answers holds up nobody else.
const AT_ONCE: usize = 128;
const AT_ONCE_TO_ONE: usize = 8;
/// How long a node that stops waits for answers: as long as a message may take.
const AT_THE_END: Duration = Duration::from_secs(11);
/// Pages of new endings in one round, before notices are looked at again.
const ENDINGS: u32 = 20;
const FIRST_WAIT_MILLIS: i64 = 2_000;
const LONGEST_WAIT_MILLIS: i64 = 3_600_000;
/// Between the first two looks at what became of messages for which a person waits; each wait is half as long again.
const A_LOOK: Duration = Duration::from_millis(20);
/// Most tries, whatever the time.
const MOST_TRIES: u32 = 40;
/// A round begins at once when a session ended here, and at the latest after this.
const EVERY: Duration = Duration::from_secs(1);

/// What came of one message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// The service ended its session.
    Told,
    /// The service answered that it did not.
    Refused(&'static str),
    /// No answer that means anything.
    Again(&'static str),
    /// There is no way to tell it any more.
    Impossible(&'static str),
}

impl From<OutboundFault> for Outcome {
    fn from(fault: OutboundFault) -> Self {
        Self::Again(fault.code())
    }
}

/// Delivers until told to stop.
pub async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let (under_way, mut deliveries) = (Arc::new(UnderWay::default()), JoinSet::new());
    let told = stop.clone();
    loop {
        let is_over = tokio::select! {
            _ = stop.wait_for(|stopping| *stopping) => true,
            () = app.logouts_waiting.notified() => false,
            () = tokio::time::sleep(EVERY) => false,
        };
        if is_over {
            // What was sent has its receipt written: told again elsewhere, a service that remembers could only refuse.
            let ends = async { while deliveries.join_next().await.is_some() {} };
            let _ = tokio::time::timeout(AT_THE_END, ends).await;
            return;
        }
        if let Err(fault) = round(&app, &under_way, &mut deliveries, &told).await {
            tracing::error!(error = %fault, "services could not be told of logouts; it is tried again");
        }
    }
}

/// How many notices of each service are being delivered by rounds.
#[derive(Default)]
struct UnderWay(Mutex<HashMap<ServiceId, usize>>);

/// One of them, until it ends.
struct Slot {
    of: Arc<UnderWay>,
    service: ServiceId,
}

impl UnderWay {
    fn begin(self: &Arc<Self>, service: &ServiceId) -> Option<Slot> {
        let mut busy = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = busy.values().sum();
        let to_one = busy.get(service).copied().unwrap_or_default();
        if all >= AT_ONCE || to_one >= AT_ONCE_TO_ONE {
            return None;
        }
        busy.insert(service.clone(), to_one + 1);
        Some(Slot {
            of: Arc::clone(self),
            service: service.clone(),
        })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut busy = self.of.0.lock().unwrap_or_else(PoisonError::into_inner);
        match busy.get(&self.service).copied() {
            Some(several @ 2..) => {
                busy.insert(self.service.clone(), several - 1);
            }
            _ => {
                busy.remove(&self.service);
            }
        }
    }
}

/// Begins what is due and waits for none of it: a few deliveries of each service at once, each going through its share.
async fn round(
    app: &Arc<App>,
    under_way: &Arc<UnderWay>,
    deliveries: &mut JoinSet<()>,
    stop: &watch::Receiver<bool>,
) -> Result<(), StoreFault> {
    while deliveries.try_join_next().is_some() {}
    for _ in 0..ENDINGS {
        let endings = sessions::waiting_endings(&*app.ledger).await?;
        if endings.is_empty() {
            break;
        }
        for session in endings {
            sessions::settle(app, &session).await?;
        }
    }
    let now = app.clock.now();
    let mut after: Option<String> = None;
    loop {
        let page = sessions::due(&*app.ledger, after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.key.clone());
        let mut of_service: HashMap<ServiceId, Vec<Record>> = HashMap::new();
        for record in page {
            if let Some(notice) = Notice::of(&record).filter(|notice| is_time(notice, now)) {
                of_service.entry(notice.service).or_default().push(record);
            }
        }
        for (service, records) in of_service {
            let slots: Vec<Slot> = std::iter::from_fn(|| under_way.begin(&service))
                .take(records.len())
                .collect();
            let many = slots.len();
            for (place, slot) in slots.into_iter().enumerate() {
                let share: Vec<Record> = records.iter().skip(place).step_by(many).cloned().collect();
                deliveries.spawn(go_through(Arc::clone(app), share, slot, stop.clone()));
            }
        }
    }
}

/// Delivers some notices of one service, one after the other. What was left meanwhile is looked at at once.
async fn go_through(app: Arc<App>, share: Vec<Record>, slot: Slot, stop: watch::Receiver<bool>) {
    let several = share.len() > 1;
    for record in share {
        // While the store cannot write, the next round is soon enough: nothing here would be done but over and over.
        if *stop.borrow() || !deliver(Arc::clone(&app), record).await {
            return;
        }
    }
    drop(slot);
    if several {
        app.logouts_waiting.notify_one();
    }
}

/// Whether it is time, and nobody is at it.
fn is_time(notice: &Notice, now: Timestamp) -> bool {
    now >= notice.next_try && notice.claimed_until.is_none_or(|until| now >= until)
}

/// Tells the services of these sessions now, and waits for their answers as long as a person can be kept waiting, whoever delivers them.
/// What takes longer goes on by itself.
pub async fn now(app: &Arc<App>, ended: &[SessionId]) -> Result<(), StoreFault> {
    for session in ended {
        sessions::settle(app, session).await?;
        for (record, notice) in sessions::of_session(&*app.ledger, session).await? {
            if notice.state == State::Pending && notice.channel.is_direct() {
                tokio::spawn(deliver(Arc::clone(app), record));
            }
        }
    }
    let patience = Duration::from_millis(u64::from(app.config.logout.patience_millis));
    let until = tokio::time::Instant::now() + patience;
    let mut wait = A_LOOK;
    while tokio::time::Instant::now() < until && is_under_way(app, ended).await? {
        tokio::time::sleep(wait).await;
        wait += wait / 2;
    }
    Ok(())
}

/// Whether some service is being told for the first time right now.
async fn is_under_way(app: &App, ended: &[SessionId]) -> Result<bool, StoreFault> {
    for session in ended {
        let notices = sessions::of_session(&*app.ledger, session).await?;
        let busy = notices.iter().any(|(_, notice)| {
            let fresh = notice.tries == 0 || notice.claimed_until.is_some();
            notice.state == State::Pending && notice.channel.is_direct() && fresh
        });
        if busy {
            return Ok(true);
        }
    }
    Ok(false)
}

/// One try of one notice, if it is time and nobody else is at it. Whether the store could write what came of it.
async fn deliver(app: Arc<App>, record: Record) -> bool {
    let tried = attempt(&app, &record).await;
    if let Err(fault) = &tried {
        tracing::error!(error = %fault, "a receipt could not be written; the service is told again");
    }
    tried.is_ok()
}

async fn attempt(app: &App, record: &Record) -> Result<(), StoreFault> {
    let Some(mut notice) = Notice::of(record) else {
        return Ok(());
    };
    let now = app.clock.now();
    if !is_time(&notice, now) {
        return Ok(());
    }
    notice.claimed_until = Some(now.plus_seconds(CLAIM_SECONDS));
    notice.tries = notice.tries.saturating_add(1);
    notice.last_try = Some(now);
    let claimed = notice.next(record);
    let batch = Batch::new().write(Write::PutRecord(claimed.clone()));
    if app.ledger.commit(batch).await? != CommitOutcome::Committed {
        return Ok(());
    }
    let outcome = match send(app, &notice).await {
        Ok(outcome) => outcome,
        Err(problem) => {
            tracing::error!(error = ?problem, "a logout message could not be made");
            Outcome::Again("fault")
        }
    };
    settle(app, &mut notice, outcome);
    exchanges::not_told(app, &notice);
    let batch = Batch::new().write(Write::PutRecord(notice.next(&claimed)));
    // Lost only to somebody who thought that we were dead, and who has told it by now.
    app.ledger.commit(batch).await?;
    Ok(())
}

async fn send(app: &App, notice: &Notice) -> Result<Outcome, Problem> {
    let Some(out) = &app.logout_messages else {
        return Ok(Outcome::Again("not_configured"));
    };
    let Some(service) = app.ledger.service(&notice.service).await? else {
        return Ok(Outcome::Impossible("service_unknown"));
    };
    match notice.channel {
        Channel::BackChannel => back_channel::send(app, out, notice, &service).await,
        Channel::Soap => soap::send(app, out, notice, &service).await,
        Channel::FrontChannel | Channel::Redirect | Channel::Post | Channel::None => {
            Ok(Outcome::Impossible("no_channel"))
        }
    }
}

fn settle(app: &App, notice: &mut Notice, outcome: Outcome) {
    let now = app.clock.now();
    let word = match outcome {
        Outcome::Told => "told",
        Outcome::Refused(why) | Outcome::Again(why) | Outcome::Impossible(why) => why,
    };
    metrics::counter!("logout_messages_total", "outcome" => word).increment(1);
    notice.claimed_until = None;
    notice.problem = (outcome != Outcome::Told).then(|| word.to_owned());
    notice.state = match outcome {
        Outcome::Told => State::Told,
        Outcome::Refused(_) => State::Refused,
        Outcome::Impossible(_) => State::Impossible,
        Outcome::Again(_) => {
            notice.next_try = next_try(notice.tries, now, &*app.entropy);
            let last = notice
                .at
                .plus_seconds(i64::from(app.config.logout.give_up_seconds));
            if notice.tries >= MOST_TRIES || notice.next_try > last {
                State::GaveUp
            } else {
                State::Pending
            }
        }
    };
    if notice.state != State::Told {
        tracing::warn!(service = %notice.service, reason = word, tries = notice.tries, "a service was not told of a logout");
    }
}

/// Twice as long each time, and up to a quarter more by chance, so that services that came back are not asked by all at once.
fn next_try(tries: u32, now: Timestamp, entropy: &dyn Entropy) -> Timestamp {
    let wait = 1_i64
        .checked_shl(tries.saturating_sub(1))
        .and_then(|factor| FIRST_WAIT_MILLIS.checked_mul(factor))
        .filter(|millis| (1..=LONGEST_WAIT_MILLIS).contains(millis))
        .unwrap_or(LONGEST_WAIT_MILLIS);
    let chance: [u8; 2] = entropy.array();
    let more = wait / 4 * i64::from(u16::from_le_bytes(chance)) / i64::from(u16::MAX);
    now.plus_millis(wait.saturating_add(more))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);

    impl Entropy for Fixed {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0);
        }
    }

    #[test]
    fn waits_grow_are_bounded_and_are_spread() {
        let now = Timestamp::from_seconds(1_000);
        let wait = |tries, chance| next_try(tries, now, &Fixed(chance)).millis_since(now);
        let least: Vec<i64> = [1, 2, 3, 10, 11, 12, 64, 65, 1000]
            .map(|tries| wait(tries, 0))
            .to_vec();
        assert_eq!(
            least,
            [
                2_000, 4_000, 8_000, 1_024_000, 2_048_000, 3_600_000, 3_600_000, 3_600_000, 3_600_000
            ]
        );
        assert_eq!((wait(1, 255), wait(64, 255)), (2_500, 4_500_000));
    }
}
