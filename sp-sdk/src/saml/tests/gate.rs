//! The gate over SAML: logout by SOAP when our own store fails, and what a step-up leaves behind where no session cookie comes back.

use domain::{Clock, SloBinding};

use saml::reply::LogoutDraft;

use super::logout::{asked, carried, envelope, facts_of, setting_with_logout};
use super::*;
use crate::SeenOnce;
use crate::gate::{
    Admission, Ended, Finished, Gate, GateReason, Leave, PageAsked, Partner, SamlHeard, SignedOutHere,
};
use crate::guard::{Guard, Reached};
use crate::session::{
    MemorySessions, PlatformSession, Session, SessionId, SessionStore, SignedOut, StoreFault,
};

struct Then;

impl Clock for Then {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// Sessions whose ending can fail.
pub(crate) struct Store {
    kept: MemorySessions,
    is_broken: std::sync::atomic::AtomicBool,
}

impl Store {
    pub(crate) fn breaks(&self, is_broken: bool) {
        self.is_broken
            .store(is_broken, std::sync::atomic::Ordering::SeqCst);
    }
}

#[async_trait::async_trait]
impl SessionStore for Store {
    async fn keep(&self, id: &SessionId, session: Session) -> Result<(), StoreFault> {
        self.kept.keep(id, session).await
    }
    async fn find(&self, id: &SessionId, now: Timestamp) -> Result<Option<Session>, StoreFault> {
        self.kept.find(id, now).await
    }
    async fn end(&self, id: &SessionId) -> Result<bool, StoreFault> {
        self.kept.end(id).await
    }
    async fn end_meant(&self, who: &SignedOut, except: Option<&SessionId>) -> Result<usize, StoreFault> {
        if self.is_broken.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(StoreFault("out".to_owned()));
        }
        self.kept.end_meant(who, except).await
    }
}

pub(crate) struct World {
    platform: Platform,
    facts: saml::ServiceFacts,
    pub(crate) gate: Arc<Gate>,
    pub(crate) store: Arc<Store>,
}

pub(crate) fn world() -> World {
    let (platform, service) = setting_with_logout();
    let store = Arc::new(Store {
        kept: MemorySessions::new(100),
        is_broken: false.into(),
    });
    let facts = facts_of(&service);
    let partner = Partner::Saml(Box::new(Party::new(service.provider, None, NOW)));
    let mut gate = Gate::new(partner, store.clone(), 3_600).with_memory(Arc::new(SeenOnce::default()));
    gate.clock = Arc::new(Then);
    World {
        platform,
        facts,
        gate: Arc::new(gate),
        store,
    }
}

impl World {
    /// The platform's form for a question, as the browser posts it.
    fn answer(&self, leave: &Leave) -> String {
        let query = leave.address.split_once('?').unwrap().1;
        let incoming = saml::binding::redirect::decode(query).unwrap();
        let (checked, _) =
            saml::check_authn_request(&incoming, &self.facts, &self.platform.facts, NOW).unwrap();
        let answer = self.platform.answer(&checked.reply_to, false);
        xml::encode_base64(answer.as_bytes())
    }

    pub(crate) async fn sign_in(&self) -> String {
        let leave = self.gate.begin(None, Guard::SIGNED_IN, "/").await.unwrap();
        self.comes_back(&leave).await.0
    }

    /// The browser posts the answer from the platform's site: the session's Lax cookie does not come along. The cookie and the page.
    async fn comes_back(&self, leave: &Leave) -> (String, String) {
        let answer = self.answer(leave);
        let end = self.gate.finish_saml(Some(&leave.cookie), None, &answer).await;
        match end.unwrap() {
            Finished::Session { cookie, page } => (cookie, page),
            other @ Finished::Proof { .. } => panic!("{other:?}"),
        }
    }

    /// A session of somebody by their name, whose card was used long ago.
    async fn keeps(&self, subject: &str) -> String {
        let (cookie, id) = SessionId::fresh(&MachineEntropy);
        let session = Session {
            subject: subject.to_owned(),
            reached: Reached::by_token(None, None),
            platform: PlatformSession::Saml { index: None },
            began_at: NOW,
            until: NOW.plus_seconds(3_600),
            form_token: "f".to_owned(),
        };
        self.store.keep(&id, session).await.unwrap();
        cookie
    }

    /// A logout of everything by SOAP: the envelope as the platform sends it.
    pub(crate) fn logout_envelope(&self) -> Vec<u8> {
        envelope(&self.platform, "_e")
    }

    async fn is_in(&self, cookie: &str) -> bool {
        self.gate.session(Some(cookie)).await.unwrap().is_some()
    }

    fn says(heard: SamlHeard) -> String {
        let SamlHeard::Answer(OutgoingLogout::Soap(envelope)) = heard else {
            panic!("an envelope")
        };
        String::from_utf8(envelope).unwrap()
    }
}

#[tokio::test]
async fn a_logout_that_our_store_failed_is_tried_again_and_a_repeated_one_is_answered_again() {
    let world = world();
    let session = world.sign_in().await;
    let incoming = asked(&world.platform, SloBinding::Soap, "_r", &|_, _, _| {});
    world.store.breaks(true);
    let refused = world.gate.hear_saml(&incoming, None).await.unwrap_err();
    assert!(
        matches!(refused, GateReason::Store(_)) && refused.is_ours(),
        "no LogoutResponse is given, which would be final"
    );
    world.store.breaks(false);
    assert!(world.is_in(&session).await);
    let heard = world.gate.hear_saml(&incoming, None).await.unwrap();
    assert!(World::says(heard).contains(":status:Success"));
    assert!(!world.is_in(&session).await);
    // The answer was lost. Who signed in since is not meant.
    let since = world.sign_in().await;
    let heard = world.gate.hear_saml(&incoming, None).await.unwrap();
    assert!(World::says(heard).contains(":status:Success"));
    assert!(world.is_in(&since).await);
}

#[tokio::test]
async fn a_step_up_ends_the_session_it_began_in_though_its_cookie_does_not_come_back() {
    let world = world();
    for (subject, page) in [("pseudonym", "/filings"), ("another", "/")] {
        let old = world.keeps(subject).await;
        let asked = PageAsked {
            address: "/filings",
            is_safe: true,
            is_program: false,
            came_from: None,
        };
        let guard = Guard::fresh_within(300);
        let admission = world.gate.admit(Some(&old), guard, &asked).await.unwrap();
        let Admission::Ask(leave) = admission else {
            panic!("{admission:?}")
        };
        let (new, back) = world.comes_back(&leave).await;
        assert_eq!(back, page, "{subject}");
        assert!(world.is_in(&new).await && !world.is_in(&old).await);
        let leave = world.gate.begin(Some(&new), Guard::SIGNED_IN, "/").await.unwrap();
        world.comes_back(&leave).await;
        assert!(!world.is_in(&new).await, "begun anew by hand");
    }
}

#[tokio::test]
async fn only_the_platforms_answer_uses_up_a_logout_that_is_under_way() {
    let world = world();
    let session = world.sign_in().await;
    let SignedOutHere::Redirect(leave) = world.gate.sign_out(Some(&session)).await.unwrap() else {
        panic!("the platform has a logout")
    };
    let asked = IncomingLogout::redirect(leave.address.split_once('?').unwrap().1).unwrap();
    let (request, _) = saml::check_logout_request(&asked, &world.facts, &world.platform.facts, NOW).unwrap();
    let answer = |platform: &Platform| {
        let reply_to = request.reply_to.clone().unwrap();
        let status = Status {
            top: TopStatus::Success,
            second: None,
        };
        let draft = LogoutDraft::response(&platform.facts, &reply_to, status, NOW, &MachineEntropy).unwrap();
        let waiting = draft.to_be_signed(SIGNING).unwrap();
        let signature = platform.sign(waiting.signing_input());
        carried(&waiting.attach(&signature).unwrap(), true)
    };
    // Another site makes the browser post something here.
    let forged = answer(&Platform::new("stranger"));
    let cookie = Some(leave.cookie.as_str());
    assert!(world.gate.hear_saml(&forged, cookie).await.is_err());
    let good = answer(&world.platform);
    let heard = world.gate.hear_saml(&good, cookie).await.unwrap();
    assert!(matches!(heard, SamlHeard::Ended(Ended::Everywhere)), "{heard:?}");
    assert!(
        matches!(
            world.gate.hear_saml(&good, cookie).await,
            Err(GateReason::NotAsked)
        ),
        "once"
    );
}
