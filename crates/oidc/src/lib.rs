//! OpenID Connect, the provider's side: bytes and facts in, verdict out.
//!
//! **Owns** the authorization request and its rules ([`check`], [`rules`]), the answers ([`ReturnAddress`]), the token
//! endpoint ([`UncheckedTokenRequest`], [`client_authentication`], [`grants`]), ID tokens, access tokens ([`access_token`], [`bearer`],
//! [`dpop`]) and user information,
//! the discovery document, RP-initiated logout, and what a client's registration may say ([`ClientFacts`]), also one that the client makes
//! itself ([`ClientMetadata`]).
//!
//! **Deliberately absent**: storage (whether a code, a `jti` or a token was seen is the caller's unique insert), clock and
//! randomness (`now` and entropy are arguments), HTTP, private keys (ID tokens come out as `jose::SigningInput`), the registry
//! (facts arrive as [`ClientFacts`]), SAML, the implicit and hybrid flows.
//!
//! **Neighbours**: `jose` below; `idp-server` calls from above; `login` decides who signs in and never sees these types.
//!
//! **One more rule**: a file in `rules/authorization_request/` named as a sentence, with its citation and two tables (accepts,
//! refuses), and its row in `check.rs`. **One more grant**: a file in `grants/` that returns its own proof.

// The discovery document is one macro call.
#![recursion_limit = "256"]

pub mod access_token;
mod authorization;
pub mod authorization_details;
pub mod bearer;
mod check;
mod claims;
pub mod client_authentication;
pub mod client_certificate;
mod client_metadata;
pub mod device_authorization;
pub mod discovery;
pub mod dpop;
pub mod explain;
mod facts;
pub mod grants;
mod hint;
mod id_token;
pub mod introspection;
mod logout;
mod logout_notice;
mod numeric_date;
mod parameters;
mod person;
pub mod protected_resource;
mod reason;
mod registration;
mod reply;
mod request_object;
mod response;
pub mod rules;
mod secret;
pub mod sender;
mod token;
mod token_response;
mod trace;
mod userinfo;

#[cfg(test)]
mod sample;

pub use authorization::{
    AuthorizationRequest, Carried, Envelope, MAX_PUSHED_BYTES, Prompt, ResponseMode,
    UncheckedAuthorizationRequest, Wanted,
};
pub use check::{Ask, Checked, Examined, RULES, Rule, check, return_address};
pub use claims::{RequestedAcr, RequestedClaims};
pub use client_authentication::{
    AuthenticatedClient, SpentAssertion, authenticate, authenticate_by_assertion, authenticate_on,
};
pub use client_metadata::{
    ClientMetadata, MAX_METADATA_BYTES, METADATA_RULES, MetadataAsk, MetadataFault, RegisteredMethod,
    RegistrationTerms, registered,
};
pub use facts::{
    AssertionAudience, ClientFacts, ClientMethod, MutualTlsFacts, ProviderFacts, RequestFacts, TokenFacts,
};
pub use hint::{Hint, VerifiedHint};
pub use id_token::{IdTokenClaims, IdTokenFacts, Release};
pub use logout::{LogoutRequest, LogoutReturn, UncheckedLogoutRequest};
pub use logout_notice::{LogoutToken, LogoutVerdict, frontchannel_address, verdict_of_status};
pub use person::{FlaggedText, PersonClaims, attribute_of_scope, birthdate, gender};
pub use reason::{Answer, ErrorCode, PLACES, Place, Reason};
pub use registration::{RegistrationFault, fetchable};
pub use reply::Reply;
pub use request_object::{Family, ObjectAsk, OpenedObject, SpentObject, open_request_object};
pub use response::{AuthorizationResponse, ReturnAddress};
pub use rules::client_metadata::replacement_names_itself as replacement;
pub use rules::client_metadata::sector_document_lists_every_redirect_uri as sector_document;
pub use rules::client_metadata::statement_is_by_an_approved_issuer as software_statement;
pub use rules::request_object::reference_is_registered::{Reference, read as registered_reference};
pub use secret::OpaqueSecret;
pub use sender::Sender;
pub use token::{
    CodeRequest, DeviceCodeRequest, GrantRequest, RefreshRequest, TokenFault, UncheckedTokenRequest,
};
pub use token_response::TokenResponse;
pub use trace::{Trace, TraceLine, Verdict};
pub use userinfo::UserInfo;
