//! All connections to the database: some that read, shared by whoever asks; some that commit, one batch at a time.
//!
//! A connection that is lost is replaced when it is next needed. Whoever needs it waits, for as long as the options' patience.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use store::{Batch, CommitOutcome, StoreFault};
use tokio::runtime::Handle;
use tokio::sync::{Mutex as Turn, Semaphore};
use tokio_postgres::Row;

use super::live::{Failed, Live};
use super::{PostgresOptions, commit, tables};
use crate::columns::Value;
use crate::open::OpenError;

/// How long to wait before connecting again, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(25), Duration::from_millis(400));

/// How many threads have asked so far.
static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The number of this thread among them.
    static SLOT: usize = THREADS.fetch_add(1, Ordering::Relaxed);
}

/// A connection that several read on at the same time; their statements follow one another without waiting for answers. It is driven by
/// the thread that made it, so that an answer wakes nobody else; when that thread ended, the next who reads makes another.
#[derive(Default)]
struct Lane {
    live: RwLock<Option<Arc<Live>>>,
    connecting: Turn<()>,
}

/// Everything that is connected.
pub(super) struct Lines {
    pub(super) options: PostgresOptions,
    /// Batches are carried out here, whichever thread brings them: a web worker may end before they do.
    runtime: Handle,
    readers: Vec<Lane>,
    /// For what reads many rows.
    lists: Lane,
    resting: Mutex<Vec<Live>>,
    writers: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    closed: AtomicBool,
}

impl Lines {
    /// Brings the tables to their shape and makes the first connection.
    pub(super) async fn open(options: PostgresOptions) -> Result<Self, OpenError> {
        if let Some(why) = unusable(&options) {
            return Err(OpenError::Server {
                place: options.place(),
                why: why.to_owned(),
            });
        }
        tables::migrate(&options).await?;
        let lines = Self {
            runtime: Handle::current(),
            readers: (0..options.readers.max(1)).map(|_| Lane::default()).collect(),
            lists: Lane::default(),
            resting: Mutex::new(Vec::new()),
            writers: Arc::new(Semaphore::new(options.writers.max(1))),
            queue: Arc::new(Semaphore::new(options.queue.max(1))),
            closed: AtomicBool::new(false),
            options,
        };
        let first = Live::connect(&lines.options).await.map_err(|failed| {
            let (Failed::Lost(why) | Failed::Again(why) | Failed::Row(why)) = failed;
            OpenError::Server {
                place: lines.options.place(),
                why,
            }
        })?;
        lines.rest(first);
        Ok(lines)
    }

    /// Takes no more batches; those under way finish.
    pub(super) async fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        self.queue.close();
        let all = u32::try_from(self.options.writers.max(1)).unwrap_or(u32::MAX);
        let _finished = self.writers.acquire_many(all).await;
        self.hold_resting().clear();
        for lane in self.readers.iter().chain([&self.lists]) {
            lane.live.write().unwrap_or_else(PoisonError::into_inner).take();
        }
    }

    /// The moment at which patience ends.
    pub(super) fn deadline(&self) -> Instant {
        let now = Instant::now();
        now.checked_add(self.options.patience).unwrap_or(now)
    }

    /// Rows of one statement, on a connection that reads.
    pub(super) async fn read(
        &self,
        many: bool,
        text: &'static str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, StoreFault> {
        let deadline = self.deadline();
        let lane = if many { &self.lists } else { self.lane() };
        let (mut pause, longest) = PAUSES;
        let mut again = false;
        loop {
            let live = self.shared(lane, deadline).await?;
            let answer = tokio::time::timeout(self.longest(), live.rows(text, values)).await;
            let failed = match answer {
                Ok(Ok(rows)) => return Ok(rows),
                Ok(Err(failed @ Failed::Row(_))) => return Err(failed.into()),
                Ok(Err(failed)) => failed,
                Err(_) => Failed::Lost("the database does not answer".to_owned()),
            };
            lane.forget(&live);
            if Instant::now() >= deadline {
                return Err(failed.into());
            }
            // A connection that had ended is replaced at once; a server that refuses every time is not asked without a pause.
            if again {
                tokio::time::sleep(pause).await;
                pause = pause.saturating_mul(2).min(longest);
            }
            again = true;
        }
    }

    /// Commits on a connection of its own, whether or not somebody still waits for the answer.
    pub(super) async fn commit(lines: &Arc<Self>, batch: Batch) -> Result<CommitOutcome, StoreFault> {
        let place = Arc::clone(&lines.queue).try_acquire_owned().map_err(|_| {
            StoreFault::Unavailable(if lines.closed.load(Ordering::Relaxed) {
                "the store is closed".to_owned()
            } else {
                "too many changes are waiting".to_owned()
            })
        })?;
        let own = Arc::clone(lines);
        let task = lines.runtime.spawn(async move {
            let outcome = commit::carry_out(&own, &batch).await;
            drop(place);
            outcome
        });
        task.await.unwrap_or_else(|_| {
            Err(StoreFault::Unknown(
                "the writer ended before it answered".to_owned(),
            ))
        })
    }

    /// The right to commit.
    pub(super) async fn writer(&self, deadline: Instant) -> Result<tokio::sync::SemaphorePermit<'_>, Failed> {
        let waiting = tokio::time::timeout_at(deadline.into(), self.writers.acquire());
        match waiting.await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) => Err(Failed::Lost("the store is closed".to_owned())),
            Err(_) => Err(Failed::Lost("too many changes are waiting".to_owned())),
        }
    }

    /// A connection of one's own.
    pub(super) async fn own(&self, deadline: Instant) -> Result<Live, Failed> {
        loop {
            let resting = self.hold_resting().pop();
            match resting {
                Some(live) if live.is_closed() => {}
                Some(live) => return Ok(live),
                None => return self.connect(deadline).await,
            }
        }
    }

    /// Gives a connection back after a clean end.
    pub(super) fn rest(&self, live: Live) {
        if !self.closed.load(Ordering::Relaxed) && !live.is_closed() {
            self.hold_resting().push(live);
        }
    }

    fn hold_resting(&self) -> std::sync::MutexGuard<'_, Vec<Live>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Connects, again and again until patience ends. The connection lives on the caller's runtime.
    pub(super) async fn connect(&self, deadline: Instant) -> Result<Live, Failed> {
        let (mut pause, longest) = PAUSES;
        loop {
            if self.closed.load(Ordering::Relaxed) {
                return Err(Failed::Lost("the store is closed".to_owned()));
            }
            let failed = match tokio::time::timeout_at(deadline.into(), Live::connect(&self.options)).await {
                Ok(Ok(live)) => return Ok(live),
                Ok(Err(failed)) => failed,
                Err(_) => Failed::Lost("connecting took too long".to_owned()),
            };
            if Instant::now()
                .checked_add(pause)
                .is_none_or(|next| next >= deadline)
            {
                return Err(failed);
            }
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2).min(longest);
        }
    }

    /// The same connection for everything that a thread asks: what a request asks for together then goes in one packet, and its answers
    /// come in one.
    fn lane(&self) -> &Lane {
        let place = SLOT.with(|slot| slot.checked_rem(self.readers.len()).unwrap_or(0));
        self.readers.get(place).unwrap_or(&self.lists)
    }

    async fn shared(&self, lane: &Lane, deadline: Instant) -> Result<Arc<Live>, StoreFault> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(StoreFault::Unavailable("the store is closed".to_owned()));
        }
        if let Some(live) = lane.current() {
            return Ok(live);
        }
        // Others may be connecting, one after the other, to a server that says nothing: nobody waits longer than patience.
        let turn = tokio::time::timeout_at(deadline.into(), lane.connecting.lock()).await;
        let _turn = turn.map_err(|_| StoreFault::Unavailable("connecting took too long".to_owned()))?;
        if let Some(live) = lane.current() {
            return Ok(live);
        }
        let live = Arc::new(self.connect(deadline).await?);
        *lane.live.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&live));
        Ok(live)
    }

    /// After this a server that says nothing is no server: it should have ended the statement itself.
    pub(super) fn longest(&self) -> Duration {
        self.options
            .statement_timeout
            .saturating_add(Duration::from_secs(1))
    }
}

impl Lane {
    fn current(&self) -> Option<Arc<Live>> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        live.as_ref().filter(|live| !live.is_closed()).cloned()
    }

    /// Lets go of a connection that failed, unless somebody already replaced it.
    fn forget(&self, failed: &Arc<Live>) {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        if live.as_ref().is_some_and(|live| Arc::ptr_eq(live, failed)) {
            *live = None;
        }
    }
}

/// What is wrong with the options themselves.
fn unusable(options: &PostgresOptions) -> Option<&'static str> {
    if options.servers.is_empty() {
        return Some("no server is named");
    }
    let plain = |name: &String| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    if options.schema.as_ref().is_some_and(|name| !plain(name)) {
        return Some("the schema's name may hold small letters, digits and _ only");
    }
    None
}
