//! The pages beside a sign-in, by keyboard alone, in both languages, at both widths: from a service that wants a registration to the
//! registration and back, the person's own pages, closing the account, beginning anew; and the operators who decide a question.

use conformance_tests::{CHECKER_TOKEN, Platform, RelyingParty};
use sim::jlis_server::faults::ServerFault;
use sim::person::Medium;

use crate::chromium::{CARD, Chromium};
use crate::people;

fn proofed(platform: &Platform) -> RelyingParty {
    platform.register(
        r#"
        kind = "sp"
        name = { ja = "本人確認の要る申請", en = "Proofed filing" }
        released_attributes = ["pseudonym", "assurance_level"]
        required_level = { ial = "3", aal = "3" }
        [oidc]
        client_id = "rp-proofed"
        redirect_uris = ["https://rp-proofed.localhost:9/cb"]
        authentication = { method = "none" }
        "#,
    );
    RelyingParty {
        client_id: "rp-proofed".to_owned(),
        redirect_uri: "https://rp-proofed.localhost:9/cb".to_owned(),
        origin: platform.origin.clone(),
    }
}

async fn own_pages(language: &str, in_english: bool) -> Vec<String> {
    let platform = Platform::start().await;
    let service = proofed(&platform);
    let mut chromium = Chromium::new(&platform);
    if in_english {
        chromium = chromium.in_english();
    }
    let nothing = platform.path().join("nothing.p7s");
    std::fs::write(&nothing, b"no signature").expect("a file");
    let look = |name: &str| format!("look=own-{name}-{language}");
    let goto = |path: &str| format!("goto={}{path}", platform.origin);
    // To the element by Tab, and Enter.
    let enter = |selector: &str| [format!("tab-to={selector}"), "key=Enter".to_owned()];
    let mut steps = vec![chromium.card(&platform), format!("goto={}", service.request(""))];
    steps.extend(enter(CARD));
    steps.push(look("enrolment-required"));
    steps.extend(enter("a[href^='/enrolment?for=']"));
    steps.push(look("enrolment-begin"));
    steps.extend(enter("form[action^='/enrolment/begin'] button"));
    steps.push(look("enrolment-sign"));
    steps.push(format!("attach=#file={}", nothing.display()));
    steps.extend(enter("form[action^='/enrolment/signed'] button"));
    steps.push(look("enrolment-refused"));
    steps.push("text=main code".to_owned());
    steps.extend(enter("a[href^='/sign-in/']"));
    steps.push("text=main .box code".to_owned());
    steps.push(goto("/account"));
    steps.push(look("account"));
    steps.extend(enter("a[href='/account/close']"));
    steps.push(look("closing"));
    steps.extend(enter("form[action='/account/close'] button"));
    steps.push(look("closed"));
    steps.push(goto("/account/close"));
    steps.push(look("closing-card-first"));
    steps.push(goto("/enrolment"));
    steps.push(look("enrolment-card-first"));
    steps.extend(enter("form[action^='/account/sign-in'] button"));
    steps.push(look("sign-in"));
    steps.extend(enter(CARD));
    steps.push(look("account-left"));
    steps.push("text=main .box code".to_owned());
    steps.extend(enter("form[action$='/anew'] button"));
    steps.push(format!("arrive={}/enrolment", platform.origin));
    steps.push("text=h1".to_owned());
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let walk = chromium.walk(&steps).await;
    walk.console_is_quiet_about(&platform);
    assert_eq!(platform.metric("ledger_accounts").await, Some(2.0));
    walk.texts().into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn own_pages_in_japanese() {
    let texts = own_pages("ja", false).await;
    assert_eq!(
        texts[..3],
        ["not_a_signature", "enrolment_required", "account_left"]
    );
}

#[tokio::test]
async fn own_pages_in_english() {
    let texts = own_pages("en", true).await;
    assert_eq!(
        texts[..3],
        ["not_a_signature", "enrolment_required", "account_left"]
    );
}

/// A question, by a renewed card that J-LIS links to two people.
async fn question(platform: &Platform) -> String {
    let service = RelyingParty::register(platform, "rp-question");
    let (stranger, who) = (people::person(platform), people::person(platform));
    for one in [&stranger, &who] {
        people::sign_in(platform, &service, one, Medium::Card).await;
    }
    people::renew(platform, &who, Medium::Card);
    platform.jlis.switch(ServerFault::LinksContradictory, true, None);
    let card = people::browser(platform, &who, Medium::Card);
    let page = people::use_card(&card, &service).await;
    people::refusal_on(&page).2.expect("a reference")
}

async fn two_operators(language: &str, in_english: bool) {
    let platform = Platform::start().await;
    let reference = question(&platform).await;
    let mut chromium = Chromium::new(&platform);
    if in_english {
        chromium = chromium.in_english();
    }
    let address = platform.operator.trim_start_matches("http://");
    let look = |name: &str| format!("look=identity-{name}-{language}");
    let at = |name: &str, token: &str| format!("goto=http://{name}:{token}@{address}/identity");
    let link = format!("tab-to=a[href='/identity/{reference}']");
    let steps = [
        at("tester", &platform.operator_token),
        look("list"),
        link.clone(),
        "key=Enter".to_owned(),
        look("question"),
        "tab-to=#verdict-0".to_owned(),
        "press-key=Space".to_owned(),
        "fill=#grounds=窓口で本人を確認".to_owned(),
        "tab-to=button[value=propose]".to_owned(),
        "key=Enter".to_owned(),
        look("proposed"),
        link.clone(),
        "key=Enter".to_owned(),
        look("own"),
    ];
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let first = chromium.walk(&steps).await;
    let steps = [
        at("checker", CHECKER_TOKEN),
        link,
        "key=Enter".to_owned(),
        look("confirm"),
        "tab-to=button[value=confirm]".to_owned(),
        "key=Enter".to_owned(),
        look("decided"),
    ];
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let second = chromium.walk(&steps).await;
    for walk in [first, second] {
        assert!(walk.complaints.is_empty(), "{:#?}", walk.complaints);
    }
    assert_eq!(people::command(&platform, &["identity", "list"]), "");
}

#[tokio::test]
async fn two_operators_in_japanese() {
    two_operators("ja", false).await;
}

#[tokio::test]
async fn two_operators_in_english() {
    two_operators("en", true).await;
}
