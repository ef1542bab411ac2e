//! Every error of the authorization endpoint, by its place: on a page of ours exactly where client or redirect URI do not hold (RFC 6749
//! section 4.1.2.1), else told to the client (OpenID Connect Core 1.0 section 3.1.2.6, RFC 9101 section 7, RFC 9126 section 2.3), with
//! `iss` in every answer (RFC 9207). A reason of `oidc` that the endpoint can meet and that has no row here fails the test; one that has no
//! place (`oidc::Place`) does not compile.

use std::collections::BTreeSet;

use conformance_tests::{
    Browser, MachineClock, Page, Platform, PlatformOptions, RelyingParty, SigningClient,
};
use domain::Clock as _;
use oidc::{PLACES, Place};
use serde_json::{Value, json};

/// How a request is answered.
#[derive(Clone, Copy, Debug)]
enum Answer {
    Page,
    Told(&'static str),
}

use Answer::{Page as OnPage, Told};

struct Row {
    code: &'static str,
    address: String,
    answer: Answer,
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A request with parameters set or left out.
fn with(request: &str, changes: &[(&str, Option<&str>)]) -> String {
    let url = url::Url::parse(request).unwrap();
    let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    for (name, value) in changes {
        pairs.retain(|(known, _)| known != name);
        pairs.extend(value.map(|value| ((*name).to_owned(), value.to_owned())));
    }
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    format!("{}?{}", request.split('?').next().unwrap(), query.finish())
}

async fn refused(platform: &Platform, code: &str) -> f64 {
    let name = format!("requests_refused_total{{protocol=\"oidc\",reason=\"{code}\"}}");
    platform.metric(&name).await.unwrap_or_default()
}

/// What is wrong with how a row was answered; nothing where nothing is.
async fn wrong(platform: &Platform, browser: &Browser, row: &Row) -> Option<String> {
    let before = refused(platform, row.code).await;
    let page: Page = browser.get_one(&row.address).await;
    if refused(platform, row.code).await < before + 0.5 {
        let told = page.header("location").unwrap_or(&page.body);
        return Some(format!("{}: refused for another reason: {told:.400}", row.code));
    }
    let location = page.header("location").map(|to| url::Url::parse(to).unwrap());
    match (row.answer, location) {
        (OnPage, None) if page.status.is_client_error() => None,
        (Told(error), Some(to)) => {
            let value = |name: &str| {
                to.query_pairs()
                    .find(|(key, _)| key == name)
                    .map(|(_, value)| value.into_owned())
            };
            let sent = [value("error"), value("iss"), value("state"), value("code")];
            let wanted = [
                Some(error.to_owned()),
                Some(platform.origin.clone()),
                Some("st-1".to_owned()),
                None,
            ];
            let registered = to.host_str().is_some_and(|host| host.starts_with("rp-")) && to.path() == "/cb";
            (sent != wanted || !registered).then(|| format!("{}: {to}", row.code))
        }
        (wanted, to) => Some(format!("{}: {wanted:?}, but {} {to:?}", row.code, page.status)),
    }
}

#[allow(clippy::too_many_lines, reason = "a table")]
fn of_parameters(rp: &RelyingParty) -> Vec<Row> {
    let plain = rp.request("");
    let row = |code, answer, changes: &[(&str, Option<&str>)]| Row {
        code,
        address: with(&plain, changes),
        answer,
    };
    let more = |code, answer, more: &str| Row {
        code,
        address: format!("{plain}{more}"),
        answer,
    };
    let fragment = format!("{}#x", rp.redirect_uri);
    let details = Some(r#"[{"type":"nobody_knows_it"}]"#);
    let unreachable = Some(r#"{"id_token":{"acr":{"essential":true,"values":["aal9"]}}}"#);
    let many: String = (0..400).fold(String::new(), |query, number| query + &format!("&p{number}=1"));
    vec![
        more(
            "request_too_long",
            OnPage,
            &format!("&login_hint={}", "x".repeat(20_000)),
        ),
        more("too_many_parameters", OnPage, &many),
        more("not_utf8", OnPage, "&login_hint=%FF"),
        more("repeated_parameter", Told("invalid_request"), "&scope=openid"),
        more(
            "repeated_parameter",
            OnPage,
            "&redirect_uri=https%3A%2F%2Frp-errors.localhost%3A9%2Fcb",
        ),
        row("client_id_missing", OnPage, &[("client_id", None)]),
        row("client_id_malformed", OnPage, &[("client_id", Some("\u{1}"))]),
        row("redirect_uri_missing", OnPage, &[("redirect_uri", None)]),
        row(
            "redirect_uri_fragment",
            OnPage,
            &[("redirect_uri", Some(&fragment))],
        ),
        row(
            "redirect_uri_not_registered",
            OnPage,
            &[("redirect_uri", Some("https://rp-errors.localhost:9/cb/"))],
        ),
        row(
            "parameter_missing",
            Told("invalid_request"),
            &[("code_challenge", None)],
        ),
        row(
            "parameter_malformed",
            Told("invalid_request"),
            &[("max_age", Some("soon"))],
        ),
        row(
            "response_mode_unsupported",
            Told("invalid_request"),
            &[("response_mode", Some("fragment"))],
        ),
        row(
            "registration_not_supported",
            Told("registration_not_supported"),
            &[("registration", Some("{}"))],
        ),
        row(
            "response_type_unsupported",
            Told("unsupported_response_type"),
            &[("response_type", Some("token"))],
        ),
        row(
            "scope_without_openid",
            Told("invalid_scope"),
            &[("scope", Some("profile"))],
        ),
        row(
            "challenge_method_not_s256",
            Told("invalid_request"),
            &[("code_challenge_method", Some("plain"))],
        ),
        row(
            "prompt_none_with_others",
            Told("invalid_request"),
            &[("prompt", Some("none login"))],
        ),
        row(
            "resource_not_allowed",
            Told("invalid_target"),
            &[("resource", Some("https://api.localhost/"))],
        ),
        row(
            "authorization_details",
            Told("invalid_authorization_details"),
            &[("authorization_details", details)],
        ),
        row(
            "acr_unreachable",
            Told("unmet_authentication_requirements"),
            &[("claims", unreachable)],
        ),
        row(
            "hint_refused",
            Told("invalid_request"),
            &[("id_token_hint", Some("e30.e30.AAAA"))],
        ),
        row(
            "request_twice",
            Told("invalid_request"),
            &[
                ("request", Some("a.b.c")),
                ("request_uri", Some("https://x.localhost/")),
            ],
        ),
        row(
            "request_object_without_keys",
            Told("invalid_request_object"),
            &[("request", Some("a.b.c"))],
        ),
    ]
}

fn of_objects(client: &SigningClient) -> Vec<Row> {
    let now = MachineClock.now().seconds();
    let told = |code, object: &str| Row {
        code,
        address: with(&client.rp.request(""), &[("request", Some(object))]),
        answer: Told("invalid_request_object"),
    };
    let changed = |code, changes: &[(&str, Value)]| {
        let mut claims = client.object_claims();
        for (name, value) in changes {
            claims[*name] = value.clone();
        }
        told(code, &client.object(&claims))
    };
    // OpenID Connect Core 1.0 section 6.1: what stands beside an object must say the same.
    let differs = client.jws(&json!({"alg": "ES256", "kid": "k1"}), &client.object_claims());
    let mut disagrees = told("request_object_disagrees", &differs);
    disagrees.address = with(&disagrees.address, &[("response_type", Some("token"))]);
    vec![
        told("request_object_refused", "a.b.c"),
        changed("request_object_claim", &[("exp", json!("soon"))]),
        changed("request_object_not_by_client", &[("iss", json!("rp-errors"))]),
        changed(
            "request_object_for_another",
            &[("aud", json!("https://other.localhost"))],
        ),
        changed(
            "request_object_expired",
            &[
                ("iat", json!(now - 900)),
                ("nbf", json!(now - 900)),
                ("exp", json!(now - 600)),
            ],
        ),
        changed(
            "request_object_not_yet_valid",
            &[
                ("iat", json!(now)),
                ("nbf", json!(now + 600)),
                ("exp", json!(now + 900)),
            ],
        ),
        changed("request_object_lives_too_long", &[("exp", json!(now + 100_000))]),
        disagrees,
    ]
}

#[tokio::test]
async fn every_error_is_a_page_or_told_exactly_where_the_standards_say() {
    let fetching = PlatformOptions {
        more_config: "[oidc]\nfetch_ca = \"front.pem\"\n".to_owned(),
        ..Default::default()
    };
    let platform = Platform::start_with(fetching).await;
    let rp = RelyingParty::register(&platform, "rp-errors");
    let object = "https://rp-objects.localhost:9/object";
    let client = SigningClient::register(
        &platform,
        "rp-objects",
        &format!("requests = {{ request_uris = [\"{object}\"] }}"),
    );
    let pushes = SigningClient::register(
        &platform,
        "rp-pushes",
        "requests = { require_pushed_authorization_requests = true }",
    );
    let signs = SigningClient::register(
        &platform,
        "rp-signs",
        "requests = { require_signed_request_object = true }",
    );
    let browser = platform.browser_with_new_card();
    let tokens = RelyingParty::register(&platform, "rp-hints")
        .sign_in(&browser, "")
        .await;
    let pushed = client.pushed(&browser, &[]).await;
    let by_reference = |code, client: &SigningClient, uri: &str| Row {
        code,
        address: with(&client.rp.request(""), &[("request_uri", Some(uri))]),
        answer: Told("invalid_request_uri"),
    };
    let must = |code, client: &SigningClient| Row {
        code,
        address: client.rp.request(""),
        answer: Told("invalid_request"),
    };
    let mut rows = of_parameters(&rp);
    rows.extend(of_objects(&client));
    rows.extend([
        must("pushed_request_required", &pushes),
        must("signed_request_required", &signs),
        by_reference(
            "request_uri_unknown",
            &client,
            "urn:ietf:params:oauth:request_uri:AAAA",
        ),
        by_reference("request_uri_of_another_client", &signs, &pushed),
        by_reference(
            "request_uri_not_registered",
            &client,
            "https://rp-objects.localhost:9/other",
        ),
        by_reference("request_uri_unreachable", &client, object),
        Row {
            code: "hint_claim",
            address: rp.request(&format!("&id_token_hint={}", encoded(&tokens.id_token))),
            answer: Told("invalid_request"),
        },
        // Without a registered address beside it there is nobody to tell.
        Row {
            code: "request_object_refused",
            address: format!(
                "{}/oidc/authorize?client_id=rp-objects&request=a.b.c",
                platform.origin
            ),
            answer: OnPage,
        },
    ]);
    let mut problems = Vec::new();
    for row in &rows {
        problems.extend(wrong(&platform, &browser, row).await);
    }
    // What nobody knows is ignored however it is written (RFC 6749 section 3.1).
    for unknown in ["&x=%FF", "&%C0%AF=1", "&x=1&x=2"] {
        let page = browser.get_one(&format!("{}{unknown}", rp.request(""))).await;
        let began = page
            .header("location")
            .is_some_and(|to| to.starts_with("/sign-in/"));
        if !began {
            problems.push(format!("{unknown}: {} {:.200}", page.status, page.body));
        }
    }
    // Where nothing is fetched, that is what is said.
    let other = Platform::start().await;
    let rp = RelyingParty::register(&other, "rp-errors");
    let row = Row {
        code: "request_uri_not_supported",
        address: with(
            &rp.request(""),
            &[("request_uri", Some("https://rp-errors.localhost:9/object"))],
        ),
        answer: Told("request_uri_not_supported"),
    };
    problems.extend(wrong(&other, &other.bare_browser(), &row).await);
    rows.push(row);
    assert!(problems.is_empty(), "{problems:#?}");
    let shown: BTreeSet<&str> = rows.iter().map(|row| row.code).collect();
    let placed = PLACES.iter().filter(|(_, place)| *place == Place::Authorization);
    assert_eq!(shown, placed.map(|(code, _)| *code).collect(), "a row for each");
}

/// What is decided about the person is told alike, with `iss` and `state`; who is asked about is not.
#[tokio::test]
async fn what_is_decided_about_the_person_is_told_with_issuer_and_state() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-known");
    let other = RelyingParty::register(&platform, "rp-unknown");
    let browser = platform.browser_with_new_card();
    let told = async |rp: &RelyingParty, error: &str| {
        let reply = rp.authorize(&browser, "&prompt=none").await;
        let value = |name: &str| {
            reply
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
        };
        assert_eq!(
            [value("error"), value("iss"), value("state"), value("code")],
            [Some(error), Some(platform.origin.as_str()), Some("st-1"), None],
            "{reply:?}"
        );
    };
    told(&rp, "login_required").await;
    rp.sign_in(&browser, "").await;
    told(&other, "consent_required").await;
    // A client that is unknown or suspended is nobody who could be told.
    assert!(
        platform
            .command(&["service", "suspend", "rp-unknown", "--reason", "audit"])
            .status
            .success()
    );
    for address in [
        other.request(""),
        rp.request("")
            .replace("client_id=rp-known", "client_id=rp-nobody"),
    ] {
        let page = browser.get_one(&address).await;
        assert!(
            page.header("location").is_none() && !page.status.is_success(),
            "{} {}",
            page.status,
            page.body
        );
    }
}
