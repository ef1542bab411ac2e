//! Account linking: a customer whom a service already has (by an ID and password, a contract, a counter) is linked to the pseudonym under
//! which the platform names that person here.
//!
//! **Owns** the ceremony ([`Linking`]): begun by a customer who has just proven to be one, gone through with the card used now, confirmed
//! on a page of the same session, and done in one step of the service's store ([`Links`]). The reverse ([`Linking::unlink`]), a link to
//! another pseudonym ([`Purpose::Relink`]), and what must be told to the customer ([`Notice`]).
//!
//! **What it keeps out.** A link is made by two proofs in one browser session and by nothing else; never by an address or a name that two
//! records have in common.
//!
//! | Attack | What stands against it |
//! |---|---|
//! | a stranger's answer of the platform is put into the customer's browser (login CSRF, RFC 6749 section 10.12) | the answer belongs to the question of this browser (`crate::gate`), the ceremony to this session ([`LinkReason::AnotherSession`]) |
//! | the customer is led through the ceremony by a page of somebody else's | beginning and confirming are forms with the session's token; the confirming page names the customer |
//! | the platform session of whoever used this machine before is linked silently | the card must be used within the ceremony ([`LinkReason::NotFresh`]) |
//! | an account is made in advance in the victim's name, and stays open after the victim links it (pre-hijacking: Sudhodanan & Paverd 2022) | an account whose contact was never proven is not linked ([`LinkReason::Unverified`]), it is linked only by who has just signed in with its own password ([`LinkReason::SignInAgain`]), every other session of it ends ([`Done::end_sessions_of`]), and the customer is told at the contact that was known before |
//! | two customers get one person, or the reverse | the store refuses in the step that links ([`LinkReason::PersonHasAnother`], [`LinkReason::CustomerHasAnother`]) |
//!
//! **Deliberately absent**: customers, passwords, mail.
//!
//! **One more refusal**: a variant of [`LinkReason`] and its row in the tests.

mod reason;
mod store;

use std::sync::Arc;

use domain::{Clock, Entropy, Timestamp};

pub use reason::LinkReason;
pub use store::{Change, Committed, CustomerId, Link, Links, MemoryLinks};

use crate::gate::SignIn;
use crate::session::SessionId;
use crate::{MachineClock, MachineEntropy, Pending};

/// What the service knows of the customer's own session: the one by ID and password.
#[derive(Clone, Debug)]
pub struct CustomerSession {
    /// Who.
    pub customer: CustomerId,
    /// Which session: the digest of its cookie's value.
    pub session: SessionId,
    /// When the password was last given.
    pub proven_at: Timestamp,
    /// Whether a contact of the customer's was ever proven to be theirs.
    pub verified: bool,
}

/// What the ceremony is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// A first link.
    Link,
    /// Another pseudonym in the place of the one before (the person has a new one since an account was begun anew).
    Relink,
}

/// What must be told to the customer, at the contact that was known before the change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Notice {
    /// Whom.
    pub customer: CustomerId,
    /// Of what.
    pub of: NoticeOf,
    /// When it happened.
    pub at: Timestamp,
}

/// What happened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NoticeOf {
    /// A link was made.
    Linked,
    /// It was replaced.
    Relinked,
    /// It was ended.
    Unlinked,
}

/// What a change leads to: the caller does both before it answers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Done {
    /// Every session of this customer is ended but the one in which it was done.
    pub end_sessions_of: CustomerId,
    /// Every session that began by this pseudonym is ended.
    pub end_sessions_by: Option<String>,
    /// The customer is told.
    pub notice: Notice,
}

struct Ceremony {
    customer: CustomerId,
    session: SessionId,
    purpose: Purpose,
    begun_at: Timestamp,
    person: Option<String>,
}

/// The password must have been given within so many seconds before the ceremony.
pub const PROVEN_WITHIN_SECONDS: i64 = 300;
/// A ceremony takes at most so many seconds.
pub const CEREMONY_SECONDS: i64 = 600;
/// Clocks differ a little.
const SKEW_SECONDS: i64 = 60;
const MOST: usize = 10_000;

/// The ceremonies of one service.
pub struct Linking {
    links: Arc<dyn Links>,
    under_way: Pending<Ceremony>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl std::fmt::Debug for Linking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Linking(..)")
    }
}

impl Linking {
    /// Over the service's store.
    pub fn new(links: Arc<dyn Links>) -> Self {
        Self {
            links,
            under_way: Pending::new(CEREMONY_SECONDS, MOST),
            clock: Arc::new(MachineClock),
            entropy: Arc::new(MachineEntropy),
        }
    }

    /// Begins a ceremony: its name, to be kept in the customer's session (on the server) and nowhere else. Then the browser is led to the
    /// platform by [`crate::gate::Gate::begin_proof`], which asks for the card now.
    pub async fn begin(&self, customer: &CustomerSession, purpose: Purpose) -> Result<String, LinkReason> {
        let now = self.clock.now();
        Self::is_who_it_says(customer, now)?;
        let known = self.links.by_customer(&customer.customer).await?;
        match (purpose, known) {
            (Purpose::Link, Some(_)) => return Err(LinkReason::CustomerHasAnother),
            (Purpose::Relink, None) => return Err(LinkReason::NotLinked),
            (Purpose::Link, None) | (Purpose::Relink, Some(_)) => {}
        }
        let ceremony = Ceremony {
            customer: customer.customer.clone(),
            session: customer.session.clone(),
            purpose,
            begun_at: now,
            person: None,
        };
        Ok(self.under_way.put(ceremony, self.entropy.as_ref(), now))
    }

    fn is_who_it_says(customer: &CustomerSession, now: Timestamp) -> Result<(), LinkReason> {
        if !customer.verified {
            return Err(LinkReason::Unverified);
        }
        if now.seconds_since(customer.proven_at) > PROVEN_WITHIN_SECONDS {
            return Err(LinkReason::SignInAgain);
        }
        Ok(())
    }

    /// The platform's answer came: the ceremony's new name, for the form on the confirming page. Nothing is linked yet.
    pub async fn prove(
        &self,
        ceremony: &str,
        customer: &CustomerSession,
        person: &SignIn,
    ) -> Result<String, LinkReason> {
        let now = self.clock.now();
        let mut ceremony = self.take(ceremony, customer, now)?;
        let earliest = ceremony.begun_at.plus_seconds(-SKEW_SECONDS);
        if person.reached().authenticated_at().is_none_or(|at| at < earliest) {
            return Err(LinkReason::NotFresh);
        }
        self.may_be_linked(&ceremony, person.subject()).await?;
        ceremony.person = Some(person.subject().to_owned());
        Ok(self.under_way.put(ceremony, self.entropy.as_ref(), now))
    }

    /// The customer confirmed, by a form of the same session: the link is made.
    pub async fn confirm(&self, ceremony: &str, customer: &CustomerSession) -> Result<Done, LinkReason> {
        let now = self.clock.now();
        let ceremony = self.take(ceremony, customer, now)?;
        let person = ceremony.person.clone().ok_or(LinkReason::NotProven)?;
        let before = self.may_be_linked(&ceremony, &person).await?;
        let link = Link {
            customer: ceremony.customer.clone(),
            person,
            since: now,
        };
        let (change, of, ended) = match (ceremony.purpose, before) {
            (Purpose::Link, _) => (Change::Link(link), NoticeOf::Linked, None),
            (Purpose::Relink, Some(before)) => {
                let ended = Some(before.person.clone());
                (Change::Replace { before, link }, NoticeOf::Relinked, ended)
            }
            (Purpose::Relink, None) => return Err(LinkReason::NotLinked),
        };
        self.commit(change, ceremony.customer, of, ended, now).await
    }

    /// Ends a customer's link: by the customer, who has just given the password, so that a way in is left.
    pub async fn unlink(&self, customer: &CustomerSession) -> Result<Done, LinkReason> {
        let now = self.clock.now();
        Self::is_who_it_says(customer, now)?;
        let known = self.links.by_customer(&customer.customer).await?;
        let known = known.ok_or(LinkReason::NotLinked)?;
        let ended = Some(known.person.clone());
        let who = customer.customer.clone();
        self.commit(Change::Unlink(known), who, NoticeOf::Unlinked, ended, now)
            .await
    }

    /// Whose customer a signed-in person is. Nobody's is no error: the service offers to link, and makes no customer by itself.
    pub async fn customer_of(&self, person: &SignIn) -> Result<Option<CustomerId>, LinkReason> {
        let found = self.links.by_person(person.subject()).await?;
        Ok(found.map(|link| link.customer))
    }

    /// A customer's link, to be shown on the page where it can be ended.
    pub async fn link_of(&self, customer: &CustomerId) -> Result<Option<Link>, LinkReason> {
        Ok(self.links.by_customer(customer).await?)
    }

    /// A ceremony is gone on with once, in the session in which it began.
    fn take(&self, name: &str, customer: &CustomerSession, now: Timestamp) -> Result<Ceremony, LinkReason> {
        let ceremony = self.under_way.take(name, now).ok_or(LinkReason::NotUnderWay)?;
        if ceremony.session != customer.session || ceremony.customer != customer.customer {
            return Err(LinkReason::AnotherSession);
        }
        Ok(ceremony)
    }

    /// The link that is there now, where the change may be made.
    async fn may_be_linked(&self, ceremony: &Ceremony, person: &str) -> Result<Option<Link>, LinkReason> {
        if let Some(other) = self.links.by_person(person).await? {
            return Err(if other.customer == ceremony.customer {
                LinkReason::AlreadyLinked
            } else {
                LinkReason::PersonHasAnother
            });
        }
        let known = self.links.by_customer(&ceremony.customer).await?;
        match (ceremony.purpose, &known) {
            (Purpose::Link, Some(_)) => Err(LinkReason::CustomerHasAnother),
            (Purpose::Relink, None) => Err(LinkReason::NotLinked),
            _ => Ok(known),
        }
    }

    async fn commit(
        &self,
        change: Change,
        customer: CustomerId,
        of: NoticeOf,
        ended: Option<String>,
        now: Timestamp,
    ) -> Result<Done, LinkReason> {
        match self.links.commit(change).await? {
            Committed::Done => Ok(Done {
                end_sessions_of: customer.clone(),
                end_sessions_by: ended,
                notice: Notice {
                    customer,
                    of,
                    at: now,
                },
            }),
            Committed::Conflict => Err(LinkReason::ChangedMeanwhile),
        }
    }
}

#[cfg(test)]
mod tests;
