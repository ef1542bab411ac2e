//! A small relying party of the tests' own, for what foreign ones cannot be made to do: wrong, repeated, late and stolen things.

use serde_json::Value;

use crate::{Browser, Page, Platform};

/// A public client with PKCE, registered at a platform. Its redirect URI answers nobody: the address is what is looked at.
#[derive(Clone, Debug)]
pub struct RelyingParty {
    /// `client_id`.
    pub client_id: String,
    /// `redirect_uri`.
    pub redirect_uri: String,
    /// The platform.
    pub origin: String,
}

/// What a redeemed code gave.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The access token.
    pub access_token: String,
    /// The ID token, compact.
    pub id_token: String,
    /// Its claims, unverified.
    pub claims: Value,
}

/// A fixed verifier and its S256 challenge (RFC 7636 appendix B).
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

impl RelyingParty {
    /// Registers a public client.
    pub fn register(platform: &Platform, client_id: &str) -> Self {
        Self::register_at(platform, client_id, "3")
    }

    /// Registers a public client that demands an authentication level, a digit.
    pub fn register_at(platform: &Platform, client_id: &str, aal: &str) -> Self {
        Self::register_as(platform, client_id, aal, "")
    }

    /// Registers a public client with settings of its tokens (`refresh = "session"`).
    pub fn register_for(platform: &Platform, client_id: &str, tokens: &str) -> Self {
        Self::register_as(platform, client_id, "3", &format!("[oidc.tokens]\n{tokens}"))
    }

    fn register_as(platform: &Platform, client_id: &str, aal: &str, more: &str) -> Self {
        let redirect_uri = format!("https://{client_id}.localhost:9/cb");
        platform.register(&format!(
            r#"
            kind = "sp"
            name = {{ ja = "{client_id} 申請", en = "{client_id} filing" }}
            required_level = {{ ial = "0", aal = "{aal}" }}
            released_attributes = ["assurance_level", "authentication_time", "authentication_method"]
            [oidc]
            client_id = "{client_id}"
            redirect_uris = ["{redirect_uri}"]
            post_logout_redirect_uris = ["https://{client_id}.localhost:9/bye"]
            authentication = {{ method = "none" }}
            {more}
            "#
        ));
        Self {
            client_id: client_id.to_owned(),
            redirect_uri,
            origin: platform.origin.clone(),
        }
    }

    /// An authorization request with further parameters (`&prompt=none`).
    pub fn request(&self, more: &str) -> String {
        let redirect: String = url::form_urlencoded::byte_serialize(self.redirect_uri.as_bytes()).collect();
        format!(
            "{}/oidc/authorize?response_type=code&client_id={}&redirect_uri={redirect}&scope=openid&state=st-1&nonce=no-1\
             &code_challenge={CHALLENGE}&code_challenge_method=S256{more}",
            self.origin, self.client_id
        )
    }

    /// Whether a page is the redirect URI of this client (which nobody serves).
    pub fn is_reply(&self, url: &str) -> bool {
        url.starts_with(&self.redirect_uri)
    }

    /// Walks a request to its reply, card and consent included; the reply's parameters.
    pub async fn authorize(&self, browser: &Browser, more: &str) -> Vec<(String, String)> {
        let start = self
            .walk(
                browser,
                browser.get_until(&self.request(more), &self.redirect_uri).await,
            )
            .await;
        start.url.query_pairs().into_owned().collect()
    }

    /// From a page of ours to the reply.
    pub async fn walk(&self, browser: &Browser, mut page: Page) -> Page {
        for _ in 0..6 {
            if self.is_reply(page.url.as_str()) {
                return page;
            }
            let form = if page.has_form("/consent") {
                page.form("/consent").with("decision", "agree")
            } else if page.has_form("/card") {
                page.form("/card")
            } else {
                panic!("no way on from {} ({}):\n{}", page.url, page.status, page.body)
            };
            page = browser.submit_until(&form, &self.redirect_uri).await;
        }
        panic!("no reply after six pages, at {}: {:?}", page.url, page.text("h1"))
    }

    /// The code of a complete sign-in.
    pub async fn code(&self, browser: &Browser, more: &str) -> String {
        let reply = self.authorize(browser, more).await;
        let find = |name: &str| {
            reply
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone())
        };
        assert_eq!(find("state").as_deref(), Some("st-1"), "{reply:?}");
        assert_eq!(find("iss").as_deref(), Some(self.origin.as_str()), "{reply:?}");
        find("code").unwrap_or_else(|| panic!("no code in {reply:?}"))
    }

    /// The body of a token request.
    pub fn token_request(&self, code: &str) -> String {
        url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "authorization_code")
            .append_pair("client_id", &self.client_id)
            .append_pair("code", code)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("code_verifier", VERIFIER)
            .finish()
    }

    /// Posts a form of this client's to an endpoint (`token`, `revocation`, …).
    pub async fn post(
        &self,
        browser: &Browser,
        endpoint: &str,
        headers: &[(&str, &str)],
        fields: &[(&str, &str)],
    ) -> Page {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", &self.client_id)
            .extend_pairs(fields)
            .finish();
        browser
            .post_raw(&format!("{}/oidc/{endpoint}", self.origin), headers, &body)
            .await
    }

    /// Exchanges a refresh token; the answer as it comes.
    pub async fn refresh(&self, browser: &Browser, token: &str, more: &[(&str, &str)]) -> Page {
        let mut fields = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
        fields.extend(more);
        self.post(browser, "token", &[], &fields).await
    }

    /// Redeems a code; the answer as it comes.
    pub async fn redeem_raw(&self, browser: &Browser, code: &str) -> Page {
        browser
            .post_raw(
                &format!("{}/oidc/token", self.origin),
                &[],
                &self.token_request(code),
            )
            .await
    }

    /// Redeems a code that must be good.
    pub async fn redeem(&self, browser: &Browser, code: &str) -> Tokens {
        let answer = self.redeem_raw(browser, code).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let json: Value = serde_json::from_str(&answer.body).expect("JSON");
        let text = |name: &str| {
            json.get(name)
                .unwrap_or(&Value::Null)
                .as_str()
                .unwrap_or_else(|| panic!("no {name} in {json}"))
                .to_owned()
        };
        let id_token = text("id_token");
        let payload = id_token.split('.').nth(1).expect("a compact JWS");
        let claims = jose::decode_base64url(payload).expect("base64url");
        Tokens {
            access_token: text("access_token"),
            claims: serde_json::from_slice(&claims).expect("claims"),
            id_token,
        }
    }

    /// A complete sign-in.
    pub async fn sign_in(&self, browser: &Browser, more: &str) -> Tokens {
        let code = self.code(browser, more).await;
        self.redeem(browser, &code).await
    }

    /// User information for an access token.
    pub async fn userinfo(&self, browser: &Browser, access_token: &str) -> Page {
        let header = format!("Bearer {access_token}");
        browser
            .get_raw(
                &format!("{}/oidc/userinfo", self.origin),
                &[("authorization", &header)],
            )
            .await
    }
}
