//! An independent relying party (the `openidconnect` crate) signs somebody in against these rules: discovery, authorization
//! request, code exchange, ID token, user information. The web and the store are a few lines of this file.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test; clippy exempts test functions only, not what they call"
)]

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding, RsaKeyPair,
};
use domain::{
    Aal, AccessToken, AccountId, AssuranceLevel, AuthenticationMethod, AuthorizationGrant,
    ClientAuthentication, Entropy, GrantId, Ial, IdTokenAlgorithm, OidcSettings, PseudonymValue,
    ReleasedAttribute, RevocationGeneration, ServiceId, SessionId, Timestamp, TokenHash,
};
use jose::{Jwk, JwkSet, PublicKey};
use oidc::access_token::{AccessTokenText, Limits};
use oidc::grants::authorization_code;
use oidc::{
    AuthorizationResponse, ClientFacts, GrantRequest, IdTokenClaims, IdTokenFacts, OpaqueSecret,
    ProviderFacts, Reason, Release, Reply, TokenResponse, UncheckedAuthorizationRequest,
    UncheckedTokenRequest, UserInfo, bearer, discovery,
};
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreUserInfoClaims};
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse,
    IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, RedirectUrl, TokenResponse as _,
};
use url::Url;

const ISSUER: &str = "https://idp.example";
const REDIRECT: &str = "https://rp.example/cb?tenant=1";
const SECRET: &str = "p\u{e4}ss:w\u{f6}rd +%/&=";

struct Random;

impl Entropy for Random {
    fn fill(&self, buffer: &mut [u8]) {
        aws_lc_rs::rand::fill(buffer).unwrap();
    }
}

struct Provider {
    facts: ProviderFacts,
    client: ClientFacts,
    ecdsa: EcdsaKeyPair,
    rsa: RsaKeyPair,
    now: Timestamp,
    grants: RefCell<HashMap<TokenHash, AuthorizationGrant>>,
    used: RefCell<HashSet<TokenHash>>,
    tokens: RefCell<Vec<AccessToken>>,
    subject: PseudonymValue,
}

impl Provider {
    fn new(authentication: ClientAuthentication, algorithm: IdTokenAlgorithm) -> Self {
        let settings = OidcSettings {
            client_id: "urn:rp:1".to_owned(),
            redirect_uris: vec![REDIRECT.to_owned()],
            logout: domain::OidcLogout::default(),
            post_logout_redirect_uris: vec![],
            authentication,
            id_token_signed_response_alg: algorithm,
            requests: domain::RequestSettings::default(),
            profile: domain::SecurityProfile::default(),
            tokens: domain::TokenSettings::default(),
            documents: domain::ClientDocuments::default(),
        };
        // The relying party reads the machine's clock.
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        Self {
            facts: ProviderFacts::under(ISSUER, vec!["urn:example:aal3".to_owned()]),
            client: ClientFacts::from_settings(&ServiceId::generate(&Random), &settings).unwrap(),
            ecdsa: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
            now: Timestamp::from_seconds(i64::try_from(now.as_secs()).unwrap()),
            grants: RefCell::default(),
            used: RefCell::default(),
            tokens: RefCell::default(),
            subject: PseudonymValue::generate(&Random),
        }
    }

    /// The client's algorithm, with the others' keys beside it.
    fn jwks(&self) -> JwkSet {
        let (x, y) = self.ecdsa.public_key().as_ref()[1..].split_at(32);
        let p256 = PublicKey::P256 {
            x: x.try_into().unwrap(),
            y: y.try_into().unwrap(),
        };
        // RSAPublicKey is SEQUENCE { INTEGER n, INTEGER e }: 2048 bits give fixed places.
        let der = self.rsa.public_key().as_ref();
        let rsa = PublicKey::Rsa {
            n: der[9..265].to_vec(),
            e: der[267..].to_vec(),
        };
        let rsa_algorithm = match self.client.id_token_algorithm {
            IdTokenAlgorithm::Ps256 => jose::Algorithm::Ps256,
            _ => jose::Algorithm::Rs256,
        };
        JwkSet::new(vec![
            Jwk::new(p256, "ES".to_owned(), jose::Algorithm::Es256).unwrap(),
            Jwk::new(rsa, "RSA".to_owned(), rsa_algorithm).unwrap(),
        ])
    }

    fn sign(&self, claims: &IdTokenClaims) -> String {
        let algorithm = self.client.id_token_algorithm;
        let kid = if algorithm == IdTokenAlgorithm::Es256 {
            "ES"
        } else {
            "RSA"
        };
        let input = claims.signing_input(algorithm, kid).unwrap();
        let random = SystemRandom::new();
        let padding: &'static dyn RsaEncoding = match algorithm {
            IdTokenAlgorithm::Es256 => {
                let signature = self.ecdsa.sign(&random, input.bytes()).unwrap();
                return input.attach(signature.as_ref());
            }
            IdTokenAlgorithm::Rs256 => &RSA_PKCS1_SHA256,
            IdTokenAlgorithm::Ps256 => &RSA_PSS_SHA256,
        };
        let mut signature = vec![0; 256];
        self.rsa
            .sign(padding, &random, input.bytes(), &mut signature)
            .unwrap();
        input.attach(&signature)
    }

    /// The person signs in without asking.
    fn authorize(&self, query: &str) -> String {
        let request = UncheckedAuthorizationRequest::parse(query.as_bytes()).unwrap();
        let examined = oidc::check(&request, &self.client, &self.facts);
        let request = examined.outcome.unwrap().into_inner();
        let code = OpaqueSecret::generate(&Random);
        let grant = AuthorizationGrant {
            id: GrantId::generate(&Random),
            code: code.hash(),
            service: request.service.clone(),
            account: AccountId::generate(&Random),
            session: SessionId::generate(&Random),
            redirect_uri: request.return_to.redirect_uri().to_owned(),
            code_challenge: request.code_challenge.clone(),
            nonce: request.nonce.clone(),
            scope: request.scope.join(" "),
            acr: request.acr_values[0].clone(),
            auth_time_required: request.max_age_seconds.is_some(),
            released: vec![ReleasedAttribute::Pseudonym],
            level: AssuranceLevel {
                ial: Ial::Zero,
                aal: Aal::Three,
            },
            method: domain::AuthenticationMethod::CardTls,
            certainty: domain::RevocationCertainty::Crl,
            authenticated_at: self.now,
            checked_generation: RevocationGeneration(1),
            issued_at: self.now,
            expires_at: self.now.plus_seconds(self.facts.code_lifetime_seconds),
            revoked_at: None,
        };
        self.grants.borrow_mut().insert(code.hash(), grant);
        match request.return_to.with_code(code.reveal(), &self.facts) {
            AuthorizationResponse::Redirect { location } => location,
            other => panic!("{other:?}"),
        }
    }

    fn token(&self, body: &[u8], authorization: Option<&str>) -> Result<Reply, Reason> {
        let request = UncheckedTokenRequest::parse(body, authorization)?;
        let client = oidc::authenticate(&request, &self.client, &self.facts, self.now)?;
        let GrantRequest::AuthorizationCode(asked) = request.grant()? else {
            return Err(Reason::GrantTypeUnsupported);
        };
        let hash = OpaqueSecret::hash_of(asked.code);
        let grants = self.grants.borrow();
        let grant = grants.get(&hash).ok_or(Reason::CodeUnknown)?;
        let approved = authorization_code::approve(grant, &asked, &client, self.now)?;
        if !self.used.borrow_mut().insert(hash) {
            return Err(Reason::CodeReplayed);
        }
        let access_token = AccessTokenText::opaque(&Limits::default(), &Random);
        self.tokens.borrow_mut().push(AccessToken {
            hash: access_token.hash(),
            grant: grant.id.clone(),
            issued_at: self.now,
            expires_at: self.now.plus_seconds(self.facts.access_token_lifetime_seconds),
        });
        let facts = IdTokenFacts {
            person: oidc::PersonClaims::default(),
            subject: &self.subject,
            release: Release {
                level: true,
                time: true,
                method: true,
            },
            method: AuthenticationMethod::CardTls,
            session: None,
            access_token: access_token.reveal(),
            algorithm: self.client.id_token_algorithm,
            refreshed: false,
        };
        let claims = IdTokenClaims::compose(&approved, &facts, &self.facts, self.now);
        let id_token = self.sign(&claims);
        let response = TokenResponse {
            access_token: &access_token,
            token_type: "Bearer",
            refresh_token: None,
            id_token: &id_token,
            scope: &grant.scope,
            authorization_details: None,
        };
        Ok(response.reply(&self.facts))
    }

    fn userinfo(&self, authorization: Option<&str>) -> Result<Reply, Reason> {
        let presented = bearer::read(authorization, None)?;
        let hash = OpaqueSecret::hash_of(presented.token);
        let (tokens, grants) = (self.tokens.borrow(), self.grants.borrow());
        let token = tokens
            .iter()
            .find(|token| token.hash == hash)
            .ok_or(Reason::TokenUnknown)?;
        let grant = grants
            .values()
            .find(|grant| grant.id == token.grant)
            .ok_or(Reason::TokenUnknown)?;
        let live = bearer::approve(presented, oidc::Sender::default(), token, grant, self.now)?;
        let info = UserInfo {
            token: live,
            subject: &self.subject,
            release: Release::default(),
            person: oidc::PersonClaims::default(),
        };
        Ok(info.reply())
    }

    fn serve(&self, request: &HttpRequest) -> HttpResponse {
        let authorization = request
            .headers()
            .get("authorization")
            .map(|value| value.to_str().unwrap());
        let plain = |body: String| Reply {
            status: 200,
            headers: vec![("content-type", "application/json".to_owned())],
            body,
        };
        let uri = request.uri().to_string();
        let reply = if uri == format!("{ISSUER}{}", discovery::PATH) {
            plain(discovery::document(&self.facts).to_string())
        } else if uri == self.facts.jwks_uri {
            plain(self.jwks().to_json().to_string())
        } else if uri == self.facts.token_endpoint {
            self.token(request.body(), authorization)
                .unwrap_or_else(|reason| Reply::token_error(&reason, ISSUER))
        } else if uri == self.facts.userinfo_endpoint {
            self.userinfo(authorization)
                .unwrap_or_else(|reason| bearer::refusal(&reason, ISSUER))
        } else {
            panic!("{uri}")
        };
        let mut response = HttpResponse::new(reply.body.into_bytes());
        *response.status_mut() = reply.status.try_into().unwrap();
        for (name, value) in reply.headers {
            response.headers_mut().insert(name, value.parse().unwrap());
        }
        response
    }
}

fn sign_in(authentication: ClientAuthentication, secret: Option<&str>, algorithm: IdTokenAlgorithm) {
    let provider = Provider::new(authentication, algorithm);
    let http = |request: HttpRequest| Ok::<_, std::io::Error>(provider.serve(&request));

    let metadata =
        CoreProviderMetadata::discover(&IssuerUrl::new(ISSUER.to_owned()).unwrap(), &http).unwrap();
    let client = CoreClient::from_provider_metadata(
        metadata,
        ClientId::new("urn:rp:1".to_owned()),
        secret.map(|secret| ClientSecret::new(secret.to_owned())),
    )
    .set_redirect_uri(RedirectUrl::new(REDIRECT.to_owned()).unwrap());
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (address, state, nonce) = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .add_auth_context_value(openidconnect::AuthenticationContextClass::new(
            "urn:example:aal3".to_owned(),
        ))
        .set_pkce_challenge(challenge)
        .url();
    assert!(
        address
            .as_str()
            .starts_with(&provider.facts.authorization_endpoint)
    );

    let back = Url::parse(&provider.authorize(address.query().unwrap())).unwrap();
    let answer: HashMap<String, String> = back.query_pairs().into_owned().collect();
    assert_eq!(answer["tenant"], "1");
    assert_eq!(&answer["state"], state.secret());
    assert_eq!(answer["iss"], ISSUER);

    let code = || AuthorizationCode::new(answer["code"].clone());
    let text = verifier.secret().clone();
    let tokens = client
        .exchange_code(code())
        .unwrap()
        .set_pkce_verifier(verifier)
        .request(&http)
        .unwrap();

    let name = serde_json::to_value(algorithm).unwrap();
    let wanted = serde_json::from_value(name).unwrap();
    let verify = client.id_token_verifier().set_allowed_algs([wanted]);
    let id_token = tokens.id_token().unwrap();
    let claims = id_token.claims(&verify, &nonce).unwrap();
    assert_eq!(claims.subject().as_str(), provider.subject.as_str());
    assert_eq!(claims.auth_context_ref().unwrap().as_str(), "urn:example:aal3");
    assert!(claims.auth_time().is_some());
    let methods: Vec<_> = claims
        .auth_method_refs()
        .unwrap()
        .iter()
        .map(|method| method.as_str())
        .collect();
    assert_eq!(methods, ["hwk", "mfa", "pin", "sc"]);
    let bound = AccessTokenHash::from_token(
        tokens.access_token(),
        id_token.signing_alg().unwrap(),
        id_token.signing_key(&verify).unwrap(),
    )
    .unwrap();
    assert_eq!(claims.access_token_hash(), Some(&bound));
    assert!(
        id_token
            .claims(&verify, &Nonce::new("another".to_owned()))
            .is_err()
    );

    let info: CoreUserInfoClaims = client
        .user_info(tokens.access_token().clone(), Some(claims.subject().clone()))
        .unwrap()
        .request(&http)
        .unwrap();
    assert_eq!(info.subject(), claims.subject());

    let again = client
        .exchange_code(code())
        .unwrap()
        .set_pkce_verifier(openidconnect::PkceCodeVerifier::new(text))
        .request(&http)
        .unwrap_err();
    let openidconnect::RequestTokenError::ServerResponse(error) = again else {
        panic!("{again:?}")
    };
    assert_eq!(
        error.error(),
        &openidconnect::core::CoreErrorResponseType::InvalidGrant
    );
}

#[test]
fn a_public_client_signs_somebody_in() {
    for algorithm in [
        IdTokenAlgorithm::Es256,
        IdTokenAlgorithm::Rs256,
        IdTokenAlgorithm::Ps256,
    ] {
        sign_in(ClientAuthentication::None, None, algorithm);
    }
}

#[test]
fn a_client_with_a_secret_full_of_special_characters_signs_somebody_in() {
    let secret_sha256 = jose::digest::sha256_hex(SECRET.as_bytes());
    sign_in(
        ClientAuthentication::ClientSecretBasic { secret_sha256 },
        Some(SECRET),
        IdTokenAlgorithm::Es256,
    );
}

#[test]
#[should_panic(expected = "invalid_client")]
fn a_client_with_another_secret_does_not() {
    let secret_sha256 = jose::digest::sha256_hex(b"other");
    sign_in(
        ClientAuthentication::ClientSecretBasic { secret_sha256 },
        Some(SECRET),
        IdTokenAlgorithm::Es256,
    );
}
