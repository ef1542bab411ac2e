//! Step-up (RFC 9470): client, challenge, new authorization, new token; and the refusal where nobody can reach what is asked.

use conformance_tests::{Browser, DpopKey, Page, Platform, RelyingParty, SigningClient};
use serde_json::Value;

use crate::{Place, Sample};

struct World {
    platform: Platform,
    rp: RelyingParty,
    server: Sample,
    resource: String,
}

async fn world(more: &str) -> World {
    let platform = Platform::start().await;
    let place = Place::new(&platform, "filings", "filings.localhost");
    let resource = format!("{}/filings", place.origin);
    let rp = RelyingParty::register_for(&platform, "rp-caller", &format!("resources = [\"{resource}\"]"));
    let settings = format!(
        "resource = \"{resource}\"\nissuer = \"{}\"\n{}{more}",
        platform.origin, place.platform
    );
    let settings = settings.replace("{folder}", &platform.path().display().to_string());
    let server = Sample::start(&platform, "resource_server", place, &settings).await;
    World {
        platform,
        rp,
        server,
        resource,
    }
}

/// A parameter of the challenge.
fn challenged(page: &Page, name: &str) -> Option<String> {
    let header = page.header("www-authenticate")?;
    let rest = header.split_once(&format!("{name}=\""))?.1;
    Some(rest.split_once('"')?.0.to_owned())
}

impl World {
    fn ask(&self, more: &str) -> String {
        let resource: String = url::form_urlencoded::byte_serialize(self.resource.as_bytes()).collect();
        format!("&resource={resource}{more}")
    }

    /// A token, bound to the key where there is one.
    async fn token(&self, browser: &Browser, key: Option<&DpopKey>, more: &str) -> String {
        let code = self.rp.code(browser, &self.ask(more)).await;
        let answer = match key {
            None => self.rp.redeem_raw(browser, &code).await,
            Some(key) => {
                let address = format!("{}/oidc/token", self.rp.origin);
                key.post(browser, &address, &self.rp.token_request(&code)).await
            }
        };
        let json: Value = serde_json::from_str(&answer.body).unwrap();
        json["access_token"]
            .as_str()
            .unwrap_or_else(|| panic!("{json}"))
            .to_owned()
    }

    async fn file(&self, browser: &Browser, token: &str, key: Option<&DpopKey>) -> Page {
        match key {
            None => {
                let bearer = format!("Bearer {token}");
                browser
                    .post_raw(&self.resource, &[("authorization", &bearer)], "")
                    .await
            }
            Some(key) => {
                let dpop = format!("DPoP {token}");
                let proof = key.proof("POST", &self.resource, "", Some(token));
                browser
                    .post_raw(&self.resource, &[("authorization", &dpop), ("dpop", &proof)], "")
                    .await
            }
        }
    }

    /// The whole walk of RFC 9470.
    async fn steps_up(&self, key: Option<&DpopKey>) {
        let browser = self.platform.browser_with_new_card();
        let weak = self.token(&browser, key, "&acr_values=aal2").await;
        let refused = self.file(&browser, &weak, key).await;
        assert_eq!(refused.status, 401, "{}\n{}", refused.body, self.server.log());
        let error = challenged(&refused, "error");
        assert_eq!(error.as_deref(), Some("insufficient_user_authentication"));
        let (acr, age) = (
            challenged(&refused, "acr_values").unwrap(),
            challenged(&refused, "max_age").unwrap(),
        );
        assert_eq!((acr.as_str(), age.as_str()), ("aal3", "300"));
        let strong = self
            .token(&browser, key, &format!("&acr_values={acr}&max_age={age}"))
            .await;
        let filed = self.file(&browser, &strong, key).await;
        assert_eq!(filed.status, 200, "{}\n{}", filed.body, self.server.log());
        let filed: Value = serde_json::from_str(&filed.body).unwrap();
        assert!(
            filed["filed_by"]
                .as_str()
                .is_some_and(|person| person.starts_with("p_")),
            "{filed}"
        );
        // The first token is as weak as before.
        assert_eq!(self.file(&browser, &weak, key).await.status, 401);
    }
}

#[tokio::test]
async fn a_client_steps_up_and_files() {
    let world = world("").await;
    let browser = world.platform.bare_browser();
    // Without a token: where to read on, and what is read there.
    let bare = browser.post_raw(&world.resource, &[], "").await;
    assert_eq!((bare.status.as_u16(), challenged(&bare, "error")), (401, None));
    let address = challenged(&bare, "resource_metadata").unwrap();
    let document: Value = serde_json::from_str(&browser.get_one(&address).await.body).unwrap();
    assert_eq!(document["resource"], world.resource);
    assert_eq!(document["authorization_servers"][0], world.platform.origin);
    world.steps_up(None).await;
    let key = DpopKey::default();
    world.steps_up(Some(&key)).await;
    // A bound token in another's hands.
    let person = world.platform.browser_with_new_card();
    let token = world.token(&person, Some(&key), "&acr_values=aal3").await;
    assert_eq!(world.file(&person, &token, Some(&key)).await.status, 200);
    assert_eq!(
        world
            .file(&person, &token, Some(&DpopKey::default()))
            .await
            .status,
        401
    );
    assert_eq!(world.file(&person, &token, None).await.status, 401);
}

#[tokio::test]
async fn what_nobody_here_reaches_is_refused_by_the_platform_and_not_asked_in_a_circle() {
    let world = world("filing_ial = \"3\"\n").await;
    let browser = world.platform.browser_with_new_card();
    let token = world.token(&browser, None, "").await;
    let refused = world.file(&browser, &token, None).await;
    let acr = challenged(&refused, "acr_values").unwrap();
    assert!(acr.contains("ial3"), "{acr}");
    let acr: String = url::form_urlencoded::byte_serialize(acr.as_bytes()).collect();
    let claims = r#"{"id_token":{"acr":{"essential":true,"values":["urn:example:unknown"]}}}"#;
    let claims: String = url::form_urlencoded::byte_serialize(claims.as_bytes()).collect();
    for (more, expected) in [
        // Reached by whoever registers first (利用登録), which takes a page.
        (format!("&acr_values={acr}&prompt=none"), "interaction_required"),
        (format!("&claims={claims}"), "unmet_authentication_requirements"),
    ] {
        let reply = world.rp.authorize(&browser, &world.ask(&more)).await;
        let error = reply
            .iter()
            .find(|(name, _)| name == "error")
            .map(|(_, value)| value.as_str());
        assert_eq!(error, Some(expected), "{reply:?}");
    }
}

#[tokio::test]
async fn a_server_that_asks_the_platform_sees_that_a_token_was_given_back() {
    let world = {
        let platform = Platform::start().await;
        let place = Place::new(&platform, "filings", "filings.localhost");
        let resource = format!("{}/filings", place.origin);
        let rp = RelyingParty::register_for(&platform, "rp-caller", &format!("resources = [\"{resource}\"]"));
        let serves = format!("[oidc.tokens]\nserves = [\"{resource}\"]");
        let own = SigningClient::register(&platform, "rs-filings", &serves);
        // The SDK names its key by its thumbprint, the tests' client by another name: the key set is what counts.
        let key = platform.path().join("rs.key");
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            own.pkcs8()
        );
        std::fs::write(&key, pem).unwrap();
        let jwks = crate::printed("oidc_service", &["--jwks", key.to_str().unwrap()]);
        platform.register(&format!(
            "kind = \"sp\"\nname = {{ ja = \"資源\", en = \"Resource\" }}\n[oidc]\nclient_id = \"rs-own\"\nredirect_uris = \
             [\"https://rs.localhost:9/cb\"]\nauthentication = {{ method = \"private_key_jwt\", jwks = '{}' }}\n{serves}\n",
            jwks.trim()
        ));
        let settings = format!(
            "resource = \"{resource}\"\nissuer = \"{}\"\n{}introspection = {{ client_id = \"rs-own\", key = \"{}\" }}\n",
            platform.origin,
            place.platform,
            key.display()
        );
        let server = Sample::start(&platform, "resource_server", place, &settings).await;
        World {
            platform,
            rp,
            server,
            resource,
        }
    };
    let browser = world.platform.browser_with_new_card();
    let token = world.token(&browser, None, "&acr_values=aal3").await;
    let filed = world.file(&browser, &token, None).await;
    assert_eq!(filed.status, 200, "{}\n{}", filed.body, world.server.log());
    let given_back = world
        .rp
        .post(&browser, "revocation", &[], &[("token", &token)])
        .await;
    assert_eq!(given_back.status, 200);
    let refused = world.file(&browser, &token, None).await;
    assert_eq!(
        (refused.status.as_u16(), challenged(&refused, "error").as_deref()),
        (401, Some("invalid_token"))
    );
}
