//! Values, their end, and the tombstones of what was consumed.

use std::sync::Arc;

use domain::Timestamp;

use crate::conformance::sample::NOW;
use crate::conformance::{Case, EphemeraFactory, cases};
use crate::{Consumed, Ephemera, EphemeraKey, EphemeraKind};

pub(super) const CASES: &[Case<dyn EphemeraFactory>] = cases![EphemeraFactory;
    a_value_lives_until_its_end, a_later_value_takes_the_place, any_bytes_and_names_are_kept,
    kinds_do_not_meet, a_value_is_consumed_once, a_tombstone_has_an_end, what_is_not_there_is_unknown,
    a_consumed_key_stays_consumed, a_removed_value_is_gone_and_a_tombstone_stays,
    a_purge_takes_what_is_over];

fn at(seconds: i64) -> Timestamp {
    NOW.plus_seconds(seconds)
}

fn key(name: &str) -> EphemeraKey {
    EphemeraKey::new(EphemeraKind::Ticket, name)
}

async fn put(ephemera: &Arc<dyn Ephemera>, key: &EphemeraKey, value: &[u8], seconds: i64) {
    let put = ephemera.put(key, value.to_vec(), NOW, at(seconds)).await;
    assert_eq!(put, Ok(()));
}

async fn a_value_lives_until_its_end(factory: Arc<dyn EphemeraFactory>) {
    let ephemera = factory.open("life").await;
    put(&ephemera, &key("a"), b"x", 60).await;
    let just_before = at(60).plus_millis(-1);
    assert_eq!(ephemera.get(&key("a"), NOW).await, Ok(Some(b"x".to_vec())));
    assert_eq!(
        ephemera.get(&key("a"), just_before).await,
        Ok(Some(b"x".to_vec()))
    );
    assert_eq!(ephemera.get(&key("a"), at(60)).await, Ok(None));
    assert_eq!(ephemera.get(&key("b"), NOW).await, Ok(None));
    put(&ephemera, &key("dead"), b"x", 0).await;
    assert_eq!(ephemera.get(&key("dead"), NOW).await, Ok(None));
}

async fn a_later_value_takes_the_place(factory: Arc<dyn EphemeraFactory>) {
    let ephemera = factory.open("place").await;
    put(&ephemera, &key("a"), b"first", 60).await;
    put(&ephemera, &key("a"), b"second", 10).await;
    assert_eq!(ephemera.get(&key("a"), at(9)).await, Ok(Some(b"second".to_vec())));
    assert_eq!(ephemera.get(&key("a"), at(10)).await, Ok(None));
    assert_eq!(ephemera.held().await, Ok(1));
}

async fn any_bytes_and_names_are_kept(factory: Arc<dyn EphemeraFactory>) {
    let ephemera = factory.open("bytes").await;
    let large = vec![7; 100_000];
    let values: [&[u8]; 4] = [b"", &[0, 255, 0], &large, "申請".as_bytes()];
    for (value, name) in values
        .into_iter()
        .zip(["", "'; DROP TABLE entry; --", "a:b", "名前"])
    {
        put(&ephemera, &key(name), value, 60).await;
        assert_eq!(ephemera.get(&key(name), NOW).await, Ok(Some(value.to_vec())));
        let consumed = ephemera.consume(&key(name), NOW, at(60)).await;
        assert_eq!(consumed, Ok(Consumed::First(value.to_vec())));
    }
}

async fn kinds_do_not_meet(factory: Arc<dyn EphemeraFactory>) {
    let ephemera = factory.open("kinds").await;
    let kinds = [
        EphemeraKind::Transaction,
        EphemeraKind::Attempt,
        EphemeraKind::Ticket,
        EphemeraKind::RefusalTrace,
        EphemeraKind::Rate,
    ];
    for kind in kinds {
        let key = EphemeraKey::new(kind, "same");
        put(&ephemera, &key, kind.as_str().as_bytes(), 60).await;
    }
    for kind in kinds {
        let key = EphemeraKey::new(kind, "same");
        let consumed = ephemera.consume(&key, NOW, at(60)).await;
        assert_eq!(consumed, Ok(Consumed::First(kind.as_str().as_bytes().to_vec())));
    }
}

async fn a_value_is_consumed_once(factory: Arc<dyn EphemeraFactory>) {
    let ephemera = factory.open("once").await;
    put(&ephemera, &key("a"), b"x", 60).await;
    let consume = |now| {
        let ephemera = Arc::clone(&ephemera);
        async move { ephemera.consume(&key("a"), now, at(600)).await }
    };
    assert_eq!(consume(at(59)).await, Ok(Consumed::First(b"x".to_vec())));
    assert_eq!(ephemera.get(&key("a"), at(59)).await, Ok(None));
    for seconds in [59, 60, 599] {
        assert_eq!(consume(at(seconds)).await, Ok(Consumed::Again));
    }
}

async fn a_tombstone_has_an_end(factory: Arc<dyn EphemeraFactory>) {
    let ephemera = factory.open("tombstone").await;
    put(&ephemera, &key("a"), b"x", 60).await;
    ephemera.consume(&key("a"), NOW, at(600)).await.unwrap();
    // A later caller does not move the tombstone's end.
    let again = ephemera.consume(&key("a"), at(1), at(9_999)).await;
    assert_eq!(again, Ok(Consumed::Again));
    let after = ephemera.consume(&key("a"), at(600), at(9_999)).await;
    assert_eq!(after, Ok(Consumed::Unknown));
    put(&ephemera, &key("b"), b"x", 60).await;
    ephemera.consume(&key("b"), NOW, at(30)).await.unwrap();
    let after = ephemera.consume(&key("b"), at(30), at(600)).await;
    assert_eq!(after, Ok(Consumed::Unknown), "no way back to the value");
}

async fn what_is_not_there_is_unknown(factory: Arc<dyn EphemeraFactory>) {
    let ephemera = factory.open("unknown").await;
    let unknown = ephemera.consume(&key("never"), NOW, at(600)).await;
    assert_eq!(unknown, Ok(Consumed::Unknown));
    assert_eq!(ephemera.held().await, Ok(0), "strangers leave no tombstones");
    put(&ephemera, &key("late"), b"x", 60).await;
    for _again in 0..2 {
        let late = ephemera.consume(&key("late"), at(60), at(600)).await;
        assert_eq!(late, Ok(Consumed::Unknown));
    }
}

async fn a_consumed_key_stays_consumed(factory: Arc<dyn EphemeraFactory>) {
    let ephemera = factory.open("stays").await;
    put(&ephemera, &key("a"), b"x", 60).await;
    ephemera.consume(&key("a"), NOW, at(600)).await.unwrap();
    put(&ephemera, &key("a"), b"y", 60).await;
    assert_eq!(ephemera.get(&key("a"), NOW).await, Ok(None));
    let again = ephemera.consume(&key("a"), NOW, at(600)).await;
    assert_eq!(again, Ok(Consumed::Again));
    let later = ephemera.put(&key("a"), b"z".to_vec(), at(600), at(700)).await;
    assert_eq!(later, Ok(()));
    let first = ephemera.consume(&key("a"), at(600), at(700)).await;
    assert_eq!(first, Ok(Consumed::First(b"z".to_vec())), "its time is over");
}

async fn a_removed_value_is_gone_and_a_tombstone_stays(factory: Arc<dyn EphemeraFactory>) {
    let ephemera = factory.open("remove").await;
    put(&ephemera, &key("a"), b"x", 60).await;
    assert_eq!(ephemera.remove(&key("a")).await, Ok(()));
    assert_eq!(ephemera.remove(&key("never")).await, Ok(()));
    assert_eq!(ephemera.get(&key("a"), NOW).await, Ok(None));
    let unknown = ephemera.consume(&key("a"), NOW, at(600)).await;
    assert_eq!(unknown, Ok(Consumed::Unknown));
    put(&ephemera, &key("b"), b"x", 60).await;
    ephemera.consume(&key("b"), NOW, at(600)).await.unwrap();
    assert_eq!(ephemera.remove(&key("b")).await, Ok(()));
    let again = ephemera.consume(&key("b"), NOW, at(600)).await;
    assert_eq!(again, Ok(Consumed::Again));
}

async fn a_purge_takes_what_is_over(factory: Arc<dyn EphemeraFactory>) {
    let ephemera = factory.open("purge").await;
    put(&ephemera, &key("short"), b"x", 10).await;
    put(&ephemera, &key("long"), b"x", 100).await;
    put(&ephemera, &key("used"), b"x", 10).await;
    ephemera.consume(&key("used"), NOW, at(50)).await.unwrap();
    let rate = EphemeraKey::new(EphemeraKind::Rate, "r");
    ephemera.count(&rate, NOW, 20).await.unwrap();
    assert_eq!(ephemera.held().await, Ok(4));
    assert_eq!(ephemera.purge(at(10).plus_millis(-1)).await, Ok(0));
    assert_eq!(ephemera.purge(at(10)).await, Ok(1));
    assert_eq!(ephemera.purge(at(20)).await, Ok(1));
    let again = ephemera.consume(&key("used"), at(49), at(600)).await;
    assert_eq!(again, Ok(Consumed::Again), "a purge takes no live tombstone");
    assert_eq!(ephemera.purge(at(50)).await, Ok(1));
    assert_eq!(ephemera.get(&key("long"), at(50)).await, Ok(Some(b"x".to_vec())));
    assert_eq!(ephemera.purge(at(100)).await, Ok(1));
    assert_eq!(ephemera.held().await, Ok(0));
}
