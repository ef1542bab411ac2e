//! The acts that change the registry. Each is one batch with its audit event, and is effective with its commit: the sign-in path
//! reads the record at every request.

use std::sync::Arc;

use audit::{Action, Actor, Event, Outcome};
use domain::{Clock, Entropy, ProtocolSettings, SectorId, Service, ServiceId, ServiceState, Timestamp};
use saml::ServiceFacts;
use store::{Batch, CommitOutcome, Conflict, Ledger, ServiceProtocol, Write};

use crate::published::with_keys;
use crate::sectors::place;
use crate::{Published, RegistryRefusal, ServiceFile};

/// Changes the registry in somebody's name.
pub struct Registrar {
    ledger: Arc<dyn Ledger>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    operator: String,
}

/// Reads the protocol half of a public name from a command line.
pub fn parse_protocol(text: &str) -> Option<ServiceProtocol> {
    match text {
        "oidc" => Some(ServiceProtocol::Oidc),
        "saml" => Some(ServiceProtocol::Saml),
        _ => None,
    }
}

impl Registrar {
    /// Acts as `operator`, whose name the audit keeps.
    pub fn new(
        ledger: Arc<dyn Ledger>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        operator: impl Into<String>,
    ) -> Self {
        Self {
            ledger,
            clock,
            entropy,
            operator: operator.into(),
        }
    }

    /// Registers a service. `published` is what the addresses led to that its file names ([`ServiceFile::addresses`]).
    pub async fn add(&self, file: &ServiceFile, published: &Published) -> Result<Service, RegistryRefusal> {
        let now = self.clock.now();
        let mut protocol = file.protocol(now)?;
        let (sector, kept) = self.sector(file, &mut protocol, published).await?;
        let service = Service {
            id: ServiceId::generate(&*self.entropy),
            sector,
            kind: file.kind,
            name: file.name.clone(),
            state: ServiceState::Active,
            required_level: file.required_level,
            required_certainty: file.required_certainty,
            required_properties: file.required_properties,
            stale_tolerance_seconds: file.stale_tolerance_seconds,
            released_attributes: file.attributes()?,
            protocol,
            created_at: now,
            changed_at: now,
            version: 1,
        };
        check_protocol(&service)?;
        let mut batch = Batch::new()
            .write(Write::InsertService(service.clone()))
            .event(self.event(now, Action::ServiceAdded, &service));
        batch.writes.extend(kept);
        match self.ledger.commit(batch).await? {
            CommitOutcome::Committed => Ok(service),
            CommitOutcome::Conflict(Conflict::ServiceExists) => Err(RegistryRefusal::AlreadyRegistered(
                service.protocol.identifier().to_owned(),
            )),
            CommitOutcome::Conflict(_) => Err(RegistryRefusal::ChangedMeanwhile),
        }
    }

    /// A service by its identifier of ours, its `client_id` or its `entityID`.
    pub async fn find(&self, name: &str) -> Result<Service, RegistryRefusal> {
        if let Ok(id) = name.parse::<ServiceId>()
            && let Some(service) = self.ledger.service(&id).await?
        {
            return Ok(service);
        }
        for protocol in [ServiceProtocol::Oidc, ServiceProtocol::Saml] {
            if let Some(service) = self.ledger.service_by_identifier(protocol, name).await? {
                return Ok(service);
            }
        }
        Err(RegistryRefusal::Unknown(name.to_owned()))
    }

    /// Every service, removed ones too.
    pub async fn list(&self) -> Result<Vec<Service>, RegistryRefusal> {
        Ok(self.ledger.services().await?)
    }

    /// `active → suspended`.
    pub async fn suspend(&self, name: &str, reason: &str) -> Result<Service, RegistryRefusal> {
        let now = self.clock.now();
        let service = self.find(name).await?;
        let state = service.state.suspend(now, reason.to_owned())?;
        self.change(service, state, Action::ServiceSuspended, now).await
    }

    /// `suspended → active`.
    pub async fn resume(&self, name: &str) -> Result<Service, RegistryRefusal> {
        let service = self.find(name).await?;
        let state = service.state.resume()?;
        self.change(service, state, Action::ServiceResumed, self.clock.now())
            .await
    }

    /// `→ removed`, for good.
    pub async fn remove(&self, name: &str) -> Result<Service, RegistryRefusal> {
        let now = self.clock.now();
        let service = self.find(name).await?;
        let state = service.state.remove(now)?;
        self.change(service, state, Action::ServiceRemoved, now).await
    }

    async fn change(
        &self,
        mut service: Service,
        state: ServiceState,
        action: Action,
        now: Timestamp,
    ) -> Result<Service, RegistryRefusal> {
        service.state = state;
        service.changed_at = now;
        service.version += 1;
        let batch = Batch::new()
            .write(Write::UpdateService(service.clone()))
            .event(self.event(now, action, &service));
        match self.ledger.commit(batch).await? {
            CommitOutcome::Committed => Ok(service),
            CommitOutcome::Conflict(_) => Err(RegistryRefusal::ChangedMeanwhile),
        }
    }

    /// The sector of a file, what is kept of the document that says so, and the keys that were fetched put into their place.
    async fn sector(
        &self,
        file: &ServiceFile,
        protocol: &mut ProtocolSettings,
        published: &Published,
    ) -> Result<(SectorId, Option<Write>), RegistryRefusal> {
        let said = match &file.sector {
            Some(sector) => Some(self.known_sector(sector).await?),
            None => None,
        };
        let setting = |fault: oidc::MetadataFault| RegistryRefusal::Setting {
            key: "oidc",
            why: fault.to_string(),
        };
        if let ProtocolSettings::Oidc(settings) = protocol {
            if let (Some(_), Some(keys)) = (&settings.documents.jwks_uri, &published.keys) {
                with_keys(settings, keys);
            }
            if let Some(document) = published.sector_of(settings).map_err(setting)? {
                let (sector, write) = place(&*self.ledger, &*self.entropy, document, said.as_ref()).await?;
                return Ok((sector, Some(write)));
            }
        }
        Ok((said.unwrap_or_else(|| SectorId::generate(&*self.entropy)), None))
    }

    async fn known_sector(&self, sector: &SectorId) -> Result<SectorId, RegistryRefusal> {
        let known = self
            .ledger
            .services()
            .await?
            .iter()
            .any(|service| service.sector == *sector);
        if known {
            Ok(sector.clone())
        } else {
            Err(RegistryRefusal::Setting {
                key: "sector",
                why: format!("no service has the sector {sector}; leave it out for a new one"),
            })
        }
    }

    fn event(&self, now: Timestamp, action: Action, service: &Service) -> Event {
        let mut event = Event::new(now, action, Outcome::Done, Actor::Operator(self.operator.clone()))
            .fact("identifier", service.protocol.identifier())
            .fact("protocol", service.protocol.as_str())
            .fact("state", service.state.as_str())
            .fact("version", service.version.to_string());
        event.service = Some(service.id.clone());
        event
    }
}

/// What the protocol's room would refuse at the first request is refused here.
pub(crate) fn check_protocol(service: &Service) -> Result<(), RegistryRefusal> {
    match &service.protocol {
        ProtocolSettings::Oidc(settings) => oidc::ClientFacts::from_settings(&service.id, settings)
            .map(|_| ())
            .map_err(|fault| RegistryRefusal::Setting {
                key: "oidc",
                why: fault.to_string(),
            }),
        ProtocolSettings::Saml(settings) => {
            for acs in &settings.assertion_consumer_services {
                let https = url::Url::parse(&acs.location).is_ok_and(|url| url.scheme() == "https");
                if !https {
                    let why = format!("the assertion consumer service {} is not https", acs.location);
                    return Err(RegistryRefusal::Setting {
                        key: "saml.metadata",
                        why,
                    });
                }
            }
            ServiceFacts::from_settings(settings)
                .map(|_| ())
                .map_err(|reason| RegistryRefusal::Setting {
                    key: "saml.metadata",
                    why: reason.to_string(),
                })
        }
    }
}
