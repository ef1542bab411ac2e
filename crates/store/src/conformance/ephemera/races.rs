//! Many at once, over two handles on the same data, as two processes would.

use std::sync::Arc;

use crate::conformance::sample::NOW;
use crate::conformance::{Case, EphemeraFactory, RACERS, cases, race};
use crate::{Consumed, Ephemera, EphemeraKey, EphemeraKind};

pub(super) const CASES: &[Case<dyn EphemeraFactory>] = cases![EphemeraFactory;
    one_of_many_consumes, a_put_never_revives, no_count_is_lost, ten_thousand_abandoned_leave_nothing];

async fn pair(factory: &Arc<dyn EphemeraFactory>, name: &str) -> [Arc<dyn Ephemera>; 2] {
    [factory.open(name).await, factory.open(name).await]
}

async fn one_of_many_consumes(factory: Arc<dyn EphemeraFactory>) {
    let pair = pair(&factory, "race_consume").await;
    for round in 0..8 {
        let key = EphemeraKey::new(EphemeraKind::Ticket, round.to_string());
        let end = NOW.plus_seconds(60);
        pair[0].put(&key, b"x".to_vec(), NOW, end).await.unwrap();
        let answers = race(RACERS, |number| {
            let ephemera = Arc::clone(&pair[number % 2]);
            let key = key.clone();
            async move { ephemera.consume(&key, NOW, end).await.unwrap() }
        })
        .await;
        let first = |answer: &&Consumed| **answer == Consumed::First(b"x".to_vec());
        assert_eq!(answers.iter().filter(first).count(), 1);
        let again = |answer: &&Consumed| **answer == Consumed::Again;
        assert_eq!(answers.iter().filter(again).count(), RACERS - 1);
    }
}

async fn a_put_never_revives(factory: Arc<dyn EphemeraFactory>) {
    let pair = pair(&factory, "race_put").await;
    let key = EphemeraKey::new(EphemeraKind::Ticket, "t");
    let end = NOW.plus_seconds(60);
    let firsts = race(RACERS, |number| {
        let ephemera = Arc::clone(&pair[(number / 2) % 2]);
        let key = key.clone();
        async move {
            let mut firsts = 0;
            for _ in 0..8 {
                if number % 2 == 0 {
                    ephemera.put(&key, vec![1], NOW, end).await.unwrap();
                } else if ephemera.consume(&key, NOW, end).await.unwrap() == Consumed::First(vec![1]) {
                    firsts += 1;
                }
            }
            firsts
        }
    })
    .await;
    assert_eq!(firsts.iter().sum::<usize>(), 1);
}

async fn no_count_is_lost(factory: Arc<dyn EphemeraFactory>) {
    let pair = pair(&factory, "race_count").await;
    let key = EphemeraKey::new(EphemeraKind::Rate, "r");
    let mut seen: Vec<u64> = race(RACERS, |number| {
        let ephemera = Arc::clone(&pair[number % 2]);
        let key = key.clone();
        async move { ephemera.count(&key, NOW, 60).await.unwrap() }
    })
    .await;
    seen.sort_unstable();
    let expected: Vec<u64> = (1..=u64::try_from(RACERS).unwrap()).collect();
    assert_eq!(seen, expected);
}

async fn ten_thousand_abandoned_leave_nothing(factory: Arc<dyn EphemeraFactory>) {
    let pair = pair(&factory, "abandoned").await;
    let end = NOW.plus_seconds(60);
    race(RACERS, |number| {
        let ephemera = Arc::clone(&pair[number % 2]);
        async move {
            for round in 0..320 {
                let key = EphemeraKey::new(EphemeraKind::Transaction, format!("{number}-{round}"));
                ephemera.put(&key, vec![0; 512], NOW, end).await.unwrap();
            }
        }
    })
    .await;
    let put = u64::try_from(RACERS * 320).unwrap();
    assert_eq!(pair[1].held().await, Ok(put));
    assert_eq!(pair[0].purge(end).await, Ok(put));
    assert_eq!(pair[1].held().await, Ok(0));
}
