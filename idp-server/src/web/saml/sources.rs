//! Whether what a metadata source said of a service still stands: asked at every request, so that the end of a document's validity, an entity
//! that its source names no more and a source that an operator took out of the configuration are the end of its sign-ins at once, everywhere.

use domain::{ProtocolSettings, Service};
use store::StoreFault;
use trust_framework::sources::SourceState;

use crate::app::App;

/// Whether the service may ask, as far as the source of its metadata goes; yes for one that an operator registered.
pub async fn stands(app: &App, service: &Service) -> Result<bool, StoreFault> {
    let ProtocolSettings::Saml(settings) = &service.protocol else {
        return Ok(true);
    };
    let Some(fetched) = &settings.fetched else {
        return Ok(true);
    };
    let now = app.clock.now();
    let stands = fetched.holds(now)
        && app.config.metadata.named(&fetched.source).is_some()
        && SourceState::read(&*app.ledger, &fetched.source)
            .await?
            .0
            .holds(now);
    if !stands {
        metrics::counter!("requests_refused_total", "protocol" => "saml", "reason" => "metadata_not_in_force").increment(1);
    }
    Ok(stands)
}
