//! The token endpoint's request (RFC 6749 sections 3.2 and 4.1.3): as it came.

mod fault;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jose::UnverifiedClaims;
use zeroize::Zeroizing;

pub use self::fault::TokenFault;
use crate::grants::device_code::GRANT_TYPE;
use crate::parameters::{self, Parameters};
use crate::{Reason, authorization_details, registration};

const KNOWN: [&str; 15] = [
    "authorization_details",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "grant_type",
    "redirect_uri",
    "refresh_token",
    "resource",
    "scope",
    "token",
    "token_type_hint",
];
const MAX_BYTES: usize = 32 * 1024;
const MAX_HEADER: usize = 4 * 1024;
pub(crate) const MAX_ASSERTION: usize = 16 * 1024;
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How the client says who it is.
#[derive(Clone, Eq, PartialEq)]
pub(crate) enum Credential {
    /// `client_id` in the body, nothing else.
    None,
    /// HTTP Basic.
    Basic {
        /// The secret, decoded.
        secret: Zeroizing<String>,
    },
    /// `client_assertion`.
    Assertion {
        /// Compact JWS, unverified.
        jwt: String,
    },
}

/// A token request of which only the shape is known.
#[derive(Clone, Eq, PartialEq)]
pub struct UncheckedTokenRequest {
    parameters: Parameters,
    client_id: String,
    credential: Credential,
}

impl fmt::Debug for UncheckedTokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UncheckedTokenRequest")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// What is asked of the token endpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum GrantRequest<'a> {
    /// `grant_type=authorization_code`.
    AuthorizationCode(CodeRequest<'a>),
    /// `grant_type=refresh_token`.
    RefreshToken(RefreshRequest<'a>),
    /// RFC 8628 section 3.4.
    DeviceCode(DeviceCodeRequest<'a>),
    /// `grant_type=client_credentials`: an approved verifier asks for itself (RFC 6749 section 4.4). The token endpoint for services
    /// has no such grant.
    ClientCredentials,
}

/// RFC 8628 section 3.4.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct DeviceCodeRequest<'a> {
    /// `device_code`.
    pub device_code: &'a str,
}

impl fmt::Debug for DeviceCodeRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceCodeRequest(***)")
    }
}

/// RFC 6749 section 6.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct RefreshRequest<'a> {
    /// `refresh_token`.
    pub refresh_token: &'a str,
    /// `scope`.
    pub scope: Option<&'a str>,
}

impl fmt::Debug for RefreshRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshRequest")
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// RFC 6749 section 4.1.3 and RFC 7636 section 4.5.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct CodeRequest<'a> {
    /// `code`.
    pub code: &'a str,
    /// `redirect_uri`.
    pub redirect_uri: &'a str,
    /// `code_verifier`.
    pub code_verifier: &'a str,
}

impl fmt::Debug for CodeRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeRequest")
            .field("redirect_uri", &self.redirect_uri)
            .finish_non_exhaustive()
    }
}

impl UncheckedTokenRequest {
    /// Reads the raw body (`application/x-www-form-urlencoded`; the caller has seen the content type) and the `Authorization`
    /// header. Exactly one way of client authentication may be used (RFC 6749 section 2.3).
    pub fn parse(body: &[u8], authorization: Option<&str>) -> Result<Self, Reason> {
        Self::parse_within(body, authorization, MAX_BYTES)
    }

    /// The same of a body that may be longer than a token request: one that pushes an authorization request has its credential beside it.
    pub fn parse_pushed(body: &[u8], authorization: Option<&str>) -> Result<Self, Reason> {
        Self::parse_within(body, authorization, crate::MAX_PUSHED_BYTES)
    }

    fn parse_within(body: &[u8], authorization: Option<&str>, most: usize) -> Result<Self, Reason> {
        let parameters = Parameters::parse(body, &KNOWN, most)?;
        parameters.refuse_any_repeated()?;
        let assertion = (
            parameters.get("client_assertion_type"),
            parameters.get("client_assertion"),
        );
        let secret_in_body = parameters.get("client_secret").is_some();
        let ways = [authorization.is_some(), assertion != (None, None), secret_in_body];
        if ways.into_iter().filter(|used| *used).count() > 1 {
            return Err(Reason::SeveralClientAuthentications);
        }
        if secret_in_body {
            return Err(Reason::SecretInBody);
        }
        let in_body = parameters.get("client_id");
        let (client_id, credential) = match (authorization, assertion) {
            (Some(header), _) => {
                let (client_id, secret) = basic(header)?;
                (client_id, Credential::Basic { secret })
            }
            (None, (Some(ASSERTION_TYPE), Some(jwt))) => {
                // Only to choose whose keys to try; `authenticate` looks at the verified claims.
                let claims = UnverifiedClaims::read(jwt, MAX_ASSERTION).map_err(Reason::AssertionRefused)?;
                let subject = claims.text("sub").ok_or(Reason::AssertionClaim("sub"))?;
                (subject.to_owned(), Credential::Assertion { jwt: jwt.to_owned() })
            }
            (None, (None, None)) => (
                in_body.ok_or(Reason::ClientIdMissing)?.to_owned(),
                Credential::None,
            ),
            (None, _) => return Err(Reason::AssertionTypeUnknown),
        };
        if in_body.is_some_and(|other| other != client_id) {
            return Err(Reason::ClientIdsDiffer);
        }
        registration::client_id(&client_id).map_err(|_| Reason::ClientIdMalformed)?;
        Ok(Self {
            parameters,
            client_id,
            credential,
        })
    }

    /// By what name a request calls its client that could not be read as one ([`Self::parse`] refused it): its `client_id`, else the one of
    /// the header, else the subject of the assertion. For whoever may read what was wrong with it; it proves nothing.
    pub fn client_named_in(body: &[u8], authorization: Option<&str>) -> Option<String> {
        let parameters = Parameters::parse(body, &KNOWN, MAX_BYTES).ok()?;
        let by_assertion = || {
            let claims = UnverifiedClaims::read(parameters.get("client_assertion")?, MAX_ASSERTION).ok()?;
            claims.text("sub").map(str::to_owned)
        };
        let named = parameters
            .get("client_id")
            .map(str::to_owned)
            .or_else(|| Some(basic(authorization?).ok()?.0))
            .or_else(by_assertion)?;
        registration::client_id(&named).is_ok().then_some(named)
    }

    /// Whom to look up. Nothing is proven yet.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// For which resource the access token shall be (RFC 8707 section 2.2).
    pub fn resource(&self) -> Option<&str> {
        self.parameters.get("resource")
    }

    /// What of the details that were agreed to the token shall be for (RFC 9396 section 6).
    pub fn authorization_details(&self) -> Option<&str> {
        self.parameters.get("authorization_details")
    }

    /// `token` of an introspection or revocation request (RFC 7662 section 2.1, RFC 7009 section 2.1). `token_type_hint` is read by
    /// nobody: our tokens tell by their form what they are.
    pub fn token(&self) -> Result<&str, Reason> {
        self.parameters
            .get("token")
            .ok_or(Reason::ParameterMissing("token"))
    }

    /// Whether the request brings a name and no credential: how clients of mutual TLS ask (RFC 8705 section 2).
    pub fn brings_no_credential(&self) -> bool {
        self.credential == Credential::None
    }

    pub(crate) fn credential(&self) -> &Credential {
        &self.credential
    }

    /// What is asked, after the client is authenticated. A token is for one resource; only requests for authorization name several (RFC
    /// 8707 section 2).
    pub fn grant(&self) -> Result<GrantRequest<'_>, Reason> {
        if self.parameters.all("resource").count() > 1 {
            return Err(Reason::Token(TokenFault::SeveralResources));
        }
        let needed = |name: &'static str| self.parameters.get(name).ok_or(Reason::ParameterMissing(name));
        match needed("grant_type")? {
            "authorization_code" => Ok(GrantRequest::AuthorizationCode(CodeRequest {
                code: needed("code")?,
                redirect_uri: needed("redirect_uri")?,
                code_verifier: needed("code_verifier")?,
            })),
            "refresh_token" => Ok(GrantRequest::RefreshToken(RefreshRequest {
                refresh_token: needed("refresh_token")?,
                scope: self.parameters.get("scope"),
            })),
            GRANT_TYPE => Ok(GrantRequest::DeviceCode(DeviceCodeRequest {
                device_code: needed("device_code")?,
            })),
            // Whoever asks for itself has nobody who could have agreed.
            "client_credentials" => authorization_details::narrowed(None, self.authorization_details())
                .map(|_| GrantRequest::ClientCredentials),
            _ => Err(Reason::GrantTypeUnsupported),
        }
    }
}

/// RFC 7617 with both halves form-urlencoded (RFC 6749 section 2.3.1).
fn basic(header: &str) -> Result<(String, Zeroizing<String>), Reason> {
    let malformed = || Reason::BasicMalformed;
    if header.len() > MAX_HEADER {
        return Err(malformed());
    }
    let (scheme, encoded) = header.split_once(' ').ok_or_else(malformed)?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return Err(malformed());
    }
    let bytes = Zeroizing::new(
        STANDARD
            .decode(encoded.trim_start_matches(' '))
            .map_err(|_| malformed())?,
    );
    let at = bytes
        .iter()
        .position(|byte| *byte == b':')
        .ok_or_else(malformed)?;
    let (id, rest) = bytes.split_at(at);
    let secret = rest.split_first().map_or(&[][..], |(_, secret)| secret);
    let id = parameters::decode(id).map_err(|_| malformed())?;
    let secret = Zeroizing::new(parameters::decode(secret).map_err(|_| malformed())?);
    if id.is_empty() {
        Err(malformed())
    } else {
        Ok((id, secret))
    }
}

#[cfg(test)]
mod tests;
