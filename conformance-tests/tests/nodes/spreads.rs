//! What is decided at one node is so at the other: services and sessions are read for each request, from the Ledger that both have.

use std::time::{Duration, Instant};

use conformance_tests::{Page, RelyingParty};

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
