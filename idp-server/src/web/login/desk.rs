//! The matching desk: evidence becomes a session of an account, in one durable batch.
//!
//! `links.rs` finds out whose certificate it is, `bind.rs` says what is written, `decisions.rs` keeps the questions that wait for
//! a person. The rules are in `login::match_account` and in docs/decisions/0015.

mod bind;
pub mod decisions;
mod links;

use audit::{Action, Actor, Event, Outcome, TraceStep};
use domain::{
    AccountId, CardKind, CertificateDigest, Credential, CredentialId, Reference, Session, SessionId,
    SessionState, TokenHash,
};
use login::{Evidence, Match, Refusal, Ticket, Transaction};
use store::{Batch, CommitOutcome, Conflict, Precondition, SingleUseKind, Write};

use self::links::Found;
use super::{refused, transactions};
use crate::secret::Secret;
use crate::sessions::{self, Cause};
use crate::vault::VaultFault;
use crate::web::context::Context;
use crate::web::enrolment::register;
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

/// How a certificate is named in the registers of records.
pub fn record_key(digest: &CertificateDigest) -> String {
    format!("{}:{}", digest.key_version, digest.value)
}

/// What comes of a match.
enum Next {
    /// A credential to sign in with, once the batch commits.
    Commit(Batch, Credential),
    /// The answer is there.
    Answer(SignedIn),
    /// Somebody else wrote meanwhile.
    Again,
}

/// Signs a person in. Parallel first sign-ins, by one certificate or by several of one person, meet at unique rows: the loser
/// matches again and finds the account that the winner made.
pub(super) async fn sign_in(
    context: &Context,
    transaction: &mut Transaction,
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
        let found = links::find(context, transaction, ticket, evidence).await?;
        let batch = begin_batch(context, ticket_name);
        let (mut batch, credential) = match act(context, transaction, ticket, evidence, batch, found).await? {
            Next::Commit(batch, credential) => (batch, credential),
            Next::Answer(answer) => return Ok(answer),
            Next::Again => continue,
        };
        let secret = Secret::generate(&*context.entropy);
        let session = new_session(context, ticket, evidence, &credential, &secret).await?;
        batch = end_former_session(context, batch, &session).await?;
        batch = batch.write(Write::InsertSession(session.clone()));
        let event = signed_in(context, transaction, ticket, evidence, &session);
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
                return refuse(context, transaction, ticket, Refusal::AccountClosed).await;
            }
            CommitOutcome::Conflict(conflict) => {
                tracing::info!(?conflict, "a sign-in lost a race and matches again");
            }
        }
    }
    Err(Problem::Fault("a sign-in kept losing races".to_owned()))
}

async fn act(
    context: &Context,
    transaction: &mut Transaction,
    ticket: &Ticket,
    evidence: &Evidence,
    batch: Batch,
    found: Found,
) -> Result<Next, Problem> {
    // What is written is held against what was read; so must be what is refused for it. Somebody of the same person may have signed in
    // between two looks of one walk, which then contradict one another.
    let rests_on_the_walk = matches!(
        found.matched,
        Match::Undecided { .. } | Match::NotSettled | Match::Superseded
    );
    if rests_on_the_walk && links::changed(context, &found.linked).await? {
        tracing::info!("somebody was quicker while this person was looked for; the desk looks again");
        return Ok(Next::Again);
    }
    let refusal = match found.matched {
        Match::Known(credential) => {
            let account = Precondition::AccountActive(credential.account.clone());
            let active = Precondition::CredentialActive(credential.id.clone());
            return Ok(Next::Commit(batch.require(account).require(active), credential));
        }
        Match::Bind {
            account,
            carrier,
            replaces,
        } => {
            let bound = (&account, carrier, replaces.as_slice());
            let (batch, credential) = bind::bind(context, batch, ticket, evidence, bound).await?;
            let batch = bind::keep_links(context, batch, evidence, &account, found.linked)?;
            return Ok(Next::Commit(batch, credential));
        }
        Match::NewPerson { carrier } => {
            let (batch, credential) = bind::new_person(context, batch, ticket, evidence, carrier)?;
            let account = &credential.account;
            let batch = bind::keep_links(context, batch, evidence, account, found.linked)?;
            return Ok(Next::Commit(batch, credential));
        }
        Match::Left {
            account,
            carrier,
            replaces,
        } => {
            return left(
                context,
                transaction,
                (ticket, evidence),
                batch,
                (account, carrier, replaces, found.linked),
            )
            .await;
        }
        Match::Undecided { why, accounts } => {
            let question = (why, accounts);
            let asked = decisions::open(context, transaction, ticket, evidence, question).await?;
            return Ok(asked.map_or(Next::Again, |reference| {
                Next::Answer(SignedIn::Refused(reference))
            }));
        }
        Match::LinksUnavailable => Refusal::LinksUnavailable,
        Match::NotSettled => Refusal::CertificateNotSettled,
        Match::Superseded => Refusal::CertificateReplaced,
        Match::AwaitsRuling => {
            let reference = decisions::still_open(context, transaction, ticket, evidence).await?;
            return Ok(Next::Answer(SignedIn::Refused(reference)));
        }
        Match::Refused => Refusal::IdentityRefused,
    };
    refuse(context, transaction, ticket, refusal)
        .await
        .map(Next::Answer)
}

/// A person who wished their account closed is asked first; with a yes from this transaction, a new account begins.
async fn left(
    context: &Context,
    transaction: &mut Transaction,
    (ticket, evidence): (&Ticket, &Evidence),
    batch: Batch,
    (former, carrier, replaces, linked): (AccountId, CardKind, Vec<CredentialId>, Vec<links::Linked>),
) -> Result<Next, Problem> {
    if transaction.anew.as_ref() != Some(&former) {
        transaction.left = Some(former);
        transactions::save(context, transaction).await?;
        return refuse(context, transaction, ticket, Refusal::AccountLeft)
            .await
            .map(Next::Answer);
    }
    let (batch, account) = bind::begin_anew(context, batch, &former).await?;
    let held = links::held_of(context, evidence).await?;
    let (batch, credential) = match held {
        Some(credential) if credential.account == former => {
            let batch = batch.require(Precondition::CredentialActive(credential.id.clone()));
            (
                batch,
                Credential {
                    account: account.clone(),
                    ..credential
                },
            )
        }
        // Somebody moved it meanwhile.
        Some(_) => return Ok(Next::Again),
        None => bind::replacing(
            context,
            batch,
            ticket,
            evidence,
            (&account, carrier, replaces.as_slice()),
        )?,
    };
    let batch = bind::keep_links(context, batch, evidence, &account, linked)?;
    Ok(Next::Commit(batch, credential))
}

async fn refuse(
    context: &Context,
    transaction: &Transaction,
    ticket: &Ticket,
    refusal: Refusal,
) -> Result<SignedIn, Problem> {
    let reference = refused::record(context, transaction, refusal, &ticket.trace).await?;
    Ok(SignedIn::Refused(reference))
}

fn signed_in(
    context: &Context,
    transaction: &Transaction,
    ticket: &Ticket,
    evidence: &Evidence,
    session: &Session,
) -> Event {
    let mut event = Event::new(
        context.now(),
        Action::SignIn,
        Outcome::Done,
        Actor::Person(Some(session.account.clone())),
    )
    .fact("method", evidence.method.as_str())
    .fact("level", format!("{} {}", session.level.ial, session.level.aal))
    .fact("generation", evidence.generation.to_string());
    event.account = Some(session.account.clone());
    event.session = Some(session.id.clone());
    event.service = Some(transaction.service.clone());
    event.transaction = Some(transaction.id.clone());
    event.trace = steps(&ticket.trace);
    event
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

async fn new_session(
    context: &Context,
    ticket: &Ticket,
    evidence: &Evidence,
    credential: &Credential,
    secret: &Secret,
) -> Result<Session, Problem> {
    let lifetime = i64::from(context.config.session.lifetime_seconds);
    Ok(Session {
        id: SessionId::generate(&*context.entropy),
        secret: secret.hash(),
        account: credential.account.clone(),
        credential: credential.id.clone(),
        method: evidence.method,
        level: context.reach(
            evidence.method,
            register::ial_of(context, &credential.account).await?,
        ),
        authenticated_at: evidence.authenticated_at,
        checked_generation: evidence.generation,
        points: context.vault.points_of_account(
            evidence.points.as_ref(),
            &ticket.attempt.id,
            &credential.account,
        )?,
        expires_at: context.now().plus_seconds(lifetime).min(evidence.not_after),
        state: SessionState::Active,
        version: 1,
    })
}

/// The browser's former session ends in the same batch: one browser, one person. Where it was the same person's, the services' sessions go
/// on within the new one; another person's are ended.
async fn end_former_session(context: &Context, batch: Batch, next: &Session) -> Result<Batch, Problem> {
    let Some(secret) = &context.session else {
        return Ok(batch);
    };
    let Some(former) = context.ledger.session_by_secret(&secret.hash()).await? else {
        return Ok(batch);
    };
    let ended = batch
        .writes
        .iter()
        .any(|write| matches!(write, Write::EndSession { id, .. } if *id == former.id));
    if ended || !former.is_live(context.now()) {
        return Ok(batch);
    }
    let mut batch = batch;
    if former.account == next.account {
        let inherited = sessions::inherit(&*context.ledger, &former.id, next).await?;
        batch.writes.extend(inherited);
    }
    let cause = Cause::wish("new_sign_in", &former);
    Ok(sessions::add_ending(context, batch, &former, &cause).await?)
}
