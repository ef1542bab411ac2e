//! A confidential client of the tests' own with a key: it authenticates itself by `private_key_jwt`, pushes its requests and signs them.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use domain::{Clock as _, Entropy};
use serde_json::{Value, json};

use crate::{Browser, MachineClock, MachineEntropy, Page, Platform, RelyingParty};

/// A client with a P-256 key, registered at a platform.
pub struct SigningClient {
    /// What it can do like any other.
    pub rp: RelyingParty,
    key: EcdsaKeyPair,
}

/// 128 random bits, base64url.
pub fn random_name() -> String {
    let entropy: &dyn Entropy = &MachineEntropy;
    jose::encode_base64url(entropy.array::<16>())
}

impl SigningClient {
    /// Registers a client for whom these further lines stand in the `[oidc]` table.
    pub fn register(platform: &Platform, client_id: &str, more: &str) -> Self {
        Self::register_with(platform, client_id, "", more)
    }

    /// Registers a client for whom these further lines stand at the top and in the `[oidc]` table. `{jwks}` is its key set.
    pub fn register_with(platform: &Platform, client_id: &str, top: &str, more: &str) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        let redirect_uri = format!("https://{client_id}.localhost:9/cb");
        let jwks = Self::key_set(&key).to_string();
        platform.register(&format!(
            r#"
            kind = "sp"
            name = {{ ja = "{client_id} 申請", en = "{client_id} filing" }}
            released_attributes = ["assurance_level", "authentication_time", "authentication_method"]
            {top}
            [oidc]
            client_id = "{client_id}"
            redirect_uris = ["{redirect_uri}"]
            authentication = {{ method = "private_key_jwt", jwks = '{jwks}' }}
            {}
            "#,
            more.replace("{jwks}", &jwks)
        ));
        Self {
            rp: RelyingParty {
                client_id: client_id.to_owned(),
                redirect_uri,
                origin: platform.origin.clone(),
            },
            key,
        }
    }

    /// Somebody with a key whom no platform knows.
    pub fn unregistered(name: &str) -> Self {
        Self {
            rp: RelyingParty {
                client_id: name.to_owned(),
                redirect_uri: String::new(),
                origin: String::new(),
            },
            key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key"),
        }
    }

    /// The same key in the hands of another client.
    #[must_use]
    pub fn as_client(&self, client_id: &str, redirect_uri: &str) -> Self {
        let document = self.key.to_pkcs8v1().expect("a key");
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref());
        Self {
            rp: RelyingParty {
                client_id: client_id.to_owned(),
                redirect_uri: redirect_uri.to_owned(),
                origin: self.rp.origin.clone(),
            },
            key: key.expect("a key"),
        }
    }

    fn key_set(key: &EcdsaKeyPair) -> Value {
        let (x, y) = key.public_key().as_ref().get(1..).expect("a point").split_at(32);
        json!({"keys": [{
            "kty": "EC", "crv": "P-256", "kid": "k1",
            "x": jose::encode_base64url(x), "y": jose::encode_base64url(y),
        }]})
    }

    /// Its private key, PKCS#8 in base64, for programs that sign in its name.
    pub fn pkcs8(&self) -> String {
        use base64::Engine as _;
        let document = self.key.to_pkcs8v1().expect("a key");
        base64::engine::general_purpose::STANDARD.encode(document.as_ref())
    }

    /// Its public key as a JWK.
    pub fn jwk(&self) -> Value {
        Self::key_set(&self.key)
            .get("keys")
            .and_then(|keys| keys.get(0))
            .cloned()
            .expect("a key")
    }

    /// A JWS with exactly this header and payload.
    pub fn jws(&self, header: &Value, claims: &Value) -> String {
        self.jws_text(&header.to_string(), &claims.to_string())
    }

    /// The same of texts, which need be no good JSON.
    pub fn jws_text(&self, header: &str, claims: &str) -> String {
        let input = format!(
            "{}.{}",
            jose::encode_base64url(header),
            jose::encode_base64url(claims)
        );
        let signature = self
            .key
            .sign(&SystemRandom::new(), input.as_bytes())
            .expect("signed");
        format!("{input}.{}", jose::encode_base64url(signature))
    }

    /// A fresh client assertion.
    pub fn assertion(&self) -> String {
        let now = MachineClock.now().seconds();
        let claims = json!({
            "iss": self.rp.client_id, "sub": self.rp.client_id, "aud": self.rp.origin,
            "iat": now, "exp": now + 60, "jti": random_name(),
        });
        self.jws(&json!({"alg": "ES256", "kid": "k1", "typ": "JWT"}), &claims)
    }

    /// The parameters of its usual request.
    pub fn parameters(&self) -> Vec<(String, String)> {
        let request = url::Url::parse(&self.rp.request("")).expect("a URL");
        request.query_pairs().into_owned().collect()
    }

    /// The claims of its usual request object.
    pub fn object_claims(&self) -> Value {
        let now = MachineClock.now().seconds();
        let mut claims = json!({
            "iss": self.rp.client_id, "aud": self.rp.origin, "iat": now, "nbf": now, "exp": now + 300, "jti": random_name(),
        });
        let members = claims.as_object_mut().expect("an object");
        for (name, value) in self.parameters() {
            members.insert(name, Value::String(value));
        }
        claims
    }

    /// A request object of these claims.
    pub fn object(&self, claims: &Value) -> String {
        self.jws(
            &json!({"alg": "ES256", "kid": "k1", "typ": "oauth-authz-req+jwt"}),
            claims,
        )
    }

    /// Pushes a form, authenticated.
    pub async fn push(&self, browser: &Browser, parameters: &[(String, String)]) -> Page {
        let assertion = self.assertion();
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(parameters);
        body.append_pair(
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        )
        .append_pair("client_assertion", &assertion);
        browser
            .post_raw(&format!("{}/oidc/par", self.rp.origin), &[], &body.finish())
            .await
    }

    /// Pushes its usual request with changes (`None` leaves a parameter out); the `request_uri`.
    pub async fn pushed(&self, browser: &Browser, changes: &[(&str, Option<&str>)]) -> String {
        let mut parameters = self.parameters();
        for (name, value) in changes {
            parameters.retain(|(known, _)| known != name);
            parameters.extend(value.map(|value| ((*name).to_owned(), value.to_owned())));
        }
        let answer = self.push(browser, &parameters).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let json: Value = serde_json::from_str(&answer.body).expect("JSON");
        let uri = json.get("request_uri").and_then(Value::as_str);
        uri.expect("a request_uri").to_owned()
    }

    /// The authorization request that brings a pushed one.
    pub fn bring(&self, request_uri: &str) -> String {
        let encoded: String = url::form_urlencoded::byte_serialize(request_uri.as_bytes()).collect();
        format!(
            "{}/oidc/authorize?client_id={}&request_uri={encoded}",
            self.rp.origin, self.rp.client_id
        )
    }

    /// Redeems a code, authenticated; the answer as it comes.
    pub async fn redeem_raw(&self, browser: &Browser, code: &str) -> Page {
        let mut body = self.rp.token_request(code);
        let assertion = self.assertion();
        body.push_str(
            "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer",
        );
        body.push_str("&client_assertion=");
        body.push_str(&assertion);
        browser
            .post_raw(&format!("{}/oidc/token", self.rp.origin), &[], &body)
            .await
    }

    /// Walks an authorization request to the claims of its ID token.
    pub async fn claims_of(&self, browser: &Browser, url: &str) -> Value {
        let start = browser.get_until(url, &self.rp.redirect_uri).await;
        let reply = self.rp.walk(browser, start).await;
        let code = reply
            .query("code")
            .unwrap_or_else(|| panic!("no code at {}", reply.url));
        let answer = self.redeem_raw(browser, &code).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let json: Value = serde_json::from_str(&answer.body).expect("JSON");
        let token = json.get("id_token").and_then(Value::as_str).expect("an ID token");
        let payload = token.split('.').nth(1).expect("a compact JWS");
        let claims = jose::decode_base64url(payload).expect("base64url");
        serde_json::from_slice(&claims).expect("claims")
    }
}
