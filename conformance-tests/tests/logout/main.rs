//! Logout whole, across both protocols, by parties of the tests' own: who is told, how, how often, and what the person reads.
//!
//! `receiver` is a service's server; `back_channel` and `front_channel` are OpenID Connect; `slo`, `by_post` and `by_soap` are SAML;
//! `truth` is what our page says where no answer is sent. Foreign software is in
//! `tests/real_sp/`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot do its work must fail at once and loudly"
)]

mod back_channel;
mod by_post;
mod by_soap;
mod front_channel;
mod receiver;
mod service_provider;
mod slo;
mod truth;

use std::future::Future;
use std::time::{Duration, Instant};

use conformance_tests::{Platform, RelyingParty};
use serde_json::Value;

/// Registers a public client with further lines of its `[oidc]` table.
fn register(platform: &Platform, client_id: &str, more: &str) -> RelyingParty {
    let redirect_uri = format!("https://{client_id}.localhost:9/cb");
    platform.register(&format!(
        r#"
        kind = "sp"
        name = {{ ja = "{client_id} 申請", en = "{client_id} filing" }}
        [oidc]
        client_id = "{client_id}"
        redirect_uris = ["{redirect_uri}"]
        post_logout_redirect_uris = ["https://{client_id}.localhost:9/bye"]
        authentication = {{ method = "none" }}
        {more}
        "#
    ));
    RelyingParty {
        client_id: client_id.to_owned(),
        redirect_uri,
        origin: platform.origin.clone(),
    }
}

/// Every receipt, as the operator sees them.
async fn receipts(platform: &Platform) -> Vec<Value> {
    let answer: Value = platform.told_operator("/logouts").await;
    answer["receipts"].as_array().unwrap().clone()
}

/// Asks again until it is so.
async fn eventually<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let until = Instant::now() + Duration::from_secs(30);
    while !is_so().await {
        assert!(Instant::now() < until, "never: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The one receipt, once it is in this state.
async fn receipt_that_is(platform: &Platform, state: &str) -> Value {
    eventually(state, || async {
        receipts(platform).await.iter().any(|one| one["state"] == state)
    })
    .await;
    receipts(platform)
        .await
        .into_iter()
        .find(|one| one["state"] == state)
        .unwrap()
}

/// Presses "end all" on the account page.
async fn end_all(platform: &Platform, browser: &conformance_tests::Browser) -> conformance_tests::Page {
    let page = browser.get(&format!("{}/account", platform.origin)).await;
    browser.submit(&page.form("/account/end-all")).await
}

/// The address of the first link that ends so.
fn link(body: &str, end: &str) -> String {
    body.split("href=\"")
        .filter_map(|rest| rest.split('"').next())
        .find(|url| url.ends_with(end))
        .unwrap_or_else(|| panic!("no link to {end}:\n{body}"))
        .to_owned()
}
