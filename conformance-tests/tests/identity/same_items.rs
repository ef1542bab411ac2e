//! Two accounts that registered the same four items.

use conformance_tests::{MachineClock, Platform, RelyingParty};
use domain::Clock as _;
use sim::CardRequest;
use sim::person::Medium;

use crate::enrolment::enrol;
use crate::support::{browser, command, person, publish_signing_list, subject};

/// A loss that J-LIS linked to nothing gives another account; registering with the same four items puts the question to a person.
#[tokio::test]
async fn the_same_items_in_two_accounts_are_a_question() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-same");
    let who = person(&platform);
    publish_signing_list(&platform);
    let first = browser(&platform, &who, Medium::Card);
    let before = subject(&first, &service).await;
    enrol(&platform, &first, &who, true).await;
    assert_eq!(command(&platform, &["identity", "list"]), "");
    platform
        .simulation
        .lock()
        .unwrap()
        .reissue(
            &who,
            Medium::Card,
            false,
            &CardRequest::default(),
            MachineClock.now(),
        )
        .unwrap();
    let second = browser(&platform, &who, Medium::Card);
    assert_ne!(subject(&second, &service).await, before, "nobody could know");
    publish_signing_list(&platform);
    enrol(&platform, &second, &who, true).await;
    let listed = command(&platform, &["identity", "list"]);
    assert!(listed.contains("same_items"), "{listed}");
    assert_eq!(listed.matches("acc_").count(), 2, "{listed}");
}
