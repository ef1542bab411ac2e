//! ID tokens (OpenID Connect Core 1.0 section 2): claims and signing input. The signature is attached by the caller.

use domain::{AuthenticationMethod, IdTokenAlgorithm, PseudonymValue, ReleasedAttribute, Timestamp};
use jose::{Algorithm, Header, SigningInput};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::grants::Approved;
use crate::{PersonClaims, ProviderFacts};

/// Which claims beyond the pseudonym may be shown.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Release {
    /// `acr`, `ial`, `aal` and `revocation_certainty`.
    pub level: bool,
    /// `auth_time`.
    pub time: bool,
    /// `amr`.
    pub method: bool,
}

impl Release {
    /// From what the person agreed to.
    pub fn of(attributes: &[ReleasedAttribute]) -> Self {
        Self {
            level: attributes.contains(&ReleasedAttribute::AssuranceLevel),
            time: attributes.contains(&ReleasedAttribute::AuthenticationTime),
            method: attributes.contains(&ReleasedAttribute::AuthenticationMethod),
        }
    }
}

/// What an ID token is made of besides the grant.
#[derive(Clone, Copy, Debug)]
pub struct IdTokenFacts<'a> {
    /// The person's pseudonym in the client's sector.
    pub subject: &'a PseudonymValue,
    /// What may be shown. OpenID Connect Core 1.0 section 2 requires `auth_time` when the client asked for `max_age`.
    pub release: Release,
    /// How the person signed in.
    pub method: AuthenticationMethod,
    /// Those of the 基本4情報 that the request wants in the ID token itself (`claims`, section 5.5), and were agreed to.
    pub person: PersonClaims<'a>,
    /// For logout: the session as this client may know it.
    pub session: Option<&'a str>,
    /// The access token issued with it.
    pub access_token: &'a str,
    /// How it will be signed.
    pub algorithm: IdTokenAlgorithm,
    /// Whether a refresh token was exchanged: then the request's `nonce` is left out (section 12.2); `auth_time` stays that of the
    /// sign-in.
    pub refreshed: bool,
}

/// The claims.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
pub struct IdTokenClaims {
    /// Issuer.
    pub iss: String,
    /// Pairwise pseudonym.
    pub sub: String,
    /// `client_id`.
    pub aud: String,
    /// End, seconds since the epoch.
    pub exp: i64,
    /// Issued at, seconds since the epoch.
    pub iat: i64,
    /// When the card was used, seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// As in the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// Authentication context class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// Authentication methods (RFC 8176).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amr: Option<Vec<String>>,
    /// Binds the access token.
    pub at_hash: String,
    /// Session, for logout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Identity assurance level, a digit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ial: Option<String>,
    /// Authentication assurance level, a digit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aal: Option<String>,
    /// How it was found out that the certificate is not revoked: `crl` or `ocsp`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation_certainty: Option<String>,
    /// Claims about the person that the request wants here.
    #[serde(flatten)]
    pub person: Map<String, Value>,
}

impl std::fmt::Debug for IdTokenClaims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdTokenClaims")
            .field("aud", &self.aud)
            .finish_non_exhaustive()
    }
}

impl IdTokenClaims {
    /// Composes the claims for an approved grant.
    pub fn compose(
        approved: &Approved<'_>,
        facts: &IdTokenFacts<'_>,
        provider: &ProviderFacts,
        now: Timestamp,
    ) -> Self {
        let grant = approved.grant();
        let release = facts.release;
        let mut person = Map::new();
        facts.person.put_into(&mut person);
        let when = |shown: bool, value: String| shown.then_some(value);
        Self {
            iss: provider.issuer.clone(),
            sub: facts.subject.as_str().to_owned(),
            aud: approved.client().client_id().to_owned(),
            exp: now.plus_seconds(provider.id_token_lifetime_seconds).seconds(),
            iat: now.seconds(),
            auth_time: release.time.then(|| grant.authenticated_at.seconds()),
            nonce: grant.nonce.clone().filter(|_| !facts.refreshed),
            acr: when(release.level, grant.acr.clone()),
            amr: release.method.then(|| methods(facts.method)),
            at_hash: jose::digest::left_half(algorithm(facts.algorithm), facts.access_token),
            sid: facts.session.map(str::to_owned),
            ial: when(release.level, grant.level.ial.digit().to_owned()),
            aal: when(release.level, grant.level.aal.digit().to_owned()),
            revocation_certainty: when(release.level, grant.certainty.as_str().to_owned()),
            person,
        }
    }

    /// What is to be signed by the active key with this `kid`.
    pub fn signing_input(
        &self,
        id_token_algorithm: IdTokenAlgorithm,
        kid: &str,
    ) -> Result<SigningInput, serde_json::Error> {
        let header = Header {
            algorithm: algorithm(id_token_algorithm),
            kid: kid.to_owned(),
            typ: Some("JWT"),
        };
        Ok(SigningInput::new(&header, &serde_json::to_vec(self)?))
    }
}

/// The JWS algorithm of a client's setting.
pub(crate) const fn algorithm(setting: IdTokenAlgorithm) -> Algorithm {
    match setting {
        IdTokenAlgorithm::Es256 => Algorithm::Es256,
        IdTokenAlgorithm::Rs256 => Algorithm::Rs256,
        IdTokenAlgorithm::Ps256 => Algorithm::Ps256,
    }
}

/// RFC 8176 section 2, sorted.
fn methods(method: AuthenticationMethod) -> Vec<String> {
    let values: &[&str] = match method {
        // A key in the card's chip, a PIN to use it: proof of possession, two factors.
        AuthenticationMethod::CardTls | AuthenticationMethod::CardChallenge => &["hwk", "mfa", "pin", "sc"],
        // The card was there, and nobody was asked for anything: a smart card, no more.
        AuthenticationMethod::CardPinless => &["sc"],
    };
    values.iter().map(|value| (*value).to_owned()).collect()
}

#[cfg(test)]
mod tests;
