//! The register of approved verifiers: who may have signatures verified here, for which purposes, until when.
//!
//! **Owns** the record ([`Verifier`]), its file form ([`VerifierFile`]), and the acts on it ([`VerifierRegistrar`]), each one batch with its
//! audit event and effective with its commit: the interface reads the record at every request.
//!
//! **Deliberately absent**: what verifiers ask (`idp-server/src/web/verifier`), their keys' use, HTTP.
//!
//! **The law behind it.** A private business verifies signatures only with the minister's accreditation, which ends (公的個人認証法
//! Articles 17 and 36); what it learns may be used only for what it was accredited for (Article 52). So a record has an end and a closed
//! list of purposes, and 基本4情報 only where a purpose says so.
//!
//! **One more setting of a verifier**: a field in the record and the file with a default, its check in `file.rs`, its use in the handler.

mod file;
mod record;
mod registrar;

pub use file::VerifierFile;
pub use record::{Capability, MAX_CONSENT_YEARS, Purpose, Push, Standing, Verifier, VerifierState};
pub use registrar::VerifierRegistrar;
