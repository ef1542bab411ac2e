//! Public vectors: what others say a path validation must accept and refuse.
//!
//! `pkits` (NIST PKITS 1.0.1), `limbo` (C2SP x509-limbo with `BetterTLS`), `wycheproof` (signatures), `jose` (Wycheproof's JWS and JWK files). Each suite has its list
//! of exceptions in `exceptions/`: a case that deviates without being listed fails, and so does a listed case that does not
//! deviate any more, or deviates otherwise.
//!
//! The vectors lie outside the repository, in `../shared/vectors` beside it; `GAP_VECTORS` names another folder. Where they are absent
//! the suites say so loudly, and fail where `CI` is set.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot do its work must fail at once and loudly"
)]

mod host;
mod jose;
mod limbo;
mod pkits;
mod suite;
mod wycheproof;
