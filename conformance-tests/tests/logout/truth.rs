//! What our page says where a service waits for no answer (`aslo:Asynchronous`, or no endpoint for one): of this browser, and of what ended.

use conformance_tests::{Browser, Platform};

use crate::service_provider::{Known, ServiceProvider};

const STILL: &str = "You are still signed in in this browser";
const SIGNED_OUT: &str = "You are signed out";

async fn is_signed_in(platform: &Platform, browser: &Browser) -> bool {
    let page = browser.get(&format!("{}/account", platform.origin)).await;
    page.has_form("/account/end-all")
}

/// A logout request about A, opened in a browser in which B is signed in, ends A's sign-in and nothing else: B reads so, and how to end theirs.
#[tokio::test]
async fn a_logout_of_somebody_else_does_not_tell_this_person_that_they_are_signed_out() {
    let platform = Platform::start().await;
    let asks = ServiceProvider::register(&platform, "sp-asks", &["HTTP-Redirect"]);
    let other = ServiceProvider::register(&platform, "sp-other", &["HTTP-Redirect"]);
    let silent = ServiceProvider::register(&platform, "sp-silent", &[]);
    let (a, b) = (platform.browser_with_new_card(), platform.browser_with_new_card());
    let known = asks.sign_in(&a).await;
    other.sign_in(&a).await;
    let at_silent = silent.sign_in(&a).await;
    other.sign_in(&b).await;
    let page = b.get(&asks.asynchronous_request("_a", &known)).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains(STILL), "{}", page.body);
    assert!(!page.body.contains(SIGNED_OUT), "{}", page.body);
    assert!(
        page.body
            .contains("has ended. Not every service that was used in it"),
        "nobody else is named, and no more is claimed: {}",
        page.body
    );
    assert!(
        !page.body.contains("sp-other"),
        "whom A used is none of B's business"
    );
    assert!(page.body.contains("href=\"/account\""), "{}", page.body);
    assert!(is_signed_in(&platform, &b).await);
    assert!(!is_signed_in(&platform, &a).await);
    // From where nobody is signed in, the same is said of A's services, and nothing of this browser.
    let nobody = platform.bare_browser();
    let page = nobody.get(&silent.logout_request("_b", &at_silent)).await;
    assert!(!page.body.contains(STILL), "{}", page.body);
    assert!(page.body.contains("but perhaps not everywhere"), "{}", page.body);
    // A name of nobody: nothing ended.
    let unknown = Known {
        name: "p_0".to_owned(),
        index: known.index.clone(),
    };
    for (id, browser, title) in [("_c", &b, STILL), ("_d", &nobody, "There was no sign-in to end")] {
        for (way, request) in [
            ("a", asks.asynchronous_request(&format!("{id}a"), &unknown)),
            ("s", silent.logout_request(&format!("{id}s"), &unknown)),
        ] {
            let page = browser.get(&request).await;
            assert!(page.body.contains(title), "{id}{way}: {}", page.body);
            assert!(!page.body.contains(SIGNED_OUT), "{id}{way}: {}", page.body);
        }
    }
    assert!(is_signed_in(&platform, &b).await);
}

/// Where it is this browser's own sign-in, the page says so, and names the services that were not told.
#[tokio::test]
async fn a_logout_of_this_browsers_own_names_the_services() {
    let platform = Platform::start().await;
    let asks = ServiceProvider::register(&platform, "sp-asks", &["HTTP-Redirect"]);
    let silent = ServiceProvider::register(&platform, "sp-silent", &[]);
    let browser = platform.browser_with_new_card();
    let known = asks.sign_in(&browser).await;
    silent.sign_in(&browser).await;
    let page = browser.get(&asks.asynchronous_request("_a", &known)).await;
    assert!(page.body.contains("but perhaps not everywhere"), "{}", page.body);
    assert!(page.body.contains("We have no way to tell it."), "{}", page.body);
    assert!(!page.body.contains(STILL), "{}", page.body);
    assert!(!is_signed_in(&platform, &browser).await);
    // Signed in again meanwhile, the same address says so.
    asks.sign_in(&browser).await;
    let page = browser.get(page.url.as_str()).await;
    assert!(page.body.contains(STILL), "{}", page.body);
}

/// A form that is too long for the moment of a redirect says so by its own word.
#[tokio::test]
async fn a_form_that_is_too_long_says_so() {
    use base64::Engine as _;
    let platform = Platform::start().await;
    let known = Known {
        name: "p_0".to_owned(),
        index: "_i".to_owned(),
    };
    let sp = ServiceProvider::register(&platform, "sp-long", &["HTTP-POST"]);
    let message = sp.message("_long", &known) + &" ".repeat(64 * 1024);
    let message = base64::engine::general_purpose::STANDARD.encode(message);
    let body: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("SAMLRequest", &message)
        .finish();
    let page = platform
        .bare_browser()
        .post_bytes(
            &format!("{}/saml/slo", platform.origin),
            "application/x-www-form-urlencoded",
            body.into_bytes(),
        )
        .await;
    assert_eq!(page.status, 400, "{}", page.body);
    assert!(page.body.contains("saml.parameter_too_long"), "{}", page.body);
}
