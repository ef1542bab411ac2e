//! The claims of an access token (RFC 9068 section 4).

use domain::Timestamp;
use jose::Algorithm;
use oidc::access_token::AccessTokenClaims;

use super::TokenReason;

/// How the platform signs them.
pub(super) const ALGORITHMS: [Algorithm; 3] = [Algorithm::Es256, Algorithm::Ps256, Algorithm::Rs256];

/// Who issued it, for whom, until when.
pub(super) fn check_claims(
    claims: &AccessTokenClaims,
    issuer: &str,
    resource: &str,
    now: Timestamp,
) -> Result<(), TokenReason> {
    if claims.iss != issuer {
        return Err(TokenReason::Unknown);
    }
    if claims.aud != resource {
        return Err(TokenReason::Audience);
    }
    if Timestamp::from_seconds(claims.exp) <= now {
        return Err(TokenReason::Expired);
    }
    Ok(())
}

/// `x5t#S256` (RFC 8705 section 3.1).
pub(super) fn thumbprint(certificate: &[u8]) -> String {
    jose::encode_base64url(jose::digest::sha256(certificate))
}
