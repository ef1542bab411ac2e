//! Rows for tests: each call gives others, and all are well-formed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use audit::{Action, Actor, Event, Outcome};
use domain::{
    AccessToken, Account, AccountId, AccountState, AssuranceLevel, AuthenticationMethod, AuthorizationGrant,
    CardKind, CertificateDigest, ClientAuthentication, CodeChallenge, Consent, Credential, CredentialId,
    CredentialState, Entropy, GrantId, IdTokenAlgorithm, Localized, OidcSettings, ProtocolSettings,
    Pseudonym, PseudonymValue, Reference, ReleasedAttribute, RevocationGeneration, SealedPoints,
    SealedSerial, SectorId, Service, ServiceId, ServiceKind, ServiceState, Session, SessionId, SessionState,
    Timestamp, TokenHash,
};

use crate::{Batch, CommitOutcome, Ledger, Write};

/// The time at which everything here happens.
pub const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// Never the same bytes twice within a process.
#[derive(Debug)]
pub struct Counting;

static NEXT: AtomicU64 = AtomicU64::new(1);

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        let number = NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        for (to, from) in buffer.iter_mut().zip(number.into_iter().cycle()) {
            *to = from;
        }
    }
}

/// 64 hexadecimal characters that were not given before.
pub fn hash() -> TokenHash {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    TokenHash(format!("{number:064x}"))
}

/// A text that was not given before.
pub fn name() -> String {
    format!("name-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Ten characters for the help desk, not given before.
pub fn reference() -> Reference {
    // The low five bits of each byte count; spread the number over them.
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let digits = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let text: String = (0..10)
        .map(|place| char::from(digits[usize::try_from((number >> (5 * place)) & 31).unwrap()]))
        .collect();
    text.parse().unwrap()
}

/// An active account.
pub fn account() -> Account {
    Account {
        id: AccountId::generate(&Counting),
        state: AccountState::Active,
        created_at: NOW,
    }
}

/// An active credential of the account.
pub fn credential(account: &AccountId) -> Credential {
    Credential {
        id: CredentialId::generate(&Counting),
        account: account.clone(),
        kind: CardKind::UserAuthenticationCard,
        digest: CertificateDigest {
            key_version: 1,
            value: hash().0,
        },
        serial: SealedSerial {
            key_version: 2,
            sealed: name(),
        },
        issuer_key_hash: hash().0,
        state: CredentialState::Active,
        not_after: NOW.plus_seconds(86_400),
        created_at: NOW,
    }
}

/// A pseudonym of the account in a sector of its own.
pub fn pseudonym(account: &AccountId) -> Pseudonym {
    Pseudonym {
        account: account.clone(),
        sector: SectorId::generate(&Counting),
        value: PseudonymValue::generate(&Counting),
        created_at: NOW,
    }
}

/// An active session with version 1 that lives an hour.
pub fn session(credential: &Credential) -> Session {
    Session {
        id: SessionId::generate(&Counting),
        secret: hash(),
        account: credential.account.clone(),
        credential: credential.id.clone(),
        method: AuthenticationMethod::CardTls,
        level: AssuranceLevel::LOWEST,
        authenticated_at: NOW,
        checked_generation: RevocationGeneration(7),
        points: Some(SealedPoints(name())),
        expires_at: NOW.plus_seconds(3600),
        state: SessionState::Active,
        version: 1,
    }
}

/// An active OpenID Connect service.
pub fn service() -> Service {
    Service {
        id: ServiceId::generate(&Counting),
        sector: SectorId::generate(&Counting),
        kind: ServiceKind::Sp,
        name: Localized {
            ja: "申請窓口 \"一\"".to_owned(),
            en: "Filing desk".to_owned(),
        },
        state: ServiceState::Active,
        required_level: AssuranceLevel::LOWEST,
        required_certainty: None,
        required_properties: domain::RequiredProperties::default(),
        stale_tolerance_seconds: None,
        released_attributes: vec![ReleasedAttribute::AuthenticationTime],
        protocol: ProtocolSettings::Oidc(OidcSettings {
            client_id: name(),
            redirect_uris: vec!["https://sp.example/cb?a=1&b='2'".to_owned()],
            logout: domain::OidcLogout::default(),
            post_logout_redirect_uris: Vec::new(),
            authentication: ClientAuthentication::ClientSecretBasic {
                secret_sha256: hash().0,
            },
            id_token_signed_response_alg: IdTokenAlgorithm::Ps256,
            requests: domain::RequestSettings::default(),
            profile: domain::SecurityProfile::default(),
            tokens: domain::TokenSettings::default(),
            documents: domain::ClientDocuments::default(),
        }),
        created_at: NOW,
        changed_at: NOW,
        version: 1,
    }
}

/// A consent of the account to the service.
pub fn consent(account: &AccountId, service: &ServiceId) -> Consent {
    Consent {
        account: account.clone(),
        service: service.clone(),
        attributes: vec![ReleasedAttribute::AuthenticationTime],
        given_at: NOW,
    }
}

/// A grant whose code lives a minute.
pub fn grant(service: &ServiceId, session: &Session) -> AuthorizationGrant {
    AuthorizationGrant {
        id: GrantId::generate(&Counting),
        code: hash(),
        service: service.clone(),
        account: session.account.clone(),
        session: session.id.clone(),
        redirect_uri: "https://sp.example/cb".to_owned(),
        code_challenge: CodeChallenge("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned()),
        nonce: Some("n-0S6_WzA2Mj".to_owned()),
        scope: "openid profile".to_owned(),
        acr: "urn:example:acr".to_owned(),
        auth_time_required: true,
        released: vec![
            ReleasedAttribute::Pseudonym,
            ReleasedAttribute::AuthenticationTime,
        ],
        level: AssuranceLevel::LOWEST,
        method: domain::AuthenticationMethod::CardChallenge,
        certainty: domain::RevocationCertainty::Ocsp,
        authenticated_at: session.authenticated_at,
        checked_generation: session.checked_generation,
        issued_at: NOW,
        expires_at: NOW.plus_seconds(60),
        revoked_at: None,
    }
}

/// A token that lives ten minutes.
pub fn access_token(grant: &GrantId) -> AccessToken {
    AccessToken {
        hash: hash(),
        grant: grant.clone(),
        issued_at: NOW,
        expires_at: NOW.plus_seconds(600),
    }
}

/// An event of the platform itself.
pub fn event(action: Action) -> Event {
    Event::new(NOW, action, Outcome::Done, Actor::Platform)
}

/// One row of each kind, stored.
#[derive(Clone, Debug)]
pub struct World {
    /// Active.
    pub account: Account,
    /// Of the account, active.
    pub credential: Credential,
    /// With the credential, active, version 1.
    pub session: Session,
    /// Active, version 1.
    pub service: Service,
    /// Of the session for the service, not withdrawn.
    pub grant: AuthorizationGrant,
}

impl World {
    /// Stores one row of each kind in one batch without events.
    pub async fn in_ledger(ledger: &Arc<dyn Ledger>) -> Self {
        let account = account();
        let credential = credential(&account.id);
        let session = session(&credential);
        let service = service();
        let grant = grant(&service.id, &session);
        let batch = Batch::new()
            .write(Write::InsertAccount(account.clone()))
            .write(Write::InsertCredential(credential.clone()))
            .write(Write::InsertSession(session.clone()))
            .write(Write::InsertService(service.clone()))
            .write(Write::InsertGrant(grant.clone()));
        assert_eq!(ledger.commit(batch).await, Ok(CommitOutcome::Committed));
        Self {
            account,
            credential,
            session,
            service,
            grant,
        }
    }
}
