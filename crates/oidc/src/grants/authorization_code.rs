//! `authorization_code` (RFC 6749 section 4.1.3, RFC 7636 section 4.6, RFC 9700 section 2.1.1).

use domain::{AuthorizationGrant, GrantTerms, SecurityProfile, Timestamp};

use super::Approved;
use crate::dpop::DpopFault;
use crate::{AuthenticatedClient, CodeRequest, ProviderFacts, Reason, Sender};

/// A code that was asked for with `dpop_jkt` is redeemed with that key alone (RFC 9449 section 10): so it is worth nothing to whoever
/// gets hold of code and verifier.
pub fn check_key(terms: &GrantTerms, sender: Sender<'_>) -> Result<(), Reason> {
    if terms.dpop_jkt.is_some() && terms.dpop_jkt.as_deref() != sender.jkt {
        Err(Reason::Dpop(DpopFault::KeyDiffers))
    } else {
        Ok(())
    }
}

/// How long a code for a client of this profile lives, in seconds: as configured, and by FAPI 2.0 Security Profile section 5.3.2.1 a minute at
/// most.
pub fn lifetime_seconds(profile: SecurityProfile, provider: &ProviderFacts) -> i64 {
    match profile {
        SecurityProfile::Fapi2 => provider.code_lifetime_seconds.min(60),
        SecurityProfile::Standard => provider.code_lifetime_seconds,
    }
}

/// Checks the grant that was found by the hash of `request.code`.
pub fn approve<'a>(
    grant: &'a AuthorizationGrant,
    request: &CodeRequest<'_>,
    client: &'a AuthenticatedClient,
    now: Timestamp,
) -> Result<Approved<'a>, Reason> {
    if crate::OpaqueSecret::hash_of(request.code) != grant.code {
        return Err(Reason::CodeUnknown);
    }
    if grant.service != *client.service() {
        return Err(Reason::CodeOfAnotherClient);
    }
    // What stands behind a device's code has no address and no challenge to hold this request against.
    if super::device_code::is_of_a_device(grant) {
        return Err(Reason::CodeUnknown);
    }
    if grant.revoked_at.is_some() {
        return Err(Reason::GrantRevoked);
    }
    if now >= grant.expires_at {
        return Err(Reason::CodeExpired);
    }
    if grant.redirect_uri.as_bytes() != request.redirect_uri.as_bytes() {
        return Err(Reason::RedirectUriDiffers);
    }
    check_verifier(request.code_verifier, &grant.code_challenge.0)?;
    Ok(Approved { grant, client })
}

/// `BASE64URL(SHA256(verifier)) == challenge`, in constant time.
fn check_verifier(verifier: &str, challenge: &str) -> Result<(), Reason> {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(unreserved) {
        return Err(Reason::ParameterMalformed("code_verifier"));
    }
    let made = jose::encode_base64url(jose::digest::sha256(verifier.as_bytes()));
    if jose::digest::same(made.as_bytes(), challenge.as_bytes()) {
        Ok(())
    } else {
        Err(Reason::VerifierWrong)
    }
}

#[cfg(test)]
mod tests;
