//! A client of the tests' own that registers itself, for what libraries cannot be made to do.

use serde_json::{Value, json};

use crate::{Browser, Page, Platform};

/// The lines of the configuration under which clients register themselves, and everything may be fetched from this machine.
pub const SELF_REGISTRATION: &str = "[registration]\nenabled = true\nrequests_per_minute = 10000\n[oidc]\nfetch_ca = \"servers-ca.pem\"\nfetch_from_internal_networks = true\njwks_refresh_seconds = 1\n";

/// What a platform told a client about its registration.
#[derive(Clone, Debug)]
pub struct SelfRegistered {
    /// `client_id`.
    pub client_id: String,
    /// Where its registration is.
    pub uri: String,
    /// By which token.
    pub token: String,
    /// All of it.
    pub told: Value,
}

impl SelfRegistered {
    /// Reads an answer that must be a registration.
    pub fn of(answer: &Page, status: u16) -> Self {
        assert_eq!(answer.status, status, "{}", answer.body);
        let told: Value = serde_json::from_str(&answer.body).expect("JSON");
        let text = |name: &str| {
            told.get(name)
                .and_then(Value::as_str)
                .unwrap_or_else(|| panic!("no {name} in {told}"))
                .to_owned()
        };
        Self {
            client_id: text("client_id"),
            uri: text("registration_client_uri"),
            token: text("registration_access_token"),
            told,
        }
    }

    /// What replaces its registration: what it was told, without what only the server says, with changes (null leaves out).
    pub fn replacement(&self, changes: &Value) -> Value {
        let mut members = self.told.clone();
        let object = members.as_object_mut().expect("an object");
        for name in [
            "registration_access_token",
            "registration_client_uri",
            "client_id_issued_at",
            "client_secret_expires_at",
        ] {
            object.remove(name);
        }
        for (name, value) in changes.as_object().expect("an object") {
            object.insert(name.clone(), value.clone());
        }
        members
    }
}

impl Platform {
    /// An initial access token for clients on these hosts.
    pub fn initial_token(&self, name: &str, hosts: &[&str], clients: u32, profile: &str) -> String {
        let count = clients.to_string();
        let mut words = vec![
            "registration",
            "token",
            "add",
            name,
            "--organisation-ja",
            "試験省",
            "--organisation-en",
            "Ministry of Tests",
            "--clients",
            &count,
            "--profile",
            profile,
        ];
        for host in hosts {
            words.extend(["--host", host]);
        }
        let made = self.command(&words);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        String::from_utf8_lossy(&made.stdout).trim().to_owned()
    }

    /// Asks to register; the answer as it comes.
    pub async fn self_register(&self, browser: &Browser, token: &str, metadata: &Value) -> Page {
        let bearer = format!("Bearer {token}");
        browser
            .send_raw(
                "POST",
                &format!("{}/oidc/register", self.origin),
                &[("authorization", &bearer), ("content-type", "application/json")],
                &metadata.to_string(),
            )
            .await
    }
}

/// The least that a public client says.
pub fn least(redirect_uri: &str) -> Value {
    json!({
        "redirect_uris": [redirect_uri],
        "token_endpoint_auth_method": "none",
        "client_name": "Least",
        "id_token_signed_response_alg": "ES256",
    })
}
