//! What the bindings leave open to whoever carries a message (bindings-2.0-os sections 3.4.4.1, 3.5; `SimpleSign` section 2.4): parameters in
//! another order, twice, under a disguised name, with another signature; endpoints that are almost the registered ones; `RelayState` in
//! a page of ours.

use conformance_tests::{SamlParty, deflated, encoded};

use super::{base64, person, platform, post};

const RSA: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

#[tokio::test]
async fn a_signed_query_says_what_was_signed_or_nothing() {
    let platform = platform().await;
    let own = SamlParty::register(&platform, "own", true);
    let other = SamlParty::register(&platform, "other", true);
    let here = platform.bare_browser();
    let sso = format!("{}/saml/sso", platform.origin);
    let plain = own.message("AuthnRequest", "_asked", &format!(" Destination=\"{sso}\""), "");
    let good = own.query("SAMLRequest", &plain, Some("rs-1"));
    let rows = bent_queries(&own, &other, &plain, &good);
    let (message, rest) = good.split_once("&RelayState=rs-1").unwrap();
    let (algorithm, signature) = rest[1..].split_once('&').unwrap();
    for (what, query) in rows {
        assert_ne!(query, good, "{what}");
        let page = here.get_one(&format!("{sso}?{query}")).await;
        assert_eq!(page.status, 400, "{what}: {}", page.body);
        assert!(!page.body.contains("name=\"SAMLResponse\""), "{what}");
    }
    // The order in which parameters arrive is nobody's business: signed is the one order of the standard.
    for query in [
        good.clone(),
        format!("{signature}&{algorithm}&RelayState=rs-1&{message}"),
        format!("{good}&unknown=x"),
    ] {
        let page = here.get_one(&format!("{sso}?{query}")).await;
        assert!(page.status.as_u16() < 400, "{} {query}", page.status);
    }
    // The signature of the query is none of a form.
    let fields = [
        ("SAMLRequest", base64(&plain)),
        ("RelayState", "rs-1".to_owned()),
        ("SigAlg", RSA.to_owned()),
    ];
    let mut fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let moved = url::form_urlencoded::parse(signature.as_bytes())
        .next()
        .unwrap()
        .1
        .into_owned();
    fields.push(("Signature", &moved));
    assert_eq!(post(&platform, &here, "sso", &fields).await.status, 400);
}

/// Queries that differ from the good one in one thing.
fn bent_queries(own: &SamlParty, other: &SamlParty, plain: &str, good: &str) -> Vec<(&'static str, String)> {
    let (message, rest) = good.split_once("&RelayState=rs-1").unwrap();
    let (algorithm, signature) = rest[1..].split_once('&').unwrap();
    let evil = encoded(&deflated(&plain.replace("_asked", "_evil")));
    let value = &message["SAMLRequest=".len()..];
    let by_sign = |octets: &str| format!("Signature={}", encoded(&own.signature(octets.as_bytes())));
    let backwards = format!("RelayState=rs-1&{message}&{algorithm}");
    let lower = |text: &str| {
        text.replace("%2B", "%2b")
            .replace("%2F", "%2f")
            .replace("%3D", "%3d")
            .replace("%3A", "%3a")
    };
    vec![
        ("unsigned", format!("{message}&RelayState=rs-1")),
        ("no algorithm", format!("{message}&RelayState=rs-1&{signature}")),
        ("no signature", format!("{message}&RelayState=rs-1&{algorithm}")),
        (
            "another RelayState",
            format!("{message}&RelayState=rs-2&{algorithm}&{signature}"),
        ),
        ("no RelayState", format!("{message}&{algorithm}&{signature}")),
        (
            "an empty RelayState",
            format!("{message}&RelayState=&{algorithm}&{signature}"),
        ),
        (
            "RelayState twice",
            format!("{message}&RelayState=rs-1&RelayState=rs-2&{algorithm}&{signature}"),
        ),
        (
            "RelayState twice, the other first",
            format!("RelayState=rs-2&{good}"),
        ),
        ("RelayState in disguise", format!("{good}&Relay%53tate=rs-2")),
        (
            "another message",
            format!("SAMLRequest={evil}&RelayState=rs-1&{algorithm}&{signature}"),
        ),
        ("the message twice", format!("{good}&SAMLRequest={evil}")),
        (
            "the message twice, the other first",
            format!("SAMLRequest={evil}&{good}"),
        ),
        ("the message in disguise", format!("{good}&SAML%52equest={evil}")),
        ("the algorithm twice", format!("{good}&{algorithm}")),
        ("the algorithm in disguise", format!("{good}&Sig%41lg=x")),
        ("the signature twice", format!("{good}&{signature}")),
        (
            "an encoding of another name",
            format!("{good}&SAMLEncoding=urn:x"),
        ),
        (
            "SHA-1",
            good.replace("xmldsig-more%23rsa-sha256", "xmldsig%23rsa-sha1"),
        ),
        ("HMAC", good.replace("rsa-sha256", "hmac-sha256")),
        ("a curve", good.replace("rsa-sha256", "ecdsa-sha256")),
        (
            "signed in another order",
            format!("{good}&x=").replace(signature, &by_sign(&backwards)),
        ),
        (
            "signed in another spelling",
            format!(
                "{message}&RelayState=rs-1&{algorithm}&{}",
                by_sign(&lower(&format!("{message}&RelayState=rs-1&{algorithm}")))
            ),
        ),
        (
            "sent in another spelling",
            format!(
                "{}&{signature}",
                lower(&format!("{message}&RelayState=rs-1&{algorithm}"))
            ),
        ),
        (
            "signed without its name",
            format!("{message}&RelayState=rs-1&{algorithm}&{}", by_sign(value)),
        ),
        (
            "signed as a response",
            format!(
                "{message}&RelayState=rs-1&{algorithm}&{}",
                by_sign(&format!("SAMLResponse={value}&RelayState=rs-1&{algorithm}"))
            ),
        ),
        ("signed by another service", {
            let theirs = other.query("SAMLRequest", plain, Some("rs-1"));
            assert_ne!(theirs, good);
            theirs
        }),
        ("separated by semicolons", good.replace('&', ";")),
        ("in another case", good.replace("SAMLRequest", "samlrequest")),
        ("as a response", good.replace("SAMLRequest", "SAMLResponse")),
    ]
}

/// `SimpleSign` signs the values one behind another, so the seams are where one would cut.
#[tokio::test]
async fn a_simply_signed_form_says_what_was_signed_or_nothing() {
    let platform = platform().await;
    let own = SamlParty::register(&platform, "own", true);
    let here = platform.bare_browser();
    let sso = format!("{}/saml/sso", platform.origin);
    let plain = own.message("AuthnRequest", "_asked", &format!(" Destination=\"{sso}\""), "");
    let sign = |message: &str, relay: &str| {
        own.signature(format!("SAMLRequest={message}{relay}&SigAlg={RSA}").as_bytes())
    };
    let good = sign(&plain, "&RelayState=rs-1");
    let bare = sign(&plain, "");
    let seam = sign(&plain, "&RelayState=a&RelayState=b");
    let evil = plain.replace("_asked", "_evil");
    let inside = own.signed(&plain);
    let form = |message: &str, relay: Option<&str>, algorithm: &str, signature: &str| {
        let mut fields = vec![("SAMLRequest", base64(message))];
        fields.extend(relay.map(|relay| ("RelayState", relay.to_owned())));
        fields.push(("SigAlg", algorithm.to_owned()));
        fields.push(("Signature", signature.to_owned()));
        fields
            .into_iter()
            .map(|(name, value)| format!("{name}={}", encoded(&value)))
            .collect::<Vec<_>>()
            .join("&")
    };
    let refused = [
        ("another message", form(&evil, Some("rs-1"), RSA, &good)),
        ("another RelayState", form(&plain, Some("rs-2"), RSA, &good)),
        ("no RelayState", form(&plain, None, RSA, &good)),
        (
            "a RelayState that was not signed",
            form(&plain, Some("rs-1"), RSA, &bare),
        ),
        (
            "cut at the other seam",
            form(&format!("{plain}&RelayState=a"), Some("b"), RSA, &seam),
        ),
        (
            "the seam in the algorithm",
            form(&plain, Some("a"), &format!("b&SigAlg={RSA}"), &seam),
        ),
        (
            "the message with all the rest",
            form(&format!("{plain}&RelayState=rs-1"), None, RSA, &good),
        ),
        (
            "SHA-1",
            form(
                &plain,
                Some("rs-1"),
                "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
                &good,
            ),
        ),
        ("no algorithm", form(&plain, Some("rs-1"), "", &good)),
        ("no signature", form(&plain, Some("rs-1"), RSA, "")),
        ("half of one", form(&plain, Some("rs-1"), RSA, &good[..40])),
        (
            "one inside and one beside",
            form(&inside, Some("rs-1"), RSA, &sign(&inside, "&RelayState=rs-1")),
        ),
        (
            "one inside, and a wrong one beside",
            form(&inside, Some("rs-1"), RSA, &good),
        ),
        (
            "twice",
            format!("{}&Signature=x", form(&plain, Some("rs-1"), RSA, &good)),
        ),
        (
            "as a response",
            form(&plain, Some("rs-1"), RSA, &good).replace("SAMLRequest", "SAMLResponse"),
        ),
        ("unsigned", format!("SAMLRequest={}", encoded(&base64(&plain)))),
    ];
    for (what, body) in refused {
        let page = here.post_raw(&sso, &[], &body).await;
        assert_eq!(page.status, 400, "{what}: {}", page.body);
    }
    for body in [
        form(&plain, Some("rs-1"), RSA, &good),
        form(&plain, None, RSA, &bare),
        form(&plain, Some("a&RelayState=b"), RSA, &seam),
    ] {
        let page = here.post_raw(&sso, &[], &body).await;
        assert!(page.status.as_u16() < 400, "{} {}", page.status, page.body);
    }
}

/// Profiles section 4.1.4.1 and core section 3.2.1: the answer goes to a registered endpoint, compared octet by octet, and a request for
/// another place is none for here.
#[tokio::test]
async fn almost_the_right_place_is_another_place() {
    let platform = platform().await;
    let own = SamlParty::register(&platform, "own", false);
    let other = SamlParty::register(&platform, "other", false);
    let (browser, _) = person(&platform, &own, "_known").await;
    let (acs, host) = (own.acs.as_str(), "own.localhost:9");
    let url = |location: &str| format!(" AssertionConsumerServiceURL=\"{location}\"");
    let index = |index: &str| format!(" AssertionConsumerServiceIndex=\"{index}\"");
    // White space around an address is no part of it (XML Schema part 2 section 4.3.6: anyURI collapses), so it makes no other one.
    let mut rows: Vec<String> = [
        other.acs.clone(),
        format!("{acs}/"),
        format!("{acs}?x=1"),
        format!("{acs}#x"),
        format!("{acs}%2f"),
        format!("{acs}/../acs"),
        format!("{acs}/artifact/"),
        acs.to_uppercase(),
        acs.replace("https:", "http:"),
        acs.replace(host, "own.localhost"),
        acs.replace(host, "own.localhost.:9"),
        acs.replace(host, "own.localhost:9@evil.localhost"),
        acs.replace(host, "evil.localhost\\@own.localhost:9"),
        acs.replace(host, "evil.localhost/own.localhost:9"),
        acs.replace(host, "\u{43e}wn.localhost:9"),
        acs.replace("/acs", "/%61cs"),
        acs.replace("/acs", "//acs"),
        "javascript:alert(1)".to_owned(),
        "data:text/html,x".to_owned(),
        String::new(),
    ]
    .iter()
    .map(|location| url(location))
    .collect();
    rows.extend(["2", "7", "65535", "65536", "-1", "+0", "0x0", ""].map(&index));
    rows.push(index("0") + &url(&other.acs));
    rows.push(url(acs) + &url("https://evil.localhost/"));
    rows.push(url(acs) + &index("1"));
    // Places of ours: the request names one, and came to another.
    let origin = platform.origin.as_str();
    rows.extend(
        [
            format!("{origin}/saml/slo"),
            format!("{origin}/saml/sso/"),
            format!("{origin}/saml/sso?x"),
            format!("{origin}/saml/SSO"),
            origin.replace("https:", "http:") + "/saml/sso",
            "https://other-idp.example/saml/sso".to_owned(),
            format!("{origin}.evil.localhost/saml/sso"),
            "/saml/sso".to_owned(),
        ]
        .map(|place| format!(" Destination=\"{place}\"")),
    );
    for (number, attributes) in rows.iter().enumerate() {
        let message = own.message("AuthnRequest", &format!("_row{number}"), attributes, "");
        let query = own.query("SAMLRequest", &message, None);
        let page = browser.get_one(&format!("{origin}/saml/sso?{query}")).await;
        assert_eq!(page.status, 400, "{attributes}: {}", page.body);
        assert!(
            !page.body.contains("name=\"SAMLResponse\"") && !page.has_form("evil"),
            "{attributes}"
        );
    }
    // In another's name with one's own key.
    let stolen = other.message("AuthnRequest", "_stolen", "", "");
    let query = own.query("SAMLRequest", &stolen, None);
    assert_eq!(
        browser
            .get_one(&format!("{origin}/saml/sso?{query}"))
            .await
            .status,
        400
    );
}

/// CWE-79 and CWE-601: what a service hands through comes back to that service in a form's field, and is nothing else there.
#[tokio::test]
async fn what_is_handed_through_stays_a_value() {
    let platform = platform().await;
    let own = SamlParty::register(&platform, "own", false);
    let (browser, _) = person(&platform, &own, "_known").await;
    for (number, relay) in [
        "\"><script>alert(1)</script>",
        "'><img src=x onerror=alert(1)>",
        "</form><form action=https://evil.localhost/>",
        "javascript:alert(1)",
        "https://evil.localhost/",
        "&quot;><b>",
        "{{7*7}}${7*7}<%= 7 %>",
        "\u{202e}\u{0}x",
        "a\r\nSet-Cookie: x=y",
    ]
    .into_iter()
    .enumerate()
    {
        let message = own.message("AuthnRequest", &format!("_relay{number}"), "", "");
        let query = own.query("SAMLRequest", &message, Some(relay));
        let page = browser
            .get(&format!("{}/saml/sso?{query}", platform.origin))
            .await;
        assert_eq!(page.status, 200, "{relay:?}: {}", page.body);
        assert_eq!(page.forms().len(), 1, "{relay:?}: {}", page.body);
        let form = page.form(&own.acs);
        assert_eq!(form.action, own.acs);
        // HTML has no NUL and makes one line end of two; a browser says the same.
        let shown = form.field("RelayState").unwrap().replace('\u{fffd}', "\u{0}");
        assert_eq!(
            shown.replace("\r\n", "\n"),
            relay.replace("\r\n", "\n"),
            "{}",
            page.body
        );
        let policy = page.header("content-security-policy").unwrap();
        assert!(
            !policy.contains("unsafe-inline") && !policy.contains("evil"),
            "{policy}"
        );
        assert!(
            page.header("set-cookie")
                .is_none_or(|cookie| !cookie.starts_with("x="))
        );
    }
    let message = own.message("AuthnRequest", "_long", "", "");
    let query = own.query("SAMLRequest", &message, Some(&"x".repeat(5_000)));
    let page = browser
        .get_one(&format!("{}/saml/sso?{query}", platform.origin))
        .await;
    assert_eq!(page.status, 400);
}
