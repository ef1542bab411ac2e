//! Attacks on OpenID Connect and OAuth (RFC 9700 section 4; the FAPI 2.0 attacker model).

mod certificates;
mod codes;
mod device_code;
mod objects;
mod redirects;
mod registration;
mod ssrf;
