//! What no machine can tell waits for a person, and what the person decided counts.

use conformance_tests::{Platform, RelyingParty};
use sim::jlis_server::faults::ServerFault;
use sim::person::Medium;

use crate::support::{accounts, browser, command, person, refusal_on, renew, sign_in, subject, use_card};

/// The account of the last sign-in, as the audit names it.
fn last_account(platform: &Platform) -> String {
    let lines = command(platform, &["audit", "export"]);
    lines
        .lines()
        .rev()
        .find(|line| line.contains("sign_in") && line.contains("acc_"))
        .and_then(|line| {
            let at = line.find("acc_")?;
            line.get(at..at + 36)
        })
        .expect("an account in the audit")
        .to_owned()
}

/// J-LIS links a renewed card to its holder's old one and to a stranger's: nobody is signed in until somebody decides.
#[tokio::test]
async fn contradictory_links_wait_for_a_decision_that_counts() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-contradiction");
    let (stranger, who) = (person(&platform), person(&platform));
    let of_stranger = sign_in(&platform, &service, &stranger, Medium::Card).await;
    let before = sign_in(&platform, &service, &who, Medium::Card).await;
    let account = last_account(&platform);
    assert_ne!(of_stranger, before);
    renew(&platform, &who, Medium::Card);
    platform.jlis.switch(ServerFault::LinksContradictory, true, None);
    let card = browser(&platform, &who, Medium::Card);
    let page = use_card(&card, &service).await;
    let (status, code, reference) = refusal_on(&page);
    assert_eq!((status, code.as_str()), (403, "identity_undecided"));
    let reference = reference.expect("a reference for the counter");
    // The service learns nothing of it.
    let back = card
        .submit_until(&page.form("/return"), &service.redirect_uri)
        .await;
    assert!(
        back.url.query().unwrap().contains("error=access_denied"),
        "{}",
        back.url
    );
    // Again, and even when J-LIS came to its senses: the question is open.
    platform.jlis.switch(ServerFault::LinksContradictory, false, None);
    let (_, code, again) = refusal_on(&use_card(&card, &service).await);
    assert_eq!(code, "identity_undecided");
    let explained = platform.explain(&again.unwrap()).await;
    assert!(explained.to_string().contains(&reference), "{explained}");
    assert_eq!(accounts(&platform).await, 2);

    let listed = command(&platform, &["identity", "list"]);
    assert_eq!(listed.lines().count(), 1, "{listed}");
    assert!(
        listed.contains(&reference) && listed.contains(&account),
        "{listed}"
    );
    assert!(listed.contains("several_persons"), "{listed}");
    let unknown = format!("acc_{}", "0".repeat(32));
    let decide = |verdict: &[&str]| {
        let words = [
            &[
                "identity",
                "decide",
                reference.as_str(),
                "--grounds",
                "seen at the counter",
            ],
            verdict,
        ]
        .concat();
        platform.command(&words)
    };
    assert!(!decide(&["--person", &unknown]).status.success());
    assert!(!decide(&[]).status.success());
    assert!(decide(&["--person", &account]).status.success());
    assert!(!decide(&["--refuse"]).status.success(), "decided once");
    assert_eq!(command(&platform, &["identity", "list"]), "");
    assert_eq!(subject(&card, &service).await, before, "the pseudonym survives");
    assert_eq!(
        sign_in(&platform, &service, &stranger, Medium::Card).await,
        of_stranger
    );
    assert_eq!(accounts(&platform).await, 2);
    let audit = command(&platform, &["audit", "export"]);
    for action in ["identity_undecided", "identity_decided", "credential_linked"] {
        assert!(audit.contains(action), "{action}");
    }
    command(&platform, &["audit", "verify"]);
}

#[tokio::test]
async fn a_decision_may_refuse_or_make_somebody_new() {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, "rp-verdicts");
    let known = [person(&platform), person(&platform)];
    for who in &known {
        sign_in(&platform, &service, who, Medium::Card).await;
    }
    platform.jlis.switch(ServerFault::LinksContradictory, true, None);
    for (verdict, who) in [("--refuse", &known[1]), ("--new-person", &known[0])] {
        renew(&platform, who, Medium::Card);
        let card = browser(&platform, who, Medium::Card);
        let (_, code, reference) = refusal_on(&use_card(&card, &service).await);
        assert_eq!(code, "identity_undecided");
        let reference = reference.unwrap();
        command(&platform, &["identity", "show", &reference]);
        command(
            &platform,
            &["identity", "decide", &reference, verdict, "--grounds", "asked"],
        );
        if verdict == "--refuse" {
            let (status, code, _) = refusal_on(&use_card(&card, &service).await);
            assert_eq!((status, code.as_str()), (403, "identity_refused"));
            assert_eq!(accounts(&platform).await, 2);
        } else {
            subject(&card, &service).await;
            assert_eq!(accounts(&platform).await, 3);
        }
    }
}
