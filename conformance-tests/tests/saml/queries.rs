//! What an attribute query may not be told: of a sign-in that was another service's, beyond what the person agreed to, and while
//! the service is suspended.

use super::*;

/// The person is known at the service, and signed in now, at another one.
#[tokio::test]
async fn a_sign_in_at_another_service_answers_no_question_of_this_one() {
    let platform = Platform::start().await;
    let own = Party::register(&platform, "own", "", "", "");
    let other = Party::register(&platform, "other", "", "", "");
    let browser = platform.browser_with_new_card();
    let name = name_of(&posted(&own, &own.ask(&platform, &browser, "_one", "", "").await));
    let account = browser.get(&format!("{}/account", platform.origin)).await;
    browser.submit(&account.form("/account/end-all")).await;
    let page = other.ask(&platform, &browser, "_two", "", "").await;
    let there = name_of(&posted(&other, &page));
    let page = own.query(&platform, "_now", &name, &[]).await;
    assert!(
        says(&page.body, "RequestDenied") && !page.body.contains("Assertion"),
        "{}",
        page.body
    );
    let page = other.query(&platform, "_there", &there, &[]).await;
    assert!(says(&page.body, "Success"), "{}", page.body);
}

/// The service is registered for more than its request asked for, and the person saw and agreed to that alone.
#[tokio::test]
async fn a_query_is_told_what_the_person_agreed_to_and_no_more() {
    let (aal, method) = (
        format!("{ATTRIBUTE}aal"),
        format!("{ATTRIBUTE}authentication-method"),
    );
    let set = format!(
        r#"<AttributeConsumingService index="0"><ServiceName xml:lang="en">x</ServiceName><RequestedAttribute Name="{aal}" isRequired="true"/></AttributeConsumingService>"#
    );
    let platform = Platform::start().await;
    let own = Party::register(&platform, "own", "", "", &set);
    let browser = platform.browser_with_new_card();
    let name = name_of(&posted(&own, &own.ask(&platform, &browser, "_one", "", "").await));
    for (id, asked) in [("_all", &[][..]), ("_both", &[aal.as_str(), method.as_str()])] {
        let page = own.query(&platform, id, &name, asked).await;
        assert!(
            page.body.contains(&aal) && !page.body.contains(&method),
            "{}",
            page.body
        );
    }
}

#[tokio::test]
async fn a_suspended_service_is_told_nothing_by_soap() {
    let platform = Platform::start().await;
    let own = Party::register(&platform, "own", "", "", "");
    let browser = platform.browser_with_new_card();
    let name = name_of(&posted(&own, &own.ask(&platform, &browser, "_one", "", "").await));
    let page = own.ask(&platform, &browser, "_two", ARTIFACT, "").await;
    let artifact = page.query("SAMLart").unwrap();
    let act = |arguments: &[&str]| assert!(platform.command(arguments).status.success());
    act(&["service", "suspend", &own.entity, "--reason", "test"]);
    for page in [
        own.query(&platform, "_query", &name, &[]).await,
        own.resolve(&platform, "_resolve", &artifact).await,
    ] {
        assert!(
            page.status == 500 && page.body.contains("Fault") && !page.body.contains("Assertion"),
            "{}",
            page.body
        );
    }
    act(&["service", "resume", &own.entity]);
    let page = own.query(&platform, "_again", &name, &[]).await;
    assert!(says(&page.body, "Success"), "{}", page.body);
}

/// Another service has the card used again in the same browser: what the first one was told goes on, and so do its questions.
#[tokio::test]
async fn a_card_that_was_used_again_silences_no_query() {
    let platform = Platform::start().await;
    let own = Party::register(&platform, "own", "", "", "");
    let other = Party::register(&platform, "other", "", "", "");
    let browser = platform.browser_with_new_card();
    let name = name_of(&posted(&own, &own.ask(&platform, &browser, "_one", "", "").await));
    let page = other
        .ask(&platform, &browser, "_two", " ForceAuthn=\"true\"", "")
        .await;
    let foreign = name_of(&posted(&other, &page));
    let page = own.query(&platform, "_after", &name, &[]).await;
    assert!(
        says(&page.body, "Success") && page.body.contains(&format!("{ATTRIBUTE}aal")),
        "{}",
        page.body
    );
    // The subject is the one that was asked about, with nothing beside the name that the question did not have (core-2.0-os 3.3.4).
    assert!(
        page.body.contains(&format!(
            "<saml:NameID Format=\"{PERSISTENT}\">{name}</saml:NameID>"
        )),
        "{}",
        page.body
    );
    let page = own.query(&platform, "_foreign", &foreign, &[]).await;
    assert!(says(&page.body, "UnknownPrincipal"), "{}", page.body);
    // Signed out, nothing more.
    let page = browser.get(&format!("{}/account", platform.origin)).await;
    browser.submit(&page.form("/account/end-all")).await;
    let page = own.query(&platform, "_late", &name, &[]).await;
    assert!(says(&page.body, "RequestDenied"), "{}", page.body);
}
