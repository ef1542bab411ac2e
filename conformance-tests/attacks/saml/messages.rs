//! Messages that were good once, or are good for somebody else: replay of every kind, artifacts guessed, stolen and asked for at the wrong
//! address, one message where another one is read, one service's key for another's words (sstc-saml-sec-consider-2.0 sections 6 and 7;
//! bindings-2.0-os section 3.6.5). Over two nodes: `tests/nodes/saml_messages.rs`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use conformance_tests::SamlParty;

use super::{is_signed_in, person, platform, succeeded};

const ARTIFACT: &str = r#" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact""#;

fn subject(name: &str) -> String {
    format!(
        "<saml:Subject><saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">{name}</saml:NameID></saml:Subject>"
    )
}

#[tokio::test]
async fn every_kind_of_message_counts_once() {
    let platform = platform().await;
    let own = SamlParty::register(&platform, "own", true);
    let (alice, known) = person(&platform, &own, "_alice").await;
    let here = platform.bare_browser();
    // The request that was answered, again, in her browser and in another one.
    let again = own.message("AuthnRequest", "_alice", "", "");
    let again = format!(
        "{}/saml/sso?{}",
        platform.origin,
        own.query("SAMLRequest", &again, Some("rs-1"))
    );
    assert_eq!(alice.get(&again).await.status, 410);
    let query = own.signed(&own.message("AttributeQuery", "_query", "", &subject(&known.name)));
    assert!(succeeded(&own.by_soap(&here, "attributes", &query).await.body));
    let page = own.by_soap(&here, "attributes", &query).await;
    assert!(
        !page.body.contains("Assertion") && !page.body.contains(&known.name),
        "{}",
        page.body
    );
    let artifact = own
        .ask(&alice, "_artifact", ARTIFACT)
        .await
        .query("SAMLart")
        .unwrap();
    let inside = format!("<samlp:Artifact>{artifact}</samlp:Artifact>");
    let resolve = own.signed(&own.message("ArtifactResolve", "_resolve", "", &inside));
    assert!(
        own.by_soap(&here, "artifact", &resolve)
            .await
            .body
            .contains("<saml:Assertion")
    );
    for message in [
        resolve,
        own.signed(&own.message("ArtifactResolve", "_later", "", &inside)),
    ] {
        let page = own.by_soap(&here, "artifact", &message).await;
        assert!(!page.body.contains("<samlp:Response"), "{}", page.body);
    }
    // A request that ended a session does not end the next one: neither by its own binding nor by another under the same identifier.
    let slo = format!("{}/saml/slo", platform.origin);
    let about = SamlParty::about(&known);
    let by_redirect = own.message(
        "LogoutRequest",
        "_bye",
        &format!(" Destination=\"{slo}\""),
        &about,
    );
    let by_redirect = format!("{slo}?{}", own.query("SAMLRequest", &by_redirect, None));
    let by_soap = own.signed(&own.message(
        "LogoutRequest",
        "_bye",
        &format!(" Destination=\"{slo}/soap\""),
        &about,
    ));
    here.get_until(&by_redirect, &own.slo.replace("/slo", "/response"))
        .await;
    assert!(!is_signed_in(&platform, &alice).await);
    let next = own.sign_in(&alice, "_next").await;
    assert_eq!(next.name, known.name, "the same person");
    assert_eq!(here.get(&by_redirect).await.status, 400);
    let page = own.by_soap(&here, "slo/soap", &by_soap).await;
    assert!(!succeeded(&page.body), "{}", page.body);
    assert!(is_signed_in(&platform, &alice).await);
}

#[tokio::test]
async fn an_artifact_is_its_services_and_nobody_elses() {
    let platform = platform().await;
    let own = SamlParty::register(&platform, "own", false);
    let evil = SamlParty::register(&platform, "evil", false);
    let (alice, known) = person(&platform, &own, "_alice").await;
    let here = platform.bare_browser();
    let artifact = own
        .ask(&alice, "_artifact", ARTIFACT)
        .await
        .query("SAMLart")
        .unwrap();
    let octets = STANDARD.decode(&artifact).unwrap();
    let bent = |at: usize, with: u8| {
        let mut octets = octets.clone();
        octets[at] ^= with;
        STANDARD.encode(octets)
    };
    let asked = |by: &SamlParty, id: &str, text: &str| {
        by.message(
            "ArtifactResolve",
            id,
            "",
            &format!("<samlp:Artifact>{text}</samlp:Artifact>"),
        )
    };
    let mut guesses: Vec<String> = (0..octets.len()).map(|at| bent(at, 1)).collect();
    guesses.extend([
        STANDARD.encode(&octets[..43]),
        STANDARD.encode([&octets[..], &[0]].concat()),
        STANDARD.encode(&octets[24..]),
        artifact.replace('=', ""),
        format!("{artifact}{artifact}"),
        String::new(),
        "AAQAAA==".to_owned(),
    ]);
    for (number, guess) in guesses.iter().enumerate() {
        let message = own.signed(&asked(&own, &format!("_g{number}"), guess));
        let page = own.by_soap(&here, "artifact", &message).await;
        assert!(!page.body.contains("<samlp:Response"), "{guess}: {}", page.body);
    }
    // By another service; in her service's name with another's key; unsigned; two at once; at other addresses; by a browser.
    let stolen = asked(&evil, "_stolen", &artifact);
    let impersonated = asked(&own, "_impersonated", &artifact);
    let twice = own.message(
        "ArtifactResolve",
        "_twice",
        "",
        &format!("<samlp:Artifact>{artifact}</samlp:Artifact>").repeat(2),
    );
    for (endpoint, message) in [
        ("artifact", evil.signed(&stolen)),
        ("artifact", evil.signed(&impersonated)),
        ("artifact", impersonated.clone()),
        ("artifact", own.signed(&twice)),
        ("attributes", own.signed(&asked(&own, "_there", &artifact))),
        ("slo/soap", own.signed(&asked(&own, "_there2", &artifact))),
    ] {
        let page = own.by_soap(&here, endpoint, &message).await;
        assert!(
            !page.body.contains("<samlp:Response") && !page.body.contains(&known.name),
            "{message}: {}",
            page.body
        );
    }
    let by_browser = format!(
        "{}/saml/artifact?SAMLart={}",
        platform.origin,
        conformance_tests::encoded(&artifact)
    );
    assert!(here.get_one(&by_browser).await.status.as_u16() >= 400);
    // Nothing of this used it up.
    let page = own
        .by_soap(&here, "artifact", &own.signed(&asked(&own, "_mine", &artifact)))
        .await;
    assert!(page.body.contains(&known.name), "{}", page.body);
}

/// One service's questions about another's people, and one kind of message where another is read.
#[tokio::test]
async fn one_message_is_not_another_and_one_service_is_not_another() {
    let platform = platform().await;
    let own = SamlParty::register(&platform, "own", false);
    let evil = SamlParty::register(&platform, "evil", false);
    let (alice, known) = person(&platform, &own, "_alice").await;
    let (_, mallory) = person(&platform, &evil, "_mallory").await;
    let here = platform.bare_browser();
    let slo = format!("{}/saml/slo/soap", platform.origin);
    let about = own.message("AttributeQuery", "_about", "", &subject(&known.name));
    let logout = own.message(
        "LogoutRequest",
        "_logout",
        &format!(" Destination=\"{slo}\""),
        &SamlParty::about(&known),
    );
    for (endpoint, message) in [
        (
            "attributes",
            evil.signed(&evil.message("AttributeQuery", "_q1", "", &subject(&known.name))),
        ),
        ("attributes", evil.signed(&about)),
        ("attributes", about.clone()),
        ("artifact", own.signed(&about)),
        ("attributes", own.signed(&logout)),
        ("artifact", own.signed(&logout)),
        (
            "attributes",
            own.signed(&own.message(
                "AttributeQuery",
                "_q2",
                " Destination=\"https://other-idp.example/\"",
                &subject(&known.name),
            )),
        ),
        (
            "attributes",
            own.signed(&own.message("AttributeQuery", "_q3", "", &subject(&mallory.name))),
        ),
    ] {
        let page = own.by_soap(&here, endpoint, &message).await;
        assert!(
            !page.body.contains("<saml:Assertion") && !page.body.contains("<saml:Attribute "),
            "{message}: {}",
            page.body
        );
    }
    assert!(is_signed_in(&platform, &alice).await);
}
