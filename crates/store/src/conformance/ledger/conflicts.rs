//! Each uniqueness, each version and each missing row: the loser is told which, and leaves nothing.

use std::sync::Arc;

use audit::Action;
use domain::{CertificateDigest, RevocationGeneration, Service, Timestamp};

use super::{commits, refuses, writes};
use crate::conformance::sample::{self, NOW, World};
use crate::conformance::{Case, LedgerFactory, cases};
use crate::{Batch, Conflict, Ledger, SingleUseKind, Write};

pub(super) const CASES: &[Case<dyn LedgerFactory>] = cases![LedgerFactory;
    a_certificate_is_bound_once, a_digest_under_another_key_is_another, a_pseudonym_is_unique_both_ways,
    a_session_secret_is_unique, a_code_is_unique, a_key_is_used_once, identifiers_are_unique,
    a_service_name_is_unique_among_the_not_removed, a_service_changes_from_its_last_version,
    what_a_write_names_must_exist, a_reference_is_unique, a_conflict_within_one_batch_counts];

async fn loses(ledger: &Arc<dyn Ledger>, write: Write, expected: Conflict) {
    refuses(ledger, Batch::new().write(write), expected).await;
}

async fn a_certificate_is_bound_once(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("digest").await;
    let world = World::in_ledger(&ledger).await;
    let mut again = sample::credential(&world.account.id);
    again.digest = world.credential.digest.clone();
    loses(
        &ledger,
        Write::InsertCredential(again),
        Conflict::CredentialExists,
    )
    .await;
    // Of the digest and the identifier, the digest is what is told.
    loses(
        &ledger,
        Write::InsertCredential(world.credential),
        Conflict::CredentialExists,
    )
    .await;
}

async fn a_digest_under_another_key_is_another(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("digest_key").await;
    let world = World::in_ledger(&ledger).await;
    let mut other = sample::credential(&world.account.id);
    other.digest = CertificateDigest {
        key_version: 2,
        value: world.credential.digest.value.clone(),
    };
    writes(&ledger, Write::InsertCredential(other.clone())).await;
    let found = ledger.credential_by_digest(&other.digest).await;
    assert_eq!(found, Ok(Some(other)));
    let found = ledger.credential_by_digest(&world.credential.digest).await;
    assert_eq!(found, Ok(Some(world.credential)));
}

async fn a_pseudonym_is_unique_both_ways(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("pseudonym").await;
    let first = World::in_ledger(&ledger).await.account.id;
    let second = sample::account();
    writes(&ledger, Write::InsertAccount(second.clone())).await;
    let held = sample::pseudonym(&first);
    writes(&ledger, Write::InsertPseudonym(held.clone())).await;
    let mut same_place = sample::pseudonym(&first);
    same_place.sector = held.sector.clone();
    loses(
        &ledger,
        Write::InsertPseudonym(same_place),
        Conflict::PseudonymExists,
    )
    .await;
    let mut same_value = sample::pseudonym(&second.id);
    same_value.sector = held.sector.clone();
    same_value.value = held.value.clone();
    loses(
        &ledger,
        Write::InsertPseudonym(same_value.clone()),
        Conflict::PseudonymExists,
    )
    .await;
    same_value.sector = sample::service().sector;
    writes(&ledger, Write::InsertPseudonym(same_value)).await;
}

async fn a_session_secret_is_unique(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("secret").await;
    let world = World::in_ledger(&ledger).await;
    let mut again = sample::session(&world.credential);
    again.secret = world.session.secret.clone();
    loses(
        &ledger,
        Write::InsertSession(again),
        Conflict::Duplicate("session secret"),
    )
    .await;
}

async fn a_code_is_unique(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("code").await;
    let world = World::in_ledger(&ledger).await;
    let mut again = sample::grant(&world.service.id, &world.session);
    again.code = world.grant.code.clone();
    loses(
        &ledger,
        Write::InsertGrant(again),
        Conflict::Duplicate("authorization code"),
    )
    .await;
}

async fn a_key_is_used_once(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("single_use").await;
    let key = sample::name();
    let kinds = [
        SingleUseKind::AuthorizationCode,
        SingleUseKind::Ticket,
        SingleUseKind::Transaction,
        SingleUseKind::SamlRequest,
        SingleUseKind::SamlArtifact,
        SingleUseKind::ClientAssertion,
        SingleUseKind::PushedRequest,
        SingleUseKind::RequestObject,
        SingleUseKind::DeviceAnswer,
        SingleUseKind::DeviceCode,
    ];
    let used = u64::try_from(kinds.len()).unwrap();
    for kind in kinds {
        let write = Write::InsertSingleUse {
            kind,
            key: key.clone(),
            expires_at: Timestamp::from_millis(0),
        };
        writes(&ledger, write.clone()).await;
        // Expired or not, a key is used until it is purged.
        loses(&ledger, write, Conflict::AlreadyUsed(kind)).await;
    }
    assert_eq!(ledger.counts().await.unwrap().single_use, used);
}

async fn identifiers_are_unique(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("identifiers").await;
    let world = World::in_ledger(&ledger).await;
    let mut credential = sample::credential(&world.account.id);
    credential.id = world.credential.id.clone();
    let mut session = sample::session(&world.credential);
    session.id = world.session.id.clone();
    let mut grant = sample::grant(&world.service.id, &world.session);
    grant.id = world.grant.id.clone();
    let mut service = sample::service();
    service.id = world.service.id.clone();
    let token = sample::access_token(&world.grant.id);
    writes(&ledger, Write::InsertAccessToken(token.clone())).await;
    let cases = [
        (Write::InsertAccount(world.account), "account"),
        (Write::InsertCredential(credential), "credential"),
        (Write::InsertSession(session), "session"),
        (Write::InsertGrant(grant), "grant"),
        (Write::InsertService(service), "service"),
        (Write::InsertAccessToken(token), "access token"),
    ];
    for (write, what) in cases {
        loses(&ledger, write, Conflict::Duplicate(what)).await;
    }
}

async fn a_service_name_is_unique_among_the_not_removed(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("service_name").await;
    let service = World::in_ledger(&ledger).await.service;
    let rival = Service {
        protocol: service.protocol.clone(),
        ..sample::service()
    };
    loses(
        &ledger,
        Write::InsertService(rival.clone()),
        Conflict::ServiceExists,
    )
    .await;
    let removed = Service {
        state: domain::ServiceState::Removed { since: NOW },
        version: 2,
        ..service.clone()
    };
    writes(&ledger, Write::UpdateService(removed)).await;
    writes(&ledger, Write::InsertService(rival)).await;
    // The removed one does not come back over its heir.
    let back = Service {
        version: 3,
        ..service
    };
    loses(&ledger, Write::UpdateService(back), Conflict::ServiceExists).await;
}

async fn a_service_changes_from_its_last_version(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("service_version").await;
    let service = World::in_ledger(&ledger).await.service;
    let conflict = Conflict::ServiceVersion(service.id.clone());
    for version in [0, 1, 3, u64::MAX] {
        let write = Write::UpdateService(Service {
            version,
            ..service.clone()
        });
        loses(&ledger, write, conflict.clone()).await;
    }
    let mut eager = sample::service();
    eager.version = 2;
    let conflict = Conflict::ServiceVersion(eager.id.clone());
    loses(&ledger, Write::InsertService(eager), conflict).await;
}

async fn what_a_write_names_must_exist(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("missing").await;
    let world = World::in_ledger(&ledger).await;
    let nobody = sample::account().id;
    let unbound = sample::credential(&world.account.id);
    let unmade = sample::session(&world.credential);
    let unknown_service = sample::service();
    let ungranted = sample::grant(&world.service.id, &world.session);
    let mut foreign = sample::session(&world.credential);
    foreign.account = nobody.clone();
    let mut ended = sample::session(&world.credential);
    ended.state = domain::SessionState::Ended;
    writes(&ledger, Write::InsertSession(ended.clone())).await;
    let generation = RevocationGeneration(1);
    let recheck = |id: &domain::SessionId| Write::RecheckSession {
        id: id.clone(),
        generation,
    };
    let end = Write::EndSession {
        id: unmade.id.clone(),
        at: NOW,
    };
    let revoke = Write::RevokeGrant {
        id: ungranted.id.clone(),
        at: NOW,
    };
    let update = Service {
        version: 2,
        ..unknown_service.clone()
    };
    let cases = [
        (Write::InsertCredential(sample::credential(&nobody)), "account"),
        (Write::SupersedeCredential(unbound.id.clone()), "credential"),
        (Write::InsertPseudonym(sample::pseudonym(&nobody)), "account"),
        (Write::InsertSession(foreign), "account"),
        (Write::InsertSession(sample::session(&unbound)), "credential"),
        (end, "session"),
        (recheck(&unmade.id), "session"),
        (recheck(&ended.id), "session"),
        (
            Write::PutConsent(sample::consent(&nobody, &world.service.id)),
            "account",
        ),
        (
            Write::PutConsent(sample::consent(&world.account.id, &unknown_service.id)),
            "service",
        ),
        (Write::UpdateService(update), "service"),
        (
            Write::InsertGrant(sample::grant(&unknown_service.id, &world.session)),
            "service",
        ),
        (
            Write::InsertGrant(sample::grant(&world.service.id, &unmade)),
            "session",
        ),
        (revoke, "grant"),
        (
            Write::InsertAccessToken(sample::access_token(&ungranted.id)),
            "grant",
        ),
    ];
    for (write, what) in cases {
        loses(&ledger, write, Conflict::Missing(what)).await;
    }
}

async fn a_reference_is_unique(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("reference").await;
    let mut event = sample::event(Action::SignIn);
    event.reference = Some(sample::reference());
    commits(&ledger, Batch::new().event(event.clone())).await;
    let batch = Batch::new().event(event);
    refuses(&ledger, batch, Conflict::Duplicate("reference")).await;
    let mut twice = sample::event(Action::SignIn);
    twice.reference = Some(sample::reference());
    let batch = Batch::new().event(twice.clone()).event(twice);
    refuses(&ledger, batch, Conflict::Duplicate("reference")).await;
}

async fn a_conflict_within_one_batch_counts(factory: Arc<dyn LedgerFactory>) {
    let ledger = factory.open("within").await;
    let write = Write::InsertSingleUse {
        kind: SingleUseKind::Ticket,
        key: sample::name(),
        expires_at: NOW,
    };
    let batch = Batch::new().write(write.clone()).write(write.clone());
    refuses(&ledger, batch, Conflict::AlreadyUsed(SingleUseKind::Ticket)).await;
    writes(&ledger, write).await;
}
