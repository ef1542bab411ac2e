//! SAML Single Logout by SOAP towards a service (bindings-2.0-os section 3.2): tried again until the service says that it did it.

use conformance_tests::{Platform, judged_by_schema};
use serde_json::json;

use crate::receiver::Receiver;
use crate::service_provider::{ServiceProvider, identifier};
use crate::{end_all, receipt_that_is};

#[tokio::test]
async fn trouble_is_tried_again_until_the_service_says_that_it_did_it() {
    let platform = Platform::start().await;
    let receiver = Receiver::start(&platform, &["500 Internal Server Error", "200 OK"]).await;
    let sp = ServiceProvider::register_soap(&platform, "sp-soap", &receiver.soap());
    let browser = platform.browser_with_new_card();
    let known = sp.sign_in(&browser).await;
    receiver.says(move |taken| sp.response_in_envelope(&taken.body, "Success"));
    let page = end_all(&platform, &browser).await;
    assert!(page.body.contains("We keep trying."), "{}", page.body);
    let receipt = receipt_that_is(&platform, "told").await;
    assert_eq!(
        (&receipt["channel"], &receipt["tries"], &receipt["problem"]),
        (&json!("soap"), &json!(3), &json!(null))
    );
    let taken = receiver.taken();
    assert_eq!(taken.len(), 3);
    for one in &taken {
        assert!(one.head.starts_with("POST /slo HTTP/1.1"), "{}", one.head);
        assert_eq!(identifier(&one.body), receipt["message"], "{}", one.body);
        assert!(one.body.contains(&format!(">{}</saml:NameID>", known.name)));
        assert!(
            one.body
                .contains(&format!("<samlp:SessionIndex>{}<", known.index))
        );
        assert_eq!(one.body.matches("<ds:Signature ").count(), 1);
        judged_by_schema(&one.body).unwrap();
    }
    let page = browser.get(page.url.as_str()).await;
    assert!(page.body.contains("Signed out.") && !page.body.contains("We keep trying."));
}

/// What another says in the service's name, or of another request, is no answer; what the service says is one, also where it is no.
#[tokio::test]
async fn only_the_services_word_on_this_request_is_an_answer() {
    let platform = Platform::start().await;
    let receiver = Receiver::start(&platform, &[]).await;
    let sp = ServiceProvider::register_soap(&platform, "sp-soap", &receiver.soap());
    let other = ServiceProvider::register_soap(&platform, "sp-other", "https://localhost:1/slo");
    let browser = platform.browser_with_new_card();
    sp.sign_in(&browser).await;
    let tries = std::sync::atomic::AtomicUsize::new(0);
    receiver.says(move |taken| {
        let body = &taken.body;
        match tries.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            0 => other.response_in_envelope(body, "Success"),
            1 => {
                let another = body.replace(&identifier(body), "_another");
                sp.response_in_envelope(&another, "Success")
            }
            _ => sp.response_in_envelope(body, "Responder"),
        }
    });
    let page = end_all(&platform, &browser).await;
    assert!(page.body.contains("We keep trying."), "{}", page.body);
    let receipt = receipt_that_is(&platform, "refused").await;
    assert_eq!(
        (&receipt["tries"], &receipt["problem"]),
        (&json!(3), &json!("answered_failure"))
    );
}
