//! The conformance kit: what every backend must do, as cases that run against any of them.
//!
//! A backend's test calls [`judge_ledger`] or [`judge_ephemera`] with a factory and passes when they return. Each
//! case opens stores under names of its own; opening a name a second time while the first handle lives stands for a
//! second process on the same data, and opening it after the handle was dropped stands for a restart.
//!
//! [`servers`] starts real ones for those backends that need them.
//!
//! **One more case**: an async function beside its likes, and its name in the list of its file.

// The kit is test code that happens to be public: it fails by panicking, as tests do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::indexing_slicing
)]

mod ephemera;
mod ledger;
pub mod sample;
pub mod servers;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{Ephemera, Ledger};

/// Makes Ledgers for the kit. A runtime with several threads is expected.
#[async_trait]
pub trait LedgerFactory: Send + Sync {
    /// Opens the Ledger of this name; the first opening of a name makes it, empty.
    async fn open(&self, name: &str) -> Arc<dyn Ledger>;
}

/// Makes Ephemera for the kit. A runtime with several threads is expected.
#[async_trait]
pub trait EphemeraFactory: Send + Sync {
    /// Opens the Ephemera of this name; the first opening of a name makes them, empty.
    async fn open(&self, name: &str) -> Arc<dyn Ephemera>;
}

type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A case and its name.
struct Case<F: ?Sized> {
    name: &'static str,
    run: fn(Arc<F>) -> Running,
}

/// Lists cases of a file: `cases![Factory; first, second]`.
macro_rules! cases {
    ($factory:path; $($case:ident),+ $(,)?) => {
        &[$($crate::conformance::Case::<dyn $factory> {
            name: stringify!($case),
            run: |factory| Box::pin($case(factory)),
        }),+]
    };
}
use cases;

/// How many tasks race in each of the kit's races.
const RACERS: usize = 32;

/// Runs every case of the durable port; panics with the names of those that failed.
pub async fn judge_ledger(factory: Arc<dyn LedgerFactory>) {
    judge(&ledger::all(), &factory).await;
}

/// Runs every case of the ephemeral port; panics with the names of those that failed.
pub async fn judge_ephemera(factory: Arc<dyn EphemeraFactory>) {
    judge(&ephemera::all(), &factory).await;
}

async fn judge<F: ?Sized + Send + Sync + 'static>(cases: &[&Case<F>], factory: &Arc<F>) {
    let mut failed = Vec::new();
    for case in cases {
        let running = (case.run)(Arc::clone(factory));
        if tokio::spawn(running).await.is_err() {
            failed.push(case.name);
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {} cases failed: {failed:?}",
        failed.len(),
        cases.len()
    );
}

/// Starts `count` tasks that wait for one another and then run at once; their answers in order of their numbers.
async fn race<T, R>(count: usize, racer: impl Fn(usize) -> R) -> Vec<T>
where
    T: Send + 'static,
    R: Future<Output = T> + Send + 'static,
{
    let line = Arc::new(tokio::sync::Barrier::new(count));
    let running: Vec<_> = (0..count)
        .map(|number| {
            let line = Arc::clone(&line);
            let racer = racer(number);
            tokio::spawn(async move {
                line.wait().await;
                racer.await
            })
        })
        .collect();
    let mut answers = Vec::with_capacity(count);
    for task in running {
        answers.push(task.await.expect("a racer does not panic"));
    }
    answers
}

#[cfg(test)]
mod tests;
