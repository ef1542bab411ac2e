//! Signature wrapping of every message that a service sends ("On Breaking SAML", 2012; Mainka, Mladenov and others, "Your software at my
//! service", 2014): the attacker holds one genuine message of a service, and wants it to say something else. A share of the permutations of
//! `sim::xml_wrapping` goes over the sockets; all of them are judged in `crates/saml/tests/sso/attacks/generated.rs`.

use conformance_tests::SamlParty;
use sim::xml_wrapping::Wrapping;

use super::{base64, is_signed_in, person, platform, post, settled, succeeded};

const ARTIFACT: &str = r#" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact""#;

fn permutations(signed: &str, forged: (&str, &str), step: usize) -> Vec<String> {
    let (start, end) = (
        signed.find("<ds:Signature ").unwrap(),
        signed.find("</ds:Signature>").unwrap() + "</ds:Signature>".len(),
    );
    let wrapping = Wrapping {
        document: signed,
        signed,
        signature: &signed[start..end],
        id: signed.split(" ID=\"").nth(1).unwrap().split('"').next().unwrap(),
        forged,
    };
    let mut all = Vec::new();
    wrapping.each(step, &mut |_, document| all.push(document.to_owned()));
    wrapping.drawn(40, 7, &mut |_, document| all.push(document.to_owned()));
    all
}

#[tokio::test]
async fn a_request_to_sign_in_leads_where_its_service_said() {
    let platform = platform().await;
    let own = SamlParty::register(&platform, "own", true);
    let (browser, _) = person(&platform, &own, "_begin").await;
    let sso = format!("{}/saml/sso", platform.origin);
    let asked = own.message(
        "AuthnRequest",
        "_asked",
        &format!(
            " Destination=\"{sso}\" AssertionConsumerServiceURL=\"{}\"",
            own.acs
        ),
        "",
    );
    let signed = own.signed(&asked);
    let evil = "https://evil.localhost:9/acs";
    let all = permutations(&signed, (&own.acs, evil), 61);
    assert!(all.len() > 100, "{}", all.len());
    let mut accepted = 0;
    for document in &all {
        let page = post(&platform, &browser, "sso", &[("SAMLRequest", &base64(document))]).await;
        accepted += usize::from(page.status.as_u16() < 400);
        let page = settled(&browser, page).await;
        assert!(
            [200, 400, 410].contains(&page.status.as_u16()),
            "{} {document}",
            page.status
        );
        assert!(!page.has_form("evil"), "{document}\n{}", page.body);
    }
    assert!(accepted * 10 < all.len(), "{accepted} of {}", all.len());
    // Unsigned it is nothing at all, since the service signs; the forged one is not what was signed.
    for message in [asked, signed.replace(&own.acs, evil)] {
        let page = post(&platform, &browser, "sso", &[("SAMLRequest", &base64(&message))]).await;
        assert_eq!(page.status, 400, "{}", page.body);
    }
}

#[tokio::test]
async fn messages_by_soap_are_about_whom_their_service_named() {
    let platform = platform().await;
    let own = SamlParty::register(&platform, "own", false);
    let (alice_browser, alice) = person(&platform, &own, "_alice").await;
    let (bob_browser, bob) = person(&platform, &own, "_bob").await;
    let here = platform.bare_browser();
    // A genuine query about Alice becomes none about Bob.
    let subject = |name: &str| {
        format!(
            "<saml:Subject><saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">{name}</saml:NameID></saml:Subject>"
        )
    };
    let query = own.signed(&own.message("AttributeQuery", "_query", "", &subject(&alice.name)));
    for document in permutations(&query, (&alice.name, &bob.name), 79) {
        let page = own.by_soap(&here, "attributes", &document).await;
        assert!(!page.body.contains(&bob.name), "{document}\n{}", page.body);
    }
    // A genuine artifact of hers does not fetch his answer; and what was tried used nothing up.
    let mut artifacts = Vec::new();
    for (browser, id) in [(&alice_browser, "_a1"), (&bob_browser, "_b1")] {
        artifacts.push(own.ask(browser, id, ARTIFACT).await.query("SAMLart").unwrap());
    }
    let inside = format!("<samlp:Artifact>{}</samlp:Artifact>", artifacts[0]);
    let resolve = own.signed(&own.message("ArtifactResolve", "_resolve", "", &inside));
    for document in permutations(&resolve, (&artifacts[0], &artifacts[1]), 79) {
        let page = own.by_soap(&here, "artifact", &document).await;
        assert!(!page.body.contains(&bob.name), "{document}\n{}", page.body);
    }
    let inside = format!("<samlp:Artifact>{}</samlp:Artifact>", artifacts[1]);
    let his = own.signed(&own.message("ArtifactResolve", "_his", "", &inside));
    let page = own.by_soap(&here, "artifact", &his).await;
    assert!(page.body.contains(&bob.name), "{}", page.body);
    // A genuine request to sign her out does not sign him out.
    let place = format!(" Destination=\"{}/saml/slo/soap\"", platform.origin);
    let logout = own.message("LogoutRequest", "_logout", &place, &SamlParty::about(&alice));
    let logout = own.signed(&logout);
    let forged = (alice.name.as_str(), bob.name.as_str());
    for document in permutations(&logout.replace(&alice.index, &bob.index), forged, 79) {
        own.by_soap(&here, "slo/soap", &document).await;
    }
    assert!(is_signed_in(&platform, &bob_browser).await);
    let page = own.by_soap(&here, "slo/soap", &logout).await;
    assert!(succeeded(&page.body), "{}", page.body);
    assert!(!is_signed_in(&platform, &alice_browser).await);
    assert!(is_signed_in(&platform, &bob_browser).await);
}
