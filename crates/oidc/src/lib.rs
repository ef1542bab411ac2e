//! OpenID Connect, the provider's side: bytes and facts in, verdict out.
//!
//! **Owns** the authorization request and its rules ([`check`], [`rules`]), the answers ([`ReturnAddress`]), the token
//! endpoint ([`UncheckedTokenRequest`], [`client_authentication`], [`grants`]), ID tokens, bearer tokens and user information,
//! the discovery document, RP-initiated logout, and what a client's registration may say ([`ClientFacts`]).
//!
//! **Deliberately absent**: storage (whether a code, a `jti` or a token was seen is the caller's unique insert), clock and
//! randomness (`now` and entropy are arguments), HTTP, private keys (ID tokens come out as `jose::SigningInput`), the registry
//! (facts arrive as [`ClientFacts`]), SAML, the implicit and hybrid flows, request objects, dynamic registration.
//!
//! **Neighbours**: `jose` below; `idp-server` calls from above; `login` decides who signs in and never sees these types.
//!
//! **One more rule**: a file in `rules/authorization_request/` named as a sentence, with its citation and two tables (accepts,
//! refuses), and its row in `check.rs`. **One more grant**: a file in `grants/` that returns its own proof.

mod authorization;
pub mod bearer;
mod check;
pub mod client_authentication;
pub mod discovery;
mod facts;
pub mod grants;
mod hint;
mod id_token;
mod logout;
mod logout_notice;
mod parameters;
mod person;
mod reason;
mod registration;
mod reply;
mod response;
pub mod rules;
mod secret;
mod token;
mod token_response;
mod trace;
mod userinfo;

#[cfg(test)]
mod sample;

pub use authorization::{AuthorizationRequest, Prompt, ResponseMode, UncheckedAuthorizationRequest};
pub use check::{Ask, Checked, Examined, RULES, Rule, check};
pub use client_authentication::{
    AuthenticatedClient, SpentAssertion, authenticate, authenticate_by_assertion,
};
pub use facts::{AssertionAudience, ClientFacts, ClientMethod, ProviderFacts};
pub use hint::{Hint, VerifiedHint};
pub use id_token::{IdTokenClaims, IdTokenFacts, Release};
pub use logout::{LogoutRequest, LogoutReturn, UncheckedLogoutRequest};
pub use logout_notice::{LogoutToken, LogoutVerdict, frontchannel_address, verdict_of_status};
pub use person::{FlaggedText, PersonClaims, attribute_of_scope, birthdate, gender};
pub use reason::{Answer, ErrorCode, Reason};
pub use registration::RegistrationFault;
pub use reply::Reply;
pub use response::{AuthorizationResponse, ReturnAddress};
pub use secret::OpaqueSecret;
pub use token::{CodeRequest, GrantRequest, UncheckedTokenRequest};
pub use token_response::TokenResponse;
pub use trace::{Trace, TraceLine, Verdict};
pub use userinfo::UserInfo;
