//! Questions that may cost money: counted at once, carried into the durable account every few seconds.
//!
//! One record per asker, kind and month of Japan's calendar. What a process had counted and not yet carried over when it was killed is
//! missing there; the audit has an entry for each serial number that was opened to ask (`serial_opened`, purpose `ocsp`), with the
//! service, so an account that is doubted can be made again from it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use audit::{Action, Actor, Event, Outcome};
use domain::Timestamp;
use jlis::{Asker, Counted, QuestionCounter, QuestionKind, Tally};
use serde::{Deserialize, Serialize};
use store::{Batch, CommitOutcome, Ledger, Record, RecordKind, StoreFault, Write};
use tokio::sync::watch;

use crate::app::App;

/// Seconds between two entries into the account.
const EVERY: Duration = Duration::from_secs(2);
/// How often a lost race against another process is tried again.
const RACES: u32 = 8;
/// Records read at a time.
const PAGE: u32 = 500;

/// Counts into the tally and into metrics.
pub struct Counting {
    tally: Arc<Tally>,
    incidents: Arc<Incidents>,
}

/// Contradictions between responders that are not yet in the audit.
#[derive(Debug, Default)]
pub struct Incidents(Mutex<Vec<(QuestionKind, String)>>);

impl Incidents {
    fn note(&self, kind: QuestionKind, responders: String) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((kind, responders));
    }

    fn take(&self) -> Vec<(QuestionKind, String)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Counting {
    /// Over these.
    pub fn new(tally: Arc<Tally>, incidents: Arc<Incidents>) -> Self {
        Self { tally, incidents }
    }
}

impl QuestionCounter for Counting {
    fn count(&self, event: &Counted<'_>) {
        metrics::counter!("jlis_questions_total",
            "kind" => event.kind.as_str(), "outcome" => event.outcome.as_str(), "responder" => event.responder.to_owned())
        .increment(1);
        metrics::histogram!("jlis_question_seconds", "kind" => event.kind.as_str())
            .record(Duration::from_millis(event.millis).as_secs_f64());
        self.tally.count(event);
    }

    fn contradiction(&self, kind: QuestionKind, responders: [&str; 2]) {
        metrics::counter!("status_contradictions_total").increment(1);
        tracing::error!(
            kind = kind.as_str(),
            "two responders contradict one another; neither is believed"
        );
        self.incidents.note(kind, responders.join(" "));
    }
}

/// One line of the account.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Line {
    /// `YYYY-MM`, of Japan's calendar.
    pub month: String,
    /// On whose behalf: a service, `verifier:…`, `platform`.
    pub asker: String,
    /// What: [`QuestionKind::as_str`].
    pub kind: String,
    /// Questions that were sent.
    pub sent: u64,
}

/// Carries over until told to stop, and once more then.
pub async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    loop {
        let stopping = tokio::time::timeout(EVERY, stop.wait_for(|stopping| *stopping))
            .await
            .is_ok();
        if let Err(fault) = record_incidents(&app).await {
            tracing::error!(error = %fault, "a contradiction between responders could not be put on record; it is tried again");
        }
        if let Err(fault) = carry_over(&app).await {
            tracing::error!(error = %fault, "questions could not be carried into the account; they are kept and tried again");
        }
        if stopping {
            return;
        }
    }
}

/// Name of the durable value that says when two answers last contradicted one another.
const LAST_CONTRADICTION: &str = "status.last_contradiction";

/// For operators, with the event of the same batch.
pub fn note_contradiction(at: Timestamp) -> Write {
    Write::PutState {
        key: LAST_CONTRADICTION.to_owned(),
        value: at.millis().to_string(),
    }
}

/// When answers about one certificate last could not both be true.
pub async fn last_contradiction(ledger: &dyn Ledger) -> Result<Option<Timestamp>, StoreFault> {
    let text = ledger.state(LAST_CONTRADICTION).await?;
    Ok(text
        .and_then(|text| text.parse().ok())
        .map(Timestamp::from_millis))
}

async fn record_incidents(app: &App) -> Result<(), StoreFault> {
    let mut left = app.incidents.take();
    while let Some((kind, responders)) = left.pop() {
        let outcome = Outcome::Refused {
            code: login::Refusal::StatusContradiction.code().to_owned(),
        };
        let event = Event::new(
            app.clock.now(),
            Action::StatusContradiction,
            outcome,
            Actor::Platform,
        )
        .fact("answer", "responders_contradict")
        .fact("kind", kind.as_str())
        .fact("responders", responders.clone());
        let noted = note_contradiction(app.clock.now());
        if let Err(fault) = app.ledger.commit(Batch::new().write(noted).event(event)).await {
            app.incidents.note(kind, responders);
            for (kind, responders) in left {
                app.incidents.note(kind, responders);
            }
            return Err(fault);
        }
    }
    Ok(())
}

/// Adds what was counted to the account; what cannot be added stays counted.
pub async fn carry_over(app: &App) -> Result<(), StoreFault> {
    let month = month(app.clock.now());
    carry_over_usage(app, &month).await?;
    let mut left: Vec<(Asker, QuestionKind, u64)> = app.questions.take();
    while let Some((asker, kind, sum)) = left.pop() {
        if let Err(fault) = add(&*app.ledger, &month, &asker.to_string(), kind.as_str(), sum).await {
            left.push((asker, kind, sum));
            app.questions.put_back(left);
            return Err(fault);
        }
    }
    Ok(())
}

/// The same for what verifiers asked of us.
async fn carry_over_usage(app: &App, month: &str) -> Result<(), StoreFault> {
    let mut left = app.verifier_usage.take();
    while let Some(((verifier, operation), sum)) = left.pop() {
        let (asker, kind) = (format!("verifier:{verifier}"), format!("request_{operation}"));
        if let Err(fault) = add(&*app.ledger, month, &asker, &kind, sum).await {
            left.push(((verifier, operation), sum));
            app.verifier_usage.put_back(left);
            return Err(fault);
        }
    }
    Ok(())
}

async fn add(ledger: &dyn Ledger, month: &str, asker: &str, kind: &str, more: u64) -> Result<(), StoreFault> {
    let key = format!("{month}:{kind}:{asker}");
    for _ in 0..RACES {
        let held = ledger.record(RecordKind::QuestionCount, &key).await?;
        let before = held
            .as_ref()
            .and_then(|record| serde_json::from_str::<Line>(&record.value).ok())
            .map_or(0, |line| line.sent);
        let line = Line {
            month: month.to_owned(),
            asker: asker.to_owned(),
            kind: kind.to_owned(),
            sent: before.saturating_add(more),
        };
        let value = serde_json::to_string(&line).unwrap_or_default();
        let record = match held {
            Some(record) => record.changed(value),
            None => Record::new(RecordKind::QuestionCount, key.clone(), value).tagged(month),
        };
        let batch = Batch::new().write(Write::PutRecord(record));
        // Another process added meanwhile: add to what it wrote.
        if ledger.commit(batch).await? == CommitOutcome::Committed {
            return Ok(());
        }
    }
    Err(StoreFault::Unavailable(
        "the account of questions kept changing".to_owned(),
    ))
}

/// The account, in the order of months, kinds and askers; of one month, or whole.
pub async fn account(ledger: &dyn Ledger, month: Option<&str>) -> Result<Vec<Line>, StoreFault> {
    let mut lines = BTreeMap::new();
    let mut after: Option<String> = None;
    loop {
        let page = match month {
            Some(month) => {
                ledger
                    .records_tagged(RecordKind::QuestionCount, month, after.as_deref(), PAGE)
                    .await?
            }
            None => {
                ledger
                    .records(RecordKind::QuestionCount, after.as_deref(), PAGE)
                    .await?
            }
        };
        let Some(last) = page.last() else {
            return Ok(lines.into_values().collect());
        };
        after = Some(last.key.clone());
        for record in page {
            // Other rooms may keep counts of their own form here.
            if let Ok(line) = serde_json::from_str::<Line>(&record.value) {
                lines.insert(record.key, line);
            }
        }
    }
}

/// `YYYY-MM` where Japan is (UTC+9, no daylight saving).
pub fn month(now: Timestamp) -> String {
    let text = now.plus_seconds(9 * 3600).to_rfc3339().unwrap_or_default();
    text.chars().take(7).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_month_ends_at_midnight_in_japan() {
        for (at, expected) in [
            ("2026-11-30T14:59:59Z", "2026-11"),
            ("2026-11-30T15:00:00Z", "2026-12"),
            ("2026-12-31T15:00:00Z", "2027-01"),
        ] {
            assert_eq!(month(Timestamp::parse_rfc3339(at).unwrap()), expected);
        }
    }
}
