//! Which lists speak about the certificate of a session.

use domain::{AccountId, Credential, SealedPoints, Session};

use crate::vault::{Vault, VaultFault};

/// Which lists speak about a certificate that was good before.
///
/// No `Debug`: of a card, its distribution points name the municipality that issued it.
pub struct Covered {
    pub(super) issuer_key_hash: String,
    /// Its distribution points; none where the session does not know them.
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
            issuer_key_hash: credential.issuer_key_hash.clone(),
            points: points.map(open).transpose()?,
        })
    }
}
