//! The dispatcher: the only place that decides what happens next, for both protocols.
//!
//! Every step (card, consent, reply) returns here with what it changed; none calls another. The order below is the
//! order in which a person would be told: is there still something to answer, may the service ask, who is this, is that
//! good and strong and fresh enough, do they agree. What costs money, the question to the authority's responder, comes last.

use domain::{
    Account, AccountId, AccountState, Assurance, AssuranceLevel, AuthenticationMethod, Consent, CredentialId,
    Fal, Ial, Recency, ReleasedAttribute, RevocationCertainty, RevocationGeneration, Service, ServiceId,
    ServiceState, Session, SessionId, Timestamp, TransactionId,
};

use policy::{AuthenticationContext, Ceilings, Demands, Met, Shortfall, Vouched};

use crate::{Freshness, Interaction, Past, Refusal, Transaction, past};

/// What the dispatcher looks at besides the transaction: rows as they are now.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// The service's record, if there still is one.
    pub service: Option<&'a Service>,
    /// The browser's session, whatever its state.
    pub session: Option<&'a Session>,
    /// The session's account.
    pub account: Option<&'a Account>,
    /// What that account agreed to for this service.
    pub consent: Option<&'a Consent>,
    /// The revocation state in force.
    pub generation: RevocationGeneration,
    /// Whether its age is within what this service accepts.
    pub revocation_data: RevocationData,
    /// The ways that are open to people here, and the operator's ceiling on each.
    pub ways: &'a [Way],
    /// What the person demands of every sign-in of theirs; [`Assurance::LEAST`] where they said nothing.
    pub floor: Assurance,
    /// How the person behind the session was proofed, as the register of enrolments says now.
    pub proofed: Ial,
    /// Which of the 基本4情報 are held of this person and still hold.
    pub items: &'a [ReleasedAttribute],
}

/// A way of signing in that is open.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Way {
    /// How.
    pub method: AuthenticationMethod,
    /// The most that it counts for here.
    pub ceiling: Assurance,
}

/// What may be said from the revocation data in force, towards the service that asks.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum RevocationData {
    /// That a certificate is good.
    Usable,
    /// Nothing good: it is older than the service, or the platform, accepts.
    TooOld,
    /// Nothing: there is none.
    Missing,
}

/// Why the card must be used.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum AuthenticateWhy {
    /// Nobody is signed in here.
    NoSession,
    /// The service asks for a more recent use of the card.
    NotFresh,
    /// The service asks for more than the session reached.
    HigherLevel,
}

/// What happens next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// Lead the person to the certificate door.
    Authenticate(AuthenticateWhy),
    /// Check the session's certificate at the revocation state in force, then come back.
    Recheck {
        /// Whose session.
        session: SessionId,
    },
    /// Ask for consent to release these attributes.
    Consent(Vec<ReleasedAttribute>),
    /// Ask the authority's responder about the session's certificate, then come back.
    AskStatus {
        /// Whose session.
        session: SessionId,
    },
    /// Reply.
    Issue(Permit),
    /// Refuse.
    Refuse(Refusal),
}

/// That the dispatcher said "issue", to whom, about whom, and on which rows. Only [`next_step`] makes one; the reply desk
/// names its row versions as preconditions of the issuing batch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Permit {
    transaction: TransactionId,
    service: ServiceId,
    service_version: u64,
    session: SessionId,
    session_version: u64,
    account: AccountId,
    credential: CredentialId,
    method: AuthenticationMethod,
    level: AssuranceLevel,
    fal: Fal,
    recency: Recency,
    authenticated_at: Timestamp,
    generation: RevocationGeneration,
    certainty: RevocationCertainty,
    released: Vec<ReleasedAttribute>,
    context: String,
}

impl Permit {
    /// The transaction that is answered.
    pub fn transaction(&self) -> &TransactionId {
        &self.transaction
    }
    /// Who is answered.
    pub fn service(&self) -> &ServiceId {
        &self.service
    }
    /// The row version of the service that was looked at.
    pub fn service_version(&self) -> u64 {
        self.service_version
    }
    /// The session that vouches.
    pub fn session(&self) -> &SessionId {
        &self.session
    }
    /// The row version of the session that was looked at.
    pub fn session_version(&self) -> u64 {
        self.session_version
    }
    /// About whom.
    pub fn account(&self) -> &AccountId {
        &self.account
    }
    /// By which certificate.
    pub fn credential(&self) -> &CredentialId {
        &self.credential
    }
    /// By which method.
    pub fn method(&self) -> AuthenticationMethod {
        self.method
    }
    /// What was reached.
    pub fn level(&self) -> AssuranceLevel {
        self.level
    }
    /// How the reply is bound and protected.
    pub fn fal(&self) -> Fal {
        self.fal
    }
    /// How recently the card was used.
    pub fn recency(&self) -> Recency {
        self.recency
    }
    /// When the card was used.
    pub fn authenticated_at(&self) -> Timestamp {
        self.authenticated_at
    }
    /// The revocation state at which the certificate was found good.
    pub fn generation(&self) -> RevocationGeneration {
        self.generation
    }
    /// How it was found out that the certificate is not revoked.
    pub fn certainty(&self) -> RevocationCertainty {
        self.certainty
    }
    /// What is released: exactly what the person was shown.
    pub fn released(&self) -> &[ReleasedAttribute] {
        &self.released
    }
    /// The context name to return.
    pub fn context(&self) -> &str {
        &self.context
    }
}

/// Decides what happens next.
pub fn next_step(transaction: &Transaction, standing: &Standing<'_>, now: Timestamp) -> Step {
    if transaction.answered {
        return Step::Refuse(Refusal::TransactionAnswered);
    }
    let service = match standing.service.map(|service| (service, &service.state)) {
        None | Some((_, ServiceState::Removed { .. })) => return Step::Refuse(Refusal::ServiceUnknown),
        Some((_, ServiceState::Suspended { .. })) => return Step::Refuse(Refusal::ServiceSuspended),
        Some((service, ServiceState::Active)) => service,
    };
    if now >= transaction.expires_at {
        return Step::Refuse(Refusal::TransactionExpired);
    }
    // Whose floor counts is known once somebody is signed in.
    if !can_be_met(transaction, service, Assurance::LEAST, standing.ways) {
        return Step::Refuse(Refusal::LevelUnreachable);
    }
    let Some(session) = standing
        .session
        .filter(|session| session.is_live(now))
        .filter(|session| belongs_here(transaction, session))
    else {
        return authenticate(transaction, AuthenticateWhy::NoSession);
    };
    match standing
        .account
        .filter(|account| account.id == session.account)
        .map(|account| &account.state)
    {
        Some(AccountState::Active) => {}
        Some(AccountState::Closed(_)) => return Step::Refuse(Refusal::AccountClosed),
        None => return authenticate(transaction, AuthenticateWhy::NoSession),
    }
    if !transaction.ask.expected.is(&session.account) {
        // Another card may be the right one, once: a second wrong person is refused.
        return match transaction.authenticated {
            Some(_) => Step::Refuse(Refusal::OtherPerson),
            None => authenticate(transaction, AuthenticateWhy::NoSession),
        };
    }
    if !can_be_met(transaction, service, standing.floor, standing.ways) {
        return Step::Refuse(Refusal::LevelUnreachable);
    }
    if session.checked_generation != standing.generation {
        return Step::Recheck {
            session: session.id.clone(),
        };
    }
    let decision = decide(transaction, service, session, standing, now);
    let missing = decision.err().unwrap_or_default();
    if missing.is_of_authentication() {
        return authenticate(transaction, AuthenticateWhy::HigherLevel);
    }
    if missing.recency {
        return authenticate(transaction, AuthenticateWhy::NotFresh);
    }
    let asked = asked(transaction, service);
    let held = |attribute: &ReleasedAttribute| {
        !attribute.is_of_four_items()
            || (session.method != AuthenticationMethod::CardPinless && standing.items.contains(attribute))
    };
    if missing.ial || !asked.iter().all(held) {
        return Step::Refuse(Refusal::EnrolmentRequired);
    }
    if missing.fal {
        return Step::Refuse(Refusal::LevelUnreachable);
    }
    match standing.revocation_data {
        RevocationData::Usable => {}
        RevocationData::TooOld => return Step::Refuse(Refusal::CrlStale),
        RevocationData::Missing => return Step::Refuse(Refusal::CrlMissing),
    }
    if !is_agreed(transaction, service, session, standing.consent) {
        return match transaction.ask.interaction {
            Interaction::Allowed => Step::Consent(asked),
            Interaction::Forbidden => Step::Refuse(Refusal::ConsentRequired),
        };
    }
    match decision {
        Ok(met) => Step::Issue(permit(transaction, service, session, met)),
        // Nothing else is missing.
        Err(_) => Step::AskStatus {
            session: session.id.clone(),
        },
    }
}

/// Whether one of these ways, used now by a person who registered all there is, would meet every demand.
pub fn can_be_met(transaction: &Transaction, service: &Service, floor: Assurance, ways: &[Way]) -> bool {
    let contexts = transaction.ask.contexts();
    ways.iter().any(|way| {
        let vouched = Vouched {
            method: way.method,
            assurance: policy::brought(way.method, Ial::Three, transaction.ask.fal),
        };
        policy::decide(
            &demands(transaction, service, floor, &contexts),
            &vouched,
            &way.ceilings(),
        )
        .is_ok()
    })
}

fn demands<'a>(
    transaction: &'a Transaction,
    service: &Service,
    floor: Assurance,
    contexts: &'a [&'static AuthenticationContext],
) -> Demands<'a> {
    let ask = &transaction.ask;
    let Freshness {
        force,
        max_age_seconds,
    } = ask.freshness;
    let recency = match max_age_seconds {
        _ if force => Recency::InThisSignIn,
        None => Recency::Anytime,
        Some(seconds) => Recency::demanded(seconds),
    };
    Demands {
        service: service.demand(),
        request: ask.level.join(Assurance {
            recency,
            certainty: ask.certainty.unwrap_or(RevocationCertainty::Crl),
            ..Assurance::LEAST
        }),
        floor,
        contexts,
        usual_context: &ask.context,
    }
}

/// Holds what the session has against every demand.
fn decide(
    transaction: &Transaction,
    service: &Service,
    session: &Session,
    standing: &Standing<'_>,
    now: Timestamp,
) -> Result<Met, Shortfall> {
    // A session that the card began within this transaction is as fresh as anything can be.
    let recency = if transaction.authenticated.as_ref() == Some(&session.id) {
        Recency::InThisSignIn
    } else {
        Recency::reached(now.millis_since(session.authenticated_at))
    };
    let certainty = if is_vouched_for(transaction, session, standing.generation, now) {
        RevocationCertainty::Ocsp
    } else {
        RevocationCertainty::Crl
    };
    let vouched = Past {
        method: session.method,
        aal: session.level.aal,
        proofed: standing.proofed,
        fal: transaction.ask.fal,
        recency,
        certainty,
    };
    policy::decide(
        &demands(transaction, service, standing.floor, &transaction.ask.contexts()),
        &vouched.vouched(),
        &past::ceilings(session.method, standing.ways),
    )
}

impl Way {
    /// The card in the browser: nothing stands above what it brings.
    pub const CARD: Self = Self {
        method: AuthenticationMethod::CardTls,
        ceiling: Assurance::GREATEST,
    };

    /// The platform's own doors have no partner.
    pub(crate) fn ceilings(&self) -> Ceilings {
        Ceilings {
            source: self.ceiling,
            ..Ceilings::NONE
        }
    }
}

/// What is shown and released: what the service is registered for and this request asks for.
fn asked(transaction: &Transaction, service: &Service) -> Vec<ReleasedAttribute> {
    service
        .released_attributes
        .iter()
        .copied()
        .filter(|attribute| !transaction.ask.withheld.contains(attribute))
        .collect()
}

/// Whether the responder was asked about this very session just now.
fn is_vouched_for(
    transaction: &Transaction,
    session: &Session,
    generation: RevocationGeneration,
    now: Timestamp,
) -> bool {
    transaction
        .status
        .as_ref()
        .is_some_and(|seen| seen.holds(&session.id, generation, now))
}

fn authenticate(transaction: &Transaction, why: AuthenticateWhy) -> Step {
    match transaction.ask.interaction {
        Interaction::Allowed => Step::Authenticate(why),
        Interaction::Forbidden => Step::Refuse(Refusal::LoginRequired),
    }
}

/// A session without PIN vouches in the one transaction that it was made for, and never is one that others could join.
fn belongs_here(transaction: &Transaction, session: &Session) -> bool {
    session.method != AuthenticationMethod::CardPinless || transaction.presence.as_ref() == Some(&session.id)
}

/// What is released must be what was agreed to: within this transaction, or, unless the service wants to hear it
/// again, on record by the same account.
fn is_agreed(
    transaction: &Transaction,
    service: &Service,
    session: &Session,
    consent: Option<&Consent>,
) -> bool {
    let asked = asked(transaction, service);
    if let Some(agreed) = transaction
        .agreed
        .as_ref()
        .filter(|agreed| agreed.session == session.id)
    {
        return asked
            .iter()
            .all(|attribute| agreed.attributes.contains(attribute));
    }
    !transaction.ask.always_consent
        && consent.is_some_and(|consent| {
            consent.account == session.account && consent.service == service.id && consent.covers(&asked)
        })
}

fn permit(transaction: &Transaction, service: &Service, session: &Session, met: Met) -> Permit {
    Permit {
        transaction: transaction.id.clone(),
        service: service.id.clone(),
        service_version: service.version,
        session: session.id.clone(),
        session_version: session.version,
        account: session.account.clone(),
        credential: session.credential.clone(),
        method: session.method,
        level: met.assurance.level(),
        fal: met.assurance.fal,
        recency: met.assurance.recency,
        authenticated_at: session.authenticated_at,
        generation: session.checked_generation,
        certainty: met.assurance.certainty,
        released: asked(transaction, service),
        context: met.context.to_owned(),
    }
}

#[cfg(test)]
mod tests;
