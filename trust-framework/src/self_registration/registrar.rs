//! The acts of clients that register themselves (those of operators stand in `operators.rs`). Each is one batch; the use of an initial access token is
//! counted in the batch that makes the client, so that no number of requests at once makes one client too many.

use std::fmt;
use std::sync::Arc;

use audit::{Action, Actor, Event, Outcome};
use domain::{
    Clock, Entropy, OidcSettings, ProtocolSettings, SectorId, Service, ServiceId, ServiceState, Timestamp,
};
use oidc::{ClientFacts, ClientMetadata, MetadataFault, OpaqueSecret, RegistrationTerms};
use store::{
    Batch, CommitOutcome, Ledger, Precondition, Record, RecordKind, ServiceProtocol, StoreFault, Write,
};

use super::initial_access_token::InitialAccessToken;
use super::policy;
use super::registration::{ClientRegistration, Known};
use crate::published::with_keys;
use crate::sectors::{host_of, place};
use crate::{Published, RegistryRefusal};

/// Tries of a batch that lost a race.
const TRIES: u32 = 32;
/// The longest token that is looked up.
const MAX_TOKEN_BYTES: usize = 256;

/// Why there is no registration, or no change of one.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SelfRegistrationRefusal {
    /// The token is none, or good for nothing any more.
    Token,
    /// The client is suspended.
    Suspended,
    /// What was said cannot be.
    Metadata(MetadataFault),
    /// Somebody else changed it at the same time.
    ChangedMeanwhile,
    /// The store could not answer.
    Store(StoreFault),
}

impl fmt::Display for SelfRegistrationRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token => f.write_str("the token is not good"),
            Self::Suspended => f.write_str("the client is suspended"),
            Self::Metadata(fault) => fault.fmt(f),
            Self::ChangedMeanwhile => f.write_str("changed at the same time; try again"),
            Self::Store(fault) => fault.fmt(f),
        }
    }
}

impl std::error::Error for SelfRegistrationRefusal {}

impl From<StoreFault> for SelfRegistrationRefusal {
    fn from(fault: StoreFault) -> Self {
        Self::Store(fault)
    }
}

impl From<MetadataFault> for SelfRegistrationRefusal {
    fn from(fault: MetadataFault) -> Self {
        Self::Metadata(fault)
    }
}

/// What is registered now.
#[derive(Debug)]
pub struct Registered {
    /// The service.
    pub service: Service,
    /// Its registration.
    pub registration: ClientRegistration,
    /// The token by which it is read, changed and deleted from now on; shown once.
    pub token: OpaqueSecret,
    /// Its secret, where it just got one; shown once.
    pub secret: Option<OpaqueSecret>,
}

/// Acts in the name of clients that nobody looked at.
pub struct SelfRegistrar {
    pub(super) ledger: Arc<dyn Ledger>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
}

impl SelfRegistrar {
    /// Over a ledger.
    pub fn new(ledger: Arc<dyn Ledger>, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            ledger,
            clock,
            entropy,
        }
    }

    /// The registration of a client that registered itself; none of others.
    ///
    /// # Errors
    /// The ledger does not answer.
    pub async fn registration_of(
        &self,
        service: &ServiceId,
    ) -> Result<Option<(Record, ClientRegistration)>, StoreFault> {
        let kind = RecordKind::ClientRegistration;
        let Some(record) = self.ledger.record(kind, service.as_str()).await? else {
            return Ok(None);
        };
        let registration = ClientRegistration::of(&record)?;
        Ok(Some((record, registration)))
    }

    /// What an initial access token allows, if one more client may register with it now.
    ///
    /// # Errors
    /// The ledger does not answer.
    pub async fn initial(&self, shown: &str) -> Result<Option<RegistrationTerms>, StoreFault> {
        Ok(self.good_token(shown).await?.map(|(_, token)| token.terms))
    }

    async fn good_token(&self, shown: &str) -> Result<Option<(Record, InitialAccessToken)>, StoreFault> {
        if shown.len() > MAX_TOKEN_BYTES {
            return Ok(None);
        }
        let key = OpaqueSecret::hash_of(shown).0;
        let kind = RecordKind::InitialAccessToken;
        let Some(record) = self.ledger.record(kind, &key).await? else {
            return Ok(None);
        };
        let token = InitialAccessToken::of(&record)?;
        Ok(token.is_good(self.clock.now()).then_some((record, token)))
    }

    /// Registers a client that passed `ClientMetadata::check` under the token's terms.
    ///
    /// # Errors
    /// The token is good for no more, or what was said cannot be.
    pub async fn register(
        &self,
        shown: &str,
        metadata: &ClientMetadata,
        published: &Published,
    ) -> Result<Registered, SelfRegistrationRefusal> {
        for _ in 0..TRIES {
            let Some((record, token)) = self.good_token(shown).await? else {
                return Err(SelfRegistrationRefusal::Token);
            };
            metadata.check(&token.terms)?;
            if let Some(registered) = self.try_register(record, token, metadata, published).await? {
                return Ok(registered);
            }
        }
        Err(SelfRegistrationRefusal::ChangedMeanwhile)
    }

    /// One try; nothing where somebody was faster.
    async fn try_register(
        &self,
        record: Record,
        mut token: InitialAccessToken,
        metadata: &ClientMetadata,
        published: &Published,
    ) -> Result<Option<Registered>, SelfRegistrationRefusal> {
        let now = self.clock.now();
        let id = ServiceId::generate(&*self.entropy);
        let client_id = format!("self-{}", id.as_str().trim_start_matches(ServiceId::PREFIX));
        let secret = metadata.wants_secret().then(|| self.secret());
        let sha256 = secret.as_ref().map(|secret| secret.hash().0).unwrap_or_default();
        let settings = settings(metadata, &client_id, &token.terms, published, &sha256)?;
        let (sector, kept) = self.sector(&settings, published, None).await?;
        let service = policy::service(id, sector, metadata, &token.organisation, settings, now);
        judged(&service)?;
        let own = self.secret();
        let registration = ClientRegistration {
            token: own.hash(),
            by: token.name.clone(),
            organisation: token.organisation.clone(),
            terms: token.terms.clone(),
            informative: metadata.informative(),
            registered_at: now,
        };
        token.used += 1;
        let event = by_client(now, Action::ServiceAdded, &service).fact("initial_access_token", &token.name);
        let kind = RecordKind::ClientRegistration;
        let kept_registration = Record::new(kind, service.id.as_str(), text(&registration)?);
        let mut batch = Batch::new()
            .write(Write::PutRecord(record.changed(text(&token)?)))
            .write(Write::InsertService(service.clone()))
            .write(Write::PutRecord(kept_registration))
            .event(event);
        batch.writes.extend(kept);
        Ok(match self.ledger.commit(batch).await? {
            CommitOutcome::Committed => Some(Registered {
                service,
                registration,
                token: own,
                secret,
            }),
            CommitOutcome::Conflict(_) => None,
        })
    }

    /// A client by the token of its registration; nothing where either is wrong.
    ///
    /// # Errors
    /// The ledger does not answer.
    pub async fn find(&self, client_id: &str, shown: &str) -> Result<Option<Known>, StoreFault> {
        if shown.len() > MAX_TOKEN_BYTES || client_id.len() > MAX_TOKEN_BYTES {
            return Ok(None);
        }
        let found = self
            .ledger
            .service_by_identifier(ServiceProtocol::Oidc, client_id)
            .await?;
        let Some(service) = found else { return Ok(None) };
        let Some((record, registration)) = self.registration_of(&service.id).await? else {
            return Ok(None);
        };
        if registration.token != OpaqueSecret::hash_of(shown) {
            return Ok(None);
        }
        Ok(Some(Known {
            record,
            service,
            registration,
        }))
    }

    /// Puts what is said now in the place of what was said before, and a new token in the place of the old one.
    ///
    /// # Errors
    /// What was said cannot be, or somebody else was faster.
    pub async fn update(
        &self,
        known: Known,
        metadata: &ClientMetadata,
        published: &Published,
    ) -> Result<Registered, SelfRegistrationRefusal> {
        let Known {
            record,
            service: before,
            mut registration,
        } = known;
        let ProtocolSettings::Oidc(held) = &before.protocol else {
            return Err(SelfRegistrationRefusal::Token);
        };
        if before.state != ServiceState::Active {
            return Err(SelfRegistrationRefusal::Suspended);
        }
        metadata.check(&registration.terms)?;
        let old_secret = match &held.authentication {
            domain::ClientAuthentication::ClientSecretBasic { secret_sha256 } => Some(secret_sha256.clone()),
            _ => None,
        };
        let secret = (metadata.wants_secret() && old_secret.is_none()).then(|| self.secret());
        let sha256 = secret
            .as_ref()
            .map(|secret| secret.hash().0)
            .or(old_secret)
            .unwrap_or_default();
        let settings = settings(metadata, &held.client_id, &registration.terms, published, &sha256)?;
        // People are known by the sector: it is not moved, nor are redirect URIs taken out of its sight.
        // Without a document it is the one host of the redirect URIs that people are known to.
        let host = |settings: &OidcSettings| {
            let document = settings.documents.sector_identifier_uri.as_deref();
            document
                .or(settings.redirect_uris.first().map(String::as_str))
                .and_then(host_of)
        };
        if host(&settings) != host(held) {
            return Err(SelfRegistrationRefusal::Metadata(MetadataFault::Member {
                name: "sector_identifier_uri",
                because: "its host cannot be changed; register anew",
            }));
        }
        let (_, kept) = self.sector(&settings, published, Some(&before.sector)).await?;
        let now = self.clock.now();
        let organisation = &registration.organisation;
        let service = Service {
            version: before.version + 1,
            created_at: before.created_at,
            ..policy::service(before.id, before.sector, metadata, organisation, settings, now)
        };
        judged(&service)?;
        let own = self.secret();
        registration.token = own.hash();
        registration.informative = metadata.informative();
        let event = by_client(now, Action::ServiceChanged, &service);
        let mut batch = Batch::new()
            .write(Write::UpdateService(service.clone()))
            .write(Write::PutRecord(record.changed(text(&registration)?)))
            .event(event);
        batch.writes.extend(kept);
        match self.ledger.commit(batch).await? {
            CommitOutcome::Committed => Ok(Registered {
                service,
                registration,
                token: own,
                secret,
            }),
            CommitOutcome::Conflict(_) => Err(SelfRegistrationRefusal::ChangedMeanwhile),
        }
    }

    /// Removes a client for good. What was issued to it is good for nothing from the commit on: every use of a token asks for the service.
    ///
    /// # Errors
    /// It is suspended, or somebody else was faster.
    pub async fn delete(&self, known: Known) -> Result<Service, SelfRegistrationRefusal> {
        let now = self.clock.now();
        let Known {
            record, mut service, ..
        } = known;
        if service.state != ServiceState::Active {
            return Err(SelfRegistrationRefusal::Suspended);
        }
        let version = service.version;
        service.state = ServiceState::Removed { since: now };
        service.changed_at = now;
        service.version += 1;
        let at_version = Precondition::RecordAt {
            kind: record.kind,
            key: record.key.clone(),
            version: record.version,
        };
        let batch = Batch::new()
            .require(Precondition::ServiceAt {
                id: service.id.clone(),
                version,
            })
            .require(at_version)
            .write(Write::UpdateService(service.clone()))
            .write(Write::RemoveRecord {
                kind: record.kind,
                key: record.key,
            })
            .event(by_client(now, Action::ServiceRemoved, &service));
        match self.ledger.commit(batch).await? {
            CommitOutcome::Committed => Ok(service),
            CommitOutcome::Conflict(_) => Err(SelfRegistrationRefusal::ChangedMeanwhile),
        }
    }

    fn secret(&self) -> OpaqueSecret {
        OpaqueSecret::generate(&*self.entropy)
    }

    /// The sector, and what is kept of its document.
    async fn sector(
        &self,
        settings: &OidcSettings,
        published: &Published,
        held: Option<&SectorId>,
    ) -> Result<(SectorId, Option<Write>), SelfRegistrationRefusal> {
        let Some(document) = published.sector_of(settings)? else {
            let fresh = || SectorId::generate(&*self.entropy);
            return Ok((held.cloned().unwrap_or_else(fresh), None));
        };
        match place(&*self.ledger, &*self.entropy, document, held).await {
            Ok((sector, write)) => Ok((sector, Some(write))),
            Err(RegistryRefusal::Store(fault)) => Err(SelfRegistrationRefusal::Store(fault)),
            Err(_) => Err(SelfRegistrationRefusal::Metadata(MetadataFault::Member {
                name: "sector_identifier_uri",
                because: "its host is another sector",
            })),
        }
    }
}

fn settings(
    metadata: &ClientMetadata,
    client_id: &str,
    terms: &RegistrationTerms,
    published: &Published,
    secret_sha256: &str,
) -> Result<OidcSettings, MetadataFault> {
    let mut settings = metadata.settings(client_id, terms, None, secret_sha256);
    if metadata.jwks_uri.is_some() {
        let keys = published.keys.as_deref().ok_or(MetadataFault::Unfetched {
            name: "jwks_uri",
            why: "not fetched",
        })?;
        with_keys(&mut settings, keys);
    }
    Ok(settings)
}

/// The rules of every client.
fn judged(service: &Service) -> Result<(), MetadataFault> {
    match &service.protocol {
        ProtocolSettings::Oidc(settings) => ClientFacts::from_settings(&service.id, settings)
            .map(|_| ())
            .map_err(MetadataFault::Settings),
        ProtocolSettings::Saml(_) => Ok(()),
    }
}

pub(super) fn text(value: &impl serde::Serialize) -> Result<String, StoreFault> {
    serde_json::to_string(value).map_err(|why| StoreFault::Corrupt(why.to_string()))
}

fn by_client(now: Timestamp, action: Action, service: &Service) -> Event {
    let actor = Actor::Service(service.id.clone());
    let mut event = Event::new(now, action, Outcome::Done, actor)
        .fact("identifier", service.protocol.identifier())
        .fact("protocol", service.protocol.as_str())
        .fact("state", service.state.as_str())
        .fact("version", service.version.to_string());
    event.service = Some(service.id.clone());
    event
}
