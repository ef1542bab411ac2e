//! Adapter of the J-LIS ports over HTTP: OCSP as RFC 6960 has it, and a small documented JSON form for all else.
//!
//! **Owns** the form, which is ours and not J-LIS's (all bodies JSON unless said otherwise):
//!
//! ```text
//! a certificate: {"ca_kind":"user-authentication","issuer_key_hash":"<64 hex>","serial":"<hex, whole bytes, no leading 00>"}
//!
//! POST /v1/predecessor   a certificate → {"predecessor":null} or {"predecessor":a certificate}
//! POST /v1/links         a certificate → {"links":[{"kind":"predecessor|successor|signing|authentication|phone|card", …a certificate}]}
//! POST /v1/four-items    {"certificate":a certificate,"consent":"base64 of CMS SignedData"}
//!                        → {"status":"current","items":{"name","name_substitution","address","address_substitution","birth_date",
//!                           "sex"},"as_of":unix seconds} or {"status":"refused","reason":"…"}
//! GET  /v1/crl           → {"lists":[{"name":"auth-0001.crl","ca_kind":"user-authentication","bytes":N,"sha256":"<64 hex>"}]}
//! GET  /v1/crl/{name}    → application/pkix-crl, streamed
//! POST (configured path) application/ocsp-request → application/ocsp-response
//! ```
//!
//! The serial number travels in the body, since addresses end up in logs. Anything else than exactly one of the
//! documented answers is [`jlis::Unavailable`], never "no predecessor" or "good": another status (redirects among them),
//! another content type, unknown or missing members, impossible links, too many bytes, too much time.
//!
//! **Deliberately absent**: retries (the person's next attempt is one; a second OCSP responder is none), redirects, proxies,
//! connection reuse.
//!
//! **Neighbours**: `jlis` is the port; `sim` has the other end.
//!
//! **One more question**: as the port's docs say; its form above.

mod four_items;
mod line;
mod links;
mod lists;
mod name;
mod ocsp;
mod tls;

/// The readers of the documented answers by themselves, for whoever judges them with octets of their own (the fuzz targets).
pub mod answers {
    pub use crate::four_items::read as four_items;
    pub use crate::links::{read_links as links, read_predecessor as predecessor};
    pub use crate::lists::read_manifest as manifest;
}

pub use four_items::HttpFourItemsSource;
pub use line::{ClientReason, Limits};
pub use links::HttpLinkSource;
pub use lists::{HttpListSource, ListLimits};
pub use ocsp::{HttpStatusSource, OcspResponder, OcspSettings};
pub use tls::{ClientIdentity, pinned};
