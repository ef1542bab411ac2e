//! The elements of the protocol as values, read strictly: what the schema does not have is refused.
//!
//! **Owns** reading of `samlp:AuthnRequest`, `samlp:LogoutRequest`, `samlp:LogoutResponse`, `samlp:ArtifactResolve` and `samlp:AttributeQuery`, the XML Schema datatypes in them, status codes, message identifiers.
//!
//! **Deliberately absent**: judgement (that is `rules/`), writing of replies (that is `reply/`).
//!
//! **One more element**: its own file, a `read` from [`xml::Element`], and a canonical sample in its tests.

mod authn_request;
mod back_channel;
mod datatypes;
mod logout;
mod message_id;
mod status;

pub use authn_request::{AuthnRequest, Comparison, NameIdPolicy, RequestedAuthnContext};
pub use back_channel::{ArtifactResolve, AttributeQuery, RequestHead};
pub use logout::{LogoutRequest, LogoutResponse, NamedPrincipal, Principal};
pub use message_id::MessageId;
pub use status::{SecondStatus, Status, TopStatus};

pub(crate) use authn_request::read_issuer;
pub(crate) use datatypes::{any_uri, boolean, date_time, nc_name, unsigned_short};
