//! Every SAML message that counts once counts once over both nodes: what one took is refused at the other.

use conformance_tests::{Browser, SamlParty};

use crate::support::{Nodes, Person};

const ARTIFACT: &str = r#" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact""#;

/// A program whose connections end at this node.
fn program_at(nodes: &Nodes, node: usize) -> Browser {
    nodes.aim(node);
    nodes.platform.bare_browser()
}

async fn is_signed_in(nodes: &Nodes, person: &Person) -> bool {
    let page = person
        .browser
        .get(&format!("{}/account", nodes.platform.origin))
        .await;
    page.has_form("/account/end-all")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_an_artifact_and_a_logout_count_at_one_node_only() {
    let nodes = Nodes::start().await;
    let own = SamlParty::register(&nodes.platform, "own", false);
    let mut person = Person::new(&nodes);
    person.moves_to(&nodes, 0);
    let known = own.sign_in(&person.browser, "_first").await;
    let artifact = own
        .ask(&person.browser, "_second", ARTIFACT)
        .await
        .query("SAMLart")
        .unwrap();
    let subject = format!(
        "<saml:Subject><saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">{}</saml:NameID></saml:Subject>",
        known.name
    );
    let query = own.signed(&own.message("AttributeQuery", "_query", "", &subject));
    let inside = format!("<samlp:Artifact>{artifact}</samlp:Artifact>");
    let resolve = own.signed(&own.message("ArtifactResolve", "_resolve", "", &inside));
    let place = format!(" Destination=\"{}/saml/slo/soap\"", nodes.platform.origin);
    let about = SamlParty::about(&known);
    let logout = own.signed(&own.message("LogoutRequest", "_logout", &place, &about));
    // The first node takes each of them, the other one none.
    let here = program_at(&nodes, 0);
    for (endpoint, message) in [("attributes", &query), ("artifact", &resolve)] {
        let page = own.by_soap(&here, endpoint, message).await;
        assert!(page.body.contains("<saml:Assertion"), "{endpoint}: {}", page.body);
    }
    let there = program_at(&nodes, 1);
    let fresh = own.signed(&own.message("ArtifactResolve", "_fresh", "", &inside));
    for (endpoint, message) in [
        ("attributes", &query),
        ("artifact", &resolve),
        ("artifact", &fresh),
    ] {
        let page = own.by_soap(&there, endpoint, message).await;
        assert!(
            !page.body.contains("<saml:Assertion"),
            "{endpoint}: {}",
            page.body
        );
    }
    let here = program_at(&nodes, 0);
    let page = own.by_soap(&here, "slo/soap", &logout).await;
    assert!(page.body.contains("status:Success\""), "{}", page.body);
    person.moves_to(&nodes, 0);
    assert!(!is_signed_in(&nodes, &person).await);
    own.sign_in(&person.browser, "_third").await;
    let there = program_at(&nodes, 1);
    let page = own.by_soap(&there, "slo/soap", &logout).await;
    assert!(!page.body.contains("status:Success\""), "{}", page.body);
    person.moves_to(&nodes, 1);
    assert!(
        is_signed_in(&nodes, &person).await,
        "a used request ended the next session"
    );
}
