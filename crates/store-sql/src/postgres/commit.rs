//! One batch, one transaction, two bursts; and what to do when its fate is not known.

use std::collections::HashSet;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::{Duration, Instant};

use audit::chain::Head;
use futures_util::future::{MaybeDone, join, join4, maybe_done};
use store::{Batch, CommitOutcome, Conflict, StoreFault, Write};

use super::lines::Lines;
use super::live::{Failed, Live, own};
use crate::columns::{Value, values};
use crate::ledger::plan::{Plan, Step};
use crate::ledger::{head, record, statements as sql};
use crate::trouble::Trouble;

/// How often a batch is tried again because somebody was in its way.
const TRIES: u32 = 8;

/// How one try ended without an outcome.
enum Ended {
    /// Nothing took effect.
    Failed(Failed),
    /// `COMMIT` was sent and no answer came.
    InDoubt { why: String, marker: String, tally: i64 },
}

impl From<Failed> for Ended {
    fn from(failed: Failed) -> Self {
        Self::Failed(failed)
    }
}

impl From<Trouble> for Ended {
    fn from(trouble: Trouble) -> Self {
        Self::Failed(match trouble {
            Trouble::Row(why) => Failed::Row(why),
            Trouble::Backend(why) => Failed::Lost(why),
            Trouble::Busy => Failed::Again("busy".to_owned()),
        })
    }
}

/// Commits a batch, or nothing of it.
pub(super) async fn carry_out(lines: &Lines, batch: &Batch) -> Result<CommitOutcome, StoreFault> {
    let deadline = lines.deadline();
    let _turn = lines.writer(deadline).await?;
    let mut tries = 0_u32;
    loop {
        let live = lines.own(deadline).await?;
        let limit = lines.longest().saturating_mul(2);
        let failed = match attempt(&live, batch, limit).await {
            Ok(outcome) => {
                lines.rest(live);
                return Ok(outcome);
            }
            Err(Ended::Failed(failed @ Failed::Row(_))) => return Err(failed.into()),
            Err(Ended::Failed(failed)) => failed,
            Err(Ended::InDoubt { why, marker, tally }) => {
                drop(live);
                match was_committed(lines, &marker, tally).await {
                    Ok(true) => return Ok(CommitOutcome::Committed),
                    Ok(false) => Failed::Lost(why),
                    Err(_) => return Err(StoreFault::Unknown(why)),
                }
            }
        };
        tries = tries.saturating_add(1);
        if tries >= TRIES || Instant::now() >= deadline {
            return Err(failed.into());
        }
        tokio::time::sleep(Duration::from_millis(5).saturating_mul(tries)).await;
    }
}

async fn attempt(live: &Live, batch: &Batch, limit: Duration) -> Result<CommitOutcome, Ended> {
    let silent = |_| Failed::Lost("the database does not answer".to_owned());
    let prepared = tokio::time::timeout(limit, prepare(live, batch))
        .await
        .map_err(silent)??;
    match prepared {
        Err(conflict) => {
            tokio::time::timeout(limit, live.say("ROLLBACK"))
                .await
                .map_err(silent)??;
            Ok(CommitOutcome::Conflict(conflict))
        }
        Ok(end) => {
            finish(live, batch, end, limit).await?;
            Ok(CommitOutcome::Committed)
        }
    }
}

/// The first burst: everything but the audit records. Answers the end of the log, or the conflict.
async fn prepare(live: &Live, batch: &Batch) -> Result<Result<Head, Conflict>, Ended> {
    let mut plan = Plan::of(batch)?;
    plan.references_are_new(&batch.events);
    if batch
        .writes
        .iter()
        .any(|write| matches!(write, Write::Purge { .. }))
    {
        plan.forget(own::FORGET_MARKS);
    }
    let mark = values![&live.marker, live.next()];
    let opening = async {
        let (begun, locked) = join(live.say("BEGIN"), live.run(own::LOCK, &[])).await;
        begun.and(locked)
    };
    let steps = in_order(plan.steps.iter().map(|step| run(live, step)).collect());
    let (opened, answers, marked, end) = join4(
        opening,
        steps,
        live.run(own::MARK, &mark),
        live.rows(sql::AUDIT_HEAD, &[]),
    )
    .await;
    opened?;
    for (step, answer) in plan.steps.into_iter().zip(answers) {
        if let Err(conflict) = step.judge(answer?) {
            return Ok(Err(conflict));
        }
    }
    if let Some(conflict) = repeated(batch) {
        return Ok(Err(conflict));
    }
    marked?;
    let end = end?;
    let end = end.first().map(|row| head(row)).transpose()?;
    Ok(Ok(end.unwrap_or(Head::GENESIS)))
}

async fn run(live: &Live, step: &Step<'_>) -> Result<u64, Failed> {
    live.run(step.text, &step.values).await
}

/// A reference that two events of the batch carry.
fn repeated(batch: &Batch) -> Option<Conflict> {
    let mut seen = HashSet::new();
    let mut references = batch.events.iter().filter_map(|event| event.reference.as_ref());
    references
        .any(|reference| !seen.insert(reference.as_str()))
        .then_some(Conflict::Duplicate("reference"))
}

/// The second burst: the audit records and `COMMIT`.
async fn finish(live: &Live, batch: &Batch, mut end: Head, limit: Duration) -> Result<(), Ended> {
    let tally = live.next();
    let records: Vec<Vec<Value<'_>>> = batch
        .events
        .iter()
        .map(|event| record(event, &mut end))
        .collect::<Result<_, Trouble>>()?;
    let appended = in_order(
        records
            .iter()
            .map(|row| live.run(sql::APPEND_AUDIT, row))
            .collect(),
    );
    let in_doubt = |why: String| Ended::InDoubt {
        why,
        marker: live.marker.clone(),
        tally,
    };
    let answers = tokio::time::timeout(limit, join(appended, live.say("COMMIT"))).await;
    let (appended, committed) = answers.map_err(|_| in_doubt("the database does not answer".to_owned()))?;
    for answer in appended {
        match answer {
            Ok(_) => {}
            // The server answered that a statement failed: then its COMMIT undid everything.
            Err(failed @ (Failed::Again(_) | Failed::Row(_))) => return Err(failed.into()),
            Err(Failed::Lost(why)) => return Err(in_doubt(why)),
        }
    }
    match committed {
        Ok(()) => {
            live.tally.store(tally, Ordering::Relaxed);
            Ok(())
        }
        Err(Failed::Lost(why)) => Err(in_doubt(why)),
        Err(failed) => Err(failed.into()),
    }
}

/// Whether a batch in doubt was committed. Whoever holds the lock knows that the batch does not hold it any more, and so
/// that its end is final.
async fn was_committed(lines: &Lines, marker: &str, tally: i64) -> Result<bool, Failed> {
    let deadline = lines.deadline();
    loop {
        let live = lines.connect(deadline).await?;
        match tokio::time::timeout(lines.longest(), marked(&live, marker)).await {
            Ok(Ok(found)) => {
                lines.rest(live);
                return Ok(found >= tally);
            }
            Ok(Err(failed)) if Instant::now() >= deadline => return Err(failed),
            Err(_) if Instant::now() >= deadline => {
                return Err(Failed::Lost("the database does not answer".to_owned()));
            }
            Ok(Err(_)) | Err(_) => {}
        }
    }
}

async fn marked(live: &Live, marker: &str) -> Result<i64, Failed> {
    live.say("BEGIN").await?;
    live.run(own::LOCK, &[]).await?;
    let rows = live.rows(own::MARKED, &[Value::from(marker)]).await?;
    live.say("COMMIT").await?;
    let found = rows.first().map(|row| row.try_get(0)).transpose()?;
    Ok(found.unwrap_or(0))
}

/// Runs futures together; each is begun before the next, so that their statements reach the server in this order.
async fn in_order<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut running: Vec<Pin<Box<MaybeDone<F>>>> = futures
        .into_iter()
        .map(|future| Box::pin(maybe_done(future)))
        .collect();
    poll_fn(|context| {
        let mut waiting = false;
        for future in &mut running {
            waiting |= future.as_mut().poll(context).is_pending();
        }
        if waiting { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    running
        .iter_mut()
        .filter_map(|future| future.as_mut().take_output())
        .collect()
}
