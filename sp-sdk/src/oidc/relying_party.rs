//! A client of the platform.

use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use domain::Timestamp;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreIdToken, CoreIdTokenClaims, CoreIdTokenVerifier,
    CoreJwsSigningAlgorithm, CoreProviderMetadata,
};
use openidconnect::{
    AccessToken, AccessTokenHash, AuthenticationContextClass, AuthorizationCode, ClaimsVerificationError,
    ClientId, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, IssuerUrl, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError,
    SignatureVerificationError, TokenResponse as _,
};

use super::http::Http;
use super::{Answer, OidcConfig, OidcReason, RequestOptions, SentRequest, SignIn};

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// A client of the platform, shared by all requests of a service.
#[derive(Debug)]
pub struct RelyingParty {
    config: OidcConfig,
    algorithm: CoreJwsSigningAlgorithm,
    http: Http,
    client: RwLock<Arc<Client>>,
}

impl RelyingParty {
    /// Reads the platform's discovery document and keys.
    pub async fn discover(config: OidcConfig) -> Result<Self, OidcReason> {
        let algorithm = match config.id_token_signed_response_alg.as_str() {
            "ES256" => CoreJwsSigningAlgorithm::EcdsaP256Sha256,
            "RS256" => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
            "PS256" => CoreJwsSigningAlgorithm::RsaSsaPssSha256,
            _ => {
                return Err(OidcReason::Setting {
                    what: "id_token_signed_response_alg",
                });
            }
        };
        let http = Http::new(&config)?;
        let client = RwLock::new(Arc::new(read_client(&config, &http).await?));
        Ok(Self {
            config,
            algorithm,
            http,
            client,
        })
    }

    /// The address to send the browser to, and what to keep for that browser.
    pub fn begin(&self, options: &RequestOptions, now: Timestamp) -> (String, SentRequest) {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let client = self.client();
        let mut asked = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .set_pkce_challenge(challenge);
        for level in &options.levels {
            asked = asked.add_auth_context_value(AuthenticationContextClass::new(level.clone()));
        }
        if let Some(seconds) = options.max_age_seconds {
            asked = asked.set_max_age(std::time::Duration::from_secs(seconds.into()));
        }
        let (address, state, nonce) = asked.url();
        let sent = SentRequest {
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
            sent_at: now,
            max_age_seconds: options.max_age_seconds,
            levels: options.levels.clone(),
        };
        (address.into(), sent)
    }

    /// Redeems and verifies the answer to what was sent from this browser.
    pub async fn finish(&self, answer: Answer, sent: SentRequest) -> Result<SignIn, OidcReason> {
        let code = self.read_answer(answer, &sent)?;
        let http = |request: HttpRequest| self.http.send(request);
        let tokens = self
            .client()
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| OidcReason::Discovery(error.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(sent.verifier.clone()))
            .request_async(&http)
            .await
            .map_err(|error| match error {
                RequestTokenError::Request(reason) => reason,
                RequestTokenError::ServerResponse(told) => OidcReason::CodeRefused(told.error().to_string()),
                other => OidcReason::CodeRefused(other.to_string()),
            })?;
        let id_token = tokens.id_token().ok_or(OidcReason::Missing {
            parameter: "id_token",
        })?;
        let verdict = match self.judge(id_token, tokens.access_token(), &sent) {
            // The platform's keys may have rolled over since they were read.
            Err(Judged::KeyUnknown) => {
                self.refresh().await?;
                self.judge(id_token, tokens.access_token(), &sent)
            }
            verdict => verdict,
        };
        verdict.map_err(Judged::into_reason)
    }

    /// Reads the platform's documents anew.
    pub async fn refresh(&self) -> Result<(), OidcReason> {
        let fresh = Arc::new(read_client(&self.config, &self.http).await?);
        *self.client.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    fn client(&self) -> Arc<Client> {
        Arc::clone(&self.client.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The code of an answer that is the platform's, to this browser's question.
    fn read_answer(&self, answer: Answer, sent: &SentRequest) -> Result<String, OidcReason> {
        let state = answer.state.ok_or(OidcReason::Missing { parameter: "state" })?;
        verify_slices_are_equal(state.as_bytes(), sent.state.as_bytes())
            .map_err(|_| OidcReason::AnswersAnotherRequest)?;
        if answer.iss.as_deref() != Some(&self.config.issuer) {
            return Err(OidcReason::AnotherIssuer);
        }
        if let Some(error) = answer.error {
            return Err(OidcReason::NotSignedIn { error });
        }
        answer.code.ok_or(OidcReason::Missing { parameter: "code" })
    }

    fn judge(
        &self,
        id_token: &CoreIdToken,
        access_token: &AccessToken,
        sent: &SentRequest,
    ) -> Result<SignIn, Judged> {
        let client = self.client();
        let verifier = client
            .id_token_verifier()
            .set_allowed_algs([self.algorithm.clone()]);
        let claims = id_token
            .claims(&verifier, &Nonce::new(sent.nonce.clone()))
            .map_err(|error| Judged::of(&error))?;
        check_access_token(id_token, claims, &verifier, access_token)?;
        let level = claims.auth_context_ref().map(|level| level.as_str().to_owned());
        if !sent.levels.is_empty() && !level.as_ref().is_some_and(|level| sent.levels.contains(level)) {
            return Err(Judged::Refused(OidcReason::LevelNotAskedFor));
        }
        let authenticated_at = claims
            .auth_time()
            .map(|at| Timestamp::from_seconds(at.timestamp()));
        check_freshness(authenticated_at, sent)?;
        let methods = claims
            .auth_method_refs()
            .map(|methods| methods.iter().map(|one| one.as_str().to_owned()));
        Ok(SignIn {
            subject: claims.subject().to_string(),
            level,
            methods: methods.into_iter().flatten().collect(),
            authenticated_at,
            id_token: id_token.to_string(),
        })
    }
}

/// Clocks differ a little.
const SKEW_SECONDS: i64 = 60;

/// `max_age` (Core 1.0 section 3.1.2.1): the sign-in is at most that much older than the question.
fn check_freshness(authenticated_at: Option<Timestamp>, sent: &SentRequest) -> Result<(), Judged> {
    let Some(max_age) = sent.max_age_seconds else {
        return Ok(());
    };
    let oldest = sent
        .sent_at
        .plus_seconds(-i64::from(max_age))
        .plus_seconds(-SKEW_SECONDS);
    if authenticated_at.is_some_and(|at| at >= oldest) {
        Ok(())
    } else {
        Err(Judged::Refused(OidcReason::NotFresh))
    }
}

/// `at_hash`, where it is there (Core 1.0 section 3.1.3.8).
fn check_access_token(
    id_token: &CoreIdToken,
    claims: &CoreIdTokenClaims,
    verifier: &CoreIdTokenVerifier<'_>,
    access_token: &AccessToken,
) -> Result<(), Judged> {
    let Some(told) = claims.access_token_hash() else {
        return Ok(());
    };
    let refused = |why: String| Judged::Refused(OidcReason::IdToken(why));
    let algorithm = id_token
        .signing_alg()
        .map_err(|error| refused(error.to_string()))?;
    let key = id_token
        .signing_key(verifier)
        .map_err(|error| refused(error.to_string()))?;
    let real = AccessTokenHash::from_token(access_token, algorithm, key)
        .map_err(|error| refused(error.to_string()))?;
    if *told == real {
        Ok(())
    } else {
        Err(Judged::Refused(OidcReason::AnotherAccessToken))
    }
}

/// What verification said.
enum Judged {
    /// No key that we know signed it.
    KeyUnknown,
    Refused(OidcReason),
}

impl Judged {
    fn of(error: &ClaimsVerificationError) -> Self {
        match error {
            ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
                Self::KeyUnknown
            }
            other => Self::Refused(OidcReason::IdToken(other.to_string())),
        }
    }

    fn into_reason(self) -> OidcReason {
        match self {
            Self::KeyUnknown => {
                OidcReason::IdToken("signed by a key that the platform does not publish".to_owned())
            }
            Self::Refused(reason) => reason,
        }
    }
}

async fn read_client(config: &OidcConfig, http: &Http) -> Result<Client, OidcReason> {
    let issuer = IssuerUrl::new(config.issuer.clone()).map_err(|_| OidcReason::Setting { what: "issuer" })?;
    let redirect = RedirectUrl::new(config.redirect_uri.clone())
        .map_err(|_| OidcReason::Setting { what: "redirect_uri" })?;
    let send = |request: HttpRequest| http.send(request);
    let metadata = CoreProviderMetadata::discover_async(issuer, &send)
        .await
        .map_err(|error| match error {
            openidconnect::DiscoveryError::Request(reason) => reason,
            other => OidcReason::Discovery(other.to_string()),
        })?;
    let secret = config
        .client_secret
        .as_ref()
        .map(|secret| openidconnect::ClientSecret::new(secret.reveal().to_owned()));
    let client =
        CoreClient::from_provider_metadata(metadata, ClientId::new(config.client_id.clone()), secret);
    Ok(client.set_redirect_uri(redirect))
}

#[cfg(test)]
mod tests;
