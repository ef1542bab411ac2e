//! A resource server: an interface for programs that act for people, behind access tokens of the platform.
//!
//! **Owns** [`ResourceServer`]: reading the token of a request, its verification here (JWT access tokens, RFC 9068) or at the platform
//! (introspection, RFC 7662), its binding to the sender (`DPoP`, RFC 9449; a TLS certificate, RFC 8705 section 3), scopes, and the level
//! behind it (RFC 9470): what is missing is answered as a challenge that the client can act on ([`Challenge`]). And what the resource
//! says of itself (RFC 9728).
//!
//! **Deliberately absent**: HTTP; the TLS handshake in which a certificate is shown (its DER comes in).
//!
//! **One more condition**: a field of [`Wanted`], a variant of [`TokenReason`], a row in the tests.

mod challenge;
mod token;

use std::sync::Arc;

use domain::Timestamp;
use oidc::access_token::AccessTokenClaims;
use oidc::dpop::{Nonces, Proof, ProvenRequest};
use serde_json::{Value, json};

pub use challenge::{Challenge, TokenReason};

use crate::MachineEntropy;
use crate::guard::{Guard, Reached};
use crate::http::Outgoing;
use crate::key::ServiceKey;
use crate::oidc::{OidcReason, Provider};
use crate::one_use::{OneUse, Use};

/// A request as it came.
#[derive(Clone, Copy)]
pub struct TokenShown<'a> {
    /// HTTP method.
    pub method: &'a str,
    /// The request's address as the client wrote it, without query.
    pub address: &'a str,
    /// The raw query.
    pub query: Option<&'a str>,
    /// `Authorization`.
    pub authorization: Option<&'a str>,
    /// Every `DPoP` header.
    pub proofs: &'a [&'a str],
    /// The client's TLS certificate (DER), where the connection has one.
    pub certificate: Option<&'a [u8]>,
}

impl std::fmt::Debug for TokenShown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenShown({} {})", self.method, self.address)
    }
}

/// What a page of the interface wants of the token.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    scopes: &'a [&'a str],
    guard: Guard,
}

impl<'a> Wanted<'a> {
    /// Scopes, all of them, and the sign-in behind the token.
    ///
    /// # Errors
    /// [`WantedFault::NeverMet`]: make these where the service starts, and it is seen there.
    pub fn new(scopes: &'a [&'a str], guard: Guard) -> Result<Self, WantedFault> {
        // The best that a token can say: any name, and the card just now.
        let now = Timestamp::from_seconds(0);
        let can_be_met = policy::known_contexts().iter().any(|context| {
            let best = Reached::by_token(Some(context.name), Some(now.seconds()));
            guard.check(&best, now).is_ok()
        });
        if can_be_met {
            Ok(Self { scopes, guard })
        } else {
            Err(WantedFault::NeverMet(guard))
        }
    }

    /// The sign-in behind it.
    pub const fn guard(&self) -> Guard {
        self.guard
    }
}

/// Why nothing can be wanted so.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum WantedFault {
    /// An access token says `acr` and `auth_time` alone (RFC 9470 section 6), and nothing that those can say meets this guard: that the
    /// authority was asked about the card, for one. Everybody would be challenged for ever.
    NeverMet(Guard),
}

impl std::fmt::Display for WantedFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NeverMet(_) => {
                f.write_str("no access token can ever meet this guard: it says acr and auth_time alone")
            }
        }
    }
}

impl std::error::Error for WantedFault {}

/// Proof that a token counts for this request. Made by [`ResourceServer::admit`] alone.
#[derive(Clone, Debug)]
pub struct TokenHolder {
    claims: AccessTokenClaims,
}

impl TokenHolder {
    /// The person's pseudonym in the client's sector.
    pub fn subject(&self) -> &str {
        &self.claims.sub
    }

    /// The client that acts.
    pub fn client_id(&self) -> &str {
        &self.claims.client_id
    }

    /// All that the token says.
    pub fn claims(&self) -> &AccessTokenClaims {
        &self.claims
    }
}

/// How tokens are believed.
#[derive(Debug)]
pub enum Believed {
    /// By the platform's signature and until their end: a sign-out or a withdrawal in between is not seen.
    BySignature,
    /// The platform is asked each time, in the name of a client that is registered for this resource (`serves`). Only about what may be
    /// its own: a JWT is verified here first, and anything else must have the form of its opaque tokens.
    ByIntrospection {
        /// Its `client_id`.
        client_id: String,
        /// Its key.
        key: Box<ServiceKey>,
    },
}

/// A resource server.
pub struct ResourceServer {
    resource: String,
    provider: Arc<Provider>,
    believed: Believed,
    seen: Arc<dyn OneUse>,
}

impl std::fmt::Debug for ResourceServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ResourceServer({})", self.resource)
    }
}

impl ResourceServer {
    /// For one resource: the absolute address that is registered and that tokens name as their audience.
    pub fn new(resource: &str, provider: Arc<Provider>, believed: Believed, seen: Arc<dyn OneUse>) -> Self {
        Self {
            resource: resource.to_owned(),
            provider,
            believed,
            seen,
        }
    }

    /// The path of [`Self::metadata`] (RFC 9728 section 3.1).
    pub fn metadata_path(&self) -> String {
        let path =
            url::Url::parse(&self.resource).map_or_else(|_| String::new(), |url| url.path().to_owned());
        let path = path.strip_suffix('/').unwrap_or(&path);
        format!("/.well-known/oauth-protected-resource{path}")
    }

    fn metadata_address(&self) -> String {
        let origin = url::Url::parse(&self.resource).map(|url| url.origin().ascii_serialization());
        format!("{}{}", origin.unwrap_or_default(), self.metadata_path())
    }

    /// What this resource says of itself (RFC 9728 section 2).
    pub fn metadata(&self, scopes: &[&str]) -> Value {
        json!({
            "resource": self.resource,
            "authorization_servers": [self.provider.issuer()],
            "scopes_supported": scopes,
            "bearer_methods_supported": ["header"],
            "dpop_signing_alg_values_supported": oidc::dpop::ALGORITHMS.map(jose::Algorithm::name),
        })
    }

    /// Judges the token of a request.
    ///
    /// # Errors
    /// What to answer: status, `WWW-Authenticate` and a body.
    pub async fn admit(
        &self,
        shown: &TokenShown<'_>,
        wanted: &Wanted<'_>,
        now: Timestamp,
    ) -> Result<TokenHolder, Challenge> {
        let verdict = self.judge(shown, wanted, now).await;
        verdict.map_err(|reason| Challenge::of(reason, wanted, &self.metadata_address()))
    }

    async fn judge(
        &self,
        shown: &TokenShown<'_>,
        wanted: &Wanted<'_>,
        now: Timestamp,
    ) -> Result<TokenHolder, TokenReason> {
        let read = oidc::bearer::read(shown.authorization, shown.query);
        let token = read.map_err(|reason| match reason {
            oidc::Reason::TokenMissing => TokenReason::Missing,
            _ => TokenReason::Malformed,
        })?;
        let claims = self.believe(token.token, now).await?;
        token::check_claims(&claims, self.provider.issuer(), &self.resource, now)?;
        self.check_sender(&claims, token, shown, now)?;
        let granted: Vec<&str> = claims.scope.split(' ').collect();
        if !wanted.scopes.iter().all(|scope| granted.contains(scope)) {
            return Err(TokenReason::Scope);
        }
        let reached = Reached::by_token(claims.acr.as_deref(), claims.auth_time);
        wanted
            .guard
            .check(&reached, now)
            .map_err(|unmet| TokenReason::SignIn(unmet.missing))?;
        Ok(TokenHolder { claims })
    }

    async fn believe(&self, token: &str, now: Timestamp) -> Result<AccessTokenClaims, TokenReason> {
        match &self.believed {
            Believed::BySignature => self.verified(token, now).await,
            Believed::ByIntrospection { client_id, key } => {
                self.is_worth_asking(token, now).await?;
                self.introspect(token, (client_id, key), now).await
            }
        }
    }

    async fn verified(&self, token: &str, now: Timestamp) -> Result<AccessTokenClaims, TokenReason> {
        let accept = (&token::ALGORITHMS[..], &["at+jwt"][..], false);
        let verified = match self.provider.verify(token, accept, now).await {
            Ok(verified) => verified,
            Err(OidcReason::Signature(_)) => return Err(TokenReason::Unknown),
            Err(fault) => return Err(TokenReason::Fault(fault)),
        };
        serde_json::from_slice(verified.payload()).map_err(|_| TokenReason::Unknown)
    }

    /// What strangers make up costs a look here, and no request to the platform.
    async fn is_worth_asking(&self, token: &str, now: Timestamp) -> Result<(), TokenReason> {
        if token.matches('.').count() == 2 {
            let claims = self.verified(token, now).await?;
            return token::check_claims(&claims, self.provider.issuer(), &self.resource, now);
        }
        token::is_opaque(token).then_some(()).ok_or(TokenReason::Unknown)
    }

    async fn introspect(
        &self,
        token: &str,
        (client_id, key): (&str, &ServiceKey),
        now: Timestamp,
    ) -> Result<AccessTokenClaims, TokenReason> {
        let known = self.provider.current(now).await;
        let missing = || {
            TokenReason::Fault(OidcReason::Discovery(
                "it has no introspection_endpoint".to_owned(),
            ))
        };
        let endpoint = known
            .discovered
            .introspection_endpoint
            .as_ref()
            .ok_or_else(missing)?;
        let assertion = key
            .client_assertion(client_id, self.provider.issuer(), &MachineEntropy, now)
            .map_err(|fault| TokenReason::Fault(fault.into()))?;
        let fields = [
            ("token", token),
            ("token_type_hint", "access_token"),
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ),
            ("client_assertion", assertion.as_str()),
        ];
        let mut request = Outgoing::form(endpoint, &fields);
        request.headers.push(("accept", "application/json".to_owned()));
        let answer = self.provider.fetch().send(request).await;
        let answer = answer.map_err(|fault| TokenReason::Fault(fault.into()))?;
        let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        match (answer.status, said.get("active").and_then(Value::as_bool)) {
            (200, Some(true)) => serde_json::from_value(said).map_err(|_| TokenReason::Unknown),
            (200, Some(false)) => Err(TokenReason::Unknown),
            (status, _) => Err(TokenReason::Fault(OidcReason::Discovery(format!(
                "status {status} at the introspection endpoint: is this client registered, with this key, and does it serve the resource?"
            )))),
        }
    }

    /// A token that is bound counts with the key that it is bound to, and no other way (RFC 9449 section 7.1, RFC 8705 section 3).
    fn check_sender(
        &self,
        claims: &AccessTokenClaims,
        token: oidc::bearer::Shown<'_>,
        shown: &TokenShown<'_>,
        now: Timestamp,
    ) -> Result<(), TokenReason> {
        let bound = claims.cnf.clone().unwrap_or_default();
        if bound.certificate.is_some() && bound.certificate != shown.certificate.map(token::thumbprint) {
            return Err(TokenReason::Certificate);
        }
        let is_dpop = token.scheme == oidc::bearer::Scheme::Dpop;
        let Some(jkt) = &bound.jkt else {
            // A token that is not bound is no DPoP token.
            return if is_dpop { Err(TokenReason::Proof) } else { Ok(()) };
        };
        if !is_dpop {
            return Err(TokenReason::Proof);
        }
        // The address is put together from what the client said; a proof for another host is none for this one (RFC 9449 section 4.3).
        // A resource that is named by no address of a host (`urn:`) cannot tell.
        let origin = |address: &str| url::Url::parse(address).ok().map(|url| url.origin());
        let own = origin(&self.resource).filter(url::Origin::is_tuple);
        if own.is_some() && own != origin(shown.address) {
            return Err(TokenReason::Proof);
        }
        let proof = Proof::read(shown.proofs.iter().copied());
        let proof = proof.ok().flatten().ok_or(TokenReason::Proof)?;
        let request = ProvenRequest {
            method: shown.method,
            addresses: &[shown.address],
            access_token: Some(token.token),
            nonces: Nonces::NotAsked,
            now,
        };
        let proven = proof.check(&request).map_err(|_| TokenReason::Proof)?;
        if proven.jkt() != jkt {
            return Err(TokenReason::Proof);
        }
        let spent = proven.spent();
        match self
            .seen
            .remember(&format!("dpop:{}", spent.key.0), spent.until, now)
        {
            Use::First => Ok(()),
            Use::Again => Err(TokenReason::Proof),
            Use::Unavailable => Err(TokenReason::Fault(OidcReason::MemoryUnavailable)),
        }
    }
}

#[cfg(test)]
mod tests;
