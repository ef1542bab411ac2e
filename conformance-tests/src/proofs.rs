//! A client's DPoP key (RFC 9449), which can be made to sign anything.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use domain::Clock as _;
use serde_json::{Value, json};

use crate::{Browser, MachineClock, Page, random_name};

/// A P-256 key.
pub struct DpopKey(EcdsaKeyPair);

impl Default for DpopKey {
    fn default() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key"))
    }
}

impl DpopKey {
    /// Its public part.
    pub fn jwk(&self) -> Value {
        let (x, y) = self
            .0
            .public_key()
            .as_ref()
            .get(1..)
            .expect("a point")
            .split_at(32);
        json!({"kty": "EC", "crv": "P-256", "x": jose::encode_base64url(x), "y": jose::encode_base64url(y)})
    }

    /// RFC 7638 thumbprint.
    pub fn thumbprint(&self) -> String {
        let set = json!({"keys": [self.jwk()]}).to_string();
        let set = jose::JwkSet::parse(&set).expect("a set");
        set.keys().first().expect("a key").thumbprint()
    }

    /// The usual header.
    pub fn header(&self) -> Value {
        json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk()})
    }

    /// The usual claims for a request.
    pub fn claims(method: &str, address: &str, nonce: &str, access_token: Option<&str>) -> Value {
        let mut claims = json!({
            "jti": random_name(), "htm": method, "htu": address, "iat": MachineClock.now().seconds(), "nonce": nonce,
        });
        if let (Some(token), Some(members)) = (access_token, claims.as_object_mut()) {
            let hash = jose::encode_base64url(jose::digest::sha256(token.as_bytes()));
            members.insert("ath".to_owned(), json!(hash));
        }
        claims
    }

    /// A proof of exactly this header and these claims.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    /// The same of texts, which need be no good JSON.
    pub fn sign_text(&self, header: &str, claims: &str) -> String {
        let input = format!(
            "{}.{}",
            jose::encode_base64url(header),
            jose::encode_base64url(claims)
        );
        let signature = self
            .0
            .sign(&SystemRandom::new(), input.as_bytes())
            .expect("signed");
        format!("{input}.{}", jose::encode_base64url(signature))
    }

    /// A good proof.
    pub fn proof(&self, method: &str, address: &str, nonce: &str, access_token: Option<&str>) -> String {
        self.sign(
            &self.header(),
            &Self::claims(method, address, nonce, access_token),
        )
    }

    /// Posts a form with a good proof, as a client does: the nonce is learned from the first refusal.
    pub async fn post(&self, browser: &Browser, address: &str, body: &str) -> Page {
        let first = self.proof("POST", address, "", None);
        let refused = browser.post_raw(address, &[("dpop", &first)], body).await;
        let nonce = refused.header("dpop-nonce").unwrap_or_default().to_owned();
        assert!(refused.body.contains("use_dpop_nonce"), "{}", refused.body);
        let second = self.proof("POST", address, &nonce, None);
        browser.post_raw(address, &[("dpop", &second)], body).await
    }
}
