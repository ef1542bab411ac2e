//! What was answered about the same items stays answered.

use domain::Account;
use store::CommitOutcome;
use store::memory::MemoryLedger;

use super::*;
use crate::web::login::desk::decisions::{Taken, Verdict};

const TAG: &str = "items:0";
const NOW: Timestamp = Timestamp::from_seconds(1);

struct Counting(std::sync::atomic::AtomicU8);

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst));
    }
}

struct World {
    ledger: MemoryLedger,
    entropy: Counting,
}

impl World {
    fn new() -> Self {
        Self {
            ledger: MemoryLedger::new(),
            entropy: Counting(1.into()),
        }
    }

    async fn commit(&self, batch: Batch) {
        assert_eq!(self.ledger.commit(batch).await.unwrap(), CommitOutcome::Committed);
    }

    /// Somebody registers these items: the question that is asked, if one is.
    async fn enrols(&self) -> (AccountId, Vec<Vec<AccountId>>) {
        let account = Account {
            id: AccountId::generate(&self.entropy),
            state: AccountState::Active,
            created_at: NOW,
        };
        self.commit(Batch::new().write(Write::InsertAccount(account.clone())))
            .await;
        let asked = self.registers(&account.id).await;
        (account.id, asked)
    }

    async fn registers(&self, account: &AccountId) -> Vec<Vec<AccountId>> {
        let mut record = Record::new(RecordKind::Enrolment, account.as_str(), "{}".to_owned()).tagged(TAG);
        let held = self
            .ledger
            .record(RecordKind::Enrolment, account.as_str())
            .await
            .unwrap();
        record.version = held.map_or(1, |held| held.version + 1);
        let question = question(&self.ledger, &self.entropy, NOW, (account, &record))
            .await
            .unwrap();
        let asked = question.clone().unwrap_or_default();
        let asked = asked.writes.iter().filter_map(|write| match write {
            Write::PutRecord(record) => Some(Decision::read(record).unwrap().accounts),
            _ => None,
        });
        let asked = asked.collect();
        self.commit(question.unwrap_or_default().write(Write::PutRecord(record)))
            .await;
        asked
    }

    async fn questions(&self) -> Vec<(Record, Decision)> {
        asked(&self.ledger, TAG).await.unwrap()
    }

    async fn answer_apart(&self, accounts: &[&AccountId]) {
        let (record, mut decision) = self
            .questions()
            .await
            .into_iter()
            .find(|(_, decision)| {
                decision.accounts.len() == accounts.len()
                    && accounts.iter().all(|one| decision.accounts.contains(one))
            })
            .unwrap();
        decision.ruling = Some(Taken {
            verdict: Verdict::Apart,
            by: "operator".to_owned(),
            at: NOW,
            grounds: "seen together".to_owned(),
        });
        let mut changed = record.changed(decision.text().unwrap());
        changed.tags.retain(|tag| tag != OPEN);
        self.commit(Batch::new().write(Write::PutRecord(changed))).await;
    }
}

#[tokio::test]
async fn who_was_found_to_be_apart_stays_apart_when_a_third_one_comes() {
    let world = World::new();
    let (a, none) = world.enrols().await;
    assert!(none.is_empty());
    let (b, asked) = world.enrols().await;
    assert_eq!(asked, [vec![a.clone(), b.clone()]]);
    world.answer_apart(&[&a, &b]).await;
    assert!(world.registers(&b).await.is_empty(), "nothing new is asked");
    let (c, mut asked) = world.enrols().await;
    for accounts in &mut asked {
        accounts.sort();
    }
    let pair = |one: &AccountId| {
        let mut pair = vec![one.clone(), c.clone()];
        pair.sort();
        pair
    };
    assert!(
        asked.contains(&pair(&a)) && asked.contains(&pair(&b)) && asked.len() == 2,
        "{asked:?}"
    );
    let answers: Vec<_> = world
        .questions()
        .await
        .into_iter()
        .filter_map(|(_, decision)| decision.ruling)
        .collect();
    assert_eq!(answers.len(), 1, "the answer of before is still there");
    assert_eq!(answers[0].verdict, Verdict::Apart);
    world.answer_apart(&[&a, &c]).await;
    world.answer_apart(&[&b, &c]).await;
    for account in [&a, &b, &c] {
        assert!(world.registers(account).await.is_empty());
    }
}

#[tokio::test]
async fn an_open_question_is_asked_anew_about_all_and_found_by_its_first_reference() {
    let world = World::new();
    world.enrols().await;
    world.enrols().await;
    let first = world.questions().await.remove(0).1.reference;
    let (_, asked) = world.enrols().await;
    assert_eq!(asked[0].len(), 3);
    let found = world
        .ledger
        .records_tagged(RecordKind::IdentityDecision, first.as_str(), None, 9)
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(Decision::read(&found[0]).unwrap().accounts.len(), 3);
}

/// Who is closed before the question is on record: nothing of it takes effect, and the enrolment is looked at again.
#[tokio::test]
async fn nobody_is_asked_about_who_is_gone() {
    let world = World::new();
    let (a, _) = world.enrols().await;
    let account = Account {
        id: AccountId::generate(&world.entropy),
        state: AccountState::Active,
        created_at: NOW,
    };
    world
        .commit(Batch::new().write(Write::InsertAccount(account.clone())))
        .await;
    let record = Record::new(RecordKind::Enrolment, account.id.as_str(), "{}".to_owned()).tagged(TAG);
    let asking = question(&world.ledger, &world.entropy, NOW, (&account.id, &record))
        .await
        .unwrap()
        .unwrap();
    let closing = domain::Closing {
        at: NOW,
        reason: domain::ClosingReason::OwnWish,
    };
    world
        .commit(Batch::new().write(Write::CloseAccount {
            id: a.clone(),
            closing,
        }))
        .await;
    assert_ne!(
        world.ledger.commit(asking).await.unwrap(),
        CommitOutcome::Committed
    );
    assert!(
        question(&world.ledger, &world.entropy, NOW, (&account.id, &record))
            .await
            .unwrap()
            .is_none()
    );
}
