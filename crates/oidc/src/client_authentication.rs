//! Client authentication at the token endpoint (OpenID Connect Core 1.0 section 9).
//!
//! **Owns** `none`, `client_secret_basic`, `private_key_jwt`, the two methods of mutual TLS (judged in `client_certificate.rs`), and the
//! proof [`AuthenticatedClient`].
//!
//! **Deliberately absent**: `client_secret_post` and `client_secret_jwt` (weaker, not offered), the single use of `jti`
//! (the caller inserts [`SpentAssertion::key`] uniquely and refuses with `Reason::AssertionReplayed`).
//!
//! **Neighbours**: `token.rs` gives the request, `grants` want the proof.
//!
//! **One more method**: a variant of `ClientMethod`, a file here, an arm in [`authenticate`], its name in `discovery.rs`.

mod client_secret_basic;
mod private_key_jwt;

use domain::{SecurityProfile, ServiceId, Timestamp, TokenHash};

use crate::client_certificate::{self, CertificateFault, Demand, Shown};
use crate::token::Credential;
use crate::{AssertionAudience, ClientFacts, ClientMethod, ProviderFacts, Reason, UncheckedTokenRequest};

use self::private_key_jwt::Accepted;
pub use self::private_key_jwt::MAX_LIFE_SECONDS;

/// Names of the algorithms that clients may sign assertions with.
pub(crate) fn client_algorithms() -> Vec<&'static str> {
    private_key_jwt::ALGORITHMS
        .iter()
        .map(|algorithm| algorithm.name())
        .collect()
}

/// Proof that the client is who it says, in the way it is registered. Made by [`authenticate`] alone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuthenticatedClient {
    service: ServiceId,
    client_id: String,
    spent: Option<SpentAssertion>,
    way: Way,
}

/// How strong the proof is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Way {
    Public,
    Secret,
    Key,
}

/// An assertion that counts once: insert `key` uniquely, keep it until `until`, refuse when it was there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SpentAssertion {
    /// SHA-256 over client and `jti`.
    pub key: TokenHash,
    /// After this moment the assertion would be refused as expired anyway.
    pub until: Timestamp,
}

impl AuthenticatedClient {
    /// The registry's name of the client.
    pub fn service(&self) -> &ServiceId {
        &self.service
    }

    /// `client_id`.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Whether it has no credentials at all.
    pub fn is_public(&self) -> bool {
        self.way == Way::Public
    }

    /// Whether it proved a key, which nobody can copy from a request.
    pub fn by_key(&self) -> bool {
        self.way == Way::Key
    }

    /// What must be inserted uniquely before anything is issued.
    pub fn spent(&self) -> Option<&SpentAssertion> {
        self.spent.as_ref()
    }
}

/// Authenticates the client whose facts the caller looked up by `request.client_id()`, on a connection without certificate.
pub fn authenticate(
    request: &UncheckedTokenRequest,
    client: &ClientFacts,
    provider: &ProviderFacts,
    now: Timestamp,
) -> Result<AuthenticatedClient, Reason> {
    authenticate_on(&Err(CertificateFault::Absent), request, client, provider, now)
}

/// The same on a connection whose certificate, if there is one, the listener looked at. It is looked at here for clients that are
/// registered for it; everybody else authenticates as anywhere.
pub fn authenticate_on(
    shown: &Shown,
    request: &UncheckedTokenRequest,
    client: &ClientFacts,
    provider: &ProviderFacts,
    now: Timestamp,
) -> Result<AuthenticatedClient, Reason> {
    if request.client_id() != client.client_id {
        return Err(Reason::UnknownClient);
    }
    let (way, spent) = match (request.credential(), &client.method) {
        (Credential::None, ClientMethod::None) => (Way::Public, None),
        (Credential::Basic { secret }, ClientMethod::SecretBasic { secret_sha256 }) => {
            client_secret_basic::check(secret, secret_sha256)?;
            (Way::Secret, None)
        }
        (Credential::Assertion { jwt }, ClientMethod::PrivateKeyJwt { keys }) => {
            let accepted = Accepted {
                algorithms: &client.tokens.assertion_algorithms,
                // FAPI 2.0 Security Profile section 5.3.2.1; draft-ietf-oauth-rfc7523bis section 4: the issuer alone, as one string.
                audience: match client.profile {
                    SecurityProfile::Fapi2 => AssertionAudience::IssuerOnly,
                    SecurityProfile::Standard => provider.assertion_audience,
                },
            };
            let spent = private_key_jwt::check(jwt, &client.client_id, keys, &accepted, provider, now)?;
            (Way::Key, Some(spent))
        }
        (Credential::None, ClientMethod::TlsClientAuth { certificate }) => {
            client_certificate::judge(shown, Demand::Registered(certificate), now)?;
            (Way::Key, None)
        }
        (Credential::None, ClientMethod::SelfSignedTlsClientAuth { keys }) => {
            client_certificate::judge(shown, Demand::Keys(keys), now)?;
            (Way::Key, None)
        }
        (_, registered) => {
            return Err(Reason::MethodNotRegistered {
                registered: registered.name(),
            });
        }
    };
    Ok(AuthenticatedClient {
        service: client.service.clone(),
        client_id: client.client_id.clone(),
        spent,
        way,
    })
}

/// Authenticates somebody who is no client of ours but has keys registered under a name (an approved verifier), by `private_key_jwt`
/// alone. What comes back must be inserted uniquely before anything is issued.
pub fn authenticate_by_assertion(
    request: &UncheckedTokenRequest,
    name: &str,
    keys: &jose::JwkSet,
    provider: &ProviderFacts,
    now: Timestamp,
) -> Result<SpentAssertion, Reason> {
    match request.credential() {
        Credential::Assertion { jwt } if request.client_id() == name => {
            let accepted = Accepted {
                algorithms: &private_key_jwt::ALGORITHMS,
                audience: provider.assertion_audience,
            };
            private_key_jwt::check(jwt, name, keys, &accepted, provider, now)
        }
        Credential::Assertion { .. } => Err(Reason::UnknownClient),
        _ => Err(Reason::MethodNotRegistered {
            registered: "private_key_jwt",
        }),
    }
}

#[cfg(test)]
mod tests;
