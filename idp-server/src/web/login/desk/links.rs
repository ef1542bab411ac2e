//! What the matching desk looks at: what is held of a certificate, what was ruled, and what J-LIS links to it.

use std::collections::BTreeMap;
use std::time::Duration;

use audit::{Action, Actor, Event, Outcome};
use domain::{AccountId, AccountState, CertificateDigest, ClosingReason, Credential};
use jlis::{CertificateName, Unavailable};
use jpki::CaKind;
use login::{
    Evidence, Facts, Heard, Holding, Match, Neighbour, Openness, Ticket, Transaction, Walk, match_account,
};
use pki::SerialNumber;
use store::{Batch, Record, RecordKind};

use super::decisions;
use crate::identity;
use crate::vault::Owner;
use crate::web::context::Context;
use crate::web::enrolment::register;
use crate::web::error::Problem;

/// A walk may cost many questions; together they get the time of this many, so that a slow source keeps nobody waiting for long.
const WALK_IN_TIMEOUTS: u32 = 4;

/// Whose certificate it is, and the digests of everything that J-LIS linked to it and that nobody holds.
pub(super) struct Found {
    /// The decision.
    pub(super) matched: Match,
    /// The presented certificate first.
    pub(super) linked: Vec<Linked>,
}

/// A certificate that nobody holds, and the row that said so: whoever writes it meanwhile is noticed.
pub(super) struct Linked {
    /// Its key in the register of linked certificates.
    pub(super) key: String,
    /// The row as it was before anything else was looked at.
    pub(super) seen: Option<Record>,
}

/// Looks and decides. The serial of an unknown certificate is opened for the source of links; the entry of that stands in the
/// audit before, whatever becomes of the sign-in.
pub(super) async fn find(
    context: &Context,
    transaction: &Transaction,
    ticket: &Ticket,
    evidence: &Evidence,
) -> Result<Found, Problem> {
    let digests: Vec<&CertificateDigest> = std::iter::once(&evidence.digest)
        .chain(&evidence.former_digests)
        .collect();
    let settling = i64::from(context.config.jlis.settling_hours) * 3600;
    let mut facts = Facts {
        held: held(context, &digests).await?,
        openness: Openness::Open,
        settled: context.now() >= evidence.issued_at.plus_seconds(settling),
        ..Facts::default()
    };
    let mut linked = Vec::new();
    if let Some(credential) = &facts.held {
        facts.openness = openness(context, &credential.account).await?;
    } else {
        facts.ruling = decisions::ruling_on(context, &digests).await?;
        context
            .ledger
            .commit(Batch::new().event(serial_opened(context, transaction)))
            .await?;
        let presented = presented(context, ticket, evidence)?;
        let mut seen = Seen::new();
        let told = told(context, &digests, &mut seen).await?;
        let allowed = Duration::from_millis(context.config.jlis.timeout_millis) * WALK_IN_TIMEOUTS;
        let mut walk = Walk::from(presented, told);
        match tokio::time::timeout(allowed, follow(context, &mut walk, &mut seen)).await {
            Ok(walked) => walked?,
            Err(_) => walk.heard(Heard::Unavailable),
        }
        linked = walk
            .unheld()
            .filter_map(|name| digests_of(context, name).first().map(super::record_key))
            .map(|key| Linked {
                seen: seen.remove(&key).flatten(),
                key,
            })
            .collect();
        facts.walked = Some(walk.end());
    }
    Ok(Found {
        matched: match_account(&facts),
        linked,
    })
}

/// Whether a row was written since it was read first.
pub(super) async fn changed(context: &Context, linked: &[Linked]) -> Result<bool, Problem> {
    for one in linked {
        let now = context
            .ledger
            .record(RecordKind::LinkedCertificate, &one.key)
            .await?;
        if now != one.seen {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What is held of the presented certificate.
pub(super) async fn held_of(context: &Context, evidence: &Evidence) -> Result<Option<Credential>, Problem> {
    let digests: Vec<&CertificateDigest> = std::iter::once(&evidence.digest)
        .chain(&evidence.former_digests)
        .collect();
    held(context, &digests).await
}

/// The certificate that was presented, with its serial open.
fn presented(context: &Context, ticket: &Ticket, evidence: &Evidence) -> Result<CertificateName, Problem> {
    let serial = context
        .vault
        .open(&evidence.serial, Owner::Attempt(&ticket.attempt.id))?;
    Ok(CertificateName {
        ca_kind: CaKind::UserAuthentication,
        issuer_key_hash: evidence.issuer_key_hash.clone(),
        serial: SerialNumber::from_bytes(&serial)
            .map_err(|_| Problem::Fault("a sealed serial that is none".to_owned()))?,
    })
}

/// Rows of the register of linked certificates, as they were when they were read first.
type Seen = BTreeMap<String, Option<Record>>;

async fn follow(context: &Context, walk: &mut Walk<CertificateName>, seen: &mut Seen) -> Result<(), Problem> {
    while let Some(name) = walk.question() {
        let heard = match context.links.links(&name).await {
            // J-LIS answers, and does not know it.
            Err(Unavailable::Refused { status: 404 }) => Heard::UnknownCertificate,
            Err(unavailable) => {
                tracing::warn!(reason = %unavailable, "the source of links did not answer");
                metrics::counter!("links_unavailable_total").increment(1);
                Heard::Unavailable
            }
            Ok(links) => {
                let mut neighbours = Vec::new();
                for link in links.all() {
                    neighbours.push(neighbour(context, link, seen).await?);
                }
                Heard::Links(neighbours)
            }
        };
        walk.heard(heard);
    }
    Ok(())
}

async fn neighbour(
    context: &Context,
    link: &jlis::Link,
    seen: &mut Seen,
) -> Result<Neighbour<CertificateName>, Problem> {
    let digests = digests_of(context, &link.name);
    let digests: Vec<&CertificateDigest> = digests.iter().collect();
    // Before the credentials: both are written in one batch, so a row that is read here has its credential there.
    let told = told(context, &digests, seen).await?;
    let holding = match held(context, &digests).await? {
        Some(credential) => Some(Holding {
            openness: openness(context, &credential.account).await?,
            account: credential.account,
            credential: Some((credential.id, credential.state)),
        }),
        None => match register::account_of_signing_certificate(context, &digests).await? {
            Some(account) => Some(named(context, account).await?),
            None => None,
        },
    };
    Ok(Neighbour {
        kind: kind_of(link.kind),
        name: link.name.clone(),
        holding,
        told,
    })
}

const fn kind_of(kind: jlis::LinkKind) -> login::LinkKind {
    match kind {
        jlis::LinkKind::Predecessor => login::LinkKind::Predecessor,
        jlis::LinkKind::Successor => login::LinkKind::Successor,
        jlis::LinkKind::Signing => login::LinkKind::Signing,
        jlis::LinkKind::Authentication => login::LinkKind::Authentication,
        jlis::LinkKind::Phone => login::LinkKind::Phone,
        jlis::LinkKind::Card => login::LinkKind::Card,
    }
}

/// The digests under which a certificate may be known, the current key's first.
fn digests_of(context: &Context, name: &CertificateName) -> Vec<CertificateDigest> {
    context
        .vault
        .digests_of(name.ca_kind, &name.issuer_key_hash, name.serial.expose_bytes())
}

async fn held(context: &Context, digests: &[&CertificateDigest]) -> Result<Option<Credential>, Problem> {
    for digest in digests {
        if let Some(credential) = context.ledger.credential_by_digest(digest).await? {
            return Ok(Some(credential));
        }
    }
    Ok(None)
}

/// Whose J-LIS said that a certificate is, when another one of that person was asked about.
async fn told(
    context: &Context,
    digests: &[&CertificateDigest],
    seen: &mut Seen,
) -> Result<Option<Holding>, Problem> {
    for digest in digests {
        let key = super::record_key(digest);
        let record = context.ledger.record(RecordKind::LinkedCertificate, &key).await?;
        // The first reading counts: a certificate is met again on the way, and what was decided rests on what was read first.
        seen.entry(key).or_insert_with(|| record.clone());
        let account = record
            .filter(|record| record.expires_at.is_none_or(|end| end > context.now()))
            .and_then(|record| serde_json::from_str::<AccountId>(&record.value).ok());
        if let Some(account) = account {
            return Ok(Some(named(context, account).await?));
        }
    }
    Ok(None)
}

async fn named(context: &Context, account: AccountId) -> Result<Holding, Problem> {
    let account = identity::carrying_on(&*context.ledger, &account).await?;
    Ok(Holding {
        openness: openness(context, &account).await?,
        account,
        credential: None,
    })
}

async fn openness(context: &Context, account: &AccountId) -> Result<Openness, Problem> {
    let account = context.ledger.account(account).await?;
    Ok(match account.map(|account| account.state) {
        Some(AccountState::Active) => Openness::Open,
        Some(AccountState::Closed(closing)) if closing.reason == ClosingReason::OwnWish => Openness::Left,
        Some(AccountState::Closed(_)) | None => Openness::Closed,
    })
}

/// The audit entry of a serial that was opened to ask for its links. Nobody's account is known yet.
fn serial_opened(context: &Context, transaction: &Transaction) -> Event {
    let mut event = Event::new(
        context.now(),
        Action::SerialOpened,
        Outcome::Done,
        Actor::Platform,
    )
    .fact("purpose", "links");
    event.service = Some(transaction.service.clone());
    event.transaction = Some(transaction.id.clone());
    event
}
