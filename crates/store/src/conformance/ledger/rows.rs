//! Every kind of row is written, read by each of its keys, and read back as it was.

use std::sync::Arc;

use domain::{
    AcsEndpoint, AuthorizationGrant, NameIdFormat, ProtocolSettings, RevocationGeneration, SamlSettings,
    Service, ServiceState, SessionState, SloBinding, SloEndpoint,
};

use super::{commits, writes};
use crate::conformance::sample::{self, NOW, World};
use crate::conformance::{Case, LedgerFactory, cases};
use crate::{Batch, LedgerCounts, ServiceProtocol, Write};

pub(super) const CASES: &[Case<dyn LedgerFactory>] = cases![LedgerFactory;
    an_empty_ledger_answers_nothing, every_row_reads_back, credentials_are_listed_oldest_first,
    a_superseded_credential_says_so, a_session_ends_once, a_recheck_raises_the_version,
    live_sessions_are_listed_newest_first, a_later_consent_takes_the_place, services_change_by_version,
    a_removed_service_frees_its_name, a_grant_is_withdrawn_once, states_are_overwritten,
    texts_are_bound_and_not_pasted, an_empty_batch_commits];

async fn an_empty_ledger_answers_nothing(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("nothing").await;
    let account = sample::account().id;
    assert_eq!(ledger.account(&account).await, Ok(None));
    assert_eq!(ledger.credentials_of(&account).await, Ok(Vec::new()));
    assert_eq!(ledger.session_by_secret(&sample::hash()).await, Ok(None));
    assert_eq!(ledger.services().await, Ok(Vec::new()));
    assert_eq!(ledger.audit_from(0, 10).await, Ok(Vec::new()));
    assert_eq!(ledger.counts().await, Ok(LedgerCounts::default()));
}

async fn every_row_reads_back(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("rows").await;
    let world = World::in_ledger(&ledger).await;
    let pseudonym = sample::pseudonym(&world.account.id);
    let consent = sample::consent(&world.account.id, &world.service.id);
    let token = sample::access_token(&world.grant.id);
    let bare = AuthorizationGrant {
        nonce: None,
        ..sample::grant(&world.service.id, &world.session)
    };
    let batch = Batch::new()
        .write(Write::InsertPseudonym(pseudonym.clone()))
        .write(Write::PutConsent(consent.clone()))
        .write(Write::InsertAccessToken(token.clone()))
        .write(Write::InsertGrant(bare.clone()));
    commits(&ledger, batch).await;

    let World {
        account,
        credential,
        session,
        service,
        grant,
    } = world;
    assert_eq!(ledger.account(&account.id).await, Ok(Some(account.clone())));
    let some = Ok(Some(credential.clone()));
    assert_eq!(ledger.credential(&credential.id).await, some);
    assert_eq!(ledger.credential_by_digest(&credential.digest).await, some);
    assert_eq!(ledger.credentials_of(&account.id).await, Ok(vec![credential]));
    let some = Ok(Some(pseudonym.clone()));
    assert_eq!(ledger.pseudonym(&account.id, &pseudonym.sector).await, some);
    assert_eq!(
        ledger
            .pseudonym_by_value(&pseudonym.sector, &pseudonym.value)
            .await,
        some
    );
    let some = Ok(Some(session.clone()));
    assert_eq!(ledger.session(&session.id).await, some);
    assert_eq!(ledger.session_by_secret(&session.secret).await, some);
    assert_eq!(
        ledger.consent(&account.id, &service.id).await,
        Ok(Some(consent.clone()))
    );
    let some = Ok(Some(service.clone()));
    assert_eq!(ledger.service(&service.id).await, some);
    let by_name = ledger
        .service_by_identifier(ServiceProtocol::Oidc, service.protocol.identifier())
        .await;
    assert_eq!(by_name, some);
    let other_protocol = ledger
        .service_by_identifier(ServiceProtocol::Saml, service.protocol.identifier())
        .await;
    assert_eq!(other_protocol, Ok(None));
    assert_eq!(ledger.grant(&grant.id).await, Ok(Some(grant.clone())));
    assert_eq!(ledger.grant_by_code(&grant.code).await, Ok(Some(grant)));
    assert_eq!(ledger.grant(&bare.id).await, Ok(Some(bare)));
    assert_eq!(ledger.access_token(&token.hash).await, Ok(Some(token)));
    let counts = LedgerCounts {
        accounts: 1,
        credentials: 1,
        sessions: 1,
        grants: 2,
        access_tokens: 1,
        single_use: 0,
        records: 0,
        audit: 0,
    };
    assert_eq!(ledger.counts().await, Ok(counts));
}

async fn credentials_are_listed_oldest_first(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("credentials").await;
    let world = World::in_ledger(&ledger).await;
    let mut older = sample::credential(&world.account.id);
    older.created_at = NOW.plus_millis(-1);
    writes(&ledger, Write::InsertCredential(older.clone())).await;
    let listed = ledger.credentials_of(&world.account.id).await;
    assert_eq!(listed, Ok(vec![older, world.credential]));
}

async fn a_superseded_credential_says_so(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("superseded").await;
    let world = World::in_ledger(&ledger).await;
    for _again in 0..2 {
        writes(&ledger, Write::SupersedeCredential(world.credential.id.clone())).await;
        let stored = ledger.credential(&world.credential.id).await.unwrap().unwrap();
        assert_eq!(stored.state, domain::CredentialState::Superseded);
    }
}

async fn a_session_ends_once(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("ends").await;
    let world = World::in_ledger(&ledger).await;
    for _again in 0..2 {
        let id = world.session.id.clone();
        writes(&ledger, Write::EndSession { id, at: NOW }).await;
        let stored = ledger.session(&world.session.id).await.unwrap().unwrap();
        assert_eq!((stored.state, stored.version), (SessionState::Ended, 2));
    }
    let live = ledger.live_sessions_of(&world.account.id, NOW).await;
    assert_eq!(live, Ok(Vec::new()));
}

async fn a_recheck_raises_the_version(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("recheck").await;
    let world = World::in_ledger(&ledger).await;
    let generation = RevocationGeneration(8);
    let id = world.session.id.clone();
    writes(&ledger, Write::RecheckSession { id, generation }).await;
    let stored = ledger.session(&world.session.id).await.unwrap().unwrap();
    assert_eq!((stored.checked_generation, stored.version), (generation, 2));
    assert_eq!(stored.state, SessionState::Active);
}

async fn live_sessions_are_listed_newest_first(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("live").await;
    let world = World::in_ledger(&ledger).await;
    let mut newer = sample::session(&world.credential);
    newer.authenticated_at = NOW.plus_seconds(5);
    let mut dead = sample::session(&world.credential);
    dead.expires_at = NOW.plus_seconds(10);
    let batch = Batch::new()
        .write(Write::InsertSession(newer.clone()))
        .write(Write::InsertSession(dead.clone()));
    commits(&ledger, batch).await;
    let at = |seconds| ledger.live_sessions_of(&world.account.id, NOW.plus_seconds(seconds));
    assert_eq!(at(9).await.unwrap().len(), 3);
    assert_eq!(
        at(10).await,
        Ok(vec![newer, world.session]),
        "a session is dead at its end"
    );
}

async fn a_later_consent_takes_the_place(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("consent").await;
    let world = World::in_ledger(&ledger).await;
    let mut consent = sample::consent(&world.account.id, &world.service.id);
    writes(&ledger, Write::PutConsent(consent.clone())).await;
    consent.attributes.clear();
    consent.given_at = NOW.plus_seconds(1);
    writes(&ledger, Write::PutConsent(consent.clone())).await;
    let stored = ledger.consent(&world.account.id, &world.service.id).await;
    assert_eq!(stored, Ok(Some(consent)));
}

fn next(service: &Service, state: ServiceState) -> Service {
    Service {
        state,
        version: service.version + 1,
        changed_at: NOW.plus_seconds(1),
        ..service.clone()
    }
}

fn saml_service() -> Service {
    Service {
        protocol: ProtocolSettings::Saml(SamlSettings {
            entity_id: sample::name(),
            assertion_consumer_services: vec![AcsEndpoint {
                binding: domain::AcsBinding::HttpArtifact,
                index: 65_535,
                location: "https://sp.example/acs".to_owned(),
                is_default: None,
            }],
            single_logout_services: vec![SloEndpoint {
                binding: SloBinding::HttpPost,
                location: "https://sp.example/slo".to_owned(),
                response_location: None,
            }],
            signing_keys: vec!["AAEC".to_owned()],
            encryption_keys: Vec::new(),
            encryption_methods: vec!["urn:cipher".to_owned()],
            authn_requests_signed: true,
            want_assertions_signed: true,
            sign_response: false,
            name_id_formats: vec![NameIdFormat::Transient, NameIdFormat::Persistent],
            subject_id_requirement: Some(domain::SubjectIdRequirement::Any),
            attribute_services: vec![domain::AttributeConsumingService {
                index: 3,
                is_default: Some(true),
                attributes: vec![domain::RequestedAttribute {
                    name: "urn:x".to_owned(),
                    required: true,
                }],
            }],
            subject_id: true,
            unsolicited: true,
            fetched: Some(domain::FetchedMetadata {
                source: "federation".to_owned(),
                valid_until: Some(NOW),
                withdrawn: None,
            }),
        }),
        created_at: NOW.plus_millis(1),
        ..sample::service()
    }
}

async fn services_change_by_version(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("services").await;
    let first = sample::service();
    let second = saml_service();
    writes(&ledger, Write::InsertService(second.clone())).await;
    writes(&ledger, Write::InsertService(first.clone())).await;
    assert_eq!(ledger.services().await, Ok(vec![first.clone(), second.clone()]));
    let suspended = next(
        &second,
        ServiceState::Suspended {
            since: NOW,
            reason: "監査".to_owned(),
        },
    );
    writes(&ledger, Write::UpdateService(suspended.clone())).await;
    let found = ledger
        .service_by_identifier(ServiceProtocol::Saml, second.protocol.identifier())
        .await;
    assert_eq!(found, Ok(Some(suspended.clone())), "a suspended service is found");
    assert_eq!(ledger.services().await, Ok(vec![first, suspended]));
}

async fn a_removed_service_frees_its_name(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("removed").await;
    let service = sample::service();
    writes(&ledger, Write::InsertService(service.clone())).await;
    let removed = next(&service, ServiceState::Removed { since: NOW });
    writes(&ledger, Write::UpdateService(removed.clone())).await;
    let by_name = || ledger.service_by_identifier(ServiceProtocol::Oidc, service.protocol.identifier());
    assert_eq!(by_name().await, Ok(None));
    assert_eq!(ledger.service(&service.id).await, Ok(Some(removed)));
    let heir = Service {
        id: sample::service().id,
        ..service.clone()
    };
    writes(&ledger, Write::InsertService(heir.clone())).await;
    assert_eq!(by_name().await, Ok(Some(heir)));
}

async fn a_grant_is_withdrawn_once(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("grant").await;
    let world = World::in_ledger(&ledger).await;
    for seconds in [1, 2] {
        let at = NOW.plus_seconds(seconds);
        let id = world.grant.id.clone();
        writes(&ledger, Write::RevokeGrant { id, at }).await;
        let stored = ledger.grant(&world.grant.id).await.unwrap().unwrap();
        assert_eq!(
            stored.revoked_at,
            Some(NOW.plus_seconds(1)),
            "the first time counts"
        );
    }
}

async fn states_are_overwritten(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("state").await;
    for value in ["1", "2", ""] {
        let key = "revocation_generation".to_owned();
        let value = value.to_owned();
        writes(
            &ledger,
            Write::PutState {
                key: key.clone(),
                value: value.clone(),
            },
        )
        .await;
        assert_eq!(ledger.state(&key).await, Ok(Some(value)));
    }
    for (value, now) in [(9, "9"), (10, "10"), (2, "10"), (10, "10"), (11, "11")] {
        let key = "generation".to_owned();
        writes(&ledger, Write::RaiseState { key, value }).await;
        assert_eq!(ledger.state("generation").await, Ok(Some(now.to_owned())));
    }
}

async fn texts_are_bound_and_not_pasted(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("texts").await;
    for text in ["'; DROP TABLE account; --", "$1", "%_", "\u{0}x", "申請\u{1F5FE}"] {
        let write = Write::PutState {
            key: text.to_owned(),
            value: text.to_owned(),
        };
        writes(&ledger, write).await;
        assert_eq!(ledger.state(text).await, Ok(Some(text.to_owned())));
    }
    assert_eq!(ledger.state("\u{0}").await, Ok(None));
    let found = ledger.service_by_identifier(ServiceProtocol::Oidc, "%").await;
    assert_eq!(found, Ok(None));
}

async fn an_empty_batch_commits(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("empty").await;
    commits(&ledger, Batch::new()).await;
    assert_eq!(ledger.counts().await, Ok(LedgerCounts::default()));
}
