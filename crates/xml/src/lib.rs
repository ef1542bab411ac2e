//! The one XML reader, the canonical writer, and the SAML profile of XML signature and encryption.
//!
//! **Owns** the bounded reading of untrusted XML ([`Document`], [`Limits`]), writing that is canonical by
//! construction ([`NewElement`]), exclusive canonicalisation ([`canonicalise`]), enveloped signatures exactly as
//! SAML core section 5.4 allows them ([`dsig`]), documents too large for a tree ([`stream`]), and encryption to a recipient's key ([`enc`]).
//!
//! **Deliberately absent**: DTDs, entities, processing instructions, schemas, `XPath`, `XSLT`, any transform besides the
//! two of SAML, `getElementById` (a reference resolves to the element that carries the signature or to nothing),
//! network access, private keys (a signature is made elsewhere, between [`dsig::Draft::signing_input`] and
//! [`dsig::Draft::attach`]), decryption, SHA-1 signatures. What a SAML element means is the business of `saml`.
//!
//! **Neighbours**: `saml` and `federation` read and write through this room; nothing here knows them.
//!
//! **One more algorithm**: a variant in `dsig/algorithm.rs` with its URI, its row in the tables of
//! `tests/xmlsec1.rs`, and nothing else.

mod c14n;
mod document;
pub mod dsig;
pub mod enc;
mod escape;
mod limits;
mod prescan;
mod reason;
mod scope;
pub mod stream;
mod write;

pub use c14n::canonicalise;
pub use document::{Document, Element};
pub use limits::Limits;
pub use reason::{Construct, Reason};
pub use write::{Name, NewElement};

/// Standard base64 (RFC 4648 section 4) with the white space that XML Schema part 2 section 3.2.16 allows
/// inside `base64Binary`; padding is required.
pub fn decode_base64(text: &str) -> Result<Vec<u8>, Reason> {
    use base64::Engine as _;
    let plain: String = text
        .chars()
        .filter(|c| !matches!(c, ' ' | '\t' | '\r' | '\n'))
        .collect();
    base64::engine::general_purpose::STANDARD
        .decode(plain)
        .map_err(|_| Reason::NotBase64)
}

/// Standard base64 without line breaks.
pub fn encode_base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// SHA-256, for telling documents apart.
pub fn sha256(octets: &[u8]) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, octets);
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(digest.as_ref()) {
        *to = *from;
    }
    out
}
