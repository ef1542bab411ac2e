//! The walk without HTTP: guards, the way back, forms, other people, logout.

use domain::Aal;
use serde_json::{Value, json};

use super::*;
use crate::oidc::sample::{CLIENT, ISSUER, NOW, Platform, config};
use crate::session::MemorySessions;

struct Moment(std::sync::Mutex<Timestamp>);

impl Clock for Moment {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

struct World {
    platform: Arc<Platform>,
    gate: Gate,
    clock: Arc<Moment>,
}

async fn world() -> World {
    let platform = Arc::new(Platform::new());
    let party = RelyingParty::discover_by(config(), platform.clone(), NOW)
        .await
        .unwrap();
    let mut gate = Gate::new(
        Partner::Oidc(Box::new(party)),
        Arc::new(MemorySessions::new(100)),
        3_600,
    );
    let clock = Arc::new(Moment(std::sync::Mutex::new(NOW)));
    gate.clock = clock.clone();
    World {
        platform,
        gate,
        clock,
    }
}

fn get(address: &str) -> PageAsked<'_> {
    PageAsked {
        address,
        is_safe: true,
        is_program: false,
        came_from: None,
    }
}

fn query(address: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(address).unwrap();
    url.query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

impl World {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn pass(&self, seconds: i64) {
        let mut now = self.clock.0.lock().unwrap();
        *now = now.plus_seconds(seconds);
    }

    /// The platform answers a question.
    async fn answer(
        &self,
        leave: &Leave,
        session: Option<&str>,
        (subject, acr): (&str, &str),
    ) -> Result<Finished, GateReason> {
        let at = self.now().seconds();
        let claims = json!({
            "iss": ISSUER, "aud": CLIENT, "sub": subject, "nonce": query(&leave.address, "nonce"), "acr": acr,
            "auth_time": at, "iat": at, "exp": at + 300, "sid": format!("s_{subject}"),
        });
        let tokens = json!({"access_token": "a", "id_token": self.platform.sign("JWT", &claims)});
        *self.platform.answers.lock().unwrap() = vec![(200, tokens, None)];
        let answer = Answer {
            code: Some("c".to_owned()),
            state: query(&leave.address, "state"),
            iss: Some(ISSUER.to_owned()),
            error: None,
        };
        self.gate.finish_oidc(Some(&leave.cookie), session, answer).await
    }

    async fn session_of(&self, who: (&str, &str)) -> String {
        let leave = self.gate.begin(None, Guard::SIGNED_IN, "/").await.unwrap();
        let Finished::Session { cookie, .. } = self.answer(&leave, None, who).await.unwrap() else {
            panic!("a session")
        };
        cookie
    }
}

fn guard() -> Guard {
    Guard::aal(Aal::Three).and(Guard::fresh_within(300))
}

#[tokio::test]
async fn a_page_that_asks_for_more_leads_to_the_platform_and_back() {
    let world = world().await;
    let weak = world.session_of(("p_1", "aal2")).await;
    let admission = world
        .gate
        .admit(Some(&weak), guard(), &get("/filings?y=1"))
        .await
        .unwrap();
    let Admission::Ask(leave) = admission else {
        panic!("{admission:?}")
    };
    assert_eq!(query(&leave.address, "acr_values").as_deref(), Some("aal3"));
    assert_eq!(query(&leave.address, "max_age").as_deref(), Some("300"));
    let finished = world.answer(&leave, Some(&weak), ("p_1", "aal3")).await.unwrap();
    let Finished::Session { cookie, page } = finished else {
        panic!("{finished:?}")
    };
    assert_eq!(page, "/filings?y=1");
    assert_ne!(cookie, weak, "a new name at each sign-in");
    assert!(
        world.gate.session(Some(&weak)).await.unwrap().is_none(),
        "the old one is over"
    );
    let page = get("/filings");
    let admit = || world.gate.admit(Some(&cookie), guard(), &page);
    assert!(matches!(admit().await.unwrap(), Admission::Admitted(_)));
    // Too long ago: the card is asked for now.
    world.pass(301);
    let Admission::Ask(leave) = admit().await.unwrap() else {
        panic!("an old sign-in is not fresh")
    };
    assert_eq!(query(&leave.address, "max_age").as_deref(), Some("0"));
    // The session itself ends too.
    world.pass(3_600);
    assert!(world.gate.session(Some(&cookie)).await.unwrap().is_none());
}

#[tokio::test]
async fn what_the_platform_does_not_meet_is_said_and_not_asked_in_a_circle() {
    let world = world().await;
    let guard = Guard::ial(domain::Ial::Three);
    let leave = world.gate.begin(None, guard, "/").await.unwrap();
    let level = query(&leave.address, "acr_values").unwrap();
    let first = level.split(' ').next().unwrap().to_owned();
    assert!(first.contains("ial3"), "{level}");
    let refused = world.answer(&leave, None, ("p_1", "aal3")).await.unwrap_err();
    assert_eq!(refused, GateReason::Oidc(OidcReason::LevelNotAskedFor));
    // Of certainty there is no name in the answer's `acr`: it is found missing afterwards.
    let leave = world
        .gate
        .begin(None, Guard::asked_the_authority(), "/")
        .await
        .unwrap();
    let refused = world.answer(&leave, None, ("p_1", "aal3")).await.unwrap_err();
    assert!(
        matches!(refused, GateReason::StillUnmet(missing) if missing.certainty),
        "{refused}"
    );
}

#[tokio::test]
async fn a_form_is_not_led_away_silently_and_a_program_is_told() {
    let world = world().await;
    let mut page = get("/filings");
    page.is_safe = false;
    for (came_from, back) in [
        (Some("/filings/new"), "/filings/new"),
        (Some("//evil.example"), "/"),
        (None, "/"),
    ] {
        page.came_from = came_from;
        let admission = world.gate.admit(None, guard(), &page).await.unwrap();
        assert!(
            matches!(&admission, Admission::NotSent { page } if page == back),
            "{admission:?}"
        );
    }
    page.is_program = true;
    let Admission::Program(step_up) = world.gate.admit(None, guard(), &page).await.unwrap() else {
        panic!("a program cannot sign in")
    };
    assert_eq!(
        (step_up.acr_values(), step_up.max_age_seconds()),
        (vec!["aal3".to_owned()], Some(300))
    );
}

#[tokio::test]
async fn another_person_does_not_come_back_into_the_page_of_the_one_before() {
    let world = world().await;
    let one = world.session_of(("p_1", "aal2")).await;
    let admission = world
        .gate
        .admit(Some(&one), guard(), &get("/filings/of-one"))
        .await
        .unwrap();
    let Admission::Ask(leave) = admission else {
        panic!("{admission:?}")
    };
    let Finished::Session { page, .. } = world.answer(&leave, Some(&one), ("p_2", "aal3")).await.unwrap()
    else {
        panic!("a session")
    };
    assert_eq!(page, "/");
    assert!(world.gate.session(Some(&one)).await.unwrap().is_none());
}

#[tokio::test]
async fn an_answer_is_for_the_browser_that_asked_and_for_its_purpose() {
    let world = world().await;
    let leave = world.gate.begin(None, Guard::SIGNED_IN, "/").await.unwrap();
    let elsewhere = Leave {
        address: leave.address.clone(),
        cookie: "another".to_owned(),
    };
    for foreign in [&elsewhere] {
        let refused = world.answer(foreign, None, ("p_1", "aal3")).await.unwrap_err();
        assert_eq!(refused, GateReason::NotAsked);
    }
    assert!(world.answer(&leave, None, ("p_1", "aal3")).await.is_ok());
    let again = world.answer(&leave, None, ("p_1", "aal3")).await.unwrap_err();
    assert_eq!(again, GateReason::NotAsked, "one question, one answer");
    let leave = world
        .gate
        .begin_proof(Guard::SIGNED_IN, "link", "/link")
        .await
        .unwrap();
    assert_eq!(query(&leave.address, "max_age").as_deref(), Some("0"));
    let Finished::Proof { cookie, page } = world.answer(&leave, None, ("p_1", "aal3")).await.unwrap() else {
        panic!("no session is made of a proof")
    };
    assert_eq!(page, "/link");
    assert!(world.gate.take_proof(Some(&cookie), "another").is_none());
    assert!(
        world.gate.take_proof(Some(&cookie), "link").is_none(),
        "taken, whatever it was taken for"
    );
}

#[tokio::test]
async fn a_logout_ends_what_it_names_once() {
    let world = world().await;
    let (one, two) = (
        world.session_of(("p_1", "aal3")).await,
        world.session_of(("p_2", "aal3")).await,
    );
    let at = NOW.seconds();
    let token = |jti: &str| -> Value {
        json!({
            "iss": ISSUER, "aud": CLIENT, "sub": "p_1", "jti": jti, "iat": at, "exp": at + 120,
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        })
    };
    let first = world.platform.sign("logout+jwt", &token("j1"));
    assert_eq!(world.gate.hear_logout_token(&first).await, Ok(1));
    assert!(world.gate.session(Some(&one)).await.unwrap().is_none());
    assert!(world.gate.session(Some(&two)).await.unwrap().is_some());
    // Signed in again: what was said of the session before is not said of this one.
    let again = world.session_of(("p_1", "aal3")).await;
    assert_eq!(world.gate.hear_logout_token(&first).await, Ok(0));
    assert!(world.gate.session(Some(&again)).await.unwrap().is_some());
    let told = |sid: &str| FrontChannelLogout {
        iss: Some(ISSUER.to_owned()),
        sid: Some(sid.to_owned()),
    };
    assert_eq!(world.gate.hear_front_channel(&told("s_other")).await, Ok(0));
    assert_eq!(world.gate.hear_front_channel(&told("s_p_1")).await, Ok(1));
    let strange = FrontChannelLogout {
        iss: Some("https://evil.example".to_owned()),
        sid: Some("s_p_2".to_owned()),
    };
    assert!(world.gate.hear_front_channel(&strange).await.is_err());
    assert!(world.gate.session(Some(&two)).await.unwrap().is_some());
}

#[tokio::test]
async fn signing_out_ends_here_first_and_comes_back_with_its_state() {
    let world = world().await;
    let one = world.session_of(("p_1", "aal3")).await;
    let SignedOutHere::Redirect(leave) = world.gate.sign_out(Some(&one)).await.unwrap() else {
        panic!("the platform is told")
    };
    assert!(world.gate.session(Some(&one)).await.unwrap().is_none());
    assert!(query(&leave.address, "id_token_hint").is_some());
    let back = query(&leave.address, "post_logout_redirect_uri");
    assert_eq!(back.as_deref(), Some("https://sp.example/bye"));
    let state = query(&leave.address, "state").unwrap();
    assert_eq!(
        world.gate.came_back(Some("another"), Some(&state)),
        Err(GateReason::NotAsked)
    );
    assert_eq!(
        world.gate.came_back(Some(&leave.cookie), Some(&state)),
        Ok(Ended::Everywhere)
    );
    let one = world.session_of(("p_1", "aal3")).await;
    let SignedOutHere::Redirect(leave) = world.gate.sign_out(Some(&one)).await.unwrap() else {
        panic!("the platform is told")
    };
    assert_eq!(
        world.gate.came_back(Some(&leave.cookie), Some("forged")),
        Err(GateReason::NotAsked)
    );
}

/// Whoever was asked before a flood of strangers still comes back, and no address is too long to ask for.
#[tokio::test]
async fn strangers_push_no_question_out() {
    let world = world().await;
    let first = world.gate.begin(None, Guard::SIGNED_IN, "/").await.unwrap();
    for _ in 0..=MOST_ASKED {
        world.gate.begin(None, Guard::SIGNED_IN, "/").await.unwrap();
    }
    assert!(world.answer(&first, None, ("p_1", "aal3")).await.is_ok());
    let long = format!("/?{}", "\"".repeat(2_000));
    for (page, back) in [(long.as_str(), "/"), ("/filings", "/filings")] {
        let leave = world.gate.begin(None, Guard::SIGNED_IN, page).await.unwrap();
        let end = world.answer(&leave, None, ("p_1", "aal3")).await.unwrap();
        assert!(
            matches!(&end, Finished::Session { page, .. } if page == back),
            "{end:?}"
        );
    }
}
