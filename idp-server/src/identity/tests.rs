//! Races and crashes around closings, on the double of the Ledger.

use audit::Actor;
use domain::{
    Account, AssuranceLevel, AuthenticationMethod, CardKind, CertificateDigest, ClosingReason, Credential,
    CredentialId, CredentialState, Entropy, Reference, RevocationGeneration, SealedSerial, Session,
    SessionId, SessionState, TokenHash,
};
use login::Conflict as Why;
use store::memory::MemoryLedger;
use store::{Batch, CommitOutcome, Conflict, Precondition, Record, RecordKind, Write};
use tempfile::TempDir;

use super::*;
use crate::identity::accounts::is_worth_another_try;
use crate::identity::decide::{NotDecided, decide};
use crate::web::login::desk::decisions::{Decision, OPEN, Taken, Verdict};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

struct Octet(u8);

impl Entropy for Octet {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0);
    }
}

struct World {
    ledger: MemoryLedger,
    vault: Vault,
    _folder: TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sealing.json");
        keys::file::init_sealing_keys(&path).unwrap();
        Self {
            ledger: MemoryLedger::new(),
            vault: Vault::new(keys::file::read_sealing_keys(&path).unwrap()),
            _folder: folder,
        }
    }

    fn tools(&self) -> Tools<'_> {
        Tools {
            ledger: &self.ledger,
            vault: &self.vault,
            now: NOW,
        }
    }

    async fn commit(&self, batch: Batch) {
        assert_eq!(self.ledger.commit(batch).await.unwrap(), CommitOutcome::Committed);
    }

    async fn account(&self, number: u8) -> AccountId {
        let account = Account {
            id: AccountId::generate(&Octet(number)),
            state: AccountState::Active,
            created_at: NOW,
        };
        let id = account.id.clone();
        self.commit(Batch::new().write(Write::InsertAccount(account)))
            .await;
        id
    }

    async fn closing(&self, account: &AccountId) -> Batch {
        close(
            &self.tools(),
            Batch::new(),
            account,
            ClosingReason::OwnWish,
            &Actor::Platform,
        )
        .await
        .unwrap()
    }

    async fn asks(&self, key: &str, why: Why, accounts: &[&AccountId]) {
        let decision = Decision {
            why,
            accounts: accounts.iter().map(|one| (*one).clone()).collect(),
            opened_at: NOW,
            reference: Reference::generate(&Octet(key.len().try_into().unwrap())),
            proposed: None,
            ruling: None,
        };
        let mut record =
            Record::new(RecordKind::IdentityDecision, key, decision.text().unwrap()).tagged(OPEN);
        for account in accounts {
            record = record.tagged(account.as_str());
        }
        self.commit(Batch::new().write(Write::PutRecord(record))).await;
    }

    async fn in_question(&self, key: &str) -> Option<Vec<AccountId>> {
        let record = self
            .ledger
            .record(RecordKind::IdentityDecision, key)
            .await
            .unwrap();
        record.map(|record| Decision::read(&record).unwrap().accounts)
    }

    async fn has(&self, kind: RecordKind, account: &AccountId) -> bool {
        self.ledger
            .record(kind, account.as_str())
            .await
            .unwrap()
            .is_some()
    }

    /// A session, as if it began while its account was closed.
    async fn session(&self, account: &AccountId) -> SessionId {
        let credential = Credential {
            id: CredentialId::generate(&Octet(1)),
            account: account.clone(),
            kind: CardKind::UserAuthenticationCard,
            digest: CertificateDigest {
                key_version: 1,
                value: "d".to_owned(),
            },
            serial: SealedSerial {
                key_version: 1,
                sealed: "s".to_owned(),
            },
            issuer_key_hash: "h".to_owned(),
            state: CredentialState::Active,
            not_after: NOW,
            created_at: NOW,
        };
        let session = Session {
            id: SessionId::generate(&Octet(1)),
            secret: TokenHash("t".to_owned()),
            account: account.clone(),
            credential: credential.id.clone(),
            method: AuthenticationMethod::CardTls,
            level: AssuranceLevel::LOWEST,
            authenticated_at: NOW,
            checked_generation: RevocationGeneration(1),
            points: None,
            expires_at: NOW.plus_seconds(60),
            state: SessionState::Active,
            version: 1,
        };
        let id = session.id.clone();
        self.commit(
            Batch::new()
                .write(Write::InsertCredential(credential))
                .write(Write::InsertSession(session)),
        )
        .await;
        id
    }
}

/// An enrolment that is committed between the reading and the closing: the closing loses, and takes it along when it is composed again.
#[tokio::test]
async fn what_is_registered_during_a_closing_goes_with_it() {
    let world = World::new();
    let account = world.account(1).await;
    let before = world.closing(&account).await;
    let enrolment = Record::new(RecordKind::Enrolment, account.as_str(), "{}".to_owned());
    world
        .commit(Batch::new().write(Write::PutRecord(enrolment)))
        .await;
    let lost = world.ledger.commit(before).await.unwrap();
    assert!(
        matches!(
            &lost,
            CommitOutcome::Conflict(Conflict::Precondition(Precondition::RecordAbsent { .. }))
        ),
        "{lost:?}"
    );
    assert!(is_worth_another_try(&lost));
    world.commit(world.closing(&account).await).await;
    assert!(!world.has(RecordKind::Enrolment, &account).await);
}

/// A question whether two accounts are one person's ends when fewer than two of them are left; one about whose a certificate is stays.
#[tokio::test]
async fn questions_about_the_same_items_end_with_a_closing() {
    let world = World::new();
    let (a, b, c) = (
        world.account(1).await,
        world.account(2).await,
        world.account(3).await,
    );
    world.asks("pair", Why::SameItems, &[&a, &b]).await;
    world.asks("three", Why::SameItems, &[&a, &b, &c]).await;
    world.asks("certificate", Why::SeveralPersons, &[&a, &b]).await;
    world.commit(world.closing(&a).await).await;
    assert_eq!(world.in_question("pair").await, None);
    assert_eq!(world.in_question("three").await, Some(vec![b.clone(), c.clone()]));
    assert_eq!(world.in_question("certificate").await, Some(vec![a, b.clone()]));
    let found = world
        .ledger
        .records_tagged(RecordKind::IdentityDecision, b.as_str(), None, 9)
        .await
        .unwrap();
    assert_eq!(found.len(), 2);
}

/// Whoever closed it died: another process does the rest, once.
#[tokio::test]
async fn what_a_crash_left_of_a_closing_is_done_by_the_job() {
    let world = World::new();
    let account = world.account(1).await;
    world.commit(world.closing(&account).await).await;
    let session = world.session(&account).await;
    let enrolment = Record::new(RecordKind::Enrolment, account.as_str(), "{}".to_owned());
    world
        .commit(Batch::new().write(Write::PutRecord(enrolment)))
        .await;
    assert!(world.has(RecordKind::ClosedAccount, &account).await);
    assert_eq!(repeat(&world.tools()).await.unwrap(), 1);
    let session = world.ledger.session(&session).await.unwrap().unwrap();
    assert_eq!(session.state, SessionState::Ended);
    assert!(!world.has(RecordKind::Enrolment, &account).await);
    assert!(!world.has(RecordKind::ClosedAccount, &account).await);
    assert_eq!(repeat(&world.tools()).await.unwrap(), 0);
}

/// The answer names one of those in question, or the account that one of them was merged into; nobody else, whoever asks.
#[tokio::test]
async fn a_ruling_names_nobody_outside_the_question() {
    let world = World::new();
    let (a, b, outsider) = (
        world.account(1).await,
        world.account(2).await,
        world.account(3).await,
    );
    world.asks("whose", Why::SeveralPersons, &[&a, &b]).await;
    let ruling = |account: &AccountId| Taken {
        verdict: Verdict::Person(account.clone()),
        by: "operator".to_owned(),
        at: NOW,
        grounds: "seen at the counter".to_owned(),
    };
    let refused = decide(&world.tools(), "whose", &ruling(&outsider), "operator").await;
    assert!(matches!(refused, Err(NotDecided::NoAnswerToThis)), "{refused:?}");
    let merged = merge(
        &world.tools(),
        Batch::new(),
        &outsider,
        &[b],
        (&Actor::Platform, None),
    )
    .await
    .unwrap();
    world.commit(merged).await;
    assert!(
        decide(&world.tools(), "whose", &ruling(&outsider), "operator")
            .await
            .is_ok()
    );
}
