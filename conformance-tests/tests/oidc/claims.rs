//! What a request insists on by name (`claims`, OpenID Connect Core 1.0 section 5.5), and hints that change nothing but the language.

use conformance_tests::{Platform, RelyingParty};

fn claims(json: &str) -> String {
    let text: String = url::form_urlencoded::byte_serialize(json.as_bytes()).collect();
    format!("&claims={text}")
}

fn find<'a>(reply: &'a [(String, String)], name: &str) -> Option<&'a str> {
    reply
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

#[tokio::test]
async fn an_essential_acr_is_reached_or_refused_and_another_is_a_wish() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-acr");
    let browser = platform.browser_with_new_card();
    for (json, more, acr) in [
        (
            r#"{"id_token":{"acr":{"essential":true,"values":["aal2"]}}}"#,
            "",
            "aal2",
        ),
        (
            r#"{"id_token":{"acr":{"essential":true,"values":["aal9","aal3"]}}}"#,
            "",
            "aal3",
        ),
        // The essential one stands above acr_values.
        (
            r#"{"id_token":{"acr":{"essential":true,"value":"aal3"}}}"#,
            "&acr_values=aal2",
            "aal3",
        ),
        // What is not essential comes after acr_values, in their order, and nobody is refused for it.
        (
            r#"{"id_token":{"acr":{"values":["aal3"]}}}"#,
            "&acr_values=aal2",
            "aal2",
        ),
        (r#"{"id_token":{"acr":{"value":"aal9"}}}"#, "", "aal3"),
        ("{}", "&acr_values=aal9%20aal2%20aal3", "aal2"),
        (
            r#"{"id_token":{"acr":{"essential":true,"values":["crl"]}}}"#,
            "",
            "crl",
        ),
    ] {
        let tokens = rp.sign_in(&browser, &format!("{}{more}", claims(json))).await;
        assert_eq!(tokens.claims["acr"], acr, "{json} {more}");
    }
    for json in [
        r#"{"id_token":{"acr":{"essential":true,"values":["aal9"]}}}"#,
        // No name of PIN-less use fits a card that was used with its PIN.
        r#"{"id_token":{"acr":{"essential":true,"value":"aal0"}}}"#,
    ] {
        let reply = rp.authorize(&browser, &claims(json)).await;
        assert_eq!(
            find(&reply, "error"),
            Some("unmet_authentication_requirements"),
            "{json}"
        );
        assert_eq!(find(&reply, "iss"), Some(platform.origin.as_str()));
    }
}

#[tokio::test]
async fn a_sub_by_value_is_that_person_or_nobody() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-sub");
    let (one, two) = (platform.browser_with_new_card(), platform.browser_with_new_card());
    let (first, second) = (rp.sign_in(&one, "").await, rp.sign_in(&two, "").await);
    let wish = |sub: &serde_json::Value| claims(&format!(r#"{{"id_token":{{"sub":{{"value":{sub}}}}}}}"#));
    let mine = format!("&prompt=none{}", wish(&first.claims["sub"]));
    let reply = rp.authorize(&one, &mine).await;
    assert!(find(&reply, "code").is_some(), "{reply:?}");
    let nobody = serde_json::json!("00000000000000000000000000000000");
    for sub in [&second.claims["sub"], &nobody] {
        let reply = rp.authorize(&one, &format!("&prompt=none{}", wish(sub))).await;
        assert_eq!(find(&reply, "error"), Some("login_required"), "{reply:?}");
    }
    // The hint names one, the claim another: nobody is both.
    let both = format!(
        "&prompt=none&id_token_hint={}{}",
        first.id_token,
        wish(&second.claims["sub"])
    );
    for browser in [&one, &two] {
        let reply = rp.authorize(browser, &both).await;
        assert_eq!(find(&reply, "error"), Some("login_required"), "{reply:?}");
    }
    let agreeing = format!(
        "&prompt=none&id_token_hint={}{}",
        first.id_token,
        wish(&first.claims["sub"])
    );
    assert!(find(&rp.authorize(&one, &agreeing).await, "code").is_some());
}

#[tokio::test]
async fn hints_show_nothing_and_choose_the_language() {
    let platform = Platform::start().await;
    let rp = RelyingParty::register(&platform, "rp-hints");
    let browser = platform.browser_with_new_card();
    let known = rp.sign_in(&browser, "").await;
    let asked = |more: String| {
        let (rp, platform) = (&rp, &platform);
        async move { platform.bare_browser().get(&rp.request(&more)).await }
    };
    let page = asked("&ui_locales=fr%20ja%20en".to_owned()).await;
    assert!(page.body.contains("<html lang=\"ja\""), "{}", page.body);
    let page = asked("&ui_locales=en-GB&claims_locales=ja&display=popup".to_owned()).await;
    assert!(page.body.contains("<html lang=\"en\""), "{}", page.body);
    // The same page whether somebody is known under a name or not.
    let bare = |page: conformance_tests::Page| {
        let id = page.url.path().split('/').nth(2).unwrap_or_default().to_owned();
        let body = page.body.replace(&id, "ID");
        body.lines()
            .filter(|line| !line.contains("csrf"))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let somebody = known.claims["sub"].as_str().unwrap().to_owned();
    let one = bare(asked(format!("&ui_locales=en&login_hint={somebody}")).await);
    let other = bare(asked("&ui_locales=en&login_hint=nobody%40example.jp".to_owned()).await);
    let none = bare(asked("&ui_locales=en".to_owned()).await);
    let shape = |body: &str| {
        body.replace(&somebody, "X")
            .replace("nobody%40example.jp", "X")
            .len()
    };
    assert!(!one.contains(&somebody) && !other.contains("nobody"));
    assert_eq!((shape(&one), shape(&other)), (shape(&none), shape(&none)));
    // A second use of the card for max_age=0; and what we do not have is told.
    let again = rp.sign_in(&browser, "&max_age=0").await;
    let times = [&known, &again].map(|tokens| tokens.claims["auth_time"].as_i64().unwrap());
    assert!(times[0] <= times[1], "{times:?}");
    for (more, error) in [
        ("&prompt=create", "invalid_request"),
        ("&prompt=none%20select_account", "invalid_request"),
        ("&max_age=0&prompt=none", "login_required"),
        ("&prompt=none&display=nonsense", ""),
        ("&registration=%7B%7D", "registration_not_supported"),
        ("&claims=%5B%5D", "invalid_request"),
        ("&resource=https%3A%2F%2Fapi.example%2F", "invalid_target"),
        ("&dpop_jkt=x", "invalid_request"),
    ] {
        let reply = rp.authorize(&browser, more).await;
        assert_eq!(
            find(&reply, "error").unwrap_or_default(),
            error,
            "{more}: {reply:?}"
        );
        assert_eq!(find(&reply, "iss"), Some(platform.origin.as_str()), "{more}");
        assert_eq!(find(&reply, "state"), Some("st-1"), "{more}");
    }
}

/// An essential `acr` comes back, or the request is refused: never neither.
#[tokio::test]
async fn an_essential_acr_that_the_service_may_not_be_told_is_refused() {
    let platform = Platform::start().await;
    platform.register(
        "kind = \"sp\"\nname = { ja = \"x\", en = \"x\" }\nreleased_attributes = []\n[oidc]\nclient_id = \"rp-untold\"\n\
         redirect_uris = [\"https://rp-untold.localhost:9/cb\"]\nauthentication = { method = \"none\" }\n",
    );
    let rp = RelyingParty {
        client_id: "rp-untold".to_owned(),
        redirect_uri: "https://rp-untold.localhost:9/cb".to_owned(),
        origin: platform.origin.clone(),
    };
    let browser = platform.browser_with_new_card();
    let asked = |essential: bool| {
        let claims = format!(r#"{{"id_token":{{"acr":{{"essential":{essential},"values":["aal3"]}}}}}}"#);
        let claims: String = url::form_urlencoded::byte_serialize(claims.as_bytes()).collect();
        format!("&claims={claims}")
    };
    let reply = rp.authorize(&browser, &asked(true)).await;
    assert_eq!(find(&reply, "error"), Some("unmet_authentication_requirements"));
    let tokens = rp.sign_in(&browser, &asked(false)).await;
    assert_eq!(tokens.claims.get("acr"), None, "a wish is a wish");
}
