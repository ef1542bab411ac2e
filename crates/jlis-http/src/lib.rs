//! Adapter of the J-LIS port: a small documented HTTP and JSON form, as the simulator speaks it.
//!
//! **Owns** the form, which is ours and not J-LIS's:
//!
//! ```text
//! POST /v1/predecessor
//! content-type: application/json
//!
//! {"ca_kind":"user-authentication","issuer_key_hash":"<64 hex>","serial":"<hex, whole bytes, no leading 00>"}
//!
//! 200, content-type: application/json, at most 4096 bytes
//! {"predecessor":null}
//! {"predecessor":{"ca_kind":…,"issuer_key_hash":…,"serial":…}}
//! ```
//!
//! The serial number travels in the body, since addresses end up in logs. Anything else than exactly one of the two answers
//! is [`jlis::Unavailable`], never "no predecessor": another status, another content type, unknown or missing
//! members, a link to the certificate itself or to another authority's, too many bytes, too much time.
//!
//! **Deliberately absent**: retries (the person's next attempt is one), redirects, proxies, caches, connection reuse.
//!
//! **Neighbours**: `jlis` is the port; `sim` has the other end.
//!
//! **One more question**: as the port's docs say; its form above.

mod client;
mod wire;

pub use client::{ClientReason, HttpLinkSource, Limits};
