//! Which lists speak about the certificate of a session, or of an enrolment.

use domain::{AccountId, Credential, SealedPoints, Session};
use jpki::CaKind;

use crate::vault::{Vault, VaultFault};

/// Which lists speak about a certificate that was good before.
///
/// No `Debug`: of a card, its distribution points name the municipality that issued it.
pub struct Covered {
    pub(super) kind: CaKind,
    pub(super) issuer_key_hash: String,
    /// Its distribution points; none where it is not known which they are.
    pub(super) points: Option<Vec<Vec<u8>>>,
}

impl Covered {
    /// Opens what the session keeps of it.
    pub fn of(vault: &Vault, session: &Session, credential: &Credential) -> Result<Self, VaultFault> {
        Self::sealed(vault, session.points.as_ref(), &session.account, credential)
    }

    /// Opens what was kept of it, sealed to the account.
    pub fn sealed(
        vault: &Vault,
        points: Option<&SealedPoints>,
        account: &AccountId,
        credential: &Credential,
    ) -> Result<Self, VaultFault> {
        let open = |points| vault.open_points(points, account.as_str());
        Ok(Self {
            kind: CaKind::UserAuthentication,
            issuer_key_hash: credential.issuer_key_hash.clone(),
            points: points.map(open).transpose()?,
        })
    }

    /// Opens what an enrolment keeps of the 署名用 certificate that signed it.
    pub fn of_signing(
        vault: &Vault,
        points: Option<&SealedPoints>,
        account: &AccountId,
        issuer_key_hash: &str,
    ) -> Result<Self, VaultFault> {
        let open = |points| vault.open_points(points, &owner(account));
        Ok(Self {
            kind: CaKind::DigitalSignature,
            issuer_key_hash: issuer_key_hash.to_owned(),
            points: points.map(open).transpose()?,
        })
    }
}

/// Seals the distribution points of a 署名用 certificate to the account that enrolled with it.
pub fn seal_signing_points(
    vault: &Vault,
    points: &[Vec<u8>],
    account: &AccountId,
) -> Result<Option<SealedPoints>, VaultFault> {
    vault.seal_points(points, &owner(account))
}

/// The same of an account that became another.
pub fn signing_points_of_survivor(
    vault: &Vault,
    points: Option<&SealedPoints>,
    of: &AccountId,
    survivor: &AccountId,
) -> Result<Option<SealedPoints>, VaultFault> {
    match points {
        None => Ok(None),
        Some(points) => {
            let points = vault.open_points(points, &owner(of))?;
            seal_signing_points(vault, &points, survivor)
        }
    }
}

/// Apart from what sessions seal to the same account.
fn owner(account: &AccountId) -> String {
    format!("enrolment:{}", account.as_str())
}
