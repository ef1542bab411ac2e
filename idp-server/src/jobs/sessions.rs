//! New revocation data ends the sessions of the people whose certificates it revokes, within seconds, wherever they signed in.
//!
//! Sessions are in the store that every process shares, so one process looks at all of them: whoever is first claims the work by a
//! record, moves its cursor page by page, and is replaced when it stops doing so. What the sweep has not reached yet is looked at
//! when it is used (`web/login/recheck`).

use std::sync::Arc;
use std::time::Duration;

use audit::{Action, Actor, Event, Outcome};
use domain::{RevocationGeneration, Session, SessionId, Timestamp};
use login::Refusal;
use serde::{Deserialize, Serialize};
use store::{Batch, CommitOutcome, Ledger, Record, RecordKind, StoreFault, Write};
use tokio::sync::watch;

use crate::app::App;
use crate::sessions::{self, Cause, FoundBy};
use crate::trust::Covered;
use crate::vault::Owner;

/// Sessions that are looked at between two signs of life.
const PAGE: u32 = 500;
/// Seconds without a sign of life after which another process takes over.
const SILENCE_SECONDS: i64 = 5;
/// Days for which it stays on record that a generation was swept.
const KEPT_DAYS: i64 = 30;

/// How far a sweep is.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Progress {
    /// The last sign of life, milliseconds since 1970.
    at_millis: i64,
    /// Behind which session it goes on.
    after: Option<SessionId>,
    /// Sessions looked at.
    seen: u64,
    /// Sessions ended.
    ended: u64,
    /// Everything was looked at.
    done: bool,
}

/// Sweeps whenever other revocation data came into use, and looks after sweeps that somebody left behind.
pub async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    // An authority may have been taken out of the configuration since the last start.
    report(rest_on_pinned(&app).await);
    loop {
        let pause = match sweep(&app).await {
            Ok(true) => Duration::from_mins(1),
            // Somebody else is at it, or was.
            Ok(false) => Duration::from_secs(1),
            Err(fault) => {
                tracing::error!(error = %fault, "sessions could not be looked at after new revocation data");
                Duration::from_secs(1)
            }
        };
        tokio::select! {
            () = app.shelves.swapped.notified() => {}
            () = tokio::time::sleep(pause) => {}
            _ = stop.wait_for(|stopping| *stopping) => return,
        }
    }
}

fn report(swept: Result<u64, StoreFault>) {
    if let Err(fault) = swept {
        tracing::error!(error = %fault, "sessions could not be held against the pinned authorities");
    }
}

/// Looks at every session at the data in force, unless it was done, here or elsewhere. `false`: another process is doing it.
pub async fn sweep(app: &App) -> Result<bool, StoreFault> {
    let trust = app.trust.load_full();
    if trust.index(jpki::CaKind::UserAuthentication).is_none() {
        return Ok(true);
    }
    let generation = trust.generation();
    let Some((mut record, mut progress)) = claim(&*app.ledger, generation, app.clock.now()).await? else {
        return Ok(progress_of(&*app.ledger, generation)
            .await?
            .is_some_and(|progress| progress.done));
    };
    if progress.seen == 0 {
        // One entry for all of them, before the first is opened.
        let opened = Event::new(
            app.clock.now(),
            Action::SerialOpened,
            Outcome::Done,
            Actor::Platform,
        )
        .fact("purpose", "sweep")
        .fact("generation", generation.to_string());
        app.ledger.commit(Batch::new().event(opened)).await?;
    }
    loop {
        let now = app.clock.now();
        let page = app
            .ledger
            .live_sessions(progress.after.as_ref(), PAGE, now)
            .await?;
        for session in &page {
            progress.seen += 1;
            if session.checked_generation >= generation {
                continue;
            }
            if let Some(refusal) = standing(app, session, now).await?
                && sessions::end(app, session, &Cause::refused(refusal, generation, FoundBy::Sweep)).await?
            {
                progress.ended += 1;
            }
        }
        progress.done = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
        progress.after = page.last().map(|session| session.id.clone()).or(progress.after);
        progress.at_millis = app.clock.now().millis();
        record = record.changed(text(&progress));
        let mut batch = Batch::new().write(Write::PutRecord(record.clone()));
        if progress.done {
            batch = batch.event(finished(app.clock.now(), generation, &progress));
        }
        if app.ledger.commit(batch).await? != CommitOutcome::Committed {
            // We were too slow for somebody, who goes on from here.
            return Ok(false);
        }
        if progress.done {
            tracing::info!(revocation.generation = %generation, sessions.seen = progress.seen, sessions.ended = progress.ended, "sessions were looked at after new revocation data");
            return Ok(true);
        }
    }
}

fn finished(now: Timestamp, generation: RevocationGeneration, progress: &Progress) -> Event {
    Event::new(now, Action::SessionsSwept, Outcome::Done, Actor::Platform)
        .fact("generation", generation.to_string())
        .fact("seen", progress.seen.to_string())
        .fact("ended", progress.ended.to_string())
}

/// Why a session's certificate no longer holds; `None` also when nobody can say.
async fn standing(app: &App, session: &Session, now: Timestamp) -> Result<Option<Refusal>, StoreFault> {
    let Some(credential) = app.ledger.credential(&session.credential).await? else {
        return Ok(None);
    };
    let Ok(serial) = app
        .vault
        .open(&credential.serial, Owner::Account(&credential.account))
    else {
        metrics::counter!("sweep_unopened_total").increment(1);
        return Ok(None);
    };
    let Ok(covered) = Covered::of(&app.vault, session, &credential) else {
        metrics::counter!("sweep_unopened_total").increment(1);
        return Ok(None);
    };
    Ok(
        match app.trust.load().status(&credential, &serial, &covered, now) {
            Ok(()) | Err(Refusal::CrlStale | Refusal::CrlMissing) => None,
            Err(refusal) => Some(refusal),
        },
    )
}

async fn progress_of(
    ledger: &dyn Ledger,
    generation: RevocationGeneration,
) -> Result<Option<Progress>, StoreFault> {
    let record = ledger
        .record(RecordKind::SessionSweep, &generation.to_string())
        .await?;
    Ok(record.and_then(|record| serde_json::from_str(&record.value).ok()))
}

/// Takes the work of a generation: it is new, or whoever had it fell silent.
async fn claim(
    ledger: &dyn Ledger,
    generation: RevocationGeneration,
    now: Timestamp,
) -> Result<Option<(Record, Progress)>, StoreFault> {
    let key = generation.to_string();
    let held = ledger.record(RecordKind::SessionSweep, &key).await?;
    let (record, progress) = match held {
        None => {
            let progress = Progress {
                at_millis: now.millis(),
                ..Progress::default()
            };
            let record = Record::new(RecordKind::SessionSweep, key, text(&progress))
                .expiring(now.plus_seconds(KEPT_DAYS * 86_400));
            (record, progress)
        }
        Some(record) => {
            let mut progress: Progress = serde_json::from_str(&record.value).unwrap_or_default();
            let silent = now.millis() - progress.at_millis;
            if progress.done || (0..SILENCE_SECONDS * 1000).contains(&silent) {
                return Ok(None);
            }
            progress.at_millis = now.millis();
            (record.changed(text(&progress)), progress)
        }
    };
    let batch = Batch::new().write(Write::PutRecord(record.clone()));
    let ours = ledger.commit(batch).await? == CommitOutcome::Committed;
    Ok(ours.then_some((record, progress)))
}

fn text(progress: &Progress) -> String {
    serde_json::to_string(progress).unwrap_or_default()
}

/// Ends the sessions that rest on an authority that is pinned no more: at start, and when the anchors were read again. No serial
/// number is opened for it. Every process does it for itself, since each has pinned what its own configuration says.
pub async fn rest_on_pinned(app: &App) -> Result<u64, StoreFault> {
    let (mut after, mut ended) = (None, 0);
    loop {
        let page = app
            .ledger
            .live_sessions(after.as_ref(), PAGE, app.clock.now())
            .await?;
        for session in &page {
            let credential = app.ledger.credential(&session.credential).await?;
            let trust = app.trust.load_full();
            let rests = credential.is_some_and(|credential| trust.is_pinned(&credential.issuer_key_hash));
            let generation = trust.generation();
            if !rests
                && sessions::end(
                    app,
                    session,
                    &Cause::refused(Refusal::UnknownCa, generation, FoundBy::Sweep),
                )
                .await?
            {
                ended += 1;
            }
        }
        match page.last() {
            Some(last) => after = Some(last.id.clone()),
            None => return Ok(ended),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::memory::MemoryLedger;

    #[tokio::test]
    async fn one_process_sweeps_and_another_takes_over_when_it_falls_silent() {
        let ledger = MemoryLedger::new();
        let generation = RevocationGeneration(7);
        let begun = Timestamp::from_seconds(1_000_000);
        let claimed = |at| claim(&ledger, generation, at);
        let (record, _) = claimed(begun).await.unwrap().unwrap();
        let late = begun.plus_seconds(SILENCE_SECONDS);
        assert!(claimed(begun).await.unwrap().is_none());
        assert!(claimed(late.plus_millis(-1)).await.unwrap().is_none());
        // It goes on where the other one was.
        let progress = Progress {
            at_millis: begun.millis(),
            seen: 500,
            ..Progress::default()
        };
        let record = record.changed(text(&progress));
        let batch = Batch::new().write(Write::PutRecord(record.clone()));
        assert_eq!(ledger.commit(batch).await, Ok(CommitOutcome::Committed));
        let (taken, progress) = claimed(late).await.unwrap().unwrap();
        assert_eq!((taken.version, progress.seen), (record.version + 1, 500));
        assert!(claimed(late).await.unwrap().is_none());
        // A clock that was set back does not leave the work lying.
        assert!(claimed(begun).await.unwrap().is_some());
        // What is done is done, however long ago; another generation is other work.
        let held = ledger
            .record(RecordKind::SessionSweep, "7")
            .await
            .unwrap()
            .unwrap();
        let done = Progress {
            done: true,
            ..Progress::default()
        };
        let batch = Batch::new().write(Write::PutRecord(held.changed(text(&done))));
        assert_eq!(ledger.commit(batch).await, Ok(CommitOutcome::Committed));
        assert!(claimed(late.plus_seconds(3600)).await.unwrap().is_none());
        assert!(progress_of(&ledger, generation).await.unwrap().unwrap().done);
        let next = claim(&ledger, RevocationGeneration(8), late).await.unwrap();
        assert!(next.is_some());
    }
}
