//! Registry records: the services (SP = サービス提供者, AP = 申請・業務アプリケーション) that may ask for sign-ins.
//!
//! A record is one value with everything the platform may hold against the service. Protocol rooms receive
//! small views of it (`saml::ServiceFacts`, `oidc::ClientFacts`), never the record.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    Assurance, AssuranceLevel, Fal, Localized, Recency, RevocationCertainty, SectorId, ServiceId, Timestamp,
};

/// Whether the service provides pages to people or processes filings.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceKind {
    /// サービス提供者
    Sp,
    /// 申請・業務アプリケーション
    Ap,
}

/// Where a service stands in its life: `active ⇄ suspended`, both `→ removed`, and nothing leaves `removed`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum ServiceState {
    /// May ask for sign-ins.
    Active,
    /// Refused until resumed.
    Suspended {
        /// Since when.
        since: Timestamp,
        /// Why, for operators; never shown to the public.
        reason: String,
    },
    /// Gone for good; kept so that identifiers and sectors are never reused.
    Removed {
        /// Since when.
        since: Timestamp,
    },
}

/// A change of state that the life cycle does not know.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StateTransitionError {
    /// The state from which the change was tried.
    pub from: &'static str,
    /// What was tried.
    pub tried: &'static str,
}

impl fmt::Display for StateTransitionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} a service that is {}", self.tried, self.from)
    }
}

impl std::error::Error for StateTransitionError {}

impl ServiceState {
    /// The spelling in the database.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended { .. } => "suspended",
            Self::Removed { .. } => "removed",
        }
    }

    /// `active → suspended`.
    pub fn suspend(&self, since: Timestamp, reason: String) -> Result<Self, StateTransitionError> {
        match self {
            Self::Active => Ok(Self::Suspended { since, reason }),
            _ => Err(StateTransitionError {
                from: self.as_str(),
                tried: "suspend",
            }),
        }
    }

    /// `suspended → active`.
    pub fn resume(&self) -> Result<Self, StateTransitionError> {
        match self {
            Self::Suspended { .. } => Ok(Self::Active),
            _ => Err(StateTransitionError {
                from: self.as_str(),
                tried: "resume",
            }),
        }
    }

    /// `active | suspended → removed`.
    pub fn remove(&self, since: Timestamp) -> Result<Self, StateTransitionError> {
        match self {
            Self::Removed { .. } => Err(StateTransitionError {
                from: self.as_str(),
                tried: "remove",
            }),
            _ => Ok(Self::Removed { since }),
        }
    }
}

/// Something about the person or the sign-in that a service receives.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleasedAttribute {
    /// The pairwise pseudonym. Always released: without it there is no sign-in.
    Pseudonym,
    /// The level reached (IAL and AAL).
    AssuranceLevel,
    /// When the card was used.
    AuthenticationTime,
    /// That a card was used (`amr`, `AuthnContextClassRef`).
    AuthenticationMethod,
    /// 氏名, with a flag per character that stands for another one. From 利用登録, as are those below.
    Name,
    /// 住所, with flags likewise.
    Address,
    /// 生年月日, perhaps partial.
    BirthDate,
    /// 性別.
    Gender,
}

impl ReleasedAttribute {
    /// The 基本4情報.
    pub const FOUR_ITEMS: [Self; 4] = [Self::Name, Self::Address, Self::BirthDate, Self::Gender];

    /// Whether it is one of the 基本4情報, which are there only after 利用登録.
    pub const fn is_of_four_items(self) -> bool {
        matches!(self, Self::Name | Self::Address | Self::BirthDate | Self::Gender)
    }

    /// The spelling in service files, in the database and in the audit.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pseudonym => "pseudonym",
            Self::AssuranceLevel => "assurance_level",
            Self::AuthenticationTime => "authentication_time",
            Self::AuthenticationMethod => "authentication_method",
            Self::Name => "name",
            Self::Address => "address",
            Self::BirthDate => "birth_date",
            Self::Gender => "gender",
        }
    }
}

/// How an OIDC client proves who it is at the token endpoint.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "method", deny_unknown_fields)]
pub enum ClientAuthentication {
    /// Public client; PKCE alone.
    None,
    /// RFC 6749 section 2.3.1, HTTP Basic.
    ClientSecretBasic {
        /// SHA-256 of the secret in lower-case hexadecimal. Secrets are ours, random, 256 bits, so a plain hash suffices.
        secret_sha256: String,
    },
    /// RFC 7523 section 2.2.
    PrivateKeyJwt {
        /// The client's public keys, a JWK Set (RFC 7517 section 5) as JSON text.
        jwks: String,
    },
}

/// Signature algorithm of ID tokens (RFC 7518 section 3.1).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum IdTokenAlgorithm {
    /// ECDSA P-256, SHA-256.
    #[default]
    #[serde(rename = "ES256")]
    Es256,
    /// RSASSA-PKCS1-v1_5, SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// RSASSA-PSS, SHA-256.
    #[serde(rename = "PS256")]
    Ps256,
}

/// Signature algorithm of what a client signs (RFC 7518 section 3.1).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum ClientAlgorithm {
    /// ECDSA P-256, SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// ECDSA P-384, SHA-384.
    #[serde(rename = "ES384")]
    Es384,
    /// RSASSA-PSS, SHA-256.
    #[serde(rename = "PS256")]
    Ps256,
    /// RSASSA-PKCS1-v1_5, SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
}

/// By which rules an OIDC client is held, beyond those for everyone (RFC 9700).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SecurityProfile {
    /// Those for everyone.
    #[default]
    Standard,
    /// FAPI 2.0 Security Profile.
    Fapi2,
}

/// What an OIDC client may and must do with its authorization requests.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RequestSettings {
    /// Its requests must be pushed (RFC 9126 section 6).
    pub require_pushed_authorization_requests: bool,
    /// Its requests must be signed (RFC 9101 section 10.5).
    pub require_signed_request_object: bool,
    /// With what its request objects may be signed; empty means with any algorithm that we accept from clients.
    pub request_object_signing_algs: Vec<ClientAlgorithm>,
    /// The keys that sign its request objects, a JWK Set as JSON text; without it those of `private_key_jwt` serve.
    pub jwks: Option<String>,
    /// Where its request objects may be fetched from (OpenID Connect Core 1.0 section 6.2), compared octet by octet.
    pub request_uris: Vec<String>,
    /// Which `authorization_details` types of the platform's it may use (RFC 9396).
    pub authorization_details_types: Vec<String>,
}

/// OpenID Connect settings of a service.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OidcSettings {
    /// `client_id`, unique over the registry, 1 to 255 printable ASCII characters.
    pub client_id: String,
    /// Compared octet by octet (RFC 9700 section 2.1).
    pub redirect_uris: Vec<String>,
    /// Where a person may be sent after RP-initiated logout, compared octet by octet.
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    /// How the client proves who it is.
    pub authentication: ClientAuthentication,
    /// How its ID tokens are signed.
    #[serde(default)]
    pub id_token_signed_response_alg: IdTokenAlgorithm,
    /// How it is told that a person signed out.
    #[serde(default)]
    pub logout: OidcLogout,
    /// What its authorization requests may and must be.
    #[serde(default)]
    pub requests: RequestSettings,
    /// By which rules it is held.
    #[serde(default)]
    pub profile: SecurityProfile,
    /// Which tokens it may have.
    #[serde(default)]
    pub tokens: TokenSettings,
}

/// How a client is told that a person signed out.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct OidcLogout {
    /// `backchannel_logout_uri` (OpenID Connect Back-Channel Logout 1.0 section 2.2).
    pub backchannel_uri: Option<String>,
    /// `backchannel_logout_session_required`. Every logout token has `sid`, so this changes nothing; kept for the operator's view.
    pub backchannel_session_required: bool,
    /// `frontchannel_logout_uri` (OpenID Connect Front-Channel Logout 1.0 section 2).
    pub frontchannel_uri: Option<String>,
    /// `frontchannel_logout_session_required`: the address gets `iss` and `sid`.
    pub frontchannel_session_required: bool,
}

/// Whether a client gets refresh tokens.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshPermission {
    /// None.
    #[default]
    Never,
    /// Such that end with the person's session.
    Session,
    /// Also such that outlive it, where the request asks for `offline_access` and the person agrees (OpenID Connect Core 1.0
    /// section 11).
    Offline,
}

/// Which tokens a client may have, and how they are bound and answered.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct TokenSettings {
    /// Refresh tokens.
    pub refresh: RefreshPermission,
    /// `dpop_bound_access_tokens` (RFC 9449 section 5.2): no token without a `DPoP` proof.
    pub dpop_bound_access_tokens: bool,
    /// `tls_client_certificate_bound_access_tokens` (RFC 8705 section 3.4): no token without a client certificate.
    pub tls_client_certificate_bound_access_tokens: bool,
    /// Resources for which it may ask access tokens (RFC 8707).
    pub resources: Vec<String>,
    /// Resources that it serves: it may ask here about access tokens for them (RFC 7662).
    pub serves: Vec<String>,
    /// `userinfo_signed_response_alg`: user information comes as a signed JWT.
    pub userinfo_signed_response_alg: Option<IdTokenAlgorithm>,
    /// `token_endpoint_auth_signing_alg`: the one algorithm of its assertions; none means any that we have.
    pub token_endpoint_auth_signing_alg: Option<ClientAlgorithm>,
}

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
    /// Keys that assertions are encrypted to: DER SubjectPublicKeyInfo, standard base64.
    #[serde(default)]
    pub encryption_keys: Vec<String>,
    /// `md:EncryptionMethod` identifiers beside those keys, in order; none means that the metadata says nothing.
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
}

/// Protocol settings: one protocol per record. A ministry with both has two records in one sector.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProtocolSettings {
    /// OpenID Connect.
    Oidc(OidcSettings),
    /// SAML 2.0.
    Saml(SamlSettings),
}

impl ProtocolSettings {
    /// `client_id` or `entityID`: unique over the registry together with the protocol.
    pub fn identifier(&self) -> &str {
        match self {
            Self::Oidc(settings) => &settings.client_id,
            Self::Saml(settings) => &settings.entity_id,
        }
    }

    /// The spelling of the protocol in the database.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Oidc(_) => "oidc",
            Self::Saml(_) => "saml",
        }
    }
}

/// What a service may demand of every sign-in beside the two levels.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RequiredProperties {
    /// How the reply is bound and protected; none means any.
    pub fal: Option<Fal>,
    /// Only methods whose fruits no relaying origin can use.
    pub phishing_resistant: bool,
    /// Only keys that cannot leave their hardware.
    pub hardware_bound: bool,
    /// The card was used at most so many seconds ago; zero: within the sign-in.
    pub max_age_seconds: Option<u32>,
}

/// One registered service.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Service {
    /// Immutable identifier.
    pub id: ServiceId,
    /// Within which people have one pseudonym. Immutable.
    pub sector: SectorId,
    /// What it is.
    pub kind: ServiceKind,
    /// Shown to people on the sign-in and consent pages.
    pub name: Localized,
    /// Where it stands.
    pub state: ServiceState,
    /// The least that a sign-in must reach, whatever the request says.
    pub required_level: AssuranceLevel,
    /// How certain it must be that the certificate is not revoked, whatever the request says; none means by the day's list.
    #[serde(default)]
    pub required_certainty: Option<RevocationCertainty>,
    /// What else it must be, whatever the request says.
    #[serde(default)]
    pub required_properties: RequiredProperties,
    /// Seconds past `nextUpdate` for which this service accepts answers from a list; none means as long as the platform does,
    /// whose own limit stands above this one.
    #[serde(default)]
    pub stale_tolerance_seconds: Option<u32>,
    /// What it receives, sorted, without repetition; the pseudonym is always among it.
    pub released_attributes: Vec<ReleasedAttribute>,
    /// How it speaks.
    pub protocol: ProtocolSettings,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it last changed.
    pub changed_at: Timestamp,
    /// Row version: rises by one at each change; batches name it as precondition.
    pub version: u64,
}

impl Service {
    /// What its record demands of every sign-in, as a point of the lattice.
    pub fn demand(&self) -> Assurance {
        let RequiredProperties {
            fal,
            phishing_resistant,
            hardware_bound,
            max_age_seconds,
        } = self.required_properties;
        Assurance {
            ial: self.required_level.ial,
            aal: self.required_level.aal,
            fal: fal.unwrap_or(Fal::One),
            phishing_resistant,
            hardware_bound,
            recency: max_age_seconds.map_or(Recency::Anytime, Recency::demanded),
            certainty: self.required_certainty.unwrap_or(RevocationCertainty::Crl),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_life_cycle_has_no_way_back_from_removed() {
        let at = Timestamp::from_seconds(1);
        let active = ServiceState::Active;
        let suspended = active.suspend(at, "audit finding".to_owned()).unwrap();
        let removed = suspended.remove(at).unwrap();
        assert_eq!(suspended.resume(), Ok(ServiceState::Active));
        assert!(suspended.suspend(at, String::new()).is_err());
        assert!(active.resume().is_err());
        assert!(removed.resume().is_err() && removed.remove(at).is_err());
        assert!(removed.suspend(at, String::new()).is_err());
    }

    #[test]
    fn a_record_survives_its_own_spelling() {
        let state = ServiceState::Suspended {
            since: Timestamp::from_seconds(7),
            reason: "x".to_owned(),
        };
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(text, r#"{"state":"suspended","since":7000,"reason":"x"}"#);
        assert_eq!(serde_json::from_str::<ServiceState>(&text).unwrap(), state);
    }
}
