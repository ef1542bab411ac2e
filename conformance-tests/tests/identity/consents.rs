//! What was agreed to stays agreed to until the person takes it back.

use conformance_tests::Platform;
use sim::person::Medium;

use crate::enrolment::{enrol, register, request};
use crate::support::{browser, person, publish_signing_list, subject};

/// Agreeing to less, for another request of the same service, ends nothing that rests on what was agreed to before.
#[tokio::test]
async fn a_narrower_consent_ends_no_other_grant() {
    let platform = Platform::start().await;
    let level = r#"required_level = { ial = "3", aal = "3" }"#;
    let rp = register(
        &platform,
        "rp-narrow",
        r#"["assurance_level", "name", "address"]"#,
        level,
    );
    let first = conformance_tests::RelyingParty::register(&platform, "rp-first");
    let who = person(&platform);
    let card = browser(&platform, &who, Medium::Card);
    subject(&card, &first).await;
    publish_signing_list(&platform);
    enrol(&platform, &card, &who, true).await;
    let agreed = async |scopes: &str, more: &str| {
        let url = format!("{}{more}", request(&rp, scopes));
        let page = card.get_until(&url, &rp.redirect_uri).await;
        assert!(page.has_form("/consent"), "{}", page.url);
        let reply = rp.walk(&card, page).await;
        rp.redeem(&card, &reply.query("code").expect("a code"))
            .await
            .access_token
    };
    let named = agreed("+name", "&prompt=consent").await;
    let addressed = agreed("+address", "&prompt=consent").await;
    agreed("", "&prompt=consent").await;
    for (token, claim) in [(&named, "name"), (&addressed, "address")] {
        let told = rp.userinfo(&card, token).await;
        assert_eq!(told.status, 200, "{claim}: {}", told.body);
        let told: serde_json::Value = serde_json::from_str(&told.body).unwrap();
        assert!(told.get(claim).is_some(), "{told}");
        let others = ["name", "address"].into_iter().filter(|other| *other != claim);
        for other in others {
            assert_eq!(
                told.get(other),
                None,
                "each is told what its own request asked for"
            );
        }
    }
    // Nor is it asked for again.
    let url = format!("{}&prompt=none", request(&rp, "+name+address"));
    let silent = card.get_until(&url, &rp.redirect_uri).await;
    assert!(silent.query("code").is_some(), "{}", silent.url);
}
