//! Two accounts that are one person's: found, decided by people, and one account afterwards.

use conformance_tests::{Browser, CHECKER_TOKEN, MachineClock, Platform, RelyingParty};
use domain::Clock as _;
use reqwest::StatusCode;
use sim::CardRequest;
use sim::person::Medium;

use crate::enrolment::enrol;
use crate::support::{accounts, browser, command, person, publish_signing_list, renew, sign_in, subject};

/// One person with two accounts, as after a loss that J-LIS linked to nothing, and the question open.
struct Twice {
    platform: Platform,
    service: RelyingParty,
    who: String,
    /// The pseudonyms, the former account's first.
    subjects: [String; 2],
    /// The browser of the newer account.
    second: Browser,
    /// What the audit calls them.
    accounts: [String; 2],
    reference: String,
}

async fn twice(client: &str) -> Twice {
    let platform = Platform::start().await;
    let service = RelyingParty::register(&platform, client);
    let who = person(&platform);
    publish_signing_list(&platform);
    let first = browser(&platform, &who, Medium::Card);
    let former = subject(&first, &service).await;
    enrol(&platform, &first, &who, true).await;
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
    let newer = subject(&second, &service).await;
    assert_ne!(former, newer, "nobody could know");
    publish_signing_list(&platform);
    enrol(&platform, &second, &who, true).await;
    let listed = command(&platform, &["identity", "list"]);
    let mut words = listed.split_whitespace();
    let reference = words.next().unwrap().to_owned();
    let accounts: Vec<String> = listed
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|word| word.starts_with("acc_"))
        .map(str::to_owned)
        .collect();
    Twice {
        platform,
        service,
        who,
        subjects: [former, newer],
        second,
        accounts: accounts.try_into().unwrap(),
        reference,
    }
}

impl Twice {
    /// One account: the newer card is the former account's, its session ended, and so did the question.
    async fn is_one(&self) {
        let silent = self.service.authorize(&self.second, "&prompt=none").await;
        assert!(
            silent.iter().any(|(_, value)| value == "login_required"),
            "the closed account's session: {silent:?}"
        );
        let again = sign_in(&self.platform, &self.service, &self.who, Medium::Card).await;
        assert_eq!(again, self.subjects[0], "the survivor's name");
        // What comes later is the survivor's too.
        renew(&self.platform, &self.who, Medium::Card);
        let renewed = sign_in(&self.platform, &self.service, &self.who, Medium::Card).await;
        assert_eq!(renewed, self.subjects[0]);
        assert_eq!(command(&self.platform, &["identity", "list"]), "");
        assert_eq!(accounts(&self.platform).await, 2, "the closed one is kept");
        // The old name still means the same person, and nobody else.
        let page = browser(&self.platform, &self.who, Medium::Card)
            .get(&format!("{}/enrolment", self.platform.origin))
            .await;
        assert_eq!(page.status, 200);
        let audit = command(&self.platform, &["audit", "export"]);
        for word in ["accounts_merged", "identity_decided", "account_closed"] {
            assert!(audit.contains(word), "{word}");
        }
        command(&self.platform, &["audit", "verify"]);
    }
}

#[tokio::test]
async fn a_person_with_two_accounts_has_one_after_a_decision_at_the_machine() {
    let twice = twice("rp-merge").await;
    let [former, newer] = &twice.accounts;
    let decide = |verdict: &[&str]| {
        let words = [
            &["identity", "decide", &twice.reference, "--grounds", "seen"],
            verdict,
        ]
        .concat();
        twice.platform.command(&words).status.success()
    };
    let stranger = format!("acc_{}", "0".repeat(32));
    assert!(!decide(&["--new-person"]), "no answer to this question");
    assert!(!decide(&["--merge-into", &stranger]), "not in question");
    assert!(decide(&["--merge-into", former]));
    assert!(!decide(&["--apart"]), "decided once");
    let again = ["identity", "merge", newer, "--into", former, "--grounds", "again"];
    assert!(!twice.platform.command(&again).status.success(), "closed once");
    twice.is_one().await;
}

#[tokio::test]
async fn different_people_with_the_same_items_stay_apart() {
    let twice = twice("rp-apart").await;
    command(
        &twice.platform,
        &[
            "identity",
            "decide",
            &twice.reference,
            "--apart",
            "--grounds",
            "father and son",
        ],
    );
    let second = sign_in(&twice.platform, &twice.service, &twice.who, Medium::Card).await;
    assert_eq!(second, twice.subjects[1]);
    // Registering again asks nothing again.
    enrol(&twice.platform, &twice.second, &twice.who, true).await;
    assert_eq!(command(&twice.platform, &["identity", "list"]), "");
}

/// The page of one question, as two operators see it.
struct Desk {
    client: reqwest::Client,
    url: String,
    operators: [(&'static str, String); 2],
}

impl Desk {
    fn of(twice: &Twice) -> Self {
        Self {
            client: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
            url: format!("{}/identity/{}", twice.platform.operator, twice.reference),
            operators: [
                ("tester", twice.platform.operator_token.clone()),
                ("checker", CHECKER_TOKEN.to_owned()),
            ],
        }
    }

    async fn page(&self, who: usize) -> (StatusCode, String) {
        let (name, token) = &self.operators[who];
        let answer = self
            .client
            .get(&self.url)
            .basic_auth(name, Some(token))
            .header("accept", "text/html")
            .send()
            .await
            .unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    async fn csrf(&self, who: usize) -> String {
        let (_, html) = self.page(who).await;
        let at = html.find("name=\"csrf\" value=\"").unwrap() + 19;
        html[at..at + 64].to_owned()
    }

    async fn post(&self, who: usize, fields: &[(&str, &str)]) -> StatusCode {
        let (name, token) = &self.operators[who];
        let request = self.client.post(&self.url).basic_auth(name, Some(token));
        let answer = request.header("accept", "text/html").form(fields).send().await;
        answer.unwrap().status()
    }

    async fn propose(&self, who: usize, csrf: &str, verdict: &str, grounds: &str) -> StatusCode {
        let fields = [
            ("csrf", csrf),
            ("act", "propose"),
            ("verdict", verdict),
            ("grounds", grounds),
        ];
        self.post(who, &fields).await
    }
}

/// No form but the one that was shown, and no verdict but one that the page offers.
#[tokio::test]
async fn the_desk_takes_no_other_form() {
    let twice = twice("rp-forms").await;
    let desk = Desk::of(&twice);
    let nobody = desk.client.get(&desk.url).send().await.unwrap();
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
    let (status, html) = desk.page(0).await;
    assert_eq!(status, StatusCode::OK);
    for account in &twice.accounts {
        assert!(html.contains(account.as_str()), "{html}");
    }
    let merged = format!("merged:{}", twice.accounts[0]);
    let token = desk.csrf(0).await;
    let long = "x".repeat(501);
    for (csrf, verdict, grounds, expected) in [
        ("", merged.as_str(), "seen", StatusCode::CONFLICT),
        (&token, "new", "seen", StatusCode::BAD_REQUEST),
        (&token, "merged:acc_nobody", "seen", StatusCode::BAD_REQUEST),
        (&token, &merged, " ", StatusCode::BAD_REQUEST),
        (&token, &merged, &long, StatusCode::BAD_REQUEST),
    ] {
        let answer = desk.propose(0, csrf, verdict, grounds).await;
        assert_eq!(answer, expected, "{verdict} {grounds}");
    }
    // A form shown to one operator is no form of another's.
    assert_eq!(
        desk.propose(1, &token, &merged, "seen at the counter").await,
        StatusCode::CONFLICT
    );
}

/// The operator's page: one proposes, another one confirms, and no page of somebody else's does either.
#[tokio::test]
async fn two_operators_decide_on_the_page() {
    let twice = twice("rp-desk").await;
    let desk = Desk::of(&twice);
    let merged = format!("merged:{}", twice.accounts[0]);
    let token = desk.csrf(0).await;
    let grounds = "seen at the counter";
    assert_eq!(
        desk.propose(0, &token, &merged, grounds).await,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        desk.propose(0, &token, &merged, grounds).await,
        StatusCode::CONFLICT,
        "proposed once"
    );
    // Nothing took effect yet.
    let still = twice.service.authorize(&twice.second, "&prompt=none").await;
    assert!(still.iter().any(|(name, _)| name == "code"), "{still:?}");
    let own = desk.csrf(0).await;
    assert_eq!(
        desk.post(0, &[("csrf", &own), ("act", "confirm")]).await,
        StatusCode::FORBIDDEN,
        "whoever proposed does not confirm"
    );
    // Sent back, proposed again, confirmed.
    assert!(desk.page(1).await.1.contains(grounds));
    let token = desk.csrf(1).await;
    assert_eq!(
        desk.post(1, &[("csrf", &token), ("act", "decline")]).await,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        desk.post(1, &[("csrf", &token), ("act", "confirm")]).await,
        StatusCode::CONFLICT,
        "of another version"
    );
    let token = desk.csrf(0).await;
    assert_eq!(
        desk.propose(0, &token, &merged, grounds).await,
        StatusCode::SEE_OTHER
    );
    let token = desk.csrf(1).await;
    assert_eq!(
        desk.post(1, &[("csrf", &token), ("act", "confirm")]).await,
        StatusCode::SEE_OTHER
    );
    assert_eq!(desk.page(0).await.0, StatusCode::NOT_FOUND);
    let audit = command(&twice.platform, &["audit", "export"]);
    for word in [
        "identity_proposed",
        "identity_proposal_declined",
        "checker",
        "tester",
    ] {
        assert!(audit.contains(word), "{word}");
    }
    twice.is_one().await;
}

/// What the person registered last carries on, whichever account it was at; what the vault sealed is sealed to the survivor.
#[tokio::test]
async fn what_was_registered_last_carries_on() {
    let twice = twice("rp-last").await;
    let [former, newer] = &twice.accounts;
    // What each account demanded of every sign-in, the one that is left demands.
    for floor in [
        ["floor", "set", former, "--phishing-resistant", "--aal", "2"],
        [
            "floor",
            "set",
            newer,
            "--max-age-seconds",
            "0",
            "--hardware-bound",
        ],
    ] {
        command(&twice.platform, &floor);
    }
    command(
        &twice.platform,
        &["identity", "merge", newer, "--into", former, "--grounds", "seen"],
    );
    let floor = command(&twice.platform, &["floor", "show", former]);
    for word in [
        "\"phishing_resistant\":true",
        "\"hardware_bound\":true",
        "in_this_sign_in",
    ] {
        assert!(floor.contains(word), "{floor}");
    }
    let card = browser(&twice.platform, &twice.who, Medium::Card);
    let claims = twice.service.sign_in(&card, "").await.claims;
    assert_eq!(claims["sub"], twice.subjects[0]);
    let page = card.get(&format!("{}/enrolment", twice.platform.origin)).await;
    assert!(page.body.contains("IAL3"), "{}", page.body);
}
