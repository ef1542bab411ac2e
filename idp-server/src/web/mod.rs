//! Everything that speaks HTTP to people and services.
//!
//! **Owns** handlers (parse, call, render), cookies, headers, and the mapping of refusals and faults to answers (`error.rs`).
//! `routes.rs` is the table of every endpoint.
//!
//! **Deliberately absent**: rules and decisions. A handler that decides something is in the wrong room.
//!
//! **One more endpoint**: a handler in its room, its row in `routes.rs`, its row in the access table of the tests.

pub mod account;
pub mod begin_limit;
pub mod context;
pub mod cookies;
pub mod device;
pub mod enrolment;
pub mod error;
pub mod exchanges;
pub mod headers;
pub mod home;
pub mod login;
pub mod logout;
pub mod oidc;
pub mod operator;
mod preference;
pub mod routes;
pub mod saml;
pub mod soap_limit;
pub mod terminal;
pub mod verifier;
