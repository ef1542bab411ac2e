//! What the rules need to know: about the service, filled from its registry record, and about ourselves.

use domain::{
    AcsBinding, AcsEndpoint, AttributeConsumingService, NameIdFormat, SamlBinding, SamlSettings, SloBinding,
    SloEndpoint, SubjectIdRequirement,
};
use xml::dsig::VerificationKey;
use xml::enc::{ContentCipher, KeyTransport};

use crate::Reason;
use crate::encryption::common_encryption;

/// What the rules may hold against a service.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServiceFacts {
    /// `entityID`.
    pub entity_id: String,
    /// Assertion consumer services in the order of the metadata.
    pub assertion_consumer_services: Vec<AcsEndpoint>,
    /// Where it takes logout messages.
    pub single_logout_services: Vec<SloEndpoint>,
    /// Keys that may sign its requests.
    pub signing_keys: Vec<VerificationKey>,
    /// Keys that assertions may be encrypted to (DER `SubjectPublicKeyInfo`); the first is used.
    pub encryption_keys: Vec<Vec<u8>>,
    /// How it can decrypt, as far as its metadata says.
    pub encryption_methods: Vec<String>,
    /// Unsigned requests are refused.
    pub authn_requests_signed: bool,
    /// The Response element is signed beside the assertion.
    pub sign_response: bool,
    /// Formats in order of preference; empty means any.
    pub name_id_formats: Vec<NameIdFormat>,
    /// Which subject identifier its metadata asks for.
    pub subject_id_requirement: Option<SubjectIdRequirement>,
    /// What its metadata asks for.
    pub attribute_services: Vec<AttributeConsumingService>,
    /// May receive a subject-id.
    pub subject_id: bool,
    /// May be sent people who did not come from it.
    pub unsolicited: bool,
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
            encryption_methods: settings.encryption_methods.clone(),
            authn_requests_signed: settings.authn_requests_signed,
            sign_response: settings.sign_response,
            name_id_formats: settings.name_id_formats.clone(),
            subject_id_requirement: settings.subject_id_requirement,
            attribute_services: settings.attribute_services.clone(),
            subject_id: settings.subject_id,
            unsolicited: settings.unsolicited,
        })
    }

    /// Where it takes logout messages by a binding.
    pub fn logout_endpoint(&self, binding: SloBinding) -> Option<&SloEndpoint> {
        self.single_logout_services
            .iter()
            .find(|endpoint| endpoint.binding == binding)
    }

    /// How an assertion is encrypted to the first of its keys.
    ///
    /// # Errors
    /// [`Reason::NoCommonEncryption`]: its metadata lists methods, and none that is ours. It is told nothing then: neither by others nor in
    /// the clear.
    pub fn encryption(&self) -> Result<(ContentCipher, KeyTransport), Reason> {
        common_encryption(&self.encryption_methods).ok_or(Reason::NoCommonEncryption)
    }

    /// The endpoint that is used when a request names none (metadata-2.0-os section 2.2.3): the first with
    /// `isDefault="true"`, else the first without `isDefault="false"`, else the first; among those of one binding where
    /// one is wanted.
    pub fn default_acs(&self, binding: Option<AcsBinding>) -> Option<&AcsEndpoint> {
        let all = || {
            self.assertion_consumer_services
                .iter()
                .filter(move |acs| binding.is_none_or(|binding| acs.binding == binding))
        };
        default_of(all, |acs| acs.is_default)
    }

    /// The set of attributes that is asked for when a request names none (metadata-2.0-os section 2.4.4.1), by the same
    /// rule.
    pub fn default_attribute_service(&self) -> Option<&AttributeConsumingService> {
        default_of(|| self.attribute_services.iter(), |set| set.is_default)
    }
}

/// Section 2.2.3: the first `true`, else the first that says nothing, else the first.
fn default_of<'a, T, I: Iterator<Item = &'a T>>(
    all: impl Fn() -> I,
    is_default: impl Fn(&T) -> Option<bool>,
) -> Option<&'a T> {
    all()
        .find(|one| is_default(one) == Some(true))
        .or_else(|| all().find(|one| is_default(one).is_none()))
        .or_else(|| all().next())
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
    /// Location of our artifact resolution service (SOAP), index 0.
    pub artifact_resolution: String,
    /// Location of our attribute service (SOAP).
    pub attribute_query: String,
    /// What stands behind the `@` of the subject identifiers that we make (saml-subject-id-attr-v1.0 section 3).
    pub scope: String,
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
