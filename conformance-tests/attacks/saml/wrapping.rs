//! Signature wrapping of every message that a service sends ("On Breaking SAML", 2012; Mainka, Mladenov and others, "Your software at my
//! service", 2014): the attacker holds one genuine message of a service, and wants it to say something else. A share of the permutations of
//! `sim::xml_wrapping` goes over the sockets; all of them are judged in `crates/saml/tests/sso/attacks/generated.rs`.
//!
//! What is forged would count, were it signed: each test shows that. And a message counts once: whenever one is accepted, the next
//! permutation is made of a fresh one, so that none is refused for having been there already; the message of which the last ones were made
//! counts at the end.

use conformance_tests::{Browser, SamlParty};
use sim::xml_wrapping::Wrapping;

use super::{base64, is_signed_in, person, platform, post, settled, succeeded};

/// The permutations one after another.
struct Sample {
    signed: String,
    all: Vec<String>,
    at: usize,
    accepted: usize,
}

impl Sample {
    fn of(signed: String, forged: (&str, &str), step: usize) -> Self {
        let all = permutations(&signed, forged, step);
        assert!(all.len() > 100, "{}", all.len());
        Self {
            signed,
            all,
            at: 0,
            accepted: 0,
        }
    }

    fn next(&mut self) -> Option<String> {
        self.at += 1;
        self.all.get(self.at - 1).cloned()
    }

    /// One was accepted: those that follow are made of this message.
    fn renew(&mut self, signed: String, forged: (&str, &str), step: usize) {
        self.accepted += 1;
        let all = permutations(&signed, forged, step);
        assert_eq!(all.len(), self.all.len(), "the same attacks on another message");
        (self.all, self.signed) = (all, signed);
    }

    /// Some hide the forged one where nobody reads: those are what their service said, and are few. The message that none of the last
    /// ones made anybody accept.
    fn finish(self) -> String {
        let (accepted, tried) = (self.accepted, self.all.len());
        assert!(accepted * 10 < tried, "{accepted} accepted of {tried}");
        self.signed
    }
}

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
    const STEP: usize = 61;
    let platform = platform().await;
    let own = SamlParty::register(&platform, "own", true);
    let (browser, _) = person(&platform, &own, "_begin").await;
    let sso = format!("{}/saml/sso", platform.origin);
    let request = |id: &str, acs: &str| {
        let more = format!(" Destination=\"{sso}\" AssertionConsumerServiceURL=\"{acs}\"");
        own.message("AuthnRequest", id, &more, "")
    };
    let forged = (own.acs.as_str(), own.second_acs.as_str());
    let send =
        async |message: &str| post(&platform, &browser, "sso", &[("SAMLRequest", &base64(message))]).await;
    // The service itself may name the other place.
    let page = send(&own.signed(&request("_second", forged.1))).await;
    let page = settled(&browser, page).await;
    assert!(page.has_form(forged.1), "{}", page.body);
    let fresh = |number: usize| own.signed(&request(&format!("_asked{number}"), forged.0));
    let mut sample = Sample::of(fresh(0), forged, STEP);
    while let Some(document) = sample.next() {
        let page = send(&document).await;
        let accepted = page.status.as_u16() < 400;
        let page = settled(&browser, page).await;
        assert!(!page.has_form(forged.1), "{document}\n{}", page.body);
        assert_eq!(page.has_form(forged.0), accepted, "{document}\n{}", page.body);
        if accepted {
            sample.renew(fresh(sample.accepted + 1), forged, STEP);
        } else {
            assert_eq!(page.status, 400, "{document}\n{}", page.body);
        }
    }
    let page = settled(&browser, send(&sample.finish()).await).await;
    assert!(page.has_form(forged.0), "{}", page.body);
    // Unsigned it is nothing at all, since the service signs; the forged one is not what was signed.
    let signed = own.signed(&request("_last", forged.0));
    for message in [request("_bare", forged.0), signed.replace(forged.0, forged.1)] {
        let page = send(&message).await;
        assert_eq!(page.status, 400, "{}", page.body);
    }
}

#[tokio::test]
async fn a_query_is_about_whom_its_service_named() {
    const STEP: usize = 79;
    let platform = platform().await;
    let own = SamlParty::register(&platform, "own", false);
    let (_, alice) = person(&platform, &own, "_alice").await;
    let (_, bob) = person(&platform, &own, "_bob").await;
    let here = platform.bare_browser();
    let query = |id: &str, name: &str| {
        let subject = format!(
            "<saml:Subject><saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">{name}</saml:NameID></saml:Subject>"
        );
        own.signed(&own.message("AttributeQuery", id, "", &subject))
    };
    let page = own
        .by_soap(&here, "attributes", &query("_control", &bob.name))
        .await;
    assert!(page.body.contains(&bob.name), "{}", page.body);
    let forged = (alice.name.as_str(), bob.name.as_str());
    let fresh = |number: usize| query(&format!("_query{number}"), forged.0);
    let mut sample = Sample::of(fresh(0), forged, STEP);
    while let Some(document) = sample.next() {
        let page = own.by_soap(&here, "attributes", &document).await;
        assert!(!page.body.contains(forged.1), "{document}\n{}", page.body);
        if page.status == 200 {
            assert!(succeeded(&page.body), "{document}\n{}", page.body);
            assert!(page.body.contains(forged.0), "{document}\n{}", page.body);
            sample.renew(fresh(sample.accepted + 1), forged, STEP);
        }
    }
    let page = own.by_soap(&here, "attributes", &sample.finish()).await;
    assert!(page.body.contains(forged.0), "{}", page.body);
}

#[tokio::test]
async fn an_artifact_is_resolved_that_its_service_named() {
    const STEP: usize = 79;
    let platform = platform().await;
    let own = SamlParty::register(&platform, "own", false);
    let (browser, alice) = person(&platform, &own, "_alice").await;
    let (theirs, bob) = person(&platform, &own, "_bob").await;
    let here = platform.bare_browser();
    let get =
        async |browser: &Browser, id: &str| own.ask(browser, id, ARTIFACT).await.query("SAMLart").unwrap();
    let resolve = |id: &str, artifact: &str| {
        let inside = format!("<samlp:Artifact>{artifact}</samlp:Artifact>");
        own.signed(&own.message("ArtifactResolve", id, "", &inside))
    };
    let his = get(&theirs, "_b").await;
    let mut hers = get(&browser, "_a").await;
    let mut sample = Sample::of(resolve("_resolve", &hers), (&hers, &his), STEP);
    while let Some(document) = sample.next() {
        let page = own.by_soap(&here, "artifact", &document).await;
        assert!(!page.body.contains(&bob.name), "{document}\n{}", page.body);
        if page.status == 200 {
            assert!(page.body.contains(&alice.name), "{document}\n{}", page.body);
            let number = sample.accepted;
            hers = get(&browser, &format!("_a{number}")).await;
            let signed = resolve(&format!("_resolve{number}"), &hers);
            sample.renew(signed, (&hers, &his), STEP);
        }
    }
    let page = own.by_soap(&here, "artifact", &sample.finish()).await;
    assert!(page.body.contains(&alice.name), "{}", page.body);
    // What was tried used his up no more than it fetched it.
    let page = own.by_soap(&here, "artifact", &resolve("_his", &his)).await;
    assert!(page.body.contains(&bob.name), "{}", page.body);
}

#[tokio::test]
async fn whoever_is_signed_out_is_whom_their_service_named() {
    const STEP: usize = 79;
    let platform = platform().await;
    let own = SamlParty::register(&platform, "own", false);
    let (browser, mut alice) = person(&platform, &own, "_alice").await;
    let (theirs, bob) = person(&platform, &own, "_bob").await;
    let here = platform.bare_browser();
    let place = format!(" Destination=\"{}/saml/slo/soap\"", platform.origin);
    let logout = |id: &str, about: &str| own.signed(&own.message("LogoutRequest", id, &place, about));
    let his = SamlParty::about(&bob);
    let mut hers = SamlParty::about(&alice);
    let mut sample = Sample::of(logout("_logout", &hers), (&hers, &his), STEP);
    while let Some(document) = sample.next() {
        let page = own.by_soap(&here, "slo/soap", &document).await;
        if page.status == 200 {
            assert!(succeeded(&page.body), "{document}\n{}", page.body);
            assert!(is_signed_in(&platform, &theirs).await, "{document}");
            assert!(!is_signed_in(&platform, &browser).await, "{document}");
            let number = sample.accepted;
            alice = own.sign_in(&browser, &format!("_alice{number}")).await;
            hers = SamlParty::about(&alice);
            sample.renew(logout(&format!("_logout{number}"), &hers), (&hers, &his), STEP);
        }
    }
    assert!(is_signed_in(&platform, &browser).await);
    let page = own.by_soap(&here, "slo/soap", &sample.finish()).await;
    assert!(succeeded(&page.body), "{}", page.body);
    assert!(!is_signed_in(&platform, &browser).await);
    assert!(is_signed_in(&platform, &theirs).await);
    let page = own.by_soap(&here, "slo/soap", &logout("_his", &his)).await;
    assert!(succeeded(&page.body), "{}", page.body);
    assert!(!is_signed_in(&platform, &theirs).await, "the control");
}
