//! A service with customers of its own: linking, its ceremony in the hands of strangers, unlinking.

use conformance_tests::{Browser, Page, Platform};

use crate::{Place, Sample, client_key};

struct World {
    platform: Platform,
    shop: Sample,
}

async fn world() -> World {
    let platform = Platform::start().await;
    let place = Place::new(&platform, "shop", "shop.localhost");
    let (key, jwks) = client_key(&platform, "shop");
    let origin = place.origin.clone();
    platform.register(&format!(
        r#"
        kind = "sp"
        name = {{ ja = "水道局", en = "Waterworks" }}
        released_attributes = ["assurance_level", "authentication_time"]
        [oidc]
        client_id = "shop"
        redirect_uris = ["{origin}/callback"]
        authentication = {{ method = "private_key_jwt", jwks = '{jwks}' }}
        "#
    ));
    let pem = std::fs::read_to_string(&key).unwrap();
    let customer = |id: &str, verified: bool| {
        format!("[[customers]]\nid = \"{id}\"\npassword = \"password of {id}\"\nverified = {verified}\n")
    };
    let settings = format!(
        "[oidc]\nissuer = \"{}\"\nclient_id = \"shop\"\nredirect_uri = \"{origin}/callback\"\nprivate_key_pem = '''\n{pem}'''\n{}{}{}{}",
        platform.origin,
        place.platform,
        customer("alice", true),
        customer("bob", true),
        customer("mallory", false),
    );
    let shop = Sample::start(&platform, "account_linking", place, &settings).await;
    World { platform, shop }
}

impl World {
    async fn home(&self, browser: &Browser) -> Page {
        browser.get(&self.shop.at("/")).await
    }

    async fn enter(&self, browser: &Browser, id: &str) -> Page {
        let form = self.home(browser).await.form("/password");
        let form = form.with("id", id).with("password", &format!("password of {id}"));
        browser.submit(&form).await
    }

    /// Through the platform to the page after it.
    async fn begin_link(&self, browser: &Browser) -> Page {
        let form = self.home(browser).await.form("/link");
        let page = browser.submit(&form).await;
        browser.sign_in(page).await
    }

    async fn link(&self, browser: &Browser) -> Page {
        let page = self.begin_link(browser).await;
        assert!(
            page.url.path().ends_with("/link/confirm"),
            "{} {}\n{}",
            page.url,
            page.body,
            self.shop.log()
        );
        browser.submit(&page.form("/link/confirm")).await
    }

    async fn enter_by_card(&self, browser: &Browser) -> Page {
        let page = browser.get(&self.shop.at("/card")).await;
        browser.sign_in(page).await
    }
}

fn customer(page: &Page) -> Option<String> {
    page.text("#customer")
}

#[tokio::test]
async fn a_customer_links_enters_by_card_replaces_and_ends_the_link() {
    let world = world().await;
    let (_, card) = world.platform.card(&sim::CardRequest::default());
    let (first, second) = (world.platform.browser(&card), world.platform.browser(&card));
    let elsewhere = world.platform.bare_browser();
    for browser in [&first, &elsewhere] {
        assert_eq!(
            customer(&world.enter(browser, "alice").await).as_deref(),
            Some("alice")
        );
    }
    // A card that is linked to nobody makes no customer.
    let told = world.enter_by_card(&second).await;
    assert!(
        told.text("#told").is_some() && customer(&told).is_none(),
        "{}",
        told.body
    );
    let page = world.link(&first).await;
    assert_eq!(
        page.text("#notices").map(|text| text.contains("linked")),
        Some(true),
        "{}",
        page.body
    );
    // Sessions from before, elsewhere, are over; this one is not.
    assert_eq!(customer(&world.home(&elsewhere).await), None);
    assert_eq!(customer(&world.home(&first).await).as_deref(), Some("alice"));
    assert_eq!(
        customer(&world.enter_by_card(&second).await).as_deref(),
        Some("alice")
    );
    // Another person's card in the place of this one.
    let other = world.platform.browser_with_new_card();
    world.enter(&other, "alice").await;
    let page = world.link(&other).await;
    assert_eq!(customer(&page).as_deref(), Some("alice"), "{}", page.body);
    assert_eq!(
        customer(&world.home(&second).await),
        None,
        "who entered by the old card is out"
    );
    assert_eq!(customer(&world.enter_by_card(&second).await), None);
    // Ended by its owner: who entered by card is out at once.
    let page = world.home(&other).await;
    let page = other.submit(&page.form("/unlink")).await;
    assert_eq!(
        page.text("#notices").map(|text| text.contains("link ended")),
        Some(true),
        "{}",
        page.body
    );
    let page = world.enter_by_card(&world.platform.browser(&card)).await;
    assert!(page.text("#told").is_some(), "{}", page.body);
    let japanese = world.platform.bare_browser().speaking("ja");
    assert!(
        world
            .home(&japanese)
            .await
            .body
            .contains("マイナンバーカードでログイン")
    );
}

#[tokio::test]
async fn nobody_is_linked_to_a_stranger() {
    let world = world().await;
    let (_, card) = world.platform.card(&sim::CardRequest::default());
    let alice = world.platform.browser(&card);
    world.enter(&alice, "alice").await;
    world.link(&alice).await;
    // One person, one customer.
    let bob = world.platform.browser(&card);
    world.enter(&bob, "bob").await;
    let page = world.begin_link(&bob).await;
    assert!(
        page.text("#refused").is_some() && page.body.contains("another customer number"),
        "{}",
        page.body
    );
    // An account whose contact was never proven (pre-hijacking).
    let mallory = world.platform.browser_with_new_card();
    world.enter(&mallory, "mallory").await;
    let form = world.home(&mallory).await.form("/link");
    let page = mallory.submit(&form).await;
    assert!(page.body.contains("contact must be verified"), "{}", page.body);
    // Login CSRF: the answer to the attacker's question, brought to the victim's browser.
    let attacker = world.platform.browser_with_new_card();
    world.enter(&attacker, "alice").await;
    let form = world.home(&attacker).await.form("/link");
    let callback = world.shop.at("/callback");
    let mut page = attacker.submit_until(&form, &callback).await;
    if page.has_form("/card") {
        page = attacker.submit_until(&page.form("/card"), &callback).await;
    }
    if page.has_form("/consent") {
        let agreed = page.form("/consent").with("decision", "agree");
        page = attacker.submit_until(&agreed, &callback).await;
    }
    assert!(
        page.url.as_str().starts_with(&callback) && page.query("code").is_some(),
        "{}",
        page.url
    );
    let victim = world.platform.browser_with_new_card();
    world.enter(&victim, "bob").await;
    for path in [page.url.as_str(), &world.shop.at("/link/confirm")] {
        let led = victim.get(path).await;
        assert!(led.text("#refused").is_some(), "{} {}", led.url, led.body);
    }
    // Even where the victim has begun a ceremony of its own.
    let form = world.home(&victim).await.form("/link");
    let _ = victim.submit_until(&form, &world.platform.origin).await;
    let led = victim.get(page.url.as_str()).await;
    assert!(led.text("#refused").is_some(), "{} {}", led.url, led.body);
    let home = world.home(&victim).await;
    assert_eq!(customer(&home).as_deref(), Some("bob"));
    assert!(
        !home.has_form("/unlink"),
        "bob is linked to nobody: {}",
        home.body
    );
    // A form without the session's token, as another site would send it.
    let forged = victim
        .post_raw(&world.shop.at("/link"), &[], "form_token=x")
        .await;
    assert_eq!(forged.status, 403);
}
