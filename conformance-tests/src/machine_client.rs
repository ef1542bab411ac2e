//! A client of OpenID Connect that proves itself by the certificate of its connections (RFC 8705), or has its tokens bound to it.

use reqwest::Client;
use serde_json::Value;

use crate::{Browser, MutualTls, RelyingParty};

/// An answer to a machine.
#[derive(Clone, Debug)]
pub struct Told {
    /// The status.
    pub status: u16,
    /// The body.
    pub json: Value,
    /// Every `WWW-Authenticate`.
    pub challenges: String,
}

impl Told {
    async fn of(request: reqwest::RequestBuilder) -> Self {
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let challenges = answer.headers().get_all("www-authenticate").iter();
        let challenges: Vec<_> = challenges.filter_map(|value| value.to_str().ok()).collect();
        let challenges = challenges.join("\n");
        let text = answer.text().await.expect("a body");
        Self {
            status,
            json: serde_json::from_str(&text).unwrap_or(Value::String(text)),
            challenges,
        }
    }

    /// A member that is a text; nothing where there is none.
    pub fn text(&self, name: &str) -> &str {
        self.json.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Status and `error`.
    pub fn refusal(&self) -> (u16, &str) {
        (self.status, self.text("error"))
    }
}

/// A registered client.
#[derive(Clone, Debug)]
pub struct MachineClient {
    /// What it can do like any other.
    pub rp: RelyingParty,
    /// Where clients with certificates are received.
    pub mutual: String,
}

impl MachineClient {
    /// Registers a client that authenticates so (`method = "…", …`), with further lines of its `[oidc]` table.
    pub fn register(house: &MutualTls, client_id: &str, authentication: &str, more: &str) -> Self {
        let redirect_uri = format!("https://{client_id}.localhost:9/cb");
        house.platform.register(&format!(
            r#"
            kind = "sp"
            name = {{ ja = "{client_id} 申請", en = "{client_id} filing" }}
            released_attributes = ["assurance_level", "authentication_time", "authentication_method"]
            [oidc]
            client_id = "{client_id}"
            redirect_uris = ["{redirect_uri}"]
            authentication = {{ {authentication} }}
            {more}
            "#
        ));
        Self {
            rp: RelyingParty {
                client_id: client_id.to_owned(),
                redirect_uri,
                origin: house.platform.origin.clone(),
            },
            mutual: house.origin.clone(),
        }
    }

    /// Posts a form of this client's to an endpoint (`token`, `par`, …) below an origin.
    pub async fn post_to(
        &self,
        machine: &Client,
        origin: &str,
        endpoint: &str,
        fields: &[(&str, &str)],
    ) -> Told {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        if !fields.iter().any(|(name, _)| *name == "client_id") {
            body.append_pair("client_id", &self.rp.client_id);
        }
        let body = body.extend_pairs(fields).finish();
        let request = machine
            .post(format!("{origin}/oidc/{endpoint}"))
            .header("content-type", "application/x-www-form-urlencoded");
        Told::of(request.body(body)).await
    }

    /// The same where clients with certificates are received.
    pub async fn post(&self, machine: &Client, endpoint: &str, fields: &[(&str, &str)]) -> Told {
        self.post_to(machine, &self.mutual, endpoint, fields).await
    }

    /// Redeems a code.
    pub async fn redeem(&self, machine: &Client, code: &str) -> Told {
        let body = self.rp.token_request(code);
        let fields: Vec<_> = url::form_urlencoded::parse(body.as_bytes()).collect();
        let fields: Vec<_> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        self.post(machine, "token", &fields).await
    }

    /// Tokens of a complete sign-in.
    pub async fn sign_in(&self, machine: &Client, browser: &Browser, more: &str) -> Told {
        let code = self.rp.code(browser, more).await;
        let told = self.redeem(machine, &code).await;
        assert_eq!(told.status, 200, "{told:?}");
        told
    }

    /// Exchanges a refresh token.
    pub async fn refresh(&self, machine: &Client, token: &str) -> Told {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.post(machine, "token", &fields).await
    }

    /// Shows an access token to user information below an origin.
    pub async fn userinfo(&self, machine: &Client, origin: &str, token: &str) -> Told {
        let address = format!("{origin}/oidc/userinfo");
        Told::of(machine.get(address).bearer_auth(token)).await
    }
}
