//! OCSP (RFC 6960): questions about one certificate, and the pure verification of answers.
//!
//! **Owns** the bytes of a request ([`OcspRequest`]), the nonce (RFC 9654), the reading of responses with bounds on
//! everything, and [`verify`]: who signed, whether they may, which certificate they speak about, which question they answer,
//! and whether the dates let the answer count. The first check that fails is the [`OcspReason`], and
//! [`OcspReason::check`] says at which of the checks that was.
//!
//! **Decisions.**
//! - *Who may answer* (RFC 6960 section 4.2.2.2): the authority itself with the key that issued the certificate; a
//!   responder whose certificate that same key issued directly, with id-kp-OCSPSigning, valid now; a responder whose key the
//!   operator pinned. JPKI's generations share one name, so the *key* decides; [`Generations::AnyOfTheName`] accepts the
//!   other pinned generations of the same name too, which the RFC does not forbid but "strongly discourages".
//! - *A responder's own revocation* (section 4.2.2.2.1): its certificate must carry id-pkix-ocsp-nocheck, or live so
//!   shortly that asking about it would be pointless ([`NoCheckRule`]); we never ask a second responder about the first. A
//!   stolen responder key is distrusted by its hash ([`OcspPolicy::distrusted_keys`]).
//! - *anyExtendedKeyUsage* authorises nobody; neither does a responder certificate that is an authority's.
//! - SHA-1 names issuers in a CertID where responders know only that. It is a name there, and no signature with it is accepted.
//! - The "extended revoked" answer for a certificate that was never issued (section 2.2) reads as [`OcspStatus::Unknown`]: a
//!   revocation is final, and a responder that lags behind issuing must not make it so.
//!
//! **Deliberately absent**: sending anything (that is an adapter's), signed requests and requestorName (nobody is known to
//! ask for them), many certificates in one question, caches.
//!
//! **Neighbours**: `jlis` is the port that carries answers to sign-ins; its adapter brings the bytes.
//!
//! **One more extension**: its OID in `response.rs`, so that it may be critical; its reading beside `links.rs`.

mod links;
mod policy;
mod reason;
mod request;
mod responder;
mod response;
mod verify;

pub use links::{LinkAuthority, LinkKind, MAX_LINKS, OcspLink};
pub use policy::{Generations, NoCheckRule, NonceRule, OcspPolicy};
pub use reason::{CertIdField, OcspCheck, OcspReason, OcspStage, ResponderDefect, ResponseStatus};
pub use request::{CertIdHash, MAX_NONCE_BYTES, OcspRequest};
pub use verify::{Authorisation, NonceVerdict, OcspAnswer, OcspStatus, verify};
