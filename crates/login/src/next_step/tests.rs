//! The whole input product, held against a second, independently written statement of the law; and the named rows.

mod methods;

use super::*;
use crate::{Agreement, Ask, Expected, StatusSeen};
use domain::{
    Aal, AuthenticationMethod, Entropy, Localized, OidcSettings, ProtocolSettings, RequiredProperties,
    SectorId, ServiceKind, SessionState, TokenHash,
};

struct Constant(u8);

impl Entropy for Constant {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0);
    }
}

const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

fn service(state: ServiceState, required: AssuranceLevel) -> Service {
    Service {
        id: ServiceId::generate(&Constant(1)),
        sector: SectorId::generate(&Constant(1)),
        kind: ServiceKind::Sp,
        name: Localized {
            ja: "省".to_owned(),
            en: "Ministry".to_owned(),
        },
        state,
        required_level: required,
        required_certainty: None,
        required_properties: RequiredProperties::default(),
        stale_tolerance_seconds: None,
        released_attributes: vec![ReleasedAttribute::Pseudonym, ReleasedAttribute::AssuranceLevel],
        protocol: ProtocolSettings::Oidc(OidcSettings {
            client_id: "rp".to_owned(),
            redirect_uris: vec![],
            logout: domain::OidcLogout::default(),
            post_logout_redirect_uris: vec![],
            authentication: domain::ClientAuthentication::None,
            id_token_signed_response_alg: domain::IdTokenAlgorithm::Es256,
            requests: domain::RequestSettings::default(),
            profile: domain::SecurityProfile::default(),
            tokens: domain::TokenSettings::default(),
            documents: domain::ClientDocuments::default(),
        }),
        created_at: NOW,
        changed_at: NOW,
        version: 3,
    }
}

fn session(account: u8) -> Session {
    Session {
        id: SessionId::generate(&Constant(2)),
        secret: TokenHash("h".to_owned()),
        account: AccountId::generate(&Constant(account)),
        credential: CredentialId::generate(&Constant(4)),
        method: AuthenticationMethod::CardTls,
        level: AssuranceLevel {
            ial: Ial::Zero,
            aal: Aal::Three,
        },
        authenticated_at: NOW.plus_seconds(-100),
        checked_generation: RevocationGeneration(5),
        points: None,
        expires_at: NOW.plus_seconds(3600),
        state: SessionState::Active,
        version: 8,
    }
}

fn account(state: AccountState) -> Account {
    Account {
        id: AccountId::generate(&Constant(3)),
        state,
        created_at: NOW,
    }
}

fn transaction() -> Transaction {
    Transaction {
        id: TransactionId::generate(&Constant(6)),
        service: ServiceId::generate(&Constant(1)),
        browser: None,
        created_at: NOW.plus_seconds(-10),
        expires_at: NOW.plus_seconds(600),
        ask: Ask {
            level: Assurance::LEAST,
            contexts: Vec::new(),
            context: "aal3".to_owned(),
            fal: Fal::Two,
            certainty: None,
            withheld: Vec::new(),
            freshness: Freshness::default(),
            interaction: Interaction::Allowed,
            expected: Expected::Anybody,
            always_consent: false,
        },
        authenticated: None,
        presence: None,
        agreed: None,
        status: None,
        left: None,
        anew: None,
        attempts: 0,
        answered: false,
        continuation: String::new(),
    }
}

fn consent(attributes: Vec<ReleasedAttribute>) -> Consent {
    Consent {
        account: AccountId::generate(&Constant(3)),
        service: ServiceId::generate(&Constant(1)),
        attributes,
        given_at: NOW,
    }
}

fn full_consent() -> Consent {
    consent(vec![
        ReleasedAttribute::Pseudonym,
        ReleasedAttribute::AssuranceLevel,
    ])
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Svc {
    Active,
    Suspended,
    Removed,
    Gone,
}
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ses {
    None,
    Ended,
    Expired,
    Live,
    LiveOtherAccount,
}
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lvl {
    Enough,
    SessionTooLow,
    NobodyReaches,
}
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fresh {
    NotAsked,
    MaxAgeMet,
    MaxAgeJustMet,
    MaxAgeMissed,
    MaxAgeZero,
    Forced,
    ForcedAndDone,
    MaxAgeZeroAndDone,
}
#[derive(Clone, Copy, Debug, PartialEq)]
enum Agreed {
    Nothing,
    OnRecord,
    OnRecordForLess,
    Now,
    OnRecordButAskAgain,
    OthersRecord,
    NowInAnotherSession,
}

const SVC: [Svc; 4] = [Svc::Active, Svc::Suspended, Svc::Removed, Svc::Gone];
const SES: [Ses; 5] = [
    Ses::None,
    Ses::Ended,
    Ses::Expired,
    Ses::Live,
    Ses::LiveOtherAccount,
];
const LVL: [Lvl; 3] = [Lvl::Enough, Lvl::SessionTooLow, Lvl::NobodyReaches];
const FRESH: [Fresh; 8] = [
    Fresh::NotAsked,
    Fresh::MaxAgeMet,
    Fresh::MaxAgeJustMet,
    Fresh::MaxAgeMissed,
    Fresh::MaxAgeZero,
    Fresh::Forced,
    Fresh::ForcedAndDone,
    Fresh::MaxAgeZeroAndDone,
];
const AGREED: [Agreed; 7] = [
    Agreed::Nothing,
    Agreed::OnRecord,
    Agreed::OnRecordForLess,
    Agreed::Now,
    Agreed::OnRecordButAskAgain,
    Agreed::OthersRecord,
    Agreed::NowInAnotherSession,
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Data {
    Usable,
    TooOld,
    Missing,
}
#[derive(Clone, Copy, Debug, PartialEq)]
enum Status {
    NotAskedFor,
    AskedByService,
    AskedByRequest,
    Seen,
    SeenTooLongAgo,
    SeenFromTheFuture,
    SeenForAnotherSession,
    SeenAtAnotherGeneration,
}

/// Every age of the data with and without a question to the responder; `named.rs` has every way in which an answer does not count.
const CERTAINTY: [(Data, Status); 6] = [
    (Data::Usable, Status::NotAskedFor),
    (Data::Usable, Status::AskedByService),
    (Data::Usable, Status::Seen),
    (Data::TooOld, Status::NotAskedFor),
    (Data::TooOld, Status::Seen),
    (Data::Missing, Status::AskedByRequest),
];
const STATUS: [Status; 8] = [
    Status::NotAskedFor,
    Status::AskedByService,
    Status::AskedByRequest,
    Status::Seen,
    Status::SeenTooLongAgo,
    Status::SeenFromTheFuture,
    Status::SeenForAnotherSession,
    Status::SeenAtAnotherGeneration,
];

#[derive(Clone, Copy, Debug)]
struct Row {
    answered: bool,
    expired: bool,
    svc: Svc,
    ses: Ses,
    closed: bool,
    generation_current: bool,
    lvl: Lvl,
    fresh: Fresh,
    agreed: Agreed,
    passive: bool,
    data: Data,
    status: Status,
}

/// The law once more, as the shortest table that a reader can check by eye: first line that applies.
fn expected(row: Row) -> &'static str {
    let signed_in = row.ses == Ses::Live;
    let card = |why| if row.passive { "refuse login_required" } else { why };
    let vouched = matches!(row.status, Status::NotAskedFor | Status::Seen);
    let table: [(bool, &'static str); 15] = [
        (row.answered, "refuse transaction_answered"),
        (
            matches!(row.svc, Svc::Removed | Svc::Gone),
            "refuse service_unknown",
        ),
        (row.svc == Svc::Suspended, "refuse service_suspended"),
        (row.expired, "refuse transaction_expired"),
        (row.lvl == Lvl::NobodyReaches, "refuse level_unreachable"),
        (!signed_in, card("card NoSession")),
        (row.closed, "refuse account_closed"),
        (!row.generation_current, "recheck"),
        (row.lvl == Lvl::SessionTooLow, card("card HigherLevel")),
        (
            matches!(row.fresh, Fresh::MaxAgeMissed | Fresh::MaxAgeZero | Fresh::Forced),
            card("card NotFresh"),
        ),
        (row.data == Data::TooOld, "refuse crl_stale"),
        (row.data == Data::Missing, "refuse crl_missing"),
        (
            matches!(row.agreed, Agreed::OnRecord | Agreed::Now),
            if vouched { "issue" } else { "ask status" },
        ),
        (row.passive, "refuse consent_required"),
        (true, "consent"),
    ];
    table.into_iter().find(|(applies, _)| *applies).unwrap().1
}

#[allow(clippy::too_many_lines, reason = "one row of the product, built in one place")]
fn observed(row: Row) -> String {
    let mut transaction = transaction();
    transaction.answered = row.answered;
    if row.expired {
        transaction.expires_at = NOW;
    }
    if row.passive {
        transaction.ask.interaction = Interaction::Forbidden;
    }
    let aal3 = AssuranceLevel {
        ial: Ial::Zero,
        aal: Aal::Three,
    };
    let ways = match row.lvl {
        Lvl::NobodyReaches => [Way {
            ceiling: Assurance {
                aal: Aal::Two,
                ..Assurance::GREATEST
            },
            ..Way::CARD
        }],
        _ => [Way::CARD],
    };
    let service = match row.svc {
        Svc::Active => Some(service(ServiceState::Active, aal3)),
        Svc::Suspended => Some(service(
            ServiceState::Suspended {
                since: NOW,
                reason: String::new(),
            },
            aal3,
        )),
        Svc::Removed => Some(service(ServiceState::Removed { since: NOW }, aal3)),
        Svc::Gone => None,
    };
    let mut session = session(if row.ses == Ses::LiveOtherAccount { 9 } else { 3 });
    if row.lvl == Lvl::SessionTooLow {
        session.level.aal = Aal::Two;
    }
    match row.ses {
        Ses::Ended => session.state = SessionState::Ended,
        Ses::Expired => session.expires_at = NOW,
        _ => {}
    }
    transaction.ask.freshness = match row.fresh {
        Fresh::NotAsked => Freshness::default(),
        Fresh::MaxAgeMet => Freshness {
            force: false,
            max_age_seconds: Some(200),
        },
        Fresh::MaxAgeJustMet => Freshness {
            force: false,
            max_age_seconds: Some(100),
        },
        Fresh::MaxAgeMissed => Freshness {
            force: false,
            max_age_seconds: Some(99),
        },
        Fresh::MaxAgeZero | Fresh::MaxAgeZeroAndDone => Freshness {
            force: false,
            max_age_seconds: Some(0),
        },
        Fresh::Forced | Fresh::ForcedAndDone => Freshness {
            force: true,
            max_age_seconds: None,
        },
    };
    if matches!(row.fresh, Fresh::ForcedAndDone | Fresh::MaxAgeZeroAndDone) {
        transaction.authenticated = Some(session.id.clone());
    }
    let record = match row.agreed {
        Agreed::Nothing | Agreed::Now | Agreed::NowInAnotherSession => None,
        Agreed::OnRecord | Agreed::OnRecordButAskAgain => Some(full_consent()),
        Agreed::OnRecordForLess => Some(consent(vec![ReleasedAttribute::Pseudonym])),
        Agreed::OthersRecord => Some(Consent {
            account: AccountId::generate(&Constant(77)),
            ..full_consent()
        }),
    };
    transaction.ask.always_consent = row.agreed == Agreed::OnRecordButAskAgain;
    if row.agreed == Agreed::Now {
        let agreed = |session| Agreement {
            session,
            attributes: full_consent().attributes,
        };
        transaction.agreed = Some(agreed(session.id.clone()));
    }
    if row.agreed == Agreed::NowInAnotherSession {
        let session = SessionId::generate(&Constant(99));
        transaction.agreed = Some(Agreement {
            session,
            attributes: full_consent().attributes,
        });
    }
    let mut service = service;
    if row.status == Status::AskedByService
        && let Some(service) = &mut service
    {
        service.required_certainty = Some(RevocationCertainty::Ocsp);
    }
    if !matches!(row.status, Status::NotAskedFor | Status::AskedByService) {
        transaction.ask.certainty = Some(RevocationCertainty::Ocsp);
    }
    transaction.status = seen(row.status, &session.id);
    let account = account(if row.closed {
        AccountState::Closed(domain::Closing {
            at: NOW,
            reason: domain::ClosingReason::OwnWish,
        })
    } else {
        AccountState::Active
    });
    let standing = Standing {
        service: service.as_ref(),
        session: (row.ses != Ses::None).then_some(&session),
        account: (row.ses != Ses::None).then_some(&account),
        consent: record.as_ref(),
        generation: RevocationGeneration(if row.generation_current { 5 } else { 6 }),
        revocation_data: match row.data {
            Data::Usable => RevocationData::Usable,
            Data::TooOld => RevocationData::TooOld,
            Data::Missing => RevocationData::Missing,
        },
        ways: &ways,
        floor: Assurance::LEAST,
        proofed: Ial::Zero,
        items: &[],
    };
    match next_step(&transaction, &standing, NOW) {
        Step::Authenticate(why) => format!("card {why:?}"),
        Step::Recheck { .. } => "recheck".to_owned(),
        Step::Consent(_) => "consent".to_owned(),
        Step::AskStatus { .. } => "ask status".to_owned(),
        Step::Issue(_) => "issue".to_owned(),
        Step::Refuse(refusal) => format!("refuse {}", refusal.code()),
    }
}

fn seen(status: Status, session: &SessionId) -> Option<StatusSeen> {
    let good = StatusSeen {
        session: session.clone(),
        generation: RevocationGeneration(5),
        asked_at: NOW.plus_seconds(-StatusSeen::GOOD_FOR_SECONDS),
    };
    match status {
        Status::NotAskedFor | Status::AskedByService | Status::AskedByRequest => None,
        Status::Seen => Some(good),
        Status::SeenTooLongAgo => Some(StatusSeen {
            asked_at: good.asked_at.plus_millis(-1),
            ..good
        }),
        Status::SeenFromTheFuture => Some(StatusSeen {
            asked_at: NOW.plus_millis(1),
            ..good
        }),
        Status::SeenForAnotherSession => Some(StatusSeen {
            session: SessionId::generate(&Constant(98)),
            ..good
        }),
        Status::SeenAtAnotherGeneration => Some(StatusSeen {
            generation: RevocationGeneration(4),
            ..good
        }),
    }
}

/// Of the rows that the first inputs alone decide, every so many are looked at: prime to the size of every input, so that each
/// value still meets each value of every other.
const STRIDE: usize = 13;

/// Whether a row gets past what needs no session: all of these are looked at.
fn is_of_people(row: Row) -> bool {
    !row.answered && !row.expired && row.svc == Svc::Active && row.lvl != Lvl::NobodyReaches
}

#[test]
fn the_whole_product_of_inputs_follows_the_table() {
    let (mut rows, mut looked, mut of_people) = (0_usize, 0_usize, 0_usize);
    let mut seen = std::collections::BTreeMap::<String, u32>::new();
    let flags = [false, true];
    for (answered, expired) in flags.iter().flat_map(|a| flags.iter().map(move |b| (*a, *b))) {
        for (closed, generation_current) in flags.iter().flat_map(|a| flags.iter().map(move |b| (*a, *b))) {
            for (svc, ses) in SVC.iter().flat_map(|a| SES.iter().map(move |b| (*a, *b))) {
                for (lvl, fresh) in LVL.iter().flat_map(|a| FRESH.iter().map(move |b| (*a, *b))) {
                    for (agreed, passive) in AGREED.iter().flat_map(|a| flags.iter().map(move |b| (*a, *b))) {
                        for (data, status) in CERTAINTY {
                            let row = Row {
                                answered,
                                expired,
                                svc,
                                ses,
                                closed,
                                generation_current,
                                lvl,
                                fresh,
                                agreed,
                                passive,
                                data,
                                status,
                            };
                            rows += 1;
                            if !is_of_people(row) && !rows.is_multiple_of(STRIDE) {
                                continue;
                            }
                            let got = observed(row);
                            assert_eq!(got, expected(row), "{row:?}");
                            *seen.entry(got).or_default() += 1;
                            looked += 1;
                            of_people += usize::from(is_of_people(row));
                        }
                    }
                }
            }
        }
    }
    assert_eq!(rows, 16 * 20 * 24 * 14 * 6);
    assert_eq!(of_people, 4 * 5 * 2 * 8 * 14 * 6);
    assert!(looked - of_people > (rows - of_people) / (STRIDE + 1));
    assert_eq!(seen.len(), 17, "every kind of step occurs: {seen:?}");
}

mod named;
