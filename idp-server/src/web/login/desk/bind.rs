//! What the matching desk writes: a certificate bound to its account, and what J-LIS linked to it kept from becoming somebody else's.

use audit::{Action, Actor, Event, Outcome};
use domain::{Account, AccountId, AccountState, CardKind, Credential, CredentialId, CredentialState};
use login::{Evidence, Ticket};
use store::{Batch, Precondition, Record, RecordKind, SingleUseKind, Write};

use super::links::Linked;
use crate::identity;
use crate::sessions::{self, Cause};
use crate::vault::Owner;
use crate::web::context::Context;
use crate::web::error::Problem;

/// A new account for nobody known.
pub(super) fn new_person(
    context: &Context,
    batch: Batch,
    ticket: &Ticket,
    evidence: &Evidence,
    carrier: CardKind,
) -> Result<(Batch, Credential), Problem> {
    let now = context.now();
    let account = Account {
        id: AccountId::generate(&*context.entropy),
        state: AccountState::Active,
        created_at: now,
    };
    let credential = credential(context, ticket, evidence, &account.id, carrier)?;
    let mut event = Event::new(
        now,
        Action::AccountCreated,
        Outcome::Done,
        Actor::Person(Some(account.id.clone())),
    );
    event.account = Some(account.id.clone());
    let batch = batch
        .write(Write::InsertAccount(account))
        .write(Write::InsertCredential(credential.clone()))
        .event(event);
    Ok((batch, credential))
}

/// A new account for a person who wished the former one closed and said that they want to begin anew. All certificates of the former one
/// come along, and what J-LIS linked to them: a phone that comes later belongs to the new account too. Pseudonyms, consents and what was
/// registered stay behind. Once: [`SingleUseKind::NewBeginning`].
pub(super) async fn begin_anew(
    context: &Context,
    batch: Batch,
    former: &AccountId,
) -> Result<(Batch, AccountId), Problem> {
    let now = context.now();
    let account = Account {
        id: AccountId::generate(&*context.entropy),
        state: AccountState::Active,
        created_at: now,
    };
    let id = account.id.clone();
    let mut event = Event::new(
        now,
        Action::AccountCreated,
        Outcome::Done,
        Actor::Person(Some(id.clone())),
    )
    .fact("former_account", former.as_str());
    event.account = Some(id.clone());
    let lifetime = i64::from(context.config.session.transaction_seconds);
    let batch = batch
        .write(Write::InsertSingleUse {
            kind: SingleUseKind::NewBeginning,
            key: former.as_str().to_owned(),
            // From the commit on nothing is left at the former account that could begin anew; what was read before dies with its request.
            expires_at: now.plus_seconds(2 * lifetime),
        })
        .write(Write::InsertAccount(account))
        .event(event);
    let batch = identity::move_credentials(&identity::Tools::of(context), batch, former, &id).await?;
    let formers = std::slice::from_ref(former);
    let batch = identity::join_floors(&*context.ledger, batch, &id, formers).await?;
    Ok((
        identity::move_links(&*context.ledger, batch, former, &id).await?,
        id,
    ))
}

/// Another certificate of a known person. Sessions of what it replaced end with what it replaced; those of the person's other
/// certificate (the phone's, when the card was renewed) go on.
pub(super) async fn bind(
    context: &Context,
    batch: Batch,
    ticket: &Ticket,
    evidence: &Evidence,
    (account, carrier, replaces): (&AccountId, CardKind, &[CredentialId]),
) -> Result<(Batch, Credential), Problem> {
    let mut batch = batch.require(Precondition::AccountActive(account.clone()));
    if !replaces.is_empty() {
        batch = end_sessions(context, batch, account, replaces).await?;
    }
    replacing(context, batch, ticket, evidence, (account, carrier, replaces))
}

/// The new credential, in place of what it replaced.
pub(super) fn replacing(
    context: &Context,
    batch: Batch,
    ticket: &Ticket,
    evidence: &Evidence,
    (account, carrier, replaces): (&AccountId, CardKind, &[CredentialId]),
) -> Result<(Batch, Credential), Problem> {
    let credential = credential(context, ticket, evidence, account, carrier)?;
    let mut event = Event::new(
        context.now(),
        Action::CredentialLinked,
        Outcome::Done,
        Actor::Person(Some(account.clone())),
    )
    .fact("credential", credential.id.as_str());
    if let Some(former) = replaces.first() {
        event = event.fact("former_credential", former.as_str());
    }
    event.account = Some(account.clone());
    let mut batch = batch;
    for former in replaces {
        batch = batch
            .require(Precondition::CredentialActive(former.clone()))
            .write(Write::SupersedeCredential(former.clone()));
    }
    Ok((
        batch
            .write(Write::InsertCredential(credential.clone()))
            .event(event),
        credential,
    ))
}

async fn end_sessions(
    context: &Context,
    mut batch: Batch,
    account: &AccountId,
    replaced: &[CredentialId],
) -> Result<Batch, Problem> {
    for session in context.ledger.live_sessions_of(account, context.now()).await? {
        if !replaced.contains(&session.credential) {
            continue;
        }
        let cause = Cause::wish("certificate_replaced", &session);
        batch = sessions::add_ending(context, batch, &session, &cause).await?;
    }
    Ok(batch)
}

/// Keeps what J-LIS linked to this certificate for its account: by digest, until this certificate ends. Whoever presents one of
/// them meanwhile, and two first sign-ins at the same moment, meet at these rows.
pub(super) fn keep_links(
    context: &Context,
    mut batch: Batch,
    evidence: &Evidence,
    account: &AccountId,
    linked: Vec<Linked>,
) -> Result<Batch, Problem> {
    let value = serde_json::to_string(account).map_err(|error| Problem::Fault(error.to_string()))?;
    for Linked { key, seen } in linked {
        let live = seen
            .as_ref()
            .filter(|record| record.expires_at.is_none_or(|end| end > context.now()));
        if live.is_some_and(|record| record.value == value) {
            continue;
        }
        let mut record = Record::new(RecordKind::LinkedCertificate, key, value.clone())
            .tagged(account.as_str())
            .expiring(evidence.not_after);
        // In place of the row that was looked at, and of no other.
        record.version = seen.map_or(1, |record| record.version.saturating_add(1));
        batch = batch.write(Write::PutRecord(record));
    }
    Ok(batch)
}

/// A new credential of an account, its serial sealed to that account.
fn credential(
    context: &Context,
    ticket: &Ticket,
    evidence: &Evidence,
    account: &AccountId,
    carrier: CardKind,
) -> Result<Credential, Problem> {
    let serial = context
        .vault
        .open(&evidence.serial, Owner::Attempt(&ticket.attempt.id))?;
    Ok(Credential {
        id: CredentialId::generate(&*context.entropy),
        account: account.clone(),
        kind: carrier,
        digest: evidence.digest.clone(),
        serial: context.vault.seal(&serial, Owner::Account(account))?,
        issuer_key_hash: evidence.issuer_key_hash.clone(),
        state: CredentialState::Active,
        not_after: evidence.not_after,
        created_at: context.now(),
    })
}
