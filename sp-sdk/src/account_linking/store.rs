//! The port to the service's own store, and one in memory.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use domain::Timestamp;
use serde::{Deserialize, Serialize};

use crate::session::StoreFault;

/// A customer, as the service names them.
#[derive(Clone, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(transparent)]
pub struct CustomerId(pub String);

impl fmt::Debug for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomerId(***)")
    }
}

/// That a customer and a pseudonym are one person.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
pub struct Link {
    /// The customer.
    pub customer: CustomerId,
    /// The pseudonym at this service.
    pub person: String,
    /// Since when.
    pub since: Timestamp,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link(since {}, ***)", self.since)
    }
}

/// A change, made whole or not at all.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Change {
    /// Neither of the two has a link: they get this one.
    Link(Link),
    /// The one before is exactly this, and the new person has none: it is replaced.
    Replace {
        /// As it must stand.
        before: Link,
        /// Of the same customer.
        link: Link,
    },
    /// It is exactly this: it goes.
    Unlink(Link),
}

/// What became of a change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Committed {
    /// It was made.
    Done,
    /// The store was not as the change says; nothing was done.
    Conflict,
}

/// The service's store. In SQL: one table with a unique index on the customer and a unique index on the pseudonym; [`Links::commit`] is
/// one statement (`INSERT`, or `UPDATE`/`DELETE` with the old values in its `WHERE`), and a violated index or no row is a conflict.
#[async_trait]
pub trait Links: Send + Sync {
    /// The link of a customer.
    async fn by_customer(&self, customer: &CustomerId) -> Result<Option<Link>, StoreFault>;
    /// The link of a pseudonym.
    async fn by_person(&self, person: &str) -> Result<Option<Link>, StoreFault>;
    /// Makes a change in one step.
    async fn commit(&self, change: Change) -> Result<Committed, StoreFault>;
}

/// Links in this process.
#[derive(Debug, Default)]
pub struct MemoryLinks(Mutex<Vec<Link>>);

#[async_trait]
impl Links for MemoryLinks {
    async fn by_customer(&self, customer: &CustomerId) -> Result<Option<Link>, StoreFault> {
        let links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(links.iter().find(|link| link.customer == *customer).cloned())
    }

    async fn by_person(&self, person: &str) -> Result<Option<Link>, StoreFault> {
        let links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(links.iter().find(|link| link.person == person).cloned())
    }

    async fn commit(&self, change: Change) -> Result<Committed, StoreFault> {
        let mut links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (gone, new) = match change {
            Change::Link(link) => (None, Some(link)),
            Change::Replace { before, link } => (Some(before), Some(link)),
            Change::Unlink(link) => (Some(link), None),
        };
        if gone.as_ref().is_some_and(|gone| !links.contains(gone)) {
            return Ok(Committed::Conflict);
        }
        let rest = links.iter().filter(|link| Some(*link) != gone.as_ref()).cloned();
        let mut rest: Vec<Link> = rest.collect();
        if let Some(new) = new {
            if rest
                .iter()
                .any(|link| link.customer == new.customer || link.person == new.person)
            {
                return Ok(Committed::Conflict);
            }
            rest.push(new);
        }
        *links = rest;
        Ok(Committed::Done)
    }
}
