//! Access tokens: opaque ones for our own user information, signed ones (RFC 9068) for registered resources.
//!
//! An opaque token is a secret of 256 bits; one that is limited carries its limits in clear behind it:
//! `<secret>.<base64url of the limits>`. It is known by the hash of the whole text, so the limits can neither be changed nor left out,
//! and need no place of their own in the store.

use domain::{AuthorizationGrant, Entropy, IdTokenAlgorithm, PseudonymValue, Timestamp, TokenHash};
use jose::{Algorithm, Header, JwkSet, SigningInput, Verification};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::id_token::algorithm;
use crate::{OpaqueSecret, ProviderFacts, Reason, Release, Sender};

/// The longest access token that is looked at, in bytes.
pub const MAX_BYTES: usize = 8 * 1024;

/// What limits a token (RFC 7800 `cnf`, and `scope`).
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Thumbprint of the DPoP key that must show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jkt: Option<String>,
    /// Thumbprint of the TLS certificate that must show it.
    #[serde(default, rename = "x5t#S256", skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// A narrower scope than the grant's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

impl Limits {
    /// Bound to what the sender of the token request proved.
    pub fn of(sender: Sender<'_>, scope: Option<&str>) -> Self {
        Self {
            jkt: sender.jkt.map(str::to_owned),
            certificate: sender.certificate.map(str::to_owned),
            scope: scope.map(str::to_owned),
        }
    }

    /// Reads the limits of an opaque token that somebody shows. They count only once the token's hash was found.
    pub fn read(token: &str) -> Option<Self> {
        match token.split_once('.') {
            None => Some(Self::default()),
            Some((_, limits)) => {
                let text = jose::decode_base64url(limits)?;
                serde_json::from_slice(&text).ok()
            }
        }
    }

    /// Whether the sender of a request may show the token, as far as its DPoP key goes (RFC 9449 section 7).
    pub fn admit_key(&self, sender: Sender<'_>) -> bool {
        self.jkt.is_none() || self.jkt.as_deref() == sender.jkt
    }

    /// The same as far as the certificate of its connection goes (RFC 8705 section 3): the very one, whatever is thought of it otherwise.
    pub fn admit_certificate(&self, sender: Sender<'_>) -> bool {
        self.certificate.is_none() || self.certificate.as_deref() == sender.certificate
    }

    /// `token_type` (RFC 9449 section 5, RFC 6750).
    pub const fn token_type(&self) -> &'static str {
        if self.jkt.is_some() { "DPoP" } else { "Bearer" }
    }
}

/// An access token on its way to the client. Never printed; cleared when dropped.
pub struct AccessTokenText(Zeroizing<String>);

impl std::fmt::Debug for AccessTokenText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccessTokenText(***)")
    }
}

impl AccessTokenText {
    /// An opaque one, for our own user information.
    pub fn opaque(limits: &Limits, entropy: &dyn Entropy) -> Self {
        let secret = OpaqueSecret::generate(entropy);
        if *limits == Limits::default() {
            return Self(Zeroizing::new(secret.reveal().to_owned()));
        }
        let limits = serde_json::to_vec(limits).unwrap_or_default();
        Self(Zeroizing::new(format!(
            "{}.{}",
            secret.reveal(),
            jose::encode_base64url(limits)
        )))
    }

    /// A signed one.
    pub fn signed(jws: String) -> Self {
        Self(Zeroizing::new(jws))
    }

    /// The text that goes to the client, once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What we keep of it.
    pub fn hash(&self) -> TokenHash {
        OpaqueSecret::hash_of(&self.0)
    }
}

/// `cnf` (RFC 7800 section 3.1, RFC 9449 section 6.1, RFC 8705 section 3.1).
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Confirmation {
    /// Thumbprint of the DPoP key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jkt: Option<String>,
    /// Thumbprint of the TLS certificate.
    #[serde(default, rename = "x5t#S256", skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
}

/// The claims of a signed access token (RFC 9068 section 2.2).
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
pub struct AccessTokenClaims {
    /// Issuer.
    pub iss: String,
    /// The person's pseudonym in the client's sector.
    pub sub: String,
    /// The one resource.
    pub aud: String,
    /// The client.
    pub client_id: String,
    /// End, seconds since the epoch.
    pub exp: i64,
    /// Issued at, seconds since the epoch.
    pub iat: i64,
    /// Names this token.
    pub jti: String,
    /// Granted scopes.
    pub scope: String,
    /// Level reached, where the person agreed to show it (RFC 9068 section 2.2.1, RFC 9470).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// When the card was used, where the person agreed to show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// What was agreed to beyond scopes (RFC 9396 section 9.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_details: Option<serde_json::Value>,
    /// To which key it is bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
}

impl std::fmt::Debug for AccessTokenClaims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessTokenClaims")
            .field("aud", &self.aud)
            .finish_non_exhaustive()
    }
}

/// What a signed access token is made of besides the grant.
#[derive(Clone, Copy, Debug)]
pub struct AccessTokenFacts<'a> {
    /// For which resource.
    pub resource: &'a str,
    /// The client.
    pub client_id: &'a str,
    /// The person's pseudonym in the client's sector.
    pub subject: &'a PseudonymValue,
    /// What may be shown.
    pub release: Release,
    /// Binding and narrower scope.
    pub limits: &'a Limits,
    /// `authorization_details` of the grant's terms.
    pub authorization_details: Option<&'a str>,
}

impl AccessTokenClaims {
    /// Composes the claims.
    pub fn compose(
        grant: &AuthorizationGrant,
        facts: &AccessTokenFacts<'_>,
        provider: &ProviderFacts,
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> Self {
        let id: [u8; 16] = entropy.array();
        let limits = facts.limits;
        let bound = limits.jkt.is_some() || limits.certificate.is_some();
        Self {
            iss: provider.issuer.clone(),
            sub: facts.subject.as_str().to_owned(),
            aud: facts.resource.to_owned(),
            client_id: facts.client_id.to_owned(),
            exp: now.plus_seconds(provider.access_token_lifetime_seconds).seconds(),
            iat: now.seconds(),
            jti: jose::encode_base64url(id),
            scope: limits.scope.clone().unwrap_or_else(|| grant.scope.clone()),
            acr: facts.release.level.then(|| grant.acr.clone()),
            auth_time: facts.release.time.then(|| grant.authenticated_at.seconds()),
            authorization_details: facts
                .authorization_details
                .and_then(|text| serde_json::from_str(text).ok()),
            cnf: bound.then(|| Confirmation {
                jkt: limits.jkt.clone(),
                certificate: limits.certificate.clone(),
            }),
        }
    }

    /// What is to be signed by the active key with this `kid`.
    pub fn signing_input(
        &self,
        setting: IdTokenAlgorithm,
        kid: &str,
    ) -> Result<SigningInput, serde_json::Error> {
        let header = Header {
            algorithm: algorithm(setting),
            kid: kid.to_owned(),
            typ: Some("at+jwt"),
        };
        Ok(SigningInput::new(&header, &serde_json::to_vec(self)?))
    }

    /// Reads a signed access token of ours that somebody shows. Times are not looked at: the store's row says when it ends.
    pub fn read(token: &str, ours: &JwkSet, provider: &ProviderFacts) -> Result<Self, Reason> {
        let accept = Verification {
            algorithms: &[Algorithm::Es256, Algorithm::Rs256, Algorithm::Ps256],
            types: &["at+jwt"],
            untyped: false,
            max_bytes: MAX_BYTES,
        };
        let verified = jose::verify(token, ours, &accept).map_err(|_| Reason::TokenUnknown)?;
        let claims: Self = serde_json::from_slice(verified.payload()).map_err(|_| Reason::TokenUnknown)?;
        if claims.iss == provider.issuer {
            Ok(claims)
        } else {
            Err(Reason::TokenUnknown)
        }
    }
}

#[cfg(test)]
mod tests;
