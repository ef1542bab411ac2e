//! Group commit: one thread per file changes it, and whatever waits becomes durable together.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use rusqlite::Connection;
use store::StoreFault;
use tokio::sync::oneshot;

use crate::trouble::Trouble;

/// What a kind of writer does with one order.
pub(crate) trait Desk: Send + 'static {
    /// What is asked.
    type Order: Send + 'static;
    /// What is answered.
    type Answer: Send + 'static;

    /// A transaction of this writer has begun; nothing that was remembered from an earlier one counts.
    fn begin(&mut self, connection: &Connection) -> Result<(), Trouble>;

    /// Serves one order within its savepoint.
    fn serve(&mut self, connection: &Connection, order: Self::Order)
    -> Result<Served<Self::Answer>, Trouble>;
}

/// How one order ended.
pub(crate) enum Served<A> {
    /// Its changes stay.
    Keep(A),
    /// Its changes go; the others of the group are not concerned.
    Undo(A),
}

type Reply<D> = oneshot::Sender<Result<<D as Desk>::Answer, StoreFault>>;
/// An order and who waits for it.
pub(crate) type Queued<D> = (<D as Desk>::Order, Reply<D>);
/// Why a transaction could not begin, and who wanted it.
pub(crate) type NotBegun<D> = (Trouble, Vec<Queued<D>>);
/// An answer and who waits for it.
pub(crate) type Answered<D> = (Reply<D>, Result<<D as Desk>::Answer, StoreFault>);

/// The queue in front of the writer thread.
pub(crate) struct Writer<D: Desk> {
    queue: RwLock<Option<SyncSender<Queued<D>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl<D: Desk> Writer<D> {
    /// Starts the thread. `queue`: how many orders may wait; `group`: how many share a transaction.
    pub(crate) fn start(
        name: &str,
        connection: Connection,
        desk: D,
        queue: usize,
        group: usize,
    ) -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel(queue);
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            work(&connection, desk, &receiver, group.max(1));
            // The last connection of a file folds the write-ahead log into it; failing that, the next start does.
            drop(connection);
        })?;
        Ok(Self {
            queue: RwLock::new(Some(sender)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Waits until the order is durable, or has changed nothing.
    pub(crate) async fn order(&self, order: D::Order) -> Result<D::Answer, StoreFault> {
        let (reply, answer) = oneshot::channel();
        self.enqueue((order, reply))?;
        answer.await.unwrap_or_else(|_| {
            Err(StoreFault::Unknown(
                "the writer ended before it answered".to_owned(),
            ))
        })
    }

    fn enqueue(&self, queued: Queued<D>) -> Result<(), StoreFault> {
        let queue = self.queue.read().unwrap_or_else(PoisonError::into_inner);
        let sender = queue
            .as_ref()
            .ok_or_else(|| StoreFault::Unavailable("the store is closed".to_owned()))?;
        sender.try_send(queued).map_err(|refused| {
            StoreFault::Unavailable(match refused {
                TrySendError::Full(_) => "too many changes are waiting".to_owned(),
                TrySendError::Disconnected(_) => "the writer has ended".to_owned(),
            })
        })
    }

    /// Takes no more orders, finishes those that wait, and ends the thread. A second call does nothing.
    pub(crate) async fn close(&self) {
        drop(self.queue.write().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A writer that panicked has already failed its orders; there is nothing more to learn from it.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

fn work<D: Desk>(connection: &Connection, mut desk: D, receiver: &Receiver<Queued<D>>, limit: usize) {
    while let Ok(first) = receiver.recv() {
        let waiting = receiver.try_iter().take(limit.saturating_sub(1));
        let group: Vec<Queued<D>> = std::iter::once(first).chain(waiting).collect();
        answer_all::<D>(commit_group(connection, &mut desk, group));
    }
}

/// Gives everybody their answer.
pub(crate) fn answer_all<D: Desk>(answered: Vec<Answered<D>>) {
    for (reply, answer) in answered {
        // A caller that went away needs no answer; what it asked for is done all the same.
        let _ = reply.send(answer);
    }
}

/// One transaction. The answers are ready to be given: either `COMMIT` returned, or nothing took effect, or the
/// answer says that it is not known.
fn commit_group<D: Desk>(connection: &Connection, desk: &mut D, group: Vec<Queued<D>>) -> Vec<Answered<D>> {
    try_group(connection, desk, group).unwrap_or_else(|(trouble, group)| {
        let fault = StoreFault::from(trouble);
        fail::<D>(group.into_iter().map(|(_, reply)| reply), &fault)
    })
}

/// The same; gives the group back when the transaction could not even begin.
pub(crate) fn try_group<D: Desk>(
    connection: &Connection,
    desk: &mut D,
    group: Vec<Queued<D>>,
) -> Result<Vec<Answered<D>>, NotBegun<D>> {
    if let Err(trouble) = begin(connection, desk) {
        abandon(connection);
        return Err((trouble, group));
    }
    Ok(carry_out(connection, desk, group))
}

fn carry_out<D: Desk>(connection: &Connection, desk: &mut D, group: Vec<Queued<D>>) -> Vec<Answered<D>> {
    // Whoever is alone needs no savepoint: the transaction is theirs.
    let alone = group.len() == 1;
    let mut answered: Vec<Answered<D>> = Vec::with_capacity(group.len());
    let mut group = group.into_iter();
    while let Some((order, reply)) = group.next() {
        let outcome = if alone {
            within_transaction(connection, desk, order)
        } else {
            within_savepoint(connection, desk, order)
        };
        match outcome {
            Ok(answer) => answered.push((reply, Ok(answer))),
            Err(Trouble::Row(why)) => answered.push((reply, Err(StoreFault::Corrupt(why)))),
            Err(trouble) => {
                abandon(connection);
                let fault = StoreFault::from(trouble);
                let replies = answered.into_iter().map(|(reply, _)| reply);
                return fail::<D>(
                    replies.chain([reply]).chain(group.map(|(_, reply)| reply)),
                    &fault,
                );
            }
        }
    }
    if connection.is_autocommit() {
        // The only one's changes were undone, and with them the transaction ended.
        return answered;
    }
    match run(connection, "COMMIT") {
        Ok(()) => answered,
        Err(error) => {
            abandon(connection);
            let fault = StoreFault::Unknown(error.to_string());
            fail::<D>(answered.into_iter().map(|(reply, _)| reply), &fault)
        }
    }
}

fn begin<D: Desk>(connection: &Connection, desk: &mut D) -> Result<(), Trouble> {
    abandon(connection);
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    desk.begin(connection)
}

/// An order that has the transaction for itself.
fn within_transaction<D: Desk>(
    connection: &Connection,
    desk: &mut D,
    order: D::Order,
) -> Result<D::Answer, Trouble> {
    let served = desk.serve(connection, order);
    if connection.is_autocommit() {
        return Err(rolled_back(served));
    }
    if !matches!(served, Ok(Served::Keep(_))) {
        run(connection, "ROLLBACK")?;
    }
    match served? {
        Served::Keep(answer) | Served::Undo(answer) => Ok(answer),
    }
}

/// SQLite rolled back the whole transaction by itself (disk full, I/O error, out of memory).
fn rolled_back<A>(served: Result<Served<A>, Trouble>) -> Trouble {
    match served {
        Err(trouble @ (Trouble::Busy | Trouble::Backend(_))) => trouble,
        _ => Trouble::Backend("the transaction was rolled back".to_owned()),
    }
}

fn within_savepoint<D: Desk>(
    connection: &Connection,
    desk: &mut D,
    order: D::Order,
) -> Result<D::Answer, Trouble> {
    run(connection, "SAVEPOINT one_order")?;
    let served = desk.serve(connection, order);
    if connection.is_autocommit() {
        return Err(rolled_back(served));
    }
    if !matches!(served, Ok(Served::Keep(_))) {
        run(connection, "ROLLBACK TO one_order")?;
    }
    run(connection, "RELEASE one_order")?;
    match served? {
        Served::Keep(answer) | Served::Undo(answer) => Ok(answer),
    }
}

fn run(connection: &Connection, text: &str) -> Result<(), Trouble> {
    connection.prepare_cached(text)?.execute([])?;
    Ok(())
}

/// Ends a transaction that may be open. When that fails too, the next `BEGIN` fails and says why.
fn abandon(connection: &Connection) {
    if !connection.is_autocommit() {
        let _ = connection.execute_batch("ROLLBACK");
    }
}

fn fail<D: Desk>(replies: impl Iterator<Item = Reply<D>>, fault: &StoreFault) -> Vec<Answered<D>> {
    replies.map(|reply| (reply, Err(fault.clone()))).collect()
}

#[cfg(test)]
mod tests;
