//! Adapter of the J-LIS ports over HTTP: OCSP as RFC 6960 has it, and a small documented JSON form for all else.
//!
//! **Owns** the form, which is ours and not J-LIS's (all bodies JSON unless said otherwise):
//!
//! ```text
//! a certificate: {"ca_kind":"user-authentication","issuer_key_hash":"<64 hex>","serial":"<hex, whole bytes, no leading 00>"}
//!
//! POST /v1/predecessor   a certificate → {"predecessor":null} or {"predecessor":a certificate}
//! POST /v1/links         a certificate → {"links":[{"kind":"predecessor|successor|signing|authentication|phone|card", …a certificate}]}
//! ```
//!
//! The serial number travels in the body, since addresses end up in logs. Anything else than exactly one of the
//! documented answers is [`jlis::Unavailable`], never "no predecessor": another status (redirects among them), another
//! content type, unknown or missing members, impossible links, too many bytes, too much time.
//!
//! **Deliberately absent**: retries (the person's next attempt is one), redirects, proxies, connection reuse.
//!
//! **Neighbours**: `jlis` is the port; `sim` has the other end.
//!
//! **One more question**: as the port's docs say; its form above.

mod line;
mod links;
mod name;

pub use line::{ClientReason, Limits};
pub use links::HttpLinkSource;
