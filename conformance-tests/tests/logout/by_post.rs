//! SAML Single Logout by HTTP-POST from a service (bindings-2.0-os section 3.5): a form of another site brings no cookies, so what it carries
//! is kept for a moment and takes effect at an address of ours.

use conformance_tests::{Browser, Page, Platform, judged_by_schema};

use crate::service_provider::{ServiceProvider, inflated, statuses};
use crate::{end_all, link, receipt_that_is};

async fn is_signed_in(platform: &Platform, browser: &Browser) -> bool {
    let page = browser.get(&format!("{}/account", platform.origin)).await;
    page.has_form("/account/end-all")
}

/// The form as another site's page sends it: the browser adds no cookie that is not for every site.
async fn post_from_elsewhere(platform: &Platform, form: &str) -> Page {
    let address = format!("{}/saml/slo", platform.origin);
    let elsewhere = [
        ("origin", "https://sp-posts.localhost:9"),
        ("sec-fetch-site", "cross-site"),
    ];
    platform.bare_browser().post_raw(&address, &elsewhere, form).await
}

fn next(page: &Page) -> String {
    assert_eq!(page.status, 303, "{}", page.body);
    page.url
        .join(page.header("location").unwrap())
        .unwrap()
        .to_string()
}

#[tokio::test]
async fn a_request_by_post_ends_the_session_where_its_browser_goes_on() {
    let platform = Platform::start().await;
    let posts = ServiceProvider::register(&platform, "sp-posts", &["HTTP-POST"]);
    let other = ServiceProvider::register(&platform, "sp-other", &["HTTP-Redirect"]);
    let browser = platform.browser_with_new_card();
    let known = posts.sign_in(&browser).await;
    other.sign_in(&browser).await;
    let form = posts.posted_request("_posted", &known);
    let kept = next(&post_from_elsewhere(&platform, &form).await);
    assert!(kept.contains("/saml/slo/form/"), "{kept}");
    assert!(
        is_signed_in(&platform, &browser).await,
        "nothing is done before the browser comes"
    );
    // Its browser comes: the session ends, and the other service is told through it.
    let page = browser.get(&kept).await;
    assert!(
        page.url.path().starts_with("/logout/"),
        "{} {}",
        page.url,
        page.body
    );
    assert!(!is_signed_in(&platform, &browser).await);
    let on = page.url.join(&link(&page.body, "/next")).unwrap();
    let sent = browser.get_until(on.as_str(), &other.slo).await;
    let request = inflated(&sent.query("SAMLRequest").unwrap());
    let back = browser.get(&other.logout_response(&request, "Success")).await;
    // The answer goes as the request came: by POST, signed inside.
    let answer = back.form(&posts.slo_response);
    assert_eq!(answer.field("RelayState"), Some("rs-1"));
    let answer = crate::service_provider::decoded(answer.field("SAMLResponse").unwrap());
    assert!(answer.contains("InResponseTo=\"_posted\""), "{answer}");
    assert_eq!(statuses(&answer), ["Success"], "{answer}");
    assert_eq!(answer.matches("<ds:Signature ").count(), 1, "{answer}");
    judged_by_schema(&answer).unwrap();
    // Once: neither the form that was kept nor the message counts again.
    assert_eq!(browser.get(&kept).await.status, 404);
    let again = next(&post_from_elsewhere(&platform, &form).await);
    assert_eq!(browser.get(&again).await.status, 400);
}

#[tokio::test]
async fn a_forged_request_by_post_ends_nothing() {
    let platform = Platform::start().await;
    let posts = ServiceProvider::register(&platform, "sp-posts", &["HTTP-POST"]);
    let other = ServiceProvider::register(&platform, "sp-other", &["HTTP-POST"]);
    let browser = platform.browser_with_new_card();
    let known = posts.sign_in(&browser).await;
    let theirs = platform.browser_with_new_card();
    let their_name = other.sign_in(&theirs).await;
    let form = posts.posted_request("_posted", &known);
    let wrong = crate::service_provider::Known {
        name: known.name.clone(),
        index: their_name.index,
    };
    let spoilt = posts.posted_request("_other", &wrong);
    let unsigned = posts.posted_unsigned("_bare", &known);
    for (what, form, status) in [("unsigned", &unsigned, 400), ("another index", &spoilt, 200)] {
        let page = browser
            .get(&next(&post_from_elsewhere(&platform, form).await))
            .await;
        assert_eq!(page.status, status, "{what}: {}", page.body);
        assert!(is_signed_in(&platform, &browser).await, "{what}");
    }
    let page = browser
        .get(&next(&post_from_elsewhere(&platform, &form).await))
        .await;
    let answer =
        crate::service_provider::decoded(page.form(&posts.slo_response).field("SAMLResponse").unwrap());
    assert_eq!(statuses(&answer), ["Success"], "the control");
    assert!(!is_signed_in(&platform, &browser).await);
}

#[tokio::test]
async fn an_answer_by_post_is_the_services_receipt() {
    for (status, state) in [("Success", "told"), ("Responder", "refused")] {
        let platform = Platform::start().await;
        let posts = ServiceProvider::register(&platform, "sp-posts", &["HTTP-POST"]);
        let browser = platform.browser_with_new_card();
        posts.sign_in(&browser).await;
        let page = end_all(&platform, &browser).await;
        let on = page.url.join(&link(&page.body, "/next")).unwrap();
        let sent = browser.get_until(on.as_str(), &posts.slo).await;
        let asked = sent.form(&posts.slo);
        let request = crate::service_provider::decoded(asked.field("SAMLRequest").unwrap());
        judged_by_schema(&request).unwrap();
        let form = posts.posted_response(&request, status);
        let page = browser
            .get(&next(&post_from_elsewhere(&platform, &form).await))
            .await;
        let refused = page.body.contains("It answered that it could not");
        assert_eq!(refused, state == "refused", "{}", page.body);
        assert_eq!(page.body.contains("Signed out."), !refused, "{}", page.body);
        let receipt = receipt_that_is(&platform, state).await;
        assert_eq!(receipt["channel"], "post");
    }
}
