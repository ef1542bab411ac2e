//! Changes that wait for no disk, made where they are asked for.
//!
//! Handing a change to a thread and its answer back costs more than the change where nothing waits for the disk. So whoever asks makes it,
//! and, while at it, what others asked for meanwhile, in one transaction: those who find somebody at work leave their order and wait.
//! Whoever is at work looks at the queue again after letting go, so that no order is left behind; and everybody who waits looks again
//! from time to time, because the one who was at work may have been told "busy" by another process and gone away.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use store::StoreFault;
use tokio::sync::oneshot;

use crate::group::{Desk, Queued, answer_all, try_group};
use crate::trouble::Trouble;

/// How long to sleep while another process writes.
const NAP: Duration = Duration::from_millis(2);
/// How long to wait for somebody else's work before looking whether it is still done.
const GLANCE: Duration = Duration::from_millis(20);

struct Waiting<D: Desk> {
    number: u64,
    queued: Queued<D>,
}

struct Queue<D: Desk> {
    orders: VecDeque<Waiting<D>>,
    next: u64,
    closed: bool,
}

/// One file, changed by whoever asks.
pub(crate) struct Inline<D: Desk> {
    queue: Mutex<Queue<D>>,
    /// `None` after closing.
    desk: Mutex<Option<(Connection, D)>>,
    limits: Limits,
}

/// How much may wait, and how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How many orders may wait; one more is refused.
    pub(crate) queue: usize,
    /// How many share a transaction.
    pub(crate) group: usize,
    /// How long an order waits while another process writes.
    pub(crate) patience: Duration,
}

/// How a try to work ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stand {
    /// Nothing waits any more.
    Done,
    /// Somebody else is at it.
    Elsewhere,
    /// Another process writes; what waited still does.
    Busy,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<D: Desk> Inline<D> {
    /// The connection must answer "busy" at once: here nothing sleeps inside SQLite.
    pub(crate) fn new(connection: Connection, desk: D, limits: Limits) -> Self {
        Self {
            queue: Mutex::new(Queue {
                orders: VecDeque::new(),
                next: 0,
                closed: false,
            }),
            desk: Mutex::new(Some((connection, desk))),
            limits,
        }
    }

    /// Waits until the order is carried out, or has changed nothing.
    pub(crate) async fn order(&self, order: D::Order) -> Result<D::Answer, StoreFault> {
        let began = Instant::now();
        let (number, mut answer) = self.leave(order)?;
        loop {
            let stand = self.work();
            match answer.try_recv() {
                Ok(answer) => return answer,
                Err(oneshot::error::TryRecvError::Closed) => return Err(ended()),
                Err(oneshot::error::TryRecvError::Empty) => {}
            }
            if stand == Stand::Busy && began.elapsed() >= self.limits.patience && self.take_back(number) {
                return Err(Trouble::Busy.into());
            }
            let pause = if stand == Stand::Busy { NAP } else { GLANCE };
            if let Ok(answer) = tokio::time::timeout(pause, &mut answer).await {
                return answer.unwrap_or_else(|_| Err(ended()));
            }
        }
    }

    /// Reads by the connection that writes, whose pages are in memory and current, if nobody is at work; `None` if somebody is.
    pub(crate) fn glance<T>(&self, read: impl Fn(&Connection) -> Result<T, Trouble>) -> Option<T> {
        let held = self.desk.try_lock().ok()?;
        let (connection, _) = held.as_ref()?;
        let read = read(connection).ok();
        drop(held);
        // Orders that were left meanwhile.
        if !lock(&self.queue).orders.is_empty() {
            self.work();
        }
        read
    }

    /// Carries an order out by itself, however long it takes: not for threads that serve others.
    pub(crate) fn order_blocking(&self, order: D::Order) -> Result<D::Answer, StoreFault> {
        let began = Instant::now();
        let (reply, mut answer) = oneshot::channel();
        let mut group = vec![(order, reply)];
        loop {
            let tried = match lock(&self.desk).as_mut() {
                Some((connection, desk)) => try_group(connection, desk, group),
                None => return Err(closed()),
            };
            match tried {
                Ok(answered) => answer_all::<D>(answered),
                Err((Trouble::Busy, back)) if began.elapsed() < self.limits.patience => {
                    group = back;
                    std::thread::sleep(NAP);
                    continue;
                }
                Err((trouble, _)) => return Err(trouble.into()),
            }
            // What was asked for meanwhile waits for nobody else.
            self.work();
            return answer.try_recv().unwrap_or_else(|_| Err(ended()));
        }
    }

    /// Takes no more orders, finishes those that wait, and closes the file. A second call does nothing.
    pub(crate) fn close(&self) {
        lock(&self.queue).closed = true;
        self.work();
        drop(lock(&self.desk).take());
        // Whoever still waits is told.
        lock(&self.queue).orders.clear();
    }

    fn leave(&self, order: D::Order) -> Result<(u64, Answer<D>), StoreFault> {
        let (reply, answer) = oneshot::channel();
        let mut queue = lock(&self.queue);
        if queue.closed {
            return Err(closed());
        }
        if queue.orders.len() >= self.limits.queue {
            return Err(StoreFault::Unavailable("too many changes are waiting".to_owned()));
        }
        let number = queue.next;
        queue.next = number.wrapping_add(1);
        queue.orders.push_back(Waiting {
            number,
            queued: (order, reply),
        });
        Ok((number, answer))
    }

    /// Whether the order was still waiting.
    fn take_back(&self, number: u64) -> bool {
        let mut queue = lock(&self.queue);
        let before = queue.orders.len();
        queue.orders.retain(|waiting| waiting.number != number);
        queue.orders.len() < before
    }

    fn work(&self) -> Stand {
        loop {
            let mut held = match self.desk.try_lock() {
                Ok(held) => held,
                Err(TryLockError::Poisoned(held)) => held.into_inner(),
                Err(TryLockError::WouldBlock) => return Stand::Elsewhere,
            };
            let Some((connection, desk)) = held.as_mut() else {
                return Stand::Done;
            };
            loop {
                let (numbers, group) = self.next_group();
                if group.is_empty() {
                    break;
                }
                match try_group(connection, desk, group) {
                    Ok(answered) => answer_all::<D>(answered),
                    Err((Trouble::Busy, back)) => {
                        self.put_back(numbers, back);
                        return Stand::Busy;
                    }
                    Err((trouble, back)) => {
                        let fault = StoreFault::from(trouble);
                        let failed = back.into_iter().map(|(_, reply)| (reply, Err(fault.clone())));
                        answer_all::<D>(failed.collect());
                    }
                }
            }
            drop(held);
            // An order that was left between the last look and the letting go had nobody to work for it.
            if lock(&self.queue).orders.is_empty() {
                return Stand::Done;
            }
        }
    }

    fn next_group(&self) -> (Vec<u64>, Vec<Queued<D>>) {
        let mut queue = lock(&self.queue);
        let count = queue.orders.len().min(self.limits.group.max(1));
        queue
            .orders
            .drain(..count)
            .map(|waiting| (waiting.number, waiting.queued))
            .unzip()
    }

    fn put_back(&self, numbers: Vec<u64>, group: Vec<Queued<D>>) {
        let mut queue = lock(&self.queue);
        for (number, queued) in numbers.into_iter().zip(group).rev() {
            queue.orders.push_front(Waiting { number, queued });
        }
    }
}

type Answer<D> = oneshot::Receiver<Result<<D as Desk>::Answer, StoreFault>>;

fn closed() -> StoreFault {
    StoreFault::Unavailable("the store is closed".to_owned())
}

fn ended() -> StoreFault {
    StoreFault::Unknown("the writer ended before it answered".to_owned())
}

#[cfg(test)]
mod tests;
