//! Attacks on OpenID Connect and OAuth (RFC 9700 section 4; the FAPI 2.0 attacker model).

mod assertions;
mod certificates;
mod codes;
mod device_code;
mod disagreement;
mod forgeries;
mod injection;
mod logout;
mod objects;
mod proofs;
mod pushed;
pub(crate) mod redirects;
mod refresh;
mod registration;
mod signatures;
mod ssrf;
