//! The 署名用 certificate: whether it counts for a signature that was made at some moment.
//!
//! **Owns** the profile ([`examine`]: everything that does not depend on time), the judgement about a signature made at some
//! moment ([`Examined::judge`]), and both with 基本4情報 as one decision about enrolment ([`evaluate_signing`]).
//!
//! **Two steps**, because between them a responder may have to be asked: the status of a certificate is asked for only after a
//! pinned authority is proven to have signed it.
//!
//! **Time.** A signing time inside a message is a claim of whoever held the key. What is proven is only that the signature
//! existed when it was presented here. So a certificate that has ended or was revoked since the claimed time gives neither
//! "valid" nor "invalid" (ETSI EN 319 102-1 section 5.2.6 calls it no proof of existence), unless an earlier verification
//! here proves the moment. A revocation at or before the claimed time, or without any claim, is "invalid".
//!
//! **Deliberately absent**: the signature itself (`pki::cms`, `pki::verify_document`), how the status was found (`revocation`, `jlis`),
//! the latest items (`jlis`).
//!
//! **Neighbours**: enrolment and delegated verification.
//!
//! **One more rule**: its row in `profile.rs` or `judgement.rs`, a variant of [`SigningReason`], a row in
//! `tests/signing_judgement.rs`.

mod judgement;
mod profile;
mod signatory;

pub use judgement::{Judgement, Moment, Opinion, SigningStatus, StatusGap, judgement_rule_names};
pub use profile::{Examination, Examined, SigningProfile, SigningReason, examine, profile_rule_names};
pub use signatory::{Signatory, SigningEvaluation, evaluate_signing, signing_rule_names};
