//! The register of enrolments: one record per account.

use domain::{AccountId, CertificateDigest, Ial};
use store::RecordKind;

use crate::web::context::Context;
use crate::web::error::Problem;

/// Whose a signing certificate is, by an enrolment.
pub async fn account_of_signing_certificate(
    context: &Context,
    digests: &[&CertificateDigest],
) -> Result<Option<AccountId>, Problem> {
    let _ = (context, digests, RecordKind::Enrolment);
    Ok(None)
}

/// How the person behind an account was proofed.
pub async fn ial_of(context: &Context, account: &AccountId) -> Result<Ial, Problem> {
    let _ = (context, account);
    Ok(Ial::Zero)
}
