//! What a client signs, behind its signature: the octets are the claims, and the signature over them is good, so that the rules behind
//! it are reached.

use std::sync::OnceLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use domain::{ClientAuthentication, IdTokenAlgorithm, OidcSettings, ServiceId, Timestamp};
use oidc::dpop::{Nonces, Proof, ProvenRequest};
use oidc::{ClientFacts, ProviderFacts, UncheckedAuthorizationRequest, check, open_request_object};

/// 2026-11-21T00:00:00Z, in seconds.
pub(super) const NOW: i64 = 1_795_219_200;

pub(super) struct Signer {
    key: EcdsaKeyPair,
    pub(super) jwk: String,
}

/// One key for the whole search.
pub(super) fn signer() -> &'static Signer {
    static SIGNER: OnceLock<Signer> = OnceLock::new();
    SIGNER.get_or_init(|| {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let point = key.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        let jwk = format!(
            r#"{{"kty":"EC","crv":"P-256","x":"{}","y":"{}"}}"#,
            jose::encode_base64url(x),
            jose::encode_base64url(y)
        );
        Signer { key, jwk }
    })
}

pub(super) fn signed(header: &str, claims: &[u8]) -> String {
    let input = format!(
        "{}.{}",
        jose::encode_base64url(header),
        jose::encode_base64url(claims)
    );
    let signature = signer().key.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
    format!("{input}.{}", jose::encode_base64url(signature))
}

fn settings() -> OidcSettings {
    OidcSettings {
        client_id: "rp".to_owned(),
        redirect_uris: vec!["https://rp.example/cb".to_owned()],
        logout: domain::OidcLogout::default(),
        post_logout_redirect_uris: Vec::new(),
        authentication: ClientAuthentication::PrivateKeyJwt {
            jwks: format!(r#"{{"keys":[{}]}}"#, signer().jwk),
        },
        id_token_signed_response_alg: IdTokenAlgorithm::Es256,
        requests: domain::RequestSettings {
            authorization_details_types: vec!["payment".to_owned()],
            ..domain::RequestSettings::default()
        },
        profile: domain::SecurityProfile::default(),
        documents: domain::ClientDocuments::default(),
        tokens: domain::TokenSettings {
            resources: vec!["https://api.example/".to_owned()],
            ..domain::TokenSettings::default()
        },
    }
}

pub(super) fn client() -> &'static ClientFacts {
    static CLIENT: OnceLock<ClientFacts> = OnceLock::new();
    CLIENT.get_or_init(|| {
        let service: ServiceId = format!("svc_{}", "1".repeat(32)).parse().unwrap();
        ClientFacts::from_settings(&service, &settings()).unwrap()
    })
}

pub(super) fn provider() -> &'static ProviderFacts {
    static PROVIDER: OnceLock<ProviderFacts> = OnceLock::new();
    PROVIDER.get_or_init(|| {
        let types = serde_json::json!({"payment": {"title": {"ja": "支払", "en": "Payment"}, "fields": {
            "amount": {"kind": {"text": {"max_characters": 9}}, "title": {"ja": "額", "en": "Amount"}, "required": true}}}});
        ProviderFacts {
            detail_types: std::sync::Arc::new(serde_json::from_value(types).unwrap()),
            ..ProviderFacts::under("https://idp.example", vec!["urn:example:aal3".to_owned()])
        }
    })
}

/// Whatever passes every rule goes back to the one registered address and is a code with PKCE.
pub(crate) fn judged(bytes: &[u8]) {
    let Ok(request) = UncheckedAuthorizationRequest::parse(bytes) else {
        return;
    };
    assert!(!request.client_id().is_empty());
    let examined = check(&request, client(), provider());
    if let Ok(good) = examined.outcome {
        assert_eq!(request.client_id(), "rp");
        assert!(examined.return_to.is_some(), "{good:?}");
    }
}

/// What an object says becomes a request only if it names the client, and then the rules for requests run as for any other.
pub(crate) fn request_object(bytes: &[u8]) {
    let object = signed(r#"{"alg":"ES256","typ":"oauth-authz-req+jwt"}"#, bytes);
    let beside = UncheckedAuthorizationRequest::parse(b"client_id=rp").unwrap();
    let now = Timestamp::from_seconds(NOW);
    let opened = open_request_object(&object, &beside, client(), provider(), now);
    if let Ok((request, _)) = opened.outcome {
        assert_eq!(request.client_id(), "rp");
        let _ = check(&request, client(), provider());
    }
}

/// A proof counts for one method and one address at this time alone.
pub(crate) fn dpop_proof(bytes: &[u8]) {
    let header = format!(r#"{{"typ":"dpop+jwt","alg":"ES256","jwk":{}}}"#, signer().jwk);
    let proof = signed(&header, bytes);
    let Ok(Some(proof)) = Proof::read(std::iter::once(proof.as_str())) else {
        return;
    };
    let request = ProvenRequest {
        method: "POST",
        addresses: &["https://idp.example/oidc/token"],
        access_token: None,
        nonces: Nonces::NotAsked,
        now: Timestamp::from_seconds(NOW),
    };
    if let Ok(proven) = proof.check(&request) {
        assert!(!proven.jkt().is_empty());
        let other = ProvenRequest {
            method: "GET",
            ..request
        };
        assert!(proof.check(&other).is_err());
        let late = ProvenRequest {
            now: Timestamp::from_seconds(NOW + 3_600),
            ..request
        };
        assert!(proof.check(&late).is_err());
    }
}

/// The octets are the whole header value: nothing but the key inside it vouches for it.
pub(crate) fn dpop_header(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Proof::read(text.split('\n'));
    }
}

pub(crate) fn requests() -> Vec<Vec<u8>> {
    let good = concat!(
        "response_type=code&client_id=rp&redirect_uri=https%3A%2F%2Frp.example%2Fcb&scope=openid+profile&state=s&nonce=n",
        "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
    );
    [
        "",
        "&prompt=login&max_age=60&acr_values=urn%3Aexample%3Aaal3&ui_locales=ja",
        "&claims=%7B%22id_token%22%3A%7B%22acr%22%3A%7B%22essential%22%3Atrue%2C%22values%22%3A%5B%22a%22%5D%7D%7D%7D",
        "&resource=https%3A%2F%2Fapi.example%2F",
        "&authorization_details=%5B%7B%22type%22%3A%22payment%22%2C%22amount%22%3A%221%22%7D%5D",
        "&dpop_jkt=0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I&response_mode=form_post",
        "&request=a.b.c",
        "&prompt=login+consent&max_age=60&acr_values=aal3+crl&ui_locales=ja+en",
        "&client_id=d",
        "&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Ax&id_token_hint=a.b.c&login_hint=h",
    ]
    .iter()
    .map(|more| format!("{good}{more}").into_bytes())
    .collect()
}

pub(crate) fn objects() -> Vec<Vec<u8>> {
    let object = |more: &str| {
        format!(
            r#"{{"iss":"rp","aud":"https://idp.example","client_id":"rp","response_type":"code","redirect_uri":"https://rp.example/cb",
            "scope":"openid","state":"s","nonce":"n","code_challenge":"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "code_challenge_method":"S256","iat":{NOW},"nbf":{NOW},"exp":{},"jti":"one"{more}}}"#,
            NOW + 60
        )
        .into_bytes()
    };
    vec![
        object(""),
        object(r#","max_age":60,"claims":{"userinfo":{"name":null}},"resource":["https://api.example/"]"#),
        object(r#","authorization_details":[{"type":"payment","amount":"1"}]"#),
    ]
}

pub(crate) fn proofs() -> Vec<Vec<u8>> {
    vec![
        format!(
            r#"{{"jti":"one","htm":"POST","htu":"https://idp.example/oidc/token","iat":{NOW},"nonce":"n","ath":"a"}}"#
        )
        .into_bytes(),
        br#"{"jti":"","htm":"post","htu":"HTTPS://IDP.example:443/oidc/token?q#f","iat":1.5e9}"#.to_vec(),
    ]
}

pub(crate) fn headers() -> Vec<Vec<u8>> {
    let header = format!(r#"{{"typ":"dpop+jwt","alg":"ES256","jwk":{}}}"#, signer().jwk);
    proofs()
        .iter()
        .map(|claims| signed(&header, claims).into_bytes())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seeds get past the rules, or the search would stay in front of them.
    #[test]
    fn good_seeds_are_good() {
        for request in requests().iter().take(6) {
            let request = UncheckedAuthorizationRequest::parse(request).unwrap();
            let examined = check(&request, client(), provider());
            assert!(examined.outcome.is_ok(), "{:?}", examined.outcome);
        }
        let beside = UncheckedAuthorizationRequest::parse(b"client_id=rp").unwrap();
        for claims in objects() {
            let object = signed(r#"{"alg":"ES256","typ":"oauth-authz-req+jwt"}"#, &claims);
            let now = Timestamp::from_seconds(NOW);
            let opened = open_request_object(&object, &beside, client(), provider(), now);
            let (request, _) = opened.outcome.unwrap();
            let examined = check(&request, client(), provider());
            assert!(examined.outcome.is_ok(), "{:?}", examined.outcome);
        }
        let header = String::from_utf8(headers().remove(0)).unwrap();
        let proof = Proof::read(std::iter::once(header.as_str())).unwrap().unwrap();
        let request = ProvenRequest {
            method: "POST",
            addresses: &["https://idp.example/oidc/token"],
            access_token: None,
            nonces: Nonces::NotAsked,
            now: Timestamp::from_seconds(NOW),
        };
        assert!(proof.check(&request).is_ok());
    }
}
