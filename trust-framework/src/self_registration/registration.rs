//! What is kept of a registration that a client made itself, beside the service's own record.

use domain::{Localized, Service, Timestamp, TokenHash};
use oidc::RegistrationTerms;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{Record, StoreFault};

/// The register's record, under the service's id.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ClientRegistration {
    /// Hash of the token by which it is read, changed and deleted (RFC 7592 section 3).
    pub token: TokenHash,
    /// The initial access token on whose word it was made, by its name.
    pub by: String,
    /// Who answers for it.
    pub organisation: Localized,
    /// What it may be: as it was when it registered.
    pub terms: RegistrationTerms,
    /// What the client said of itself that no rule uses.
    pub informative: Map<String, Value>,
    /// When.
    pub registered_at: Timestamp,
}

impl ClientRegistration {
    /// Reads a record.
    ///
    /// # Errors
    /// It is not what we write.
    pub fn of(record: &Record) -> Result<Self, StoreFault> {
        serde_json::from_str(&record.value).map_err(|why| StoreFault::Corrupt(why.to_string()))
    }
}

/// A client that showed the token of its registration.
#[derive(Clone, Debug)]
pub struct Known {
    pub(crate) record: Record,
    /// The service.
    pub service: Service,
    /// Its registration.
    pub registration: ClientRegistration,
}
