//! A service provider whose picture of the platform is kept fresh.

use std::sync::Arc;

use domain::{SloBinding, Timestamp};
use saml::binding::IncomingLogout;
use saml::reply::OutgoingLogout;

use super::{
    HeardRequest, IdentityProvider, LoggedOut, MetadataTrust, OneUse, SamlReason, SentLogout, SentRequest,
    ServiceProvider, SignIn,
};
use crate::MachineEntropy;
use crate::http::{Fetch, Outgoing};
use crate::last_good::LastGood;

/// Where the platform's metadata is read, and why it is believed.
pub struct MetadataSource {
    /// How it is reached.
    pub fetch: Arc<dyn Fetch>,
    /// The address; `https`.
    pub url: String,
    /// [`MetadataTrust::SignedBy`] pins the key that signs metadata; without it, the way (TLS to the platform itself) is trusted.
    pub trust: MetadataTrust,
}

impl std::fmt::Debug for MetadataSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MetadataSource({})", self.url)
    }
}

impl MetadataSource {
    /// Reads and judges the document.
    pub async fn read(&self, entity_id: &str, now: Timestamp) -> Result<IdentityProvider, SamlReason> {
        let answer = self.fetch.send(Outgoing::get(&self.url)).await?;
        if answer.status != 200 {
            return Err(SamlReason::NoEndpoint { what: "metadata" });
        }
        IdentityProvider::from_metadata(&answer.body, entity_id, &self.trust, now)
    }
}

/// A service provider, shared by all requests of a service.
#[derive(Debug)]
pub struct Party {
    own: LastGood<ServiceProvider>,
    source: Option<MetadataSource>,
}

impl Party {
    /// Begins with what is known now; without a source it stays so until the metadata's end.
    pub fn new(own: ServiceProvider, source: Option<MetadataSource>, now: Timestamp) -> Self {
        Self {
            own: LastGood::new(own, now),
            source,
        }
    }

    /// When the platform's metadata was read: for the service's monitoring.
    pub fn read_at(&self) -> Timestamp {
        self.own.read_at()
    }

    /// The service provider with the platform as it is known now.
    pub async fn current(&self, now: Timestamp) -> Arc<ServiceProvider> {
        if self.own.is_due(now) {
            // The last good one stays where this fails; `validUntil` ends it.
            let _ = self.refresh(now).await;
        }
        self.own.get()
    }

    /// Reads the platform's metadata anew.
    pub async fn refresh(&self, now: Timestamp) -> Result<(), SamlReason> {
        self.own.trying(now);
        let known = self.own.get();
        if let Some(source) = &self.source {
            let identity_provider = source.read(known.identity_provider.entity_id(), now).await?;
            self.own.set(
                ServiceProvider {
                    identity_provider,
                    ..known.as_ref().clone()
                },
                now,
            );
        }
        Ok(())
    }

    /// [`ServiceProvider::verify`]; a key that is not known may be new.
    pub async fn verify(
        &self,
        saml_response: &str,
        sent: SentRequest,
        seen: &dyn OneUse,
        now: Timestamp,
    ) -> Result<SignIn, SamlReason> {
        self.with_new_keys(now, |own| own.verify_answer(saml_response, &sent, seen, now))
            .await
    }

    /// [`ServiceProvider::hear_logout_request`]; a key that is not known may be new.
    pub async fn hear_logout_request(
        &self,
        incoming: &IncomingLogout,
        seen: &dyn OneUse,
        now: Timestamp,
    ) -> Result<HeardRequest, SamlReason> {
        self.with_new_keys(now, |own| own.hear_logout_request(incoming, seen, now))
            .await
    }

    /// [`ServiceProvider::hear_logout_response`]; a key that is not known may be new.
    pub async fn hear_logout_response(
        &self,
        incoming: &IncomingLogout,
        sent: &SentLogout,
        now: Timestamp,
    ) -> Result<LoggedOut, SamlReason> {
        self.with_new_keys(now, |own| own.hear_logout_response(incoming, sent, now))
            .await
    }

    /// Signs a person out at the platform without the browser.
    pub async fn logout_by_soap(
        &self,
        person: (&str, Option<&str>),
        now: Timestamp,
    ) -> Result<LoggedOut, SamlReason> {
        let no_endpoint = SamlReason::NoEndpoint {
            what: "logout by SOAP",
        };
        let own = self.current(now).await;
        let (message, sent) = own.begin_logout(person, SloBinding::Soap, &MachineEntropy, now)?;
        let (OutgoingLogout::Soap(envelope), Some(endpoint), Some(source)) = (
            message,
            own.identity_provider.single_logout(SloBinding::Soap),
            &self.source,
        ) else {
            return Err(no_endpoint);
        };
        let request = Outgoing::post(&endpoint.location, saml::binding::soap::CONTENT_TYPE, envelope);
        let answer = source.fetch.send(request).await?;
        let incoming = IncomingLogout::soap_response(&answer.body).map_err(SamlReason::Logout)?;
        self.hear_logout_response(&incoming, &sent, now).await
    }

    /// The same question once more after the metadata was read again, where a signature fits no key and it is not too soon.
    async fn with_new_keys<T>(
        &self,
        now: Timestamp,
        judge: impl Fn(&ServiceProvider) -> Result<T, SamlReason>,
    ) -> Result<T, SamlReason> {
        let own = self.current(now).await;
        match judge(&own) {
            Err(SamlReason::Xml(xml::Reason::SignatureInvalid))
                if self.source.is_some() && self.own.may_try(now) =>
            {
                self.refresh(now).await?;
                judge(&self.own.get())
            }
            verdict => verdict,
        }
    }
}
