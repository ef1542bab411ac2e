//! The ceremony, and everything that must not lead to a link.

use std::sync::Mutex;

use super::*;
use crate::oidc;

const NOW: Timestamp = Timestamp::from_seconds(1_795_219_200);

struct Moment(Mutex<Timestamp>);

impl Clock for Moment {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

struct World {
    linking: Linking,
    links: Arc<MemoryLinks>,
    clock: Arc<Moment>,
}

fn world() -> World {
    let links = Arc::new(MemoryLinks::default());
    let mut linking = Linking::new(links.clone());
    let clock = Arc::new(Moment(Mutex::new(NOW)));
    linking.clock = clock.clone();
    World {
        linking,
        links,
        clock,
    }
}

fn customer(name: &str) -> CustomerSession {
    CustomerSession {
        customer: CustomerId(name.to_owned()),
        session: SessionId::of_cookie(&format!("session of {name}")),
        proven_at: NOW,
        verified: true,
    }
}

fn person(subject: &str, at: Timestamp) -> SignIn {
    SignIn::Oidc(oidc::sample::sign_in(subject, "aal3", at))
}

impl World {
    async fn linked(
        &self,
        who: &CustomerSession,
        purpose: Purpose,
        subject: &str,
    ) -> Result<Done, LinkReason> {
        let ceremony = self.linking.begin(who, purpose).await?;
        let ceremony = self.linking.prove(&ceremony, who, &person(subject, NOW)).await?;
        self.linking.confirm(&ceremony, who).await
    }
}

#[tokio::test]
async fn a_link_is_made_replaced_and_ended_with_its_notices() {
    let world = world();
    let who = customer("c1");
    let done = world.linked(&who, Purpose::Link, "p_1").await.unwrap();
    assert_eq!((done.notice.of, done.end_sessions_by), (NoticeOf::Linked, None));
    assert_eq!(done.end_sessions_of, who.customer);
    let found = world.linking.customer_of(&person("p_1", NOW)).await.unwrap();
    assert_eq!(found, Some(who.customer.clone()));
    let done = world.linked(&who, Purpose::Relink, "p_2").await.unwrap();
    assert_eq!(
        (done.notice.of, done.end_sessions_by.as_deref()),
        (NoticeOf::Relinked, Some("p_1"))
    );
    assert_eq!(
        world.linking.customer_of(&person("p_1", NOW)).await.unwrap(),
        None
    );
    let done = world.linking.unlink(&who).await.unwrap();
    assert_eq!(
        (done.notice.of, done.end_sessions_by.as_deref()),
        (NoticeOf::Unlinked, Some("p_2"))
    );
    assert_eq!(
        world.linking.customer_of(&person("p_2", NOW)).await.unwrap(),
        None
    );
    // The person is free again, for another customer too.
    assert!(world.linked(&customer("c2"), Purpose::Link, "p_2").await.is_ok());
}

#[tokio::test]
async fn one_person_one_customer_and_one_customer_one_person() {
    let world = world();
    let (one, two) = (customer("c1"), customer("c2"));
    world.linked(&one, Purpose::Link, "p_1").await.unwrap();
    world.linked(&two, Purpose::Link, "p_2").await.unwrap();
    let three = customer("c3");
    for (who, purpose, subject, reason) in [
        (&three, Purpose::Link, "p_1", LinkReason::PersonHasAnother),
        (&one, Purpose::Link, "p_3", LinkReason::CustomerHasAnother),
        (&one, Purpose::Relink, "p_2", LinkReason::PersonHasAnother),
        (&one, Purpose::Relink, "p_1", LinkReason::AlreadyLinked),
        (&three, Purpose::Relink, "p_3", LinkReason::NotLinked),
    ] {
        assert_eq!(world.linked(who, purpose, subject).await, Err(reason));
    }
    assert_eq!(world.linking.unlink(&three).await, Err(LinkReason::NotLinked));
}

/// Login CSRF and carried ceremonies: a proof counts in the session in which it was asked for, once, and not for ever.
#[tokio::test]
async fn a_ceremony_belongs_to_its_session() {
    let world = world();
    let (victim, attacker) = (customer("victim"), customer("attacker"));
    let stranger = person("p_attacker", NOW);
    // The attacker's ceremony in the victim's session, at each step.
    let begun = world.linking.begin(&attacker, Purpose::Link).await.unwrap();
    let carried = world.linking.prove(&begun, &victim, &stranger).await;
    assert_eq!(carried, Err(LinkReason::AnotherSession));
    let spent = world.linking.prove(&begun, &attacker, &stranger).await;
    assert_eq!(spent, Err(LinkReason::NotUnderWay), "carried once, gone");
    let begun = world.linking.begin(&attacker, Purpose::Link).await.unwrap();
    let proven = world.linking.prove(&begun, &attacker, &stranger).await.unwrap();
    assert_eq!(
        world.linking.confirm(&proven, &victim).await,
        Err(LinkReason::AnotherSession)
    );
    // The same customer in another browser is another session too.
    let mut elsewhere = victim.clone();
    elsewhere.session = SessionId::of_cookie("another browser");
    let begun = world.linking.begin(&victim, Purpose::Link).await.unwrap();
    let person = person("p_victim", NOW);
    let carried = world.linking.prove(&begun, &elsewhere, &person).await;
    assert_eq!(carried, Err(LinkReason::AnotherSession));
    // Confirmed without the platform's answer, twice, or too late.
    let begun = world.linking.begin(&victim, Purpose::Link).await.unwrap();
    assert_eq!(
        world.linking.confirm(&begun, &victim).await,
        Err(LinkReason::NotProven)
    );
    let begun = world.linking.begin(&victim, Purpose::Link).await.unwrap();
    let proven = world.linking.prove(&begun, &victim, &person).await.unwrap();
    *world.clock.0.lock().unwrap() = NOW.plus_seconds(CEREMONY_SECONDS);
    assert_eq!(
        world.linking.confirm(&proven, &victim).await,
        Err(LinkReason::NotUnderWay)
    );
    assert!(world.links.by_customer(&victim.customer).await.unwrap().is_none());
}

/// Pre-hijacking (Sudhodanan & Paverd 2022) and whoever sits down at an open session.
#[tokio::test]
async fn only_a_verified_customer_who_is_there_now_links_and_with_a_card_used_now() {
    let world = world();
    let mut unverified = customer("c1");
    unverified.verified = false;
    let mut left_open = customer("c1");
    left_open.proven_at = NOW.plus_seconds(-PROVEN_WITHIN_SECONDS - 1);
    for (who, reason) in [
        (unverified, LinkReason::Unverified),
        (left_open, LinkReason::SignInAgain),
    ] {
        assert_eq!(
            world.linking.begin(&who, Purpose::Link).await,
            Err(reason.clone())
        );
        assert_eq!(world.linking.unlink(&who).await, Err(reason));
    }
    let who = customer("c1");
    for (at, fresh) in [
        (NOW, true),
        (NOW.plus_seconds(-60), true),
        (NOW.plus_seconds(-61), false),
    ] {
        let begun = world.linking.begin(&who, Purpose::Link).await.unwrap();
        let proven = world.linking.prove(&begun, &who, &person("p_1", at)).await;
        assert_eq!(proven.is_ok(), fresh, "{at}");
    }
}

#[tokio::test]
async fn two_at_the_same_time_make_one_link() {
    let world = world();
    let (one, two) = (customer("c1"), customer("c2"));
    let mut proven = Vec::new();
    for who in [&one, &two] {
        let begun = world.linking.begin(who, Purpose::Link).await.unwrap();
        proven.push(
            world
                .linking
                .prove(&begun, who, &person("p_1", NOW))
                .await
                .unwrap(),
        );
    }
    assert!(world.linking.confirm(&proven[0], &one).await.is_ok());
    assert_eq!(
        world.linking.confirm(&proven[1], &two).await,
        Err(LinkReason::PersonHasAnother)
    );
    // The store itself refuses, whatever was looked at before.
    let link = |customer: &str, person: &str| Link {
        customer: CustomerId(customer.to_owned()),
        person: person.to_owned(),
        since: NOW,
    };
    for change in [
        Change::Link(link("c9", "p_1")),
        Change::Link(link("c1", "p_9")),
        Change::Unlink(link("c1", "p_9")),
        Change::Replace {
            before: link("c1", "p_9"),
            link: link("c1", "p_8"),
        },
    ] {
        assert_eq!(
            world.links.commit(change.clone()).await,
            Ok(Committed::Conflict),
            "{change:?}"
        );
    }
}
