//! `mod_auth_openidc` as three relying parties on one port.

use std::fs;

use super::{Apache, require_module};
use crate::Platform;

/// What its template can be told.
#[derive(Clone, Debug)]
pub struct OpenIdc {
    /// `ES256`, `RS256` or `PS256`; the module enforces it.
    pub id_token_alg: &'static str,
    /// What `/level/` asks for and requires.
    pub acr: &'static str,
    /// Seconds, for `/recent/`.
    pub max_age: u32,
}

impl Default for OpenIdc {
    fn default() -> Self {
        Self {
            id_token_alg: "ES256",
            acr: "aal2",
            max_age: 600,
        }
    }
}

/// The client's secret, with what Basic credentials must escape (RFC 6749 section 2.3.1).
const SECRET: &str = "s3cret/with+odd&chars";
/// Its SHA-256.
const SECRET_SHA256: &str = "b51667198bb369e1a5dfc25e68e5a6e787ce9d716d4bf3ebcb00a7dc724ab62d";
const CLIENT: &str = "ministry-basic";
const CLIENT_JWT: &str = "ministry-jwt";
const ATTRIBUTES: &str = r#"["assurance_level", "authentication_time", "authentication_method"]"#;

impl OpenIdc {
    /// `client_secret_basic`.
    pub const HOST: &'static str = "rp-oidc.localhost";
    /// `private_key_jwt`.
    pub const HOST_JWT: &'static str = "rp-jwt.localhost";
    /// The first client, always asking `prompt=login`.
    pub const HOST_FRESH: &'static str = "rp-fresh.localhost";
    /// The first client's `client_id`.
    pub const CLIENT: &'static str = CLIENT;

    /// Starts it and registers both clients; the second's keys are fetched from it, as it publishes them.
    pub async fn start(&self, platform: &Platform) -> Apache {
        require_module("mod_auth_openidc.so", "libapache2-mod-auth-openidc");
        let hosts = [Self::HOST, Self::HOST_JWT, Self::HOST_FRESH];
        let mut apache = Apache::prepare(platform, "rp-oidc", &hosts);
        apache.make_key("client");
        let (max_age, ca) = (self.max_age.to_string(), apache.at("ca.pem"));
        apache.fill(
            "oidc",
            Self::HOST,
            &[
                ("SP_HOST_JWT", Self::HOST_JWT),
                ("SP_HOST_FRESH", Self::HOST_FRESH),
                ("IDP_ISSUER", &platform.origin),
                ("CA_FILE", &ca),
                ("CLIENT_ID", CLIENT),
                ("CLIENT_SECRET", SECRET),
                ("CLIENT_ID_JWT", CLIENT_JWT),
                ("CLIENT_KID", "ministry-1"),
                ("ID_TOKEN_ALG", self.id_token_alg),
                ("MAX_AGE", &max_age),
                ("ACR", self.acr),
            ],
        );
        let public = apache.url(Self::HOST, "/");
        apache.serve(platform, &public).await;
        self.register(platform, &apache).await;
        apache
    }

    async fn register(&self, platform: &Platform, apache: &Apache) {
        let callback = |host| apache.url(host, "/oidc/callback");
        let basic = format!("method = \"client_secret_basic\", secret_sha256 = \"{SECRET_SHA256}\"");
        let uris = [callback(Self::HOST), callback(Self::HOST_FRESH)];
        platform.register(&self.file(CLIENT, &uris, &apache.url(Self::HOST, "/"), &basic));
        let jwks = platform
            .bare_browser()
            .get_one(&apache.url(Self::HOST_JWT, "/oidc/callback?jwks=rsa"))
            .await;
        assert_eq!(jwks.status, 200, "{}", jwks.body);
        fs::write(apache.path("client.jwks"), &jwks.body).expect("keys");
        let signed = format!("method = \"private_key_jwt\", jwks = '{}'", jwks.body.trim());
        let home = apache.url(Self::HOST_JWT, "/");
        platform.register(&self.file(CLIENT_JWT, &[callback(Self::HOST_JWT)], &home, &signed));
    }

    fn file(&self, client: &str, redirect_uris: &[String], home: &str, authentication: &str) -> String {
        let callback = redirect_uris.first().map_or("", String::as_str);
        format!(
            r#"
            kind = "sp"
            name = {{ ja = "{client} 申請", en = "{client} filing" }}
            released_attributes = {ATTRIBUTES}
            [oidc]
            client_id = "{client}"
            redirect_uris = {redirect_uris:?}
            post_logout_redirect_uris = ["{home}"]
            backchannel_logout_uri = "{callback}?logout=backchannel"
            authentication = {{ {authentication} }}
            id_token_signed_response_alg = "{}"
            "#,
            self.id_token_alg
        )
    }
}
