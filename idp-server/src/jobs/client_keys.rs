//! Keys that clients publish (`jwks_uri`) are looked for again and again, so that nothing is fetched while somebody signs in: what was
//! found last stays in the client's record, and stays there when nothing usable is found.

use std::sync::Arc;

use audit::{Action, Actor, Event, Outcome};
use domain::{ClientAuthentication, OidcSettings, ProtocolSettings, Service, ServiceState};
use oidc::ClientFacts;
use store::{Batch, StoreFault, Write};
use tokio::task::JoinSet;

use crate::app::App;
use crate::client_documents;

/// Clients looked at at the same time.
const AT_ONCE: usize = 16;

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
        let ProtocolSettings::Oidc(settings) = &service.protocol else {
            continue;
        };
        let Some(uri) = settings.documents.jwks_uri.clone() else {
            continue;
        };
        if matches!(service.state, ServiceState::Removed { .. }) {
            continue;
        }
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
