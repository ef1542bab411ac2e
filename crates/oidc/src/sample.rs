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
        requests: domain::RequestSettings::default(),
        profile: domain::SecurityProfile::default(),
        tokens: domain::TokenSettings::default(),
        documents: domain::ClientDocuments::default(),
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

/// What an operator allows a client that registers itself.
pub(crate) fn terms() -> crate::RegistrationTerms {
    crate::RegistrationTerms {
        hosts: ["rp.example", "www.rp.example"].map(str::to_owned).to_vec(),
        profile: domain::SecurityProfile::Standard,
    }
}

/// The canonical registration with members replaced, added or (null) left out.
pub(crate) fn metadata(changes: &serde_json::Value) -> Result<crate::ClientMetadata, crate::MetadataFault> {
    let mut members = serde_json::json!({
        "redirect_uris": ["https://rp.example/cb"],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": TestKey::new().set("k1").to_json(),
        "client_name": "Filing",
    });
    for (name, value) in changes.as_object().unwrap() {
        members[name] = value.clone();
    }
    crate::ClientMetadata::of(&crate::ClientMetadata::read(members.to_string().as_bytes())?)
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

    /// A JWS whose header is not ours to compose.
    pub(crate) fn sign_with_header(&self, header: &serde_json::Value, claims: &serde_json::Value) -> String {
        self.sign_parts(&header.to_string(), &claims.to_string())
    }

    /// A JWS over a text that no JSON writer would write.
    pub(crate) fn sign_text(&self, kid: &str, payload: &str) -> String {
        self.sign_parts(
            &serde_json::json!({ "alg": "ES256", "kid": kid }).to_string(),
            payload,
        )
    }

    fn sign_parts(&self, header: &str, payload: &str) -> String {
        let input = format!(
            "{}.{}",
            jose::encode_base64url(header),
            jose::encode_base64url(payload)
        );
        let signature = self
            .0
            .sign(&aws_lc_rs::rand::SystemRandom::new(), input.as_bytes())
            .unwrap();
        format!("{input}.{}", jose::encode_base64url(signature))
    }

    pub(crate) fn attach(&self, input: jose::SigningInput) -> String {
        let signature = self
            .0
            .sign(&aws_lc_rs::rand::SystemRandom::new(), input.bytes())
            .unwrap();
        input.attach(signature.as_ref())
    }
}

/// A client whose request objects are signed by this key.
pub(crate) fn object_client(key: &TestKey) -> ClientFacts {
    let mut client = client();
    client.requests.keys = Some(key.set("k1"));
    client
}

/// The canonical request as claims.
pub(crate) fn object_claims() -> serde_json::Value {
    serde_json::json!({
        "iss": "rp",
        "aud": "https://idp.example",
        "exp": NOW.seconds() + 300,
        "iat": NOW.seconds(),
        "jti": "object-1",
        "response_type": "code",
        "client_id": "rp",
        "redirect_uri": "https://rp.example/cb",
        "scope": "openid",
        "state": "af0ifjsldkj",
        "nonce": "n-0S6_WzA2Mj",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    })
}

/// What a reader says to an object whose claims are these, beside these parameters.
pub(crate) fn object_beside<T>(
    typ: Option<&str>,
    claims: &serde_json::Value,
    beside: &str,
    read: fn(&crate::ObjectAsk<'_>) -> Result<T, Reason>,
) -> Result<T, Reason> {
    let (client, provider, beside) = (client(), provider(), request_raw(beside));
    read(&crate::ObjectAsk {
        claims: claims.as_object().unwrap(),
        beside: &beside,
        family: crate::request_object::family(typ, &beside, &client),
        client: &client,
        provider: &provider,
        now: NOW,
    })
}

/// What a reader says to the canonical object with one claim replaced, or left out by `null`.
pub(crate) fn object_with<T>(
    name: &str,
    value: &serde_json::Value,
    read: fn(&crate::ObjectAsk<'_>) -> Result<T, Reason>,
) -> Result<T, Reason> {
    let mut claims = object_claims();
    let members = claims.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(name);
    } else {
        members.insert(name.to_owned(), value.clone());
    }
    object_beside(None, &claims, "client_id=rp", read)
}

/// What a reader says to the canonical object with claims replaced, or left out by `null`, of a client that is changed first.
pub(crate) fn object_changed<T>(
    changes: &[(&str, &serde_json::Value)],
    change: fn(&mut ClientFacts),
    read: fn(&crate::ObjectAsk<'_>) -> Result<T, Reason>,
) -> Result<T, Reason> {
    let mut claims = object_claims();
    let members = claims.as_object_mut().unwrap();
    for (name, value) in changes {
        members.insert((*name).to_owned(), (*value).clone());
    }
    members.retain(|_, value| !value.is_null());
    let (mut client, provider, beside) = (client(), provider(), request_raw("client_id=rp"));
    change(&mut client);
    read(&crate::ObjectAsk {
        claims: members,
        beside: &beside,
        family: crate::request_object::family(None, &beside, &client),
        client: &client,
        provider: &provider,
        now: NOW,
    })
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

/// A client's DPoP key.
pub(crate) struct ProofKey(TestKey);

impl ProofKey {
    pub(crate) fn new() -> Self {
        Self(TestKey::new())
    }

    pub(crate) fn jkt(&self) -> String {
        self.0.set("x").keys()[0].thumbprint()
    }

    pub(crate) fn header(&self) -> serde_json::Value {
        let mut jwk = self.0.set("x").keys()[0].to_json();
        for name in ["kid", "use", "alg"] {
            jwk.as_object_mut().unwrap().remove(name);
        }
        serde_json::json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk})
    }

    pub(crate) fn sign(&self, header: &serde_json::Value, claims: &serde_json::Value) -> String {
        let part = |value: &serde_json::Value| jose::encode_base64url(value.to_string());
        let input = format!("{}.{}", part(header), part(claims));
        let random = aws_lc_rs::rand::SystemRandom::new();
        let signature = self.0.0.sign(&random, input.as_bytes()).unwrap();
        format!("{input}.{}", jose::encode_base64url(signature.as_ref()))
    }
}

pub(crate) fn proof_claims() -> serde_json::Value {
    serde_json::json!({
        "jti": "e1j3V_bKic8-LAEB",
        "htm": "POST",
        "htu": "https://idp.example/oidc/token",
        "iat": NOW.seconds(),
    })
}

pub(crate) fn proven_request() -> crate::dpop::ProvenRequest<'static> {
    crate::dpop::ProvenRequest {
        method: "POST",
        addresses: &["https://idp.example/oidc/token"],
        access_token: None,
        nonces: crate::dpop::Nonces::NotAsked,
        now: NOW,
    }
}

/// What a rule says to the canonical proof with one claim changed (`null`: left out).
pub(crate) fn proof_with(
    name: &str,
    value: &serde_json::Value,
    check: fn(&crate::dpop::Ask<'_>) -> Result<(), Reason>,
) -> Result<(), Reason> {
    proof_at(&proven_request(), name, value, check)
}

/// The same at another request.
pub(crate) fn proof_at(
    request: &crate::dpop::ProvenRequest<'_>,
    name: &str,
    value: &serde_json::Value,
    check: fn(&crate::dpop::Ask<'_>) -> Result<(), Reason>,
) -> Result<(), Reason> {
    let serde_json::Value::Object(mut claims) = proof_claims() else {
        unreachable!("an object");
    };
    claims.remove(name);
    if !value.is_null() {
        claims.insert(name.to_owned(), value.clone());
    }
    check(&crate::dpop::Ask {
        claims: &claims,
        request,
    })
}
