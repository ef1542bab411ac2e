//! Counts within a window.

use std::sync::Arc;

use crate::conformance::sample::NOW;
use crate::conformance::{Case, EphemeraFactory, cases};
use crate::{EphemeraKey, EphemeraKind};

pub(super) const CASES: &[Case<dyn EphemeraFactory>] = cases![EphemeraFactory;
    a_window_begins_at_its_first_count, counters_do_not_meet, a_removed_counter_begins_again];

fn key(name: &str) -> EphemeraKey {
    EphemeraKey::new(EphemeraKind::Rate, name)
}

async fn a_window_begins_at_its_first_count(factory: Arc<dyn EphemeraFactory>) {
    let ephemera = factory.open("window").await;
    let count = |millis| {
        let ephemera = Arc::clone(&ephemera);
        async move { ephemera.count(&key("a"), NOW.plus_millis(millis), 60).await }
    };
    assert_eq!(count(0).await, Ok(1));
    assert_eq!(count(30_000).await, Ok(2));
    assert_eq!(count(59_999).await, Ok(3), "a count does not move the window");
    assert_eq!(count(60_000).await, Ok(1));
    assert_eq!(count(119_999).await, Ok(2));
    assert_eq!(count(0).await, Ok(3), "a clock that went back gives nothing away");
    assert_eq!(count(120_000).await, Ok(1));
}

async fn counters_do_not_meet(factory: Arc<dyn EphemeraFactory>) {
    let ephemera = factory.open("counters").await;
    let other_kind = EphemeraKey::new(EphemeraKind::Attempt, "a");
    assert_eq!(ephemera.count(&key("a"), NOW, 60).await, Ok(1));
    assert_eq!(ephemera.count(&key("b"), NOW, 60).await, Ok(1));
    assert_eq!(ephemera.count(&other_kind, NOW, 60).await, Ok(1));
    assert_eq!(ephemera.count(&key("a"), NOW, 60).await, Ok(2));
    assert_eq!(
        ephemera.get(&key("a"), NOW).await,
        Ok(None),
        "a counter is no value"
    );
}

async fn a_removed_counter_begins_again(factory: Arc<dyn EphemeraFactory>) {
    let ephemera = factory.open("reset").await;
    assert_eq!(ephemera.count(&key("a"), NOW, 60).await, Ok(1));
    assert_eq!(ephemera.count(&key("a"), NOW, 60).await, Ok(2));
    assert_eq!(ephemera.remove(&key("a")).await, Ok(()));
    assert_eq!(ephemera.count(&key("a"), NOW, 60).await, Ok(1));
}
