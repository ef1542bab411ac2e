//! Keys that clients publish (`jwks_uri`) are looked for again and again, so that nothing is fetched while somebody signs in: what was
//! found last stays in the client's record, and stays there when nothing usable is found.
//!
//! A client that signs with a key whose name we do not know is looked at before its time: soon after, once a minute at most over all
//! processes, and by this job, while the request that named the key has its refusal already. Whoever names unknown keys in another's name thus
//! makes us knock at that client's door as often as the timer could, and no stranger's request waits for anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use audit::{Action, Actor, Event, Outcome};
use domain::{
    ClientAuthentication, OidcSettings, ProtocolSettings, Service, ServiceId, ServiceState, Timestamp,
};
use oidc::client_certificate::CertificateFault;
use oidc::{ClientFacts, Reason};
use store::{Batch, EphemeraKey, EphemeraKind, StoreFault, Write};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::app::App;
use crate::client_documents;

/// Clients looked at at the same time.
const AT_ONCE: usize = 16;

/// Seconds between two early looks at one client.
const EARLY_SECONDS: u32 = 60;

/// Clients that are to be looked at before their time.
#[derive(Default)]
pub struct Early {
    wanted: Mutex<BTreeSet<ServiceId>>,
    told: Notify,
}

/// Has a client looked at soon, where it publishes its keys and a request of its failed for one that we do not know.
pub fn look_early(app: &App, service: &Service, reason: &Reason) {
    let is_unknown = matches!(
        reason,
        Reason::AssertionRefused(jose::Reason::NoFittingKey)
            | Reason::RequestObjectRefused(jose::Reason::NoFittingKey)
            | Reason::CertificateRefused(CertificateFault::NotRegistered)
    );
    if !is_unknown || app.fetches.is_none() || published_at(service).is_none() {
        return;
    }
    let early = &app.early_key_looks;
    let mut wanted = early.wanted.lock().unwrap_or_else(PoisonError::into_inner);
    if wanted.len() < AT_ONCE && wanted.insert(service.id.clone()) {
        early.told.notify_one();
    }
}

/// Looks at clients before their time, until told to stop.
pub async fn early(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let mut last: BTreeMap<ServiceId, Timestamp> = BTreeMap::new();
    loop {
        tokio::select! {
            _ = stop.wait_for(|stopping| *stopping) => return,
            () = app.early_key_looks.told.notified() => {}
        }
        let wanted = std::mem::take(
            &mut *app
                .early_key_looks
                .wanted
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        let now = app.clock.now();
        last.retain(|_, at| now.seconds_since(*at) < i64::from(EARLY_SECONDS));
        let mut looks = JoinSet::new();
        for id in wanted {
            if last.contains_key(&id) {
                continue;
            }
            last.insert(id.clone(), now);
            match its_turn(&app, &id, now).await {
                Ok(Some((service, uri))) => {
                    looks.spawn(look(Arc::clone(&app), service, uri));
                }
                Ok(None) => {}
                Err(fault) => tracing::warn!(error = %fault, "a client's keys were not looked for early"),
            }
        }
        while looks.join_next().await.is_some() {}
    }
}

/// The client, unless another process has looked at it within the minute.
async fn its_turn(
    app: &App,
    id: &ServiceId,
    now: Timestamp,
) -> Result<Option<(Service, String)>, StoreFault> {
    let rate = EphemeraKey::new(EphemeraKind::Rate, format!("client keys:{id}"));
    if app.ephemera.count(&rate, now, EARLY_SECONDS).await? > 1 {
        return Ok(None);
    }
    let service = app.ledger.service(id).await?;
    Ok(service.and_then(|service| {
        let uri = published_at(&service)?.to_owned();
        Some((service, uri))
    }))
}

/// Where a client publishes its keys.
fn published_at(service: &Service) -> Option<&str> {
    match (&service.protocol, &service.state) {
        (_, ServiceState::Removed { .. }) | (ProtocolSettings::Saml(_), _) => None,
        (ProtocolSettings::Oidc(settings), _) => settings.documents.jwks_uri.as_deref(),
    }
}

/// One round.
pub async fn run(app: Arc<App>) {
    if app.fetches.is_none() {
        return;
    }
    let services = match app.ledger.services().await {
        Ok(services) => services,
        Err(fault) => {
            tracing::error!(error = %fault, "clients' keys could not be looked at; it is tried again");
            return;
        }
    };
    let mut looks = JoinSet::new();
    for service in services {
        let Some(uri) = published_at(&service).map(str::to_owned) else {
            continue;
        };
        if looks.len() >= AT_ONCE {
            looks.join_next().await;
        }
        looks.spawn(look(Arc::clone(&app), service, uri));
    }
    while looks.join_next().await.is_some() {}
}

async fn look(app: Arc<App>, service: Service, uri: String) {
    match refresh(&app, service, &uri).await {
        Ok(changed) => {
            let outcome = if changed { "changed" } else { "same" };
            metrics::counter!("client_key_looks_total", "outcome" => outcome).increment(1);
        }
        Err(fault) => tracing::error!(error = %fault, "a client's keys could not be kept; it is tried again"),
    }
}

/// Whether the record has other keys now. A client that cannot be reached, or whose keys could not be used, keeps those that it has.
async fn refresh(app: &App, mut service: Service, uri: &str) -> Result<bool, StoreFault> {
    let keys = match client_documents::keys(app.fetches.as_ref(), uri).await {
        Ok(keys) => keys,
        Err(fault) => {
            tracing::warn!(service.id = %service.id, reason = %fault, "a client's keys stay as they were");
            return Ok(false);
        }
    };
    let id = service.id.clone();
    let ProtocolSettings::Oidc(settings) = &mut service.protocol else {
        return Ok(false);
    };
    if held(settings) == Some(keys.as_str()) {
        return Ok(false);
    }
    trust_framework::with_keys(settings, &keys);
    if let Err(fault) = ClientFacts::from_settings(&id, settings) {
        tracing::warn!(service.id = %id, reason = %fault, "a client's new keys cannot be used");
        return Ok(false);
    }
    let now = app.clock.now();
    service.changed_at = now;
    service.version += 1;
    let mut event = Event::new(now, Action::ServiceChanged, Outcome::Done, Actor::Platform)
        .fact("identifier", service.protocol.identifier())
        .fact("changed", "keys")
        .fact("version", service.version.to_string());
    event.service = Some(service.id.clone());
    let batch = Batch::new().write(Write::UpdateService(service)).event(event);
    // Lost to another process, or to an operator: looked at again in the next round.
    Ok(app.ledger.commit(batch).await? == store::CommitOutcome::Committed)
}

fn held(settings: &OidcSettings) -> Option<&str> {
    match &settings.authentication {
        ClientAuthentication::PrivateKeyJwt { jwks }
        | ClientAuthentication::SelfSignedTlsClientAuth { jwks } => Some(jwks),
        _ => settings.requests.jwks.as_deref(),
    }
}
