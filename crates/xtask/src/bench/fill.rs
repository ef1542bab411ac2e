//! A ledger as if many had signed in: the rows themselves, by the Ledger's own port, before the server starts. Nothing waits for the
//! disk meanwhile, which only this may do.

use audit::{Action, Actor, Event, Outcome};
use conformance_tests::{MachineClock, MachineEntropy, Platform};
use domain::{
    Account, AccountId, AccountState, CardKind, CertificateDigest, Clock as _, Consent, Credential,
    CredentialId, CredentialState, Entropy, Localized, Pseudonym, PseudonymValue, ReleasedAttribute,
    SealedSerial, SectorId, Service, ServiceId, Timestamp,
};
use store::{Batch, CommitOutcome, Ledger as _, Write};
use store_sql::{LedgerOptions, SqlLedger, Synchronous};

use crate::Failure;

/// Accounts or services in one batch.
const IN_A_BATCH: u32 = 500;

/// How much there shall be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fill {
    pub(crate) services: u32,
    pub(crate) accounts: u32,
}

/// Random bytes without a system call each.
struct Chance;

impl Entropy for Chance {
    fn fill(&self, buffer: &mut [u8]) {
        if aws_lc_rs::rand::fill(buffer).is_err() {
            MachineEntropy.fill(buffer);
        }
    }
}

fn hex() -> String {
    let entropy: &dyn Entropy = &Chance;
    let bytes: [u8; 32] = entropy.array();
    let (high, low) = bytes.split_at(16);
    let number = |half: &[u8]| half.iter().fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte));
    format!("{:032x}{:032x}", number(high), number(low))
}

/// Fills the ledger of a platform that does not run yet.
pub(crate) async fn fill(platform: &Platform, fill: &Fill) -> Result<(), Failure> {
    // A service as the command line writes it, and as many like it.
    conformance_tests::RelyingParty::register(platform, "rp-pattern");
    let options = LedgerOptions {
        synchronous: Synchronous::Off,
        ..LedgerOptions::default()
    };
    let ledger = SqlLedger::open(platform.path().join("data/ledger.sqlite"), &options)?;
    let now = MachineClock.now();
    let pattern = ledger.services().await?.pop().ok_or("no service")?;
    let mut services = vec![pattern.clone()];
    let mut batch = Batch::new();
    for number in 1..fill.services {
        let service = like(&pattern, number);
        batch = batch.write(Write::InsertService(service.clone()));
        services.push(service);
        if number % IN_A_BATCH == 0 {
            commit(&ledger, std::mem::take(&mut batch)).await?;
        }
    }
    commit(&ledger, batch).await?;
    let mut batch = Batch::new();
    for (number, service) in (1..=fill.accounts).zip(services.iter().cycle()) {
        batch = account(batch, service, now);
        if number % IN_A_BATCH == 0 {
            commit(&ledger, std::mem::take(&mut batch)).await?;
        }
    }
    commit(&ledger, batch).await?;
    ledger.close().await;
    Ok(())
}

async fn commit(ledger: &SqlLedger, batch: Batch) -> Result<(), Failure> {
    match ledger.commit(batch).await? {
        CommitOutcome::Committed => Ok(()),
        CommitOutcome::Conflict(conflict) => Err(format!("{conflict:?}").into()),
    }
}

fn like(pattern: &Service, number: u32) -> Service {
    let mut service = pattern.clone();
    service.id = ServiceId::generate(&Chance);
    service.sector = SectorId::generate(&Chance);
    service.version = 1;
    let name = format!("rp-{number:06}");
    service.name = Localized {
        ja: format!("{name} 申請"),
        en: format!("{name} filing"),
    };
    if let domain::ProtocolSettings::Oidc(settings) = &mut service.protocol {
        settings.redirect_uris = vec![format!("https://{name}.localhost:9/cb")];
        settings.client_id = name;
    }
    service
}

/// One account, its certificate, and that it agreed to a service.
fn account(batch: Batch, service: &Service, now: Timestamp) -> Batch {
    let id = AccountId::generate(&Chance);
    let mut event = Event::new(
        now,
        Action::SignIn,
        Outcome::Done,
        Actor::Person(Some(id.clone())),
    );
    event.account = Some(id.clone());
    batch
        .write(Write::InsertAccount(Account {
            id: id.clone(),
            state: AccountState::Active,
            created_at: now,
        }))
        .write(Write::InsertCredential(Credential {
            id: CredentialId::generate(&Chance),
            account: id.clone(),
            kind: CardKind::UserAuthenticationCard,
            digest: CertificateDigest {
                key_version: 1,
                value: hex(),
            },
            serial: SealedSerial {
                key_version: 1,
                sealed: hex() + &hex(),
            },
            issuer_key_hash: hex(),
            state: CredentialState::Active,
            not_after: now.plus_seconds(5 * 365 * 86_400),
            created_at: now,
        }))
        .write(Write::InsertPseudonym(Pseudonym {
            account: id.clone(),
            sector: service.sector.clone(),
            value: PseudonymValue::generate(&Chance),
            created_at: now,
        }))
        .write(Write::PutConsent(Consent {
            account: id,
            service: service.id.clone(),
            attributes: vec![
                ReleasedAttribute::AssuranceLevel,
                ReleasedAttribute::AuthenticationTime,
            ],
            given_at: now,
        }))
        .event(event)
}
