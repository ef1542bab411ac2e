//! Signed documents: `SignedData` of the Cryptographic Message Syntax (RFC 5652 section 5).
//!
//! **Owns** reading a message with bounds on everything, and the proof that a certificate's key signed a document
//! ([`VerifiedSigner`]).
//!
//! **Deliberately absent**: any judgement of the certificate (embedded ones are candidates, believed in nothing: the profile
//! is `jpki::signing`), time-stamp tokens and other unsigned attributes (skipped), embedded revocation lists
//! (skipped: the platform asks by itself), signing.
//!
//! **Strict where the standard is loose.** DER only: a message in indefinite-length form is refused with a reason that says what
//! to do. Signed attributes are demanded: a message without them can be made from one with them, whose attributes then
//! pass as the document (the two are signed in the same form; RFC 5652 tells them apart by nothing).
//! No attribute twice. Digest and signature algorithm must agree. SHA-2 only.
//!
//! **Neighbours**: `document_signature` has the schemes, and verifies bare signatures.
//!
//! **One more attribute**: its identifier and field in `attributes.rs`, its rows in `tests/cms/`.

mod algorithm;
mod attributes;
mod read;
mod reason;
mod verify;

pub use attributes::is_signed_attributes;
pub use read::{MAX_CMS_BYTES, MAX_CMS_CERTIFICATES, MAX_CMS_SIGNERS, SignedData, SignerId, SignerInfo};
pub use reason::Reason;
pub use verify::{Verified, VerifiedSigner};
