//! The port for what may be lost: a person starts over. But what was consumed never comes back.

use async_trait::async_trait;
use domain::Timestamp;

use crate::StoreFault;

/// What is kept. The spelling is the one in the database and in Redis key names.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum EphemeraKind {
    /// A protocol-neutral ask (`login::Transaction`).
    Transaction,
    /// One try at the certificate door.
    Attempt,
    /// Evidence or refusal on its way from the door to the front.
    Ticket,
    /// The chain of decisions of a refusal before any account was known.
    RefusalTrace,
    /// Counters of a rate limit.
    Rate,
    /// One try with a card in a device (`login::device::DeviceAttempt`).
    DeviceAttempt,
    /// The code of such a try, which a screen shows and a reader claims.
    DeviceCode,
    /// A card that a terminal presented, until it has answered.
    Presence,
    /// A consent document of 利用登録 that waits for its signature.
    EnrolmentDocument,
    /// A verifier's access token.
    VerifierToken,
    /// A logout on its way through the services that only the browser can reach.
    LogoutRun,
    /// A SAML response that waits behind an artifact, sealed.
    SamlArtifact,
    /// A pushed authorization request (RFC 9126), under the hash of its `request_uri`.
    PushedRequest,
    /// What was wrong with an exchange, under its reference, and the places of the rings that bound them.
    Exchange,
    /// A token with which a service asks what was wrong.
    ExchangeToken,
    /// What a device asked for (RFC 8628), under the hash of its device code.
    DeviceAuthorization,
    /// The code that such a device shows, under a keyed digest: leads to the one above.
    UserCode,
    /// How often such a device was told to slow down.
    DevicePace,
}

impl EphemeraKind {
    /// The spelling in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transaction => "transaction",
            Self::Attempt => "attempt",
            Self::Ticket => "ticket",
            Self::RefusalTrace => "refusal_trace",
            Self::Rate => "rate",
            Self::DeviceAttempt => "device_attempt",
            Self::DeviceCode => "device_code",
            Self::Presence => "presence",
            Self::EnrolmentDocument => "enrolment_document",
            Self::VerifierToken => "verifier_token",
            Self::LogoutRun => "logout_run",
            Self::SamlArtifact => "saml_artifact",
            Self::PushedRequest => "pushed_request",
            Self::Exchange => "exchange",
            Self::ExchangeToken => "exchange_token",
            Self::DeviceAuthorization => "device_authorization",
            Self::UserCode => "user_code",
            Self::DevicePace => "device_pace",
        }
    }
}

/// Where a value is kept: kind and name. Secrets are hashed before they become names.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct EphemeraKey {
    /// What.
    pub kind: EphemeraKind,
    /// Under which name.
    pub name: String,
}

impl EphemeraKey {
    /// A key.
    pub fn new(kind: EphemeraKind, name: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
        }
    }
}

/// What `consume` found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Consumed {
    /// The first one to consume it; the value.
    First(Vec<u8>),
    /// Somebody consumed it before.
    Again,
    /// Never put, expired, or lost.
    Unknown,
}

/// What may be lost but never un-consumed. Times are the application's.
#[async_trait]
pub trait Ephemera: Send + Sync {
    /// Keeps a value until `expires_at`, in place of an earlier one. A consumed key stays consumed.
    async fn put(
        &self,
        key: &EphemeraKey,
        value: Vec<u8>,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreFault>;

    /// The value, unless expired or consumed.
    async fn get(&self, key: &EphemeraKey, now: Timestamp) -> Result<Option<Vec<u8>>, StoreFault>;

    /// Takes the value; of any number of callers exactly one gets [`Consumed::First`]. A tombstone answers
    /// [`Consumed::Again`] until `tombstone_until`, which the caller sets past the life of what it issues.
    async fn consume(
        &self,
        key: &EphemeraKey,
        now: Timestamp,
        tombstone_until: Timestamp,
    ) -> Result<Consumed, StoreFault>;

    /// Removes a value; a tombstone stays.
    async fn remove(&self, key: &EphemeraKey) -> Result<(), StoreFault>;

    /// Adds one to a counter whose window began at its first count; answers the count within the window.
    async fn count(&self, key: &EphemeraKey, now: Timestamp, window_seconds: u32) -> Result<u64, StoreFault>;

    /// Drops everything that expired; answers how many entries went.
    async fn purge(&self, now: Timestamp) -> Result<u64, StoreFault>;

    /// How many entries are held, tombstones and counters included.
    async fn held(&self) -> Result<u64, StoreFault>;
}
