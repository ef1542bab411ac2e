//! Words: what the platform talks about, as plain values.
//!
//! **Owns** identifiers, levels of assurance, accounts, credentials, sessions, consents, grants,
//! registry records of services, and the two ports to the ambient world: [`Clock`] and [`Entropy`].
//!
//! **Deliberately absent**: I/O, protocols (no SAML, no OAuth parsing), cryptography, async.
//! Protocol settings of a service are recorded here because the registry record is one value,
//! but nothing here knows what they mean on the wire.
//!
//! **Neighbours**: every room imports this one; it imports only serde and time types.
//!
//! **One more word**: a module named by the noun, ids through `id::opaque_id!`, life cycles as enums
//! whose transitions are functions that can refuse.

mod account;
mod assurance;
mod client_certificate;
mod consent;
mod credential;
mod entropy;
mod fact;
mod grant;
mod id;
mod language;
mod level;
mod registry;
mod session;
mod time;

pub use account::{Account, AccountState, Closing, ClosingReason, Pseudonym};
pub use assurance::{Assurance, Recency};
pub use client_certificate::{RegisteredCertificate, TlsClientAuthName};
pub use consent::Consent;
pub use credential::{
    CardKind, CertificateDigest, Credential, CredentialState, RevocationReason, SealedSerial,
};
pub use entropy::Entropy;
pub use fact::{Fact, FactValue};
pub use grant::{AccessToken, AuthorizationGrant, CodeChallenge, GrantTerms, RefreshFamily, TokenHash};
pub use id::{
    AccountId, AttemptId, CredentialId, GrantId, IdError, PseudonymValue, Reference, SectorId, ServiceId,
    SessionId, TransactionId,
};
pub use language::{Language, Localized};
pub use level::{Aal, AssuranceLevel, Fal, Ial, LevelError};
pub use registry::{
    AcsBinding, AcsEndpoint, AttributeConsumingService, ClientAlgorithm, ClientAuthentication,
    ClientDocuments, FetchedMetadata, IdTokenAlgorithm, METADATA_CLOCK_SKEW_SECONDS, NameIdFormat,
    OidcLogout, OidcSettings, ProtocolSettings, RefreshPermission, ReleasedAttribute, RequestSettings,
    RequestedAttribute, RequiredProperties, SamlBinding, SamlSettings, SecurityProfile, Service, ServiceKind,
    ServiceState, SloBinding, SloEndpoint, StateTransitionError, SubjectIdRequirement, TokenSettings,
    metadata_has_ended,
};
pub use session::{
    AuthenticationMethod, RevocationCertainty, RevocationGeneration, SealedPoints, Session, SessionState,
};
pub use time::{Clock, Timestamp, TimestampError};
