//! What the rules need to know: about the service, filled from its registry record, and about ourselves.

use domain::{AcsEndpoint, NameIdFormat, SamlBinding, SamlSettings, SloBinding, SloEndpoint};
use xml::dsig::VerificationKey;

use crate::Reason;

/// What the rules may hold against a service.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServiceFacts {
    /// `entityID`.
    pub entity_id: String,
    /// HTTP-POST assertion consumer services in the order of the metadata.
    pub assertion_consumer_services: Vec<AcsEndpoint>,
    /// Where it takes logout messages.
    pub single_logout_services: Vec<SloEndpoint>,
    /// Keys that may sign its requests.
    pub signing_keys: Vec<VerificationKey>,
    /// Keys that assertions may be encrypted to (DER `SubjectPublicKeyInfo`); the first is used.
    pub encryption_keys: Vec<Vec<u8>>,
    /// Unsigned requests are refused.
    pub authn_requests_signed: bool,
    /// The Response element is signed beside the assertion.
    pub sign_response: bool,
    /// Formats in order of preference; empty means any.
    pub name_id_formats: Vec<NameIdFormat>,
}

impl ServiceFacts {
    /// From the registry record. Fails when a registered key cannot be read, so that a damaged record never turns
    /// into a service without keys.
    pub fn from_settings(settings: &SamlSettings) -> Result<Self, Reason> {
        let octets = |key: &String| xml::decode_base64(key).map_err(|_| Reason::RegisteredKeyUnusable);
        let signing_keys = settings
            .signing_keys
            .iter()
            .map(|key| VerificationKey::from_spki(&octets(key)?).map_err(|_| Reason::RegisteredKeyUnusable))
            .collect::<Result<_, _>>()?;
        let encryption_keys = settings
            .encryption_keys
            .iter()
            .map(octets)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            entity_id: settings.entity_id.clone(),
            assertion_consumer_services: settings.assertion_consumer_services.clone(),
            single_logout_services: settings.single_logout_services.clone(),
            signing_keys,
            encryption_keys,
            authn_requests_signed: settings.authn_requests_signed,
            sign_response: settings.sign_response,
            name_id_formats: settings.name_id_formats.clone(),
        })
    }

    /// Where it takes logout messages by a binding.
    pub fn logout_endpoint(&self, binding: SloBinding) -> Option<&SloEndpoint> {
        self.single_logout_services
            .iter()
            .find(|endpoint| endpoint.binding == binding)
    }

    /// The endpoint that is used when a request names none (metadata-2.0-os section 2.2.3): the first with
    /// `isDefault="true"`, else the first without `isDefault="false"`, else the first.
    pub fn default_acs(&self) -> Option<&AcsEndpoint> {
        let all = &self.assertion_consumer_services;
        all.iter()
            .find(|acs| acs.is_default == Some(true))
            .or_else(|| all.iter().find(|acs| acs.is_default.is_none()))
            .or_else(|| all.first())
    }
}

/// What the rules and replies need to know about this identity provider.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IdpFacts {
    /// Our `entityID`.
    pub entity_id: String,
    /// Location of our single sign-on service by HTTP-Redirect.
    pub sso_redirect: String,
    /// Location of our single sign-on service by HTTP-POST.
    pub sso_post: String,
    /// Location of our single logout service by HTTP-Redirect and HTTP-POST.
    pub slo: String,
    /// Location of our single logout service by SOAP.
    pub slo_soap: String,
    /// How far a partner's clock may be from ours, in seconds.
    pub clock_skew_seconds: i64,
    /// How old a request may be, in seconds, clock skew not counted.
    pub request_max_age_seconds: i64,
    /// Authentication context classes that we know, in rising order of strength.
    pub authn_contexts: Vec<String>,
}

impl IdpFacts {
    /// Clock skew allowed when nothing else is configured (`SAML2int` 2.0 section 2.1 asks for 3 to 5 minutes).
    pub const DEFAULT_CLOCK_SKEW_SECONDS: i64 = 180;
    /// Age of requests allowed when nothing else is configured.
    pub const DEFAULT_REQUEST_MAX_AGE_SECONDS: i64 = 300;

    /// The location at which logout messages of a binding are taken.
    pub fn slo_location(&self, binding: SloBinding) -> &str {
        match binding {
            SloBinding::HttpRedirect | SloBinding::HttpPost => &self.slo,
            SloBinding::Soap => &self.slo_soap,
        }
    }

    /// The location at which a binding is answered.
    pub fn sso_location(&self, binding: SamlBinding) -> &str {
        match binding {
            SamlBinding::HttpRedirect => &self.sso_redirect,
            SamlBinding::HttpPost => &self.sso_post,
        }
    }
}
