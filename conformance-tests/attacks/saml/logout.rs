//! Arbitrary logout (profiles-2.0-os section 4.4; sstc-saml-sec-consider-2.0 section 7.1.3): a stranger, or a registered service, wants to end
//! sessions that are not its own, by whatever binding, from its own server or through the victim's browser. By the redirect binding see also
//! `tests/logout/slo.rs`.

use conformance_tests::{KnownPerson, SamlParty};

use super::{base64, is_signed_in, person, platform, post, settled, succeeded};

const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";

#[tokio::test]
async fn nobody_ends_a_session_that_is_not_their_services() {
    let platform = platform().await;
    let own = SamlParty::register(&platform, "own", false);
    let evil = SamlParty::register(&platform, "evil", false);
    let (alice, known) = person(&platform, &own, "_alice").await;
    // She is known to the attacker's service, too, by another name.
    let theirs = evil.sign_in(&alice, "_theirs").await;
    let (_, mallory) = person(&platform, &evil, "_mallory").await;
    let here = platform.bare_browser();
    let slo = format!("{}/saml/slo", platform.origin);
    let browser_place = format!(" Destination=\"{slo}\"");
    let soap_place = format!(" Destination=\"{slo}/soap\"");
    let mut number = 0;
    let mut request = |by: &SamlParty, place: &str, about: &str| {
        number += 1;
        by.message("LogoutRequest", &format!("_l{number}"), place, about)
    };
    let about = SamlParty::about(&known);
    let mixed = |name: &str, index: &str| {
        SamlParty::about(&KnownPerson {
            name: name.to_owned(),
            index: index.to_owned(),
        })
    };
    let named = |attributes: &str| format!("<saml:NameID{attributes}>{}</saml:NameID>", known.name);
    // What the attacker's own key signs about her, in its own name and in the other service's.
    let mut signed: Vec<(&str, String, String)> = Vec::new();
    for (what, about) in [
        ("her name at the other service", about.clone()),
        (
            "her name there, her index here",
            mixed(&known.name, &theirs.index),
        ),
        (
            "a stranger's name here, her index there",
            mixed(&mallory.name, &known.index),
        ),
        (
            "nobody's name, her index",
            mixed("p_00000000000000000000000000000000", &known.index),
        ),
        (
            "her name in another's qualifiers",
            named(&format!(
                " Format=\"{PERSISTENT}\" SPNameQualifier=\"{}\"",
                own.entity
            )),
        ),
        (
            "her name as unspecified",
            named(" Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified\""),
        ),
        (
            "her name as an address",
            named(" Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\""),
        ),
        ("an encrypted name", "<saml:EncryptedID/>".to_owned()),
        (
            "two names",
            format!("<saml:NameID>{}</saml:NameID>{}", mallory.name, named("")),
        ),
    ] {
        signed.push((
            what,
            request(&evil, &browser_place, &about),
            request(&evil, &soap_place, &about),
        ));
    }
    signed.push((
        "in the other service's name",
        request(&own, &browser_place, &about),
        request(&own, &soap_place, &about),
    ));
    for (what, front, back) in signed {
        // By redirect and by form, from the attacker's machine and through her own browser; by SOAP from the attacker's machine.
        for browser in [&here, &alice] {
            browser
                .get_until(
                    &format!("{slo}?{}", evil.query("SAMLRequest", &front, None)),
                    "https://evil",
                )
                .await;
            assert!(is_signed_in(&platform, &alice).await, "{what}, by redirect");
            let fields = [("SAMLRequest", base64(&evil.signed(&front)))];
            let fields: Vec<(&str, &str)> = fields
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let page = post(&platform, browser, "slo", &fields).await;
            if page.status == 303 {
                let next = page.url.join(page.header("location").unwrap()).unwrap();
                browser.get_until(next.as_str(), "https://evil").await;
            }
            assert!(is_signed_in(&platform, &alice).await, "{what}, by form");
        }
        let page = evil.by_soap(&here, "slo/soap", &evil.signed(&back)).await;
        assert!(!succeeded(&page.body), "{what}: {}", page.body);
        assert!(is_signed_in(&platform, &alice).await, "{what}, by SOAP");
    }
}

/// What nobody signed, what was signed for another binding or another platform, and two messages at once.
#[tokio::test]
async fn what_its_service_did_not_say_here_ends_nothing() {
    let platform = platform().await;
    let own = SamlParty::register(&platform, "own", false);
    let (alice, known) = person(&platform, &own, "_alice").await;
    let here = platform.bare_browser();
    let slo = format!("{}/saml/slo", platform.origin);
    let browser_place = format!(" Destination=\"{slo}\"");
    let soap_place = format!(" Destination=\"{slo}/soap\"");
    let about = SamlParty::about(&known);
    let mut number = 0;
    let mut request = |by: &SamlParty, place: &str, about: &str| {
        number += 1;
        by.message("LogoutRequest", &format!("_l{number}"), place, about)
    };
    let genuine = request(&own, &browser_place, &about);
    let query = own.query("SAMLRequest", &genuine, None);
    let parts: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let elsewhere = request(
        &own,
        " Destination=\"https://other-idp.example/saml/slo\"",
        &about,
    );
    let nowhere = request(&own, "", &about);
    let queries = [
        ("unsigned", query.split("&SigAlg").next().unwrap().to_owned()),
        ("for another platform", own.query("SAMLRequest", &elsewhere, None)),
        (
            "for no platform in particular",
            own.query("SAMLRequest", &nowhere, None),
        ),
        (
            "for the place of SOAP",
            own.query("SAMLRequest", &request(&own, &soap_place, &about), None),
        ),
        ("with an answer beside it", format!("{query}&SAMLResponse=x")),
        (
            "signed inside, by redirect",
            format!(
                "SAMLRequest={}",
                conformance_tests::encoded(&conformance_tests::deflated(&own.signed(&genuine)))
            ),
        ),
    ];
    let forms = [
        ("unsigned", vec![("SAMLRequest", base64(&genuine))]),
        (
            "signed by redirect",
            vec![
                ("SAMLRequest", base64(&genuine)),
                ("SigAlg", parts[1].1.clone()),
                ("Signature", parts[2].1.clone()),
            ],
        ),
        (
            "as an answer",
            vec![("SAMLResponse", base64(&own.signed(&genuine)))],
        ),
        (
            "with an answer beside it",
            vec![
                ("SAMLRequest", base64(&own.signed(&genuine))),
                ("SAMLResponse", base64(&genuine)),
            ],
        ),
        (
            "for another platform",
            vec![("SAMLRequest", base64(&own.signed(&elsewhere)))],
        ),
    ];
    for browser in [&here, &alice] {
        for (what, query) in &queries {
            let page = browser.get_one(&format!("{slo}?{query}")).await;
            assert_eq!(page.status, 400, "{what}: {}", page.body);
        }
        for (what, fields) in &forms {
            let fields: Vec<(&str, &str)> = fields
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let page = post(&platform, browser, "slo", &fields).await;
            let page = settled(browser, page).await;
            assert_eq!(page.status, 400, "{what}: {}", page.body);
        }
    }
    for message in [
        request(&own, &soap_place, &about),
        own.signed(&elsewhere),
        own.signed(&genuine),
    ] {
        let page = own.by_soap(&here, "slo/soap", &message).await;
        assert_eq!(page.status, 500, "{}", page.body);
    }
    assert!(is_signed_in(&platform, &alice).await);
    // The service itself ends it, with what was refused above in the wrong place.
    let page = own
        .by_soap(
            &here,
            "slo/soap",
            &own.signed(&request(&own, &soap_place, &about)),
        )
        .await;
    assert!(succeeded(&page.body), "{}", page.body);
    assert!(!is_signed_in(&platform, &alice).await);
}

/// An answer that answers nothing of ours ends nothing and leads nowhere (core section 3.2.2: `InResponseTo`).
#[tokio::test]
async fn an_answer_to_nothing_is_nothing() {
    let platform = platform().await;
    let own = SamlParty::register(&platform, "own", false);
    let (alice, _) = person(&platform, &own, "_alice").await;
    let slo = format!("{}/saml/slo", platform.origin);
    let status = "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>";
    for (number, answers) in ["", " InResponseTo=\"_alice\"", " InResponseTo=\"_unknown\""]
        .into_iter()
        .enumerate()
    {
        let place = format!(" Destination=\"{slo}\"{answers}");
        let message = own.message("LogoutResponse", &format!("_r{number}"), &place, status);
        let page = alice
            .get_one(&format!("{slo}?{}", own.query("SAMLResponse", &message, None)))
            .await;
        assert_eq!(page.status, 400, "{answers}: {}", page.body);
        let page = post(
            &platform,
            &alice,
            "slo",
            &[("SAMLResponse", &base64(&own.signed(&message)))],
        )
        .await;
        assert_eq!(page.status, 400, "{answers}: {}", page.body);
        assert!(is_signed_in(&platform, &alice).await, "{answers}");
    }
}
