//! A platform for tests: documents, keys and answers in this process, changed while it runs.

use std::sync::Mutex;

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use domain::Timestamp;
use serde_json::{Value, json};

use super::OidcConfig;
use crate::http::{Answered, Fetch, FetchFault, Outgoing};
use crate::key::ServiceKey;

pub(crate) const ISSUER: &str = "https://idp.example";
pub(crate) const CLIENT: &str = "client";
pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_795_219_200);

/// The platform.
pub(crate) struct Platform {
    pub(crate) key: Mutex<ServiceKey>,
    /// Addresses that were asked, in order, with their bodies.
    pub(crate) asked: Mutex<Vec<(String, String)>>,
    /// What the token endpoint and the others answer next.
    pub(crate) answers: Mutex<Vec<(u16, Value, Option<String>)>>,
    pub(crate) reachable: Mutex<bool>,
}

impl Platform {
    pub(crate) fn new() -> Self {
        Self {
            key: Mutex::new(ServiceKey::generate().unwrap()),
            asked: Mutex::default(),
            answers: Mutex::default(),
            reachable: Mutex::new(true),
        }
    }

    pub(crate) fn roll_over(&self) {
        *self.key.lock().unwrap() = ServiceKey::generate().unwrap();
    }

    pub(crate) fn sign(&self, typ: &str, claims: &Value) -> String {
        self.key.lock().unwrap().jws(typ, claims).unwrap()
    }

    pub(crate) fn times_asked(&self, end: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|(url, _)| url.ends_with(end)).count()
    }

    fn answer(&self, url: &str) -> (u16, Value, Option<String>) {
        if url.ends_with("/.well-known/openid-configuration") {
            let document = json!({
                "issuer": ISSUER,
                "authorization_endpoint": format!("{ISSUER}/oidc/authorize"),
                "token_endpoint": format!("{ISSUER}/oidc/token"),
                "jwks_uri": format!("{ISSUER}/oidc/jwks"),
                "pushed_authorization_request_endpoint": format!("{ISSUER}/oidc/par"),
                "end_session_endpoint": format!("{ISSUER}/oidc/logout"),
                "introspection_endpoint": format!("{ISSUER}/oidc/introspection"),
                "dpop_signing_alg_values_supported": ["ES256"],
            });
            return (200, document, None);
        }
        if url.ends_with("/oidc/jwks") {
            return (200, self.key.lock().unwrap().jwks(), None);
        }
        let mut answers = self.answers.lock().unwrap();
        if answers.is_empty() {
            (404, Value::Null, None)
        } else {
            answers.remove(0)
        }
    }
}

#[async_trait]
impl Fetch for Platform {
    async fn send(&self, request: Outgoing) -> Result<Answered, FetchFault> {
        if !*self.reachable.lock().unwrap() {
            return Err(FetchFault::Unreachable("no answer in time".to_owned()));
        }
        let mut headers = String::new();
        for (name, value) in &request.headers {
            for part in [*name, ": ", value.as_str(), "\n"] {
                headers.push_str(part);
            }
        }
        let body = format!("{headers}\n{}", String::from_utf8_lossy(&request.body));
        self.asked.lock().unwrap().push((request.url.clone(), body));
        let (status, body, dpop_nonce) = self.answer(&request.url);
        Ok(Answered {
            status,
            dpop_nonce,
            body: body.to_string().into_bytes(),
        })
    }
}

/// A private key in PEM.
pub(crate) fn key_pem() -> String {
    use base64::Engine as _;
    let document = aws_lc_rs::signature::EcdsaKeyPair::generate_pkcs8(
        &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        &SystemRandom::new(),
    )
    .unwrap();
    let text = base64::engine::general_purpose::STANDARD.encode(document.as_ref());
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
}

pub(crate) fn config() -> OidcConfig {
    OidcConfig {
        issuer: ISSUER.to_owned(),
        client_id: CLIENT.to_owned(),
        private_key_pem: None,
        client_secret: None,
        redirect_uri: "https://sp.example/callback".to_owned(),
        post_logout_redirect_uri: Some("https://sp.example/bye".to_owned()),
        trusted_ca_pem: String::new(),
        addresses: vec![],
        id_token_signed_response_alg: "ES256".to_owned(),
        dpop: true,
    }
}

/// A sign-in as another room's tests need it.
pub(crate) fn sign_in(subject: &str, acr: &str, at: Timestamp) -> super::SignIn {
    super::SignIn {
        subject: subject.to_owned(),
        level: Some(acr.to_owned()),
        ial: None,
        aal: None,
        certainty: None,
        methods: vec![],
        authenticated_at: Some(at),
        session: None,
        id_token: String::new(),
        access_token: String::new(),
    }
}
