//! One canonical request, client and provider for the tables of this room's tests.

use domain::{ClientAuthentication, IdTokenAlgorithm, OidcSettings, ServiceId};

use crate::check::Ask;
use crate::{ClientFacts, ProviderFacts, Reason, UncheckedAuthorizationRequest};

/// RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// RFC 7636 appendix B.
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) fn service() -> ServiceId {
    format!("svc_{}", "1".repeat(32)).parse().unwrap()
}

pub(crate) fn settings() -> OidcSettings {
    OidcSettings {
        client_id: "rp".to_owned(),
        redirect_uris: [
            "https://rp.example/cb",
            "https://rp.example/cb?tenant=1",
            "http://localhost:8080/cb",
        ]
        .map(str::to_owned)
        .to_vec(),
        post_logout_redirect_uris: vec!["https://rp.example/bye".to_owned()],
        authentication: ClientAuthentication::None,
        id_token_signed_response_alg: IdTokenAlgorithm::Es256,
    }
}

pub(crate) fn client() -> ClientFacts {
    ClientFacts::from_settings(&service(), &settings()).unwrap()
}

pub(crate) fn client_with(authentication: ClientAuthentication) -> ClientFacts {
    let settings = OidcSettings {
        authentication,
        ..settings()
    };
    ClientFacts::from_settings(&service(), &settings).unwrap()
}

pub(crate) fn provider() -> ProviderFacts {
    ProviderFacts::under("https://idp.example", vec!["urn:example:aal3".to_owned()])
}

pub(crate) fn encode(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

/// The canonical query with parameters replaced, added or (`None`) left out.
pub(crate) fn raw(changes: &[(&str, Option<&str>)]) -> String {
    let mut parameters = vec![
        ("response_type", "code"),
        ("client_id", "rp"),
        ("redirect_uri", "https://rp.example/cb"),
        ("scope", "openid"),
        ("state", "af0ifjsldkj"),
        ("nonce", "n-0S6_WzA2Mj"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in changes {
        parameters.retain(|(known, _)| known != name);
        parameters.extend(value.map(|value| (*name, value)));
    }
    let pairs: Vec<_> = parameters
        .into_iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    pairs.join("&")
}

pub(crate) fn request_raw(raw: &str) -> UncheckedAuthorizationRequest {
    UncheckedAuthorizationRequest::parse(raw.as_bytes()).unwrap()
}

pub(crate) fn request(changes: &[(&str, Option<&str>)]) -> UncheckedAuthorizationRequest {
    request_raw(&raw(changes))
}

/// What a reader says to the canonical request with changes.
pub(crate) fn read_with<T>(
    changes: &[(&str, Option<&str>)],
    read: fn(&Ask<'_>) -> Result<T, Reason>,
) -> Result<T, Reason> {
    let (request, client, provider) = (request(changes), client(), provider());
    read(&Ask {
        request: &request,
        client: &client,
        provider: &provider,
    })
}
