//! What one node began the other ends, and what was used at one is refused at the other.

use std::io::Write as _;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use conformance_tests::{Browser, DpopKey, MachineClock, Page, RelyingParty, SigningClient};
use domain::Clock as _;
use serde_json::json;

use crate::balancer::BOTH;
use crate::support::{Nodes, Person, redis};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_walks_over_both_nodes_and_its_code_is_used_once() {
    let nodes = Nodes::start().await;
    let rp = RelyingParty::register(&nodes.platform, "rp-across");
    let mut person = Person::new(&nodes);
    person.moves_to(&nodes, 0);
    let page = person.browser.get(&rp.request("")).await;
    assert!(page.has_form("/card"), "{}", page.body);
    // The try is made at the second node, the card is read at the first one's door, the ticket is redeemed at the second.
    nodes.front.aim(1);
    person.reconnects();
    let reply = rp.walk(&person.browser, page).await;
    let code = reply.query("code").unwrap();
    let first = nodes.at(0, &rp).redeem(&person.browser, &code).await;
    for node in [0, 1] {
        let info = nodes
            .at(node, &rp)
            .userinfo(&person.browser, &first.access_token)
            .await;
        assert_eq!(info.status, 200, "{}", info.body);
    }
    // Single sign-on at the node that never saw the card.
    person.moves_to(&nodes, 0);
    let again = rp.sign_in(&person.browser, "&prompt=none").await;
    assert_eq!(again.claims["auth_time"], first.claims["auth_time"]);
    assert_eq!(again.claims["sub"], first.claims["sub"]);
    let replayed = nodes.at(1, &rp).redeem_raw(&person.browser, &code).await;
    assert!(
        replayed.status == 400 && replayed.body.contains("invalid_grant"),
        "{}",
        replayed.body
    );
    for node in [0, 1] {
        let info = nodes
            .at(node, &rp)
            .userinfo(&person.browser, &first.access_token)
            .await;
        assert_eq!(info.status, 401, "the replay withdrew it everywhere");
    }
    // Sixteen at once, at both.
    person.moves_to(&nodes, BOTH);
    let code = rp.code(&person.browser, "&prompt=none").await;
    let racing: Vec<_> = (0..16)
        .map(|number| {
            let (there, browser, code) = (nodes.at(number % 2, &rp), person.browser.clone(), code.clone());
            tokio::spawn(async move { there.redeem_raw(&browser, &code).await.status.as_u16() })
        })
        .collect();
    let mut good = 0;
    for racer in racing {
        good += usize::from(racer.await.unwrap() == 200);
    }
    assert!(good <= 1, "{good} of 16 were answered");
}

/// Copies every key of a Redis database to another one.
fn copy(from: u32, to: u32) {
    let (from, to) = (from.to_string(), to.to_string());
    redis().ask(&["-n", &to, "flushdb"]);
    let keys = redis().ask(&["-n", &from, "keys", "*"]);
    for key in keys.lines() {
        assert_eq!(
            redis().ask(&["-n", &from, "copy", key, key, "db", &to]),
            "1",
            "{key}"
        );
    }
}

/// As if a failover had brought back a replica that had heard of nothing since: tickets, tries and transactions are there again,
/// unused. What was answered stays answered, because the Ledger says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_redis_forgot_to_be_used_is_still_used() {
    let nodes = Nodes::start().await;
    let rp = RelyingParty::register(&nodes.platform, "rp-forgot");
    let mut person = Person::new(&nodes);
    let page = person.browser.get(&rp.request("")).await;
    let back = format!("{}/card/return", nodes.platform.origin);
    let at_the_door = person.browser.submit_until(&page.form("/card"), &back).await;
    let ticket = at_the_door.url.to_string();
    assert!(ticket.starts_with(&back), "{ticket}: {}", at_the_door.body);
    let before_ticket = nodes.database + 32;
    copy(nodes.database, before_ticket);
    let consent = person.browser.get(&ticket).await;
    assert!(consent.has_form("/consent"), "{}", consent.body);
    let agreed = consent.form("/consent").with("decision", "agree");
    let before_answer = nodes.database + 48;
    copy(nodes.database, before_answer);
    let reply = person.browser.submit_until(&agreed, &rp.redirect_uri).await;
    let code = reply.query("code").expect("a code");
    let tokens = rp.redeem(&person.browser, &code).await;

    // The transaction is unanswered again: agreeing again brings no second code.
    copy(before_answer, nodes.database);
    let again = person.browser.submit_until(&agreed, &rp.redirect_uri).await;
    assert!(again.query("code").is_none(), "{}", again.url);
    assert!(
        !again.status.is_success() || again.body.contains("reference"),
        "{}",
        again.body
    );
    // The ticket is unredeemed again: it opens nothing, at either node.
    for node in [0, 1] {
        copy(before_ticket, nodes.database);
        person.moves_to(&nodes, node);
        let page = person.browser.get(&ticket).await;
        assert!(
            !page.has_form("/consent") && page.query("code").is_none(),
            "{} {}",
            page.url,
            page.body
        );
    }
    assert_eq!(nodes.audit("sign_in").len(), 1);
    assert_eq!(nodes.audit("code_issued").len(), 1);
    assert_eq!(
        rp.userinfo(&person.browser, &tokens.access_token).await.status,
        200
    );
}

/// A proof of possession that was shown to one node is good at no other, and none that Redis forgot is good again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proof_is_shown_to_one_node_once_whatever_redis_forgets() {
    let nodes = Nodes::start().await;
    let rp = RelyingParty::register(&nodes.platform, "rp-proof");
    let mut person = Person::new(&nodes);
    person.moves_to(&nodes, 0);
    let key = DpopKey::default();
    let code = rp.code(&person.browser, "").await;
    let token_endpoint = format!("{}/oidc/token", rp.origin);
    let answer = key
        .post(&person.browser, &token_endpoint, &rp.token_request(&code))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let nonce = answer.header("dpop-nonce").unwrap().to_owned();
    let answer: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    let access = answer["access_token"].as_str().unwrap();
    let authorization = format!("DPoP {access}");
    let proof = key.proof(
        "GET",
        &format!("{}/oidc/userinfo", rp.origin),
        &nonce,
        Some(access),
    );
    let shown_at = async |node: usize| {
        let address = format!("{}/oidc/userinfo", nodes.at(node, &rp).origin);
        let headers = [
            ("authorization", authorization.as_str()),
            ("dpop", proof.as_str()),
        ];
        person.browser.get_raw(&address, &headers).await.status.as_u16()
    };
    let before = nodes.database + 32;
    copy(nodes.database, before);
    assert_eq!(shown_at(0).await, 200);
    assert_eq!((shown_at(1).await, shown_at(0).await), (401, 401));
    // A replica that had heard of nothing since is master now.
    copy(before, nodes.database);
    assert_eq!((shown_at(1).await, shown_at(0).await), (401, 401));
}

/// A ticket that was used at one node, without anybody's forgetting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_is_used_at_one_node_only() {
    let nodes = Nodes::start().await;
    let rp = RelyingParty::register(&nodes.platform, "rp-ticket");
    let mut person = Person::new(&nodes);
    person.moves_to(&nodes, 0);
    let page = person.browser.get(&rp.request("")).await;
    let back = format!("{}/card/return", nodes.platform.origin);
    let ticket = person
        .browser
        .submit_until(&page.form("/card"), &back)
        .await
        .url
        .to_string();
    person.browser.get(&ticket).await;
    person.moves_to(&nodes, 1);
    let again = person.browser.get(&ticket).await;
    assert!(
        again.body.contains("ticket_used"),
        "{} {}",
        again.status,
        again.body
    );
}

const SP: &str = "https://sp-nodes.localhost:9/metadata";
const ACS: &str = "https://sp-nodes.localhost:9/acs";

fn saml_request(nodes: &Nodes, id: &str) -> String {
    let xml = format!(
        r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{id}" Version="2.0" IssueInstant="{}" Destination="{}/saml/sso"><saml:Issuer>{SP}</saml:Issuer></samlp:AuthnRequest>"#,
        MachineClock.now().to_rfc3339().unwrap(),
        nodes.platform.origin
    );
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(xml.as_bytes()).unwrap();
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("SAMLRequest", &STANDARD.encode(encoder.finish().unwrap()));
    format!("{}/saml/sso?{}", nodes.platform.origin, query.finish())
}

/// From a request to the page that carries an answer, or to a refusal.
async fn saml_walk(browser: &Browser, mut page: Page) -> Page {
    for _ in 0..5 {
        page = if page.has_form("/consent") {
            browser
                .submit(&page.form("/consent").with("decision", "agree"))
                .await
        } else if page.has_form("/card") {
            browser.submit(&page.form("/card")).await
        } else {
            return page;
        };
    }
    page
}

fn is_success(page: &Page) -> bool {
    let forms = page.forms();
    let answer = forms.iter().find(|form| form.action == ACS);
    let message = answer.and_then(|form| form.field("SAMLResponse").map(str::to_owned));
    message.is_some_and(|message| {
        let xml = String::from_utf8(STANDARD.decode(message).unwrap()).unwrap();
        xml.contains("status:Success") && xml.contains("Assertion")
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_saml_request_is_answered_by_one_node_only() {
    let nodes = Nodes::start().await;
    let metadata = format!(
        r#"<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{SP}"><SPSSODescriptor
        protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><AssertionConsumerService index="0"
        Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{ACS}"/></SPSSODescriptor></EntityDescriptor>"#
    );
    let path = nodes.platform.path().join("sp.xml");
    std::fs::write(&path, metadata).unwrap();
    let added = nodes
        .platform
        .command(&["service", "add-saml", path.to_str().unwrap()]);
    assert!(
        added.status.success(),
        "{}",
        String::from_utf8_lossy(&added.stderr)
    );
    let mut person = Person::new(&nodes);
    person.moves_to(&nodes, 0);
    let request = saml_request(&nodes, "_first");
    let page = person.browser.get(&request).await;
    let answered = saml_walk(&person.browser, page).await;
    assert!(is_success(&answered), "{} {}", answered.url, answered.body);
    person.moves_to(&nodes, 1);
    let page = person.browser.get(&request).await;
    let replayed = saml_walk(&person.browser, page).await;
    assert!(!is_success(&replayed), "the same request was answered twice");
    let page = person.browser.get(&saml_request(&nodes, "_second")).await;
    assert!(
        is_success(&saml_walk(&person.browser, page).await),
        "another request is answered"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_assertion_is_used_at_one_node_only() {
    let nodes = Nodes::start().await;
    let (_, key) = nodes.platform.card(&sim::CardRequest::default());
    let spki = key.lock().unwrap().key().spki();
    let modulus = spki
        .windows(4)
        .position(|window| window == [0x02, 0x82, 0x01, 0x01])
        .unwrap()
        + 5;
    let jwks = json!({"keys": [{"kty": "RSA", "kid": "1", "use": "sig", "alg": "RS256", "e": "AQAB",
        "n": URL_SAFE_NO_PAD.encode(&spki[modulus..modulus + 256])}]});
    let redirect_uri = "https://rp-jwt.localhost:9/cb".to_owned();
    nodes.platform.register(&format!(
        "kind = \"sp\"\nname = {{ ja = \"署名\", en = \"Signs\" }}\n[oidc]\nclient_id = \"rp-jwt\"\n\
         redirect_uris = [\"{redirect_uri}\"]\nauthentication = {{ method = \"private_key_jwt\", jwks = '{jwks}' }}\n"
    ));
    let rp = RelyingParty {
        client_id: "rp-jwt".to_owned(),
        redirect_uri,
        origin: nodes.platform.origin.clone(),
    };
    let now = MachineClock.now().seconds();
    let claims = json!({"iss": "rp-jwt", "sub": "rp-jwt", "aud": nodes.platform.origin, "iat": now, "exp": now + 60,
        "jti": "only-once"});
    let header = URL_SAFE_NO_PAD.encode(json!({"alg": "RS256", "kid": "1", "typ": "JWT"}).to_string());
    let input = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let signature = key.lock().unwrap().sign("1234", input.as_bytes()).unwrap();
    let assertion = format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature));

    let person = Person::new(&nodes);
    let mut answers = Vec::new();
    for node in [0, 1] {
        let code = rp.code(&person.browser, "").await;
        let body = format!(
            "{}&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={assertion}",
            rp.token_request(&code)
        );
        let url = nodes.url_at(node, &format!("{}/oidc/token", nodes.platform.origin));
        answers.push(person.browser.post_raw(&url, &[], &body).await);
    }
    assert_eq!(answers[0].status, 200, "{}", answers[0].body);
    assert!(answers[1].status.is_client_error(), "{}", answers[1].body);
    assert!(answers[1].body.contains("invalid_client"), "{}", answers[1].body);
}

/// Refused at one node, explained by the other, within two seconds; with a token of the first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_refused_at_one_node_the_other_explains() {
    let nodes = Nodes::start().await;
    let client = SigningClient::register(&nodes.platform, "rp-explained", "");
    let browser = nodes.platform.bare_browser();
    let post = async |node: usize, path: &str, body: String| {
        let assertion = client.assertion();
        let body = url::form_urlencoded::Serializer::new(body)
            .append_pair(
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            )
            .append_pair("client_assertion", &assertion)
            .finish();
        let url = nodes.url_at(node, &format!("{}{path}", nodes.platform.origin));
        browser.post_raw(&url, &[], &body).await
    };
    let token = post(
        0,
        "/v1/exchanges/token",
        "grant_type=client_credentials".to_owned(),
    )
    .await;
    let token: serde_json::Value = serde_json::from_str(&token.body).unwrap();
    let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    for (refusing, explaining) in [(0, 1), (1, 0)] {
        let refresh = "grant_type=refresh_token&refresh_token=nobody".to_owned();
        let refused = post(refusing, "/oidc/token", refresh).await;
        let reference = refused.header("exchange-reference").unwrap().to_owned();
        let url = format!("{}/v1/exchanges/{reference}", nodes.platform.origin);
        let url = nodes.url_at(explaining, &url);
        let begun = Instant::now();
        loop {
            let page = browser.get_raw(&url, &[("authorization", bearer.as_str())]).await;
            if page.status == 200 {
                assert!(page.body.contains("refresh_unknown"), "{}", page.body);
                break;
            }
            assert_eq!(page.status, 404, "{}", page.body);
            assert!(begun.elapsed() < Duration::from_secs(2), "not explained in time");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The device asks at one node, the person goes to the other, the device hears it at both, and once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_is_let_in_over_both_nodes_and_its_code_is_used_once() {
    let nodes = Nodes::start().await;
    let rp = RelyingParty::register_for(&nodes.platform, "rp-tv-nodes", "device_authorization = true");
    let tv = nodes.platform.bare_browser();
    let device = nodes.at(0, &rp).device(&tv).await;
    let error = |page: &Page| {
        let json: serde_json::Value = serde_json::from_str(&page.body).unwrap();
        json["error"].as_str().unwrap_or_default().to_owned()
    };
    let first = nodes.at(0, &rp).poll(&tv, &device.device_code).await;
    assert_eq!(error(&first), "authorization_pending");
    let second = nodes.at(1, &rp).poll(&tv, &device.device_code).await;
    assert_eq!(error(&second), "slow_down", "both nodes count one interval");
    let mut person = Person::new(&nodes);
    person.moves_to(&nodes, 1);
    let page = person.browser.to_agreement(&device).await;
    person.moves_to(&nodes, 0);
    let done = person
        .browser
        .submit(&conformance_tests::agreeing(&page, &device.number))
        .await;
    assert!(
        done.url.path().starts_with("/activate/done/"),
        "{} {}",
        done.url,
        done.body
    );
    let tokens = nodes.at(1, &rp).poll(&tv, &device.device_code).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    let replayed = nodes.at(0, &rp).poll(&tv, &device.device_code).await;
    assert_eq!(error(&replayed), "invalid_grant");
    let tokens: serde_json::Value = serde_json::from_str(&tokens.body).unwrap();
    let access = tokens["access_token"].as_str().unwrap();
    for node in [0, 1] {
        let info = nodes.at(node, &rp).userinfo(&tv, access).await;
        assert_eq!(info.status, 401, "the replay withdrew it everywhere");
    }
    assert_eq!(nodes.audit("device_authorized").len(), 1);
    assert_eq!(nodes.audit("device_number_picked").len(), 1);
}

/// A code that people type is one browser's, though several send it at the same moment, here and there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_devices_code_is_entered_by_one_browser_at_one_node() {
    let nodes = Nodes::start().await;
    let rp = RelyingParty::register_for(&nodes.platform, "rp-tv-entered", "device_authorization = true");
    let browsers: Vec<_> = (0..6).map(|_| nodes.platform.bare_browser()).collect();
    for _ in 0..3 {
        let device = nodes.at(0, &rp).device(&browsers[0]).await;
        let mut forms = Vec::new();
        for (number, browser) in browsers.iter().enumerate() {
            let page = browser.get(&nodes.url_at(number % 2, &device.complete)).await;
            forms.push(page.form("/activate"));
        }
        let sent = browsers
            .iter()
            .zip(&forms)
            .map(|(browser, form)| browser.submit_one(form));
        let answers = futures_util::future::join_all(sent).await;
        let entered: Vec<_> = answers
            .iter()
            .filter_map(|page| page.header("location"))
            .collect();
        assert_eq!(entered.len(), 1, "{entered:?}");
    }
}
