//! What a record says of a service that speaks SAML, read from its metadata.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// SAML binding (bindings-2.0-os).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SamlBinding {
    /// HTTP Redirect, section 3.4.
    HttpRedirect,
    /// HTTP POST, section 3.5.
    HttpPost,
}

/// By which binding an assertion consumer service takes a response.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AcsBinding {
    /// HTTP POST, bindings-2.0-os section 3.5.
    #[default]
    HttpPost,
    /// HTTP Artifact, section 3.6: the browser carries a reference, the service asks for the response itself.
    HttpArtifact,
}

impl AcsBinding {
    /// Whether it is what a record without the word means.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
    fn is_post(&self) -> bool {
        *self == Self::HttpPost
    }
}

/// One assertion consumer service of an SP's metadata.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AcsEndpoint {
    /// `Binding`.
    #[serde(default, skip_serializing_if = "AcsBinding::is_post")]
    pub binding: AcsBinding,
    /// `index`.
    pub index: u16,
    /// `Location`.
    pub location: String,
    /// `isDefault`, as far as the metadata says.
    pub is_default: Option<bool>,
}

/// By which binding a single-logout endpoint takes messages (bindings-2.0-os).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SloBinding {
    /// HTTP Redirect, section 3.4.
    HttpRedirect,
    /// HTTP POST, section 3.5.
    HttpPost,
    /// SOAP, section 3.2: without the browser.
    Soap,
}

/// One single-logout endpoint of an SP's metadata.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SloEndpoint {
    /// `Binding`.
    pub binding: SloBinding,
    /// `Location`.
    pub location: String,
    /// `ResponseLocation`.
    pub response_location: Option<String>,
}

/// Name identifier format (core-2.0-os section 8.3).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NameIdFormat {
    /// Section 8.3.7: the pairwise pseudonym.
    Persistent,
    /// Section 8.3.8: another value at each sign-in.
    Transient,
}

/// Which subject identifier a service's metadata asks for (saml-subject-id-attr-v1.0 section 5, entity attribute
/// `urn:oasis:names:tc:SAML:profiles:subject-id:req`).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectIdRequirement {
    /// The one that is the same everywhere.
    SubjectId,
    /// The one of this service.
    PairwiseId,
    /// Either.
    Any,
    /// Neither.
    None,
}

/// One attribute that a service asks for in its metadata (metadata-2.0-os section 2.4.4.2).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RequestedAttribute {
    /// `Name`.
    pub name: String,
    /// `isRequired`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
}

/// One set of attributes that a service asks for (metadata-2.0-os section 2.4.4.1).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AttributeConsumingService {
    /// `index`.
    pub index: u16,
    /// `isDefault`, as far as the metadata says.
    pub is_default: Option<bool>,
    /// What is asked for.
    pub attributes: Vec<RequestedAttribute>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// That a service is what a metadata source says it is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FetchedMetadata {
    /// The source's name in the configuration.
    pub source: String,
    /// Until when the entity says that its metadata holds; what the whole document says is known of the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// Since when the source does not name it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<Timestamp>,
}

/// By how many seconds a publisher's clock may differ from ours, where its metadata ends (Kantara implementation profile IIP-G01: three to
/// five minutes).
pub const METADATA_CLOCK_SKEW_SECONDS: i64 = 300;

/// Whether a `validUntil` is past, by the publisher's clock too as far as that may differ from ours.
pub fn metadata_has_ended(valid_until: Timestamp, now: Timestamp) -> bool {
    valid_until.plus_seconds(METADATA_CLOCK_SKEW_SECONDS) <= now
}

impl FetchedMetadata {
    /// Whether the source still stands for it, as far as the entity itself goes.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.withdrawn.is_none()
            && self
                .valid_until
                .is_none_or(|until| !metadata_has_ended(until, now))
    }
}

/// SAML settings of a service, read from its metadata.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SamlSettings {
    /// `entityID`, unique over the registry.
    pub entity_id: String,
    /// Assertion consumer services by HTTP-POST or HTTP-Artifact, at least one.
    pub assertion_consumer_services: Vec<AcsEndpoint>,
    /// Single-logout endpoints.
    #[serde(default)]
    pub single_logout_services: Vec<SloEndpoint>,
    /// Keys that sign its requests: DER SubjectPublicKeyInfo, standard base64. A certificate in metadata is only a
    /// wrapping of its key (Metadata IOP section 2.6.1): its dates mean nothing.
    #[serde(default)]
    pub signing_keys: Vec<String>,
    /// Keys that assertions may be encrypted to: DER SubjectPublicKeyInfo, standard base64; the first is used.
    #[serde(default)]
    pub encryption_keys: Vec<String>,
    /// `md:EncryptionMethod` identifiers beside the first of those keys, in order, digest and mask of RSA-OAEP behind its identifier
    /// (`saml::metadata` writes them); none means that the metadata says nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub encryption_methods: Vec<String>,
    /// `AuthnRequestsSigned`: unsigned requests are refused.
    #[serde(default)]
    pub authn_requests_signed: bool,
    /// `WantAssertionsSigned`. Assertions are always signed; kept for the operator's view.
    #[serde(default)]
    pub want_assertions_signed: bool,
    /// Sign the Response element too.
    #[serde(default)]
    pub sign_response: bool,
    /// Formats in order of the metadata; empty means any.
    #[serde(default)]
    pub name_id_formats: Vec<NameIdFormat>,
    /// Which subject identifier the metadata asks for; none where it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_id_requirement: Option<SubjectIdRequirement>,
    /// What it asks for; none means everything that it is registered for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attribute_services: Vec<AttributeConsumingService>,
    /// May receive the identifier of a person that is the same at every service that may.
    #[serde(default, skip_serializing_if = "is_false")]
    pub subject_id: bool,
    /// May be sent people who did not come from it (profiles-2.0-os section 4.1.5).
    #[serde(default, skip_serializing_if = "is_false")]
    pub unsolicited: bool,
    /// From which source its metadata is taken again and again; none where an operator registered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetched: Option<FetchedMetadata>,
}
