//! What is checked before any request leaves, and freshness. The whole walk against the running platform is `cargo xtask demo
//! --once`; signatures, audience, expiry and nonce are the library's, seen in `crates/oidc/tests/relying_party.rs`.

use openidconnect::core::{CoreResponseType, CoreSubjectIdentifierType};
use openidconnect::{AuthUrl, EmptyAdditionalProviderMetadata, JsonWebKeySetUrl, ResponseTypes};
use sim::keys::Seed;
use sim::server_certificate::ServerAuthority;

use super::*;

const ISSUER: &str = "https://idp.example";
const NOW: Timestamp = Timestamp::from_seconds(1_795_219_200);

fn party() -> RelyingParty {
    let authority = ServerAuthority::generate(&Seed::from_text("sdk"), NOW).unwrap();
    let config = OidcConfig {
        issuer: ISSUER.to_owned(),
        client_id: "client".to_owned(),
        client_secret: None,
        redirect_uri: "https://sp.example/callback".to_owned(),
        trusted_ca_pem: authority.certificate_pem(),
        addresses: vec![],
        id_token_signed_response_alg: "ES256".to_owned(),
    };
    let metadata = CoreProviderMetadata::new(
        IssuerUrl::new(ISSUER.to_owned()).unwrap(),
        AuthUrl::new(format!("{ISSUER}/oidc/authorize")).unwrap(),
        JsonWebKeySetUrl::new(format!("{ISSUER}/oidc/jwks")).unwrap(),
        vec![ResponseTypes::new(vec![CoreResponseType::Code])],
        vec![CoreSubjectIdentifierType::Pairwise],
        vec![CoreJwsSigningAlgorithm::EcdsaP256Sha256],
        EmptyAdditionalProviderMetadata {},
    );
    let client = CoreClient::from_provider_metadata(metadata, ClientId::new("client".to_owned()), None)
        .set_redirect_uri(RedirectUrl::new(config.redirect_uri.clone()).unwrap());
    RelyingParty {
        algorithm: CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        http: Http::new(&config).unwrap(),
        client: RwLock::new(Arc::new(client)),
        config,
    }
}

#[test]
fn the_question_carries_pkce_state_and_nonce_and_what_was_asked() {
    let options = RequestOptions {
        max_age_seconds: Some(0),
        levels: vec!["aal3".to_owned()],
    };
    let (address, sent) = party().begin(&options, NOW);
    for part in [
        "https://idp.example/oidc/authorize?response_type=code&client_id=client&",
        &format!("state={}", sent.state),
        &format!("nonce={}", sent.nonce),
        "code_challenge_method=S256",
        "acr_values=aal3",
        "max_age=0",
        "scope=openid",
    ] {
        assert!(address.contains(part), "{part} in {address}");
    }
    assert!(!address.contains(&sent.verifier), "the verifier stays at home");
    let other = party().begin(&options, NOW).1;
    assert_ne!(
        (&sent.state, &sent.nonce, &sent.verifier),
        (&other.state, &other.nonce, &other.verifier)
    );
}

#[test]
fn an_answer_is_the_platforms_and_this_browsers() {
    let party = party();
    let (_, sent) = party.begin(&RequestOptions::default(), NOW);
    let good = Answer {
        code: Some("c".to_owned()),
        state: Some(sent.state.clone()),
        iss: Some(ISSUER.to_owned()),
        error: None,
    };
    assert_eq!(party.read_answer(good.clone(), &sent), Ok("c".to_owned()));
    let with = |change: &dyn Fn(&mut Answer)| {
        let mut answer = good.clone();
        change(&mut answer);
        party.read_answer(answer, &sent).unwrap_err()
    };
    assert_eq!(
        with(&|a| a.state = None),
        OidcReason::Missing { parameter: "state" }
    );
    assert_eq!(
        with(&|a| a.state = Some("x".to_owned())),
        OidcReason::AnswersAnotherRequest
    );
    assert_eq!(with(&|a| a.iss = None), OidcReason::AnotherIssuer);
    assert_eq!(
        with(&|a| a.iss = Some("https://evil.example".to_owned())),
        OidcReason::AnotherIssuer
    );
    assert_eq!(
        with(&|a| a.code = None),
        OidcReason::Missing { parameter: "code" }
    );
    let error = "access_denied".to_owned();
    assert_eq!(
        with(&|a| a.error = Some(error.clone())),
        OidcReason::NotSignedIn { error: error.clone() }
    );
}

#[test]
fn freshness_needs_a_time_and_one_that_is_near_enough() {
    let (_, mut sent) = party().begin(&RequestOptions::default(), NOW);
    assert!(check_freshness(None, &sent).is_ok());
    sent.max_age_seconds = Some(300);
    assert!(check_freshness(None, &sent).is_err());
    assert!(check_freshness(Some(NOW.plus_seconds(-360)), &sent).is_ok());
    assert!(check_freshness(Some(NOW.plus_seconds(-361)), &sent).is_err());
}
