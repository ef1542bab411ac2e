//! What is decided at one node is so at the other: services and sessions are read for each request, from the Ledger that both have.

use std::time::{Duration, Instant};

use conformance_tests::{Page, RelyingParty, SamlService};

use crate::support::{Nodes, Person};

/// How soon a decision holds everywhere.
const SOON: Duration = Duration::from_secs(1);

fn error(page: &Page) -> Option<String> {
    page.query("error")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspended_service_and_an_ended_session_are_so_everywhere_within_a_second() {
    let nodes = Nodes::start().await;
    let rp = RelyingParty::register(&nodes.platform, "rp-spread");
    let mut person = Person::new(&nodes);
    person.moves_to(&nodes, 0);
    let tokens = rp.sign_in(&person.browser, "").await;
    let silent = rp.request("&prompt=none");

    // Both nodes have answered for the service and the session already: nothing is remembered from then.
    for node in [0, 1] {
        person.moves_to(&nodes, node);
        let page = person.browser.get_until(&silent, &rp.redirect_uri).await;
        assert!(page.query("code").is_some(), "{}", page.url);
        let info = nodes
            .at(node, &rp)
            .userinfo(&person.browser, &tokens.access_token)
            .await;
        assert_eq!(info.status, 200);
    }
    let suspended = nodes
        .platform
        .command(&["service", "suspend", "rp-spread", "--reason", "a test"]);
    assert!(
        suspended.status.success(),
        "{}",
        String::from_utf8_lossy(&suspended.stderr)
    );
    let since = Instant::now();
    for node in [0, 1] {
        person.moves_to(&nodes, node);
        let page = person.browser.get_until(&silent, &rp.redirect_uri).await;
        assert!(page.query("code").is_none(), "{}", page.url);
        let info = nodes
            .at(node, &rp)
            .userinfo(&person.browser, &tokens.access_token)
            .await;
        assert_ne!(info.status, 200, "{}", info.body);
    }
    assert!(since.elapsed() < SOON, "{:?}", since.elapsed());
    let resumed = nodes.platform.command(&["service", "resume", "rp-spread"]);
    assert!(
        resumed.status.success(),
        "{}",
        String::from_utf8_lossy(&resumed.stderr)
    );
    person.moves_to(&nodes, 1);
    assert!(
        person
            .browser
            .get_until(&silent, &rp.redirect_uri)
            .await
            .query("code")
            .is_some()
    );

    // The person ends all sessions at the first node.
    person.moves_to(&nodes, 0);
    let account = person
        .browser
        .get(&format!("{}/account", nodes.platform.origin))
        .await;
    person.browser.submit(&account.form("/account/end-all")).await;
    let since = Instant::now();
    for node in [1, 0] {
        let info = nodes
            .at(node, &rp)
            .userinfo(&person.browser, &tokens.access_token)
            .await;
        assert_eq!(info.status, 401, "{}", info.body);
        person.moves_to(&nodes, node);
        let page = person.browser.get_until(&silent, &rp.redirect_uri).await;
        assert_eq!(error(&page).as_deref(), Some("login_required"), "{}", page.url);
    }
    assert!(since.elapsed() < SOON, "{:?}", since.elapsed());
}

/// Each node's own schedule looks at the file; one of them takes it in.
const SOURCE: &str = "[[metadata.source]]\nname = \"partners\"\nfile = \"partners.xml\"\ninterval_seconds = 1\n[metadata.source.granted]\nadmit = \"active\"\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metadata_that_one_node_takes_in_is_so_at_both_within_a_second() {
    let nodes = Nodes::start_with(SOURCE).await;
    let folder = nodes.platform.path();
    let publish = |names: &[&str]| {
        let entities: String = names
            .iter()
            .map(|name| format!(r#"<EntityDescriptor entityID="https://{name}.localhost:9/metadata"><SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><AssertionConsumerService index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://{name}.localhost:9/acs"/></SPSSODescriptor></EntityDescriptor>"#))
            .collect::<Vec<_>>().concat();
        let document = format!(
            r#"<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">{entities}</EntitiesDescriptor>"#
        );
        std::fs::write(folder.join("draft"), document).unwrap();
        std::fs::rename(folder.join("draft"), folder.join("partners.xml")).unwrap();
    };
    let mut count = 0;
    for (names, expected) in [(&["stays", "comes"][..], 200), (&["stays"][..], 403)] {
        publish(names);
        let until = Instant::now() + Duration::from_secs(30);
        let mut seen: [Option<Instant>; 2] = [None; 2];
        while let Some(node) = seen.iter().position(Option::is_none) {
            assert!(Instant::now() < until, "{expected}: {seen:?}");
            // Whichever has not shown it yet, one after the other.
            let node = if seen[1 - node].is_none() { count % 2 } else { node };
            count += 1;
            let request = SamlService::of(&nodes.platform, "comes").request(&format!("_{count}"));
            let page = nodes
                .platform
                .bare_browser()
                .get(&nodes.url_at(node, &request))
                .await;
            if page.status == expected {
                seen[node].get_or_insert_with(Instant::now);
            }
        }
        let [first, second] = seen.map(Option::unwrap);
        let apart = first.max(second) - first.min(second);
        assert!(apart < SOON, "{apart:?}");
    }
    let taken = nodes.logs().matches("metadata was taken in").count();
    assert_eq!(
        taken,
        2,
        "each document was taken in by one node:\n{}",
        nodes.logs()
    );
}
