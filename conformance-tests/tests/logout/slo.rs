//! SAML Single Logout (profiles-2.0-os section 4.4) by service providers of the tests' own, which sign with openssl and xmlsec1.

use conformance_tests::Platform;

use crate::receiver::Receiver;
use crate::service_provider::{ServiceProvider, inflated, statuses};
use crate::{end_all, link, receipts, register};

/// Whether single sign-on still answers in this browser.
async fn is_signed_in(platform: &Platform, browser: &conformance_tests::Browser) -> bool {
    let page = browser.get(&format!("{}/account", platform.origin)).await;
    page.has_form("/account/end-all")
}

#[tokio::test]
async fn a_service_asks_and_everybody_is_told_across_both_protocols() {
    let platform = Platform::start().await;
    let asks = ServiceProvider::register(&platform, "sp-asks", &["HTTP-Redirect"]);
    let other = ServiceProvider::register(&platform, "sp-other", &["HTTP-Redirect"]);
    let receiver = Receiver::start(&platform, &[]).await;
    let rp = register(&platform, "rp-told", &receiver.backchannel());
    let browser = platform.browser_with_new_card();
    let asked = asks.sign_in(&browser).await;
    let known = other.sign_in(&browser).await;
    rp.sign_in(&browser, "").await;
    let page = browser.get(&asks.logout_request("_bye", &asked)).await;
    assert!(
        page.url.path().starts_with("/logout/"),
        "{} {}",
        page.url,
        page.body
    );
    assert_eq!(receiver.taken().len(), 1, "the OpenID Connect client was told");
    assert!(
        page.body.contains("Only your browser can reach it."),
        "{}",
        page.body
    );
    // To the other service, with the name and index of its own assertion, signed.
    let next = page.url.join(&link(&page.body, "/next")).unwrap();
    let sent = browser.get_until(next.as_str(), &other.slo).await;
    assert!(
        sent.query("Signature").is_some() && sent.query("SigAlg").is_some(),
        "{}",
        sent.url
    );
    let xml = inflated(&sent.query("SAMLRequest").unwrap());
    assert!(xml.contains(&format!(">{}</saml:NameID>", known.name)), "{xml}");
    assert!(
        xml.contains(&format!("<samlp:SessionIndex>{}<", known.index)),
        "{xml}"
    );
    assert!(
        xml.contains("SPNameQualifier=\"https://sp-other.localhost:9/metadata\""),
        "{xml}"
    );
    // It answers, and whoever asked hears of success.
    let back = browser
        .get_until(&other.logout_response(&xml, "Success"), &asks.slo_response)
        .await;
    let answer = inflated(&back.query("SAMLResponse").unwrap());
    assert!(answer.contains("InResponseTo=\"_bye\""), "{answer}");
    assert_eq!(statuses(&answer), ["Success"], "{answer}");
    assert_eq!(back.query("RelayState").as_deref(), Some("rs-1"));
    assert!(!is_signed_in(&platform, &browser).await);
    assert!(
        receipts(&platform)
            .await
            .iter()
            .all(|one| ["told", "asked"].contains(&one["state"].as_str().unwrap()))
    );
    // A response that comes again changes nothing and leads nowhere new.
    let again = browser
        .get_until(&other.logout_response(&xml, "Responder"), &asks.slo_response)
        .await;
    assert_eq!(
        statuses(&inflated(&again.query("SAMLResponse").unwrap())),
        ["Success"]
    );
}

#[tokio::test]
async fn a_dead_service_strands_nobody_and_the_answer_says_partial() {
    let platform = Platform::start().await;
    let asks = ServiceProvider::register(&platform, "sp-asks", &["HTTP-Redirect"]);
    let dead = ServiceProvider::register(&platform, "sp-dead", &["HTTP-Redirect"]);
    let browser = platform.browser_with_new_card();
    let asked = asks.sign_in(&browser).await;
    dead.sign_in(&browser).await;
    let page = browser.get(&asks.logout_request("_bye", &asked)).await;
    let next = page.url.join(&link(&page.body, "/next")).unwrap();
    browser.get_until(next.as_str(), &dead.slo).await;
    // Nothing answers there: the person goes back.
    let page = browser.get(page.url.as_str()).await;
    assert!(page.body.contains("It did not answer."), "{}", page.body);
    let done = page.url.join(&link(&page.body, "/done")).unwrap();
    let back = browser.get_until(done.as_str(), &asks.slo_response).await;
    let answer = inflated(&back.query("SAMLResponse").unwrap());
    assert_eq!(statuses(&answer), ["Success", "PartialLogout"], "{answer}");
}

#[tokio::test]
async fn the_persons_own_logout_goes_through_the_services() {
    let platform = Platform::start().await;
    let sp = ServiceProvider::register(&platform, "sp-one", &["HTTP-Redirect"]);
    let posts = ServiceProvider::register(&platform, "sp-post", &["HTTP-POST"]);
    let browser = platform.browser_with_new_card();
    sp.sign_in(&browser).await;
    posts.sign_in(&browser).await;
    let page = end_all(&platform, &browser).await;
    let next = page.url.join(&link(&page.body, "/next")).unwrap();
    let mut refused = false;
    let mut at = next.to_string();
    for _ in 0..2 {
        let sent = browser.get_until(&at, &sp.slo).await;
        at = if sent.url.as_str().starts_with(&sp.slo) {
            sp.logout_response(&inflated(&sent.query("SAMLRequest").unwrap()), "Success")
        } else {
            let form = sent.form(&posts.slo);
            let octets = base64::Engine::decode(
                &base64::engine::general_purpose::STANDARD,
                form.field("SAMLRequest").unwrap(),
            )
            .unwrap();
            let xml = String::from_utf8(octets).unwrap();
            assert_eq!(xml.matches("<ds:Signature ").count(), 1, "{xml}");
            refused = true;
            posts.logout_response(&xml, "Responder")
        };
    }
    assert!(refused);
    let page = browser.get(&at).await;
    assert!(page.body.contains("Signed out."), "{}", page.body);
    assert!(
        page.body.contains("It answered that it could not"),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn nobody_signs_out_somebody_else() {
    let platform = Platform::start().await;
    let sp = ServiceProvider::register(&platform, "sp-one", &["HTTP-Redirect"]);
    let evil = ServiceProvider::register(&platform, "sp-evil", &["HTTP-Redirect"]);
    let browser = platform.browser_with_new_card();
    let known = sp.sign_in(&browser).await;
    let other = evil.sign_in(&browser).await;
    let stranger = platform.browser_with_new_card();
    let strange = evil.sign_in(&stranger).await;
    let here = platform.bare_browser();
    // Unsigned, tampered with, signed by another, sent to another place.
    let good = sp.logout_request("_a", &known);
    let unsigned = good.split("&SigAlg").next().unwrap().to_owned();
    let tampered = good.replace("RelayState=rs-1", "RelayState=rs-2");
    let by_another = evil.signed_as(&sp, "_b", &known);
    let elsewhere = sp.logout_request_to("_c", &known, &format!("{}/saml/sso", platform.origin));
    let nowhere = sp.logout_request_to("_c2", &known, "https://other-idp.example/saml/slo");
    for attack in [unsigned, tampered, by_another, elsewhere, nowhere] {
        let page = here.get(&attack).await;
        assert_eq!(page.status, 400, "{attack}\n{}", page.body);
        assert!(is_signed_in(&platform, &browser).await, "{attack}");
    }
    // A name that another service was given; a name of one's own with the index of another session; nobody's name.
    for (id, name, index) in [
        ("_d", &known.name, &known.index),
        ("_e", &known.name, &other.index),
        ("_f", &other.name, &known.index),
        ("_g", &other.name, &strange.index),
    ] {
        let forged = crate::service_provider::Known {
            name: name.clone(),
            index: index.clone(),
        };
        let page = here
            .get_until(&evil.logout_request(id, &forged), &evil.slo_response)
            .await;
        let answer = inflated(&page.query("SAMLResponse").unwrap());
        assert_eq!(
            statuses(&answer),
            ["Requester", "UnknownPrincipal"],
            "{id}: {answer}"
        );
        assert!(is_signed_in(&platform, &browser).await, "{id}");
    }
    // A good request of the stranger's own, opened in this person's browser: it ends the stranger's session, and no other.
    let csrf = evil.logout_request("_h", &strange);
    browser.get_until(&csrf, &evil.slo_response).await;
    assert!(is_signed_in(&platform, &browser).await);
    assert!(!is_signed_in(&platform, &stranger).await);
    // The same request again is none.
    assert_eq!(here.get(&csrf).await.status, 400);
    assert!(is_signed_in(&platform, &browser).await);
}

#[tokio::test]
async fn by_soap_in_both_directions() {
    let platform = Platform::start().await;
    let asks = ServiceProvider::register(&platform, "sp-soap", &["HTTP-Redirect"]);
    let receiver = Receiver::start(&platform, &[]).await;
    let rp = register(&platform, "rp-told", &receiver.backchannel());
    let browser = platform.browser_with_new_card();
    let known = asks.sign_in(&browser).await;
    rp.sign_in(&browser, "").await;
    let soap = format!("{}/saml/slo/soap", platform.origin);
    let here = platform.bare_browser();
    let unsigned = asks.envelope("_u", &known, &soap, false);
    let refused = here.post_body(&soap, "text/xml", &[], unsigned).await;
    assert_eq!(refused.status, 500, "{}", refused.body);
    assert!(refused.body.contains("faultcode"), "{}", refused.body);
    assert!(is_signed_in(&platform, &browser).await);
    let signed = asks.envelope("_s", &known, &soap, true);
    let answer = here.post_body(&soap, "text/xml", &[], signed.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(statuses(&answer.body), ["Success"], "{}", answer.body);
    assert_eq!(answer.body.matches("<ds:Signature ").count(), 1);
    assert_eq!(receiver.taken().len(), 1);
    assert!(!is_signed_in(&platform, &browser).await);
    let again = here.post_body(&soap, "text/xml", &[], signed.clone()).await;
    assert_eq!(again.status, 500, "{}", again.body);
}

/// A service that asks from its own server ends the session, and neither learns of the person's other services nor carries anything to
/// them; nor does anybody else who has the address of a person's logout.
#[tokio::test]
async fn nobody_but_the_persons_browser_learns_of_the_other_services() {
    let platform = Platform::start().await;
    let asks = ServiceProvider::register(&platform, "sp-asks", &["HTTP-Redirect"]);
    let other = ServiceProvider::register(&platform, "sp-other", &["HTTP-Redirect"]);
    let browser = platform.browser_with_new_card();
    let asked = asks.sign_in(&browser).await;
    other.sign_in(&browser).await;
    // A server with a browser's name of its own, and even with a session of somebody.
    let server = platform.browser_with_new_card();
    // Requests of the tests are numbered by what a browser loaded so far.
    server.get(&format!("{}/", platform.origin)).await;
    asks.sign_in(&server).await;
    let back = server
        .get_until(&asks.logout_request("_own", &asked), &asks.slo_response)
        .await;
    assert!(back.url.as_str().starts_with(&asks.slo_response), "{}", back.url);
    let answer = inflated(&back.query("SAMLResponse").unwrap());
    assert_eq!(statuses(&answer), ["Success", "PartialLogout"], "{answer}");
    assert!(!is_signed_in(&platform, &browser).await);
    assert!(is_signed_in(&platform, &server).await, "whose logout it was not");
    // Nor is it told otherwise to whoever asks again: the other service was still not reached.
    let soap = format!("{}/saml/slo/soap", platform.origin);
    let again = asks.envelope("_again", &asked, &soap, true);
    let again = platform
        .bare_browser()
        .post_body(&soap, "text/xml", &[], again)
        .await;
    assert_eq!(
        statuses(&again.body),
        ["Success", "PartialLogout"],
        "{}",
        again.body
    );

    asks.sign_in(&browser).await;
    other.sign_in(&browser).await;
    let page = end_all(&platform, &browser).await;
    assert!(
        page.url.path().starts_with("/logout/") && page.body.contains("/next"),
        "{}",
        page.url
    );
    for end in ["", "/next", "/done"] {
        let theirs = server.get(&format!("{}{end}", page.url)).await;
        assert_eq!(theirs.status, 404, "{end}");
    }
}
