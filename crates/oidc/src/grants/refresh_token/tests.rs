use super::sample::{Chance, Family};
use super::*;
use crate::TokenFault;

#[test]
fn a_token_is_read_as_it_was_written() {
    let family = Family::new();
    let token = RefreshToken::first(&family.grant.id, &Chance);
    let read = Presented::parse(token.reveal()).unwrap();
    assert_eq!(
        (&read.grant, &read.family, &read.token),
        (&family.grant.id, &token.family(), &token.hash())
    );
    let next = read.successor(&Chance);
    let again = Presented::parse(next.reveal()).unwrap();
    assert_eq!(again.family, read.family);
    assert_ne!(again.token, read.token);
    assert_eq!(
        format!("{token:?} {read:?}"),
        format!(
            "RefreshToken(***) Presented {{ grant: {:?}, .. }}",
            family.grant.id
        )
    );
}

#[test]
fn what_was_never_ours_is_not_read() {
    let good = RefreshToken::first(&Family::new().grant.id, &Chance);
    let good = good.reveal();
    for bad in [
        "",
        ".",
        "..",
        &good[1..],
        &good[..good.len() - 1],
        &format!("{good}A"),
        &format!("x{good}"),
        &good.replace('.', ":"),
    ] {
        assert_eq!(Presented::parse(bad), None, "{bad}");
    }
}

#[test]
fn each_use_makes_the_next_one_and_ends_the_last() {
    let family = Family::new();
    let ask = family.as_ask();
    let approved = approve(&ask).unwrap();
    assert_eq!(approved.approved().grant(), &family.grant);
    let (next, stored) = approved.rotate(&Chance, family.now);
    assert_eq!(stored.current, [next.hash()]);
    assert_eq!(stored.previous.as_ref(), Some(&family.presented.token));
    assert_eq!(
        (stored.expires_at, stored.rotated_at),
        (family.stored.expires_at, family.now)
    );
    let after = family.with(|f| f.stored = stored.clone());
    assert_eq!(
        approve(&after.as_ask()).err(),
        Some(Reason::Refresh(RefreshFault::Reused))
    );
    let goes_on = after.with(|f| f.presented = Presented::parse(next.reveal()).unwrap());
    assert!(approve(&goes_on.as_ask()).is_ok());
}

#[test]
fn a_lost_reply_is_made_up_for_and_either_token_goes_on() {
    let bound = Family::new().with(|f| {
        f.stored.jkt = Some("k".to_owned());
        f.sender.jkt = Some("k");
    });
    let ask = bound.as_ask();
    let (lost, stored) = approve(&ask).unwrap().rotate(&Chance, bound.now);
    let again = bound.with(|f| {
        f.stored = stored;
        f.now = f.now.plus_seconds(RETRY_SECONDS - 1);
    });
    let ask = again.as_ask();
    let (came, stored) = approve(&ask).unwrap().rotate(&Chance, again.now);
    assert_eq!(stored.current, [lost.hash(), came.hash()]);
    assert_eq!(stored.rotated_at, bound.now, "the window does not move");
    for token in [&lost, &came] {
        let next = again.with(|f| {
            f.stored = stored.clone();
            f.presented = Presented::parse(token.reveal()).unwrap();
            f.now = f.now.plus_seconds(600);
        });
        let ask = next.as_ask();
        let (_, after) = approve(&ask).unwrap().rotate(&Chance, next.now);
        assert_eq!(after.current.len(), 1, "its sibling ends with it");
    }
}

#[test]
fn every_rule_of_the_table_is_asked() {
    let good = Family::new();
    let other: domain::ServiceId = format!("svc_{}", "9".repeat(32)).parse().unwrap();
    let refresh = |fault| Reason::Refresh(fault);
    for (family, reason) in [
        (
            good.with(|f| f.stored.family = OpaqueSecret::hash_of("x")),
            refresh(RefreshFault::Unknown),
        ),
        (
            good.with(|f| f.stored.service = other),
            refresh(RefreshFault::OfAnotherClient),
        ),
        (
            good.with(|f| f.permission = domain::RefreshPermission::Never),
            refresh(RefreshFault::NotRegistered),
        ),
        (
            good.with(|f| f.now = f.stored.expires_at),
            refresh(RefreshFault::Expired),
        ),
        (
            good.with(|f| f.stored.certificate = Some("c".to_owned())),
            refresh(RefreshFault::CertificateDiffers),
        ),
        (
            good.with(|f| f.stored.current.clear()),
            refresh(RefreshFault::Reused),
        ),
        (
            good.with(|f| f.scope = Some("name")),
            Reason::Token(TokenFault::ScopeWider),
        ),
    ] {
        assert_eq!(approve(&family.as_ask()).err(), Some(reason));
    }
    assert_eq!(RULES.len(), 7);
}
