//! 基本4情報 in a SAML assertion: what the service is registered for, what the person saw, and nothing more.

use conformance_tests::{Platform, SamlService};
use sim::items::FourItems;
use sim::person::Medium;

use crate::enrolment::{enrol, whole_person};
use crate::support::{browser, publish_signing_list};

#[tokio::test]
async fn an_assertion_holds_the_items_that_are_released_with_their_flags() {
    let platform = Platform::start().await;
    let level = r#"required_level = { ial = "3", aal = "3" }"#;
    let whole = SamlService::register(
        &platform,
        "saml-whole",
        &format!("released_attributes = [\"name\", \"address\", \"birth_date\", \"gender\"]\n{level}"),
    );
    let little = SamlService::register(
        &platform,
        "saml-little",
        &format!("released_attributes = [\"birth_date\"]\n{level}"),
    );
    let items = FourItems {
        name_substitution: "10000".into(),
        ..FourItems::plain("渡邉　花子", "東京都清瀬市中里五丁目８４２番地", "419900217", "2")
    };
    let who = whole_person(&platform, &items);
    let card = browser(&platform, &who, Medium::Card);
    let page = card.get(&whole.request("_before")).await;
    let page = card.submit(&page.form("/card")).await;
    assert_eq!(page.text("main .box code").as_deref(), Some("enrolment_required"));
    publish_signing_list(&platform);
    enrol(&platform, &card, &who, true).await;

    let page = card.get(&whole.request("_whole")).await;
    assert!(
        page.body.contains(items.name.as_str()),
        "what is released is shown: {}",
        page.body
    );
    let xml = whole.reply(&card, page).await;
    let value = |name: &str| SamlService::attribute(&xml, name);
    assert_eq!(value("name").as_deref(), Some(items.name.as_str()), "{xml}");
    assert_eq!(value("name-substitution").as_deref(), Some("10000"));
    assert_eq!(value("address").as_deref(), Some(items.address.as_str()));
    let flags = "0".repeat(items.address.chars().count());
    assert_eq!(value("address-substitution"), Some(flags));
    assert_eq!(value("birth-date").as_deref(), Some("419900217"));
    assert_eq!(value("gender").as_deref(), Some("2"));

    let page = card.get(&little.request("_little")).await;
    let xml = little.reply(&card, page).await;
    assert_eq!(
        SamlService::attribute(&xml, "birth-date").as_deref(),
        Some("419900217")
    );
    for name in [
        "name",
        "name-substitution",
        "address",
        "address-substitution",
        "gender",
    ] {
        assert_eq!(SamlService::attribute(&xml, name), None, "{name}");
    }
    assert!(!xml.contains(items.name.as_str()));

    // Withdrawn: nothing is released any more.
    let page = card.get(&format!("{}/enrolment", platform.origin)).await;
    card.submit(&page.form("/enrolment/withdraw")).await;
    let page = card.get(&whole.request("_after")).await;
    assert_eq!(page.text("main .box code").as_deref(), Some("enrolment_required"));
}
