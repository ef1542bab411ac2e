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
        logout: domain::OidcLogout::default(),
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

/// A P-256 key for tests.
pub(crate) struct TestKey(aws_lc_rs::signature::EcdsaKeyPair);

impl TestKey {
    pub(crate) fn new() -> Self {
        use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    pub(crate) fn set(&self, kid: &str) -> jose::JwkSet {
        use aws_lc_rs::signature::KeyPair as _;
        let (x, y) = self.0.public_key().as_ref()[1..].split_at(32);
        let key = jose::PublicKey::P256 {
            x: x.try_into().unwrap(),
            y: y.try_into().unwrap(),
        };
        jose::JwkSet::new(vec![
            jose::Jwk::new(key, kid.to_owned(), jose::Algorithm::Es256).unwrap(),
        ])
    }

    pub(crate) fn sign(&self, kid: &str, typ: Option<&'static str>, claims: &serde_json::Value) -> String {
        let header = jose::Header {
            algorithm: jose::Algorithm::Es256,
            kid: kid.to_owned(),
            typ,
        };
        let input = jose::SigningInput::new(&header, claims.to_string().as_bytes());
        self.attach(input)
    }

    pub(crate) fn attach(&self, input: jose::SigningInput) -> String {
        let signature = self
            .0
            .sign(&aws_lc_rs::rand::SystemRandom::new(), input.bytes())
            .unwrap();
        input.attach(signature.as_ref())
    }
}

/// The moment of the samples.
pub(crate) const NOW: domain::Timestamp = domain::Timestamp::from_seconds(1_800_000_000);

pub(crate) const CODE: &str = "SplxlOBeZQQYbYS6WxSbIA";

/// A grant for the canonical request.
pub(crate) fn grant() -> domain::AuthorizationGrant {
    use domain::{Aal, AssuranceLevel, Ial, RevocationGeneration};
    domain::AuthorizationGrant {
        id: format!("grt_{}", "2".repeat(32)).parse().unwrap(),
        code: crate::OpaqueSecret::hash_of(CODE),
        service: service(),
        account: format!("acc_{}", "3".repeat(32)).parse().unwrap(),
        session: format!("ses_{}", "4".repeat(32)).parse().unwrap(),
        redirect_uri: "https://rp.example/cb".to_owned(),
        code_challenge: domain::CodeChallenge(CHALLENGE.to_owned()),
        nonce: Some("n-0S6_WzA2Mj".to_owned()),
        scope: "openid".to_owned(),
        acr: "urn:example:aal3".to_owned(),
        auth_time_required: false,
        released: vec![domain::ReleasedAttribute::Pseudonym],
        level: AssuranceLevel {
            ial: Ial::Zero,
            aal: Aal::Three,
        },
        method: domain::AuthenticationMethod::CardTls,
        certainty: domain::RevocationCertainty::Crl,
        authenticated_at: NOW.plus_seconds(-30),
        checked_generation: RevocationGeneration(1),
        issued_at: NOW,
        expires_at: NOW.plus_seconds(60),
        revoked_at: None,
    }
}

pub(crate) fn code_body(changes: &[(&str, Option<&str>)]) -> String {
    let mut parameters = vec![
        ("grant_type", "authorization_code"),
        ("code", CODE),
        ("redirect_uri", "https://rp.example/cb"),
        ("code_verifier", VERIFIER),
        ("client_id", "rp"),
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
