//! The in-memory double before its judge.

use std::collections::HashMap;
use std::sync::Mutex;

use super::*;
use crate::memory::{MemoryEphemera, MemoryLedger};

#[derive(Default)]
struct Memory {
    ledgers: Mutex<HashMap<String, Arc<MemoryLedger>>>,
    ephemera: Mutex<HashMap<String, Arc<MemoryEphemera>>>,
}

#[async_trait]
impl LedgerFactory for Memory {
    async fn open(&self, name: &str) -> Arc<dyn Ledger> {
        let mut ledgers = self.ledgers.lock().unwrap();
        let ledger: Arc<MemoryLedger> = Arc::clone(ledgers.entry(name.to_owned()).or_default());
        ledger
    }
}

#[async_trait]
impl EphemeraFactory for Memory {
    async fn open(&self, name: &str) -> Arc<dyn Ephemera> {
        let mut ephemera = self.ephemera.lock().unwrap();
        let ephemera: Arc<MemoryEphemera> = Arc::clone(ephemera.entry(name.to_owned()).or_default());
        ephemera
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_double_is_a_ledger() {
    judge_ledger(Arc::new(Memory::default())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_double_is_ephemera() {
    judge_ephemera(Arc::new(Memory::default())).await;
}
