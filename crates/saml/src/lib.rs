//! SAML 2.0, the identity provider's side: Web Browser SSO, Single Logout, artifact resolution, attribute queries.
//!
//! **Owns** the elements of the protocol ([`elements`]), the bindings ([`binding`]), the rules that an
//! `AuthnRequest` must pass (`rules/authn_request/`, one file per rule, in the order of [`check`]) and those of messages
//! by SOAP (`rules/back_channel/`, in the order of `back_channel.rs`), what attributes are called ([`release`]), the
//! composition of replies ([`reply`]) and of metadata ([`metadata`]).
//!
//! A request walks `binding` → [`Incoming::issuer`] (unchecked, good for a look-up and nothing else) → the caller
//! finds [`ServiceFacts`] → [`check_authn_request`] → [`Checked`]`<`[`SignInRequest`]`>`. A reply walks
//! [`reply::AssertionDraft`] → signature → [`reply::SignedAssertion`] → [`reply::ResponseDraft`] → [`reply::Response`].
//!
//! **Deliberately absent**: the registry (its record becomes [`ServiceFacts`]), sessions, policy, private keys and
//! signers (signing is two-phase), clocks and chance (arguments), HTTP, and everything of `oidc`.
//!
//! **Neighbours**: `xml` below; `idp-server`, `sp-sdk` and `federation` above.
//!
//! **One more rule**: a file in `rules/authn_request/` named as a sentence with its citation and its two tables, its
//! row in `check.rs`, its variant in [`Reason`] with the answer that it gets.

mod back_channel;
pub mod binding;
mod check;
mod check_logout;
pub mod elements;
mod encryption;
pub mod explain;
mod facts;
pub mod metadata;
mod names;
mod reason;
pub mod release;
pub mod reply;
mod rules;
mod service_side;
mod trace;
mod unsolicited;

pub use back_channel::{
    BackChannelRefused, Qualifiers, Query, Resolve, check_artifact_resolve, check_attribute_query,
};
pub use binding::{Incoming, IncomingLogout};
pub use check::{Checked, Refused, SignInRequest, check_authn_request};
pub use check_logout::{
    LogoutRefused, LogoutReplyTo, SignOutAnswer, SignOutRequest, check_logout_request, check_logout_response,
};
pub use facts::{IdpFacts, ServiceFacts};
pub use reason::{Answer, Reason};
pub use reply::ReplyTo;
pub use service_side::{HeardLogout, hear_logout};
pub use trace::{Trace, TraceRow, Verdict};
pub use unsolicited::begin_unsolicited;

#[cfg(test)]
mod samples;
