//! Watches over signing certificates, held against the lists whenever these change: a consented change becomes a notice.
//!
//! The reading of both certificates is told only from lists that are equally fresh: where a person died, the list of one authority may come
//! in before the other's, and "the address changed" would be told of the dead.

mod swept;

use std::sync::Arc;

use audit::{Action, Actor, Event, Outcome};
use domain::Timestamp;
use jpki::CaKind;
use jpki::reading::{CertificateState, Reading};
use revocation::NationalIndex;
use store::{Batch, CommitOutcome, Record, RecordKind, Write};
use trust_framework::verifiers::{Standing, Verifier};

use crate::app::App;
use crate::web::verifier::held::{self, Held, OPEN};
use crate::web::verifier::watches::{reading_answer, states};
use crate::web::verifier::{VerifierProblem, notices};

pub use swept::{Lists, Swept};

const PAGE: u32 = 500;

/// What a sweep did.
#[derive(Debug, Default)]
struct Sum {
    looked_at: u64,
    told: u64,
    left: u64,
    /// Of those left, the ones that should have been told and were not.
    failed: u64,
}

/// One look: nothing happens while the lists are those of the last sweep and nothing was left open.
pub async fn run(app: Arc<App>) {
    app.shelves.catch_up(&app.trust);
    let lists = lists(&app);
    let Some(look) = app.swept.due(lists, app.clock.now()) else {
        return;
    };
    match sweep(&app, look.lists_are_new).await {
        Ok(sum) => app.swept.done(lists, sum.left > 0, sum.failed > 0),
        Err(problem) => tracing::error!(error = ?problem, "watches could not be swept; it is tried again"),
    }
}

/// Seconds for which lists have been in use in this process that not every watch could be held against; 0 when all were.
pub fn lag_seconds(app: &App) -> i64 {
    app.swept.lag_seconds(lists(app), app.clock.now())
}

fn lists(app: &App) -> Lists {
    let trust = app.trust.load_full();
    [CaKind::DigitalSignature, CaKind::UserAuthentication]
        .map(|kind| trust.index(kind).map(NationalIndex::generation))
}

async fn sweep(app: &App, changed: bool) -> Result<Sum, VerifierProblem> {
    let mut sum = Sum::default();
    let mut after: Option<String> = None;
    loop {
        let page = app
            .ledger
            .records_tagged(RecordKind::StatusWatch, OPEN, after.as_deref(), PAGE)
            .await?;
        let Some(last) = page.last() else { break };
        after = Some(last.key.clone());
        if sum.looked_at == 0 && changed {
            // On record before anything sealed is opened.
            let event = Event::new(
                app.clock.now(),
                Action::WatchesSwept,
                Outcome::Done,
                Actor::Platform,
            )
            .fact("purpose", "status watches with consent");
            app.ledger.commit(Batch::new().event(event)).await?;
        }
        for record in &page {
            sum.looked_at = sum.looked_at.saturating_add(1);
            match look(app, record).await {
                Ok(Found::Nothing) => {}
                Ok(Found::Told) => sum.told = sum.told.saturating_add(1),
                Ok(Found::Left) => sum.left = sum.left.saturating_add(1),
                Ok(Found::Overtaken) => {
                    sum.left = sum.left.saturating_add(1);
                    sum.failed = sum.failed.saturating_add(1);
                }
                Err(problem) => {
                    sum.left = sum.left.saturating_add(1);
                    sum.failed = sum.failed.saturating_add(1);
                    tracing::error!(error = ?problem, "a watch could not be held against the lists; it is tried again");
                }
            }
        }
    }
    metrics::gauge!("status_watches").set(u32::try_from(sum.looked_at).map_or(f64::MAX, f64::from));
    metrics::counter!("status_notices_total").increment(sum.told);
    Ok(sum)
}

enum Found {
    Nothing,
    Told,
    /// To be looked at again soon: it waits for the other list, or for its verifier's good standing.
    Left,
    /// Another write came first; it is told by the next look.
    Overtaken,
}

async fn look(app: &App, record: &Record) -> Result<Found, VerifierProblem> {
    let now = app.clock.now();
    let mut held = Held::of(record)?;
    if now >= held.until {
        held::end(&*app.ledger, record, held, "term", Actor::Platform, now).await?;
        return Ok(Found::Nothing);
    }
    let Some(verifier) = standing(app, &held.verifier, now).await? else {
        // Nothing is asked on behalf of somebody who may not ask; it is made up for when the standing is good again.
        return Ok(Found::Left);
    };
    let opened = held.open(app, record.kind, &record.key)?;
    let states = states(app, &opened, now)?;
    if !matches!(
        states.signing,
        CertificateState::Revoked(_) | CertificateState::Expired
    ) {
        return Ok(Found::Nothing);
    }
    let reading = Reading::of(states.signing, states.authentication);
    if held.seen.told.as_deref() == Some(reading.code()) {
        return Ok(Found::Nothing);
    }
    let equally_fresh = states.authentication_list >= states.signing_list;
    if !equally_fresh && opened.authentication.is_some() {
        let since = held.seen.pending_since.unwrap_or(now);
        let patience = i64::from(app.config.verification.reading_patience_seconds);
        if now < since.plus_seconds(patience) {
            if held.seen.pending_since.is_none() {
                held.seen.pending_since = Some(now);
                let write = Write::PutRecord(held.changed(record)?);
                app.ledger.commit(Batch::new().write(write)).await?;
            }
            return Ok(Found::Left);
        }
    }
    // After the patience the honest reading is that nothing certain can be said of the other certificate.
    let states = if equally_fresh {
        states
    } else {
        crate::web::verifier::watches::States {
            authentication: CertificateState::Unknown,
            ..states
        }
    };
    let reading = Reading::of(states.signing, states.authentication);
    tell(app, record, held, &verifier, &states, reading, now).await
}

async fn standing(app: &App, id: &str, now: Timestamp) -> Result<Option<Verifier>, VerifierProblem> {
    let record = app.ledger.record(RecordKind::Verifier, id).await?;
    let verifier = record
        .map(|record| Verifier::of(&record))
        .transpose()
        .map_err(|why| VerifierProblem::Fault(why.to_string()))?;
    Ok(verifier.filter(|verifier| verifier.standing(now) == Standing::Good))
}

async fn tell(
    app: &App,
    record: &Record,
    mut held: Held,
    verifier: &Verifier,
    states: &crate::web::verifier::watches::States,
    reading: Reading,
    now: Timestamp,
) -> Result<Found, VerifierProblem> {
    held.seen.told = Some(reading.code().to_owned());
    held.seen.pending_since = None;
    let body = reading_answer(
        states,
        reading,
        [
            ("consent", record.key.clone().into()),
            ("purpose", held.purpose.clone().into()),
        ],
    );
    let writes = notices::next(app, &verifier.id, body, verifier.push.is_some(), now).await?;
    let mut event = held::event(now, Action::StateConfirmed, &verifier.id, &record.key)
        .fact("reading", reading.code())
        .fact("told_by", "notice");
    event.actor = Actor::Platform;
    let mut batch = Batch::new()
        .write(Write::PutRecord(held.changed(record)?))
        .event(event);
    for write in writes {
        batch = batch.write(write);
    }
    match app.ledger.commit(batch).await? {
        CommitOutcome::Committed => {
            app.verifier_usage.add(&verifier.id, "notice");
            app.notices_waiting.notify_one();
            Ok(Found::Told)
        }
        // Another process told it, or another notice of this verifier came in between.
        CommitOutcome::Conflict(_) => Ok(Found::Overtaken),
    }
}
