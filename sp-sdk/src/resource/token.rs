//! The claims of an access token (RFC 9068 section 4).

use domain::Timestamp;
use jose::Algorithm;
use oidc::access_token::{AccessTokenClaims, Limits, MAX_BYTES};

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

/// Whether it has the form of the platform's opaque tokens: 256 bits in base64url, and behind a point the limits where it has any.
pub(super) fn is_opaque(token: &str) -> bool {
    let secret = token.split('.').next().unwrap_or_default();
    token.len() <= MAX_BYTES
        && secret.len() == 43
        && jose::decode_base64url(secret).is_some_and(|octets| octets.len() == 32)
        && Limits::read(token).is_some()
}

/// `x5t#S256` (RFC 8705 section 3.1).
pub(super) fn thumbprint(certificate: &[u8]) -> String {
    jose::encode_base64url(jose::digest::sha256(certificate))
}
