//! The matching desk: evidence becomes a session of an account, in one durable batch.

use audit::{Action, Actor, Event, Outcome, TraceStep};
use domain::{
    Account, AccountId, AccountState, CardKind, Credential, CredentialId, CredentialState, Ial, Reference,
    Session, SessionId, SessionState, TokenHash,
};
use jlis::CertificateName;
use jpki::CaKind;
use login::{Evidence, Match, PredecessorAnswer, Refusal, Ticket, Transaction, match_account};
use pki::SerialNumber;
use store::{Batch, CommitOutcome, Conflict, Precondition, SingleUseKind, Write};

use super::refused;
use crate::secret::Secret;
use crate::vault::{Owner, VaultFault};
use crate::web::context::Context;
use crate::web::error::Problem;

/// How it ended.
pub(super) enum SignedIn {
    /// A new session; its secret goes into the cookie, and only now.
    Session {
        /// Its public name.
        id: SessionId,
        /// Its secret.
        secret: Secret,
    },
    /// A refusal after possession was proven, on record.
    Refused(Reference),
}

impl From<VaultFault> for Problem {
    fn from(fault: VaultFault) -> Self {
        Self::Fault(fault.to_string())
    }
}

/// Signs a person in. Two parallel first sign-ins meet at the unique digest: the loser matches again and finds the account
/// that the winner made.
pub(super) async fn sign_in(
    context: &Context,
    transaction: &Transaction,
    ticket: &Ticket,
    evidence: &Evidence,
    ticket_name: &TokenHash,
) -> Result<SignedIn, Problem> {
    // The door may have believed an authority that was taken out of the configuration since.
    if !context.trust.load().is_pinned(&evidence.issuer_key_hash) {
        let reference = refused::record(context, transaction, Refusal::UnknownCa, &ticket.trace).await?;
        return Ok(SignedIn::Refused(reference));
    }
    for _ in 0..super::RACES {
        let matched = find(context, transaction, ticket, evidence).await?;
        let batch = begin_batch(context, ticket_name);
        let (mut batch, credential) = match matched {
            Match::Known(credential) => {
                let account = Precondition::AccountActive(credential.account.clone());
                let active = Precondition::CredentialActive(credential.id.clone());
                (batch.require(account).require(active), credential)
            }
            Match::Successor { of } => succeed(context, batch, ticket, evidence, &of).await?,
            Match::NewPerson => new_person(context, batch, ticket, evidence)?,
            Match::LinksUnavailable => {
                let reference =
                    refused::record(context, transaction, Refusal::LinksUnavailable, &ticket.trace).await?;
                return Ok(SignedIn::Refused(reference));
            }
            Match::Superseded => {
                let reference =
                    refused::record(context, transaction, Refusal::CertificateReplaced, &ticket.trace)
                        .await?;
                return Ok(SignedIn::Refused(reference));
            }
        };
        let secret = Secret::generate(&*context.entropy);
        let session = new_session(context, evidence, &credential, &secret);
        batch = end_former_session(context, batch).await?;
        batch = batch.write(Write::InsertSession(session.clone()));
        let mut event = Event::new(
            context.now(),
            Action::SignIn,
            Outcome::Done,
            Actor::Person(Some(credential.account.clone())),
        )
        .fact("method", evidence.method.as_str())
        .fact("level", format!("{} {}", session.level.ial, session.level.aal))
        .fact("generation", evidence.generation.to_string());
        event.account = Some(credential.account.clone());
        event.session = Some(session.id.clone());
        event.service = Some(transaction.service.clone());
        event.transaction = Some(transaction.id.clone());
        event.trace = steps(&ticket.trace);
        match context.ledger.commit(batch.event(event)).await? {
            CommitOutcome::Committed => {
                metrics::counter!("sign_ins_total").increment(1);
                return Ok(SignedIn::Session {
                    id: session.id,
                    secret,
                });
            }
            CommitOutcome::Conflict(Conflict::AlreadyUsed(SingleUseKind::Ticket)) => {
                return Err(Refusal::TicketUsed.into());
            }
            CommitOutcome::Conflict(Conflict::Precondition(Precondition::AccountActive(_))) => {
                let reference =
                    refused::record(context, transaction, Refusal::AccountClosed, &ticket.trace).await?;
                return Ok(SignedIn::Refused(reference));
            }
            CommitOutcome::Conflict(conflict) => {
                tracing::info!(?conflict, "a sign-in lost a race and matches again");
            }
        }
    }
    Err(Problem::Fault("a sign-in kept losing races".to_owned()))
}

/// The chain of decisions that the door wrote.
pub fn steps(trace: &str) -> Vec<TraceStep> {
    serde_json::from_str(trace).unwrap_or_default()
}

fn begin_batch(context: &Context, ticket_name: &TokenHash) -> Batch {
    let lifetime = i64::from(context.config.session.lifetime_seconds);
    Batch::new().write(Write::InsertSingleUse {
        kind: SingleUseKind::Ticket,
        key: ticket_name.0.clone(),
        expires_at: context.now().plus_seconds(lifetime),
    })
}

/// Whose certificate it is. The serial of an unknown one is opened for the source of links; the entry of that stands in the audit
/// before, whatever becomes of the sign-in.
async fn find(
    context: &Context,
    transaction: &Transaction,
    ticket: &Ticket,
    evidence: &Evidence,
) -> Result<Match, Problem> {
    let mut digests = std::iter::once(&evidence.digest).chain(&evidence.former_digests);
    let known = loop {
        let Some(digest) = digests.next() else { break None };
        if let Some(credential) = context.ledger.credential_by_digest(digest).await? {
            break Some(credential);
        }
    };
    if known.is_some() {
        return Ok(match_account(known, PredecessorAnswer::NotAsked));
    }
    context
        .ledger
        .commit(Batch::new().event(serial_opened(context, transaction)))
        .await?;
    let serial = context
        .vault
        .open(&evidence.serial, Owner::Attempt(&ticket.attempt.id))?;
    let name = CertificateName {
        ca_kind: CaKind::UserAuthentication,
        issuer_key_hash: evidence.issuer_key_hash.clone(),
        serial: SerialNumber::from_bytes(&serial)
            .map_err(|_| Problem::Fault("a sealed serial that is none".to_owned()))?,
    };
    let answer = match context.links.predecessor(&name).await {
        Err(unavailable) => {
            tracing::warn!(reason = %unavailable, "the source of links did not answer");
            metrics::counter!("links_unavailable_total").increment(1);
            PredecessorAnswer::Unavailable
        }
        Ok(None) => PredecessorAnswer::None,
        Ok(Some(former)) => {
            let mut held = None;
            for digest in context
                .vault
                .digests(&former.issuer_key_hash, former.serial.expose_bytes())
            {
                held = context.ledger.credential_by_digest(&digest).await?;
                if held.is_some() {
                    break;
                }
            }
            PredecessorAnswer::Predecessor(held)
        }
    };
    Ok(match_account(None, answer))
}

fn new_person(
    context: &Context,
    batch: Batch,
    ticket: &Ticket,
    evidence: &Evidence,
) -> Result<(Batch, Credential), Problem> {
    let now = context.now();
    let account = Account {
        id: AccountId::generate(&*context.entropy),
        state: AccountState::Active,
        created_at: now,
    };
    let credential = bind(context, ticket, evidence, &account.id)?;
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

async fn succeed(
    context: &Context,
    batch: Batch,
    ticket: &Ticket,
    evidence: &Evidence,
    of: &Credential,
) -> Result<(Batch, Credential), Problem> {
    let credential = bind(context, ticket, evidence, &of.account)?;
    let mut event = Event::new(
        context.now(),
        Action::CredentialLinked,
        Outcome::Done,
        Actor::Person(Some(of.account.clone())),
    )
    .fact("former_credential", of.id.as_str())
    .fact("credential", credential.id.as_str());
    event.account = Some(of.account.clone());
    let mut batch = batch.require(Precondition::AccountActive(of.account.clone()));
    // Sessions of the card that was replaced end with it.
    for session in context
        .ledger
        .live_sessions_of(&of.account, context.now())
        .await?
    {
        if session.credential == of.id {
            let mut ended = Event::new(
                context.now(),
                Action::SessionEnded,
                Outcome::Done,
                Actor::Person(Some(of.account.clone())),
            )
            .fact("reason", "certificate_replaced");
            ended.account = Some(of.account.clone());
            ended.session = Some(session.id.clone());
            batch = batch
                .write(Write::EndSession {
                    id: session.id,
                    at: context.now(),
                })
                .event(ended);
        }
    }
    if of.state == CredentialState::Active {
        batch = batch
            .require(Precondition::CredentialActive(of.id.clone()))
            .write(Write::SupersedeCredential(of.id.clone()));
    }
    Ok((
        batch
            .write(Write::InsertCredential(credential.clone()))
            .event(event),
        credential,
    ))
}

/// A new credential of an account, its serial sealed to that account.
fn bind(
    context: &Context,
    ticket: &Ticket,
    evidence: &Evidence,
    account: &AccountId,
) -> Result<Credential, Problem> {
    let serial = context
        .vault
        .open(&evidence.serial, Owner::Attempt(&ticket.attempt.id))?;
    Ok(Credential {
        id: CredentialId::generate(&*context.entropy),
        account: account.clone(),
        kind: CardKind::UserAuthenticationCard,
        digest: evidence.digest.clone(),
        serial: context.vault.seal(&serial, Owner::Account(account))?,
        issuer_key_hash: evidence.issuer_key_hash.clone(),
        state: CredentialState::Active,
        not_after: evidence.not_after,
        created_at: context.now(),
    })
}

fn new_session(context: &Context, evidence: &Evidence, credential: &Credential, secret: &Secret) -> Session {
    let lifetime = i64::from(context.config.session.lifetime_seconds);
    Session {
        id: SessionId::generate(&*context.entropy),
        secret: secret.hash(),
        account: credential.account.clone(),
        credential: credential.id.clone(),
        method: evidence.method,
        level: context.reach(evidence.method, Ial::Zero),
        authenticated_at: evidence.authenticated_at,
        checked_generation: evidence.generation,
        expires_at: context.now().plus_seconds(lifetime).min(evidence.not_after),
        state: SessionState::Active,
        version: 1,
    }
}

/// The browser's former session ends in the same batch: one browser, one person.
async fn end_former_session(context: &Context, batch: Batch) -> Result<Batch, Problem> {
    let Some(secret) = &context.session else {
        return Ok(batch);
    };
    let Some(former) = context.ledger.session_by_secret(&secret.hash()).await? else {
        return Ok(batch);
    };
    if !former.is_live(context.now()) {
        return Ok(batch);
    }
    let mut event = Event::new(
        context.now(),
        Action::SessionEnded,
        Outcome::Done,
        Actor::Person(Some(former.account.clone())),
    )
    .fact("reason", "new_sign_in");
    event.account = Some(former.account.clone());
    event.session = Some(former.id.clone());
    Ok(batch
        .write(Write::EndSession {
            id: former.id,
            at: context.now(),
        })
        .event(event))
}

/// The audit entry of a serial that was opened to ask for its predecessor. Nobody's account is known yet.
fn serial_opened(context: &Context, transaction: &Transaction) -> Event {
    let mut event = Event::new(
        context.now(),
        Action::SerialOpened,
        Outcome::Done,
        Actor::Platform,
    )
    .fact("purpose", "predecessor");
    event.service = Some(transaction.service.clone());
    event.transaction = Some(transaction.id.clone());
    event
}
